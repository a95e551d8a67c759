/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t offset;

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
    return read_clock(CLOCK_REALTIME) + atomic_load_explicit(&offset, memory_order_relaxed);
}

int64_t clock_steady(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_set_offset(int64_t microseconds)
{
    atomic_store(&offset, microseconds);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Days and dates by eras of 400 years that start in March, so that the leap day is the last of a year. */
int32_t date_days(struct date date)
{
    int64_t y = date.year - (date.month <= 2);
    int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return (int32_t)(era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
                     719468);
}

struct date date_of_days(int32_t days)
{
    int64_t z = (int64_t)days + 719468;
    int64_t era = floor_div(z, 146097), day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);
    return (struct date){(int)(year_of_era + era * 400 + (month <= 2)), month,
                         (int)(day_of_year - (153 * m + 2) / 5 + 1)};
}

bool date_valid(struct date date)
{
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > 31)
        return false;
    struct date back = date_of_days(date_days(date));
    return back.month == date.month && back.day == date.day;
}

int date_weekday(int32_t days)
{
    return (int)((((int64_t)days + 3) % 7 + 7) % 7) + 1;
}

struct date date_of_time(int64_t time, int offset_minutes)
{
    return date_of_days((int32_t)floor_div(time + offset_minutes * INT64_C(60) * CLOCK_SECOND, CLOCK_DAY));
}

static bool digits(struct str text, size_t at, size_t n, int *ret_value)
{
    int value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        value = value * 10 + (text.p[i] - '0');
    }
    *ret_value = value;
    return true;
}

bool date_parse(struct str text, struct date *ret_date)
{
    struct date date;
    if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-' || !digits(text, 0, 4, &date.year) ||
        !digits(text, 5, 2, &date.month) || !digits(text, 8, 2, &date.day) || !date_valid(date))
        return false;
    *ret_date = date;
    return true;
}

bool date_typed(struct str text, struct date *ret_date)
{
    unsigned part[3] = {0}, n = 0;
    if (date_parse(text, ret_date))
        return true;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c >= '0' && c <= '9' && n < 3 && part[n] < 10000)
            part[n] = part[n] * 10 + (unsigned)(c - '0');
        else if ((c == '.' || c == '/' || c == ' ' || c == '-') && i + 1 < text.n && n < 2)
            n++;
        else
            return false;
    }
    const struct date date = {(int)part[2], (int)part[1], (int)part[0]};
    if (n != 2 || date.year < 1800 || date.year > 2300 || !date_valid(date))
        return false;
    *ret_date = date;
    return true;
}

bool time_parse(struct str text, int64_t *ret_time)
{
    struct date date;
    int hour, minute, second;
    if (text.n != 20 || text.p[10] != 'T' || text.p[13] != ':' || text.p[16] != ':' || text.p[19] != 'Z' ||
        !date_parse((struct str){text.p, 10}, &date) || !digits(text, 11, 2, &hour) ||
        !digits(text, 14, 2, &minute) || !digits(text, 17, 2, &second) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    *ret_time = date_days(date) * CLOCK_DAY + (hour * 3600 + minute * 60 + second) * CLOCK_SECOND;
    return true;
}

struct moment {
    struct date date;
    int hour, minute, second;
};

static struct moment moment_of(int64_t time)
{
    int64_t days = floor_div(time, CLOCK_DAY);
    int second = (int)((time - days * CLOCK_DAY) / CLOCK_SECOND);
    return (struct moment){date_of_days((int32_t)days), second / 3600, second / 60 % 60, second % 60};
}

void time_iso(int64_t time, char out[TIME_TEXT_SIZE])
{
    struct moment m = moment_of(time);
    snprintf(out, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", m.date.year, m.date.month, m.date.day,
             m.hour, m.minute, m.second);
}
