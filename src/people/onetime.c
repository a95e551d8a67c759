/* SPDX-License-Identifier: Apache-2.0 */
/* onetime.c: codes of authenticator apps, and codes by short message. */
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "people/factor_private.h"
#include "people/limit.h"
#include "people/message.h"

#define SECRET_SIZE TOTP_SECRET_SIZE
#define STEP 30
#define DIGITS 6
#define SMS_LIFE (5 * 60 * CLOCK_SECOND)
#define SMS_TRIES 5

static bool six_digits(struct str typed, char out[DIGITS + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        if (typed.p[i] == ' ')
            continue;
        if (n == DIGITS || typed.p[i] < '0' || typed.p[i] > '9')
            return false;
        out[n++] = typed.p[i];
    }
    out[n] = '\0';
    return n == DIGITS;
}

/* --- TOTP --- */

void totp_secret_text(char out[33], const uint8_t bytes[SECRET_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    for (size_t i = 0; i < 32; i++) {
        size_t bit = i * 5;
        unsigned pair = (unsigned)bytes[bit / 8] << 8 | (bit / 8 + 1 < SECRET_SIZE ? bytes[bit / 8 + 1] : 0);
        out[i] = digits[pair >> (11 - bit % 8) & 31];
    }
    out[32] = '\0';
}

static void uri_text(struct buf *out, struct str text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\0' && strchr(plain, text.p[i]) != NULL)
            buf_byte(out, (uint8_t)text.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)text.p[i]);
}

bool totp_start(struct people *people, struct db *db, const struct account *account, unsigned ial,
                struct str issuer, struct str name, int64_t now, char ret_uri[TOTP_URI_SIZE],
                char ret_secret[40], struct err *err)
{
    uint8_t plain[TOTP_ROW] = {0};
    struct factor_row row;
    struct arena arena;
    struct buf uri;
    arena_init(&arena, 4096, 65536);
    random_bytes(plain, SECRET_SIZE);
    plain[SECRET_SIZE] = (uint8_t)ial;
    totp_secret_text(ret_secret, plain);
    buf_in(&uri, &arena, TOTP_URI_SIZE);
    buf_text(&uri, "otpauth://totp/");
    uri_text(&uri, issuer);
    buf_text(&uri, ":");
    uri_text(&uri, name);
    buf_printf(&uri, "?secret=%s&issuer=", ret_secret);
    uri_text(&uri, issuer);
    factor_row_of(people, account, FACTOR_ROW_TOTP_NEW, &row);
    row.plain = bytes_of(plain, sizeof plain);
    row.ends = now + 15 * 60 * CLOCK_SECOND;
    bool ok = (!buf_overflowed(&uri) && uri.n < TOTP_URI_SIZE) ||
              err_set(err, ERR_TOO_LARGE, "otpauth", "issuer and name are too long together");
    ok = ok && factor_put(people, db, &row, &arena, err);
    if (ok) {
        memcpy(ret_uri, uri.p, uri.n);
        ret_uri[uri.n] = '\0';
    }
    secret_wipe(plain, sizeof plain);
    arena_done(&arena);
    return ok;
}

bool totp_fits(struct str row, struct str typed, int64_t now, uint64_t *ret_step)
{
    uint8_t plain[TOTP_ROW] = {0};
    char otp[DIGITS + 1] = "000000";
    int position;
    bool whole = row.n == TOTP_ROW;
    if (whole)
        memcpy(plain, row.p, TOTP_ROW);
    bool shaped = six_digits(typed, otp);
    bool fits = oath_totp_validate4((const char *)plain, SECRET_SIZE, now / CLOCK_SECOND, STEP, 0, 1,
                                    &position, ret_step, 0, otp) >= 0;
    bool right = whole && shaped && fits && *ret_step > get_u64be(plain + SECRET_SIZE + 1);
    secret_wipe(plain, sizeof plain);
    return right;
}

/* The same work for an account without an app: a code is checked against nobody's secret. A step is accepted
 * once: whoever reads a code over a shoulder comes too late. */
