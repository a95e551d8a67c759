/* SPDX-License-Identifier: Apache-2.0 */
/* gate.c: opening and closing the gate; its tables, keys and public records. */
#include "gate/gate_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/say.h"
#include "crypto/keys.h"

#define SUBJECTS_BYTES ((size_t)8 << 20) /* 103,000 persons at a holder */
#define TAGS_BYTES ((size_t)256 << 10)

static const struct {
    const char *code, *words;
} reasons[] = {
#define X(id, code, words) {code, words},
    GATE_REASONS(X)
#undef X
};

const char *gate_reason_code(enum gate_reason reason)
{
    return reasons[reason].code;
}

const char *gate_reason_words(enum gate_reason reason)
{
    return reasons[reason].words;
}

bool gate_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE gate_subject (tag bytea PRIMARY KEY, sealed bytea NOT NULL);"
            "CREATE TABLE gate_case (agency text NOT NULL, case_no text NOT NULL, person bytea NOT NULL, "
            "purpose text NOT NULL,"
            " from_day bigint NOT NULL, until_day bigint NOT NULL, state bigint NOT NULL, PRIMARY KEY "
            "(agency, case_no, person));"
            "CREATE TABLE gate_consent (agency text NOT NULL, person bytea NOT NULL, purpose text NOT NULL,"
            " until_day bigint NOT NULL, PRIMARY KEY (agency, person, purpose));"
            "CREATE TABLE gate_record (kind text NOT NULL, id text NOT NULL, version bigint NOT NULL, hash "
            "bytea NOT NULL,"
            " PRIMARY KEY (kind, id))"},
        {2, "CREATE TABLE gate_outbox (id bytea PRIMARY KEY, size bigint NOT NULL, sealed bytea NOT NULL);"
            "CREATE TABLE gate_matter (id text PRIMARY KEY, agency text NOT NULL, person bytea NOT NULL, "
            "about text NOT NULL UNIQUE, emergency bigint NOT NULL, leaf bigint NOT NULL, opened bigint NOT "
            "NULL, due bigint NOT NULL, verdict bigint NOT NULL, answered bigint NOT NULL, sealed bytea NOT "
            "NULL, answer bytea);"
            "CREATE INDEX gate_matter_person ON gate_matter (agency, person);"
            "CREATE INDEX gate_matter_due ON gate_matter (agency, verdict, due)"},
        {3, "CREATE TABLE gate_list (person bytea NOT NULL, item bytea NOT NULL, sealed bytea NOT NULL, "
            "PRIMARY KEY (person, item))"},
        {4, "CREATE TABLE gate_order (tag bytea PRIMARY KEY, sealed bytea NOT NULL);"
            "CREATE TABLE gate_order_seed (tag bytea PRIMARY KEY, sealed bytea NOT NULL)"},
        {5,
         "CREATE TABLE gate_epoch (sector text NOT NULL, epoch bigint NOT NULL, shard bigint NOT NULL, early "
         "bigint NOT NULL, ordered bigint NOT NULL, done bigint NOT NULL, PRIMARY KEY (sector, epoch))"},
        {6, "CREATE TABLE gate_pseudonym (tag bytea PRIMARY KEY, sealed bytea NOT NULL)"},
        {7, "CREATE TABLE gate_quota (day bigint PRIMARY KEY, leaf bigint NOT NULL, sealed bytea NOT NULL)"},
        {8, "ALTER TABLE gate_epoch ADD COLUMN root bigint NOT NULL DEFAULT 1"},
        {9,
         "CREATE TABLE gate_own_case (tag bytea PRIMARY KEY, purpose text NOT NULL, sealed bytea NOT NULL)"},
    };
    return db_migrate(db, "gate", migrations, ARRAY_LEN(migrations), err);
}

