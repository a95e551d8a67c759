/* SPDX-License-Identifier: Apache-2.0 */
/* public.c: checkpoints, tiles and proofs: what the world sees. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/ledger_private.h"
#include "ledger/public.h"

static void checkpoint_text_of(struct buf *out, const struct signed_root *signed_root, struct str origin)
{
    struct checkpoint checkpoint = {origin, signed_root->size, signed_root->root};
    checkpoint_text(out, &checkpoint);
}

void log_keys_of(struct log_keys *keys, struct sign_key *key, struct sign_key *before, struct str origin)
{
    uint8_t public_key[SIGN_PUBLIC_SIZE];
    *keys = (struct log_keys){.n = 1, .key = {key}};
    sign_public(key, public_key);
    note_vkey_make(&keys->vkey[0], origin, public_key);
    if (before == NULL)
        return;
    sign_public(before, public_key);
    note_vkey_make(&keys->vkey[1], origin, public_key);
    if (memcmp(keys->vkey[0].key, keys->vkey[1].key, sizeof keys->vkey[0].key) == 0)
        return; /* a change that was interrupted before it began */
    keys->key[1] = before;
    keys->n = 2;
}

void log_keys_open(struct log_keys *keys, const struct ledger_config *config, struct str origin)
{
    bool own = config->sign_key == NULL;
    log_keys_of(keys, own ? sign_key_new(config->sign_seed) : config->sign_key, config->key_before, origin);
    keys->own = own;
}

void log_keys_close(struct log_keys *keys)
{
    if (keys->own)
        sign_key_free(keys->key[0]);
    *keys = (struct log_keys){0};
}

size_t ledger_config_vkeys(const struct ledger_config *config, struct note_vkey ret_vkeys[LEDGER_VKEYS])
{
    struct log_keys keys;
    log_keys_open(&keys, config, config->origin);
    size_t n = keys.n;
    memcpy(ret_vkeys, keys.vkey, sizeof keys.vkey);
    log_keys_close(&keys);
    return n;
}

bool signed_root_sign(struct signed_root *signed_root, const struct tree_edge *edge,
                      const struct log_keys *keys, struct err *err)
{
    struct buf text;
    buf_init(&text, CHECKPOINT_MAX);
    signed_root->size = edge->size;
    signed_root->stale = false;
    tree_edge_root(edge, &signed_root->root);
    checkpoint_text_of(&text, signed_root, keys->vkey[0].name);
    must(!buf_overflowed(&text));
    bool good = sign_try(keys->key[0], signed_root->signature, text.p, text.n, err) &&
                (keys->n == 1 || sign_try(keys->key[1], signed_root->before, text.p, text.n, err));
    buf_done(&text);
    return good;
}

void signed_root_note(struct buf *out, const struct signed_root *signed_root, const struct log_keys *keys)
{
    checkpoint_text_of(out, signed_root, keys->vkey[0].name);
    buf_text(out, "\n");
    note_signature_line(out, &keys->vkey[0], signed_root->signature);
    if (keys->n == 2)
        note_signature_line(out, &keys->vkey[1], signed_root->before);
}

