/* SPDX-License-Identifier: Apache-2.0 */
/* find.c: services by a few letters. */
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "sheet/service.h"

#define WORDS_MAX 8

/* Letters that Unicode does not decompose, and those that people type for want of them. */
static const struct {
    ucs4_t letter, plain;
} plain_letters[] = {{0x00f8, 'o'},    {0x0111, 'd'},    {0x0127, 'h'},    {0x0131, 'i'},    {0x0142, 'l'},
                     {0x0259, 'a'},    {0x0454, 0x0435}, {0x0456, 0x0438}, {0x0491, 0x0433}, {0x0493, 0x0433},
                     {0x0497, 0x0436}, {0x0499, 0x0437}, {0x049b, 0x043a}, {0x04a1, 0x043a}, {0x04a3, 0x043d},
                     {0x04a5, 0x043d}, {0x04ab, 0x0441}, {0x04af, 0x0443}, {0x04b1, 0x0443}, {0x04b3, 0x0445},
                     {0x04b7, 0x0447}, {0x04bb, 0x0445}, {0x04d9, 0x0430}, {0x04e9, 0x043e}};

static ucs4_t plain_letter(ucs4_t c)
{
    for (size_t i = 0; c >= 0x00f8 && i < ARRAY_LEN(plain_letters); i++)
        if (plain_letters[i].letter == c)
            return plain_letters[i].plain;
    return c;
}

struct str text_folded(struct str text, struct arena *arena)
{
    size_t n = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)text.p, text.n, NULL, UNINORM_NFD, NULL, &n);
    char *out = arena_take(arena, n + 1, 1);
    size_t out_n = 0;
    for (size_t i = 0; folded != NULL && i < n;) {
        ucs4_t c;
        i += (size_t)u8_mbtouc(&c, folded + i, n - i);
        if (uc_is_general_category(c, UC_NON_SPACING_MARK))
            continue;
        int k = u8_uctomb((uint8_t *)out + out_n, plain_letter(c), (ptrdiff_t)(n - out_n)); /* never longer */
        must(k > 0);
        out_n += (size_t)k;
    }
    free(folded);
    return (struct str){out, out_n};
}

/* 3: begins a word; 2: stands within one; 0: is not there. */
static int fit(struct str text, struct str word)
{
    int best = 0;
    for (size_t i = 0; i + word.n <= text.n && best < 3; i++)
        if (memcmp(text.p + i, word.p, word.n) == 0) {
            bool begins = i == 0 || text.p[i - 1] == ' ' || text.p[i - 1] == '-' || text.p[i - 1] == '(' ||
                          text.p[i - 1] == '/';
            best = MAX_OF(best, begins ? 3 : 2);
        }
    return best;
}

static int fit_texts(const struct jurisdiction *j, const struct texts *texts, struct str word,
                     struct arena *arena)
{
    int best = 0;
    for (size_t l = 0; l < j->languages_n && best < 3; l++)
        best = MAX_OF(best, fit(text_folded(texts->in[l], arena), word));
    return best;
}

/* 0: this word is nowhere; a name goes before a life event, that before the summary. */
static int fit_word(const struct jurisdiction *j, const struct service *s, struct str word,
                    struct arena *arena)
{
    int best = fit_texts(j, &s->name, word, arena) * 4;
    for (size_t i = 0; i < s->life_events_n && best == 0; i++)
        best = fit_texts(j, &j->life_events[s->life_events[i]].name, word, arena) * 2;
    if (best == 0)
        best = fit_texts(j, &s->summary, word, arena);
    if (best == 0 && str_eq(s->id, word))
        best = 12;
    return best;
}

struct found {
    const struct service *service;
    int fit;
    size_t place;
};

static int by_fit(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->fit != y->fit)
        return x->fit < y->fit ? 1 : -1;
    return x->place < y->place ? -1 : 1;
}

