/* SPDX-License-Identifier: Apache-2.0 */
/* act_private.h: acts and what they order: act.c, outbox.c, erase.c, supervisor.c, order.c, matter.c. */
#ifndef GATE_ACT_PRIVATE_H
#define GATE_ACT_PRIVATE_H

#include "gate/gate_private.h"

/* act.c: an act's texts stand in one table, with their greatest sizes in bytes */
#define ACT_TEXTS(X)                                                                                         \
    X(ACT_KIND, 32)                                                                                          \
    X(ACT_HOLDER, 64)                                                                                        \
    X(ACT_AGENCY, 64)                                                                                        \
    X(ACT_OFFICE, 64)                                                                                        \
    X(ACT_ACTOR, 64)                                                                                         \
    X(ACT_CAPACITY, 64)                                                                                      \
    X(ACT_MANDATE, 64)                                                                                       \
    X(ACT_PURPOSE, 64)                                                                                       \
    X(ACT_BASIS, 1000)                                                                                       \
    X(ACT_CASE, 64)                                                                                          \
    X(ACT_REGISTRY, 64)                                                                                      \
    X(ACT_OUTCOME, 64)                                                                                       \
    X(ACT_REASON, 1000)                                                                                      \
    X(ACT_LEVELS, 64)                                                                                        \
    X(ACT_RULES, 64)                                                                                         \
    X(ACT_DATE, 15)  /* of a delayed list */                                                                 \
    X(ACT_ORDER, 64) /* of a sealed list */

enum act_text {
#define X(id, max) id,
    ACT_TEXTS(X)
#undef X
        ACT_TEXTS_N
};

/* What is done once the act is durable, before its outbox row goes. */
enum act_after { AFTER_NOTHING, AFTER_ERASE_ENTRY, AFTER_ERASE_RECORDS, AFTER_N };

struct act {
    uint8_t salt[SALT_SIZE], pid[PID_SIZE];
    enum stream_kind stream;
    bool record; /* a public record: kind, id (ACT_CASE) and content (ACT_REASON) */
    enum act_after after;
    int64_t time;
    uint64_t target; /* of AFTER_ERASE_ENTRY: the leaf */
    struct str text[ACT_TEXTS_N];
};

/* The bytes that are sealed in the outbox. Parsing checks every length and bound. */
void act_write(struct buf *out, const struct act *act);
MUST_USE bool act_parse(struct str bytes, struct act *ret_act, struct err *err);
/* ERR_CORRUPT: what stands in the outbox is not what was put there. */
bool act_changed(struct err *err);
/* ERR_INVALID when the kind is none of GATE_KINDS. The texts live in the arena, or where `from` has them. */
MUST_USE bool act_of(struct gate *gate, const struct gate_act *from, struct arena *arena, struct act *ret_act,
                     struct err *err);
/* Whether its texts, and the entry that they make, have a size that may be. */
MUST_USE bool act_fits(const struct act *act, struct err *err);
/* Numbers it and hands it to the ledger, where it may not be yet. */
MUST_USE bool act_append(struct gate *gate, struct db *db, const char id[ACT_ID_SIZE], const struct act *act,
                         uint64_t *ret_leaf, struct err *err);
/* An act without state: straight into the log. */
MUST_USE bool act_now(struct gate *gate, struct db *db, const struct gate_act *act, uint64_t *ret_position,
                      struct err *err);

/* outbox.c: acts between the transaction that made them and the log */
#define ACT_BYTES_MAX 8192
MUST_USE bool outbox_put(struct gate *gate, struct db *db, const struct act *act, char ret_id[ACT_ID_SIZE],
                         struct err *err);
/* At start: appends what a crash left, and empties the outbox. */
MUST_USE bool outbox_replay(struct gate *gate, struct db *db, struct err *err);
/* Appends what stands there undelivered: its maker did not come back, or is another process. Then sweeps. */
MUST_USE bool outbox_collect(struct gate *gate, struct db *db, struct err *err);
MUST_USE bool outbox_ids(struct gate *gate, struct db *db,
                         void (*fn)(void *arg, const uint8_t id[LEDGER_ID_SIZE]), void *arg, uint64_t *ret_n,
                         struct err *err);
/* Deletes the rows of acts that are durable. */
MUST_USE bool outbox_sweep(struct gate *gate, struct db *db, struct err *err);

/* erase.c: what an act orders, done when it is durable; may be done again */
MUST_USE bool erase_after(struct gate *gate, struct db *db, const struct act *act, uint64_t leaf,
                          struct err *err);

/* supervisor.c */
struct supervisor_file {
    uint64_t ops, memory; /* of Argon2id */
    uint8_t salt[16], sealed[SUPERVISOR_SECRET_SIZE + SEAL_OVERHEAD];
};
void supervisor_file_text(struct buf *out, const struct supervisor_file *file);
MUST_USE bool supervisor_file_parse(struct str text, struct supervisor_file *ret_file, struct err *err);
struct supervisor_public {
    uint8_t vrf[VRF_PUBLIC_SIZE], sign[SIGN_PUBLIC_SIZE];
};
struct gate_supervisor {
    uint8_t secret[SUPERVISOR_SECRET_SIZE]; /* VRF scalar, signing seed */
    struct supervisor_public public;
};
void supervisor_vkey(const struct gate *gate, const struct supervisor_public *public, struct arena *arena,
                     struct note_vkey *ret_vkey);
/* Its public record: kind "key", version 0. */
void supervisor_record(const struct gate *gate, const struct supervisor_public *public, struct arena *arena,
                       struct str *ret_id, struct str *ret_content);

/* order.c */
const struct agency *supervisor_holder(const struct gate *gate);
/* Why a look by this order may not be; GATE_ADMITTED: it may, and the order is given. */
MUST_USE bool order_decide(struct gate *gate, struct db *db, const struct gate_request *request,
                           const struct purpose *purpose, int32_t today, struct arena *arena,
                           enum gate_reason *ret_reason, struct gate_order *ret_order, struct err *err);
/* Pseudonym and seed of a sealed list, proven under the supervisor's key. */
MUST_USE bool order_seed(struct gate *gate, struct db *db, const struct list *list, uint32_t shard,
                         const uint8_t tag[KEY_SIZE], struct subject *subject, struct err *err);

/* matter.c */
MUST_USE bool matter_of_emergency(struct gate *gate, struct db *db, const struct gate_request *request,
                                  const char look[ACT_ID_SIZE], int64_t now, struct err *err);
MUST_USE bool matter_has_leaf(struct db *db, const char look[ACT_ID_SIZE], uint64_t leaf, struct err *err);
/* At start: finds the looks of matters whose leaf was not noted; drops those that were never logged. */
MUST_USE bool matters_settle(struct gate *gate, struct db *db, struct err *err);

#endif
