/* SPDX-License-Identifier: Apache-2.0 */
/* service_private.h: between the parts of the services' loader and linter. */
#ifndef JURISDICTION_SERVICE_PRIVATE_H
#define JURISDICTION_SERVICE_PRIVATE_H

#include "jurisdiction/form_private.h"
#include "jurisdiction/service.h"

/* Items of a service: the procedure's, without those whose id the service has, then the service's. */
struct part {
    const struct yaml *yaml;
    struct str file;
};

struct parts {
    struct part *list;
    size_t n;
};

struct service_reader {
    struct loader *l;
    struct service *s;
    const struct yaml *yaml, *procedure; /* both passed form_check */
    unsigned known_after[512];           /* by symbol: the page after which it is known; 0: from the start */
};

#define KNOWN_LATER 100000u /* filled in by an official, or known only after filing */

/* Before the services: amounts.yaml, life.yaml, calendar.yaml. */
void read_amounts(struct loader *l, const struct yaml *root);
void read_life(struct loader *l, const struct yaml *root);
void read_calendar_file(struct loader *l, const struct yaml *root);
/* After the agencies, whose sectors it names. */
void read_purposes(struct loader *l, const struct yaml *root);
/* procedures/ and services/, after everything that they refer to. */
void read_services(struct loader *l);

struct parts parts_of(struct service_reader *sr, const char *key);
const struct yaml *yaml_member(const struct yaml *map, const char *key); /* or NULL, without a finding */
struct str yaml_text_of(const struct yaml *map, const char *key);        /* or empty */
struct basis basis_of(struct service_reader *sr, const struct yaml *map);
struct texts texts_of(struct service_reader *sr, const struct yaml *map, const char *key);
struct place_in_file part_place(const struct part *part);
void wrong_at(struct service_reader *sr, const struct part *part, const struct yaml *at, const char *remedy,
              const char *format, ...) PRINTF_LIKE(5, 6);
/* NULL when the key is absent or (with a finding) does not parse or is of another type. */
const struct rule_expr *expr_of(struct service_reader *sr, const struct part *part, const struct yaml *map,
                                const char *key, enum rule_type type);
unsigned symbol_known_after(const struct service_reader *sr, const struct rule_expr *expr);

void read_fields(struct service_reader *sr);
void read_pages(struct service_reader *sr);
void read_rules(struct service_reader *sr);
void read_required(struct service_reader *sr); /* required-if, once the symbols stand */
void read_examples(struct service_reader *sr);
void read_flow(
    struct service_reader *sr); /* flags, grounds, documents, timers, actions, messages, fees, appeal */

void lint_service(struct service_reader *sr);
/* load_offer.c: which offices write a registry's records, and by what a service is offered unasked: when all
 * services stand, for one service's case can raise the offer of another. */
void read_writers(struct loader *l, const struct yaml *root, struct registry *registry);
void read_offer(struct service_reader *sr);
void lint_graph(struct service_reader *sr);

#endif
