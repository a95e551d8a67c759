/* SPDX-License-Identifier: Apache-2.0 */
#include "base/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

static bool quiet;

void say_quiet(bool be_quiet)
{
    quiet = be_quiet;
}

void say(enum say_level level, const char *format, ...)
{
    static const char *const prefix[] = {"", "warning: ", "ALERT: "};
    if (quiet && level == SAY_INFO)
        return;
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fprintf(stderr, "aina: %s%s\n", prefix[level], line);
}

void say_err(enum say_level level, const struct err *err)
{
    if (err->place[0] != '\0')
        say(level, "%s: %s", err->place, err->text);
    else
        say(level, "%s", err->text);
}

void say_progress(const char *what, unsigned long long done, unsigned long long total)
{
    static int64_t last;
    int64_t now = clock_steady();
    bool terminal = isatty(STDERR_FILENO) == 1;
    bool ended = done >= total;
    if (quiet || (!ended && now - last < (terminal ? CLOCK_SECOND / 10 : CLOCK_SECOND)))
        return;
    last = now;
    unsigned long long percent = total ? done * 100 / total : 100;
    fprintf(stderr, "%s%s %llu of %llu (%llu %%)%s", terminal ? "\r" : "", what, done, total, percent,
            terminal && !ended ? "" : "\n");
}
