/* SPDX-License-Identifier: Apache-2.0 */
/* From what a handler wrote to the library's response: standard headers, errors, compression. */
#include <libdeflate.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "base/say.h"
#include "http/http_private.h"

#define GZIP_FROM 600
#define GZIP_LEVEL 1
#define CSP                                                                                                  \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; "    \
    "frame-ancestors 'none'; base-uri 'none'"

/* On every answer. Same-origin, not no-referrer: the latter makes browsers send `Origin: null` on our own
 * forms. */
static const char *const standard[][2] = {{"X-Content-Type-Options", "nosniff"},
                                          {"Referrer-Policy", "same-origin"},
                                          {"Cross-Origin-Opener-Policy", "same-origin"}};
#define NO_DEVICES "geolocation=(), microphone=(), payment=(), usb=()"

static const struct {
    int status;
    const char *text;
} statuses[] = {{200, "OK"},
                {201, "Created"},
                {202, "Accepted"},
                {204, "No Content"},
                {303, "See Other"},
                {304, "Not Modified"},
                {308, "Permanent Redirect"},
                {400, "Bad Request"},
                {401, "Unauthorized"},
                {403, "Forbidden"},
                {404, "Not Found"},
                {405, "Method Not Allowed"},
                {408, "Request Timeout"},
                {409, "Conflict"},
                {410, "Gone"},
                {412, "Precondition Failed"},
                {413, "Content Too Large"},
                {415, "Unsupported Media Type"},
                {422, "Unprocessable Content"},
                {429, "Too Many Requests"},
                {431, "Request Header Fields Too Large"},
                {500, "Internal Server Error"},
                {501, "Not Implemented"},
                {503, "Service Unavailable"}};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return "Status";
}

void http_response_init(struct http_response *response, struct http_request *request)
{
    *response = (struct http_response){
        .request = request, .status = 200, .type = "text/plain; charset=utf-8", .cache = "no-store"};
    buf_in(&response->out, &request->arena, request->server->config.request_memory);
}

void http_response_plain(struct http_response *response, int status, const char *text)
{
    uint64_t hold = response->hold; /* whatever is said instead, the entry comes first */
    http_response_init(response, response->request);
    response->hold = hold;
    http_status(response, status);
    http_out_static(response, str_of(text));
    if (status == 503)
        http_add_header(response, "Retry-After", "1");
    response->close = true;
}

struct buf *http_out(struct http_response *response)
{
    return &response->out;
}

void http_out_static(struct http_response *response, struct str bytes)
{
    response->fixed = bytes;
    response->is_fixed = true;
}

void http_status(struct http_response *response, int status)
{
    must(status >= 200 && status <= 599);
    response->status = status;
}

void http_type(struct http_response *response, const char *content_type)
{
    response->type = content_type;
}

void http_add_header(struct http_response *response, const char *name, const char *value)
{
    must(response->headers_n < RESPONSE_HEADERS_MAX);
    response->header[response->headers_n].name = name;
    response->header[response->headers_n++].value = value;
}

void http_cache(struct http_response *response, const char *cache_control)
{
    response->cache = cache_control;
}

void http_camera(struct http_response *response)
{
    response->camera = true;
}

void http_connect(struct http_response *response, const char *sources)
{
    response->connect = sources;
}

void http_redirect(struct http_response *response, int status, const char *location)
{
    http_status(response, status);
    http_add_header(response, "Location", location);
}

void http_set_cookie(struct http_response *response, const char *name, struct str value, int64_t max_age)
{
    struct buf text;
    buf_in(&text, &response->request->arena, 4096);
    buf_printf(&text, "%s=%.*s; Path=/; HttpOnly; SameSite=Lax", name, STR_ARG(value));
    if (max_age != 0)
        buf_printf(&text, "; Max-Age=%lld", (long long)MAX_OF(max_age, (int64_t)0));
    if (http_is_https(response->request))
        buf_text(&text, "; Secure");
    http_add_header(response, "Set-Cookie", str_c(&response->request->arena, buf_view(&text)));
}

void http_hold(struct http_response *response, uint64_t position)
{
    response->hold = MAX_OF(response->hold, position);
}

/* --- assets
 * -------------------------------------------------------------------------------------------------- */

