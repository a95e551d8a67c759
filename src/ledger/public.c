/* SPDX-License-Identifier: Apache-2.0 */
/* public.c: checkpoints, tiles and proofs: what the world sees. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/ledger_private.h"

static void checkpoint_text_of(struct buf *out, const struct signed_root *signed_root, struct str origin)
{
    struct checkpoint checkpoint = {origin, signed_root->size, signed_root->root};
    checkpoint_text(out, &checkpoint);
}

void signed_root_sign(struct signed_root *signed_root, const struct tree_edge *edge, struct str origin,
                      struct sign_key *key)
{
    struct buf text;
    buf_init(&text, CHECKPOINT_MAX);
    signed_root->size = edge->size;
    tree_edge_root(edge, &signed_root->root);
    checkpoint_text_of(&text, signed_root, origin);
    must(!buf_overflowed(&text));
    sign(key, signed_root->signature, text.p, text.n);
    buf_done(&text);
}

void signed_root_note(struct buf *out, const struct signed_root *signed_root, const struct note_vkey *vkey)
{
    checkpoint_text_of(out, signed_root, vkey->name);
    buf_text(out, "\n");
    note_signature_line(out, vkey, signed_root->signature);
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

bool checkpoint_store(int folder, const struct signed_root *signed_root, const struct note_vkey *vkey,
                      struct err *err)
{
    struct buf note;
    buf_init(&note, CHECKPOINT_MAX);
    signed_root_note(&note, signed_root, vkey);
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

static bool checkpoint_understand(struct str bytes, const struct note_vkey *vkey,
                                  struct signed_root *ret_signed, struct err *err)
{
    struct note note;
    struct checkpoint checkpoint;
    struct note_signature *signature = malloc(sizeof *signature);
    must(signature != NULL);
    bool good = note_parse(bytes, &note, err) && note_verify(&note, vkey, 1, err) &&
                checkpoint_parse(note.text, &checkpoint, err);
    if (good && !str_eq(checkpoint.origin, vkey->name))
        good = err_set(err, ERR_CORRUPT, "", "the checkpoint is another log's");
    struct str rest = good ? note.signatures : (struct str){0};
    bool found = false;
    while (good && !found && rest.n != 0 && note_signature_next(&rest, signature))
        found = memcmp(signature->id, vkey->id, sizeof vkey->id) == 0 && signature->n == SIGNATURE_SIZE;
    if (good && !found)
        good = err_set(err, ERR_CORRUPT, "", "the log's own signature is missing");
    if (good) {
        ret_signed->size = checkpoint.size;
        ret_signed->root = checkpoint.root;
        memcpy(ret_signed->signature, signature->bytes, SIGNATURE_SIZE);
    }
    free(signature);
    return good;
}

bool checkpoint_load(int folder, const struct note_vkey *vkey, struct signed_root *ret_signed,
                     bool *ret_there, struct err *err)
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
    if (!checkpoint_understand((struct str){bytes, (size_t)n}, vkey, ret_signed, err)) {
        err->code = ERR_CORRUPT;
        err_at(err, "checkpoint");
        return false;
    }
    *ret_there = true;
    return true;
}

void ledger_vkey(const struct ledger *ledger, struct note_vkey *ret_key)
{
    *ret_key = ledger->vkey;
}

static struct signed_root published_now(struct ledger *ledger)
{
    pthread_mutex_lock(&ledger->lock);
    struct signed_root published = ledger->published;
    pthread_mutex_unlock(&ledger->lock);
    return published;
}

static struct str note_in(const struct ledger *ledger, const struct signed_root *signed_root,
                          struct arena *arena)
{
    struct buf note;
    buf_in(&note, arena, CHECKPOINT_MAX);
    signed_root_note(&note, signed_root, &ledger->vkey);
    return buf_view(&note);
}

struct str ledger_checkpoint(struct ledger *ledger, struct arena *arena, struct checkpoint *ret_checkpoint)
{
    struct signed_root published = published_now(ledger);
    if (ret_checkpoint != NULL)
        *ret_checkpoint = (struct checkpoint){ledger->vkey.name, published.size, published.root};
    return note_in(ledger, &published, arena);
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
    proof.checkpoint = note_in(ledger, &published, arena);
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
