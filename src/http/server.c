/* SPDX-License-Identifier: Apache-2.0 */
/* The server: sockets, workers, and the keeper thread that accepts, counts, and ends what is overdue.
 *
 * Each worker is a daemon of the library with one epoll thread; the keeper gives each new socket to the
 * worker with the fewest. The library has idle times only, which a slow drip defeats, so that the keeper
 * holds absolute deadlines: it shuts the socket down, and the library sees the end of it. A socket is shut
 * down only under server->lock while it is in the list, and the library closes it only after
 * http_connection_noticed() took it out. */
#include <arpa/inet.h>
#include <errno.h>
#include <libdeflate.h>
#include <linux/tcp.h>

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/say.h"
#include "http/http_private.h"

#define TICK_MS 250
#define STOP_TICK_MS 5
#define CONNECTION_MEMORY (16 * 1024)
#define AFTER_PATIENCE (2 * CLOCK_SECOND)

static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
                           "Content-Type: text/plain\r\nContent-Length: 22\r\n\r\nToo many connections.\n";

static const char too_slow[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                               "Content-Type: text/plain\r\nContent-Length: 62\r\n\r\n"
                               "The request did not come whole in its time. Nothing was done.\n";

/* --- connections
 * --------------------------------------------------------------------------------------------- */

static void connection_unlink(struct http_connection *connection)
{
    struct http_server *server = connection->worker->server;
    pthread_mutex_lock(&server->lock);
    *(connection->before ? &connection->before->next : &server->connections) = connection->next;
    if (connection->next)
        connection->next->before = connection->before;
    pthread_mutex_unlock(&server->lock);
    atomic_fetch_sub(&connection->worker->connections, 1);
    atomic_fetch_sub(&server->connections_n, 1);
    free(connection);
}

/* Called by the library when a worker starts with a socket, and just before it closes it. */
static void connection_noticed(void *cls, struct MHD_Connection *mhd, void **context,
                               enum MHD_ConnectionNotificationCode code)
{
    struct http_worker *worker = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = worker->server->by_fd[info->connect_fd];
    } else if (*context != NULL) {
        connection_unlink(*context);
        *context = NULL;
    }
}

static void connection_address(struct http_connection *connection, const struct sockaddr *address)
{
    const char *text = NULL;
    if (address->sa_family == AF_INET) {
        const struct in_addr *v4 = &((const struct sockaddr_in *)address)->sin_addr;
        connection->tcp = true;
        connection->local = (ntohl(v4->s_addr) >> 24) == 127;
        memset(connection->client + 10, 0xff, 2);
        memcpy(connection->client + 12, v4, 4);
        text = inet_ntop(AF_INET, v4, connection->client_text, sizeof connection->client_text);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        connection->tcp = true;
        connection->local = IN6_IS_ADDR_LOOPBACK(v6);
        memcpy(connection->client, v6, IN6_IS_ADDR_V4MAPPED(v6) ? 16 : 8);
        text = inet_ntop(AF_INET6, v6, connection->client_text, sizeof connection->client_text);
    }
    if (text == NULL) {
        connection->local = true;
        memcpy(connection->client_text, "unix", sizeof "unix");
    }
}

/* Under server->lock. */
static int same_client(const struct http_server *server, const struct http_connection *newcomer)
{
    int n = 0;
    for (const struct http_connection *c = server->connections; c != NULL; c = c->next)
        n += c->tcp == newcomer->tcp && memcmp(c->client, newcomer->client, sizeof c->client) == 0;
    return n;
}

static bool connection_admit(struct http_server *server, struct http_connection *connection)
{
    int per_client = server->config.connections_per_client;
    bool limited =
        per_client > 0 && !(connection->local && (server->config.behind_proxy || !connection->tcp));
    bool admitted =
        atomic_load(&server->connections_n) < server->config.connections_max && connection->fd < HTTP_FD_MAX;
    pthread_mutex_lock(&server->lock);
    admitted = admitted && (!limited || same_client(server, connection) < per_client);
    if (admitted) {
        connection->next = server->connections;
        if (connection->next)
            connection->next->before = connection;
        server->connections = connection;
    }
    pthread_mutex_unlock(&server->lock);
    return admitted;
}

