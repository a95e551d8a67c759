/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c: one question a page, and the list of answers before sending. */
#include <stdio.h>

#include "base/clock.h"
#include "case/attachment.h"
#include "sheet/service.h"

#define FEW_OPTIONS 12

/* --- answers in words --- */

static struct str slot_words(const struct words *w, struct str slot)
{
    struct date date;
    if (slot.n != 16 || !date_parse((struct str){slot.p, 10}, &date))
        return slot;
    return words_of(w, "%.*s, %.*s", STR_ARG(words_day(w, date_days(date))), 5, slot.p + 11);
}

/* "KZ75 125K ZT20 6910 0100": as people compare it. */
static struct str iban_words(const struct words *w, struct str text)
{
    struct buf out;
    buf_in(&out, w->arena, 256);
    for (size_t i = 0, n = 0; i < text.n && text.n <= 64; i++) {
        if (text.p[i] == ' ')
            continue;
        if (n != 0 && n % 4 == 0)
            buf_byte(&out, ' ');
        buf_byte(&out, (uint8_t)text.p[i]);
        n++;
    }
    return out.n ? buf_view(&out) : text;
}

/* Of a registry's yes or no, whatever the service's field is. */
static bool is_yes_no(const struct service_field *f)
{
    return f->type == ANSWER_CONSENT || (f->registry != NULL && f->options_n == 0 &&
                                         f->registry->fields[f->registry_field].type == FIELD_YES_NO);
}

static struct str one_answer(const struct words *w, const struct service_field *f, struct str text)
{
    struct date date;
    if (is_yes_no(f) && (str_is(text, "yes") || str_is(text, "no")))
        return words_text(w, str_is(text, "yes") ? N_("yes") : N_("no"));
    if (f->iban)
        return iban_words(w, text);
    switch (f->type) {
    case ANSWER_DATE: return date_parse(text, &date) ? words_day(w, date_days(date)) : text;
    case ANSWER_MONEY: return words_money(w, text);
    case ANSWER_SLOT: return slot_words(w, text);
    case ANSWER_FILE:
        return str_is(text, ANSWER_AT_COUNTER) ? words_text(w, N_("Handed in at a counter"))
                                               : answer_shown(w->j, f, text, w->language, w->arena);
    default: return answer_shown(w->j, f, text, w->language, w->arena);
    }
}

struct str answer_words(const struct words *w, const struct service_field *f, struct str text)
{
    struct buf out;
    struct str one;
    buf_in(&out, w->arena, 65536);
    while (str_next(&text, '\n', &one)) {
        if (out.n != 0)
            buf_byte(&out, '\n');
        buf_str(&out, one_answer(w, f, one));
    }
    return buf_view(&out);
}

/* --- what was typed --- */

static struct str wrong_words(const struct words *w, const struct service_field *f, struct str typed,
                              const struct err *err)
{
    bool number = f->type == ANSWER_NUMBER || f->type == ANSWER_MONEY,
         text = f->type == ANSWER_TEXT || f->type == ANSWER_NAME || f->type == ANSWER_ADDRESS;
    uint64_t value;
    size_t letters = utf8_length(typed);
    if (number && text_u64(typed, &value) && (value < f->min || (f->max != 0 && value > f->max)))
        return f->max ? words_fill(w, N_("Enter a number from {} to {}."),
                                   (const struct str[]){words_number(w, f->min), words_number(w, f->max)}, 2)
                      : words_fill(w, N_("Enter a number of at least {}."),
                                   (const struct str[]){words_number(w, f->min)}, 1);
    if (text && !f->iban && letters < f->min)
        return words_fill(w, N_("Write at least {} characters."),
                          (const struct str[]){words_number(w, f->min)}, 1);
    if (text && !f->iban && f->max != 0 && letters > f->max)
        return words_fill(w, N_("Write at most {} characters."),
                          (const struct str[]){words_number(w, f->max)}, 1);
    return words_text(w, str_c(w->arena, str_of(err->text)));
}

