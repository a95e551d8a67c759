/* SPDX-License-Identifier: Apache-2.0 */
/* rule_eval.c: the value of a tree. Everything here is total: what cannot be computed is unknown. */
#include <stdio.h>

#include "base/clock.h"
#include "jurisdiction/rule_private.h"

#define DAY_MAX 2932896   /* 9999-12-31 */
#define DAY_MIN (-719162) /* 0001-01-01 */

struct rule_value rule_unknown(enum rule_type type)
{
    return (struct rule_value){.type = type};
}

struct rule_value rule_absent(enum rule_type type)
{
    return (struct rule_value){.type = type, .absent = true};
}

struct rule_value rule_yes_no(bool yes)
{
    return (struct rule_value){.type = RULE_YES_NO, .known = true, .yes = yes};
}

struct rule_value rule_number(int64_t ten_thousandths)
{
    return (struct rule_value){.type = RULE_NUMBER, .known = true, .number = ten_thousandths};
}

struct rule_value rule_date(int32_t day)
{
    return (struct rule_value){.type = RULE_DATE, .known = true, .day = day};
}

struct rule_value rule_words(struct str text)
{
    return (struct rule_value){.type = RULE_TEXT, .known = true, .text = text};
}

const char *rule_type_name(enum rule_type type)
{
    static const char *const names[] = {"yes-no", "number", "date", "text"};
    return names[type];
}

/* --- functions --- */

static struct rule_value whole(int64_t n)
{
    return rule_number(n * RULE_ONE);
}

/* Full months from a to b; the month is full on the same day, or on the last day of a shorter month. */
static int64_t full_months(int32_t a, int32_t b)
{
    if (b < a)
        return -full_months(b, a);
    struct date from = date_of_days(a), to = date_of_days(b);
    int64_t months = (to.year - from.year) * 12 + (to.month - from.month);
    struct date next = date_of_days(b + 1);
    bool last_of_month = next.month != to.month;
    if (to.day < from.day && !last_of_month)
        months--;
    return months;
}

static struct rule_value call_years(const struct rule_value *a, const struct rule_value *b)
{
    return whole(full_months(a->day, b->day) / 12);
}

static struct rule_value call_months(const struct rule_value *a, const struct rule_value *b)
{
    return whole(full_months(a->day, b->day));
}

static struct rule_value call_days(const struct rule_value *a, const struct rule_value *b)
{
    return whole((int64_t)b->day - a->day);
}

static struct rule_value day_or_unknown(int64_t day)
{
    return day < DAY_MIN || day > DAY_MAX ? rule_unknown(RULE_DATE) : rule_date((int32_t)day);
}

static struct rule_value call_plus_days(const struct rule_value *a, const struct rule_value *b)
{
    return day_or_unknown(a->day + b->number / RULE_ONE);
}

static struct rule_value call_plus_months(const struct rule_value *a, const struct rule_value *b)
{
    int64_t by = b->number / RULE_ONE;
    if (by < -120000 || by > 120000)
        return rule_unknown(RULE_DATE);
    struct date date = date_of_days(a->day);
    int64_t month = (int64_t)date.year * 12 + date.month - 1 + by;
    if (month < 12 || month >= INT64_C(10000) * 12)
        return rule_unknown(RULE_DATE);
    date.year = (int)(month / 12);
    date.month = (int)(month % 12) + 1;
    while (!date_valid(date))
        date.day--;
    return rule_date(date_days(date));
}

static struct rule_value call_plus_years(const struct rule_value *a, const struct rule_value *b)
{
    int64_t years = b->number / RULE_ONE;
    if (years < -9999 || years > 9999)
        return rule_unknown(RULE_DATE);
    struct rule_value months = whole(years * 12);
    return call_plus_months(a, &months);
}

static struct rule_value call_year(const struct rule_value *a, const struct rule_value *b)
{
    return whole(date_of_days(a->day).year);
}

static struct rule_value call_month(const struct rule_value *a, const struct rule_value *b)
{
    return whole(date_of_days(a->day).month);
}

static struct rule_value call_day(const struct rule_value *a, const struct rule_value *b)
{
    return whole(date_of_days(a->day).day);
}

static struct rule_value call_least(const struct rule_value *a, const struct rule_value *b)
{
    return rule_number(MIN_OF(a->number, b->number));
}

static struct rule_value call_most(const struct rule_value *a, const struct rule_value *b)
{
    return rule_number(MAX_OF(a->number, b->number));
}

static struct rule_value call_round(const struct rule_value *a, const struct rule_value *b)
{
    int64_t rest = a->number % RULE_ONE, down = a->number - rest;
    int64_t away = rest >= RULE_ONE / 2 ? RULE_ONE : rest <= -RULE_ONE / 2 ? -RULE_ONE : 0;
    int64_t out;
    return __builtin_add_overflow(down, away, &out) ? rule_unknown(RULE_NUMBER) : rule_number(out);
}

