/* SPDX-License-Identifier: Apache-2.0 */
/* From the head that the library read to the handler: what is not one clear request is refused here. */
#include <arpa/inet.h>
#include <stdio.h>

#include "http/http_private.h"

#define PLAIN_BODY_MAX (64 * 1024)
#define DROP_MAX ((uint64_t)64 << 20) /* a body that is not wanted is read so far for the answer's sake */

static const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
                                   const char *value, size_t value_n)
{
    struct http_request *request = cls;
    if (request->headers_n == HTTP_HEADERS_MAX) {
        request->headers_bad = true;
        return MHD_NO;
    }
    request->header[request->headers_n++] =
        (struct http_field){{name, name_n}, {value ? value : "", value ? value_n : 0}};
    return MHD_YES;
}

static bool value_fine(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return utf8_valid(value);
}

static bool host_fine(struct str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c != 0 && strchr(".-:[]_", c) != NULL);
        if (!fine)
            return false;
    }
    return host.n > 0 && host.n < 256;
}

/* NULL if the head can be read in one way only; else what is wrong with it. */
static const char *head_fault(struct http_request *request)
{
    for (size_t i = 0; i < request->headers_n; i++) {
        if (!http_is_token(request->header[i].name))
            return "A header name has a character that is not allowed.";
        if (!value_fine(request->header[i].value))
            return "A header value has a character that is not allowed.";
    }
    struct str length = {0}, coding = {0};
    size_t lengths = http_header(request, "Content-Length", &length);
    size_t codings = http_header(request, "Transfer-Encoding", &coding);
    uint64_t value;
    if (http_header(request, "Host", &request->host) != 1 || !host_fine(request->host))
        return "Exactly one Host header is needed.";
    if (lengths > 1 || (lengths == 1 && !text_u64(length, &value)))
        return "Content-Length must be one decimal number.";
    if (codings > 1 || (codings == 1 && !http_same_text(coding, "chunked")))
        return "The only Transfer-Encoding understood is chunked.";
    if (codings == 1 && (lengths == 1 || request->http10))
        return "Transfer-Encoding does not go with Content-Length or HTTP/1.0.";
    for (size_t i = 0; i < request->target.n; i++) {
        if ((unsigned char)request->target.p[i] <= 0x20 || (unsigned char)request->target.p[i] >= 0x7f ||
            request->target.p[i] == '#')
            return "The address has a character that is not allowed.";
    }
    return NULL;
}

/* RFC 9112, 3.2.2: an address with a scheme and a host is taken where that host is this request's own. */
static const char *absolute_fault(struct http_request *request)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (request->path.n < n || !http_same_text((struct str){request->path.p, n}, schemes[i]))
            continue;
        struct str path = str_from(request->path, n), authority = path;
        while (path.n > 0 && path.p[0] != '/')
            path = str_from(path, 1);
        authority.n -= path.n;
        request->path = path.n > 0 ? path : STR("/");
        return http_same_text(authority, str_c(&request->arena, request->host))
                   ? NULL
                   : "The address and the Host header name different hosts.";
    }
    return NULL;
}

static void find_client(struct http_request *request)
{
    struct http_connection *connection = request->connection;
    request->client = str_of(connection->client_text);
    struct str real;
    uint8_t address[16];
    if (!request->server->config.behind_proxy || !connection->local ||
        http_header(request, "X-Real-IP", &real) != 1 || real.n >= INET6_ADDRSTRLEN)
        return;
    const char *text = str_c(&request->arena, real);
    if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
        request->client = real;
}

static void allow(struct http_request *request, unsigned methods)
{
    struct buf list;
    buf_in(&list, &request->arena, 100);
    for (size_t i = 0; i < ARRAY_LEN(method_names); i++) {
        if (methods & 1U << i)
            buf_printf(&list, "%s%s", list.n ? ", " : "", method_names[i]);
    }
    const char *text = str_c(&request->arena, buf_view(&list));
    if (request->method == HTTP_OPTIONS)
        http_status(&request->response, 204);
    else
        http_problem(request, &request->response, 405, "method-not-allowed",
                     "This address does not answer %s; it answers %s.", method_names[request->method], text);
    http_add_header(&request->response, "Allow", text);
}

