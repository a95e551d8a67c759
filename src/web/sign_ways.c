/* SPDX-License-Identifier: Apache-2.0 */
/* sign_ways.c: the three ways to sign: a program on the computer, an app on the phone, a file. */
#include "crypto/keys.h"
#include "document/qr.h"
#include "web/sign.h"
#include "web/web_private.h"

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
           TF(p, "On this computer, with {}", program), sign_path(p, s, ""), a->front.computer,
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
        MARKUP(p,
               "<svg class=\"qr\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\" "
               "shape-rendering=\"crispEdges\">"
               "<path stroke=\"#000\" d=\"{}\"/></svg>",
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
           sign_path(p, s, arena_printf(p->arena, "/state?seen=%lld", (long long)s->version)),
           sign_path(p, s, ""), T(p, "I have signed on the phone"));
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

static void write_file(struct page *p, const struct signing *s, const struct form_field *field)
{
    char token[PEOPLE_FORM_TOKEN_SIZE];
    people_form_token(p->web->api.people, &p->visitor->caller, "/sign/{id}/file", token);
    MARKUP(p, "<h2>{}</h2><ol><li><a href=\"{}\" download>{}</a></li><li>{}</li><li>{}</li></ol>",
           T(p, "With a file, by any program that signs"), sign_path(p, s, "/text"),
           T(p, "Save the text as a file"),
           T(p, "Sign it with your signing key, as CMS (PKCS#7), with or without the text inside."),
           T(p, "Give the signed file here, or paste it as text."));
    MARKUP(p,
           "<form method=\"post\" action=\"{}\" enctype=\"multipart/form-data\"><input type=\"hidden\" "
           "name=\"token\" value=\"{}\"><div class=\"field\"><label for=\"file\">{}</label>"
           "<p class=\"hint\" id=\"file-hint\">{}</p><input type=\"file\" id=\"file\" name=\"file\" "
           "aria-describedby=\"file-hint\"></div><p><button class=\"second\">{}</button></p></form>",
           sign_path(p, s, "/file"), str_of(token), T(p, "Signed file"),
           T(p, "Its name often ends in .cms, .p7s or .sig; at most 256 kilobytes."), T(p, "Send the file"));
    form_start(p, sign_path(p, s, ""), "/sign/{id}");
    form_field(p, field);
    form_end(p, N_("Send what is pasted"));
}

struct form_field sign_field(const struct page *p, struct str error)
{
    return (struct form_field){.kind = FORM_AREA,
                               .name = "signature",
                               .label = T(p, "Signed file as text"),
                               .hint = T(p, "In base64 or PEM, from the first sign to the last."),
                               .error = error};
}

void sign_ways(struct page *p, const struct signing *s, const struct form_field *field)
{
    allow_script(p);
    write_computer(p, s);
    write_phone(p, s);
    write_file(p, s, field);
}
