/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/asker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/say.h"
#include "cli/aside.h"
#include "jurisdiction/jurisdiction.h"

#define ADDRESSES_MAX 64
#define GRACE 5 /* seconds after a call's own end */
#define QUESTION_MAX ((size_t)64 << 10)

struct asker {
    int socket;
    pthread_mutex_t one;
    atomic_int waiting;
    struct fetch_via via;
};

struct question {
    uint32_t url_n, type_n, body_n, max, seconds;
};
struct answer {
    uint32_t good, n; /* good 0: the bytes are the error's text */
};

/* --- the child --- */

static bool known(struct str url, const struct str *addresses, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(addresses[i], url))
            return true;
    return false;
}

static bool answer_one(int fd, const struct str *addresses, size_t n, struct arena *arena)
{
    struct question q;
    struct err err;
    if (!pair_take(fd, &q, sizeof q) || (size_t)q.url_n + q.type_n + q.body_n > QUESTION_MAX)
        return false;
    char *url = arena_take(arena, q.url_n + 1, 1), *type = arena_take(arena, q.type_n + 1, 1),
         *body = arena_take(arena, q.body_n + 1, 1);
    if (!pair_take(fd, url, q.url_n) || !pair_take(fd, type, q.type_n) || !pair_take(fd, body, q.body_n))
        return false;
    struct fetch_call call = {url, q.type_n != 0 ? type : NULL, {body, q.body_n}, q.max, q.seconds};
    struct str bytes;
    bool good = known(str_of(url), addresses, n)
                    ? fetch_direct(NULL, &call, arena, &bytes, &err)
                    : err_set(&err, ERR_NOT_ALLOWED, url, "is no address of the trust folder");
    if (!good)
        bytes = str_of(arena_printf(arena, "%s", err.text));
    struct answer a = {good, (uint32_t)bytes.n};
    return pair_put(fd, &a, sizeof a) && pair_put(fd, bytes.p, bytes.n);
}

struct addresses {
    const struct str *list;
    size_t n;
};

static bool answer(int fd, void *arg)
{
    const struct addresses *known_ones = arg;
    struct arena arena;
    arena_init(&arena, 65536, 4 * ASKER_ANSWER_MAX);
    bool more = answer_one(fd, known_ones->list, known_ones->n, &arena);
    arena_done(&arena);
    return more;
}

/* --- the server's side --- */

static bool exchange(int fd, const struct fetch_call *call, struct arena *arena, struct answer *a,
                     struct str *ret)
{
    struct str type = call->type != NULL ? str_of(call->type) : STR("");
    const struct question q = {(uint32_t)strlen(call->url), (uint32_t)type.n, (uint32_t)call->body.n,
                               (uint32_t)MIN_OF(call->max, ASKER_ANSWER_MAX), (uint32_t)call->seconds};
    if (!aside_patience(fd, (int)call->seconds + GRACE) || !pair_put(fd, &q, sizeof q) ||
        !pair_put(fd, call->url, q.url_n) || !pair_put(fd, type.p, type.n) ||
        !pair_put(fd, call->body.p, call->body.n) || !pair_take(fd, a, sizeof *a) || a->n > ASKER_ANSWER_MAX)
        return false;
    char *bytes = arena_take(arena, a->n + 1, 1);
    *ret = (struct str){bytes, a->n};
    return pair_take(fd, bytes, a->n);
}

static bool ask(void *arg, const struct fetch_call *call, struct arena *arena, struct str *ret_answer,
                struct err *err)
{
    struct asker *asker = arg;
    struct answer a;
    struct str bytes;
    if (atomic_fetch_add(&asker->waiting, 1) >= ASKER_WAITING) {
        atomic_fetch_sub(&asker->waiting, 1);
        return err_set(err, ERR_BUSY, call->url, "is being asked about other signatures; try again");
    }
    pthread_mutex_lock(&asker->one);
    bool whole = asker->socket >= 0 && exchange(asker->socket, call, arena, &a, &bytes);
    if (!whole && asker->socket >= 0) { /* question and answer no longer belong together */
        close(asker->socket);
        asker->socket = -1;
        say(SAY_ALERT, "the process that asks certificate authorities has ended; signatures that need an "
                       "answer are refused until the server is started again");
    }
    pthread_mutex_unlock(&asker->one);
    atomic_fetch_sub(&asker->waiting, 1);
    if (!whole)
        return err_set(err, ERR_IO, call->url, "cannot be asked: start the server again");
    if (!a.good)
        return err_set(err, ERR_IO, call->url, "%.*s", STR_ARG(bytes));
    *ret_answer = bytes;
    return true;
}

static void add(struct arena *arena, struct str *list, size_t *n, struct str url)
{
    if (url.n != 0 && *n < ADDRESSES_MAX && !known(url, list, *n))
        list[(*n)++] = str_dup(arena, url);
}

/* The addresses of authorities whose signatures can hold. A folder with errors is refused later, in words. */
static size_t addresses_of(const char *folder, struct arena *arena, struct str *list)
{
    struct trust *trust = NULL;
    struct findings findings = {0};
    struct err err;
    size_t n = 0;
    if (!trust_load(folder, arena, &trust, &findings, &err) || trust == NULL)
        return 0;
    for (size_t i = 0; i < trust->authorities_n; i++) {
        const struct trust_authority *a = &trust->authorities[i];
        if (!trust_has_anchor(trust, a))
            continue;
        add(arena, list, &n, a->stamp_url);
        add(arena, list, &n, a->ocsp_url);
        add(arena, list, &n, a->list_url);
    }
    trust_done(trust);
    return n;
}

bool asker_start(struct asker **ret, const char *jurisdiction_folder, struct err *err)
{
    struct arena arena;
    struct str list[ADDRESSES_MAX];
    const struct sandbox sandbox = {.read = {"/etc/ssl", "/dev/urandom"}, .calls_out = true};
    int socket;
    *ret = NULL;
    arena_init(&arena, 65536, (size_t)64 << 20);
    size_t n = addresses_of(jurisdiction_folder, &arena, list);
    struct addresses addresses = {list, n};
    bool ok = n == 0 || aside_start(&socket, &sandbox, answer, &addresses, err);
    if (ok && n != 0) {
        struct asker *asker = calloc(1, sizeof *asker);
        must(asker != NULL);
        asker->socket = socket;
        pthread_mutex_init(&asker->one, NULL);
        asker->via = (struct fetch_via){ask, asker};
        *ret = asker;
    }
    arena_done(&arena);
    return ok;
}

const struct fetch_via *asker_via(const struct asker *asker)
{
    return asker != NULL ? &asker->via : NULL;
}

void asker_stop(struct asker *asker)
{
    if (asker == NULL)
        return;
    if (asker->socket >= 0)
        close(asker->socket);
    pthread_mutex_destroy(&asker->one);
    free(asker);
}
