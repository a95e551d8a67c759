/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c: the bytes of a batch and of the file `erasing`, written and read; batch_private.h specifies them.
 */
#include "ledger/batch_private.h"

#include "base/crc32c.h"

static const uint8_t magic[8] = {'a', 'i', 'n', 'a', 'b', 'a', 't', '1'};

#define HEAD_CRC_AT (BATCH_HEAD_SIZE - 4)
#define ENTRY_PLAIN (ENTRY_HEAD_SIZE - 8 - SEAL_TAG)

void batch_head_write(uint8_t out[BATCH_HEAD_SIZE], const struct batch_head *head, uint32_t crc)
{
    memcpy(out, magic, sizeof magic);
    put_u64be(out + 8, head->number);
    put_u64be(out + 16, head->first);
    put_u32be(out + 24, head->n);
    put_u32be(out + 28, head->bodies);
    put_u64be(out + 32, (uint64_t)head->time);
    memcpy(out + 40, head->salt, sizeof head->salt);
    put_u64be(out + 56, head->synced);
    put_u64be(out + 64, head->signed_size);
    memcpy(out + 72, head->signed_root.b, HASH_SIZE);
    memcpy(out + 104, head->signature, SIGNATURE_SIZE);
    put_u32be(out + HEAD_CRC_AT, crc32c(crc, out, HEAD_CRC_AT));
}

bool batch_head_read(const uint8_t bytes[BATCH_HEAD_SIZE], struct batch_head *ret_head)
{
    if (memcmp(bytes, magic, sizeof magic) != 0 || get_u32be(bytes + 24) == 0)
        return false;
    ret_head->number = get_u64be(bytes + 8);
    ret_head->first = get_u64be(bytes + 16);
    ret_head->n = get_u32be(bytes + 24);
    ret_head->bodies = get_u32be(bytes + 28);
    ret_head->time = (int64_t)get_u64be(bytes + 32);
    memcpy(ret_head->salt, bytes + 40, sizeof ret_head->salt);
    ret_head->synced = get_u64be(bytes + 56);
    ret_head->signed_size = get_u64be(bytes + 64);
    memcpy(ret_head->signed_root.b, bytes + 72, HASH_SIZE);
    memcpy(ret_head->signature, bytes + 104, SIGNATURE_SIZE);
    return true;
}

bool batch_crc_holds(const uint8_t *batch, const struct batch_head *head)
{
    uint32_t crc = crc32c(0, batch + BATCH_HEAD_SIZE, (size_t)head->n * ENTRY_FIXED);
    return crc32c(crc, batch, HEAD_CRC_AT) == get_u32be(batch + HEAD_CRC_AT);
}

size_t batch_bytes(const struct batch_head *head)
{
    return BATCH_HEAD_SIZE + (size_t)head->n * ENTRY_FIXED + head->bodies;
}

size_t batch_room(const struct batch_head *head)
{
    return (batch_bytes(head) + BATCH_ALIGN - 1) / BATCH_ALIGN * BATCH_ALIGN;
}

bool bytes_zero(const uint8_t *bytes, size_t n)
{
    return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

void entry_heads_key(uint8_t out[KEY_SIZE], const uint8_t header_key[KEY_SIZE],
                     const struct batch_head *batch)
{
    seal_series(out, header_key, batch->salt);
}

void entry_head_write(uint8_t out[ENTRY_HEAD_SIZE], const uint8_t key[KEY_SIZE], uint64_t leaf,
                      const struct entry_head *head)
{
    uint8_t plain[ENTRY_PLAIN];
    memcpy(plain, head->handle, 16);
    memcpy(plain + 16, head->stream.tag, 16);
    put_u64be(plain + 32, head->previous);
    put_u32be(plain + 40, head->number);
    put_u32be(plain + 44, head->shard);
    memcpy(plain + 48, head->id, 16);
    put_u32be(out, head->body_n);
    put_u32be(out + 4, head->body_crc);
    seal_in_series(out + 8, key, leaf, plain, sizeof plain);
}

bool entry_head_read(const uint8_t bytes[ENTRY_HEAD_SIZE], const uint8_t key[KEY_SIZE], uint64_t leaf,
                     struct entry_head *ret_head)
{
    uint8_t plain[ENTRY_PLAIN];
    if (!seal_open_in_series(plain, key, leaf, bytes + 8, ENTRY_HEAD_SIZE - 8))
        return false;
    ret_head->body_n = get_u32be(bytes);
    ret_head->body_crc = get_u32be(bytes + 4);
    memcpy(ret_head->handle, plain, 16);
    memcpy(ret_head->stream.tag, plain + 16, 16);
    ret_head->previous = get_u64be(plain + 32);
    ret_head->number = get_u32be(plain + 40);
    ret_head->shard = get_u32be(plain + 44);
    memcpy(ret_head->id, plain + 48, 16);
    return true;
}

void erasing_write(uint8_t out[ERASING_SIZE], const struct erasing *erasing)
{
    put_u64be(out, erasing->leaf);
    put_u64be(out + 8, erasing->by);
    put_u64be(out + 16, erasing->position);
    put_u32be(out + 24, erasing->body_n);
    put_u32be(out + 28, crc32c(0, out, 28));
}

bool erasing_read(const uint8_t bytes[ERASING_SIZE], struct erasing *ret_erasing)
{
    if (crc32c(0, bytes, 28) != get_u32be(bytes + 28))
        return false;
    *ret_erasing = (struct erasing){get_u64be(bytes), get_u64be(bytes + 8), get_u64be(bytes + 16),
                                    get_u32be(bytes + 24)};
    return true;
}
