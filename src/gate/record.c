/* SPDX-License-Identifier: Apache-2.0 */
/* record.c: public records in the log (TRUST.md section 2, type 4). */
#include "gate/gate_private.h"

bool record_append(struct gate *gate, struct str kind, struct str id, uint32_t version, struct str content,
                   struct err *err)
{
    static const uint8_t no_salt[SALT_SIZE];
    struct ledger_want want = {.type = LEAF_PUBLIC};
    struct ledger_ticket ticket;
    if (content.n > LEDGER_BODY_MAX)
        return err_set(err, ERR_TOO_LARGE, "public record",
                       "%.*s has %zu bytes, and the log takes %d: shorten it", STR_ARG(kind), content.n,
                       LEDGER_BODY_MAX);
    if (!ledger_reserve(gate->ledger, &want, 1, &ticket, err))
        return false;
    struct ledger_slot *slot = &ticket.slot[0];
    leaf_public_label(slot->label, kind, id, version);
    leaf_commit(slot->commit, no_salt, content);
    slot->body = (const uint8_t *)content.p;
    slot->body_n = content.n;
    uint64_t leaf = slot->leaf;
    ledger_submit(gate->ledger, &ticket);
    return ledger_wait(gate->ledger, leaf + 1, err);
}

struct label_search {
    uint8_t label[32];
    bool found;
};

static bool label_here(void *arg, const struct ledger_entry *entry)
{
    struct label_search *search = arg;
    search->found = entry->leaf.type == LEAF_PUBLIC && memcmp(entry->leaf.label, search->label, 32) == 0;
    return !search->found;
}

bool record_logged(struct gate *gate, struct str kind, struct str id, uint32_t version, bool *ret_logged,
                   struct err *err)
{
    struct label_search search = {.found = false};
    leaf_public_label(search.label, kind, id, version);
    if (!ledger_scan(gate->ledger, 0, UINT64_MAX, label_here, &search, err))
        return false;
    *ret_logged = search.found;
    return true;
}

/* The newest version that the state knows; UINT32_MAX: none. */
static bool record_read(struct db *db, struct str kind, struct str id, uint32_t *ret_version,
                        uint8_t ret_hash[HASH_SIZE], struct err *err)
{
    static const char sql[] = "SELECT version, hash FROM gate_record WHERE kind = $1 AND id = $2";
    struct db_stmt *stmt = db_sql(db, sql, err);
    bool found;
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, kind);
    db_bind_text(stmt, 2, id);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_version = UINT32_MAX;
    memset(ret_hash, 0, HASH_SIZE);
    if (!found)
        return true;
    *ret_version = (uint32_t)db_i64(stmt, 0);
    if (db_bytes(stmt, 1).n == HASH_SIZE)
        memcpy(ret_hash, db_bytes(stmt, 1).p, HASH_SIZE);
    db_end(stmt);
    return true;
}

bool record_is(struct db *db, struct str kind, struct str id, struct str content, bool *ret_is,
               struct err *err)
{
    uint8_t hash[HASH_SIZE], have[HASH_SIZE];
    uint32_t version;
    sha256(hash, content.p, content.n);
    if (!record_read(db, kind, id, &version, have, err))
        return false;
    *ret_is = version != UINT32_MAX && memcmp(hash, have, HASH_SIZE) == 0;
    return true;
}

/* The log first, then the state's note of it. After a crash between, the log is searched, so that no version
 * stands there twice. */
bool record_keep(struct gate *gate, struct db *db, struct str kind, struct str id, struct str content,
                 struct err *err)
{
    static const char sql[] =
        "INSERT INTO gate_record (kind, id, version, hash) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, hash = excluded.hash";
    uint8_t hash[HASH_SIZE], have[HASH_SIZE];
    uint32_t version;
    bool logged;
    sha256(hash, content.p, content.n);
    if (!record_read(db, kind, id, &version, have, err))
        return false;
    if (version != UINT32_MAX && memcmp(hash, have, HASH_SIZE) == 0)
        return true;
    do {
        version++; /* UINT32_MAX: to 0 */
        if (!record_logged(gate, kind, id, version, &logged, err))
            return false;
    } while (logged);
    if (!record_append(gate, kind, id, version, content, err))
        return false;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_text(stmt, 1, kind);
    db_bind_text(stmt, 2, id);
    db_bind_i64(stmt, 3, version);
    db_bind_bytes(stmt, 4, hash, sizeof hash);
    return db_run(stmt, NULL, err);
}

bool gate_public_record(struct gate *gate, struct db *db, struct str kind, struct str id, struct str content,
                        struct err *err)
{
    return record_keep(gate, db, kind, id, content, err);
}
