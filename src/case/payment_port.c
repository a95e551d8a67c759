/* SPDX-License-Identifier: Apache-2.0 */
/* payment_port.c: invoices out, providers, and their signed reports. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "case/payment_private.h"
#include "crypto/keys.h"
#include "crypto/sign.h"

#define PROVIDERS_MAX 16
#define CONF_MAX 4096
#define REPORT_MAX 4096
#define TURN_MAX 64

/* --- out --- */

struct out_row {
    struct str fee; /* "service/fee" */
    int64_t amount, made;
    char id[INVOICE_ID_SIZE];
    bool refund;
};

static bool write_all(const char *part, const char *path, struct str bytes, struct err *err)
{
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(err, part, "cannot create the invoice");
    bool ok = write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && fsync(fd) == 0;
    if (!ok)
        err_errno(err, part, "cannot write the invoice");
    close(fd);
    return ok && (rename(part, path) == 0 || err_errno(err, path, "cannot rename the invoice into place"));
}

static bool make_folders(const struct beside *b, struct arena *arena, struct err *err)
{
    const char *out = arena_printf(arena, "%s/out", b->ports.payments);
    return ((mkdir(b->ports.payments, 0700) == 0 || errno == EEXIST) &&
            (mkdir(out, 0700) == 0 || errno == EEXIST)) ||
           err_errno(err, out, "cannot make the folder of invoices");
}

static bool spool(const struct beside *b, const struct out_row *row, struct arena *arena, struct err *err)
{
    char made[TIME_TEXT_SIZE];
    struct buf out;
    struct json j;
    struct str fee = row->fee, service = {0};
    (void)str_next(&fee, '/', &service);
    const struct service *s = jurisdiction_service(b->j, service);
    time_iso(row->made, made);
    buf_in(&out, arena, 4096);
    json_start(&j, &out);
    json_open_object(&j);
    json_key_u64(&j, "v", 1);
    json_key_text(&j, "kind", row->refund ? STR("refund") : STR("invoice"));
    json_key_text(&j, "id", str_of(row->id));
    json_key_text(&j, "amount", money_text(row->amount, arena));
    json_key_text(&j, "currency", b->j->money);
    json_key_text(&j, "service", service);
    json_key_text(&j, "fee", fee);
    if (s != NULL)
        json_key_text(&j, "provider", office_path(s->provider, arena));
    json_key_text(&j, "made", str_of(made));
    json_end(&j);
    buf_byte(&out, '\n');
    const char *name = arena_printf(arena, "%s%s", row->id, row->refund ? ".refund" : "");
    return write_all(arena_printf(arena, "%s/out/.%s.part", b->ports.payments, name),
                     arena_printf(arena, "%s/out/%s.json", b->ports.payments, name), buf_view(&out), err);
}

static bool waiting_rows(struct db *db, struct arena *arena, struct out_row *rows, size_t *ret_n,
                         struct err *err)
{
    static const char sql[] = "SELECT id, fee, amount, made, state FROM case_invoice WHERE spooled = 0"
                              " AND (state = 0 OR state = 2) ORDER BY id LIMIT 64";
    size_t n = 0;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    enum db_result result;
    while ((result = db_step(stmt, err)) == DB_ROW && n < TURN_MAX) {
        rows[n] = (struct out_row){.fee = str_dup(arena, db_text(stmt, 1)),
                                   .amount = db_i64(stmt, 2),
                                   .made = db_i64(stmt, 3),
                                   .refund = db_i64(stmt, 4) == INVOICE_REFUND};
        snprintf(rows[n++].id, INVOICE_ID_SIZE, "%.*s", STR_ARG(db_text(stmt, 0)));
    }
    if (result == DB_ROW)
        db_end(stmt);
    *ret_n = n;
    return result != DB_ERROR;
}

