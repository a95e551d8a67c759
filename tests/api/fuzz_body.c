/* SPDX-License-Identifier: Apache-2.0 */
/* The body of every operation that takes one: what is accepted is of its shape and inside its bounds. */
#include "api/api_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct api_input *input, const struct api_value *value)
{
    if (!value->given)
        return;
    if (input->shape == SHAPE_IDS)
        must(value->list_n <= input->max);
    for (size_t i = 0; i < value->list_n; i++)
        must(text_is_id(value->list[i]));
    if (input->shape == SHAPE_ID)
        must(text_is_id(value->text));
    must(utf8_valid(value->text) && (input->max == 0 || value->text.n <= input->max));
    if (input->shape != SHAPE_WORDS)
        must(memchr(value->text.p ? value->text.p : "", '\n', value->text.n) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < api_routes_n; i++) {
        const struct api_operation *operation = &api_operations[i];
        struct api_value values[API_INPUTS_MAX] = {0};
        struct arena arena;
        struct err err = {0};
        if (operation->route->body != HTTP_JSON)
            continue;
        arena_init(&arena, 4096, 1 << 20);
        if (api_read_body(operation->inputs, (struct str){(const char *)bytes, n}, &arena, values, &err)) {
            for (size_t k = 0; operation->inputs[k].name != NULL; k++)
                check(&operation->inputs[k], &values[k]);
        } else {
            must(err.code == ERR_USAGE && err.place[0] != '\0' && err.text[0] != '\0');
        }
        arena_done(&arena);
    }
    return 0;
}