static struct str missing_words(const struct words *w, const struct service_field *f)
{
    switch (f->type) {
    case ANSWER_CHOICE:
    case ANSWER_CHOICES:
    case ANSWER_CONSENT:
    case ANSWER_FILE:
    case ANSWER_SLOT: return words_text(w, N_("Choose one of the answers."));
    default: return words_text(w, N_("Fill this in."));
    }
}

bool answer_typed(const struct words *w, const struct service_field *f, struct str typed, bool required,
                  struct str *ret_text, struct str *ret_wrong)
{
    struct buf out;
    struct str rest = typed, one, right;
    struct err err;
    unsigned n = 0;
    bool lines = f->repeat > 1 || f->type == ANSWER_CHOICES;
    buf_in(&out, w->arena, typed.n * 2 + 256);
    while (lines ? str_next(&rest, '\n', &one) : n == 0 && str_trim(typed).n != 0) {
        one = str_trim(lines ? one : typed);
        if (one.n == 0)
            continue;
        if (++n > MAX_OF(f->repeat, (unsigned)f->options_n) && lines) {
            *ret_wrong = words_fill(w, N_("Give at most {} answers."),
                                    (const struct str[]){words_number(w, f->repeat)}, 1);
            return false;
        }
        if (!answer_check(w->j, f, one, w->arena, &right, &err)) {
            *ret_wrong = wrong_words(w, f, one, &err);
            return false;
        }
        if (out.n != 0)
            buf_byte(&out, '\n');
        buf_str(&out, right);
    }
    if (n == 0 && required) {
        *ret_wrong = missing_words(w, f);
        return false;
    }
    *ret_text = str_dup(w->arena, out.n ? buf_view(&out) : STR(""));
    return true;
}

/* --- the question --- */

struct str form_path(const struct sheet *s, const struct service *service, size_t page, bool change)
{
    if (page >= service->pages_n)
        return words_of(&s->w, "/me/apply/%.*s", STR_ARG(service->id));
    return words_of(&s->w, "/me/apply/%.*s/%.*s%s", STR_ARG(service->id), STR_ARG(service->pages[page].id),
                    change ? "?change=yes" : "");
}

static void offer_slots(struct sheet *s, const struct service_form *form, size_t index,
                        struct sheet_field *field)
{
    const struct slots_offered *slots = form->slots;
    size_t n = slots != NULL && slots->field == index ? slots->n : 0;
    struct sheet_option *options = arena_array(s->w.arena, struct sheet_option, n + 1);
    options[field->options_n++] = (struct sheet_option){STR(""), S(s, "Choose a time")};
    for (size_t i = 0; i < n; i++)
        options[field->options_n++] =
            (struct sheet_option){slots->texts[i], slot_words(&s->w, slots->texts[i])};
    field->options = options;
    if (n == 0)
        field->hint =
            S(s, "No time is free at the moment. What you have answered is kept: come again later.");
}

static void offer_options(struct sheet *s, const struct service_field *f, struct sheet_field *field)
{
    struct sheet_option *options = arena_array(s->w.arena, struct sheet_option, f->options_n + 1);
    size_t n = 0;
    if (field->ask == ASK_LIST)
        options[n++] = (struct sheet_option){STR(""), S(s, "Choose")};
    for (size_t i = 0; i < f->options_n; i++)
        options[n++] = (struct sheet_option){f->options[i].id, words_texts(&s->w, &f->options[i].label)};
    field->options = options;
    field->options_n = n;
}

static void offer_yes_no(struct sheet *s, struct sheet_field *field)
{
    struct sheet_option *options = arena_array(s->w.arena, struct sheet_option, 2);
    options[0] = (struct sheet_option){STR("yes"), S(s, "yes")};
    options[1] = (struct sheet_option){STR("no"), S(s, "no")};
    field->options = options;
    field->options_n = 2;
}

/* The file that was given, if one was; else, or instead, it comes to a counter. The way to give one is below
 * the form (service_question). */
