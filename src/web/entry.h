/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h: an entry of the log as a person reads it: what happened, who, why, which fields, when. */
#ifndef WEB_ENTRY_H
#define WEB_ENTRY_H

#include "gate/acts.h"
#include "web/page.h"

/* "A doctor opened your card to treat you", "Refused: Treatment", "A question about a look". */
struct str entry_title(const struct page *page, const struct gate_entry *entry);
/* "Shown", "Refused", "Erased"; a word of its own for acts. */
struct str entry_outcome(const struct page *page, const struct gate_entry *entry);
bool entry_refused(const struct gate_entry *entry);
bool entry_emergency(const struct gate_entry *entry);
/* Of a protected category, by its purpose or registry. */
bool entry_protected(const struct page *page, const struct gate_entry *entry);

/* Each in the reader's language; ids that the folder does not know (any more) are shown as they are. */
struct str entry_agency(const struct page *page, const struct gate_entry *entry); /* the asking one; "You" */
struct str entry_who(const struct page *page, const struct gate_entry *entry);    /* office, staff code */
struct str entry_login(const struct page *page, const struct gate_entry *entry);  /* how who acted came in */
struct str entry_why(const struct page *page, const struct gate_entry *entry);    /* purpose, law, article */
struct str entry_registry(const struct page *page, const struct gate_entry *entry);
struct str entry_fields(const struct page *page, const struct gate_entry *entry); /* "Surname, Address" */
struct str entry_what(const struct page *page, const struct gate_entry *entry);   /* registry: fields */
/* Why it was refused in words, what the official or the person wrote, or more of what was done; and what
 * that is called. */
struct str entry_reason(const struct page *page, const struct gate_entry *entry);
struct str entry_reason_name(const struct page *page, const struct gate_entry *entry);
struct str entry_case_name(const struct page *page, const struct gate_entry *entry); /* of its case_no */
/* Law and article of a purpose, or that it is not yet entered. */
struct str purpose_basis(const struct page *page, const struct purpose *purpose);

/* All of it as a list of facts. */
void entry_facts(struct page *page, const struct gate_entry *entry);

/* The words of a verdict on a question or an emergency look. */
struct str verdict_words(const struct page *page, enum gate_verdict verdict);

#endif
