/* SPDX-License-Identifier: Apache-2.0 */
/* files.c: files given with a form: sent by the person, saved by them, and by an office through its entry. */
#include "base/clock.h"
#include "case/attachment.h"
#include "case/draft.h"
#include "web/multipart.h"
#include "web/services.h"
#include "web/web_private.h"
#include "web/work_private.h"

#define BODY_MAX (ATTACHMENT_MAX + 65536)
static const char send_route[] = "/me/files/{service}/{field}";

/* --- sending --- */

struct upload {
    struct page page;
    const struct service *service;
    size_t field;
};

static bool read_upload(struct http_request *request, struct http_response *response, struct upload *u)
{
    page_init(&u->page, request, response);
    u->service = jurisdiction_service(u->page.j, http_part(request, 0));
    u->field = u->service ? service_field(u->service, http_part(request, 1)) : NONE;
    if (u->field == NONE || u->service->fields[u->field].type != ANSWER_FILE ||
        u->service->fields[u->field].page == NONE || !service_covered(&u->page, u->service)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return false;
    }
    return true;
}

static struct str kinds_of(const struct page *p, const struct service_field *f)
{
    static const char *const names[] = {"PDF", "JPEG", "PNG"};
    struct buf out;
    buf_in(&out, p->arena, 64);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if ((f->files >> i & 1) != 0)
            buf_printf(&out, "%s%s", out.n ? ", " : "", names[i]);
    return buf_view(&out);
}

static void draw(struct upload *u, struct str error)
{
    struct page *p = &u->page;
    const struct service_field *f = &u->service->fields[u->field];
    char token[PEOPLE_FORM_TOKEN_SIZE];
    struct form_field wrong = {.name = "file", .error = error};
    uint64_t most = f->max != 0 && f->max < 10 ? f->max : 10;
    people_form_token(p->web->api.people, &p->visitor->caller, send_route, token);
    page_open(p, page_texts(p, &f->label),
              str_of(arena_printf(p->arena, "/me/apply/%.*s/%.*s", STR_ARG(u->service->id),
                                  STR_ARG(u->service->pages[f->page].id))),
              &wrong, 1);
    MARKUP(p,
           "<form method=\"post\" action=\"/me/files/{}/{}\" enctype=\"multipart/form-data\"><input "
           "type=\"hidden\" name=\"token\" value=\"{}\"><div class=\"field\"><label for=\"file\">{}</label>"
           "<p class=\"hint\" id=\"file-hint\">{} {}</p>",
           u->service->id, f->id, str_of(token), T(p, "File"),
           TF(p, "{}; at most {} megabytes.", kinds_of(p, f), page_number(p, most)),
           T(p, "It is sealed at once. It is not scanned for viruses: whoever opens it is told so."));
    if (error.n != 0)
        MARKUP(p, "<p class=\"error\" id=\"file-error\">{}</p>", error);
    MARKUP(p, "<input type=\"file\" id=\"file\" name=\"file\" aria-describedby=\"{}\"></div>",
           error.n ? STR("file-hint file-error") : STR("file-hint"));
    MARKUP(p, "<p><button>{}</button></p></form>", T(p, "Send the file"));
    page_end(p);
}

static void get_send(struct http_request *request, struct http_response *response)
{
    struct upload u;
    if (read_upload(request, response, &u))
        draw(&u, STR(""));
}

static void refuse(struct upload *u, const struct err *err)
{
    if (err->code != ERR_INVALID && err->code != ERR_TOO_LARGE) {
        http_problem_err(u->page.request, u->page.response, err);
        return;
    }
    http_status(u->page.response, err->code == ERR_TOO_LARGE ? 413 : 422);
    draw(u, err->code == ERR_TOO_LARGE
                ? T(&u->page, "The file is too large.")
                : T(&u->page, "Choose a file of a kind that is taken here. What counts is "
                              "what is in it, not its name."));
}

/* The name that the browser says: the quoted text after filename= in the head of the part. */
static struct str name_of(struct str body, struct str file)
{
    struct str head = {body.p, (size_t)(file.p - body.p)}, name = {0};
    head = str_from(head, head.n - MIN_OF(head.n, (size_t)1024));
    const char *at = NULL;
    for (size_t i = 0; i + 10 <= head.n; i++)
        if (memcmp(head.p + i, "filename=\"", 10) == 0)
            at = head.p + i + 10;
    if (at == NULL)
        return STR("");
    struct str rest = {at, (size_t)(head.p + head.n - at)};
    return str_next(&rest, '"', &name) ? name : STR("");
}

