/* SPDX-License-Identifier: Apache-2.0 */
/* desk_enrol.c: a code for a first passkey, given out at a counter to the person whose document the clerk
 * saw; or to one whose phone is lost. The person reads in their list which clerk did, and their phone is
 * told. Where they have passkeys already, what is made by the code only reads for a day (recovery.h). */
#include "people/recovery.h"

#include "base/clock.h"
#include "crypto/keys.h"
#include "people/limit.h"
#include "people/passkey.h"
#include "people/told.h"
#include "web/login.h"
#include "web/presence.h"

enum { F_NUMBER, F_DOCUMENT, F_LOST, FIELDS };

static void fields_of(struct page *p, struct form_field fields[FIELDS])
{
    fields[F_NUMBER] =
        (struct form_field){.name = "number",
                            .label = page_texts(p, &p->j->person_number_name),
                            .hint = T(p, "Of the person in front of you, from their document."),
                            .value = form_value(p->request, "number"),
                            .max = 40,
                            .inputmode = "numeric"};
    fields[F_DOCUMENT] =
        (struct form_field){.name = "document",
                            .label = T(p, "Last four characters of the document's number"),
                            .hint = T(p, "You compared the face with the picture. The person is shown them."),
                            .value = form_value(p->request, "document"),
                            .max = 4};
    fields[F_LOST] = (struct form_field){
        .kind = FORM_CHECK,
        .name = "lost",
        .label = T(p, "Their phone was lost or stolen: messages to it and its authenticator app end now"),
        .value = form_value(p->request, "lost"),
        .optional = true};
}

static void write_page(struct page *p, struct form_field fields[FIELDS])
{
    page_open(p, T(p, "A code for a passkey"), STR("/desk/assist"), fields, FIELDS);
    MARKUP(
        p, "<p class=\"lead\">{}</p>",
        T(p,
          "For the person in front of you, whose document you have in your hand. With the code they make a "
          "passkey on their own phone, today. It is an entry in their list, with your staff code."));
    form_start(p, STR("/desk/enrol"), "/desk/enrol");
    for (size_t i = 0; i < FIELDS; i++)
        form_field(p, &fields[i]);
    form_end(p, N_("Give out a code"));
    page_end(p);
}

static void get_enrol(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    page_init(p, request, response);
    if (!presence_free(request, response))
        return;
    fields_of(p, fields);
    write_page(p, fields);
}

struct issuing {
    struct web *web;
    const struct visitor *visitor;
    struct account account;
    struct str ground;
    bool lost;
    char code[1][CODE_SIZE], stop[CODE_SIZE];
    struct told told;
};

static bool issue(struct db *db, void *arg, struct err *err)
{
    struct issuing *i = arg;
    const struct visitor *v = i->visitor;
    struct people *people = i->web->api.people;
    int64_t now = clock_now();
    uint64_t keys;
    i->stop[0] = '\0';
    i->told = (struct told){.kind = KIND_LOG_IN,
                            .person = i->account.person,
                            .office = v->office,
                            .actor = v->caller.official.staff_code,
                            .capacity = v->caller.capacity,
                            .mandate = v->caller.mandate,
                            .levels = v->caller.levels,
                            .outcome = i->lost ? STR("code-issued-lost") : STR("code-issued"),
                            .reason = i->ground,
                            .purpose = v->office->purposes_n ? v->office->purposes[0]->id : STR("")};
    if (i->lost &&
        (!phone_remove(people, db, &i->account, err) || !totp_remove(people, db, &i->account, err)))
        return false;
    return passkey_count(people, db, &i->account, &keys, err) &&
           (keys == 0 || recovery_begin(people, db, &i->account, now, i->stop, err)) &&
           code_issue(people, db, &i->account, CODE_COUNTER, 3, now, i->code, err);
}

