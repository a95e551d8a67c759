/* SPDX-License-Identifier: Apache-2.0 */
/* beside_private.h: between the parts of what stands beside cases. */
#ifndef CASE_BESIDE_PRIVATE_H
#define CASE_BESIDE_PRIVATE_H

#include <pthread.h>

#include "case/beside.h"
#include "case/case_private.h"
#include "gate/write.h"
#include "jurisdiction/words.h"

struct provider;

struct beside {
    struct cases *cases;
    struct people *people;
    const struct jurisdiction *j;
    struct beside_ports ports;
    uint8_t *seal_key, *tag_key;
    struct provider *providers; /* payment.c */
    size_t providers_n;
    int64_t swept; /* attachment.c: last */
    pthread_mutex_t uploads_lock;
    struct attachment_upload *uploads;  /* attachment.c: on their way */
    struct db_keeper *keeper, *scanner; /* threads */
    int64_t believed;                   /* scan.c: when the scanner was tried last, and found */
};

/* Sealed into its table and row. */
struct str beside_seal(const struct beside *b, const char *table, struct str row, struct str plain,
                       struct arena *arena);
MUST_USE bool beside_unseal(const struct beside *b, const char *table, struct str row, struct str sealed,
                            struct arena *arena, struct str *ret_plain, struct err *err);
void beside_tag(const struct beside *b, const char *what, struct str of, uint8_t tag[HASH_SIZE]);
/* Time-ordered ids of rows, [0-9a-z]{26}: by `now`, then in the order of making. */
#define ROW_ID_SIZE 27
void beside_id(int64_t now, char out[ROW_ID_SIZE]);
static inline struct str pid_text(const uint8_t pid[PID_SIZE])
{
    return (struct str){(const char *)pid, PID_SIZE};
}
/* The status before the last step. */
enum case_status status_before(const struct case_file *c);

/* Each sees every step, in its transaction; false undoes it. */
typedef bool beside_step_fn(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                            struct err *err);
beside_step_fn notice_step, signer_step, payment_step, attachment_step, booking_step, offer_step;
/* A record was written: gate/write.h. */
gate_written_fn offer_on_record;
MUST_USE bool notices_turn(struct beside *b, struct db *db, int64_t now, struct arena *arena,
                           struct err *err);

/* scan.c and attachment.c. `*ret_found` false: no n-th part. */
struct attachment;
MUST_USE bool attachment_part(struct beside *b, struct db *db, const char *id, int64_t n, struct arena *arena,
                              struct str *ret_plain, bool *ret_found, struct err *err);
struct str attachment_field(const struct service *s, size_t field, struct arena *arena); /* "service/field" */
MUST_USE bool attachment_drop_parts(struct db *db, struct str id, struct err *err);
struct str attachment_verdict(struct beside *b, const char *id, int state, int64_t time, struct str found,
                              struct arena *arena);
void beside_wake_scanner(struct beside *b);

struct notice_for {
    const uint8_t *pid;          /* a person */
    const struct office *office; /* or an office */
};
/* One of the engine's own notices (enum notice_kind), in the caller's transaction. */
MUST_USE bool notice_put(struct beside *b, struct db *db, const struct case_file *c, int kind,
                         struct notice_for to, struct str reason, struct str due, int64_t now,
                         struct arena *arena, struct err *err);

/* `office`: which raised it, and so sends the letter where one must follow. */
MUST_USE bool notice_offer(struct beside *b, struct db *db, const struct service *service, struct str offer,
                           const uint8_t pid[PID_SIZE], const struct office *office, int64_t until,
                           int64_t now, struct arena *arena, struct err *err);
/* Co-signers of the case who are registered persons. */
MUST_USE bool signers_known(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                            uint8_t (**ret_pids)[PID_SIZE], size_t *ret_n, struct err *err);
MUST_USE bool payment_facts(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                            struct case_input *input, struct err *err);
MUST_USE bool payments_turn(struct beside *b, struct db *db, struct arena *arena, struct err *err);
MUST_USE bool attachments_turn(struct beside *b, struct db *db, int64_t now, struct err *err);
void payments_forget(struct beside *b); /* the providers' keys */
MUST_USE bool signer_facts(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                           struct case_input *input, struct err *err);

#endif
