/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c: an entry's JSON, its seal and its opening (TRUST.md sections 2 and 6). */
#include "base/clock.h"
#include "base/json.h"
#include "crypto/keys.h"
#include "gate/gate_private.h"

static struct str or_null(struct str text)
{
    return text.n ? text : (struct str){NULL, 0};
}

const char *stream_name(enum stream_kind kind)
{
    static const char *const names[] = {"open", "delayed", "sealed", "agency"};
    return names[kind];
}

void entry_json(const struct entry_facts *f, struct buf *out)
{
    char time[TIME_TEXT_SIZE];
    struct json j;
    time_iso(f->time, time);
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "id", str_of(f->id));
    json_key_text(&j, "t", str_of(time));
    json_key_text(&j, "kind", f->kind);
    json_key_text(&j, "holder", f->holder);
    json_key_u64(&j, "shard", f->shard);
    json_key_text(&j, "stream", str_of(stream_name(f->stream)));
    json_key_u64(&j, "n", f->number);
    json_key_text(&j, "agency", or_null(f->agency));
    json_key_text(&j, "office", or_null(f->office));
    json_key_text(&j, "actor", or_null(f->actor));
    json_key_text(&j, "capacity", or_null(f->capacity));
    json_key_text(&j, "mandate", or_null(f->mandate));
    json_key_text(&j, "purpose", or_null(f->purpose));
    json_key_text(&j, "basis", or_null(f->basis));
    json_key_text(&j, "case", or_null(f->case_no));
    json_key_text(&j, "registry", or_null(f->registry));
    json_key(&j, "fields");
    if (f->fields_of == NULL && f->names_n == 0) {
        json_write_null(&j);
    } else if (f->fields_of == NULL) {
        json_open_array(&j);
        for (size_t i = 0; i < f->names_n; i++)
            json_text(&j, f->names[i]);
        json_end(&j);
    } else {
        json_open_array(&j);
        for (size_t i = 0; i < f->fields_of->fields_n; i++)
            if (f->fields >> i & 1)
                json_text(&j, f->fields_of->fields[i].id);
        json_end(&j);
    }
    json_key_text(&j, "outcome", or_null(f->outcome));
    json_key_text(&j, "reason", or_null(f->reason));
    json_key_text(&j, "levels", or_null(f->levels));
    json_key_text(&j, "rules", f->rules);
    json_end(&j);
}

static void body_key(const struct shard *shard, const uint8_t handle[LEDGER_HANDLE_SIZE],
                     uint8_t key[KEY_SIZE])
{
    key_derive_for(key, shard->entry_key, "entry", handle, LEDGER_HANDLE_SIZE);
}

void entry_seal(const struct shard *shard, const struct subject *subject, const uint8_t salt[SALT_SIZE],
                struct str json, struct arena *arena, struct ledger_slot *slot)
{
    uint8_t key[KEY_SIZE], bytes[LEAF_SIZE];
    uint8_t *plain = arena_room(arena, SALT_SIZE + json.n, 1),
            *body = arena_room(arena, SALT_SIZE + json.n + SEAL_OVERHEAD, 1);
    must(json.n <= ENTRY_MAX);
    memcpy(plain, salt, SALT_SIZE);
    memcpy(plain + SALT_SIZE, json.p, json.n);
    leaf_label(slot->label, subject->seed, slot->number);
    leaf_commit(slot->commit, plain, json);
    struct leaf leaf = {.type = LEAF_PERSONAL};
    memcpy(leaf.label, slot->label, sizeof leaf.label);
    memcpy(leaf.commit, slot->commit, sizeof leaf.commit);
    leaf_write(bytes, &leaf);
    body_key(shard, subject->handle, key);
    seal(body, key, plain, SALT_SIZE + json.n, bytes, sizeof bytes);
    slot->body = body;
    slot->body_n = SALT_SIZE + json.n + SEAL_OVERHEAD;
}

bool entry_open(const struct shard *shard, const struct ledger_entry *entry, struct arena *arena,
                uint8_t salt[SALT_SIZE], struct str *ret_json, struct err *err)
{
    uint8_t key[KEY_SIZE], bytes[LEAF_SIZE], commit[32];
    if (entry->body_n < SALT_SIZE + SEAL_OVERHEAD)
        return err_set(err, ERR_CORRUPT, "entry", "entry %llu has no whole body",
                       (unsigned long long)entry->leaf_number);
    size_t n = entry->body_n - SEAL_OVERHEAD;
    uint8_t *plain = arena_room(arena, n, 1);
    leaf_write(bytes, &entry->leaf);
    body_key(shard, entry->handle, key);
    if (!seal_open(plain, key, entry->body, entry->body_n, bytes, sizeof bytes))
        return err_set(err, ERR_CORRUPT, "entry", "entry %llu does not open under its key",
                       (unsigned long long)entry->leaf_number);
    struct str json = {(const char *)plain + SALT_SIZE, n - SALT_SIZE};
    leaf_commit(commit, plain, json);
    if (!bytes_same(commit, entry->leaf.commit, sizeof commit))
        return err_set(err, ERR_CORRUPT, "entry", "entry %llu is not what its leaf commits to",
                       (unsigned long long)entry->leaf_number);
    memcpy(salt, plain, SALT_SIZE);
    *ret_json = json;
    return true;
}

/* 128 bits: 48 of milliseconds, 80 random, as a ULID, so that ids sort by time. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void look_id(char out[ACT_ID_SIZE])
{
    uint8_t bytes[LEDGER_ID_SIZE];
    random_bytes(bytes, sizeof bytes);
    uint64_t ms = (uint64_t)(clock_now() / 1000);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    look_id_text(bytes, out);
}

void look_id_text(const uint8_t id[LEDGER_ID_SIZE], char out[ACT_ID_SIZE])
{
    unsigned __int128 value = (unsigned __int128)get_u64be(id) << 64 | get_u64be(id + 8);
    for (int i = 25; i >= 0; i--, value >>= 5)
        out[i] = digits[(unsigned)value & 31];
    out[26] = '\0';
}

bool look_id_parse(struct str text, uint8_t ret_id[LEDGER_ID_SIZE])
{
    unsigned __int128 value = 0;
    if (text.n != ACT_ID_SIZE - 1 || text.p[0] > '7') /* 26 digits hold two bits more than an id */
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] != '\0' ? strchr(digits, text.p[i]) : NULL;
        if (digit == NULL)
            return false;
        value = value << 5 | (unsigned __int128)(digit - digits);
    }
    put_u64be(ret_id, (uint64_t)(value >> 64));
    put_u64be(ret_id + 8, (uint64_t)value);
    return true;
}

int64_t look_id_time(const uint8_t id[LEDGER_ID_SIZE])
{
    return (int64_t)(get_u64be(id) >> 16) * 1000;
}
