/* SPDX-License-Identifier: Apache-2.0 */
/* The library's callbacks: one request's way through a worker thread, and the replies that wait for the log.
 *
 * Happy path: take_target (request line read) - answer, first call (head read) - answer again (body, end of
 * body): the handler runs, the reply is made - held if its position is not durable yet: suspended, put into
 * the worker's queue - http_server_durable takes it out and resumes it - answer, last call: queued - ended
 * (reply sent). May fail: the client leaves (ended comes sooner; of a held request only after it was
 * resumed), a deadline passes (the keeper shuts the socket, or takes the request out of the queue as
 * overdue), the log fails (503). */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/say.h"
#include "http/http_private.h"

#define FIRST_BLOCK (16 * 1024)

/* False if the keeper has ended the connection, so that nobody answers a second time. */
static bool set_phase(struct http_connection *connection, int phase, int64_t deadline)
{
    int before = atomic_load_explicit(&connection->phase, memory_order_relaxed);
    if (before == PHASE_OVERDUE)
        return false;
    atomic_store_explicit(&connection->deadline, deadline, memory_order_relaxed);
    return atomic_compare_exchange_strong_explicit(&connection->phase, &before, phase, memory_order_release,
                                                   memory_order_relaxed);
}

/* From IDLE to HEAD; false where the keeper was there first. */
static bool begin_phase(struct http_connection *connection, int64_t deadline)
{
    int idle = PHASE_IDLE;
    atomic_store_explicit(&connection->deadline, deadline, memory_order_relaxed);
    return atomic_compare_exchange_strong_explicit(&connection->phase, &idle, PHASE_HEAD,
                                                   memory_order_release, memory_order_relaxed);
}

/* --- a request's memory
 * -------------------------------------------------------------------------------------- */

static struct http_request *request_take(struct http_worker *worker)
{
    struct http_request *request = worker->free_requests;
    struct arena arena;
    if (request != NULL) {
        worker->free_requests = request->next;
        arena = request->arena;
    } else {
        request = malloc(sizeof *request);
        must(request != NULL);
        arena_init(&arena, FIRST_BLOCK, worker->server->config.request_memory);
    }
    memset(request, 0, sizeof *request);
    request->arena = arena;
    request->server = worker->server;
    request->worker = worker;
    request->started = clock_steady();
    snprintf(request->id, sizeof request->id, "%s%02x%09llx", worker->server->id_prefix,
             (unsigned)worker->index & 0xff, (unsigned long long)(++worker->requests_made & 0xfffffffffULL));
    return request;
}

static void request_give(struct http_request *request)
{
    arena_reset(&request->arena);
    request->next = request->worker->free_requests;
    request->worker->free_requests = request;
}

void http_worker_free_requests(struct http_worker *worker)
{
    while (worker->free_requests != NULL) {
        struct http_request *request = worker->free_requests;
        worker->free_requests = request->next;
        arena_done(&request->arena);
        free(request);
    }
}

/* --- held replies
 * -------------------------------------------------------------------------------------------- */

static void hold_unlink(struct http_worker *worker, struct http_request *request)
{
    *(request->hold_before ? &request->hold_before->hold_next : &worker->hold_first) = request->hold_next;
    *(request->hold_next ? &request->hold_next->hold_before : &worker->hold_last) = request->hold_before;
    request->hold_next = request->hold_before = NULL;
    atomic_fetch_sub_explicit(&worker->held, 1, memory_order_relaxed);
}

/* Positions come nearly in order, so that the search from the end is short. */
static void hold_insert(struct http_worker *worker, struct http_request *request)
{
    struct http_request *before = worker->hold_last;
    while (before != NULL && before->response.hold > request->response.hold)
        before = before->hold_before;
    request->hold_before = before;
    request->hold_next = before ? before->hold_next : worker->hold_first;
    *(request->hold_next ? &request->hold_next->hold_before : &worker->hold_last) = request;
    *(before ? &before->hold_next : &worker->hold_first) = request;
    atomic_fetch_add_explicit(&worker->held, 1, memory_order_relaxed);
}

/* True if the reply now waits. Suspended before it can be seen by who resumes. */
static bool hold(struct http_request *request)
{
    struct http_server *server = request->server;
    struct http_worker *worker = request->worker;
    bool waits = false;
    pthread_mutex_lock(&worker->hold_lock);
    if (atomic_load(&server->durable) < request->response.hold) {
        waits = !atomic_load(&server->failed) && !atomic_load(&server->closing);
        request->hold_failed = !waits;
    }
    if (waits) {
        request->step = STEP_HELD;
        MHD_suspend_connection(request->mhd);
        hold_insert(worker, request);
    }
    pthread_mutex_unlock(&worker->hold_lock);
    return waits;
}

/* Takes out what is durable (or, failing, all; or what is overdue at `now`) and resumes it, outside the lock.
 */
static void release(struct http_worker *worker, uint64_t durable, bool failing, int64_t now)
{
    struct http_request *list = NULL, **end = &list, *next;
    pthread_mutex_lock(&worker->hold_lock);
    for (struct http_request *request = worker->hold_first; request != NULL; request = next) {
        bool ready = request->response.hold <= durable, overdue = now > request->deadline;
        next = request->hold_next;
        if (!ready && !failing && now == 0)
            break;
        if (!ready && !failing && !overdue)
            continue;
        request->hold_failed = !ready;
        request->hold_overdue = !ready && !failing;
        hold_unlink(worker, request);
        request->next = NULL;
        *end = request;
        end = &request->next;
    }
    pthread_mutex_unlock(&worker->hold_lock);
    for (; list != NULL; list = next) {
        next = list->next; /* once resumed it is its worker's again */
        if (list->hold_overdue)
            atomic_fetch_add(&worker->server->overdue, 1);
        MHD_resume_connection(list->mhd);
    }
}

