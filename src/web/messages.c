/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c: what a person is told of their cases, and an office's letters to those whom no phone reaches.
 */
#include "base/clock.h"
#include "case/notice.h"
#include "people/factor.h"
#include "web/web_private.h"

#define ROWS 20
#define LETTERS_MAX 200

static const uint8_t *pid_of(const struct page *p)
{
    return p->visitor->caller.person.pid;
}

static bool fine(struct http_request *request, struct http_response *response, bool ok, const struct err *err)
{
    if (!ok)
        http_problem_err(request, response, err);
    return ok;
}

/* --- the list --- */

static void write_notice(struct page *p, const struct notice *n)
{
    char iso[TIME_TEXT_SIZE];
    bool asks = str_is(n->what, "sign"), offers = str_is(n->what, NOTICE_OFFER);
    time_iso(n->made, iso);
    MARKUP(p, "<article class=\"card {}\"><p>", n->unread ? STR("good") : STR(""));
    if (n->unread)
        MARKUP(p, "<span class=\"tag\">{}</span> ", T(p, "New"));
    page_when(p, str_of(iso));
    MARKUP(p, "</p><p><bdi>{}</bdi></p>", n->text);
    if (offers)
        MARKUP(p, "<p class=\"acts\"><a href=\"/me/offers/{}\">{}</a></p></article>", n->number,
               T(p, "Read and answer"));
    else if (asks)
        MARKUP(p, "<p class=\"acts\"><a href=\"/me/sign/{}\">{}</a></p></article>", n->number,
               TF(p, "Read and answer: {}", n->number));
    else
        MARKUP(p, "<p class=\"acts\"><a href=\"/me/cases/{}\">{}</a></p></article>", n->number,
               TF(p, "To the case {}", n->number));
}

static void write_language(struct page *p, const struct contact *contact)
{
    struct form_option *options = arena_array(p->arena, struct form_option, p->j->languages_n);
    for (size_t i = 0; i < p->j->languages_n; i++)
        options[i] = (struct form_option){p->j->languages[i], p->j->language_names.in[i]};
    struct form_field field = {.kind = FORM_SELECT,
                               .name = "language",
                               .label = T(p, "Language of short messages"),
                               .hint = T(p, "On your phone stand a case number and a day, never more."),
                               .value = contact->language,
                               .options = options,
                               .options_n = p->j->languages_n};
    MARKUP(p, "<h2>{}</h2>", T(p, "On your phone"));
    if (contact->unreachable != 0)
        page_note(p, "bad",
                  TF(p,
                     "Your phone could not be reached on {}. Letters are sent instead until you give your "
                     "number anew.",
                     page_time(p, contact->unreachable)));
    form_start(p, STR("/me/messages/language"), "/me/messages/language");
    form_field(p, &field);
    form_end(p, N_("Keep this language"));
}

static void get_messages(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct notice *list;
    struct contact contact;
    struct str before = {0}, older = {0};
    size_t n;
    struct err err;
    page_init(p, request, response);
    http_query(request, "before", &before);
    if (!fine(request, response,
              notices_of(p->web->beside, web_db(request), pid_of(p), before, ROWS + 1, p->language, p->arena,
                         &list, &n, &err) &&
                  contact_of(p->web->beside, web_db(request), pid_of(p), p->arena, &contact, &err),
              &err))
        return;
    page_open(p, T(p, "My messages"), STR("/me"), NULL, 0);
    for (size_t i = 0; i < n && i < ROWS; i++)
        write_notice(p, &list[i]);
    if (n == 0)
        page_note(p, "info", T(p, "There are no messages."));
    if (n > ROWS)
        older = page_path(p, "/me/messages", "before", str_of(list[ROWS - 1].id), NULL);
    page_pages(p, before.n ? STR("/me/messages") : STR(""), older);
    write_language(p, &contact);
    page_end(p);
    /* Shown is read; what could not be marked stays new. */
    bool marks = n != 0 && before.n == 0 && list[0].unread;
    if (marks &&
        !notices_seen(p->web->beside, web_db(request), pid_of(p), str_of(list[0].id), clock_now(), &err))
        http_problem_err(request, response, &err);
}

