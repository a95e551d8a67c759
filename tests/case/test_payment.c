/* SPDX-License-Identifier: Apache-2.0 */
/* Fees: what bars a filing and a result, invoices without a person in them, signed reports that count once,
 * and what is given back. */
#include <sys/stat.h>

#include "case/notice.h"
#include "case/payment.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "with_folders.h"

static const uint8_t seed[SIGN_SEED_SIZE] = {9}, secret[32] = {8};

static const struct service *wedding(void)
{
    return service("civil.marriage");
}

static struct answer *wedding_answers(void)
{
    const char *const given[][2] = {
        {"partner", berik_number}, {"family-name", "keep"}, {"wedding", "2026-02-10 10:00"}};
    struct answer *answers = answers_for(wedding(), given, 3);
    answers[service_field(wedding(), STR("marital-status"))] = (struct answer){false, true, STR("single")};
    return answers;
}

static struct rule_value *values(const struct service *s, const struct answer *answers)
{
    return journey_values(j, s, local_day(j, day(0)), BY_COUNTER, answers, &arena);
}

static void provider_files(void)
{
    char path[400], key[64];
    uint8_t public_key[SIGN_PUBLIC_SIZE];
    struct sign_key *sign_key = sign_key_new(seed);
    sign_public(sign_key, public_key);
    sign_key_free(sign_key);
    base64_encode(key, public_key, sizeof public_key);
    mkdir(payments, 0700);
    snprintf(path, sizeof path, "%s/providers", payments);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/providers/bank.conf", payments);
    FILE *file = fopen(path, "w");
    fprintf(
        file,
        "# a bank\nname = The Bank\nkey = ed25519:%s\ncommission = 100.50\nurl = https://pay.example/?i=\n",
        key);
    fclose(file);
    chmod(path, 0600);
    snprintf(path, sizeof path, "%s/providers/kiosk.conf", payments);
    file = fopen(path, "w");
    fputs("key = hmac-sha256:", file);
    for (size_t i = 0; i < sizeof secret; i++)
        fprintf(file, "%02x", secret[i]);
    fputs("\n", file);
    fclose(file);
    chmod(path, 0600);
    must_ok(providers_load(beside, &err));
}

static const char *report_of(const char *id, const char *amount, const char *ref)
{
    return arena_printf(&arena, "{\"invoice\":\"%s\",\"amount\":\"%s\",\"ref\":\"%s\"}", id, amount, ref);
}

static struct str signature_of(const char *provider, const char *body)
{
    const char *message = arena_printf(&arena, "aina-payment-v1\n%s\n%s", provider, body);
    uint8_t bytes[SIGNATURE_SIZE];
    char *text = arena_take(&arena, 128, 1);
    if (strcmp(provider, "kiosk") == 0) {
        struct hmac_key key;
        hmac_key_set(&key, secret, sizeof secret);
        hmac_sha256(bytes, &key, message, strlen(message));
        base64_encode(text, bytes, 32);
    } else {
        struct sign_key *key = sign_key_new(seed);
        sign(key, bytes, message, strlen(message));
        sign_key_free(key);
        base64_encode(text, bytes, sizeof bytes);
    }
    return str_of(text);
}

static bool report(const char *provider, const char *body)
{
    uint64_t position;
    return payment_report(beside, database, str_of(provider), str_of(body), signature_of(provider, body),
                          day(0), &arena, &position, &err) &&
           (position == 0 || ledger_wait(ledger, position, &err));
}

static struct invoice only_invoice(const uint8_t *pid)
{
    struct invoice *list;
    size_t n;
    must_ok(invoices_of(beside, database, pid, 10, &arena, &list, &n, &err));
    assert_true(n >= 1);
    return list[0];
}

static void ask(void)
{
    must_ok(invoices_before_filing(beside, database, wedding(), aliya, values(wedding(), wedding_answers()),
                                   day(0), &arena, &err));
}

