/* SPDX-License-Identifier: Apache-2.0 */
/* trust.c: trust/NAME.yaml and trust/NAME.pem to the structure that the signature room reads. All the YAML
 * first, so that the national names of algorithms are known; then the certificates. */
#include <stdio.h>
#include <unistd.h>

#include "jurisdiction/levels.h"
#include "jurisdiction/trust_private.h"

#define KNOWN(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LATE_MINUTES 1440
#define LATE_MINUTES_MAX (366 * 1440)

struct trust_reader {
    struct reading *r;
    const struct folder *folder;
    struct str prefix;
    struct trust *trust;
    const struct yaml **yaml; /* of each authority */
    struct str *path;
};

static const struct yaml *list_in(struct trust_reader *t, const struct yaml *map, const char *key)
{
    static const struct yaml empty = {.kind = YAML_LIST, .line = 1, .column = 1};
    const struct yaml *list = yaml_get(t->r, map, key, YAML_LIST, false);
    return list != NULL ? list : &empty;
}

static struct trust_words read_words(struct trust_reader *t, const struct yaml *map, const char *key)
{
    struct trust_words words = {0};
    const struct yaml *value = yaml_get(t->r, map, key, YAML_MAP, true);
    for (size_t i = 0; value != NULL && i < value->n; i++) {
        if (i == TRUST_LANGUAGES_MAX || value->member[i]->kind != YAML_TEXT) {
            found(t->r, FINDING_ERROR, value, "Write one text for each language, at most 8.",
                  "'%s' is not language: text", key);
            break;
        }
        words.in[words.n].language = value->key[i]->text;
        words.in[words.n++].text = value->member[i]->text;
    }
    return words;
}

static struct str oid_of(struct trust_reader *t, const struct yaml *at, struct str dotted)
{
    struct str oid = {0};
    if (dotted.n != 0 && !trust_oid(t->r->arena, dotted, &oid))
        found(t->r, FINDING_ERROR, at, "Write numbers with dots, such as 1.2.840.113549.",
              "'%.*s' is not an object identifier", STR_ARG(dotted));
    return oid;
}

static struct str read_oid(struct trust_reader *t, const struct yaml *map, const char *key, bool need)
{
    return oid_of(t, map, yaml_text(t->r, map, key, need));
}

static struct str *read_oids(struct trust_reader *t, const struct yaml *map, const char *key, size_t *ret_n)
{
    const struct yaml *list = list_in(t, map, key);
    struct str *oids = arena_array(t->r->arena, struct str, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        if (list->member[i]->text.n == 0)
            found(t->r, FINDING_ERROR, list->member[i], "Write numbers with dots.",
                  "'%s' holds something else than object identifiers", key);
        oids[i] = oid_of(t, list->member[i], list->member[i]->text);
    }
    *ret_n = list->n;
    return oids;
}

