/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as people type them, and the way through a form, recomputed at each step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "case/journey.h"

static struct jurisdiction *kz;
static struct arena arena;
static struct err err;

static int setup(void **state)
{
    struct findings findings;
    char path[4096];
    arena_init(&arena, 65536, (size_t)256 << 20);
    snprintf(path, sizeof path, "%s/jurisdictions/kz", getenv("AINA_ROOT"));
    return jurisdiction_load(path, &arena, &kz, &findings, &err) && kz != NULL ? 0 : -1;
}

static void test_answers(void **state)
{
    static struct service_option options[] = {
        {{"lost", 4}, {{{"Жоғалды", 14}, {"Утеряно", 14}, {"Lost", 4}}}},
        {{"expired", 7}, {{{"Бітті", 10}, {"Истёк", 10}, {"Expired", 7}}}}};
    static const struct service_slots slots = {
        .days = 31, .from = 540, .to = 780, .minutes = 15, .at_once = 1};
    static const struct {
        enum answer_type type;
        bool iban;
        uint64_t min, max;
        const char *typed, *stored; /* stored NULL: refused */
    } cases[] = {
        {ANSWER_PERSON, false, 0, 0, "900101 390-459", "900101390459"},
        {ANSWER_PERSON, false, 0, 0, "900101390458", NULL},
        {ANSWER_PERSON, false, 0, 0, "nobody", NULL},
        {ANSWER_DATE, false, 0, 0, "2026-03-05", "2026-03-05"},
        {ANSWER_DATE, false, 0, 0, "5.3.2026", "2026-03-05"},
        {ANSWER_DATE, false, 0, 0, "05/03/2026", "2026-03-05"},
        {ANSWER_DATE, false, 0, 0, "29.2.2025", NULL},
        {ANSWER_DATE, false, 0, 0, "5.3.26", NULL},
        {ANSWER_DATE, false, 0, 0, "tomorrow", NULL},
        {ANSWER_CHOICE, false, 0, 0, "2", "expired"},
        {ANSWER_CHOICE, false, 0, 0, "lost", "lost"},
        {ANSWER_CHOICE, false, 0, 0, "Жоғалды", "lost"},
        {ANSWER_CHOICE, false, 0, 0, "3", NULL},
        {ANSWER_CHOICE, false, 0, 0, "0", NULL},
        {ANSWER_NUMBER, false, 1, 10, " 7 ", "7"},
        {ANSWER_NUMBER, false, 1, 10, "11", NULL},
        {ANSWER_NUMBER, false, 1, 10, "-1", NULL},
        {ANSWER_MONEY, false, 0, 0, "12 500,50", "12500.5"},
        {ANSWER_MONEY, false, 0, 0, "twelve", NULL},
        {ANSWER_TEXT, true, 0, 0, "kz75 125k zt20 6910 0100", "KZ75125KZT2069100100"},
        {ANSWER_TEXT, true, 0, 0, "GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"},
        {ANSWER_TEXT, true, 0, 0, "KZ75125KZT2069100101", NULL},
        {ANSWER_TEXT, true, 0, 0, "", NULL},
        {ANSWER_TEXT, false, 3, 5, "әке", "әке"},
        {ANSWER_TEXT, false, 3, 5, "әк", NULL},
        {ANSWER_TEXT, false, 3, 5, "әкелер", NULL},
        {ANSWER_TEXT, false, 0, 9, "\xff\xfe", NULL},
        {ANSWER_PHONE, false, 0, 0, "+7 (701) 123-45-67", "+77011234567"},
        {ANSWER_PHONE, false, 0, 0, "call me", NULL},
        {ANSWER_CONSENT, false, 0, 0, "yes", "yes"},
        {ANSWER_CONSENT, false, 0, 0, "maybe", NULL},
        {ANSWER_SLOT, false, 0, 0, "2026-11-26 09:15", "2026-11-26 09:15"},
        {ANSWER_SLOT, false, 0, 0, "2026-11-26 09:10", NULL}, /* not of the grid */
        {ANSWER_SLOT, false, 0, 0, "2026-11-26 12:50", NULL},
        {ANSWER_SLOT, false, 0, 0, "2026-11-28 09:15", NULL}, /* a Saturday */
        {ANSWER_SLOT, false, 0, 0, "2026-12-16 09:15", NULL}, /* Independence Day */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct service_field f = {.id = {"f", 1},
                                  .type = cases[i].type,
                                  .iban = cases[i].iban,
                                  .min = cases[i].min,
                                  .max = cases[i].max,
                                  .repeat = 1,
                                  .options = options,
                                  .options_n = 2,
                                  .slots = &slots};
        struct str stored;
        bool ok = answer_check(kz, &f, str_of(cases[i].typed), &arena, &stored, &err);
        if (ok != (cases[i].stored != NULL) || (ok && !str_is(stored, cases[i].stored)))
            fail_msg("%s: %s", cases[i].typed, ok ? str_c(&arena, stored) : err.text);
        assert_true(ok || err.text[0] != '\0');
    }
}

