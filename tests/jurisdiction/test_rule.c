/* SPDX-License-Identifier: Apache-2.0 */
/* The language of rules: what it gives, what it refuses and where, and that it is total. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "jurisdiction/rule.h"

static const struct str sizes[] = {{"small", 5}, {"large", 5}};
static const struct rule_symbol symbols[] = {
    {{"children", 8}, RULE_NUMBER, NULL, 0},      {{"born", 4}, RULE_DATE, NULL, 0},
    {{"size", 4}, RULE_TEXT, sizes, 2},           {{"lost", 4}, RULE_YES_NO, NULL, 0},
    {{"nobody-knows", 12}, RULE_YES_NO, NULL, 0}, {{"empty", 5}, RULE_TEXT, NULL, 0},
    {{"services", 8}, RULE_TEXT, NULL, 0},        {{"unknown-number", 14}, RULE_NUMBER, NULL, 0},
    {{"mci", 3}, RULE_NUMBER, NULL, 0},
};
static const struct rule_scope scope = {symbols, ARRAY_LEN(symbols)};

static const char *value_of(const char *text, struct arena *arena, struct err *err)
{
    struct rule_value values[ARRAY_LEN(symbols)] = {
        rule_number(4 * RULE_ONE),          rule_date(date_days((struct date){2004, 2, 29})),
        rule_words(STR("small")),           rule_yes_no(true),
        rule_unknown(RULE_YES_NO),          rule_absent(RULE_TEXT),
        rule_words(STR("internet\nvoice")), rule_unknown(RULE_NUMBER),
        rule_number(4325 * RULE_ONE),
    };
    const struct rule_expr *expr;
    struct buf out;
    if (!rule_parse(str_of(text), &scope, arena, &expr, err))
        return NULL;
    struct rule_value v = rule_eval(expr, values, arena);
    buf_in(&out, arena, 4096);
    rule_value_text(&out, &v);
    buf_byte(&out, 0);
    return v.known ? out.p : "?";
}

static void test_values(void **state)
{
    static const char *const cases[][2] = {
        {"children >= 4", "yes"},
        {"children > 4 or lost", "yes"},
        {"not lost and children = 4", "no"},
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"10 - 2 - 3", "5"},
        {"-3 + 5", "2"},
        {"0.2 * mci", "865"},
        {"1.25 * mci", "5406.25"},
        {"1 / 3", "0.3333"},
        {"2 / 3 * 3", "1.9998"},
        {"1 / 0", "?"},
        {"9000000000 * 900000000000", "?"},
        {"round(2.5)", "3"},
        {"round(-2.5)", "-3"},
        {"round(2.4999)", "2"},
        {"least(3, 2) + most(3, 2)", "5"},
        {"size = 'small'", "yes"},
        {"size in ('large')", "no"},
        {"size in ('large', 'small')", "yes"},
        {"services has 'voice'", "yes"},
        {"services has 'voi'", "no"},
        {"count(services)", "2"},
        {"if size = 'large' then 6.5 * mci else 0", "0"},
        {"if nobody-knows then 1 else 2", "?"},
        {"nobody-knows or lost", "yes"},
        {"nobody-knows and not lost", "no"},
        {"nobody-knows and lost", "?"},
        {"not nobody-knows", "?"},
        {"unknown-number > 3", "?"},
        {"given(children)", "yes"},
        {"given(empty)", "no"},
        {"given(unknown-number)", "?"},
        {"empty = 'x'", "?"},
        {"years(born, 2022-02-28)", "18"}, /* born on 29 February: full on the last of February */
        {"years(born, 2022-02-27)", "17"},
        {"years(born, 2024-02-28)", "19"},
        {"years(born, 2024-02-29)", "20"},
        {"years(2022-02-28, born)", "-18"},
        {"months(2026-01-31, 2026-02-28)", "1"},
        {"months(2026-01-31, 2026-02-27)", "0"},
        {"days(2026-01-31, 2026-03-01)", "29"},
        {"plus-months(2026-01-31, 1)", "2026-02-28"},
        {"plus-years(born, 1)", "2005-02-28"},
        {"plus-days(2025-12-31, 1)", "2026-01-01"},
        {"plus-days(2025-12-31, 99999999999)", "?"},
        {"plus-years(2025-12-31, 999999)", "?"},
        {"plus-months(2025-12-31, -99999)", "?"},
        {"month(born) * 100 + day(born)", "229"},
        {"born < 2005-01-01", "yes"},
        {"yes", "yes"},
        {"'it''s'", NULL},
        {"length('қазақ')", "5"},
    };
    struct arena arena;
    struct err err;
    arena_init(&arena, 65536, 1 << 24);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = value_of(cases[i][0], &arena, &err);
        if (cases[i][1] == NULL ? got != NULL : got == NULL || strcmp(got, cases[i][1]) != 0)
            fail_msg("%s: %s, expected %s", cases[i][0], got ? got : err.text,
                     cases[i][1] ? cases[i][1] : "an error");
    }
    arena_done(&arena);
}

