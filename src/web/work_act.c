/* SPDX-License-Identifier: Apache-2.0 */
/* work_act.c: one action on a case: exactly the form that it needs. The form names the case and nothing of
 * the person, so it is shown as often as it takes without a look; what was typed stays. The form carries the
 * version of the case that it was made for: who comes second is told who was first. */
#include <stdio.h>

#include "base/clock.h"
#include "case/signed.h"
#include "web/work_private.h"

#define REASON_MAX 1000
#define FIELDS_MAX 40

/* What stands in the form, and what is wrong with it. */
struct act_form {
    struct case_file c;
    const struct service_action *action;
    size_t index;
    unsigned needs;
    bool sent;
    struct str *typed, *error;                          /* by field of the service */
    struct str reason, ground, article, minutes, asked; /* asked: "a,b" */
    struct str error_reason, error_ground, error_article, error_minutes, error_asked;
    struct str refusal; /* why it cannot be done at all */
    bool from_rules;    /* what stands in the form is what the rules gave */
};

static const char *field_name(const struct page *p, const struct service_field *f)
{
    return arena_printf(p->arena, "a-%.*s", STR_ARG(f->id));
}

static bool is_return(const struct service_action *a)
{
    return a->moves && a->to == RETURNED;
}

/* Of a hearing: the field that says what may stand against it. NONE: the action has none. */
static size_t words_field(const struct act_form *form)
{
    const struct service_action *a = form->action;
    for (size_t i = 0; a->does == DOES_OFFER_HEARING && i < a->fields_n; i++)
        if (form->c.service->fields[a->fields[i]].type == ANSWER_TEXT)
            return a->fields[i];
    return NONE;
}

/* --- showing it --- */

static const char from_rules[] =
    N_("This is what the rules gave. Change it as you find right: the person reads it.");

static struct form_field action_field(struct page *p, const struct act_form *form, size_t index)
{
    const struct service_field *f = &form->c.service->fields[index];
    bool words = f->type == ANSWER_TEXT || f->type == ANSWER_NAME || f->type == ANSWER_ADDRESS;
    struct form_option *options = arena_array(p->arena, struct form_option, f->options_n + 1);
    for (size_t i = 0; i < f->options_n; i++)
        options[i] = (struct form_option){f->options[i].id, page_texts(p, &f->options[i].label)};
    struct str hint = page_texts(p, &f->hint);
    if (form->from_rules && index == words_field(form))
        hint = page_text(p, from_rules);
    return (struct form_field){
        .kind = f->options_n != 0                        ? FORM_RADIOS
                : words && (f->max == 0 || f->max > 200) ? FORM_AREA
                                                         : FORM_TEXT,
        .name = field_name(p, f),
        .label = page_texts(p, &f->label),
        .hint = hint.n == 0 && f->type == ANSWER_DATE ? T(p, "Day, month, year, such as 5.3.2026") : hint,
        .value = form->typed[index],
        .error = form->error[index],
        .options = options,
        .options_n = f->options_n,
        .max = words ? (unsigned)f->max : 0,
        .optional = f->optional};
}

static struct form_field ground_field(struct page *p, const struct act_form *form)
{
    const struct service *s = form->c.service;
    struct form_option *options = arena_array(p->arena, struct form_option, s->grounds_n + 1);
    for (size_t g = 0; g < s->grounds_n; g++)
        options[g] = (struct form_option){
            s->grounds[g].id,
            str_of(arena_printf(p->arena, "%.*s. %.*s", STR_ARG(page_texts(p, &s->grounds[g].text)),
                                STR_ARG(work_basis(p, &s->grounds[g].basis))))};
    return (struct form_field){.kind = FORM_RADIOS,
                               .name = "ground",
                               .label = T(p, "Ground"),
                               .hint = T(p, "Only a ground that the service names."),
                               .value = form->ground,
                               .error = form->error_ground,
                               .options = options,
                               .options_n = s->grounds_n};
}

