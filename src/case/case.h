/* SPDX-License-Identifier: Apache-2.0 */
/* case.h: cases of services: filed, worked and decided by the version of the service that was in force when
 * they were filed.
 *
 * A case keeps the service file and its procedure (by hash; the bytes stand once in the database), the
 * answers and a journal of steps, sealed under a key of its own. Each step changes the state in one
 * transaction together with its outbox row and is an entry in the log of the person concerned (gate/acts.h);
 * the reply waits for `position` to be durable.
 *
 * Lists of cases: case/lists.h; checking them: case/check.h; how other rooms join: case/hooks.h.
 *
 * In the clear, in table case_row, for queues and statistics (aina fsck computes each again from the
 * journal):
 *
 *     case_no, service, agency, office   what, and of whom: the provider
 *     desk, official                     whose queue it lies in: agency/office; who has it: staff code, or ''
 *     status, flags, channel, version    enum case_status; bits; enum channel; steps so far
 *     open                               1: an office has something to do
 *     filed, decided, due                moments; decided 0: not yet; due INT64_MAX: no term runs
 *     late                               0, or the moment at which the term of the decision had passed
 *     refused, overturned, returned      0 or 1; 0 or 1; how often it was returned for completion
 *     queued                             since when it stands in a public queue; 0: it does not
 *     wake                               when the clock has to see to it (cases_turn); 0: never
 *
 * Once decided, `due` stays as it was.
 *
 * Whose a case is stands in no column: case_person finds a person's cases by a keyed tag, their numbers
 * sealed, so that cases of one person at two agencies do not join.
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

/* Steps that the engine makes by itself, beside the service's actions, whose ids are without '@'. */
#define CASE_TAKE "@take"         /* an official has it from now on: `to` */
#define CASE_CALENDAR "@calendar" /* the working calendar was changed: `to` is the new last day */
#define CASE_ENDED "@ended/"      /* and a timer's id: its time is over; `to`: whose desk it went to */

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
    struct str stands_for;       /* the colleague on leave whose office it is; empty: the own */
    struct str levels;
    struct str capacity, mandate; /* who acts for the applicant, as in entries; empty: the applicant */
};

struct case_event {
    int64_t time;
    struct str action, staff, office; /* ids; the office as agency/office */
    enum case_hand hand;
    struct str reason, article, ground, minutes;
    struct str asked;        /* with a return: what it asks for, as in case_input */
    struct str to;           /* of the engine's own steps: staff code, or agency/office */
    enum case_status status; /* after it */
    unsigned flags;
    struct str act; /* of the entry */
    /* While the step is made: the journal names no person. */
    const uint8_t *pid; /* applicant or co-signer */
    bool changed;       /* answers of the application are not what they were */
};

struct case_file {
    char number[CASE_NO_SIZE];
    const struct service *service; /* as it stood when filed */
    uint8_t pid[PID_SIZE];
    enum channel channel;
    enum case_status status;
    unsigned flags;
    int64_t filed, version;
    struct str desk, official; /* as in the table above */
    int64_t decided, due, late, queued;
    struct answer *answers; /* by field */
    struct case_event *events;
    size_t events_n;
};

struct case_signature; /* case/signed.h */