static struct rule_value call_count(const struct rule_value *a, const struct rule_value *b)
{
    struct str rest = a->text, part;
    int64_t n = 0;
    while (str_next(&rest, '\n', &part))
        n += part.n != 0;
    return whole(n);
}

static struct rule_value call_sum(const struct rule_value *a, const struct rule_value *b)
{
    struct str rest = a->text, part;
    struct rule_value one;
    int64_t sum = 0;
    while (str_next(&rest, '\n', &part)) {
        if (!rule_value_parse(RULE_NUMBER, part, &one) || __builtin_add_overflow(sum, one.number, &sum))
            return rule_unknown(RULE_NUMBER);
    }
    return rule_number(sum);
}

static struct rule_value call_length(const struct rule_value *a, const struct rule_value *b)
{
    return whole((int64_t)utf8_length(a->text));
}

const struct rule_call rule_calls[] = {
    {"years", {RULE_DATE, RULE_DATE}, 2, RULE_NUMBER, call_years},             /* full years between */
    {"months", {RULE_DATE, RULE_DATE}, 2, RULE_NUMBER, call_months},           /* full months between */
    {"days", {RULE_DATE, RULE_DATE}, 2, RULE_NUMBER, call_days},               /* days between */
    {"plus-years", {RULE_DATE, RULE_NUMBER}, 2, RULE_DATE, call_plus_years},   /* so many years later */
    {"plus-months", {RULE_DATE, RULE_NUMBER}, 2, RULE_DATE, call_plus_months}, /* so many months later */
    {"plus-days", {RULE_DATE, RULE_NUMBER}, 2, RULE_DATE, call_plus_days},     /* so many days later */
    {"year", {RULE_DATE, RULE_DATE}, 1, RULE_NUMBER, call_year},               /* of a date */
    {"month", {RULE_DATE, RULE_DATE}, 1, RULE_NUMBER, call_month},             /* 1 to 12 */
    {"day", {RULE_DATE, RULE_DATE}, 1, RULE_NUMBER, call_day},                 /* 1 to 31 */
    {"least", {RULE_NUMBER, RULE_NUMBER}, 2, RULE_NUMBER, call_least},         /* the smaller number */
    {"most", {RULE_NUMBER, RULE_NUMBER}, 2, RULE_NUMBER, call_most},           /* the larger number */
    {"round", {RULE_NUMBER, RULE_NUMBER}, 1, RULE_NUMBER, call_round},         /* halves away from zero */
    {"count", {RULE_TEXT, RULE_TEXT}, 1, RULE_NUMBER, call_count},             /* how many answers */
    {"sum", {RULE_TEXT, RULE_TEXT}, 1, RULE_NUMBER, call_sum},                 /* all its answers added */
    {"length", {RULE_TEXT, RULE_TEXT}, 1, RULE_NUMBER, call_length},           /* characters of a text */
    {0}};

/* --- operators --- */

static int compare(const struct rule_value *a, const struct rule_value *b)
{
    switch (a->type) {
    case RULE_YES_NO: return a->yes - b->yes;
    case RULE_NUMBER: return (a->number > b->number) - (a->number < b->number);
    case RULE_DATE: return (a->day > b->day) - (a->day < b->day);
    case RULE_TEXT: break;
    }
    return str_cmp(a->text, b->text);
}

static bool compares(enum rule_op op, int order)
{
    switch (op) {
    case OP_EQUAL: return order == 0;
    case OP_NOT_EQUAL: return order != 0;
    case OP_LESS: return order < 0;
    case OP_LESS_EQUAL: return order <= 0;
    case OP_MORE: return order > 0;
    default: return order >= 0;
    }
}

static bool fits(__int128 wide, int64_t *out)
{
    *out = (int64_t)wide;
    return wide >= INT64_MIN && wide <= INT64_MAX;
}

static struct rule_value arithmetic(enum rule_op op, int64_t a, int64_t b)
{
    int64_t out = 0;
    bool ok = false;
    switch (op) {
    case OP_ADD: ok = !__builtin_add_overflow(a, b, &out); break;
    case OP_SUBTRACT: ok = !__builtin_sub_overflow(a, b, &out); break;
    case OP_MULTIPLY: ok = fits((__int128)a * b / RULE_ONE, &out); break;
    case OP_DIVIDE: ok = b != 0 && fits((__int128)a * RULE_ONE / b, &out); break;
    default: ok = !__builtin_sub_overflow(INT64_C(0), a, &out); break;
    }
    return ok ? rule_number(out) : rule_unknown(RULE_NUMBER);
}

static bool has_line(struct str text, struct str line)
{
    struct str part;
    while (str_next(&text, '\n', &part))
        if (str_eq(part, line))
            return true;
    return false;
}

static struct rule_value among(const struct rule_expr *e, const struct rule_value *a)
{
    if (!a->known)
        return rule_unknown(RULE_YES_NO);
    for (size_t i = 0; i < e->words_n; i++)
        if (e->op == OP_IN ? str_eq(a->text, e->words[i]) : has_line(a->text, e->words[i]))
            return rule_yes_no(true);
    return rule_yes_no(false);
}

