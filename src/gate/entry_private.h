/* SPDX-License-Identifier: Apache-2.0 */
/* entry_private.h: an entry as bytes, into the log and back: entry.c, append.c, trace.c. */
#ifndef GATE_ENTRY_PRIVATE_H
#define GATE_ENTRY_PRIVATE_H

#include "gate/gate_private.h"

/* entry.c */
struct entry_facts {
    const char *id;
    int64_t time;
    struct str kind, holder, agency, office, actor, capacity, mandate, purpose, basis, case_no, registry,
        outcome, reason, levels, rules;
    enum stream_kind stream;
    const struct registry *fields_of; /* NULL: fields null */
    uint64_t fields;
    const struct str *names; /* without fields_of: written in its place */
    size_t names_n;
    uint32_t shard, number;
};
const char *stream_name(enum stream_kind kind);
void entry_json(const struct entry_facts *facts, struct buf *out);
/* Fills label, commit and the sealed body of a slot: body = seal(salt ‖ entry), bound to the leaf. */
void entry_seal(const struct shard *shard, const struct subject *subject, const uint8_t salt[SALT_SIZE],
                struct str json, struct arena *arena, struct ledger_slot *slot);
/* Opens and checks a body against its leaf. False: err says why. */
MUST_USE bool entry_open(const struct shard *shard, const struct ledger_entry *entry, struct arena *arena,
                         uint8_t salt[SALT_SIZE], struct str *ret_json, struct err *err);
MUST_USE bool entry_parse(struct str json, struct arena *arena, struct gate_entry *ret_entry,
                          struct err *err);
void look_id(char out[ACT_ID_SIZE]);
void look_id_text(const uint8_t id[LEDGER_ID_SIZE], char out[ACT_ID_SIZE]);
/* False: not 26 characters of Crockford base32 as look_id writes them. */
MUST_USE bool look_id_parse(struct str text, uint8_t ret_id[LEDGER_ID_SIZE]);
int64_t look_id_time(const uint8_t id[LEDGER_ID_SIZE]); /* when it was drawn, to the millisecond */

/* append.c: numbers an entry in its list, writes, seals and submits it. `salt` NULL: drawn. Sets the shard
 * and number of `facts`. */
MUST_USE bool entry_append(struct gate *gate, struct db *db, const struct list *list,
                           struct entry_facts *facts, const uint8_t *salt, struct arena *arena,
                           struct subject *ret_subject, uint64_t *ret_leaf, struct err *err);
/* The first leaf whose batch is not older than `time`. */
MUST_USE bool first_since(struct gate *gate, int64_t time, uint64_t *ret_leaf, struct err *err);
/* The entry with this id, appended within `within` microseconds after the id was drawn. */
MUST_USE bool find_by_id(struct gate *gate, const uint8_t id[LEDGER_ID_SIZE], int64_t within, bool *ret_found,
                         uint64_t *ret_leaf, struct err *err);
struct str basis_text(const struct purpose *purpose, struct arena *arena); /* NULL: empty */

/* trace.c */
MUST_USE bool read_entry(struct gate *gate, uint64_t leaf, struct arena *arena, struct ledger_entry *ret_raw,
                         struct gate_entry *ret_entry, uint8_t salt[SALT_SIZE], struct err *err);
/* The entry, if it stands in a list about this person that may be shown today; else ERR_NOT_FOUND. */
MUST_USE bool read_own_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                             struct arena *arena, struct ledger_entry *ret_raw, struct gate_entry *ret_entry,
                             uint8_t salt[SALT_SIZE], struct err *err);

MUST_USE bool make_receipt(struct gate *gate, const struct ledger_entry *raw, const struct gate_entry *e,
                           const uint8_t salt[SALT_SIZE], struct arena *arena, struct str *ret_receipt,
                           struct err *err);

#endif
