/* SPDX-License-Identifier: Apache-2.0 */
#include "people/limit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/clock.h"
#include "people/people_private.h"

const struct limit_rule limit_network = {"network", 60, 2 * CLOCK_SECOND},
                        limit_account = {"account", 20, 60 * CLOCK_SECOND},
                        limit_phone_soon = {"phone-10-minutes", 3, 200 * CLOCK_SECOND},
                        limit_phone_day = {"phone-day", 10, 8640 * CLOCK_SECOND},
                        limit_notice = {"notice", 10, 8640 * CLOCK_SECOND},
                        limit_signing = {"signing", 120, CLOCK_SECOND},
                        limit_enrol = {"enrol", 40, 600 * CLOCK_SECOND},
                        limit_stop = {"stop", 20, 10 * CLOCK_SECOND};

static void tag_of(const struct people *people, const char *what, struct str who, uint8_t tag[HASH_SIZE])
{
    struct hmac mac;
    hmac_start(&mac, &people->account);
    hmac_add(&mac, "limit", 6);
    hmac_add(&mac, what, strlen(what) + 1);
    hmac_add(&mac, who.p, who.n);
    hmac_end(&mac, tag);
}

bool limit_take(struct people *people, struct db *db, const struct limit_rule *rule, struct str who,
                int64_t now, int64_t *ret_wait, struct err *err)
{
    /* full_at: when the bucket will be full again. */
    static const char sql[] = "INSERT INTO people_limit (tag, full_at, failures, wait_until) VALUES ($1, $2, "
                              "0, 0) ON CONFLICT (tag) "
                              "DO UPDATE SET full_at = CASE WHEN people_limit.full_at > $3 THEN "
                              "people_limit.full_at ELSE $3 END + $4 "
                              "WHERE people_limit.full_at <= $5 RETURNING full_at";
    uint8_t tag[HASH_SIZE];
    bool taken;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    tag_of(people, rule->name, who, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    db_bind_i64(stmt, 2, now + rule->each);
    db_bind_i64(stmt, 3, now);
    db_bind_i64(stmt, 4, rule->each);
    db_bind_i64(stmt, 5, now + (int64_t)(rule->burst - 1) * rule->each);
    if (!db_one(stmt, &taken, err))
        return false;
    if (taken)
        db_end(stmt);
    *ret_wait = taken ? 0 : rule->each;
    return true;
}

bool limit_failures(struct people *people, struct db *db, const char *what, struct str who, int64_t now,
                    int64_t *ret_wait, int64_t *ret_failures, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT failures, wait_until FROM people_limit WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    tag_of(people, what, who, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    *ret_failures = found ? db_i64(stmt, 0) : 0;
    *ret_wait = found ? MAX_OF(db_i64(stmt, 1) - now, (int64_t)0) : 0;
    if (found)
        db_end(stmt);
    return true;
}

bool limit_failed(struct people *people, struct db *db, const char *what, struct str who, int64_t now,
                  struct err *err)
{
    static const char count[] = "INSERT INTO people_limit (tag, full_at, failures, wait_until) VALUES ($1, "
                                "0, 1, 0) ON CONFLICT (tag) "
                                "DO UPDATE SET failures = people_limit.failures + 1 RETURNING failures";
    static const char delay[] = "UPDATE people_limit SET wait_until = $1 WHERE tag = $2";
    uint8_t tag[HASH_SIZE];
    bool found;
    struct db_stmt *stmt = db_sql(db, count, err);
    if (stmt == NULL)
        return false;
    tag_of(people, what, who, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    if (!db_one(stmt, &found, err))
        return false;
    must(found);
    int64_t failures = db_i64(stmt, 0);
    db_end(stmt);
    int64_t wait = failures > 12 ? LIMIT_DELAY_MAX : CLOCK_SECOND << (failures - 1);
    if ((stmt = db_sql(db, delay, err)) == NULL)
        return false;
    db_bind_i64(stmt, 1, now + MIN_OF(wait, LIMIT_DELAY_MAX));
    db_bind_bytes(stmt, 2, tag, sizeof tag);
    return db_run(stmt, NULL, err);
}

bool limit_clear(struct people *people, struct db *db, const char *what, struct str who, struct err *err)
{
    uint8_t tag[HASH_SIZE];
    struct db_stmt *stmt = db_sql(db, "DELETE FROM people_limit WHERE tag = $1", err);
    if (stmt == NULL)
        return false;
    tag_of(people, what, who, tag);
    db_bind_bytes(stmt, 1, tag, sizeof tag);
    return db_run(stmt, NULL, err);
}

void limit_network_of(struct str address, char out[LIMIT_NETWORK_SIZE])
{
    _Alignas(struct in6_addr) uint8_t bytes[16];
    char text[INET6_ADDRSTRLEN] = "";
    snprintf(text, sizeof text, "%.*s", (int)MIN_OF(address.n, sizeof text - 1), address.p);
    bool v4 = inet_pton(AF_INET, text, bytes) == 1, v6 = !v4 && inet_pton(AF_INET6, text, bytes) == 1;
    if (v6 && IN6_IS_ADDR_V4MAPPED((struct in6_addr *)bytes)) {
        memmove(bytes, bytes + 12, 4); /* what a socket for both calls an IPv4 client */
        v4 = true;
    }
    if (v4)
        snprintf(out, LIMIT_NETWORK_SIZE, "%u.%u.%u.0/24", bytes[0], bytes[1], bytes[2]);
    else if (v6)
        snprintf(out, LIMIT_NETWORK_SIZE, "%02x%02x:%02x%02x:%02x%02x::/48", bytes[0], bytes[1], bytes[2],
                 bytes[3], bytes[4], bytes[5]);
    else
        snprintf(out, LIMIT_NETWORK_SIZE, "%s", text);
}
