/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/json.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
    struct arena arena;
    arena_init(&arena, 64, 1000);
    memset(arena_take(&arena, 40, 1), 0xFF, 40);
    uint64_t *p = arena_new(&arena, uint64_t);
    assert_int_equal((uintptr_t)p % 8, 0);
    assert_int_equal(*p, 0);
    assert_false(arena_overflowed(&arena));
    arena_take(&arena, 2000, 16);
    assert_true(arena_overflowed(&arena));
    arena_reset(&arena);
    assert_false(arena_overflowed(&arena));
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    arena_done(&arena);
}

static void note_end(void *arg)
{
    ++*(int *)arg;
}

static void an_arena_gives_back_what_was_borrowed(void **state)
{
    struct arena arena;
    int ends = 0;
    arena_init(&arena, 64, 1000);
    arena_at_end(&arena, note_end, &ends);
    arena_at_end(&arena, note_end, &ends);
    arena_reset(&arena);
    assert_int_equal(ends, 2);
    arena_reset(&arena);
    assert_int_equal(ends, 2);
    arena_at_end(&arena, note_end, &ends);
    arena_done(&arena);
    assert_int_equal(ends, 3);
}

static void buf_stops_at_its_maximum(void **state)
{
    struct buf buf;
    buf_init(&buf, 10);
    buf_text(&buf, "12345");
    buf_text(&buf, "678901");
    assert_true(buf_overflowed(&buf));
    assert_int_equal(buf.n, 5);
    buf_done(&buf);
    buf_init(&buf, 100);
    buf_u64(&buf, UINT64_MAX);
    buf_u16be(&buf, 0x0102);
    buf_lp(&buf, "ab", 2);
    assert_memory_equal(buf.p,
                        "18446744073709551615\x01\x02\x00\x02"
                        "ab",
                        26);
    buf_done(&buf);
}