static void a_fee_before_filing_bars_it_until_it_is_paid(void **state)
{
    struct str number, text;
    struct fee_due *fees;
    char out[200];
    provider_files();
    assert_false(file_case(wedding(), aliya, wedding_answers(), day(0), &number));
    assert_string_equal(err.place, "fee");
    ask();
    ask(); /* twice asked is one invoice */
    struct invoice invoice = only_invoice(aliya);
    struct invoice *list;
    size_t n;
    must_ok(invoices_of(beside, database, aliya, 10, &arena, &list, &n, &err));
    assert_int_equal(n, 1);
    must_ok(fees_due(beside, database, wedding(), aliya, NULL, values(wedding(), wedding_answers()), &arena,
                     &fees, &err));
    assert_true(fees[0].known && !fees[0].exempt && fees[0].amount == invoice.amount && fees[0].paid == 0);
    assert_true(invoice.amount > 300000 && invoice.state == INVOICE_OPEN &&
                invoice.number.n == 0); /* 1 MCI */
    must_ok(turn(day(0)));
    snprintf(out, sizeof out, "%s/out", payments);
    assert_int_equal(files_in(out, ".json", NULL, &text), 1);
    assert_non_null(strstr(str_c(&arena, text), invoice.id));
    assert_null(strstr(str_c(&arena, text), aliya_number));
    const char *sum = str_c(&arena, money_text(invoice.amount, &arena));
    must_ok(report("bank", report_of(invoice.id, sum, "A1")));
    assert_int_equal(only_invoice(aliya).state, INVOICE_PAID);
    must_ok(file_case(wedding(), aliya, wedding_answers(), day(0), &number));
    assert_true(str_eq(only_invoice(aliya).number, number));
    /* used: the next one is paid anew */
    struct answer *again = wedding_answers();
    again[service_field(wedding(), STR("wedding"))].text = STR("2026-02-10 11:00");
    assert_false(file_case(wedding(), aliya, again, day(0), &number));
    assert_string_equal(err.place, "fee");
}

static void reports_are_believed_only_when_signed_and_count_once(void **state)
{
    uint64_t position;
    provider_files();
    ask();
    struct invoice invoice = only_invoice(aliya);
    const char *sum = str_c(&arena, money_text(invoice.amount, &arena));
    const char *body = report_of(invoice.id, sum, "A1");
    const struct {
        const char *provider, *body;
        struct str signature;
        enum err_code code;
    } wrong[] = {
        {"nobody", body, signature_of("bank", body), ERR_NOT_FOUND},
        {"kiosk", body, signature_of("bank", body), ERR_NOT_AUTHENTICATED},
        {"bank", body, signature_of("kiosk", body), ERR_NOT_AUTHENTICATED},
        {"bank", body, STR(""), ERR_NOT_AUTHENTICATED},
        {"bank", body, STR("AAAA"), ERR_NOT_AUTHENTICATED},
        {"bank", report_of(invoice.id, "1.00", "A1"), signature_of("bank", body), ERR_NOT_AUTHENTICATED},
        {"bank", report_of(invoice.id, "1.00", "A1"),
         signature_of("bank", report_of(invoice.id, "1.00", "A1")), ERR_INVALID},
        {"bank", report_of("0123456789abcdefghjkmnpqrs", sum, "A1"),
         signature_of("bank", report_of("0123456789abcdefghjkmnpqrs", sum, "A1")), ERR_NOT_FOUND},
        {"bank", "{}", signature_of("bank", "{}"), ERR_INVALID},
        {"bank", "", signature_of("bank", ""), ERR_INVALID},
        {"bank", report_of(invoice.id, "-1", "A1"), signature_of("bank", report_of(invoice.id, "-1", "A1")),
         ERR_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        bool taken = payment_report(beside, database, str_of(wrong[i].provider), str_of(wrong[i].body),
                                    wrong[i].signature, day(0), &arena, &position, &err);
        if (taken || err.code != wrong[i].code)
            fail_msg("%zu: %d", i, err.code);
        assert_int_equal(only_invoice(aliya).state, INVOICE_OPEN);
    }
    must_ok(report("kiosk", body));
    must_ok(report("kiosk", body)); /* again: the same payment */
    assert_int_equal(only_invoice(aliya).state, INVOICE_PAID);
    assert_false(report("kiosk", report_of(invoice.id, sum, "A2"))); /* another one: theirs to give back */
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(report("bank", body));
    assert_int_equal(err.code, ERR_CONFLICT);
}

static void what_was_paid_is_given_back_by_the_rule(void **state)
{
    struct str number, text;
    char out[200];
    struct invoice old;
    provider_files();
    ask();
    old = only_invoice(aliya);
    const char *sum = str_c(&arena, money_text(old.amount, &arena));
    must_ok(report("bank", report_of(old.id, sum, "A1")));
    must_ok(file_case(wedding(), aliya, wedding_answers(), day(0), &number));
    must_ok(turn(day(0)));
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = aliya};
    must_ok(act(number, &self, "withdraw", &nothing, day(1)));
    assert_int_equal(only_invoice(aliya).state, INVOICE_REFUND);
    must_ok(turn(day(1)));
    snprintf(out, sizeof out, "%s/out", payments);
    assert_int_equal(files_in(out, ".refund.json", NULL, &text), 1);
    assert_non_null(strstr(str_c(&arena, text), "\"refund\""));
    must_ok(report("bank", report_of(old.id, sum, "A1"))); /* heard late, and again: nothing changes */
    assert_int_equal(only_invoice(aliya).state, INVOICE_REFUND);
}

