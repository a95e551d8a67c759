/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c: the page on which one text is signed: by a program on the computer, an app on the phone, or a file.
 */
#include "web/sign.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "crypto/keys.h"
#include "document/qr.h"
#include "people/limit.h"
#include "people/number.h"
#include "web/login.h"
#include "web/multipart.h"
#include "web/web_private.h"

#define FORM_MAX (3 * SIGNING_FILE_MAX) /* base64's signs are percent-encoded on their way */
#define UPLOAD_MAX (SIGNING_FILE_MAX + 8192)
#define BACK_MAX 65536

bool sign_possible(const struct web *web)
{
    const struct trust *trust = web->judge.trust;
    for (size_t i = 0; trust != NULL && i < trust->authorities_n; i++)
        if (trust_has_anchor(trust, &trust->authorities[i]) &&
            (!trust->authorities[i].test || web->judge.tests))
            return true;
    return false;
}

const struct trust_authority *sign_authority(const struct web *web, bool phone)
{
    const struct trust *trust = web->judge.trust;
    for (size_t i = 0; trust != NULL && i < trust->authorities_n; i++) {
        const struct trust_authority *a = &trust->authorities[i];
        if (trust_has_anchor(trust, a) && (phone ? a->front.phone : a->front.computer).n != 0)
            return a;
    }
    return NULL;
}

struct str sign_site(const struct http_request *request)
{
    struct webauthn_site site;
    login_site(request, &site);
    return site.origins[0];
}

struct str sign_words_of(const struct trust_words *words, const struct page *p)
{
    return trust_words_in(words, p->language);
}

/* --- beginning --- */

/* What is signed says where, what, by which browser, when and until when: whoever is shown it elsewhere can
 * see that it is not theirs. */
static struct str text_of(struct page *p, const struct signing *s, const struct sign_want *want)
{
    struct buf out;
    char from[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];
    time_iso(s->made, from);
    time_iso(s->ends, until);
    buf_in(&out, p->arena, SIGNING_TEXT_MAX);
    const struct {
        struct str name, value;
    } lines[] = {{T(p, "Site"), sign_site(p->request)},
                 {T(p, "What is signed"), want->title},
                 {STR(""), want->words},
                 {T(p, "Asked by the browser"), login_device(p->request)},
                 {T(p, "Time"), str_of(arena_printf(p->arena, "%s – %s", from, until))},
                 {T(p, "Code"), str_of(s->id)}};
    buf_str(&out, STR("Aina – "));
    buf_str(&out, page_texts(p, &p->j->name));
    buf_byte(&out, '\n');
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        buf_str(&out, lines[i].name);
        buf_text(&out, lines[i].name.n ? ": " : "");
        buf_str(&out, lines[i].value);
        buf_byte(&out, '\n');
    }
    buf_str(&out,
            T(p, "Sign only if you began this yourself, on the site named above. Whoever sends you this "
                 "text to be signed wants to act in your name."));
    buf_byte(&out, '\n');
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

static bool slow_down(struct http_request *request, struct err *err)
{
    struct web *web = web_of(request);
    char network[LIMIT_NETWORK_SIZE] = "";
    int64_t wait;
    limit_network_of(http_client(request), network);
    if (!limit_take(web->api.people, web_db(request), &limit_signing, str_of(network), clock_now(), &wait,
                    err))
        return false;
    return wait == 0 ||
           err_set(err, ERR_BUSY, NULL, "too much was asked for from your network; wait a little");
}

void sign_begin(struct http_request *request, struct http_response *response, enum signing_purpose purpose,
                const struct account *account, const struct sign_want *want, struct str back)
{
    struct page page, *p = &page;
    struct signing s = {
        .purpose = purpose, .account = *account, .title = want->title, .back = back, .matter = want->matter};
    struct err err;
    page_init(p, request, response);
    if (!sign_possible(p->web)) {
        http_problem(request, response, 404, "not-found", "%s",
                     N_("No certificate authority is set up here whose signatures could be checked."));
        return;
    }
    login_browser(request, response, s.browser);
    signing_draw(&s, clock_now());
    s.text = text_of(p, &s, want);
    if (slow_down(request, &err) && signing_keep(p->web->api.people, web_db(request), &s, &err))
        http_redirect(response, 303, arena_printf(p->arena, "/sign/%s", s.id));
    else
        http_problem_err(request, response, &err);
}

/* --- an act that needs a signature --- */

