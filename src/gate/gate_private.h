/* SPDX-License-Identifier: Apache-2.0 */
/* gate_private.h: the gate's inside. A look passes policy.c (may it?), subject.c (pseudonym, seed, handle),
 * look.c (number, entry, seal, fields); trace.c reads entries back; shard.c and epoch.c keep keys
 * (epoch_private.h), record.c public records. */
#ifndef GATE_GATE_PRIVATE_H
#define GATE_GATE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/cache.h"
#include "gate/acts.h"
#include "gate/epoch_private.h"
#include "gate/write.h"

#define SUPERVISOR_SECRET_SIZE (VRF_SECRET_SIZE + SIGN_SEED_SIZE)
#define PSN_HOLDERS 2
#define RECORD_NAME_MAX 64

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
    uint64_t kept; /* (the gate's thread) the leaf up to which the state has what was counted */
};

/* An act that was appended to the log. */
struct delivered {
    uint8_t id[LEDGER_ID_SIZE];
    uint64_t leaf;
};

struct keeper;

struct gate {
    const struct jurisdiction *j;
    struct vault *vault;
    struct ledger *ledger;
    bool beside;
    struct agency supervisor;     /* the holder of the supervisor's own list */
    struct sector *sector;        /* last: the supervisor's */
    size_t sectors_n, *sector_at; /* by agency index */
    uint64_t quota_every;         /* leaves, of quota_keep */
    uint32_t early;               /* (turn_lock) the newest shard that a quarter's was ended early for */
    uint8_t trace_key[KEY_SIZE], stream_key[KEY_SIZE], subject_key[KEY_SIZE], case_key[KEY_SIZE],
        outbox_key[KEY_SIZE], matter_key[KEY_SIZE], list_key[KEY_SIZE], quota_key[KEY_SIZE];
    char rules[2 * HASH_SIZE + 1];
    struct shard *shard; /* by order of number */
    size_t shards_n;
    struct quota quota;
    pthread_mutex_t outbox_lock;
    struct delivered *delivered; /* (outbox_lock) acts in the log whose outbox rows still stand */
    size_t delivered_n, delivered_cap;
    char *keys_folder;
    uint8_t master[KEY_SIZE];
    pthread_rwlock_t shard_lock; /* read: between choosing a shard's seed and numbering in it */
    pthread_mutex_t turn_lock;
    _Atomic int64_t shard_ends;
    struct cache
        *subjects;         /* pseudonym and seed by list and shard: a hit costs no SQL, no curve arithmetic */
    struct cache *tags;    /* a person's tags at every holder, by pid */
    struct keeper *keeper; /* NULL: no thread; seeds are written at once */
    uint64_t metric_admitted, metric_refused;
    struct gate_count *looks_of; /* by agency index */
    gate_written_fn *on_written;
    void *on_written_arg;
    uint64_t metric_computed; /* curve arithmetic for a person at a holder */
};

/* Who a look is about, at a holder, in a shard. */
struct subject {
    uint8_t handle[LEDGER_HANDLE_SIZE];
    struct { /* what is kept of it in memory */
        uint8_t psn[PSN_SIZE], seed[SEED_SIZE];
    };
};
#define SUBJECT_KEPT (PSN_SIZE + SEED_SIZE)

/* A numbered list: of a person (or of an agency, for looks that resolve to nobody) at a holder. */
struct list {
    const struct agency *holder;
    enum stream_kind kind;
    char date[16];  /* of a delayed list: the day it opens */
    char order[65]; /* of a sealed list */
    int32_t opens;  /* of both: that day; 0 where it is not known */
    uint8_t pid[PID_SIZE];
};

/* gate.c */
struct gate *gate_new(const struct gate_config *config) RETURNS_NONNULL;

/* record.c: public records */
/* Whether the newest version of a public record is this content. */
MUST_USE bool record_is(struct db *db, struct str kind, struct str id, struct str content, bool *ret_is,
                        struct err *err);
/* Logs a public record when its content is not that of the newest version. */
MUST_USE bool record_keep(struct gate *gate, struct db *db, struct str kind, struct str id,
                          struct str content, struct err *err);
MUST_USE bool record_logged(struct gate *gate, struct str kind, struct str id, uint32_t version,
                            bool *ret_logged, struct err *err);
MUST_USE bool record_append(struct gate *gate, struct str kind, struct str id, uint32_t version,
                            struct str content, struct err *err);

/* subject.c */
void handle_of(const struct gate *gate, const uint8_t pid[PID_SIZE], uint8_t handle[LEDGER_HANDLE_SIZE]);
/* What tells one list from another, for keyed hashes. */
#define LIST_BYTES_MAX 256
size_t list_bytes(const struct list *list, uint32_t shard, uint8_t out[LIST_BYTES_MAX]);
/* The tag of a list's row in a shard. */
void subject_tag(const struct gate *gate, const struct list *list, uint32_t shard, uint8_t tag[KEY_SIZE]);
void stream_of(const struct gate *gate, const struct list *list, struct ledger_stream *ret_stream);
void agency_pid(const struct gate *gate, const struct agency *agency, uint8_t pid[PID_SIZE]);
MUST_USE bool subject_of(struct gate *gate, struct db *db, const struct list *list, const struct shard *shard,
                         struct subject *ret_subject, struct err *err);

/* look.c: under which pseudonym a record of this person is written now. Under shard_lock. */
MUST_USE bool write_as_of(const struct gate *gate, const struct registry *registry,
                          const uint8_t pid[PID_SIZE], struct arena *arena, struct vault_write *write,
                          struct err *err);

/* lists.c: which lists about a person may be shown today. A delayed or sealed list is known by a sealed row,
 * written with its first use; the row is found by person and holder, and says order and day. */
MUST_USE bool list_remember(struct gate *gate, struct db *db, const struct list *list, struct err *err);
/* A person's tags at one holder: of the rows above, and of the open list's stream. */
struct list_tags {
    uint8_t person[KEY_SIZE];
    struct ledger_stream open;
};
struct shown {
    struct list list;
    struct ledger_stream stream;
};
/* `all`: also those that are not shown yet. */
MUST_USE bool lists_of(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], bool all,
                       struct arena *arena, struct shown **ret_lists, size_t *ret_n, struct err *err);
void date_text(int32_t day, char out[16]);

/* keeper.c */
#define SUBJECT_SEALED_SIZE (PSN_SIZE + SEED_SIZE + SEAL_OVERHEAD)
struct seed_row {
    uint8_t tag[KEY_SIZE], sealed[SUBJECT_SEALED_SIZE];
};
MUST_USE bool keeper_start(struct gate *gate, const char *db_url, struct err *err);
void keeper_stop(struct gate *gate);
void keeper_add(struct keeper *keeper, const struct seed_row *row);

#include "gate/act_private.h"
#include "gate/entry_private.h"
#include "gate/policy_private.h"

#endif
