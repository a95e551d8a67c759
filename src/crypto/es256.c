/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/es256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/keys.h"

#define POINT_SIZE (1 + ES256_PUBLIC_SIZE) /* 0x04 ‖ x ‖ y */

struct es256_key {
    EVP_PKEY *pair; /* of a key elsewhere: the public half */
    es256_fn *elsewhere;
    void *arg;
    uint8_t public_key[ES256_PUBLIC_SIZE];
};

/* `secret` may be NULL: a public key alone. NULL when OpenSSL does not take it. */
static EVP_PKEY *make(const uint8_t point[POINT_SIZE], const BIGNUM *secret)
{
    EVP_PKEY *out = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    must(build != NULL && context != NULL);
    must(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1);
    must(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, POINT_SIZE) == 1);
    if (secret != NULL)
        must(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    must(parameters != NULL && EVP_PKEY_fromdata_init(context) == 1);
    if (EVP_PKEY_fromdata(context, &out, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        out = NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return out;
}

static bool in_range(const uint8_t secret[ES256_SECRET_SIZE], const EC_GROUP *group, BIGNUM *number)
{
    must(BN_bin2bn(secret, ES256_SECRET_SIZE, number) != NULL);
    return !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0;
}

static EC_GROUP *curve(void)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    must(group != NULL);
    return group;
}

void es256_draw(uint8_t ret_secret[ES256_SECRET_SIZE])
{
    EC_GROUP *group = curve();
    BIGNUM *number = BN_secure_new();
    must(number != NULL);
    do
        random_bytes(ret_secret, ES256_SECRET_SIZE);
    while (!in_range(ret_secret, group, number));
    BN_clear_free(number);
    EC_GROUP_free(group);
}

struct es256_key *es256_key_new(const uint8_t secret[ES256_SECRET_SIZE])
{
    struct es256_key *key = NULL;
    uint8_t point[POINT_SIZE];
    EC_GROUP *group = curve();
    BIGNUM *number = BN_secure_new();
    EC_POINT *at = EC_POINT_new(group);
    must(number != NULL && at != NULL);
    if (in_range(secret, group, number)) {
        key = calloc(1, sizeof *key);
        must(key != NULL && EC_POINT_mul(group, at, number, NULL, NULL, NULL) == 1);
        must(EC_POINT_point2oct(group, at, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL) ==
             sizeof point);
        memcpy(key->public_key, point + 1, ES256_PUBLIC_SIZE);
        key->pair = make(point, number);
        must(key->pair != NULL);
    }
    EC_POINT_free(at);
    BN_clear_free(number);
    EC_GROUP_free(group);
    return key;
}

struct es256_key *es256_key_elsewhere(const uint8_t public_key[ES256_PUBLIC_SIZE], es256_fn *fn, void *arg)
{
    uint8_t point[POINT_SIZE] = {4};
    struct es256_key *key = calloc(1, sizeof *key);
    must(key != NULL);
    memcpy(key->public_key, public_key, ES256_PUBLIC_SIZE);
    memcpy(point + 1, public_key, ES256_PUBLIC_SIZE);
    key->pair = make(point, NULL);
    key->elsewhere = fn;
    key->arg = arg;
    if (key->pair == NULL) { /* no point of the curve */
        free(key);
        return NULL;
    }
    return key;
}

void es256_key_free(struct es256_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pair);
    free(key);
}

void es256_public(const struct es256_key *key, uint8_t out[ES256_PUBLIC_SIZE])
{
    memcpy(out, key->public_key, ES256_PUBLIC_SIZE);
}

bool es256_try(const struct es256_key *key, uint8_t out[ES256_SIZE], const void *message, size_t n,
               struct err *err)
{
    if (key->elsewhere != NULL)
        return key->elsewhere(key->arg, out, message, n, err);
    es256_sign(key, out, message, n);
    return true;
}

void es256_sign(const struct es256_key *key, uint8_t out[ES256_SIZE], const void *message, size_t n)
{
    uint8_t der[80];
    size_t der_n = sizeof der;
    must(key->elsewhere == NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pair) == 1);
    must(EVP_DigestSign(context, der, &der_n, message, n) == 1);
    EVP_MD_CTX_free(context);
    const uint8_t *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_n);
    must(pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32) == 32);
    ECDSA_SIG_free(pair);
}

/* r ‖ s as the SEQUENCE that certificates and OpenSSL want; from OPENSSL_malloc. */
static int der_of(const uint8_t signature[ES256_SIZE], uint8_t **ret_der)
{
    BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    must(r != NULL && s != NULL && pair != NULL && ECDSA_SIG_set0(pair, r, s) == 1);
    *ret_der = NULL;
    int n = i2d_ECDSA_SIG(pair, ret_der);
    must(n > 0);
    ECDSA_SIG_free(pair);
    return n;
}

