/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/algorithm_private.h"

#include <nettle/streebog.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "base/err.h"
#include "signature/certificate_private.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define EC_BITS_MIN 256

#define OID(bytes) STR(bytes)
#define RSA_(n) OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01" n)
#define SHA2_(n) OID("\x60\x86\x48\x01\x65\x03\x04\x02" n)
#define ECDSA_(n) OID("\x2a\x86\x48\xce\x3d\x04\x03" n)
#define WEAK(oid_, words_)                                                                                   \
    {                                                                                                        \
        .oid = oid_, .kind = ALGORITHM_REFUSED, .words = words_                                              \
    }

static const struct algorithm built_in[] = {
    {.oid = RSA_("\x01"), .kind = ALGORITHM_KEY, .key = KEY_RSA},
    {.oid = OID("\x2a\x86\x48\xce\x3d\x02\x01"), .kind = ALGORITHM_KEY, .key = KEY_EC},
    {.oid = SHA2_("\x01"), .kind = ALGORITHM_HASH, .hash = HASH_SHA256},
    {.oid = SHA2_("\x02"), .kind = ALGORITHM_HASH, .hash = HASH_SHA384},
    {.oid = SHA2_("\x03"), .kind = ALGORITHM_HASH, .hash = HASH_SHA512},
    {.oid = OID("\x2b\x0e\x03\x02\x1a"), .kind = ALGORITHM_HASH, .hash = HASH_SHA1},
    {.oid = RSA_("\x0b"), .kind = ALGORITHM_SIGNATURE, .key = KEY_RSA, .hash = HASH_SHA256},
    {.oid = RSA_("\x0c"), .kind = ALGORITHM_SIGNATURE, .key = KEY_RSA, .hash = HASH_SHA384},
    {.oid = RSA_("\x0d"), .kind = ALGORITHM_SIGNATURE, .key = KEY_RSA, .hash = HASH_SHA512},
    {.oid = ECDSA_("\x02"), .kind = ALGORITHM_SIGNATURE, .key = KEY_EC, .hash = HASH_SHA256},
    {.oid = ECDSA_("\x03"), .kind = ALGORITHM_SIGNATURE, .key = KEY_EC, .hash = HASH_SHA384},
    {.oid = ECDSA_("\x04"), .kind = ALGORITHM_SIGNATURE, .key = KEY_EC, .hash = HASH_SHA512},
    WEAK(RSA_("\x04"), "RSA with MD5 can be forged"),
    WEAK(RSA_("\x05"), "RSA with SHA-1 can be forged"),
    WEAK(OID("\x2a\x86\x48\xce\x3d\x04\x01"), "ECDSA with SHA-1 can be forged"),
    WEAK(OID("\x2a\x86\x48\x86\xf7\x0d\x02\x05"), "MD5 can be forged"),
    WEAK(RSA_("\x0a"), "RSA-PSS is not in use by any authority served so far and is not read"),
};

static const struct {
    const char *name;
    enum hash_method hash;
    size_t size;
} hashes[] = {{"sha-1", HASH_SHA1, 20},
              {"sha-256", HASH_SHA256, 32},
              {"sha-384", HASH_SHA384, 48},
              {"sha-512", HASH_SHA512, 64},
              {"streebog-256", HASH_STREEBOG_256, 32},
              {"streebog-512", HASH_STREEBOG_512, 64}};

static const struct {
    const char *name;
    enum key_method key;
} keys[] = {
    {"rsa", KEY_RSA}, {"ecdsa", KEY_EC}, {"gost-256-b", KEY_GOST_256_B}, {"gost-512-a", KEY_GOST_512_A}};

bool hash_method_parse(struct str text, enum hash_method *ret_method)
{
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
        if (str_is(text, hashes[i].name)) {
            *ret_method = hashes[i].hash;
            return true;
        }
    return false;
}

bool key_method_parse(struct str text, enum key_method *ret_method)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (str_is(text, keys[i].name)) {
            *ret_method = keys[i].key;
            return true;
        }
    return false;
}

size_t hash_size(enum hash_method hash)
{
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
        if (hashes[i].hash == hash)
            return hashes[i].size;
    return 0;
}

/* Fetched once: OpenSSL 3 otherwise looks each up again at every use. */
static EVP_MD *fetched[HASH_SHA512 + 1];

