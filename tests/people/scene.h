/* SPDX-License-Identifier: Apache-2.0 */
/* scene.h: a state with nobody in it, and sessions that begin and come there. */
#ifndef TESTS_PEOPLE_SCENE_H
#define TESTS_PEOPLE_SCENE_H

#include "tests/db/engines.h"

#include "base/clock.h"
#include "people/mandate.h"

#define MINUTE (60 * CLOCK_SECOND)
#define ZONE 300 /* minutes: jurisdictions/kz */

struct scene {
    struct fresh *f;
    struct people *people;
    int32_t today;
    char secret[PEOPLE_SECRET_SIZE];
};

static inline struct scene scene_new(void)
{
    static const uint8_t master[KEY_SIZE] = {5};
    struct scene p = {.f = fresh_new(), .people = people_new(master)};
    clock_set_offset(0);
    p.today = date_days(date_of_time(clock_now(), ZONE));
    done(p.f, people_migrate(p.f->db, &p.f->err));
    people_set_ages(p.people, (struct people_ages){.majority = 18, .own_account = 14});
    people_set_zone(p.people, ZONE);
    return p;
}

static inline void scene_free(struct scene *p)
{
    clock_set_offset(0);
    people_free(p->people);
    fresh_free(p->f);
}

static inline void begin(struct scene *p, const struct caller *c, bool token)
{
    done(p->f, people_caller_add(p->people, p->f->db, c, token, 12 * 60 * MINUTE, p->secret, &p->f->err));
}

static inline struct caller came(struct scene *p, const char *secret, bool token)
{
    struct caller c;
    done(p->f, people_caller(p->people, p->f->db, str_of(secret), token, &p->f->arena, &c, &p->f->err));
    return c;
}

#endif
