/* SPDX-License-Identifier: Apache-2.0 */
#include "web/multipart.h"

#include <strings.h>

#define BOUNDARY_MAX 70

static const char *find(struct str in, struct str what)
{
    return what.n == 0 || what.n > in.n ? NULL : memmem(in.p, in.n, what.p, what.n);
}

/* The boundary, with the two hyphens before it. */
static bool delimiter_of(struct str type, char out[BOUNDARY_MAX + 3], struct str *ret)
{
    static const char head[] = "multipart/form-data;";
    if (type.n < sizeof head || strncasecmp(type.p, head, sizeof head - 1) != 0)
        return false;
    const char *at = find(type, STR("boundary="));
    if (at == NULL)
        return false;
    struct str b = str_trim(str_from(type, (size_t)(at - type.p) + 9));
    if (b.n >= 2 && b.p[0] == '"' && b.p[b.n - 1] == '"')
        b = (struct str){b.p + 1, b.n - 2};
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] <= 0x20 || b.p[i] >= 0x7f || strchr("\";,", b.p[i]) != NULL)
            return false;
    if (b.n == 0 || b.n > BOUNDARY_MAX)
        return false;
    memcpy(out, "--", 2);
    memcpy(out + 2, b.p, b.n);
    *ret = (struct str){out, b.n + 2};
    return true;
}

/* Whether a part's headers say that it is this field. */
static bool is_field(struct str headers, const char *name)
{
    struct str line;
    while (str_next(&headers, '\n', &line)) {
        static const char head[] = "Content-Disposition: form-data;";
        const char *at;
        line = str_trim(line);
        if (line.n < sizeof head || strncasecmp(line.p, head, sizeof head - 1) != 0 ||
            (at = find(line, STR(" name=\""))) == NULL)
            continue;
        struct str rest = str_from(line, (size_t)(at - line.p) + 7), value;
        return str_next(&rest, '"', &value) && str_is(value, name);
    }
    return false;
}

bool multipart_field(struct str type, struct str body, const char *name, struct str *ret)
{
    char text[BOUNDARY_MAX + 3], line_text[BOUNDARY_MAX + 5] = "\r\n";
    struct str delimiter;
    bool found = false;
    if (!delimiter_of(type, text, &delimiter) || !str_starts(body, delimiter))
        return false;
    memcpy(line_text + 2, delimiter.p, delimiter.n);
    const struct str line = {line_text, delimiter.n + 2};
    body = str_from(body, delimiter.n);
    while (str_starts(body, STR("\r\n"))) {
        body = str_from(body, 2);
        const char *blank = find(body, STR("\r\n\r\n"));
        if (blank == NULL)
            return false;
        struct str headers = {body.p, (size_t)(blank - body.p)}, rest = str_from(body, headers.n + 4);
        const char *end = find(rest, line);
        if (end == NULL)
            return false;
        struct str value = {rest.p, (size_t)(end - rest.p)};
        if (is_field(headers, name)) {
            if (found)
                return false;
            found = true;
            *ret = value;
        }
        body = str_from(rest, value.n + line.n);
    }
    return found && str_starts(body, STR("--"));
}
