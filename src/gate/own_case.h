/* SPDX-License-Identifier: Apache-2.0 */
/* own_case.h: an office opens a case of its own with the person in front of it: a visit to the doctor, a
 * notarial act. Only for a purpose that says so (purposes.yaml: own-cases), for as many days as it says; the
 * caller has been shown that the person is there (web/presence.h), and says how.
 *
 * Case and entry are one transaction. The entry stands in the person's list at the office's own agency at
 * once, also where looks by the purpose are shown later: what is delayed there is a look at somebody else,
 * but who stands before the office knows of the case, and only they are a person of it. So a notary's looks
 * stay delayed for whoever the act is about besides the client, and no case opened here admits such a look.
 *
 * Numbers are an agency's own. One that was used for another person, for another purpose or by the engine of
 * applications is not used again: nobody is added to a case in silence. The same person with the same purpose
 * is opened anew under it, ended or not, from today. Who ends a case names its number only: the person stands
 * sealed in its row.
 */
#ifndef GATE_OWN_CASE_H
#define GATE_OWN_CASE_H

#include "gate/acts.h"

/* How presence by a document is written; the last four characters of its number follow. */
#define OWN_CASE_DOCUMENT "document ****"
/* For the person's phone, as a msgid: without content, so that who else reads it learns nothing. */
extern const char own_case_notice[];

struct gate_own_case {
    const struct office *office;
    struct str actor, capacity, mandate, levels;
    struct str case_no;  /* 1 to 64 bytes */
    struct str purpose;  /* id; of opening only, as are those below */
    const uint8_t *pid;  /* who is in front of the office */
    struct str presence; /* how that was shown: the entry's reason, after the last day and "; " */
    unsigned days;       /* 0: all that the purpose gives */
};

/* ERR_NOT_ALLOWED: the office has no such purpose, or the log-in is not sure enough for it; ERR_INVALID: the
 * number, the days, or a purpose without own cases; ERR_CONFLICT: the number is used. */
MUST_USE bool gate_own_case_open(struct gate *gate, struct db *db, const struct gate_own_case *own,
                                 int32_t *ret_until, uint64_t *ret_position, struct err *err);
/* By any office of the agency that has the case's purpose. ERR_NOT_FOUND: no office opened one of this
 * number; ERR_CONFLICT: it is ended already. */
MUST_USE bool gate_own_case_end(struct gate *gate, struct db *db, const struct gate_own_case *own,
                                uint64_t *ret_position, struct err *err);

#endif
