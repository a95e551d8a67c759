/* SPDX-License-Identifier: Apache-2.0 */
/* consent.h: a person's consents: purposes of agencies that open data only while the person agrees
 * (purposes.yaml: needs consent). Given until a day, taken back at any moment; each change is an entry in the
 * person's list at that agency, in one transaction with it. */
#ifndef GATE_CONSENT_H
#define GATE_CONSENT_H

#include "gate/acts.h"

#define CONSENT_DAYS_MAX 1096

struct gate_consent {
    const struct agency *agency;
    const struct purpose *purpose;
    int32_t until; /* the last day; 0: not given, or it has ended */
};

/* All that can be asked for, given or not: an agency has an office that may use the purpose. */
MUST_USE bool gate_consents(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE], int32_t today,
                            struct arena *arena, struct gate_consent **ret_list, size_t *ret_n,
                            struct err *err);
/* Gives it until this day (at most CONSENT_DAYS_MAX ahead), anew or over what there was; 0 takes it back.
 * ERR_NOT_FOUND: no such consent is asked for. ERR_CONFLICT: there was none to take back. */
MUST_USE bool gate_consent_change(struct gate *gate, struct db *db, const uint8_t pid[PID_SIZE],
                                  struct str agency, struct str purpose, int32_t until, int32_t today,
                                  struct str levels, uint64_t *ret_position, struct err *err);

#endif
