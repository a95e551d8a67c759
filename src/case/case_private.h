/* SPDX-License-Identifier: Apache-2.0 */
/* case_private.h: between the parts of the engine. */
#ifndef CASE_CASE_PRIVATE_H
#define CASE_CASE_PRIVATE_H

#include "case/case.h"
#include "crypto/hash.h"

struct cases {
    struct gate *gate;
    const struct jurisdiction *j;
    uint8_t *seal_key; /* answers and journal */
    uint8_t *tag_key;  /* one case in flight */
};

/* Sealed under the case's number and the place `what`. */
struct str case_seal(const struct cases *cases, const char *number, const char *what, int64_t n,
                     struct str plain, struct arena *arena);
MUST_USE bool case_unseal(const struct cases *cases, const char *number, const char *what, int64_t n,
                          struct str sealed, struct arena *arena, struct str *ret_plain, struct err *err);

void answers_write(const struct service *s, const struct answer *answers, struct buf *out);
MUST_USE bool answers_read(const struct service *s, struct str bytes, struct arena *arena,
                           struct answer **ret_answers, struct err *err);
void event_write(const struct case_event *event, struct buf *out);
MUST_USE bool event_read(struct str bytes, struct case_event *ret_event, struct err *err);

/* Values of all names now: answers, facts of the case, rules. */
struct rule_value *case_values(const struct jurisdiction *j, const struct case_file *c,
                               const struct case_input *input, struct arena *arena);
bool status_is_final(enum case_status status);

#endif
