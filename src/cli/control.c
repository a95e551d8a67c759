/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/pair.h"
#include "base/say.h"
#include "crypto/keys.h"

#define NAME "control"
#define MAGIC "aina-ctl"
#define PATIENCE_ASKED 10  /* seconds for the order to come */
#define PATIENCE_ASKER 120 /* for it to be carried out */

struct control {
    int listener;
    char path[4096];
    pthread_t thread;
    pthread_mutex_t turn;
    struct instance *in;
};

struct control_question {
    char magic[8];
    uint32_t size; /* another version's order has another */
    struct key_order order;
};
struct control_answer {
    uint32_t good;
    struct err err;
    char words[KEY_WORDS_MAX];
};

/* Longer paths than a socket's address takes go through the folder's descriptor. */
static bool address_of(const char *folder, struct sockaddr_un *address, int *ret_fd, struct err *err)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    *ret_fd = -1;
    if ((size_t)snprintf(address->sun_path, sizeof address->sun_path, "%s/" NAME, folder) <
        sizeof address->sun_path)
        return true;
    *ret_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" NAME, *ret_fd);
    return *ret_fd >= 0 || err_errno(err, folder, "cannot open");
}

static bool set_patience(int fd, int seconds)
{
    const struct timeval patience = {.tv_sec = seconds};
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0;
}

/* --- bytes with a descriptor --- */

union with_fd {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
};

static bool put_question(int fd, struct control_question *q, int passed)
{
    union with_fd with = {0};
    struct iovec bytes = {q, sizeof *q};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (passed >= 0) {
        message.msg_control = with.room;
        message.msg_controllen = sizeof with.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(head), &passed, sizeof passed);
    }
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    return n > 0 && pair_put(fd, (char *)q + n, sizeof *q - (size_t)n);
}

static bool take_question(int fd, struct control_question *q)
{
    union with_fd with = {0};
    struct iovec bytes = {q, sizeof *q};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = with.room, .msg_controllen = sizeof with.room};
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    int passed = -1;
    const struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&passed, CMSG_DATA(head), sizeof passed);
    bool ok = n > 0 && pair_take(fd, (char *)q + n, sizeof *q - (size_t)n) &&
              memcmp(q->magic, MAGIC, sizeof q->magic) == 0 && q->size == sizeof *q;
    q->order.token = passed;
    q->order.uri[TOKEN_URI_MAX] = q->order.set[SHARE_SET_SIZE - 1] = '\0';
    if (!ok && passed >= 0)
        close(passed);
    return ok;
}

/* --- the server's side --- */

static bool may_order(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

static void answer(struct control *c, int fd)
{
    static struct control_question q; /* the one thread's */
    struct control_answer a = {0};
    if (!set_patience(fd, PATIENCE_ASKED))
        return;
    if (!may_order(fd)) {
        err_set(&a.err, ERR_NOT_ALLOWED, NAME, "takes orders from the instance's owner alone");
    } else if (!take_question(fd, &q)) {
        err_set(&a.err, ERR_UNSUPPORTED, NAME,
                "the order is not understood: the server is of another version of the program than the "
                "command; restart it");
    } else {
        pthread_mutex_lock(&c->turn);
        a.good = keys_carry_out(c->in, &q.order, a.words, &a.err);
        pthread_mutex_unlock(&c->turn);
        if (!a.good)
            say_err(SAY_WARN, &a.err);
    }
    secret_wipe(&q, sizeof q);
    if (!pair_put(fd, &a, sizeof a))
        say(SAY_WARN, "control: who gave the order did not wait for the answer");
}

static void *listen_on(void *arg)
{
    struct control *c = arg;
    for (;;) {
        int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0)
            return NULL; /* it was shut down */
        answer(c, fd);
        close(fd);
    }
}

bool control_start(struct control **ret, struct instance *in, struct err *err)
{
    struct sockaddr_un address;
    struct control *c = calloc(1, sizeof *c);
    int folder;
    must(c != NULL);
    c->in = in;
    snprintf(c->path, sizeof c->path, "%.4000s/" NAME, in->folder);
    unlink(c->path);
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = address_of(in->folder, &address, &folder, err) &&
              ((c->listener >= 0 && fchmod(c->listener, 0600) == 0 &&
                bind(c->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                chmod(c->path, 0600) == 0 && listen(c->listener, 8) == 0) ||
               err_errno(err, c->path, "the socket for orders cannot be made"));
    if (folder >= 0)
        close(folder);
    pthread_mutex_init(&c->turn, NULL);
    ok = ok && (pthread_create(&c->thread, NULL, listen_on, c) == 0 ||
                err_set(err, ERR_IO, NAME, "no thread can be made"));
    if (!ok) {
        if (c->listener >= 0)
            close(c->listener);
        free(c);
        return false;
    }
    *ret = c;
    return true;
}

void control_stop(struct control *c)
{
    if (c == NULL)
        return;
    unlink(c->path);
    shutdown(c->listener, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->listener);
    pthread_mutex_destroy(&c->turn);
    free(c);
}

void control_hold(struct control *c)
{
    pthread_mutex_lock(&c->turn);
}

void control_let_go(struct control *c)
{
    pthread_mutex_unlock(&c->turn);
}

/* --- the command's side --- */

bool control_ask(const char *folder, const struct key_order *order, bool *ret_there,
                 char ret_words[KEY_WORDS_MAX], struct err *err)
{
    struct sockaddr_un address;
    struct control_question q = {.magic = MAGIC, .size = sizeof q, .order = *order};
    struct control_answer a;
    int in_folder;
    *ret_there = false;
    if (!address_of(folder, &address, &in_folder, err))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_there = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    bool ok = *ret_there && set_patience(fd, PATIENCE_ASKER) && put_question(fd, &q, order->token) &&
              pair_take(fd, &a, sizeof a);
    if (fd >= 0)
        close(fd);
    if (in_folder >= 0)
        close(in_folder);
    secret_wipe(&q, sizeof q);
    if (!*ret_there)
        return false;
    if (!ok)
        return err_set(err, ERR_STOPPED, folder,
                       "the server did not answer: it ended, or takes long. aina keys shows what was done; "
                       "the order may be given again");
    memcpy(ret_words, a.words, KEY_WORDS_MAX);
    ret_words[KEY_WORDS_MAX - 1] = '\0';
    if (a.good == 0)
        *err = a.err;
    return a.good != 0;
}