static bool verify(EVP_PKEY *key, const uint8_t signature[ES256_SIZE], const void *message, size_t n)
{
    uint8_t *der;
    int der_n = der_of(signature, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1);
    bool good = EVP_DigestVerify(context, der, (size_t)der_n, message, n) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    return good;
}

bool es256_verify(const uint8_t public_key[ES256_PUBLIC_SIZE], const uint8_t signature[ES256_SIZE],
                  const void *message, size_t n)
{
    uint8_t point[POINT_SIZE] = {4};
    memcpy(point + 1, public_key, ES256_PUBLIC_SIZE);
    EVP_PKEY *key = make(point, NULL);
    bool good = key != NULL && verify(key, signature, message, n);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* a bad signature is an answer here, no error for later callers to find */
    return good;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

/* Signed by another key first, which sets all but the signature itself; what is signed then says nothing of
 * that key. */
static bool sign_elsewhere(X509 *c, const struct es256_key *key, struct err *err)
{
    uint8_t secret[ES256_SECRET_SIZE], signature[ES256_SIZE], *signed_part = NULL, *der;
    const ASN1_BIT_STRING *place;
    es256_draw(secret);
    struct es256_key *other = es256_key_new(secret);
    must(other != NULL && X509_sign(c, other->pair, EVP_sha256()) > 0);
    es256_key_free(other);
    int n = i2d_re_X509_tbs(c, &signed_part);
    must(n > 0);
    bool ok = es256_try(key, signature, signed_part, (size_t)n, err);
    OPENSSL_free(signed_part);
    if (!ok)
        return false;
    int der_n = der_of(signature, &der);
    X509_get0_signature(&place, NULL, c);
    must(ASN1_BIT_STRING_set((ASN1_BIT_STRING *)place, der, der_n) == 1);
    OPENSSL_free(der);
    return true;
}

bool es256_certificate(const struct es256_key *key, struct str name, int64_t from, int64_t until,
                       struct buf *out, struct err *err)
{
    uint8_t serial[16], *der = NULL;
    X509 *c = X509_new();
    X509_NAME *who = X509_NAME_new();
    BIGNUM *number = BN_new();
    must(c != NULL && who != NULL && number != NULL);
    random_bytes(serial, sizeof serial);
    serial[0] &= 0x7f;
    must(BN_bin2bn(serial, sizeof serial, number) != NULL);
    must(X509_set_version(c, X509_VERSION_3) == 1);
    must(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c)) != NULL);
    must(X509_NAME_add_entry_by_NID(who, NID_commonName, MBSTRING_UTF8, (const unsigned char *)name.p,
                                    (int)MIN_OF(name.n, 64), -1, 0) == 1);
    must(X509_set_subject_name(c, who) == 1 && X509_set_issuer_name(c, who) == 1);
    must(ASN1_TIME_set(X509_getm_notBefore(c), (time_t)from) != NULL);
    must(ASN1_TIME_set(X509_getm_notAfter(c), (time_t)until) != NULL);
    must(X509_set_pubkey(c, key->pair) == 1);
    add_extension(c, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(c, NID_key_usage, "critical,digitalSignature");
    bool ok =
        key->elsewhere != NULL ? sign_elsewhere(c, key, err) : X509_sign(c, key->pair, EVP_sha256()) > 0;
    if (ok) {
        int n = i2d_X509(c, &der);
        must(n > 0);
        buf_add(out, der, (size_t)n);
        OPENSSL_free(der);
    }
    BN_free(number);
    X509_NAME_free(who);
    X509_free(c);
    return ok;
}

bool es256_of_certificate(struct str der, uint8_t ret_public[ES256_PUBLIC_SIZE])
{
    const uint8_t *at = (const uint8_t *)der.p;
    uint8_t point[POINT_SIZE];
    char group[32];
    size_t n = 0;
    X509 *c = d2i_X509(NULL, &at, (long)der.n);
    EVP_PKEY *key = c != NULL ? X509_get0_pubkey(c) : NULL;
    bool good = key != NULL && at == (const uint8_t *)der.p + der.n && EVP_PKEY_is_a(key, "EC") == 1 &&
                EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
                strcmp(group, "prime256v1") == 0 &&
                EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n) == 1 &&
                n == POINT_SIZE && point[0] == 4;
    if (good)
        memcpy(ret_public, point + 1, ES256_PUBLIC_SIZE);
    X509_free(c);
    ERR_clear_error();
    return good;
}
