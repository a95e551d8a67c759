/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the reader: 'f' fields, 'c' cookies, 'p' path and route, 'a' lists. */
#include "http/http_private.h"

static void handler(struct http_request *request, struct http_response *response)
{
}

static const struct http_route routes[] = {{HTTP_GET, "/", handler},
                                           {HTTP_GET, "/a/{b}/c", handler},
                                           {HTTP_GET, "/a/b/c", handler},
                                           {HTTP_POST, "/a/{b}/{c}", handler},
                                           {HTTP_GET, "/log/{rest*}", handler}};

static void read_fields(struct arena *arena, struct str text)
{
    struct http_fields fields;
    const char *why = NULL;
    if (!http_fields_parse(arena, text, &fields, &why)) {
        must(why != NULL);
        return;
    }
    for (size_t i = 0; i < fields.n; i++)
        must(utf8_valid(fields.at[i].name) && utf8_valid(fields.at[i].value));
}

static void read_path(struct arena *arena, struct str text)
{
    struct http_router router;
    struct http_path path;
    struct err err;
    struct str named[HTTP_PARTS_MAX];
    unsigned allowed;
    must(http_router_init(&router, routes, ARRAY_LEN(routes), &err));
    if (http_path_parse(arena, text, &path) == HTTP_PATH_FINE) {
        for (size_t i = 0; i < path.n; i++)
            must(path.part[i].n > 0 && memchr(path.part[i].p, '/', path.part[i].n) == NULL &&
                 !str_is(path.part[i], ".."));
        (void)http_router_find(&router, arena, HTTP_GET, &path, named, &allowed);
    }
    http_router_done(&router);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    struct arena arena;
    struct http_fields cookies = {0};
    struct str text = {(const char *)bytes + 1, n - 1};
    arena_init(&arena, 4096, 1 << 20);
    switch (bytes[0]) {
    case 'f': read_fields(&arena, text); break;
    case 'c':
        http_cookies_parse(&arena, text, &cookies);
        http_cookies_parse(&arena, text, &cookies);
        for (size_t i = 0; i < cookies.n; i++)
            must(http_is_token(cookies.at[i].name));
        break;
    case 'p': read_path(&arena, text); break;
    default: (void)http_list_has(text, "gzip");
    }
    arena_done(&arena);
    return 0;
}
