/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: answers and journal as sealed bytes. */
#include <stdio.h>

#include "case/case_private.h"
#include "crypto/seal.h"

static size_t place_ad(char ad[128], const char *number, const char *what, int64_t n)
{
    return (size_t)snprintf(ad, 128, "case|%s|%s|%lld", number, what, (long long)n);
}

struct str case_seal(const struct cases *cases, const char *number, const char *what, int64_t n,
                     struct str plain, struct arena *arena)
{
    char ad[128];
    size_t ad_n = place_ad(ad, number, what, n);
    uint8_t *out = arena_take(arena, plain.n + SEAL_OVERHEAD, 1);
    seal(out, cases->seal_key, plain.p, plain.n, ad, ad_n);
    return (struct str){(const char *)out, plain.n + SEAL_OVERHEAD};
}

bool case_unseal(const struct cases *cases, const char *number, const char *what, int64_t n,
                 struct str sealed, struct arena *arena, struct str *ret, struct err *err)
{
    char ad[128];
    size_t ad_n = place_ad(ad, number, what, n);
    if (sealed.n >= SEAL_OVERHEAD) {
        char *out = arena_take(arena, sealed.n - SEAL_OVERHEAD + 1, 1);
        if (seal_open(out, cases->seal_key, (const uint8_t *)sealed.p, sealed.n, ad, ad_n)) {
            *ret = (struct str){out, sealed.n - SEAL_OVERHEAD};
            return true;
        }
    }
    return err_set(err, ERR_CORRUPT, number, "the case does not open: its rows are not what was written");
}

/* --- reading what buf_lp and the integers wrote --- */

struct reader {
    struct str rest;
    bool bad;
};

static uint64_t take(struct reader *r, size_t bytes)
{
    uint64_t out = 0;
    if (r->rest.n < bytes)
        r->bad = true;
    for (size_t i = 0; i < bytes && !r->bad; i++)
        out = out << 8 | (uint8_t)r->rest.p[i];
    r->rest = str_from(r->rest, r->bad ? r->rest.n : bytes);
    return out;
}

static struct str take_text(struct reader *r)
{
    size_t n = (size_t)take(r, 2);
    if (r->rest.n < n)
        r->bad = true;
    struct str out = {r->rest.p, r->bad ? 0 : n};
    r->rest = str_from(r->rest, out.n);
    return out;
}

void answers_write(const struct service *s, const struct answer *answers, struct buf *out)
{
    for (size_t f = 0; f < s->fields_n; f++) {
        if (!answers[f].given && !answers[f].from_registry)
            continue;
        buf_lp(out, s->fields[f].id.p, s->fields[f].id.n);
        buf_byte(out, (uint8_t)(answers[f].given | answers[f].from_registry << 1));
        buf_lp(out, answers[f].text.p, answers[f].text.n);
    }
}

bool answers_read(const struct service *s, struct str bytes, struct arena *arena, struct answer **ret,
                  struct err *err)
{
    struct reader r = {bytes, false};
    *ret = arena_array(arena, struct answer, s->fields_n + 1);
    while (r.rest.n != 0 && !r.bad) {
        size_t f = service_field(s, take_text(&r));
        unsigned bits = (unsigned)take(&r, 1);
        struct str text = take_text(&r);
        if (f != NONE && !r.bad)
            (*ret)[f] = (struct answer){(bits & 1) != 0, (bits & 2) != 0, text};
        else
            r.bad = true;
    }
    return !r.bad || err_set(err, ERR_CORRUPT, "answers", "the answers are not what was written");
}

void event_write(const struct case_event *e, struct buf *out)
{
    const struct str texts[] = {e->action, e->staff,   e->office, e->reason, e->article,
                                e->ground, e->minutes, e->asked,  e->to,     e->act};
    buf_u64be(out, (uint64_t)e->time);
    buf_byte(out, (uint8_t)e->hand);
    buf_byte(out, (uint8_t)e->status);
    buf_u32be(out, e->flags);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        buf_lp(out, texts[i].p, texts[i].n);
}

bool event_read(struct str bytes, struct case_event *e, struct err *err)
{
    struct reader r = {bytes, false};
    struct str *texts[] = {&e->action, &e->staff,   &e->office, &e->reason, &e->article,
                           &e->ground, &e->minutes, &e->asked,  &e->to,     &e->act};
    e->time = (int64_t)take(&r, 8);
    unsigned hand = (unsigned)take(&r, 1), status = (unsigned)take(&r, 1);
    e->flags = (unsigned)take(&r, 4);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = take_text(&r);
    if (r.bad || r.rest.n != 0 || hand > HAND_TIMER || status >= STATUSES_N)
        return err_set(err, ERR_CORRUPT, "journal", "a step is not what was written");
    e->hand = (enum case_hand)hand;
    e->status = (enum case_status)status;
    return true;
}