bool totp_try(struct people *people, struct db *db, const struct account *account, int kind, struct str typed,
              int64_t now, bool *ret_right, unsigned *ret_ial, struct err *err)
{
    struct factor_row row;
    struct arena arena;
    struct str sealed = {0};
    uint8_t plain[TOTP_ROW] = {0};
    uint64_t step = 0;
    bool found, swapped = false;
    factor_row_of(people, account, kind, &row);
    arena_init(&arena, 4096, 65536);
    bool ok = factor_get(people, db, &row, now, &arena, &found, &sealed, err);
    bool whole = found && row.plain.n == TOTP_ROW;
    if (ok && whole)
        memcpy(plain, row.plain.p, TOTP_ROW);
    bool right = totp_fits(whole ? bytes_of(plain, sizeof plain) : STR(""), typed, now, &step) && ok;
    if (right) {
        put_u64be(plain + SECRET_SIZE + 1, step);
        row.plain = bytes_of(plain, sizeof plain);
        ok = factor_swap(people, db, &row, sealed, &arena, &swapped, err);
    }
    *ret_right = ok && swapped;
    *ret_ial = plain[SECRET_SIZE];
    secret_wipe(plain, sizeof plain);
    arena_done(&arena);
    return ok;
}

bool totp_confirm(struct people *people, struct db *db, const struct account *account, struct str typed,
                  int64_t now, bool *ret_right, struct err *err)
{
    struct factor_row row, kept;
    struct arena arena;
    unsigned ial;
    bool found;
    if (!totp_try(people, db, account, FACTOR_ROW_TOTP_NEW, typed, now, ret_right, &ial, err))
        return false;
    if (!*ret_right)
        return true;
    arena_init(&arena, 4096, 65536);
    factor_row_of(people, account, FACTOR_ROW_TOTP_NEW, &row);
    bool ok = factor_get(people, db, &row, now, &arena, &found, NULL, err);
    if (ok && found) {
        factor_row_of(people, account, FACTOR_ROW_TOTP, &kept);
        kept.plain = row.plain;
        ok = factor_put(people, db, &kept, &arena, err) &&
             factor_drop(people, db, account, FACTOR_ROW_TOTP_NEW, err);
    }
    arena_done(&arena);
    return ok;
}

bool totp_has(struct people *people, struct db *db, const struct account *account, bool *ret_has,
              struct err *err)
{
    struct factor_row row;
    struct arena arena;
    arena_init(&arena, 4096, 65536);
    factor_row_of(people, account, FACTOR_ROW_TOTP, &row);
    bool ok = factor_get(people, db, &row, clock_now(), &arena, ret_has, NULL, err);
    arena_done(&arena);
    return ok;
}

bool totp_remove(struct people *people, struct db *db, const struct account *account, struct err *err)
{
    return factor_drop(people, db, account, FACTOR_ROW_TOTP, err);
}

/* --- short messages: HMAC of the code[32] ‖ tries ‖ ial; a phone's row: ial ‖ number --- */

bool phone_normalise(struct str typed, char out[20])
{
    size_t n = 0;
    typed = str_trim(typed);
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if (n != 0 && (c == ' ' || c == '-' || c == '(' || c == ')'))
            continue;
        if (n == 16 || (n == 0 ? c != '+' : (c < '0' || c > '9' || (n == 1 && c == '0'))))
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n >= 9;
}

static void sms_row_of(const struct people *people, const struct account *account, const uint8_t browser[32],
                       struct factor_row *row)
{
    struct hmac mac;
    factor_row_of(people, account, FACTOR_ROW_SMS, row);
    hmac_start(&mac, &people->account);
    hmac_add(&mac, row->tag, HASH_SIZE);
    hmac_add(&mac, browser, 32);
    hmac_end(&mac, row->tag);
}

static void sms_mac(const struct people *people, const struct factor_row *row, const char *code,
                    uint8_t out[HASH_SIZE])
{
    struct hmac mac;
    hmac_start(&mac, &people->challenge);
    hmac_add(&mac, row->tag, HASH_SIZE);
    hmac_add(&mac, code, strlen(code));
    hmac_end(&mac, out);
}

