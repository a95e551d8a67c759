/* SPDX-License-Identifier: Apache-2.0 */
/* case.h: cases of services: filed, worked and decided by the version of the service that was in force when
 * they were filed.
 *
 * A case keeps the service file and its procedure (by hash; the bytes stand once in the database), the
 * answers and a journal of steps, sealed under a key of its own; in the clear stand only what queues need:
 * service, office, status, flags, due moment. Each step changes the state in one transaction together with
 * its outbox row and is an entry in the log of the person concerned (gate/acts.h); the reply waits for
 * `position` to be durable.
 *
 * What may be done is decided in one place, case_may(): by whom, in which status and flags, on which rule,
 * after which waiting time, with what it needs. Rule 5 stands there whatever a file says: only a human
 * official may decide no or make void, after a hearing, with a reason of at least 20 characters and an
 * article; and nobody grants to himself. The linter refuses files that try; the engine does not rely on the
 * linter.
 *
 * Threads: every call may be made from any thread; each brings its own database connection.
 */
#ifndef CASE_CASE_H
#define CASE_CASE_H

#include "case/deadline.h"
#include "case/journey.h"
#include "gate/acts.h"

#define CASE_NO_SIZE 15 /* "K7Q2-M9XT-4D3B" and NUL: random, says nothing */
#define CASE_REASON_MIN 20
#define CASE_EVENTS_MAX 1000

struct cases; /* what all calls share */

MUST_USE bool cases_migrate(struct db *db, struct err *err);
/* `master` as for the gate; the jurisdiction and the gate must outlive it. */
struct cases *cases_new(struct gate *gate, const struct jurisdiction *j, const uint8_t master[KEY_SIZE]);
void cases_free(struct cases *cases);

enum case_hand { HAND_APPLICANT, HAND_CO_SIGNER, HAND_OFFICIAL, HAND_MACHINE, HAND_TIMER };

struct case_actor {
    enum case_hand hand;
    const uint8_t *pid;          /* applicant, co-signer */
    const struct office *office; /* official */
    struct str staff;            /* official */
    struct str levels;
};

struct case_event {
    int64_t time;
    struct str action, staff, office; /* ids; the office as agency/office */
    enum case_hand hand;
    struct str reason, article, ground;
    enum case_status status; /* after it */
    unsigned flags;
    struct str act; /* of the entry */
};

struct case_file {
    char number[CASE_NO_SIZE];
    const struct service *service; /* as it stood when filed */
    uint8_t pid[PID_SIZE];
    enum channel channel;
    enum case_status status;
    unsigned flags;
    int64_t filed, version;
    struct answer *answers; /* by field */
    struct case_event *events;
    size_t events_n;
};

/* What comes with a step. */
struct case_input {
    struct str reason, article, ground; /* ground: an id of the service */
    struct str minutes;                 /* reference of a commission's minutes */
    const struct answer *answers;       /* by field: those of the action; NULL: none */
    bool paid, signed_by_all;           /* facts of the case that other rooms keep */
    int64_t signatures, position;       /* below zero: not known */
};

/* Files: checks channel, season, that the journey is at its end, and each answer again. A service with
 * one-at-a-time refuses a second case in flight (ERR_CONFLICT, with its number as place). Then the machine
 * does what it may. */
MUST_USE bool case_file(struct cases *cases, struct db *db, const struct service *service,
                        const uint8_t pid[PID_SIZE], enum channel channel, const struct answer *answers,
                        int64_t now, struct str levels, struct arena *arena, char ret_number[CASE_NO_SIZE],
                        uint64_t *ret_position, struct err *err);

/* Reads a case. Making a look of it is the caller's matter: an official's reading goes through the gate. */
MUST_USE bool case_read(struct cases *cases, struct db *db, struct str number, struct arena *arena,
                        struct case_file *ret_case, struct err *err);

/* Whether this actor may do this now; the error says what is missing. The only place where that is decided.
 */
MUST_USE bool case_may(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                       size_t action, const struct case_input *input, int64_t now, struct arena *arena,
                       struct err *err);

/* Does one step, then whatever the machine may do at once. ERR_CONFLICT: somebody else was first; read again.
 */
MUST_USE bool case_act(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
                       struct str action, const struct case_input *input, int64_t now, struct arena *arena,
                       uint64_t *ret_position, struct err *err);

/* The timer's deadline from the journal; false when it is not running. */
bool case_deadline(const struct jurisdiction *j, const struct case_file *c, size_t timer, struct arena *arena,
                   struct deadline *ret_deadline);

/* An office's open cases by due moment. */
struct case_line {
    char number[CASE_NO_SIZE];
    struct str service;
    enum case_status status;
    int64_t due;
};
MUST_USE bool case_queue(struct cases *cases, struct db *db, const struct office *office, size_t skip,
                         size_t limit, struct arena *arena, struct case_line **ret_lines, size_t *ret_n,
                         struct err *err);

#endif
