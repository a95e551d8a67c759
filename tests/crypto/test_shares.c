/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/keys.h"
#include "crypto/shares.h"

static void any_three_give_the_key_back(void **state)
{
    uint8_t key[KEY_SIZE], again[KEY_SIZE];
    struct share shares[SHARES_MADE];
    struct err err;
    random_bytes(key, sizeof key);
    shares_split(key, shares);
    for (unsigned choice = 0; choice < 1u << SHARES_MADE; choice++) {
        struct share some[SHARES_MADE];
        size_t n = 0;
        for (unsigned i = 0; i < SHARES_MADE; i++)
            if ((choice >> i & 1) != 0)
                some[n++] = shares[i];
        assert_int_equal(shares_join(some, n, again, &err), n >= SHARES_NEEDED);
        if (n >= SHARES_NEEDED)
            assert_memory_equal(again, key, sizeof key);
    }
}

/* A share is the key's value of a polynomial whose other coefficients are random: two splits have no share in
 * common, and no share is the key. */
static void shares_are_fresh(void **state)
{
    uint8_t key[KEY_SIZE] = {1, 2, 3};
    struct share a[SHARES_MADE], b[SHARES_MADE];
    shares_split(key, a);
    shares_split(key, b);
    for (size_t i = 0; i < SHARES_MADE; i++) {
        assert_memory_not_equal(a[i].bytes, b[i].bytes, KEY_SIZE);
        assert_memory_not_equal(a[i].bytes, key, KEY_SIZE);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(a[i].bytes, a[k].bytes, KEY_SIZE);
    }
}

static void mixed_or_doubled_shares_are_refused(void **state)
{
    uint8_t key[KEY_SIZE] = {7}, again[KEY_SIZE];
    struct share a[SHARES_MADE], b[SHARES_MADE];
    struct err err;
    shares_split(key, a);
    do
        shares_split(key, b);
    while (memcmp(a[0].set, b[0].set, 2) == 0);
    assert_false(shares_join((struct share[]){a[0], a[1], b[2]}, 3, again, &err));
    assert_non_null(strstr(err.text, "another set"));
    assert_false(shares_join((struct share[]){a[0], a[1], a[0]}, 3, again, &err));
    assert_non_null(strstr(err.text, "twice"));
    assert_false(shares_join(a, 2, again, &err));
}

static void paper_brings_a_share_back_and_every_slip_is_found(void **state)
{
    uint8_t key[KEY_SIZE] = {9};
    struct share shares[SHARES_MADE], back;
    char paper[SHARE_PAPER_SIZE], spoiled[SHARE_PAPER_SIZE], set[SHARE_SET_SIZE];
    struct err err;
    shares_split(key, shares);
    for (size_t i = 0; i < SHARES_MADE; i++) {
        share_to_paper(paper, &shares[i]);
        assert_int_equal(strlen(paper), 15 * 4 + 14);
        assert_true(paper_is_share(str_of(paper)));
        assert_true(share_from_paper(&back, str_of(paper), &err));
        assert_int_equal(back.number, i + 1);
        assert_memory_equal(back.bytes, shares[i].bytes, KEY_SIZE);
        assert_memory_equal(back.set, shares[i].set, 2);
    }
    for (size_t i = 0; paper[i] != '\0'; i++) {
        if (paper[i] == '-')
            continue;
        memcpy(spoiled, paper, sizeof spoiled);
        spoiled[i] = paper[i] == '7' ? '8' : '7';
        assert_false(share_from_paper(&back, str_of(spoiled), &err));
    }
    share_set_name(set, &shares[0]);
    assert_int_equal(strlen(set), 4);
    /* A key's paper is no share's, and the other way round. */
    char key_paper[KEY_PAPER_SIZE];
    key_to_paper(key_paper, key);
    assert_false(paper_is_share(str_of(key_paper)));
    assert_false(share_from_paper(&back, str_of(key_paper), &err));
    assert_false(key_from_paper(key, str_of(paper), &err));
}

int main(void)
{
    keys_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_three_give_the_key_back),
        cmocka_unit_test(shares_are_fresh),
        cmocka_unit_test(mixed_or_doubled_shares_are_refused),
        cmocka_unit_test(paper_brings_a_share_back_and_every_slip_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
