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
 * and never leave. A look at a person seen before costs no curve arithmetic: pseudonym and seed come from one
 * sealed row.
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
#include "jurisdiction/jurisdiction.h"
#include "ledger/ledger.h"
#include "vault/vault.h"

#define GATE_BREAK_GLASS_REASON 20 /* characters at least */

/* Why a look was refused: the code stands in the entry, the words in po/. */
#define GATE_REASONS(X)                                                                                      \
    X(GATE_ADMITTED, "admitted", "")                                                                         \
    X(GATE_PURPOSE_UNKNOWN, "purpose-unknown", "This purpose is not on the list.")                           \
    X(GATE_OFFICE_MAY_NOT, "office-may-not", "This office may not look for this purpose.")                   \
    X(GATE_REGISTRY_UNKNOWN, "registry-unknown", "There is no such registry.")                               \
    X(GATE_PURPOSE_SEES_NOTHING, "purpose-sees-nothing", "This purpose does not open this registry.")        \
    X(GATE_FIELD_NOT_ADMITTED, "field-not-admitted",                                                         \
      "A field was asked for that this purpose does not see.")                                               \
    X(GATE_CASE_MISSING, "case-missing", "This purpose needs a case number.")                                \
    X(GATE_CASE_UNKNOWN, "case-unknown", "There is no such case at this agency.")                            \
    X(GATE_CASE_OTHER_PERSON, "case-other-person", "The case is about another person.")                      \
    X(GATE_CASE_OTHER_PURPOSE, "case-other-purpose", "The case was opened for another purpose.")             \
    X(GATE_CASE_CLOSED, "case-closed", "The case is closed or not yet open.")                                \
    X(GATE_CONSENT_MISSING, "consent-missing", "This purpose needs the person's consent.")                   \
    X(GATE_ORDER_MISSING, "order-missing", "This purpose needs a court order for this person.")              \
    X(GATE_ORDER_EXPIRED, "order-expired", "The court order is not valid today.")                            \
    X(GATE_ORDER_OTHER_PERSON, "order-other-person", "The court order is about another person.")             \
    X(GATE_QUOTA, "quota", "The daily number of persons for this office is used up.")                        \
    X(GATE_REASON_SHORT, "reason-short", "An emergency look needs a reason of at least 20 characters.")      \
    X(GATE_NO_BREAK_GLASS, "no-break-glass", "This purpose has no emergency look.")                          \
    X(GATE_NOT_SELF, "not-self", "This purpose is for the person's own look.")                               \
    X(GATE_LEVEL_LOW, "level-low", "Log in more strongly: this purpose needs a surer log-in.")               \
    X(GATE_PERSON_UNKNOWN, "person-unknown", "No person has this number.")                                   \
    X(GATE_SECTOR_UNKNOWN, "sector-unknown", "There is no such sector.")                                     \
    X(GATE_JOIN_NOT_ADMITTED, "join-not-admitted", "This purpose does not join these two sectors.")          \
    X(GATE_SECTOR_NOT_OWN, "sector-not-own", "An office joins only with the sector of its own agency.")      \
    X(GATE_PSEUDONYM_UNKNOWN, "pseudonym-unknown", "No person has this pseudonym in this sector.")           \
    X(GATE_PSEUDONYM_OLD, "pseudonym-old",                                                                   \
      "The pseudonym is of an earlier epoch: renew it in its own sector first.")

enum gate_reason {
#define X(id, code, words) id,
    GATE_REASONS(X)
#undef X
        GATE_REASONS_N
};

const char *gate_reason_code(enum gate_reason reason);
const char *gate_reason_words(enum gate_reason reason); /* a msgid of po/ */

/* What an entry may be about: the code stands in the entry, the words in po/. */
#define GATE_KINDS(X)                                                                                        \
    X(KIND_LOOK, "look", "A look at data")                                                                   \
    X(KIND_EMERGENCY_LOOK, "emergency-look", "An emergency look at data")                                    \
    X(KIND_QUESTION, "question", "A question about a look")                                                  \
    X(KIND_ANSWER, "answer", "An answer to a question")                                                      \
    X(KIND_REVIEW, "review", "The review of an emergency look")                                              \
    X(KIND_ENTRY_READ, "entry-read", "Somebody else read an entry")                                          \
    X(KIND_ERASURE, "erasure", "The erasure of an entry")                                                    \
    X(KIND_RECORD_ERASURE, "record-erasure", "The erasure of records")                                       \
    X(KIND_ORDER, "order", "A court order")                                                                  \
    X(KIND_FILING, "filing", "An application filed")                                                         \
    X(KIND_STEP, "step", "A step in a case")                                                                 \
    X(KIND_DECISION, "decision", "A decision in a case")                                                     \
    X(KIND_CASE_READ, "case-read", "An official opened your case")                                           \
    X(KIND_DOCUMENT, "document", "A document issued or revoked")                                             \
    X(KIND_CONSENT, "consent", "A consent given or taken back")                                              \
    X(KIND_MANDATE, "mandate", "A mandate given or taken back")                                              \
    X(KIND_LOG_IN, "log-in", "A way to log in added, taken away or used for recovery")                       \
    X(KIND_ASSIST, "assist", "A counter clerk acting for you")                                               \
    X(KIND_RECORD, "record", "A record about you was written")                                               \
    X(KIND_OFFER, "offer", "A service offered to you")                                                       \
    X(KIND_OFFICE, "office", "An office proposed, given, changed or ended")                                  \
    X(KIND_TRANSLATION, "translation", "Your data at two agencies were joined")

enum gate_kind {
#define X(id, code, words) id,
    GATE_KINDS(X)
#undef X
        GATE_KINDS_N
};

const char *gate_kind_code(enum gate_kind kind);
const char *gate_kind_words(struct str code); /* a msgid of po/; NULL: no such kind */

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

/* --- the trace: what a person reads --- */

struct gate_entry {
    uint64_t leaf;
    bool erased;
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

/* --- checking --- */

/* For ledger_fsck: opens and checks an entry's body against its leaf. `arg` is the gate's checker. */
struct gate_checker;
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

#endif
