/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: a public service as its file says it: the twelve objects, resolved and checked
 * (docs/services.md).
 *
 * A service file names its procedure; flags, actions, timers, grounds, messages and fields of the procedure
 * are the service's own unless the service has one of the same id. What is loaded never changes. Everything
 * that a citizen reads is in all languages of the folder. `verified` says whether a lawyer has compared a
 * term or fee with the act; where it is false, pages say "unverified sample".
 *
 * Bits: of statuses 1 << enum case_status, of flags by their index, of words in the order of the enum.
 */
#ifndef JURISDICTION_SERVICE_H
#define JURISDICTION_SERVICE_H

#include "jurisdiction/jurisdiction.h"
#include "jurisdiction/rule.h"

#define SERVICE_FLAGS_MAX 12
#define NONE SIZE_MAX /* an index that points nowhere */

enum term_unit { TERM_MINUTES, TERM_HOURS, TERM_WORKING_DAYS, TERM_CALENDAR_DAYS, TERM_MONTHS, TERM_YEARS };
struct term {
    unsigned amount; /* 0: none */
    enum term_unit unit;
};
MUST_USE bool term_parse(struct str text, struct term *ret_term); /* "7 working days", "1 month" */
const char *term_unit_name(enum term_unit unit, bool many);

enum channel { BY_WEB, BY_SMS, BY_USSD, BY_VOICE, BY_COUNTER, BY_POINT, BY_PAPER, CHANNELS_N };
enum case_status { DRAFT, FILED, RETURNED, DECIDED_YES, DECIDED_NO, WITHDRAWN, VOID, STATUSES_N };
enum archetype {
    EXTRACT,
    AUTO_RULE,
    REVIEW1,
    REVIEW2,
    COMMISSION,
    QUEUE,
    BOOKING,
    NOTIFY,
    APPEAL,
    PETITION,
    ARCHETYPES_N
};
enum answer_type {
    ANSWER_PERSON,
    ANSWER_ORGANISATION,
    ANSWER_NAME,
    ANSWER_DATE,
    ANSWER_CHOICE,
    ANSWER_CHOICES,
    ANSWER_NUMBER,
    ANSWER_MONEY,
    ANSWER_TEXT,
    ANSWER_PHONE,
    ANSWER_ADDRESS,
    ANSWER_FILE,
    ANSWER_CONSENT,
    ANSWER_SLOT,
    ANSWERS_N
};
const char *channel_name(enum channel channel); /* the words of the files */
const char *status_name(enum case_status status);
const char *archetype_name(enum archetype archetype);
const char *answer_type_name(enum answer_type type);
enum channel channel_of(struct str name); /* CHANNELS_N: unknown */

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

struct service_example {
    struct str name;
    struct rule_value *values, *expect; /* by symbol */
    bool *expected;
    struct place_in_file place;
};

/* Names that rules may use: the case's own, then amounts, fields and rules in their order. */
enum { FACT_TODAY, FACT_CHANNEL, FACT_SIGNATURES, FACT_POSITION, FACT_SIGNED, FACT_PAID, FACTS_N };

struct procedure {
    struct str id;
    enum archetype archetype;
    struct texts name;
    struct str path, bytes;
    const struct yaml *yaml;
};

struct service {
    struct str id;
    unsigned version;
    int32_t valid_from;
    struct texts name, summary;
    const struct procedure *procedure;
    const struct office *provider;
    bool persons, organisations;
    size_t *life_events;
    size_t life_events_n;
    struct basis basis;
    unsigned channels;          /* bits */
    int32_t tested[CHANNELS_N]; /* day; 0: untested */
    bool has_window;
    unsigned opens, closes; /* month * 100 + day */
    bool one_at_a_time, replace_by_lookup;
    struct texts proactive_trigger, proactive_why; /* empty: not proactive */
    struct service_field *fields;
    struct service_page *pages;
    struct service_rule *rules;
    struct service_example *examples;
    struct service_flag *flags;
    struct service_ground *grounds;
    struct service_action *actions;
    struct service_timer *timers;
    struct service_fee *fees;
    struct service_document *documents;
    struct service_message *messages;
    size_t fields_n, pages_n, rules_n, examples_n, flags_n, grounds_n, actions_n, timers_n, fees_n,
        documents_n, messages_n;
    struct texts appeal_to;
    struct term appeal_within; /* amount 0: no appeal */
    struct basis appeal_basis;
    bool appeal_verified;
    struct rule_symbol *symbols;
    size_t symbols_n, first_amount, first_field, first_rule;
    unsigned unverified; /* terms, fees and articles that no lawyer has confirmed */
    struct str path, bytes;
    uint8_t hash[HASH_SIZE]; /* of this file and its procedure: what a case keeps */
};

#define SERVICE_OFFLINE                                                                                      \
    (1u << BY_SMS | 1u << BY_USSD | 1u << BY_VOICE | 1u << BY_COUNTER | 1u << BY_POINT | 1u << BY_PAPER)

const struct service *jurisdiction_service(const struct jurisdiction *j, struct str id); /* NULL: unknown */
size_t service_field(const struct service *s, struct str id);                            /* NONE: unknown */
size_t service_action(const struct service *s, struct str id);
size_t service_timer(const struct service *s, struct str id);
size_t service_symbol(const struct service *s, struct str name);
bool texts_empty(const struct texts *texts);

/* The value of an amount ("mci") on a day; unknown before its first. */
struct rule_value amount_on(const struct amount *amount, int32_t day);
/* An array of symbols_n unknown values with the amounts of the day and `today` filled in. */
struct rule_value *service_facts(const struct jurisdiction *j, const struct service *s, int32_t day,
                                 struct arena *arena);
/* Fills in the rules from the facts. */
void service_evaluate(const struct service *s, struct rule_value *values, struct arena *arena);
/* An answer as stored to a value; what is not of the field's type is unknown. */
struct rule_value service_answer_value(const struct service_field *field, struct str answer);

/* A service as it stood when a case was filed, from the bytes kept with the case. What no longer resolves in
 * `j` is a finding. NULL when there are errors. The bytes must live as long as the arena. */
const struct service *service_from_snapshot(const struct jurisdiction *j, struct str service,
                                            struct str procedure, struct arena *arena,
                                            struct findings *ret_findings);

/* The JSON Schema of the files. */
void service_schema(struct buf *out);

#endif
