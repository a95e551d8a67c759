/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_ask.h"

#include "cli/bench_http.h"
#include "crypto/keys.h"

static bool next_look(void *arg, struct buf *request)
{
    struct bench_asking *asking = arg;
    const struct bench_place *place = asking->place;
    if ((asking->once && asking->n == 0) || (asking->until != 0 && asking->entries >= asking->until))
        return false;
    asking->drawn = asking->drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    size_t person = asking->once ? asking->first++ : asking->first + (asking->drawn >> 33) % asking->n;
    asking->n -= asking->once;
    const char *number = place->number[person];
    buf_printf(request,
               "POST /api/looks HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%.*s%s\"}",
               (asking->by_mandate ? place->acting : place->token)[person / place->persons_each],
               place->look.n + strlen(number) + 2, STR_ARG(place->look), number);
    return true;
}

static bool check_look(void *arg, struct str head, struct str body, struct err *err)
{
    struct bench_asking *asking = arg;
    struct str entry;
    uint64_t leaf;
    bool right = str_starts(head, STR("HTTP/1.1 200 ")) && bench_http_header(head, "Aina-Entry", &entry) &&
                 text_u64(entry, &leaf) && memmem(body.p, body.n, "\"admitted\"", 10) != NULL &&
                 memmem(body.p, body.n, "\"records\":[{", 12) != NULL;
    if (!right)
        return err_set(err, ERR_INVALID, "reply", "is not an admitted look with its entry: %.*s",
                       (int)MIN_OF(head.n, (size_t)200), head.p);
    asking->entries = MAX_OF(asking->entries, leaf + 1);
    return true;
}

bool bench_ask(struct bench_asking *asking, struct bench_times *times, struct err *err)
{
    struct bench_http load = {.socket = asking->place->socket,
                              .clients = BENCH_CLIENTS,
                              .seconds = asking->seconds,
                              .next = next_look,
                              .check = check_look,
                              .arg = asking};
    random_bytes(&asking->drawn, sizeof asking->drawn);
    return bench_http_run(&load, times, &asking->ops_s, err);
}

/* --- pages --- */

struct reading {
    const struct bench_place *place;
    size_t reader, left; /* `left` 0: without end */
    bool plain;
};

static bool next_page(void *arg, struct buf *request)
{
    struct reading *reading = arg;
    if (reading->plain && reading->left-- == 0)
        return false;
    reading->reader = (reading->reader + 1) % BENCH_READERS;
    buf_printf(request,
               "GET /me/looks HTTP/1.1\r\nHost: bench\r\nCookie: aina=%s\r\nAccept: text/html\r\n%s\r\n",
               reading->place->session[reading->reader],
               reading->plain ? "" : "Accept-Encoding: gzip, deflate, br\r\n");
    return true;
}

static size_t count(struct str text, const char *word)
{
    size_t n = 0;
    for (const char *at; (at = memmem(text.p, text.n, word, strlen(word))) != NULL; n++)
        text = str_from(text, (size_t)(at - text.p) + strlen(word));
    return n;
}

static bool check_page(void *arg, struct str head, struct str body, struct err *err)
{
    const struct reading *reading = arg;
    struct str coding;
    bool zipped = bench_http_header(head, "Content-Encoding", &coding) && str_is(coding, "gzip");
    if (!str_starts(head, STR("HTTP/1.1 200 ")) || zipped == reading->plain)
        return err_set(err, ERR_INVALID, "reply", "is not the page asked for: %.*s",
                       (int)MIN_OF(head.n, (size_t)200), head.p);
    size_t rows = reading->plain ? count(body, "<article") : BENCH_ROWS;
    return rows == BENCH_ROWS ||
           err_set(err, ERR_INVALID, "page", "has %zu rows instead of %d", rows, BENCH_ROWS);
}

bool bench_read_pages(const struct bench_place *place, double seconds, struct bench_times *times,
                      double *ret_ops_s, struct err *err)
{
    struct reading reading = {.place = place, .plain = true, .left = 1};
    struct bench_times unused = {0};
    struct bench_http load = {
        .socket = place->socket, .clients = 1, .next = next_page, .check = check_page, .arg = &reading};
    bool ok = bench_http_run(&load, &unused, ret_ops_s, err);
    bench_times_done(&unused);
    reading.plain = false;
    load.clients = BENCH_CLIENTS;
    load.seconds = seconds;
    return ok && bench_http_run(&load, times, ret_ops_s, err);
}
