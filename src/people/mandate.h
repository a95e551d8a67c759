/* SPDX-License-Identifier: Apache-2.0 */
/* mandate.h: acting for another person. A mandate says who acts for whom, in what capacity, on what ground
 * (its source), in what matters (its scope), from when until when. It is read again at each use:
 * people_caller does so for the session that acts by it. It is sealed and bound to its row.
 *
 * A mandate that rests on a register is asked of the register again at each use, too (people_set_registers).
 * When the record names the one who acts no more, the mandate ends at once, with an entry in the list of the
 * person acted for; who acted learns why from people_caller (mandate_why).
 *
 * Capacities stand in one table. A parent's and a guardian's mandate ends by itself on the day the child
 * comes of age (people_ages, from the jurisdiction folder); a counter clerk's after 15 minutes.
 */
#ifndef PEOPLE_MANDATE_H
#define PEOPLE_MANDATE_H

#include "gate/gate.h"
#include "people/people.h"

enum mandate_source {
    SOURCE_REGISTRY = 1,  /* a record of a register: civil status, legal entities */
    SOURCE_COURT = 2,     /* a court's or guardianship body's act */
    SOURCE_SIGNED = 4,    /* given by the subject, logged in */
    SOURCE_LICENCE = 8,   /* a licence and the number of an open act */
    SOURCE_PRESENCE = 16, /* the subject stands at the counter: touched a key, or read out a code */
    SOURCE_NOTARY = 32 /* given before a notary or another office that records mandates; the act's number */
};

/* code as in entries, words (a msgid), sources allowed, days at most (0: open), scope needed, ends at
 * majority, who may act */
#define CAPACITIES(X)                                                                                        \
    X(CAPACITY_PARENT, "parent", "Parent", SOURCE_REGISTRY, 0, false, true, CALLER_PERSON)                   \
    X(CAPACITY_GUARDIAN, "guardian", "Guardian of a child", SOURCE_REGISTRY | SOURCE_COURT, 0, false, true,  \
      CALLER_PERSON)                                                                                         \
    X(CAPACITY_ATTORNEY, "attorney", "By mandate", SOURCE_SIGNED | SOURCE_NOTARY, 1096, true, false,         \
      CALLER_PERSON)                                                                                         \
    X(CAPACITY_COURT, "court-appointed", "Appointed by a court", SOURCE_COURT, 1096, true, false,            \
      CALLER_PERSON)                                                                                         \
    X(CAPACITY_HEAD, "head", "Head of an organisation", SOURCE_REGISTRY, 0, false, false, CALLER_PERSON)     \
    X(CAPACITY_EMPLOYEE, "employee", "Employee of an organisation", SOURCE_REGISTRY | SOURCE_SIGNED, 1096,   \
      true, false, CALLER_PERSON)                                                                            \
    X(CAPACITY_NOTARY, "notary", "Notary", SOURCE_LICENCE, 30, true, false, CALLER_OFFICIAL)                 \
    X(CAPACITY_COUNTER, "counter", "At the counter", SOURCE_PRESENCE, 1, true, false, CALLER_OFFICIAL)

enum capacity {
#define X(id, code, words, sources, days, scope, age, actor) id,
    CAPACITIES(X)
#undef X
        CAPACITIES_N
};

struct capacity_fact {
    const char *code, *words;
    unsigned sources;
    int32_t days_max;
    bool needs_scope, ends_at_majority;
    enum caller_kind actor;
    bool protected_hidden; /* protected categories stay the subject's own: true of every capacity */
};
extern const struct capacity_fact capacity_facts[CAPACITIES_N];

#define MANDATE_ASSIST (15 * 60 * CLOCK_SECOND) /* a counter session */