/* One of a few words; `words` ends with NULL. Absent: the first. */
static unsigned read_choice(struct trust_reader *t, const struct yaml *map, const char *key,
                            const char *const *words)
{
    struct str text = yaml_text(t->r, map, key, false);
    unsigned i = 0;
    while (words[i] != NULL && !str_is(text, words[i]))
        i++;
    if (text.n == 0 || words[i] != NULL)
        return text.n == 0 ? 0 : i;
    char all[200] = "";
    for (i = 0; words[i] != NULL; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", words[i]);
    found(t->r, FINDING_ERROR, map, all, "'%s' is '%.*s'; it may be one of these", key, STR_ARG(text));
    return 0;
}

/* --- parts of an authority --- */

static void read_algorithm(struct trust_reader *t, const struct yaml *map)
{
    struct algorithm a = {.oid = read_oid(t, map, "oid", true)};
    struct err err;
    yaml_known(t->r, map,
               KNOWN("oid", "key", "hash", "signature", "refused", "parameters", "bytes", "first"));
    struct str key = yaml_text(t->r, map, "key", false), hash = yaml_text(t->r, map, "hash", false);
    struct str signature = yaml_text(t->r, map, "signature", false);
    bool refused = false;
    for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++)
        refused |= str_is(map->key[i]->text, "refused");
    a.big_endian = read_choice(t, map, "bytes", KNOWN("little-endian", "big-endian")) == 1;
    a.s_first = read_choice(t, map, "first", KNOWN("r", "s")) == 1;
    a.parameters = read_oid(t, map, "parameters", false);
    bool ok = true;
    if (refused) {
        struct trust_words words = read_words(t, map, "refused");
        a.kind = ALGORITHM_REFUSED;
        a.words = str_c(t->r->arena, trust_words_in(&words, STR("en")));
    } else if (signature.n != 0) {
        a.kind = ALGORITHM_SIGNATURE;
        ok = key_method_parse(signature, &a.key) && hash_method_parse(hash, &a.hash);
    } else if (key.n != 0) {
        a.kind = ALGORITHM_KEY;
        ok = key_method_parse(key, &a.key);
    } else {
        a.kind = ALGORITHM_HASH;
        ok = hash_method_parse(hash, &a.hash);
    }
    if (!ok)
        found(t->r, FINDING_ERROR, map,
              "Keys and signatures: rsa, ecdsa, gost-256-b, gost-512-a; hashes: sha-256, sha-384, sha-512, "
              "streebog-256, streebog-512.",
              "an algorithm of no method that the program knows");
    else if (a.oid.n != 0 && !trust_add_algorithm(t->trust, a, &err))
        found(t->r, FINDING_ERROR, map, "Leave one of them.", "%s", err.text);
}

static void read_uses(struct trust_reader *t, const struct yaml *root, struct trust_authority *a)
{
    const struct yaml *list = list_in(t, root, "uses");
    a->uses = arena_array(t->r->arena, struct trust_use, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i], *bits;
        struct trust_use *use = &a->uses[a->uses_n++];
        yaml_known(t->r, map, KNOWN("id", "key-usage", "extended"));
        use->id = yaml_text(t->r, map, "id", true);
        bits = list_in(t, map, "key-usage");
        for (size_t k = 0; k < bits->n; k++) {
            unsigned bit = 0;
            if (!key_usage_parse(bits->member[k]->text, &bit))
                found(t->r, FINDING_ERROR, bits->member[k],
                      "Write digital-signature, non-repudiation or key-encipherment.",
                      "'%.*s' is not a key usage", STR_ARG(bits->member[k]->text));
            use->key_usage |= bit;
        }
        if (use->key_usage == 0)
            found(t->r, FINDING_ERROR, map, "Add key-usage, such as [digital-signature].",
                  "a use that every key would fit");
        use->extended = read_oids(t, map, "extended", &use->extended_n);
    }
    if (a->uses_n == 0)
        found(t->r, FINDING_ERROR, root, "Add uses, at least one with id: sign.",
              "the authority's keys have no use");
}

static void read_policies(struct trust_reader *t, const struct yaml *root, struct trust_authority *a)
{
    const struct yaml *list = list_in(t, root, "policies");
    a->policies = arena_array(t->r->arena, struct trust_policy, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i];
        yaml_known(t->r, map, KNOWN("oid", "use", "organisation", "name"));
        a->policies[a->policies_n++] =
            (struct trust_policy){read_oid(t, map, "oid", true), yaml_text(t->r, map, "use", true),
                                  yaml_yes(t->r, map, "organisation"), read_words(t, map, "name")};
        bool known = false;
        for (size_t k = 0; k < a->uses_n; k++)
            known |= str_eq(a->uses[k].id, a->policies[i].use);
        if (!known)
            found(t->r, FINDING_ERROR, map, "Name one of the uses of this file.", "unknown use '%.*s'",
                  STR_ARG(a->policies[i].use));
    }
}

static void read_roles(struct trust_reader *t, const struct yaml *root, struct trust_authority *a)
{
    const struct yaml *list = list_in(t, root, "roles");
    a->roles = arena_array(t->r->arena, struct trust_role, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i];
        yaml_known(t->r, map, KNOWN("id", "oid", "in", "name", "ial", "capacity", "official"));
        a->roles[a->roles_n++] =
            (struct trust_role){yaml_text(t->r, map, "id", true),
                                read_oid(t, map, "oid", true),
                                read_choice(t, map, "in", KNOWN("extended-key-usage", "policies")) == 1,
                                read_words(t, map, "name"),
                                (unsigned)yaml_number(t->r, map, "ial", 0, LEVELS_MAX),
                                yaml_text(t->r, map, "capacity", false),
                                yaml_yes(t->r, map, "official")};
    }
}

