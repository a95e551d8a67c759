/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h: what a person reads of the log: their entries, one by one or in pages, and receipts. Part of
 * gate.h. */
#ifndef GATE_TRACE_H
#define GATE_TRACE_H

#include "gate/gate.h"

struct gate_entry {
    uint64_t leaf;
    bool erased;
    bool destroyed;  /* erased with all of its shard: the keys went after the years of keeping (retain.h) */
    struct str json; /* as issued; empty if erased */
    /* parsed, pointing into the json's arena; empty when null */
    struct str id, time, kind, holder, stream, agency, office, actor, capacity, mandate, purpose, basis,
        case_no, registry, outcome, reason, levels;
    uint32_t shard, number;
    size_t fields_n;
    struct str fields[VAULT_FIELDS_MAX];
};

struct gate_filter {
    struct str holder, agency, purpose, outcome; /* empty: all */
    bool protected_too;                          /* also protected categories */
    uint64_t before;                             /* leaf number: only older ones; 0: newest first */
    size_t limit;
};

/* The person's entries at every registered holder, of all lists that may be shown today, newest first: a page
 * of `limit`. It costs what it shows: `before` is found by milestones, `ret_total` (all entries, filters
 * aside) is known from the lists' numbers; a filter walks as far as it must. `ret_hidden` counts the entries
 * of protected categories that were left out on the way to this page. */
MUST_USE bool gate_entries(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                           const struct gate_filter *filter, struct arena *arena,
                           struct gate_entry **ret_entries, size_t *ret_n, uint64_t *ret_total,
                           uint64_t *ret_hidden, struct err *err);

/* The receipt (tlog-proof with opening) of an entry of this person, or of a look that this official made. */
MUST_USE bool gate_receipt_person(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                                  uint64_t leaf, struct arena *arena, struct str *ret_receipt,
                                  struct err *err);
MUST_USE bool gate_receipt_official(struct gate *gate, struct db *db, struct str actor, uint64_t leaf,
                                    struct arena *arena, struct str *ret_receipt, struct err *err);
/* The same by the look's id. */
MUST_USE bool gate_receipt_of_look(struct gate *gate, struct db *db, struct str actor, struct str look,
                                   struct arena *arena, struct str *ret_receipt, struct err *err);
/* One entry of this person, as in the list. ERR_NOT_FOUND also when it is another person's. */
MUST_USE bool gate_entry(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], uint64_t leaf,
                         struct arena *arena, struct gate_entry *ret_entry, struct err *err);

#endif
