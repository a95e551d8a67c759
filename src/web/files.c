/* SPDX-License-Identifier: Apache-2.0 */
/* files.c: files given with a form: sent by the person, saved by them, and by an office through its entry. */
#include "base/clock.h"
#include "base/say.h"
#include "case/attachment.h"
#include "case/draft.h"
#include "http/stream.h"
#include "sheet/case_sheet.h"
#include "web/multipart.h"
#include "web/services.h"
#include "web/web_private.h"
#include "web/work_private.h"

#define BODY_MAX (ATTACHMENT_MAX + 65536)
static const char send_route[] = "/me/files/{service}/{field}";

/* --- sending --- */

#define TOKEN_MAX 128

/* Where a form goes; while its bytes come, how far they are. */
struct upload {
    struct page page;
    const struct service *service;
    size_t field;
    struct multipart form;
    char token[TOKEN_MAX];
    size_t token_n;
    enum { PART_OTHER, PART_TOKEN, PART_FILE } part;
    bool trusted;                   /* its token was right */
    struct attachment_upload *file; /* NULL: none has begun */
    struct str name;
    uint8_t owner[PID_SIZE];
    struct str of_case;  /* a returned case that the file is for; empty: a draft */
    const char *goes_on; /* where the person goes on */
};

/* The step by which the applicant sends a returned case again; actions_n: none. */
static size_t completing(const struct case_file *c)
{
    size_t a = 0;
    while (a < c->service->actions_n &&
           !(case_completes(c, &c->service->actions[a]) &&
             action_allowed(c->service, &c->service->actions[a], c->status, c->flags)))
        a++;
    return a;
}

/* False: there is no such case of this person that asks for this field. */
static bool read_returned(struct upload *u, struct str number)
{
    struct page *p = &u->page;
    struct case_file c;
    struct err err;
    if (!case_read(p->web->cases, web_db(p->request), number, p->arena, &c, &err) ||
        memcmp(c.pid, subject_pid(p), PID_SIZE) != 0 || !str_eq(c.service->id, u->service->id))
        return false;
    size_t a = completing(&c), f = service_field(c.service, u->service->fields[u->field].id);
    if (a == c.service->actions_n || f == NONE || !case_changes(&c, f))
        return false;
    u->of_case = str_dup(p->arena, str_of(c.number));
    u->goes_on = arena_printf(p->arena, "/me/cases/%s/%.*s", c.number, STR_ARG(c.service->actions[a].id));
    return true;
}

/* By field: what was sent since the case was returned, and is taken with the answers. */
const struct str *files_sent(const struct page *p, const struct case_file *c)
{
    struct str *sent = arena_array(p->arena, struct str, c->service->fields_n + 1);
    struct err err;
    int64_t since = c->filed;
    for (size_t i = 1; i < c->events_n; i++)
        if (c->events[i].status == RETURNED && c->events[i - 1].status != RETURNED)
            since = c->events[i].time;
    for (size_t f = 0; c->status == RETURNED && f < c->service->fields_n; f++)
        if (c->service->fields[f].type == ANSWER_FILE &&
            !attachment_waiting(p->web->beside, web_db(p->request), c->service, f, c->pid, since, p->arena,
                                &sent[f], &err))
            say_err(SAY_WARN, &err); /* it is given again */
    return sent;
}

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
    struct str number = {0};
    u->goes_on = arena_printf(u->page.arena, "/me/apply/%.*s", STR_ARG(u->service->id));
    if (http_query(request, "case", &number) == 0 || read_returned(u, number))
        return true;
    http_problem(request, response, 404, "not-found", "%s", "");
    return false;
}

/* The address of this form. */
static struct str here(const struct upload *u, struct str sent)
{
    const char *path = arena_printf(u->page.arena, "/me/files/%.*s/%.*s", STR_ARG(u->service->id),
                                    STR_ARG(u->service->fields[u->field].id));
    return u->of_case.n == 0 ? page_path(&u->page, path, "sent", sent, NULL)
                             : page_path(&u->page, path, "case", u->of_case, "sent", sent, NULL);
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
              u->of_case.n != 0 ? str_of(u->goes_on)
                                : str_of(arena_printf(p->arena, "%s/%.*s", u->goes_on,
                                                      STR_ARG(u->service->pages[f->page].id))),
              &wrong, 1);
    MARKUP(p,
           "<form method=\"post\" action=\"{}\" enctype=\"multipart/form-data\"><input "
           "type=\"hidden\" name=\"token\" value=\"{}\"><div class=\"field\"><label for=\"file\">{}</label>"
           "<p class=\"hint\" id=\"file-hint\">{} {}</p>",
           here(u, STR("")), str_of(token), T(p, "File"),
           TF(p, "{}; at most {} megabytes.", kinds_of(p, f), page_number(p, most)),
           beside_scans(p->web->beside)
               ? T(p, "It is sealed at once, and looked through for viruses.")
               : T(p, "It is sealed at once. It is not scanned for viruses: whoever opens it is told so."));
    if (error.n != 0)
        MARKUP(p, "<p class=\"error\" id=\"file-error\">{}</p>", error);
    MARKUP(p, "<input type=\"file\" id=\"file\" name=\"file\" aria-describedby=\"{}\"></div>",
           error.n ? STR("file-hint file-error") : STR("file-hint"));
    MARKUP(p, "<p><button>{}</button></p></form>", T(p, "Send the file"));
    page_end(p);
}

