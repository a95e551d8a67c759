/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c: calendar.yaml, amounts.yaml, life.yaml. */
#include <stdlib.h>

#include "base/clock.h"
#include "jurisdiction/service_private.h"

/* --- the calendar --- */

static int by_day(const void *a, const void *b)
{
    int32_t x = ((const struct holiday *)a)->day, y = ((const struct holiday *)b)->day;
    return (x > y) - (x < y);
}

void add_calendar_year(struct loader *l, int year, enum calendar_state state)
{
    struct jurisdiction *j = l->j;
    for (size_t i = 0; i < j->years_n; i++) {
        if (j->years[i].year == year) {
            j->years[i].state = MIN_OF(j->years[i].state, state);
            return;
        }
    }
    struct calendar_year *grown = arena_array(l->r.arena, struct calendar_year, j->years_n + 1);
    if (j->years_n != 0)
        memcpy(grown, j->years, j->years_n * sizeof *grown);
    grown[j->years_n] = (struct calendar_year){year, state};
    j->years = grown;
    j->years_n++;
}

void read_holidays(struct loader *l, const struct yaml *map, enum calendar_state state)
{
    struct jurisdiction *j = l->j;
    const struct yaml *lists[] = {list_of(l, map, "holidays", false),
                                  list_of(l, map, "working-weekends", false)};
    struct holiday *grown =
        arena_array(l->r.arena, struct holiday, j->holidays_n + lists[0]->n + lists[1]->n + 1);
    if (j->holidays_n != 0)
        memcpy(grown, j->holidays, j->holidays_n * sizeof *grown);
    j->holidays = grown;
    for (int working = 0; working < 2; working++) {
        for (size_t i = 0; i < lists[working]->n; i++) {
            struct date date;
            const struct yaml *item = lists[working]->member[i];
            if (!date_parse(item->text, &date)) {
                found(&l->r, FINDING_ERROR, item, "Write YYYY-MM-DD.", "'%.*s' is not a date",
                      STR_ARG(item->text));
                continue;
            }
            j->holidays[j->holidays_n++] = (struct holiday){date_days(date), working == 1};
            add_calendar_year(l, date.year, state);
        }
    }
    qsort(j->holidays, j->holidays_n, sizeof *j->holidays, by_day);
}

static unsigned minutes_of(struct str clock)
{
    return clock.n == 5 ? (unsigned)((clock.p[0] - '0') * 600 + (clock.p[1] - '0') * 60 +
                                     (clock.p[3] - '0') * 10 + clock.p[4] - '0')
                        : 0;
}

void read_calendar_file(struct loader *l, const struct yaml *root)
{
    if (!form_check(l, root, form_find("calendar")))
        return;
    const struct yaml *hours = yaml_member(root, "office-hours"), *years = yaml_member(root, "years");
    if (hours != NULL) {
        l->j->office_from = minutes_of(yaml_text_of(hours, "from"));
        l->j->office_to = minutes_of(yaml_text_of(hours, "to"));
        if (l->j->office_from >= l->j->office_to)
            found(&l->r, FINDING_ERROR, hours, "Let the day end after it begins.",
                  "office hours that end before they begin");
    }
    for (size_t i = 0; i < years->n; i++) {
        const struct yaml *year = years->member[i];
        uint64_t n = 0;
        if (!text_u64(yaml_text_of(year, "year"), &n) || n < 1900 || n > 2200) {
            found(&l->r, FINDING_ERROR, year, "Write a year such as 2026.", "not a year");
            continue;
        }
        bool decreed = str_is(yaml_text_of(year, "decreed"), "yes");
        size_t before = l->j->holidays_n;
        read_holidays(l, year, decreed ? CALENDAR_DECREED : CALENDAR_PROVISIONAL);
        add_calendar_year(l, (int)n, decreed ? CALENDAR_DECREED : CALENDAR_PROVISIONAL);
        int32_t first = date_days((struct date){(int)n, 1, 1}),
                last = date_days((struct date){(int)n, 12, 31});
        size_t inside = 0;
        for (size_t k = 0; k < l->j->holidays_n; k++)
            inside += l->j->holidays[k].day >= first && l->j->holidays[k].day <= last;
        if (inside < l->j->holidays_n - before)
            found(&l->r, FINDING_ERROR, year, "Move the day to its year.",
                  "a day of another year among those of %u", (unsigned)n);
    }
    for (size_t i = 1; i < l->j->holidays_n; i++)
        if (l->j->holidays[i].day == l->j->holidays[i - 1].day)
            found(&l->r, FINDING_ERROR, root, "Keep one.", "a day stands twice in the calendar");
}

/* --- amounts --- */

static bool read_values(struct loader *l, const struct yaml *map, struct amount *amount)
{
    const struct yaml *list = yaml_member(map, "values");
    amount->values = arena_array(l->r.arena, struct amount_value, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        struct date from;
        struct rule_value value;
        if (!date_parse(yaml_text_of(list->member[i], "from"), &from) ||
            !rule_value_parse(RULE_NUMBER, yaml_text_of(list->member[i], "is"), &value) || !value.known) {
            found(&l->r, FINDING_ERROR, list->member[i], "Write a number such as 4325 or 0.25.",
                  "not an amount");
            return false;
        }
        struct amount_value one = {date_days(from), value.number,
                                   str_is(yaml_text_of(list->member[i], "verified"), "yes")};
        if (i != 0 && one.from <= amount->values[i - 1].from) {
            found(&l->r, FINDING_ERROR, list->member[i], "Put the oldest first.", "amounts out of order");
            return false;
        }
        amount->values[amount->n++] = one;
    }
    return true;
}

void read_amounts(struct loader *l, const struct yaml *root)
{
    if (!form_check(l, root, form_find("amounts")))
        return;
    const struct yaml *list = yaml_member(root, "amounts");
    l->j->amounts = arena_array(l->r.arena, struct amount, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i], *basis = yaml_member(map, "basis");
        struct str article = yaml_text_of(basis, "article");
        struct amount *amount = &l->j->amounts[l->j->amounts_n];
        *amount = (struct amount){.id = yaml_text_of(map, "id"),
                                  .name = read_texts(l, map, "name", true),
                                  .basis = {read_texts(l, basis, "law", true),
                                            str_is(article, "unknown") ? (struct str){"", 0} : article}};
        l->j->amounts_n += read_values(l, map, amount);
    }
}

struct rule_value amount_on(const struct amount *amount, int32_t day)
{
    struct rule_value out = rule_unknown(RULE_NUMBER);
    for (size_t i = 0; i < amount->n && amount->values[i].from <= day; i++)
        out = rule_number(amount->values[i].ten_thousandths);
    return out;
}

/* --- life events --- */

void read_life(struct loader *l, const struct yaml *root)
{
    if (!form_check(l, root, form_find("life")))
        return;
    const struct yaml *list = yaml_member(root, "events");
    l->j->life_events = arena_array(l->r.arena, struct life_event, list->n + 1);
    for (size_t i = 0; i < list->n; i++)
        l->j->life_events[l->j->life_events_n++] = (struct life_event){
            yaml_text_of(list->member[i], "id"), read_texts(l, list->member[i], "name", true)};
}
