/* SPDX-License-Identifier: Apache-2.0 */
#include "web/demo.h"

#include <stdio.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "web/login.h"
#include "web/web_private.h"

/* --- the mark --- */

#define MARK_SIZE (1 + DEMO_PERSONS * PID_SIZE)
static const char mark_ad[] = "aina demo mark 1";

bool demo_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE web_demo (id bigint PRIMARY KEY, sealed bytea NOT NULL)"},
    };
    return db_migrate(db, "web", migrations, ARRAY_LEN(migrations), err);
}

bool demo_mark_write(struct db *db, const uint8_t master[KEY_SIZE], const struct demo_mark *mark,
                     struct err *err)
{
    uint8_t key[KEY_SIZE], plain[MARK_SIZE] = {0}, sealed[MARK_SIZE + SEAL_OVERHEAD];
    struct db_stmt *stmt = db_sql(db, "INSERT INTO web_demo (id, sealed) VALUES (1, $1)", err);
    if (stmt == NULL)
        return false;
    plain[0] = (uint8_t)mark->n;
    memcpy(plain + 1, mark->pid, sizeof mark->pid);
    key_derive(key, master, "demo mark");
    seal(sealed, key, plain, sizeof plain, mark_ad, sizeof mark_ad);
    secret_wipe(key, sizeof key);
    db_bind_bytes(stmt, 1, sealed, sizeof sealed);
    return db_run(stmt, NULL, err);
}

bool demo_mark_read(struct db *db, const uint8_t master[KEY_SIZE], struct demo_mark *ret_mark,
                    struct err *err)
{
    uint8_t key[KEY_SIZE], plain[MARK_SIZE];
    struct db_stmt *stmt = db_sql(db, "SELECT sealed FROM web_demo WHERE id = 1", err);
    bool found, ok = false;
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    if (!found)
        return err_set(err, ERR_NOT_ALLOWED, "--demo",
                       "this instance is not a demonstration; aina demo makes one of a new instance");
    struct str sealed = db_bytes(stmt, 0);
    key_derive(key, master, "demo mark");
    if (sealed.n == MARK_SIZE + SEAL_OVERHEAD)
        ok = seal_open(plain, key, (const uint8_t *)sealed.p, sealed.n, mark_ad, sizeof mark_ad);
    secret_wipe(key, sizeof key);
    db_end(stmt);
    if (!ok || plain[0] == 0 || plain[0] > DEMO_PERSONS)
        return err_set(err, ERR_NOT_ALLOWED, "--demo",
                       "the mark in this database was not made by this instance; nobody is let in by button");
    ret_mark->n = plain[0];
    memcpy(ret_mark->pid, plain + 1, sizeof ret_mark->pid);
    return true;
}

/* --- log-in by button --- */

static bool host_is_loopback(struct str host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str name = str_of(names[i]);
        if (str_starts(host, name) && (host.n == name.n || host.p[name.n] == ':'))
            return true;
    }
    return false;
}

/* Straight from this machine: a proxy on it would let in the world. */
static bool came_straight(const struct http_request *request)
{
    static const char *const marks[] = {"Forwarded",         "X-Forwarded-For", "X-Forwarded-Host",
                                        "X-Forwarded-Proto", "X-Real-IP",       "Via"};
    struct str value, client = http_client(request);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (http_header(request, marks[i], &value) != 0)
            return false;
    return (str_starts(client, STR("127.")) || str_is(client, "::1")) && host_is_loopback(http_host(request));
}

static bool allowed(struct http_request *request, struct http_response *response)
{
    if (!web_of(request)->demo) {
        http_problem(request, response, 404, "not-found", "This server is no demonstration.");
        return false;
    }
    if (!came_straight(request)) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("The demonstration is open only on the machine that it runs on."));
        return false;
    }
    return true;
}

