/* SPDX-License-Identifier: Apache-2.0 */
/* http.h: server, routes, request, response. The only room that knows libmicrohttpd.
 *
 * The room above gives a constant table of routes. A handler runs to its end on one of `threads` threads,
 * reads the request, writes the response, and may hold it: the reply leaves only when the log is durable up
 * to a position, and becomes a 503 when that fails or takes too long. Nothing runs after the wait.
 *
 * What reaches a handler is well formed: one Host, one framing, at most HTTP_HEADERS_MAX headers, visible
 * ASCII in the target, path parts, query and form percent-decoded into valid UTF-8 without NUL, a body of the
 * declared kind and size. Everything else is answered here (400, 404, 405, 408, 413, 415, 431, 501, 503) and,
 * where the framing is in doubt, with `Connection: close`.
 *
 * A sender who ends its side before its answer has come is taken for gone: a held reply may not reach it.
 *
 * Every text that a request gives lives until its reply is sent, as does memory from http_arena(). Text given
 * to a response must live as long: from that arena, or static. Times are microseconds (base/clock.h).
 *
 * Specifications: RFC 9110, 9112 (HTTP), 6265 (cookies), 9457 (problem+json), Fetch Metadata, CSP 3.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#define HTTP_HEADERS_MAX 64
#define HTTP_FIELDS_MAX 256 /* of a query or a form */
#define HTTP_PARTS_MAX 16   /* of a path */

struct http_request;
struct http_response;
struct http_server;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS };

enum http_body { HTTP_NO_BODY, HTTP_FORM, HTTP_JSON, HTTP_BYTES };

struct http_stream; /* stream.h: a body that is taken in pieces */

/* One row of the table. HEAD is answered by the GET row, OPTIONS from the table. `path` is made of literal
 * parts and `{named}` parts, which match any one part; a last part `{named*}` matches all that remain (one or
 * more, slashes included). A literal part goes before a named one, whatever the order of the rows. */
struct http_route {
    enum http_method method;
    const char *path;
    void (*handler)(struct http_request *request, struct http_response *response);
    unsigned access; /* of the room above: which callers may come here */
    enum http_body body;
    size_t body_max;                  /* bytes; 0 with a body kind: 64 KiB */
    const struct http_stream *stream; /* of HTTP_BYTES; NULL: http_body() has all of it */
    const char *summary;              /* for OpenAPI and help */
    bool program;                     /* called by programs: an error is JSON whatever Accept says */
};

/* An error that this room, or http_problem(), has to show to a person. */
struct http_failure {
    int status;
    const char
        *name; /* a short stable word: err_name(), or "method-not-allowed", "overdue", "not-durable" ... */
    struct str detail; /* English sentence, may be empty */
    const char *request_id;
};

/* 0 means the value in brackets. Pointers must outlive the server. */
struct http_config {
    const char *address;     /* numeric IPv4 or IPv6 ["127.0.0.1"] */
    int port;                /* 0: the system chooses; see http_server_port() */
    const char *unix_socket; /* NULL: none. Made 0660, removed at stop; a stale one is replaced. */
    bool unix_only;          /* no TCP */

    const struct http_route *routes;
    size_t routes_n;
    void *arg; /* http_arg() */

    /* Before each handler: false means that it answered itself (not allowed, redirect to a log-in). May be
     * NULL. */
    bool (*before)(struct http_request *request, struct http_response *response);
    /* After each `before`, whatever it said, and the handler. May be NULL. */
    void (*after)(struct http_request *request);
    /* Renders an error as a page for a person. NULL: problem+json for all. */
    void (*error_page)(struct http_request *request, struct http_response *response,
                       const struct http_failure *failure);

    int threads;                /* [number of processors, at least 2] */
    int connections_max;        /* [2048] */
    int connections_per_client; /* one IPv4 address or IPv6 /64; [256]; -1 no limit. Peers of a proxy: no
                                   limit */
    int requests_max;           /* in hand at one time, held ones included [4096] */
    size_t head_max;            /* bytes of request line and headers [8 KiB, at most 12 KiB] */
    size_t request_memory;      /* arena of a request [16 MiB]; an answer that overflows it becomes a 500 */

    int64_t head_time;  /* from its first byte the head must be whole within this [10 s, seen once a tick] */
    int64_t body_time;  /* the body, from the end of the head [20 s]; a second more for each 16 KiB of it */
    int64_t hold_time;  /* a held reply becomes a 503 after this [10 s] */
    int64_t write_time; /* the reply must be taken within this [60 s]; a second more for each 16 KiB of it */
    int64_t idle_time;  /* between requests [60 s] */

    bool behind_proxy;   /* loopback and Unix peers may name the client and the scheme: X-Real-IP,
                            X-Forwarded-Proto */
    bool secure_cookies; /* the public address is https */
    bool access_log;     /* one line a request: method, route, status, microseconds; nothing of persons */
};

