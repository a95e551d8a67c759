/* SPDX-License-Identifier: Apache-2.0 */
/* sign_staff.c: an official enters the key that acts are signed with, and an administrator of the agency,
 * another person, confirms it (people/staff_key.h). */
#include "people/staff_key.h"

#include <stdio.h>

#include "base/clock.h"
#include "people/number.h"
#include "people/told.h"
#include "web/sign.h"
#include "web/web_private.h"

#define OFFICIALS (WEB_OFFICIAL | WEB_CASES | WEB_REVIEWER | WEB_ADMINISTRATOR)

static struct str masked(const struct page *p, struct str number)
{
    char mask[64];
    if (number.n == 0)
        return STR("");
    number_mask(number, mask);
    return str_dup(p->arena, str_of(mask));
}

static void write_key(struct page *p, const struct staff_key *k)
{
    facts_start(p);
    fact(p, T(p, "Name in the certificate"), k->name);
    fact(p, T(p, "Number"), masked(p, k->number));
    fact(p, T(p, "Organisation"), masked(p, k->organisation));
    fact(p, T(p, "Entered"), page_time(p, k->made));
    fact(p, T(p, "Confirmed by"), k->confirmed_by);
    facts_end(p);
}

/* --- the official --- */

static bool own_key(struct page *p, bool *ret_found, struct staff_key *ret)
{
    struct err err;
    if (staff_key_of(p->web->api.people, web_db(p->request), p->visitor->caller.official.staff_code, p->arena,
                     ret_found, ret, &err))
        return true;
    http_problem_err(p->request, p->response, &err);
    return false;
}

