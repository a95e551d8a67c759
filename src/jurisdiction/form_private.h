/* SPDX-License-Identifier: Apache-2.0 */
/* form_private.h: the form of service files as one table, from which the loader's checks of keys and shapes,
 * the JSON Schema for editors (docs/service.schema.json) and its tests come. */
#ifndef JURISDICTION_FORM_PRIVATE_H
#define JURISDICTION_FORM_PRIVATE_H

#include "jurisdiction/read_private.h"

enum shape {
    SHAPE_ID,
    SHAPE_IDS,
    SHAPE_TEXT,
    SHAPE_TEXT_LIST,
    SHAPE_TEXTS,  /* in every language of the folder */
    SHAPE_YES,    /* yes or no */
    SHAPE_NUMBER, /* whole, without sign */
    SHAPE_DATE,   /* YYYY-MM-DD */
    SHAPE_DATES,
    SHAPE_DAY,      /* MM-DD */
    SHAPE_CLOCK,    /* HH:MM */
    SHAPE_TERM,     /* "7 working days" */
    SHAPE_EXPR,     /* rule.h */
    SHAPE_REF,      /* "agency/office", or "registry.field" */
    SHAPE_WORD,     /* one of `of`, split by '|' */
    SHAPE_WORDS,    /* a list of them */
    SHAPE_VALUES,   /* id: text */
    SHAPE_CHANNELS, /* channel: date of its last test, or untested */
    SHAPE_TERMS,    /* channel: term */
    SHAPE_FORM,     /* a mapping of the form named by `of` */
    SHAPE_FORMS     /* a list of them */
};

struct form_key {
    const char *key;
    enum shape shape;
    bool need;
    const char *of;
    const char *what; /* a sentence for the editor's tooltip */
};

struct form {
    const char *name;
    const struct form_key *keys; /* ends with a key NULL */
};

extern const struct form forms[]; /* ends with a name NULL */
const struct form *form_find(const char *name);

/* Refuses unknown keys, missing keys and values of another shape, all the way down. True when nothing was
 * found wrong. */
bool form_check(struct loader *l, const struct yaml *map, const struct form *form);

/* 0, 1, ... of the word in a list split by '|'; -1 when it is none of them. */
int word_of(const char *words, struct str word);

#define WORDS_CHANNELS "web|sms|ussd|voice|counter|point|paper"
#define WORDS_STATUSES "draft|filed|returned|decided-yes|decided-no|withdrawn|void"
#define WORDS_ARCHETYPES "extract|auto-rule|review1|review2|commission|queue|booking|notify|appeal|petition"
#define WORDS_TYPES                                                                                          \
    "person|organisation|name|date|choice|choices|number|money|text|phone|address|file|consent|slot"
#define WORDS_CLASSES "public|personal|sensitive"
#define WORDS_WHO "applicant|co-signer|official|machine|timer"
#define WORDS_NEEDS "reason|article|hearing|second-person|minutes|signature"
#define WORDS_DOES "file|offer-hearing|hold-hearing|answer"
#define WORDS_STARTS "at-once|next-day|next-working-day"
#define WORDS_WHEN "before-filing|before-result"
#define WORDS_TO "applicant|co-signer|office"
#define WORDS_FILES "pdf|jpeg|png"
#define WORDS_CHECKS "iban"
#define WORDS_RECIPIENTS "person|organisation"
#define WORDS_AFTER_PAUSE "continue|again"
#define WORDS_ENDS "that-day|next-working-day"
#define WORDS_QR "ad1|none"
#define WORDS_SIGNATURES "agency|official"
#define WORDS_DAYS "monday|tuesday|wednesday|thursday|friday|saturday|sunday"

#endif
