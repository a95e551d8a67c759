/* SPDX-License-Identifier: Apache-2.0 */
/* trust.h: whom a jurisdiction trusts to say who signed: its certificate authorities, and the rules by which
 * their certificates are read. All of it comes from the folder (jurisdictions/X/trust/, docs/signatures.md);
 * nothing of one country stands in code. src/jurisdiction/trust.c fills this structure; it never changes
 * after trust_ready() and may be shared by threads.
 *
 * The program knows *methods* (RSA, ECDSA, GOST R 34.10 on two curves, their hashes). The names of the
 * international algorithms are built in; national names and encodings of the same methods are the folder's.
 */
#ifndef SIGNATURE_TRUST_H
#define SIGNATURE_TRUST_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#define TRUST_CERTIFICATES_MAX 64
#define TRUST_ALGORITHMS_MAX 64
#define TRUST_LANGUAGES_MAX 8

enum key_method { KEY_NONE, KEY_RSA, KEY_EC, KEY_GOST_256_B, KEY_GOST_512_A };

enum hash_method {
    HASH_NONE,
    HASH_SHA1, /* names certificates in OCSP and time-stamps; never accepted under a signature */
    HASH_SHA256,
    HASH_SHA384,
    HASH_SHA512,
    HASH_STREEBOG_256,
    HASH_STREEBOG_512
};
#define HASH_OUT_MAX 64

enum algorithm_kind { ALGORITHM_KEY, ALGORITHM_HASH, ALGORITHM_SIGNATURE, ALGORITHM_REFUSED };

/* What an object identifier stands for. Encodings matter to GOST methods alone: RFC 9215 writes big-endian
 * with s first, others write little-endian with r first. */
struct algorithm {
    struct str oid; /* DER content bytes */
    enum algorithm_kind kind;
    enum key_method key;
    enum hash_method hash;
    bool big_endian, s_first; /* of signatures; of keys, big_endian is of the point's coordinates */
    struct str parameters;    /* keys: the parameter set that must stand beside it; empty: any */
    const char *words;        /* refused ones: why */
};

/* The same words in the folder's languages. */
struct trust_words {
    size_t n;
    struct {
        struct str language, text;
    } in[TRUST_LANGUAGES_MAX];
};
struct str trust_words_in(const struct trust_words *words, struct str language); /* else the first */

/* What a certificate may be used for: all of `key_usage` set, all of `extended` listed, and, if there are
 * any, at least one of the policies that name this use. */
struct trust_use {
    struct str id;      /* "sign", "login" */
    unsigned key_usage; /* KEY_USAGE_... of certificate_private.h */
    struct str *extended;
    size_t extended_n;
};

struct trust_policy {
    struct str oid, use;
    bool organisation; /* the certificate must carry an organisation's number */
    struct trust_words name;
};

/* What a certificate says about its owner: right to sign for an organisation, level of identification. */
struct trust_role {
    struct str id, oid;
    bool in_policies; /* else among the extended key usages */
    struct trust_words name;
    unsigned ial;        /* how surely the authority then knew the person; 0: says nothing of that */
    struct str capacity; /* of mandates (people/mandate.h) that this role may claim; empty: none */
    bool official;       /* with it an official of an agency may sign acts */
};

/* Where a number stands in the subject: the text after `prefix` of an attribute; never a part of a name. */
struct trust_number {
    bool organisation;
    struct str attribute, prefix, scheme;
};

/* How people sign with this authority's keys on our pages. What a protocol is stands in docs/signatures.md.
 */
struct trust_app {
    struct trust_words name;
    struct str before, after; /* the address that opens the app: before, our own address encoded, after */
};
struct trust_front {
    struct str computer;         /* "ncalayer": a program on the person's own computer, asked by the page */
    struct str computer_address; /* wss://127.0.0.1:PORT */
    struct trust_words computer_name;
    struct str phone;        /* "qr-signing": an app that fetches, signs and sends back */
    struct str phone_scheme; /* what stands before our address in the code to be scanned */
    struct str phone_number; /* of the organisation that the app is to show as the one who asks */
    struct trust_app *apps;
    size_t apps_n;
};

enum trust_missing { MISSING_REFUSE, MISSING_WAIT, MISSING_ACCEPT };

struct certificate;

struct trust_authority {
    struct str id;
    struct trust_words name;
    bool test;    /* a test authority: proves nothing; check digits of its numbers are not looked at */
    unsigned ial; /* how sure a signature that holds makes us of the person; roles may say more */
    struct trust_front front;
    struct trust_use *uses;
    size_t uses_n;
    struct trust_policy *policies;
    size_t policies_n;
    struct trust_role *roles;
    size_t roles_n;
    struct trust_number *numbers;
    size_t numbers_n;
    struct str *stamp_policies; /* empty: any */
    size_t stamp_policies_n;
    enum trust_missing stamp_missing, status_missing;
    bool responder_of_authority; /* an answer may be signed under any certificate of this authority */
    unsigned late_minutes;       /* an answer may be this much older than the signature */
    struct str stamp_url, ocsp_url, list_url;
};

struct trust {
    struct arena *arena;
    struct algorithm algorithms[TRUST_ALGORITHMS_MAX];
    size_t algorithms_n;
    struct trust_authority *authorities;
    size_t authorities_n;
    struct certificate *certificates[TRUST_CERTIFICATES_MAX]; /* anchors and intermediates of all */
    size_t certificates_n;
};

struct trust *trust_new(struct arena *arena) RETURNS_NONNULL;
/* Whether any certificate of the authority is there: without one nothing it signed can hold. */
bool trust_has_anchor(const struct trust *trust, const struct trust_authority *authority);

/* An algorithm's national name. Dotted OID; `method` as docs/signatures.md lists them. */
MUST_USE bool trust_add_algorithm(struct trust *trust, struct algorithm algorithm, struct err *err);
MUST_USE bool key_method_parse(struct str text, enum key_method *ret_method);
MUST_USE bool hash_method_parse(struct str text, enum hash_method *ret_method);
MUST_USE bool key_usage_parse(struct str text, unsigned *ret_bit);
const char *trust_oid_dotted(struct arena *arena, struct str oid);
MUST_USE bool trust_oid(struct arena *arena, struct str dotted, struct str *ret_oid);

/* Every certificate of a PEM file. An anchor must be signed by itself. */
MUST_USE bool trust_add_pem(struct trust *trust, struct str pem, const struct trust_authority *authority,
                            bool anchor, size_t *ret_n, struct err *err);

/* Checks intermediates against anchors, once. Call last. An intermediate that leads to no anchor is an error.
 */
MUST_USE bool trust_ready(struct trust *trust, struct err *err);
void trust_done(struct trust *trust); /* frees the keys; the rest is the arena's */

#endif
