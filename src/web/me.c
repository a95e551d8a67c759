/* SPDX-License-Identifier: Apache-2.0 */
/* me.c: a person's start page, and the data held about them: each opening is a look by oneself, logged. */
#include "base/clock.h"
#include "case/notice.h"
#include "case/offer.h"
#include "people/mandate.h"
#include "web/entry.h"
#include "web/login.h"
#include "web/web_private.h"

static void write_way(struct page *p, const char *path, struct str name, struct str words)
{
    MARKUP(p, "<li><a href=\"{}\">{}</a><p>{}</p></li>", str_of(path), name, words);
}

/* What nobody opens for another. */
static void write_own_ways(struct page *p)
{
    write_way(p, "/me/consents", T(p, "My consents"),
              T(p, "What you allow agencies to look at, for how long, and how to take it back."));
    write_way(p, "/me/documents", T(p, "My documents"),
              T(p, "What was issued to you, to show, print or send. Anybody can check it."));
    write_way(p, "/me/questions", T(p, "My questions"),
              T(p, "What you asked about looks, and what was answered."));
    write_way(p, "/me/looks/export", T(p, "Download my list"),
              T(p, "All your entries as a file, and how to check them without us."));
}

static void get_me(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const uint8_t *pid = p->visitor->caller.person.pid;
    uint64_t unread = 0, offered = 0;
    struct err err;
    if (!p->visitor->caller.acting &&
        (!notices_unread(p->web->beside, web_db(request), pid, &unread, &err) ||
         !offers_open(p->web->beside, web_db(request), pid, clock_now(), &offered, &err))) {
        http_problem_err(request, response, &err);
        return;
    }
    bool own = !p->visitor->caller.acting;
    page_open(p, own ? T(p, "My page") : page_for_whom(p), (struct str){0}, NULL, 0);
    if (!own)
        page_note(p, "info",
                  T(p, "What you open, send and pay here is theirs. Each act stands in their list, with your "
                       "mandate."));
    if (!stop_offer(p, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    MARKUP(p, "<ul class=\"ways\">");
    write_way(p, "/me/cases", own ? T(p, "My cases") : T(p, "Their cases"),
              T(p, "What you have begun and sent, how it stands, and what you can do."));
    if (!p->visitor->caller.acting)
        write_way(p, "/me/offers",
                  offered != 0 ? TF(p, "Offered to me: {} open", page_number(p, offered))
                               : T(p, "Offered to me"),
                  T(p, "Services that are due to you by what the state knows. Declining does no harm."));
    write_way(p, "/services", T(p, "Services"), T(p, "Find what you need and apply for it here."));
    if (!p->visitor->caller.acting)
        write_way(p, "/me/messages",
                  unread != 0 ? TF(p, "My messages: {} new", page_number(p, unread)) : T(p, "My messages"),
                  T(p, "What you are told of your cases."));
    if (!p->visitor->caller.acting)
        write_way(p, "/me/sign", T(p, "Asked for my agreement"),
                  T(p, "Cases of others in which you must agree."));
    write_way(p, "/me/pay", T(p, "Fees and payments"), T(p, "What is to be paid, and what was."));
    if (own)
        write_way(p, "/me/looks", T(p, "Who looked at my data"),
                  T(p, "Every look and every refused look, with a proof for each."));
    write_way(p, "/me/data", own ? T(p, "My data in the registries") : T(p, "Their data in the registries"),
              own ? T(p, "What is held about you. Looking at it is an entry too.")
                  : T(p, "What your mandate covers. Looking at it is an entry in their list."));
    if (own)
        write_own_ways(p);
    write_way(p, "/me/mandates", T(p, "Acting for others"),
              T(p, "For whom you act, who acts for you, and how to end it."));
    if (own && !p->visitor->caller.demo)
        write_way(p, "/me/keys", T(p, "Keys and log-ins"),
                  T(p, "Your passkeys, and where you are logged in."));
    MARKUP(p, "</ul>");
    page_end(p);
}

/* --- data --- */

/* The purpose under which a person opens their own record here; NULL: none. */
const struct purpose *own_purpose(const struct registry *registry)
{
    for (size_t i = 0; i < registry->lookups_n; i++)
        if (registry->lookups[i].purpose->self)
            return registry->lookups[i].purpose;
    return NULL;
}

static void write_registries(struct page *p, bool apart)
{
    MARKUP(p, "<ul class=\"ways\">");
    for (size_t i = 0; i < p->j->registries_n; i++) {
        const struct registry *registry = &p->j->registries[i];
        if (registry->organisations || registry->protected_category != apart || own_purpose(registry) == NULL)
            continue;
        struct str action = str_of(arena_printf(p->arena, "/me/data/%.*s", STR_ARG(registry->id)));
        MARKUP(p, "<li><h2>{}</h2><p>{}</p>", page_texts(p, &registry->name),
               page_texts(p, &registry->holder->name));
        form_button_as(p, FORM_SECOND, action, "/me/data/{registry}",
                       TF(p, "Open: {}", page_texts(p, &registry->name)), NULL);
        MARKUP(p, "</li>");
    }
    MARKUP(p, "</ul>");
}

static void get_data(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    page_open(p, T(p, "My data in the registries"), STR("/me"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "Nobody opens a record without an entry, you neither: each opening stands in your list."));
    write_registries(p, false);
    MARKUP(p, "<details><summary>{}</summary><p>{}</p>", T(p, "Registries that are kept apart"),
           T(p, "They are listed for everybody alike, whether there is a record or not."));
    write_registries(p, true);
    MARKUP(p, "</details>");
    page_end(p);
}

static void write_answer(struct page *p, const struct gate_answer *answer)
{
    for (size_t r = 0; r < answer->records_n; r++) {
        MARKUP(p, "<section class=\"card\">");
        if (answer->records_n > 1)
            MARKUP(p, "<h2>{}</h2>", TF(p, "Record {}", page_number(p, r + 1)));
        facts_start(p);
        for (size_t f = 0; f < answer->registry->fields_n; f++) {
            const struct field *field = &answer->registry->fields[f];
            fact(p, page_texts(p, &field->name), page_value(p, field, answer->records[r].value[f]));
        }
        facts_end(p);
        MARKUP(p, "</section>");
    }
    if (answer->records_n == 0)
        page_note(p, "info", T(p, "Nothing is held about you here."));
}

static void post_data(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_answer answer;
    struct err err;
    page_init(p, request, response);
    const struct registry *registry = jurisdiction_registry(p->j, http_part(request, 0));
    const struct purpose *purpose = registry ? own_purpose(registry) : NULL;
    if (purpose == NULL || registry->organisations) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    const struct caller *caller = &p->visitor->caller;
    if (caller->acting && (registry->protected_category || purpose->protected_category ||
                           !scope_covers(caller->scope, purpose->id))) {
        http_problem(
            request, response, 403, "not-allowed", "%s",
            N_("Your mandate does not open this registry: it is another matter, or the person's alone."));
        return;
    }
    if (!login_reaches(request, response, purpose->minimum))
        return;
    struct gate_request look = {.actor = STR(""),
                                .capacity = caller->capacity,
                                .mandate = caller->acting ? caller->mandate : STR(""),
                                .levels = caller->levels,
                                .purpose = purpose->id,
                                .registry = registry->id,
                                .case_no = STR(""),
                                .order = STR(""),
                                .reason = STR(""),
                                .pid = caller->subject.pid};
    if (!gate_look(p->web->api.gate, web_db(request), &look, p->arena, &answer, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, page_texts(p, &registry->name), STR("/me/data"), NULL, 0);
    if (answer.reason == GATE_ADMITTED)
        write_answer(p, &answer);
    else
        page_note(p, "bad", page_text(p, gate_reason_words(answer.reason)));
    MARKUP(p, "<p class=\"small\"><a href=\"/me/looks/{}\">{}</a></p>",
           str_of(arena_printf(p->arena, "%llu", (unsigned long long)answer.leaf)),
           TF(p, "This look is entry {} of the log", page_number(p, answer.leaf)));
    page_end(p);
    http_hold(response, answer.position);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me",
     .handler = get_me,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "My page"},
    {.method = HTTP_GET,
     .path = "/me/data",
     .handler = get_data,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "My data in the registries"},
    {.method = HTTP_POST,
     .path = "/me/data/{registry}",
     .handler = post_data,
     .access = WEB_PERSON | WEB_FOR_OTHERS | WEB_READS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Open my record"},
};
const struct web_table web_me = {routes, ARRAY_LEN(routes)};
