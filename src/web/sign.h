/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h: pages on which a person signs one text with a key of a certificate authority (people/signing.h).
 *
 * For a handler of an act that law wants signed there is one call:
 *
 *     struct signing signed_by;
 *     const struct sign_want want = {.title = ..., .words = ..., .matter = "case K7Q2-M9XT-4D3B agree"};
 *     if (!sign_here(request, response, &want, &signed_by))
 *         return;                                      answered: the person is led to sign, or told why not
 *     ... in the act's own transaction:
 *     signing_spend(people, db, &signed_by, err) &&
 *     signing_evidence_keep(people, db, NAME, &signed_by.account, &signed_by, now, err)
 *
 * The first time it keeps all fields of the form that was sent, leads to the page of signing, and from there
 * back to the same handler with the same fields and the signature's code; the second time it is true. What is
 * signed is `words` with site, time and code around it: the handler makes the same words both times, from
 * the same fields, and a signature of other words, another matter or another person is not taken. An official
 * must have entered the key before (people/staff_key.h): who has not is led there.
 */
#ifndef WEB_SIGN_H
#define WEB_SIGN_H

#include "people/signing.h"
#include "web/form.h"

struct sign_want {
    struct str title;  /* of the act, in the reader's language */
    struct str words;  /* what is declared by signing: whole sentences, in the reader's language */
    struct str matter; /* what it is for, for the program: words with spaces */
    struct str organisation, capacity; /* wants_... of people/signing.h; may be empty */
};

/* The handler's route must be a POST of a form, open to a person or an official. */
MUST_USE bool sign_here(struct http_request *request, struct http_response *response,
                        const struct sign_want *want, struct signing *ret_signing);

/* Where the visitor acts as the head of an organisation, the certificate must carry it and the role. */
MUST_USE bool sign_for_subject(struct page *page, struct sign_want *want, struct err *err);
/* The signature of an application (`c` of status DRAFT) or of an applicant's step, where its file asks for
 * one and somebody's count here. False: answered, the person is led to sign. apply_sign.c */
struct case_file;
struct case_input;
struct service_action;
MUST_USE bool applicant_signs(struct page *page, const struct case_file *c,
                              const struct service_action *action, const struct case_input *input,
                              struct signing *ret_signing, bool *ret_signed);

/* Whether any authority is there whose signatures can hold: else no page offers to sign. */
bool sign_possible(const struct web *web);

/* The evidence page: what was signed, by whom, when, what the authority said then, checked again now. `file`:
 * the path of the same as a file. sign_evidence.c */
void sign_evidence_page(struct page *page, struct str title, struct str back, struct str evidence,
                        struct str file);
void sign_evidence_file(struct http_response *response, struct str evidence);

/* --- between the files of these pages --- */

/* Keeps a request and leads to its page. `account` kind CALLER_NOBODY: whoever signs. `back`: what follows.
 */
void sign_begin(struct http_request *request, struct http_response *response, enum signing_purpose purpose,
                const struct account *account, const struct sign_want *want, struct str back);
MUST_USE bool sign_slow_down(struct http_request *request, struct err *err);
/* The request of the path's first part, asked for by this browser. False: answered (404). */
MUST_USE bool sign_of_browser(struct http_request *request, struct http_response *response,
                              struct signing *ret_signing);
/* Judges what was sent. False: answered. */
MUST_USE bool sign_judge(struct http_request *request, struct http_response *response,
                         struct signing *signing, struct str file);
/* The authority whose way of signing is offered: the first that has one. NULL: none. */
const struct trust_authority *sign_authority(const struct web *web, bool phone);
struct str sign_site(const struct http_request *request); /* "https://aina.example" */
/* What the signer can do about a refusal, a msgid; NULL: its words say it. */
const char *sign_mend(struct str code);
struct str sign_words_of(const struct trust_words *words, const struct page *page);
struct str sign_path(const struct page *page, const struct signing *signing, const char *rest);
void sign_rules(struct page *page); /* whose signatures count, and what happens when nobody answers */
/* Computer, phone and file; the page's script and whom it may call. `field`: of the file as text. */
struct form_field sign_field(const struct page *page, struct str error);
void sign_ways(struct page *page, const struct signing *signing, const struct form_field *field);
/* What follows a signature that holds: by its purpose. sign_ends.c */
void sign_end(struct http_request *request, struct http_response *response, struct signing *signing);
void sign_end_enrol(struct http_request *request, struct http_response *response, struct signing *signing);
void sign_end_staff(struct http_request *request, struct http_response *response, struct signing *signing);
/* Whether this official's key is entered and confirmed. False: answered, with what would mend it. */
MUST_USE bool sign_staff_ready(struct http_request *request, struct http_response *response);

#endif