static bool client_takes_gzip(const struct http_request *request)
{
    struct str accept;
    return http_header(request, "Accept-Encoding", &accept) > 0 && http_list_has(accept, "gzip");
}

static bool etag_known(const struct http_request *request, const char *etag)
{
    struct str list;
    if (http_header(request, "If-None-Match", &list) == 0)
        return false;
    for (struct str part; str_next(&list, ',', &part);) {
        struct str tag = str_trim(part);
        if (str_starts(tag, STR("W/")))
            tag = str_from(tag, 2);
        if (str_is(tag, etag) || str_is(tag, "*"))
            return true;
    }
    return false;
}

void http_send_asset(const struct http_request *request, struct http_response *response,
                     const struct http_asset *asset)
{
    http_type(response, asset->type);
    http_cache(response, asset->immutable ? "public, max-age=31536000, immutable" : "public, no-cache");
    response->vary = asset->gzip.n > 0;
    if (asset->etag != NULL) /* two encodings under one tag: it is a weak one */
        http_add_header(response, "ETag",
                        response->vary ? arena_printf(&response->request->arena, "W/%s", asset->etag)
                                       : asset->etag);
    if (asset->etag != NULL && etag_known(request, asset->etag)) {
        http_status(response, 304);
        http_out_static(response, STR(""));
        return;
    }
    response->is_gzip = asset->gzip.n > 0 && client_takes_gzip(request);
    http_out_static(response, response->is_gzip ? asset->gzip : asset->bytes);
}

/* --- errors
 * -------------------------------------------------------------------------------------------------- */

static void problem_json(struct http_request *request, struct http_response *response,
                         const struct http_failure *failure)
{
    struct json json;
    json_start(&json, http_out(response));
    json_open_object(&json);
    json_key_text(&json, "type", str_of(arena_printf(&request->arena, "urn:aina:problem:%s", failure->name)));
    json_key_text(&json, "title", str_of(http_status_text(failure->status)));
    json_key_u64(&json, "status", (uint64_t)failure->status);
    if (failure->detail.n > 0)
        json_key_text(&json, "detail", failure->detail);
    json_key_text(&json, "instance",
                  str_of(arena_printf(&request->arena, "urn:aina:request:%s", failure->request_id)));
    json_end(&json);
    http_type(response, "application/problem+json");
}

void http_problem(struct http_request *request, struct http_response *response, int status, const char *name,
                  const char *format, ...)
{
    struct buf detail;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_in(&detail, &request->arena, sizeof text);
    buf_text(&detail, text);

    struct http_failure failure = {status, name, buf_view(&detail), request->id};
    bool close = response->close, nested = response->in_problem;
    uint64_t hold = response->hold;
    http_response_init(response, request);
    response->close = close;
    response->hold = hold;
    response->in_problem = true;
    http_status(response, status);
    if (request->server->config.error_page == NULL || nested || http_wants_json(request))
        problem_json(request, response, &failure);
    else
        request->server->config.error_page(request, response, &failure);
    response->in_problem = false;
    if (status == 503)
        http_add_header(response, "Retry-After", "1");
}

void http_problem_err(struct http_request *request, struct http_response *response, const struct err *err)
{
    const char *between = err->place[0] && err->text[0] ? ": " : "";
    /* What is wrong with our own machine is for the operator's log, not for the caller. */
    bool own = err_http(err->code) == 500 || err->code == ERR_AWAY;
    if (own)
        say(SAY_WARN, "request %s: %s: %s", request->id, err->place, err->text);
    http_problem(request, response, err_http(err->code), err_name(err->code), "%s%s%s", own ? "" : err->place,
                 own ? "" : between,
                 own ? "The server could not do this. It is in its operator's log." : err->text);
}

/* --- the library's response
 * ---------------------------------------------------------------------------------- */

