/* SPDX-License-Identifier: Apache-2.0 */
#include "web/multipart.h"

#include <strings.h>

#define BOUNDARY_MAX MULTIPART_BOUNDARY_MAX

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
    out[0] = out[1] = '-';
    memcpy(out + 2, b.p, b.n);
    *ret = (struct str){out, b.n + 2};
    return true;
}

/* The quoted text behind `what` in the part's Content-Disposition; false: none. */
static bool disposition(struct str headers, struct str what, struct str *ret)
{
    struct str line;
    while (str_next(&headers, '\n', &line)) {
        static const char head[] = "Content-Disposition: form-data;";
        const char *at;
        line = str_trim(line);
        if (line.n < sizeof head || strncasecmp(line.p, head, sizeof head - 1) != 0 ||
            (at = find(line, what)) == NULL)
            continue;
        struct str rest = str_from(line, (size_t)(at - line.p) + what.n);
        return str_next(&rest, '"', ret);
    }
    return false;
}

bool multipart_is(struct str head, const char *name)
{
    struct str value;
    return disposition(head, STR(" name=\""), &value) && str_is(value, name);
}

struct str multipart_file_name(struct str head)
{
    struct str value;
    return disposition(head, STR(" filename=\""), &value) ? value : STR("");
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
        if (multipart_is(headers, name)) {
            if (found)
                return false;
            found = true;
            *ret = value;
        }
        body = str_from(rest, value.n + line.n);
    }
    return found && str_starts(body, STR("--"));
}

/* --- in pieces --- */

enum { AT_DELIMITER, AFTER_DELIMITER, IN_HEAD, IN_DATA, AT_END, BROKEN };

bool multipart_start(struct multipart *m, struct str type)
{
    struct str delimiter;
    *m = (struct multipart){.line = "\r\n", .matched = 2, .state = AT_DELIMITER};
    if (!delimiter_of(type, m->line + 2, &delimiter))
        return false;
    m->line_n = delimiter.n + 2;
    return true;
}

static enum multipart_event bad(struct multipart *m)
{
    m->state = BROKEN;
    return MULTIPART_BAD;
}

/* How far the piece goes on as the line does; a line holds CR at its beginning alone, so that after a
 * mismatch nothing of it can begin a match again. */
static bool match(struct multipart *m, struct str *piece)
{
    while (piece->n != 0 && m->matched < m->line_n && piece->p[0] == m->line[m->matched]) {
        *piece = str_from(*piece, 1);
        m->matched++;
    }
    return m->matched == m->line_n;
}

static enum multipart_event at_delimiter(struct multipart *m, struct str *piece)
{
    if (match(m, piece)) {
        m->state = AFTER_DELIMITER;
        m->head_n = 0;
        return MULTIPART_MORE;
    }
    return piece->n == 0 ? MULTIPART_MORE : bad(m);
}

static enum multipart_event after_delimiter(struct multipart *m, struct str *piece)
{
    m->head[m->head_n++] = piece->p[0];
    *piece = str_from(*piece, 1);
    if (m->head_n < 2)
        return MULTIPART_MORE;
    if (memcmp(m->head, "--", 2) == 0) {
        m->state = AT_END;
        return MULTIPART_END;
    }
    if (memcmp(m->head, "\r\n", 2) != 0)
        return bad(m);
    m->state = IN_HEAD;
    m->head_n = 0;
    return MULTIPART_MORE;
}

static enum multipart_event in_head(struct multipart *m, struct str *piece, struct str *ret)
{
    while (piece->n != 0) {
        if (m->head_n == sizeof m->head)
            return bad(m);
        m->head[m->head_n++] = piece->p[0];
        *piece = str_from(*piece, 1);
        if (m->head_n >= 4 && memcmp(m->head + m->head_n - 4, "\r\n\r\n", 4) == 0) {
            *ret = (struct str){m->head, m->head_n - 4};
            m->state = IN_DATA;
            m->matched = 0;
            return MULTIPART_PART;
        }
    }
    return MULTIPART_MORE;
}

static enum multipart_event in_data(struct multipart *m, struct str *piece, struct str *ret)
{
    const char *cr = m->matched == 0 ? memchr(piece->p, '\r', piece->n) : piece->p;
    size_t plain = cr == NULL ? piece->n : (size_t)(cr - piece->p);
    if (plain != 0) {
        *ret = (struct str){piece->p, plain};
        *piece = str_from(*piece, plain);
        return MULTIPART_DATA;
    }
    if (match(m, piece)) {
        m->state = AFTER_DELIMITER;
        m->head_n = 0;
        return MULTIPART_PART_END;
    }
    if (piece->n == 0)
        return MULTIPART_MORE;
    *ret = (struct str){m->line, m->matched};
    m->matched = 0;
    return MULTIPART_DATA;
}

enum multipart_event multipart_next(struct multipart *m, struct str *piece, struct str *ret)
{
    enum multipart_event event = MULTIPART_MORE;
    while (event == MULTIPART_MORE && piece->n != 0)
        switch (m->state) {
        case AT_DELIMITER: event = at_delimiter(m, piece); break;
        case AFTER_DELIMITER: event = after_delimiter(m, piece); break;
        case IN_HEAD: event = in_head(m, piece, ret); break;
        case IN_DATA: event = in_data(m, piece, ret); break;
        case AT_END: *piece = str_from(*piece, piece->n); break;
        default: return MULTIPART_BAD;
        }
    return event;
}

bool multipart_whole(const struct multipart *m)
{
    return m->state == AT_END;
}
