/* SPDX-License-Identifier: Apache-2.0 */
/* An entry as it is written is read back, whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "gate/gate_private.h"

#define ODD "said \"no\" \\ \n\t\x01\x7F, қазақша, 😀"

static void write_entry(struct buf *out, const struct registry *registry, uint64_t fields)
{
    struct entry_facts facts = {.id = "01JDHB3W8R6M3V0QZK4T5N7XYA",
                                .kind = STR("look"),
                                .time = INT64_C(1795622400000000),
                                .holder = STR("health"),
                                .agency = STR("police"),
                                .actor = STR("MED-0417"),
                                .basis = STR("Денсаулық сақтау туралы заңнама"),
                                .case_no = STR(ODD),
                                .outcome = STR("refused"),
                                .reason = STR(ODD),
                                .stream = STREAM_AGENCY,
                                .fields_of = registry,
                                .fields = fields,
                                .shard = 227,
                                .number = UINT32_MAX};
    entry_json(&facts, out);
}

static void what_is_written_is_read(void **state)
{
    struct field field[] = {{.id = STR("surname")}, {.id = STR("phone")}, {.id = STR("address")}};
    struct registry registry = {.fields = field, .fields_n = 3};
    struct gate_entry e = {0};
    struct arena arena;
    struct buf json;
    struct err err;
    arena_init(&arena, 4096, 1 << 20);
    buf_in(&json, &arena, ENTRY_MAX);
    write_entry(&json, &registry, 5);
    assert_true(entry_parse(buf_view(&json), &arena, &e, &err));
    assert_true(str_is(e.id, "01JDHB3W8R6M3V0QZK4T5N7XYA") && str_is(e.kind, "look"));
    assert_true(str_is(e.time, "2026-11-25T16:00:00Z") && str_is(e.holder, "health"));
    assert_true(str_is(e.stream, "agency") && str_is(e.agency, "police") && str_is(e.actor, "MED-0417"));
    assert_true(str_is(e.basis, "Денсаулық сақтау туралы заңнама") && str_is(e.outcome, "refused"));
    assert_true(str_is(e.case_no, ODD) && str_is(e.reason, ODD));
    assert_int_equal(e.office.n + e.mandate.n + e.purpose.n + e.registry.n + e.levels.n, 0);
    assert_int_equal(e.shard, 227);
    assert_int_equal(e.number, UINT32_MAX);
    assert_int_equal(e.fields_n, 2);
    assert_true(str_is(e.fields[0], "surname") && str_is(e.fields[1], "address"));
    buf_clear(&json);
    write_entry(&json, NULL, 0);
    assert_true(entry_parse(buf_view(&json), &arena, &e, &err));
    assert_int_equal(e.fields_n, 0);
    arena_done(&arena);
}

static void nothing_else_is(void **state)
{
    static const char *const change[][2] = {
        {"\"v\":1", "\"v\":2"},
        {"\"n\":4294967295", "\"n\":4294967296"},
        {"\"shard\":227", "\"shard\":0227"},
        {"\"shard\":227", "\"shard\":null"},
        {"\"outcome\":", "\"outcome\": "},
        {"\"outcome\":", "\"other\":"},
        {"\"outcome\":\"refused\"", "\"outcome\":\"refused\",\"outcome\":\"admitted\""},
        {"\"kind\":\"look\",", ""},
        {"\"fields\":null", "\"fields\":[\"a\",]"},
        {"\"fields\":null", "\"fields\":\"a\""},
        {"\\u0001", "\\u0000"},
        {"\\u0001", "\\u00e9"},
        {"\\u0001", "\\/"},
        {"\\u0001", "\x01"},
        {"\\u0001", "\xFF"},
    };
    struct gate_entry e = {0};
    struct arena arena;
    struct buf json;
    struct err err;
    arena_init(&arena, 4096, 1 << 24);
    buf_in(&json, &arena, ENTRY_MAX);
    write_entry(&json, NULL, 0);
    for (size_t n = 0; n < json.n; n++)
        assert_false(entry_parse((struct str){json.p, n}, &arena, &e, &err));
    buf_byte(&json, ' ');
    assert_false(entry_parse(buf_view(&json), &arena, &e, &err));
    json.n--;
    for (size_t i = 0; i < ARRAY_LEN(change); i++) {
        const char *at = memmem(json.p, json.n, change[i][0], strlen(change[i][0]));
        assert_non_null(at);
        const char *rest = at + strlen(change[i][0]);
        const char *other = arena_printf(&arena, "%.*s%s%.*s", (int)(at - json.p), json.p, change[i][1],
                                         (int)(json.p + json.n - rest), rest);
        if (entry_parse(str_of(other), &arena, &e, &err))
            fail_msg("taken with %s", change[i][1]);
        assert_int_equal(err.code, ERR_CORRUPT);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