static void draw_six(char out[DIGITS + 1])
{
    uint32_t random;
    do
        random_bytes(&random, sizeof random);
    while (random >= UINT32_MAX / 1000000 * 1000000);
    snprintf(out, DIGITS + 1, "%06u", random % 1000000);
}

static bool phone_row(struct people *people, struct db *db, const struct account *account, int kind,
                      struct arena *arena, struct str *ret_phone, unsigned *ret_ial, struct err *err)
{
    struct factor_row row;
    bool found;
    factor_row_of(people, account, kind, &row);
    if (!factor_get(people, db, &row, clock_now(), arena, &found, NULL, err))
        return false;
    *ret_phone = found && row.plain.n > 1 ? str_from(row.plain, 1) : STR("");
    *ret_ial = found && row.plain.n > 1 ? (uint8_t)row.plain.p[0] : 0;
    return true;
}

/* `phone` empty: nobody's; all the same is done, and no message stays. */
static bool sms_to(struct people *people, struct db *db, const char *folder, const struct account *account,
                   struct str phone, unsigned ial, const uint8_t browser[32], struct str words,
                   struct str host, int64_t now, struct arena *arena, int64_t *ret_wait, struct err *err)
{
    uint8_t plain[HASH_SIZE + 2] = {0}, owner[HASH_SIZE];
    char code[DIGITS + 1], text[MESSAGE_TEXT_MAX + 1];
    struct factor_row row;
    int64_t wait[2];
    account_tag(people, account, "phone", owner);
    struct str who = phone.n ? phone : bytes_of(owner, sizeof owner);
    if (!limit_take(people, db, &limit_phone_soon, who, now, &wait[0], err) ||
        !limit_take(people, db, &limit_phone_day, who, now, &wait[1], err))
        return false;
    *ret_wait = MAX_OF(wait[0], wait[1]);
    if (*ret_wait != 0)
        return true;
    draw_six(code);
    sms_row_of(people, account, browser, &row);
    sms_mac(people, &row, code, plain);
    plain[HASH_SIZE + 1] = (uint8_t)ial;
    row.plain = bytes_of(plain, sizeof plain);
    row.ends = now + SMS_LIFE;
    int n = snprintf(text, sizeof text, "%.*s\n\n@%.*s #%s", STR_ARG(words), STR_ARG(host), code);
    if (n < 0 || n >= (int)sizeof text)
        return err_set(err, ERR_TOO_LARGE, "message", "is longer than %d bytes", MESSAGE_TEXT_MAX);
    bool ok = factor_put(people, db, &row, arena, err) &&
              message_put(folder, phone, (struct str){text, (size_t)n}, now, err);
    secret_wipe(text, sizeof text);
    secret_wipe(code, sizeof code);
    return ok;
}

bool sms_send(struct people *people, struct db *db, const char *folder, const struct account *account,
              const uint8_t browser[32], struct str words, struct str host, int64_t now, int64_t *ret_wait,
              struct err *err)
{
    struct arena arena;
    struct str phone;
    unsigned ial;
    arena_init(&arena, 8192, 65536);
    bool ok =
        phone_row(people, db, account, FACTOR_ROW_PHONE, &arena, &phone, &ial, err) &&
        sms_to(people, db, folder, account, phone, ial, browser, words, host, now, &arena, ret_wait, err);
    arena_done(&arena);
    return ok;
}

