/* SPDX-License-Identifier: Apache-2.0 */
/* beside.c: what stands beside a case and moves with its steps, in the same transaction. */
#include "base/clock.h"
#include "case/case_private.h"

void case_tag(const struct cases *cases, const char *what, struct str of, uint8_t tag[HASH_SIZE])
{
    struct hmac_key key;
    struct hmac mac;
    hmac_key_set(&key, cases->tag_key, KEY_SIZE);
    hmac_start(&mac, &key);
    hmac_add(&mac, what, strlen(what) + 1);
    hmac_add(&mac, of.p, of.n);
    hmac_end(&mac, tag);
}

bool beside_migrate(struct db *db, struct err *err)
{
    static const struct db_migration notices[] = {
        {1, "CREATE TABLE case_notice (id text PRIMARY KEY, recipient bytea NOT NULL, made bigint NOT NULL,"
            " seen bigint NOT NULL, phone bigint NOT NULL, agency text NOT NULL, office text NOT NULL,"
            " sealed bytea NOT NULL);"
            "CREATE INDEX case_notice_list ON case_notice (recipient, id);"
            "CREATE INDEX case_notice_unread ON case_notice (recipient) WHERE seen = 0;"
            "CREATE INDEX case_notice_out ON case_notice (phone, id) WHERE phone < 2;"
            "CREATE INDEX case_notice_letters ON case_notice (agency, office, id) WHERE phone = 4;"
            "CREATE TABLE case_contact (recipient bytea PRIMARY KEY, language text NOT NULL,"
            " unreachable bigint NOT NULL);"
            "CREATE TABLE case_timer (case_no text NOT NULL, timer text NOT NULL, due bigint NOT NULL,"
            " PRIMARY KEY (case_no, timer));"
            "CREATE INDEX case_timer_due ON case_timer (due)"}};
    return db_migrate(db, "case-notice", notices, ARRAY_LEN(notices), err);
}

bool beside_step(const struct beside *step, struct db *db, struct err *err)
{
    return notice_step(step, db, err);
}
