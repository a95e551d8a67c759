/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kill.h"
#include "ledger/ledger_private.h"

static const char *const names[] = {
#define X(id, name) name,
    KILL_POINTS(X)
#undef X
};

static int wanted = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_wanted(void)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(kill_armed(), names[i]))
            wanted = (int)i;
}

void kill_points_read(void)
{
    pthread_once(&once, read_wanted);
}

bool kill_point_armed(enum kill_point at)
{
    return wanted == (int)at;
}

void kill_point(enum kill_point at)
{
    if (kill_point_armed(at))
        kill_passed();
}
