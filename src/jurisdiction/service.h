/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: a public service as its file says it: the twelve objects, resolved and checked
 * (docs/services.md).
 *
 * A service file names its procedure; flags, actions, timers, grounds, messages and fields of the procedure
 * are the service's own unless the service has one of the same id. What is loaded never changes. Everything
 * that a citizen reads is in all languages of the folder. `verified` says whether a lawyer has compared a
 * term or fee with the act; where it is false, pages say "unverified sample".
 */
#ifndef JURISDICTION_SERVICE_H
#define JURISDICTION_SERVICE_H

#include "jurisdiction/levels.h"
#include "jurisdiction/service_parts.h"

/* Names that rules may use: the case's own, then amounts, fields and rules in their order. */
enum { FACT_TODAY, FACT_CHANNEL, FACT_SIGNATURES, FACT_POSITION, FACT_SIGNED, FACT_PAID, FACTS_N };

struct procedure {
    struct str id;
    enum archetype archetype;
    struct texts name;
    struct str path, bytes;
    const struct yaml *yaml; /* NULL once all is read */
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
    struct levels minimum;  /* of the log-in of who files it here by themselves */
    bool one_at_a_time, replace_by_lookup;
    struct texts proactive_trigger, proactive_why; /* empty: not proactive */
    struct service_offer offer;                    /* by what it is raised; a snapshot's is empty */
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
    const struct yaml *yaml; /* NULL once all is read */
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

/* What the condition of an offer raised by a record may name: the record's values (by field), then today. */
struct rule_value *offer_facts(const struct registry *registry, const struct str *values, int32_t day,
                               struct arena *arena);
/* A service as it stood when a case was filed, from the bytes kept with the case. What no longer resolves in
 * `j` is a finding. NULL when there are errors. The bytes must live as long as the arena. */
const struct service *service_from_snapshot(const struct jurisdiction *j, struct str service,
                                            struct str procedure, struct arena *arena,
                                            struct findings *ret_findings);

/* The JSON Schema of the files. */
void service_schema(struct buf *out);

#endif
