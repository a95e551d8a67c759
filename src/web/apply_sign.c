/* SPDX-License-Identifier: Apache-2.0 */
/* apply_sign.c: an applicant signs an application, or a step of a case, where its file asks for it: all
 * answers in words. Who heads an organisation signs for it with its head's key. */
#include "case/case.h"
#include "case/signed.h"
#include "people/mandate.h"
#include "web/sign.h"
#include "web/web_private.h"

static void write_answer(struct page *p, struct buf *out, const struct service_field *f, struct str text)
{
    struct str shown = answer_shown(p->j, f, text, p->language, p->arena);
    if (shown.n == 0)
        return;
    buf_byte(out, '\n');
    buf_str(out, page_texts(p, &f->label));
    buf_text(out, ": ");
    buf_str(out, shown);
}

static struct str words_of_step(struct page *p, const struct case_file *c, const struct service_action *a,
                                const struct case_input *input)
{
    const struct service *s = c->service;
    bool files = c->status == DRAFT;
    const struct answer *answers = files ? c->answers : input->answers;
    struct buf out;
    buf_in(&out, p->arena, SIGNING_TEXT_MAX / 2);
    if (files)
        buf_str(&out, TF(p, "I apply for “{}” with these answers:", page_texts(p, &s->name)));
    else
        buf_str(&out, TF(p, "I do this in case {} ({}): {}.", str_of(c->number), page_texts(p, &s->name),
                         page_texts(p, &a->name)));
    for (size_t f = 0; answers != NULL && f < s->fields_n; f++)
        if (answers[f].given || answers[f].from_registry)
            write_answer(p, &out, &s->fields[f], answers[f].text);
    if (input->reason.n != 0) {
        buf_byte(&out, '\n');
        buf_str(&out, T(p, "Reason"));
        buf_text(&out, ": ");
        buf_str(&out, input->reason);
    }
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

bool sign_for_subject(struct page *p, struct sign_want *want, struct err *err)
{
    const struct caller *c = &p->visitor->caller;
    struct str scheme;
    if (!c->acting || !str_is(c->capacity, capacity_facts[CAPACITY_HEAD].code))
        return true;
    want->capacity = str_of(capacity_facts[CAPACITY_HEAD].code);
    return people_number(p->web->api.people, web_db(p->request), &c->subject, p->arena, &scheme,
                         &want->organisation, err);
}

bool applicant_signs(struct page *p, const struct case_file *c, const struct service_action *a,
                     const struct case_input *input, struct signing *ret, bool *ret_signed)
{
    struct err err;
    *ret_signed = false;
    if ((a->needs & NEEDS_SIGNATURE) == 0 || !sign_possible(p->web) || web_assists(p->visitor))
        return true;
    struct sign_want want = {.title = page_texts(p, &c->service->name),
                             .words = words_of_step(p, c, a, input),
                             .matter = case_signature_matter(c, a, input, p->arena)};
    if (want.words.n == 0) {
        http_problem(p->request, p->response, 413, "too-large", "%s", "");
        return false;
    }
    if (!sign_for_subject(p, &want, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    *ret_signed = sign_here(p->request, p->response, &want, ret);
    return *ret_signed;
}
