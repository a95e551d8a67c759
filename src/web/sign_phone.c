/* SPDX-License-Identifier: Apache-2.0 */
/* sign_phone.c: what the app on the phone calls, of the protocol "qr-signing" (docs/signatures.md). The app
 * has no cookie: it knows the request's address from the code that it scanned, and gets a bearer from there.
 */
#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "people/limit.h"
#include "web/sign.h"
#include "web/web_private.h"

#define ANSWER_MAX (2 * SIGNING_FILE_MAX)
#define DOCUMENT_ID 1

/* A request that waits for a signature; false: answered. */
static bool request_of(struct http_request *request, struct http_response *response, struct signing *s)
{
    struct web *web = web_of(request);
    bool found;
    struct err err;
    if (!signing_get(web->api.people, web_db(request), http_part(request, 0), clock_now(),
                     http_arena(request), s, &found, &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (found && (s->state == SIGNING_WAITS || s->state == SIGNING_UNSURE) &&
        sign_authority(web, true) != NULL)
        return true;
    http_problem(request, response, 404, "not-found", "%s",
                 "There is no such request, it is over, or it was signed already.");
    return false;
}

/* The protocol's languages are these three; a folder that lacks one shows its first. */
static void names(struct json *j, const struct web *web, const char *msgid)
{
    static const char *const keys[][2] = {{"nameRu", "ru"}, {"nameKz", "kk"}, {"nameEn", "en"}};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        json_key_text(j, keys[i][0], words_in(web->api.jurisdiction, str_of(keys[i][1]), msgid));
}

static void organisation(struct json *j, const struct web *web)
{
    static const char *const keys[][2] = {{"nameRu", "ru"}, {"nameKz", "kk"}, {"nameEn", "en"}};
    const struct jurisdiction *jur = web->api.jurisdiction;
    json_key(j, "organisation");
    json_open_object(j);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct str name = jur->name.in[0];
        for (size_t l = 0; l < jur->languages_n; l++)
            if (str_is(jur->languages[l], keys[i][1]))
                name = jur->name.in[l];
        json_key_text(j, keys[i][0], name);
    }
    json_key_text(j, "bin", sign_authority(web, true)->front.phone_number);
    json_end(j);
}

/* What the app reads first: who asks, for what, until when, and where the document is. */
static void get_request(struct http_request *request, struct http_response *response)
{
    struct signing s;
    struct json j;
    char ends[TIME_TEXT_SIZE];
    if (!request_of(request, response, &s))
        return;
    time_iso(s.ends, ends);
    http_type(response, "application/json");
    json_start(&j, http_out(response));
    json_open_object(&j);
    json_key_text(&j, "description",
                  str_of(arena_printf(http_arena(request), "%.*s: %.*s", STR_ARG(sign_site(request)),
                                      STR_ARG(s.title))));
    json_key_text(&j, "expiry_date", str_of(ends));
    organisation(&j, web_of(request));
    json_key(&j, "document");
    json_open_object(&j);
    json_key_text(&j, "uri",
                  str_of(arena_printf(http_arena(request), "%.*s/sign/%s/phone/document",
                                      STR_ARG(sign_site(request)), s.id)));
    json_key_text(&j, "auth_type", STR("Token"));
    json_key_text(&j, "auth_token", str_of(s.token));
    json_end(&j);
    json_end(&j);
}

/* 1: right; 0: none given; -1: wrong. */
static int bearer(const struct http_request *request, const struct signing *s)
{
    struct str header;
    size_t n = http_header(request, "Authorization", &header);
    if (n == 0)
        return 0;
    struct str token = str_starts(header, STR("Bearer ")) ? str_trim(str_from(header, 7)) : STR("");
    return n == 1 && token.n == SIGNING_ID_SIZE - 1 && bytes_same(token.p, s->token, token.n) ? 1 : -1;
}

static bool may(struct http_request *request, struct http_response *response, const struct signing *s)
{
    if (bearer(request, s) == 1)
        return true;
    http_problem(request, response, 401, "not-authenticated", "%s",
                 "Send the auth_token of the request: Authorization: Bearer TOKEN.");
    return false;
}

static void get_document(struct http_request *request, struct http_response *response)
{
    struct web *web = web_of(request);
    struct signing s;
    struct json j;
    if (!request_of(request, response, &s) || !may(request, response, &s))
        return;
    http_type(response, "application/json");
    json_start(&j, http_out(response));
    json_open_object(&j);
    json_key_text(&j, "signMethod", STR("CMS_SIGN_ONLY"));
    json_key_u64(&j, "version", 1);
    json_key(&j, "documentsToSign");
    json_open_array(&j);
    json_open_object(&j);
    json_key_u64(&j, "id", DOCUMENT_ID);
    names(&j, web, N_("The text to be signed"));
    json_key(&j, "meta");
    json_open_array(&j);
    const struct {
        struct str name, value;
    } meta[] = {
        {words_in(web->api.jurisdiction, web_visitor(request)->language, N_("Site")), sign_site(request)},
        {words_in(web->api.jurisdiction, web_visitor(request)->language, N_("What is signed")), s.title}};
    for (size_t i = 0; i < ARRAY_LEN(meta); i++) {
        json_open_object(&j);
        json_key_text(&j, "name", meta[i].name);
        json_key_text(&j, "value", meta[i].value);
        json_end(&j);
    }
    json_end(&j);
    json_key(&j, "document");
    json_open_object(&j);
    json_key(&j, "file");
    json_open_object(&j);
    json_key_text(&j, "mime", STR("text/plain"));
    json_key(&j, "data");
    json_base64(&j, s.text.p, s.text.n);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    json_end(&j);
}

/* The one document's signature, of the JSON that came back; empty when it is not there. */
static struct str signature_in(struct http_request *request)
{
    struct str body = http_body(request), out = {0};
    json_error_t why;
    json_t *root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &why);
    const json_t *list = json_object_get(root, "documentsToSign");
    const json_t *file = json_object_get(json_object_get(json_array_get(list, 0), "document"), "file"),
                 *data = json_object_get(file, "data");
    if (json_array_size(list) == 1 && json_is_string(data))
        out = str_dup(http_arena(request), (struct str){json_string_value(data), json_string_length(data)});
    json_decref(root);
    return out;
}

