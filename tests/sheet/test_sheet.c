/* SPDX-License-Identifier: Apache-2.0 */
/* Sheets of every service of both folders in every language: in lines of any width, with each text once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <uniwidth.h>

#include "base/clock.h"
#include "sheet/case_sheet.h"

static const int32_t today = 20400; /* 2025-11-08 */
static struct jurisdiction *j;
static struct arena arena;

static void load(const char *name)
{
    struct findings findings;
    struct err err;
    char path[4096];
    snprintf(path, sizeof path, "%s/jurisdictions/%s", getenv("AINA_ROOT"), name);
    arena_init(&arena, 1 << 20, (size_t)1 << 31);
    assert_true(jurisdiction_load(path, &arena, &j, &findings, &err));
    assert_non_null(j);
}

static void unload(void)
{
    jurisdiction_free(j);
    arena_done(&arena);
}

static struct str plain(const struct sheet *s, unsigned width)
{
    struct buf out;
    struct str rest, line;
    buf_in(&out, &arena, 1 << 20);
    sheet_plain(s, width, &out);
    rest = buf_view(&out);
    assert_true(utf8_valid(rest));
    while (str_next(&rest, '\n', &line))
        if (u8_width((const uint8_t *)line.p, line.n, "UTF-8") > (int)width)
            fail_msg("wider than %u: %.*s", width, STR_ARG(line));
    return buf_view(&out);
}

static bool says(struct str text, const char *words)
{
    return memmem(text.p, text.n, words, strlen(words)) != NULL;
}

static void each_page_of(const struct service *s, struct str language)
{
    struct sheet sheet;
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    const struct service_form form = {
        .service = s, .answers = answers, .values = journey_values(j, s, today, BY_WEB, answers, &arena)};
    for (unsigned width = 20; width <= 80; width += 20) {
        const struct service_view view = {.way = BEGIN_NOW, .day = today};
        sheet_start(&sheet, j, language, &arena);
        service_page(&sheet, s, &view);
        plain(&sheet, width);
        sheet_start(&sheet, j, language, &arena);
        service_check(&sheet, &form);
        plain(&sheet, width);
        for (size_t p = 0; p < s->pages_n; p++) {
            sheet_start(&sheet, j, language, &arena);
            service_question(&sheet, &form, p);
            struct str text = plain(&sheet, width);
            const struct service_field *f = &s->fields[s->pages[p].fields[0]];
            for (size_t o = 0; o < f->options_n; o++) /* a keypad answers by number */
                assert_true(says(text, str_c(&arena, words_of(&sheet.w, " %zu. ", o + 1))));
        }
    }
}

static void every_page_of_every_service_fits_any_width(void **state)
{
    static const char *const folders[] = {"kz", "ainabulak"};
    for (size_t n = 0; n < ARRAY_LEN(folders); n++) {
        load(folders[n]);
        for (size_t i = 0; i < j->services_n; i++)
            for (size_t l = 0; l < j->languages_n; l++)
                each_page_of(&j->services[i], j->languages[l]);
        assert_true(j->services_n >= 5);
        unload();
    }
}

static void counted_words_have_their_forms(void **state)
{
    static const struct {
        const char *language, *words;
        unsigned n;
        enum term_unit unit;
    } tries[] = {{"en", "1 working day", 1, TERM_WORKING_DAYS},
                 {"en", "21 working days", 21, TERM_WORKING_DAYS},
                 {"ru", "1 рабочий день", 1, TERM_WORKING_DAYS},
                 {"ru", "3 рабочих дня", 3, TERM_WORKING_DAYS},
                 {"ru", "11 рабочих дней", 11, TERM_WORKING_DAYS},
                 {"ru", "21 рабочий день", 21, TERM_WORKING_DAYS},
                 {"ru", "12 месяцев", 12, TERM_MONTHS},
                 {"ru", "22 минуты", 22, TERM_MINUTES},
                 {"ru", "5 лет", 5, TERM_YEARS},
                 {"kk", "7 жұмыс күні", 7, TERM_WORKING_DAYS},
                 {"kk", "1 ай", 1, TERM_MONTHS}};
    load("kz");
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const struct words w = {j, str_of(tries[i].language), &arena};
        struct str told = term_words(&w, (struct term){tries[i].n, tries[i].unit});
        if (!str_is(told, tries[i].words))
            fail_msg("%.*s, not %s", STR_ARG(told), tries[i].words);
    }
    unload();
}

