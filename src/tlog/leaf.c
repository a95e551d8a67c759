/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/leaf.h"

#include "base/err.h"
#include "crypto/hash.h"

void leaf_write(uint8_t out[LEAF_SIZE], const struct leaf *leaf)
{
    out[0] = leaf->type;
    out[1] = LEAF_VERSION;
    memcpy(out + 2, leaf->label, 32);
    memcpy(out + 34, leaf->commit, 32);
}

bool leaf_parse(const uint8_t bytes[LEAF_SIZE], struct leaf *ret_leaf)
{
    bool known = bytes[0] == LEAF_PERSONAL || bytes[0] == LEAF_INDEX_ROOT || bytes[0] == LEAF_PUBLIC;
    if (!known || bytes[1] != LEAF_VERSION)
        return false;
    ret_leaf->type = bytes[0];
    memcpy(ret_leaf->label, bytes + 2, 32);
    memcpy(ret_leaf->commit, bytes + 34, 32);
    return true;
}

void leaf_commit(uint8_t commit[32], const uint8_t salt[SALT_SIZE], struct str entry)
{
    static const uint8_t domain = 0x10;
    struct sha256 hash;
    sha256_start(&hash);
    sha256_add(&hash, &domain, 1);
    sha256_add(&hash, salt, SALT_SIZE);
    sha256_add(&hash, entry.p, entry.n);
    sha256_end(&hash, commit);
}

void leaf_label(uint8_t label[32], const uint8_t seed[SEED_SIZE], uint64_t number)
{
    struct hmac_key key;
    uint8_t bytes[8];
    put_u64be(bytes, number);
    hmac_key_set(&key, seed, SEED_SIZE);
    hmac_sha256(label, &key, bytes, sizeof bytes);
}

static void hash_lp(struct sha256 *hash, struct str text)
{
    uint8_t length[2];
    must(text.n <= UINT16_MAX);
    put_u16be(length, (uint16_t)text.n);
    sha256_add(hash, length, sizeof length);
    sha256_add(hash, text.p, text.n);
}

void leaf_public_label(uint8_t label[32], struct str kind, struct str id, uint32_t version)
{
    struct sha256 hash;
    uint8_t bytes[4];
    put_u32be(bytes, version);
    sha256_start(&hash);
    hash_lp(&hash, kind);
    hash_lp(&hash, id);
    sha256_add(&hash, bytes, sizeof bytes);
    sha256_end(&hash, label);
}

static void lp_str(struct buf *out, struct str text)
{
    buf_lp(out, text.p, text.n);
}

static void alpha_start(struct buf *out, struct str domain, uint64_t shard, struct str holder,
                        const uint8_t pseudonym[32])
{
    char number[20];
    size_t at = sizeof number;
    do
        number[--at] = (char)('0' + shard % 10);
    while ((shard /= 10) != 0);
    lp_str(out, domain);
    buf_lp(out, number + at, sizeof number - at);
    lp_str(out, holder);
    buf_lp(out, pseudonym, 32);
}

void leaf_seed_alpha(struct buf *out, uint64_t shard, struct str holder, const uint8_t pseudonym[32],
                     const char *date)
{
    alpha_start(out, STR("aina/seed/1"), shard, holder, pseudonym);
    if (date != NULL) {
        lp_str(out, STR("delayed"));
        lp_str(out, str_of(date));
    }
}

void leaf_sealed_alpha(struct buf *out, uint64_t shard, struct str holder, const uint8_t pseudonym[32],
                       struct str order)
{
    alpha_start(out, STR("aina/sealed/1"), shard, holder, pseudonym);
    lp_str(out, order);
}
