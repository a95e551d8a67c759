/* SPDX-License-Identifier: Apache-2.0 */
#include "people/webauthn.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/cbor.h"
#include "people/webauthn_private.h"

static const char *const codes[] = {
#define X(id, code, words) code,
    WEBAUTHN_REFUSALS(X)
#undef X
};

const char *webauthn_refusal_code(enum webauthn_refusal refusal)
{
    return codes[refusal];
}

/* --- client data --- */

static json_t *client_data_open(struct str client_data)
{
    if (client_data.n == 0 || client_data.n > WEBAUTHN_CLIENT_DATA_MAX)
        return NULL;
    json_t *object = json_loadb(client_data.p, client_data.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static struct str member_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : (struct str){NULL, 0};
}

static bool challenge_read(const json_t *object, uint8_t challenge[WEBAUTHN_CHALLENGE_MAX], size_t *ret_n)
{
    struct str text = member_text(object, "challenge");
    return text.p != NULL && base64url_decode(challenge, WEBAUTHN_CHALLENGE_MAX, text, ret_n);
}

bool webauthn_challenge_of(struct str client_data, uint8_t challenge[WEBAUTHN_CHALLENGE_MAX], size_t *ret_n)
{
    json_t *object = client_data_open(client_data);
    bool ok = object != NULL && challenge_read(object, challenge, ret_n);
    json_decref(object);
    return ok;
}

static bool origin_ours(const struct webauthn_site *site, struct str origin)
{
    for (size_t i = 0; i < site->origins_n; i++)
        if (origin.p != NULL && str_eq(site->origins[i], origin))
            return true;
    return false;
}

static enum webauthn_refusal client_data_check(const struct webauthn_site *site, const char *type,
                                               struct str challenge, const json_t *object)
{
    uint8_t given[WEBAUTHN_CHALLENGE_MAX];
    size_t n;
    const json_t *cross = json_object_get(object, "crossOrigin");
    if (!str_is(member_text(object, "type"), type))
        return WEBAUTHN_TYPE;
    if (!challenge_read(object, given, &n) || n != challenge.n || !bytes_same(given, challenge.p, n))
        return WEBAUTHN_CHALLENGE;
    if (!origin_ours(site, member_text(object, "origin")))
        return WEBAUTHN_ORIGIN;
    if ((cross != NULL && !json_is_false(cross)) || json_object_get(object, "topOrigin") != NULL)
        return WEBAUTHN_CROSS_ORIGIN;
    return WEBAUTHN_OK;
}

static enum webauthn_refusal client_data(const struct webauthn_site *site, const char *type,
                                         struct str challenge, struct str bytes, uint8_t hash[HASH_SIZE])
{
    json_t *object = client_data_open(bytes);
    if (object == NULL)
        return WEBAUTHN_CLIENT_DATA;
    enum webauthn_refusal refusal = client_data_check(site, type, challenge, object);
    json_decref(object);
    sha256(hash, bytes.p, bytes.n);
    return refusal;
}

/* --- authenticator data --- */

enum { FLAG_PRESENT = 0x01, FLAG_VERIFIED = 0x04, FLAG_ELIGIBLE = 0x08, FLAG_BACKED_UP = 0x10 };
enum { FLAG_ATTESTED = 0x40, FLAG_EXTENSIONS = 0x80 };
#define AUTH_DATA_HEAD (HASH_SIZE + 1 + 4)

static bool key_set(struct webauthn_key *key, enum webauthn_algorithm algorithm, struct str a, size_t a_n,
                    struct str b, size_t b_n)
{
    if (a.n != a_n || b.n != b_n)
        return false;
    key->algorithm = algorithm;
    memcpy(key->bytes, a.p, a.n);
    if (b.n != 0)
        memcpy(key->bytes + a.n, b.p, b.n);
    key->bytes_n = (uint16_t)(a.n + b.n);
    return true;
}

/* A COSE_Key (RFC 9053) with the members of its kind, each once, and no other. */
struct cose {
    int64_t kind, algorithm, curve;
    struct str part[3]; /* labels -1, -2, -3 when they are bytes */
    unsigned seen;      /* bit of each label read */
};
enum { COSE_KTY = 1, COSE_ALG = 2, COSE_1 = 4, COSE_2 = 8, COSE_3 = 16 };

static bool cose_member(struct cbor *cbor, struct cose *cose)
{
    int64_t label;
    unsigned bit;
    if (!cbor_int(cbor, &label))
        return false;
    switch (label) {
    case 1: bit = COSE_KTY; break;
    case 3: bit = COSE_ALG; break;
    case -1: bit = COSE_1; break;
    case -2: bit = COSE_2; break;
    case -3: bit = COSE_3; break;
    default: return false;
    }
    if (cose->seen & bit)
        return false;
    cose->seen |= bit;
    if (bit == COSE_KTY)
        return cbor_int(cbor, &cose->kind);
    if (bit == COSE_ALG)
        return cbor_int(cbor, &cose->algorithm);
    struct cbor before = *cbor;
    if (bit == COSE_1 && cbor_int(cbor, &cose->curve))
        return true;
    *cbor = before;
    return cbor_string(cbor, CBOR_BYTES, &cose->part[-1 - label]);
}

static enum webauthn_refusal cose_key(struct cbor *cbor, struct webauthn_key *key)
{
    struct cose c = {.curve = INT64_MIN};
    uint64_t members;
    const struct str none = {NULL, 0};
    bool ok = cbor_open(cbor, CBOR_MAP, &members) && members <= 5;
    for (uint64_t i = 0; ok && i < members; i++)
        ok = cose_member(cbor, &c);
    if (!ok)
        return WEBAUTHN_KEY;
    switch (c.algorithm) {
    case WEBAUTHN_ES256:
        ok = c.kind == 2 && c.curve == 1 && c.seen == 31 &&
             key_set(key, WEBAUTHN_ES256, c.part[1], 32, c.part[2], 32);
        break;
    case WEBAUTHN_EDDSA:
        ok = c.kind == 1 && c.curve == 6 && c.seen == 15 &&
             key_set(key, WEBAUTHN_EDDSA, c.part[1], 32, none, 0);
        break;
    case WEBAUTHN_RS256:
        ok = c.kind == 3 && c.curve == INT64_MIN && c.seen == 15 &&
             key_set(key, WEBAUTHN_RS256, c.part[0], 256, c.part[1], 3);
        break;
    default: return WEBAUTHN_ALGORITHM;
    }
    return ok ? WEBAUTHN_OK : WEBAUTHN_KEY;
}

/* Everything up to the last byte; a key is read where the flags say that there is one. */
static enum webauthn_refusal auth_data_parse(struct str bytes, bool with_key, struct webauthn_auth *ret_auth)
{
    struct webauthn_auth a = {0};
    if (bytes.n < AUTH_DATA_HEAD || bytes.n > WEBAUTHN_AUTH_DATA_MAX)
        return WEBAUTHN_AUTH_DATA;
    const uint8_t *p = (const uint8_t *)bytes.p;
    a.rp_hash = p;
    a.flags = p[HASH_SIZE];
    a.count = get_u32be(p + HASH_SIZE + 1);
    if (with_key != ((a.flags & FLAG_ATTESTED) != 0))
        return WEBAUTHN_AUTH_DATA;
    struct cbor rest = cbor_of(str_from(bytes, AUTH_DATA_HEAD));
    if (with_key) {
        size_t left = (size_t)(rest.end - rest.at);
        if (left < WEBAUTHN_AAGUID_SIZE + 2)
            return WEBAUTHN_AUTH_DATA;
        memcpy(a.key.aaguid, rest.at, WEBAUTHN_AAGUID_SIZE);
        a.key.id_n = get_u16be(rest.at + WEBAUTHN_AAGUID_SIZE);
        left -= WEBAUTHN_AAGUID_SIZE + 2;
        rest.at += WEBAUTHN_AAGUID_SIZE + 2;
        if (a.key.id_n == 0 || a.key.id_n > WEBAUTHN_ID_MAX || a.key.id_n > left)
            return WEBAUTHN_AUTH_DATA;
        memcpy(a.key.id, rest.at, a.key.id_n);
        rest.at += a.key.id_n;
        enum webauthn_refusal refusal = cose_key(&rest, &a.key);
        if (refusal != WEBAUTHN_OK)
            return refusal;
    }
    if (a.flags & FLAG_EXTENSIONS) {
        struct cbor start = rest;
        uint64_t n;
        if (!cbor_open(&start, CBOR_MAP, &n) || !cbor_skip(&rest, CBOR_DEPTH_MAX))
            return WEBAUTHN_AUTH_DATA;
    }
    if (rest.at != rest.end)
        return WEBAUTHN_AUTH_DATA;
    *ret_auth = a;
    return WEBAUTHN_OK;
}

static enum webauthn_refusal auth_data_check(const struct webauthn_site *site, const struct webauthn_auth *a)
{
    uint8_t rp_hash[HASH_SIZE];
    sha256(rp_hash, site->rp_id.p, site->rp_id.n);
    if (!bytes_same(rp_hash, a->rp_hash, HASH_SIZE))
        return WEBAUTHN_RP;
    if (!(a->flags & FLAG_PRESENT))
        return WEBAUTHN_NOT_PRESENT;
    if (!(a->flags & FLAG_VERIFIED))
        return WEBAUTHN_NOT_VERIFIED;
    if ((a->flags & FLAG_BACKED_UP) && !(a->flags & FLAG_ELIGIBLE))
        return WEBAUTHN_BACKUP_FLAGS;
    return WEBAUTHN_OK;
}

/* --- keys as libfido2 wants them --- */

struct fido_key {
    es256_pk_t *es256;
    eddsa_pk_t *eddsa;
    rs256_pk_t *rs256;
};

static void fido_key_free(struct fido_key *k)
{
    es256_pk_free(&k->es256);
    eddsa_pk_free(&k->eddsa);
    rs256_pk_free(&k->rs256);
}

/* Also says whether the point is on its curve. */
static const void *fido_key_open(struct fido_key *k, const struct webauthn_key *key)
{
    switch (key->algorithm) {
    case WEBAUTHN_ES256:
        must((k->es256 = es256_pk_new()) != NULL);
        return es256_pk_from_ptr(k->es256, key->bytes, key->bytes_n) == FIDO_OK ? k->es256 : NULL;
    case WEBAUTHN_EDDSA:
        must((k->eddsa = eddsa_pk_new()) != NULL);
        return eddsa_pk_from_ptr(k->eddsa, key->bytes, key->bytes_n) == FIDO_OK ? k->eddsa : NULL;
    case WEBAUTHN_RS256:
        must((k->rs256 = rs256_pk_new()) != NULL);
        return rs256_pk_from_ptr(k->rs256, key->bytes, key->bytes_n) == FIDO_OK ? k->rs256 : NULL;
    }
    return NULL;
}

static bool key_usable(const struct webauthn_key *key)
{
    struct fido_key k = {0};
    bool ok = fido_key_open(&k, key) != NULL;
    fido_key_free(&k);
    return ok;
}

/* --- registration --- */

/* {"fmt": text, "attStmt": map, "authData": bytes}: these three, each once, and nothing after them. */
static bool attestation_parse(struct str bytes, struct webauthn_attestation *ret)
{
    struct cbor cbor = cbor_of(bytes);
    struct webauthn_attestation a = {0};
    uint64_t members;
    bool ok = bytes.n <= WEBAUTHN_ATTESTATION_MAX && cbor_open(&cbor, CBOR_MAP, &members) && members == 3;
    for (int i = 0; ok && i < 3; i++) {
        struct str name;
        ok = cbor_string(&cbor, CBOR_TEXT, &name);
        if (ok && str_is(name, "fmt") && a.format.p == NULL) {
            ok = cbor_string(&cbor, CBOR_TEXT, &a.format);
        } else if (ok && str_is(name, "authData") && a.auth_data.p == NULL) {
            ok = cbor_string(&cbor, CBOR_BYTES, &a.auth_data);
        } else if (ok && str_is(name, "attStmt") && a.statement.p == NULL) {
            const uint8_t *start = cbor.at;
            struct cbor inside = cbor;
            ok = cbor_open(&inside, CBOR_MAP, &members) && cbor_skip(&cbor, CBOR_DEPTH_MAX);
            a.statement = (struct str){(const char *)start, (size_t)(cbor.at - start)};
            a.statement_members = members;
        } else {
            ok = false;
        }
    }
    *ret = a;
    return ok && cbor.at == cbor.end;
}

static enum webauthn_refusal model_check(const struct webauthn_site *site,
                                         const struct webauthn_policy *policy,
                                         const struct webauthn_attestation *attestation,
                                         const uint8_t client_hash[HASH_SIZE], struct webauthn_key *key)
{
    if (str_is(attestation->format, "none")) {
        if (attestation->statement_members != 0)
            return WEBAUTHN_ATTESTATION;
        return policy->models == NULL ? WEBAUTHN_OK : WEBAUTHN_ATTESTATION_MISSING;
    }
    if (!str_is(attestation->format, "packed"))
        return WEBAUTHN_ATTESTATION_FORMAT;
    return webauthn_packed(site, policy->models, attestation, client_hash, key);
}

enum webauthn_refusal webauthn_register(const struct webauthn_site *site,
                                        const struct webauthn_policy *policy, struct str challenge,
                                        const struct webauthn_registration *registration,
                                        struct webauthn_key *ret_key, uint32_t *ret_count,
                                        bool *ret_backed_up)
{
    uint8_t client_hash[HASH_SIZE];
    struct webauthn_attestation attestation;
    struct webauthn_auth auth;
    enum webauthn_refusal refusal =
        client_data(site, "webauthn.create", challenge, registration->client_data, client_hash);
    if (refusal == WEBAUTHN_OK && !attestation_parse(registration->attestation, &attestation))
        refusal = WEBAUTHN_ATTESTATION;
    if (refusal == WEBAUTHN_OK)
        refusal = auth_data_parse(attestation.auth_data, true, &auth);
    if (refusal == WEBAUTHN_OK)
        refusal = auth_data_check(site, &auth);
    if (refusal == WEBAUTHN_OK && !key_usable(&auth.key))
        refusal = WEBAUTHN_KEY;
    if (refusal != WEBAUTHN_OK)
        return refusal;
    auth.key.backup_eligible = (auth.flags & FLAG_ELIGIBLE) != 0;
    if (policy->device_bound && auth.key.backup_eligible)
        return WEBAUTHN_SYNCED;
    refusal = model_check(site, policy, &attestation, client_hash, &auth.key);
    if (refusal != WEBAUTHN_OK)
        return refusal;
    *ret_key = auth.key;
    *ret_count = auth.count;
    *ret_backed_up = (auth.flags & FLAG_BACKED_UP) != 0;
    return WEBAUTHN_OK;
}

/* --- assertion --- */

static bool signature_right(const struct webauthn_site *site, const struct webauthn_key *key,
                            const struct webauthn_assertion *assertion, const uint8_t client_hash[HASH_SIZE])
{
    char rp[256];
    struct fido_key k = {0};
    if (site->rp_id.n >= sizeof rp)
        return false;
    memcpy(rp, site->rp_id.p, site->rp_id.n);
    rp[site->rp_id.n] = '\0';
    fido_assert_t *a = fido_assert_new();
    must(a != NULL);
    const void *public_key = fido_key_open(&k, key);
    bool ok = public_key != NULL && fido_assert_set_count(a, 1) == FIDO_OK &&
              fido_assert_set_clientdata_hash(a, client_hash, HASH_SIZE) == FIDO_OK &&
              fido_assert_set_rp(a, rp) == FIDO_OK && fido_assert_set_up(a, FIDO_OPT_TRUE) == FIDO_OK &&
              fido_assert_set_uv(a, FIDO_OPT_TRUE) == FIDO_OK &&
              fido_assert_set_authdata_raw(a, 0, (const uint8_t *)assertion->auth_data.p,
                                           assertion->auth_data.n) == FIDO_OK &&
              fido_assert_set_sig(a, 0, (const uint8_t *)assertion->signature.p, assertion->signature.n) ==
                  FIDO_OK &&
              fido_assert_verify(a, 0, key->algorithm, public_key) == FIDO_OK;
    fido_assert_free(&a);
    fido_key_free(&k);
    return ok;
}

enum webauthn_refusal webauthn_assert(const struct webauthn_site *site, const struct webauthn_key *key,
                                      struct str challenge, const struct webauthn_assertion *assertion,
                                      uint32_t *ret_count, bool *ret_backed_up)
{
    uint8_t client_hash[HASH_SIZE];
    struct webauthn_auth auth;
    enum webauthn_refusal refusal =
        client_data(site, "webauthn.get", challenge, assertion->client_data, client_hash);
    if (refusal == WEBAUTHN_OK)
        refusal = auth_data_parse(assertion->auth_data, false, &auth);
    if (refusal == WEBAUTHN_OK)
        refusal = auth_data_check(site, &auth);
    if (refusal == WEBAUTHN_OK && key->backup_eligible != ((auth.flags & FLAG_ELIGIBLE) != 0))
        refusal = WEBAUTHN_BACKUP_FLAGS;
    if (refusal == WEBAUTHN_OK && (assertion->signature.n == 0 || assertion->signature.n > 512 ||
                                   !signature_right(site, key, assertion, client_hash)))
        refusal = WEBAUTHN_SIGNATURE;
    if (refusal != WEBAUTHN_OK)
        return refusal;
    *ret_count = auth.count;
    *ret_backed_up = (auth.flags & FLAG_BACKED_UP) != 0;
    return WEBAUTHN_OK;
}
