/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h: how every offline check of the house answers: a list of checks in the order made, each with what
 * it proves in words. What was not checked is said, never left out. */
#ifndef BASE_VERDICT_H
#define BASE_VERDICT_H

enum verify_status { VERIFY_PROVEN, VERIFY_FAILED, VERIFY_NOT_CHECKED };

struct verify_check {
    const char *id; /* stable name for programs: "checkpoint-signature", "inclusion", "expired", ... */
    enum verify_status status;
    const char *words; /* one sentence in plain English */
};

#endif
