/* SPDX-License-Identifier: Apache-2.0 */
/* matter_private.h: rows of questions and emergency looks (matter_row.c), for matter.c. */
#ifndef GATE_MATTER_PRIVATE_H
#define GATE_MATTER_PRIVATE_H

#include "gate/gate_private.h"

/* A row as it stands, opened. `m.leaf` is UINT64_MAX while the leaf of an emergency look is not noted. */
struct matter {
    struct gate_matter m;
    uint8_t pid[PID_SIZE], tag[KEY_SIZE]; /* of the person: in the whole log, and at the agency alone */
};

/* The columns that matter_rows reads, in its order. */
#define MATTER_COLUMNS                                                                                       \
    "SELECT id, agency, person, emergency, leaf, opened, due, verdict, answered, sealed, answer "            \
    "FROM gate_matter "

/* ERR_CORRUPT: a row is not as it was written. */
bool matter_changed(struct err *err);
/* All rows of a bound statement, opened; at most `max`. */
MUST_USE bool matter_rows(struct gate *gate, struct db_stmt *stmt, struct arena *arena,
                          struct matter *ret_rows, size_t max, size_t *ret_n, struct err *err);
/* For a reviewer of the agency that the matter is of: else ERR_NOT_ALLOWED or ERR_NOT_FOUND. */
MUST_USE bool matter_find(struct gate *gate, struct db *db, const struct office *office, struct str id,
                          struct arena *arena, struct matter *ret_matter, struct err *err);
/* `about` is unique: there is one matter a look. ERR_CONFLICT: there is one. */
MUST_USE bool matter_insert(struct gate *gate, struct db *db, const struct matter *matter, struct str about,
                            struct arena *arena, struct err *err);
/* Verdict, time and words of `m`, if there is no answer yet: else ERR_CONFLICT. */
MUST_USE bool matter_write_answer(struct gate *gate, struct db *db, const struct gate_matter *m,
                                  struct arena *arena, struct err *err);

#endif
