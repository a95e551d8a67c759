/* SPDX-License-Identifier: Apache-2.0 */
/* stop.c: "it was not me". Whoever came back in by a code or a signature can be stopped for a day: from the
 * person's own page, or by the address in the message that they got. In that address the code stands behind
 * the '#', which no browser sends and no server writes down; without scripts it is typed. */
#include "people/recovery.h"

#include "base/clock.h"
#include "people/limit.h"
#include "web/login.h"
#include "web/web_private.h"

bool stop_notice(struct http_request *request, const struct account *account, const char *plain_msgid,
                 const char *msgid, const char *code, struct err *err)
{
    struct web *web = web_of(request);
    struct webauthn_site site;
    login_site(request, &site);
    bool stops = code[0] != '\0';
    struct str words =
        words_in(web->api.jurisdiction, web_visitor(request)->language, stops ? msgid : plain_msgid);
    if (stops)
        words = str_of(arena_printf(http_arena(request), "%.*s %.*s/stop#%s", STR_ARG(words),
                                    STR_ARG(site.origins[0]), code));
    return notice_send(web->api.people, web_db(request), web->messages, account, words, clock_now(), err);
}

/* Not to whoever came in so: they know it. */
bool stop_offer(struct page *p, struct err *err)
{
    const struct caller *c = &p->visitor->caller;
    const struct account account = account_of(c);
    int64_t until;
    if (c->acting || c->demo || recovery_only_reads(c) || c->way == WAY_SIGNATURE)
        return true;
    if (!recovery_open(p->web->api.people, web_db(p->request), &account, clock_now(), &until, err))
        return false;
    if (until == 0)
        return true;
    MARKUP(p, "<div class=\"errors\" role=\"region\" aria-label=\"{}\"><h2>{}</h2><p>{}</p>", T(p, "Warning"),
           T(p, "Somebody came in by a code or a signature"),
           TF(p,
              "If it was you, there is nothing to do. If not, stop it: until {} what they have only reads. "
              "Passkeys made in that time, other log-ins and codes on paper end; your other passkeys stay.",
              page_time(p, until)));
    form_button_as(p, FORM_WARNING, STR("/me/stop"), "/me/stop", T(p, "It was not me: stop this"), NULL);
    MARKUP(p, "</div>");
    return true;
}

