/* SPDX-License-Identifier: Apache-2.0 */
/* kill.h: for the tests, which kill the program at named steps. A room that has such steps keeps their names
 * in one table that its code and its test share (ledger/kill_points.h, vault/rekey_points.h).
 *
 * In a program built with -Dtests=true the environment variable AINA_KILL_AT, "name:count", arms a step: its
 * count-th passage ends the process with SIGKILL. In any other program nothing is armed.
 */
#ifndef BASE_KILL_H
#define BASE_KILL_H

#include "base/text.h"

struct str kill_armed(void); /* the name; empty: none. The environment is read once */
void kill_passed(void);      /* the armed step was reached */

#endif
