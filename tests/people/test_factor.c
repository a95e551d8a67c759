/* SPDX-License-Identifier: Apache-2.0 */
/* Codes: once, in time, by their owner; limits and delays; and the same work whoever is asked for. */
#include "tests/db/engines.h"

#include <dirent.h>
#include <jansson.h>
#include <liboath/oath.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "people/factor.h"
#include "people/limit.h"
#include "people/message.h"

#define NUMBER STR("900101390459")
#define NOBODYS STR("991130390064")

static const uint8_t browser[32] = {1}, other_browser[32] = {2};

/* --- counting the work (the linker puts these in between) --- */

static char trail[65536];

static void left(const char *what)
{
    size_t n = strlen(trail);
    snprintf(trail + n, sizeof trail - n, "%.60s|", what);
}

struct db_stmt *__real_db_sql(struct db *db, const char *sql, struct err *err);
struct db_stmt *__wrap_db_sql(struct db *db, const char *sql, struct err *err);
struct db_stmt *__wrap_db_sql(struct db *db, const char *sql, struct err *err)
{
    left(sql);
    return __real_db_sql(db, sql, err);
}

void __real_hmac_end(struct hmac *mac, uint8_t *out);
void __wrap_hmac_end(struct hmac *mac, uint8_t *out);
void __wrap_hmac_end(struct hmac *mac, uint8_t *out)
{
    left("hmac");
    __real_hmac_end(mac, out);
}

bool __real_seal_open(void *out, const uint8_t *key, const uint8_t *sealed, size_t n, const void *ad,
                      size_t ad_n);
bool __wrap_seal_open(void *out, const uint8_t *key, const uint8_t *sealed, size_t n, const void *ad,
                      size_t ad_n);
bool __wrap_seal_open(void *out, const uint8_t *key, const uint8_t *sealed, size_t n, const void *ad,
                      size_t ad_n)
{
    left("open");
    return __real_seal_open(out, key, sealed, n, ad, ad_n);
}

int __real_oath_totp_validate4(const char *, size_t, time_t, unsigned, time_t, size_t, int *, uint64_t *, int,
                               const char *);
int __wrap_oath_totp_validate4(const char *, size_t, time_t, unsigned, time_t, size_t, int *, uint64_t *, int,
                               const char *);
int __wrap_oath_totp_validate4(const char *secret, size_t n, time_t now, unsigned step, time_t start,
                               size_t window, int *position, uint64_t *counter, int flags, const char *otp)
{
    left("totp");
    return __real_oath_totp_validate4(secret, n, now, step, start, window, position, counter, flags, otp);
}

bool __real_message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err);
bool __wrap_message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err);
bool __wrap_message_put(const char *folder, struct str to, struct str text, int64_t now, struct err *err)
{
    left("message");
    return __real_message_put(folder, to, text, now, err);
}

/* --- a place with one person --- */

struct place {
    struct fresh *f;
    struct people *people;
    struct account owner;
    int64_t now;
    char spool[128];
};

static struct place place_new(void)
{
    static const uint8_t master[KEY_SIZE] = {4};
    struct place p = {.f = fresh_new(), .people = people_new(master), .now = clock_now()};
    done(p.f, people_migrate(p.f->db, &p.f->err));
    p.owner.kind = CALLER_PERSON;
    done(p.f, people_register(p.people, p.f->db, STR("kz-iin"), NUMBER, &p.owner.person, &p.f->err));
    snprintf(p.spool, sizeof p.spool, "%s/messages", p.f->dir);
    return p;
}

static void place_free(struct place *p)
{
    people_free(p->people);
    fresh_free(p->f);
}

static struct factor_result try(struct place *p, enum factor factor, struct str number, const char *typed,
                                const char *address)
{
    struct factor_attempt a = {factor, STR("kz-iin"), number, str_of(typed), str_of(address), browser};
    struct factor_result r;
    done(p->f, factor_log_in(p->people, p->f->db, &a, p->now, &r, &p->f->err));
    return r;
}

static bool right(struct place *p, enum factor factor, const char *typed)
{
    p->now += 3 * 3600 * CLOCK_SECOND; /* past any delay */
    return try(p, factor, NUMBER, typed, "192.0.2.1").right;
}

