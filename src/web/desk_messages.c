/* SPDX-License-Identifier: Apache-2.0 */
/* desk_messages.c: what an office is told of its cases: that a file was infected, and what a service tells
 * its provider. No person stands in it; the link leads to the case, whose opening is an entry. A message is
 * new until some official of the office says that it is done. */
#include "base/clock.h"
#include "case/notice.h"
#include "web/work_private.h"

#define ROWS 20

bool desk_messages_way(struct page *p, struct str *ret_text)
{
    const struct office *office = p->visitor->office;
    uint64_t n;
    struct err err;
    *ret_text = STR("");
    if (office == NULL || !office_provides(p->j, office))
        return true;
    if (!notices_office_unread(p->web->beside, web_db(p->request), office, p->arena, &n, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    *ret_text =
        n != 0 ? TF(p, "Messages to the office: {} new", page_number(p, n)) : T(p, "Messages to the office");
    return true;
}

/* A case that went to another office, or is gone, has no link. Nothing of the case is shown, so this is no
 * look. */
static bool may_open(struct page *p, struct str number, bool *ret_may, struct err *err)
{
    struct case_file c;
    *ret_may = false;
    if (!case_read(p->web->cases, web_db(p->request), number, p->arena, &c, err))
        return err->code == ERR_NOT_FOUND;
    *ret_may = case_reads(&c, p->visitor->office);
    return true;
}

static void write_message(struct page *p, const struct notice *n, struct str before, bool opens)
{
    const struct form_field id = {.name = "message", .value = str_of(n->id)};
    MARKUP(p, "<article class=\"card {}\"><p>", n->unread ? STR("good") : STR(""));
    if (n->unread)
        MARKUP(p, "<span class=\"tag\">{}</span> ", T(p, "New"));
    else
        MARKUP(p, "{} · ", T(p, "Done"));
    MARKUP(p, "{}</p><p><bdi>{}</bdi></p>", page_time(p, n->made), n->text);
    if (opens)
        MARKUP(p, "<p class=\"acts\"><a href=\"{}\">{}</a></p>", work_path(p, str_c(p->arena, n->number), ""),
               TF(p, "To the case {}", n->number));
    if (n->unread)
        form_button_as(p, FORM_SECOND, page_path(p, "/desk/messages", "before", before, NULL),
                       "/desk/messages", TF(p, "Mark as done: {}", n->number), &id);
    MARKUP(p, "</article>");
}

static void get_messages(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct notice *list;
    struct str before = {0}, older = {0};
    bool opens[ROWS];
    size_t n;
    struct err err;
    page_init(p, request, response);
    http_query(request, "before", &before);
    bool ok = notices_of_office(p->web->beside, web_db(request), p->visitor->office, before, ROWS + 1,
                                p->language, p->arena, &list, &n, &err);
    for (size_t i = 0; ok && i < n && i < ROWS; i++)
        ok = may_open(p, list[i].number, &opens[i], &err);
    if (!ok) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Messages to the office"),
              p->visitor->access & WEB_OFFICIAL ? STR("/desk") : STR("/desk/cases"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>", page_texts(p, &p->visitor->office->name));
    for (size_t i = 0; i < n && i < ROWS; i++)
        write_message(p, &list[i], before, opens[i]);
    if (n == 0)
        page_note(p, "info", T(p, "There are no messages."));
    if (n > ROWS)
        older = page_path(p, "/desk/messages", "before", str_of(list[ROWS - 1].id), NULL);
    page_pages(p, before.n ? STR("/desk/messages") : STR(""), older);
    page_end(p);
}

static void post_message(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str before = {0};
    struct err err;
    page_init(p, request, response);
    http_query(request, "before", &before);
    if (!notice_done(p->web->beside, web_db(request), p->visitor->office, form_value(request, "message"),
                     clock_now(), p->arena, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, str_c(p->arena, page_path(p, "/desk/messages", "before", before, NULL)));
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/messages",
     .handler = get_messages,
     .access = WEB_CASES,
     .summary = "Messages to the office"},
    {.method = HTTP_POST,
     .path = "/desk/messages",
     .handler = post_message,
     .access = WEB_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "A message is done"},
};
const struct web_table web_desk_messages = {routes, ARRAY_LEN(routes)};
