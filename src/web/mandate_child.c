/* SPDX-License-Identifier: Apache-2.0 */
/* mandate_child.c: a parent, or a guardian, asks to act for a child. The register says whether they may; a
 * number that nobody has, and one whose record names somebody else, get the same answer after the same work.
 */
#include "base/clock.h"
#include "jurisdiction/service.h"
#include "people/factor.h"
#include "people/mandate.h"
#include "people/told.h"
#include "web/login.h"
#include "web/web_private.h"

static const enum capacity asked[] = {CAPACITY_PARENT, CAPACITY_GUARDIAN};

static void write_page(struct page *p, struct form_field *number)
{
    page_open(p, T(p, "Act for my child"), STR("/me/mandates"), number, 1);
    MARKUP(p, "<p class=\"lead\">{}</p><p>{}</p>",
           T(p, "The register of births says who a child's parents and guardians are. It is asked now, and "
                "again each time you act."),
           T(p,
             "It ends by itself on the day the child comes of age. What you do stands in the child's list. "
             "Records that are kept apart stay the child's own."));
    form_start(p, STR("/me/child"), "/me/child");
    form_field(p, number);
    form_end(p, N_("Ask the register"));
    page_end(p);
}

static struct form_field number_field(struct page *p)
{
    return (struct form_field){.name = "number",
                               .label = page_texts(p, &p->j->person_number_name),
                               .hint = T(p, "Of the child, as it stands on the birth certificate."),
                               .value = form_value(p->request, "number"),
                               .max = 40,
                               .inputmode = "numeric"};
}

static void get_child(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    struct form_field number = number_field(p);
    write_page(p, &number);
}

/* In which capacity the register lets them act; each that the folder knows is asked. */
static bool ask(struct page *p, struct mandate *m, bool *ret_says, struct err *err)
{
    *ret_says = false;
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        const struct registry *registry;
        bool says;
        int32_t born;
        if (jurisdiction_relation(p->j, str_of(capacity_facts[asked[i]].code), &registry) == NULL)
            continue;
        if (!mandate_register_says(p->web->api.people, web_db(p->request), registry, asked[i], &m->actor,
                                   &m->subject, p->arena, &says, &born, err))
            return false;
        if (!says || *ret_says)
            continue;
        *ret_says = true;
        m->capacity = asked[i];
        m->source = SOURCE_REGISTRY;
        m->registry = m->ground = registry->id;
        m->born = born;
    }
    return true;
}

/* One such mandate is enough. */
static bool has_one(struct page *p, const struct mandate *m, bool *ret_has, struct err *err)
{
    struct mandate *list;
    size_t n;
    *ret_has = false;
    if (!mandate_list(p->web->api.people, web_db(p->request), &m->actor, true, p->arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        *ret_has |= list[i].capacity == m->capacity && str_eq(list[i].registry, m->registry) &&
                    memcmp(list[i].subject.pid, m->subject.pid, PID_SIZE) == 0 &&
                    mandate_holds(p->web->api.people, &list[i], clock_now());
    return true;
}

struct giving {
    struct page *page;
    struct mandate mandate;
    struct told told;
};

static bool give(struct db *db, void *arg, struct err *err)
{
    struct giving *g = arg;
    struct mandate *m = &g->mandate;
    if (!mandate_give(g->page->web->api.people, db, m, m->from, err))
        return false;
    g->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .actor = TOLD_REGISTER,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .levels = g->page->visitor->caller.levels,
                            .outcome = STR("given"),
                            .reason = m->registry};
    return true;
}

static bool give_and_tell(struct page *p, struct giving *g, struct err *err)
{
    uint64_t position;
    bool has;
    if (!has_one(p, &g->mandate, &has, err))
        return false;
    if (has)
        return true;
    if (!told_tx(p->web->api.gate, web_db(p->request), p->j, give, g, &g->told, &position, err))
        return false;
    if (position != 0)
        http_hold(p->response, position);
    return true;
}

static void post_child(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    char normal[32];
    struct account child;
    bool real, says = false;
    struct err err;
    page_init(p, request, response);
    struct form_field number = number_field(p);
    if (form_person_number(p, &number, normal)) {
        struct giving giving = {
            .page = p,
            .mandate = {.actor = account_of(&p->visitor->caller), .scope = STR("*"), .from = clock_now()}};
        bool ok = factor_account(p->web->api.people, web_db(request), p->j->person_scheme, str_of(normal),
                                 &child, &real, &err);
        giving.mandate.subject = child.person;
        ok = ok && ask(p, &giving.mandate, &says, &err);
        if (ok && says)
            ok = give_and_tell(p, &giving, &err);
        if (ok && says) {
            http_redirect(response, 303, "/me/mandates");
            return;
        }
        if (!ok && err.code != ERR_INVALID) {
            http_problem_err(request, response, &err);
            return;
        }
        number.error = ok ? T(p, "The register names nobody with this number as your child.")
                          : T(p, "This child has come of age, and acts alone.");
    }
    http_status(response, 422);
    write_page(p, &number);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/child",
     .handler = get_child,
     .access = WEB_PERSON,
     .summary = "Act for one's child"},
    {.method = HTTP_POST,
     .path = "/me/child",
     .handler = post_child,
     .access = WEB_PERSON | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Ask the register whose parent one is"},
};
const struct web_table web_mandate_child = {routes, ARRAY_LEN(routes)};