/* Written before it is marked: after a crash the same file may appear again, with the same id. */
bool payments_turn(struct beside *b, struct db *db, struct arena *arena, struct err *err)
{
    struct out_row rows[TURN_MAX];
    size_t n;
    if (b->ports.payments == NULL)
        return true;
    if (!waiting_rows(db, arena, rows, &n, err) || (n != 0 && !make_folders(b, arena, err)))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!spool(b, &rows[i], arena, err))
            return false;
        struct db_stmt *stmt =
            db_sql(db, "UPDATE case_invoice SET spooled = 1 WHERE id = $1 AND state = $2", err);
        if (stmt == NULL)
            return false;
        db_bind_text(stmt, 1, str_of(rows[i].id));
        db_bind_i64(stmt, 2, rows[i].refund ? INVOICE_REFUND : INVOICE_OPEN);
        if (!db_run(stmt, NULL, err))
            return false;
    }
    return true;
}

/* --- providers --- */

/* "100", "100.5", "100.50" to hundredths. */
static bool money_parse(struct str text, int64_t *ret)
{
    struct str whole = {0}, part = text;
    uint64_t units, cents = 0;
    if (!str_next(&part, '.', &whole) || !text_u64(whole, &units) || units > 1000000000000)
        return false;
    bool point = whole.n < text.n;
    if (point && (part.n == 0 || part.n > 2))
        return false;
    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] < '0' || part.p[i] > '9')
            return false;
        cents = cents * 10 + (uint64_t)(part.p[i] - '0');
    }
    *ret = (int64_t)(units * 100 + (part.n == 1 ? cents * 10 : cents));
    return true;
}

static bool key_parse(struct str text, struct provider *p)
{
    size_t n;
    if (str_starts(text, STR("ed25519:")))
        return base64_decode(p->key, sizeof p->key, str_from(text, 8), &n) && n == sizeof p->key;
    p->hmac = true;
    return str_starts(text, STR("hmac-sha256:")) && hex_decode(p->key, sizeof p->key, str_from(text, 12));
}

static bool conf_line(struct str line, struct provider *p, bool *has_key)
{
    struct str key = {0}, value = line;
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return true;
    if (!str_next(&value, '=', &key))
        return false;
    key = str_trim(key), value = str_trim(value);
    if (!utf8_valid(value) || value.n == 0)
        return false;
    if (str_is(key, "key"))
        return *has_key = key_parse(value, p);
    if (str_is(key, "commission"))
        return money_parse(value, &p->commission);
    if (str_is(key, "name"))
        return snprintf(p->name, sizeof p->name, "%.*s", STR_ARG(value)) < (int)sizeof p->name;
    return str_is(key, "url") && str_starts(value, STR("https://")) &&
           memchr(value.p, ' ', value.n) == NULL &&
           snprintf(p->url, sizeof p->url, "%.*s", STR_ARG(value)) < (int)sizeof p->url;
}

static bool provider_read(const char *path, struct str id, struct provider *p, struct err *err)
{
    char text[CONF_MAX];
    struct stat stat;
    bool has_key = false;
    *p = (struct provider){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &stat) != 0) {
        if (fd >= 0)
            close(fd);
        return err_errno(err, path, "cannot read the provider");
    }
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    if ((stat.st_mode & 077) != 0)
        return err_set(err, ERR_INVALID, path, "others may read this key: chmod 600 %s", path);
    if (n < 0 || n == (ssize_t)sizeof text)
        return err_set(err, ERR_INVALID, path, "is longer than %d bytes", CONF_MAX - 1);
    struct str rest = {text, (size_t)n}, line;
    for (int number = 1; str_next(&rest, '\n', &line); number++)
        if (!conf_line(line, p, &has_key))
            return err_set(
                err, ERR_INVALID, path,
                "line %d: write name, commission (100.00), url (https://...) or key (ed25519:BASE64, "
                "hmac-sha256:64 hex digits), each as \"name = value\"",
                number);
    secret_wipe(text, sizeof text);
    snprintf(p->id, sizeof p->id, "%.*s", STR_ARG(id));
    if (p->name[0] == '\0')
        snprintf(p->name, sizeof p->name, "%s", p->id);
    return has_key ||
           err_set(err, ERR_INVALID, path, "has no line \"key = ...\": nobody could trust its reports");
}

void payments_forget(struct beside *b)
{
    if (b->providers != NULL)
        secret_wipe(b->providers, PROVIDERS_MAX * sizeof *b->providers);
    free(b->providers);
    b->providers = NULL;
    b->providers_n = 0;
}