/* The one that was just sent is taken unless the person says otherwise. */
static void offer_file(struct sheet *s, struct str given, struct str sent, bool typed,
                       struct sheet_field *field)
{
    struct sheet_option *options = arena_array(s->w.arena, struct sheet_option, 3);
    struct str id, name;
    if (attachment_answer(sent, &id, &name) && !str_eq(sent, given)) {
        options[field->options_n++] = (struct sheet_option){sent, name};
        field->value = typed ? field->value : sent;
    }
    if (attachment_answer(given, &id, &name))
        options[field->options_n++] = (struct sheet_option){given, name};
    options[field->options_n++] =
        (struct sheet_option){STR(ANSWER_AT_COUNTER), S(s, "I hand it in at a counter")};
    field->options = options;
    if (field->hint.n == 0)
        field->hint =
            S(s, "Send it from here with the button on this page, or bring it to any counter, or to the "
                 "office, with the number of your application.");
}

static bool awaits_file(const struct service_form *form, size_t field)
{
    return form->service->fields[field].type == ANSWER_FILE && !form->answers[field].given;
}

/* The main way of a page that waits for a file; beside it, where one was given. */
static void tell_upload(struct sheet *s, const struct service_form *form, const struct service_page *p)
{
    for (size_t k = 0; k < p->fields_n; k++) {
        const struct service_field *f = &form->service->fields[p->fields[k]];
        if (f->type != ANSWER_FILE || answer_held(&form->answers[p->fields[k]]))
            continue;
        struct str name = SF(s, "Send a file: {}", words_texts(&s->w, &f->label)),
                   path = words_of(&s->w, "/me/files/%.*s/%.*s", STR_ARG(form->service->id), STR_ARG(f->id));
        if (awaits_file(form, p->fields[k]))
            sheet_act(s, name, path);
        else
            sheet_act_second(s, name, path);
    }
}

static void shape(struct sheet *s, const struct service_form *form, size_t index, struct sheet_field *field)
{
    const struct service_field *f = &form->service->fields[index];
    switch (f->type) {
    case ANSWER_PERSON:
    case ANSWER_ORGANISATION: field->inputmode = "numeric"; break;
    case ANSWER_NUMBER: field->inputmode = "numeric"; break;
    case ANSWER_MONEY: field->inputmode = "decimal"; break;
    case ANSWER_PHONE:
        field->inputmode = "tel";
        field->autocomplete = "tel";
        break;
    case ANSWER_DATE:
        field->inputmode = "text";
        if (field->hint.n == 0)
            field->hint = S(s, "Day, month, year, such as 5.3.2026");
        break;
    case ANSWER_CHOICE:
        field->ask = f->options_n > FEW_OPTIONS ? ASK_LIST : ASK_ONE;
        offer_options(s, f, field);
        break;
    case ANSWER_CHOICES:
        field->ask = ASK_SOME;
        offer_options(s, f, field);
        break;
    case ANSWER_CONSENT:
        field->ask = ASK_ONE;
        offer_yes_no(s, field);
        break;
    case ANSWER_FILE:
        field->ask = field->optional ? ASK_SOME : ASK_ONE;
        offer_file(s, form->answers[index].text, form->sent != NULL ? form->sent[index] : STR(""),
                   form->typed != NULL && form->typed[index].p != NULL, field);
        break;
    case ANSWER_SLOT:
        field->ask = ASK_LIST;
        offer_slots(s, form, index, field);
        break;
    case ANSWER_TEXT:
        if (!f->iban && (f->max == 0 || f->max > 200))
            field->ask = ASK_AREA;
        break;
    default: break;
    }
    if (f->repeat > 1 && field->options_n == 0) {
        field->ask = ASK_AREA;
        field->hint =
            words_of(&s->w, "%.*s%s%.*s", STR_ARG(field->hint), field->hint.n ? "\n" : "",
                     STR_ARG(SF(s, "One on each line, at most {}.", words_number(&s->w, f->repeat))));
    }
    bool letters = f->type == ANSWER_TEXT || f->type == ANSWER_NAME || f->type == ANSWER_ADDRESS;
    if (letters && f->repeat <= 1 && field->options_n == 0)
        field->max = f->iban ? 42 : (unsigned)f->max;
}

