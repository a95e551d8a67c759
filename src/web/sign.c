/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c: the page on which one text is signed, and what comes of each answer. */
#include "web/sign.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "people/number.h"
#include "web/login.h"
#include "web/multipart.h"
#include "web/web_private.h"

#define FORM_MAX (3 * SIGNING_FILE_MAX) /* base64's signs are percent-encoded on their way */
#define UPLOAD_MAX (SIGNING_FILE_MAX + 8192)

/* --- the page --- */

bool sign_of_browser(struct http_request *request, struct http_response *response, struct signing *ret)
{
    struct web *web = web_of(request);
    uint8_t browser[32];
    bool found;
    struct err err;
    login_browser(request, response, browser);
    if (!signing_get(web->api.people, web_db(request), http_part(request, 0), clock_now(),
                     http_arena(request), ret, &found, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (found && bytes_same(browser, ret->browser, sizeof browser))
        return true;
    http_problem(request, response, 404, "not-found", "%s", "");
    return false;
}

struct str sign_path(const struct page *p, const struct signing *s, const char *rest)
{
    return str_of(arena_printf(p->arena, "/sign/%s%s", s->id, rest));
}

static struct str missing_words(const struct page *p, enum trust_missing missing)
{
    switch (missing) {
    case MISSING_REFUSE: return T(p, "without one it is refused");
    case MISSING_WAIT: return T(p, "without one it has to wait until there is one");
    case MISSING_ACCEPT: return T(p, "without one it is taken, and marked so");
    }
    return STR("");
}

/* Whose signatures count, and what happens when the authority does not answer: the folder's rules. */
void sign_rules(struct page *p)
{
    const struct trust *trust = p->web->judge.trust;
    MARKUP(p, "<details><summary>{}</summary><dl>", T(p, "Whose signatures count, and what is checked"));
    for (size_t i = 0; i < trust->authorities_n; i++) {
        const struct trust_authority *a = &trust->authorities[i];
        if (!trust_has_anchor(trust, a) || (a->test && !p->web->judge.tests))
            continue;
        MARKUP(p, "<div><dt>{}</dt><dd>{}{}</dd></div>", T(p, "Authority"), sign_words_of(&a->name, p),
               a->test ? T(p, " (a test authority: it binds nobody)") : STR(""));
        MARKUP(p, "<div><dt>{}</dt><dd>{}</dd></div>",
               T(p, "Its answer that the certificate was not revoked"), missing_words(p, a->status_missing));
        MARKUP(p, "<div><dt>{}</dt><dd>{}</dd></div>", T(p, "A time-stamp"),
               missing_words(p, a->stamp_missing));
    }
    MARKUP(p, "</dl><p>{}</p></details>",
           T(p, "Nobody can see from a signature that you read the text or acted freely. Your key and its "
                "password belong to nobody but you: not to an accountant, not to a colleague."));
}

static void write_text(struct page *p, const struct signing *s)
{
    MARKUP(p, "<p class=\"lead\">{}</p><pre class=\"data\" tabindex=\"0\" aria-label=\"{}\">{}</pre>",
           T(p, "You sign exactly this text:"), T(p, "The text to be signed"), s->text);
    MARKUP(p, "<p class=\"small\">{}</p>", TF(p, "It can be signed until {}.", page_time(p, s->ends)));
}

static void write_signed(struct page *p, const struct signing *s)
{
    char mask[64], mask_of_organisation[64];
    page_note(p, "good",
              s->purpose == SIGNING_ACT ? T(p, "The signature holds. Go on, and then send what you entered.")
                                        : T(p, "The signature holds. One press is left."));
    number_mask(s->number, mask);
    number_mask(s->organisation, mask_of_organisation);
    facts_start(p);
    fact(p, T(p, "What is signed"), s->title);
    fact(p, T(p, "Signed by"), s->name);
    fact(p, T(p, "Number"), str_of(mask));
    fact(p, T(p, "Organisation"), s->organisation.n ? str_of(mask_of_organisation) : STR(""));
    fact(p, T(p, "Time of the signature"), page_time(p, s->signed_at));
    facts_end(p);
    form_start(p, sign_path(p, s, "/done"), "/sign/{id}/done");
    form_end(p, N_("Go on"));
}

/* What would mend it: words, and the codes that they are for. `staff-key` and `unsure` say it themselves. */
static const struct {
    const char *words, *codes;
} mends[] = {
    {N_("Choose the file that your signing program made, with one signature in it: not the text itself, and "
        "not the file of your key."),
     " too-large form no-signer many-signers bare-signature attribute content-type several "},
    {N_("Save the text of this page once more, and sign that file: each text is a new one."),
     " content-missing content-other content-changed "},
    {N_("Get a new key from the authority, and sign with that."),
     " algorithm-unknown algorithm-refused algorithm-mixed key key-weak expired revoked on-hold "
     "status-unknown "},
    {N_("Sign once more with the authority’s own program. If it happens again, show what stands here to "
        "whoever helps you."),
     " signature-wrong certificate-missing certificate-other certificate-form certificate-critical "
     "issuer-forged "},
    {N_("Sign with a key of an authority that counts here; they are named below."),
     " issuer-unknown issuer-not-authority issuer-validity test-authority "},
    {N_("Set the date and time of your computer or phone right, and sign again."),
     " not-yet-valid signing-time "},
    {N_("Choose your key for signing, not the one for logging in."), " key-usage extended-key-usage policy "},
    {N_("Choose the key of the organisation, with the role that is asked for."), " role other-organisation "},
    {N_("Sign with your own key: the number in its certificate must be yours."), " other-person "},
    {N_("Ask the authority for a certificate with your right number in it."),
     " number-missing number-twice number-wrong "},
    {N_("It is not your fault. Try again in a few minutes."),
     " stamp-form stamp-not-granted stamp-other stamp-signature stamp-signer stamp-policy stamp-future "
     "stamp-missing status-form status-no-answer status-other status-signature status-signer status-late "
     "status-future status-nonce status-missing list-kind "},
};

const char *sign_mend(struct str code)
{
    char word[64];
    snprintf(word, sizeof word, " %.*s ", STR_ARG(code));
    for (size_t i = 0; i < ARRAY_LEN(mends); i++)
        if (code.n != 0 && strstr(mends[i].codes, word) != NULL)
            return mends[i].words;
    return NULL;
}

static void write_refusal(struct page *p, const struct signing *s)
{
    const char *words = signing_words(s->refusal), *mend = sign_mend(s->refusal);
    MARKUP(p, "<div class=\"errors\" role=\"alert\"><h2>{}</h2><p>{}</p>",
           s->state == SIGNING_UNSURE ? T(p, "Not yet sure") : T(p, "The signature was not accepted"),
           words ? page_text(p, words) : s->refusal);
    if (mend != NULL)
        MARKUP(p, "<p>{}</p>", page_text(p, mend));
    if (s->detail.n != 0)
        MARKUP(p, "<details><summary>{}</summary><p lang=\"en\">{}</p></details>",
               T(p, "For whoever helps you"), s->detail);
    if (s->state == SIGNING_UNSURE)
        form_button(p, sign_path(p, s, "/again"), "/sign/{id}/again", T(p, "Ask the authority again"), NULL);
    MARKUP(p, "</div>");
}

static void write_page(struct http_request *request, struct http_response *response, const struct signing *s,
                       struct str error)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    struct form_field field = sign_field(p, error);
    page_open(p, T(p, "Sign with your signing key"), STR(""), &field, 1);
    if (s->state == SIGNING_SPENT) {
        page_note(p, "info", T(p, "This was signed and used already. Begin anew if you need it once more."));
        page_end(p);
        return;
    }
    if (s->state == SIGNING_HOLDS) {
        write_signed(p, s);
        page_end(p);
        return;
    }
    if (s->refusal.n != 0)
        write_refusal(p, s);
    write_text(p, s);
    sign_ways(p, s, &field);
    sign_rules(p);
    page_end(p);
}

static void get_page(struct http_request *request, struct http_response *response)
{
    struct signing s;
    if (sign_of_browser(request, response, &s))
        write_page(request, response, &s, STR(""));
}

/* --- answers --- */

bool sign_judge(struct http_request *request, struct http_response *response, struct signing *s,
                struct str file)
{
    struct web *web = web_of(request);
    struct err err;
    db_snapshot_end(web_db(request)); /* an authority may take seconds to answer */
    if (sign_slow_down(request, &err) && signing_answer(web->api.people, web_db(request), &web->judge, s,
                                                        file, clock_now(), http_arena(request), &err)) {
        if (s->refusal.n != 0)
            say(SAY_INFO, "a signature was refused: %.*s", STR_ARG(s->refusal));
        return true;
    }
    http_problem_err(request, response, &err);
    return false;
}

static void answered(struct http_request *request, struct http_response *response, struct str file)
{
    struct signing s;
    if (!sign_of_browser(request, response, &s))
        return;
    if (file.n == 0) {
        http_status(response, 422);
        write_page(request, response, &s,
                   words_in(web_of(request)->api.jurisdiction, web_visitor(request)->language,
                            N_("Nothing was given. Choose the signed file, or paste it here.")));
        return;
    }
    if (!sign_judge(request, response, &s, file))
        return;
    if (s.state == SIGNING_HOLDS) {
        http_redirect(response, 303, arena_printf(http_arena(request), "/sign/%s", s.id));
        return;
    }
    http_status(response, 422);
    write_page(request, response, &s, STR(""));
}

static void post_text(struct http_request *request, struct http_response *response)
{
    answered(request, response, form_value(request, "signature"));
}

static void post_again(struct http_request *request, struct http_response *response)
{
    struct signing s;
    if (!sign_of_browser(request, response, &s))
        return;
    if (s.state == SIGNING_UNSURE && !sign_judge(request, response, &s, STR("")))
        return;
    http_redirect(response, 303, arena_printf(http_arena(request), "/sign/%s", s.id));
}

static void get_text(struct http_request *request, struct http_response *response)
{
    struct signing s;
    if (!sign_of_browser(request, response, &s))
        return;
    http_type(response, "text/plain; charset=utf-8");
    http_add_header(response, "Content-Disposition", "attachment; filename=\"sign-this.txt\"");
    http_out_static(response, s.text);
}

/* For the page's script, which waits for the phone: whether anything came since the page was made. */
static void get_state(struct http_request *request, struct http_response *response)
{
    struct signing s;
    struct json j;
    struct str seen;
    uint64_t version = 0;
    if (!sign_of_browser(request, response, &s))
        return;
    http_type(response, "application/json");
    json_start(&j, http_out(response));
    json_open_object(&j);
    bool known = http_query(request, "seen", &seen) == 1 && text_u64(seen, &version);
    json_key_bool(&j, "changed", known && (int64_t)version != s.version);
    json_end(&j);
}

static void post_done(struct http_request *request, struct http_response *response)
{
    struct signing s;
    if (!sign_of_browser(request, response, &s))
        return;
    if (s.state != SIGNING_HOLDS)
        http_redirect(response, 303, arena_printf(http_arena(request), "/sign/%s", s.id));
    else
        sign_end(request, response, &s);
}

/* A file, of a form that the form-reader of http does not know: the token is looked at here. */
static void post_file(struct http_request *request, struct http_response *response)
{
    struct str type = {0}, token, file;
    (void)http_header(request, "Content-Type", &type);
    if (!multipart_field(type, http_body(request), "token", &token) ||
        !people_form_token_ok(web_of(request)->api.people, &web_visitor(request)->caller, "/sign/{id}/file",
                              token)) {
        http_problem(
            request, response, 403, "form-too-old", "%s",
            N_("The form is too old or was sent from elsewhere. Go back, load the page again, and send "
               "it once more. Nothing was changed."));
        return;
    }
    if (!multipart_field(type, http_body(request), "file", &file))
        file = STR("");
    answered(request, response, file);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/sign/{id}",
     .handler = get_page,
     .access = WEB_ANYONE,
     .summary = "Sign a text"},
    {.method = HTTP_POST,
     .path = "/sign/{id}",
     .handler = post_text,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = FORM_MAX,
     .summary = "Give a signature as text"},
    {.method = HTTP_POST,
     .path = "/sign/{id}/file",
     .handler = post_file,
     .access = WEB_ANYONE,
     .body = HTTP_BYTES,
     .body_max = UPLOAD_MAX,
     .summary = "Give a signed file"},
    {.method = HTTP_POST,
     .path = "/sign/{id}/again",
     .handler = post_again,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Ask the authority again"},
    {.method = HTTP_GET,
     .path = "/sign/{id}/text",
     .handler = get_text,
     .access = WEB_ANYONE,
     .summary = "The text to be signed, as a file"},
    {.method = HTTP_GET,
     .path = "/sign/{id}/state",
     .handler = get_state,
     .access = WEB_ANYONE,
     .summary = "Whether the phone has signed"},
    {.method = HTTP_POST,
     .path = "/sign/{id}/done",
     .handler = post_done,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Go on with the signature"},
};
const struct web_table web_sign = {routes, ARRAY_LEN(routes)};
