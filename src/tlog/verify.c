/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/verify.h"

#include <jansson.h>
#include <stdlib.h>

#include "tlog/entry_private.h"
#include "tlog/receipt.h"

/* A receipt on its way through the steps. */
struct opened {
    const struct note_vkey *keys;
    size_t keys_n;
    struct arena *arena;
    struct tlog_proof proof;
    struct note note;
    struct checkpoint checkpoint;
    struct receipt_opening opening;
    struct leaf leaf;
    bool entry_proven;
};

static bool check_form(struct opened *receipt, struct str bytes, struct err *err)
{
    return tlog_proof_parse(bytes, &receipt->proof, err) &&
           note_parse(receipt->proof.checkpoint, &receipt->note, err) &&
           checkpoint_parse(receipt->note.text, &receipt->checkpoint, err) &&
           receipt_opening_parse(&receipt->proof, receipt->arena, &receipt->opening, err) &&
           (leaf_parse(receipt->opening.leaf, &receipt->leaf) ||
            err_set(err, ERR_INVALID, "receipt", "its leaf is of no type or version that is known here"));
}

/* A key counts only for the log whose name it bears. */
static bool check_signature(struct opened *receipt, struct str bytes, struct err *err)
{
    (void)bytes;
    struct note_vkey *keys = arena_array(receipt->arena, struct note_vkey, receipt->keys_n + 1);
    size_t n = 0;
    for (size_t i = 0; i < receipt->keys_n; i++)
        if (str_eq(receipt->keys[i].name, receipt->checkpoint.origin))
            keys[n++] = receipt->keys[i];
    return note_verify(&receipt->note, keys, n, err);
}

static bool check_inclusion(struct opened *receipt, struct str bytes, struct err *err)
{
    (void)bytes;
    struct tree_hash leaf;
    tree_leaf_hash(&leaf, receipt->opening.leaf, LEAF_SIZE);
    return tree_check_inclusion(receipt->proof.path, receipt->proof.path_n, receipt->proof.index,
                                receipt->checkpoint.size, &leaf, &receipt->checkpoint.root) ||
           err_set(err, ERR_INVALID, NULL,
                   "the hashes from the entry to the signed list do not meet: the number, a hash or the leaf "
                   "was changed, or the entry is not in that list");
}

static bool check_commitment(struct opened *receipt, struct str bytes, struct err *err)
{
    (void)bytes;
    static const uint8_t zero[SALT_SIZE];
    uint8_t commit[32];
    if (receipt->leaf.type == LEAF_PUBLIC && memcmp(receipt->opening.salt, zero, SALT_SIZE) != 0)
        return err_set(err, ERR_INVALID, NULL, "a public record is committed to with a salt of zeros");
    leaf_commit(commit, receipt->opening.salt, receipt->opening.entry);
    receipt->entry_proven = memcmp(commit, receipt->leaf.commit, sizeof commit) == 0;
    return receipt->entry_proven ||
           err_set(err, ERR_INVALID, NULL,
                   "the text in the file is not the one that was committed to: it or its salt was changed");
}

static bool check_entry_form(struct opened *receipt, struct str bytes, struct err *err)
{
    (void)bytes;
    return receipt->leaf.type == LEAF_PUBLIC || verify_entry_form(receipt->opening.entry, err);
}

/* The steps, in order. Each rests on those before it. */
static const struct step {
    const char *id;
    bool (*check)(struct opened *receipt, struct str bytes, struct err *err);
    const char *failed; /* the sentence's start; the error follows */
    const char *held;   /* for many receipts at once */
} steps[] = {
    {"receipt-form", check_form, "This is not a whole receipt", "Every receipt is whole."},
    {"checkpoint-signature", check_signature, "The signature on the list does not hold",
     "The log's key signed the list that each receipt rests on."},
    {"inclusion", check_inclusion, "The entry's place in the list is not proven",
     "Each entry is in its list under its number, unchanged."},
    {"commitment", check_commitment, "The text is not what was logged",
     "Each text is what was committed to when it was logged."},
    {"entry-form", check_entry_form, "The text is not an entry as the format says",
     "Each text has every part that an entry must have."},
};
enum { STEP_FORM, STEP_SIGNATURE, STEP_INCLUSION, STEP_COMMITMENT, STEP_ENTRY_FORM };

