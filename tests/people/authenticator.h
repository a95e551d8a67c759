/* SPDX-License-Identifier: Apache-2.0 */
/* authenticator.h: an authenticator and a browser in software, with a knob for everything that may be wrong.
 */
#ifndef TESTS_PEOPLE_AUTHENTICATOR_H
#define TESTS_PEOPLE_AUTHENTICATOR_H

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "crypto/hash.h"
#include "people/webauthn.h"
#include "tests/people/cbor_put.h"

struct authenticator {
    enum webauthn_algorithm algorithm;
    EVP_PKEY *key;
    uint8_t id[32], aaguid[16];
    uint32_t count;
};

enum attestation { ATTEST_NONE, ATTEST_SELF, ATTEST_CERTIFICATE, ATTEST_OTHER };

/* Zero is right; everything else is a fault, or a choice. */
struct ceremony {
    const char *type, *origin, *rp, *client_data; /* client_data: sent as it stands */
    struct str challenge;
    const char *more; /* further members of the client data, with a comma before */
    uint8_t flags_set, flags_clear;
    enum attestation attestation;
    EVP_PKEY *batch; /* of ATTEST_CERTIFICATE */
    X509 *certificate;
    bool bad_signature, trailing, extension;
    const char *format;
};

static inline struct authenticator authenticator_new(enum webauthn_algorithm algorithm)
{
    struct authenticator a = {.algorithm = algorithm, .count = 0};
    switch (algorithm) {
    case WEBAUTHN_ES256: a.key = EVP_EC_gen("P-256"); break;
    case WEBAUTHN_EDDSA: a.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); break;
    case WEBAUTHN_RS256: a.key = EVP_RSA_gen(2048); break;
    }
    must(a.key != NULL);
    random_bytes(a.id, sizeof a.id);
    memset(a.aaguid, 0x5a, sizeof a.aaguid);
    return a;
}

static inline void put_cose(struct buf *out, const struct authenticator *a)
{
    uint8_t bytes[256];
    size_t n;
    BIGNUM *x = NULL, *y = NULL;
    if (a->algorithm == WEBAUTHN_EDDSA) {
        cbor_put(out, 5, 4), cbor_put_int(out, 1), cbor_put_int(out, 1), cbor_put_int(out, 3);
        cbor_put_int(out, WEBAUTHN_EDDSA), cbor_put_int(out, -1), cbor_put_int(out, 6);
        n = 32;
        must(EVP_PKEY_get_raw_public_key(a->key, bytes, &n) == 1);
        cbor_put_int(out, -2), cbor_put_bytes(out, 2, bytes, 32);
        return;
    }
    bool rsa = a->algorithm == WEBAUTHN_RS256;
    must(EVP_PKEY_get_bn_param(a->key, rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1);
    must(EVP_PKEY_get_bn_param(a->key, rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1);
    cbor_put(out, 5, rsa ? 4 : 5), cbor_put_int(out, 1), cbor_put_int(out, rsa ? 3 : 2), cbor_put_int(out, 3);
    cbor_put_int(out, a->algorithm);
    if (!rsa)
        cbor_put_int(out, -1), cbor_put_int(out, 1);
    n = rsa ? 256 : 32;
    must(BN_bn2binpad(x, bytes, (int)n) == (int)n);
    cbor_put_int(out, rsa ? -1 : -2), cbor_put_bytes(out, 2, bytes, n);
    n = rsa ? 3 : 32;
    must(BN_bn2binpad(y, bytes, (int)n) == (int)n);
    cbor_put_int(out, rsa ? -2 : -3), cbor_put_bytes(out, 2, bytes, n);
    BN_free(x);
    BN_free(y);
}

static inline void put_auth_data(struct buf *out, const struct authenticator *a, const struct ceremony *c,
                                 bool with_key)
{
    uint8_t hash[HASH_SIZE];
    const char *rp = c->rp ? c->rp : "aina.example";
    sha256(hash, rp, strlen(rp));
    buf_add(out, hash, sizeof hash);
    uint8_t flags = (uint8_t)(0x05 | (with_key ? 0x40 : 0) | (c->extension ? 0x80 : 0) | c->flags_set);
    buf_byte(out, flags & (uint8_t)~c->flags_clear);
    buf_u32be(out, a->count);
    if (with_key) {
        buf_add(out, a->aaguid, 16);
        buf_u16be(out, sizeof a->id);
        buf_add(out, a->id, sizeof a->id);
        put_cose(out, a);
    }
    if (c->extension)
        cbor_put(out, 5, 1), cbor_put_bytes(out, 3, "credProtect", 11), cbor_put_int(out, 2);
    if (c->trailing)
        buf_byte(out, 0);
}

static inline void put_client_data(struct buf *out, const struct ceremony *c, const char *type)
{
    char challenge[128];
    if (c->client_data != NULL) {
        buf_text(out, c->client_data);
        return;
    }
    base64url_encode(challenge, c->challenge.p, c->challenge.n);
    buf_printf(out, "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s}", c->type ? c->type : type,
               challenge, c->origin ? c->origin : "https://aina.example", c->more ? c->more : "");
}

static inline void put_signature(struct buf *out, EVP_PKEY *key, bool eddsa, struct str auth_data,
                                 struct str client_data, bool bad)
{
    uint8_t signature[512], message[8192];
    size_t n = sizeof signature;
    memcpy(message, auth_data.p, auth_data.n);
    sha256(message + auth_data.n, client_data.p, client_data.n);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, eddsa ? NULL : EVP_sha256(), NULL, key) == 1);
    must(EVP_DigestSign(context, signature, &n, message, auth_data.n + HASH_SIZE) == 1);
    EVP_MD_CTX_free(context);
    if (bad)
        signature[n - 1] ^= 1;
    buf_add(out, signature, n);
}

