/* SPDX-License-Identifier: Apache-2.0 */
/* sign_evidence.c: the evidence of signatures, for who signed, whose case it is, and the office that has the
 * case: what was signed, by whom, when, and what the authority said then; checked again when the page is
 * made, from the file alone. */
#include <stdio.h>

#include "base/clock.h"
#include "case/case.h"
#include "case/signed.h"
#include "people/number.h"
#include "people/people.h"
#include "web/sign.h"
#include "web/work_private.h"

#define LIST_MAX 200

void sign_evidence_file(struct http_response *response, struct str evidence)
{
    http_type(response, "application/json");
    http_add_header(response, "Content-Disposition", "attachment; filename=\"signature.evidence\"");
    http_out_static(response, evidence);
}

static bool number_possible(struct str scheme, struct str number)
{
    const struct number_scheme *s = number_scheme_find(scheme);
    return s != NULL && s->check(number, false) == NUMBER_OK;
}

/* --- the parts of the page --- */

static void write_verdict(struct page *p, const struct signature_verdict *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->checks[i].status == VERIFY_FAILED) {
            const char *words = signing_words(str_of(v->checks[i].id));
            page_note(p, "bad",
                      TF(p, "Checked again now: it does not hold. {}",
                         words ? page_text(p, words) : str_of(v->checks[i].id)));
            return;
        }
    if (v->proven)
        page_note(p, "good",
                  T(p, "Checked again now, from the file alone: it held when it was made, and holds."));
    else
        page_note(p, "info",
                  T(p, "Checked again now: nothing is wrong with it, but something that the rules ask for is "
                       "missing."));
}

static struct str masked(const struct page *p, struct str number)
{
    char mask[64];
    if (number.n == 0)
        return STR("");
    number_mask(number, mask);
    return str_dup(p->arena, str_of(mask));
}

static struct str roles_of(const struct page *p, const struct signature_signer *s)
{
    struct buf out;
    buf_in(&out, p->arena, 8192);
    for (size_t i = 0; i < s->roles_n; i++) {
        buf_text(&out, i ? "; " : "");
        buf_str(&out, sign_words_of(&s->roles[i]->name, p));
    }
    return buf_view(&out);
}

static struct str stamp_of(const struct page *p, const struct signature_signer *s)
{
    return s->stamped
               ? TF(p, "{}, by the time-stamping service “{}”", page_time(p, s->time), str_of(s->stamped_by))
               : T(p, "There is none: when it was signed is not proven.");
}

static struct str status_of(const struct page *p, const struct signature_signer *s)
{
    if (s->status_at == 0)
        return T(p, "The authority did not say whether the certificate was revoked.");
    struct str then = s->status_list
                          ? TF(p, "Not revoked, by the revocation list of {}", page_time(p, s->status_at))
                          : TF(p, "Not revoked, by the authority’s answer of {}", page_time(p, s->status_at));
    return s->revoked_later ? TF(p, "{}; revoked later, {}", then, page_time(p, s->revoked_later)) : then;
}

static void write_signer(struct page *p, const struct signature_signer *s)
{
    facts_start(p);
    fact(p, T(p, "Signed by"), s->name);
    fact(p, T(p, "Number"), masked(p, s->person));
    fact(p, T(p, "Organisation"), masked(p, s->organisation));
    fact(p, T(p, "What the certificate says of them"), roles_of(p, s));
    if (s->authority != NULL)
        fact(p, T(p, "Authority"),
             s->authority->test
                 ? TF(p, "{} (a test authority: it binds nobody)", sign_words_of(&s->authority->name, p))
                 : sign_words_of(&s->authority->name, p));
    fact(p, T(p, "Time-stamp"), stamp_of(p, s));
    fact(p, T(p, "Status at that time"), status_of(p, s));
    facts_end(p);
}