static void add(struct verify_verdict *verdict, const char *id, enum verify_status status, const char *words)
{
    must(verdict->n < VERIFY_CHECKS_MAX);
    verdict->checks[verdict->n++] = (struct verify_check){id, status, words};
    if (status == VERIFY_FAILED)
        verdict->proven = false;
}

static const char *because(struct arena *arena, const char *what, const struct err *err)
{
    size_t n = strlen(err->text);
    bool ended = n != 0 && (err->text[n - 1] == '?' || err->text[n - 1] == '.');
    return arena_printf(arena, "%s: %s%s%s%s", what, err->place, err->place[0] ? ": " : "", err->text,
                        ended ? "" : ".");
}

/* 1234567 as "1,234,567". */
static const char *grouped(struct arena *arena, uint64_t number)
{
    if (number < 1000)
        return arena_printf(arena, "%u", (unsigned)number);
    return arena_printf(arena, "%s,%03u", grouped(arena, number / 1000), (unsigned)(number % 1000));
}

static const char *held_words(const struct opened *receipt, size_t step)
{
    struct arena *arena = receipt->arena;
    switch (step) {
    case STEP_FORM: return "The file is a receipt with all its parts.";
    case STEP_SIGNATURE:
        return arena_printf(arena, "The log's key signed a list of %s entries (log %.*s).",
                            grouped(arena, receipt->checkpoint.size), STR_ARG(receipt->checkpoint.origin));
    case STEP_INCLUSION:
        return arena_printf(arena, "This entry is number %s of that list, unchanged.",
                            grouped(arena, receipt->proof.index));
    case STEP_COMMITMENT: return "The text below is what was committed to when it was logged.";
    default:
        return receipt->leaf.type == LEAF_PUBLIC ? "The text is a public record, which has no fixed form."
                                                 : "The text has every part that an entry must have.";
    }
}

static const char no_key[] = "Who signed the list was not checked, because no key of the log was given; so "
                             "nothing here is proven. Give the log's key as published on paper.";

static void add_limits(struct verify_verdict *verdict)
{
    add(verdict, "whole-list", VERIFY_NOT_CHECKED,
        "That the list of looks shown to a person leaves nothing out was not checked: it needs the log's "
        "index, which proves that the next number is absent.");
    add(verdict, "beside-the-log", VERIFY_NOT_CHECKED,
        "That nothing was read without being logged cannot be shown by a receipt: where one operator runs "
        "both "
        "gate and log, only what is in the log can be proven.");
    add(verdict, "witnesses", VERIFY_NOT_CHECKED,
        "No witness was asked: that the log shows the same list to everyone was not checked.");
}

/* Runs the steps. Returns the first that failed (with `err`), or NULL. */
static const struct step *run_steps(struct opened *receipt, struct str bytes, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if ((i != STEP_SIGNATURE || receipt->keys_n != 0) && !steps[i].check(receipt, bytes, err))
            return &steps[i];
    return NULL;
}

void verify_receipt(struct str bytes, const struct note_vkey *keys, size_t n, struct arena *arena,
                    struct verify_verdict *ret_verdict)
{
    struct opened *receipt = arena_new(arena, struct opened);
    struct err err;
    *receipt = (struct opened){.keys = keys, .keys_n = n, .arena = arena};
    *ret_verdict = (struct verify_verdict){.proven = n != 0};
    const struct step *failed = run_steps(receipt, bytes, &err);
    for (size_t i = 0; i < ARRAY_LEN(steps) && failed != &steps[i]; i++)
        if (i == STEP_SIGNATURE && n == 0)
            add(ret_verdict, steps[i].id, VERIFY_NOT_CHECKED, no_key);
        else
            add(ret_verdict, steps[i].id, VERIFY_PROVEN, held_words(receipt, i));
    if (failed != NULL)
        add(ret_verdict, failed->id, VERIFY_FAILED, because(arena, failed->failed, &err));
    if (receipt->entry_proven)
        ret_verdict->entry = receipt->opening.entry;
    if (failed != &steps[STEP_FORM]) {
        ret_verdict->leaf = receipt->proof.index;
        ret_verdict->checkpoint = receipt->checkpoint;
    }
    add_limits(ret_verdict);
}

/* --- trace files --- */