size_t services_find(const struct jurisdiction *j, struct str query, struct arena *arena,
                     const struct service ***ret)
{
    struct str rest = text_folded(query, arena), word, words[WORDS_MAX];
    struct found *found = arena_array(arena, struct found, j->services_n + 1);
    size_t words_n = 0, n = 0;
    while (words_n < WORDS_MAX && str_next(&rest, ' ', &word))
        if (word.n != 0)
            words[words_n++] = word;
    for (size_t i = 0; i < j->services_n && words_n != 0; i++) {
        int sum = 0, one = 1;
        for (size_t w = 0; w < words_n && one != 0; w++)
            sum += one = fit_word(j, &j->services[i], words[w], arena);
        if (one != 0)
            found[n++] = (struct found){&j->services[i], sum, i};
    }
    qsort(found, n, sizeof *found, by_fit);
    const struct service **list = arena_array(arena, const struct service *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = found[i].service;
    *ret = list;
    return n;
}

size_t life_services(const struct jurisdiction *j, const struct life_event *event, struct arena *arena,
                     const struct service ***ret)
{
    const struct service **list = arena_array(arena, const struct service *, j->services_n + 1);
    size_t n = 0;
    for (size_t i = 0; i < j->services_n; i++)
        for (size_t k = 0; k < j->services[i].life_events_n; k++)
            if (&j->life_events[j->services[i].life_events[k]] == event) {
                list[n++] = &j->services[i];
                break;
            }
    *ret = list;
    return n;
}

/* --- pages --- */

static struct str service_path(const struct sheet *s, const struct service *service)
{
    return words_of(&s->w, "/services/%.*s", STR_ARG(service->id));
}

static void list_services(struct sheet *s, const struct service *const *list, size_t n, bool below)
{
    for (size_t i = 0; i < n; i++)
        sheet_link(s, words_texts(&s->w, &list[i]->name), service_path(s, list[i]),
                   below ? words_texts(&s->w, &list[i]->summary) : STR(""));
}

static void list_life(struct sheet *s)
{
    const struct jurisdiction *j = s->w.j;
    const struct service **list;
    sheet_heading(s, S(s, "By what happens in life"));
    for (size_t i = 0; i < j->life_events_n; i++)
        if (life_services(j, &j->life_events[i], s->w.arena, &list) != 0)
            sheet_link(s, words_texts(&s->w, &j->life_events[i].name),
                       words_of(&s->w, "/life/%.*s", STR_ARG(j->life_events[i].id)), STR(""));
    sheet_heading(s, S(s, "All of them"));
    sheet_link(s, SF(s, "All services: {}", words_number(&s->w, j->services_n)), STR("/services?all=yes"),
               STR(""));
}

void services_page(struct sheet *s, struct str query, bool all)
{
    const struct jurisdiction *j = s->w.j;
    const struct service **list;
    s->title = S(s, "Services");
    sheet_form(s, SHEET_GET, STR("/services"), NULL);
    sheet_ask(s,
              &(struct sheet_field){.ask = ASK_TEXT,
                                    .name = "q",
                                    .label = S(s, "What do you need?"),
                                    .hint = S(s, "A few letters are enough, in any language of this site."),
                                    .value = query,
                                    .max = 100});
    sheet_button(s, S(s, "Find"));
    if (all) {
        list = arena_array(s->w.arena, const struct service *, j->services_n + 1);
        for (size_t i = 0; i < j->services_n; i++)
            list[i] = &j->services[i];
        list_services(s, list, j->services_n, false);
        return;
    }
    if (query.n == 0) {
        list_life(s);
        return;
    }
    size_t n = services_find(j, query, s->w.arena, &list);
    sheet_heading(s, SF(s, "Found: {}", words_number(&s->w, n)));
    if (n == 0)
        sheet_text(s, NULL, S(s, "Nothing fits. Try fewer letters, or look by what happens in life."));
    list_services(s, list, MIN_OF(n, (size_t)12), true);
    if (n > 12)
        sheet_text(s, "small", S(s, "More services fit: add a word."));
    sheet_link(s, S(s, "By what happens in life"), STR("/services"), STR(""));
}

void life_page(struct sheet *s, const struct life_event *event, const struct service *const *services,
               const enum service_way *ways, size_t n)
{
    size_t can = 0, begun = 0, stranger = 0;
    s->title = words_texts(&s->w, &event->name);
    s->back = STR("/services");
    for (size_t i = 0; i < n; i++) {
        can += ways[i] == BEGIN_NOW || ways[i] == BEGIN_GO_ON;
        begun += ways[i] == BEGIN_GO_ON;
        stranger += ways[i] == BEGIN_LOG_IN;
    }
    if (n > 1)
        sheet_text(s, "lead", S(s, "These belong together: one visit, and nothing is asked twice."));
    for (size_t i = 0; i < n; i++) {
        struct str below = words_texts(&s->w, &services[i]->summary);
        if (ways[i] == BEGIN_GO_ON)
            below = words_of(&s->w, "%.*s\n%.*s", STR_ARG(below), STR_ARG(S(s, "You have begun this one.")));
        sheet_link(s, words_texts(&s->w, &services[i]->name), service_path(s, services[i]), below);
    }
    if (stranger != 0)
        sheet_act(s, S(s, "Log in to begin"), words_of(&s->w, "/login?to=/life/%.*s", STR_ARG(event->id)));
    if (can < 2 || begun == can)
        return;
    sheet_text(s, NULL,
               S(s, "All that you can file here is begun at once; you send each one when it is ready."));
    sheet_form(s, SHEET_POST, words_of(&s->w, "/life/%.*s/start", STR_ARG(event->id)), "/life/{event}/start");
    sheet_button(s, SF(s, "Begin all: {}", words_number(&s->w, can)));
}