static bool find_route(struct http_request *request)
{
    struct http_response *response = &request->response;
    struct http_path path;
    if (request->method == HTTP_OPTIONS && str_is(request->target, "*")) {
        allow(request, 1U << HTTP_GET | 1U << HTTP_HEAD | 1U << HTTP_POST | 1U << HTTP_OPTIONS);
        return false;
    }
    enum http_path_result result = http_path_parse(&request->arena, request->path, &path);
    if (result == HTTP_PATH_BAD) {
        http_problem(request, response, 400, "usage", "The address is not a well-formed path.");
        return false;
    }
    unsigned allowed = 0;
    const struct http_route *route = NULL;
    if (result == HTTP_PATH_FINE)
        route = http_router_find(&request->server->router, &request->arena, request->method, &path,
                                 request->named, &allowed);
    if (route == NULL && allowed == 0) {
        http_problem(request, response, 404, "not-found", "There is nothing at this address.");
        return false;
    }
    if (path.slash_at_end && path.n > 0) {
        struct str bare = {request->path.p, request->path.n - 1};
        http_redirect(response, 308,
                      arena_printf(&request->arena, "%.*s%s%.*s", STR_ARG(bare),
                                   request->query_text.n ? "?" : "", STR_ARG(request->query_text)));
        return false;
    }
    if (route == NULL) {
        allow(request, allowed);
        return false;
    }
    request->route = route;
    return true;
}

static size_t body_max(const struct http_route *route)
{
    if (route->body == HTTP_NO_BODY)
        return 0;
    return route->body_max ? route->body_max : PLAIN_BODY_MAX;
}

static bool body_welcome(struct http_request *request)
{
    static const char *const types[] = {[HTTP_FORM] = "application/x-www-form-urlencoded",
                                        [HTTP_JSON] = "application/json",
                                        [HTTP_BYTES] = NULL};
    struct str length, type = {0}, rest, coding;
    uint64_t bytes = 0;
    bool chunked = http_header(request, "Transfer-Encoding", &length) > 0;
    if (http_header(request, "Content-Length", &length) == 1 && !text_u64(length, &bytes))
        return false;
    enum http_body kind = request->route->body;
    size_t most = body_max(request->route);
    if (bytes > most || (kind == HTTP_NO_BODY && chunked)) {
        http_problem(request, &request->response, 413, "too-large",
                     "At most %zu bytes of body are taken here.", most);
        request->answered = request->route->stream != NULL && bytes <= DROP_MAX;
        return request->answered;
    }
    if ((bytes > 0 || chunked) && http_header(request, "Content-Encoding", &coding) > 0 &&
        !http_same_text(coding, "identity")) {
        http_problem(request, &request->response, 415, "unsupported",
                     "The body must be sent as it is, without a Content-Encoding.");
        http_add_header(&request->response, "Accept-Encoding", "identity");
        return false;
    }
    if ((bytes > 0 || chunked) && types[kind] != NULL) {
        size_t count = http_header(request, "Content-Type", &rest);
        if (count == 1)
            (void)str_next(&rest, ';', &type);
        if (count != 1 || !http_same_text(str_trim(type), types[kind])) {
            http_problem(request, &request->response, 415, "unsupported", "The body must be %s.",
                         types[kind]);
            return false;
        }
    }
    if (request->route->stream != NULL)
        return true;
    buf_in(&request->body, &request->arena, most + 1);
    if (bytes > 0)
        (void)buf_room(&request->body, bytes), request->body.n = 0;
    return true;
}

bool http_has_body(const struct http_request *request)
{
    struct str value;
    return http_header(request, "Transfer-Encoding", &value) > 0 ||
           (http_header(request, "Content-Length", &value) > 0 && !str_is(value, "0"));
}

static bool fields_or_problem(struct http_request *request, struct str text, struct http_fields *ret_fields)
{
    const char *why = NULL;
    if (text.n == 0 || http_fields_parse(&request->arena, text, ret_fields, &why))
        return true;
    http_problem(request, &request->response, 400, "usage", "%s", why);
    return false;
}

/* --- a body in pieces --- */

static bool admitted(struct http_request *request)
{
    const struct http_config *config = &request->server->config;
    return config->before == NULL || config->before(request, &request->response);
}

static void leave(struct http_request *request)
{
    if (request->server->config.after != NULL)
        request->server->config.after(request);
}

static void begin_stream(struct http_request *request)
{
    if (!fields_or_problem(request, request->query_text, &request->query)) {
        request->answered = true;
        return;
    }
    request->streaming = admitted(request) && request->route->stream->begin(request, &request->response);
    request->answered = !request->streaming;
    leave(request);
}

