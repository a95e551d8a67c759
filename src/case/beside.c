/* SPDX-License-Identifier: Apache-2.0 */
#include "case/beside.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "case/beside_check_private.h"
#include "case/scan.h"
#include "crypto/keys.h"
#include "db/keeper.h"

#define EVERY_MS 1000

bool beside_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE case_notice (id text PRIMARY KEY, recipient bytea NOT NULL, made bigint NOT NULL,"
            " seen bigint NOT NULL, phone bigint NOT NULL, letters bytea NOT NULL,"
            " sealed bytea NOT NULL);"
            "CREATE INDEX case_notice_list ON case_notice (recipient, id);"
            "CREATE INDEX case_notice_unread ON case_notice (recipient) WHERE seen = 0;"
            "CREATE INDEX case_notice_out ON case_notice (phone, id) WHERE phone < 2;"
            "CREATE INDEX case_notice_letters ON case_notice (letters, id) WHERE phone = 4;"
            "CREATE TABLE case_contact (recipient bytea PRIMARY KEY, language text NOT NULL,"
            " unreachable bigint NOT NULL)"},
        {2, "CREATE TABLE case_signer (case_no text NOT NULL, signer bytea NOT NULL, state bigint NOT NULL,"
            " since bigint NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (case_no, signer));"
            "CREATE INDEX case_signer_asked ON case_signer (signer, since)"},
        {3, "CREATE TABLE case_slot (place text NOT NULL, start bigint NOT NULL, seat bigint NOT NULL,"
            " case_no text NOT NULL, agency text NOT NULL, office text NOT NULL,"
            " PRIMARY KEY (place, start, seat));"
            "CREATE INDEX case_slot_case ON case_slot (case_no);"
            "CREATE INDEX case_slot_office ON case_slot (agency, office, start)"},
        {4, "CREATE TABLE case_invoice (id text PRIMARY KEY, payer bytea NOT NULL, fee text NOT NULL,"
            " case_no text NOT NULL, amount bigint NOT NULL, state bigint NOT NULL, spooled bigint NOT NULL,"
            " made bigint NOT NULL, settled bigint NOT NULL, ref text NOT NULL, sealed bytea NOT NULL);"
            "CREATE INDEX case_invoice_payer ON case_invoice (payer, fee, state);"
            "CREATE INDEX case_invoice_case ON case_invoice (case_no) WHERE case_no <> '';"
            "CREATE INDEX case_invoice_out ON case_invoice (id) WHERE spooled = 0"},
        {5, "CREATE TABLE case_attachment (id text PRIMARY KEY, owner bytea NOT NULL, case_no text NOT NULL,"
            " field text NOT NULL, size bigint NOT NULL, made bigint NOT NULL, sealed bytea NOT NULL);"
            "CREATE INDEX case_attachment_owner ON case_attachment (owner);"
            "CREATE INDEX case_attachment_case ON case_attachment (case_no) WHERE case_no <> '';"
            "CREATE TABLE case_attachment_part (id text NOT NULL, n bigint NOT NULL, made bigint NOT NULL,"
            " sealed bytea NOT NULL, PRIMARY KEY (id, n))"},
        {6, "ALTER TABLE case_attachment ADD COLUMN scan bigint NOT NULL DEFAULT 0;"
            "ALTER TABLE case_attachment ADD COLUMN scanned bigint NOT NULL DEFAULT 0;"
            "ALTER TABLE case_attachment ADD COLUMN verdict bytea;"
            "CREATE INDEX case_attachment_scan ON case_attachment (scanned, id) WHERE scan < 2"}};
    static const struct db_migration offers[] = {
        {1, "CREATE TABLE case_offer (id text PRIMARY KEY, recipient bytea NOT NULL, event bytea NOT NULL,"
            " made bigint NOT NULL, until bigint NOT NULL, state bigint NOT NULL, answered bigint NOT NULL,"
            " sealed bytea NOT NULL);"
            "CREATE UNIQUE INDEX case_offer_event ON case_offer (event);"
            "CREATE INDEX case_offer_list ON case_offer (recipient, id)"}};
    return db_migrate(db, "case-beside", migrations, ARRAY_LEN(migrations), err) &&
           db_migrate(db, "case-offer", offers, ARRAY_LEN(offers), err);
}

static bool on_step(void *arg, struct db *db, const struct case_file *c, struct arena *arena, struct err *err)
{
    static beside_step_fn *const parts[] = {signer_step,     booking_step, payment_step,
                                            attachment_step, notice_step,  offer_step};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (!parts[i](arg, db, c, arena, err))
            return false;
    return true;
}

static bool on_facts(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                     struct case_input *input, struct err *err)
{
    return signer_facts(arg, db, c, arena, input, err) && payment_facts(arg, db, c, arena, input, err);
}

static bool on_check(void *arg, struct db *db, const struct case_file *c, struct arena *arena,
                     const char **ret_wrong, struct err *err)
{
    static case_check_fn *const parts[] = {booking_missing, signer_missing, payment_missing};
    for (size_t i = 0; i < ARRAY_LEN(parts) && *ret_wrong == NULL; i++)
        if (!parts[i](arg, db, c, arena, ret_wrong, err))
            return false;
    return true;
}

