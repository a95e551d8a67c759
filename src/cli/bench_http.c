/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_http.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define REPLY_MAX (256 * 1024)
#define PATIENCE_MS 20000 /* without any reply at all */

struct client {
    int fd;
    int64_t start;
    size_t n;
    bool waits;
    char *reply; /* REPLY_MAX */
};

struct run {
    const struct bench_http *load;
    struct bench_times *times;
    struct client *client;
    struct buf request;
    int epoll;
    size_t waiting;
    int64_t until; /* 0: no end by time */
};

bool bench_http_header(struct str head, const char *name, struct str *ret_value)
{
    size_t n = strlen(name);
    for (struct str line; str_next(&head, '\n', &line);) {
        if (line.n > n + 1 && memcmp(line.p, name, n) == 0 && line.p[n] == ':') {
            *ret_value = str_trim(str_from(line, n + 1));
            return true;
        }
    }
    return false;
}

static bool client_connect(struct run *run, struct client *client, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    must(strlen(run->load->socket) < sizeof address.sun_path);
    memcpy(address.sun_path, run->load->socket, strlen(run->load->socket));
    client->reply = malloc(REPLY_MAX);
    must(client->reply != NULL);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return (client->fd >= 0 && connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0 &&
            epoll_ctl(run->epoll, EPOLL_CTL_ADD, client->fd, &event) == 0) ||
           err_errno(err, run->load->socket, "a client cannot connect");
}

static bool client_ask(struct run *run, struct client *client, struct err *err)
{
    client->waits = false;
    client->n = 0;
    buf_clear(&run->request);
    if ((run->until != 0 && clock_steady() >= run->until) || !run->load->next(run->load->arg, &run->request))
        return true;
    client->start = clock_steady();
    client->waits = true;
    run->waiting++;
    return send(client->fd, run->request.p, run->request.n, MSG_NOSIGNAL) == (ssize_t)run->request.n ||
           err_errno(err, run->load->socket, "a request cannot be sent");
}

/* Whether all of a reply has come. */
static bool reply_whole(const struct client *client, struct str *ret_head, struct str *ret_body,
                        struct err *err)
{
    struct str length;
    uint64_t n;
    const char *end = memmem(client->reply, client->n, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    *ret_head = (struct str){client->reply, (size_t)(end - client->reply)};
    if (!bench_http_header(*ret_head, "Content-Length", &length) || !text_u64(length, &n))
        return err_set(err, ERR_INVALID, "reply", "has no Content-Length");
    *ret_body = (struct str){end + 4, (size_t)n};
    return client->n == ret_head->n + 4 + n;
}

static bool client_read(struct run *run, struct client *client, struct err *err)
{
    struct str head, body;
    struct err bad = {0};
    ssize_t got = recv(client->fd, client->reply + client->n, REPLY_MAX - client->n, 0);
    if (got <= 0)
        return err_set(err, ERR_IO, run->load->socket, "the server closed a connection");
    client->n += (size_t)got;
    if (!reply_whole(client, &head, &body, &bad)) {
        if (bad.code != ERR_NONE || client->n == REPLY_MAX) {
            *err = bad;
            return bad.code == ERR_NONE ? err_set(err, ERR_TOO_LARGE, "reply", "is too long") : false;
        }
        return true;
    }
    bench_times_add(run->times, clock_steady() - client->start);
    run->waiting--;
    return run->load->check(run->load->arg, head, body, err) && client_ask(run, client, err);
}

static bool run_all(struct run *run, struct err *err)
{
    struct epoll_event event[64];
    for (size_t i = 0; i < run->load->clients; i++) {
        if (!client_connect(run, &run->client[i], err))
            return false;
    }
    int64_t start = clock_steady();
    run->until = run->load->seconds > 0 ? start + (int64_t)(run->load->seconds * CLOCK_SECOND) : 0;
    for (size_t i = 0; i < run->load->clients; i++) {
        if (!client_ask(run, &run->client[i], err))
            return false;
    }
    while (run->waiting > 0) {
        int n = epoll_wait(run->epoll, event, ARRAY_LEN(event), PATIENCE_MS);
        if (n == 0)
            return err_set(err, ERR_BUSY, run->load->socket, "no reply came within %d s", PATIENCE_MS / 1000);
        for (int i = 0; i < n; i++) {
            if (!client_read(run, event[i].data.ptr, err))
                return false;
        }
    }
    return true;
}

bool bench_http_run(const struct bench_http *load, struct bench_times *times, double *ret_ops_s,
                    struct err *err)
{
    struct run run = {.load = load, .times = times, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    size_t before = times->n;
    run.client = calloc(load->clients, sizeof *run.client);
    must(run.client != NULL && run.epoll >= 0);
    buf_init(&run.request, 65536);
    int64_t start = clock_steady();
    bool ok = run_all(&run, err);
    double seconds = bench_seconds_since(start);
    for (size_t i = 0; i < load->clients; i++) {
        if (run.client[i].reply != NULL)
            close(run.client[i].fd);
        free(run.client[i].reply);
    }
    close(run.epoll);
    free(run.client);
    buf_done(&run.request);
    if (ok)
        *ret_ops_s = (double)(times->n - before) / seconds;
    return ok;
}
