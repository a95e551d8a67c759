/* SPDX-License-Identifier: Apache-2.0 */
/* open.c: pages open to everybody: the rules that the folder holds, how to check without us, accessibility.
 */
#include "ledger/public.h"
#include "tlog/note.h"
#include "web/entry.h"
#include "web/web_private.h"

/* --- who may look at what --- */

static void write_needs(struct page *p, const struct purpose *purpose)
{
    struct str needs[4];
    size_t n = 0;
    struct buf out;
    if (purpose->needs_case)
        needs[n++] = T(p, "a case about this person");
    if (purpose->needs_consent)
        needs[n++] = T(p, "the person’s consent");
    if (purpose->needs_order)
        needs[n++] = T(p, "a court order");
    if (purpose->self)
        needs[n++] = T(p, "to be the person");
    buf_in(&out, p->arena, 1024);
    for (size_t i = 0; i < n; i++) {
        buf_text(&out, i ? ", " : "");
        buf_str(&out, needs[i]);
    }
    fact(p, T(p, "Needs"), n ? buf_view(&out) : T(p, "nothing more"));
    if (purpose->break_glass)
        fact(p, T(p, "In an emergency"), T(p, "also without a case, with a reason, reviewed afterwards"));
    if (purpose->stream == STREAM_DELAYED)
        fact(p, T(p, "Shown to the person"), TF(p, "after {} days", page_number(p, purpose->delay_days)));
    if (purpose->stream == STREAM_SEALED)
        fact(p, T(p, "Shown to the person"),
             TF(p, "on a day that the court fixes, at most {} days after the order ends",
                page_number(p, purpose->delay_days)));
}

static void write_offices(struct page *p)
{
    MARKUP(p, "<h2 id=\"agencies\">{}</h2>", T(p, "Agencies and their offices"));
    for (size_t a = 0; a < p->j->agencies_n; a++) {
        const struct agency *agency = &p->j->agencies[a];
        MARKUP(p, "<h3>{}</h3><ul>", page_texts(p, &agency->name));
        for (size_t o = 0; o < agency->offices_n; o++) {
            const struct office *office = &agency->offices[o];
            MARKUP(p, "<li>{}: ", page_texts(p, &office->name));
            for (size_t i = 0; i < office->purposes_n; i++) {
                const struct purpose *purpose = office->purposes[i];
                if (i != 0)
                    MARKUP(p, ", ");
                MARKUP(p, "<a href=\"/rules/purposes/{}\">{}</a>", purpose->id,
                       page_texts(p, &purpose->name));
            }
            if (office->reviewer)
                MARKUP(p, "{}{}", office->purposes_n ? STR("; ") : STR(""),
                       T(p, "answers questions and reviews emergency looks"));
            else if (office->purposes_n == 0)
                MARKUP(p, "{}", T(p, "looks at nobody’s data"));
            MARKUP(p, "</li>");
        }
        MARKUP(p, "</ul>");
    }
}

static void get_rules(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    char hash[2 * HASH_SIZE + 1];
    page_start(p, request, response, N_("Who may look at what"));
    hex_encode(hash, p->j->hash, HASH_SIZE);
    MARKUP(
        p, "<p class=\"lead\">{}</p>",
        T(p,
          "A look needs an office, a purpose from this list, and what the purpose needs. Everything else is "
          "refused, and the refusal is logged."));
    MARKUP(p, "<h2>{}</h2><ul>", T(p, "Registries"));
    for (size_t i = 0; i < p->j->registries_n; i++)
        MARKUP(p, "<li><a href=\"/rules/registries/{}\">{}</a>, {}</li>", p->j->registries[i].id,
               page_texts(p, &p->j->registries[i].name), page_texts(p, &p->j->registries[i].holder->name));
    MARKUP(p, "</ul>");
    write_offices(p);
    MARKUP(p, "<h2>{}</h2><p>{}</p><pre>{}</pre>", T(p, "The rules’ fingerprint"),
           T(p,
             "These rules are files. Their hash stands in the log from the day they came into force, and in "
             "every entry."),
           str_of(hash));
    page_end(p);
}