static const char *issued(struct place *p, enum code_kind kind, unsigned ial)
{
    static char codes[CODE_RECOVERY_N][CODE_SIZE];
    done(p->f, code_issue(p->people, p->f->db, &p->owner, kind, ial, p->now, codes, &p->f->err));
    return codes[0];
}

static void a_code_opens_once(void **state)
{
    struct place p = place_new();
    char *code = arena_copy(&p.f->arena, issued(&p, CODE_COUNTER, 3), CODE_SIZE);
    assert_int_equal(strlen(code), CODE_SIZE - 1);
    assert_false(try(&p, FACTOR_CODE, NOBODYS, code, "192.0.2.1").right);
    assert_false(right(&p, FACTOR_CODE, "AAAAA-AAAAA"));
    assert_false(right(&p, FACTOR_CODE, ""));
    assert_false(right(&p, FACTOR_CODE, "AAAAA-AAAA\xD9\xA1"));
    for (char *c = code; *c; c++) /* as people type it */
        *c = (char)(*c == '-' ? ' ' : *c == '0' ? 'o' : *c == '1' ? 'l' : *c >= 'A' ? *c + 32 : *c);
    p.now += 10 * CLOCK_SECOND;
    struct factor_result r = try(&p, FACTOR_CODE, NUMBER, code, "203.0.113.9");
    assert_true(r.right && r.enrols && r.levels.ial == 3 && r.levels.aal == 1 && !r.levels.phr);
    assert_false(right(&p, FACTOR_CODE, code));

    code = arena_copy(&p.f->arena, issued(&p, CODE_COUNTER, 3), CODE_SIZE);
    char *second = arena_copy(&p.f->arena, issued(&p, CODE_COUNTER, 3), CODE_SIZE);
    assert_false(right(&p, FACTOR_CODE, code)); /* the newer one took its place */
    assert_true(right(&p, FACTOR_CODE, second));
    code = arena_copy(&p.f->arena, issued(&p, CODE_COUNTER, 3), CODE_SIZE);
    p.now += CLOCK_DAY;
    assert_false(right(&p, FACTOR_CODE, code)); /* too late */
    place_free(&p);
}

static void ten_printed_codes(void **state)
{
    struct place p = place_new();
    char codes[CODE_RECOVERY_N][CODE_SIZE];
    uint64_t n;
    done(p.f, code_issue(p.people, p.f->db, &p.owner, CODE_RECOVERY, 2, p.now, codes, &p.f->err));
    p.now += 3000 * CLOCK_DAY;
    for (int i = 0; i < CODE_RECOVERY_N; i += 3) {
        struct factor_result r = try(&p, FACTOR_CODE, NUMBER, codes[i], "192.0.2.1");
        assert_true(r.right && r.recovered && !r.enrols && r.levels.ial == 2);
    }
    done(p.f, code_left(p.people, p.f->db, &p.owner, CODE_RECOVERY, p.now, &n, &p.f->err));
    assert_int_equal(n, 6);
    done(p.f, code_issue(p.people, p.f->db, &p.owner, CODE_LETTER, 1, p.now, codes + 9, &p.f->err));
    assert_true(right(&p, FACTOR_CODE, codes[1])); /* a letter does not end them */
    done(p.f, code_issue(p.people, p.f->db, &p.owner, CODE_RECOVERY, 2, p.now, codes, &p.f->err));
    done(p.f, code_left(p.people, p.f->db, &p.owner, CODE_RECOVERY, p.now, &n, &p.f->err));
    assert_int_equal(n, 10);
    place_free(&p);
}

static const char *app_code(struct place *p, const char *secret32, int steps)
{
    static char otp[7];
    char *secret;
    size_t n;
    assert_int_equal(oath_base32_decode(secret32, strlen(secret32), &secret, &n), OATH_OK);
    assert_int_equal(
        oath_totp_generate(secret, n, (time_t)(p->now / CLOCK_SECOND) + 30 * steps, 30, 0, 6, otp), OATH_OK);
    free(secret);
    return otp;
}

