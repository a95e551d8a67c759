/* SPDX-License-Identifier: Apache-2.0 */
/* case_private.h: between the parts of the engine. */
#ifndef CASE_CASE_PRIVATE_H
#define CASE_CASE_PRIVATE_H

#include "case/check.h"
#include "case/hooks.h"
#include "case/lists.h"
#include "crypto/hash.h"

#define HOOKS_MAX 4

struct cases {
    struct gate *gate; /* NULL: for reading alone */
    const struct jurisdiction *j;
    uint8_t *seal_key; /* answers and journal */
    uint8_t *tag_key;  /* one case in flight; a person's cases */
    struct {
        case_step_fn *fn;
        void *arg;
    } on_step[HOOKS_MAX];
    struct {
        case_facts_fn *fn;
        void *arg;
    } on_facts[HOOKS_MAX];
    struct {
        case_check_fn *fn;
        void *arg;
    } on_check[HOOKS_MAX];
    size_t on_step_n, on_facts_n, on_check_n;
    struct db_keeper *keeper;
    bool counted; /* recount.c: by the calendar of today, all of them */
    struct definitions *definitions;
    struct db_group *steps; /* steps at this moment: one commit for all of them */
};

/* A keyed tag of a person and `what`. */
void case_tag(const struct cases *cases, struct str what, const uint8_t pid[PID_SIZE],
              uint8_t tag[HASH_SIZE]);

/* --- definition.c: services as they stood, for as long as the reader's arena lives --- */

struct definitions *definitions_new(void) RETURNS_NONNULL;
void definitions_free(struct definitions *definitions);
/* How many are remembered, and how much memory that is: bounded, whatever was read. */
size_t definitions_kept(struct definitions *definitions, size_t *ret_bytes);
/* NULL: not remembered. */
const struct service *definition_find(struct definitions *definitions, const uint8_t hash[HASH_SIZE],
                                      struct arena *arena);
/* From the kept bytes, and remembers it; NULL: they are not of this hash, or no longer fit the folder. */
const struct service *definition_read(struct definitions *definitions, const struct jurisdiction *j,
                                      const uint8_t hash[HASH_SIZE], struct str service, struct str procedure,
                                      struct arena *arena);

/* --- step.c: one step, in one transaction, which others may share --- */

struct step {
    struct cases *cases;
    struct case_file *c; /* before; filing: version 0 */
    const struct case_actor *actor;
    const struct service_action *action; /* NULL: a step of the engine's own */
    struct str own, to;                  /* of that: its id and event.to */
    const struct case_input *input;
    int64_t now;
    struct arena *arena;
    char act[ACT_ID_SIZE];
};
MUST_USE bool step_once(struct step *step, struct db *db, uint64_t *ret_position, struct err *err);
/* What a machine may do at once, by known rules. A machine that may do nothing is no error. */
MUST_USE bool machine_steps(struct cases *cases, struct db *db, struct str number,
                            const struct case_input *input, int64_t now, struct arena *arena,
                            uint64_t *ret_position, struct err *err);
struct str office_path(const struct office *office, struct arena *arena); /* "agency/office" */
/* The purpose that the service's looks are for; NULL: it looks nowhere. */
const struct purpose *case_purpose(const struct service *s);
/* The timer runs: its deadline, and the step since which. */
bool case_running(const struct jurisdiction *j, const struct case_file *c, size_t timer, struct arena *arena,
                  struct deadline *ret_deadline, size_t *ret_since);

/* recount.c: after a change of the working calendar, the next open cases' terms; *ret_more: there are others.
 * Quick when nothing was changed. */
MUST_USE bool cases_recount(struct cases *cases, struct db *db, int64_t now, bool *ret_more, struct err *err);
/* turn.c */
MUST_USE bool case_set_wake(struct db *db, struct str number, int64_t version, int64_t wake, struct err *err);

/* --- columns.c: what stands in the clear, from the journal --- */

struct columns {
    struct str desk, official;
    bool open, refused, overturned;
    int64_t due, decided, late, returned, queued, wake;
};
/* `now` for the waiting times that have not ended. */
void case_columns(const struct jurisdiction *j, const struct case_file *c, int64_t now, struct arena *arena,
                  struct columns *ret);
/* The next timer, by its end, that has ended and that nothing was done about yet; NONE. */
size_t case_ended_timer(const struct jurisdiction *j, const struct case_file *c, int64_t now,
                        struct arena *arena);

/* Sealed under the case's number and the place `what`. */
struct str case_seal(const struct cases *cases, const char *number, const char *what, int64_t n,
                     struct str plain, struct arena *arena);
MUST_USE bool case_unseal(const struct cases *cases, const char *number, const char *what, int64_t n,
                          struct str sealed, struct arena *arena, struct str *ret_plain, struct err *err);

void answers_write(const struct service *s, const struct answer *answers, struct buf *out);
MUST_USE bool answers_read(const struct service *s, struct str bytes, struct arena *arena,
                           struct answer **ret_answers, struct err *err);
void event_write(const struct case_event *event, struct buf *out);
MUST_USE bool event_read(struct str bytes, struct case_event *ret_event, struct err *err);

/* Values of all names now: answers, facts of the case, rules. */
struct rule_value *case_values(const struct jurisdiction *j, const struct case_file *c,
                               const struct case_input *input, struct arena *arena);
/* --- count.c --- */

/* Adds the last event of the case to the counters, in the transaction of its step. */
MUST_USE bool count_step(struct cases *cases, struct db *db, const struct case_file *c, struct arena *arena,
                         struct err *err);
/* Counting anew: case after case, then which groups of counters differ, by name. */
struct counting;
struct counting *counting_new(struct cases *cases);
void counting_free(struct counting *counting);
void counting_add(struct counting *counting, const struct case_file *c, struct arena *arena);
MUST_USE bool counting_compare(struct counting *counting, struct db *db, struct arena *arena,
                               struct str **ret_differ, size_t *ret_n, struct err *err);

bool status_is_final(enum case_status status);

#endif