bool providers_load(struct beside *b, struct err *err)
{
    char folder[4096], path[8192];
    bool ok = true;
    payments_forget(b);
    b->providers = calloc(PROVIDERS_MAX, sizeof *b->providers);
    must(b->providers != NULL);
    snprintf(folder, sizeof folder, "%.3900s/providers", b->ports.payments);
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return errno == ENOENT || err_errno(err, folder, "cannot read the folder of providers");
    for (struct dirent *entry; ok && (entry = readdir(dir)) != NULL;) {
        struct str name = str_of(entry->d_name), id = {name.p, name.n - MIN_OF(name.n, (size_t)5)};
        if (!str_ends(name, STR(".conf")) || !text_is_id(id))
            continue;
        if (b->providers_n == PROVIDERS_MAX)
            ok = err_set(err, ERR_TOO_LARGE, folder, "has more than %d providers", PROVIDERS_MAX);
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        ok = ok && provider_read(path, id, &b->providers[b->providers_n], err);
        b->providers_n += ok;
    }
    closedir(dir);
    return ok;
}

const struct provider *providers_of(const struct beside *b, size_t *ret_n)
{
    *ret_n = b->providers_n;
    return b->providers;
}

/* --- reports --- */

static bool signed_right(const struct provider *p, struct str body, struct str signature, struct arena *arena)
{
    uint8_t given[SIGNATURE_SIZE], mac[HASH_SIZE];
    struct hmac_key key;
    struct buf message;
    size_t n;
    buf_in(&message, arena, REPORT_MAX + 256);
    buf_printf(&message, "aina-payment-v1\n%s\n", p->id);
    buf_str(&message, body);
    if (!base64_decode(given, sizeof given, signature, &n))
        return false;
    if (!p->hmac)
        return n == SIGNATURE_SIZE && sign_verify(p->key, given, message.p, message.n);
    hmac_key_set(&key, p->key, sizeof p->key);
    hmac_sha256(mac, &key, message.p, message.n);
    return n == sizeof mac && bytes_same(mac, given, sizeof mac);
}

static bool report_parse(struct str body, struct arena *arena, struct str *id, struct str *ref,
                         int64_t *amount)
{
    json_error_t error;
    json_t *root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &error);
    const char *invoice = json_string_value(json_object_get(root, "invoice")),
               *sum = json_string_value(json_object_get(root, "amount")),
               *theirs = json_string_value(json_object_get(root, "ref"));
    bool ok = invoice != NULL && sum != NULL && theirs != NULL && theirs[0] != '\0' &&
              strlen(theirs) <= 128 && strlen(invoice) == INVOICE_ID_SIZE - 1 &&
              money_parse(str_of(sum), amount);
    if (ok) {
        *id = str_dup(arena, str_of(invoice));
        *ref = str_dup(arena, str_of(theirs));
    }
    json_decref(root);
    return ok;
}

bool payment_report(struct beside *b, struct db *db, struct str provider, struct str body,
                    struct str signature, int64_t now, struct arena *arena, uint64_t *ret_position,
                    struct err *err)
{
    const struct provider *p = NULL;
    struct str id, ref;
    int64_t amount;
    for (size_t i = 0; i < b->providers_n; i++)
        if (str_is(provider, b->providers[i].id))
            p = &b->providers[i];
    if (p == NULL)
        return err_set(err, ERR_NOT_FOUND, "provider", "There is no such provider of payments.");
    if (body.n > REPORT_MAX)
        return err_set(err, ERR_TOO_LARGE, "body", "A report has at most %d bytes.", REPORT_MAX);
    if (!signed_right(p, body, signature, arena))
        return err_set(err, ERR_NOT_AUTHENTICATED, "Aina-Signature", "The signature is not this provider's.");
    if (!report_parse(body, arena, &id, &ref, &amount))
        return err_set(err, ERR_INVALID, "body",
                       "A report is JSON: {\"invoice\":ID,\"amount\":\"12600.00\",\"ref\":your own number}.");
    return payment_settle(b, db, id, str_of(arena_printf(arena, "%s:%.*s", p->id, STR_ARG(ref))), amount, now,
                          arena, ret_position, err);
}
