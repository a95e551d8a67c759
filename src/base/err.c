/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int http;
} table[] = {
#define X(code, name, http) {name, http},
    ERR_TABLE(X)
#undef X
};

static void set(struct err *err, enum err_code code, const char *place, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void set(struct err *err, enum err_code code, const char *place, const char *format, va_list args)
{
    err->code = code;
    snprintf(err->place, sizeof err->place, "%s", place ? place : "");
    vsnprintf(err->text, sizeof err->text, format, args);
}

bool err_set(struct err *err, enum err_code code, const char *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(err, code, place, format, args);
    va_end(args);
    return false;
}

bool err_errno(struct err *err, const char *place, const char *format, ...)
{
    int number = errno;
    va_list args;
    va_start(args, format);
    set(err, ERR_IO, place, format, args);
    va_end(args);
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, ": %s", strerror(number));
    return false;
}

bool err_at(struct err *err, const char *format, ...)
{
    char inner[sizeof err->place];
    memcpy(inner, err->place, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(err->place, sizeof err->place, format, args);
    va_end(args);
    size_t n = strlen(err->place);
    if (inner[0] != '\0')
        snprintf(err->place + n, sizeof err->place - n, ": %s", inner);
    return false;
}

const char *err_name(enum err_code code)
{
    return table[code].name;
}

int err_http(enum err_code code)
{
    return table[code].http;
}

void must_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "aina: bug: %s:%d: must hold: %s\n", file, line, condition);
    abort();
}
