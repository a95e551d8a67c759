/* SPDX-License-Identifier: Apache-2.0 */
/* note.h: signed notes (c2sp.org/signed-note), checkpoints (c2sp.org/tlog-checkpoint) and receipts
 * (c2sp.org/tlog-proof). Parsers are strict and pure; parsed text points into the caller's bytes.
 */
#ifndef TLOG_NOTE_H
#define TLOG_NOTE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/sign.h"
#include "tlog/tree.h"

#define NOTE_SIGNATURES_MAX 64
#define NOTE_TYPE_ED25519 0x01

/* A verifier key: "<name>+<8 hex key id>+<base64(type ‖ key)>". */
struct note_vkey {
    struct str name;
    uint8_t id[4];
    uint8_t type;
    uint8_t key[SIGN_PUBLIC_SIZE]; /* of type 0x01 only; other types are parsed and never verify */
};

MUST_USE bool note_vkey_parse(struct str text, struct note_vkey *ret_key, struct err *err);
void note_vkey_make(struct note_vkey *ret_key, struct str name, const uint8_t public_key[SIGN_PUBLIC_SIZE]);
void note_vkey_text(struct buf *out, const struct note_vkey *key);

struct note_signature {
    struct str name;
    uint8_t id[4];
    uint8_t bytes[4096];
    size_t n; /* without the key id */
};

struct note {
    struct str text;       /* the signed text, with its final LF */
    struct str signatures; /* the signature lines */
};

/* Shape only: splits at the last empty line, checks UTF-8, control bytes, and every signature line. */
MUST_USE bool note_parse(struct str bytes, struct note *ret_note, struct err *err);

/* True when at least one of `keys` signed the note and no known (name, id) pair fails. Unknown pairs are
 * ignored, and keys of other types than Ed25519 count as unknown. */
MUST_USE bool note_verify(const struct note *note, const struct note_vkey *keys, size_t n, struct err *err);

/* Takes one signature line off the front of `*rest`. False: it is malformed. */
MUST_USE bool note_signature_next(struct str *rest, struct note_signature *ret_signature);

/* Signs `text` and adds the signature line "— name base64(id ‖ signature)" alone: the text and the empty line
 * stand in `note` already. */
void note_sign(struct buf *note, const struct note_vkey *vkey, struct sign_key *key, struct str text);
void note_signature_line(struct buf *note, const struct note_vkey *vkey,
                         const uint8_t signature[SIGNATURE_SIZE]);

struct checkpoint {
    struct str origin;
    uint64_t size;
    struct tree_hash root;
};

void checkpoint_text(struct buf *out, const struct checkpoint *checkpoint);
MUST_USE bool checkpoint_parse(struct str text, struct checkpoint *ret_checkpoint, struct err *err);

/* Origins: non-empty, no Unicode spaces, no '+', at most 255 bytes. */
bool checkpoint_origin_valid(struct str origin);

/* A tlog-proof: optional extra bytes, leaf number, inclusion path, signed checkpoint verbatim. */
struct tlog_proof {
    bool has_extra;
    struct str extra_base64; /* as it stands in the file */
    uint64_t index;
    size_t path_n;
    struct tree_hash path[TREE_PROOF_MAX];
    struct str checkpoint; /* the signed note */
};

void tlog_proof_text(struct buf *out, const struct tlog_proof *proof);
MUST_USE bool tlog_proof_parse(struct str bytes, struct tlog_proof *ret_proof, struct err *err);

#endif