struct mandate {
    char id[MANDATE_ID_SIZE];
    enum capacity capacity;
    enum mandate_source source;
    struct str ground;    /* number of the record, act or licence; how presence was shown */
    struct account actor; /* its text in the arena */
    struct person subject;
    struct str scope;      /* ids of services or purposes with a space between, or "*" */
    int64_t from, until;   /* until 0: open */
    int32_t born;          /* the subject's birth date in days, for those that end at majority */
    int64_t made, revoked; /* revoked 0: not */
    enum mandate_why why;  /* it was revoked */
    struct str registry;   /* id of the registry that is asked again at each use; empty: none */
    struct str agency;     /* id of the agency whose official recorded it; empty: none did */
};

/* Where mandates that rest on a register are asked again. Without, they do not hold: nobody acts on an
 * answer that was not had. Both live longer than `people`. */
void people_set_registers(struct people *people, struct gate *gate, const struct jurisdiction *j);
/* Does the registry say that this account acts for this person in this capacity? *ret_born in days, 0 where
 * the register has none. */
MUST_USE bool mandate_register_says(struct people *people, struct db *db, const struct registry *registry,
                                    enum capacity capacity, const struct account *actor,
                                    const struct person *subject, struct arena *arena, bool *ret_says,
                                    int32_t *ret_born, struct err *err);
/* False: no such capacity. */
bool capacity_find(struct str code, enum capacity *ret_capacity);

/* The jurisdiction's ages, in years. 0: not said, and then no mandate of a parent or guardian can be made. */
struct people_ages {
    unsigned majority, own_account;
};
void people_set_ages(struct people *people, struct people_ages ages);
/* Offices, and ages, begin and end at midnight there; minutes east of UTC, where no jurisdiction is set. */
void people_set_zone(struct people *people, int minutes);
/* Whole years on a day; a 29 February's birthday in other years is 1 March. */
int years_on(int32_t born, int32_t day);

/* Whether the terms are those that the capacity asks for. ERR_INVALID says what is wrong. */
MUST_USE bool mandate_terms(const struct people *people, const struct mandate *mandate, int64_t now,
                            struct err *err);
/* Checks all that the capacity asks for, and stores. ERR_INVALID says what is wrong. `id` and `made` are set.
 */
MUST_USE bool mandate_give(struct people *people, struct db *db, struct mandate *mandate, int64_t now,
                           struct err *err);
/* Does this mandate let this account act, now? No is not an error: then `ret_mandate->why` says why where it
 * is this account's own. Not in a transaction: where the register says no, the mandate is ended in one of its
 * own, and *ret_position is what the reply is held for (else 0). */
MUST_USE bool mandate_of(struct people *people, struct db *db, const struct account *actor, struct str id,
                         int64_t now, struct arena *arena, struct mandate *ret_mandate, bool *ret_holds,
                         uint64_t *ret_position, struct err *err);
bool scope_covers(struct str scope, struct str matter);
/* Given by (as subject) or to (as actor) this account; newest first, ended ones too. */
MUST_USE bool mandate_list(struct people *people, struct db *db, const struct account *account, bool as_actor,
                           struct arena *arena, struct mandate **ret_list, size_t *ret_n, struct err *err);
bool mandate_holds(const struct people *people, const struct mandate *mandate, int64_t now);
/* By the subject or the actor, at once, inside the caller's transaction. ERR_NOT_FOUND when it is neither's;
 * a second time changes nothing. *ret_mandate is what it was (texts in the arena), *ret_changed whether it
 * was still standing. */
MUST_USE bool mandate_revoke_in(struct people *people, struct db *db, const struct account *account,
                                struct str id, int64_t now, struct arena *arena, struct mandate *ret_mandate,
                                bool *ret_changed, struct err *err);

/* Whoever's it is, inside the caller's transaction: where its ground is gone. `agency`: only one that this
 * agency recorded (ERR_NOT_FOUND else); empty: any. */
MUST_USE bool mandate_end_in(struct people *people, struct db *db, struct str id, struct str agency,
                             enum mandate_why why, int64_t now, struct arena *arena,
                             struct mandate *ret_mandate, bool *ret_changed, struct err *err);

#endif
