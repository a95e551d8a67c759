/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: the units, starts, pauses, stages and seasons of real service texts, worked out by hand; and
 * every day of eleven years of the decreed calendar, counted another way from the calendar's own source
 * (../shared). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/deadline.h"

static struct jurisdiction *kz;
static struct arena arena;

static int setup(void **state)
{
    struct findings findings;
    struct err err;
    char path[4096];
    arena_init(&arena, 65536, (size_t)256 << 20);
    snprintf(path, sizeof path, "%s/jurisdictions/kz", getenv("AINA_ROOT"));
    return jurisdiction_load(path, &arena, &kz, &findings, &err) && kz != NULL ? 0 : -1;
}

/* "2025-03-19 10:00", local. */
static int64_t at(const char *text)
{
    struct date date;
    int hour = 0, minute = 0;
    assert_true(date_parse((struct str){text, 10}, &date));
    if (text[10] != '\0')
        assert_int_equal(sscanf(text + 10, " %d:%d", &hour, &minute), 2);
    return local_midnight(kz, date_days(date)) + (hour * 60 + minute) * 60 * CLOCK_SECOND;
}

static const char *text_of_day(int32_t day)
{
    static char out[4][16];
    static int n;
    struct date d = date_of_days(day);
    char *p = out[n++ % 4];
    snprintf(p, 16, "%04d-%02d-%02d", d.year, d.month, d.day);
    return p;
}

static struct service_timer timer(enum timer_start start)
{
    return (struct service_timer){.start = start};
}

