/* SPDX-License-Identifier: Apache-2.0 */
/* sign_ends.c: what follows a signature that holds: the mandate of a head, or the act that was waiting for
 * it; the rest stands with its own pages. */
#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/case.h"
#include "jurisdiction/service.h"
#include "people/factor.h"
#include "people/passkey.h"
#include "people/told.h"
#include "web/login.h"
#include "web/sign.h"
#include "web/web_private.h"

#define HEAD_DAYS 30

static void not_allowed(struct http_request *request, struct http_response *response, const char *msgid)
{
    http_problem(request, response, 403, "not-allowed", "%s", msgid);
}

/* --- the head of an organisation: by the certificate and by the register, both --- */

struct head_act {
    struct web *web;
    const struct caller *caller;
    struct signing *signing;
    struct mandate mandate;
    struct str words; /* of the entry */
    struct told told;
};

static const struct purpose *self_purpose(const struct registry *r)
{
    for (size_t i = 0; i < r->lookups_n; i++)
        if (r->lookups[i].purpose->self && (r->lookups[i].fields >> r->head & 1))
            return r->lookups[i].purpose;
    return NULL;
}

static const struct registry *head_registry(const struct jurisdiction *j)
{
    for (size_t i = 0; i < j->registries_n; i++)
        if (j->registries[i].head != NONE && self_purpose(&j->registries[i]) != NULL)
            return &j->registries[i];
    return NULL;
}

static bool give(struct db *db, void *arg, struct err *err)
{
    struct head_act *a = arg;
    struct signing once = *a->signing;
    struct people *people = a->web->api.people;
    struct mandate *m = &a->mandate;
    char name[64];
    if (!signing_spend(people, db, &once, err) || !mandate_give(people, db, m, clock_now(), err))
        return false;
    snprintf(name, sizeof name, "mandate %s", m->id);
    a->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .levels = a->caller->levels,
                            .purpose = self_purpose(head_registry(a->web->api.jurisdiction))->id,
                            .outcome = STR("given"),
                            .reason = a->words};
    return signing_evidence_keep(people, db, str_of(name), &m->actor, a->signing, clock_now(), err);
}

/* The certificate's part: an organisation, and a role that may claim a capacity which rests on a register. */
static bool capacity_of(const struct signing *s, enum capacity *ret)
{
    for (int i = 0; i < CAPACITIES_N; i++)
        if (s->capacity.n != 0 && str_is(s->capacity, capacity_facts[i].code)) {
            *ret = (enum capacity)i;
            return (capacity_facts[i].sources & SOURCE_REGISTRY) && !capacity_facts[i].ends_at_majority;
        }
    return false;
}