static void read_numbers(struct trust_reader *t, const struct yaml *root, struct trust_authority *a)
{
    const struct yaml *list = list_in(t, root, "numbers");
    a->numbers = arena_array(t->r->arena, struct trust_number, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i];
        yaml_known(t->r, map, KNOWN("of", "attribute", "prefix", "scheme"));
        a->numbers[a->numbers_n++] =
            (struct trust_number){read_choice(t, map, "of", KNOWN("person", "organisation")) == 1,
                                  read_oid(t, map, "attribute", true), yaml_text(t->r, map, "prefix", true),
                                  yaml_text(t->r, map, "scheme", true)};
    }
    if (a->numbers_n == 0)
        found(t->r, FINDING_ERROR, root,
              "Add numbers: where the person's number stands in the subject, such as {of: person, "
              "attribute: 2.5.4.5, prefix: IIN, scheme: kz-iin}.",
              "nothing says whose a certificate is");
}

static enum trust_missing read_missing(struct trust_reader *t, const struct yaml *map)
{
    return (enum trust_missing)read_choice(t, map, "missing", KNOWN("refuse", "wait", "accept"));
}

static void read_services(struct trust_reader *t, const struct yaml *root, struct trust_authority *a)
{
    const struct yaml *stamps = yaml_get(t->r, root, "stamps", YAML_MAP, true);
    const struct yaml *status = yaml_get(t->r, root, "status", YAML_MAP, true);
    a->late_minutes = LATE_MINUTES;
    if (stamps != NULL) {
        yaml_known(t->r, stamps, KNOWN("missing", "policies", "url"));
        a->stamp_missing = read_missing(t, stamps);
        a->stamp_policies = read_oids(t, stamps, "policies", &a->stamp_policies_n);
        a->stamp_url = yaml_text(t->r, stamps, "url", false);
    }
    if (status == NULL)
        return;
    yaml_known(t->r, status, KNOWN("missing", "responder", "late-minutes", "ocsp", "list"));
    a->status_missing = read_missing(t, status);
    a->responder_of_authority = read_choice(t, status, "responder", KNOWN("issuer", "authority")) == 1;
    a->late_minutes = (unsigned)yaml_number(t->r, status, "late-minutes", LATE_MINUTES, LATE_MINUTES_MAX);
    a->ocsp_url = yaml_text(t->r, status, "ocsp", false);
    a->list_url = yaml_text(t->r, status, "list", false);
}

/* --- how people sign on our pages --- */

/* Our pages connect to nobody else than the person's own computer. */
static bool own_computer(struct str address)
{
    struct str rest = str_from(address, strlen("wss://127.0.0.1:"));
    uint64_t port;
    return str_starts(address, STR("wss://127.0.0.1:")) && text_u64(rest, &port) && port >= 1 &&
           port <= 65535;
}

static bool plain_address(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7f || strchr("\"'<>\\`", text.p[i]) != NULL)
            return false;
    return true;
}

static void read_apps(struct trust_reader *t, const struct yaml *phone, struct trust_front *f)
{
    const struct yaml *list = list_in(t, phone, "apps");
    f->apps = arena_array(t->r->arena, struct trust_app, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *map = list->member[i];
        yaml_known(t->r, map, KNOWN("name", "link"));
        struct str link = yaml_text(t->r, map, "link", true);
        const char *whole = str_c(t->r->arena, link), *hole = strstr(whole, "{}");
        if (hole == NULL || !str_starts(link, STR("https://")) || !plain_address(link)) {
            found(t->r, FINDING_ERROR, map, "Write https://... with {} where our own address goes.",
                  "'%.*s' is not the address of an app", STR_ARG(link));
            continue;
        }
        f->apps[f->apps_n++] =
            (struct trust_app){read_words(t, map, "name"), {whole, (size_t)(hole - whole)}, str_of(hole + 2)};
    }
}

