/* SPDX-License-Identifier: Apache-2.0 */
/* staff_key.h: whose signing key an official's acts are signed with.
 *
 * Officials are known by a staff code alone. Before the first act that law wants signed, the official signs
 * one text with the key (purpose SIGNING_STAFF); the person's and the organisation's number in that
 * certificate are kept, sealed, and count from when an administrator of the agency, another person, confirmed
 * them. A new certificate of the same person and organisation needs nothing new; other numbers are entered
 * and confirmed anew.
 */
#ifndef PEOPLE_STAFF_KEY_H
#define PEOPLE_STAFF_KEY_H

#include "people/office.h"
#include "people/signing.h"

struct staff_key {
    struct str staff_code, agency;
    struct str confirmed_by; /* staff code; empty: it waits */
    struct str scheme, number, organisation_scheme, organisation, name, authority;
    char signing[SIGNING_ID_SIZE]; /* the signature it was entered with: its evidence is "staff ID" */
    int64_t made;
};

/* Inside the caller's transaction, with a signature that holds: replaces what was entered before. */
MUST_USE bool staff_key_enter(struct people *people, struct db *db, const struct official *official,
                              const struct signing *signing, int64_t now, struct err *err);
/* Texts in the arena. Not found is no error; what waits is found too. */
MUST_USE bool staff_key_of(struct people *people, struct db *db, struct str staff_code, struct arena *arena,
                           bool *ret_found, struct staff_key *ret_key, struct err *err);
/* Of the administrator's agency, those that wait. */
MUST_USE bool staff_keys_waiting(struct people *people, struct db *db, const struct official *by,
                                 struct arena *arena, struct staff_key **ret_list, size_t *ret_n,
                                 struct err *err);
/* Inside the caller's transaction, by an administrator of the agency (`by` as people_caller gave it today),
 * another than the official, who saw this entering (`signing`). ERR_NOT_FOUND: it is not there any more. */
MUST_USE bool staff_key_decide(struct people *people, struct db *db, const struct jurisdiction *j,
                               const struct official *by, struct str staff_code, struct str signing,
                               bool confirm, struct err *err);

#endif