static void write_stopped(struct page *p)
{
    page_open(p, T(p, "It is stopped"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><ul><li>{}</li><li>{}</li></ul>",
           T(p, "Passkeys made since then, other log-ins and all codes on paper have ended. Your other "
                "passkeys, your app and your phone work as before."),
           T(p, "Log in with your passkey, print ten new codes, and look at who looked at your data."),
           T(p, "If you have no passkey any more, go to a counter with your document."));
    MARKUP(p, "<p><a class=\"button\" href=\"{}\">{}</a></p>",
           p->visitor->caller.kind == CALLER_NOBODY ? STR("/login") : STR("/me/keys"),
           p->visitor->caller.kind == CALLER_NOBODY ? T(p, "Log in") : T(p, "Keys and log-ins"));
    page_end(p);
}

/* --- from one's own page --- */

struct stopping {
    struct login_change is;
    struct account account;
    struct told told; /* by a code */
};

static bool stop_own(struct db *db, void *arg, struct err *err)
{
    struct stopping *s = arg;
    const struct caller *c = &web_visitor(s->is.request)->caller;
    const struct account account = account_of(c);
    const uint8_t *keep = recovery_only_reads(c) ? NULL : c->session;
    int64_t until;
    if (!recovery_open(web_of(s->is.request)->api.people, db, &account, clock_now(), &until, err))
        return false;
    s->is.told.nothing = until == 0;
    return until == 0 ||
           recovery_stop(web_of(s->is.request)->api.people, db, &account, keep, clock_now(), err);
}

static void post_own(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct stopping s = {0};
    struct err err;
    if (!login_change(request, response, "stopped", stop_own, &s.is, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_init(p, request, response);
    write_stopped(p);
}

/* --- by the message --- */

static void write_form(struct page *p, const char *wrong)
{
    struct form_field code = {.name = "code",
                              .label = T(p, "Code"),
                              .hint =
                                  T(p, "Ten letters and digits, at the end of the address in the message."),
                              .value = form_value(p->request, "code"),
                              .error = wrong ? page_text(p, wrong) : STR(""),
                              .max = 20};
    page_open(p, T(p, "It was not me"), STR(""), &code, 1);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "You got a message that somebody came in to your page. If it was not you, stop it here. You "
                "need not log in."));
    form_start(p, STR("/stop"), "/stop");
    MARKUP(p, "<div data-hash=\"code\">");
    form_field(p, &code);
    MARKUP(p, "</div>");
    p->passkey = true; /* passkey.js takes the code out of the address */
    form_end_as(p, FORM_WARNING, N_("It was not me: stop this"));
    page_end(p);
}

static void get_stop(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    write_form(p, NULL);
}

static bool stop_by_code(struct db *db, void *arg, struct err *err)
{
    struct stopping *s = arg;
    struct http_request *request = s->is.request;
    struct people *people = web_of(request)->api.people;
    bool found;
    if (!recovery_of_code(people, db, form_value(request, "code"), clock_now(), http_arena(request), &found,
                          &s->account, err))
        return false;
    found = found && s->account.kind == CALLER_PERSON; /* no message goes to an official */
    s->told = (struct told){.kind = KIND_LOG_IN,
                            .person = s->account.person,
                            .capacity = STR("self"),
                            .outcome = STR("stopped"),
                            .reason = STR(""),
                            .nothing = !found};
    if (!found)
        s->account.kind = CALLER_NOBODY;
    return !found || recovery_stop(people, db, &s->account, NULL, clock_now(), err);
}

/* The log-in of this browser ended too, where it was the same person's. */
static void forget_ended(struct http_request *request, struct http_response *response,
                         const struct account *account)
{
    struct visitor *v = http_caller(request);
    if (v->caller.kind != CALLER_PERSON || memcmp(v->caller.person.pid, account->person.pid, PID_SIZE) != 0)
        return;
    web_log_out(request, response);
    *v = (struct visitor){.language = v->language, .access = WEB_ANYONE};
}

static void post_stop(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct page page, *p = &page;
    struct stopping s = {.is.request = request};
    char network[LIMIT_NETWORK_SIZE];
    uint64_t position = 0;
    int64_t wait;
    struct err err;
    page_init(p, request, response);
    limit_network_of(http_client(request), network);
    if (!limit_take(web->api.people, web_db(request), &limit_stop, str_of(network), clock_now(), &wait,
                    &err) ||
        (wait == 0 && !told_tx(web->api.gate, web_db(request), web->api.jurisdiction, stop_by_code, &s,
                               &s.told, &position, &err))) {
        http_problem_err(request, response, &err);
        return;
    }
    if (position != 0)
        http_hold(response, position);
    if (wait == 0 && s.account.kind == CALLER_PERSON) {
        forget_ended(request, response, &s.account);
        write_stopped(p);
        return;
    }
    http_status(response, wait != 0 ? 429 : 422);
    write_form(p, wait != 0
                      ? N_("Too many tries. Wait a little; each wrong try makes the wait longer.")
                      : N_("This code stops nothing: it was used, is older than a day, or has a slip."));
}

static const struct http_route routes[] = {
    {.method = HTTP_POST,
     .path = "/me/stop",
     .handler = post_own,
     .access = WEB_SELF,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Stop who came in by a code"},
    {.method = HTTP_GET,
     .path = "/stop",
     .handler = get_stop,
     .access = WEB_ANYONE,
     .summary = "It was not me"},
    {.method = HTTP_POST,
     .path = "/stop",
     .handler = post_stop,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Stop who came in by a code, with the code of the message"},
};
const struct web_table web_stop = {routes, ARRAY_LEN(routes)};
