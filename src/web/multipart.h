/* SPDX-License-Identifier: Apache-2.0 */
/* multipart.h: one field of a form that was sent with a file (RFC 7578, multipart/form-data). Strict: what is
 * not exactly framed is not found; nothing is decoded, nothing copied. */
#ifndef WEB_MULTIPART_H
#define WEB_MULTIPART_H

#include <stdbool.h>

#include "base/text.h"

/* `type` is the Content-Type with its boundary. False: malformed, or the name is absent or stands twice. */
bool multipart_field(struct str type, struct str body, const char *name, struct str *ret_value);

#endif