void http_request_over(struct http_request *request)
{
    if (request->streaming)
        request->route->stream->end(request);
    request->streaming = false;
}

static void too_large(struct http_request *request)
{
    http_problem(request, &request->response, 413, "too-large", "At most %zu bytes of body are taken here.",
                 body_max(request->route));
}

static void take_piece(struct http_request *request, const char *bytes, size_t n)
{
    request->taken += n;
    if (request->answered)
        return;
    if (request->taken > body_max(request->route)) {
        too_large(request);
        request->answered = true;
    } else {
        request->answered =
            !request->route->stream->take(request, &request->response, (struct str){bytes, n});
    }
    if (request->answered)
        http_request_over(request);
}

void http_request_take(struct http_request *request, const char *bytes, size_t n)
{
    if (request->route->stream != NULL)
        take_piece(request, bytes, n);
    else if (request->body_too_large || n > request->body.max - 1 - request->body.n)
        request->body_too_large = true; /* the rest is read and dropped, within body_time */
    else
        buf_add(&request->body, bytes, n);
}

/* A sender gets time by what is on its way: by its length, or by what may come at most. */
int64_t http_body_time(const struct http_request *request)
{
    if (request->answered)
        return request->server->config.body_time;
    struct str length;
    uint64_t bytes = body_max(request->route);
    if (http_header(request, "Content-Length", &length) == 1 && !text_u64(length, &bytes))
        bytes = 0;
    return (request->streaming ? request->route->stream->time : request->server->config.body_time) +
           http_pace(bytes);
}

/* A head that is not understood, or not taken, gets no page: nothing that it says of a visitor is believed.
 * Always false. */
static bool refuse_head(struct http_request *request, int status, const char *name, const char *words)
{
    struct http_response *response = &request->response;
    if (http_wants_json(request))
        http_problem(request, response, status, name, "%s", words);
    else
        http_response_plain(response, status, arena_printf(&request->arena, "%s\n", words));
    response->close = true;
    return false;
}

bool http_request_begin(struct http_request *request, const char *method, const char *version)
{
    struct http_server *server = request->server;
    const union MHD_ConnectionInfo *info;

    request->http10 = strcmp(version, "HTTP/1.0") == 0;
    MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, take_header, request);
    info = MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct str query = request->target, path = {0};
    (void)str_next(&query, '?', &path);
    request->path = path;
    request->query_text = query;
    request->client = str_of(request->connection->client_text);
    if (request->headers_bad || (info != NULL && info->header_size > server->config.head_max))
        return refuse_head(request, 431, "too-large",
                           arena_printf(&request->arena,
                                        "At most %d headers are taken, and %zu bytes of address and headers.",
                                        HTTP_HEADERS_MAX, server->config.head_max));
    const char *fault = !request->http10 && strcmp(version, "HTTP/1.1") != 0
                            ? "This server speaks HTTP/1.1 and HTTP/1.0."
                            : head_fault(request);
    if (fault == NULL)
        fault = absolute_fault(request);
    if (fault != NULL)
        return refuse_head(request, 400, "usage", fault);
    size_t i = 0;
    while (i < ARRAY_LEN(method_names) && strcmp(method, method_names[i]) != 0)
        i++;
    if (i == ARRAY_LEN(method_names))
        return refuse_head(request, 501, "unsupported", "This method is not known here.");
    request->method = (enum http_method)i;
    if (request->late)
        return refuse_head(request, 503, "busy",
                           "The server is being stopped. Please try again in a moment.");
    find_client(request);
    request->counted = atomic_fetch_add(&server->requests_n, 1) < server->config.requests_max;
    if (!request->counted) {
        atomic_fetch_sub(&server->requests_n, 1);
        atomic_fetch_add(&server->refused_requests, 1);
        return refuse_head(request, 503, "busy", "The server is busy. Please try again in a moment.");
    }
    if (!find_route(request) || !body_welcome(request))
        return false;
    if (request->route->stream != NULL && !request->answered)
        begin_stream(request);
    return true;
}

void http_request_run(struct http_request *request)
{
    if (request->answered)
        return;
    if (request->body_too_large) {
        too_large(request);
        return;
    }
    if (!request->streaming && !fields_or_problem(request, request->query_text, &request->query))
        return;
    if (request->route->body == HTTP_FORM && !fields_or_problem(request, http_body(request), &request->form))
        return;
    if (admitted(request))
        request->route->handler(request, &request->response);
    leave(request);
    http_request_over(request);
}

