/* SPDX-License-Identifier: Apache-2.0 */
/* gate_private.h: the gate's inside. A look passes policy.c (may it?), subject.c (pseudonym, seed, handle),
 * look.c (number, entry, seal, fields); trace.c reads entries back; shard.c keeps keys and public records. */
#ifndef GATE_GATE_PRIVATE_H
#define GATE_GATE_PRIVATE_H

#include <pthread.h>

#include "gate/gate.h"

#define SHARDS_MAX 64 /* sixteen years of quarters */
#define RECORD_NAME_MAX 64

struct shard {
    uint32_t number;
    uint8_t vrf_secret[VRF_SECRET_SIZE], vrf_public[VRF_PUBLIC_SIZE];
    uint8_t entry_key[KEY_SIZE]; /* parent of the entries' keys of this shard */
};

struct quota_slot {
    uint64_t key; /* keyed hash of (official, person); 0: empty */
};

struct quota {
    pthread_mutex_t lock;
    uint8_t hash_key[16];
    int32_t day;
    struct quota_slot *slot; /* pairs seen today, and each official's count under its own key */
    uint32_t *count;
    size_t cap, n;
};

struct gate {
    const struct jurisdiction *j;
    struct vault *vault;
    struct ledger *ledger;
    uint8_t (*sector_key)[KEY_SIZE]; /* by agency index: product of the two shares */
    uint8_t trace_key[KEY_SIZE], stream_key[KEY_SIZE], subject_key[KEY_SIZE], case_key[KEY_SIZE];
    char rules[2 * HASH_SIZE + 1];
    struct shard *shard; /* by order of number */
    size_t shards_n;
    struct quota quota;
    uint64_t metric_admitted, metric_refused;
};

/* Who a look is about, at a holder, in a shard. */
struct subject {
    uint8_t handle[LEDGER_HANDLE_SIZE];
    uint8_t psn[PSN_SIZE];
    uint8_t seed[SEED_SIZE];
};

/* A numbered list: of a person (or of an agency, for looks that resolve to nobody) at a holder. */
struct list {
    const struct agency *holder;
    enum stream_kind kind;
    char date[16]; /* of a delayed list: the day it opens */
    uint8_t pid[PID_SIZE];
};

/* shard.c */
const struct shard *shard_find(const struct gate *gate, uint32_t number); /* NULL: unknown or destroyed */
MUST_USE bool shards_load(struct gate *gate, const struct gate_config *config, struct err *err);
MUST_USE bool shard_begin(struct gate *gate, const struct gate_config *config, uint32_t number,
                          struct err *err);
uint32_t shard_of_time(int64_t time); /* quarters since 1970 */
MUST_USE bool record_append(struct gate *gate, struct str kind, struct str id, uint32_t version,
                            struct str content, struct err *err);

/* subject.c */
void handle_of(const struct gate *gate, const uint8_t pid[PID_SIZE], uint8_t handle[LEDGER_HANDLE_SIZE]);
void stream_of(const struct gate *gate, const struct list *list, struct ledger_stream *ret_stream);
void agency_pid(const struct gate *gate, const struct agency *agency, uint8_t pid[PID_SIZE]);
MUST_USE bool psn_of(const struct gate *gate, const struct agency *holder, const uint8_t pid[PID_SIZE],
                     uint8_t psn[PSN_SIZE]);
MUST_USE bool subject_of(struct gate *gate, struct db *db, const struct list *list, const struct shard *shard,
                         struct subject *ret_subject, struct err *err);

/* policy.c */
struct decision {
    enum gate_reason reason;
    const struct purpose *purpose;
    const struct registry *registry;
    uint64_t fields;
};
MUST_USE bool decide(struct gate *gate, struct db *db, const struct gate_request *request, int32_t today,
                     struct decision *ret_decision, struct err *err);
void quota_start(struct quota *quota, int32_t today);
void quota_free(struct quota *quota);
/* True when this official may look at this person today; counts the person if new. */
bool quota_take(struct quota *quota, struct str actor, const uint8_t handle[LEDGER_HANDLE_SIZE],
                unsigned limit, int32_t today);

/* entry.c */
struct entry_facts {
    const char *id, *kind;
    int64_t time;
    struct str holder, agency, office, actor, capacity, mandate, purpose, basis, case_no, registry, outcome,
        reason, levels;
    enum stream_kind stream;
    const struct registry *fields_of; /* NULL: fields null */
    uint64_t fields;
    uint32_t shard, number;
};
void entry_json(struct gate *gate, const struct entry_facts *facts, struct buf *out);
/* Fills label, commit and the sealed body of a slot: body = seal(salt ‖ entry), bound to the leaf. */
void entry_seal(const struct shard *shard, const struct subject *subject, struct str json,
                struct arena *arena, struct ledger_slot *slot);
/* Opens and checks a body against its leaf. False: err says why. */
MUST_USE bool entry_open(const struct shard *shard, const struct ledger_entry *entry, struct arena *arena,
                         uint8_t salt[SALT_SIZE], struct str *ret_json, struct err *err);
MUST_USE bool entry_parse(struct str json, struct arena *arena, struct gate_entry *ret_entry,
                          struct err *err);
void look_id(char out[27]);
void look_id_bytes(const char id[27], uint8_t out[LEDGER_ID_SIZE]);

#endif
