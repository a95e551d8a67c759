/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, cookies, lists, paths and routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/http_private.h"

static struct arena arena;

static void handler(struct http_request *request, struct http_response *response)
{
}

static bool decodes(const char *text, const char *want)
{
    struct str out;
    return http_percent_decode(&arena, str_of(text), true, &out) && str_is(out, want);
}

static bool refused(const char *text)
{
    struct str out;
    return !http_percent_decode(&arena, str_of(text), true, &out);
}

static void decode(void **state)
{
    assert_true(decodes("a+b%2B%20", "a b+ "));
    assert_true(decodes("%D0%B0%d0%b0", "\xd0\xb0\xd0\xb0"));
    assert_true(decodes("%2541", "%41"));
    assert_true(refused("%"));
    assert_true(refused("%4"));
    assert_true(refused("%4g"));
    assert_true(refused("%00"));
    assert_true(refused("%1b"));
    assert_true(refused("%C0%AF"));
    assert_true(refused("%ED%A0%80"));
    assert_true(refused("%FF"));
}

static void fields(void **state)
{
    struct http_fields all;
    const char *why;
    struct str value = STR("untouched");
    assert_true(http_fields_parse(&arena, STR("a=1&b=&&a=2=3&c"), &all, &why));
    assert_int_equal(all.n, 4);
    assert_int_equal(http_fields_find(&all, "a", &value), 2);
    assert_true(str_is(value, "1"));
    assert_true(str_is(all.at[2].value, "2=3"));
    assert_int_equal(http_fields_find(&all, "z", &value), 0);
    assert_true(str_is(value, "1"));
    char many[2 * (HTTP_FIELDS_MAX + 1)];
    memset(many, '&', sizeof many);
    assert_false(http_fields_parse(&arena, (struct str){many, sizeof many}, &all, &why));
}

static void cookies(void **state)
{
    struct http_fields all = {0};
    struct str value;
    http_cookies_parse(&arena, STR("a=1; b=\"two\"; bad name=x; c=\x01; =y; d; a=3=4"), &all);
    http_cookies_parse(&arena, STR("e=5"), &all);
    assert_int_equal(http_fields_find(&all, "a", &value), 2);
    assert_int_equal(http_fields_find(&all, "b", &value), 1);
    assert_true(str_is(value, "two"));
    assert_int_equal(http_fields_find(&all, "c", &value), 0);
    assert_int_equal(http_fields_find(&all, "e", &value), 1);
    assert_int_equal(all.n, 4);
}

static void lists(void **state)
{
    assert_true(http_list_has(STR("br, GZIP;q=0.5"), "gzip"));
    assert_false(http_list_has(STR("gzip;q=0"), "gzip"));
    assert_false(http_list_has(STR("gzip;q=0.000, br"), "gzip"));
    assert_false(http_list_has(STR("xgzip"), "gzip"));
}

static enum http_path_result parse(const char *text, struct http_path *path)
{
    return http_path_parse(&arena, str_of(text), path);
}

static void paths(void **state)
{
    struct http_path path;
    assert_int_equal(parse("/", &path), HTTP_PATH_FINE);
    assert_true(path.n == 0 && !path.slash_at_end);
    assert_int_equal(parse("/a/b/", &path), HTTP_PATH_FINE);
    assert_true(path.n == 2 && path.slash_at_end);
    const char *bad[] = {"",       "a",      "http://h/", "/%2e%2e/x", "/../x", "/a/./b",
                         "/a%2Fb", "/a%5Cb", "/%00",      "/%0a",      "/%",    "/%zz"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse(bad[i], &path), HTTP_PATH_BAD);
    assert_int_equal(parse("//", &path), HTTP_PATH_NOWHERE);
    assert_int_equal(parse("/a//b", &path), HTTP_PATH_NOWHERE);
    assert_int_equal(parse("/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7", &path), HTTP_PATH_NOWHERE);
}

static void router(void **state)
{
    static const struct http_route routes[] = {{HTTP_GET, "/{x*}", handler},
                                               {HTTP_GET, "/a/{x}", handler},
                                               {HTTP_GET, "/a/b", handler},
                                               {HTTP_POST, "/a/b", handler}};
    struct http_router r;
    struct http_path path;
    struct str named[HTTP_PARTS_MAX];
    struct err err;
    unsigned allowed = 0;
    assert_true(http_router_init(&r, routes, ARRAY_LEN(routes), &err));
    assert_int_equal(parse("/a/b", &path), HTTP_PATH_FINE);
    assert_ptr_equal(http_router_find(&r, &arena, HTTP_HEAD, &path, named, &allowed), &routes[2]);
    assert_ptr_equal(http_router_find(&r, &arena, HTTP_POST, &path, named, &allowed), &routes[3]);
    assert_null(http_router_find(&r, &arena, HTTP_PUT, &path, named, &allowed));
    assert_int_equal(allowed, 1 << HTTP_GET | 1 << HTTP_HEAD | 1 << HTTP_POST | 1 << HTTP_OPTIONS);
    assert_int_equal(parse("/a/%41", &path), HTTP_PATH_FINE);
    assert_ptr_equal(http_router_find(&r, &arena, HTTP_GET, &path, named, &allowed), &routes[1]);
    assert_true(str_is(named[0], "A"));
    assert_int_equal(parse("/q/r/s", &path), HTTP_PATH_FINE);
    assert_ptr_equal(http_router_find(&r, &arena, HTTP_GET, &path, named, &allowed), &routes[0]);
    assert_true(str_is(named[0], "q/r/s"));
    http_router_done(&r);

    static const struct http_route twice[] = {{HTTP_GET, "/{x}", handler}, {HTTP_GET, "/{y}", handler}};
    static const struct http_route after[] = {{HTTP_GET, "/{x*}/y", handler}};
    assert_false(http_router_init(&r, twice, 2, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_false(http_router_init(&r, after, 1, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decode),  cmocka_unit_test(fields),
                                       cmocka_unit_test(cookies), cmocka_unit_test(lists),
                                       cmocka_unit_test(paths),   cmocka_unit_test(router)};
    arena_init(&arena, 4096, 1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&arena);
    return failed;
}