static void test_by_hand(void **state)
{
    static const struct {
        const char *what, *filed, *term;
        enum timer_start start;
        bool ends_on_working_day;
        const char *day, *moment; /* moment: for terms by the clock */
    } cases[] = {
        {"the day of filing does not count", "2025-02-03 10:00", "7 working days", START_NEXT_WORKING_DAY,
         false, "2025-02-12", NULL},
        {"over a week-end and Nauryz, 21 to 25 March", "2025-03-19 10:00", "7 working days",
         START_NEXT_WORKING_DAY, false, "2025-04-02", NULL},
        {"on a Saturday: accepted on Monday", "2025-02-01 12:00", "1 working day", START_NEXT_WORKING_DAY,
         false, "2025-02-04", NULL},
        {"5 January 2025 is a worked Sunday", "2025-01-04 10:00", "1 working day", START_NEXT_WORKING_DAY,
         false, "2025-01-06", NULL},
        {"one month ends on the same number", "2025-03-10 09:00", "1 month", START_NEXT_DAY, false,
         "2025-04-10", NULL},
        {"one month from 31 January ends with February", "2025-01-31 09:00", "1 month", START_NEXT_DAY, false,
         "2025-02-28", NULL},
        {"of a leap year", "2024-01-31 09:00", "1 month", START_NEXT_DAY, false, "2024-02-29", NULL},
        {"divorce: an end on a Saturday moves to Monday", "2025-01-01 09:00", "1 month", START_NEXT_DAY, true,
         "2025-02-03", NULL},
        {"and stays when the text does not move it", "2025-01-01 09:00", "1 month", START_NEXT_DAY, false,
         "2025-02-01", NULL},
        {"45 calendar days by court", "2025-03-10 09:00", "45 calendar days", START_NEXT_DAY, false,
         "2025-04-24", NULL},
        {"calendar days from the next working day", "2025-02-07 10:00", "15 calendar days",
         START_NEXT_WORKING_DAY, false, "2025-02-24", NULL},
        {"six months of signatures", "2025-08-31 10:00", "6 months", START_NEXT_DAY, false, "2026-02-28",
         NULL},
        {"one year from 29 February", "2024-02-29 10:00", "1 year", START_NEXT_DAY, false, "2025-02-28",
         NULL},
        {"30 minutes at once, at night too", "2025-02-01 23:50", "30 minutes", START_AT_ONCE, false,
         "2025-02-02", "2025-02-02 00:20"},
        {"24 hours over a holiday", "2025-03-21 08:00", "24 hours", START_AT_ONCE, false, "2025-03-22",
         "2025-03-22 08:00"},
        {"one working day at once: the same time on the next", "2025-02-07 15:30", "1 working day",
         START_AT_ONCE, false, "2025-02-10", "2025-02-10 15:30"},
        {"minutes from the next working day run from its opening", "2025-02-07 15:30", "30 minutes",
         START_NEXT_WORKING_DAY, false, "2025-02-10", "2025-02-10 00:30"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct service_timer t = timer(cases[i].start);
        struct term term;
        struct deadline d;
        t.ends_on_working_day = cases[i].ends_on_working_day;
        assert_true(term_parse(str_of(cases[i].term), &term));
        deadline_count(kz, &t, term, at(cases[i].filed), NULL, 0, &d);
        if (strcmp(text_of_day(d.day), cases[i].day) != 0)
            fail_msg("%s: %s, expected %s", cases[i].what, text_of_day(d.day), cases[i].day);
        assert_int_equal(d.due, cases[i].moment ? at(cases[i].moment) : local_midnight(kz, d.day + 1));
        assert_false(deadline_passed(&d, d.due - 1));
        assert_true(deadline_passed(&d, d.due));
    }
}

/* Seven working days; a paper is missing from 6 to 20 February; then what was left, or seven again. */
static void test_pauses(void **state)
{
    struct service_timer t = timer(START_NEXT_WORKING_DAY);
    struct term seven = {7, TERM_WORKING_DAYS}, month = {1, TERM_MONTHS}, hour = {1, TERM_HOURS};
    struct deadline d;
    struct pause pauses[] = {{at("2025-02-06 11:00"), at("2025-02-20 16:00")}, {at("2025-02-24 11:00"), 0}};
    /* filed on Monday 3 February: 4 and 5 are counted, 6 is the pause's; 5 are left after the 20th */
    deadline_count(kz, &t, seven, at("2025-02-03 10:00"), pauses, 1, &d);
    assert_string_equal(text_of_day(d.day), "2025-02-27");
    t.again = true;
    deadline_count(kz, &t, seven, at("2025-02-03 10:00"), pauses, 1, &d);
    assert_string_equal(text_of_day(d.day), "2025-03-03");
    t.again = false;
    deadline_count(kz, &t, seven, at("2025-02-03 10:00"), pauses, 2,
                   &d); /* 21 is counted; 24 is the second pause's */
    assert_true(d.paused);
    assert_int_equal(d.left, 4);
    assert_int_equal(d.due, 0);
    assert_false(deadline_passed(&d, at("2030-01-01")));
    pauses[1] = (struct pause){at("2025-02-24 11:00"), at("2025-02-25 11:00")};
    deadline_count(kz, &t, seven, at("2025-02-03 10:00"), pauses, 2, &d); /* 26, 27, 28 February, 3 March */
    assert_string_equal(text_of_day(d.day), "2025-03-03");
    /* a pause on the last day leaves one day; one after the end changes nothing */
    struct pause last = {at("2025-02-12 09:00"), at("2025-02-14 09:00")},
                 late = {at("2025-02-13 00:00"), at("2025-02-20 00:00")};
    deadline_count(kz, &t, seven, at("2025-02-03 10:00"), &last, 1, &d);
    assert_string_equal(text_of_day(d.day), "2025-02-17");
    deadline_count(kz, &t, seven, at("2025-02-03 10:00"), &late, 1, &d);
    assert_string_equal(text_of_day(d.day), "2025-02-12");
    /* a month that is broken goes on in days: 10 March to 10 April are 31, of which 9 are gone on the 20th */
    t.start = START_NEXT_DAY;
    struct pause middle = {at("2025-03-20 10:00"), at("2025-03-31 10:00")};
    deadline_count(kz, &t, month, at("2025-03-10 10:00"), &middle, 1, &d);
    assert_string_equal(text_of_day(d.day), "2025-04-22");
    /* an hour, stopped after 20 minutes for a day */
    t.start = START_AT_ONCE;
    struct pause day = {at("2025-03-10 10:20"), at("2025-03-11 10:20")};
    deadline_count(kz, &t, hour, at("2025-03-10 10:00"), &day, 1, &d);
    assert_int_equal(d.due, at("2025-03-11 11:00"));
    day.until = 0;
    deadline_count(kz, &t, hour, at("2025-03-10 10:00"), &day, 1, &d);
    assert_int_equal(d.left, 40);
}

static void test_hand_over_and_certainty(void **state)
{
    struct service_timer t = timer(START_NEXT_WORKING_DAY);
    struct deadline d;
    t.hand_over = (struct term){1, TERM_WORKING_DAYS};
    deadline_count(kz, &t, (struct term){17, TERM_WORKING_DAYS}, at("2025-03-19 10:00"), NULL, 0, &d);
    assert_string_equal(text_of_day(d.day), "2025-04-16");
    assert_string_equal(text_of_day(d.hand_over), "2025-04-15");
    assert_int_equal(d.calendar, CALENDAR_DECREED);
    deadline_count(kz, &t, (struct term){7, TERM_WORKING_DAYS}, at("2025-12-30 10:00"), NULL, 0, &d);
    assert_int_equal(d.calendar, CALENDAR_PROVISIONAL);
    deadline_count(kz, &t, (struct term){7, TERM_WORKING_DAYS}, at("2027-12-30 10:00"), NULL, 0, &d);
    assert_int_equal(d.calendar, CALENDAR_UNKNOWN);
    assert_string_equal(text_of_day(d.day), "2028-01-10");
}

static void test_office_hours(void **state)
{
    struct jurisdiction copy = *kz;
    struct service_timer t = timer(START_NEXT_WORKING_DAY);
    struct deadline d;
    copy.office_from = 9 * 60;
    copy.office_to = 18 * 60;
    struct term one = {1, TERM_WORKING_DAYS};
    deadline_count(&copy, &t, one, at("2025-02-03 17:59"), NULL, 0, &d);
    assert_string_equal(text_of_day(d.day), "2025-02-04");
    assert_int_equal(d.accepted, at("2025-02-03 17:59"));
    deadline_count(&copy, &t, one, at("2025-02-03 18:00"), NULL, 0, &d); /* too late: as come on the 4th */
    assert_string_equal(text_of_day(d.day), "2025-02-05");
    assert_int_equal(d.accepted, at("2025-02-04 09:00"));
    deadline_count(&copy, &t, (struct term){30, TERM_MINUTES}, at("2025-02-03 12:00"), NULL, 0, &d);
    assert_int_equal(d.due, at("2025-02-04 09:30"));
}

static int64_t utc(const char *text)
{
    int64_t time;
    char iso[32];
    snprintf(iso, sizeof iso, "%.10sT%.5s:00Z", text, text + 11);
    assert_true(time_parse(str_of(iso), &time));
    return time;
}

/* The fictional town has summer time: on 29 March 2026 its clocks go from 4:00 to 5:00, on 25 October from
 * 5:00 back to 4:00. Its days begin at its midnight, of 23 and of 25 hours, and hours are hours. */
static void test_summer_time(void **state)
{
    struct findings findings;
    struct err err;
    struct jurisdiction *town;
    char path[4096];
    snprintf(path, sizeof path, "%s/jurisdictions/ainabulak", getenv("AINA_ROOT"));
    assert_true(jurisdiction_load(path, &arena, &town, &findings, &err) && town != NULL);
    int32_t spring = date_days((struct date){2026, 3, 29}), autumn = date_days((struct date){2026, 10, 25});
    assert_int_equal(local_midnight(town, spring), utc("2026-03-28 21:00"));
    assert_int_equal(local_midnight(town, spring + 1), utc("2026-03-29 20:00"));
    assert_int_equal(local_midnight(town, autumn), utc("2026-10-24 20:00"));
    assert_int_equal(local_midnight(town, autumn + 1), utc("2026-10-25 21:00"));
    for (int64_t t = utc("2026-03-27 00:00"); t < utc("2026-10-28 00:00"); t += 30 * 60 * CLOCK_SECOND) {
        int64_t first = local_moment(town, local_day(town, t), local_minute(town, t));
        bool twice = t >= utc("2026-10-25 01:00") && t < utc("2026-10-25 02:00");
        assert_int_equal(first, twice ? t - 3600 * CLOCK_SECOND : t);
    }
    assert_int_equal(local_moment(town, spring, 4 * 60 + 30), utc("2026-03-29 01:00")); /* is left out */
    assert_int_equal(local_minute(town, utc("2026-03-29 01:00")), 5 * 60);
    static const struct {
        const char *filed, *term, *due;
        enum timer_start start;
    } cases[] = {{"2026-03-28 07:00", "1 calendar day", "2026-03-29 20:00", START_NEXT_DAY},
                 {"2026-03-28 09:00", "24 hours", "2026-03-29 09:00", START_AT_ONCE},       /* 12:00, 13:00 */
                 {"2026-03-28 09:00", "1 calendar day", "2026-03-29 08:00", START_AT_ONCE}, /* noon again */
                 {"2026-10-24 08:00", "1 calendar day", "2026-10-25 21:00", START_NEXT_DAY},
                 {"2026-10-24 08:00", "24 hours", "2026-10-25 08:00", START_AT_ONCE},
                 {"2026-10-24 08:00", "1 calendar day", "2026-10-25 09:00", START_AT_ONCE},
                 {"2026-03-15 07:00", "1 month", "2026-04-15 20:00", START_NEXT_DAY},
                 {"2026-03-26 20:30", "1 working day", "2026-03-29 20:00", START_NEXT_WORKING_DAY},
                 {"2026-03-26 21:30", "1 working day", "2026-03-30 20:00", START_NEXT_WORKING_DAY}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct service_timer t = timer(cases[i].start);
        struct term term;
        struct deadline d;
        char due[TIME_TEXT_SIZE];
        assert_true(term_parse(str_of(cases[i].term), &term));
        deadline_count(town, &t, term, utc(cases[i].filed), NULL, 0, &d);
        time_iso(d.due, due);
        if (d.due != utc(cases[i].due))
            fail_msg("%s, %s: %s, expected %s", cases[i].filed, cases[i].term, due, cases[i].due);
    }
    jurisdiction_free(town);
}

static void test_terms_of_real_services(void **state)
{
    const struct service *extract = jurisdiction_service(kz, STR("id.no-conviction"));
    const struct service *petition = jurisdiction_service(kz, STR("part.petition"));
    assert_non_null(extract);
    assert_non_null(petition);
    static const struct {
        const char *use;
        struct term term;
    } uses[] = {{"home", {10, TERM_MINUTES}},
                {"abroad", {5, TERM_WORKING_DAYS}},
                {"apostille", {8, TERM_WORKING_DAYS}}};
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        struct rule_value *values = service_facts(kz, extract, 20000, &arena);
        values[service_symbol(extract, STR("use"))] = rule_words(str_of(uses[i].use));
        bool verified = false;
        struct term term = timer_term(extract, &extract->timers[service_timer(extract, STR("decision"))],
                                      BY_WEB, values, &arena, &verified);
        assert_int_equal(term.amount, uses[i].term.amount);
        assert_int_equal(term.unit, uses[i].term.unit);
        assert_true(verified);
    }
    bool verified;
    const struct service_timer *joiners = &petition->timers[service_timer(petition, STR("first-joiners"))];
    assert_int_equal(timer_term(petition, joiners, BY_PAPER, NULL, &arena, &verified).amount, 20);
    assert_int_equal(timer_term(petition, joiners, BY_WEB, NULL, &arena, &verified).amount, 10);
}

