/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/probe.h"

#include <jansson.h>

#include "base/buf.h"
#include "tlog/tree.h"

/* Puts whole numbers in quotes: jansson's integers end at 2^63-1, sizes of trees at 2^64-1. */
static void quote_numbers(struct buf *out, struct str line)
{
    bool quoted = false;
    for (size_t i = 0; i < line.n;) {
        char c = line.p[i];
        size_t end = i + 1;
        if (quoted) {
            end += c == '\\' && end < line.n;
            quoted = c != '"';
        } else if ((c >= '0' && c <= '9') || c == '-') {
            bool whole = c != '-';
            for (; end < line.n && strchr("0123456789+-.eE", line.p[end]) != NULL && line.p[end] != '\0';
                 end++)
                whole = whole && line.p[end] >= '0' && line.p[end] <= '9';
            if (whole) {
                buf_byte(out, '"');
                buf_add(out, line.p + i, end - i);
                buf_byte(out, '"');
                i = end;
                continue;
            }
        } else {
            quoted = c == '"';
        }
        buf_add(out, line.p + i, end - i);
        i = end;
    }
}

struct probe {
    uint64_t a, b;    /* leaf and size, or old and new size */
    bool well_formed; /* every hash has 32 bytes, and there are not too many */
    struct tree_hash first, second;
    bool same; /* first and second are the same bytes, of whatever length */
    size_t n;
    struct tree_hash proof[TREE_PROOF_MAX];
};

static bool size_of(const json_t *object, const char *key, uint64_t *ret_size, struct err *err)
{
    const json_t *member = json_object_get(object, key);
    if (!json_is_string(member) ||
        !text_u64((struct str){json_string_value(member), json_string_length(member)}, ret_size))
        return err_set(err, ERR_USAGE, key, "it must be a whole number from 0 to 2^64-1");
    return true;
}

/* A hash of another length is readable, but no proof holds with it. */
static bool hash_of(const json_t *member, const char *key, struct probe *probe, struct tree_hash *ret_hash,
                    struct err *err)
{
    uint8_t bytes[1024];
    size_t n = 0;
    if (!json_is_null(member) &&
        (!json_is_string(member) ||
         !base64_decode(bytes, sizeof bytes,
                        (struct str){json_string_value(member), json_string_length(member)}, &n)))
        return err_set(err, ERR_USAGE, key, "it must be a hash in base64");
    if (n == HASH_SIZE)
        memcpy(ret_hash->b, bytes, HASH_SIZE);
    else
        probe->well_formed = false;
    return true;
}

static bool same_text(const json_t *a, const json_t *b)
{
    return json_is_string(a) && json_equal(a, b); /* strict base64 has one text for the same bytes */
}

static bool path_of(const json_t *object, struct probe *probe, struct err *err)
{
    const json_t *list = json_object_get(object, "proof"), *member;
    size_t i;
    if (json_is_null(list))
        return true;
    if (!json_is_array(list))
        return err_set(err, ERR_USAGE, "proof", "it must be a list of hashes, or null");
    json_array_foreach(list, i, member)
    {
        struct tree_hash spare;
        if (!hash_of(member, "proof", probe, i < TREE_PROOF_MAX ? &probe->proof[i] : &spare, err))
            return false;
    }
    probe->n = MIN_OF(json_array_size(list), (size_t)TREE_PROOF_MAX);
    probe->well_formed = probe->well_formed && json_array_size(list) <= TREE_PROOF_MAX;
    return true;
}

static bool probe_read(const json_t *object, const char *const keys[4], struct probe *probe, struct err *err)
{
    probe->same = same_text(json_object_get(object, keys[2]), json_object_get(object, keys[3]));
    return size_of(object, keys[0], &probe->a, err) && size_of(object, keys[1], &probe->b, err) &&
           hash_of(json_object_get(object, keys[2]), keys[2], probe, &probe->first, err) &&
           hash_of(json_object_get(object, keys[3]), keys[3], probe, &probe->second, err) &&
           path_of(object, probe, err);
}

static bool probe_check(const json_t *object, bool *ret_accepted, struct err *err)
{
    static const char *const inclusion[] = {"leafIdx", "treeSize", "leafHash", "root"};
    static const char *const consistency[] = {"size1", "size2", "root1", "root2"};
    struct probe probe = {.well_formed = true};
    bool is_inclusion = json_object_get(object, "leafIdx") != NULL;
    bool is_consistency = json_object_get(object, "size1") != NULL;
    if (is_inclusion == is_consistency)
        return err_set(err, ERR_USAGE, "line", "a probe has leafIdx (inclusion) or size1 (consistency)");
    if (!probe_read(object, is_inclusion ? inclusion : consistency, &probe, err))
        return false;
    if (is_inclusion)
        *ret_accepted = probe.well_formed && tree_check_inclusion(probe.proof, probe.n, probe.a, probe.b,
                                                                  &probe.first, &probe.second);
    else if (probe.a == probe.b && probe.a != 0) /* two equal trees: their roots may be in any form */
        *ret_accepted = probe.n == 0 && probe.same;
    else
        *ret_accepted = probe.well_formed && tree_check_consistency(probe.proof, probe.n, probe.a, probe.b,
                                                                    &probe.first, &probe.second);
    return true;
}

bool tlog_probe_line(struct str line, bool *ret_accepted, struct err *err)
{
    struct buf text;
    json_error_t why;
    if (line.n > PROBE_LINE_MAX)
        return err_set(err, ERR_TOO_LARGE, "line", "a probe has at most %d bytes", PROBE_LINE_MAX);
    buf_init(&text, 3 * PROBE_LINE_MAX);
    quote_numbers(&text, line);
    json_t *object = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
    bool done = json_is_object(object) ? probe_check(object, ret_accepted, err)
                                       : err_set(err, ERR_USAGE, "line", "it is not one JSON object%s%s",
                                                 object == NULL ? ": " : "", object == NULL ? why.text : "");
    json_decref(object);
    buf_done(&text);
    return done;
}
