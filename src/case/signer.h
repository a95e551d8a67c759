/* SPDX-License-Identifier: Apache-2.0 */
/* signer.h: co-signers: the persons named by a field with `co-signs` must agree, each with their own log-in.
 *
 * With the filing each is asked, by a notice and an item in their cabinet; the applicant's own number needs
 * no second agreement. They see the answers that were typed, without sensitive ones and without what
 * registers say of the applicant. To agree is the service's action for co-signers; to decline is the one that
 * returns the case, with words: the applicant changes it and sends it again, or withdraws. Then whoever
 * declined is asked anew, and whoever had agreed too, if an answer was changed; whom the applicant names anew
 * is asked, and who is not named any more is not. case.signed is known to hold when everybody has agreed. A
 * number that nobody is registered under is asked as well, and answers when its person comes: filing tells
 * nobody who exists.
 */
#ifndef CASE_SIGNER_H
#define CASE_SIGNER_H

#include "case/beside.h"

enum signer_state { SIGNER_ASKED, SIGNER_AGREED, SIGNER_DECLINED };

/* What a person is asked to agree to: open ones first, then newest first. */
struct cosigning {
    char number[CASE_NO_SIZE];
    enum signer_state state;
    int64_t since;
};
MUST_USE bool cosignings_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], size_t limit,
                            struct arena *arena, struct cosigning **ret_list, size_t *ret_n, struct err *err);

/* The case for this co-signer: only the answers that concern them are given. ERR_NOT_FOUND: not asked. */
MUST_USE bool cosigning_read(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str number,
                             struct arena *arena, struct case_file *ret_case, enum signer_state *ret_state,
                             struct err *err);

/* The action of agreeing, where it needs the co-signer's signature (people/signing.h) by the service's file;
 * else NULL. */
const struct service_action *cosigning_signed(const struct service *service);

/* Agrees, or declines with words (at least CASE_REASON_MIN characters). ERR_NOT_FOUND: not asked;
 * ERR_CONFLICT: answered already, or the case has gone on. */
MUST_USE bool cosigning_answer(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE],
                               struct str number, bool agree, struct str words,
                               const struct case_signature *signature, struct str levels, int64_t now,
                               struct arena *arena, uint64_t *ret_position, struct err *err);

/* Who is asked in a case, as far as the applicant and the office need it: "9001••••••59". */
struct signer {
    char number[64];
    enum signer_state state;
    int64_t since;
};
MUST_USE bool signers_of(struct beside *b, struct db *db, const struct case_file *c, struct arena *arena,
                         struct signer **ret_list, size_t *ret_n, struct err *err);

#endif
