/* SPDX-License-Identifier: Apache-2.0 */
/* What programs may call stands in the OpenAPI file, and nothing else does: the server's whole table of
 * routes, pages included, held against it. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/api_private.h"
#include "web/web.h"

static const char *const methods[] = {"get", "head", "post", "put", "patch", "delete", "options"};

static bool for_programs(const struct http_route *route)
{
    static const char *const starts[] = {"/api/", "/log/", "/healthz", "/metrics"};
    for (size_t i = 0; i < ARRAY_LEN(starts); i++)
        if (str_starts(str_of(route->path), str_of(starts[i])))
            return true;
    return route->access == 0 ||
           (str_starts(str_of(route->path), STR("/sign/")) && strstr(route->path, "/phone") != NULL);
}

static void the_file_is_the_table(void **state)
{
    struct arena arena;
    struct buf text;
    size_t n, told = 0, written = 0;
    const char *path;
    json_t *operations;
    arena_init(&arena, 65536, (size_t)16 << 20);
    buf_init(&text, (size_t)4 << 20);
    openapi_json(&text);
    json_t *document = json_loadb(text.p, text.n, 0, NULL), *paths = json_object_get(document, "paths");
    assert_non_null(paths);
    const struct http_route *routes = web_join_routes(&arena, &n);
    assert_true(n > 100);
    for (size_t i = 0; i < n; i++) {
        if (!for_programs(&routes[i]))
            continue;
        char key[160];
        size_t k = 0;
        for (const char *at = routes[i].path; *at != '\0'; at++)
            if (*at != '*')
                key[k++] = *at;
        key[k] = '\0';
        if (json_object_get(json_object_get(paths, key), methods[routes[i].method]) == NULL)
            fail_msg("%s %s is not in the OpenAPI file", methods[routes[i].method], key);
        told++;
    }
    json_object_foreach(paths, path, operations) written += json_object_size(operations);
    assert_int_equal(told, written);
    json_decref(document);
    buf_done(&text);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_file_is_the_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