struct form {
    const struct service *s;
    struct answer *answers;
};

static size_t next(const struct form *f)
{
    return journey_next(f->s, f->answers, journey_values(kz, f->s, 20500, BY_WEB, f->answers, &arena),
                        &arena);
}

static void set(struct form *f, const char *id, const char *text)
{
    size_t n = service_field(f->s, str_of(id));
    assert_int_not_equal(n, NONE);
    f->answers[n] = (struct answer){text != NULL, f->s->fields[n].registry != NULL, str_of(text)};
}

static const char *page(const struct form *f)
{
    size_t p = next(f);
    return p == f->s->pages_n ? "check" : str_c(&arena, f->s->pages[p].id);
}

static bool may_visit(const struct form *f, const char *id)
{
    for (size_t p = 0; p < f->s->pages_n; p++)
        if (str_is(f->s->pages[p].id, id))
            return journey_may_visit(f->s, p, f->answers,
                                     journey_values(kz, f->s, 20500, BY_WEB, f->answers, &arena), &arena);
    return false;
}

static void test_the_way(void **state)
{
    struct form f = {.s = jurisdiction_service(kz, STR("id.no-conviction"))};
    f.answers = arena_array(&arena, struct answer, f.s->fields_n + 1);
    assert_string_equal(page(&f), "surname"); /* registries have not answered */
    set(&f, "surname", "Ахметов");
    set(&f, "given-name", "Әлия");
    set(&f, "birth-date", "1990-01-01");
    assert_string_equal(page(&f), "use"); /* what the state holds is not asked */
    assert_true(may_visit(&f, "use"));
    assert_false(may_visit(&f, "country"));
    set(&f, "use", "abroad");
    assert_string_equal(page(&f), "country");
    set(&f, "country", "Türkiye");
    assert_string_equal(page(&f), "check");
    set(&f, "use", "home"); /* the way shortens; the answer is kept, the page is not shown */
    assert_string_equal(page(&f), "check");
    assert_false(may_visit(&f, "country"));
    set(&f, "use", NULL); /* opened again: straight back to that page, then to the check */
    assert_string_equal(page(&f), "use");
    set(&f, "use", "apostille");
    assert_string_equal(page(&f), "check");
    set(&f, "country", ""); /* needed again, and left empty before */
    assert_string_equal(page(&f), "country");
}

static void test_templates(void **state)
{
    struct form f = {.s = jurisdiction_service(kz, STR("id.no-conviction"))};
    struct buf out;
    f.answers = arena_array(&arena, struct answer, f.s->fields_n + 1);
    set(&f, "surname", "{case}"); /* an answer is never a template */
    set(&f, "conviction", "no");
    set(&f, "use", "home");
    const struct template_value more[] = {{STR("case"), STR("K7Q2")}, {{"", 0}, {"", 0}}};
    buf_in(&out, &arena, 4096);
    template_fill(kz, f.s, STR("{surname} {case} {clean} {use} {nobody} {"), f.answers,
                  journey_values(kz, f.s, 20500, BY_WEB, f.answers, &arena), STR("en"), more, &arena, &out);
    assert_true(str_eq(buf_view(&out), STR("{case} K7Q2 The records show no conviction In Kazakhstan  {")));
}

/* Days as people write them, and one full stop where the filled-in words have their own. */
static void test_sentences_of_templates(void **state)
{
    struct form f = {.s = jurisdiction_service(kz, STR("soc.special-benefit"))};
    struct buf out;
    assert_non_null(f.s);
    f.answers = arena_array(&arena, struct answer, f.s->fields_n + 1);
    set(&f, "hearing-day", "2026-09-14");
    set(&f, "draft-reasons", "The term is not shown.");
    const struct template_value more[] = {{STR("reason"), STR("Too late")}, {{"", 0}, {"", 0}}};
    buf_in(&out, &arena, 4096);
    template_fill(
        kz, f.s, STR("Why: {draft-reasons}. Hearing on {hearing-day}. Reason: {reason}. {reason}.."),
        f.answers, journey_values(kz, f.s, 20500, BY_WEB, f.answers, &arena), STR("en"), more, &arena, &out);
    assert_true(
        str_eq(buf_view(&out), STR("Why: The term is not shown. Hearing on 14.09.2026. Reason: Too late. "
                                   "Too late..")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers), cmocka_unit_test(test_the_way),
                                       cmocka_unit_test(test_templates),
                                       cmocka_unit_test(test_sentences_of_templates)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
