/* SPDX-License-Identifier: Apache-2.0 */
/* gate_private.h: the gate's inside. A look passes policy.c (may it?), subject.c (pseudonym, seed, handle),
 * look.c (number, entry, seal, fields); trace.c reads entries back; shard.c keeps keys and public records. */
#ifndef GATE_GATE_PRIVATE_H
#define GATE_GATE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/cache.h"
#include "gate/acts.h"
#include "gate/write.h"

#define SUPERVISOR_SECRET_SIZE (VRF_SECRET_SIZE + SIGN_SEED_SIZE)
#define SHARDS_MAX 64 /* sixteen years of quarters */
/* A shard bears the number of its quarter, counted from 1970. Where it is ended early, the rest of the
 * quarter is a shard of its own: 1000 more, and 2000 more where that happens a second time. */
#define SHARD_PARTS 3
#define SHARD_PARTS_STEP 1000
#define SHARD_SLOTS (SHARD_PARTS * SHARDS_MAX + 1)
#define EPOCHS_MAX 64
#define PSN_HOLDERS 2
#define RECORD_NAME_MAX 64

struct shard {
    uint32_t number;
    uint8_t vrf_secret[VRF_SECRET_SIZE], vrf_public[VRF_PUBLIC_SIZE];
    uint8_t entry_key[KEY_SIZE]; /* parent of the entries' keys of this shard */
    bool gone;                   /* destroyed after retention; found no more */
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
    uint64_t kept; /* (the gate's thread) the leaf up to which the state has what was counted */
};

/* An act that was appended to the log. */
struct delivered {
    uint8_t id[LEDGER_ID_SIZE];
    uint64_t leaf;
};

/* The keys of a sector's pseudonyms: product of the two shares. */
struct epoch {
    unsigned number;
    uint32_t shard; /* that began with it; 0: from the beginning */
    uint8_t key[KEY_SIZE];
};

struct sector {
    struct str name;
    size_t epochs_n;
    struct epoch epoch[EPOCHS_MAX]; /* by order of number */
    atomic_bool moving;             /* records may still stand in an older epoch */
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

/* shard.c */
const struct shard *shard_find(const struct gate *gate, uint32_t number); /* NULL: unknown or destroyed */
MUST_USE bool shards_load(struct gate *gate, struct err *err);
/* Begins the shard of the quarter, or what follows one that was ended early, if another one is open: new
 * epochs, keys, public record, then numbering. */
MUST_USE bool shard_turn(struct gate *gate, struct db *db, int64_t now, struct err *err);
/* Shards by this are in the order of time. epoch.c */
uint64_t shard_order(uint32_t shard);
/* The open shard, not ended early before: what comes after it in this quarter. 0: it was ended twice. */
uint32_t shard_next_part(const struct gate *gate);
MUST_USE bool shard_end_early(struct gate *gate, struct db *db, struct err *err);
uint32_t shard_of_time(int64_t time); /* quarters since 1970 */
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
/* epoch.c */
MUST_USE bool sectors_load(struct gate *gate, struct err *err); /* each in epoch 1 */
/* Both roots of the next generation; those of a run that was cut off are taken up. */
MUST_USE bool roots_make(const struct gate *gate, unsigned generation, struct err *err);
/* Epochs that the state knows and the gate does not yet. *ret_latest: the newest shard that one began with.
 */
MUST_USE bool epochs_read(struct gate *gate, struct db *db, uint32_t *ret_latest, struct err *err);
struct sector *sector_of(const struct gate *gate, const struct agency *holder);
const struct epoch *epoch_at(const struct sector *sector, uint32_t shard) RETURNS_NONNULL;
const struct epoch *epoch_now(const struct gate *gate, const struct agency *holder) RETURNS_NONNULL;
/* A pseudonym of one epoch as one of another: who it is of plays no part. */
MUST_USE bool epoch_step(const struct epoch *from, const struct epoch *to, const uint8_t psn[PSN_SIZE],
                         uint8_t ret_psn[PSN_SIZE]);
/* The person's pseudonym in the holder's sector, in the epoch of a shard. */
MUST_USE bool psn_of(const struct gate *gate, const struct agency *holder, const uint8_t pid[PID_SIZE],
                     uint32_t shard, uint8_t psn[PSN_SIZE]);

/* rekey.c */
/* The epochs that were ordered begin with this shard: written down before the shard begins. */
MUST_USE bool epochs_begin(struct gate *gate, struct db *db, uint32_t shard, struct err *err);
/* A step of the run, for the keeper: ends a shard early where that was ordered, moves some people's records.
 * *ret_more: there is more to do at once. */
MUST_USE bool rekey_step(struct gate *gate, struct db *db, bool *ret_more, struct err *err);
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
