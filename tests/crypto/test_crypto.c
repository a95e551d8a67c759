/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "crypto/cache.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/psn.h"
#include "crypto/seal.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"

static void from_hex(uint8_t *out, size_t n, const char *hex)
{
    assert_true(hex_decode(out, n, str_of(hex)));
}

static void assert_hex(const uint8_t *bytes, size_t n, const char *hex)
{
    char text[2 * 256 + 1];
    assert_true(n <= 256);
    hex_encode(text, bytes, n);
    assert_string_equal(text, hex);
}

static void sha256_of_fips_180(void **state)
{
    uint8_t out[HASH_SIZE];
    struct sha256 hash;
    sha256(out, "abc", 3);
    assert_hex(out, sizeof out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(out, NULL, 0);
    assert_hex(out, sizeof out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_start(&hash);
    for (int i = 0; i < 1000; i++)
        sha256_add(&hash, "aaaaaaaaaa", 10);
    sha256_end(&hash, out);
    assert_hex(out, sizeof out, "27dd1f61b867b6a0f6e9d8a41c43231de52107e53ae424de8f847b821db4b711");
}

static void hmac_of_rfc_4231(void **state)
{
    uint8_t out[HASH_SIZE], key[131];
    struct hmac_key states;
    memset(key, 0x0b, 20);
    hmac_key_set(&states, key, 20);
    for (int again = 0; again < 2; again++) { /* a key serves many times */
        hmac_sha256(out, &states, "Hi There", 8);
        assert_hex(out, sizeof out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
    hmac_key_set(&states, "Jefe", 4);
    hmac_sha256(out, &states, "what do ya want for nothing?", 28);
    assert_hex(out, sizeof out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_key_set(&states, key, sizeof key); /* longer than a block */
    hmac_sha256(out, &states, "Test Using Larger Than Block-Size Key - Hash Key First", 54);
    assert_hex(out, sizeof out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void sealed_values_open_only_unchanged(void **state)
{
    uint8_t key[KEY_SIZE] = {1}, sealed[5 + SEAL_OVERHEAD], again[5 + SEAL_OVERHEAD], open[5];
    seal(sealed, key, "glass", 5, "here", 4);
    seal(again, key, "glass", 5, "here", 4);
    assert_memory_not_equal(sealed, again, sizeof sealed); /* fresh nonces */
    assert_true(seal_open(open, key, sealed, sizeof sealed, "here", 4));
    assert_memory_equal(open, "glass", 5);
    assert_false(seal_open(open, key, sealed, sizeof sealed, "hers", 4));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(seal_open(open, key, sealed, sizeof sealed, "here", 4));
        sealed[i] ^= 1;
    }
    for (size_t n = 0; n < sizeof sealed; n++)
        assert_false(seal_open(open, key, sealed, n, "here", 4));
    key[31] ^= 1;
    assert_false(seal_open(open, key, sealed, sizeof sealed, "here", 4));
}

static void sealing_with_a_nonce(void **state)
{
    uint8_t key[KEY_SIZE] = {2}, nonce[SEAL_NONCE] = {3}, a[3 + SEAL_TAG], b[3 + SEAL_TAG], open[3];
    seal_with(a, key, nonce, "abc", 3, NULL, 0);
    seal_with(b, key, nonce, "abc", 3, NULL, 0);
    assert_memory_equal(a, b, sizeof a);
    assert_true(seal_open_with(open, key, nonce, a, sizeof a, NULL, 0));
    nonce[0]++;
    assert_false(seal_open_with(open, key, nonce, a, sizeof a, NULL, 0));
}

static void a_series_is_the_same_sealing(void **state)
{
    uint8_t key[KEY_SIZE] = {2}, series[KEY_SIZE], nonce[SEAL_NONCE] = {3}, a[80 + SEAL_TAG], b[sizeof a];
    uint8_t plain[80] = {9}, open[80];
    seal_series(series, key, nonce);
    for (uint64_t end = 0; end < 1000000; end = end * 7 + 1) {
        put_u64be(nonce + SEAL_SERIES, end);
        seal_with(a, key, nonce, plain, sizeof plain, NULL, 0);
        seal_in_series(b, series, end, plain, sizeof plain);
        assert_memory_equal(a, b, sizeof a);
        assert_true(seal_open_in_series(open, series, end, a, sizeof a));
        assert_memory_equal(open, plain, sizeof plain);
        assert_false(seal_open_in_series(open, series, end + 1, a, sizeof a));
        a[end % sizeof a] ^= 1;
        assert_false(seal_open_in_series(open, series, end, a, sizeof a));
    }
    assert_false(seal_open_in_series(open, series, 0, a, SEAL_TAG - 1));
}

static void ed25519_of_rfc_8032(void **state)
{
    uint8_t seed[32], public[32], signature[64];
    from_hex(seed, 32, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    struct sign_key *key = sign_key_new(seed);
    sign_public(key, public);
    assert_hex(public, 32, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    for (int again = 0; again < 3; again++) {
        sign(key, signature, "\x72", 1);
        assert_hex(signature, 64,
                   "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        sign(key, signature, "other", 5);
        assert_true(sign_verify(public, signature, "other", 5));
    }
    assert_false(sign_verify(public, signature, "othes", 5));
    for (size_t i = 0; i < 64; i++) {
        signature[i] ^= 0x10;
        assert_false(sign_verify(public, signature, "other", 5));
        signature[i] ^= 0x10;
    }
    sign_key_free(key);
    sign_key_free(NULL);
}

static void vrf_of_the_specification(void **state)
{
    static const char alpha[] = "c2sp.org/vrf-r255";
    uint8_t secret[32], public[32], proof[80], beta[64], other[64];
    from_hex(secret, 32, "3431c2b03533e280b23232e280b34e2c3132c2b03238e280b23131e280b34500");
    vrf_public(public, secret);
    assert_hex(public, 32, "54136cd90d99fbd1d4e855d9556efea87ba0337f2a6ce22028d0f5726fcb854e");
    assert_true(vrf_prove(proof, secret, public, alpha, sizeof alpha - 1));
    assert_hex(
        proof, 80,
        "0a97d961262fb549b4175c5117860f42ae44a123f93c476c439eddd1c0cff9265c805525233e2284dbed45e593b8eea31d"
        "5ca9734d72bcbba9738d5237f955f3b2422351149d1312503b6441a47c940c");
    assert_true(vrf_verify(beta, public, proof, alpha, sizeof alpha - 1));
    assert_hex(beta, 64,
               "dd653f0879b48c3ef69e13551239bec4cbcc1c18fe8894de2e9e1c790e182736"
               "03bf1c6c25d7a797aeff3c43fd32b974d3fcbd4bcce916007097922a3ea3a794");
    assert_true(vrf_output(other, secret, public, alpha, sizeof alpha - 1));
    assert_memory_equal(beta, other, 64);
    assert_false(vrf_verify(other, public, proof, alpha, sizeof alpha - 2));
    for (size_t i = 0; i < sizeof proof; i++) {
        proof[i] ^= 1;
        assert_false(vrf_verify(other, public, proof, alpha, sizeof alpha - 1));
        proof[i] ^= 1;
    }
    memset(public, 0, 32); /* the identity is no public key */
    assert_false(vrf_verify(other, public, proof, alpha, sizeof alpha - 1));
}

static void vrf_refuses_a_second_way_to_write_a_proof(void **state)
{
    /* s + L proves the same in arithmetic, so it must be refused as a form. */
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    uint8_t secret[32], public[32], proof[80], beta[64];
    vrf_secret_new(secret);
    vrf_public(public, secret);
    assert_true(vrf_prove(proof, secret, public, "a", 1));
    assert_true(vrf_verify(beta, public, proof, "a", 1));
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)proof[48 + i] + order[i];
        proof[48 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(vrf_verify(beta, public, proof, "a", 1));
}

/* Facts of AINA-PSN-V1 with published test roots. */
static void pseudonyms_and_their_translation(void **state)
{
    uint8_t root_1[32], root_2[32], pid[16], point[32], k1[32], k2[32], key[32], health[32], out[32];
    for (int i = 0; i < 32; i++)
        root_1[i] = (uint8_t)i, root_2[i] = (uint8_t)(0x80 + i);
    for (int i = 0; i < 16; i++)
        pid[i] = (uint8_t)(0xa0 + i);
    psn_hash_to_group(point, pid);
    assert_hex(point, 32, "108780cb7f6be9cee02e2795f88a032920a12c7642cd8f88f9d96ca60cd8e52f");
    psn_share(k1, root_1, "health", 1);
    psn_share(k2, root_2, "health", 1);
    assert_hex(k1, 32, "b56fd5ad3d0588a99675821b00497630147b7b237d1f648fcda695a418f04009");
    assert_hex(k2, 32, "53a6055f505b96ac906155e30169043b6711c700c791f093e2c38193c452cf00");
    psn_product(key, k1, k2);
    assert_true(psn_multiply(health, key, point));
    assert_hex(health, 32, "c0aaa5e41ad21dbaef648ea4e04b22f2ec7d90d33f1d39bf971d11da9052fd04");

    uint8_t next_1[32], next_2[32], step[32], inverse[32];
    static const struct {
        const char *sector;
        unsigned epoch;
        const char *psn;
    } to[] = {{"tax", 1, "c6beeda35484d1d6e2db30eb2d6b6fa504aaf1004530ffc6dfbab3030b94900c"},
              {"health", 2, "4ca6f826ca33e813e6289a0e83d7a59a00404ddfd50a8a5e15a27a46b4fbdd04"}};
    for (size_t i = 0; i < 2; i++) { /* each holder turns its own share; then both know no other's key */
        psn_share(next_1, root_1, to[i].sector, to[i].epoch);
        psn_share(next_2, root_2, to[i].sector, to[i].epoch);
        psn_inverse(inverse, k1);
        psn_product(step, next_1, inverse);
        assert_true(psn_multiply(out, step, health));
        psn_inverse(inverse, k2);
        psn_product(step, next_2, inverse);
        assert_true(psn_multiply(out, step, out));
        assert_hex(out, 32, to[i].psn);
    }
    /* The second holder apart: it sees a blinded point, and its answer is nothing without the blind. */
    uint8_t blind[32] = {7}, step_1[32], step_2[32], asked[32], answer[32];
    psn_share(next_1, root_1, "tax", 1);
    psn_share(next_2, root_2, "tax", 1);
    psn_step(step_1, k1, next_1);
    psn_step(step_2, k2, next_2);
    assert_hex(step_1, 32, "afb6cf81c38de43226d6d5bc71e3eb23c9250ea3e9d6d6a79f0c07f8897d0701");
    assert_true(psn_ask(asked, blind, step_1, health));
    assert_hex(asked, 32, "7ac4a43198daf24e3475dbb98de08641b2ed6afecb821dc06171aca77a86f81d");
    assert_true(psn_answer(answer, step_2, asked));
    assert_hex(answer, 32, "3cc2188bb1356d8861fbc9975d61653c2d2da2d5d8a35049d65cab534f52ae63");
    assert_true(psn_take(out, blind, answer));
    assert_hex(out, 32, to[0].psn);

    char text[PSN_TEXT_SIZE], spoiled[PSN_TEXT_SIZE];
    psn_text(text, health);
    assert_true(psn_parse(out, str_of(text)));
    assert_memory_equal(out, health, 32);
    for (size_t at = 0; at < PSN_TEXT_SIZE - 1; at++) /* no letter may be another kind of letter */
        for (const char *bad = "A1=\xc3"; *bad != '\0'; bad++) {
            memcpy(spoiled, text, sizeof text);
            spoiled[at] = *bad;
            assert_false(psn_parse(out, str_of(spoiled)));
        }
    assert_false(psn_parse(out, (struct str){text, PSN_TEXT_SIZE - 2}));
    memcpy(spoiled, text, sizeof text);
    spoiled[PSN_TEXT_SIZE - 2]++; /* one of the four last bits, which must be 0 */
    assert_false(psn_parse(out, str_of(spoiled)));
    memset(spoiled, 'a', PSN_TEXT_SIZE - 1); /* the identity */
    assert_false(psn_parse(out, str_of(spoiled)));

    memset(point, 0, 32);
    assert_false(psn_multiply(out, key, point)); /* the identity */
    memset(point, 0xff, 32);
    assert_false(psn_multiply(out, key, point)); /* no point */
}

static void pseudonym_text_is_base32(void **state)
{
    char text[PSN_TEXT_SIZE];
    uint8_t psn[32];
    for (int i = 0; i < 32; i++)
        psn[i] = (uint8_t)(i * 37 + 11);
    psn_text(text, psn);
    assert_string_equal(text, "bmyfk6u7ytuq4m2ypwrmp3argznybjok54kdsxudvdg7efz4mgda");
}

static char folder[] = "/tmp/aina-keys-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void key_files_are_private_and_exact(void **state)
{
    uint8_t key[32], back[32], before[32] = {0};
    struct err err;
    struct stat stat_of;
    const char *path = in_folder("key");
    random_bytes(key, sizeof key);
    assert_true(key_file_write(path, key, &err));
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0600);
    assert_int_equal(stat_of.st_size, 65);
    assert_true(key_file_read(path, back, &err));
    assert_memory_equal(key, back, 32);
    assert_false(key_file_write(path, key, &err)); /* never overwritten */
    assert_int_equal(err.code, ERR_CONFLICT);

    memset(back, 0, 32);
    static const mode_t lax[] = {0640, 0604, 0620, 0666, 0700};
    for (size_t i = 0; i < ARRAY_LEN(lax); i++) {
        assert_int_equal(chmod(path, lax[i]), 0);
        assert_false(key_file_read(path, back, &err));
        assert_int_equal(err.code, ERR_NOT_ALLOWED);
        assert_non_null(strstr(err.text, "chmod 600"));
    }
    char hex[65];
    hex_encode(hex, key, 32);
    char bad[4][80];
    snprintf(bad[0], 80, "%s", hex);
    snprintf(bad[1], 80, "%s\n\n", hex);
    snprintf(bad[2], 80, "%.63s\n", hex);
    snprintf(bad[3], 80, "%.63sg\n", hex);
    for (int i = 0; i < 4; i++) {
        put(path, bad[i], 0600);
        assert_false(key_file_read(path, back, &err));
        assert_null(strstr(err.text, hex)); /* no secret in an error */
    }
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_false(key_file_read(path, back, &err));
    assert_memory_equal(back, before, 32);
    unlink(path);
}

static void sealed_key_files_are_bound_to_master_and_name(void **state)
{
    uint8_t master[32] = {7}, key[32], back[32];
    struct err err;
    const char *path = in_folder("sealed");
    random_bytes(key, sizeof key);
    assert_true(key_file_write_sealed(path, master, "log", key, &err));
    assert_true(key_file_read_sealed(path, master, "log", back, &err));
    assert_memory_equal(key, back, 32);
    assert_false(key_file_read_sealed(path, master, "vrf", back, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    master[0]++;
    assert_false(key_file_read_sealed(path, master, "log", back, &err));
    assert_false(key_file_read(path, back, &err)); /* a sealed file is no plain one */
    unlink(path);
}

static void derived_keys_differ_by_purpose(void **state)
{
    uint8_t parent[32] = {9}, a[32], b[32], c[32], d[32];
    key_derive(a, parent, "one");
    key_derive(b, parent, "two");
    key_derive_for(c, parent, "one", "x", 1);
    key_derive_for(d, parent, "onex", "", 0);
    assert_memory_not_equal(a, b, 32);
    assert_memory_not_equal(a, c, 32);
    assert_memory_not_equal(c, d, 32);
    assert_hex(a, 32, "3e47e213a61dcbd4c001d09e8991ea5e645a6f9e17ef116e9c1d0a206b4bf0c0");
}

static void paper_keys_survive_a_hand(void **state)
{
    uint8_t key[32], back[32];
    char paper[KEY_PAPER_SIZE], spoiled[KEY_PAPER_SIZE];
    struct err err;
    for (int round = 0; round < 200; round++) {
        random_bytes(key, sizeof key);
        key_to_paper(paper, key);
        assert_int_equal(strlen(paper), 14 * 4 + 13);
        assert_true(key_from_paper(back, str_of(paper), &err));
        assert_memory_equal(key, back, 32);
    }
    char forgiving[2 * KEY_PAPER_SIZE];
    size_t n = 0;
    for (const char *c = paper; *c != '\0'; c++) {
        forgiving[n++] = (char)(*c == '-' ? ' ' : *c == '0' ? 'o' : *c == '1' ? 'l' : *c | ' ');
        if (n % 7 == 0)
            forgiving[n++] = ' ';
    }
    assert_true(key_from_paper(back, (struct str){forgiving, n}, &err));
    assert_memory_equal(key, back, 32);

    for (size_t i = 0; i < strlen(paper); i++) {
        if (paper[i] == '-')
            continue;
        memcpy(spoiled, paper, sizeof spoiled);
        spoiled[i] = paper[i] == '7' ? '8' : '7';
        assert_false(key_from_paper(back, str_of(spoiled), &err));
    }
    assert_false(key_from_paper(back, (struct str){paper, strlen(paper) - 1}, &err));
    assert_false(key_from_paper(back, STR(""), &err));
    spoiled[0] = 'U';
    assert_false(key_from_paper(back, str_of(spoiled), &err));
}

static void paper_form_is_fixed(void **state)
{
    uint8_t key[32];
    char paper[KEY_PAPER_SIZE];
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)i;
    key_to_paper(paper, key);
    assert_string_equal(paper, "000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFG-CEQD");
}

static int begin(void **state)
{
    keys_start();
    return mkdtemp(folder) == NULL;
}

static int end(void **state)
{
    return rmdir(folder);
}

static void a_cache_keeps_what_was_used_last(void **state)
{
    (void)state;
    enum { N = 10000 };
    struct cache *cache = cache_new(64 * 1024, sizeof(uint32_t)); /* some 3,000 values */
    uint8_t tag[HASH_SIZE];
    uint32_t value, kept = 0;
    for (uint32_t i = 0; i < N; i++) {
        sha256(tag, &i, sizeof i);
        assert_false(cache_get(cache, tag, &value));
        cache_put(cache, tag, &i);
        assert_true(cache_get(cache, tag, &value));
        assert_int_equal(value, i);
        sha256(tag, &(uint32_t){0}, sizeof i); /* used all the time */
        assert_true(cache_get(cache, tag, &value));
    }
    for (uint32_t i = 0; i < N; i++) {
        sha256(tag, &i, sizeof i);
        if (cache_get(cache, tag, &value)) {
            assert_int_equal(value, i);
            kept++;
        }
    }
    assert_in_range(kept, 2000, 64 * 1024 / (CACHE_TAG_SIZE + sizeof value));
    cache_forget(cache);
    assert_false(cache_get(cache, tag, &value));
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_fips_180),
        cmocka_unit_test(hmac_of_rfc_4231),
        cmocka_unit_test(sealed_values_open_only_unchanged),
        cmocka_unit_test(sealing_with_a_nonce),
        cmocka_unit_test(a_series_is_the_same_sealing),
        cmocka_unit_test(ed25519_of_rfc_8032),
        cmocka_unit_test(vrf_of_the_specification),
        cmocka_unit_test(vrf_refuses_a_second_way_to_write_a_proof),
        cmocka_unit_test(pseudonyms_and_their_translation),
        cmocka_unit_test(pseudonym_text_is_base32),
        cmocka_unit_test(key_files_are_private_and_exact),
        cmocka_unit_test(sealed_key_files_are_bound_to_master_and_name),
        cmocka_unit_test(derived_keys_differ_by_purpose),
        cmocka_unit_test(paper_keys_survive_a_hand),
        cmocka_unit_test(paper_form_is_fixed),
        cmocka_unit_test(a_cache_keeps_what_was_used_last),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
