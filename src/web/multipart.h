/* SPDX-License-Identifier: Apache-2.0 */
/* multipart.h: forms that were sent with a file (RFC 7578, multipart/form-data). Strict: what is not exactly
 * framed is not found; nothing is decoded. */
#ifndef WEB_MULTIPART_H
#define WEB_MULTIPART_H

#include <stdbool.h>

#include "base/text.h"

/* `type` is the Content-Type with its boundary. False: malformed, or the name is absent or stands twice. */
bool multipart_field(struct str type, struct str body, const char *name, struct str *ret_value);

/* --- a body that comes in pieces --- */

#define MULTIPART_BOUNDARY_MAX 70
#define MULTIPART_HEAD_MAX 1024

enum multipart_event {
    MULTIPART_MORE,     /* all was read; the next piece, please */
    MULTIPART_PART,     /* a part begins: `data` is its head */
    MULTIPART_DATA,     /* `data` are the next bytes of it, from the piece or of this reader */
    MULTIPART_PART_END, /* it is whole */
    MULTIPART_END,      /* the form is whole: what follows is nothing */
    MULTIPART_BAD,      /* not framed as it should be */
};

struct multipart {
    char line[MULTIPART_BOUNDARY_MAX + 5]; /* CR LF and the delimiter */
    size_t line_n, matched;
    char head[MULTIPART_HEAD_MAX];
    size_t head_n;
    int state;
};

/* False: `type` names no boundary. */
bool multipart_start(struct multipart *m, struct str type);
/* Takes from the front of `*piece`. `ret_data` lives until the next call. */
enum multipart_event multipart_next(struct multipart *m, struct str *piece, struct str *ret_data);
/* The last part's end, and the form's, have come. */
bool multipart_whole(const struct multipart *m);

/* From a part's head: whether it is this field; the name of its file, empty without one. */
bool multipart_is(struct str head, const char *name);
struct str multipart_file_name(struct str head);

#endif