struct stream {
    uint64_t shard, count;
    struct str holder, kind;
    uint8_t seed[SEED_SIZE];
    uint8_t *seen; /* one byte a number */
};

/* What an erasure entry orders: the entry "shard.n" of its own list. */
struct erasure {
    struct str holder, kind, target;
    bool used;
};

struct trace {
    struct verify_verdict *verdict;
    struct arena *arena;
    struct str origin, vkey;
    size_t streams_n, receipts_n, erased_n, erasures_n, lists_n;
    struct stream *streams;
    struct erasure *erasures; /* at most one a receipt */
    struct checkpoint *lists; /* one a receipt or erased entry */
};

static bool member_text(const json_t *object, const char *key, struct str *ret_text)
{
    const json_t *member = json_object_get(object, key);
    *ret_text = (struct str){json_string_value(member), json_string_length(member)};
    return json_is_string(member);
}

static bool member_count(const json_t *object, const char *key, uint64_t *ret_count)
{
    const json_t *member = json_object_get(object, key);
    *ret_count = (uint64_t)json_integer_value(member);
    return json_is_integer(member) && json_integer_value(member) >= 0;
}

static bool stream_read(const json_t *object, struct stream *stream)
{
    struct str seed;
    size_t n;
    return member_count(object, "shard", &stream->shard) && member_count(object, "count", &stream->count) &&
           member_text(object, "holder", &stream->holder) && member_text(object, "stream", &stream->kind) &&
           member_text(object, "seed", &seed) && base64_decode(stream->seed, SEED_SIZE, seed, &n) &&
           n == SEED_SIZE;
}

/* A member that this version does not know is a change that nobody vouches for. */
static bool members_known(const json_t *file, struct err *err)
{
    static const char *const known[] = {"v", "kind", "origin", "vkey", "receipts", "streams", "erased"};
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)file, key, member)
    {
        size_t i = 0;
        while (i < ARRAY_LEN(known) && strcmp(key, known[i]) != 0)
            i++;
        if (i == ARRAY_LEN(known))
            return err_set(err, ERR_INVALID, "trace file", "it has a member '%.40s' that no trace of v 1 has",
                           key);
    }
    return true;
}

static bool trace_read(struct trace *trace, const json_t *file, struct err *err)
{
    static const char place[] = "trace file";
    struct str kind;
    const json_t *streams = json_object_get(file, "streams"), *receipts = json_object_get(file, "receipts"),
                 *erased = json_object_get(file, "erased");
    if (!json_is_object(file) || json_integer_value(json_object_get(file, "v")) != 1 ||
        !member_text(file, "kind", &kind) || !str_is(kind, "aina-trace"))
        return err_set(err, ERR_INVALID, place, "it is not JSON with v 1 and kind aina-trace");
    if (!members_known(file, err))
        return false;
    if (!member_text(file, "origin", &trace->origin) || !member_text(file, "vkey", &trace->vkey) ||
        !json_is_array(streams) || !json_is_array(receipts) || (erased != NULL && !json_is_array(erased)))
        return err_set(err, ERR_INVALID, place, "it must have origin, vkey, streams and receipts");
    trace->streams_n = json_array_size(streams);
    trace->receipts_n = json_array_size(receipts);
    trace->erased_n = json_array_size(erased);
    trace->streams = arena_array(trace->arena, struct stream, trace->streams_n + 1);
    trace->erasures = arena_array(trace->arena, struct erasure, trace->receipts_n + 1);
    trace->lists = arena_array(trace->arena, struct checkpoint, trace->receipts_n + trace->erased_n + 1);
    for (size_t i = 0; i < trace->streams_n; i++)
        if (!stream_read(json_array_get(streams, i), &trace->streams[i]))
            return err_set(err, ERR_INVALID, place,
                           "stream %zu must have shard, holder, stream, count and seed", i + 1);
    for (size_t i = 0; i < trace->receipts_n; i++)
        if (!json_is_string(json_array_get(receipts, i)))
            return err_set(err, ERR_INVALID, place, "receipt %zu is not text", i + 1);
    return true;
}

