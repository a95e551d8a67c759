/* SPDX-License-Identifier: Apache-2.0 */
/* acts.h: what the log remembers beside looks: a person's question about a look, its answer, the review of an
 * emergency look, a court order, an erasure. Each act changes state and is an entry in the list of the person
 * concerned.
 *
 * State and entry are one (TRUST.md section 6, "acts with state"): the act's row stands in the caller's
 * transaction together with an outbox row; gate_act_deliver appends it to the log and gives the position that
 * the reply must be held for; gate_open appends what a crash left in the outbox. An act is appended once: its
 * id stands in the ledger's entry header.
 *
 * Who reads somebody else's entries makes an entry (kind "entry-read"): the reviewer's list itself shows no
 * person and no field, opening one item does.
 */
#ifndef GATE_ACTS_H
#define GATE_ACTS_H

#include "gate/gate.h"

#define ACT_ID_SIZE 27 /* 26 characters of Crockford base32 and NUL; time-ordered */

struct gate_act {
    const char *kind;            /* gate_kind_code(): one of GATE_KINDS */
    const struct agency *holder; /* in whose list of this person it is numbered */
    const uint8_t *pid;
    const struct office *office; /* NULL: the person acts */
    struct str actor, capacity, mandate, levels;
    struct str purpose, case_no, registry; /* ids; empty: none */
    struct str basis;                      /* empty: the purpose's */
    struct str outcome, reason;
};

/* Inside the caller's transaction: draws the act's id and writes the outbox row. */
MUST_USE bool gate_act_prepare(struct gate *gate, struct db *db, const struct gate_act *act,
                               char ret_id[ACT_ID_SIZE], struct err *err);
/* After the commit: appends the act if it is not in the log yet. */
MUST_USE bool gate_act_deliver(struct gate *gate, struct db *db, const char id[ACT_ID_SIZE],
                               uint64_t *ret_position, struct err *err);

/* What a reply that shows this act's state must wait for: 0 when its entry is durable, else it is appended if
 * it still waits in the outbox. */
MUST_USE bool gate_act_settle(struct gate *gate, struct db *db, const char id[ACT_ID_SIZE],
                              uint64_t *ret_position, struct err *err);

/* An act without state: appended at once. */
MUST_USE bool gate_act_append(struct gate *gate, struct db *db, const struct gate_act *act,
                              uint64_t *ret_position, struct err *err);
/* An official has a list like a person, known by the staff code: of their offices and their keys. */
void gate_official_pid(const struct gate *gate, struct str staff_code, uint8_t pid[PID_SIZE]);
/* The bytes of an act's or look's id, as the ledger's entry header has them. False: it is none. */
bool gate_act_id(struct str text, uint8_t ret_id[LEDGER_ID_SIZE]);
/* For fsck: each row of the outbox opens; its id is given to `fn`. ERR_CORRUPT: one does not. */
MUST_USE bool gate_checker_outbox(struct gate_checker *checker, struct db *db,
                                  void (*fn)(void *arg, const uint8_t id[LEDGER_ID_SIZE]), void *arg,
                                  uint64_t *ret_n, struct err *err);

/* --- "I do not know why": a person asks the agency's reviewer about a look --- */

enum gate_verdict { VERDICT_OPEN, VERDICT_JUSTIFIED, VERDICT_NOT_JUSTIFIED };

/* A question, or an emergency look to be reviewed: one queue for the reviewer. All texts are in the arena. */
struct gate_matter {
    char id[ACT_ID_SIZE]; /* of the question; of the look itself for an emergency look */
    bool emergency;       /* made by the gate when glass was broken; else asked by the person */
    uint64_t leaf;        /* of the look it is about */
    const struct agency *agency;
    int64_t opened;
    int32_t due; /* day by which it must be answered: jurisdiction.review_days working days */
    enum gate_verdict verdict;
    int64_t answered;       /* 0: not yet */
    struct str words;       /* the person's own; the official's reason for an emergency look */
    struct str answer;      /* the reviewer's */
    struct gate_entry look; /* only from gate_matter_open, and to the person */
};

#define GATE_WORDS_MAX 1000 /* bytes of a question or an answer */

/* One question a look: ERR_CONFLICT when there is one. ERR_NOT_FOUND when the entry is not this person's,
 * ERR_INVALID when no office made it. The words stand in the entry's `reason`, the look's id in its `case`.
 */
MUST_USE bool gate_ask(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                       struct str words, struct str levels, struct arena *arena,
                       struct gate_matter *ret_matter, uint64_t *ret_position, struct err *err);
