/* SPDX-License-Identifier: Apache-2.0 */
/* write.h: an office that keeps a registry writes a record for a person (registries/X.yaml: written-by).
 *
 * In a registry of many records a person (a birth, a vehicle) each writing is a record of its own. Elsewhere
 * the person has one, and what is not given keeps its value: the gate carries it over sealed, and the office
 * sees none of it. Record, entry in the person's list ("A record about you was written") and whatever other
 * rooms do about it are one transaction.
 *
 * The operator puts a record right by command (`aina record`): any record by its name, as a whole; the entry
 * says that it was the operator.
 */
#ifndef GATE_WRITE_H
#define GATE_WRITE_H

#include "gate/acts.h"

struct gate_writing {
    const struct office *office;
    struct str actor, levels;
    const struct registry *registry;
    const uint8_t *pid;
    const struct str *values; /* by field; empty: not given */
    bool by_operator;         /* instead of the office: what is not given is absent from now on */
    struct str record;        /* by the operator: the record's name; by an office, in a registry of many, the
                                 name of the one to be; empty: drawn now */
};
/* Draws one. Drawn when a form is shown and sent with it, it makes a form that is sent twice one record. */
void gate_record_name(char out[ACT_ID_SIZE]);

struct gate_written {
    const struct registry *registry;
    const uint8_t *pid;
    const struct office *office; /* that wrote it */
    struct str record;           /* its name among the person's records */
    uint32_t version;            /* from 1 */
    const struct str
        *values;           /* by field, as they stand now; for those who are told in the transaction alone */
    char act[ACT_ID_SIZE]; /* of the entry */
};

/* What other rooms do with a record, inside its transaction, which may run again. Registered once, before any
 * record is written. */
typedef bool gate_written_fn(void *arg, struct db *db, const struct gate_written *written,
                             struct arena *arena, struct err *err);
void gate_on_written(struct gate *gate, gate_written_fn *fn, void *arg);

bool gate_writes(const struct office *office, const struct registry *registry);
/* ERR_NOT_ALLOWED: this office writes no records there. ERR_INVALID: a value is not of its field's type (the
 * field's id is the place), or none is given. ERR_CONFLICT: somebody wrote at the same moment, or the person
 * has a record of this name. */
MUST_USE bool gate_write(struct gate *gate, struct db *db, const struct gate_writing *writing,
                         struct arena *arena, struct gate_written *ret_written, uint64_t *ret_position,
                         struct err *err);

#endif
