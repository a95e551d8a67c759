/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes: patterns are cut into parts and sorted once, so that the first row that fits is right.
 */
#include <stdlib.h>

#include "http/fields_private.h"
#include "http/route_private.h"

static bool part_allowed(struct str part)
{
    if (str_is(part, ".") || str_is(part, ".."))
        return false;
    for (size_t i = 0; i < part.n; i++) {
        unsigned char c = (unsigned char)part.p[i];
        if (c < 0x20 || c == '/' || c == '\\' || c == 0x7f)
            return false;
    }
    return true;
}

enum http_path_result http_path_parse(struct arena *arena, struct str text, struct http_path *ret_path)
{
    struct http_path path = {0};
    if (text.n == 0 || text.p[0] != '/')
        return HTTP_PATH_BAD;
    text = str_from(text, 1);
    path.slash_at_end = str_ends(text, STR("/"));
    bool nowhere = false;
    while (text.n > 0) {
        size_t n = 0;
        while (n < text.n && text.p[n] != '/')
            n++;
        struct str part = {text.p, n};
        text = str_from(text, n < text.n ? n + 1 : n);
        if (memchr(part.p, '%', part.n) != NULL && !http_percent_decode(arena, part, false, &part))
            return HTTP_PATH_BAD;
        if (!part_allowed(part))
            return HTTP_PATH_BAD;
        if (part.n == 0 || path.n == HTTP_PARTS_MAX)
            nowhere = true;
        else
            path.part[path.n++] = part;
    }
    if (nowhere)
        return HTTP_PATH_NOWHERE;
    *ret_path = path;
    return HTTP_PATH_FINE;
}

static bool pattern_parse(struct http_pattern *pattern, const struct http_route *route, size_t row,
                          struct err *err)
{
    struct str rest = str_of(route->path), part;
    if (rest.n == 0 || rest.p[0] != '/' || route->handler == NULL)
        return err_set(err, ERR_USAGE, route->path, "A route needs a path from '/' and a handler.");
    rest = str_from(rest, 1);
    pattern->row = row;
    while (rest.n > 0 && str_next(&rest, '/', &part)) {
        if (pattern->n == HTTP_PARTS_MAX || part.n == 0 ||
            (pattern->n > 0 && pattern->kind[pattern->n - 1] == 'c'))
            return err_set(err, ERR_USAGE, route->path,
                           "A route has at most %d parts, none empty, and nothing after {rest*}.",
                           HTTP_PARTS_MAX);
        bool named = part.p[0] == '{' && str_ends(part, STR("}"));
        pattern->kind[pattern->n] = !named ? 'a' : str_ends(part, STR("*}")) ? 'c' : 'b';
        pattern->part[pattern->n++] = part;
    }
    return true;
}

/* Literal parts before named ones, from the left; then as in the table. */
static int by_preference(const void *a, const void *b)
{
    const struct http_pattern *x = a, *y = b;
    for (size_t i = 0; i < x->n && i < y->n; i++) {
        if (x->kind[i] != y->kind[i])
            return x->kind[i] < y->kind[i] ? -1 : 1;
    }
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static bool same_pattern(const struct http_router *router, const struct http_pattern *x,
                         const struct http_pattern *y)
{
    if (x->n != y->n || router->routes[x->row].method != router->routes[y->row].method)
        return false;
    for (size_t i = 0; i < x->n; i++) {
        if (x->kind[i] != y->kind[i] || (x->kind[i] == 'a' && !str_eq(x->part[i], y->part[i])))
            return false;
    }
    return true;
}

bool http_router_init(struct http_router *router, const struct http_route *routes, size_t n, struct err *err)
{
    struct http_pattern *patterns = calloc(n ? n : 1, sizeof *patterns);
    must(patterns != NULL);
    *router = (struct http_router){routes, patterns, n};
    for (size_t i = 0; i < n; i++) {
        if (!pattern_parse(&patterns[i], &routes[i], i, err)) {
            http_router_done(router);
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (same_pattern(router, &patterns[i], &patterns[k])) {
                http_router_done(router);
                return err_set(err, ERR_USAGE, routes[i].path, "Two routes have the same method and path.");
            }
        }
    }
    qsort(patterns, n, sizeof *patterns, by_preference);
    return true;
}

void http_router_done(struct http_router *router)
{
    free(router->patterns);
    *router = (struct http_router){0};
}

static bool pattern_fits(const struct http_pattern *pattern, const struct http_path *path)
{
    bool rest = pattern->n > 0 && pattern->kind[pattern->n - 1] == 'c';
    if (rest ? path->n < pattern->n : path->n != pattern->n)
        return false;
    for (size_t i = 0; i < pattern->n; i++) {
        if (pattern->kind[i] == 'a' && !str_eq(pattern->part[i], path->part[i]))
            return false;
    }
    return true;
}

static void take_named(const struct http_pattern *pattern, const struct http_path *path, struct arena *arena,
                       struct str *named)
{
    for (size_t i = 0, k = 0; i < pattern->n; i++) {
        if (pattern->kind[i] == 'a')
            continue;
        named[k++] = path->part[i];
        if (pattern->kind[i] == 'b')
            continue;
        struct buf all;
        buf_in(&all, arena, 1 << 16);
        for (size_t part = i; part < path->n; part++) {
            if (part > i)
                buf_byte(&all, '/');
            buf_str(&all, path->part[part]);
        }
        named[k - 1] = buf_view(&all);
    }
}

const struct http_route *http_router_find(const struct http_router *router, struct arena *arena,
                                          enum http_method method, const struct http_path *path,
                                          struct str *named, unsigned *ret_allowed)
{
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    unsigned allowed = 0;
    for (size_t i = 0; i < router->n; i++) {
        const struct http_pattern *pattern = &router->patterns[i];
        if (!pattern_fits(pattern, path))
            continue;
        const struct http_route *route = &router->routes[pattern->row];
        if (route->method == wanted) {
            take_named(pattern, path, arena, named);
            return route;
        }
        allowed |= 1U << route->method;
    }
    if (allowed & 1U << HTTP_GET)
        allowed |= 1U << HTTP_HEAD;
    *ret_allowed = allowed ? allowed | 1U << HTTP_OPTIONS : 0;
    return NULL;
}
