/* SPDX-License-Identifier: Apache-2.0 */
/* rule_parse.c: text to a typed tree, by recursive descent. */
#include <stdarg.h>
#include <stdio.h>

#include "jurisdiction/rule_private.h"

struct token {
    enum { T_END, T_NAME, T_NUMBER, T_DATE, T_TEXT, T_SIGN } kind;
    struct str text; /* without quotes */
    size_t at;
};

struct parser {
    struct str text;
    size_t at;
    struct token now;
    const struct rule_scope *scope;
    struct arena *arena;
    struct err *err;
    unsigned nodes, depth;
    bool failed;
};

static const struct rule_expr *parse_or(struct parser *p);

static const struct rule_expr *fail(struct parser *p, size_t at, const char *format, ...) PRINTF_LIKE(3, 4);
static const struct rule_expr *fail(struct parser *p, size_t at, const char *format, ...)
{
    if (!p->failed) {
        char place[40], text[300];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        snprintf(place, sizeof place, "character %zu", at + 1);
        err_set(p->err, ERR_INVALID, place, "%s", text);
    }
    p->failed = true;
    p->now = (struct token){.kind = T_END, .at = p->text.n};
    return NULL;
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits, dots and hyphens in one run: a number, or a date when it holds a hyphen. */
static size_t figure_end(struct str text, size_t at)
{
    while (at < text.n && (digit(text.p[at]) || text.p[at] == '.' || text.p[at] == '-'))
        at++;
    return at;
}

static void advance(struct parser *p)
{
    if (p->failed)
        return;
    while (p->at < p->text.n && (p->text.p[p->at] == ' ' || p->text.p[p->at] == '\n'))
        p->at++;
    size_t start = p->at, end = start;
    struct token t = {.kind = T_END, .at = start};
    if (start < p->text.n) {
        char c = p->text.p[start];
        if (c >= 'a' && c <= 'z') {
            while (end < p->text.n && name_char(p->text.p[end]))
                end++;
            t.kind = T_NAME;
        } else if (digit(c)) {
            end = figure_end(p->text, start);
            t.kind = memchr(p->text.p + start, '-', end - start) ? T_DATE : T_NUMBER;
        } else if (c == '\'') {
            const char *close = memchr(p->text.p + start + 1, '\'', p->text.n - start - 1);
            if (close == NULL) {
                fail(p, start, "a text begins here and does not end; close it with '");
                return;
            }
            p->now = (struct token){
                T_TEXT, {p->text.p + start + 1, (size_t)(close - p->text.p) - start - 1}, start};
            p->at = (size_t)(close - p->text.p) + 1;
            return;
        } else {
            end = start + 1;
            if (end < p->text.n && p->text.p[end] == '=' && (c == '<' || c == '>' || c == '!'))
                end++;
            t.kind = T_SIGN;
        }
    }
    t.text = (struct str){p->text.p + start, end - start};
    p->at = end;
    p->now = t;
}

static bool sign(const struct parser *p, const char *text)
{
    return p->now.kind == T_SIGN && str_is(p->now.text, text);
}

static bool word(const struct parser *p, const char *text)
{
    return p->now.kind == T_NAME && str_is(p->now.text, text);
}

static bool take_sign(struct parser *p, const char *text)
{
    bool there = sign(p, text);
    if (there)
        advance(p);
    else
        fail(p, p->now.at, "'%s' is missing here", text);
    return there;
}

static struct rule_expr *node(struct parser *p, enum rule_op op, enum rule_type type)
{
    if (++p->nodes > RULE_NODES_MAX)
        fail(p, p->now.at, "the expression is too long; make a rule of a part of it");
    struct rule_expr *out = arena_new(p->arena, struct rule_expr);
    out->op = op;
    out->type = type;
    return out;
}

static const struct rule_expr *two(struct parser *p, enum rule_op op, enum rule_type type,
                                   const struct rule_expr *a, const struct rule_expr *b)
{
    struct rule_expr *out = node(p, op, type);
    out->a = a;
    out->b = b;
    return p->failed ? NULL : out;
}

static bool is_type(struct parser *p, const struct rule_expr *e, enum rule_type type, size_t at)
{
    if (p->failed || e == NULL)
        return false;
    if (e->type != type)
        fail(p, at, "a %s stands here where a %s is needed", rule_type_name(e->type), rule_type_name(type));
    return e->type == type;
}

/* A literal among the words that a symbol can have, or any when they are open. */
static bool word_fits(struct parser *p, const struct rule_expr *of, struct str text, size_t at)
{
    if (of->op != OP_SYMBOL || p->scope->symbols[of->symbol].words == NULL)
        return true;
    const struct rule_symbol *s = &p->scope->symbols[of->symbol];
    for (size_t i = 0; i < s->words_n; i++)
        if (str_eq(s->words[i], text))
            return true;
    fail(p, at, "'%.*s' is not an option of '%.*s'", STR_ARG(text), STR_ARG(s->name));
    return false;
}

/* --- from the tightest binding to the loosest --- */

static const struct rule_expr *parse_call(struct parser *p, struct token name)
{
    const struct rule_call *call = rule_calls;
    while (call->name != NULL && !str_is(name.text, call->name))
        call++;
    bool given = str_is(name.text, "given");
    if (call->name == NULL && !given)
        return fail(p, name.at, "'%.*s' is not a function", STR_ARG(name.text));
    advance(p);
    struct rule_expr *out = node(p, given ? OP_GIVEN : OP_CALL, given ? RULE_YES_NO : call->gives);
    out->call = call;
    size_t at = p->now.at;
    out->a = parse_or(p);
    if (!given && !is_type(p, out->a, call->takes[0], at))
        return NULL;
    if (!given && call->takes_n == 2) {
        if (!take_sign(p, ","))
            return NULL;
        at = p->now.at;
        out->b = parse_or(p);
        if (!is_type(p, out->b, call->takes[1], at))
            return NULL;
    }
    return take_sign(p, ")") && !p->failed ? out : NULL;
}

static const struct rule_expr *parse_if(struct parser *p)
{
    size_t at = p->now.at;
    struct rule_expr *out = node(p, OP_IF, RULE_YES_NO);
    out->a = parse_or(p);
    if (!is_type(p, out->a, RULE_YES_NO, at))
        return NULL;
    if (!word(p, "then"))
        return fail(p, p->now.at, "'then' is missing here");
    advance(p);
    out->b = parse_or(p);
    if (p->failed || !word(p, "else"))
        return fail(p, p->now.at, "'else' is missing here: say what holds otherwise");
    advance(p);
    at = p->now.at;
    out->c = parse_or(p);
    if (p->failed || !is_type(p, out->c, out->b->type, at))
        return NULL;
    out->type = out->b->type;
    return out;
}

static const struct rule_expr *literal(struct parser *p, struct rule_value value)
{
    struct rule_expr *out = node(p, OP_LITERAL, value.type);
    out->literal = value;
    return p->failed ? NULL : out;
}

static const struct rule_expr *parse_name(struct parser *p, struct token name)
{
    if (str_is(name.text, "yes") || str_is(name.text, "no"))
        return literal(p, rule_yes_no(str_is(name.text, "yes")));
    if (str_is(name.text, "if"))
        return parse_if(p);
    if (sign(p, "("))
        return parse_call(p, name);
    for (size_t i = 0; i < p->scope->n; i++) {
        if (str_eq(p->scope->symbols[i].name, name.text)) {
            struct rule_expr *out = node(p, OP_SYMBOL, p->scope->symbols[i].type);
            out->symbol = i;
            return p->failed ? NULL : out;
        }
    }
    return fail(p, name.at,
                "nothing is called '%.*s' here: it is no field answered before, no rule above, no amount",
                STR_ARG(name.text));
}

static const struct rule_expr *parse_primary(struct parser *p)
{
    struct token t = p->now;
    struct rule_value value;
    advance(p);
    if (t.kind == T_NUMBER || t.kind == T_DATE) {
        if (!rule_value_parse(t.kind == T_DATE ? RULE_DATE : RULE_NUMBER, t.text, &value))
            return fail(p, t.at, "'%.*s' is neither a number nor a date YYYY-MM-DD", STR_ARG(t.text));
        return literal(p, value);
    }
    if (t.kind == T_TEXT)
        return literal(p, rule_words(t.text));
    if (t.kind == T_NAME)
        return parse_name(p, t);
    if (t.kind == T_SIGN && str_is(t.text, "(")) {
        const struct rule_expr *inner = parse_or(p);
        return !p->failed && take_sign(p, ")") ? inner : NULL;
    }
    return fail(p, t.at, t.kind == T_END ? "the expression ends too early" : "'%.*s' has no place here",
                STR_ARG(t.text));
}

static const struct rule_expr *parse_unary(struct parser *p)
{
    if (!sign(p, "-"))
        return parse_primary(p);
    advance(p);
    size_t at = p->now.at;
    const struct rule_expr *of = parse_primary(p);
    return is_type(p, of, RULE_NUMBER, at) ? two(p, OP_NEGATE, RULE_NUMBER, of, NULL) : NULL;
}

static const struct rule_expr *parse_product(struct parser *p)
{
    size_t at = p->now.at;
    const struct rule_expr *left = parse_unary(p);
    while (!p->failed && (sign(p, "*") || sign(p, "/"))) {
        enum rule_op op = sign(p, "*") ? OP_MULTIPLY : OP_DIVIDE;
        advance(p);
        size_t right_at = p->now.at;
        const struct rule_expr *right = parse_unary(p);
        if (!is_type(p, left, RULE_NUMBER, at) || !is_type(p, right, RULE_NUMBER, right_at))
            return NULL;
        left = two(p, op, RULE_NUMBER, left, right);
    }
    return left;
}

static const struct rule_expr *parse_sum(struct parser *p)
{
    size_t at = p->now.at;
    const struct rule_expr *left = parse_product(p);
    while (!p->failed && (sign(p, "+") || sign(p, "-"))) {
        enum rule_op op = sign(p, "+") ? OP_ADD : OP_SUBTRACT;
        advance(p);
        size_t right_at = p->now.at;
        const struct rule_expr *right = parse_product(p);
        if (!is_type(p, left, RULE_NUMBER, at) || !is_type(p, right, RULE_NUMBER, right_at))
            return NULL;
        left = two(p, op, RULE_NUMBER, left, right);
    }
    return left;
}

/* in ('a', 'b') and has 'a' */
static const struct rule_expr *parse_words(struct parser *p, const struct rule_expr *left, bool in)
{
    struct str *words = arena_array(p->arena, struct str, in ? 64 : 1);
    size_t n = 0;
    if (in && !take_sign(p, "("))
        return NULL;
    do {
        if (n != 0)
            advance(p);
        if (p->now.kind != T_TEXT)
            return fail(p, p->now.at, "write a text in quotes here, as in 'abc'");
        if (n == 64)
            return fail(p, p->now.at, "more than 64 texts");
        if (!word_fits(p, left, p->now.text, p->now.at))
            return NULL;
        words[n++] = p->now.text;
        advance(p);
    } while (in && sign(p, ","));
    if (in && !take_sign(p, ")"))
        return NULL;
    struct rule_expr *out = node(p, in ? OP_IN : OP_HAS, RULE_YES_NO);
    out->a = left;
    out->words = words;
    out->words_n = n;
    return p->failed ? NULL : out;
}

static bool compared_words_fit(struct parser *p, const struct rule_expr *a, const struct rule_expr *b,
                               size_t at)
{
    if (b->op == OP_LITERAL && b->type == RULE_TEXT)
        return word_fits(p, a, b->literal.text, at);
    if (a->op == OP_LITERAL && a->type == RULE_TEXT)
        return word_fits(p, b, a->literal.text, at);
    return true;
}

static const struct rule_expr *parse_comparison(struct parser *p)
{
    static const struct {
        const char *text;
        enum rule_op op;
    } signs[] = {{"=", OP_EQUAL},       {"!=", OP_NOT_EQUAL}, {"<", OP_LESS},
                 {"<=", OP_LESS_EQUAL}, {">", OP_MORE},       {">=", OP_MORE_EQUAL}};
    size_t at = p->now.at;
    const struct rule_expr *left = parse_sum(p);
    if (p->failed)
        return NULL;
    if (word(p, "in") || word(p, "has")) {
        bool in = word(p, "in");
        advance(p);
        return is_type(p, left, RULE_TEXT, at) ? parse_words(p, left, in) : NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (!sign(p, signs[i].text))
            continue;
        size_t sign_at = p->now.at;
        advance(p);
        size_t right_at = p->now.at;
        const struct rule_expr *right = parse_sum(p);
        if (p->failed || !is_type(p, right, left->type, right_at))
            return NULL;
        if (signs[i].op > OP_NOT_EQUAL && left->type != RULE_NUMBER && left->type != RULE_DATE)
            return fail(p, sign_at, "only numbers and dates are less or more");
        if (!compared_words_fit(p, left, right, right_at))
            return NULL;
        return two(p, signs[i].op, RULE_YES_NO, left, right);
    }
    return left;
}

static const struct rule_expr *parse_not(struct parser *p)
{
    if (!word(p, "not"))
        return parse_comparison(p);
    if (p->depth == RULE_DEPTH_MAX)
        return fail(p, p->now.at, "nested too deep");
    p->depth++;
    advance(p);
    size_t at = p->now.at;
    const struct rule_expr *of = parse_not(p);
    p->depth--;
    return is_type(p, of, RULE_YES_NO, at) ? two(p, OP_NOT, RULE_YES_NO, of, NULL) : NULL;
}

static const struct rule_expr *parse_and(struct parser *p)
{
    size_t at = p->now.at;
    const struct rule_expr *left = parse_not(p);
    while (!p->failed && word(p, "and")) {
        advance(p);
        size_t right_at = p->now.at;
        const struct rule_expr *right = parse_not(p);
        if (!is_type(p, left, RULE_YES_NO, at) || !is_type(p, right, RULE_YES_NO, right_at))
            return NULL;
        left = two(p, OP_AND, RULE_YES_NO, left, right);
    }
    return left;
}

static const struct rule_expr *parse_or(struct parser *p)
{
    if (p->depth == RULE_DEPTH_MAX)
        return fail(p, p->now.at, "nested too deep");
    p->depth++;
    size_t at = p->now.at;
    const struct rule_expr *left = parse_and(p);
    while (!p->failed && word(p, "or")) {
        advance(p);
        size_t right_at = p->now.at;
        const struct rule_expr *right = parse_and(p);
        if (!is_type(p, left, RULE_YES_NO, at) || !is_type(p, right, RULE_YES_NO, right_at))
            return NULL;
        left = two(p, OP_OR, RULE_YES_NO, left, right);
    }
    p->depth--;
    return p->failed ? NULL : left;
}

bool rule_parse(struct str text, const struct rule_scope *scope, struct arena *arena,
                const struct rule_expr **ret_expr, struct err *err)
{
    struct parser p = {.text = text, .scope = scope, .arena = arena, .err = err};
    if (text.n > RULE_TEXT_MAX)
        return err_set(err, ERR_TOO_LARGE, "character 1", "the expression is longer than %d bytes",
                       RULE_TEXT_MAX);
    advance(&p);
    const struct rule_expr *out = parse_or(&p);
    if (!p.failed && p.now.kind != T_END)
        fail(&p, p.now.at, "'%.*s' has no place here", STR_ARG(p.now.text));
    if (p.failed)
        return false;
    *ret_expr = out;
    return true;
}

enum rule_type rule_type_of(const struct rule_expr *expr)
{
    return expr->type;
}

bool rule_is_always(const struct rule_expr *expr, bool yes)
{
    return expr->op == OP_LITERAL && expr->type == RULE_YES_NO && expr->literal.yes == yes;
}

void rule_uses(const struct rule_expr *expr, void (*use)(void *arg, size_t symbol), void *arg)
{
    if (expr == NULL)
        return;
    if (expr->op == OP_SYMBOL)
        use(arg, expr->symbol);
    rule_uses(expr->a, use, arg);
    rule_uses(expr->b, use, arg);
    rule_uses(expr->c, use, arg);
}