static void post_language(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct err err;
    page_init(p, request, response);
    if (fine(request, response,
             contact_language(p->web->beside, web_db(request), pid_of(p), form_value(request, "language"),
                              &err),
             &err))
        http_redirect(response, 303, "/me/messages");
}

/* --- letters --- */

static void letter_button(struct page *p, const struct letter *letter, struct str label)
{
    const struct form_field id = {.name = "letter", .value = str_of(letter->id)};
    form_button(p, STR("/desk/letters"), "/desk/letters", label, &id);
}

/* Of a case its number; of an offer the service alone, and who reads more of it is entered. */
static void write_letter(struct page *p, const struct letter *letter)
{
    const struct service *s = jurisdiction_service(p->j, letter->service);
    bool offers = str_is(letter->what, NOTICE_OFFER);
    struct str name = s != NULL ? page_texts(p, &s->name) : letter->service;
    MARKUP(p, "<div class=\"card\"><h2><bdi>{}</bdi></h2><p>{}</p>",
           offers ? TF(p, "Offered: {}", name) : letter->number, page_time(p, letter->made));
    if (offers)
        MARKUP(p, "<p class=\"acts\"><a href=\"/desk/letters/{}\">{}</a></p>", str_of(letter->id),
               T(p, "Open the letter, which is entered in the person’s list"));
    else
        letter_button(p, letter, TF(p, "The letter is sent: {}", letter->number));
    MARKUP(p, "</div>");
}

static void get_letters(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct letter *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    if (!fine(request, response,
              letters_due(p->web->beside, web_db(request), p->visitor->office, clock_now(), LETTERS_MAX,
                          p->arena, &list, &n, &err),
              &err))
        return;
    page_open(p, T(p, "Letters to send"), STR("/desk"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "No phone reaches these people. What the case says goes to them by post."));
    for (size_t i = 0; i < n; i++)
        write_letter(p, &list[i]);
    if (n == 0)
        page_note(p, "info", T(p, "There are no letters to send."));
    page_end(p);
}

/* An offer's letter, to be printed: the entry is durable before it is seen. */
static void get_letter(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct letter_words words;
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    const struct caller *c = &p->visitor->caller;
    if (!letter_open(p->web->beside, web_db(request), p->visitor->office, c->official.staff_code, c->levels,
                     http_part(request, 0), clock_now(), p->arena, &words, &position, &err)) {
        if (err.code == ERR_NOT_FOUND)
            http_problem(request, response, 404, "not-found", "%s", "");
        else
            http_problem_err(request, response, &err);
        return;
    }
    http_hold(response, position);
    page_open(p, T(p, "Letter"), STR("/desk/letters"), NULL, 0);
    facts_start(p);
    fact(p, T(p, "To"), TF(p, "{}, at the address that your office has", words.person));
    fact(p, T(p, "Written on"), page_time(p, words.letter.made));
    facts_end(p);
    MARKUP(p, "<div class=\"card\"><p lang=\"{}\">{}</p></div>", words.language, words.text);
    letter_button(p, &words.letter, T(p, "The letter is sent"));
    page_end(p);
}

static void post_letter(struct http_request *request, struct http_response *response)
{
    struct err err;
    const struct visitor *v = web_visitor(request);
    if (fine(request, response,
             letter_sent(web_of(request)->beside, web_db(request), v->office, form_value(request, "letter"),
                         &err),
             &err))
        http_redirect(response, 303, "/desk/letters");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/messages",
     .handler = get_messages,
     .access = WEB_PERSON,
     .summary = "My messages"},
    {.method = HTTP_POST,
     .path = "/me/messages/language",
     .handler = post_language,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Language of short messages"},
    {.method = HTTP_GET,
     .path = "/desk/letters",
     .handler = get_letters,
     .access = WEB_OFFICIAL | WEB_CASES,
     .summary = "Letters to send"},
    {.method = HTTP_GET,
     .path = "/desk/letters/{id}",
     .handler = get_letter,
     .access = WEB_OFFICIAL | WEB_CASES,
     .summary = "An offer’s letter"},
    {.method = HTTP_POST,
     .path = "/desk/letters",
     .handler = post_letter,
     .access = WEB_OFFICIAL | WEB_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "A letter is sent"},
};
const struct web_table web_messages = {routes, ARRAY_LEN(routes)};
