/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the web room: tables made at build time, and what its files share. */
#ifndef WEB_WEB_PRIVATE_H
#define WEB_WEB_PRIVATE_H

#include "web/form.h"

/* Made by assets.py. */
struct web_asset {
    const char *name; /* under /static/ */
    struct http_asset asset;
};
extern const struct web_asset web_assets[];
extern const size_t web_assets_n;
extern const char web_path_style[], web_path_icon[], web_path_passkey[], web_path_sign[], web_path_check[],
    web_path_worker[];

/* One file's pages. The list of them stands in web.c. */
struct web_table {
    const struct http_route *routes;
    size_t n;
};
extern const struct web_table web_home, web_demo, web_looks, web_me, web_take, web_open, web_login,
    web_factors, web_keys, web_mandates, web_admin, web_statistics, web_sign, web_sign_ends, web_sign_phone,
    web_services, web_apply, web_cases, web_messages, web_cosign, web_booked, web_assist, web_pay, web_files,
    web_check, web_documents, web_mandate_child, web_mandate_desk, web_sign_enrol, web_sign_evidence,
    web_sign_mandate, web_sign_staff, web_office_log, web_offers, web_desk_records, web_consents, web_kept,
    web_stop, web_tokens, web_desk_enrol, web_keys_more, web_desk_case, web_desk_messages;

/* desk_messages.c: what the way there says, with how many are new; empty where no message comes to the
 * visitor's office. False: answered. */
struct page;
MUST_USE bool desk_messages_way(struct page *page, struct str *ret_text);

/* desk_records.c: the office gives services; it writes records of some registry. */
bool office_provides(const struct jurisdiction *j, const struct office *office);
bool office_writes(const struct jurisdiction *j, const struct office *office);

/* The purpose under which a person opens their own record here (me.c); NULL: none. */
const struct purpose *own_purpose(const struct registry *registry);

/* presence.c: how presence was shown; assist.c: the reason of an entry about it; in words. */
struct str assist_presence(const struct page *page, struct str ground);
struct str assist_reason(const struct page *page, struct str reason);
struct str assist_document(const struct page *page, struct str last_four); /* presence by a document seen */
bool assist_document_valid(struct str last_four);

/* keys.c: back to the page of keys, or the problem; whether this log-in may take ways in away (else it steps
 * up). */
void keys_answer(struct http_request *request, struct http_response *response, bool ok,
                 const struct err *err);
bool keys_may_remove(struct http_request *request, struct http_response *response);

/* office_log.c: the reason of an entry about an office, in words. */
struct gate_entry;
struct str office_reason(const struct page *page, const struct gate_entry *entry);

/* A number that nobody has: a look that resolves to nobody, in the agency's own list. */
MUST_USE bool asked_for_nobody(struct http_request *request, struct http_response *response,
                               struct str capacity, struct str purpose, struct err *err);

/* mandates.c */
void mandate_over_page(struct http_request *request, struct http_response *response);
struct mandate;
struct form_option;
/* All matters, and each service; the array in the arena. */
size_t mandate_matters(const struct page *page, const struct form_option **ret_options);
/* The same was given to the same person for as long, and holds: a form sent twice is one mandate, which one
 * press takes back. */
MUST_USE bool mandate_stands(struct people *people, struct db *db, const struct mandate *mandate,
                             struct arena *arena, bool *ret_stands, struct err *err);
struct str mandate_until(const struct page *page, const struct mandate *mandate); /* a day, or how it ends */
struct str mandate_scope_words(const struct page *page, struct str scope);
/* A number as far as one needs it to be sure. */
struct str person_mask(const struct page *page, const struct person *person, struct str unknown);

/* mandates.c: the form of giving one. The giver: oneself, or the organisation that one heads; else none
 * (who acts for another gives none on), and mandate_no_giver answers. */
#define MANDATE_FIELDS 3
struct mandate;
bool mandate_giver(const struct page *page, struct account *ret_giver);
bool mandate_no_giver(const struct page *page, struct account *ret_giver);
void mandate_fields(struct page *page, struct form_field fields[MANDATE_FIELDS]);
/* What is typed, as a mandate; what is wrong stands in the fields. */
MUST_USE bool mandate_typed(struct page *page, struct form_field fields[MANDATE_FIELDS],
                            const struct account *giver, struct mandate *ret_mandate, struct str *ret_number,
                            struct err *err);

/* form.c: the field's element; whether it holds a person's number (else its error says what is wrong). */
const char *form_id(const struct form_field *field);
extern const char form_not_a_number[]; /* a msgid */
bool form_person_number(const struct page *page, struct form_field *field, char ret_normal[32]);

/* For whom one acts: the capacity, and the number as far as one needs it to be sure. */
struct str page_for_whom(const struct page *page);
void page_escape(struct buf *out, struct str text);

#endif
