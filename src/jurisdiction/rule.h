/* SPDX-License-Identifier: Apache-2.0 */
/* rule.h: the expression language of service files: conditions, entitlements, fees.
 *
 * Pure, small and total. An expression reads named values and gives one value; it has no loops, no names of
 * its own, no input or output, and it always ends, after at most RULE_NODES_MAX steps. Types are checked
 * once, when it is parsed: yes-no, number (four decimals, exact), date, text. A value may be unknown: the
 * field is not answered, the registry has no record, a sum does not fit, something was divided by zero. What
 * rests on an unknown value is unknown too, except where the answer does not depend on it ("yes or unknown"
 * is yes). given(x) is no only when x is known to be empty. A machine grants on a known yes and on nothing
 * else.
 *
 *     children >= 4 and years(birth-date, today) < 63
 *     if size = 'large' then 6.5 * mci else 0
 *
 * In order of binding: or; and; not; = != < <= > >= in has; + -; * /. A minus stands between spaces, for
 * names may hold one. `x in ('a', 'b')`: one of these. `list has 'a'`: among the answers of a field that
 * takes several. Functions: the table rule_calls (rule_eval.c), and given(field): whether there is a value.
 * docs/services.md tells it to lawyers.
 */
#ifndef JURISDICTION_RULE_H
#define JURISDICTION_RULE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#define RULE_TEXT_MAX 1000 /* bytes of an expression */
#define RULE_NODES_MAX 256
#define RULE_DEPTH_MAX 32
#define RULE_ONE INT64_C(10000) /* numbers are counted in ten-thousandths */

enum rule_type { RULE_YES_NO, RULE_NUMBER, RULE_DATE, RULE_TEXT };

struct rule_value {
    enum rule_type type;
    bool known;
    bool
        absent; /* not known because there is nothing (left empty, no record); else nobody has answered yet */
    bool yes;   /* RULE_YES_NO */
    int64_t number;  /* RULE_NUMBER, in ten-thousandths */
    int32_t day;     /* RULE_DATE: days since 1970-01-01 */
    struct str text; /* RULE_TEXT; several answers stand on lines of their own */
};

/* What an expression may name. */
struct rule_symbol {
    struct str name;
    enum rule_type type;
    const struct str *words; /* the only values a text can have; NULL: any */
    size_t words_n;
};

struct rule_scope {
    const struct rule_symbol *symbols;
    size_t n;
};

struct rule_expr;

/* The scope is needed during the call only; the texts of `text` as long as the expression. The error's place
 * is "character N". */
MUST_USE bool rule_parse(struct str text, const struct rule_scope *scope, struct arena *arena,
                         const struct rule_expr **ret_expr, struct err *err);
enum rule_type rule_type_of(const struct rule_expr *expr);
const char *rule_type_name(enum rule_type type); /* "yes-no", "number", "date", "text" */
/* Calls `use` for each symbol named, in order, repeated ones too. */
void rule_uses(const struct rule_expr *expr, void (*use)(void *arg, size_t symbol), void *arg);
bool rule_is_always(const struct rule_expr *expr, bool yes); /* the literal yes (or no) and nothing else */

/* `values` by the index of their symbol. Text results may point into `arena`. */
struct rule_value rule_eval(const struct rule_expr *expr, const struct rule_value *values,
                            struct arena *arena);

/* Values as text: yes, no, 12.5, 2026-11-25, the text itself; nothing for an unknown value. */
void rule_value_text(struct buf *out, const struct rule_value *value);
/* An empty text reads as unknown. False when the text is not of this type. */
MUST_USE bool rule_value_parse(enum rule_type type, struct str text, struct rule_value *ret_value);
bool rule_value_same(const struct rule_value *a, const struct rule_value *b);
struct rule_value rule_unknown(enum rule_type type);
struct rule_value rule_absent(enum rule_type type);
struct rule_value rule_yes_no(bool yes);
struct rule_value rule_number(int64_t ten_thousandths);
struct rule_value rule_date(int32_t day);
struct rule_value rule_words(struct str text);

#endif