void question_ask(struct sheet *s, const struct service_form *form, size_t index, bool is_title)
{
    const struct service_field *f = &form->service->fields[index];
    struct sheet_field field = {
        .ask = ASK_TEXT,
        .name = str_c(s->w.arena, f->id),
        .label = words_texts(&s->w, &f->label),
        .hint = words_texts(&s->w, &f->hint),
        .why = texts_empty(&f->why) ? STR("") : SF(s, "Why we ask: {}", words_texts(&s->w, &f->why)),
        .value = form->typed && form->typed[index].p ? form->typed[index] : form->answers[index].text,
        .error = form->errors ? form->errors[index] : STR(""),
        .optional = !journey_required(form->service, index, form->values, s->w.arena),
        .is_title = is_title};
    shape(s, form, index, &field);
    if (is_title && field.optional)
        s->title = SF(s, "{} (optional)", field.label);
    sheet_ask(s, &field);
}

bool answer_held(const struct answer *a)
{
    return a->from_registry && a->given && a->text.n != 0;
}

bool page_asks(const struct service_form *form, size_t page, struct arena *arena)
{
    const struct service_page *p = &form->service->pages[page];
    bool asks = false;
    for (size_t k = 0; k < p->fields_n; k++)
        asks |= !answer_held(&form->answers[p->fields[k]]);
    return asks && journey_page_shown(form->service, page, form->values, arena);
}

static size_t page_before(const struct service_form *form, size_t page, struct arena *arena)
{
    while (page-- > 0)
        if (page_asks(form, page, arena))
            return page;
    return NONE;
}

void service_question(struct sheet *s, const struct service_form *form, size_t page)
{
    const struct service *service = form->service;
    const struct service_page *p = &service->pages[page];
    size_t before = page_before(form, page, s->w.arena);
    bool single = p->fields_n == 1;
    s->caption = words_texts(&s->w, &service->name);
    s->title =
        single ? words_texts(&s->w, &service->fields[p->fields[0]].label) : words_texts(&s->w, &p->title);
    s->back = form->change     ? form_path(s, service, NONE, false)
              : before != NONE ? form_path(s, service, before, false)
                               : words_of(&s->w, "/services/%.*s", STR_ARG(service->id));
    if (form->changed)
        sheet_note(s, "info",
                   S(s, "This service has changed since you began. Answers that still fit were kept; "
                        "the others are asked again."));
    sheet_form(s, SHEET_POST, form_path(s, service, page, form->change), "/me/apply/{service}/{page}");
    for (size_t k = 0; k < p->fields_n; k++)
        if (!answer_held(&form->answers[p->fields[k]]))
            question_ask(s, form, p->fields[k], single);
    if (single && awaits_file(form, p->fields[0]))
        sheet_button_second(s, S(s, "Continue"));
    else
        sheet_button(s, S(s, "Continue"));
    tell_upload(s, form, p);
}

/* --- the list of answers --- */

static void list_held(struct sheet *s, const struct service_form *form)
{
    bool headed = false;
    for (size_t f = 0; f < form->service->fields_n; f++) {
        const struct service_field *field = &form->service->fields[f];
        const struct answer *a = &form->answers[f];
        bool fact = field->registry != NULL && field->page == NONE;
        if (!fact && !answer_held(a))
            continue;
        if (!headed)
            sheet_heading(s, S(s, "What the registries say"));
        headed = true;
        struct str value = a->text.n          ? answer_words(&s->w, field, a->text)
                           : a->from_registry ? S(s, "No record")
                                              : S(s, "Not read; the office looks it up");
        sheet_fact(s, words_texts(&s->w, &field->label),
                   SF(s, "{} ({})", value, words_texts(&s->w, &field->registry->name)));
    }
    if (headed)
        sheet_text(s, "small",
                   S(s, "If something is wrong here, whoever keeps the registry corrects it; it cannot be "
                        "typed over."));
    if (form->unasked != NULL)
        sheet_note(
            s, "info",
            SF(s,
               "{} cannot be asked at the moment. You can send the application: it waits at the office "
               "until the registry answers, and your term runs.",
               words_texts(&s->w, &form->unasked->name)));
}