/* Counts must add up to the receipts at hand before room for that many is taken. */
static bool counts_fit(struct trace *trace, struct err *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < trace->streams_n; i++)
        if (__builtin_add_overflow(sum, trace->streams[i].count, &sum))
            sum = UINT64_MAX;
    if (sum != trace->receipts_n + trace->erased_n)
        return err_set(err, ERR_INVALID, NULL,
                       "the streams count %s entries, and the file has %s receipts and %s erased entries",
                       grouped(trace->arena, sum), grouped(trace->arena, trace->receipts_n),
                       grouped(trace->arena, trace->erased_n));
    for (size_t i = 0; i < trace->streams_n; i++)
        trace->streams[i].seen = arena_array(trace->arena, uint8_t, trace->streams[i].count + 1);
    return true;
}

/* Where an entry says that it stands. */
struct where {
    uint64_t shard, number;
    struct str holder, kind;
};

static bool where_read(const json_t *object, struct where *where)
{
    return member_count(object, "shard", &where->shard) && member_count(object, "n", &where->number) &&
           member_text(object, "holder", &where->holder) && member_text(object, "stream", &where->kind);
}

/* Finds the stream by words and label, and marks the number there. */
static bool place(struct trace *trace, const struct where *where, const uint8_t label[32],
                  const char **ret_step, struct err *err)
{
    *ret_step = "label";
    for (size_t i = 0; i < trace->streams_n; i++) {
        struct stream *stream = &trace->streams[i];
        uint8_t own[32];
        if (stream->shard != where->shard || !str_eq(stream->holder, where->holder) ||
            !str_eq(stream->kind, where->kind))
            continue;
        leaf_label(own, stream->seed, where->number);
        if (memcmp(own, label, sizeof own) != 0)
            continue;
        *ret_step = "numbers";
        return (where->number < stream->count && stream->seen[where->number]++ == 0) ||
               err_set(err, ERR_INVALID, NULL,
                       "number %s of a stream stands there twice, or beyond its count",
                       grouped(trace->arena, where->number));
    }
    return err_set(err, ERR_INVALID, NULL,
                   "its label is not the one that the seed of any stream of the file gives");
}

static bool place_entry(struct trace *trace, const struct opened *receipt, const char **ret_step,
                        struct err *err)
{
    struct where where;
    struct str kind, target;
    json_t *entry = entry_read(receipt->opening.entry, err);
    *ret_step = "label";
    if (entry == NULL)
        return false;
    must(where_read(entry, &where) && member_text(entry, "kind", &kind)); /* entry_read has looked */
    bool placed = place(trace, &where, receipt->leaf.label, ret_step, err);
    if (placed && str_is(kind, "erasure") && member_text(entry, "case", &target))
        trace->erasures[trace->erasures_n++] = (struct erasure){.holder = str_dup(trace->arena, where.holder),
                                                                .kind = str_dup(trace->arena, where.kind),
                                                                .target = str_dup(trace->arena, target)};
    json_decref(entry);
    return placed;
}

static int by_size(const void *a, const void *b)
{
    const struct checkpoint *one = a, *other = b;
    return (one->size > other->size) - (one->size < other->size);
}

/* Two lists of one size must be one list. Signed proof of the contrary is the gravest finding there is. */
static bool lists_agree(struct trace *trace, size_t *ret_lists, struct err *err)
{
    size_t lists = trace->lists_n != 0;
    qsort(trace->lists, trace->lists_n, sizeof *trace->lists, by_size);
    for (size_t i = 1; i < trace->lists_n; i++) {
        const struct checkpoint *one = &trace->lists[i - 1], *other = &trace->lists[i];
        lists += one->size != other->size;
        if (one->size == other->size && memcmp(one->root.b, other->root.b, HASH_SIZE) != 0)
            return err_set(err, ERR_INVALID, NULL,
                           "the log has signed two different lists of %s entries; keep this file, it is "
                           "evidence",
                           grouped(trace->arena, one->size));
    }
    *ret_lists = lists;
    return true;
}

