/* SPDX-License-Identifier: Apache-2.0 */
/* text.c: product texts: the folder's own wording, then po/, then plain English. */
#include "web/web_private.h"

static const struct web_text_row *find_row(const char *msgid)
{
    size_t low = 0, high = web_text_rows_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(msgid, web_text_rows[middle].msgid);
        if (order == 0)
            return &web_text_rows[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct str web_text(const struct jurisdiction *j, struct str language, const char *msgid)
{
    const char *own = j->overrides_n ? jurisdiction_text(j, language, msgid) : NULL;
    if (own != NULL)
        return str_of(own);
    const struct web_text_row *row = find_row(msgid);
    for (size_t i = 0; row != NULL && i < web_text_languages_n; i++)
        if (str_is(language, web_text_languages[i]) && row->text[i].p != NULL)
            return row->text[i];
    return str_of(msgid);
}
