/* SPDX-License-Identifier: Apache-2.0 */
/* policy_private.h: may a look be, and what it then opens: look.c, policy.c, quota.c. */
#ifndef GATE_POLICY_PRIVATE_H
#define GATE_POLICY_PRIVATE_H

#include "gate/gate_private.h"

/* look.c: the answer's fields of its registry, of this person. */
MUST_USE bool open_fields(struct gate *gate, struct db *db, const struct subject *subject,
                          struct gate_answer *answer, struct arena *arena, struct err *err);

/* policy.c */
struct decision {
    enum gate_reason reason;
    const struct purpose *purpose;
    const struct registry *registry;
    uint64_t fields;
    struct gate_order order; /* of a sealed look; its texts live in the arena */
};
MUST_USE bool decide(struct gate *gate, struct db *db, const struct gate_request *request, int32_t today,
                     struct arena *arena, struct decision *ret_decision, struct err *err);
/* What a purpose alone decides: sets d->purpose. */
enum gate_reason decide_purpose(const struct gate *gate, const struct gate_request *request,
                                struct decision *d);
/* What this person's case, consent or order decides, and the quota; d->purpose and d->reason stand. */
MUST_USE bool decide_person(struct gate *gate, struct db *db, const struct gate_request *request,
                            int32_t today, struct arena *arena, struct decision *d, struct err *err);
bool purpose_by_order(const struct purpose *purpose);

/* quota.c */
#define QUOTA_EVERY 8192 /* leaves: at most so many are opened at a start, if the gate's thread lived */
void quota_start(struct quota *quota, int32_t today);
void quota_free(struct quota *quota);
/* True when this official may look at this person today; counts the person if new. */
bool quota_take(struct quota *quota, struct str actor, const uint8_t handle[LEDGER_HANDLE_SIZE],
                unsigned limit, int32_t today);
/* At start. */
MUST_USE bool quota_relearn(struct gate *gate, struct db *db, struct err *err);
/* Keeps what was counted, when there is enough of it. */
MUST_USE bool quota_keep(struct gate *gate, struct db *db, struct err *err);

/* policy.c: a person in an agency's own tables: another agency's tag of the same person is another. */
void person_tag(const struct gate *gate, const struct agency *agency, const uint8_t pid[PID_SIZE],
                uint8_t tag[KEY_SIZE]);

#endif