static void an_authenticator_app(void **state)
{
    struct place p = place_new();
    char uri[TOTP_URI_SIZE], secret[40], again[40];
    bool yes;
    /* RFC 6238, appendix B, SHA-1 at 1111111109: 07081804 of eight digits. */
    char otp[9];
    assert_int_equal(oath_totp_generate("12345678901234567890", 20, 1111111109, 30, 0, 8, otp), OATH_OK);
    assert_string_equal(otp, "07081804");

    done(p.f, totp_start(p.people, p.f->db, &p.owner, 2, STR("Aina Kazakhstan"), STR("my page"), p.now, uri,
                         secret, &p.f->err));
    assert_non_null(strstr(uri, "otpauth://totp/Aina%20Kazakhstan:my%20page?secret="));
    assert_non_null(strstr(uri, secret));
    assert_false(right(&p, FACTOR_TOTP, app_code(&p, secret, 0))); /* not confirmed yet */
    done(p.f, totp_start(p.people, p.f->db, &p.owner, 2, STR("Aina"), STR("my page"), p.now, uri, secret,
                         &p.f->err));
    done(p.f, totp_confirm(p.people, p.f->db, &p.owner, STR("000000"), p.now, &yes, &p.f->err));
    assert_false(yes);
    done(p.f,
         totp_confirm(p.people, p.f->db, &p.owner, str_of(app_code(&p, secret, 0)), p.now, &yes, &p.f->err));
    assert_true(yes);
    struct factor_result r = try(&p, FACTOR_TOTP, NUMBER, app_code(&p, secret, 0), "192.0.2.1");
    assert_false(r.right); /* the code that confirmed it is spent */
    p.now += 60 * CLOCK_SECOND;
    const char *code = app_code(&p, secret, 0);
    r = try(&p, FACTOR_TOTP, NUMBER, code, "192.0.2.1");
    assert_true(r.right && r.levels.ial == 2 && r.levels.aal == 1 && !r.levels.phr);
    assert_false(try(&p, FACTOR_TOTP, NUMBER, code, "192.0.2.1").right); /* looked over the shoulder */
    p.now += 600 * CLOCK_SECOND;
    assert_false(try(&p, FACTOR_TOTP, NUMBER, app_code(&p, secret, -2), "192.0.2.1").right);
    p.now += 600 * CLOCK_SECOND;
    assert_true(
        try(&p, FACTOR_TOTP, NUMBER, app_code(&p, secret, 1), "192.0.2.1").right); /* a clock 30 s fast */
    /* Another app, begun and left: the first goes on. */
    done(p.f, totp_start(p.people, p.f->db, &p.owner, 2, STR("Aina"), STR("my page"), p.now, uri, again,
                         &p.f->err));
    assert_string_not_equal(secret, again);
    p.now += 600 * CLOCK_SECOND;
    assert_true(try(&p, FACTOR_TOTP, NUMBER, app_code(&p, secret, 0), "192.0.2.1").right);
    done(p.f, totp_remove(p.people, p.f->db, &p.owner, &p.f->err));
    assert_false(right(&p, FACTOR_TOTP, app_code(&p, secret, 0)));
    place_free(&p);
}