/* The matter with a hash of the words: other words are another matter. */
static struct str bound_matter(struct arena *arena, const struct sign_want *want)
{
    uint8_t hash[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    sha256(hash, want->words.p, want->words.n);
    hex_encode(hex, hash, sizeof hash);
    return str_of(arena_printf(arena, "%.*s %s", STR_ARG(want->matter), hex));
}

/* The form that was sent, to be sent again: its address, its route, then its fields. */
static struct str form_kept(struct http_request *request)
{
    struct buf out;
    struct str name, value;
    const char *route = http_route(request)->path;
    buf_in(&out, http_arena(request), BACK_MAX);
    buf_lp(&out, http_path(request).p, http_path(request).n);
    buf_lp(&out, route, strlen(route));
    for (size_t i = 0; http_form_at(request, i, &name, &value); i++)
        if (!str_is(name, "token") && !str_is(name, "signed")) {
            buf_lp(&out, name.p, name.n);
            buf_lp(&out, value.p, MIN_OF(value.n, (size_t)UINT16_MAX));
        }
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

bool sign_here(struct http_request *request, struct http_response *response, const struct sign_want *want,
               struct signing *ret)
{
    struct web *web = web_of(request);
    const struct account account = account_of(&web_visitor(request)->caller);
    struct sign_want bound = *want;
    struct str id = form_value(request, "signed");
    bool found = false;
    struct err err;
    bound.matter = bound_matter(http_arena(request), want);
    if (!signing_get(web->api.people, web_db(request), id, clock_now(), http_arena(request), ret, &found,
                     &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (found && ret->purpose == SIGNING_ACT && ret->state == SIGNING_HOLDS &&
        ret->account.kind == account.kind && account.kind == CALLER_PERSON &&
        memcmp(ret->account.person.pid, account.person.pid, PID_SIZE) == 0 &&
        str_eq(ret->matter, bound.matter))
        return true;
    struct str back = form_kept(request);
    if (back.n == 0)
        http_problem(request, response, 413, "too-large", "%s", "");
    else
        sign_begin(request, response, SIGNING_ACT, &account, &bound, back);
    return false;
}

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

static struct str path_of(const struct page *p, const struct signing *s, const char *rest)
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
static void write_rules(struct page *p)
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

static struct str base64_text(struct page *p, struct str bytes)
{
    char *out = arena_take(p->arena, BASE64_SIZE(bytes.n), 1);
    base64_encode(out, bytes.p, bytes.n);
    return str_of(out);
}

/* The uses' extended key usages, so that the program offers only keys that fit. */
static struct str usages_of(struct page *p, const struct trust_authority *a)
{
    struct buf out;
    buf_in(&out, p->arena, 4096);
    for (size_t i = 0; i < a->uses_n; i++)
        for (size_t k = 0; str_is(a->uses[i].id, "sign") && k < a->uses[i].extended_n; k++) {
            if (out.n != 0)
                buf_byte(&out, ' ');
            buf_text(&out, trust_oid_dotted(p->arena, a->uses[i].extended[k]));
        }
    return buf_view(&out);
}

static void write_computer(struct page *p, const struct signing *s)
{
    const struct trust_authority *a = sign_authority(p->web, false);
    char token[PEOPLE_FORM_TOKEN_SIZE];
    if (a == NULL)
        return;
    struct str program = sign_words_of(&a->front.computer_name, p);
    people_form_token(p->web->api.people, &p->visitor->caller, "/sign/{id}", token);
    MARKUP(p,
           "<h2>{}</h2><form method=\"post\" action=\"{}\" accept-charset=\"utf-8\" data-sign=\"{}\" "
           "data-address=\"{}\" data-text=\"{}\" data-usages=\"{}\" ",
           TF(p, "On this computer, with {}", program), path_of(p, s, ""), a->front.computer,
           a->front.computer_address, base64_text(p, s->text), usages_of(p, a));
    MARKUP(p, "data-absent=\"{}\" data-cancelled=\"{}\" data-failed=\"{}\">",
           TF(p,
              "{} does not answer. Start it on this computer and press the button again, or take another way "
              "below.",
              program),
           T(p, "You cancelled. Nothing was signed."),
           TF(p, "{} could not sign. Choose your signing key, or take another way below.", program));
    MARKUP(p,
           "<input type=\"hidden\" name=\"token\" value=\"{}\"><input type=\"hidden\" "
           "name=\"signature\" value=\"\"><p data-without>{}</p><p class=\"error\" role=\"alert\"></p>"
           "<p><button hidden>{}</button></p></form>",
           str_of(token), T(p, "This way needs scripts, and they are off. Take another one."),
           TF(p, "Sign with {}", program));
}

/* The code for the phone's camera, and links for the phone that shows this page itself. */
static void write_phone(struct page *p, const struct signing *s)
{
    const struct trust_authority *a = sign_authority(p->web, true);
    struct qr qr;
    struct buf path;
    struct err err;
    if (a == NULL)
        return;
    struct str site = sign_site(p->request),
               address = str_of(arena_printf(p->arena, "%.*s%s", STR_ARG(site),
                                             arena_printf(p->arena, "/sign/%s/phone", s->id))),
               scanned = str_of(
                   arena_printf(p->arena, "%.*s%.*s", STR_ARG(a->front.phone_scheme), STR_ARG(address)));
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "With the app on your phone"),
           T(p, "Scan the code with the app's own scanner. The app shows the text again before you sign."));
    buf_in(&path, p->arena, 65536);
    if (qr_make(scanned, QR_SCREEN, p->arena, &qr, &err)) {
        struct str side = str_of(arena_printf(p->arena, "%d", qr.width + 2 * QR_QUIET));
        qr_path(&qr, &path);
        MARKUP(
            p,
            "<svg class=\"qr\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\"><path d=\"{}\"/></svg>",
            T(p, "Code for the app on your phone"), side, side, buf_view(&path));
    }
    MARKUP(p, "<p>{}</p><ul>", T(p, "Is this page on that phone itself?"));
    for (size_t i = 0; i < a->front.apps_n; i++) {
        const struct trust_app *app = &a->front.apps[i];
        struct buf link;
        buf_in(&link, p->arena, 4096);
        buf_str(&link, app->before);
        for (size_t k = 0; k < address.n; k++)
            if (strchr(":/?&=%#", address.p[k]) != NULL)
                buf_printf(&link, "%%%02X", (unsigned char)address.p[k]);
            else
                buf_byte(&link, (uint8_t)address.p[k]);
        buf_str(&link, app->after);
        MARKUP(p, "<li><a href=\"{}\" rel=\"noreferrer\">{}</a></li>", buf_view(&link),
               TF(p, "Open {}", sign_words_of(&app->name, p)));
    }
    MARKUP(p, "</ul><p data-state=\"{}\"><a class=\"button second\" href=\"{}\">{}</a></p>",
           path_of(p, s, "/state"), path_of(p, s, ""), T(p, "I have signed on the phone"));
}

/* Which addresses the page's script may call: ours, and the person's own computer. */
static void allow_script(struct page *p)
{
    const struct trust_authority *a = sign_authority(p->web, false);
    if (a != NULL)
        http_connect(p->response, arena_printf(p->arena, "'self' %.*s", STR_ARG(a->front.computer_address)));
    else
        http_connect(p->response, "'self'");
    p->script = web_path_sign;
}

#define FIELDS 1
static void write_file(struct page *p, const struct signing *s, const struct form_field *fields)
{
    char token[PEOPLE_FORM_TOKEN_SIZE];
    people_form_token(p->web->api.people, &p->visitor->caller, "/sign/{id}/file", token);
    MARKUP(p, "<h2>{}</h2><ol><li><a href=\"{}\" download>{}</a></li><li>{}</li><li>{}</li></ol>",
           T(p, "With a file, by any program that signs"), path_of(p, s, "/text"),
           T(p, "Save the text as a file"),
           T(p, "Sign it with your signing key, as CMS (PKCS#7), with or without the text inside."),
           T(p, "Give the signed file here, or paste it as text."));
    MARKUP(p,
           "<form method=\"post\" action=\"{}\" enctype=\"multipart/form-data\"><input type=\"hidden\" "
           "name=\"token\" value=\"{}\"><div class=\"field\"><label for=\"file\">{}</label>"
           "<p class=\"hint\" id=\"file-hint\">{}</p><input type=\"file\" id=\"file\" name=\"file\" "
           "aria-describedby=\"file-hint\"></div><p><button class=\"second\">{}</button></p></form>",
           path_of(p, s, "/file"), str_of(token), T(p, "Signed file"),
           T(p, "Its name often ends in .cms, .p7s or .sig; at most 256 kilobytes."), T(p, "Send the file"));
    form_start(p, path_of(p, s, ""), "/sign/{id}");
    form_field(p, &fields[0]);
    form_end(p, N_("Send what is pasted"));
}

static void write_signed(struct page *p, const struct signing *s)
{
    char mask[64], mask_of_organisation[64];
    page_note(p, "good", T(p, "The signature holds. One press is left."));
    number_mask(s->number, mask);
    number_mask(s->organisation, mask_of_organisation);
    facts_start(p);
    fact(p, T(p, "What is signed"), s->title);
    fact(p, T(p, "Signed by"), s->name);
    fact(p, T(p, "Number"), str_of(mask));
    fact(p, T(p, "Organisation"), s->organisation.n ? str_of(mask_of_organisation) : STR(""));
    fact(p, T(p, "Time of the signature"), page_time(p, s->signed_at));
    facts_end(p);
    form_start(p, path_of(p, s, "/done"), "/sign/{id}/done");
    form_end(p, N_("Go on"));
}

static void write_refusal(struct page *p, const struct signing *s)
{
    const char *words = signing_words(s->refusal);
    MARKUP(p, "<div class=\"errors\" role=\"alert\"><h2>{}</h2><p>{}</p>",
           s->state == SIGNING_UNSURE ? T(p, "Not yet sure") : T(p, "The signature was not accepted"),
           words ? page_text(p, words) : s->refusal);
    if (s->detail.n != 0)
        MARKUP(p, "<details><summary>{}</summary><p lang=\"en\">{}</p></details>",
               T(p, "For whoever helps you"), s->detail);
    if (s->state == SIGNING_UNSURE)
        form_button(p, path_of(p, s, "/again"), "/sign/{id}/again", T(p, "Ask the authority again"), NULL);
    MARKUP(p, "</div>");
}

static void write_page(struct http_request *request, struct http_response *response, const struct signing *s,
                       struct str error)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    struct form_field fields[FIELDS] = {{.kind = FORM_AREA,
                                         .name = "signature",
                                         .label = T(p, "Signed file as text"),
                                         .hint = T(p, "In base64 or PEM, from the first sign to the last."),
                                         .error = error}};
    page_open(p, T(p, "Sign with your signing key"), STR(""), fields, FIELDS);
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
    allow_script(p);
    write_text(p, s);
    write_computer(p, s);
    write_phone(p, s);
    write_file(p, s, fields);
    write_rules(p);
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
    if (slow_down(request, &err) && signing_answer(web->api.people, web_db(request), &web->judge, s, file,
                                                   clock_now(), http_arena(request), &err)) {
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

/* For the page's script, which waits for the phone. */
static void get_state(struct http_request *request, struct http_response *response)
{
    struct signing s;
    struct json j;
    if (!sign_of_browser(request, response, &s))
        return;
    http_type(response, "application/json");
    json_start(&j, http_out(response));
    json_open_object(&j);
    json_key_bool(&j, "changed", s.state != SIGNING_WAITS || s.refusal.n != 0);
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

/* --- the first time: to make a passkey --- */

static void get_first(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    if (!sign_possible(p->web)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    page_open(p, T(p, "Log in with your signing key"), STR("/login"), NULL, 0);
    MARKUP(
        p, "<p class=\"lead\">{}</p><ol><li>{}</li><li>{}</li><li>{}</li></ol>",
        T(p, "You need it once. After that a passkey on your phone or computer lets you in."),
        T(p, "We write a text that says what you ask for, on which site and when."),
        T(p, "You sign it: with a program on a computer, with the app on a phone, or as a file."),
        T(p,
          "You make a passkey. Where you have one already, the new one opens only your page for a day, and "
          "we send a message to your phone."));
    page_note(p, "info", T(p, "We never ask for your key's file or its password. Whoever does is not us."));
    form_start(p, STR("/login/signature"), "/login/signature");
    form_end(p, N_("Write the text"));
    page_end(p);
}

static void post_first(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct account nobody = {.kind = CALLER_NOBODY}, own = account_of(&p->visitor->caller);
    const struct sign_want want = {
        .title = T(p, "A passkey for my page"),
        .words =
            T(p, "I ask to be let in on this site with the browser named below, and to make a passkey with "
                 "it that opens my page from now on."),
        .matter = STR("passkey")};
    sign_begin(request, response, SIGNING_ENROL,
               p->visitor->caller.kind == CALLER_PERSON && !p->visitor->caller.demo ? &own : &nobody, &want,
               STR("/me/keys"));
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/login/signature",
     .handler = get_first,
     .access = WEB_ANYONE,
     .summary = "Log in with a signing key, to make a passkey"},
    {.method = HTTP_POST,
     .path = "/login/signature",
     .handler = post_first,
     .access = WEB_ANYONE,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Write the text to be signed"},
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
