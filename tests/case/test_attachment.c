/* SPDX-License-Identifier: Apache-2.0 */
/* Files given with a form: what they are, sealed and whole, whose they are, and when they go. */
#include "case/attachment.h"
#include "case/beside_check.h"
#include "with_folders.h"

static const struct service *card(void)
{
    return service("soc.special-benefit");
}

static size_t file_field(void)
{
    for (size_t f = 0; f < card()->fields_n; f++)
        if (card()->fields[f].type == ANSWER_FILE)
            return f;
    fail_msg("no field of a file");
    return NONE;
}

static struct str pdf(size_t size)
{
    char *bytes = arena_take(&arena, size, 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)('a' + i % 23);
    memcpy(bytes, "%PDF-1.7\n", 9);
    memcpy(bytes + size - 6, "%%EOF\n", 6);
    return (struct str){bytes, size};
}

static bool put(const uint8_t *pid, const char *name, struct str bytes, struct str *answer)
{
    return attachment_put(beside, database, card(), file_field(), pid, str_of(name), bytes, day(0), &arena,
                          answer, &err);
}

static struct attachment of(struct str answer)
{
    struct str id, name;
    struct attachment a;
    assert_true(attachment_answer(answer, &id, &name));
    must_ok(attachment_read(beside, database, id, &arena, &a, &err));
    return a;
}

static int64_t count(const char *sql)
{
    bool found;
    struct db_stmt *stmt = db_sql(database, sql, &err);
    must_ok(stmt != NULL && db_one(stmt, &found, &err) && found);
    int64_t n = db_i64(stmt, 0);
    db_end(stmt);
    return n;
}