static void connection_accept(struct http_server *server, int listening)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    int fd = accept4(listening, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            poll(NULL, 0, 10); /* the newcomer waits in the backlog; this thread does not spin */
        return;
    }
    struct http_connection *connection = calloc(1, sizeof *connection);
    must(connection != NULL);
    connection->fd = fd;
    connection->idle_since = clock_steady();
    connection->worker = &server->worker[0];
    for (int i = 1; i < server->threads; i++) {
        if (atomic_load(&server->worker[i].connections) < atomic_load(&connection->worker->connections))
            connection->worker = &server->worker[i];
    }
    connection_address(connection, (struct sockaddr *)&address);
    if (!connection_admit(server, connection)) {
        atomic_fetch_add(&server->refused_connections, 1);
        ssize_t sent UNUSED = send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        close(fd);
        free(connection);
        return;
    }
    int one = 1;
    if (connection->tcp)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    server->by_fd[fd] = connection;
    atomic_fetch_add(&connection->worker->connections, 1);
    atomic_fetch_add(&server->connections_n, 1);
    if (MHD_add_connection(connection->worker->daemon, fd, (struct sockaddr *)&address, size) != MHD_YES)
        connection_unlink(connection); /* the library has closed it */
}

/* --- deadlines
 * ----------------------------------------------------------------------------------------------- */

static uint64_t bytes_received(const struct http_connection *connection)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (!connection->tcp || getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_bytes_received;
}

/* Between requests the library does not say that bytes came; the socket's own count does. A first request has
 * head_time from the accepting on, a later one from its first byte (seen at a tick). */
static bool idle_overdue(const struct http_config *config, struct http_connection *connection, int64_t now)
{
    unsigned serial = atomic_load_explicit(&connection->serial, memory_order_relaxed);
    if (serial == 0)
        return now - connection->idle_since > config->head_time;
    uint64_t bytes = bytes_received(connection);
    if (connection->seen_serial != serial) {
        connection->seen_serial = serial;
        connection->seen_bytes = bytes;
        connection->idle_since = now;
        connection->head_since = 0;
    }
    if (bytes != connection->seen_bytes && connection->head_since == 0)
        connection->head_since = now;
    return now - connection->idle_since > config->idle_time ||
           (connection->head_since != 0 && now - connection->head_since > config->head_time);
}

/* A sender's end that came together with its last bytes: after a short read the library waits for another
 * edge of epoll, and there is none. To shut the side that has ended makes one. */
static bool sender_left(const struct http_connection *connection)
{
    struct pollfd fd = {connection->fd, POLLRDHUP, 0};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLRDHUP) != 0;
}

/* Who was sending is told why. Only who takes the connection out of its phase may answer, so a request whose
 * last bytes come in this moment is either told that it is late, or done. */