static void read_front(struct trust_reader *t, const struct yaml *root, struct trust_front *f)
{
    const struct yaml *front = yaml_get(t->r, root, "front", YAML_MAP, false);
    if (front == NULL)
        return;
    yaml_known(t->r, front, KNOWN("computer", "phone"));
    const struct yaml *computer = yaml_get(t->r, front, "computer", YAML_MAP, false),
                      *phone = yaml_get(t->r, front, "phone", YAML_MAP, false);
    if (computer != NULL) {
        yaml_known(t->r, computer, KNOWN("protocol", "address", "name"));
        f->computer_name = read_words(t, computer, "name");
        f->computer = yaml_text(t->r, computer, "protocol", true);
        f->computer_address = yaml_text(t->r, computer, "address", true);
        if (!str_is(f->computer, "ncalayer"))
            found(t->r, FINDING_ERROR, computer, "The program knows ncalayer.", "unknown protocol '%.*s'",
                  STR_ARG(f->computer));
        if (!own_computer(f->computer_address))
            found(t->r, FINDING_ERROR, computer, "Write wss://127.0.0.1:PORT.",
                  "'%.*s' is not on the person's own computer", STR_ARG(f->computer_address));
    }
    if (phone == NULL)
        return;
    yaml_known(t->r, phone, KNOWN("protocol", "scheme", "organisation", "apps"));
    f->phone = yaml_text(t->r, phone, "protocol", true);
    f->phone_scheme = yaml_text(t->r, phone, "scheme", false);
    f->phone_number = yaml_text(t->r, phone, "organisation", false);
    if (!str_is(f->phone, "qr-signing"))
        found(t->r, FINDING_ERROR, phone, "The program knows qr-signing.", "unknown protocol '%.*s'",
              STR_ARG(f->phone));
    if (!plain_address(f->phone_scheme))
        found(t->r, FINDING_ERROR, phone, "Write what stands before our address, such as mobileSign:",
              "'scheme' is no part of an address");
    read_apps(t, phone, f);
}

static void read_authority(struct trust_reader *t, const struct yaml *root)
{
    struct trust_authority *a = &t->trust->authorities[t->trust->authorities_n++];
    yaml_known(t->r, root,
               KNOWN("id", "name", "test", "anchors", "intermediates", "algorithms", "uses", "policies",
                     "roles", "numbers", "stamps", "status", "ial", "front"));
    a->id = yaml_text(t->r, root, "id", true);
    for (size_t i = 0; i + 1 < t->trust->authorities_n; i++)
        if (str_eq(t->trust->authorities[i].id, a->id))
            found(t->r, FINDING_ERROR, root, "Give it another id.", "authority '%.*s' stands twice",
                  STR_ARG(a->id));
    a->name = read_words(t, root, "name");
    a->test = yaml_yes(t->r, root, "test");
    a->ial = (unsigned)yaml_number(t->r, root, "ial", 1, LEVELS_MAX);
    const struct yaml *algorithms = list_in(t, root, "algorithms");
    for (size_t i = 0; i < algorithms->n; i++)
        read_algorithm(t, algorithms->member[i]);
    read_uses(t, root, a);
    read_policies(t, root, a);
    read_roles(t, root, a);
    read_numbers(t, root, a);
    read_services(t, root, a);
    read_front(t, root, &a->front);
}

/* --- certificates --- */

static const struct folder_file *file_of(struct trust_reader *t, struct str name)
{
    for (size_t i = 0; i < t->folder->n; i++) {
        struct str path = t->folder->file[i].path;
        if (path.n == t->prefix.n + name.n && str_starts(path, t->prefix) && str_ends(path, name))
            return &t->folder->file[i];
    }
    return NULL;
}