static void write_chain(struct page *p, const struct signature_signer *s)
{
    struct str heads[] = {T(p, "Certificate"), T(p, "Serial number"), T(p, "Valid")};
    struct table table, *t = &table;
    if (s->chain_n == 0)
        return;
    table_start(t, p, T(p, "From the signer’s certificate to the authority’s own"), heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < s->chain_n; i++) {
        const struct signature_link *link = &s->chain[i];
        table_row(t);
        table_cell(t, link->subject);
        table_cell_start(t);
        MARKUP(p, "<code class=\"data\">{}</code>", str_of(link->serial));
        table_cell_end(t);
        table_cell(t, str_of(arena_printf(p->arena, "%.*s – %.*s",
                                          STR_ARG(page_day(p, date_days(date_of_time(link->from, 0)))),
                                          STR_ARG(page_day(p, date_days(date_of_time(link->until, 0)))))));
    }
    table_end(t);
}

static void write_checks(struct page *p, const struct signature_verdict *v)
{
    MARKUP(p, "<details><summary>{}</summary><ul lang=\"en\">", T(p, "For whoever helps you"));
    for (size_t i = 0; i < v->n; i++) /* the number stands above, masked */
        if (strcmp(v->checks[i].id, "number") != 0)
            MARKUP(p, "<li>{} <code>{}</code></li>", str_of(v->checks[i].words), str_of(v->checks[i].id));
    MARKUP(p, "</ul></details>");
}

static void write_file(struct page *p, struct str evidence, struct str file)
{
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sha256(hash, evidence.p, evidence.n);
    hex_encode(hex, hash, sizeof hash);
    MARKUP(p, "<h2>{}</h2><p>{}</p><p><a class=\"button second\" href=\"{}\" download>{}</a></p>",
           T(p, "Keep it and check it yourself"),
           T(p, "The file holds the text, the signature with the whole certificate, the time-stamp and the "
                "authority’s answers. It can be checked without us and without a network, years later."),
           file, T(p, "Save the evidence as a file"));
    MARKUP(
        p,
        "<p><code class=\"data\">aina verify signature.evidence --trust FOLDER</code></p><dl><div><dt>{}</dt>"
        "<dd><code class=\"data\">{}</code></dd></div></dl><p class=\"small\">{}</p>",
        T(p, "SHA-256 of the file"), str_of(hex),
        T(p, "The same code stands in the entry of the log, so that nobody can exchange the file."));
}

