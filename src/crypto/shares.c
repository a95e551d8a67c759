/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/shares.h"

#include <assert.h>
#include <libgfshare.h>
#include <pthread.h>
#include <string.h>

#include "crypto/keys.h"
#include "crypto/paper_private.h"

#define SHARE_SIZE (3 + KEY_SIZE)

static const char domain[] = "aina/share/1";

/* libgfshare asks a function of the process for randomness; also to overwrite what it frees. */
static void fill(unsigned char *out, unsigned int n)
{
    random_bytes(out, n);
}

static void set_fill(void)
{
    gfshare_fill_rand = fill;
}

static void start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    must(pthread_once(&once, set_fill) == 0);
}

static void join(const struct share *shares, size_t n, uint8_t key[KEY_SIZE])
{
    unsigned char numbers[SHARES_MADE];
    for (size_t i = 0; i < n; i++)
        numbers[i] = shares[i].number;
    gfshare_ctx *context = gfshare_ctx_init_dec(numbers, (unsigned)n, KEY_SIZE);
    must(context != NULL);
    for (size_t i = 0; i < n; i++)
        gfshare_ctx_dec_giveshare(context, (unsigned char)i, (unsigned char *)shares[i].bytes);
    gfshare_ctx_dec_extract(context, key);
    gfshare_ctx_free(context);
}

static void try_every_way(const uint8_t key[KEY_SIZE], const struct share shares[SHARES_MADE])
{
    for (int a = 0; a < SHARES_MADE; a++)
        for (int b = a + 1; b < SHARES_MADE; b++)
            for (int c = b + 1; c < SHARES_MADE; c++) {
                struct share some[SHARES_NEEDED] = {shares[a], shares[b], shares[c]};
                uint8_t again[KEY_SIZE];
                join(some, SHARES_NEEDED, again);
                must(bytes_same(again, key, KEY_SIZE));
                secret_wipe(some, sizeof some);
                secret_wipe(again, sizeof again);
            }
}

void shares_split(const uint8_t key[KEY_SIZE], struct share shares[SHARES_MADE])
{
    static_assert(SHARES_NEEDED == 3, "try_every_way chooses three");
    unsigned char numbers[SHARES_MADE], set[2], secret[KEY_SIZE];
    start();
    random_bytes(set, sizeof set);
    for (unsigned i = 0; i < SHARES_MADE; i++)
        numbers[i] = (unsigned char)(i + 1);
    gfshare_ctx *context = gfshare_ctx_init_enc(numbers, SHARES_MADE, SHARES_NEEDED, KEY_SIZE);
    must(context != NULL);
    memcpy(secret, key, KEY_SIZE);
    gfshare_ctx_enc_setsecret(context, secret);
    for (unsigned char i = 0; i < SHARES_MADE; i++) {
        shares[i] = (struct share){.needed = SHARES_NEEDED, .number = numbers[i], .set = {set[0], set[1]}};
        gfshare_ctx_enc_getshare(context, i, shares[i].bytes);
    }
    gfshare_ctx_free(context);
    secret_wipe(secret, sizeof secret);
    try_every_way(key, shares);
}

bool shares_join(const struct share *shares, size_t n, uint8_t key[KEY_SIZE], struct err *err)
{
    start();
    if (n < SHARES_NEEDED || n > SHARES_MADE)
        return err_set(err, ERR_USAGE, NULL, "%zu shares were given; %d of %d are needed", n, SHARES_NEEDED,
                       SHARES_MADE);
    for (size_t i = 0; i < n; i++) {
        if (memcmp(shares[i].set, shares[0].set, sizeof shares[i].set) != 0)
            return err_set(err, ERR_USAGE, NULL,
                           "share %u is of another set: only papers with the same set name belong together",
                           shares[i].number);
        for (size_t k = 0; k < i; k++)
            if (shares[k].number == shares[i].number)
                return err_set(err, ERR_USAGE, NULL, "share %u was given twice", shares[i].number);
    }
    join(shares, n, key);
    return true;
}

void share_to_paper(char out[SHARE_PAPER_SIZE], const struct share *share)
{
    static_assert(PAPER_TEXT_SIZE(SHARE_SIZE) <= SHARE_PAPER_SIZE, "a share's paper");
    uint8_t bytes[SHARE_SIZE] = {(uint8_t)(share->needed << 4 | share->number), share->set[0], share->set[1]};
    memcpy(bytes + 3, share->bytes, KEY_SIZE);
    paper_encode(out, domain, bytes, sizeof bytes);
    secret_wipe(bytes, sizeof bytes);
}

bool share_from_paper(struct share *ret_share, struct str text, struct err *err)
{
    uint8_t bytes[SHARE_SIZE];
    if (!paper_decode(bytes, sizeof bytes, domain, "share", text, err))
        return false;
    struct share share = {.needed = bytes[0] >> 4, .number = bytes[0] & 15, .set = {bytes[1], bytes[2]}};
    memcpy(share.bytes, bytes + 3, KEY_SIZE);
    secret_wipe(bytes, sizeof bytes);
    bool ok = (share.needed == SHARES_NEEDED && share.number >= 1 && share.number <= SHARES_MADE) ||
              err_set(err, ERR_USAGE, NULL, "the share is of a kind that this program does not make");
    if (ok)
        *ret_share = share;
    secret_wipe(&share, sizeof share);
    return ok;
}

void share_set_name(char out[SHARE_SET_SIZE], const struct share *share)
{
    hex_encode(out, share->set, sizeof share->set);
}

bool paper_is_share(struct str text)
{
    return paper_letters_in(text) == PAPER_LETTERS(SHARE_SIZE) + 4;
}
