/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an expression says, it is refused with a place, or ends with a value of its type; the same twice.
 */
#include "base/clock.h"
#include "jurisdiction/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct str sizes[] = {{"small", 5}, {"large", 5}};
    static const struct rule_symbol symbols[] = {
        {{"children", 8}, RULE_NUMBER, NULL, 0}, {{"born", 4}, RULE_DATE, NULL, 0},
        {{"size", 4}, RULE_TEXT, sizes, 2},      {{"lost", 4}, RULE_YES_NO, NULL, 0},
        {{"list", 4}, RULE_TEXT, NULL, 0},       {{"mci", 3}, RULE_NUMBER, NULL, 0},
    };
    const struct rule_scope scope = {symbols, ARRAY_LEN(symbols)};
    struct rule_value values[] = {rule_number(INT64_MAX),       rule_date(12345),
                                  rule_words(STR("small")),     rule_unknown(RULE_YES_NO),
                                  rule_words(STR("a\n1\n2.5")), rule_number(INT64_MIN)};
    const struct rule_expr *expr;
    struct arena arena;
    struct err err = {0};
    arena_init(&arena, 65536, 1 << 24);
    if (rule_parse((struct str){(const char *)bytes, n}, &scope, &arena, &expr, &err)) {
        struct rule_value a = rule_eval(expr, values, &arena), b = rule_eval(expr, values, &arena);
        must(a.type == rule_type_of(expr) && rule_value_same(&a, &b));
        struct buf out;
        struct rule_value back;
        buf_in(&out, &arena, 65536);
        rule_value_text(&out, &a);
        if (a.known && a.type != RULE_TEXT && (a.type != RULE_NUMBER || a.number > INT64_MIN / 2))
            must(rule_value_parse(a.type, buf_view(&out), &back) || a.type == RULE_NUMBER ||
                 a.type == RULE_DATE);
    } else {
        must(err.place[0] != '\0' && err.text[0] != '\0');
    }
    arena_done(&arena);
    return 0;
}
