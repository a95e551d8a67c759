/* SPDX-License-Identifier: Apache-2.0 */
/* services.h: between the pages of services, of drafts and of cases. */
#ifndef WEB_SERVICES_H
#define WEB_SERVICES_H

#include "case/draft.h"
#include "case/lists.h"
#include "case/offer.h"
#include "sheet/service.h"
#include "web/sheet.h"

/* Whose matters these are: the visitor's own, or of whom the visitor acts for. */
const uint8_t *subject_pid(const struct page *page);
bool subject_is_organisation(const struct page *page);
/* The visitor may act in this service: for oneself always, for another when the mandate covers it. */
bool service_covered(const struct page *page, const struct service *service);
/* What can be done with the service on this site today, but for a draft that lies there. */
enum service_way service_way_of(const struct page *page, const struct service *service);
int32_t page_today(const struct page *page);

/* All values that the form has under this name, each on a line of its own. */
struct str typed_lines(const struct page *page, struct str name);

/* Begins a draft or goes on with it: reads the registries, each as a look with its entry. False: answered.
 * The reply that tells of it is to be held for *ret_position (0: nothing was read). */
MUST_USE bool draft_begin(struct page *page, const struct service *service, uint64_t *ret_position);
/* The same by an offer: of the record that raised it, and with what was answered in the case that did. */
MUST_USE bool draft_begin_offered(struct page *page, const struct offer *offer, uint64_t *ret_position);
/* What was just answered here is not asked again in the person's other drafts of the same life event. False:
 * answered. */
MUST_USE bool answers_spread(struct page *page, const struct service *service, const size_t *fields,
                             size_t fields_n, const struct answer *answers, uint64_t *position);
/* By field: what was sent for a returned case (files.c) and is taken when it is sent again. */
const struct str *files_sent(const struct page *page, const struct case_file *c);
/* What is held about the person that this field names, when the visitor may look. False: answered. */
MUST_USE bool draft_read_about(struct page *page, const struct service *service, struct draft *draft,
                               size_t field, uint64_t *ret_position);

#endif
