/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h: the one door between a request and personal data.
 *
 * gate_look decides (purpose, legal basis, office, case, consent, order, fields, quota), numbers the look in
 * the ledger, makes its entry, label, commitment and seal, and prepares the admitted fields - and only those.
 * What it returns may be rendered at once but must not leave the process before the ledger is durable up to
 * `position` (DESIGN.md, the way of a look). A refused look is an entry like any other. The gate is the only
 * user of vault/open.h.
 *
 * The pid of a person is given by the people room; sector pseudonyms, seeds and trace handles are made here
 * and never leave, but for pseudonyms by translate.h. A look at a person seen before costs no curve
 * arithmetic: pseudonym and seed come from one sealed row.
 *
 * Threads: every call may be made from any thread; each brings its own database connection.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/psn.h"
#include "crypto/vrf.h"
#include "db/db.h"
#include "gate/words.h"
#include "jurisdiction/jurisdiction.h"
#include "ledger/ledger.h"
#include "vault/vault.h"

#define GATE_BREAK_GLASS_REASON 20 /* characters at least */

struct gate;

struct gate_config {
    const char *keys_folder; /* psn-1.key, psn-2.key, shard-N-vrf.key, shard-N-entry.key, sealed under the
                                master key */
    uint8_t master[KEY_SIZE];
    uint8_t state[KEY_SIZE]; /* from which the keys of the gate's own rows come */
    const struct jurisdiction *jurisdiction;
    struct vault *vault;
    struct ledger *ledger;
    const char
        *db_url; /* for the gate's own thread; NULL: none is started, and its work is done by callers */
    bool beside; /* the ledger is open for reading: another process serves. Acts are put into the outbox, and
                    delivering waits until that process has taken them. Looks cannot be made. */
    size_t cache_bytes; /* for pseudonyms and seeds of persons seen lately; 0: 8 MiB */
};

/* Makes the keys of a new instance: pseudonym roots. */
MUST_USE bool gate_create_keys(const char *keys_folder, const uint8_t master[KEY_SIZE], struct err *err);
MUST_USE bool gate_migrate(struct db *db, struct err *err);

/* Opens the gate: reads keys; begins a shard when the quarter has changed (or none is open) and logs its
 * record; logs the holders and the rules hash when they have changed; re-learns today's quotas from the
 * ledger. `db` is used during the call only. */
MUST_USE bool gate_open(struct gate **ret_gate, const struct gate_config *config, struct db *db,
                        struct err *err);
void gate_close(struct gate *gate);

/* The master key has changed: `reseal` seals every key file anew, while no key of a shard is made. The gate
 * takes the new key even where that fails: what is not sealed anew opens under both (crypto/keys.h). */
typedef bool gate_reseal_fn(void *arg, struct err *err);
MUST_USE bool gate_take_master(struct gate *gate, const uint8_t master[KEY_SIZE], gate_reseal_fn *reseal,
                               void *arg, struct err *err);

/* Ends the open shard before its quarter does, and begins the next one with new keys; ERR_CONFLICT: that was
 * done twice in this quarter. */
MUST_USE bool gate_end_shard(struct gate *gate, struct db *db, uint32_t *ret_begun, struct err *err);

/* Logs a public record of the operator's (TRUST.md section 2, type 4; kind "key"), as the next version of
 * this id; durable when it returns. Content that is the newest version's already is not logged again. */
MUST_USE bool gate_public_record(struct gate *gate, struct db *db, struct str kind, struct str id,
                                 struct str content, struct err *err);

/* --- the look --- */

struct gate_request {
    const struct office *office; /* NULL: the person's own look */
    struct str actor;            /* staff code; empty for the person */
    struct str capacity;         /* "official", "self" */
    struct str mandate;          /* empty: none */
    struct str levels;
    struct str purpose, registry; /* ids as asked for */
    struct str case_no, order;
    bool break_glass;
    struct str reason;        /* of break-glass */
    const struct str *fields; /* asked for; fields_n 0: all that the purpose sees */
    size_t fields_n;
    const uint8_t *pid; /* NULL: the number resolved to nobody */
};