/* The person's own questions and the reviewed emergency looks about them, newest first; `leaf` != UINT64_MAX:
 * about this entry only. */
MUST_USE bool gate_matters_of_person(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                                     uint64_t leaf, struct arena *arena, struct gate_matter **ret_matters,
                                     size_t *ret_n, struct err *err);
/* A reviewer's queue: the agency's matters, by due day; open ones, or (`closed`) the answered ones, newest
 * first, without words, which may name the person. `office` must be a reviewer: else ERR_NOT_ALLOWED. At most
 * `limit`, after skipping `skip`. */
MUST_USE bool gate_matters_of_agency(struct gate *gate, struct db *db, const struct office *office,
                                     bool closed, size_t skip, size_t limit, struct arena *arena,
                                     struct gate_matter **ret_matters, size_t *ret_n, uint64_t *ret_total,
                                     struct err *err);
/* One matter with the entry of its look, for the reviewer: makes an entry of kind "entry-read". */
MUST_USE bool gate_matter_open(struct gate *gate, struct db *db, const struct office *office,
                               struct str actor, struct str levels, struct str id, struct arena *arena,
                               struct gate_matter *ret_matter, uint64_t *ret_position, struct err *err);
/* ERR_CONFLICT when answered already; ERR_INVALID when the words are empty, or the reviewer made the look. */
MUST_USE bool gate_matter_answer(struct gate *gate, struct db *db, const struct office *office,
                                 struct str actor, struct str levels, struct str id,
                                 enum gate_verdict verdict, struct str words, struct arena *arena,
                                 uint64_t *ret_position, struct err *err);

/* --- court orders and sealed looks (TRUST.md section 4) --- */

/* The supervisor's role until it is a process of its own: a second key file, sealed under a passphrase that
 * the operator does not have, and a second person's command. */
struct gate_supervisor;        /* its opened key */
#define GATE_PASSPHRASE_MIN 12 /* characters */
MUST_USE bool gate_supervisor_create(const char *path, struct str passphrase, struct err *err);
MUST_USE bool gate_supervisor_open(struct gate_supervisor **ret, const char *path, struct str passphrase,
                                   struct err *err);
void gate_supervisor_free(struct gate_supervisor *supervisor);

struct gate_order {
    struct str id;               /* the court's number, 1 to 64 characters of [a-z0-9.-] */
    const struct agency *agency; /* whose officials may look by it */
    const struct purpose *purpose;
    uint8_t pid[PID_SIZE];
    int32_t from, until; /* days, both included */
    int32_t opens;       /* the day on which the person is shown; at most purpose->delay_days after `until` */
    struct str basis;    /* the order in words: court, date, article */
};
/* An entry in the supervisor's own list; gives the gate the seed and its proof for each holder and each shard
 * in which the order is valid. The supervisor's public keys are logged with the first order: public record
 * "key", "supervisor-XXXXXXXX". ERR_CONFLICT: the number was used. */
MUST_USE bool gate_order_grant(struct gate *gate, struct db *db, const struct gate_supervisor *supervisor,
                               const struct gate_order *order, struct err *err);
/* The supervisor's list, newest first: `case` is the order's number, `reason` its days. */
MUST_USE bool gate_orders(struct gate *gate, struct arena *arena, struct gate_entry **ret_entries,
                          size_t *ret_n, struct err *err);
/* The supervisor's total for a month, counted from its list and signed (a signed note): "<10" below ten. */
MUST_USE bool gate_orders_month(struct gate *gate, struct db *db, const struct gate_supervisor *supervisor,
                                int year, int month, struct buf *out, struct err *err);

/* --- erasure and the trace file --- */

/* Erases the body of an entry of this person: an erasure entry in the same list first, durable, then the
 * body. Headers, label and commitment stay; the entry stays counted. The erasure entry's `case` says which:
 * "shard.n"; its basis is the article. ERR_CONFLICT when it was erased already. */
MUST_USE bool gate_erase_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                               struct str article, const struct office *office, struct str actor,
                               struct err *err);
/* Erases the person's records in a registry with their keys: an entry first, durable. */
MUST_USE bool gate_erase_records(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                                 const struct registry *registry, struct str article,
                                 const struct office *office, struct str actor, struct err *err);

/* The person's trace file (tlog/verify.h): all receipts that may be shown today, with the streams' seeds. */
MUST_USE bool gate_trace(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                         struct buf *out, struct err *err);

#endif