static void list_answers(struct sheet *s, const struct service_form *form)
{
    const struct service *service = form->service;
    bool headed = false;
    for (size_t p = 0; p < service->pages_n; p++) {
        if (!page_asks(form, p, s->w.arena))
            continue;
        for (size_t k = 0; k < service->pages[p].fields_n; k++) {
            size_t f = service->pages[p].fields[k];
            const struct service_field *field = &service->fields[f];
            const struct answer *a = &form->answers[f];
            if (answer_held(a))
                continue;
            struct str label = words_texts(&s->w, &field->label),
                       value = a->text.n ? answer_words(&s->w, field, a->text) : S(s, "Not provided");
            if (!headed)
                sheet_heading(s, S(s, "Your answers"));
            headed = true;
            sheet_fact_change(s, label, value, S(s, "Change"), form_path(s, service, p, true));
        }
    }
}

static void tell_sum(struct sheet *s, const struct service_form *form)
{
    const struct service *service = form->service;
    for (size_t i = 0; i < service->fees_n; i++) {
        const struct service_fee *fee = &service->fees[i];
        struct rule_value exempt = fee->exempt_if ? rule_eval(fee->exempt_if, form->values, s->w.arena)
                                                  : rule_yes_no(false),
                          amount = rule_eval(fee->amount, form->values, s->w.arena);
        struct buf out;
        if (i == 0)
            sheet_heading(s, S(s, "What it costs you"));
        buf_in(&out, s->w.arena, 64);
        rule_value_text(&out, &amount);
        struct str sum = exempt.known && exempt.yes ? SF(s, "free: {}", words_texts(&s->w, &fee->exempt))
                         : amount.known             ? words_money(&s->w, buf_view(&out))
                                                    : S(s, "the office tells you");
        if (!fee->verified)
            sum = SF(s, "{} (unverified sample)", sum);
        sheet_fact(s, words_texts(&s->w, &fee->name), sum);
    }
}

static void tell_signers(struct sheet *s, const struct service_form *form)
{
    for (size_t f = 0; f < form->service->fields_n; f++)
        if (form->service->fields[f].co_signs && form->answers[f].text.n)
            sheet_note(s, "info",
                       SF(s, "{}: this person must agree too, and is told of it when you send it.",
                          words_texts(&s->w, &form->service->fields[f].label)));
}

void service_check(struct sheet *s, const struct service_form *form)
{
    const struct service *service = form->service;
    size_t file = 0;
    while (file < service->actions_n && service->actions[file].does != DOES_FILE)
        file++;
    must(file < service->actions_n); /* the linter's */
    size_t last = page_before(form, service->pages_n, s->w.arena);
    s->caption = words_texts(&s->w, &service->name);
    s->title = S(s, "Check your answers");
    s->back = last != NONE ? form_path(s, service, last, false)
                           : words_of(&s->w, "/services/%.*s", STR_ARG(service->id));
    if (form->changed)
        sheet_note(s, "info",
                   S(s, "This service has changed since you began. Answers that still fit were kept; "
                        "the others are asked again."));
    list_answers(s, form);
    list_held(s, form);
    rules_told(s, service, form->values);
    tell_sum(s, form);
    tell_signers(s, form);
    sheet_text(s, NULL, S(s, "By sending it you say that this is true as far as you know."));
    sheet_form(s, SHEET_POST, form_path(s, service, NONE, false), "/me/apply/{service}");
    sheet_button(s, words_texts(&s->w, &service->actions[file].name));
    sheet_form(s, SHEET_POST, words_of(&s->w, "/me/drop/%.*s", STR_ARG(service->id)), "/me/drop/{service}");
    sheet_button_second(s, S(s, "Throw the draft away"));
}