/* The fields in the order of the page. */
static size_t form_fields(struct page *p, const struct act_form *form, struct form_field fields[FIELDS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < form->action->fields_n && n < FIELDS_MAX - 6; i++)
        fields[n++] = action_field(p, form, form->action->fields[i]);
    if (is_return(form->action))
        fields[n++] = (struct form_field){.kind = FORM_HIDDEN, .name = "asked", .error = form->error_asked};
    if (form->needs & NEEDS_ARTICLE)
        fields[n++] = ground_field(p, form);
    if (form->needs & NEEDS_ARTICLE)
        fields[n++] = (struct form_field){.kind = FORM_TEXT,
                                          .name = "article",
                                          .label = T(p, "Article of law"),
                                          .hint = T(p, "May stay empty where the ground has its article."),
                                          .value = form->article,
                                          .error = form->error_article,
                                          .max = 200};
    if (form->needs & NEEDS_REASON)
        fields[n++] = (struct form_field){
            .kind = FORM_AREA,
            .name = "reason",
            .label = T(p, "Reason"),
            .hint =
                form->from_rules
                    ? page_text(p, from_rules)
                    : T(p, "Which fact stands against it, in at least 20 characters. The person reads it."),
            .value = form->reason,
            .error = form->error_reason,
            .max = REASON_MAX};
    if (form->needs & NEEDS_MINUTES)
        fields[n++] = (struct form_field){.kind = FORM_TEXT,
                                          .name = "minutes",
                                          .label = T(p, "Number and date of the commission’s minutes"),
                                          .value = form->minutes,
                                          .error = form->error_minutes,
                                          .max = 200};
    return n;
}

static bool is_in(struct str list, struct str id)
{
    struct str part;
    while (str_next(&list, ',', &part))
        if (str_eq(part, id))
            return true;
    return false;
}

/* Which of the service's questions are asked for again. */
static void write_asked(struct page *p, const struct act_form *form)
{
    const struct service *s = form->c.service;
    bool first = true;
    MARKUP(
        p, "<fieldset><legend>{}</legend><p class=\"hint\">{}</p>",
        TF(p, "{} (optional)", T(p, "Which of the service’s questions is it about?")),
        T(p,
          "What a registry holds must not be asked of the person. Whoever ticks such a thing all the same is "
          "counted, and the count is published."));
    if (form->error_asked.n != 0)
        MARKUP(p, "<p class=\"error\" id=\"asked-error\">{}</p>", form->error_asked);
    for (size_t f = 0; f < s->fields_n; f++) {
        if (s->fields[f].page == NONE)
            continue;
        MARKUP(p, "<label class=\"choice\"><input type=\"checkbox\" name=\"asked\" value=\"{}\"",
               s->fields[f].id);
        if (first)
            MARKUP(p, " id=\"asked\"");
        first = false;
        if (is_in(form->asked, s->fields[f].id))
            MARKUP(p, " checked");
        struct str label = page_texts(p, &s->fields[f].label);
        MARKUP(p, "> <span>{}</span></label>",
               s->fields[f].registry != NULL
                   ? TF(p, "{} (held by: {})", label, page_texts(p, &s->fields[f].registry->name))
                   : label);
    }
    MARKUP(p, "</fieldset>");
}

/* What the action brings, so that nobody decides by mistake. */
static void write_effect(struct page *p, const struct act_form *form)
{
    const struct service_action *a = form->action;
    facts_start(p);
    fact(p, T(p, "Case number"), str_of(form->c.number));
    fact(p, T(p, "Service"), page_texts(p, &form->c.service->name));
    fact(p, T(p, "State"), work_status(p, form->c.status));
    fact(p, T(p, "Besides"), work_flags(p, form->c.service, form->c.flags));
    fact(p, T(p, "Afterwards"), a->moves ? work_status(p, a->to) : work_flags(p, form->c.service, a->sets));
    facts_end(p);
    if (form->needs & NEEDS_SECOND_PERSON)
        page_note(p, "info",
                  T(p, "You are the second pair of eyes: what you decide was proposed by another."));
}

