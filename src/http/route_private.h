/* SPDX-License-Identifier: Apache-2.0 */
/* route_private.h: a path, and the row of the table of routes that it finds. Pure. */
#ifndef HTTP_ROUTE_PRIVATE_H
#define HTTP_ROUTE_PRIVATE_H

#include "http/http.h"

struct http_path {
    struct str part[HTTP_PARTS_MAX]; /* decoded */
    size_t n;
    bool slash_at_end;
};

enum http_path_result { HTTP_PATH_FINE, HTTP_PATH_BAD, HTTP_PATH_NOWHERE };

/* BAD: wrong escape, dots, control characters. NOWHERE: well formed, but no route can have it. */
enum http_path_result http_path_parse(struct arena *arena, struct str text, struct http_path *ret_path);

struct http_pattern {
    struct str part[HTTP_PARTS_MAX];
    char kind[HTTP_PARTS_MAX]; /* 'a' literal, 'b' named, 'c' rest: in the order of preference */
    size_t n;
    size_t row;
};

struct http_router {
    const struct http_route *routes;
    struct http_pattern *patterns; /* sorted, on the heap */
    size_t n;
};

MUST_USE bool http_router_init(struct http_router *router, const struct http_route *routes, size_t n,
                               struct err *err);
void http_router_done(struct http_router *router);

/* The row, or NULL with the methods that the path has in *ret_allowed (bits 1 << enum http_method; 0: no
 * path). Named parts go to `named` (HTTP_PARTS_MAX). */
const struct http_route *http_router_find(const struct http_router *router, struct arena *arena,
                                          enum http_method method, const struct http_path *path,
                                          struct str *named, unsigned *ret_allowed);

#endif