struct rule_value rule_eval(const struct rule_expr *e, const struct rule_value *values, struct arena *arena)
{
    if (e->op == OP_LITERAL)
        return e->literal;
    if (e->op == OP_SYMBOL)
        return values[e->symbol];
    struct rule_value a = rule_eval(e->a, values, arena), b = {0};
    switch (e->op) {
    case OP_NOT: return a.known ? rule_yes_no(!a.yes) : a;
    case OP_GIVEN: return a.known || a.absent ? rule_yes_no(a.known) : rule_unknown(RULE_YES_NO);
    case OP_IN:
    case OP_HAS: return among(e, &a);
    case OP_IF: return a.known ? rule_eval(a.yes ? e->b : e->c, values, arena) : rule_unknown(e->type);
    case OP_NEGATE: return a.known ? arithmetic(OP_NEGATE, a.number, 0) : a;
    default: break;
    }
    if (e->b != NULL)
        b = rule_eval(e->b, values, arena);
    if (e->op == OP_OR || e->op == OP_AND) {
        bool decides = e->op == OP_OR; /* yes decides an or, no decides an and */
        if ((a.known && a.yes == decides) || (b.known && b.yes == decides))
            return rule_yes_no(decides);
        return a.known && b.known ? rule_yes_no(!decides) : rule_unknown(RULE_YES_NO);
    }
    if (!a.known || (e->b != NULL && !b.known))
        return rule_unknown(e->type);
    if (e->op == OP_CALL)
        return e->call->run(&a, &b);
    if (e->op >= OP_ADD && e->op <= OP_DIVIDE)
        return arithmetic(e->op, a.number, b.number);
    return rule_yes_no(compares(e->op, compare(&a, &b)));
}

/* --- values as text --- */

void rule_value_text(struct buf *out, const struct rule_value *v)
{
    if (!v->known)
        return;
    if (v->type == RULE_YES_NO) {
        buf_text(out, v->yes ? "yes" : "no");
    } else if (v->type == RULE_DATE) {
        struct date d = date_of_days(v->day);
        buf_printf(out, "%04d-%02d-%02d", d.year, d.month, d.day);
    } else if (v->type == RULE_TEXT) {
        buf_str(out, v->text);
    } else {
        uint64_t n = v->number < 0 ? -(uint64_t)v->number : (uint64_t)v->number;
        char decimals[8];
        snprintf(decimals, sizeof decimals, "%04u", (unsigned)(n % RULE_ONE));
        size_t keep = 4;
        while (keep != 0 && decimals[keep - 1] == '0')
            keep--;
        buf_printf(out, "%s%llu%s%.*s", v->number < 0 ? "-" : "", (unsigned long long)(n / RULE_ONE),
                   keep ? "." : "", (int)keep, decimals);
    }
}

static bool parse_number(struct str text, int64_t *out)
{
    bool negative = text.n != 0 && text.p[0] == '-';
    struct str rest = str_from(text, negative), whole_part;
    const char *point = memchr(rest.p, '.', rest.n);
    size_t whole_n = point ? (size_t)(point - rest.p) : rest.n;
    uint64_t n, fraction = 0;
    whole_part = (struct str){rest.p, whole_n};
    if (!text_u64(whole_part, &n) || n > (uint64_t)(INT64_MAX / RULE_ONE) - 1)
        return false;
    if (point != NULL) {
        struct str decimals = str_from(rest, whole_n + 1);
        if (decimals.n == 0 || decimals.n > 4)
            return false;
        for (size_t i = 0; i < 4; i++) {
            if (i < decimals.n && (decimals.p[i] < '0' || decimals.p[i] > '9'))
                return false;
            fraction = fraction * 10 + (i < decimals.n ? (uint64_t)(decimals.p[i] - '0') : 0);
        }
    }
    *out = (int64_t)(n * RULE_ONE + fraction) * (negative ? -1 : 1);
    return true;
}

bool rule_value_parse(enum rule_type type, struct str text, struct rule_value *ret)
{
    struct date date;
    int64_t number;
    if (text.n == 0) {
        *ret = rule_unknown(type);
        return true;
    }
    switch (type) {
    case RULE_YES_NO:
        *ret = rule_yes_no(str_is(text, "yes"));
        return str_is(text, "yes") || str_is(text, "no");
    case RULE_NUMBER:
        if (!parse_number(text, &number))
            return false;
        *ret = rule_number(number);
        return true;
    case RULE_DATE:
        if (!date_parse(text, &date))
            return false;
        *ret = rule_date(date_days(date));
        return true;
    case RULE_TEXT: break;
    }
    *ret = rule_words(text);
    return utf8_valid(text);
}

bool rule_value_same(const struct rule_value *a, const struct rule_value *b)
{
    return a->type == b->type && a->known == b->known && (!a->known || compare(a, b) == 0);
}