/* Checks one receipt whole. On failure says which check failed. */
static bool trace_receipt(struct trace *trace, struct opened *receipt, struct str bytes,
                          const char **ret_step, const char **ret_words, struct err *err)
{
    const struct step *failed = run_steps(receipt, bytes, err);
    if (failed != NULL) {
        *ret_step = failed->id;
        *ret_words = failed->failed;
        return false;
    }
    *ret_step = "label";
    *ret_words = "An entry does not belong to this person's streams";
    if (!str_eq(receipt->checkpoint.origin, trace->origin))
        return err_set(err, ERR_INVALID, NULL, "it comes from another log than the file says");
    if (receipt->leaf.type != LEAF_PERSONAL)
        return err_set(err, ERR_INVALID, NULL, "it is no entry about a person");
    trace->lists[trace->lists_n++] = receipt->checkpoint;
    return place_entry(trace, receipt, ret_step, err);
}

static bool trace_receipts(struct trace *trace, const json_t *file, const struct note_vkey *keys, size_t n)
{
    const json_t *receipts = json_object_get(file, "receipts"), *text;
    struct arena work;
    struct err err;
    bool done = true;
    size_t i;
    arena_init(&work, 1 << 17, (size_t)1 << 30);
    json_array_foreach(receipts, i, text)
    {
        const char *step, *words;
        struct opened *receipt = arena_new(&work, struct opened);
        *receipt = (struct opened){.keys = keys, .keys_n = n, .arena = &work};
        struct str bytes = {json_string_value(text), json_string_length(text)};
        done = trace_receipt(trace, receipt, bytes, &step, &words, &err);
        if (!done) {
            words = arena_printf(trace->arena, "Receipt %zu of %zu: %s", i + 1, trace->receipts_n, words);
            add(trace->verdict, step, VERIFY_FAILED, because(trace->arena, words, &err));
            break;
        }
        arena_reset(&work);
    }
    arena_done(&work);
    return done;
}

/* --- erased entries of a trace: the leaf and its place are proven, the text is gone, and an entry orders it
 * --- */

static bool erased_form(struct opened *erased, struct where *where, const json_t *object, struct err *err)
{
    struct str leaf, proof;
    size_t n;
    if (!where_read(object, where) || !member_text(object, "leaf", &leaf) ||
        !member_text(object, "proof", &proof) || !base64_decode(erased->opening.leaf, LEAF_SIZE, leaf, &n) ||
        n != LEAF_SIZE || !leaf_parse(erased->opening.leaf, &erased->leaf) ||
        erased->leaf.type != LEAF_PERSONAL)
        return err_set(err, ERR_INVALID, NULL, "it must have shard, holder, stream, n, leaf and proof");
    return tlog_proof_parse(proof, &erased->proof, err) &&
           note_parse(erased->proof.checkpoint, &erased->note, err) &&
           checkpoint_parse(erased->note.text, &erased->checkpoint, err);
}

/* An erasure entry of the same list names it, and orders this one alone. */
static bool erased_ordered(struct trace *trace, const struct where *where, struct err *err)
{
    struct str target = str_of(arena_printf(trace->arena, "%llu.%llu", (unsigned long long)where->shard,
                                            (unsigned long long)where->number));
    for (size_t i = 0; i < trace->erasures_n; i++) {
        struct erasure *e = &trace->erasures[i];
        if (!e->used && str_eq(e->holder, where->holder) && str_eq(e->kind, where->kind) &&
            str_eq(e->target, target)) {
            e->used = true;
            return true;
        }
    }
    return err_set(err, ERR_INVALID, NULL, "no entry of its list orders its erasure");
}

static bool trace_one_erased(struct trace *trace, const json_t *object, struct opened *erased,
                             const char **ret_step, struct err *err)
{
    struct where where;
    *ret_step = "receipt-form";
    if (!erased_form(erased, &where, object, err))
        return false;
    *ret_step = "checkpoint-signature";
    if ((erased->keys_n != 0 && !check_signature(erased, (struct str){NULL, 0}, err)) ||
        (!str_eq(erased->checkpoint.origin, trace->origin) &&
         !err_set(err, ERR_INVALID, NULL, "it comes from another log than the file says")))
        return false;
    *ret_step = "inclusion";
    if (!check_inclusion(erased, (struct str){NULL, 0}, err))
        return false;
    trace->lists[trace->lists_n++] = erased->checkpoint;
    if (!place(trace, &where, erased->leaf.label, ret_step, err))
        return false;
    *ret_step = "erased";
    return erased_ordered(trace, &where, err);
}