static inline struct webauthn_registration
authenticator_register(const struct authenticator *a, const struct ceremony *c, struct arena *arena)
{
    struct buf client, auth, out, signature;
    buf_in(&client, arena, 65536), buf_in(&auth, arena, 65536), buf_in(&out, arena, 65536);
    buf_in(&signature, arena, 65536);
    put_client_data(&client, c, "webauthn.create");
    put_auth_data(&auth, a, c, true);
    bool own = c->attestation == ATTEST_SELF;
    const char *format = c->format ? c->format : c->attestation == ATTEST_NONE ? "none" : "packed";
    cbor_put(&out, 5, 3);
    cbor_put_bytes(&out, 3, "fmt", 3), cbor_put_bytes(&out, 3, format, strlen(format));
    cbor_put_bytes(&out, 3, "attStmt", 7);
    if (c->attestation == ATTEST_NONE) {
        cbor_put(&out, 5, 0);
    } else {
        put_signature(&signature, own ? a->key : c->batch, own && a->algorithm == WEBAUTHN_EDDSA,
                      buf_view(&auth), buf_view(&client), c->bad_signature);
        cbor_put(&out, 5, own ? 2 : 3);
        cbor_put_bytes(&out, 3, "alg", 3), cbor_put_int(&out, own ? a->algorithm : WEBAUTHN_ES256);
        cbor_put_bytes(&out, 3, "sig", 3), cbor_put_bytes(&out, 2, signature.p, signature.n);
        if (!own) {
            unsigned char *der = NULL;
            int n = i2d_X509(c->certificate, &der);
            cbor_put_bytes(&out, 3, "x5c", 3), cbor_put(&out, 4, 1);
            cbor_put_bytes(&out, 2, der, (size_t)n);
            OPENSSL_free(der);
        }
    }
    cbor_put_bytes(&out, 3, "authData", 8), cbor_put_bytes(&out, 2, auth.p, auth.n);
    return (struct webauthn_registration){buf_view(&client), buf_view(&out)};
}

static inline struct webauthn_assertion authenticator_assert(const struct authenticator *a,
                                                             const struct ceremony *c, struct arena *arena)
{
    struct buf client, auth, signature;
    buf_in(&client, arena, 65536), buf_in(&auth, arena, 65536), buf_in(&signature, arena, 65536);
    put_client_data(&client, c, "webauthn.get");
    put_auth_data(&auth, a, c, false);
    put_signature(&signature, a->key, a->algorithm == WEBAUTHN_EDDSA, buf_view(&auth), buf_view(&client),
                  c->bad_signature);
    return (struct webauthn_assertion){buf_view(&client), buf_view(&auth), buf_view(&signature)};
}

/* A certificate as a maker of authenticators issues it; self-signed, so it is its own root. */
static inline X509 *batch_certificate(EVP_PKEY *key, const char *unit, const uint8_t *aaguid)
{
    X509 *x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (const unsigned char *)"KZ", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Maker", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const unsigned char *)unit, -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Batch", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    X509_EXTENSION *plain = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:FALSE");
    X509_add_ext(x, plain, -1);
    X509_EXTENSION_free(plain);
    if (aaguid != NULL) {
        uint8_t value[18] = {4, 16};
        memcpy(value + 2, aaguid, 16);
        ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(octets, value, sizeof value);
        ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
        X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, octets);
        X509_add_ext(x, extension, -1);
        X509_EXTENSION_free(extension);
        ASN1_OBJECT_free(oid);
        ASN1_OCTET_STRING_free(octets);
    }
    must(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

#endif
