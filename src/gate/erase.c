/* SPDX-License-Identifier: Apache-2.0 */
/* erase.c: erasure of an entry's text and of a person's records: the order is an entry, durable first. The
 * outbox row says what is to be done once it is, and goes only when it was done, so that a crash between is
 * finished. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"
#include "gate/retain.h"
#include "ledger/fsck.h"

struct carrying {
    struct gate *gate;
    const struct act *act;
    char id[ACT_ID_SIZE];
};

static bool put(struct db *db, void *arg, struct err *err)
{
    struct carrying *c = arg;
    return outbox_put(c->gate, db, c->act, c->id, err);
}

static bool carry_out(struct gate *gate, struct db *db, const struct act *act, struct err *err)
{
    struct carrying c = {.gate = gate, .act = act};
    uint64_t position;
    if (!db_tx(db, put, &c, err) || !gate_act_deliver(gate, db, c.id, &position, err))
        return false;
    return gate->beside || (ledger_wait(gate->ledger, position, err) && outbox_sweep(gate, db, err));
}

static bool order_fits(struct str article, struct str actor, struct err *err)
{
    if (str_trim(article).n == 0 || actor.n == 0)
        return err_set(err, ERR_USAGE, "erasure",
                       "needs the article of law that orders it and who carries it out");
    return true;
}

static void erasure_act(const struct gate *gate, enum gate_kind kind, const struct agency *holder,
                        const uint8_t pid[PID_SIZE], struct str article, const struct office *office,
                        struct str actor, struct act *act)
{
    *act = (struct act){.time = clock_now(),
                        .text = {[ACT_KIND] = str_of(gate_kind_code(kind)),
                                 [ACT_HOLDER] = holder->id,
                                 [ACT_AGENCY] = office->agency->id,
                                 [ACT_OFFICE] = office->id,
                                 [ACT_ACTOR] = actor,
                                 [ACT_CAPACITY] = STR("official"),
                                 [ACT_OUTCOME] = STR("erased"),
                                 [ACT_BASIS] = article,
                                 [ACT_RULES] = str_of(gate->rules)}};
    memcpy(act->pid, pid, PID_SIZE);
    random_bytes(act->salt, sizeof act->salt);
}

/* The list of this person that the entry stands in, opened to the person or not. */
static bool list_of(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                    struct arena *arena, struct list *ret_list, struct gate_entry *ret_entry, struct err *err)
{
    uint8_t handle[LEDGER_HANDLE_SIZE], salt[SALT_SIZE];
    struct ledger_entry raw;
    struct shown *lists;
    size_t n;
    handle_of(gate, pid, handle);
    if (!lists_of(gate, db, pid, true, arena, &lists, &n, err))
        return false;
    if (leaf < ledger_durable(gate->ledger)) {
        if (!ledger_read(gate->ledger, leaf, arena, &raw, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            if (raw.leaf.type != LEAF_PERSONAL || !bytes_same(raw.handle, handle, sizeof handle) ||
                memcmp(&lists[i].stream, &raw.stream, sizeof raw.stream) != 0)
                continue;
            *ret_list = lists[i].list;
            return read_entry(gate, leaf, arena, &raw, ret_entry, salt, err);
        }
    }
    return err_set(err, ERR_NOT_FOUND, "entry", "this person has no entry with this number");
}

bool gate_erase_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                      struct str article, const struct office *office, struct str actor, struct err *err)
{
    struct arena arena;
    struct list list;
    struct gate_entry entry;
    struct act act;
    arena_init(&arena, 65536, (size_t)1 << 24);
    bool ok = order_fits(article, actor, err) && list_of(gate, db, pid, leaf, &arena, &list, &entry, err);
    if (ok && entry.erased)
        ok = err_set(err, ERR_CONFLICT, "entry", "it was erased already, or its shard's keys were destroyed");
    if (ok && str_is(entry.kind, gate_kind_code(KIND_ERASURE)))
        ok = err_set(err, ERR_INVALID, "entry", "an erasure entry stays: it is why another may be empty");
    if (ok) {
        erasure_act(gate, KIND_ERASURE, list.holder, pid, article, office, actor, &act);
        act.stream = list.kind;
        act.after = AFTER_ERASE_ENTRY;
        act.target = leaf;
        act.text[ACT_DATE] = str_of(list.date);
        act.text[ACT_ORDER] = str_of(list.order);
        act.text[ACT_CASE] = str_of(arena_printf(&arena, "%u.%u", entry.shard, entry.number));
        ok = carry_out(gate, db, &act, err);
    }
    arena_done(&arena);
    return ok;
}

