/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/scanner.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/say.h"
#include "cli/aside.h"

#define PIECE ((uint32_t)256 << 10)
#define GRACE 5 /* seconds after the process's own end of patience */

/* Between the two: pieces of (n u32, bytes), an empty one at the end; then the answer. */
struct heard {
    uint32_t whole, n; /* whole: said after all was given; n bytes follow */
};

/* --- the process --- */

struct talk {
    int fd; /* with clamd; -1: it is not there, or has not done what it should */
    int64_t until;
    bool early; /* it spoke before it had all */
};

/* In time, and while the server is there. */
static bool ready(const struct talk *t, short events)
{
    struct pollfd both[] = {{t->fd, events, 0}, {STDIN_FILENO, POLLRDHUP, 0}};
    int64_t left = (t->until - clock_steady()) / 1000;
    return left > 0 && poll(both, 2, (int)left) > 0 && both[1].revents == 0;
}

static void hang_up(struct talk *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

static void write_all(struct talk *t, const void *bytes, size_t n)
{
    const char *at = bytes;
    while (t->fd >= 0 && n != 0) {
        struct pollfd said = {t->fd, POLLIN, 0};
        ssize_t done = -1;
        if (poll(&said, 1, 0) != 0) { /* an error, or its end: what comes now is no verdict */
            t->early = true;
            return;
        }
        if (ready(t, POLLOUT))
            done = send(t->fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && errno == EAGAIN)
            continue;
        if (done <= 0) {
            hang_up(t);
            return;
        }
        at += done;
        n -= (size_t)done;
    }
}

static void write_piece(struct talk *t, const void *bytes, uint32_t n)
{
    uint8_t length[4];
    put_u32be(length, n);
    if (!t->early)
        write_all(t, length, sizeof length);
    if (!t->early)
        write_all(t, bytes, n);
}

static void call(struct talk *t, const struct sockaddr_un *address)
{
    *t = (struct talk){socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                       clock_steady() + SCANNER_SECONDS * CLOCK_SECOND, false};
    if (t->fd >= 0 && connect(t->fd, (const struct sockaddr *)address, sizeof *address) != 0)
        hang_up(t);
    write_all(t, "zINSTREAM", sizeof "zINSTREAM");
}

/* Up to the NUL that ends it; what is longer than an answer is none. */
static size_t hear(struct talk *t, char out[SCAN_REPLY_SIZE])
{
    size_t n = 0;
    while (t->fd >= 0 && n < SCAN_REPLY_SIZE - 1 && ready(t, POLLIN)) {
        ssize_t got = recv(t->fd, out + n, SCAN_REPLY_SIZE - 1 - n, MSG_DONTWAIT);
        char *end = got > 0 ? memchr(out + n, '\0', (size_t)got) : NULL;
        if (end != NULL)
            return (size_t)(end - out);
        if (got <= 0)
            return 0;
        n += (size_t)got;
    }
    return 0;
}

static bool answer_one(int fd, void *arg)
{
    static char piece[PIECE];
    char said[SCAN_REPLY_SIZE];
    struct talk talk;
    uint32_t n;
    bool more = pair_take(fd, &n, sizeof n);
    if (!more)
        return false;
    for (call(&talk, arg); more && n != 0; more = pair_take(fd, &n, sizeof n)) {
        if (n > PIECE || !pair_take(fd, piece, n))
            return false;
        write_piece(&talk, piece, n);
    }
    write_piece(&talk, "", 0);
    const struct heard a = {!talk.early, (uint32_t)hear(&talk, said)};
    hang_up(&talk);
    return more && pair_put(fd, &a, sizeof a) && pair_put(fd, said, a.n);
}

/* --- the server's side --- */

struct scanner {
    int socket; /* -1: the process has ended */
    int way;    /* the same socket, for who stops it */
    _Atomic bool stopping;
    bool told; /* that clamd takes no files of this size */
    struct scan_port port;
};

static bool lost(struct scanner *s)
{
    if (s->socket >= 0) {
        shutdown(s->socket, SHUT_RDWR);
        close(s->socket);
    }
    if (s->socket >= 0 && !atomic_load(&s->stopping))
        say(SAY_ALERT, "the process that speaks with clamd has ended; files are not scanned until the server "
                       "is started again");
    s->socket = -1;
    return false;
}

static bool start(void *arg)
{
    const struct scanner *s = arg;
    return s->socket >= 0;
}

static bool give(void *arg, struct str bytes)
{
    struct scanner *s = arg;
    while (bytes.n != 0) {
        uint32_t n = (uint32_t)MIN_OF(bytes.n, (size_t)PIECE);
        if (s->socket < 0 || !pair_put(s->socket, &n, sizeof n) || !pair_put(s->socket, bytes.p, n))
            return lost(s);
        bytes = str_from(bytes, n);
    }
    return true;
}

static bool end(void *arg, char reply[SCAN_REPLY_SIZE])
{
    struct scanner *s = arg;
    const uint32_t none = 0;
    struct heard a;
    if (s->socket < 0 || !pair_put(s->socket, &none, sizeof none) || !pair_take(s->socket, &a, sizeof a) ||
        a.n >= SCAN_REPLY_SIZE || !pair_take(s->socket, reply, a.n))
        return lost(s);
    reply[a.n] = '\0';
    if (strstr(reply, "size limit exceeded") != NULL && !s->told)
        say(SAY_ALERT,
            "clamd takes no files as large as people may send here: raise StreamMaxLength in clamd.conf "
            "to 12M at least");
    s->told |= strstr(reply, "size limit exceeded") != NULL;
    return a.whole != 0;
}

static void stop(void *arg)
{
    struct scanner *s = arg;
    atomic_store(&s->stopping, true);
    shutdown(s->way, SHUT_RDWR);
}

bool scanner_start(struct scanner **ret, const char *path, struct err *err)
{
    const struct sandbox sandbox = {.calls_local = true};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int socket;
    *ret = NULL;
    if (path == NULL)
        return true;
    if (path[0] != '/' || strlen(path) >= sizeof address.sun_path)
        return err_set(
            err, ERR_INVALID, "aina.conf",
            "clamd must be the path of its Unix socket, of at most 107 bytes: /run/clamav/clamd.ctl");
    memcpy(address.sun_path, path, strlen(path));
    if (!aside_start(&socket, &sandbox, answer_one, &address, err))
        return false;
    struct scanner *s = calloc(1, sizeof *s);
    must(s != NULL);
    *s = (struct scanner){.socket = socket, .way = dup(socket), .port = {start, give, end, stop, s}};
    *ret = s;
    return aside_patience(socket, SCANNER_SECONDS + GRACE) ||
           err_errno(err, "clamd", "no time limit can be set");
}

const struct scan_port *scanner_port(const struct scanner *s)
{
    return s != NULL ? &s->port : NULL;
}

void scanner_stop(struct scanner *s)
{
    if (s == NULL)
        return;
    if (s->socket >= 0)
        close(s->socket);
    if (s->way >= 0)
        close(s->way);
    free(s);
}