static void utf8_refuses_what_is_not(void **state)
{
    static const char *const good[] = {
        "", "a", "\xD2\x9A\xD0\xB0", "\xE2\x80\x94", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                      "\xC3", "\xFF"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(utf8_valid(str_of(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(utf8_valid(str_of(bad[i])));
    assert_false(utf8_valid((struct str){"a\0b", 3}));
    for (size_t at = 0; at < 20; at++) { /* wherever it stands in a run of ASCII */
        char text[24] = "twenty-three characters";
        text[at] = '\xFF';
        assert_false(utf8_valid((struct str){text, 23}));
        text[at] = '\0';
        assert_false(utf8_valid((struct str){text, 23}));
        memcpy(text + at, "\xD2\x9B", 2);
        assert_true(utf8_valid((struct str){text, 23}));
    }
}

static void numbers_and_encodings_are_strict(void **state)
{
    uint64_t value;
    assert_true(text_u64(STR("18446744073709551615"), &value) && value == UINT64_MAX);
    assert_false(text_u64(STR("18446744073709551616"), &value));
    assert_false(text_u64(STR("01"), &value) || text_u64(STR(""), &value) || text_u64(STR("+1"), &value));
    uint8_t bytes[8];
    size_t n;
    assert_true(base64_decode(bytes, sizeof bytes, STR("AQI="), &n) && n == 2 && bytes[1] == 2);
    assert_false(base64_decode(bytes, sizeof bytes, STR("AQI"), &n));
    assert_false(base64_decode(bytes, sizeof bytes, STR("AQJ="), &n)); /* trailing bits */
    assert_false(base64_decode(bytes, sizeof bytes, STR("AQ I="), &n));
    assert_true(hex_decode(bytes, 2, STR("0aFF")) && bytes[1] == 255);
    assert_false(hex_decode(bytes, 2, STR("0aF")) || hex_decode(bytes, 2, STR("0aFg")));
    assert_true(text_is_id(STR("a.b-9")) && !text_is_id(STR("A")) && !text_is_id(STR("")));
}

static void dates_agree_with_the_calendar(void **state)
{
    assert_int_equal(date_days((struct date){1970, 1, 1}), 0);
    assert_int_equal(date_days((struct date){2026, 11, 24}), 20781);
    assert_int_equal(date_weekday(20781), 2); /* a Tuesday */
    for (int32_t day = -800000; day < 800000; day += 37)
        assert_int_equal(date_days(date_of_days(day)), day);
    assert_true(date_valid((struct date){2000, 2, 29}));
    const char *const as_typed[] = {"2026-03-05", "5.3.2026", "05/03/2026", "5 3 2026", "05-03-2026"};
    const char *const no_days[] = {"",          "5.3",        "5.3.26",   "31.2.2026",
                                   "5.3.2026.", "5.3.2026.1", "2026.3.5", "5-III-2026"};
    for (size_t i = 0; i < ARRAY_LEN(as_typed); i++) {
        struct date typed;
        assert_true(date_typed(str_of(as_typed[i]), &typed));
        assert_int_equal(date_days(typed), date_days((struct date){2026, 3, 5}));
    }
    for (size_t i = 0; i < ARRAY_LEN(no_days); i++) {
        struct date typed;
        assert_false(date_typed(str_of(no_days[i]), &typed));
    }
    assert_false(date_valid((struct date){1900, 2, 29}) || date_valid((struct date){2026, 4, 31}));
    char text[TIME_TEXT_SIZE];
    int64_t time;
    assert_true(time_parse(STR("2026-11-24T23:59:59Z"), &time));
    time_iso(time + 999999, text);
    assert_string_equal(text, "2026-11-24T23:59:59Z");
    assert_int_equal(date_of_time(time, 5 * 60).day, 25);
    assert_false(time_parse(STR("2026-11-24T24:00:00Z"), &time) ||
                 time_parse(STR("2026-02-30T00:00:00Z"), &time));
}

static void crc32c_of_rfc_3720(void **state)
{
    uint8_t zeros[32] = {0};
    assert_int_equal(crc32c(0, zeros, sizeof zeros), 0x8A9136AA);
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xE3069283);
}

static void json_escapes_and_separates(void **state)
{
    struct buf buf;
    struct json json;
    buf_init(&buf, 1000);
    json_start(&json, &buf);
    json_open_object(&json);
    json_key_text(&json, "a", STR("q\"\\\n\x01\x7F"));
    json_key(&json, "list");
    json_open_array(&json);
    json_u64(&json, 1);
    json_write_null(&json);
    json_text(&json, STR("\xFF"));
    json_text(&json, STR("a\xEF\xBF\xBF"
                         "b\xEF\xB7\x90\xF0\x9F\xBF\xBE\n\xEF\xBF\xBC")); /* I-JSON has them not */
    json_end(&json);
    json_key_bool(&json, "b", true);
    json_end(&json);
    buf_byte(&buf, 0);
    assert_string_equal(
        buf.p, "{\"a\":\"q\\\"\\\\\\n\\u0001\\u007f\",\"list\":[1,null,\"\xEF\xBF\xBD\",\"a\xEF\xBF\xBD"
               "b\xEF\xBF\xBD\xEF\xBF\xBD\\n\xEF\xBF\xBC\"],\"b\":true}");
    buf_done(&buf);
}

static void errors_keep_place_and_sentence(void **state)
{
    struct err err;
    assert_false(err_set(&err, ERR_NOT_FOUND, "line 3", "no %s here", "key"));
    err_at(&err, "file.yaml");
    assert_string_equal(err.place, "file.yaml: line 3");
    assert_string_equal(err.text, "no key here");
    assert_int_equal(err_http(err.code), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(an_arena_gives_back_what_was_borrowed),
        cmocka_unit_test(buf_stops_at_its_maximum),
        cmocka_unit_test(utf8_refuses_what_is_not),
        cmocka_unit_test(numbers_and_encodings_are_strict),
        cmocka_unit_test(dates_agree_with_the_calendar),
        cmocka_unit_test(crc32c_of_rfc_3720),
        cmocka_unit_test(json_escapes_and_separates),
        cmocka_unit_test(errors_keep_place_and_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