static bool compressible(const char *type)
{
    static const char *const starts[] = {"text/", "application/json", "application/problem+json",
                                         "application/yaml", "image/svg+xml"};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (strncmp(type, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

static struct str compress_body(struct http_request *request, struct str body)
{
    struct http_response *response = &request->response;
    if (response->is_fixed || body.n < GZIP_FROM || !compressible(response->type))
        return body;
    response->vary = true;
    if (!client_takes_gzip(request))
        return body;
    char *out = arena_room(&request->arena, body.n, 1);
    size_t n = libdeflate_gzip_compress(request->worker->compressor, body.p, body.n, out, body.n);
    if (n == 0)
        return body;
    response->is_gzip = true;
    return (struct str){out, n};
}

static bool add_headers(struct http_request *request, struct MHD_Response *reply)
{
    struct http_response *response = &request->response;
    bool fine = true;
    for (size_t i = 0; i < ARRAY_LEN(standard); i++)
        fine &= MHD_add_response_header(reply, standard[i][0], standard[i][1]) == MHD_YES;
    fine &= MHD_add_response_header(
                reply, "Content-Security-Policy",
                response->connect == NULL
                    ? CSP
                    : arena_printf(&request->arena, CSP "; connect-src %s", response->connect)) == MHD_YES;
    fine &= MHD_add_response_header(reply, "Permissions-Policy",
                                    response->camera ? "camera=(self), " NO_DEVICES
                                                     : "camera=(), " NO_DEVICES) == MHD_YES;
    fine &= MHD_add_response_header(reply, "Cache-Control", response->cache) == MHD_YES;
    if (response->status != 204 && response->status != 304)
        fine &= MHD_add_response_header(reply, "Content-Type", response->type) == MHD_YES;
    if (response->vary)
        fine &= MHD_add_response_header(reply, "Vary", "Accept-Encoding") == MHD_YES;
    if (response->is_gzip)
        fine &= MHD_add_response_header(reply, "Content-Encoding", "gzip") == MHD_YES;
    for (size_t i = 0; i < response->headers_n; i++)
        fine &=
            MHD_add_response_header(reply, response->header[i].name, response->header[i].value) == MHD_YES;
    if (response->close || atomic_load_explicit(&request->server->stopping, memory_order_relaxed))
        fine &= MHD_add_response_header(reply, "Connection", "close") == MHD_YES;
    return fine;
}

#define PIECE ((size_t)64 << 10)

static ssize_t read_piece(void *cls, uint64_t at, char *out, size_t n)
{
    const struct http_response *response = cls;
    size_t got = response->read(response->read_arg, at, out, n);
    return got != 0 ? (ssize_t)got : MHD_CONTENT_READER_END_WITH_ERROR;
}

void http_out_pieces(struct http_response *response, uint64_t size, http_read_fn *read, void *arg)
{
    response->size = size;
    response->read = read;
    response->read_arg = arg;
}

static void answer_too_large(struct http_request *request)
{
    struct http_response *response = &request->response;
    http_response_plain(response, 500,
                        "The answer is larger than this server sends: ask for less at a time.\n");
    if (!http_wants_json(request))
        return;
    snprintf(request->last_words, sizeof request->last_words,
             "{\"type\":\"urn:aina:problem:too-large\",\"title\":\"%s\",\"status\":500,\"detail\":"
             "\"The answer is larger than this server sends: ask for less at a time.\","
             "\"instance\":\"urn:aina:request:%s\"}",
             http_status_text(500), request->id);
    http_type(response, "application/problem+json");
    http_out_static(response, str_of(request->last_words));
}

bool http_reply_make(struct http_request *request)
{
    struct http_response *response = &request->response;
    struct str body = response->is_fixed ? response->fixed : buf_view(&response->out);
    if (buf_overflowed(&response->out) || arena_overflowed(&request->arena)) {
        answer_too_large(request);
        body = response->fixed;
    }
    if (response->read != NULL) {
        request->reply = MHD_create_response_from_callback(response->size, PIECE, read_piece, response, NULL);
    } else {
        body = compress_body(request, body);
        response->size = body.n;
        request->reply =
            MHD_create_response_from_buffer(body.n, (void *)(body.p ? body.p : ""), MHD_RESPMEM_PERSISTENT);
    }
    if (request->reply == NULL)
        return false;
    if (add_headers(request, request->reply))
        return true;
    /* A header value that the library refuses (a line end) is a fault of the room above; nothing of it
     * leaves. */
    MHD_destroy_response(request->reply);
    http_response_plain(response, 500, "The server could not make its answer.\n");
    request->reply =
        MHD_create_response_from_buffer(response->fixed.n, (void *)response->fixed.p, MHD_RESPMEM_PERSISTENT);
    return request->reply != NULL && add_headers(request, request->reply);
}