/* The one message in the spool, taken away; NULL: none. */
static json_t *message(struct place *p)
{
    DIR *folder = opendir(p->spool);
    json_t *found = NULL;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char path[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", p->spool, entry->d_name);
        assert_non_null(strstr(path, ".json")); /* nothing half-written stays */
        assert_null(found);
        found = json_load_file(path, 0, NULL);
        assert_non_null(found);
        unlink(path);
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

static const char *sms_code(struct place *p)
{
    static char code[7];
    json_t *m = message(p);
    assert_non_null(m);
    assert_string_equal(json_string_value(json_object_get(m, "to")), "+77010000000");
    const char *at = strstr(json_string_value(json_object_get(m, "text")), "@aina.example #");
    assert_non_null(at);
    snprintf(code, sizeof code, "%.6s", at + 15);
    json_decref(m);
    return code;
}

static int64_t send(struct place *p, const struct account *account)
{
    int64_t wait;
    done(p->f, sms_send(p->people, p->f->db, p->spool, account, browser, STR("Log in to Aina."),
                        STR("aina.example"), p->now, &wait, &p->f->err));
    return wait;
}

static void codes_by_message(void **state)
{
    struct place p = place_new();
    struct str phone;
    int64_t wait;
    bool yes;
    char code[7];
    assert_int_equal(send(&p, &p.owner), 0);
    assert_null(message(&p)); /* nobody to send it to */
    done(p.f, phone_start(p.people, p.f->db, p.spool, &p.owner, 2, STR("+77010000000"), browser,
                          STR("New number."), STR("aina.example"), p.now, &wait, &p.f->err));
    snprintf(code, sizeof code, "%s", sms_code(&p));
    done(p.f,
         phone_confirm(p.people, p.f->db, &p.owner, other_browser, str_of(code), p.now, &yes, &p.f->err));
    assert_false(yes);
    done(p.f, phone_confirm(p.people, p.f->db, &p.owner, browser, str_of(code), p.now, &yes, &p.f->err));
    assert_true(yes);
    done(p.f, phone_of(p.people, p.f->db, &p.owner, &p.f->arena, &phone, &p.f->err));
    assert_true(str_is(phone, "+77010000000"));

    p.now += CLOCK_DAY;
    assert_int_equal(send(&p, &p.owner), 0);
    snprintf(code, sizeof code, "%s", sms_code(&p));
    assert_true(try(&p, FACTOR_SMS, NUMBER, code, "192.0.2.1").right);
    assert_false(try(&p, FACTOR_SMS, NUMBER, code, "192.0.2.1").right); /* once */
    p.now += CLOCK_DAY;
    assert_int_equal(send(&p, &p.owner), 0);
    snprintf(code, sizeof code, "%s", sms_code(&p));
    for (int i = 0; i < 5; i++) { /* five tries, whatever the network */
        char address[32], wrong[16];
        snprintf(address, sizeof address, "192.0.%d.1", i);
        snprintf(wrong, sizeof wrong, "%06d", (atoi(code) + 1 + i) % 1000000);
        assert_false(try(&p, FACTOR_SMS, NUMBER, wrong, address).right);
    }
    assert_false(try(&p, FACTOR_SMS, NUMBER, code, "198.51.100.1").right);
    p.now += CLOCK_DAY;
    assert_int_equal(send(&p, &p.owner), 0);
    snprintf(code, sizeof code, "%s", sms_code(&p));
    p.now += 5 * 60 * CLOCK_SECOND;
    assert_false(try(&p, FACTOR_SMS, NUMBER, code, "198.51.100.2").right); /* too late */

    p.now += CLOCK_DAY; /* three in ten minutes, ten a day */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(&p, &p.owner), 0);
        json_decref(message(&p));
    }
    assert_int_not_equal(send(&p, &p.owner), 0);
    assert_null(message(&p));
    place_free(&p);
}