static void test_refusals_say_where(void **state)
{
    static const struct {
        const char *text, *place, *what;
    } cases[] = {
        {"children >= 'four'", "character 13", "a text stands here where a number is needed"},
        {"childern >= 4", "character 1", "nothing is called 'childern'"},
        {"children >=", "character 12", "ends too early"},
        {"children 4", "character 10", "has no place here"},
        {"size = 'middle'", "character 8", "is not an option of 'size'"},
        {"size in ('small', 'middle')", "character 19", "is not an option of 'size'"},
        {"size < 'small'", "character 6", "only numbers and dates"},
        {"lost + 1", "character 1", "a yes-no stands here"},
        {"born = 2026-02-30", "character 8", "neither a number nor a date"},
        {"if lost then 1", "character 15", "'else' is missing"},
        {"if lost then 1 else 'a'", "character 21", "a text stands here"},
        {"fetch('http://x')", "character 1", "is not a function"},
        {"years(born)", "character 11", "',' is missing"},
        {"'open", "character 1", "does not end"},
        {"children = 1.23456", "character 12", "neither a number"},
        {"", "character 1", "ends too early"},
        {"children-1", "character 1", "nothing is called 'children-1'"},
        {"a;b", "character 1", "nothing is called"},
    };
    struct arena arena;
    struct err err;
    arena_init(&arena, 65536, 1 << 24);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (value_of(cases[i].text, &arena, &err) != NULL)
            fail_msg("%s was taken", cases[i].text);
        if (strcmp(err.place, cases[i].place) != 0 || strstr(err.text, cases[i].what) == NULL)
            fail_msg("%s: %s: %s", cases[i].text, err.place, err.text);
    }
    arena_done(&arena);
}

/* However nested or long: refused, never a crash. */
static void test_depth_and_length(void **state)
{
    static const char *const wraps[][2] = {
        {"(", ")"}, {"not ", ""}, {"-", ""}, {"round(", ")"}, {"if lost then 1 else ", ""}};
    struct arena arena;
    struct err err;
    for (size_t w = 0; w < ARRAY_LEN(wraps); w++) {
        for (int n = 1; n < 300; n += 7) {
            struct buf text;
            arena_init(&arena, 65536, 1 << 24);
            buf_in(&text, &arena, 100000);
            for (int i = 0; i < n; i++)
                buf_text(&text, wraps[w][0]);
            buf_text(&text, w == 1 ? "lost" : "1");
            for (int i = 0; i < n; i++)
                buf_text(&text, wraps[w][1]);
            buf_byte(&text, 0);
            const char *got = value_of(text.p, &arena, &err);
            assert_true(n != 1 || got != NULL);
            assert_true(n < 200 || got == NULL);
            arena_done(&arena);
        }
    }
}

static void test_text_of_numbers_comes_back(void **state)
{
    static const char *const texts[] = {"0", "1", "-1", "0.5", "-0.0001", "922337203685476", "12.3456"};
    static const char *const wrong[] = {"1.", ".5", "1.23456", "01", "+1", " 1", "1e3", "922337203685477581",
                                        "--1"};
    struct rule_value v;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char bytes[64];
        struct buf out;
        struct arena arena;
        arena_init(&arena, 1024, 1 << 20);
        buf_in(&out, &arena, sizeof bytes);
        assert_true(rule_value_parse(RULE_NUMBER, str_of(texts[i]), &v));
        rule_value_text(&out, &v);
        assert_true(str_is(buf_view(&out), texts[i]));
        arena_done(&arena);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(rule_value_parse(RULE_NUMBER, str_of(wrong[i]), &v));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refusals_say_where),
        cmocka_unit_test(test_depth_and_length),
        cmocka_unit_test(test_text_of_numbers_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