static void content_says_what_a_file_is(void **state)
{
    static const char png[] = "\x89PNG\r\n\x1a\n....IEND\xae\x42\x60\x82";
    struct str answer;
    const struct {
        struct str bytes;
        enum file_kind kind;
    } kinds[] = {{STR("%PDF-1.4\n%%EOF"), FILE_PDF},
                 {STR("%PDF-1.4\n"), FILE_KINDS_N},
                 {STR("\xff\xd8\xff\xe0..\xff\xd9"), FILE_JPEG},
                 {{png, sizeof png - 1}, FILE_PNG},
                 {STR("MZ\x90"), FILE_KINDS_N},
                 {STR("<html>%PDF-1.4 %%EOF"), FILE_KINDS_N},
                 {STR(""), FILE_KINDS_N}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        assert_int_equal(file_kind_of(kinds[i].bytes), kinds[i].kind);
    assert_false(put(aliya, "photo.pdf", STR("MZ\x90 a program"), &answer));
    assert_int_equal(err.code, ERR_INVALID);
    assert_false(put(aliya, "a.pdf", STR(""), &answer));
    assert_false(put(aliya, "a.pdf", pdf(ATTACHMENT_MAX + 1), &answer));
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(count("SELECT count(*) FROM case_attachment_part"), 0); /* no partial effect */
}

static void sealed_whole_and_named_plainly(void **state)
{
    struct str answer, file = pdf(700001);
    struct buf out;
    must_ok(put(aliya, "photo\u202Egpj.pdf", pdf(1000), &answer));
    assert_true(str_is(of(answer).name, "photogpj.pdf")); /* what it ends with is seen */
    must_ok(put(aliya, "C:\\temp\\../doc\"x\".pdf", file, &answer));
    struct attachment a = of(answer);
    assert_true(str_is(a.name, "docx.pdf") && a.size == file.n && a.kind == FILE_PDF && a.number.n == 0);
    assert_memory_equal(a.owner, aliya, PID_SIZE);
    buf_init(&out, ATTACHMENT_MAX);
    must_ok(attachment_whole(&a, &out));
    assert_true(str_eq(buf_view(&out), file));
    struct db_stmt *stmt =
        db_sql(database, "SELECT sealed FROM case_attachment_part ORDER BY n LIMIT 1", &err);
    bool found;
    must_ok(stmt != NULL && db_one(stmt, &found, &err) && found);
    struct str sealed = db_bytes(stmt, 0);
    assert_null(memmem(sealed.p, sealed.n, "%PDF", 4));
    db_end(stmt);
    must_ok(db_exec(database, "UPDATE case_attachment_part SET n = n + 5 WHERE n = 1", &err));
    buf_clear(&out);
    assert_false(attachment_whole(&a, &out));
    assert_int_equal(err.code, ERR_CORRUPT);
    buf_done(&out);
}

static struct answer *benefit(struct str file)
{
    struct answer *answers = arena_array(&arena, struct answer, card()->fields_n + 1);
    for (size_t f = 0; f < card()->fields_n; f++) {
        const struct service_field *field = &card()->fields[f];
        if (field->type == ANSWER_FILE)
            answers[f] = (struct answer){true, false, file};
        else if (field->page != NONE || field->registry != NULL)
            answers[f] = (struct answer){true, field->registry != NULL,
                                         field->options_n                ? field->options[0].id
                                         : field->type == ANSWER_DATE    ? STR("2020-01-01")
                                         : field->type == ANSWER_NUMBER  ? STR("5")
                                         : field->type == ANSWER_CONSENT ? STR("yes")
                                         : field->iban                   ? STR("KZ75125KZT2069100100")
                                                                         : STR("x")};
    }
    return answers;
}

static void bound_to_the_case_of_its_owner_alone(void **state)
{
    struct str mine, number, second;
    must_ok(put(aliya, "a.pdf", pdf(1000), &mine));
    assert_false(file_case(card(), berik, benefit(mine), day(0), &number)); /* another's file */
    assert_string_equal(err.place, "file");
    must_ok(file_case(card(), aliya, benefit(mine), day(0), &number));
    assert_true(str_eq(of(mine).number, number));
    assert_false(file_case(card(), aliya, benefit(mine), day(0), &second)); /* it is the other case's now */
    must_ok(file_case(card(), berik, benefit(STR("at-counter")), day(0), &second));
}

static void what_is_not_filed_goes_and_what_is_erased_is_gone(void **state)
{
    struct str kept, dropped, number;
    uint64_t n;
    must_ok(put(aliya, "a.pdf", pdf(1000), &kept));
    must_ok(file_case(card(), aliya, benefit(kept), day(0), &number));
    must_ok(put(aliya, "b.pdf", pdf(600000), &dropped));
    must_ok(put(berik, "c.pdf", pdf(1000), &dropped));
    must_ok(attachments_drop(beside, database, card(), aliya, &err));
    assert_int_equal(count("SELECT count(*) FROM case_attachment"), 2);
    assert_int_equal(count("SELECT count(*) FROM case_attachment_part"), 2);
    must_ok(turn(day(200))); /* berik's was never filed */
    assert_int_equal(count("SELECT count(*) FROM case_attachment"), 1);
    assert_int_equal(count("SELECT count(*) FROM case_attachment_part"), 1);
    assert_true(str_eq(of(kept).number, number));
    must_ok(attachments_erase(beside, database, aliya, &n, &err));
    assert_int_equal(n, 1);
    assert_int_equal(count("SELECT count(*) FROM case_attachment_part"), 0);
}

/* A returned case is sent again with a file that was given meanwhile: the case has it from then on, whoever
 * else's it does not get, and the one of the filing stays. */
static void a_returned_case_gets_the_new_file(void **state)
{
    const struct service *s = card();
    const struct case_actor clerk = official("labour", "benefits", "LAB-1"),
                            self = {.hand = HAND_APPLICANT, .pid = aliya};
    const char *const missing[][2] = {{"what-is-missing", "The page with the stamps cannot be read."}};
    struct str first, second, others, waiting, number = {0};
    struct case_input again = {.signatures = -1, .position = -1}, returned = with_answers(s, missing, 1);
    size_t f = file_field();
    must_ok(put(aliya, "a.pdf", pdf(2000), &first));
    const char *const given[][2] = {{"birth-date", "1970-01-01"},
                                    {"work-history", str_c(&arena, first)},
                                    {"account", "KZ75125KZT2069100100"}};
    must_ok(file_case(s, aliya, answers_for(s, given, 3), day(0), &number));
    returned.reason = STR("The page with the stamps cannot be read.");
    must_ok(act(number, &clerk, "return", &returned, day(0)));
    must_ok(attachment_waiting(beside, database, s, f, aliya, day(0), &arena, &waiting, &err));
    assert_int_equal(waiting.n, 0);
    must_ok(put(aliya, "b.pdf", pdf(3000), &second));
    must_ok(put(berik, "c.pdf", pdf(3000), &others));
    must_ok(attachment_waiting(beside, database, s, f, aliya, day(0), &arena, &waiting, &err));
    assert_true(str_eq(waiting, second));
    must_ok(attachment_waiting(beside, database, s, f, aliya, day(1), &arena, &waiting, &err));
    assert_int_equal(waiting.n, 0); /* before it was returned */
    again.answers = arena_array(&arena, struct answer, s->fields_n + 1);
    struct answer *work = &((struct answer *)again.answers)[f];
    *work = (struct answer){.given = true, .text = others};
    assert_false(act(number, &self, "resubmit", &again, day(1)));
    assert_string_equal(err.place, "file");
    work->text = STR("00000000000000000000000000 d.pdf");
    assert_false(act(number, &self, "resubmit", &again, day(1)));
    assert_int_equal(of(second).number.n, 0);
    work->text = second;
    must_ok(act(number, &self, "resubmit", &again, day(1)));
    assert_true(str_eq(of(second).number, number) && str_eq(of(first).number, number));
    assert_int_equal(of(others).number.n, 0);
    assert_true(str_eq(read_case(number).answers[f].text, second));
    must_ok(attachments_drop(beside, database, s, aliya, &err)); /* takes nothing of a case */
    struct beside_report report = {0};
    must_ok(beside_check(beside, database, NULL, &report, &err));
    assert_int_equal(report.findings, 0);
    /* returned once more and sent again as it is: the file need not be given twice */
    must_ok(act(number, &clerk, "return", &returned, day(2)));
    must_ok(act(number, &self, "resubmit", &again, day(3)));
    assert_true(str_eq(of(second).number, number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE_TEST(content_says_what_a_file_is),
        CASE_TEST(sealed_whole_and_named_plainly),
        CASE_TEST(bound_to_the_case_of_its_owner_alone),
        CASE_TEST(what_is_not_filed_goes_and_what_is_erased_is_gone),
        CASE_TEST(a_returned_case_gets_the_new_file),
    };
    return run_on_both(tests, ARRAY_LEN(tests));
}
