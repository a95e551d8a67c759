/* SPDX-License-Identifier: Apache-2.0 */
/* case_sheet.h: the pages of a person's cases as sheets: all of them, one, and what can be done in one. As in
 * service.h, pure functions of what they are given. */
#ifndef SHEET_CASE_SHEET_H
#define SHEET_CASE_SHEET_H

#include "case/case.h"
#include "sheet/service.h"

/* A look made for the case, in words; `path` leads to its entry. */
struct case_look {
    struct str title, told, path;
};

/* What a person may do in a case now: whether its form may be shown. */
bool case_open_to(struct cases *cases, const struct case_file *c, const struct case_actor *actor,
                  size_t action, int64_t now, struct arena *arena);

struct case_row;
struct case_view {
    const struct case_file *c;
    const bool *may; /* by action */
    const struct case_look *looks;
    size_t looks_n;
    const struct case_row *documents, *signers; /* a signer's row: a number in part, how it stands below */
    size_t documents_n, signers_n;
    struct str booked, booked_path; /* a time that can be moved */
    struct str filed;               /* what is said on top: just filed, or done */
    struct str next_path;           /* the next draft of the same visit; empty: none */
    struct str next_name;
    int64_t now;
};
void case_page(struct sheet *sheet, const struct case_view *view);

/* One line of the list. */
struct case_row {
    struct str name, path, below;
};
struct case_list {
    const struct case_row *drafts, *rows;
    size_t drafts_n, rows_n;
    struct str newer, older; /* paths of other pages of the list; empty: none */
};
void cases_page(struct sheet *sheet, const struct case_list *list);
struct str status_words(const struct words *w, enum case_status status);
/* "Answer by 5 December 2026", "Stopped; then 4 working days are left"; empty when nothing runs. */
struct str due_words(const struct words *w, const struct case_file *c);

/* The form of an action. `typed` and `errors` by field; `reason` likewise for the words that the action
 * needs. */
struct action_form {
    const struct case_file *c;
    size_t action;
    const struct str *sent; /* by field: files sent since the return; NULL: none */
    const struct str *typed, *errors;
    struct str reason, reason_error;
};
/* What can be changed when a returned case is sent again: what the office asked for, else every answer. */
size_t fields_to_complete(const struct case_file *c, struct arena *arena, size_t **ret_fields);
void action_page(struct sheet *sheet, const struct action_form *form);

#endif