static void phones_are_typed_in_many_ways(void **state)
{
    char out[20];
    assert_true(phone_normalise(STR(" +7 (701) 000-00-00 "), out));
    assert_string_equal(out, "+77010000000");
    static const char *const bad[] = {"",
                                      "+",
                                      "87010000000",
                                      "+7701",
                                      "+0701000000",
                                      "+7701000000000000",
                                      "+7701abc0000",
                                      "+7701 000 00 00\n+1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(phone_normalise(str_of(bad[i]), out));
}

static void delays_grow_where_one_fails(void **state)
{
    struct place p = place_new();
    char *code = arena_copy(&p.f->arena, issued(&p, CODE_COUNTER, 3), CODE_SIZE);
    assert_false(try(&p, FACTOR_CODE, NUMBER, "AAAAA-AAAAA", "192.0.2.1").right);
    struct factor_result r = try(&p, FACTOR_CODE, NUMBER, code, "192.0.2.77"); /* the same network */
    assert_true(!r.right && r.wait > 0 && r.wait <= CLOCK_SECOND);
    p.now += CLOCK_SECOND;
    assert_false(try(&p, FACTOR_CODE, NUMBER, "AAAAA-AAAAA", "192.0.2.1").right);
    r = try(&p, FACTOR_CODE, NUMBER, code, "192.0.2.1");
    assert_true(!r.right && r.wait > CLOCK_SECOND && r.wait <= 2 * CLOCK_SECOND);
    r = try(&p, FACTOR_CODE, NUMBER, code,
            "198.51.100.1"); /* the owner, elsewhere: no stranger shuts them out */
    assert_true(r.right && r.wait == 0);
    place_free(&p);
}

static void after_a_hundred_failures_guessing_ends(void **state)
{
    struct place p = place_new();
    char uri[TOTP_URI_SIZE], secret[40], address[32];
    bool yes;
    done(p.f,
         totp_start(p.people, p.f->db, &p.owner, 2, STR("Aina"), STR("x"), p.now, uri, secret, &p.f->err));
    done(p.f,
         totp_confirm(p.people, p.f->db, &p.owner, str_of(app_code(&p, secret, 0)), p.now, &yes, &p.f->err));
    for (int i = 0; i < LIMIT_FAILURES_MAX; i++) {
        p.now += 60 * CLOCK_SECOND;
        snprintf(address, sizeof address, "10.%d.0.1", i);
        assert_false(try(&p, FACTOR_TOTP, NUMBER, "000000x", address).right);
    }
    p.now += CLOCK_DAY;
    struct factor_result r = try(&p, FACTOR_TOTP, NUMBER, app_code(&p, secret, 0), "192.0.2.1");
    assert_true(!r.right && r.closed);
    assert_true(right(&p, FACTOR_CODE, issued(&p, CODE_COUNTER, 3))); /* the counter opens it again */
    p.now += CLOCK_DAY;
    r = try(&p, FACTOR_TOTP, NUMBER, app_code(&p, secret, 0), "192.0.2.1");
    assert_true(r.right && !r.closed);
    place_free(&p);
}

static void buckets_fill_again(void **state)
{
    struct place p = place_new();
    const struct limit_rule rule = {"test", 3, CLOCK_SECOND};
    int64_t wait;
    for (int i = 0; i < 5; i++) {
        done(p.f, limit_take(p.people, p.f->db, &rule, STR("a"), p.now, &wait, &p.f->err));
        assert_int_equal(wait == 0, i < 3);
    }
    done(p.f, limit_take(p.people, p.f->db, &rule, STR("b"), p.now, &wait, &p.f->err));
    assert_int_equal(wait, 0);
    p.now += CLOCK_SECOND;
    done(p.f, limit_take(p.people, p.f->db, &rule, STR("a"), p.now, &wait, &p.f->err));
    assert_int_equal(wait, 0);
    done(p.f, limit_take(p.people, p.f->db, &rule, STR("a"), p.now, &wait, &p.f->err));
    assert_int_not_equal(wait, 0);
    char network[LIMIT_NETWORK_SIZE];
    limit_network_of(STR("203.0.113.200"), network);
    assert_string_equal(network, "203.0.113.0/24");
    limit_network_of(STR("2001:db8:1:2::7"), network);
    assert_string_equal(network, "2001:0db8:0001::/48");
    limit_network_of(STR("::ffff:203.0.113.200"), network); /* an IPv4 client of a socket that takes both */
    assert_string_equal(network, "203.0.113.0/24");
    limit_network_of(STR("::1"), network);
    assert_string_equal(network, "0000:0000:0000::/48");
    limit_network_of(STR("unix"), network);
    assert_string_equal(network, "unix");
    place_free(&p);
}

/* The trail of statements, keyed hashes, openings and checks is the same, step for step: who times the answer
 * learns nothing of whether a number is somebody's. */
static void a_strangers_number_costs_as_much_as_a_wrong_code(void **state)
{
    struct place p = place_new();
    char uri[TOTP_URI_SIZE], secret[40], known[sizeof trail];
    bool yes;
    int64_t wait;
    struct account nobody;
    done(p.f,
         totp_start(p.people, p.f->db, &p.owner, 2, STR("Aina"), STR("x"), p.now, uri, secret, &p.f->err));
    done(p.f,
         totp_confirm(p.people, p.f->db, &p.owner, str_of(app_code(&p, secret, 0)), p.now, &yes, &p.f->err));
    done(p.f, phone_start(p.people, p.f->db, p.spool, &p.owner, 2, STR("+77010000000"), browser, STR("x"),
                          STR("aina.example"), p.now, &wait, &p.f->err));
    done(p.f,
         phone_confirm(p.people, p.f->db, &p.owner, browser, str_of(sms_code(&p)), p.now, &yes, &p.f->err));
    assert_true(yes);
    issued(&p, CODE_LETTER, 1);
    for (enum factor factor = FACTOR_CODE; factor <= FACTOR_SMS; factor++) {
        for (int round = 0; round < 3; round++) {
            p.now += CLOCK_DAY;
            if (factor == FACTOR_SMS) {
                done(p.f,
                     factor_account(p.people, p.f->db, STR("kz-iin"), NOBODYS, &nobody, &yes, &p.f->err));
                trail[0] = '\0';
                assert_int_equal(send(&p, &p.owner), 0);
                memcpy(known, trail, sizeof known);
                json_decref(message(&p));
                trail[0] = '\0';
                assert_int_equal(send(&p, &nobody), 0);
                assert_null(message(&p));
                assert_int_equal(strlen(known) > 100, 1);
                assert_string_equal(trail, known);
            }
            trail[0] = '\0';
            assert_false(try(&p, factor, NUMBER, "000000", "192.0.2.1").right);
            memcpy(known, trail, sizeof known);
            trail[0] = '\0';
            assert_false(try(&p, factor, NOBODYS, "000000", "192.0.2.1").right);
            assert_string_equal(trail, known);
            assert_non_null(strstr(known, factor == FACTOR_TOTP ? "totp" : "hmac"));
        }
    }
    place_free(&p);
}

/* The clock, under script/test --long: known and unknown numbers take turns, so that whatever else the
 * machine does meets both alike. Told apart they are only if one is nearly always the slower one, and by
 * much. */
#define PAIRS 90 /* below the hundred failures that end guessing */

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int64_t time_of(struct place *p, enum factor factor, struct str number)
{
    int64_t from = clock_steady();
    assert_false(try(p, factor, number, "000000", "192.0.2.1").right);
    return clock_steady() - from;
}

static void the_clock_tells_nothing(void **state)
{
    struct place p = place_new();
    int64_t known[PAIRS], unknown[PAIRS];
    int slower = 0;
    issued(&p, CODE_LETTER, 1);
    for (int i = 0; getenv("AINA_LONG") != NULL && i < PAIRS; i++) {
        bool first = i % 2 == 0;
        p.now += CLOCK_DAY;
        trail[0] = '\0';
        if (first)
            known[i] = time_of(&p, FACTOR_CODE, NUMBER);
        unknown[i] = time_of(&p, FACTOR_CODE, NOBODYS);
        if (!first)
            known[i] = time_of(&p, FACTOR_CODE, NUMBER);
        slower += known[i] > unknown[i];
    }
    if (getenv("AINA_LONG") != NULL) {
        qsort(known, PAIRS, sizeof *known, by_time);
        qsort(unknown, PAIRS, sizeof *unknown, by_time);
        int64_t k = known[PAIRS / 2], u = unknown[PAIRS / 2];
        printf("medians: a number that is known %lld us, one that nobody has %lld us; slower in %d of %d\n",
               (long long)k, (long long)u, slower, PAIRS);
        bool near = k * 100 < u * 115 && u * 100 < k * 115;
        assert_true(near || (slower > PAIRS / 4 && slower < PAIRS * 3 / 4));
    }
    place_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_clock_tells_nothing),
    cmocka_unit_test(a_code_opens_once),
    cmocka_unit_test(ten_printed_codes),
    cmocka_unit_test(an_authenticator_app),
    cmocka_unit_test(codes_by_message),
    cmocka_unit_test(phones_are_typed_in_many_ways),
    cmocka_unit_test(delays_grow_where_one_fails),
    cmocka_unit_test(after_a_hundred_failures_guessing_ends),
    cmocka_unit_test(buckets_fill_again),
    cmocka_unit_test(a_strangers_number_costs_as_much_as_a_wrong_code),
};
ENGINES_MAIN(tests)
