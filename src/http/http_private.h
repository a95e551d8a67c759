/* SPDX-License-Identifier: Apache-2.0 */
/* http_private.h: what the files of this room share about connections, requests and replies. server.c alone
 * calls the library's daemon functions, reply.c its response functions; fields_private.h and route_private.h
 * are pure. */
#ifndef HTTP_PRIVATE_H
#define HTTP_PRIVATE_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/fields_private.h"
#include "http/route_private.h"
#include "http/stream.h"

/* --- requests ----------------------------------------------------------------------------------------------
 */

/* The last two are the keeper's: OVERDUE is answered and shut, CLOSING hears no more, because the server
 * stops. */
enum { PHASE_IDLE, PHASE_HEAD, PHASE_BODY, PHASE_WORK, PHASE_REPLY, PHASE_CLOSING, PHASE_OVERDUE };

/* One accepted socket. Made and scanned by the keeper thread, used by its worker, freed when the library
 * closes. */
struct http_connection {
    struct http_connection *next, *before; /* all of the server, under server->lock */
    int fd;
    bool tcp, local;
    uint8_t client[16]; /* IPv6 form; /64 for the limit */
    char client_text[INET6_ADDRSTRLEN];
    struct http_worker *worker;
    _Atomic int phase;
    _Atomic int64_t deadline; /* of the phase, by clock_steady; 0: none */
    _Atomic unsigned serial;  /* requests ended */
    /* the keeper's own */
    unsigned seen_serial;
    uint64_t seen_bytes;
    int64_t idle_since, head_since;
};

#define RESPONSE_HEADERS_MAX 12

struct http_response {
    struct http_request *request;
    int status;
    const char *type, *cache, *connect;
    bool camera;
    struct buf out;
    struct str fixed;
    bool is_fixed, is_gzip, vary;
    http_read_fn *read; /* NULL: `out` or `fixed` is the body */
    void *read_arg;
    uint64_t size;
    struct {
        const char *name, *value;
    } header[RESPONSE_HEADERS_MAX];
    size_t headers_n;
    uint64_t hold; /* 0: none */
    bool in_problem, close;
};

enum { STEP_HEAD, STEP_BODY, STEP_HELD, STEP_DONE };

struct http_request {
    struct http_server *server;
    struct http_worker *worker;
    struct http_connection *connection;
    struct MHD_Connection *mhd;
    struct http_request *next; /* in the worker's free list */
    struct http_request *hold_next, *hold_before;
    int64_t started, deadline;
    int step;
    bool late; /* it came on a connection that the stopping server had given up: nothing of it is done */
    bool counted, held, hold_failed, hold_overdue, body_too_large;
    bool streaming, answered; /* its stream has begun and not ended; the answer stands, the body is dropped */
    uint64_t taken;           /* bytes of a stream */

    struct arena arena;
    enum http_method method;
    bool http10;
    struct str target, path, query_text, host, client;
    const struct http_route *route;
    struct str named[HTTP_PARTS_MAX];
    struct http_field header[HTTP_HEADERS_MAX];
    size_t headers_n;
    bool headers_bad;
    struct http_fields query, form, cookies;
    bool cookies_read;
    struct buf body;
    void *caller, *taking;
    char id[20];
    char last_words[320]; /* of an answer for which the arena has no room */

    struct http_response response;
    struct MHD_Response *reply; /* made, not yet queued */
};

/* --- metrics.c ---------------------------------------------------------------------------------------------
 */

#define LATENCY_BOUNDS 10
struct http_count {
    _Atomic uint64_t by_class[6];
};
struct http_counters {        /* one a worker; written by its thread only */
    struct http_count *route; /* routes_n + 1: the last for what found no route */
    _Atomic uint64_t latency[LATENCY_BOUNDS + 1], latency_sum_us;
};
bool http_counters_init(struct http_counters *counters, size_t routes_n);
void http_counters_add(struct http_counters *counters, size_t route, int status, int64_t microseconds);

/* --- server ------------------------------------------------------------------------------------------------
 */

struct http_worker {
    struct http_server *server;
    int index;
    struct MHD_Daemon *daemon;
    struct http_request *free_requests; /* of this worker's thread */
    uint64_t requests_made;
    struct libdeflate_compressor *compressor;
    struct http_counters counters;
    _Atomic int connections;

    pthread_mutex_t hold_lock;
    struct http_request *hold_first, *hold_last; /* by position */
    _Atomic uint64_t held;
};

struct http_server {
    struct http_config config;
    struct http_router router;
    struct http_worker *worker;
    int threads;
    int port, listen_tcp, listen_unix, wake;
    pthread_t keeper;
    char id_prefix[9];

    pthread_mutex_t lock; /* the list of connections */
    struct http_connection *connections;
    struct http_connection **by_fd;
    _Atomic int connections_n;

    _Atomic uint64_t durable;
    _Atomic bool failed, stopping, closing;
    int64_t patience_end;
    _Atomic int requests_n;
    _Atomic uint64_t refused_connections, refused_requests, overdue;
};

#define HTTP_FD_MAX 65536

/* request.c: takes over the head that the library has read; false: answered in `response`, to be closed. */
bool http_request_begin(struct http_request *request, const char *method, const char *version);
/* request.c: the next bytes of the body. */
void http_request_take(struct http_request *request, const char *bytes, size_t n);
/* request.c: tells the stream, if one has begun, that it is over. */
void http_request_over(struct http_request *request);
/* request.c: from body to handler. */
void http_request_run(struct http_request *request);

bool http_has_body(const struct http_request *request); /* its head announces one */
int64_t http_body_time(const struct http_request *request);

/* What so many bytes may take beyond a fixed time: on a phone in a village they come at 16 KiB a second. */
static inline int64_t http_pace(uint64_t bytes)
{
    return (int64_t)(bytes / (16 * 1024)) * CLOCK_SECOND;
}

/* worker.c: the library's callbacks (their cls is the worker) */
void *http_take_target(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result http_answer(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                            const char *version, const char *bytes, size_t *bytes_n, void **context);
void http_ended(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code);
size_t http_leave_escaped(void *cls, struct MHD_Connection *mhd, char *text);
void http_release_all(struct http_server *server); /* held ones become a 503 */
void http_release_overdue(struct http_server *server, int64_t now);
void http_worker_free_requests(struct http_worker *worker);

/* reply.c */
void http_response_init(struct http_response *response, struct http_request *request);
void http_response_plain(struct http_response *response, int status, const char *text); /* and close */
bool http_reply_make(struct http_request *request);
const char *http_status_text(int status);

#endif
