/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/fetch.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

#define ANSWER_MAX ((size_t)64 << 10)
#define LIST_MAX ((size_t)32 << 20)
#define SECONDS_MAX 10L
#define SECONDS_LIST_MAX 60L
#define CONNECT_SECONDS_MAX 4L
#define CACHE_SECONDS 3600

static size_t take_bytes(char *bytes, size_t one, size_t n, void *arg)
{
    struct buf *out = arg;
    buf_add(out, bytes, n);
    return buf_overflowed(out) ? 0 : n; /* a short count ends the transfer */
}

static void set_options(CURL *curl, const struct fetch_call *call, struct curl_slist *headers,
                        struct buf *out)
{
    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS_MAX);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, call->seconds);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->max);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    if (call->type != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.p);
    }
}

bool fetch_direct(void *arg, const struct fetch_call *call, struct arena *arena, struct str *ret_answer,
                  struct err *err)
{
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
    CURL *curl = curl_easy_init();
    must(curl != NULL);
    (void)arg;
    struct curl_slist *headers = NULL;
    struct buf out;
    buf_in(&out, arena, call->max);
    if (call->type != NULL) {
        headers = curl_slist_append(headers, arena_printf(arena, "Content-Type: %s", call->type));
        headers = curl_slist_append(headers, "Expect:");
    }
    set_options(curl, call, headers, &out);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (buf_overflowed(&out))
        return err_set(err, ERR_TOO_LARGE, call->url, "answered with more than %zu bytes", call->max);
    if (code != CURLE_OK)
        return err_set(err, ERR_IO, call->url, "did not answer: %s", curl_easy_strerror(code));
    if (out.n == 0)
        return err_set(err, ERR_IO, call->url, "answered with nothing");
    *ret_answer = buf_view(&out);
    return true;
}

static bool ask(const struct fetch_via *via, const struct fetch_call *call, struct arena *arena,
                struct str *ret_answer, struct err *err)
{
    return via != NULL ? via->ask(via->arg, call, arena, ret_answer, err)
                       : fetch_direct(NULL, call, arena, ret_answer, err);
}

static bool get_stamp(const struct signature_needs *needs, const struct fetch_via *via, struct arena *arena,
                      struct evidence *e, struct err *err)
{
    struct buf request;
    uint8_t nonce[8];
    struct str response;
    random_bytes(nonce, sizeof nonce);
    nonce[0] = (nonce[0] & 0x7f) | 0x40; /* a positive INTEGER of eight bytes */
    buf_in(&request, arena, 256);
    signature_stamp_request(&request, needs->stamp_bytes, nonce);
    struct fetch_call call = {str_c(arena, needs->authority->stamp_url), "application/timestamp-query",
                              buf_view(&request), ANSWER_MAX, SECONDS_MAX};
    return ask(via, &call, arena, &response, err) &&
           (signature_stamp_token(response, nonce, arena, &e->stamps[e->stamps_n], err) ||
            err_at(err, "%s", call.url)) &&
           ++e->stamps_n != 0;
}

static bool get_ocsp(const struct signature_needs *needs, const struct fetch_via *via, struct arena *arena,
                     struct evidence *e, struct err *err)
{
    struct str response;
    struct fetch_call call = {str_c(arena, needs->authority->ocsp_url), "application/ocsp-request",
                              needs->ocsp_request, ANSWER_MAX, SECONDS_MAX};
    if (!ask(via, &call, arena, &response, err))
        return false;
    if (!signature_ocsp_fresh(response, needs->nonce))
        return err_set(err, ERR_INVALID, call.url,
                       "answered without the question's nonce: an old answer, or not an answer");
    e->ocsp[e->ocsp_n++] = response;
    return true;
}

/* --- lists, with a cache --- */

static bool cache_read(const char *path, struct arena *arena, struct str *ret)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0 &&
              (size_t)stat.st_size <= LIST_MAX && time(NULL) - stat.st_mtime < CACHE_SECONDS &&
              stat.st_mtime <= time(NULL);
    if (ok) {
        char *p = arena_take(arena, (size_t)stat.st_size, 1);
        ok = read(fd, p, (size_t)stat.st_size) == stat.st_size;
        *ret = (struct str){p, (size_t)stat.st_size};
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

/* A cache that cannot be written is no error: the list is in hand. */
static void cache_write(const char *path, struct arena *arena, struct str bytes)
{
    const char *fresh = arena_printf(arena, "%s.%ld", path, (long)getpid());
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool ok = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n;
    close(fd);
    if (!ok || rename(fresh, path) != 0)
        unlink(fresh);
}

static bool get_list(const struct signature_needs *needs, const struct fetch_via *via, const char *cache,
                     struct arena *arena, struct evidence *e, struct err *err)
{
    const char *path = NULL;
    struct str list, url = needs->authority->list_url;
    if (cache != NULL) {
        uint8_t hash[HASH_SIZE];
        char hex[2 * HASH_SIZE + 1];
        sha256(hash, url.p, url.n);
        hex_encode(hex, hash, sizeof hash);
        path = arena_printf(arena, "%s/%s.crl", cache, hex);
    }
    if (path == NULL || !cache_read(path, arena, &list)) {
        struct fetch_call call = {str_c(arena, url), NULL, {0}, LIST_MAX, SECONDS_LIST_MAX};
        if (!ask(via, &call, arena, &list, err))
            return false;
        if (path != NULL)
            cache_write(path, arena, list);
    }
    e->lists[e->lists_n++] = list;
    return true;
}

bool fetch_evidence(const struct trust *trust, const struct fetch_via *via, struct evidence *e,
                    const char *cache, struct arena *arena, struct err *err)
{
    struct signature_needs needs;
    if (!signature_needs(trust, e->signature, clock_now(), arena, &needs, err))
        return false;
    const struct trust_authority *a = needs.authority;
    bool ok = true, answered = e->ocsp_n != 0 || e->lists_n != 0;
    if (!needs.has_stamp && e->stamps_n == 0 && a->stamp_url.n != 0)
        ok = get_stamp(&needs, via, arena, e, err);
    if (!answered && a->ocsp_url.n != 0) {
        struct err first;
        answered = get_ocsp(&needs, via, arena, e, &first);
        if (!answered && a->list_url.n == 0) {
            *err = first;
            ok = false;
        }
    }
    if (!answered && a->list_url.n != 0)
        ok &= get_list(&needs, via, cache, arena, e, err);
    return ok;
}
