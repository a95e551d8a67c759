/* SPDX-License-Identifier: Apache-2.0 */
/* say.h: what the program tells its operator, one line each on standard error.
 *
 * Lines carry no personal data, no secret and no content of a look: a room says numbers, paths and sentences.
 */
#ifndef BASE_SAY_H
#define BASE_SAY_H

#include "base/compiler.h"
#include "base/err.h"

enum say_level { SAY_INFO, SAY_WARN, SAY_ALERT };

void say(enum say_level level, const char *format, ...) PRINTF_LIKE(2, 3);
void say_err(enum say_level level, const struct err *err);
void say_quiet(bool quiet); /* drops SAY_INFO lines */

/* Progress of long work on a terminal or, once a second, as lines; `done` == `total` ends it. */
void say_progress(const char *what, unsigned long long done, unsigned long long total);

#endif