static void write_code(struct page *p, const struct issuing *i)
{
    struct webauthn_site site;
    login_site(p->request, &site);
    page_open(p, T(p, "A code for a passkey"), STR("/desk/assist"), NULL, 0);
    MARKUP(p,
           "<p class=\"lead\">{}</p><p><code class=\"big\">{}</code></p><ol><li>{}</li><li>{}</li><li>{}</li>"
           "</ol>",
           T(p, "Hand this to the person. It is shown once, works once, and until tomorrow at this time."),
           str_of(i->code[0]),
           TF(p, "On their own phone they open {}",
              str_of(arena_printf(p->arena, "%.*s/login/code", STR_ARG(site.origins[0])))),
           TF(p, "They type their {} and this code", page_texts(p, &p->j->person_number_name)),
           T(p, "They press “Make a passkey on this device”; the phone asks for finger, face or PIN."));
    if (i->stop[0] != '\0')
        page_note(
            p, "info",
            T(p, "They have passkeys already, so the new one only shows their page for its first day. What "
                 "cannot wait you do with them here."));
    MARKUP(p, "<p><a href=\"/desk/assist\">{}</a></p>", T(p, "At the counter"));
    page_end(p);
}

/* False: answered. */
static bool tell_phone(struct http_request *request, const struct issuing *i, struct err *err)
{
    return stop_notice(
        request, &i->account,
        N_("Aina: a code for your page was given out at a counter. If you were not there, go to "
           "your page or to a counter."),
        N_("Aina: a code for your page was given out at a counter. If you were not there, stop it "
           "here:"),
        i->stop, err);
}

static bool typed(struct page *p, struct form_field fields[FIELDS], char normal[32])
{
    (void)form_person_number(p, &fields[F_NUMBER], normal);
    if (!assist_document_valid(fields[F_DOCUMENT].value))
        fields[F_DOCUMENT].error =
            T(p, "Write the last four letters or digits, as they stand in the document.");
    return !form_wrong(fields, FIELDS);
}

static void post_enrol(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    char normal[32];
    bool real = true;
    int64_t wait;
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    if (!presence_free(request, response))
        return;
    fields_of(p, fields);
    struct issuing i = {.web = web_of(request), .visitor = p->visitor, .lost = fields[F_LOST].value.n != 0};
    if (!typed(p, fields, normal)) {
        http_status(response, 422);
        write_page(p, fields);
        return;
    }
    if (!limit_take(p->web->api.people, web_db(request), &limit_enrol, p->visitor->caller.official.staff_code,
                    clock_now(), &wait, &err) ||
        !factor_account(p->web->api.people, web_db(request), p->j->person_scheme, str_of(normal), &i.account,
                        &real, &err) ||
        (!real && wait == 0 &&
         !asked_for_nobody(request, response, p->visitor->caller.capacity,
                           p->visitor->office->purposes_n ? p->visitor->office->purposes[0]->id : STR(""),
                           &err))) {
        http_problem_err(request, response, &err);
        return;
    }
    if (wait != 0 || !real) {
        fields[F_NUMBER].error = wait != 0
                                     ? T(p, "You gave out many codes. Wait ten minutes for the next one.")
                                     : T(p, "Nobody has this number. Your asking stands in your agency's "
                                            "list.");
        http_status(response, wait != 0 ? 429 : 422);
        write_page(p, fields);
        return;
    }
    i.ground = assist_document(p, fields[F_DOCUMENT].value);
    if (!told_tx(i.web->api.gate, web_db(request), p->j, issue, &i, &i.told, &position, &err) ||
        !tell_phone(request, &i, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    write_code(p, &i);
    secret_wipe(i.code, sizeof i.code);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/enrol",
     .handler = get_enrol,
     .access = WEB_COUNTER,
     .summary = "A code for a passkey"},
    {.method = HTTP_POST,
     .path = "/desk/enrol",
     .handler = post_enrol,
     .access = WEB_COUNTER,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Give out a code for a passkey"},
};
const struct web_table web_desk_enrol = {routes, ARRAY_LEN(routes)};