bool gate_erase_records(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                        const struct registry *registry, struct str article, const struct office *office,
                        struct str actor, struct err *err)
{
    struct act act;
    if (!order_fits(article, actor, err))
        return false;
    erasure_act(gate, KIND_RECORD_ERASURE, registry->holder, pid, article, office, actor, &act);
    act.after = AFTER_ERASE_RECORDS;
    act.text[ACT_REGISTRY] = registry->id;
    return carry_out(gate, db, &act, err);
}

/* The oldest first: records that are being moved go from there to the newest. */
static bool erase_in_all_epochs(struct gate *gate, struct db *db, const struct registry *registry,
                                const uint8_t pid[PID_SIZE], struct err *err)
{
    const struct sector *sector = sector_of(gate, registry->holder);
    for (size_t i = 0; i < sector->epochs_n; i++) {
        uint8_t psn[PSN_SIZE];
        if (!psn_of(gate, registry->holder, pid, sector->epoch[i].shard, psn))
            return err_set(err, ERR_CORRUPT, "pseudonym",
                           "a group element is not valid; check the key files");
        if (!vault_erase_subject(gate->vault, db, registry->id, psn, err))
            return false;
    }
    return true;
}

bool erase_after(struct gate *gate, struct db *db, const struct act *act, uint64_t leaf, struct err *err)
{
    if (act->after == AFTER_ERASE_ENTRY)
        return ledger_erase(gate->ledger, act->target, leaf, err);
    if (act->after != AFTER_ERASE_RECORDS)
        return true;
    const struct registry *registry = jurisdiction_registry(gate->j, act->text[ACT_REGISTRY]);
    if (registry == NULL)
        return err_set(
            err, ERR_CONFLICT, "erasure",
            "records of the registry '%.*s' are to be erased, which is not in the jurisdiction folder "
            "any more: put it back until they are",
            STR_ARG(act->text[ACT_REGISTRY]));
    return erase_in_all_epochs(gate, db, registry, act->pid, err);
}

/* --- for fsck: every blank body has its order, and every order was carried out --- */

struct marked {
    struct ledger_stream stream;
    uint32_t shard, number;
    uint64_t leaf;
};

struct marks {
    struct marked *list;
    size_t n, cap;
};

#define MISSING_MAX 256

struct gate_checker {
    struct gate *gate;
    pthread_mutex_t lock;
    struct marks blanks, orders; /* (lock) */
    struct missing {
        uint32_t shard;
        bool logged; /* that it was destroyed */
        uint64_t entries, first;
    } missing[MISSING_MAX]; /* (lock) shards whose keys are not there */
    size_t missing_n;
    struct public_label {
        uint8_t label[32];
        uint64_t leaf;
    } * labels; /* (lock) of public records */
    size_t labels_n, labels_cap;
};

bool gate_checker_open(struct gate_checker **ret, const struct gate_config *config, struct err *err)
{
    struct gate_checker *checker = calloc(1, sizeof *checker);
    must(checker != NULL);
    pthread_mutex_init(&checker->lock, NULL);
    checker->gate = gate_new(config);
    if (!sectors_load(checker->gate, err) || !shards_load(checker->gate, err)) {
        gate_checker_free(checker);
        return false;
    }
    *ret = checker;
    return true;
}

void gate_checker_free(struct gate_checker *checker)
{
    gate_close(checker->gate);
    free(checker->labels);
    free(checker->blanks.list);
    free(checker->orders.list);
    pthread_mutex_destroy(&checker->lock);
    free(checker);
}

static void mark(struct gate_checker *checker, struct marks *marks, const struct marked *marked)
{
    pthread_mutex_lock(&checker->lock);
    if (marks->n == marks->cap) {
        marks->cap = marks->cap ? 2 * marks->cap : 64;
        marks->list = realloc(marks->list, marks->cap * sizeof *marks->list);
        must(marks->list != NULL);
    }
    marks->list[marks->n++] = *marked;
    pthread_mutex_unlock(&checker->lock);
}