static void post_send(struct http_request *request, struct http_response *response)
{
    struct upload u;
    struct str type = {0}, token, file, answer;
    struct draft after;
    struct err err;
    (void)http_header(request, "Content-Type", &type);
    if (!multipart_field(type, http_body(request), "token", &token) ||
        !people_form_token_ok(web_of(request)->api.people, &web_visitor(request)->caller, send_route,
                              token)) {
        http_problem(
            request, response, 403, "form-too-old", "%s",
            N_("The form is too old or was sent from elsewhere. Go back, load the page again, and send "
               "it once more. Nothing was changed."));
        return;
    }
    if (!read_upload(request, response, &u))
        return;
    if (!multipart_field(type, http_body(request), "file", &file))
        file = STR("");
    struct page *p = &u.page;
    struct answer *answers = arena_array(p->arena, struct answer, u.service->fields_n + 1);
    if (!attachment_put(p->web->beside, web_db(request), u.service, u.field, subject_pid(p),
                        file.n ? name_of(http_body(request), file) : STR(""), file, clock_now(), p->arena,
                        &answer, &err)) {
        refuse(&u, &err);
        return;
    }
    answers[u.field] = (struct answer){.given = true, .text = answer};
    if (!draft_put(p->web->cases, web_db(request), u.service, subject_pid(p), &u.field, 1, answers,
                   clock_now(), p->arena, &after, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, arena_printf(p->arena, "/me/apply/%.*s", STR_ARG(u.service->id)));
}

/* --- saving --- */

static bool give(struct page *p, const struct attachment *a, struct err *err)
{
    if (!attachment_bytes(p->web->beside, web_db(p->request), a, p->arena, http_out(p->response), err))
        return false;
    static const char *const ends[] = {"pdf", "jpg", "png"};
    http_type(p->response, file_kind_type(a->kind));
    http_add_header(p->response, "Content-Disposition",
                    arena_printf(p->arena, "attachment; filename=\"%.10s.%s\"", a->id + 16,
                                 a->kind < FILE_KINDS_N ? ends[a->kind] : "bin"));
    return true;
}

static void get_own(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct attachment a;
    struct err err;
    page_init(p, request, response);
    bool ok = attachment_read(p->web->beside, web_db(request), http_part(request, 0), p->arena, &a, &err) &&
              (memcmp(a.owner, subject_pid(p), PID_SIZE) == 0 ||
               err_set(&err, ERR_NOT_FOUND, "file", "There is no such file."));
    if (!ok || !give(p, &a, &err))
        http_problem_err(request, response, &err);
}

/* The office reads the case, and its file with it: an entry in the person's list, before the bytes. */
static void get_office(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct attachment a;
    struct case_file c;
    struct err err;
    uint64_t position;
    bool refused;
    page_init(p, request, response);
    struct case_actor actor = work_actor(p);
    if (!case_open(p->web->cases, web_db(request), http_part(request, 0), &actor, p->arena, &c, &refused,
                   &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_hold(response, position);
    bool ok = !refused || err_set(&err, ERR_NOT_ALLOWED, "case", "This case lies with another office.");
    ok = ok && attachment_read(p->web->beside, web_db(request), http_part(request, 1), p->arena, &a, &err) &&
         (str_eq(a.number, str_of(c.number)) ||
          err_set(&err, ERR_NOT_FOUND, "file", "There is no such file."));
    if (!ok || !give(p, &a, &err))
        http_problem_err(request, response, &err);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = send_route,
     .handler = get_send,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Send a file with the form"},
    {.method = HTTP_POST,
     .path = send_route,
     .handler = post_send,
     .access = WEB_PERSON | WEB_FOR_OTHERS | WEB_NO_TOKEN,
     .body = HTTP_BYTES,
     .body_max = BODY_MAX,
     .summary = "A file is sent; its token is looked at here"},
    {.method = HTTP_GET,
     .path = "/me/files/{file}",
     .handler = get_own,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "A file that I gave"},
    {.method = HTTP_GET,
     .path = "/desk/files/{number}/{file}",
     .handler = get_office,
     .access = WEB_CASES,
     .summary = "A file of a case"},
};
const struct web_table web_files = {routes, ARRAY_LEN(routes)};