static bool write_temporary(int folder, const struct buf *note, struct err *err)
{
    int fd = openat(folder, "checkpoint.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_errno(err, "checkpoint.new", "cannot create the file");
    bool good = write_full(fd, "checkpoint.new", note->p, note->n, 0, err);
    if (good && fsync(fd) != 0)
        good = err_errno(err, "checkpoint.new", "the disk did not confirm the checkpoint");
    close(fd);
    return good;
}

bool checkpoint_store(int folder, const struct signed_root *signed_root, const struct log_keys *keys,
                      struct err *err)
{
    struct buf note;
    buf_init(&note, CHECKPOINT_MAX);
    signed_root_note(&note, signed_root, keys);
    must(!buf_overflowed(&note));
    bool good = write_temporary(folder, &note, err);
    buf_done(&note);
    if (!good)
        return false;
    kill_point(KILL_CHECKPOINT_TMP);
    if (renameat(folder, "checkpoint.new", folder, "checkpoint") != 0)
        return err_errno(err, "checkpoint", "cannot put the new checkpoint in its place");
    kill_point(KILL_CHECKPOINT_DONE);
    return fsync(folder) == 0 || err_errno(err, "checkpoint", "the disk did not confirm the checkpoint");
}

/* The signature of this key in the note; false: it has none. */
static bool signature_by(const struct note *note, const struct note_vkey *vkey, uint8_t out[SIGNATURE_SIZE])
{
    struct note_signature *signature = malloc(sizeof *signature);
    struct str rest = note->signatures;
    bool found = false;
    must(signature != NULL);
    while (!found && rest.n != 0 && note_signature_next(&rest, signature))
        found = memcmp(signature->id, vkey->id, sizeof vkey->id) == 0 && signature->n == SIGNATURE_SIZE;
    if (found)
        memcpy(out, signature->bytes, SIGNATURE_SIZE);
    free(signature);
    return found;
}

/* Signed by any of the log's keys: while the key changes, the file may still be as the one before left it. */
static bool checkpoint_understand(struct str bytes, const struct log_keys *keys,
                                  struct signed_root *ret_signed, struct err *err)
{
    struct note note;
    struct checkpoint checkpoint;
    struct buf exact;
    if (!note_parse(bytes, &note, err) || !note_verify(&note, keys->vkey, keys->n, err) ||
        !checkpoint_parse(note.text, &checkpoint, err))
        return false;
    if (!str_eq(checkpoint.origin, keys->vkey[0].name))
        return err_set(err, ERR_CORRUPT, "", "the checkpoint is another log's");
    *ret_signed = (struct signed_root){.size = checkpoint.size, .root = checkpoint.root};
    bool all = signature_by(&note, &keys->vkey[0], ret_signed->signature) &&
               (keys->n == 1 || signature_by(&note, &keys->vkey[1], ret_signed->before));
    buf_init(&exact, CHECKPOINT_MAX);
    signed_root_note(&exact, ret_signed, keys);
    ret_signed->stale = !all || !str_eq(buf_view(&exact), bytes);
    buf_done(&exact);
    return true;
}

bool checkpoint_load(int folder, const struct log_keys *keys, struct signed_root *ret_signed, bool *ret_there,
                     struct err *err)
{
    char bytes[CHECKPOINT_MAX];
    int fd = openat(folder, "checkpoint", O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        *ret_there = false;
        return true;
    }
    ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
    if (n < 0)
        err_errno(err, "checkpoint", "cannot read the stored checkpoint");
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return false;
    if (!checkpoint_understand((struct str){bytes, (size_t)n}, keys, ret_signed, err)) {
        err->code = ERR_CORRUPT;
        err_at(err, "checkpoint");
        return false;
    }
    *ret_there = true;
    return true;
}

size_t ledger_vkeys(struct ledger *ledger, struct note_vkey ret_vkeys[LEDGER_VKEYS])
{
    pthread_mutex_lock(&ledger->lock);
    size_t n = ledger->keys.n;
    memcpy(ret_vkeys, ledger->keys.vkey, sizeof ledger->keys.vkey);
    pthread_mutex_unlock(&ledger->lock);
    return n;
}

void ledger_vkey(struct ledger *ledger, struct note_vkey *ret_key)
{
    struct note_vkey vkeys[LEDGER_VKEYS];
    (void)ledger_vkeys(ledger, vkeys);
    *ret_key = vkeys[0];
}

bool ledger_change_keys(struct ledger *ledger, struct sign_key *key, struct sign_key *before, struct err *err)
{
    struct key_change change = {0};
    log_keys_of(&change.to, key, before, str_of(ledger->origin));
    pthread_mutex_lock(&ledger->lock);
    ledger->key_change = &change;
    pthread_cond_broadcast(&ledger->work);
    while (!change.done && !ledger->former_gone)
        pthread_cond_wait(&ledger->published_more, &ledger->lock);
    while (change.good && !change.stored && !ledger->stopped)
        pthread_cond_wait(&ledger->published_more, &ledger->lock);
    ledger->key_change = NULL;
    if (change.good && !change.stored)
        *err = ledger->why;
    else if (!change.done && !ledger->stopped)
        err_set(err, ERR_STOPPED, "ledger", "the log is closed already");
    else if (!change.good)
        *err = change.done ? change.why : ledger->why;
    pthread_mutex_unlock(&ledger->lock);
    return change.good && change.stored;
}

static struct signed_root published_now(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    struct signed_root published = ledger->published;
    pthread_mutex_unlock(&ledger->lock);
    return published;
}

static struct str note_of(const struct signed_root *signed_root, const struct log_keys *keys,
                          struct arena *arena)
{
    struct buf note;
    buf_in(&note, arena, CHECKPOINT_MAX);
    signed_root_note(&note, signed_root, keys);
    return buf_view(&note);
}

/* The published checkpoint with the keys that signed it. */
static struct str note_now(struct ledger *ledger, struct arena *arena, struct signed_root *ret_published)
{
    pthread_mutex_lock(&ledger->lock);
    struct signed_root published = ledger->published;
    struct log_keys keys = ledger->keys;
    pthread_mutex_unlock(&ledger->lock);
    *ret_published = published;
    return note_of(&published, &keys, arena);
}

struct str ledger_checkpoint(struct ledger *ledger, struct arena *arena, struct checkpoint *ret_checkpoint)
{
    struct signed_root published;
    struct str note = note_now(ledger, arena, &published);
    if (ret_checkpoint != NULL)
        *ret_checkpoint = (struct checkpoint){str_of(ledger->origin), published.size, published.root};
    return note;
}

bool ledger_tile(struct ledger *ledger, const struct tile *tile, struct arena *arena, struct str *ret_bytes,
                 struct err *err)
{
    int level = tile->entries ? -1 : (int)tile->level;
    uint64_t size = published_now(ledger).size;
    unsigned width = tile->level < DERIVED_LEVELS ? tile_width(size, tile->level, tile->index) : 0;
    if (tile->width == 0 || tile->width > width || (tile->entries && tile->level != 0))
        return err_set(err, ERR_NOT_FOUND, "tile", "the log has %llu entries and no such tile yet",
                       (unsigned long long)size);
    char name[FILE_NAME_SIZE];
    size_t each = tile->entries ? LEAF_RECORD : HASH_SIZE, n = tile->width * each;
    char *bytes = arena_take(arena, n, 1);
    derived_name(name, level);
    if (!read_full(derived_fd(&ledger->derived, level), name, bytes, n, tile->index * TILE_WIDTH * each, err))
        return false;
    *ret_bytes = (struct str){bytes, n};
    return true;
}

bool ledger_prove(struct ledger *ledger, uint64_t leaf, struct arena *arena, struct tlog_proof *ret_proof,
                  struct err *err)
{
    pthread_mutex_lock(&ledger->lock);
    bool coming = leaf < ledger->numbered;
    while (coming && !ledger->read_only && !ledger->stopped && ledger->published.size <= leaf)
        pthread_cond_wait(&ledger->published_more, &ledger->lock);
    struct signed_root published = ledger->published;
    struct log_keys keys = ledger->keys;
    bool stopped = ledger->stopped;
    if (stopped)
        *err = ledger->why;
    pthread_mutex_unlock(&ledger->lock);
    if (leaf >= published.size)
        return coming && stopped
                   ? false
                   : err_set(err, ERR_NOT_FOUND, "ledger", "the log has %llu entries, no entry %llu",
                             (unsigned long long)published.size, (unsigned long long)leaf);
    struct tlog_proof proof = {.index = leaf};
    if (!tree_prove_inclusion(proof.path, &proof.path_n, leaf, published.size, derived_read_hash,
                              &ledger->derived))
        return err_set(err, ERR_IO, "hashes-0", "the hashes of the proof cannot be read: run aina fsck");
    proof.checkpoint = note_of(&published, &keys, arena);
    *ret_proof = proof;
    return true;
}

bool ledger_prove_consistency(struct ledger *ledger, uint64_t old_size, uint64_t size,
                              struct tree_hash proof[TREE_PROOF_MAX], size_t *ret_n, struct err *err)
{
    if (old_size > size || size > published_now(ledger).size)
        return err_set(err, ERR_NOT_FOUND, "ledger",
                       "no consistency proof from size %llu to %llu exists here",
                       (unsigned long long)old_size, (unsigned long long)size);
    if (!tree_prove_consistency(proof, ret_n, old_size, size, derived_read_hash, &ledger->derived))
        return err_set(err, ERR_IO, "hashes-0", "the hashes of the proof cannot be read: run aina fsck");
    return true;
}