bool gate_check_erased(void *arg, const struct ledger_entry *entry)
{
    struct gate_checker *checker = arg;
    mark(checker, &checker->blanks,
         &(struct marked){entry->stream, entry->shard, entry->number, entry->leaf_number});
    return true; /* judged by gate_checker_finish, when the orders are known */
}

/* "shard.n" */
static bool target_parse(struct str text, uint32_t *ret_shard, uint32_t *ret_number)
{
    struct str shard;
    uint64_t a, b;
    if (!str_next(&text, '.', &shard) || !text_u64(shard, &a) || !text_u64(text, &b) || a > UINT32_MAX ||
        b > UINT32_MAX)
        return false;
    *ret_shard = (uint32_t)a;
    *ret_number = (uint32_t)b;
    return true;
}

/* Entries are as we write them: the kind stands near the beginning, and quotes inside a text are escaped. */
#define KIND_BEFORE 120

static bool note_order(struct gate_checker *checker, const struct ledger_entry *entry, struct str json,
                       struct arena *arena, struct err *err)
{
    static const char kind[] = "\"kind\":\"erasure\"";
    struct gate_entry parsed = {0};
    struct marked order = {.stream = entry->stream, .leaf = entry->leaf_number};
    if (memmem(json.p, MIN_OF(json.n, (size_t)KIND_BEFORE), kind, sizeof kind - 1) == NULL)
        return true;
    if (!entry_parse(json, arena, &parsed, err))
        return false;
    if (!target_parse(parsed.case_no, &order.shard, &order.number))
        return err_set(err, ERR_CORRUPT, "entry",
                       "an erasure entry does not say which entry it orders erased");
    mark(checker, &checker->orders, &order);
    return true;
}

static void note_label(struct gate_checker *checker, const struct ledger_entry *entry)
{
    pthread_mutex_lock(&checker->lock);
    if (checker->labels_n == checker->labels_cap) {
        checker->labels_cap = checker->labels_cap ? 2 * checker->labels_cap : 64;
        checker->labels = realloc(checker->labels, checker->labels_cap * sizeof *checker->labels);
        must(checker->labels != NULL);
    }
    struct public_label *noted = &checker->labels[checker->labels_n++];
    memcpy(noted->label, entry->leaf.label, sizeof noted->label);
    noted->leaf = entry->leaf_number;
    pthread_mutex_unlock(&checker->lock);
}

static void note_missing(struct gate_checker *checker, const struct ledger_entry *entry)
{
    pthread_mutex_lock(&checker->lock);
    size_t i = 0;
    while (i < checker->missing_n && checker->missing[i].shard != entry->shard)
        i++;
    if (i < MISSING_MAX) {
        struct missing *m = &checker->missing[i];
        if (i == checker->missing_n) {
            *m = (struct missing){.shard = entry->shard, .first = entry->leaf_number};
            checker->missing_n++;
        }
        m->first = MIN_OF(m->first, entry->leaf_number);
        m->entries++;
    }
    pthread_mutex_unlock(&checker->lock);
}

static bool check_public(const struct ledger_entry *entry, struct err *err)
{
    static const uint8_t no_salt[SALT_SIZE];
    uint8_t commit[32];
    leaf_commit(commit, no_salt, (struct str){(const char *)entry->body, entry->body_n});
    return bytes_same(commit, entry->leaf.commit, sizeof commit) ||
           err_set(err, ERR_CORRUPT, "public record", "record %llu is not what its leaf commits to",
                   (unsigned long long)entry->leaf_number);
}

bool gate_check_opening(void *arg, const struct ledger_entry *entry, struct err *err)
{
    struct gate_checker *checker = arg;
    if (entry->leaf.type == LEAF_PUBLIC) {
        note_label(checker, entry);
        return check_public(entry, err);
    }
    if (entry->leaf.type != LEAF_PERSONAL || entry->body_n == 0)
        return true; /* padding and index roots have no opening */
    const struct shard *shard = shard_find(checker->gate, entry->shard);
    struct arena arena;
    struct str json;
    uint8_t salt[SALT_SIZE];
    if (shard == NULL) {
        note_missing(checker, entry); /* judged by gate_checker_finish */
        return true;
    }
    arena_init(&arena, 4096, 1 << 20);
    bool ok =
        entry_open(shard, entry, &arena, salt, &json, err) && note_order(checker, entry, json, &arena, err);
    arena_done(&arena);
    return ok;
}