/* --- what a handler may ask
 * ---------------------------------------------------------------------------------- */

struct arena *http_arena(struct http_request *request)
{
    return &request->arena;
}

void *http_arg(const struct http_request *request)
{
    return request->server->config.arg;
}

struct http_server *http_request_server(const struct http_request *request)
{
    return request->server;
}

int http_thread(const struct http_request *request)
{
    return request->worker->index;
}

void http_set_caller(struct http_request *request, void *caller)
{
    request->caller = caller;
}

void *http_caller(const struct http_request *request)
{
    return request->caller;
}

void http_set_taking(struct http_request *request, void *taking)
{
    request->taking = taking;
}

void *http_taking(const struct http_request *request)
{
    return request->taking;
}

enum http_method http_method(const struct http_request *request)
{
    return request->method;
}

const struct http_route *http_route(const struct http_request *request)
{
    return request->route;
}

struct str http_path(const struct http_request *request)
{
    return request->path;
}

struct str http_query_text(const struct http_request *request)
{
    return request->query_text;
}

struct str http_part(const struct http_request *request, size_t i)
{
    must(i < HTTP_PARTS_MAX);
    return request->named[i];
}

size_t http_query(const struct http_request *request, const char *name, struct str *ret_value)
{
    return http_fields_find(&request->query, name, ret_value);
}

size_t http_form(const struct http_request *request, const char *name, struct str *ret_value)
{
    return http_fields_find(&request->form, name, ret_value);
}

size_t http_header(const struct http_request *request, const char *name, struct str *ret_value)
{
    size_t count = 0, n = strlen(name);
    for (size_t i = 0; i < request->headers_n; i++) {
        const struct http_field *header = &request->header[i];
        if (header->name.n == n && http_same_text(header->name, name) && count++ == 0)
            *ret_value = header->value;
    }
    return count;
}

size_t http_cookie(const struct http_request *request, const char *name, struct str *ret_value)
{
    struct http_request *mutable = (struct http_request *)request; /* read once, on first use */
    for (size_t i = 0; !request->cookies_read && i < request->headers_n; i++) {
        if (http_same_text(request->header[i].name, "Cookie"))
            http_cookies_parse(&mutable->arena, request->header[i].value, &mutable->cookies);
    }
    mutable->cookies_read = true;
    return http_fields_find(&request->cookies, name, ret_value);
}

static bool field_at(const struct http_fields *fields, size_t i, struct str *ret_name, struct str *ret_value)
{
    if (i >= fields->n)
        return false;
    *ret_name = fields->at[i].name;
    *ret_value = fields->at[i].value;
    return true;
}

bool http_query_at(const struct http_request *request, size_t i, struct str *ret_name, struct str *ret_value)
{
    return field_at(&request->query, i, ret_name, ret_value);
}

bool http_form_at(const struct http_request *request, size_t i, struct str *ret_name, struct str *ret_value)
{
    return field_at(&request->form, i, ret_name, ret_value);
}

struct str http_body(const struct http_request *request)
{
    return buf_view(&request->body);
}

struct str http_client(const struct http_request *request)
{
    return request->client;
}

struct str http_host(const struct http_request *request)
{
    return request->host;
}

bool http_is_https(const struct http_request *request)
{
    struct str scheme;
    if (request->server->config.behind_proxy && request->connection->local &&
        http_header(request, "X-Forwarded-Proto", &scheme) == 1)
        return str_is(scheme, "https");
    return request->server->config.secure_cookies;
}

bool http_wants_json(const struct http_request *request)
{
    static const char *const for_programs[] = {"/api/", "/log/", "/metrics", "/healthz"};
    struct str accept;
    if (http_route(request) != NULL && http_route(request)->program)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(for_programs); i++)
        if (str_starts(request->path, str_of(for_programs[i])))
            return true;
    return http_header(request, "Accept", &accept) > 0 && !http_list_has(accept, "text/html") &&
           (http_list_has(accept, "application/json") || http_list_has(accept, "application/problem+json"));
}

bool http_same_origin(const struct http_request *request)
{
    struct str site, origin;
    size_t sites = http_header(request, "Sec-Fetch-Site", &site);
    if (sites > 0)
        return sites == 1 && str_is(site, "same-origin");
    if (http_header(request, "Origin", &origin) != 1)
        return false;
    struct str scheme = http_is_https(request) ? STR("https://") : STR("http://");
    return str_starts(origin, scheme) && str_eq(str_from(origin, scheme.n), request->host);
}
