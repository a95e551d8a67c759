/* SPDX-License-Identifier: Apache-2.0 */
/* rule_private.h: the tree between rule_parse.c and rule_eval.c. */
#ifndef JURISDICTION_RULE_PRIVATE_H
#define JURISDICTION_RULE_PRIVATE_H

#include "jurisdiction/rule.h"

enum rule_op {
    OP_LITERAL,
    OP_SYMBOL,
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_MORE,
    OP_MORE_EQUAL,
    OP_IN,  /* a: text; words */
    OP_HAS, /* a: text; words[0] */
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_NEGATE,
    OP_IF, /* a ? b : c */
    OP_GIVEN,
    OP_CALL
};

struct rule_expr {
    enum rule_op op;
    enum rule_type type;
    const struct rule_expr *a, *b, *c;
    struct rule_value literal;
    size_t symbol;
    const struct str *words;
    size_t words_n;
    const struct rule_call *call;
};

struct rule_call {
    const char *name;
    enum rule_type takes[2];
    unsigned takes_n;
    enum rule_type gives;
    struct rule_value (*run)(const struct rule_value *a, const struct rule_value *b);
};

extern const struct rule_call rule_calls[]; /* ends with a name NULL */

#endif