static void read_certificates(struct trust_reader *t, const struct yaml *root,
                              const struct trust_authority *a, const char *key, bool anchor, bool *used,
                              size_t *ret_n)
{
    const struct yaml *list = list_in(t, root, key);
    for (size_t i = 0; i < list->n; i++) {
        const struct yaml *at = list->member[i];
        const struct folder_file *file = file_of(t, at->text);
        struct err err;
        size_t n = 0;
        if (file == NULL || !str_ends(at->text, STR(".pem")))
            found(t->r, FINDING_ERROR, at, "Put the certificate beside this file, in PEM, named *.pem.",
                  "there is no file '%.*s'", STR_ARG(at->text));
        else if (!trust_add_pem(t->trust, file->bytes, a, anchor, &n, &err))
            found(t->r, FINDING_ERROR, at, "Get it again from the authority, and compare its fingerprint.",
                  "%.*s: %s", STR_ARG(at->text), err.text);
        if (file != NULL)
            used[file - t->folder->file] = true;
        *ret_n += n;
    }
}

static void read_all_certificates(struct trust_reader *t)
{
    bool *used = arena_array(t->r->arena, bool, t->folder->n + 1);
    struct err err;
    for (size_t i = 0; i < t->trust->authorities_n; i++) {
        const struct trust_authority *a = &t->trust->authorities[i];
        size_t n = 0, more = 0;
        t->r->file = t->path[i];
        read_certificates(t, t->yaml[i], a, "anchors", true, used, &n);
        read_certificates(t, t->yaml[i], a, "intermediates", false, used, &more);
        if (n == 0)
            found(t->r, FINDING_WARNING, t->yaml[i],
                  "Put the authority's root certificate beside this file and name it under anchors.",
                  "authority '%.*s' has no certificate yet: nothing it signed can be verified",
                  STR_ARG(a->id));
    }
    for (size_t i = 0; i < t->folder->n; i++) {
        struct str path = t->folder->file[i].path;
        if (!str_starts(path, t->prefix) || !str_ends(path, STR(".pem")) || used[i])
            continue;
        t->r->file = path;
        found(t->r, FINDING_ERROR, NULL, "Name it under anchors or intermediates, or take it out.",
              "no authority names this certificate");
    }
    if (t->r->findings->errors == 0 && !trust_ready(t->trust, &err))
        found(t->r, FINDING_ERROR, NULL, "See docs/signatures.md.", "%s", err.text);
}

struct trust *trust_read(struct reading *r, const struct folder *folder, struct str prefix)
{
    struct trust_reader t = {.r = r, .folder = folder, .prefix = prefix, .trust = trust_new(r->arena)};
    t.trust->authorities = arena_array(r->arena, struct trust_authority, folder->n + 1);
    t.yaml = arena_array(r->arena, const struct yaml *, folder->n + 1);
    t.path = arena_array(r->arena, struct str, folder->n + 1);
    for (size_t i = 0; i < folder->n; i++) {
        struct str path = folder->file[i].path;
        if (!str_starts(path, prefix) || !str_ends(path, STR(".yaml")))
            continue;
        r->file = path;
        const struct yaml *root = yaml_parse(r, folder->file[i].bytes);
        if (root != NULL && root->kind != YAML_MAP)
            found(r, FINDING_ERROR, root, "Begin with 'key: value'.", "the file is not a mapping");
        if (root == NULL || root->kind != YAML_MAP)
            continue;
        t.yaml[t.trust->authorities_n] = root;
        t.path[t.trust->authorities_n] = path;
        read_authority(&t, root);
    }
    if (t.trust->authorities_n == 0)
        return NULL;
    read_all_certificates(&t);
    return t.trust;
}

bool trust_load(const char *path, struct arena *arena, struct trust **ret_trust,
                struct findings *ret_findings, struct err *err)
{
    struct folder folder;
    struct findings findings = {0};
    struct reading r = {.arena = arena, .nodes = arena, .for_report = arena, .findings = &findings};
    bool whole = access(arena_printf(arena, "%s/jurisdiction.yaml", path), F_OK) == 0;
    if (!folder_read(path, arena, &folder, NULL, err))
        return false;
    struct trust *trust = trust_read(&r, &folder, whole ? STR("trust/") : STR(""));
    *ret_findings = findings;
    if (trust == NULL)
        return err_set(err, ERR_NOT_FOUND, path,
                       "names no authority; docs/signatures.md says how a trust folder looks");
    if (findings.errors != 0)
        trust_done(trust);
    *ret_trust = findings.errors != 0 ? NULL : trust;
    return true;
}
