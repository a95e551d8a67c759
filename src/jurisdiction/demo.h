/* SPDX-License-Identifier: Apache-2.0 */
/* demo.h: a folder's demo.yaml: what `aina demo` needs to fill an instance with invented people whose data
 * look like that place's, and who can be tried in the demonstration. docs/jurisdiction.md says the file's
 * form.
 *
 * A value's pattern: text in which '#' is a digit, '@' a capital letter, and {...} one of
 *     {place} {surname} {given}      of places.yaml and names.yaml, by the person's sex
 *     {a|b|c}                        one of them
 *     {~woman|man}                   by the person's sex
 *     {1..120}  {2001-01-01..2020-12-31}   a number, a date
 */
#ifndef JURISDICTION_DEMO_H
#define JURISDICTION_DEMO_H

#include "base/text.h"
#include "jurisdiction/levels.h"

struct jurisdiction;
struct service;
struct texts;

enum demo_as { DEMO_PERSON, DEMO_OFFICIAL, DEMO_AUDITOR };

struct demo_role {
    enum demo_as as;
    const struct office *office; /* NULL: a person */
    const struct texts *name, *about;
};

enum demo_case { DEMO_CASE_OWN, DEMO_CASE_OTHER, DEMO_CASE_NONE };

/* One look at the first person, made through the gate. */
struct demo_look {
    const struct office *office;
    const struct purpose *purpose;
    const struct registry *registry;
    enum demo_case case_of; /* the person's own case, another person's, none */
    struct str emergency;   /* the reason, when glass is broken */
};

struct demo_values {
    const struct registry *registry;
    size_t field;
    struct str *patterns;
    size_t n;
};

struct demo_share {
    const struct registry *registry;
    unsigned percent; /* of people who have a record there */
};

/* Patterns for what is typed into a service's field: by the field's id, else by its type's name. */
struct demo_answer {
    struct str key;
    struct str *patterns;
    size_t n;
};

/* Where the invented cases go to; of the first person's own it is said. */
enum demo_end {
    DEMO_GRANTED,
    DEMO_REFUSED,
    DEMO_RETURNED, /* waits for a paper */
    DEMO_HEARING,  /* a hearing was offered */
    DEMO_OPEN,     /* nobody has decided yet */
    DEMO_WITHDRAWN,
    DEMO_APPEALED,   /* refused; the appeal waits for its answer */
    DEMO_OVERTURNED, /* refused, and granted on appeal */
    DEMO_UPHELD,     /* refused, and it stands */
    DEMO_VOID,       /* granted, and made void later */
    DEMO_ENDS_N
};
struct demo_own {
    const struct service *service;
    enum demo_end end;
};

/* A record that the registry's first writing office writes for one of the first invented people, and how that
 * one answers what it offers. */
enum demo_answered { DEMO_OFFER_OPEN, DEMO_OFFER_ACCEPTED, DEMO_OFFER_DECLINED };
struct demo_record {
    unsigned person; /* from 1 */
    const struct registry *registry;
    enum demo_answered answer;
    struct str *values; /* patterns, by field; empty: not written */
};

struct demo_plan {
    const struct service **busy; /* services that most people use */
    struct demo_own *own;
    struct demo_answer *answers;
    size_t busy_n, own_n, answers_n;
    struct levels level; /* what a log-in by button counts for */
    struct demo_role *roles;
    struct demo_look *looks;
    struct demo_values *values;
    struct demo_share *shares;
    struct demo_record *records;
    size_t roles_n, looks_n, values_n, shares_n, records_n;
};

/* Writes a value of the pattern; `draw` gives a number below its argument. False: the pattern is off. */
typedef uint64_t demo_draw_fn(void *arg, uint64_t below);
bool demo_value(const struct jurisdiction *j, struct str pattern, bool female, demo_draw_fn *draw, void *arg,
                struct arena *arena, struct str *ret_value);
const struct demo_answer *demo_answer_of(const struct jurisdiction *j, struct str key); /* NULL: none */
const struct demo_values *demo_values_of(const struct jurisdiction *j, const struct registry *registry,
                                         size_t field); /* NULL: none */

#endif