/* The register's part: a look like any other, in the organisation's list. False: answered. */
static bool register_agrees(struct http_request *request, struct http_response *response,
                            const struct signing *s, const struct person *organisation,
                            struct str *ret_ground)
{
    struct web *web = web_of(request);
    const struct caller *caller = &web_visitor(request)->caller;
    const struct registry *r = head_registry(web->api.jurisdiction);
    struct gate_answer answer;
    struct err err;
    struct str field = r->fields[r->head].id;
    const struct gate_request look = {.actor = STR(""),
                                      .capacity = s->capacity,
                                      .mandate = STR(""),
                                      .levels = caller->levels,
                                      .purpose = self_purpose(r)->id,
                                      .registry = r->id,
                                      .case_no = STR(""),
                                      .order = STR(""),
                                      .reason = STR(""),
                                      .fields = &field,
                                      .fields_n = 1,
                                      .pid = organisation->pid};
    if (!gate_look(web->api.gate, web_db(request), &look, http_arena(request), &answer, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    http_hold(response, answer.position);
    for (size_t i = 0; answer.reason == GATE_ADMITTED && i < answer.records_n; i++)
        if (str_eq(answer.records[i].value[r->head], s->number)) {
            *ret_ground = str_of(arena_printf(http_arena(request), "%.*s %.*s", STR_ARG(r->id),
                                              STR_ARG(answer.records[i].record)));
            return true;
        }
    if (answer.reason != GATE_ADMITTED)
        not_allowed(request, response, gate_reason_words(answer.reason));
    else
        not_allowed(
            request, response,
            N_("The register names somebody else at the head of this organisation. The certificate alone "
               "is not enough: have the register put right, or use your new key."));
    return false;
}

static void end_head(struct http_request *request, struct http_response *response, struct signing *s)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    struct head_act act = {.web = web, .caller = &v->caller, .signing = s};
    struct person organisation;
    struct err err;
    uint64_t position;
    bool found = false;
    if (v->caller.kind != CALLER_PERSON || v->caller.acting ||
        memcmp(v->caller.person.pid, s->account.person.pid, PID_SIZE) != 0) {
        http_problem(request, response, 401, "not-authenticated", "%s", "");
        return;
    }
    const struct registry *r = head_registry(web->api.jurisdiction);
    if (r == NULL) {
        not_allowed(request, response, N_("There is no register here that names who heads an organisation."));
        return;
    }
    if (s->organisation.n == 0 || !capacity_of(s, &act.mandate.capacity)) {
        not_allowed(
            request, response,
            N_("Your certificate does not say that you head an organisation. Sign with the key that was "
               "given to you as its head."));
        return;
    }
    if (!people_find(web->api.people, web_db(request), s->organisation_scheme, s->organisation, &found,
                     &organisation, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!found) {
        not_allowed(request, response,
                    N_("The organisation in your certificate is not in the register here."));
        return;
    }
    struct mandate *m = &act.mandate;
    if (!register_agrees(request, response, s, &organisation, &m->ground))
        return;
    act.words = str_of(arena_printf(http_arena(request), "%.*s (%.*s)", STR_ARG(m->ground),
                                    STR_ARG(signing_evidence_words(s->evidence, http_arena(request)))));
    m->source = SOURCE_REGISTRY;
    if (registry_relation(r, str_of(capacity_facts[m->capacity].code)) != NULL)
        m->registry = r->id;
    m->actor = account_of(&v->caller);
    m->subject = organisation;
    m->scope = STR("*");
    m->from = clock_now();
    m->until = m->from + HEAD_DAYS * CLOCK_DAY;
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, give, &act, &act.told, &position,
                 &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    http_redirect(response, 303, "/me/mandates");
}

/* --- an act --- */

/* The form that waited, with the signature's code in it, to be sent by one press. */
static void end_act(struct http_request *request, struct http_response *response, const struct signing *s)
{
    struct page page, *p = &page;
    struct str rest = s->back, path, route, name, value;
    page_init(p, request, response);
    if (!lp_next(&rest, &path) || !lp_next(&rest, &route) || !own_path(path)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    page_open(p, T(p, "Signed"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>", T(p, "Your signature holds. What you entered waits to be sent."));
    form_start(p, path, str_c(p->arena, route));
    MARKUP(p, "<input type=\"hidden\" name=\"signed\" value=\"{}\">", str_of(s->id));
    while (lp_next(&rest, &name) && lp_next(&rest, &value))
        MARKUP(p, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", name, value);
    form_end(p, N_("Send it"));
    page_end(p);
}

void sign_end(struct http_request *request, struct http_response *response, struct signing *s)
{
    switch (s->purpose) {
    case SIGNING_ENROL: sign_end_enrol(request, response, s); break;
    case SIGNING_HEAD: end_head(request, response, s); break;
    case SIGNING_ACT: end_act(request, response, s); break;
    case SIGNING_STAFF: sign_end_staff(request, response, s); break;
    }
}

/* --- pages --- */

static void get_organisation(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    page_open(p, T(p, "Act for an organisation"), STR("/me/mandates"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><p>{}</p>",
           T(p, "You sign one text with the key that was given to you as the organisation's head."),
           T(p,
             "Two things must agree: your certificate, and the register of organisations, which is looked at "
             "now. The look stands in the organisation's own list. You may then act for it for 30 days."));
    if (!sign_possible(p->web) || head_registry(p->j) == NULL) {
        page_note(p, "info", T(p, "It is not set up here: go to the register with your document."));
    } else {
        form_start(p, STR("/me/organisation"), "/me/organisation");
        form_end(p, N_("Write the text"));
    }
    page_end(p);
}

static void post_organisation(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct account account = account_of(&p->visitor->caller);
    const struct sign_want want = {
        .title = T(p, "To act for an organisation"),
        .words =
            T(p, "I head the organisation that is named in my certificate, and ask to act for it on this "
                 "site for 30 days."),
        .matter = STR("head")};
    sign_begin(request, response, SIGNING_HEAD, &account, &want, STR("/me/mandates"));
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/organisation",
     .handler = get_organisation,
     .access = WEB_PERSON,
     .summary = "Act for an organisation"},
    {.method = HTTP_POST,
     .path = "/me/organisation",
     .handler = post_organisation,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Write the text that a head signs"},
};
const struct web_table web_sign_ends = {routes, ARRAY_LEN(routes)};
