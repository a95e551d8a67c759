/* SPDX-License-Identifier: Apache-2.0 */
/* Every refusal of webauthn.h by its own word, over bytes made by a software authenticator. With
 * AINA_SEEDS=DIR it also writes what it accepted, as seeds for the fuzz targets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "base/cbor.h"
#include "crypto/keys.h"
#include "people/webauthn.h"
#include "tests/people/authenticator.h"

static struct arena arena;
static const struct str origins[] = {{"https://aina.example", 20}, {"https://www.aina.example", 24}};
static const struct webauthn_site site = {{"aina.example", 12}, origins, 2};
static const struct webauthn_policy citizen = {0};
static const struct str challenge = {"a challenge of the server's own, 32", 35};

static void seed(const char *name, int number, struct str bytes)
{
    char path[4096];
    if (getenv("AINA_SEEDS") == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s", getenv("AINA_SEEDS"), name);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/seed%d", getenv("AINA_SEEDS"), name, -number);
    FILE *file = fopen(path, "w");
    fwrite(bytes.p, 1, bytes.n, file);
    fclose(file);
}

static const char *registered(const struct authenticator *a, struct ceremony c,
                              const struct webauthn_policy *policy, struct webauthn_key *key)
{
    uint32_t count;
    bool backed_up;
    if (c.challenge.p == NULL)
        c.challenge = challenge;
    struct webauthn_registration r = authenticator_register(a, &c, &arena);
    enum webauthn_refusal refusal = webauthn_register(&site, policy, challenge, &r, key, &count, &backed_up);
    if (refusal == WEBAUTHN_OK) {
        seed("attestation", a->algorithm - 1000 * (int)c.attestation, r.attestation);
        seed("client_data", a->algorithm, r.client_data);
    }
    return webauthn_refusal_code(refusal);
}

static const char *asserted(const struct authenticator *a, struct ceremony c, const struct webauthn_key *key)
{
    uint32_t count;
    bool backed_up;
    if (c.challenge.p == NULL)
        c.challenge = challenge;
    struct webauthn_assertion s = authenticator_assert(a, &c, &arena);
    enum webauthn_refusal refusal = webauthn_assert(&site, key, challenge, &s, &count, &backed_up);
    if (refusal == WEBAUTHN_OK) {
        assert_int_equal(count, a->count);
        seed("auth_data", a->algorithm, s.auth_data);
        seed("client_data", a->algorithm - 1000, s.client_data);
    }
    return webauthn_refusal_code(refusal);
}

static void three_algorithms_enrol_and_log_in(void **state)
{
    static const enum webauthn_algorithm all[] = {WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct authenticator a = authenticator_new(all[i]);
        struct webauthn_key key = {0};
        assert_string_equal(registered(&a, (struct ceremony){0}, &citizen, &key), "ok");
        assert_int_equal(key.algorithm, all[i]);
        assert_memory_equal(key.id, a.id, sizeof a.id);
        a.count = 9;
        assert_string_equal(asserted(&a, (struct ceremony){0}, &key), "ok");
        assert_string_equal(asserted(&a, (struct ceremony){.bad_signature = true}, &key), "signature");
        struct authenticator other = authenticator_new(all[i]);
        assert_string_equal(asserted(&other, (struct ceremony){0}, &key), "signature");
        EVP_PKEY_free(a.key);
        EVP_PKEY_free(other.key);
    }
}

/* What is wrong in client data and flags is refused in both ceremonies, by the same word. */
static void each_fault_has_its_word(void **state)
{
    static const struct {
        struct ceremony c;
        const char *word;
    } rows[] = {
        {{.type = "webauthn.other"}, "type"},
        {{.challenge = {"a challenge of somebody else's, 32.", 35}}, "challenge"},
        {{.challenge = {"short", 5}}, "challenge"},
        {{.origin = "https://aina.example.evil.example"}, "origin"},
        {{.origin = "http://aina.example"}, "origin"},
        {{.origin = "https://aina.example:444"}, "origin"},
        {{.origin = "https://AINA.example"}, "origin"},
        {{.origin = "null"}, "origin"},
        {{.origin = "https://www.aina.example"}, "ok"},
        {{.more = ",\"crossOrigin\":false,\"other_keys_can_be_added_here\":\"do not compare\""}, "ok"},
        {{.more = ",\"crossOrigin\":true"}, "cross-origin"},
        {{.more = ",\"crossOrigin\":\"false\""}, "cross-origin"},
        {{.more = ",\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\""}, "cross-origin"},
        {{.more = ",\"origin\":\"https://evil.example\""}, "client-data"}, /* a key twice */
        {{.more = "} "}, "client-data"},
        {{.client_data = ""}, "client-data"},
        {{.client_data = "[]"}, "client-data"},
        {{.client_data = "{}"}, "type"},
        {{.client_data = "{\"type\":1}"}, "type"},
        {{.rp = "evil.example"}, "rp"},
        {{.rp = "www.aina.example"}, "rp"},
        {{.flags_clear = 0x01}, "not-present"},
        {{.flags_clear = 0x04}, "not-verified"},
        {{.flags_clear = 0x05}, "not-present"},
        {{.flags_set = 0x10}, "backup-flags"},
        {{.flags_set = 0x80}, "auth-data"}, /* extensions announced, none there */
        {{.trailing = true}, "auth-data"},
        {{.extension = true}, "ok"},
    };
    struct authenticator a = authenticator_new(WEBAUTHN_ES256);
    struct webauthn_key key = {0}, other;
    assert_string_equal(registered(&a, (struct ceremony){0}, &citizen, &key), "ok");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_message("row %zu\n", i);
        assert_string_equal(registered(&a, rows[i].c, &citizen, &other), rows[i].word);
        assert_string_equal(asserted(&a, rows[i].c, &key), rows[i].word);
    }
    assert_string_equal(asserted(&a, (struct ceremony){.type = "webauthn.create"}, &key), "type");
    assert_string_equal(registered(&a, (struct ceremony){.type = "webauthn.get"}, &citizen, &other), "type");
    assert_string_equal(asserted(&a, (struct ceremony){.flags_set = 0x40}, &key), "auth-data");
    assert_string_equal(registered(&a, (struct ceremony){.flags_clear = 0x40}, &citizen, &other),
                        "auth-data");
    EVP_PKEY_free(a.key);
}

