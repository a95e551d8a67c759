/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h: bodies that should not stand in memory whole. */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/http.h"

/* A request's body, taken in pieces as they come, on the request's thread. Where `begin` or `take` say false
 * they have answered; the rest is read and dropped, so that who sends it comes to read the answer. The
 * handler runs after the last piece, behind a second `before`: what ended meanwhile has ended. Other requests
 * run on this thread between the pieces. */
struct http_stream {
    /* After `before`, when the head has come. */
    bool (*begin)(struct http_request *request, struct http_response *response);
    bool (*take)(struct http_request *request, struct http_response *response, struct str bytes);
    /* Once after each `begin` that was true: behind the handler, or in its place when the sender has left,
     * was too slow, or was answered before. */
    void (*end)(struct http_request *request);
    int64_t time; /* for the body, instead of body_time */
};

/* What the stream knows of its request, from `begin` to `end`. */
void http_set_taking(struct http_request *request, void *taking);
void *http_taking(const struct http_request *request);

/* An answer's body of `size` bytes, read while it is sent, on the request's thread: up to n bytes from `at`
 * on, in order. 0: it cannot be had any more; the connection then ends before its Content-Length, which tells
 * the reader. `arg` lives as long as the request's arena. */
typedef size_t http_read_fn(void *arg, uint64_t at, char *out, size_t n);
void http_out_pieces(struct http_response *response, uint64_t size, http_read_fn *read, void *arg);

#endif