/* A refusal is told to the app in words, in the language it asked in. */
static void refused(struct http_request *request, struct http_response *response, const char *msgid,
                    const char *mend)
{
    const struct jurisdiction *jur = web_of(request)->api.jurisdiction;
    struct str language = web_visitor(request)->language, words = words_in(jur, language, msgid);
    struct json j;
    if (mend != NULL)
        words = str_of(arena_printf(http_arena(request), "%.*s %.*s", STR_ARG(words),
                                    STR_ARG(words_in(jur, language, mend))));
    http_status(response, 403);
    http_type(response, "application/json");
    json_start(&j, http_out(response));
    json_open_object(&j);
    json_key_text(&j, "message", words);
    json_end(&j);
}

static void put_document(struct http_request *request, struct http_response *response)
{
    struct signing s;
    if (!request_of(request, response, &s) || !may(request, response, &s))
        return;
    struct str file = signature_in(request);
    if (file.n == 0) {
        refused(request, response, N_("The file holds no signature."), NULL);
        return;
    }
    if (!sign_judge(request, response, &s, file))
        return;
    if (s.state == SIGNING_HOLDS || s.state == SIGNING_UNSURE) {
        struct json j;
        http_type(response, "application/json");
        json_start(&j, http_out(response));
        json_open_object(&j);
        json_end(&j);
        return;
    }
    const char *words = signing_words(s.refusal);
    refused(request, response, words != NULL ? words : N_("The signature was not accepted"),
            sign_mend(s.refusal));
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/sign/{id}/phone",
     .handler = get_request,
     .access = WEB_ANYONE,
     .summary = "For the app: who asks for a signature",
     .program = true},
    {.method = HTTP_GET,
     .path = "/sign/{id}/phone/document",
     .handler = get_document,
     .access = WEB_ANYONE,
     .summary = "For the app: the text to be signed",
     .program = true},
    {.method = HTTP_PUT,
     .path = "/sign/{id}/phone/document",
     .handler = put_document,
     .access = WEB_ANYONE | WEB_PROGRAM,
     .body = HTTP_JSON,
     .body_max = ANSWER_MAX,
     .summary = "For the app: the signature",
     .program = true},
};
const struct web_table web_sign_phone = {routes, ARRAY_LEN(routes)};