static void test_seasons(void **state)
{
    struct service summer = {.has_window = true, .opens = 401, .closes = 801},
                   winter = {.has_window = true, .opens = 1115, .closes = 228};
    static const struct {
        const char *day;
        bool summer, winter;
        const char *opens_summer, *opens_winter;
    } cases[] = {
        {"2026-03-31", false, false, "2026-04-01", "2026-11-15"},
        {"2026-04-01", true, false, "2026-04-01", "2026-11-15"},
        {"2026-08-01", true, false, "2026-08-01", "2026-11-15"},
        {"2026-08-02", false, false, "2027-04-01", "2026-11-15"},
        {"2026-12-31", false, true, "2027-04-01", "2026-12-31"},
        {"2026-02-28", false, true, "2026-04-01", "2026-02-28"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int32_t day = local_day(kz, at(cases[i].day));
        assert_int_equal(service_open_on(&summer, day), cases[i].summer);
        assert_int_equal(service_open_on(&winter, day), cases[i].winter);
        assert_string_equal(text_of_day(service_next_opening(&summer, day)), cases[i].opens_summer);
        assert_string_equal(text_of_day(service_next_opening(&winter, day)), cases[i].opens_winter);
    }
}

/* --- the calendar against its source --- */

static bool has(const json_t *year, const char *list, const char *day)
{
    const json_t *days = json_object_get(year, list);
    size_t i;
    json_t *one;
    if (json_is_object(days))
        return json_object_get(days, day) != NULL;
    json_array_foreach(days, i, one) if (strcmp(json_string_value(one), day) == 0) return true;
    return false;
}

static bool works(const json_t *source, int32_t day)
{
    char year_text[8];
    const char *text = text_of_day(day);
    snprintf(year_text, sizeof year_text, "%.4s", text);
    const json_t *year = json_object_get(source, year_text);
    if (has(year, "working_weekend_days", text))
        return true;
    return !has(year, "holidays", text) && (day % 7 + 7 + 3) % 7 < 5; /* day 0 was a Thursday */
}

static void test_every_day_of_the_calendar(void **state)
{
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/../shared/data/kz/kz-holidays-2015-2027.json", getenv("AINA_ROOT"));
    json_t *source = json_load_file(path, 0, &error);
    if (source == NULL) {
        printf("SKIPPED: no ../shared/data/kz/kz-holidays-2015-2027.json\n");
        return;
    }
    static const unsigned amounts[] = {1, 3, 7, 15, 22};
    for (int year = 2015; year <= 2027; year++) {
        char name[8];
        unsigned working = 0;
        snprintf(name, sizeof name, "%d", year);
        int32_t first = date_days((struct date){year, 1, 1}), next = date_days((struct date){year + 1, 1, 1});
        for (int32_t day = first; day < next; day++) {
            if (jurisdiction_working_day(kz, day) != works(source, day))
                fail_msg("%s is %s", text_of_day(day), works(source, day) ? "worked" : "a day of rest");
            working += works(source, day);
            for (size_t i = 0; i < ARRAY_LEN(amounts) && year < 2027; i++) {
                struct service_timer t = timer(START_NEXT_WORKING_DAY);
                struct deadline d;
                deadline_count(kz, &t, (struct term){amounts[i], TERM_WORKING_DAYS},
                               local_midnight(kz, day) + 36000 * CLOCK_SECOND, NULL, 0, &d);
                unsigned counted = 0;
                int32_t accepted = day;
                while (!works(source, accepted))
                    accepted++;
                for (int32_t k = accepted + 1; k <= d.day; k++)
                    counted += works(source, k);
                assert_int_equal(counted, amounts[i]);
                assert_true(works(source, d.day));
            }
        }
        assert_int_equal(working, json_integer_value(json_object_get(json_object_get(source, name),
                                                                     "working_days_5day_week")));
        assert_int_equal(jurisdiction_calendar(kz, year),
                         year <= 2025 ? CALENDAR_DECREED : CALENDAR_PROVISIONAL);
    }
    json_decref(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_hand_over_and_certainty),
        cmocka_unit_test(test_office_hours),
        cmocka_unit_test(test_summer_time),
        cmocka_unit_test(test_terms_of_real_services),
        cmocka_unit_test(test_seasons),
        cmocka_unit_test(test_every_day_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
