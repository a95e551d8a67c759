/* SPDX-License-Identifier: Apache-2.0 */
/* message.h: the port through which short messages leave: a folder in which each message is one JSON file,
 * {"v":1,"id":..,"to":"+77010000000","text":..,"made":..}, written whole under another name, synced, and
 * renamed to ID.json. Whoever sends them (the text channel, an operator's script) takes files away when they
 * are sent, and renames one that can never be delivered (no such number) to ID.failed.
 */
#ifndef PEOPLE_MESSAGE_H
#define PEOPLE_MESSAGE_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define MESSAGE_TEXT_MAX 480 /* bytes */

/* `to` empty: the same work, and nothing is left behind; for numbers that nobody has. */
MUST_USE bool message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err);

/* The same in two steps, for who must send once whatever happens in between: message_prepare makes the hidden
 * file of this id durable (anew, if it is there already), message_release gives it its name. *ret_was_there:
 * the hidden file was still there; if it was not, it has been released before. */
MUST_USE bool message_prepare(const char *folder, struct str id, struct str to, struct str text, int64_t now,
                              struct err *err);
MUST_USE bool message_release(const char *folder, struct str id, bool *ret_was_there, struct err *err);

/* What came back as undeliverable: at most `limit` ids of ID.failed; message_forget removes such a file. */
#define MESSAGE_ID_SIZE 27
MUST_USE bool message_failures(const char *folder, char (*ret_ids)[MESSAGE_ID_SIZE], size_t limit,
                               size_t *ret_n, struct err *err);
MUST_USE bool message_forget(const char *folder, struct str id, struct err *err);

#endif