static void letters_are_folded(void **state)
{
    static const char *const same[][2] = {{"ӘҒҚҢӨҰҮҺІ", "агкноуухи"},
                                          {"Ёлка Йод", "елка иод"},
                                          {"İIıi", "iiii"},
                                          {"ŞĞÜÖÇ", "sguoc"},
                                          {"Ærø", "æro"},
                                          {"Straße", "strasse"},
                                          {"É\u0301é", "ee"},
                                          {"", ""}};
    arena_init(&arena, 1 << 16, 1 << 22);
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        struct str folded = text_folded(str_of(same[i][0]), &arena);
        if (!str_is(folded, same[i][1]))
            fail_msg("%s is %.*s, not %s", same[i][0], STR_ARG(folded), same[i][1]);
    }
    arena_done(&arena);
}

static void what_is_typed_is_checked_in_the_readers_language(void **state)
{
    static const struct {
        const char *service, *field, *typed, *stored, *wrong; /* stored NULL: refused */
        bool required;
    } tries[] = {
        {"part.corruption", "words", "a", NULL, "Напишите не меньше знаков", true},
        {"part.corruption", "words", "", NULL, "Заполните это поле.", true},
        {"part.corruption", "words", "", "", NULL, false},
        {"civil.repeat-cert", "which", "1", "birth", NULL, true}, /* by number */
        {"civil.repeat-cert", "which", "9", NULL, "Выберите один из ответов.", true},
        {"cyb.breach-report", "day", "31.2.2026", NULL, "Введите дату", true},
        {"soc.large-family", "account", "KZ75125KZT2069100101", NULL, "Это не номер счёта", true},
        {"soc.large-family", "account", "kz75 125k zt20 6910 0100", "KZ75125KZT2069100100", NULL, true},
    };
    load("kz");
    const struct words w = {j, STR("ru"), &arena};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const struct service *s = jurisdiction_service(j, str_of(tries[i].service));
        size_t f = s ? service_field(s, str_of(tries[i].field)) : NONE;
        struct str text = {0}, wrong = {0};
        if (f == NONE) {
            bool date = str_is(STR("day"), tries[i].field);
            assert_true(date); /* another field of that type will do */
            for (f = 0; s->fields[f].type != ANSWER_DATE; f++)
                continue;
        }
        bool right =
            answer_typed(&w, &s->fields[f], str_of(tries[i].typed), tries[i].required, &text, &wrong);
        assert_int_equal(right, tries[i].stored != NULL);
        if (right && !str_is(text, tries[i].stored))
            fail_msg("%s is stored as %.*s", tries[i].typed, STR_ARG(text));
        if (!right && !says(wrong, tries[i].wrong))
            fail_msg("%s: %.*s", tries[i].typed, STR_ARG(wrong));
    }
    unload();
}

/* What a registry holds is neither asked nor typed over. */
static void what_is_held_is_not_asked(void **state)
{
    load("kz");
    const struct service *s = jurisdiction_service(j, STR("id.passport"));
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    struct service_form form = {.service = s, .answers = answers};
    form.values = journey_values(j, s, today, BY_WEB, answers, &arena);
    size_t surname = service_field(s, STR("surname")), page = s->fields[surname].page;
    struct sheet sheet;
    assert_true(page_asks(&form, page, &arena));
    answers[surname] = (struct answer){.given = true, .from_registry = true, .text = STR("Ахметова")};
    form.values = journey_values(j, s, today, BY_WEB, answers, &arena);
    assert_false(page_asks(&form, page, &arena));
    sheet_start(&sheet, j, STR("en"), &arena);
    service_check(&sheet, &form);
    struct str text = plain(&sheet, 72);
    if (!says(text, "Your surname: Ахметова (Population register)"))
        fail_msg("%.*s", STR_ARG(text));
    assert_false(says(text, "/me/apply/id.passport/surname"));
    form.unasked = s->fields[surname].registry;
    sheet_start(&sheet, j, STR("en"), &arena);
    service_check(&sheet, &form);
    assert_true(says(plain(&sheet, 400), "Population register cannot be asked at the moment."));
    answers[surname] = (struct answer){.from_registry = true}; /* no record: it is asked */
    assert_true(page_asks(&form, page, &arena));
    unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_every_service_fits_any_width),
        cmocka_unit_test(counted_words_have_their_forms),
        cmocka_unit_test(letters_are_folded),
        cmocka_unit_test(what_is_typed_is_checked_in_the_readers_language),
        cmocka_unit_test(what_is_held_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