static void write_own(struct page *p, bool found, const struct staff_key *k)
{
    page_open(p, T(p, "My signing key"), STR("/desk"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><p>{}</p>",
           T(p, "Some acts are signed: whoever decides signs the decision with a key of the certificate "
                "authority."),
           T(p, "Sign one text with the key that your agency gave you. An administrator of your agency then "
                "confirms that it is you. A new certificate with the same numbers needs nothing new."));
    if (found) {
        page_note(p, k->confirmed_by.n ? "good" : "info",
                  k->confirmed_by.n ? T(p, "Your key is confirmed: you can sign acts.")
                                    : T(p, "It waits for an administrator of your agency."));
        write_key(p, k);
    }
    if (!sign_possible(p->web)) {
        page_note(p, "info",
                  T(p, "No certificate authority is set up here whose signatures could be checked."));
    } else {
        form_start(p, STR("/desk/signing-key"), "/desk/signing-key");
        form_end(p, found ? N_("Enter another key") : N_("Write the text"));
    }
    page_end(p);
}

static void get_own(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct staff_key k;
    bool found;
    page_init(p, request, response);
    if (own_key(p, &found, &k))
        write_own(p, found, &k);
}

bool sign_staff_ready(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct staff_key k;
    bool found;
    page_init(p, request, response);
    if (!own_key(p, &found, &k))
        return false;
    if (found && k.confirmed_by.n != 0)
        return true;
    http_status(response, 409);
    page_open(p, T(p, "Enter your signing key first"), STR(""), NULL, 0);
    page_note(p, "info",
              found ? T(p, "It waits for an administrator of your agency.")
                    : T(p, "This act is signed, and your key is not known here yet."));
    MARKUP(
        p, "<p>{}</p><p><a class=\"button\" href=\"/desk/signing-key\">{}</a></p>",
        T(p, "Nothing of yours was written. Copy what you typed, and come back when the key is confirmed."),
        T(p, "My signing key"));
    page_end(p);
    return false;
}

static struct str office_words(const struct page *p)
{
    const struct visitor *v = p->visitor;
    return TF(p, "{}: {}", page_texts(p, &v->agency->name), page_texts(p, &v->office->name));
}

static void post_own(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct account account = account_of(&p->visitor->caller);
    const struct sign_want want = {
        .title = T(p, "The key of an official"),
        .words = TF(p, "I am the official with the staff code {} ({}). My acts are signed with this key.",
                    account.staff_code, office_words(p)),
        .matter = STR("staff-key"),
        .capacity = SIGNING_OFFICIAL};
    sign_begin(request, response, SIGNING_STAFF, &account, &want, STR("/desk/signing-key"));
}

struct entering {
    struct web *web;
    const struct visitor *visitor;
    struct signing *signing;
    struct str words; /* of the entry */
    struct told told, office;
};

/* What befalls an official's key is an entry in their own list at the agency. */
static struct told told_official(const struct visitor *v, struct str staff_code, const char *outcome)
{
    return (struct told){.kind = KIND_LOG_IN,
                         .staff_code = staff_code,
                         .agency = v->agency,
                         .office = v->office,
                         .actor = v->caller.official.staff_code,
                         .capacity = v->caller.capacity,
                         .mandate = v->caller.mandate,
                         .levels = v->caller.levels,
                         .outcome = str_of(outcome)};
}

/* Whose number it is, if registered here, is told: nobody is made an official's key without knowing. The
 * number stays out of the agency's list: the evidence's hash ties the two entries. */
static bool enter(struct db *db, void *arg, struct err *err)
{
    struct entering *e = arg;
    struct people *people = e->web->api.people;
    struct signing once = *e->signing;
    bool found;
    char name[64];
    snprintf(name, sizeof name, "staff %s", e->signing->id);
    e->office = told_official(e->visitor, e->visitor->caller.official.staff_code, "staff-key-entered");
    e->office.reason = e->words;
    e->told = (struct told){.kind = KIND_LOG_IN,
                            .office = e->visitor->office,
                            .actor = e->visitor->caller.official.staff_code,
                            .capacity = STR("official"),
                            .levels = e->visitor->caller.levels,
                            .outcome = STR("staff-key"),
                            .reason = e->words,
                            .also = &e->office};
    if (!people_find(people, db, once.scheme, once.number, &found, &e->told.person, err))
        return false;
    e->told.nothing = !found;
    return signing_spend(people, db, &once, err) &&
           staff_key_enter(people, db, &e->visitor->caller.official, e->signing, clock_now(), err) &&
           signing_evidence_keep(people, db, str_of(name), &e->signing->account, e->signing, clock_now(),
                                 err);
}

void sign_end_staff(struct http_request *request, struct http_response *response, struct signing *s)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    struct entering e = {.web = web,
                         .visitor = v,
                         .signing = s,
                         .words = signing_evidence_words(s->evidence, http_arena(request))};
    uint64_t position;
    struct err err;
    if (v->caller.kind != CALLER_OFFICIAL || v->office == NULL || (v->access & OFFICIALS) == 0 ||
        !str_eq(v->caller.official.staff_code, s->account.staff_code)) {
        http_problem(request, response, 401, "not-authenticated", "%s", "");
        return;
    }
    if (!told_tx(web->api.gate, web_db(request), web->api.jurisdiction, enter, &e, &e.told, &position,
                 &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    http_redirect(response, 303, "/desk/signing-key");
}

/* --- the administrator --- */

static void get_waiting(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct staff_key *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    const struct official *by = &p->visitor->caller.official;
    if (!staff_keys_waiting(p->web->api.people, web_db(request), by, p->arena, &list, &n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Signing keys of officials"), STR("/desk/admin"), NULL, 0);
    MARKUP(
        p, "<p class=\"lead\">{}</p>",
        T(p, "Confirm only what you know: that the certificate is of the person who has this staff code."));
    if (n == 0)
        page_note(p, "info", T(p, "Nothing waits."));
    for (size_t i = 0; i < n; i++) {
        struct form_field id = {
            .name = "key",
            .value = str_of(arena_printf(p->arena, "%.*s %s", STR_ARG(list[i].staff_code), list[i].signing))};
        MARKUP(p, "<div class=\"card\"><h2><bdi>{}</bdi></h2>", list[i].staff_code);
        write_key(p, &list[i]);
        if (!str_eq(list[i].staff_code, by->staff_code))
            form_button(p, STR("/desk/admin/signing-keys/confirm"), "/desk/admin/signing-keys/confirm",
                        TF(p, "Confirm: {}", list[i].staff_code), &id);
        form_start(p, STR("/desk/admin/signing-keys/drop"), "/desk/admin/signing-keys/drop");
        MARKUP(p,
               "<input type=\"hidden\" name=\"key\" value=\"{}\"><button "
               "class=\"second\">{}</button></form></div>",
               id.value, TF(p, "Drop: {}", list[i].staff_code));
    }
    page_end(p);
}

struct deciding {
    const struct web *web;
    const struct visitor *visitor;
    struct str staff_code, signing;
    bool confirm;
    struct told told;
};

static bool decide_and_tell(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    d->told =
        told_official(d->visitor, d->staff_code, d->confirm ? "staff-key-confirmed" : "staff-key-dropped");
    return staff_key_decide(d->web->api.people, db, d->web->api.jurisdiction, &d->visitor->caller.official,
                            d->staff_code, d->signing, d->confirm, err);
}

static void decide(struct http_request *request, struct http_response *response, bool confirm)
{
    struct web *web = web_of(request);
    struct deciding d = {.web = web,
                         .visitor = web_visitor(request),
                         .signing = form_value(request, "key"),
                         .confirm = confirm};
    uint64_t position;
    struct err err;
    (void)str_next(&d.signing, ' ', &d.staff_code);
    if (told_tx(web->api.gate, web_db(request), web->api.jurisdiction, decide_and_tell, &d, &d.told,
                &position, &err)) {
        if (position != 0)
            http_hold(response, position);
        http_redirect(response, 303, "/desk/admin/signing-keys");
    } else if (err.code == ERR_NOT_FOUND) {
        http_problem(request, response, 422, "not-found", "%s",
                     N_("This key is not there any more: it was confirmed, dropped, or entered anew."));
    } else if (err.code == ERR_NOT_ALLOWED) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("Nobody confirms their own key: another administrator does."));
    } else {
        http_problem_err(request, response, &err);
    }
}

static void post_confirm(struct http_request *request, struct http_response *response)
{
    decide(request, response, true);
}

static void post_drop(struct http_request *request, struct http_response *response)
{
    decide(request, response, false);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/signing-key",
     .handler = get_own,
     .access = WEB_OFFICIAL | WEB_CASES | WEB_REVIEWER | WEB_ADMINISTRATOR,
     .summary = "My signing key"},
    {.method = HTTP_POST,
     .path = "/desk/signing-key",
     .handler = post_own,
     .access = WEB_OFFICIAL | WEB_CASES | WEB_REVIEWER | WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Write the text that enters a key"},
    {.method = HTTP_GET,
     .path = "/desk/admin/signing-keys",
     .handler = get_waiting,
     .access = WEB_ADMINISTRATOR,
     .summary = "Signing keys of officials"},
    {.method = HTTP_POST,
     .path = "/desk/admin/signing-keys/confirm",
     .handler = post_confirm,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Confirm a signing key"},
    {.method = HTTP_POST,
     .path = "/desk/admin/signing-keys/drop",
     .handler = post_drop,
     .access = WEB_ADMINISTRATOR,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Drop a signing key"},
};
const struct web_table web_sign_staff = {routes, ARRAY_LEN(routes)};
