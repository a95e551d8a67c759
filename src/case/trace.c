/* SPDX-License-Identifier: Apache-2.0 */
#include "case/trace.h"

#include <jansson.h>
#include <stdio.h>

#include "base/json.h"

static void write_value(struct json *json, struct str name, const struct rule_value *v)
{
    char key[80];
    struct arena arena;
    struct buf out;
    arena_init(&arena, 4096, 1 << 20);
    buf_in(&out, &arena, 1 << 19);
    snprintf(key, sizeof key, "%.*s", STR_ARG(name));
    rule_value_text(&out, v);
    json_key_text(json, key,
                  v->known || v->absent ? (out.n ? buf_view(&out) : STR("")) : (struct str){NULL, 0});
    arena_done(&arena);
}

void trace_write(const struct service *s, const struct rule_value *values, struct buf *out)
{
    struct json j;
    char hex[2 * HASH_SIZE + 1];
    hex_encode(hex, s->hash, HASH_SIZE);
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "service", s->id);
    json_key_text(&j, "hash", str_of(hex));
    json_key(&j, "values");
    json_open_object(&j);
    for (size_t i = 0; i < s->first_rule; i++)
        write_value(&j, s->symbols[i].name, &values[i]);
    json_end(&j);
    json_key(&j, "rules");
    json_open_array(&j);
    for (size_t i = 0; i < s->rules_n; i++) {
        json_open_object(&j);
        json_key_text(&j, "id", s->rules[i].id);
        json_key_text(&j, "is", s->rules[i].is);
        write_value(&j, STR("gives"), &values[s->first_rule + i]);
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    buf_byte(out, '\n');
}

/* A value back from its text; a name that this version lacks is left out, as a reader of an older trace must.
 */
static bool read_value(const json_t *from, enum rule_type type, struct arena *arena, struct rule_value *ret)
{
    *ret = rule_unknown(type);
    if (from == NULL || json_is_null(from))
        return true;
    if (!json_is_string(from))
        return false;
    struct str text = str_dup(arena, (struct str){json_string_value(from), json_string_length(from)});
    if (text.n == 0) {
        *ret = rule_absent(type);
        return true;
    }
    return rule_value_parse(type, text, ret);
}

static bool no_trace(json_t *root, struct err *err, const char *what)
{
    json_decref(root);
    return err_set(err, ERR_INVALID, "trace", "%s", what);
}

static void tell(struct buf *out, struct str id, const char *then, const struct rule_value *now)
{
    buf_printf(out, "%.*s: then %s, now ", STR_ARG(id), then ? then[0] ? then : "nothing" : "unknown");
    if (now->known)
        rule_value_text(out, now);
    else
        buf_text(out, "unknown");
    buf_byte(out, '\n');
}

static void compare(const struct service *s, const json_t *rules, const struct rule_value *values,
                    struct arena *arena, struct trace_verdict *verdict, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *one = json_array_get(rules, i), *gives = json_object_get(one, "gives");
        const char *id = json_string_value(json_object_get(one, "id"));
        size_t symbol = service_symbol(s, str_of(id));
        struct rule_value then;
        verdict->rules++;
        if (symbol == NONE || symbol < s->first_rule) {
            buf_printf(out, "%s: there is no such rule now\n", id ? id : "?");
            verdict->differ++;
        } else if (!read_value(gives, s->symbols[symbol].type, arena, &then) ||
                   then.known != values[symbol].known ||
                   (then.known && !rule_value_same(&then, &values[symbol]))) {
            tell(out, s->symbols[symbol].name, json_string_value(gives), &values[symbol]);
            verdict->differ++;
        }
    }
}

bool trace_replay(const struct jurisdiction *j, struct str trace, struct arena *arena,
                  struct trace_verdict *ret, struct buf *out, struct err *err)
{
    json_error_t error;
    char hex[2 * HASH_SIZE + 1];
    json_t *root = json_loadb(trace.p, trace.n, JSON_REJECT_DUPLICATES, &error);
    const json_t *values_of = json_object_get(root, "values"), *rules = json_object_get(root, "rules");
    const char *id = json_string_value(json_object_get(root, "service")),
               *hash = json_string_value(json_object_get(root, "hash"));
    if (!json_is_object(values_of) || !json_is_array(rules) || id == NULL || hash == NULL)
        return no_trace(root, err, "is not a trace: aina service try --trace writes one");
    const struct service *s = jurisdiction_service(j, str_of(id));
    if (s == NULL)
        return no_trace(root, err, "is about a service that this folder does not have");
    struct rule_value *values = arena_array(arena, struct rule_value, s->symbols_n + 1);
    for (size_t i = 0; i < s->first_rule; i++)
        if (!read_value(json_object_get(values_of, str_c(arena, s->symbols[i].name)), s->symbols[i].type,
                        arena, &values[i]))
            return no_trace(root, err, "holds a value that is not of its name's type");
    service_evaluate(s, values, arena);
    hex_encode(hex, s->hash, HASH_SIZE);
    *ret = (struct trace_verdict){.same_version = strcmp(hash, hex) == 0};
    compare(s, rules, values, arena, ret, out);
    json_decref(root);
    return true;
}
