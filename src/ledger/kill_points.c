/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_private.h"

#ifdef AINA_TESTS

#include <signal.h>
#include <stdlib.h>

static const char *const names[] = {
#define X(id, name) name,
    KILL_POINTS(X)
#undef X
};

static int wanted = -1;
static atomic_long left;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_environment(void)
{
    struct str rest = str_of(getenv("AINA_KILL_AT")), name;
    uint64_t count;
    if (rest.p == NULL || !str_next(&rest, ':', &name) || !text_u64(rest, &count))
        return;
    atomic_store(&left, (long)count);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(name, names[i]))
            wanted = (int)i;
}

void kill_points_read(void)
{
    pthread_once(&once, read_environment);
}

bool kill_point_armed(enum kill_point at)
{
    return wanted == (int)at;
}

void kill_point(enum kill_point at)
{
    if (kill_point_armed(at) && atomic_fetch_sub(&left, 1) == 1)
        raise(SIGKILL);
}

#else

void kill_points_read(void)
{
}

bool kill_point_armed(enum kill_point at)
{
    return false;
}

void kill_point(enum kill_point at)
{
}

#endif