bool gate_checker_outbox(struct gate_checker *checker, struct db *db,
                         void (*fn)(void *arg, const uint8_t id[LEDGER_ID_SIZE]), void *arg, uint64_t *ret_n,
                         struct err *err)
{
    return outbox_ids(checker->gate, db, fn, arg, ret_n, err);
}

static bool meets(const struct marks *marks, const struct marked *one)
{
    for (size_t i = 0; i < marks->n; i++) {
        const struct marked *other = &marks->list[i];
        if (other->shard == one->shard && other->number == one->number &&
            memcmp(&other->stream, &one->stream, sizeof one->stream) == 0)
            return true;
    }
    return false;
}

static void finding(struct ledger_fsck *report, uint64_t leaf, const char *text)
{
    char place[32];
    snprintf(place, sizeof place, "entry %llu", (unsigned long long)leaf);
    if (report->findings < ARRAY_LEN(report->first))
        err_set(&report->first[report->findings], ERR_CORRUPT, place, "%s", text);
    report->findings++;
}

/* Destroyed after retention, as the log says, or lost. */
static void judge_missing(struct gate_checker *checker, struct ledger_fsck *report)
{
    for (size_t i = 0; i < checker->missing_n; i++) {
        struct missing *m = &checker->missing[i];
        char id[GATE_SHARD_ID_SIZE], text[200];
        uint8_t label[32];
        gate_shard_id(m->shard, id);
        leaf_public_label(label, STR("key"), str_of(id), 0);
        for (size_t k = 0; k < checker->labels_n && !m->logged; k++)
            m->logged = memcmp(checker->labels[k].label, label, sizeof label) == 0;
        snprintf(
            text, sizeof text,
            "the keys of shard %u are not there, and no record says that they were destroyed: %llu entries "
            "cannot be opened; take keys/%s-vrf.key and keys/%s-entry.key from a copy",
            m->shard, (unsigned long long)m->entries, id, id);
        if (!m->logged)
            finding(report, m->first, text);
    }
}

uint64_t gate_checker_destroyed(const struct gate_checker *checker)
{
    uint64_t n = 0;
    for (size_t i = 0; i < checker->missing_n; i++)
        n += checker->missing[i].logged ? checker->missing[i].entries : 0;
    return n;
}

/* The order may stand in a shard that cannot be read any more: in that of the blank, or in a later one. */
static bool order_destroyed(const struct gate_checker *checker, const struct marked *blank)
{
    for (size_t i = 0; i < checker->missing_n; i++)
        if (checker->missing[i].logged && shard_order(checker->missing[i].shard) >= shard_order(blank->shard))
            return true;
    return false;
}

static int by_label(const void *a, const void *b)
{
    const struct public_label *one = a, *other = b;
    int order = memcmp(one->label, other->label, sizeof one->label);
    return order != 0 ? order : (one->leaf > other->leaf) - (one->leaf < other->leaf);
}

/* A public record has its name and version for itself: a second one is a log that misbehaved (TRUST.md 2). */
static void judge_labels(struct gate_checker *checker, struct ledger_fsck *report)
{
    if (checker->labels_n != 0)
        qsort(checker->labels, checker->labels_n, sizeof *checker->labels, by_label);
    for (size_t i = 1; i < checker->labels_n; i++)
        if (memcmp(checker->labels[i - 1].label, checker->labels[i].label, 32) == 0)
            finding(report, checker->labels[i].leaf,
                    "a public record of the same name and version stands in the log before it: nothing mends "
                    "that; "
                    "publish it, and find out who wrote it");
}

void gate_checker_finish(struct gate_checker *checker, struct ledger_fsck *report)
{
    judge_missing(checker, report);
    judge_labels(checker, report);
    for (size_t i = 0; i < checker->blanks.n; i++)
        if (!meets(&checker->orders, &checker->blanks.list[i]) &&
            !order_destroyed(checker, &checker->blanks.list[i]))
            finding(report, checker->blanks.list[i].leaf,
                    "its body is overwritten with zeros, and no entry of its list orders that: restore the "
                    "file from a copy");
    for (size_t i = 0; i < checker->orders.n; i++)
        if (!meets(&checker->blanks, &checker->orders.list[i]))
            finding(report, checker->orders.list[i].leaf,
                    "it orders an erasure that was not carried out: the next start finishes it");
}
