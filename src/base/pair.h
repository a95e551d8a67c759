/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h: whole messages over a socket pair between two processes of the program. False: the other has ended.
 */
#ifndef BASE_PAIR_H
#define BASE_PAIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

MUST_USE bool pair_put(int fd, const void *bytes, size_t n);
MUST_USE bool pair_take(int fd, void *bytes, size_t n);

#endif