static void show(struct page *p, const struct act_form *form, int status)
{
    struct form_field fields[FIELDS_MAX];
    size_t n = form_fields(p, form, fields);
    struct str back = work_path(p, form->c.number, "");
    http_status(p->response, status);
    page_open(p, page_texts(p, &form->action->name), back, fields, n);
    if (form->refusal.n != 0)
        page_note(p, "bad", form->refusal);
    write_effect(p, form);
    if (!work_sign_note(p, form->needs)) {
        page_end(p);
        return;
    }
    form_start(p, work_path(p, form->c.number, arena_printf(p->arena, "do/%.*s", STR_ARG(form->action->id))),
               "/desk/cases/{number}/do/{action}");
    form_field(
        p, &(struct form_field){.kind = FORM_HIDDEN,
                                .name = "seen",
                                .value = str_of(arena_printf(p->arena, "%lld", (long long)form->c.version))});
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, "asked") == 0)
            write_asked(p, form);
        else
            form_field(p, &fields[i]);
    }
    MARKUP(p, "<p><button>{}</button></p></form>", page_texts(p, &form->action->name));
    page_end(p);
}

/* Who was first: the journal's last step. The text that was typed is given back to be copied. */
static void show_second(struct page *p, const struct act_form *form)
{
    const struct case_event *e = &form->c.events[form->c.events_n - 1];
    http_status(p->response, 409);
    page_open(p, T(p, "Somebody else was first"), work_path(p, form->c.number, ""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           TF(p, "{}: {}, {}", page_time(p, e->time), work_step(p, &form->c, e), work_hand(p, e)));
    MARKUP(p, "<p>{}</p>",
           T(p, "Nothing of yours was written. Open the case again and see whether your step is "
                "still right."));
    for (size_t i = 0; i < form->action->fields_n; i++) {
        size_t f = form->action->fields[i];
        if (form->typed[f].n != 0)
            MARKUP(p, "<h2>{}</h2><blockquote class=\"data\">{}</blockquote>",
                   page_texts(p, &form->c.service->fields[f].label), form->typed[f]);
    }
    if (form->reason.n != 0)
        MARKUP(p, "<h2>{}</h2><blockquote class=\"data\">{}</blockquote>", T(p, "Reason"), form->reason);
    MARKUP(p, "<p><a href=\"{}\">{}</a></p>", work_path(p, form->c.number, ""), T(p, "Open the case"));
    page_end(p);
}

/* --- finding it --- */

/* The case and the action that the path names, if they are this office's; false: answered. */
static bool find(struct page *p, struct act_form *form)
{
    struct case_actor actor = work_actor(p);
    struct case_input input = {.signatures = -1, .position = -1};
    struct err err;
    *form = (struct act_form){0};
    if (!case_read(p->web->cases, web_db(p->request), http_part(p->request, 0), p->arena, &form->c, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (!case_reads(&form->c, p->visitor->office)) {
        http_problem(p->request, p->response, 403, "not-allowed", "%s",
                     N_("This case lies with another office."));
        return false;
    }
    form->index = service_action(form->c.service, http_part(p->request, 1));
    if (form->index == NONE || (form->c.service->actions[form->index].who & BY_OFFICIAL) == 0) {
        http_problem(p->request, p->response, 404, "not-found", "%s", "");
        return false;
    }
    form->action = &form->c.service->actions[form->index];
    form->typed = arena_array(p->arena, struct str, form->c.service->fields_n + 1);
    form->error = arena_array(p->arena, struct str, form->c.service->fields_n + 1);
    if (!case_facts(p->web->cases, web_db(p->request), &form->c, p->arena, &input, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (!case_may_begin(p->web->cases, &form->c, &actor, form->index, &input, clock_now(), p->arena,
                        &form->needs, &err))
        form->refusal = page_text(p, str_c(p->arena, str_of(err.text)));
    return true;
}

/* In words and with the way back, when it cannot be done at all. */
static void show_refusal(struct page *p, const struct act_form *form)
{
    http_status(p->response, 409);
    page_open(p, page_texts(p, &form->action->name), work_path(p, form->c.number, ""), NULL, 0);
    page_note(p, "bad", form->refusal);
    MARKUP(p, "<p><a href=\"{}\">{}</a></p>", work_path(p, form->c.number, ""), T(p, "Open the case"));
    page_end(p);
}

/* "The register shows fewer than four children (Social Code, article 5)." */
static void add_reason(const struct page *p, struct buf *out, const struct service_rule *rule)
{
    struct str law = rule->basis.article.n ? work_basis(p, &rule->basis) : page_texts(p, &rule->basis.law);
    struct str words = page_texts(p, &rule->otherwise);
    size_t before = out->n;
    buf_printf(out, "%s%.*s (%.*s).", out->n ? "\n" : "", STR_ARG(words), STR_ARG(law));
    if (out->n > REASON_MAX)
        out->n = before;
}

/* The case's page names the rules that are not met (work_case.c), so this form reads nothing of the person:
 * their sentences are the service's, the same in every case. */
static void begin_with_rules(struct page *p, struct act_form *form)
{
    const struct service *s = form->c.service;
    struct str because = {0};
    struct buf words;
    size_t field = words_field(form);
    http_query(p->request, "because", &because);
    buf_in(&words, p->arena, 2 * REASON_MAX);
    for (size_t r = 0; r < s->rules_n; r++) {
        if (!is_in(because, s->rules[r].id) || texts_empty(&s->rules[r].otherwise))
            continue;
        add_reason(p, &words, &s->rules[r]);
        if (form->article.n == 0)
            form->article = s->rules[r].basis.article;
    }
    form->from_rules = words.n != 0 && ((form->needs & NEEDS_REASON) != 0 || field != NONE);
    if (!form->from_rules)
        form->article = STR("");
    else if (form->needs & NEEDS_REASON)
        form->reason = buf_view(&words);
    else
        form->typed[field] = buf_view(&words);
}

static void get_act(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct act_form form;
    page_init(&page, request, response);
    if (!find(&page, &form))
        return;
    if (form.refusal.n != 0) {
        show_refusal(&page, &form);
        return;
    }
    begin_with_rules(&page, &form);
    show(&page, &form, 200);
}

/* --- what was sent --- */

static struct str without_returns(const struct page *p, struct str text)
{
    char *out = arena_take(p->arena, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\r')
            out[n++] = text.p[i];
    return (struct str){out, n};
}

/* False: a name that the form does not have, or one twice. */
static bool read_form(struct page *p, struct act_form *form)
{
    struct str name, value, ignored;
    struct buf asked;
    buf_in(&asked, p->arena, 4096);
    for (size_t at = 0; http_form_at(p->request, at, &name, &value); at++) {
        if (str_is(name, "asked") && text_is_id(value)) {
            buf_printf(&asked, "%s%.*s", asked.n ? "," : "", STR_ARG(value));
            continue;
        }
        if (http_form(p->request, str_c(p->arena, name), &ignored) != 1)
            return false;
    }
    for (size_t i = 0; i < form->action->fields_n; i++) {
        size_t f = form->action->fields[i];
        form->typed[f] =
            without_returns(p, form_value(p->request, field_name(p, &form->c.service->fields[f])));
    }
    form->reason = without_returns(p, form_value(p->request, "reason"));
    form->ground = form_value(p->request, "ground");
    form->article = form_value(p->request, "article");
    form->minutes = form_value(p->request, "minutes");
    form->asked = is_return(form->action) ? buf_view(&asked) : STR("");
    return !buf_overflowed(&asked);
}

/* All slips at once; case_act says the same of each, one by one. */
static bool check_form(struct page *p, struct act_form *form, struct answer *answers)
{
    const struct service *s = form->c.service;
    bool right = true;
    for (size_t i = 0; i < form->action->fields_n; i++) {
        size_t f = form->action->fields[i];
        struct err err;
        if (form->typed[f].n == 0 && !s->fields[f].optional)
            form->error[f] = T(p, "Fill this in.");
        else if (form->typed[f].n != 0 &&
                 !answer_check(p->j, &s->fields[f], form->typed[f], p->arena, &answers[f].text, &err))
            form->error[f] = page_text(p, str_c(p->arena, str_of(err.text)));
        answers[f].given = true;
        right &= form->error[f].n == 0;
    }
    if ((form->needs & NEEDS_REASON) && utf8_length(form->reason) < CASE_REASON_MIN)
        form->error_reason = T(p, "Say the reason in at least 20 characters: what fact stands against it.");
    if (form->reason.n > REASON_MAX)
        form->error_reason = T(p, "This is too long: shorten it");
    size_t g = 0;
    while (g < s->grounds_n && !str_eq(s->grounds[g].id, form->ground))
        g++;
    if ((form->needs & NEEDS_ARTICLE) && g == s->grounds_n)
        form->error_ground = T(p, "Choose the ground.");
    else if ((form->needs & NEEDS_ARTICLE) && s->grounds[g].basis.article.n == 0 && form->article.n == 0)
        form->error_article = T(p, "Give the article of law: the ground has none yet.");
    if ((form->needs & NEEDS_MINUTES) && form->minutes.n == 0)
        form->error_minutes = T(p, "Give the number of the minutes.");
    return right &&
           form->error_reason.n + form->error_ground.n + form->error_article.n + form->error_minutes.n == 0;
}

/* What case_act found, above the form; the case as it stands now. */
static void show_failure(struct page *p, struct act_form *form, const struct err *err)
{
    struct err again;
    if (err->code != ERR_CONFLICT && err->code != ERR_INVALID && err->code != ERR_NOT_ALLOWED) {
        http_problem_err(p->request, p->response, err);
        return;
    }
    if (!case_read(p->web->cases, web_db(p->request), http_part(p->request, 0), p->arena, &form->c, &again)) {
        http_problem_err(p->request, p->response, &again);
        return;
    }
    form->refusal = page_text(p, str_c(p->arena, str_of(err->text)));
    if (err->code == ERR_CONFLICT)
        show_second(p, form);
    else
        show(p, form, err->code == ERR_NOT_ALLOWED ? 403 : 422);
}

static void post_act(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct act_form form;
    uint64_t seen, position;
    struct err err;
    page_init(p, request, response);
    if (!find(p, &form))
        return;
    if (!read_form(p, &form) || !text_u64(form_value(request, "seen"), &seen) || seen == 0 ||
        seen > CASE_EVENTS_MAX) {
        http_problem(request, response, 400, "usage", "%s",
                     N_("The form was changed on its way: load the page again."));
        return;
    }
    if ((int64_t)seen != form.c.version) {
        show_second(p, &form);
        return;
    }
    struct answer *answers = arena_array(p->arena, struct answer, form.c.service->fields_n + 1);
    if (form.refusal.n != 0 || !check_form(p, &form, answers)) {
        if (form.refusal.n != 0)
            show_refusal(p, &form);
        else
            show(p, &form, 422);
        return;
    }
    const struct case_actor actor = work_actor(p);
    struct case_input input = {.reason = form.reason,
                               .article = form.article,
                               .ground = form.ground,
                               .asked = form.asked,
                               .minutes = form.minutes,
                               .answers = answers,
                               .seen = (int64_t)seen,
                               .signatures = -1,
                               .position = -1};
    struct signing signed_by;
    bool is_signed;
    if (!work_signed(p, &form.c, form.action, form.needs, &input, &signed_by, &is_signed))
        return;
    const struct case_signature signature = {p->web->api.people, &signed_by};
    input.signature = is_signed ? &signature : NULL;
    if (!case_act(p->web->cases, web_db(request), str_of(form.c.number), &actor, form.action->id, &input,
                  clock_now(), p->arena, &position, &err)) {
        show_failure(p, &form, &err);
        return;
    }
    http_hold(response, position);
    http_redirect(response, 303,
                  str_c(p->arena, page_path(p, "/desk/cases", "done", str_of(form.c.number), NULL)));
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/cases/{number}/do/{action}",
     .handler = get_act,
     .access = WEB_CASES,
     .summary = "The form of an action"},
    {.method = HTTP_POST,
     .path = "/desk/cases/{number}/do/{action}",
     .handler = post_act,
     .access = WEB_CASES,
     .body = HTTP_FORM,
     .body_max = 65536,
     .summary = "Do it"},
};
const struct web_table web_work_act = {routes, ARRAY_LEN(routes)};