static void end_overdue(struct http_server *server, struct http_connection *c, int phase)
{
    bool sending = phase == PHASE_HEAD || phase == PHASE_BODY ||
                   (phase == PHASE_IDLE && (c->head_since != 0 || (c->serial == 0 && bytes_received(c) > 0)));
    if (sending && !atomic_compare_exchange_strong(&c->phase, &phase, PHASE_OVERDUE))
        return;
    if (sending) {
        ssize_t sent UNUSED = send(c->fd, too_slow, sizeof too_slow - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (sending || phase == PHASE_REPLY)
        atomic_fetch_add(&server->overdue, 1);
    shutdown(c->fd, SHUT_RDWR);
}

static void connections_check(struct http_server *server, int64_t now, bool end_all)
{
    bool stopping = atomic_load(&server->stopping);
    pthread_mutex_lock(&server->lock);
    for (struct http_connection *c = server->connections; c != NULL; c = c->next) {
        int phase = atomic_load_explicit(&c->phase, memory_order_acquire);
        int64_t deadline = atomic_load_explicit(&c->deadline, memory_order_relaxed);
        bool overdue =
            phase == PHASE_IDLE ? idle_overdue(&server->config, c, now) : deadline != 0 && now > deadline;
        if (end_all || phase == PHASE_OVERDUE) {
            shutdown(c->fd, SHUT_RDWR);
        } else if (overdue) {
            end_overdue(server, c, phase);
        } else if (stopping && phase == PHASE_IDLE) {
            /* The library sees the end, and then would not send what it holds: so nothing may begin any more.
             */
            if (atomic_compare_exchange_strong(&c->phase, &phase, PHASE_CLOSING))
                shutdown(c->fd, SHUT_RD);
        } else if (phase == PHASE_BODY && sender_left(c)) {
            shutdown(c->fd, SHUT_RD);
        }
    }
    pthread_mutex_unlock(&server->lock);
}

static void close_listening(struct http_server *server)
{
    if (server->listen_tcp >= 0)
        close(server->listen_tcp);
    if (server->listen_unix >= 0) {
        close(server->listen_unix);
        unlink(server->config.unix_socket);
    }
    server->listen_tcp = server->listen_unix = -1;
}

/* Answers all that has come, then ends. */
static void drain(struct http_server *server)
{
    close_listening(server);
    int64_t now = clock_steady();
    while (atomic_load(&server->connections_n) > 0 && now < server->patience_end + AFTER_PATIENCE) {
        if (now > server->patience_end && !atomic_load(&server->closing)) {
            atomic_store(&server->closing, true);
            http_release_all(server);
        }
        http_release_overdue(server, now);
        connections_check(server, now, now > server->patience_end + AFTER_PATIENCE / 2);
        poll(NULL, 0, STOP_TICK_MS);
        now = clock_steady();
    }
    atomic_store(&server->closing, true);
    http_release_all(server);
}

static void *keeper_main(void *arg)
{
    struct http_server *server = arg;
    int64_t next_tick = 0;
    while (!atomic_load(&server->stopping)) {
        struct pollfd fds[] = {
            {server->wake, POLLIN, 0}, {server->listen_tcp, POLLIN, 0}, {server->listen_unix, POLLIN, 0}};
        int ready = poll(fds, ARRAY_LEN(fds), TICK_MS);
        for (size_t i = 1; ready > 0 && i < ARRAY_LEN(fds); i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0)
                connection_accept(server, fds[i].fd);
        }
        int64_t now = clock_steady();
        if (now < next_tick)
            continue;
        next_tick = now + TICK_MS * 1000;
        connections_check(server, now, false);
        http_release_overdue(server, now);
    }
    drain(server);
    return NULL;
}

/* --- start and stop
 * ------------------------------------------------------------------------------------------ */

static bool listen_tcp(struct http_server *server, struct err *err)
{
    const struct http_config *config = &server->config;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)config->port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)config->port)};
    bool is_v4 = inet_pton(AF_INET, config->address, &v4.sin_addr) == 1;
    if (config->port < 0 || config->port > 65535 ||
        (!is_v4 && inet_pton(AF_INET6, config->address, &v6.sin6_addr) != 1))
        return err_set(err, ERR_USAGE, config->address,
                       "An address to listen on is a numeric IPv4 or IPv6 address and a port up to 65535.");
    struct sockaddr *address = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
    int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, config->address, "The system gives no socket");
    server->listen_tcp = fd;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address, size) != 0 || listen(fd, 1024) != 0 || getsockname(fd, address, &size) != 0)
        return err_errno(err, config->address, "Port %d cannot be listened on", config->port);
    server->port = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    return true;
}

static bool listen_unix(struct http_server *server, struct err *err)
{
    const char *path = server->config.unix_socket;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, ERR_USAGE, path, "The path of a Unix socket has at most 107 bytes.");
    memcpy(address.sun_path, path, strlen(path));
    struct stat old;
    if (lstat(path, &old) == 0 && S_ISSOCK(old.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, path, "The system gives no socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        err_errno(err, path, "The Unix socket cannot be made");
        close(fd);
        return false;
    }
    server->listen_unix = fd;
    if (chmod(path, 0660) != 0 || listen(fd, 1024) != 0)
        return err_errno(err, path, "The Unix socket cannot be listened on");
    return true;
}