static struct answer *garden(void)
{
    const char *const given[][2] = {{"part", "upper"}};
    const struct service *s = service("garden-plot");
    struct answer *answers = answers_for(s, given, 1);
    answers[service_field(s, STR("plot"))] = (struct answer){false, true, STR("")};
    return answers;
}

/* The second jurisdiction: a fee before the result. */
static void a_fee_before_the_result_bars_the_result(void **state)
{
    struct str number, other;
    struct notice *list;
    size_t n;
    provider_files();
    must_ok(file_case(service("garden-plot"), aliya, garden(), day(0), &number));
    assert_int_equal(read_case(number).status, FILED); /* the rule holds; the money is missing */
    struct invoice invoice = only_invoice(aliya);
    assert_true(invoice.amount == 1200 && str_eq(invoice.number, number));
    must_ok(notices_of(beside, database, aliya, STR(""), 10, STR("en"), &arena, &list, &n, &err));
    assert_true(str_is(list[0].what, "pay") || str_is(list[1].what, "pay"));
    const struct case_actor clerk = official("town-hall", "registrar", "T-1");
    assert_false(act(number, &clerk, "grant-by-hand", &nothing, day(0)));
    assert_string_equal(err.place, "fee");
    must_ok(report("bank", report_of(invoice.id, "12.00", "A1")));
    assert_int_equal(read_case(number).status, DECIDED_YES); /* the machine went on by itself */
    struct gate_entry *entries;
    assert_true(entries_of(aliya, false, &entries) >= 3);
    /* not paid and withdrawn: nobody owes it, and money that comes all the same goes back */
    must_ok(file_case(service("garden-plot"), berik, garden(), day(0), &other));
    invoice = only_invoice(berik);
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = berik};
    must_ok(act(other, &self, "withdraw", &nothing, day(1)));
    assert_int_equal(only_invoice(berik).state, INVOICE_VOID);
    must_ok(report("bank", report_of(invoice.id, "12.00", "B1")));
    assert_int_equal(only_invoice(berik).state, INVOICE_REFUND);
}

static void an_invoice_is_its_persons_own(void **state)
{
    struct invoice invoice;
    uint64_t position;
    provider_files();
    ask();
    invoice = only_invoice(aliya);
    assert_false(invoice_read(beside, database, berik, str_of(invoice.id), &arena, &invoice, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(
        payment_pretend(beside, database, berik, str_of(invoice.id), day(0), &arena, &position, &err));
    must_ok(payment_pretend(beside, database, aliya, str_of(invoice.id), day(0), &arena, &position, &err));
    assert_int_equal(only_invoice(aliya).state, INVOICE_PAID);
}

static void a_provider_that_is_wrong_is_told_by_line(void **state)
{
    static const struct {
        const char *text, *place;
        int mode;
    } wrong[] = {{"key = x\n", "line 1", 0600},
                 {"name = A\nurl = http://plain.example\n", "line 2", 0600},
                 {"name = A\n", "no line", 0600},
                 {"key = hmac-sha256:00\n", "line 1", 0600},
                 {"commission = 1.234\n", "line 1", 0600},
                 {"name = A\n", "others may read", 0644}};
    char path[400];
    provider_files();
    snprintf(path, sizeof path, "%s/providers/new.conf", payments);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        FILE *file = fopen(path, "w");
        fputs(wrong[i].text, file);
        fclose(file);
        chmod(path, (mode_t)wrong[i].mode);
        assert_false(providers_load(beside, &err));
        assert_non_null(strstr(err.text, wrong[i].place));
    }
    unlink(path);
    size_t n;
    must_ok(providers_load(beside, &err));
    const struct provider *list = providers_of(beside, &n);
    assert_int_equal(n, 2);
    const struct provider *bank = strcmp(list[0].id, "bank") == 0 ? &list[0] : &list[1];
    assert_true(bank->commission == 10050 && strcmp(bank->name, "The Bank") == 0);
}

static int begin_in_town(void **state)
{
    return begin_in("ainabulak");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(a_fee_before_filing_bars_it_until_it_is_paid),
        CASE_TEST(reports_are_believed_only_when_signed_and_count_once),
        CASE_TEST(what_was_paid_is_given_back_by_the_rule),
        cmocka_unit_test_setup_teardown(a_fee_before_the_result_bars_the_result, begin_in_town, end),
        CASE_TEST(an_invoice_is_its_persons_own),
        CASE_TEST(a_provider_that_is_wrong_is_told_by_line),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
