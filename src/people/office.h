/* SPDX-License-Identifier: Apache-2.0 */
/* office.h: who becomes an official, and who stops being one. Two administrators of the agency enrol
 * together: one proposes, another agrees; neither for oneself. The first two are enrolled by the operator
 * (`aina enrol`).
 *
 * Ending needs one administrator and works at once: every session and token of the official is read against
 * the office at each use, and ended here besides. A substitute holds the office of a colleague on leave, with
 * its own dates; while it lasts it is the office the substitute acts in.
 */
#ifndef PEOPLE_OFFICE_H
#define PEOPLE_OFFICE_H

#include "jurisdiction/jurisdiction.h"
#include "people/factor.h"

#define STAFF_CODE_MAX 64
bool staff_code_valid(struct str code); /* 3 to 64 of A-Z a-z 0-9 and '-', a letter first */

struct proposal {
    char id[27];
    struct str by;            /* staff code of who proposed */
    struct official official; /* texts in the arena */
    int64_t made;
};

/* `by` is the administrator as people_caller gave it today. ERR_NOT_ALLOWED: no administrator of this agency,
 * or of oneself. ERR_CONFLICT: another agency's official. ERR_INVALID: what is wrong. */
MUST_USE bool office_propose(struct db *db, const struct jurisdiction *j, const struct official *by,
                             const struct official *proposed, int64_t now, char ret_id[27], struct err *err);
MUST_USE bool office_proposals(struct db *db, const struct official *by, struct arena *arena,
                               struct proposal **ret_list, size_t *ret_n, struct err *err);
/* Agrees to or drops a proposal. ERR_NOT_ALLOWED when who agrees is who proposed. With agreement and no key
 * yet, a code to enrol one, to be handed over in person; else empty. */
MUST_USE bool office_decide(struct people *people, struct db *db, const struct jurisdiction *j,
                            const struct official *by, struct str id, bool agree, int64_t now,
                            struct arena *arena, struct proposal *ret_proposal, char ret_code[CODE_SIZE],
                            struct err *err);

/* What an entry says of an office: its id, first and last day, whom one stands for, who proposed it; "-"
 * where there is none. */
struct str office_terms(const struct official *official, struct str by, struct arena *arena);
struct office_terms {
    struct str office, from, until, stands_for, by; /* empty: none */
};
/* False: the text is none. */
MUST_USE bool office_terms_parse(struct str text, struct office_terms *ret);

/* Today and to come: offices of the agency by staff code. */
MUST_USE bool office_list(struct db *db, const struct official *by, int32_t today, struct arena *arena,
                          struct official **ret_list, size_t *ret_n, struct err *err);
/* All offices that the official holds at the administrator's agency end now, and every session and token with
 * them. */
MUST_USE bool office_end(struct people *people, struct db *db, const struct jurisdiction *j,
                         const struct official *by, struct str staff_code, int32_t today, struct err *err);
/* A lost or stolen authenticator: every key, code, session and token of the official ends now; inside the
 * caller's transaction. For a new key they are proposed anew, from today, for the office they hold: the
 * second administrator's agreement gives the code. */
MUST_USE bool office_end_keys(struct people *people, struct db *db, const struct jurisdiction *j,
                              const struct official *by, struct str staff_code, int32_t today,
                              struct err *err);
MUST_USE bool office_leave(struct people *people, struct db *db, const struct jurisdiction *j,
                           const struct official *by, struct str staff_code, int32_t from, int32_t until,
                           struct err *err);

#endif