static void fetch_all(void)
{
    fetched[HASH_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
    fetched[HASH_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
    fetched[HASH_SHA384] = EVP_MD_fetch(NULL, "SHA384", NULL);
    fetched[HASH_SHA512] = EVP_MD_fetch(NULL, "SHA512", NULL);
}

static const EVP_MD *evp_of(enum hash_method hash)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    must(pthread_once(&once, fetch_all) == 0 && hash <= HASH_SHA512 && fetched[hash] != NULL);
    return fetched[hash];
}

void hash_bytes(enum hash_method hash, const void *bytes, size_t n, uint8_t out[HASH_OUT_MAX])
{
    must(hash_size(hash) != 0);
    if (hash == HASH_STREEBOG_512) {
        struct streebog512_ctx state;
        streebog512_init(&state);
        streebog512_update(&state, n, bytes);
        streebog512_digest(&state, STREEBOG512_DIGEST_SIZE, out);
    } else if (hash == HASH_STREEBOG_256) {
        struct streebog256_ctx state;
        streebog256_init(&state);
        streebog256_update(&state, n, bytes);
        streebog256_digest(&state, STREEBOG256_DIGEST_SIZE, out);
    } else {
        must(EVP_Digest(bytes, n, out, NULL, evp_of(hash), NULL) == 1);
    }
}

bool algorithm_find(const struct trust *trust, struct der oid, struct arena *arena,
                    const struct algorithm **ret_algorithm, struct refusal *refusal)
{
    const struct algorithm *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(built_in) && found == NULL; i++)
        if (str_eq(built_in[i].oid, der_str(oid)))
            found = &built_in[i];
    for (size_t i = 0; trust != NULL && i < trust->algorithms_n && found == NULL; i++)
        if (str_eq(trust->algorithms[i].oid, der_str(oid)))
            found = &trust->algorithms[i];
    if (found == NULL)
        return refuse(refusal, REFUSED_ALGORITHM_UNKNOWN,
                      "%.100s is neither built in nor in the trust folder", oid_text(arena, oid));
    if (found->kind == ALGORITHM_REFUSED)
        return refuse(refusal, REFUSED_ALGORITHM, "%.200s", found->words);
    *ret_algorithm = found;
    return true;
}

bool algorithm_take(const struct trust *trust, struct der *rest, struct arena *arena,
                    const struct algorithm **ret_algorithm, struct refusal *refusal)
{
    struct der identifier, oid;
    if (!der_take(rest, DER_SEQUENCE, &identifier) || !der_take(&identifier, DER_OID, &oid))
        return refuse(refusal, REFUSED_FORM, "an algorithm's name is malformed");
    return algorithm_find(trust, oid, arena, ret_algorithm, refusal);
}

bool signing_of(const struct algorithm *signature, const struct algorithm *digest,
                struct signing *ret_signing, struct refusal *refusal)
{
    if (digest != NULL && digest->kind != ALGORITHM_HASH)
        return refuse(refusal, REFUSED_ALGORITHM_MIXED, "what stands for a hash is none");
    if (signature->kind == ALGORITHM_HASH || (signature->kind == ALGORITHM_KEY && digest == NULL))
        return refuse(refusal, REFUSED_ALGORITHM_MIXED, "what stands for a signature is none");
    enum hash_method hash = signature->kind == ALGORITHM_KEY ? digest->hash : signature->hash;
    if (digest != NULL && digest->hash != hash)
        return refuse(refusal, REFUSED_ALGORITHM_MIXED, "document and signature are hashed differently");
    if (hash == HASH_SHA1)
        return refuse(refusal, REFUSED_ALGORITHM, "SHA-1 can be forged");
    *ret_signing = (struct signing){signature->key, hash, signature->big_endian, signature->s_first};
    return true;
}

/* --- keys --- */

/* RSAPublicKey ::= SEQUENCE { n INTEGER, e INTEGER }, from its numbers: OpenSSL 3's own decoder of keys takes
 * four times as long as the signature that they check. */
static bool rsa_open(struct der bits, void **ret_evp, struct refusal *refusal)
{
    struct der numbers, n, e;
    uint8_t n_little[RSA_BITS_MAX / 8];
    uint64_t exponent = 0;
    if (!der_take(&bits, DER_SEQUENCE, &numbers) || bits.n != 0 || !der_take(&numbers, DER_INTEGER, &n) ||
        !der_take(&numbers, DER_INTEGER, &e) || numbers.n != 0 || n.n < 2 || e.n == 0 || e.n > 5 ||
        (n.p[0] & 0x80) != 0 || (e.p[0] & 0x80) != 0)
        return refuse_plain(refusal, REFUSED_KEY);
    if (n.p[0] == 0)
        n = (struct der){n.p + 1, n.n - 1};
    for (size_t i = 0; i < e.n; i++)
        exponent = exponent << 8 | e.p[i];
    if ((exponent & 1) == 0 || exponent < 3 || (n.p[n.n - 1] & 1) == 0 || n.n > sizeof n_little ||
        n.p[0] == 0)
        return refuse_plain(refusal, REFUSED_KEY);
    unsigned length = (unsigned)(8 * n.n) - (unsigned)__builtin_clz((unsigned)n.p[0] << 24);
    if (length < RSA_BITS_MIN)
        return refuse(refusal, REFUSED_KEY_WEAK, "%u bits; at least %d are needed", length, RSA_BITS_MIN);
    for (size_t i = 0; i < n.n; i++)
        n_little[i] = n.p[n.n - 1 - i];
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_BN("n", n_little, n.n),
                               OSSL_PARAM_construct_uint64("e", &exponent), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    must(context != NULL);
    bool ok = EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    EVP_PKEY_CTX_free(context);
    *ret_evp = key;
    return ok || refuse_plain(refusal, REFUSED_KEY);
}

