/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of those who work here: desk.c (looks), desk_review.c (questions), desk_audit.c (the log). */
#ifndef WEB_DESK_PRIVATE_H
#define WEB_DESK_PRIVATE_H

#include "web/work_private.h"

extern const struct web_table web_desk, web_desk_review, web_desk_audit;

#endif
