/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/jurisdiction.h"

#include <stdlib.h>

#include "base/clock.h"

#define FIND(list, n, wanted)                                                                                \
    for (size_t i = 0; i < (n); i++)                                                                         \
        if (str_eq((list)[i].id, (wanted)))                                                                  \
            return &(list)[i];                                                                               \
    return NULL

#define MINUTE (60 * CLOCK_SECOND)

int local_offset(const struct jurisdiction *j, int64_t time)
{
    int minutes = j->utc_offset_minutes;
    for (size_t i = 0; i < j->clock_changes_n && j->clock_changes[i].at <= time; i++)
        minutes = j->clock_changes[i].utc_offset_minutes;
    return minutes;
}

int32_t local_day(const struct jurisdiction *j, int64_t time)
{
    return date_days(date_of_time(time, local_offset(j, time)));
}

unsigned local_minute(const struct jurisdiction *j, int64_t time)
{
    int64_t shown = (time + local_offset(j, time) * MINUTE) % CLOCK_DAY;
    return (unsigned)((shown < 0 ? shown + CLOCK_DAY : shown) / MINUTE);
}

int64_t local_moment(const struct jurisdiction *j, int32_t day, unsigned minute)
{
    int64_t shown = (int64_t)day * CLOCK_DAY + minute * MINUTE, since = INT64_MIN;
    int offset = j->utc_offset_minutes;
    for (size_t i = 0; i < j->clock_changes_n && shown - offset * MINUTE >= j->clock_changes[i].at; i++) {
        since = j->clock_changes[i].at;
        offset = j->clock_changes[i].utc_offset_minutes;
    }
    return MAX_OF(shown - offset * MINUTE, since);
}

int64_t local_midnight(const struct jurisdiction *j, int32_t day)
{
    return local_moment(j, day, 0);
}

int32_t local_today(const struct jurisdiction *j)
{
    return local_day(j, clock_now());
}

const struct agency *jurisdiction_agency(const struct jurisdiction *j, struct str id)
{
    FIND(j->agencies, j->agencies_n, id);
}

const struct office *jurisdiction_office(const struct agency *agency, struct str id)
{
    FIND(agency->offices, agency->offices_n, id);
}

const struct purpose *jurisdiction_purpose(const struct jurisdiction *j, struct str id)
{
    FIND(j->purposes, j->purposes_n, id);
}

const struct registry *jurisdiction_registry(const struct jurisdiction *j, struct str id)
{
    FIND(j->registries, j->registries_n, id);
}

const struct lookup *registry_lookup(const struct registry *registry, const struct purpose *purpose)
{
    for (size_t i = 0; i < registry->lookups_n; i++)
        if (registry->lookups[i].purpose == purpose)
            return &registry->lookups[i];
    return NULL;
}

int registry_field(const struct registry *registry, struct str id)
{
    for (size_t i = 0; i < registry->fields_n; i++)
        if (str_eq(registry->fields[i].id, id))
            return (int)i;
    return -1;
}

const struct relation *registry_relation(const struct registry *registry, struct str capacity)
{
    for (size_t i = 0; i < registry->relations_n; i++)
        if (str_eq(registry->relations[i].capacity, capacity))
            return &registry->relations[i];
    return NULL;
}

const struct relation *jurisdiction_relation(const struct jurisdiction *j, struct str capacity,
                                             const struct registry **ret_registry)
{
    for (size_t i = 0; i < j->registries_n; i++) {
        const struct relation *relation = registry_relation(&j->registries[i], capacity);
        if (relation != NULL) {
            *ret_registry = &j->registries[i];
            return relation;
        }
    }
    return NULL;
}

const struct purpose *office_records(const struct office *office, struct str capacity)
{
    for (size_t p = 0; p < office->purposes_n; p++)
        for (size_t i = 0; i < office->purposes[p]->records_n; i++)
            if (str_eq(office->purposes[p]->records[i], capacity))
                return office->purposes[p];
    return NULL;
}

