/* SPDX-License-Identifier: Apache-2.0 */
/* gate_private.h: the gate's inside. A look passes policy.c (may it?), subject.c (pseudonym, seed, handle),
 * look.c (number, entry, seal, fields); trace.c reads entries back; shard.c keeps keys and public records. */
#ifndef GATE_GATE_PRIVATE_H
#define GATE_GATE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

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
struct cache;

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
    struct cache *cache;
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
    uint8_t psn[PSN_SIZE];
    uint8_t seed[SEED_SIZE];
};

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
struct shown {
    struct list list;
    struct ledger_stream stream;
};
/* `all`: also those that are not shown yet. */
MUST_USE bool lists_of(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], bool all,
                       struct arena *arena, struct shown **ret_lists, size_t *ret_n, struct err *err);
void date_text(int32_t day, char out[16]);

/* cache.c */
struct cache *cache_new(size_t bytes) RETURNS_NONNULL;
void cache_free(struct cache *cache); /* wipes it */
void cache_forget(struct cache *cache);
bool cache_get(struct cache *cache, const uint8_t tag[KEY_SIZE], struct subject *subject);
void cache_put(struct cache *cache, const uint8_t tag[KEY_SIZE], const struct subject *subject);

/* keeper.c */
#define SUBJECT_SEALED_SIZE (PSN_SIZE + SEED_SIZE + SEAL_OVERHEAD)
struct seed_row {
    uint8_t tag[KEY_SIZE], sealed[SUBJECT_SEALED_SIZE];
};
MUST_USE bool keeper_start(struct gate *gate, const char *db_url, struct err *err);
void keeper_stop(struct gate *gate);
void keeper_add(struct keeper *keeper, const struct seed_row *row);

/* look.c: the answer's fields of its registry, of this person. */
MUST_USE bool open_fields(struct gate *gate, struct db *db, const struct subject *subject,
                          struct gate_answer *answer, struct arena *arena, struct err *err);

/* policy.c */
struct decision {
    enum gate_reason reason;
    const struct purpose *purpose;
    const struct registry *registry;
    uint64_t fields;
    struct gate_order order; /* of a sealed look; its texts live in the arena */
};
MUST_USE bool decide(struct gate *gate, struct db *db, const struct gate_request *request, int32_t today,
                     struct arena *arena, struct decision *ret_decision, struct err *err);
/* What a purpose alone decides: sets d->purpose. */
enum gate_reason decide_purpose(const struct gate *gate, const struct gate_request *request,
                                struct decision *d);
/* What this person's case, consent or order decides, and the quota; d->purpose and d->reason stand. */
MUST_USE bool decide_person(struct gate *gate, struct db *db, const struct gate_request *request,
                            int32_t today, struct arena *arena, struct decision *d, struct err *err);
bool purpose_by_order(const struct purpose *purpose);

/* quota.c */
#define QUOTA_EVERY 8192 /* leaves: at most so many are opened at a start, if the gate's thread lived */
void quota_start(struct quota *quota, int32_t today);
void quota_free(struct quota *quota);
/* True when this official may look at this person today; counts the person if new. */
bool quota_take(struct quota *quota, struct str actor, const uint8_t handle[LEDGER_HANDLE_SIZE],
                unsigned limit, int32_t today);
/* At start. */
MUST_USE bool quota_relearn(struct gate *gate, struct db *db, struct err *err);
/* Keeps what was counted, when there is enough of it. */
MUST_USE bool quota_keep(struct gate *gate, struct db *db, struct err *err);

/* policy.c: a person in an agency's own tables: another agency's tag of the same person is another. */
void person_tag(const struct gate *gate, const struct agency *agency, const uint8_t pid[PID_SIZE],
                uint8_t tag[KEY_SIZE]);

/* entry.c */
struct entry_facts {
    const char *id;
    int64_t time;
    struct str kind, holder, agency, office, actor, capacity, mandate, purpose, basis, case_no, registry,
        outcome, reason, levels, rules;
    enum stream_kind stream;
    const struct registry *fields_of; /* NULL: fields null */
    uint64_t fields;
    const struct str *names; /* without fields_of: written in its place */
    size_t names_n;
    uint32_t shard, number;
};
const char *stream_name(enum stream_kind kind);
void entry_json(const struct entry_facts *facts, struct buf *out);
/* Fills label, commit and the sealed body of a slot: body = seal(salt ‖ entry), bound to the leaf. */
void entry_seal(const struct shard *shard, const struct subject *subject, const uint8_t salt[SALT_SIZE],
                struct str json, struct arena *arena, struct ledger_slot *slot);
/* Opens and checks a body against its leaf. False: err says why. */
MUST_USE bool entry_open(const struct shard *shard, const struct ledger_entry *entry, struct arena *arena,
                         uint8_t salt[SALT_SIZE], struct str *ret_json, struct err *err);
MUST_USE bool entry_parse(struct str json, struct arena *arena, struct gate_entry *ret_entry,
                          struct err *err);
void look_id(char out[ACT_ID_SIZE]);
void look_id_text(const uint8_t id[LEDGER_ID_SIZE], char out[ACT_ID_SIZE]);
/* False: not 26 characters of Crockford base32 as look_id writes them. */
MUST_USE bool look_id_parse(struct str text, uint8_t ret_id[LEDGER_ID_SIZE]);
int64_t look_id_time(const uint8_t id[LEDGER_ID_SIZE]); /* when it was drawn, to the millisecond */

/* append.c: numbers an entry in its list, writes, seals and submits it. `salt` NULL: drawn. Sets the shard
 * and number of `facts`. */
MUST_USE bool entry_append(struct gate *gate, struct db *db, const struct list *list,
                           struct entry_facts *facts, const uint8_t *salt, struct arena *arena,
                           struct subject *ret_subject, uint64_t *ret_leaf, struct err *err);
/* The first leaf whose batch is not older than `time`. */
MUST_USE bool first_since(struct gate *gate, int64_t time, uint64_t *ret_leaf, struct err *err);
/* The entry with this id, appended within `within` microseconds after the id was drawn. */
MUST_USE bool find_by_id(struct gate *gate, const uint8_t id[LEDGER_ID_SIZE], int64_t within, bool *ret_found,
                         uint64_t *ret_leaf, struct err *err);
struct str basis_text(const struct purpose *purpose, struct arena *arena); /* NULL: empty */

/* outbox.c: acts between the transaction that made them and the log. An act's texts stand in one table: */
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
/* An act without state: straight into the log. */
MUST_USE bool act_now(struct gate *gate, struct db *db, const struct gate_act *act, uint64_t *ret_position,
                      struct err *err);

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

/* trace.c */
MUST_USE bool read_entry(struct gate *gate, uint64_t leaf, struct arena *arena, struct ledger_entry *ret_raw,
                         struct gate_entry *ret_entry, uint8_t salt[SALT_SIZE], struct err *err);
/* The entry, if it stands in a list about this person that may be shown today; else ERR_NOT_FOUND. */
MUST_USE bool read_own_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                             struct arena *arena, struct ledger_entry *ret_raw, struct gate_entry *ret_entry,
                             uint8_t salt[SALT_SIZE], struct err *err);

MUST_USE bool make_receipt(struct gate *gate, const struct ledger_entry *raw, const struct gate_entry *e,
                           const uint8_t salt[SALT_SIZE], struct arena *arena, struct str *ret_receipt,
                           struct err *err);

#endif
