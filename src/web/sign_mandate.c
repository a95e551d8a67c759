/* SPDX-License-Identifier: Apache-2.0 */
/* sign_mandate.c: mandates that rest on a signature: a person's to an attorney, and an organisation's to an
 * employee, which its head signs while acting for it: with a key that the authority gave to its head. */
#include <stdio.h>

#include "base/clock.h"
#include "people/mandate.h"
#include "people/told.h"
#include "web/sign.h"
#include "web/web_private.h"

#define PATH "/me/mandates/signed"

static void show(struct page *p, struct form_field *fields)
{
    bool organisation = p->visitor->caller.acting;
    page_open(p, T(p, "Give a mandate with your signature"), STR("/me/mandates"), fields, MANDATE_FIELDS);
    MARKUP(p, "<p class=\"lead\">{}</p><p>{}</p>",
           T(p, "You sign the mandate with your signing key: whoever doubts it can check it without us."),
           organisation
               ? T(p, "You sign it with the key that was given to you as the organisation’s head. It ends "
                      "with the day "
                      "that you name, or when you take it back.")
               : T(p, "Whatever is done by it stands in your list of looks. You take it back here with one "
                      "press. Kept apart registries and your list itself stay yours alone."));
    if (!sign_possible(p->web)) {
        page_note(p, "info",
                  T(p, "No certificate authority is set up here whose signatures could be checked."));
    } else {
        form_start(p, STR(PATH), PATH);
        for (size_t i = 0; i < MANDATE_FIELDS; i++)
            form_field(p, &fields[i]);
        form_end(p, N_("Write the text"));
    }
    page_end(p);
}

static void get(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[MANDATE_FIELDS];
    struct account giver;
    page_init(&page, request, response);
    mandate_fields(&page, fields);
    if (!mandate_no_giver(&page, &giver))
        show(&page, fields);
}

/* --- giving --- */

struct giving {
    struct web *web;
    const struct caller *caller;
    struct mandate mandate;
    struct signing *signing;
    struct str words; /* of the entry */
    struct told told;
};

static bool give(struct db *db, void *arg, struct err *err)
{
    struct giving *g = arg;
    struct people *people = g->web->api.people;
    struct signing once = *g->signing; /* the transaction may be tried again */
    struct mandate *m = &g->mandate;
    char name[64];
    if (!signing_spend(people, db, &once, err) || !mandate_give(people, db, m, clock_now(), err))
        return false;
    snprintf(name, sizeof name, "mandate %s", m->id);
    g->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .levels = g->caller->levels,
                            .outcome = STR("given"),
                            .reason = g->words};
    return signing_evidence_keep(people, db, str_of(name), &g->signing->account, g->signing, clock_now(),
                                 err);
}

static bool wanted(struct page *p, const struct mandate *m, struct str number, struct sign_want *want,
                   struct err *err)
{
    bool organisation = m->capacity == CAPACITY_EMPLOYEE;
    struct str until = page_day(p, local_day(p->j, m->until - 1));
    struct str matters = mandate_scope_words(p, m->scope);
    *want =
        (struct sign_want){.title = organisation ? T(p, "A mandate of the organisation") : T(p, "A mandate"),
                           .matter = organisation ? STR("mandate employee") : STR("mandate attorney")};
    if (!sign_for_subject(p, want, err))
        return false;
    want->words =
        organisation
            ? TF(p,
                 "As the head of the organisation {} I let the person with the number {} act for it on "
                 "this site, {}, until {}. It can be taken back at any time.",
                 want->organisation, number, matters, until)
            : TF(p,
                 "I let the person with the number {} act for me on this site, {}, until {}. I can take "
                 "it back at any time.",
                 number, matters, until);
    return true;
}

static void post(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[MANDATE_FIELDS];
    struct signing signed_by;
    struct sign_want want;
    struct account giver;
    struct str number = STR("");
    struct giving g = {
        .web = web_of(request), .caller = &web_visitor(request)->caller, .signing = &signed_by};
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    mandate_fields(p, fields);
    if (mandate_no_giver(p, &giver))
        return;
    bool ok = mandate_typed(p, fields, &giver, &g.mandate, &number, &err);
    if (ok && form_wrong(fields, MANDATE_FIELDS)) {
        http_status(response, 422);
        show(p, fields);
        return;
    }
    ok = ok && wanted(p, &g.mandate, number, &want, &err);
    if (ok && !sign_here(request, response, &want, &signed_by))
        return;
    if (ok)
        g.words = str_of(arena_printf(p->arena, "%.*s (%.*s)", STR_ARG(g.mandate.ground),
                                      STR_ARG(signing_evidence_words(signed_by.evidence, p->arena))));
    if (!ok || !told_tx(p->web->api.gate, web_db(request), p->j, give, &g, &g.told, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    http_redirect(response, 303, "/me/mandates");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/mandates/signed",
     .handler = get,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Give a mandate with a signature"},
    {.method = HTTP_POST,
     .path = "/me/mandates/signed",
     .handler = post,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 8192,
     .summary = "Write the mandate to be signed"},
};
const struct web_table web_sign_mandate = {routes, ARRAY_LEN(routes)};