static int by_id(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool record_holders(struct gate *gate, struct db *db, struct err *err)
{
    struct arena arena;
    struct buf list;
    arena_init(&arena, 4096, 1 << 20);
    buf_in(&list, &arena, 1 << 18);
    struct str *ids = arena_array(&arena, struct str, gate->j->agencies_n);
    for (size_t i = 0; i < gate->j->agencies_n; i++)
        ids[i] = gate->j->agencies[i].id;
    qsort(ids, gate->j->agencies_n, sizeof *ids, by_id);
    for (size_t i = 0; i < gate->j->agencies_n; i++) {
        buf_str(&list, ids[i]);
        buf_byte(&list, '\n');
    }
    bool ok = record_keep(gate, db, STR("holders"), STR("holders"), buf_view(&list), err);
    arena_done(&arena);
    return ok;
}

struct gate *gate_new(const struct gate_config *config)
{
    struct gate *gate = calloc(1, sizeof *gate);
    must(gate != NULL);
    gate->j = config->jurisdiction;
    gate->vault = config->vault;
    gate->ledger = config->ledger;
    gate->beside = config->beside;
    gate->keys_folder = strdup(config->keys_folder);
    must(gate->keys_folder != NULL);
    memcpy(gate->master, config->master, KEY_SIZE);
    gate->subjects = cache_new(config->cache_bytes ? config->cache_bytes : SUBJECTS_BYTES, SUBJECT_KEPT);
    gate->tags = cache_new(TAGS_BYTES, gate->j->agencies_n * sizeof(struct list_tags));
    pthread_mutex_init(&gate->turn_lock, NULL);
    pthread_rwlockattr_t writer_first;
    pthread_rwlockattr_init(&writer_first);
    pthread_rwlockattr_setkind_np(&writer_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&gate->shard_lock, &writer_first);
    pthread_rwlockattr_destroy(&writer_first);
    gate->supervisor = (struct agency){.id = STR("supervisor"), .sector = STR("supervisor")};
    gate->sector = calloc(gate->j->agencies_n + 1, sizeof *gate->sector);
    gate->sector_at = calloc(gate->j->agencies_n + 1, sizeof *gate->sector_at);
    gate->shard = calloc(SHARD_SLOTS, sizeof *gate->shard);
    gate->looks_of = calloc(gate->j->agencies_n + 1, sizeof *gate->looks_of);
    must(gate->sector != NULL && gate->sector_at != NULL && gate->shard != NULL && gate->looks_of != NULL);
    key_derive(gate->trace_key, config->state, "gate trace");
    key_derive(gate->stream_key, config->state, "gate stream");
    key_derive(gate->subject_key, config->state, "gate subject");
    key_derive(gate->case_key, config->state, "gate case");
    key_derive(gate->outbox_key, config->state, "gate outbox");
    key_derive(gate->matter_key, config->state, "gate matter");
    key_derive(gate->list_key, config->state, "gate list");
    pthread_mutex_init(&gate->outbox_lock, NULL);
    hex_encode(gate->rules, gate->j->hash, HASH_SIZE);
    gate->quota_every = QUOTA_EVERY;
    quota_start(&gate->quota, local_today(gate->j));
    return gate;
}

bool gate_open(struct gate **ret_gate, const struct gate_config *config, struct db *db, struct err *err)
{
    struct gate *gate = gate_new(config);
    bool ok = sectors_load(gate, err) && epochs_read(gate, db, &gate->early, err) && shards_load(gate, err);
    if (!gate->beside)
        ok = ok && shard_turn(gate, db, clock_now(), err) && record_holders(gate, db, err) &&
             record_keep(gate, db, STR("rules"), gate->j->id, str_of(gate->rules), err) &&
             quota_relearn(gate, db, err) && outbox_replay(gate, db, err) && matters_settle(gate, db, err) &&
             (config->db_url == NULL || keeper_start(gate, config->db_url, err));
    if (!ok) {
        gate_close(gate);
        return false;
    }
    *ret_gate = gate;
    return true;
}

void gate_close(struct gate *gate)
{
    if (gate == NULL)
        return;
    keeper_stop(gate);
    quota_free(&gate->quota);
    cache_free(gate->subjects);
    cache_free(gate->tags);
    free(gate->keys_folder);
    pthread_rwlock_destroy(&gate->shard_lock);
    pthread_mutex_destroy(&gate->turn_lock);
    secret_wipe(gate->shard, SHARD_SLOTS * sizeof *gate->shard);
    secret_wipe(gate->sector, (gate->j->agencies_n + 1) * sizeof *gate->sector);
    free(gate->looks_of);
    free(gate->shard);
    free(gate->sector);
    free(gate->sector_at);
    free(gate->delivered);
    pthread_mutex_destroy(&gate->outbox_lock);
    secret_wipe(gate, sizeof *gate);
    free(gate);
}

void gate_metrics(struct gate *gate, struct buf *out)
{
    buf_printf(out,
               "# HELP aina_looks_total Looks decided by the gate.\n# TYPE aina_looks_total counter\n"
               "aina_looks_total{outcome=\"admitted\"} %llu\naina_looks_total{outcome=\"refused\"} %llu\n"
               "# HELP aina_subjects_computed_total Persons met for the first time at a holder in a shard.\n"
               "# TYPE aina_subjects_computed_total counter\naina_subjects_computed_total %llu\n",
               (unsigned long long)__atomic_load_n(&gate->metric_admitted, __ATOMIC_RELAXED),
               (unsigned long long)__atomic_load_n(&gate->metric_refused, __ATOMIC_RELAXED),
               (unsigned long long)__atomic_load_n(&gate->metric_computed, __ATOMIC_RELAXED));
}

struct gate_count gate_looks_of(const struct gate *gate, size_t agency)
{
    return (struct gate_count){__atomic_load_n(&gate->looks_of[agency].admitted, __ATOMIC_RELAXED),
                               __atomic_load_n(&gate->looks_of[agency].refused, __ATOMIC_RELAXED)};
}
