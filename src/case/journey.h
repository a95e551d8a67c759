/* SPDX-License-Identifier: Apache-2.0 */
/* journey.h: the way through a service's questions, recomputed from the stored answers at every step.
 *
 * Nothing about the way is stored: from the answers follow the values, from the values the pages that are
 * shown, and the next page is the first shown one with a question that is neither answered nor held by a
 * registry. So a back button, two devices or a service changed in mid-form cannot lead astray. Pure: no I/O,
 * no clock.
 */
#ifndef CASE_JOURNEY_H
#define CASE_JOURNEY_H

#include "jurisdiction/service.h"

struct answer {
    bool given;         /* answered, or knowingly left empty */
    bool from_registry; /* read by the gate, not typed; without `given`: the registry has no record, so it is
                           asked */
    struct str text;    /* as answer_check made it; several answers on lines of their own */
};

/* Values of all names on the day of filing, rules evaluated. `answers` by field. */
struct rule_value *journey_values(const struct jurisdiction *j, const struct service *s, int32_t day,
                                  enum channel channel, const struct answer *answers, struct arena *arena);
bool journey_page_shown(const struct service *s, size_t page, const struct rule_value *values,
                        struct arena *arena);
bool journey_required(const struct service *s, size_t field, const struct rule_value *values,
                      struct arena *arena);
/* The next page to ask, or pages_n: all is answered, show the answers for checking. */
size_t journey_next(const struct service *s, const struct answer *answers, const struct rule_value *values,
                    struct arena *arena);
/* A page may be visited when it is shown and comes before the next, or is the next. */
bool journey_may_visit(const struct service *s, size_t page, const struct answer *answers,
                       const struct rule_value *values, struct arena *arena);

/* What an official or a machine may do with a case now. */
bool action_allowed(const struct service *s, const struct service_action *a, enum case_status status,
                    unsigned flags);

/* Checks one typed answer (one of several, if the field repeats) and brings it into the stored form: digits
 * of numbers, YYYY-MM-DD, an option's id. An option may also be typed by its number, from 1. An empty text is
 * the caller's matter. On false the error is a sentence for the person. */
MUST_USE bool answer_check(const struct jurisdiction *j, const struct service_field *field, struct str typed,
                           struct arena *arena, struct str *ret_text, struct err *err);
/* How an answer reads: an option's label, a file's name; `language` of the folder. */
struct str answer_shown(const struct jurisdiction *j, const struct service_field *field, struct str text,
                        struct str language, struct arena *arena);
/* Fills a template or message: {name} by fields, rules and `more` (pairs name, text, ended by an empty name).
 */
struct template_value {
    struct str name, text;
};
void template_fill(const struct jurisdiction *j, const struct service *s, struct str template,
                   const struct answer *answers, const struct rule_value *values, struct str language,
                   const struct template_value *more, struct arena *arena, struct buf *out);

#endif