struct beside *beside_new(struct cases *cases, struct people *people, const struct jurisdiction *j,
                          const uint8_t master[KEY_SIZE])
{
    struct beside *b = calloc(1, sizeof *b);
    must(b != NULL);
    *b = (struct beside){.cases = cases,
                         .people = people,
                         .j = j,
                         .seal_key = secret_new(KEY_SIZE),
                         .tag_key = secret_new(KEY_SIZE)};
    pthread_mutex_init(&b->uploads_lock, NULL);
    key_derive(b->seal_key, master, "aina/case/beside/seal");
    key_derive(b->tag_key, master, "aina/case/beside/tag");
    cases_on_step(cases, on_step, b);
    cases_on_facts(cases, on_facts, b);
    cases_on_check(cases, on_check, b);
    if (cases->gate != NULL)
        gate_on_written(cases->gate, offer_on_record, b);
    return b;
}

void beside_set_ports(struct beside *b, const struct beside_ports *ports)
{
    b->ports = *ports;
}

void beside_free(struct beside *b)
{
    if (b == NULL)
        return;
    beside_keeper_stop(b);
    payments_forget(b);
    pthread_mutex_destroy(&b->uploads_lock);
    secret_free(b->seal_key);
    secret_free(b->tag_key);
    free(b);
}

/* --- small parts --- */

static struct str place_of(const char *table, struct str row, struct arena *arena)
{
    return str_of(arena_printf(arena, "case|%s|%.*s", table, STR_ARG(row)));
}

struct str beside_seal(const struct beside *b, const char *table, struct str row, struct str plain,
                       struct arena *arena)
{
    struct str ad = place_of(table, row, arena);
    uint8_t *out = arena_take(arena, plain.n + SEAL_OVERHEAD, 1);
    seal(out, b->seal_key, plain.p, plain.n, ad.p, ad.n);
    return (struct str){(const char *)out, plain.n + SEAL_OVERHEAD};
}

bool beside_unseal(const struct beside *b, const char *table, struct str row, struct str sealed,
                   struct arena *arena, struct str *ret_plain, struct err *err)
{
    struct str ad = place_of(table, row, arena);
    if (sealed.n >= SEAL_OVERHEAD) {
        char *out = arena_take(arena, sealed.n - SEAL_OVERHEAD + 1, 1);
        if (seal_open(out, b->seal_key, (const uint8_t *)sealed.p, sealed.n, ad.p, ad.n)) {
            *ret_plain = (struct str){out, sealed.n - SEAL_OVERHEAD};
            return true;
        }
    }
    return err_set(err, ERR_CORRUPT, table, "a row does not open: it is not what was written");
}

void beside_tag(const struct beside *b, const char *what, struct str of, uint8_t tag[HASH_SIZE])
{
    struct hmac_key key;
    struct hmac mac;
    hmac_key_set(&key, b->tag_key, KEY_SIZE);
    hmac_start(&mac, &key);
    hmac_add(&mac, what, strlen(what) + 1);
    hmac_add(&mac, of.p, of.n);
    hmac_end(&mac, tag);
}

void beside_id(int64_t now, char out[ROW_ID_SIZE])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    static _Atomic unsigned counter;
    uint64_t time = now < 0 ? 0 : (uint64_t)now;
    unsigned n = atomic_fetch_add(&counter, 1);
    uint8_t random[12];
    random_bytes(random, sizeof random);
    for (int i = 10; i >= 0; i--, time >>= 5)
        out[i] = digits[time & 31];
    for (int i = 13; i >= 11; i--, n >>= 5)
        out[i] = digits[n & 31];
    for (int i = 0; i < 12; i++)
        out[14 + i] = digits[random[i] & 31];
    out[ROW_ID_SIZE - 1] = '\0';
}

enum case_status status_before(const struct case_file *c)
{
    return c->events_n < 2 ? DRAFT : c->events[c->events_n - 2].status;
}

/* --- the turn, and the thread that takes it --- */

bool beside_turn(struct beside *b, struct db *db, int64_t now, struct err *err)
{
    struct arena arena;
    arena_init(&arena, 65536, (size_t)64 << 20);
    bool ok = notices_turn(b, db, now, &arena, err) && payments_turn(b, db, &arena, err) &&
              attachments_turn(b, db, now, err);
    arena_done(&arena);
    return ok;
}

static bool turn(void *arg, struct db *db, bool *ret_more, struct err *err)
{
    return beside_turn(arg, db, clock_now(), err);
}

static bool scan(void *arg, struct db *db, bool *ret_more, struct err *err)
{
    return scans_turn(arg, db, clock_now(), err);
}

bool beside_keeper_start(struct beside *b, const char *db_url, struct err *err)
{
    return db_keeper_start(&b->keeper, db_url, EVERY_MS, turn, b, err) &&
           (!beside_scans(b) || db_keeper_start(&b->scanner, db_url, EVERY_MS, scan, b, err));
}

void beside_keeper_stop(struct beside *b)
{
    db_keeper_stop(b->keeper);
    if (b->scanner != NULL)
        b->ports.scanner->stop(b->ports.scanner->arg);
    db_keeper_stop(b->scanner);
    b->keeper = b->scanner = NULL;
}

void beside_wake_scanner(struct beside *b)
{
    if (b->scanner != NULL)
        db_keeper_wake(b->scanner);
}
