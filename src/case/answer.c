/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c: one typed answer, checked by its field's type. Sentences say what would be right. */
#include <stdio.h>

#include "base/clock.h"
#include "case/attachment.h"
#include "case/journey.h"
#include "people/number.h"

#define FILE_NAME_MAX 255 /* bytes */

static bool wrong(struct err *err, const struct service_field *f, const char *text)
{
    char place[80];
    snprintf(place, sizeof place, "%.*s", STR_ARG(f->id));
    return err_set(err, ERR_INVALID, place, "%s", text);
}

static bool check_number_of(const struct jurisdiction *j, const struct service_field *f, struct str typed,
                            struct arena *arena, struct str *ret, struct err *err)
{
    bool person = f->type == ANSWER_PERSON;
    char digits[32];
    const struct number_scheme *scheme =
        number_scheme_find(person ? j->person_scheme : j->organisation_scheme);
    if (scheme == NULL)
        return wrong(err, f, "This folder has no number scheme for it.");
    if (!number_normalise(typed, digits) || scheme->check(str_of(digits), false) != NUMBER_OK)
        return wrong(err, f,
                     "Enter the number as it stands on the document; a digit is missing or mistyped.");
    *ret = str_dup(arena, str_of(digits));
    return true;
}

static bool read_date(struct str typed, struct arena *arena, struct str *ret)
{
    struct date date;
    if (!date_typed(typed, &date))
        return false;
    *ret = str_of(arena_printf(arena, "%04d-%02d-%02d", date.year, date.month, date.day));
    return true;
}

static bool check_choice(const struct service_field *f, struct str typed, struct str *ret)
{
    uint64_t n;
    if (text_u64(typed, &n) && n >= 1 && n <= f->options_n) {
        *ret = f->options[n - 1].id;
        return true;
    }
    for (size_t i = 0; i < f->options_n; i++) {
        bool label = false;
        for (size_t k = 0; k < JURISDICTION_LANGUAGES_MAX; k++)
            label |= f->options[i].label.in[k].n != 0 && str_eq(f->options[i].label.in[k], typed);
        if (label || str_eq(f->options[i].id, typed)) {
            *ret = f->options[i].id;
            return true;
        }
    }
    return false;
}

static bool check_amount(const struct service_field *f, struct str typed, struct arena *arena,
                         struct str *ret, struct err *err)
{
    char plain[40];
    size_t n = 0;
    struct rule_value value;
    for (size_t i = 0; i < typed.n; i++) { /* 12 500,50 */
        char c = typed.p[i] == ',' ? '.' : typed.p[i];
        if (c == ' ')
            continue;
        if (n + 1 == sizeof plain)
            return wrong(err, f, "That is too long for a number.");
        plain[n++] = c;
    }
    if (!rule_value_parse(RULE_NUMBER, (struct str){plain, n}, &value) || !value.known || value.number < 0)
        return wrong(err, f, "Enter a number, such as 3 or 12500.50.");
    if (value.number < (int64_t)f->min * RULE_ONE ||
        (f->max != 0 && value.number > (int64_t)f->max * RULE_ONE)) {
        char text[120];
        snprintf(text, sizeof text,
                 f->max ? "Enter a number from %llu to %llu." : "Enter a number of at least %llu.",
                 (unsigned long long)f->min, (unsigned long long)f->max);
        return wrong(err, f, text);
    }
    struct buf out;
    buf_in(&out, arena, 64);
    rule_value_text(&out, &value);
    *ret = buf_view(&out);
    return true;
}

/* ISO 13616: two letters, two check digits, up to 30 more; the whole, turned, is 1 modulo 97. */
static bool iban_right(struct str text)
{
    unsigned rest = 0;
    if (text.n < 15 || text.n > 34)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[(i + 4) % text.n];
        if (c >= '0' && c <= '9')
            rest = (rest * 10 + (unsigned)(c - '0')) % 97;
        else if (c >= 'A' && c <= 'Z')
            rest = (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
        else
            return false;
    }
    return rest == 1 && text.p[0] >= 'A' && text.p[1] >= 'A';
}

static bool check_words(const struct service_field *f, struct str typed, struct arena *arena, struct str *ret,
                        struct err *err)
{
    size_t n = utf8_length(typed);
    char text[120];
    if (f->iban) {
        char *plain = arena_take(arena, typed.n + 1, 1);
        size_t k = 0;
        for (size_t i = 0; i < typed.n; i++)
            if (typed.p[i] != ' ')
                plain[k++] = typed.p[i] >= 'a' && typed.p[i] <= 'z' ? (char)(typed.p[i] - 32) : typed.p[i];
        *ret = (struct str){plain, k};
        return iban_right(*ret) || wrong(err, f, "This is no account number: check each character.");
    }
    if (n < f->min || (f->max != 0 && n > f->max)) {
        snprintf(text, sizeof text,
                 n < f->min ? "Write at least %llu characters." : "Write at most %llu characters.",
                 (unsigned long long)(n < f->min ? f->min : f->max));
        return wrong(err, f, text);
    }
    *ret = typed;
    return true;
}

