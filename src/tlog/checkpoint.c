/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/note.h"

void checkpoint_text(struct buf *out, const struct checkpoint *checkpoint)
{
    buf_str(out, checkpoint->origin);
    buf_byte(out, '\n');
    buf_u64(out, checkpoint->size);
    buf_byte(out, '\n');
    buf_base64(out, checkpoint->root.b, HASH_SIZE);
    buf_byte(out, '\n');
}

/* One line, which must end in LF. */
static bool line_next(struct str *rest, struct str *ret_line)
{
    return memchr(rest->p, '\n', rest->n) != NULL && str_next(rest, '\n', ret_line);
}

static bool hash_line(struct str line, struct tree_hash *ret_hash)
{
    struct tree_hash hash;
    size_t n;
    if (!base64_decode(hash.b, HASH_SIZE, line, &n) || n != HASH_SIZE)
        return false;
    *ret_hash = hash;
    return true;
}

bool checkpoint_parse(struct str text, struct checkpoint *ret_checkpoint, struct err *err)
{
    struct checkpoint checkpoint;
    struct tree_hash empty;
    struct str rest = text, line;
    if (text.n == 0 || !line_next(&rest, &checkpoint.origin) || !checkpoint_origin_valid(checkpoint.origin))
        return err_set(err, ERR_INVALID, "checkpoint",
                       "line 1 must be the origin: a name without spaces or +");
    if (!line_next(&rest, &line) || !text_u64(line, &checkpoint.size))
        return err_set(err, ERR_INVALID, "checkpoint", "line 2 must be the size in decimal digits");
    if (!line_next(&rest, &line) || !hash_line(line, &checkpoint.root))
        return err_set(err, ERR_INVALID, "checkpoint", "line 3 must be the root hash: 32 bytes in base64");
    while (rest.n != 0) /* extension lines are the log's business, but a line they must be */
        if (!line_next(&rest, &line) || line.n == 0)
            return err_set(err, ERR_INVALID, "checkpoint", "a line after the third is empty or not ended");
    sha256(empty.b, NULL, 0);
    if (checkpoint.size == 0 && memcmp(empty.b, checkpoint.root.b, HASH_SIZE) != 0)
        return err_set(err, ERR_INVALID, "checkpoint",
                       "a list of no entries must have the empty tree's root");
    *ret_checkpoint = checkpoint;
    return true;
}

#define PROOF_HEADER "c2sp.org/tlog-proof@v1"

void tlog_proof_text(struct buf *out, const struct tlog_proof *proof)
{
    buf_text(out, PROOF_HEADER "\n");
    if (proof->has_extra) {
        buf_text(out, "extra ");
        buf_str(out, proof->extra_base64);
        buf_byte(out, '\n');
    }
    buf_text(out, "index ");
    buf_u64(out, proof->index);
    buf_byte(out, '\n');
    for (size_t i = 0; i < proof->path_n; i++) {
        buf_base64(out, proof->path[i].b, HASH_SIZE);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_str(out, proof->checkpoint);
}

/* Strict base64 of any length, looked at in pieces: padding may stand in the last one only. */
static bool base64_valid(struct str text)
{
    enum { PIECE = 1024 };
    uint8_t bytes[PIECE / 4 * 3];
    size_t n;
    while (text.n > PIECE) {
        if (!base64_decode(bytes, sizeof bytes, (struct str){text.p, PIECE}, &n) || n != sizeof bytes)
            return false;
        text = str_from(text, PIECE);
    }
    return base64_decode(bytes, sizeof bytes, text, &n) && n != 0;
}

bool tlog_proof_parse(struct str bytes, struct tlog_proof *ret_proof, struct err *err)
{
    static const char place[] = "proof";
    struct tlog_proof proof = {0};
    struct str rest = bytes, line;
    if (bytes.n == 0 || !line_next(&rest, &line) || !str_is(line, PROOF_HEADER))
        return err_set(err, ERR_INVALID, place, "line 1 must be " PROOF_HEADER "; is this a receipt?");
    if (!line_next(&rest, &line))
        return err_set(err, ERR_INVALID, place, "it ends after line 1; the file was cut short");
    if (str_starts(line, STR("extra "))) {
        proof.has_extra = true;
        proof.extra_base64 = str_from(line, 6);
        if (!base64_valid(proof.extra_base64))
            return err_set(err, ERR_INVALID, place, "the line 'extra' is not base64");
        if (!line_next(&rest, &line))
            return err_set(err, ERR_INVALID, place, "it ends after the line 'extra'; the file was cut short");
    }
    if (!str_starts(line, STR("index ")) || !text_u64(str_from(line, 6), &proof.index))
        return err_set(err, ERR_INVALID, place, "a line 'index' with a decimal number must stand here");
    for (;;) {
        if (!line_next(&rest, &line))
            return err_set(err, ERR_INVALID, place, "no empty line ends the hashes; the file was cut short");
        if (line.n == 0)
            break;
        if (proof.path_n == TREE_PROOF_MAX || !hash_line(line, &proof.path[proof.path_n]))
            return err_set(err, ERR_INVALID, place, "hash %zu is not 32 bytes in base64, or one too many",
                           proof.path_n + 1);
        proof.path_n++;
    }
    if (rest.n == 0)
        return err_set(err, ERR_INVALID, place, "the signed checkpoint is missing; the file was cut short");
    proof.checkpoint = rest;
    *ret_proof = proof;
    return true;
}