static bool ec_open(struct der spki, void **ret_evp, struct refusal *refusal)
{
    const unsigned char *at = spki.p;
    EVP_PKEY *key = spki.n <= 1024 ? d2i_PUBKEY(NULL, &at, (long)spki.n) : NULL;
    bool ok = key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    if (!ok)
        refuse_plain(refusal, REFUSED_KEY);
    else if (EVP_PKEY_get_bits(key) < EC_BITS_MIN)
        ok = refuse(refusal, REFUSED_KEY_WEAK, "%d bits; at least %d are needed", EVP_PKEY_get_bits(key),
                    EC_BITS_MIN);
    if (ok)
        *ret_evp = key;
    else
        EVP_PKEY_free(key);
    return ok;
}

bool public_key_open(const struct trust *trust, struct der spki, struct arena *arena,
                     struct public_key *ret_key, struct refusal *refusal)
{
    struct der rest = spki, content, identifier, oid, bits, parameters, set;
    const struct algorithm *algorithm;
    struct public_key key = {0};
    if (!der_take(&rest, DER_SEQUENCE, &content) || !der_take(&content, DER_SEQUENCE, &identifier) ||
        !der_take(&identifier, DER_OID, &oid) || !der_take_bits(&content, &bits))
        return refuse_plain(refusal, REFUSED_KEY);
    if (!algorithm_find(trust, oid, arena, &algorithm, refusal))
        return false;
    if (algorithm->kind != ALGORITHM_KEY)
        return refuse(refusal, REFUSED_KEY, "what stands for a kind of key is none");
    if (algorithm->parameters.n != 0 &&
        (!der_take(&identifier, DER_SEQUENCE, &parameters) || !der_take(&parameters, DER_OID, &set) ||
         !str_eq(algorithm->parameters, der_str(set))))
        return refuse(refusal, REFUSED_KEY, "another set of curve parameters than the trust folder names");
    key.method = algorithm->key;
    key.big_endian = algorithm->big_endian;
    if (key.method == KEY_RSA) {
        if (!rsa_open(bits, &key.evp, refusal))
            return false;
    } else if (key.method == KEY_EC) {
        /* A curve written out instead of named is nobody's curve. */
        if (!der_next_is(&identifier, DER_OID))
            return refuse(refusal, REFUSED_KEY, "its curve is not a named one");
        if (!ec_open(spki, &key.evp, refusal))
            return false;
    } else if (!gost_key_open(key.method, bits, key.big_endian, &key.point)) {
        return refuse(refusal, REFUSED_KEY, "its point is not on the curve");
    }
    *ret_key = key;
    return true;
}

void public_key_close(struct public_key *key)
{
    EVP_PKEY_free(key->evp);
    if (key->point != NULL)
        gost_key_close(key->point);
    *key = (struct public_key){0};
}

static bool evp_check(const struct public_key *key, enum hash_method hash, struct der message,
                      struct der signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    bool holds = EVP_DigestVerifyInit(context, NULL, evp_of(hash), NULL, key->evp) == 1 &&
                 EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1;
    EVP_MD_CTX_free(context);
    return holds;
}

bool signature_check(const struct public_key *key, const struct signing *signing, struct der message,
                     struct der signature, struct refusal *refusal)
{
    if (key->method != signing->key)
        return refuse(refusal, REFUSED_ALGORITHM_MIXED, "the key is of another kind than the signature");
    bool holds;
    if (key->evp != NULL) {
        if (hash_size(signing->hash) == 0 || signing->hash >= HASH_STREEBOG_256)
            return refuse(refusal, REFUSED_ALGORITHM_MIXED, "this hash does not go with this kind of key");
        holds = evp_check(key, signing->hash, message, signature);
    } else {
        uint8_t digest[HASH_OUT_MAX];
        if (signing->hash != (key->method == KEY_GOST_512_A ? HASH_STREEBOG_512 : HASH_STREEBOG_256))
            return refuse(refusal, REFUSED_ALGORITHM_MIXED, "this hash does not go with this kind of key");
        hash_bytes(signing->hash, message.p, message.n, digest);
        holds = gost_check(key->point, key->method, digest, signature, signing->big_endian, signing->s_first);
    }
    return holds || refuse_plain(refusal, REFUSED_SIGNATURE);
}
