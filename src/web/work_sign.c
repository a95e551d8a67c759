/* SPDX-License-Identifier: Apache-2.0 */
/* work_sign.c: an official signs an act: the text says who, in what office, does what to which case, and all
 * that comes with it. */
#include <stdio.h>

#include "case/signed.h"
#include "people/staff_key.h"
#include "web/sign.h"
#include "web/work_private.h"

static void line(struct buf *out, struct str name, struct str value)
{
    if (value.n == 0)
        return;
    buf_byte(out, '\n');
    buf_str(out, name);
    buf_text(out, ": ");
    buf_str(out, value);
}

static struct str ground_words(struct page *p, const struct service *s, struct str id)
{
    for (size_t g = 0; g < s->grounds_n; g++)
        if (str_eq(s->grounds[g].id, id))
            return TF(p, "{}. {}", page_texts(p, &s->grounds[g].text), work_basis(p, &s->grounds[g].basis));
    return id;
}

static struct str act_words(struct page *p, const struct case_file *c, const struct service_action *a,
                            const struct case_input *input)
{
    const struct service *s = c->service;
    const struct visitor *v = p->visitor;
    struct buf out;
    buf_in(&out, p->arena, SIGNING_TEXT_MAX / 2);
    buf_str(&out,
            TF(p,
               "I, the official with the staff code {} ({}: {}), do this in case {} ({}), as it stood after "
               "step {}: {}.",
               v->caller.official.staff_code, page_texts(p, &v->agency->name),
               page_texts(p, &v->office->name), str_of(c->number), page_texts(p, &s->name),
               page_number(p, (uint64_t)c->version), page_texts(p, &a->name)));
    if (a->moves)
        line(&out, T(p, "Afterwards"), work_status(p, a->to));
    for (size_t i = 0; i < a->fields_n; i++)
        line(&out, page_texts(p, &s->fields[a->fields[i]].label),
             answer_shown(p->j, &s->fields[a->fields[i]], input->answers[a->fields[i]].text, p->language,
                          p->arena));
    line(&out, T(p, "Asked for again"), input->asked);
    line(&out, T(p, "Ground"), ground_words(p, s, input->ground));
    line(&out, T(p, "Article of law"), input->article);
    line(&out, T(p, "Reason"), input->reason);
    line(&out, T(p, "Number and date of the commission’s minutes"), input->minutes);
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

bool work_signed(struct page *p, const struct case_file *c, const struct service_action *a, unsigned needs,
                 const struct case_input *input, struct signing *ret, bool *ret_signed)
{
    *ret_signed = false;
    if ((needs & NEEDS_SIGNATURE) == 0 || !sign_possible(p->web))
        return true;
    struct str matter = case_signature_matter(c, a, input, p->arena);
    struct str hash = matter;
    while (str_next(&matter, ' ', &hash))
        ;
    struct str words = act_words(p, c, a, input);
    const struct sign_want want = {
        .title = TF(p, "Case {}: {}", str_of(c->number), page_texts(p, &a->name)),
        .words = str_of(arena_printf(p->arena, "%.*s\n%.*s: %.*s", STR_ARG(words),
                                     STR_ARG(T(p, "SHA-256 of the act as it is sent")), STR_ARG(hash))),
        .matter = case_signature_matter(c, a, input, p->arena),
        .capacity = SIGNING_OFFICIAL};
    if (words.n == 0) {
        http_problem(p->request, p->response, 413, "too-large", "%s", "");
        return false;
    }
    *ret_signed = sign_here(p->request, p->response, &want, ret);
    return *ret_signed;
}

bool work_sign_note(struct page *p, unsigned needs)
{
    struct staff_key k;
    bool found;
    struct err err;
    if ((needs & NEEDS_SIGNATURE) == 0 || !sign_possible(p->web))
        return true;
    bool ready = staff_key_of(p->web->api.people, web_db(p->request), p->visitor->caller.official.staff_code,
                              p->arena, &found, &k, &err) &&
                 found && k.confirmed_by.n != 0;
    page_note(
        p, ready ? "info" : "bad",
        ready ? T(p, "This act is signed: after the button you sign its text with your signing key.")
              : T(p, "This act is signed, and your signing key is not confirmed yet: see to that first."));
    if (!ready)
        MARKUP(p, "<p><a class=\"button\" href=\"/desk/signing-key\">{}</a></p>", T(p, "My signing key"));
    return ready;
}

void work_sign_link(struct page *p, const struct case_file *c, size_t event)
{
    bool has;
    struct err err;
    struct str name = case_signature_name(c->number, event + 1, p->arena);
    if (signing_evidence_has(p->web->api.people, web_db(p->request), name, &has, &err) && has)
        MARKUP(p, " <a href=\"{}\">{}</a>",
               work_path(p, c->number, arena_printf(p->arena, "signature/%zu", event + 1)),
               T(p, "Its signature"));
}