bool jurisdiction_sector(const struct jurisdiction *j, struct str id)
{
    for (size_t i = 0; i < j->agencies_n; i++)
        if (str_eq(j->agencies[i].sector, id))
            return true;
    return false;
}

bool purpose_joins(const struct purpose *purpose, struct str from, struct str to)
{
    for (size_t i = 0; i < purpose->joins_n; i++)
        if (str_eq(purpose->joins[i].from, from) && str_eq(purpose->joins[i].to, to))
            return true;
    return false;
}

bool office_may(const struct office *office, const struct purpose *purpose)
{
    for (size_t i = 0; i < office->purposes_n; i++)
        if (office->purposes[i] == purpose)
            return true;
    return false;
}

bool office_leads(const struct office *head, const struct office *office)
{
    for (size_t i = 0; i < head->leads_n; i++)
        if (head->leads[i] == office)
            return true;
    return false;
}

struct str texts_in(const struct jurisdiction *j, const struct texts *texts, struct str language)
{
    for (size_t i = 0; i < j->languages_n; i++)
        if (str_eq(j->languages[i], language))
            return texts->in[i];
    return texts->in[0];
}

void jurisdiction_calendar_hash(const struct jurisdiction *j, uint8_t hash[32])
{
    struct buf all;
    buf_init(&all, (size_t)1 << 20);
    buf_text(&all, "aina-calendar-v1\n");
    buf_u32be(&all, (uint32_t)j->utc_offset_minutes);
    for (size_t i = 0; i < j->clock_changes_n; i++) {
        buf_u64be(&all, (uint64_t)j->clock_changes[i].at);
        buf_u32be(&all, (uint32_t)j->clock_changes[i].utc_offset_minutes);
    }
    buf_u32be(&all, j->weekend);
    buf_u32be(&all, j->office_from);
    buf_u32be(&all, j->office_to);
    buf_u32be(&all, (uint32_t)j->holidays_n);
    for (size_t i = 0; i < j->holidays_n; i++) {
        buf_u32be(&all, (uint32_t)j->holidays[i].day);
        buf_byte(&all, j->holidays[i].working);
    }
    for (size_t i = 0; i < j->years_n; i++) {
        buf_u32be(&all, (uint32_t)j->years[i].year);
        buf_byte(&all, (uint8_t)j->years[i].state);
    }
    must(!buf_overflowed(&all));
    sha256(hash, all.p, all.n);
    buf_done(&all);
}

enum calendar_state jurisdiction_calendar(const struct jurisdiction *j, int year)
{
    for (size_t i = 0; i < j->years_n; i++)
        if (j->years[i].year == year)
            return j->years[i].state;
    return CALENDAR_UNKNOWN;
}

bool jurisdiction_working_day(const struct jurisdiction *j, int32_t day)
{
    size_t low = 0, high = j->holidays_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (j->holidays[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < j->holidays_n && j->holidays[low].day == day)
        return j->holidays[low].working;
    return (j->weekend >> (date_weekday(day) - 1) & 1) == 0;
}

int32_t jurisdiction_add_working_days(const struct jurisdiction *j, int32_t day, unsigned working_days)
{
    while (working_days != 0)
        working_days -= jurisdiction_working_day(j, ++day);
    return day;
}

int override_cmp(const void *a, const void *b)
{
    const struct override *x = a, *y = b;
    int order = str_cmp(x->language, y->language);
    return order ? order : str_cmp(x->msgid, y->msgid);
}

const char *jurisdiction_text(const struct jurisdiction *j, struct str language, const char *msgid)
{
    struct override wanted = {.language = language, .msgid = str_of(msgid)}, *found = NULL;
    if (j->overrides_n != 0)
        found = bsearch(&wanted, j->overrides, j->overrides_n, sizeof wanted, override_cmp);
    return found != NULL ? found->text.p : NULL;
}

void finding_text(struct buf *out, const struct finding *f)
{
    buf_printf(out, "%.*s:%u:%u: %s: %.*s. %.*s\n", STR_ARG(f->file), f->line, f->column,
               f->level == FINDING_ERROR ? "error" : "warning", STR_ARG(f->what), STR_ARG(f->remedy));
}
