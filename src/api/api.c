/* SPDX-License-Identifier: Apache-2.0 */
/* api.c: the table of operations, unfolded. */
#include "api/api_private.h"

enum {
#define X(id, ...) OP_##id,
    API_TABLE(X)
#undef X
        OPERATIONS_N
};

#define X(id, ...)                                                                                           \
    static void enter_##id(struct http_request *request, struct http_response *response)                     \
    {                                                                                                        \
        api_enter(&api_operations[OP_##id], request, response);                                              \
    }
API_TABLE(X)
#undef X

const struct http_route api_routes[] = {
#define X(id, m, p, who, kind, most, tag, words)                                                             \
    {.method = HTTP_##m,                                                                                     \
     .path = p,                                                                                              \
     .handler = enter_##id,                                                                                  \
     .body = HTTP_##kind,                                                                                    \
     .body_max = most,                                                                                       \
     .summary = words},
    API_TABLE(X)
#undef X
};
const size_t api_routes_n = OPERATIONS_N;

const struct api_operation api_operations[] = {
#define X(id, m, p, who, kind, most, tag, words)                                                             \
    {#id, tag, API_##who, &api_routes[OP_##id], id, id##_inputs, id##_answers},
    API_TABLE(X)
#undef X
};
