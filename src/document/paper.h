/* SPDX-License-Identifier: Apache-2.0 */
/* paper.h: a document as a code that stands on paper: format AD1. Pure: bytes in, bytes out.
 *
 *     text     = "AD1:" ‖ Base45( zlib( COSE_Sign1 ) )              fits a QR code's alphanumeric mode
 *     COSE     = 18([ protected, {}, payload, signature ])          RFC 9052; ES256; protected {1: -7, 4:
 * kid} payload  = { 1: issuer, 4: end, 6: issued, 7: id[16], 65535: {"status_list": {"idx", "uri"}}, 169: {
 * 1: number, 4: name ... }, -65537: { 1: kind, 2: number, 3 ...: what it says } }
 *
 * Written in deterministic CBOR (RFC 8949, 4.2.1), and read in no other: a code that could be written another
 * way is refused, so that one document has one code. The fields of an Aina document are PAPER_FIELDS;
 * documents of other issuers may have their own. Times are seconds since 1970. A reader must not take a
 * decoded paper for a checked one: that is verify.h's matter.
 *
 * Limits: text 4,296 characters (what a QR code holds), unpacked 64 KiB, PAPER_FIELDS_MAX fields.
 */
#ifndef DOCUMENT_PAPER_H
#define DOCUMENT_PAPER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "document/cose.h"

#define PAPER_PREFIX "AD1:"
#define PAPER_TEXT_MAX 4296
#define PAPER_ID_SIZE 16
#define PAPER_FIELDS_MAX 32

/* Claim 169 (MOSIP's numbers). */
enum { PAPER_PERSON_NUMBER = 1, PAPER_PERSON_NAME = 4, PAPER_PERSON_BORN = 8 };

/* Claim -65537 of an Aina document: key, name, what it is. */
#define PAPER_FIELDS(X)                                                                                      \
    X(PAPER_KIND, 1, "kind", "what is issued: ids of the service and of its document")                       \
    X(PAPER_NUMBER, 2, "number", "the document's number")                                                    \
    X(PAPER_TITLE, 3, "title", "its name, in the language it was issued in")                                 \
    X(PAPER_WORDS, 4, "words", "what it says")                                                               \
    X(PAPER_AGENCY, 5, "agency", "id of the agency that issued it")                                          \
    X(PAPER_LANGUAGE, 6, "language", "of title and words")                                                   \
    X(PAPER_REPLACES, 7, "replaces", "number of the document that it takes the place of")
enum {
#define X(id, key, name, what) id = key,
    PAPER_FIELDS(X)
#undef X
};

struct paper_field {
    int64_t key;
    bool is_number, is_bytes; /* neither: text */
    int64_t number;
    struct str text;
};

struct paper {
    struct str issuer;
    int64_t issued, expires; /* expires 0: none said */
    uint8_t id[PAPER_ID_SIZE];
    struct str status_uri; /* empty: cannot be revoked */
    uint64_t status_index;
    struct paper_field person[PAPER_FIELDS_MAX], field[PAPER_FIELDS_MAX]; /* by key */
    size_t person_n, fields_n;
};

/* As read; the paper's texts point into it. */
struct paper_read {
    struct paper paper;
    struct cose cose;
};

void paper_set(struct paper *paper, int64_t key, struct str text);        /* a field; empty: left out */
void paper_set_person(struct paper *paper, int64_t key, struct str text); /* keys in rising order, both */
struct str paper_get(const struct paper *paper, int64_t key);             /* empty: absent, or no text */
struct str paper_get_person(const struct paper *paper, int64_t key);

/* Signs and writes the text. ERR_TOO_LARGE when it does not fit a QR code. */
MUST_USE bool paper_write(const struct paper *paper, const struct es256_key *key, const uint8_t kid[KID_SIZE],
                          struct arena *arena, struct buf *out, struct err *err);
/* ERR_INVALID with what is off. */
MUST_USE bool paper_read(struct str text, struct arena *arena, struct paper_read *ret_read, struct err *err);

#endif