/* What comes with a step. */
struct case_input {
    struct str reason, article, ground; /* ground: an id of the service */
    struct str asked; /* of a return: fields of the service that it asks for, "a,b"; empty: something else */
    struct str minutes;           /* reference of a commission's minutes */
    const struct answer *answers; /* by field: those of the action; NULL: none */
    int64_t seen;                 /* the version that the actor saw; 0: whichever */
    int64_t draft;                /* filing: the version of the draft that ends with it (draft.h); 0: none */
    const struct case_signature *signature; /* NULL: none */
    bool paid, signed_by_all;               /* facts of the case that other rooms keep */
    bool owes_filing, owes_result; /* a fee is due before the filing, before the result (payment.h) */
    int64_t signatures, position;  /* below zero: not known */
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

/* Sending a returned case again: then the applicant may also change what was asked on the service's pages and
 * is not held by a registry (case_changes; a booked time is moved by booking.h): input.answers with `given`.
 * Everything must be answered then. */
bool case_completes(const struct case_file *c, const struct service_action *action);
bool case_changes(const struct case_file *c, size_t field);

/* The same without what comes with the step in words (reason, ground, article, minutes, fields): whether its
 * form may be shown. `*ret_needs`: what it asks for, rule 5 included. */
MUST_USE bool case_may_begin(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                             size_t action, const struct case_input *input, int64_t now, struct arena *arena,
                             unsigned *ret_needs, struct err *err);
/* What other rooms and the public queue know of the case, into the input: done before each step. */
MUST_USE bool case_facts(struct cases *cases, struct db *db, const struct case_file *c, struct arena *arena,
                         struct case_input *input, struct err *err);

/* A hearing was offered since the last decision, and after that held, or the person answered in writing. */
bool case_was_heard(const struct case_file *c);
/* Whether cases come to this office at all: by the services of the folder. */
bool case_office(const struct jurisdiction *j, const struct office *office);
/* Whether the case lies with this office; whether this office has anything to do with it, and so may read it.
 */
bool case_at_desk(const struct case_file *c, const struct office *office);
bool case_reads(const struct case_file *c, const struct office *office);
/* An office has something to decide: until the decision, and again while an appeal, or the hearing about
 * making it void, waits for its answer. Only then do the case's looks stand open for the agency at whose desk
 * it is.
 */
bool case_is_worked(const struct case_file *c);
/* What the service's rules are known to say now; by symbol (journey.h). */
struct rule_value *case_rules(struct cases *cases, const struct case_file *c, const struct case_input *input,
                              struct arena *arena);

/* Does one step, then whatever the machine may do at once. ERR_CONFLICT: somebody else was first; read again.
 */
MUST_USE bool case_act(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
                       struct str action, const struct case_input *input, int64_t now, struct arena *arena,
                       uint64_t *ret_position, struct err *err);

/* The timer's deadline from the journal; false when it is not running. */
bool case_deadline(const struct jurisdiction *j, const struct case_file *c, size_t timer, struct arena *arena,
                   struct deadline *ret_deadline);

/* An official takes the case that nobody has, or gives it on: who has it, who stands in for that one, or the
 * head of the office (`head`). */
MUST_USE bool case_give(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
                        struct str to, bool head, int64_t seen, int64_t now, struct arena *arena,
                        uint64_t *ret_position, struct err *err);

/* Reads a case for an official and enters that in the person's list; `*ret_refused`: another office's, the
 * entry says so, and *ret_case is empty. The reply waits for the position. */
MUST_USE bool case_open(struct cases *cases, struct db *db, struct str number, const struct case_actor *actor,
                        struct arena *arena, struct case_file *ret_case, bool *ret_refused,
                        uint64_t *ret_position, struct err *err);

/* What the clock has to do: actions at a timer's end, lateness, escalation, and what a machine may do after a
 * waiting time. At most `limit` cases; who was quicker (another node) is no error. The keeper is a thread
 * with a connection of its own that does so every second. */
MUST_USE bool cases_turn(struct cases *cases, struct db *db, int64_t now, size_t limit, size_t *ret_done,
                         struct err *err);
MUST_USE bool cases_keeper_start(struct cases *cases, const char *db_url, struct err *err);
void cases_keeper_stop(struct cases *cases);

MUST_USE bool case_exists(struct cases *cases, struct db *db, struct str number, bool *ret_found,
                          struct err *err);
/* The service of a case by its number alone, which says nothing of a person; NULL: no such case, or the
 * folder has it no more. */
MUST_USE bool case_service(struct cases *cases, struct db *db, struct str number,
                           const struct service **ret_service, struct err *err);

#endif