static void get_purpose(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    const struct purpose *purpose = jurisdiction_purpose(p->j, http_part(request, 0));
    if (purpose == NULL) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    page_open(p, page_texts(p, &purpose->name), STR("/rules"), NULL, 0);
    facts_start(p);
    fact(p, T(p, "The person will read"), page_texts(p, &purpose->plain));
    fact(p, T(p, "Legal basis"), purpose_basis(p, purpose));
    write_needs(p, purpose);
    if (purpose->protected_category)
        fact(p, T(p, "In the list"), T(p, "kept apart from the ordinary entries"));
    facts_end(p);
    MARKUP(p, "<h2>{}</h2>", T(p, "What it opens"));
    for (size_t i = 0; i < p->j->registries_n; i++) {
        const struct registry *registry = &p->j->registries[i];
        const struct lookup *lookup = registry_lookup(registry, purpose);
        if (lookup == NULL)
            continue;
        MARKUP(p, "<h3><a href=\"/rules/registries/{}\">{}</a></h3><ul>", registry->id,
               page_texts(p, &registry->name));
        for (size_t f = 0; f < registry->fields_n; f++)
            if (lookup->fields >> f & 1)
                MARKUP(p, "<li>{}</li>", page_texts(p, &registry->fields[f].name));
        MARKUP(p, "</ul>");
    }
    page_end(p);
}

static struct str class_words(const struct page *p, enum field_class class)
{
    switch (class) {
    case FIELD_PUBLIC: return T(p, "public");
    case FIELD_PERSONAL: return T(p, "personal");
    case FIELD_SENSITIVE: break;
    }
    return T(p, "sensitive");
}

static void get_registry(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct table table;
    page_init(p, request, response);
    const struct registry *registry = jurisdiction_registry(p->j, http_part(request, 0));
    if (registry == NULL) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    page_open(p, page_texts(p, &registry->name), STR("/rules"), NULL, 0);
    MARKUP(p, "<p>{}: {}</p>", T(p, "Holder"), page_texts(p, &registry->holder->name));
    struct str heads[] = {T(p, "Field"), T(p, "Kind"), T(p, "Seen for")};
    table_start(&table, p, T(p, "Which purpose sees which field"), heads, ARRAY_LEN(heads));
    for (size_t f = 0; f < registry->fields_n; f++) {
        table_row(&table);
        table_cell(&table, page_texts(p, &registry->fields[f].name));
        table_cell(&table, class_words(p, registry->fields[f].class));
        table_cell_start(&table);
        size_t n = 0;
        for (size_t i = 0; i < registry->lookups_n; i++) {
            const struct purpose *purpose = registry->lookups[i].purpose;
            if ((registry->lookups[i].fields >> f & 1) == 0)
                continue;
            if (n++ != 0)
                MARKUP(p, ", ");
            MARKUP(p, "<a href=\"/rules/purposes/{}\">{}</a>", purpose->id, page_texts(p, &purpose->name));
        }
        table_cell_end(&table);
    }
    table_end(&table);
    page_end(p);
}

/* --- how to check without us --- */

static void write_commands(struct page *p, struct str key)
{
    struct str host = http_host(p->request);
    struct str scheme = http_is_https(p->request) ? STR("https") : STR("http");
    MARKUP(p, "<h2>{}</h2><p>{}</p><pre>aina verify entry-12.tlog-proof --key '{}'</pre>",
           T(p, "With our program, on another machine"),
           T(p, "It needs no network. Change one byte of the file and it tells which check fails."), key);
    MARKUP(
        p,
        "<h2>{}</h2><p>{}</p><pre>curl {}://{}/log/checkpoint\ncurl {}://{}/log/tile/0/000\n"
        "curl {}://{}/log/record/0</pre>",
        T(p, "With programs of others"),
        T(p,
          "The log is a C2SP tiled log: any reader of tlog-tiles, tlog-proof and signed notes checks it. The "
          "signature is Ed25519, the hash SHA-256; openssl is enough for the checkpoint."),
        scheme, host, scheme, host, scheme, host);
    MARKUP(
        p,
        "<details><summary>{}</summary><pre>vkey='{}'\n"
        "printf %s \"$vkey\" | cut -d+ -f3- | base64 -d | tail -c 32 &gt;key\n"
        "(printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cat key) &gt;key.der\n"
        "sed '/^$/,$d' checkpoint &gt;text\n"
        "tail -n 1 checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 &gt;signature\n"
        "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in text -sigfile signature</pre>"
        "</details>",
        T(p, "The checkpoint with openssl alone"), key);
}

