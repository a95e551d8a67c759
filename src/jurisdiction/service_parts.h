/* SPDX-License-Identifier: Apache-2.0 */
/* service_parts.h: what a service is made of: terms, fields, pages, rules, flags, actions, timers, fees,
 * documents and messages, as loaded (service.h; docs/services.md).
 *
 * Bits: of statuses 1 << enum case_status, of flags by their index, of words in the order of the enum.
 */
#ifndef JURISDICTION_SERVICE_PARTS_H
#define JURISDICTION_SERVICE_PARTS_H

#include "jurisdiction/jurisdiction.h"
#include "jurisdiction/rule.h"
#include "jurisdiction/service_words.h"

#define SERVICE_FLAGS_MAX 12
#define NONE SIZE_MAX /* an index that points nowhere */

struct place_in_file {
    struct str file;
    unsigned line;
};

struct service_option {
    struct str id;
    struct texts label;
};

struct service_slots {
    unsigned days;              /* bit 0 Monday */
    unsigned from, to, minutes; /* minutes of the day; length of a slot */
    unsigned at_once;
    struct term ahead;
};

struct service_field {
    struct str id;
    struct texts label, hint, why; /* hint and why may be empty */
    enum answer_type type;
    enum field_class class;
    const struct registry *registry; /* `from`; NULL: asked */
    int registry_field;
    const struct purpose *purpose; /* of the look */
    size_t about;                  /* field of the person asked about; NONE: the applicant */
    bool optional, co_signs;
    const struct rule_expr *required_if;
    struct service_option *options;
    size_t options_n;
    uint64_t min, max; /* max 0: none */
    bool iban;
    unsigned repeat; /* 1: once */
    unsigned files;  /* bits: pdf, jpeg, png */
    const struct service_slots *slots;
    size_t page; /* NONE: not asked on a page */
    struct place_in_file place;
};

struct service_page {
    struct str id;
    struct texts title; /* empty: the field's label */
    size_t *fields;
    size_t fields_n;
    const struct rule_expr *condition; /* NULL: always */
    struct place_in_file place;
};

struct service_rule {
    struct str id, is; /* `is`: the expression as written */
    const struct rule_expr *expr;
    struct texts sentence, otherwise;
    struct basis basis;
    bool verified;
    struct place_in_file place;
};

struct service_flag {
    struct str id;
    struct texts name;
    struct place_in_file place;
};

struct service_ground {
    struct str id;
    struct texts text;
    struct basis basis;
};

enum action_who { BY_APPLICANT = 1, BY_CO_SIGNER = 2, BY_OFFICIAL = 4, BY_MACHINE = 8, BY_TIMER = 16 };
enum action_needs {
    NEEDS_REASON = 1,
    NEEDS_ARTICLE = 2,
    NEEDS_HEARING = 4,
    NEEDS_SECOND_PERSON = 8,
    NEEDS_MINUTES = 16,
    NEEDS_SIGNATURE = 32
};
enum action_does { DOES_FILE, DOES_OFFER_HEARING, DOES_HOLD_HEARING, DOES_ANSWER, DOES_NOTHING_SPECIAL };

struct service_action {
    struct str id;
    struct texts name;
    unsigned who;                /* enum action_who */
    const struct office *office; /* of the official */
    unsigned from;               /* statuses */
    unsigned with, without;      /* flags */
    const struct rule_expr *condition;
    size_t after; /* waiting timer; NONE */
    size_t *fields;
    size_t fields_n;
    bool moves;
    enum case_status to; /* when it moves */
    unsigned sets, clears;
    enum action_does does;
    unsigned needs; /* enum action_needs */
    struct place_in_file place;
};

enum timer_start { START_AT_ONCE, START_NEXT_DAY, START_NEXT_WORKING_DAY };

struct service_term_case {
    const struct rule_expr *condition;
    struct term term;
    bool verified;
};

struct service_timer {
    struct str id;
    struct texts name;
    bool on_flag;
    unsigned on; /* status, or flag index */
    struct term term;
    enum timer_start start;
    bool ends_on_working_day;
    struct term by_channel[CHANNELS_N];
    struct service_term_case *cases;
    size_t cases_n;
    unsigned pause_on; /* flags */
    bool again;        /* after a pause: in full */
    bool waiting;
    struct term hand_over;
    size_t action; /* done at its end; NONE */
    const struct office *escalate;
    struct basis basis;
    bool verified;
    struct str source;
    struct place_in_file place;
};

struct service_fee {
    struct str id;
    struct texts name;
    const struct rule_expr *amount, *exempt_if;
    bool before_filing;
    struct texts exempt, refund;
    unsigned refund_on; /* statuses in which what was paid is given back */
    struct basis basis;
    bool verified;
    struct str source;
};

struct service_document {
    struct str id;
    struct texts name, template;
    uint64_t actions; /* bits by index: they issue it */
    bool by_official, qr, revocable;
    struct term valid;
    struct place_in_file place;
};

enum message_to { TO_APPLICANT, TO_CO_SIGNER, TO_OFFICE };
struct service_message {
    struct str id;
    uint64_t actions, timers; /* bits by index */
    enum message_to to;
    struct texts screen, sms, ussd;
};

/* The service is offered unasked to whom a record was written for, or whose case of another service was
 * granted. */
struct service_offer {
    const struct registry *record; /* NULL: none */
    const struct service *decided; /* NULL: none */
    const struct rule_expr
        *condition; /* NULL: always; `record`: offer_facts; `decided`: that one's symbols */
    struct term within;
};
struct service_example {
    struct str name;
    struct rule_value *values, *expect; /* by symbol */
    bool *expected;
    struct place_in_file place;
};

#endif