static bool trace_erased(struct trace *trace, const json_t *file, const struct note_vkey *keys, size_t n)
{
    const json_t *list = json_object_get(file, "erased"), *object;
    struct err err;
    size_t i;
    json_array_foreach(list, i, object)
    {
        const char *step;
        struct opened *erased = arena_new(trace->arena, struct opened);
        *erased = (struct opened){.keys = keys, .keys_n = n, .arena = trace->arena};
        if (!trace_one_erased(trace, object, erased, &step, &err)) {
            const char *words =
                arena_printf(trace->arena, "Erased entry %zu of %zu is not accepted", i + 1, trace->erased_n);
            add(trace->verdict, step, VERIFY_FAILED, because(trace->arena, words, &err));
            return false;
        }
    }
    return true;
}

/* The key that the file names must be one of those that the reader brought. */
static bool vkey_fits(const struct trace *trace, const struct note_vkey *keys, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct buf text;
        buf_in(&text, trace->arena, 4096);
        note_vkey_text(&text, &keys[i]);
        if (str_eq(buf_view(&text), trace->vkey))
            return true;
    }
    return n == 0 || err_set(err, ERR_INVALID, "trace file",
                             "the log's key that it names is not the key that was given");
}

/* What all receipts have passed, in words. */
static void add_held(struct trace *trace, bool keyed, size_t lists)
{
    struct arena *arena = trace->arena;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (i == STEP_SIGNATURE && !keyed)
            add(trace->verdict, steps[i].id, VERIFY_NOT_CHECKED, no_key);
        else
            add(trace->verdict, steps[i].id, VERIFY_PROVEN, steps[i].held);
    add(trace->verdict, "label", VERIFY_PROVEN,
        "Each entry bears the label that this person's seed gives for its number.");
    add(trace->verdict, "numbers", VERIFY_PROVEN,
        arena_printf(arena, "The %s streams hold %s entries, numbered from 0 without a gap.",
                     grouped(arena, trace->streams_n), grouped(arena, trace->receipts_n + trace->erased_n)));
    if (trace->erased_n != 0)
        add(trace->verdict, "erased", VERIFY_PROVEN,
            arena_printf(
                arena,
                "%s of them were erased: what they said is gone, their place in the list is proven, and "
                "an entry of the same list orders each erasure.",
                grouped(arena, trace->erased_n)));
    if (lists > 1)
        add(trace->verdict, "one-history", VERIFY_NOT_CHECKED,
            arena_printf(arena,
                         "The receipts rest on %s signed lists of different sizes; that each continues the "
                         "one before was not checked.",
                         grouped(arena, lists)));
}

static void verify_trace_file(struct trace *trace, const json_t *file, const struct note_vkey *keys, size_t n)
{
    struct verify_verdict *verdict = trace->verdict;
    struct err err;
    size_t lists = 0;
    if (!trace_read(trace, file, &err) || !vkey_fits(trace, keys, n, &err))
        add(verdict, "trace-form", VERIFY_FAILED,
            because(trace->arena, "This is not a whole trace file", &err));
    else if (!counts_fit(trace, &err))
        add(verdict, "numbers", VERIFY_FAILED,
            because(trace->arena, "The numbers of the entries are not whole", &err));
    else if (trace->receipts_n == 0) {
        add(verdict, "checkpoint-signature", VERIFY_NOT_CHECKED,
            "The file holds no receipt, so there is nothing that could be proven.");
        verdict->proven = false;
    } else if (trace_receipts(trace, file, keys, n) && trace_erased(trace, file, keys, n)) {
        bool agree = lists_agree(trace, &lists, &err);
        if (agree)
            add_held(trace, n != 0, lists);
        else
            add(verdict, "one-history", VERIFY_FAILED,
                because(trace->arena, "The log has more than one history", &err));
    }
}

void verify_trace(struct str bytes, const struct note_vkey *keys, size_t n, struct arena *arena,
                  struct verify_verdict *ret_verdict)
{
    *ret_verdict = (struct verify_verdict){.proven = n != 0};
    struct trace trace = {.verdict = ret_verdict, .arena = arena};
    json_error_t why;
    json_t *file = json_loadb(bytes.p != NULL ? bytes.p : "", bytes.n, JSON_REJECT_DUPLICATES, &why);
    verify_trace_file(&trace, file, keys, n);
    json_decref(file);
    add_limits(ret_verdict);
}