static void draw_waiting(struct upload *u, struct str id)
{
    struct page *p = &u->page;
    page_open(p, T(p, "Your file is being looked through"), STR(""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p><p><a class=\"button\" href=\"{}\">{}</a></p>",
           T(p, "Each file is looked through for viruses. As a rule that takes a few seconds."), here(u, id),
           T(p, "Go on"));
    MARKUP(
        p, "<p>{} <a href=\"{}\">{}</a></p>",
        T(p,
          "You need not wait: if something is found in it, you are told, and nothing of the file is kept."),
        str_of(u->goes_on), T(p, "On with the application"));
    page_end(p);
}

/* The file was sent: on with the application, unless it is being looked through or something was found. */
static void show_sent(struct upload *u, struct str id)
{
    struct page *p = &u->page;
    struct attachment a;
    struct err err;
    if (!attachment_read(p->web->beside, web_db(p->request), id, p->arena, &a, &err) ||
        memcmp(a.owner, subject_pid(p), PID_SIZE) != 0 || a.service != u->service || a.field != u->field) {
        http_problem(p->request, p->response, 404, "not-found", "%s", "");
        return;
    }
    if (a.scan == SCAN_INFECTED) {
        http_status(p->response, 422);
        draw(u,
             TF(p, "The virus scanner found {} in this file, so nothing of it was kept. Send another file.",
                a.found));
    } else if (a.scan == SCAN_NONE && beside_scans(p->web->beside)) {
        draw_waiting(u, id);
    } else {
        http_redirect(p->response, 303, u->goes_on);
    }
}

static void get_send(struct http_request *request, struct http_response *response)
{
    struct upload u = {0};
    struct str sent;
    if (!read_upload(request, response, &u))
        return;
    if (http_query(request, "sent", &sent) == 1)
        show_sent(&u, sent);
    else
        draw(&u, STR(""));
}

static void refuse(struct upload *u, const struct err *err)
{
    if (err->code == ERR_BUSY) {
        http_problem(u->page.request, u->page.response, 503, "busy", "%s",
                     N_("Many files are being sent just now. Send yours again in a moment."));
        return;
    }
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

/* A file is in nobody's hands but the browser's: the form stands there again, with a token of now. */
static bool too_old(struct upload *u)
{
    http_status(u->page.response, 403);
    draw(u, T(&u->page,
              "The form is too old or was sent from elsewhere. The file was not taken: choose it and send it "
              "once more."));
    return false;
}

static bool begin_send(struct http_request *request, struct http_response *response)
{
    struct upload *u = arena_new(http_arena(request), struct upload);
    struct str type = {0};
    (void)http_header(request, "Content-Type", &type);
    if (!read_upload(request, response, u))
        return false;
    if (!multipart_start(&u->form, type))
        return too_old(u);
    memcpy(u->owner, subject_pid(&u->page), PID_SIZE);
    http_set_taking(request, u);
    return true;
}

/* The token stands before the file, so that nothing is kept for a form from elsewhere. */
static bool begin_part(struct upload *u, struct str head, struct err *err)
{
    struct page *p = &u->page;
    u->part = multipart_is(head, "token") ? PART_TOKEN : multipart_is(head, "file") ? PART_FILE : PART_OTHER;
    if (u->part != PART_FILE)
        return true;
    if (!u->trusted || u->file != NULL)
        return err_set(err, ERR_NOT_ALLOWED, "form", "its token does not stand before its one file");
    u->name = str_dup(p->arena, multipart_file_name(head));
    return attachment_start(p->web->beside, u->service, u->field, u->owner, clock_now(), &u->file, err);
}

static bool take_part(struct upload *u, struct str data, struct err *err)
{
    size_t n = MIN_OF(data.n, TOKEN_MAX - u->token_n);
    if (u->part == PART_FILE)
        return attachment_more(u->file, web_db(u->page.request), data, err);
    if (u->part == PART_TOKEN) {
        memcpy(u->token + u->token_n, data.p, n);
        u->token_n += n;
    }
    return true;
}

static bool end_part(struct upload *u, struct err *err)
{
    if (u->part == PART_TOKEN)
        u->trusted = people_form_token_ok(u->page.web->api.people, &u->page.visitor->caller, send_route,
                                          (struct str){u->token, u->token_n});
    return u->part != PART_TOKEN || u->trusted || err_set(err, ERR_NOT_ALLOWED, "form", "its token is wrong");
}

static bool take_send(struct http_request *request, struct http_response *response, struct str bytes)
{
    struct upload *u = http_taking(request);
    enum multipart_event event;
    struct str data;
    struct err err;
    bool ok = true;
    while (ok && (event = multipart_next(&u->form, &bytes, &data)) != MULTIPART_MORE)
        ok = event == MULTIPART_PART   ? begin_part(u, data, &err)
             : event == MULTIPART_DATA ? take_part(u, data, &err)
             : event == MULTIPART_PART_END
                 ? end_part(u, &err)
                 : event == MULTIPART_END ||
                       err_set(&err, ERR_NOT_ALLOWED, "form", "its parts are not framed as they should be");
    if (!ok && err.code == ERR_NOT_ALLOWED)
        return too_old(u);
    if (!ok)
        refuse(u, &err);
    return ok;
}

static void end_send(struct http_request *request)
{
    struct upload *u = http_taking(request);
    attachment_over(u->file, web_db(request));
    u->file = NULL;
}

/* The answer of the field from now on; what was given before for it is thrown away. With a returned case it
 * is answered when the case is sent again. */
static bool answer_with(struct upload *u, struct str answer, struct err *err)
{
    struct page *p = &u->page;
    struct db *db = web_db(p->request);
    struct answer *answers = arena_array(p->arena, struct answer, u->service->fields_n + 1);
    struct draft after;
    struct str id, name;
    struct err ignored;
    if (u->of_case.n != 0)
        return true;
    answers[u->field] = (struct answer){.given = true, .text = answer};
    bool ok = draft_put(p->web->cases, db, u->service, subject_pid(p), &u->field, 1, answers, clock_now(),
                        p->arena, &after, err);
    if (!ok || !attachment_answer(answer, &id, &name))
        id = STR("");
    if (!attachments_keep(p->web->beside, db, u->service, u->field, subject_pid(p), id, &ignored))
        say_err(SAY_WARN, &ignored); /* they go with the draft */
    return ok;
}

static void post_send(struct http_request *request, struct http_response *response)
{
    struct upload *u = http_taking(request);
    struct page *p = &u->page;
    struct str answer;
    struct err err;
    page_init(p, request, response);
    if (!u->trusted || memcmp(u->owner, subject_pid(p), PID_SIZE) != 0) {
        (void)too_old(u);
        return;
    }
    if (!multipart_whole(&u->form)) {
        http_status(response, 422);
        draw(u, T(p, "The file did not come whole. Send it once more."));
        return;
    }
    bool ok = u->file != NULL ? attachment_finish(u->file, web_db(request), u->name, p->arena, &answer, &err)
                              : err_set(&err, ERR_INVALID, "file", "Choose a file.");
    if (!ok) {
        refuse(u, &err);
        return;
    }
    if (!answer_with(u, answer, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    struct str id, name;
    if (beside_scans(p->web->beside) && attachment_answer(answer, &id, &name))
        http_redirect(response, 303, str_c(p->arena, here(u, id)));
    else
        http_redirect(response, 303, u->goes_on);
}

static const struct http_stream send_stream = {begin_send, take_send, end_send, 180 * CLOCK_SECOND};

/* --- saving --- */

struct saving {
    struct db *db; /* of this thread */
    struct attachment_reading *reading;
};

static size_t read_on(void *arg, uint64_t at, char *out, size_t n)
{
    struct saving *s = arg;
    struct err err;
    size_t got = attachment_next(s->reading, s->db, out, n, &err);
    if (got == 0)
        say_err(SAY_WARN, &err);
    return got;
}

static bool give(struct page *p, const struct attachment *a, struct err *err)
{
    struct saving *s = arena_new(p->arena, struct saving);
    s->db = web_db(p->request);
    if (!attachment_open(p->web->beside, s->db, a, p->arena, &s->reading, err))
        return false;
    http_out_pieces(p->response, a->size, read_on, s);
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
    if (ok && p->j->files_wait && a.scan < SCAN_CLEAN)
        ok = err_set(
            &err, ERR_BUSY, NULL, "%s",
            N_("The file was not looked through for viruses yet, and stays shut until then. It is tried "
               "again every minute."));
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
     .stream = &send_stream,
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
