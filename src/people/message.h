/* SPDX-License-Identifier: Apache-2.0 */
/* message.h: the port through which short messages leave: a folder in which each message is one JSON file,
 * {"v":1,"id":..,"to":"+77010000000","text":..,"made":..}, written whole under another name, synced, and
 * renamed to ID.json. Whoever sends them (the text channel, an operator's script) takes files away when they
 * are sent.
 */
#ifndef PEOPLE_MESSAGE_H
#define PEOPLE_MESSAGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define MESSAGE_TEXT_MAX 480 /* bytes */

/* `to` empty: the same work, and nothing is left behind; for numbers that nobody has. */
MUST_USE bool message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err);

#endif