void sign_evidence_page(struct page *p, struct str title, struct str back, struct str bytes, struct str file)
{
    struct evidence e;
    struct signature_verdict *v = arena_new(p->arena, struct signature_verdict);
    const struct signature_question question = {.at = clock_now(), .number_possible = number_possible};
    struct err err;
    if (!evidence_read(bytes, p->arena, &e, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    signature_verify(p->web->judge.trust, &e, &question, p->arena, v);
    page_open(p, T(p, "Evidence of a signature"), back, NULL, 0);
    MARKUP(p, "<p class=\"lead data\">{}</p>", title);
    write_verdict(p, v);
    if (v->signers_n != 0)
        write_signer(p, &v->signer[0]);
    MARKUP(p, "<h2>{}</h2><pre class=\"data\" tabindex=\"0\" aria-label=\"{}\">{}</pre>",
           T(p, "What was signed"), T(p, "The signed text"), e.content);
    if (v->signers_n != 0) {
        MARKUP(p, "<h2>{}</h2>", T(p, "Whose word it rests on"));
        write_chain(p, &v->signer[0]);
    }
    sign_rules(p);
    write_checks(p, v);
    write_file(p, bytes, file);
    page_end(p);
}

static void not_found(struct page *p)
{
    http_problem(p->request, p->response, 404, "not-found", "%s", "");
}

/* --- what one signed oneself --- */

static void get_mine(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct signing_kept *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    const struct account account = account_of(&p->visitor->caller);
    if (!signing_evidence_list(p->web->api.people, web_db(request), &account, LIST_MAX, p->arena, &list, &n,
                               &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "What I signed"), STR("/me/keys"), NULL, 0);
    if (n == 0)
        page_note(p, "info", T(p, "Nothing was signed here with a signing key of yours."));
    else
        MARKUP(p, "<p class=\"lead\">{}</p><ul class=\"ways\">",
               T(p, "If you did not sign one of these, tell the authority of your key and us at once."));
    for (size_t i = 0; i < n; i++)
        MARKUP(p, "<li><a href=\"/me/signatures/{}\">{}</a><p>{}</p></li>", str_of(list[i].tag),
               list[i].title, page_time(p, list[i].made));
    if (n != 0)
        MARKUP(p, "</ul>");
    page_end(p);
}

static bool read_mine(struct page *p, struct signing_kept *kept, struct str *evidence)
{
    const struct account account = account_of(&p->visitor->caller);
    bool found;
    struct err err;
    if (!signing_evidence_own(p->web->api.people, web_db(p->request), &account, http_part(p->request, 0),
                              p->arena, &found, kept, evidence, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (!found)
        not_found(p);
    return found;
}

static void get_my_one(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct signing_kept kept;
    struct str evidence;
    page_init(p, request, response);
    if (read_mine(p, &kept, &evidence))
        sign_evidence_page(p, kept.title, STR("/me/signatures"), evidence,
                           str_of(arena_printf(p->arena, "/me/signatures/%s/file", kept.tag)));
}

static void get_my_file(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct signing_kept kept;
    struct str evidence;
    page_init(&page, request, response);
    if (read_mine(&page, &kept, &evidence))
        sign_evidence_file(response, evidence);
}

/* --- of a mandate that one gave, was given, or heads an organisation by --- */

static bool is_mine(struct page *p, struct str id, bool *ret_mine, struct err *err)
{
    const struct account own = account_of(&p->visitor->caller),
                         subject = {.kind = CALLER_PERSON, .person = p->visitor->caller.subject};
    const struct {
        const struct account *account;
        bool as_actor;
    } sides[] = {{&own, true}, {&own, false}, {&subject, false}};
    *ret_mine = false;
    for (size_t k = 0; k < ARRAY_LEN(sides); k++) {
        struct mandate *list;
        size_t n;
        if (!mandate_list(p->web->api.people, web_db(p->request), sides[k].account, sides[k].as_actor,
                          p->arena, &list, &n, err))
            return false;
        for (size_t i = 0; i < n; i++)
            *ret_mine |= str_is(id, list[i].id);
    }
    return true;
}

static bool read_mandate(struct page *p, struct str *evidence)
{
    struct str id = http_part(p->request, 0);
    bool mine, found = false;
    struct err err;
    if (!is_mine(p, id, &mine, &err) ||
        (mine && !signing_evidence(p->web->api.people, web_db(p->request),
                                   str_of(arena_printf(p->arena, "mandate %.*s", STR_ARG(id))), p->arena,
                                   &found, evidence, &err))) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (!found)
        not_found(p);
    return found;
}

static void get_mandate(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str evidence;
    page_init(p, request, response);
    if (read_mandate(p, &evidence))
        sign_evidence_page(p, T(p, "A mandate"), STR("/me/mandates"), evidence,
                           str_of(arena_printf(p->arena, "/me/mandates/%.*s/evidence/file",
                                               STR_ARG(http_part(request, 0)))));
}

static void get_mandate_file(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct str evidence;
    page_init(&page, request, response);
    if (read_mandate(&page, &evidence))
        sign_evidence_file(response, evidence);
}

/* --- of a step in a case: for whose case it is, and for the office that has it --- */

static struct str step_title(const struct page *p, const struct case_file *c, uint64_t n)
{
    size_t a = n >= 1 && n <= c->events_n ? service_action(c->service, c->events[n - 1].action) : NONE;
    return TF(p, "Case {}: {}", str_of(c->number),
              a != NONE ? page_texts(p, &c->service->actions[a].name) : page_number(p, n));
}

/* False: answered. */
static bool read_step(struct page *p, const struct case_file *c, uint64_t n, struct str *evidence)
{
    bool found;
    struct err err;
    if (!signing_evidence(p->web->api.people, web_db(p->request), case_signature_name(c->number, n, p->arena),
                          p->arena, &found, evidence, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (!found)
        not_found(p);
    return found;
}

static bool read_own_case(struct page *p, struct case_file *c, uint64_t *n, struct str *evidence)
{
    struct err err;
    if (!text_u64(http_part(p->request, 1), n) ||
        !case_read(p->web->cases, web_db(p->request), http_part(p->request, 0), p->arena, c, &err) ||
        memcmp(c->pid, p->visitor->caller.subject.pid, PID_SIZE) != 0) {
        not_found(p);
        return false;
    }
    return read_step(p, c, *n, evidence);
}

/* It names who signed: an entry in the person's list, like every opening of the case. */
static bool read_desk_case(struct page *p, struct case_file *c, uint64_t *n, struct str *evidence)
{
    const struct case_actor actor = work_actor(p);
    uint64_t position;
    bool refused;
    struct err err;
    if (!text_u64(http_part(p->request, 1), n)) {
        not_found(p);
        return false;
    }
    if (!case_open(p->web->cases, web_db(p->request), http_part(p->request, 0), &actor, p->arena, c, &refused,
                   &position, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    http_hold(p->response, position);
    if (refused) {
        http_problem(
            p->request, p->response, 403, "not-allowed", "%s",
            N_("This case lies with another office. Nothing was shown; that it was asked for is an entry "
               "in the person’s list."));
        return false;
    }
    return read_step(p, c, *n, evidence);
}

/* `path` is of the case; the page's own and the file's lie below it. */
static void show_step(struct page *p, const struct case_file *c, uint64_t n, struct str evidence,
                      struct str path)
{
    sign_evidence_page(
        p, step_title(p, c, n), path, evidence,
        str_of(arena_printf(p->arena, "%.*s/signature/%llu/file", STR_ARG(path), (unsigned long long)n)));
}

static void get_own_step(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    struct str evidence;
    uint64_t n;
    page_init(p, request, response);
    if (read_own_case(p, &c, &n, &evidence))
        show_step(p, &c, n, evidence, str_of(arena_printf(p->arena, "/me/cases/%s", c.number)));
}

static void get_desk_step(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    struct str evidence;
    uint64_t n;
    page_init(p, request, response);
    if (read_desk_case(p, &c, &n, &evidence))
        show_step(p, &c, n, evidence, work_path(p, c.number, ""));
}

typedef bool read_step_fn(struct page *p, struct case_file *c, uint64_t *n, struct str *evidence);
static void send_step(struct http_request *request, struct http_response *response, read_step_fn *read)
{
    struct page page;
    struct case_file c;
    struct str evidence;
    uint64_t n;
    page_init(&page, request, response);
    if (read(&page, &c, &n, &evidence))
        sign_evidence_file(response, evidence);
}

static void get_own_step_file(struct http_request *request, struct http_response *response)
{
    send_step(request, response, read_own_case);
}

static void get_desk_step_file(struct http_request *request, struct http_response *response)
{
    send_step(request, response, read_desk_case);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/signatures",
     .handler = get_mine,
     .access = WEB_SELF,
     .summary = "What I signed"},
    {.method = HTTP_GET,
     .path = "/me/signatures/{tag}",
     .handler = get_my_one,
     .access = WEB_SELF,
     .summary = "A signature of mine and its evidence"},
    {.method = HTTP_GET,
     .path = "/me/signatures/{tag}/file",
     .handler = get_my_file,
     .access = WEB_SELF,
     .summary = "Its evidence as a file"},
    {.method = HTTP_GET,
     .path = "/me/mandates/{mandate}/evidence",
     .handler = get_mandate,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "The signature that a mandate rests on"},
    {.method = HTTP_GET,
     .path = "/me/mandates/{mandate}/evidence/file",
     .handler = get_mandate_file,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Its evidence as a file"},
    {.method = HTTP_GET,
     .path = "/me/cases/{number}/signature/{n}",
     .handler = get_own_step,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "The signature of a step in a case"},
    {.method = HTTP_GET,
     .path = "/me/cases/{number}/signature/{n}/file",
     .handler = get_own_step_file,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Its evidence as a file"},
    {.method = HTTP_GET,
     .path = "/desk/cases/{number}/signature/{n}",
     .handler = get_desk_step,
     .access = WEB_CASES,
     .summary = "The signature of a step in a case"},
    {.method = HTTP_GET,
     .path = "/desk/cases/{number}/signature/{n}/file",
     .handler = get_desk_step_file,
     .access = WEB_CASES,
     .summary = "Its evidence as a file"},
};
const struct web_table web_sign_evidence = {routes, ARRAY_LEN(routes)};