void http_server_durable(struct http_server *server, uint64_t position)
{
    uint64_t before = atomic_load(&server->durable);
    while (before < position && !atomic_compare_exchange_weak(&server->durable, &before, position))
        ;
    for (int i = 0; i < server->threads; i++)
        release(&server->worker[i], position, false, 0);
}

void http_server_failed(struct http_server *server)
{
    atomic_store(&server->failed, true);
    http_release_all(server);
}

void http_release_all(struct http_server *server)
{
    for (int i = 0; i < server->threads; i++)
        release(&server->worker[i], atomic_load(&server->durable), true, 0);
}

void http_release_overdue(struct http_server *server, int64_t now)
{
    for (int i = 0; i < server->threads; i++)
        release(&server->worker[i], atomic_load(&server->durable), false, now);
}

/* --- the answer
 * ---------------------------------------------------------------------------------------------- */

static enum MHD_Result send_reply(struct http_request *request)
{
    struct http_server *server = request->server;
    struct http_response *response = &request->response;
    int64_t now = clock_steady();
    size_t row = request->route ? (size_t)(request->route - server->config.routes) : server->config.routes_n;
    request->step = STEP_DONE;
    if (!set_phase(request->connection, PHASE_REPLY,
                   now + server->config.write_time + http_pace(response->size)))
        return MHD_NO;
    http_counters_add(&request->worker->counters, row, response->status, now - request->started);
    if (server->config.access_log)
        say(SAY_INFO, "http %s %s %d %lld us", request->id, request->route ? request->route->path : "-",
            response->status, (long long)(now - request->started));
    enum MHD_Result result = MHD_queue_response(request->mhd, (unsigned)response->status, request->reply);
    MHD_destroy_response(request->reply);
    request->reply = NULL;
    return result;
}

static enum MHD_Result send_not_durable(struct http_request *request)
{
    if (request->reply != NULL)
        MHD_destroy_response(request->reply);
    request->reply = NULL;
    request->response.hold = 0;
    http_problem(request, &request->response, 503, request->hold_overdue ? "overdue" : "not-durable",
                 "The log could not record this in time, so nothing is shown. Please try again.");
    return http_reply_make(request) ? send_reply(request) : MHD_NO;
}

static enum MHD_Result finish(struct http_request *request)
{
    /* A handler's answer waits even when it is an error: a refused look is an entry too. */
    if (!http_reply_make(request))
        return MHD_NO;
    uint64_t durable = atomic_load_explicit(&request->server->durable, memory_order_acquire);
    if (request->response.hold <= durable)
        return send_reply(request);
    if (hold(request))
        return MHD_YES;
    return request->hold_failed ? send_not_durable(request) : send_reply(request);
}

void *http_take_target(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct http_worker *worker = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_request *request = request_take(worker);
    request->mhd = mhd;
    request->connection = info->socket_context;
    request->target = str_dup(&request->arena, str_of(uri));
    request->late = !begin_phase(request->connection, request->started + worker->server->config.head_time);
    http_response_init(&request->response, request);
    return request;
}

/* All arguments but these are known already from http_take_target; the library splits the target its own way.
 */
enum MHD_Result http_answer(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                            const char *version, const char *bytes, size_t *bytes_n, void **context)
{
    struct http_request *request = *context;
    struct http_server *server = request->server;
    int64_t now;
    switch (request->step) {
    case STEP_HEAD:
        now = clock_steady();
        if (!set_phase(request->connection, PHASE_BODY, now + server->config.body_time))
            return MHD_NO;
        request->step = STEP_BODY;
        if (http_request_begin(request, method, version))
            return set_phase(request->connection, PHASE_BODY, now + http_body_time(request)) ? MHD_YES
                                                                                             : MHD_NO;
        request->response.hold = 0;
        request->response.close = request->response.close || http_has_body(request);
        return http_reply_make(request) ? send_reply(request) : MHD_NO;
    case STEP_BODY:
        if (*bytes_n > 0) {
            http_request_take(request, bytes, *bytes_n);
            *bytes_n = 0;
            return MHD_YES;
        }
        if (!set_phase(request->connection, PHASE_WORK, 0))
            return MHD_NO; /* told that it came too late: nothing is done */
        request->deadline = clock_steady() + server->config.hold_time;
        http_request_run(request);
        return finish(request);
    case STEP_HELD: return request->hold_failed ? send_not_durable(request) : send_reply(request);
    default: return MHD_NO;
    }
}

void http_ended(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *context;
    if (request == NULL)
        return;
    *context = NULL;
    http_request_over(request);
    if (request->reply != NULL)
        MHD_destroy_response(request->reply);
    if (request->counted)
        atomic_fetch_sub(&request->server->requests_n, 1);
    atomic_fetch_add_explicit(&request->connection->serial, 1, memory_order_relaxed);
    (void)set_phase(request->connection, PHASE_IDLE, 0);
    request_give(request);
}

/* The library hands out the target as it came: this room decodes it itself. */
size_t http_leave_escaped(void *cls, struct MHD_Connection *mhd, char *text)
{
    return strlen(text);
}