/* --- server --- */

MUST_USE bool http_server_start(struct http_server **ret_server, const struct http_config *config,
                                struct err *err);
int http_server_port(const struct http_server *server);

/* Told by whoever commits, from any thread: everything up to `position` is durable (never goes back). */
void http_server_durable(struct http_server *server, uint64_t position);
/* The log has stopped: every held reply, and every later one that would be held, becomes a 503. */
void http_server_failed(struct http_server *server);

/* Stops accepting, lets running requests end and held replies leave, answers 503 to those still held after
 * `patience`, then ends all threads. http_server_durable() and _failed() may still be called, to no effect,
 * until http_server_free(): so stop first, then close the ledger, then free. */
void http_server_stop(struct http_server *server, int64_t patience);
void http_server_free(struct http_server *server);

/* Prometheus text: aina_http_requests_total{route,method,class}, aina_http_request_seconds (histogram), and
 * gauges. */
void http_metrics(struct http_server *server, struct buf *out);

/* --- request --- */

struct arena *http_arena(struct http_request *request);
void *http_arg(const struct http_request *request);
struct http_server *http_request_server(const struct http_request *request);
int http_thread(const struct http_request *request); /* 0 .. threads-1, for what each thread has of its own */

/* A place for the room above: what `before` found out about the caller. NULL at first. */
void http_set_caller(struct http_request *request, void *caller);
void *http_caller(const struct http_request *request);

enum http_method http_method(const struct http_request *request);
const struct http_route *http_route(const struct http_request *request); /* NULL on errors before routing */
struct str http_path(const struct http_request *request);                /* as sent, without the query */
struct str http_query_text(const struct http_request *request);          /* as sent, without '?' */
struct str http_part(const struct http_request *request,
                     size_t i); /* i-th named part of the route, decoded */

/* How often the name occurs (0: absent); the first value goes to *ret_value (left alone if absent). */
size_t http_query(const struct http_request *request, const char *name, struct str *ret_value);
size_t http_form(const struct http_request *request, const char *name, struct str *ret_value);
size_t http_header(const struct http_request *request, const char *name, struct str *ret_value);
size_t http_cookie(const struct http_request *request, const char *name, struct str *ret_value);

/* Fields one by one, for the room above to refuse unknown names: false past the end. */
bool http_query_at(const struct http_request *request, size_t i, struct str *ret_name, struct str *ret_value);
bool http_form_at(const struct http_request *request, size_t i, struct str *ret_name, struct str *ret_value);

struct str http_body(const struct http_request *request);   /* the bytes; a form's too */
struct str http_client(const struct http_request *request); /* numeric address; "unix" for a local peer */
struct str http_host(const struct http_request *request);
bool http_is_https(const struct http_request *request);
bool http_wants_json(
    const struct http_request *request); /* paths for programs, or Accept names JSON and not HTML */

/* True if a browser says that the request comes from our own pages (Sec-Fetch-Site, else Origin). To be asked
 * for on every unsafe method that a cookie authenticates. */
bool http_same_origin(const struct http_request *request);

/* --- response: 200, no-store and no body unless said otherwise --- */

struct buf *http_out(struct http_response *response); /* the body, to be written into */
void http_out_static(struct http_response *response, struct str bytes);
void http_status(struct http_response *response, int status);
void http_type(struct http_response *response, const char *content_type);
void http_add_header(struct http_response *response, const char *name, const char *value);
void http_cache(struct http_response *response, const char *cache_control); /* instead of no-store */
void http_redirect(struct http_response *response, int status, const char *location); /* 303 after a POST */

/* This page's script may call these (CSP's connect-src): "'self' wss://127.0.0.1:13579". Without: none. */
void http_connect(struct http_response *response, const char *sources);
/* This page's script may ask for the camera. */
void http_camera(struct http_response *response);

/* HttpOnly, SameSite=Lax, Path=/, Secure by the config. max_age 0: for the session; -1: forget it. */
void http_set_cookie(struct http_response *response, const char *name, struct str value, int64_t max_age);

/* The reply leaves when the log is durable up to `position`. Called twice, the higher one counts. */
void http_hold(struct http_response *response, uint64_t position);

/* A file of ours. `gzip` may be empty. With `immutable` it is cached for a year (its name has its hash). 304
 * where If-None-Match names the ETag. */
struct http_asset {
    struct str bytes, gzip;
    const char *type, *etag; /* etag with its quotes */
    bool immutable;
};
void http_send_asset(const struct http_request *request, struct http_response *response,
                     const struct http_asset *asset);

/* Answers with an error, in place of anything written before (a hold stays): problem+json or the error page.
 * `format` makes the detail, English, without personal data. */
void http_problem(struct http_request *request, struct http_response *response, int status, const char *name,
                  const char *format, ...) PRINTF_LIKE(5, 6);
void http_problem_err(struct http_request *request, struct http_response *response, const struct err *err);

#endif