static void get_demo(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    if (!allowed(request, response))
        return;
    page_start(p, request, response, N_("Who do you want to be?"));
    MARKUP(p, "<p class=\"lead\">{}</p><ul class=\"ways\">",
           T(p, "All people and offices here are invented. What you do is logged like everywhere else."));
    const struct demo_plan *plan = &p->j->demo;
    for (size_t i = 0; i < plan->roles_n; i++) {
        const struct demo_role *role = &plan->roles[i];
        struct form_field who = {.name = "who", .value = page_number(p, i)};
        MARKUP(p, "<li>");
        form_button_as(p, FORM_SECOND, STR("/demo"), "/demo", page_texts(p, role->name), &who);
        MARKUP(p, "<p>{}", page_texts(p, role->about));
        if (role->office != NULL)
            MARKUP(p, "<br>{}, {}", page_texts(p, &role->office->agency->name),
                   page_texts(p, &role->office->name));
        MARKUP(p, "</p></li>");
    }
    MARKUP(p, "</ul>");
    page_end(p);
}

/* The n-th person of the plan is the n-th invented person. */
static bool find_person(const struct web *web, size_t role, struct person *ret_person)
{
    const struct demo_plan *plan = &web->api.jurisdiction->demo;
    size_t before = 0;
    for (size_t i = 0; i < role; i++)
        before += plan->roles[i].as == DEMO_PERSON;
    if (before >= web->demo_mark.n)
        return false;
    memcpy(ret_person->pid, web->demo_mark.pid[before], PID_SIZE);
    return true;
}

/* Officials of the demo are named agency-office-01 and so on, as aina demo made them: one for each role. */
static bool find_official(struct http_request *request, const struct demo_role *role, struct caller *c,
                          struct err *err)
{
    const struct demo_plan *plan = &web_of(request)->api.jurisdiction->demo;
    unsigned n = 1;
    for (const struct demo_role *before = plan->roles; before != role; before++)
        n += before->office == role->office;
    struct str code = str_of(arena_printf(http_arena(request), "%.*s-%.*s-%02u",
                                          STR_ARG(role->office->agency->id), STR_ARG(role->office->id), n));
    return people_official(web_db(request), code, local_today(web_of(request)->api.jurisdiction),
                           http_arena(request), &c->official, err);
}

/* As the folder says; each entry of it says that it is a demonstration's. */
static struct str demo_levels(struct http_request *request)
{
    char *text = arena_take(http_arena(request), LEVELS_TEXT_SIZE, 1);
    levels_demo_text(web_of(request)->api.jurisdiction->demo.level, text);
    return str_of(text);
}

static void post_demo(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    const struct demo_plan *plan = &web->api.jurisdiction->demo;
    struct caller caller = {.levels = demo_levels(request), .demo = true};
    struct err err;
    uint64_t who;
    if (!allowed(request, response))
        return;
    if (!text_u64(form_value(request, "who"), &who) || who >= plan->roles_n) {
        http_problem(request, response, 400, "usage", "Press one of the buttons.");
        return;
    }
    const struct demo_role *role = &plan->roles[who];
    static const enum caller_kind kinds[] = {
        [DEMO_PERSON] = CALLER_PERSON, [DEMO_OFFICIAL] = CALLER_OFFICIAL, [DEMO_AUDITOR] = CALLER_AUDITOR};
    caller.kind = kinds[role->as];
    bool ok = role->as == DEMO_PERSON
                  ? find_person(web, who, &caller.person) ||
                        err_set(&err, ERR_NOT_FOUND, "person", "there is no such invented person")
                  : find_official(request, role, &caller, &err);
    if (!ok) {
        http_problem_err(request, response, &err);
        return;
    }
    if (web_log_in(request, response, &caller)) {
        struct visitor as = {.access = role->as == DEMO_PERSON         ? WEB_PERSON
                                       : role->as == DEMO_AUDITOR      ? WEB_AUDITOR
                                       : role->office->reviewer        ? WEB_REVIEWER
                                       : role->office->purposes_n != 0 ? WEB_OFFICIAL
                                                                       : WEB_CASES};
        http_redirect(response, 303, login_goal(request, response, web_start_of(&as)));
    }
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/demo",
     .handler = get_demo,
     .access = WEB_ANYONE,
     .summary = "Who can be tried"},
    {.method = HTTP_POST,
     .path = "/demo",
     .handler = post_demo,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Log in by button"},
};
const struct web_table web_demo = {routes, ARRAY_LEN(routes)};
