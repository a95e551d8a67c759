/* SPDX-License-Identifier: Apache-2.0 */
/* control.h: orders to a running server: the socket DIR/control, which only the instance's owner (and root)
 * can reach, as its mode says and as the server asks the kernel of each caller. One order a connection, one
 * at a time, in the shape of keys_work.h; a token's process comes with it as an open socket. Nothing that is
 * secret is ever given out. */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "cli/keys_work.h"

struct control;

/* Of the live instance, whose connection and arena orders use. The folder's lock is held already, so a socket
 * that lies there is of a server that is gone. */
MUST_USE bool control_start(struct control **ret_control, struct instance *instance, struct err *err);
void control_stop(struct control *control); /* after the order that is being carried out; NULL: nothing */

/* Around whatever else uses the instance's own connection. */
void control_hold(struct control *control);
void control_let_go(struct control *control);

/* *ret_there: a server took the order, and what it answered is returned. False: none listens. */
bool control_ask(const char *folder, const struct key_order *order, bool *ret_there,
                 char ret_words[KEY_WORDS_MAX], struct err *err);

#endif