static bool worker_start(struct http_server *server, int index, struct err *err)
{
    struct http_worker *worker = &server->worker[index];
    worker->server = server;
    worker->index = index;
    pthread_mutex_init(&worker->hold_lock, NULL);
    worker->compressor = libdeflate_alloc_compressor(1);
    must(worker->compressor != NULL && http_counters_init(&worker->counters, server->config.routes_n));
    /* Strict, the library would answer a missing Host twice and a space in the address not at all; request.c
     * refuses both, in words. */
    worker->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL,
        http_answer, worker, MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK, http_take_target,
        worker, MHD_OPTION_UNESCAPE_CALLBACK, http_leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        http_ended, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_noticed, worker,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->config.connections_max + 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_END);
    return worker->daemon != NULL || err_errno(err, "http", "The HTTP library does not start");
}

static void defaults(struct http_config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
#define DEFAULT(field, value) config->field = config->field ? config->field : (value)
    DEFAULT(address, "127.0.0.1");
    DEFAULT(threads, (int)MIN_OF(MAX_OF(processors, 2L), 64L));
    DEFAULT(connections_max, 2048);
    DEFAULT(connections_per_client, 256);
    DEFAULT(requests_max, 4096);
    DEFAULT(head_max, 8 * 1024);
    DEFAULT(request_memory, 16 << 20);
    DEFAULT(head_time, 10 * CLOCK_SECOND);
    DEFAULT(body_time, 20 * CLOCK_SECOND);
    DEFAULT(hold_time, 10 * CLOCK_SECOND);
    DEFAULT(write_time, 60 * CLOCK_SECOND);
    DEFAULT(idle_time, 60 * CLOCK_SECOND);
#undef DEFAULT
    config->head_max = MIN_OF(config->head_max, (size_t)12 * 1024);
}

static void workers_stop(struct http_server *server)
{
    for (int i = 0; i < server->threads; i++) {
        struct http_worker *worker = &server->worker[i];
        if (worker->daemon != NULL)
            MHD_stop_daemon(worker->daemon);
        worker->daemon = NULL;
    }
}

void http_server_free(struct http_server *server)
{
    close_listening(server);
    workers_stop(server);
    for (int i = 0; i < server->threads; i++) {
        struct http_worker *worker = &server->worker[i];
        if (worker->server == NULL)
            continue;
        http_worker_free_requests(worker);
        libdeflate_free_compressor(worker->compressor);
        free(worker->counters.route);
        pthread_mutex_destroy(&worker->hold_lock);
    }
    if (server->wake >= 0)
        close(server->wake);
    pthread_mutex_destroy(&server->lock);
    http_router_done(&server->router);
    free(server->by_fd);
    free(server->worker);
    free(server);
}

static bool server_open(struct http_server *server, struct err *err)
{
    const struct http_config *config = &server->config;
    if (!http_router_init(&server->router, config->routes, config->routes_n, err) ||
        (!config->unix_only && !listen_tcp(server, err)) ||
        (config->unix_socket != NULL && !listen_unix(server, err)))
        return false;
    for (int i = 0; i < server->threads; i++) {
        if (!worker_start(server, i, err))
            return false;
    }
    if (pthread_create(&server->keeper, NULL, keeper_main, server) != 0)
        return err_set(err, ERR_IO, "http", "The system gives no thread.");
    return true;
}

bool http_server_start(struct http_server **ret_server, const struct http_config *config, struct err *err)
{
    struct http_server *server = calloc(1, sizeof *server);
    must(server != NULL);
    server->config = *config;
    defaults(&server->config);
    server->threads = server->config.threads;
    server->listen_tcp = server->listen_unix = -1;
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->worker = calloc((size_t)server->threads, sizeof *server->worker);
    server->by_fd = calloc(HTTP_FD_MAX, sizeof(struct http_connection *));
    must(server->worker != NULL && server->by_fd != NULL);
    pthread_mutex_init(&server->lock, NULL);
    snprintf(server->id_prefix, sizeof server->id_prefix, "%08x", randombytes_random());
    if (!server_open(server, err)) {
        http_server_free(server);
        return false;
    }
    *ret_server = server;
    return true;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_stop(struct http_server *server, int64_t patience)
{
    uint64_t one = 1;
    server->patience_end = clock_steady() + patience;
    atomic_store(&server->stopping, true);
    ssize_t written UNUSED = write(server->wake, &one, sizeof one);
    pthread_join(server->keeper, NULL);
    workers_stop(server);
}
