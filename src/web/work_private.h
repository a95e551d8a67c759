/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of officials who work on cases: work.c (lists), work_give.c (handing out), work_case.c (one),
 * work_act.c (what is done), work_words.c (a case in words). Lists show no person; opening a case is an entry
 * that the person sees; the form of an action shows nothing of the person, so that a slip costs no look. */
#ifndef WEB_WORK_PRIVATE_H
#define WEB_WORK_PRIVATE_H

#include "web/web_private.h"

extern const struct web_table web_work, web_work_give, web_work_case, web_work_act;

struct case_actor work_actor(const struct page *page);
struct str work_path(const struct page *page, const char *number,
                     const char *rest); /* "/desk/cases/NUMBER/rest" */

/* For a query: the office's id, or nothing where it is the official's own. */
struct str work_office_id(const struct page *page, const struct office *office);
/* The office of "agency/office"; NULL: the folder has it no more. */
const struct office *work_desk(const struct jurisdiction *jurisdiction, struct str desk);

struct str work_status(const struct page *page, enum case_status status);
struct str work_flags(const struct page *page, const struct service *service, unsigned flags); /* "a, b" */
struct str work_office(const struct page *page, struct str desk); /* of "agency/office" */
struct str work_step(const struct page *page, const struct case_file *c, const struct case_event *event);
struct str work_hand(const struct page *page, const struct case_event *event); /* who did it */
struct str work_basis(const struct page *page, const struct basis *basis);
/* The day or moment of a deadline, with its lateness in words. */
void work_due(struct page *page, int64_t due, bool open, int64_t now);

/* What an official could do with the case: now, or not yet and why. */
struct work_offer {
    size_t action;
    bool now;
    unsigned needs;
    struct str why_not;
};
/* work_sign.c. The signature of this act, where its file asks for one and somebody's count here. False:
 * answered, the official is led to sign. */
MUST_USE bool work_signed(struct page *page, const struct case_file *c, const struct service_action *action,
                          unsigned needs, const struct case_input *input, struct signing *ret_signing,
                          bool *ret_signed);
/* Before one types. False: without a confirmed key there is nothing to be typed. */
bool work_sign_note(struct page *page, unsigned needs);
void work_sign_link(struct page *page, const struct case_file *c, size_t event); /* to its evidence */
MUST_USE bool work_offers(struct page *page, const struct case_file *c, struct work_offer **ret_offers,
                          size_t *ret_n, struct err *err);

#endif