bool sms_try(struct people *people, struct db *db, const struct account *account, const uint8_t browser[32],
             struct str typed, int64_t now, bool *ret_right, unsigned *ret_ial, struct err *err)
{
    struct factor_row row;
    struct arena arena;
    struct str sealed = {0};
    uint8_t plain[HASH_SIZE + 2] = {0}, given[HASH_SIZE];
    char code[DIGITS + 1] = "";
    bool found, swapped = false, right = false;
    arena_init(&arena, 4096, 65536);
    sms_row_of(people, account, browser, &row);
    bool shaped = six_digits(typed, code);
    sms_mac(people, &row, shaped ? code : "", given);
    bool ok = factor_get(people, db, &row, now, &arena, &found, &sealed, err);
    if (ok && found && row.plain.n == sizeof plain) {
        memcpy(plain, row.plain.p, sizeof plain);
        right = plain[HASH_SIZE] < SMS_TRIES && bytes_same(plain, given, HASH_SIZE) && shaped;
        /* A right code is spent, a wrong one counted, in the row as it was read. */
        plain[HASH_SIZE] = right ? SMS_TRIES : (uint8_t)MIN_OF(plain[HASH_SIZE] + 1, SMS_TRIES);
        row.plain = bytes_of(plain, sizeof plain);
        ok = factor_swap(people, db, &row, sealed, &arena, &swapped, err);
    }
    *ret_right = ok && right && swapped;
    *ret_ial = plain[HASH_SIZE + 1];
    arena_done(&arena);
    return ok;
}

bool phone_start(struct people *people, struct db *db, const char *folder, const struct account *account,
                 unsigned ial, struct str phone, const uint8_t browser[32], struct str words, struct str host,
                 int64_t now, int64_t *ret_wait, struct err *err)
{
    struct factor_row row;
    struct arena arena;
    struct buf plain;
    arena_init(&arena, 8192, 65536);
    buf_in(&plain, &arena, 64);
    buf_byte(&plain, (uint8_t)ial);
    buf_str(&plain, phone);
    factor_row_of(people, account, FACTOR_ROW_PHONE_NEW, &row);
    row.plain = buf_view(&plain);
    row.ends = now + SMS_LIFE;
    bool ok =
        factor_put(people, db, &row, &arena, err) &&
        sms_to(people, db, folder, account, phone, ial, browser, words, host, now, &arena, ret_wait, err);
    arena_done(&arena);
    return ok;
}

bool phone_confirm(struct people *people, struct db *db, const struct account *account,
                   const uint8_t browser[32], struct str typed, int64_t now, bool *ret_right, struct err *err)
{
    struct factor_row row, kept;
    struct arena arena;
    unsigned ial;
    bool found;
    if (!sms_try(people, db, account, browser, typed, now, ret_right, &ial, err))
        return false;
    if (!*ret_right)
        return true;
    arena_init(&arena, 4096, 65536);
    factor_row_of(people, account, FACTOR_ROW_PHONE_NEW, &row);
    bool ok = factor_get(people, db, &row, now, &arena, &found, NULL, err);
    if (ok && found) {
        factor_row_of(people, account, FACTOR_ROW_PHONE, &kept);
        kept.plain = row.plain;
        ok = factor_put(people, db, &kept, &arena, err) &&
             factor_drop(people, db, account, FACTOR_ROW_PHONE_NEW, err);
    }
    *ret_right = ok && found;
    arena_done(&arena);
    return ok;
}

bool phone_remove(struct people *people, struct db *db, const struct account *account, struct err *err)
{
    return factor_drop(people, db, account, FACTOR_ROW_PHONE, err);
}

bool phone_of(struct people *people, struct db *db, const struct account *account, struct arena *arena,
              struct str *ret_phone, struct err *err)
{
    unsigned ial;
    return phone_row(people, db, account, FACTOR_ROW_PHONE, arena, ret_phone, &ial, err);
}

bool notice_send(struct people *people, struct db *db, const char *folder, const struct account *account,
                 struct str words, int64_t now, struct err *err)
{
    struct arena arena;
    struct str phone;
    int64_t wait = 0;
    arena_init(&arena, 4096, 65536);
    bool ok = phone_of(people, db, account, &arena, &phone, err);
    if (ok && phone.n != 0)
        ok = limit_take(people, db, &limit_notice, phone, now, &wait, err) &&
             (wait != 0 || message_put(folder, phone, words, now, err));
    arena_done(&arena);
    return ok;
}
