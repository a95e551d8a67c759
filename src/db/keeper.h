/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h: a thread of a room's own, with a connection of its own, that takes a turn again and again: for
 * what the clock brings, and for what others leave to be written behind them.
 */
#ifndef DB_KEEPER_H
#define DB_KEEPER_H

#include "db/db.h"

struct db_keeper;

/* One turn. *ret_more (false before the call): there is more to do at once. What goes wrong is said in the
 * program's log, at most once a minute, and not at all when it is only that the room has stopped
 * (ERR_STOPPED). */
typedef bool db_turn_fn(void *room, struct db *db, bool *ret_more, struct err *err);

/* Begins with a turn; then one every `every_ms`, or when woken. */
MUST_USE bool db_keeper_start(struct db_keeper **ret_keeper, const char *url, int every_ms, db_turn_fn *turn,
                              void *room, struct err *err);
void db_keeper_wake(struct db_keeper *keeper);
/* After a last turn. NULL: there was none. */
void db_keeper_stop(struct db_keeper *keeper);

#endif