struct gate_record {
    struct str record;
    struct str value[VAULT_FIELDS_MAX]; /* by registry field index; {NULL,0}: not admitted or absent */
};

struct gate_answer {
    enum gate_reason reason;
    char look[27]; /* id of the look: 26 characters of Crockford base32, time-ordered */
    uint64_t leaf, position;
    uint32_t shard, number;
    const struct purpose *purpose; /* NULL when unknown */
    const struct registry *registry;
    uint64_t fields; /* admitted */
    size_t records_n;
    struct gate_record *records;
};

/* False only when no decision could be made or logged (ERR_BUSY, ERR_STOPPED, ERR_IO): then nothing was
 * released. */
MUST_USE bool gate_look(struct gate *gate, struct db *db, const struct gate_request *request,
                        struct arena *arena, struct gate_answer *ret_answer, struct err *err);

/* One yes-or-no question for the process itself, asked again at each use of a mandate: does a record of this
 * person still name this number, in the fields that the relation names? Nobody is shown what was read, so it
 * is no look and has no entry; granting the mandate and whatever is done by it have theirs. *ret_born: the
 * birth date there, where the relation has one. */
MUST_USE bool gate_relation(struct gate *gate, struct db *db, const struct registry *registry,
                            const struct relation *relation, const uint8_t pid[PID_SIZE], struct str number,
                            struct arena *arena, bool *ret_says, struct str *ret_born, struct err *err);

/* --- what looks rest on --- */

/* A case that was closed, or open for other days, is opened anew. */
MUST_USE bool gate_case_open(struct gate *gate, struct db *db, const struct agency *agency,
                             struct str case_no, struct str purpose, const uint8_t pid[PID_SIZE],
                             int32_t from, int32_t until, struct err *err);
MUST_USE bool gate_case_close(struct gate *gate, struct db *db, const struct agency *agency,
                              struct str case_no, struct err *err);
MUST_USE bool gate_consent(struct gate *gate, struct db *db, const struct agency *agency, struct str purpose,
                           const uint8_t pid[PID_SIZE], int32_t until, struct err *err);

/* Stores records for a person (demo, imports): values in the order of registry->fields, absent ones {NULL,0}.
 */
struct gate_load {
    const struct registry *registry;
    struct str record;
    uint8_t pid[PID_SIZE];
    const struct str *values; /* registry->fields_n of them */
    bool replace;             /* the record of this name, if there is one; else it must be new */
};
MUST_USE bool gate_load(struct gate *gate, struct db *db, const struct gate_load *loads, size_t n,
                        struct err *err);

/* --- checking --- */

/* For ledger_fsck: opens and checks an entry's body against its leaf. `arg` is the gate's checker. */
struct gate_checker;
struct ledger_fsck; /* ledger/fsck.h */
MUST_USE bool gate_checker_open(struct gate_checker **ret, const struct gate_config *config, struct err *err);
void gate_checker_free(struct gate_checker *checker);
bool gate_check_opening(void *checker, const struct ledger_entry *entry, struct err *err);
/* For ledger_fsck: notes an erased body; gate_checker_finish then adds a finding for each that no entry of
 * its list orders, and for each order that was not carried out. */
bool gate_check_erased(void *checker, const struct ledger_entry *entry);
void gate_checker_finish(struct gate_checker *checker, struct ledger_fsck *report);
/* After that: entries of shards whose keys were destroyed after retention, as the log says. Missing keys of
 * which it does not say so are findings. */
uint64_t gate_checker_destroyed(const struct gate_checker *checker);

void gate_metrics(struct gate *gate, struct buf *out);
/* Looks decided since the start, by the asking agency (index in jurisdiction->agencies). */
struct gate_count {
    uint64_t admitted, refused;
};
struct gate_count gate_looks_of(const struct gate *gate, size_t agency);

#include "gate/trace.h"

#endif
