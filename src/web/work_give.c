/* SPDX-License-Identifier: Apache-2.0 */
/* work_give.c: a case is given to an official of its office, by the office or by its head. Nothing of the
 * person is shown. */
#include "base/clock.h"
#include "people/office.h"
#include "web/work_private.h"

/* Officials who hold the office today and are not on leave. */
static bool read_staff(struct page *p, const struct office *office, struct form_option **ret, size_t *ret_n,
                       struct err *err)
{
    const struct official by = {.agency = office->agency->id};
    int32_t today = local_today(p->j);
    struct official *list, held;
    size_t n, kept = 0;
    if (!office_list(web_db(p->request), &by, today, p->arena, &list, &n, err))
        return false;
    struct form_option *options = arena_array(p->arena, struct form_option, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(list[i].office, office->id) || list[i].from > today)
            continue;
        if (people_official(web_db(p->request), list[i].staff_code, today, p->arena, &held, err)) {
            if (str_eq(held.agency, office->agency->id) && str_eq(held.office, office->id))
                options[kept++] = (struct form_option){list[i].staff_code, list[i].staff_code};
        } else if (err->code != ERR_NOT_ALLOWED) {
            return false;
        }
    }
    *ret = options;
    *ret_n = kept;
    return true;
}

/* The case that the path names, if its desk is one's own or one that one leads; false: answered. Nothing of
 * the person is shown. */
static bool find_to_give(struct page *p, struct case_file *c, const struct office **ret_desk, bool *ret_head)
{
    struct err err;
    const struct office *own = p->visitor->office;
    if (!case_read(p->web->cases, web_db(p->request), http_part(p->request, 0), p->arena, c, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    *ret_desk = work_desk(p->j, c->desk);
    *ret_head = *ret_desk != NULL && office_leads(own, *ret_desk);
    if (*ret_desk == own || *ret_head)
        return true;
    http_problem(p->request, p->response, 403, "not-allowed", "%s",
                 N_("This case lies with another office."));
    return false;
}

static void show_give(struct page *p, const struct case_file *c, const struct office *desk, struct str to,
                      struct str error, int status)
{
    struct form_option *options;
    struct err err;
    size_t n;
    if (!read_staff(p, desk, &options, &n, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    struct form_field field = {.kind = FORM_RADIOS,
                               .name = "to",
                               .label = T(p, "Who shall have it?"),
                               .hint = T(p, "Officials on leave are not in the list."),
                               .value = to,
                               .error = error,
                               .options = options,
                               .options_n = n};
    http_status(p->response, status);
    page_open(p, TF(p, "Case {}", str_of(c->number)),
              page_path(p, "/desk/cases", "office", work_office_id(p, desk), NULL), &field, 1);
    facts_start(p);
    fact(p, T(p, "Service"), page_texts(p, &c->service->name));
    fact(p, T(p, "State"), work_status(p, c->status));
    fact(p, T(p, "Office"), work_office(p, c->desk));
    fact(p, T(p, "Who has it"), c->official.n ? c->official : T(p, "nobody yet"));
    facts_end(p);
    form_start(p, work_path(p, c->number, "give"), "/desk/cases/{number}/give");
    form_field(p,
               &(struct form_field){.kind = FORM_HIDDEN,
                                    .name = "seen",
                                    .value = str_of(arena_printf(p->arena, "%lld", (long long)c->version))});
    form_field(p, &field);
    form_end(p, N_("Give the case"));
    page_end(p);
}

static void get_give(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct case_file c;
    const struct office *desk;
    bool head;
    page_init(&page, request, response);
    if (find_to_give(&page, &c, &desk, &head))
        show_give(&page, &c, desk, STR(""), STR(""), 200);
}

static bool is_offered(struct page *p, const struct office *desk, struct str to, bool *ret_is,
                       struct err *err)
{
    struct form_option *options;
    size_t n;
    if (!read_staff(p, desk, &options, &n, err))
        return false;
    *ret_is = false;
    for (size_t i = 0; i < n; i++)
        *ret_is |= str_eq(options[i].value, to);
    return true;
}

static void post_give(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    const struct office *desk;
    struct str to = form_value(request, "to");
    bool head, offered;
    uint64_t seen, position;
    struct err err;
    page_init(p, request, response);
    if (!find_to_give(p, &c, &desk, &head))
        return;
    struct case_actor actor = work_actor(p);
    if (!is_offered(p, desk, to, &offered, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!text_u64(form_value(request, "seen"), &seen) || !offered) {
        show_give(p, &c, desk, to, T(p, "Choose who shall have the case."), 422);
        return;
    }
    if (case_give(p->web->cases, web_db(request), str_of(c.number), &actor, to, head, (int64_t)seen,
                  clock_now(), p->arena, &position, &err)) {
        http_hold(response, position);
        http_redirect(response, 303,
                      str_c(p->arena, page_path(p, "/desk/cases", "office", work_office_id(p, desk), "done",
                                                str_of(c.number), NULL)));
    } else if (err.code == ERR_CONFLICT || err.code == ERR_NOT_ALLOWED) {
        if (find_to_give(p, &c, &desk, &head)) /* as it stands now */
            show_give(p, &c, desk, to, page_text(p, str_c(p->arena, str_of(err.text))), 409);
    } else {
        http_problem_err(request, response, &err);
    }
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/cases/{number}/give",
     .handler = get_give,
     .access = WEB_CASES,
     .summary = "Give a case to an official"},
    {.method = HTTP_POST,
     .path = "/desk/cases/{number}/give",
     .handler = post_give,
     .access = WEB_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Give it"},
};
const struct web_table web_work_give = {routes, ARRAY_LEN(routes)};