static bool check_phone(struct str typed, struct arena *arena, struct str *ret)
{
    char *digits = arena_take(arena, typed.n + 2, 1);
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if ((c >= '0' && c <= '9') || (c == '+' && i == 0))
            digits[n++] = c;
        else if (c != ' ' && c != '-' && c != '(' && c != ')')
            return false;
    }
    *ret = (struct str){digits, n};
    return n >= 5 && n <= 16;
}

/* "2026-12-01 09:15": a time of the service's own grid; whether it is free is the booking's matter. */
static bool check_slot(const struct jurisdiction *j, const struct service_field *f, struct str typed)
{
    struct date date;
    if (typed.n != 16 || typed.p[10] != ' ' || typed.p[13] != ':' ||
        !date_parse((struct str){typed.p, 10}, &date))
        return false;
    for (size_t i = 11; i < 16; i++)
        if (i != 13 && (typed.p[i] < '0' || typed.p[i] > '9'))
            return false;
    unsigned minute = (unsigned)((typed.p[11] - '0') * 600 + (typed.p[12] - '0') * 60 +
                                 (typed.p[14] - '0') * 10 + typed.p[15] - '0');
    int32_t day = date_days(date);
    return (f->slots->days >> (date_weekday(day) - 1) & 1) != 0 && jurisdiction_working_day(j, day) &&
           minute >= f->slots->from && minute + f->slots->minutes <= f->slots->to &&
           (minute - f->slots->from) % f->slots->minutes == 0;
}

bool answer_check(const struct jurisdiction *j, const struct service_field *f, struct str typed,
                  struct arena *arena, struct str *ret, struct err *err)
{
    typed = str_trim(typed);
    if (!utf8_valid(typed) || (typed.n != 0 && memchr(typed.p, '\n', typed.n) != NULL && f->repeat > 1))
        return wrong(err, f, "Write plain text.");
    switch (f->type) {
    case ANSWER_PERSON:
    case ANSWER_ORGANISATION: return check_number_of(j, f, typed, arena, ret, err);
    case ANSWER_DATE:
        return read_date(typed, arena, ret) ||
               wrong(err, f, "Enter a date: day, month, year, such as 5.3.2026.");
    case ANSWER_CHOICE:
    case ANSWER_CHOICES: return check_choice(f, typed, ret) || wrong(err, f, "Choose one of the answers.");
    case ANSWER_NUMBER:
    case ANSWER_MONEY: return check_amount(f, typed, arena, ret, err);
    case ANSWER_PHONE:
        return check_phone(typed, arena, ret) || wrong(err, f, "Enter a telephone number, digits only.");
    case ANSWER_CONSENT:
        *ret = typed;
        return str_is(typed, "yes") || str_is(typed, "no") || wrong(err, f, "Answer yes or no.");
    case ANSWER_SLOT:
        *ret = str_dup(arena, typed);
        return check_slot(j, f, typed) ||
               wrong(err, f, "Choose one of the times offered, as in 2026-12-01 09:15.");
    case ANSWER_FILE: /* which file; its size is in megabytes and is another's matter */
        *ret = typed;
        return typed.n <= FILE_NAME_MAX || wrong(err, f, "Choose one of the answers.");
    case ANSWER_NAME:
    case ANSWER_TEXT:
    case ANSWER_ADDRESS:
    case ANSWERS_N: break;
    }
    return check_words(f, typed, arena, ret, err);
}

struct str answer_shown(const struct jurisdiction *j, const struct service_field *f, struct str text,
                        struct str language, struct arena *arena)
{
    struct buf out;
    struct str part;
    struct str id, name;
    if (f->type == ANSWER_FILE && memchr(text.p ? text.p : "", '\n', text.n) == NULL)
        return attachment_answer(text, &id, &name) ? name : text;
    if (f->options_n == 0 && memchr(text.p ? text.p : "", '\n', text.n) == NULL)
        return text;
    buf_in(&out, arena, 65536);
    while (str_next(&text, '\n', &part)) {
        size_t o = 0;
        while (o < f->options_n && !str_eq(f->options[o].id, part))
            o++;
        if (out.n != 0)
            buf_text(&out, "; ");
        buf_str(&out, o < f->options_n ? texts_in(j, &f->options[o].label, language) : part);
    }
    return buf_view(&out);
}
