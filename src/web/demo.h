/* SPDX-License-Identifier: Apache-2.0 */
/* demo.h: the mark of a demonstration, and log-in by button.
 *
 * `aina demo` fills an instance with invented people and marks it: one row sealed under the instance's master
 * key, so that it can neither be written by editing the database nor be copied from another instance. `aina
 * serve --demo` needs the mark, and a loopback address; the log-in by button also needs that the request
 * came straight to it: loopback client, loopback Host, no header that a proxy sets.
 */
#ifndef WEB_DEMO_H
#define WEB_DEMO_H

#include "base/err.h"
#include "crypto/psn.h"
#include "crypto/seal.h"
#include "db/db.h"

#define DEMO_PERSONS 5

struct demo_mark {
    size_t n;
    uint8_t pid[DEMO_PERSONS][PID_SIZE]; /* the first invented people */
};

MUST_USE bool demo_migrate(struct db *db, struct err *err);
MUST_USE bool demo_mark_write(struct db *db, const uint8_t master[KEY_SIZE], const struct demo_mark *mark,
                              struct err *err);
/* ERR_NOT_ALLOWED when the instance is no demonstration, or the mark was made elsewhere. */
MUST_USE bool demo_mark_read(struct db *db, const uint8_t master[KEY_SIZE], struct demo_mark *ret_mark,
                             struct err *err);

#endif