static void write_claims(struct page *p)
{
    MARKUP(
        p, "<h2>{}</h2><ul><li>{}</li><li>{}</li></ul>", T(p, "What a proof shows"),
        T(p, "This entry stands in the log at this number, unchanged since the day it was written."),
        T(p,
          "The log’s key signed the whole log up to there: nothing in it can be taken out or changed without "
          "breaking the signature that you hold."));
    MARKUP(
        p, "<h2>{}</h2><ul><li>{}</li><li>{}</li><li>{}</li></ul>", T(p, "What it does not show"),
        T(p, "That nothing was read beside the log. Here one operator runs gate and log in one program "
             "(“all-in-one”): list and log agree, and that is what is shown. Where gate and log are run by "
             "two bodies (“split”), each checks the other before data are released."),
        T(p,
          "That your list is whole. The index that proves it is not built yet: your list’s numbers have no "
          "gap, but the last number is only our word."),
        T(p, "That the log has one history for everybody. That is the work of witnesses, and none signs yet. "
             "Keep your proofs: they would show a second history."));
}

static void get_check(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct note_vkey vkey;
    struct buf key;
    page_start(p, request, response, N_("How to check without us"));
    buf_in(&key, p->arena, 1024);
    ledger_vkey(p->web->api.ledger, &vkey);
    note_vkey_text(&key, &vkey);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "Each look in your list has a proof: a small file. Who has it needs to believe nobody."));
    write_claims(p);
    MARKUP(p, "<h2>{}</h2><p>{}</p><pre>{}</pre>", T(p, "The log’s public key"),
           T(p,
             "Compare it with the one that was printed and published. A key read only from this page proves "
             "little."),
           buf_view(&key));
    write_commands(p, buf_view(&key));
    page_end(p);
}

/* --- accessibility --- */

static void get_accessibility(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_start(p, request, response, N_("Accessibility"));
    MARKUP(
        p, "<p class=\"lead\">{}</p><ul><li>{}</li><li>{}</li><li>{}</li><li>{}</li></ul><p>{}</p>",
        T(p, "These pages are made to meet WCAG 2.2, level AA."),
        T(p,
          "They need no scripts, no colours and no pictures to be understood, and work with a keyboard and "
          "with a screen reader."),
        T(p, "They are made for a narrow screen first, and can be enlarged to 400 % without scrolling "
             "sideways."),
        T(p, "A first visit loads less than 14 kilobytes, so that a slow line is enough."),
        T(p, "Nothing has a time limit but your log-in, which ends after 30 minutes without use."),
        T(p, "They are checked by programs at every change, and have not yet been tried by people who depend "
             "on it. If something is in your way, tell the agency that runs this server."));
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/rules",
     .handler = get_rules,
     .access = WEB_ANYONE,
     .summary = "Who may look at what"},
    {.method = HTTP_GET,
     .path = "/rules/purposes/{id}",
     .handler = get_purpose,
     .access = WEB_ANYONE,
     .summary = "A purpose"},
    {.method = HTTP_GET,
     .path = "/rules/registries/{id}",
     .handler = get_registry,
     .access = WEB_ANYONE,
     .summary = "A registry"},
    {.method = HTTP_GET,
     .path = "/check/log",
     .handler = get_check,
     .access = WEB_ANYONE,
     .summary = "How to check without us"},
    {.method = HTTP_GET,
     .path = "/accessibility",
     .handler = get_accessibility,
     .access = WEB_ANYONE,
     .summary = "Accessibility"},
};
const struct web_table web_open = {routes, ARRAY_LEN(routes)};
