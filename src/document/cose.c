/* SPDX-License-Identifier: Apache-2.0 */
#include "document/cose.h"

#include "base/cbor.h"
#include "crypto/hash.h"

#define COSE_SIGN1 18
#define COSE_ES256 (-7)
enum { HEADER_ALGORITHM = 1, HEADER_KID = 4, HEADER_TYPE = 16 };

void kid_of(uint8_t ret_kid[KID_SIZE], struct str certificate)
{
    uint8_t hash[HASH_SIZE];
    sha256(hash, certificate.p, certificate.n);
    memcpy(ret_kid, hash, KID_SIZE);
}

void kid_text(char out[KID_TEXT_SIZE], const uint8_t kid[KID_SIZE])
{
    base64url_encode(out, kid, KID_SIZE);
}

static struct str to_be_signed(struct str head, struct str payload, struct arena *arena)
{
    struct buf out;
    buf_in(&out, arena, head.n + payload.n + 64);
    cbor_add(&out, CBOR_ARRAY, 4);
    cbor_add_string(&out, CBOR_TEXT, STR("Signature1"));
    cbor_add_string(&out, CBOR_BYTES, head);
    cbor_add_string(&out, CBOR_BYTES, STR(""));
    cbor_add_string(&out, CBOR_BYTES, payload);
    must(!buf_overflowed(&out));
    return buf_view(&out);
}

bool cose_sign1(const struct es256_key *key, const uint8_t kid[KID_SIZE], struct str type, struct str payload,
                struct arena *arena, struct buf *out, struct err *err)
{
    struct buf head;
    uint8_t signature[ES256_SIZE];
    buf_in(&head, arena, 256);
    cbor_add(&head, CBOR_MAP, type.n != 0 ? 3 : 2);
    cbor_add_int(&head, HEADER_ALGORITHM);
    cbor_add_int(&head, COSE_ES256);
    cbor_add_int(&head, HEADER_KID);
    cbor_add_string(&head, CBOR_BYTES, (struct str){(const char *)kid, KID_SIZE});
    if (type.n != 0) {
        cbor_add_int(&head, HEADER_TYPE);
        cbor_add_string(&head, CBOR_TEXT, type);
    }
    must(!buf_overflowed(&head));
    struct str bytes = to_be_signed(buf_view(&head), payload, arena);
    if (!es256_try(key, signature, bytes.p, bytes.n, err))
        return false;
    cbor_add(out, CBOR_TAGGED, COSE_SIGN1);
    cbor_add(out, CBOR_ARRAY, 4);
    cbor_add_string(out, CBOR_BYTES, buf_view(&head));
    cbor_add(out, CBOR_MAP, 0);
    cbor_add_string(out, CBOR_BYTES, payload);
    cbor_add_string(out, CBOR_BYTES, (struct str){(const char *)signature, sizeof signature});
    return true;
}

/* --- reading --- */

static bool off(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "code", "%s", what);
}

static bool take_head(struct str bytes, uint8_t kid[KID_SIZE])
{
    struct cbor cbor = cbor_of(bytes);
    struct str id;
    uint64_t n;
    int64_t key, algorithm;
    if (!cbor_open(&cbor, CBOR_MAP, &n) || n != 2 || !cbor_int(&cbor, &key) || key != HEADER_ALGORITHM ||
        !cbor_int(&cbor, &algorithm) || algorithm != COSE_ES256 || !cbor_int(&cbor, &key) ||
        key != HEADER_KID || !cbor_string(&cbor, CBOR_BYTES, &id) || id.n != KID_SIZE || !cbor_done(&cbor))
        return false;
    memcpy(kid, id.p, KID_SIZE);
    return true;
}

bool cose_read(struct str bytes, struct arena *arena, struct cose *ret, struct err *err)
{
    struct cbor cbor = cbor_of(bytes);
    struct str head, signature;
    uint64_t n;
    if (!cbor_tag(&cbor, COSE_SIGN1) || !cbor_open(&cbor, CBOR_ARRAY, &n) || n != 4 ||
        !cbor_string(&cbor, CBOR_BYTES, &head))
        return off(err, "is not a signed document (COSE_Sign1)");
    if (!take_head(head, ret->kid))
        return off(err,
                   "is not signed with ES256 under a key with a name of 8 bytes, or is not written in the "
                   "one form");
    if (!cbor_open(&cbor, CBOR_MAP, &n) || n != 0)
        return off(err, "says something that is not signed");
    if (!cbor_string(&cbor, CBOR_BYTES, &ret->payload) || !cbor_string(&cbor, CBOR_BYTES, &signature) ||
        signature.n != ES256_SIZE || !cbor_done(&cbor))
        return off(err, "is cut short, or goes on after its signature");
    memcpy(ret->signature, signature.p, ES256_SIZE);
    ret->to_be_signed = to_be_signed(head, ret->payload, arena);
    return true;
}