static void a_key_stays_of_its_kind(void **state)
{
    struct authenticator a = authenticator_new(WEBAUTHN_ES256);
    struct webauthn_key synced = {0}, bound = {0};
    const struct webauthn_policy device = {.device_bound = true};
    assert_string_equal(registered(&a, (struct ceremony){.flags_set = 0x18}, &citizen, &synced), "ok");
    assert_true(synced.backup_eligible);
    assert_string_equal(registered(&a, (struct ceremony){.flags_set = 0x08}, &device, &synced), "synced");
    assert_string_equal(registered(&a, (struct ceremony){0}, &device, &bound), "ok");
    assert_string_equal(asserted(&a, (struct ceremony){.flags_set = 0x08}, &bound), "backup-flags");
    assert_string_equal(asserted(&a, (struct ceremony){0}, &synced), "backup-flags");
    EVP_PKEY_free(a.key);
}

static void a_malformed_key_is_refused(void **state)
{
    struct authenticator a = authenticator_new(WEBAUTHN_ES256);
    struct webauthn_key key;
    uint32_t count;
    bool backed_up;
    struct ceremony c = {.challenge = challenge};
    struct webauthn_registration r = authenticator_register(&a, &c, &arena);
    size_t y = r.attestation.n - 32;
    struct {
        size_t at;
        uint8_t change;
        const char *word;
    } rows[] = {
        {y + 31, 1, "key"},           /* not on the curve */
        {y - 45 + 2, 3, "key"},       /* kty 1 */
        {y - 45 + 4, 2, "algorithm"}, /* -5 */
        {0, 1, "attestation"},        /* a map of two */
        {1, 1, "attestation"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *copy = arena_copy(&arena, r.attestation.p, r.attestation.n);
        copy[rows[i].at] ^= (char)rows[i].change;
        struct webauthn_registration bad = {r.client_data, {copy, r.attestation.n}};
        assert_string_equal(webauthn_refusal_code(webauthn_register(&site, &citizen, challenge, &bad, &key,
                                                                    &count, &backed_up)),
                            rows[i].word);
    }
    for (size_t cut = 0; cut < r.attestation.n; cut++) { /* no prefix is accepted */
        char *copy = malloc(cut ? cut : 1);
        memcpy(copy, r.attestation.p, cut);
        struct webauthn_registration bad = {r.client_data, {copy, cut}};
        assert_int_not_equal(webauthn_register(&site, &citizen, challenge, &bad, &key, &count, &backed_up),
                             WEBAUTHN_OK);
        free(copy);
    }
    EVP_PKEY_free(a.key);
}

static void officials_keys_are_of_an_allowed_model(void **state)
{
    char folder[] = "/tmp/aina-models-XXXXXX", path[256];
    struct authenticator a = authenticator_new(WEBAUTHN_ES256);
    EVP_PKEY *maker = EVP_EC_gen("P-256"), *forger = EVP_EC_gen("P-256");
    X509 *genuine = batch_certificate(maker, "Authenticator Attestation", a.aaguid);
    X509 *forged = batch_certificate(forger, "Authenticator Attestation", a.aaguid);
    uint8_t other_aaguid[16] = {1};
    X509 *other_model = batch_certificate(maker, "Authenticator Attestation", other_aaguid);
    X509 *other_unit = batch_certificate(maker, "Sales", a.aaguid);
    struct webauthn_models *models;
    struct webauthn_key key;
    struct err err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a.pem", folder);
    FILE *file = fopen(path, "w");
    PEM_write_X509(file, genuine);
    fclose(file);
    assert_true(webauthn_models_load(&models, folder, &err));
    const struct webauthn_policy official = {.device_bound = true, .models = models};
    struct ceremony right = {.attestation = ATTEST_CERTIFICATE, .batch = maker, .certificate = genuine}, c;
    assert_string_equal(registered(&a, right, &official, &key), "ok");
    assert_true(key.attested);
    assert_string_equal(registered(&a, (struct ceremony){0}, &official, &key), "attestation-missing");
    assert_string_equal(registered(&a, (struct ceremony){.attestation = ATTEST_SELF}, &official, &key),
                        "attestation-missing");
    assert_string_equal(registered(&a, (struct ceremony){.attestation = ATTEST_SELF}, &citizen, &key), "ok");
    assert_false(key.attested);
    c = (struct ceremony){.attestation = ATTEST_SELF, .bad_signature = true};
    assert_string_equal(registered(&a, c, &citizen, &key), "attestation-signature");
    c = right, c.bad_signature = true;
    assert_string_equal(registered(&a, c, &official, &key), "attestation-signature");
    c = right, c.batch = forger, c.certificate = forged;
    assert_string_equal(registered(&a, c, &official, &key), "model");
    c = right, c.certificate = other_model;
    assert_string_equal(registered(&a, c, &official, &key), "attestation");
    c = right, c.certificate = other_unit;
    assert_string_equal(registered(&a, c, &official, &key), "attestation");
    c = right, c.format = "tpm";
    assert_string_equal(registered(&a, c, &official, &key), "attestation-format");
    c = right, c.flags_set = 0x08;
    assert_string_equal(registered(&a, c, &official, &key), "synced");
    memset(a.aaguid, 0x11, 16);
    c = right, c.certificate = batch_certificate(maker, "Authenticator Attestation", NULL);
    assert_string_equal(registered(&a, c, &official, &key), "model");
    X509_free(c.certificate);
    webauthn_models_free(models);

    file = fopen(path, "w");
    fputs("nothing\n", file);
    fclose(file);
    assert_false(webauthn_models_load(&models, folder, &err));
    assert_non_null(strstr(err.text, "certificates"));
    unlink(path);
    snprintf(path, sizeof path, "%s/yubikey.pem", folder);
    fclose(fopen(path, "w"));
    assert_false(webauthn_models_load(&models, folder, &err));
    assert_non_null(strstr(err.text, "AAGUID"));
    unlink(path);
    rmdir(folder);
    X509_free(genuine), X509_free(forged), X509_free(other_model), X509_free(other_unit);
    EVP_PKEY_free(maker), EVP_PKEY_free(forger), EVP_PKEY_free(a.key);
}

static void cbor_is_read_strictly(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        bool good;
    } rows[] = {
        {"\x00", 1, true},
        {"\x18\x18", 2, true},
        {"\x18\x17", 2, false},
        {"\x19\x00\xff", 3, false},
        {"\x19\x01\x00", 3, true},
        {"\x1a\x00\x00\xff\xff", 5, false},
        {"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", 9, false},
        {"\x5f\x41\x00\xff", 4, false},
        {"\x9f\xff", 2, false},
        {"\x42\x00", 2, false},
        {"\x61\xff", 2, false},
        {"\x61\x61", 2, true},
        {"\x81\x81\x81\x80", 4, true},
        {"\x81\x81\x81\x81\x80", 5, false},
        {"\xf5", 1, true},
        {"\xf7", 1, false},
        {"\xc0\x00", 2, false},
        {"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9, false},
        {"\xbb\x80\x00\x00\x00\x00\x00\x00\x00", 9, false},
        {"\xa1\x00", 2, false},
        {"\xa1\x00\x00", 3, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cbor cbor = cbor_of((struct str){rows[i].bytes, rows[i].n});
        print_message("row %zu\n", i);
        assert_int_equal(cbor_skip(&cbor, CBOR_DEPTH_MAX) && cbor.at == cbor.end, rows[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_algorithms_enrol_and_log_in),
        cmocka_unit_test(each_fault_has_its_word),
        cmocka_unit_test(a_key_stays_of_its_kind),
        cmocka_unit_test(a_malformed_key_is_refused),
        cmocka_unit_test(officials_keys_are_of_an_allowed_model),
        cmocka_unit_test(cbor_is_read_strictly),
    };
    keys_start();
    arena_init(&arena, 65536, (size_t)64 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&arena);
    return failed;
}
