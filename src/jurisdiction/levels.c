/* SPDX-License-Identifier: Apache-2.0 */
#include "jurisdiction/levels.h"

#include <stdio.h>
#include <string.h>

static void write(struct levels levels, const char *end, char out[LEVELS_TEXT_SIZE])
{
    snprintf(out, LEVELS_TEXT_SIZE, "ial%u.aal%u%s%s", levels.ial % 10, levels.aal % 10,
             levels.phr ? ".phr" : "", end);
}

void levels_text(struct levels levels, char out[LEVELS_TEXT_SIZE])
{
    write(levels, "", out);
}

void levels_demo_text(struct levels levels, char out[LEVELS_TEXT_SIZE])
{
    write(levels, LEVELS_DEMO, out);
}

bool levels_are_demo(struct str text)
{
    size_t n = sizeof LEVELS_DEMO - 1;
    return text.n > n && str_is(str_from(text, text.n - n), LEVELS_DEMO);
}

struct levels levels_of(struct str text)
{
    struct levels levels = {0};
    char ial, aal, again[LEVELS_TEXT_SIZE];
    if (levels_are_demo(text))
        text.n -= sizeof LEVELS_DEMO - 1;
    if (text.n < 9 || text.n > 13)
        return levels;
    ial = text.p[3], aal = text.p[8];
    if (ial < '0' || ial > '3' || aal < '0' || aal > '3')
        return levels;
    levels = (struct levels){(unsigned)(ial - '0'), (unsigned)(aal - '0'), text.n == 13};
    levels_text(levels, again);
    return str_is(text, again) ? levels : (struct levels){0};
}

bool levels_reach(struct levels have, struct levels need)
{
    return have.ial >= need.ial && have.aal >= need.aal && (have.phr || !need.phr);
}
