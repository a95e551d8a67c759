/* SPDX-License-Identifier: Apache-2.0 */
/* Counts on real cases, on both engines; and of what is published, every subtraction that a reader can make:
 * none may give a group below ten. */
#include "../gate/fixture.h"
#include "case/check.h"
#include "case/count.h"

/* --- every subtraction --- */

#define LEAVES 28 /* four quarters of at most seven parts */
#define CELLS_MAX 12

/* One block of four quarters and their year: what is published, each figure a sum of leaves. */
struct view {
    int64_t leaf[LEAVES];
    struct cell {
        uint32_t leaves; /* bits */
    } cell[64];
    size_t n;
    uint32_t zeros;
};

static void see(struct view *v, int64_t published, uint32_t leaves)
{
    int64_t sum = 0;
    if (published == COUNT_HIDDEN)
        return;
    for (unsigned i = 0; i < LEAVES; i++)
        sum += leaves >> i & 1 ? v->leaf[i] : 0;
    assert_int_equal(published, sum);
    if (sum == 0)
        v->zeros |= leaves; /* seen to be nobody: they change no group */
    v->cell[v->n++].leaves = leaves;
}

static int64_t group_of(const struct view *v, const int coefficient[LEAVES])
{
    int sign = 0;
    int64_t sum = 0;
    for (unsigned i = 0; i < LEAVES; i++) {
        if (coefficient[i] == 0)
            continue;
        if (coefficient[i] < -1 || coefficient[i] > 1 || (sign != 0 && coefficient[i] != sign))
            return 0; /* no group of people */
        sign = coefficient[i];
        sum += v->leaf[i];
    }
    return sum;
}

static int64_t smallest_group(const struct view *v, size_t at, const int before[LEAVES])
{
    int coefficient[LEAVES];
    int64_t smallest = INT64_MAX;
    if (at == v->n) {
        int64_t group = group_of(v, before);
        return group ? group : INT64_MAX;
    }
    for (int sign = -1; sign <= 1; sign++) {
        for (unsigned i = 0; i < LEAVES; i++)
            coefficient[i] = before[i] + (v->cell[at].leaves >> i & 1 ? sign : 0);
        int64_t group = smallest_group(v, at + 1, coefficient);
        smallest = MIN_OF(smallest, group);
    }
    return smallest;
}

/* What a reader finds who adds and subtracts published figures in every way. A figure that is known by itself
 * is taken out of all others first: it can be subtracted from any, and a group that keeps it is no small one.
 */
static int64_t found_by_subtraction(struct view *v)
{
    static const int none[LEAVES];
    uint32_t known = v->zeros;
    int64_t smallest = INT64_MAX;
    size_t kept = 0;
    for (size_t i = 0; i < v->n; i++) {
        int64_t people = 0;
        v->cell[i].leaves &= ~v->zeros;
        for (unsigned l = 0; l < LEAVES; l++)
            people += v->cell[i].leaves >> l & 1 ? v->leaf[l] : 0;
        if (people != 0)
            smallest = MIN_OF(smallest, people);
        if ((v->cell[i].leaves & (v->cell[i].leaves - 1)) == 0)
            known |= v->cell[i].leaves;
    }
    for (size_t i = 0; i < v->n; i++) {
        uint32_t rest = v->cell[i].leaves & ~known;
        bool twice = rest == 0;
        for (size_t k = 0; k < kept; k++)
            twice |= v->cell[k].leaves == rest;
        if (!twice)
            v->cell[kept++].leaves = rest;
    }
    v->n = kept;
    assert_true(v->n <= CELLS_MAX);
    int64_t group = v->n ? smallest_group(v, 0, none) : INT64_MAX;
    return MIN_OF(smallest, group);
}

struct block_of_figures {
    int64_t total, part[CHANNELS_N];
    size_t n;
};

enum { FILED_OF, OUTCOME_OF, TERM_OF, RETURNED_OF, BLOCKS_OF };

static struct block_of_figures block_of(const struct count_figures *f, int which)
{
    struct block_of_figures b = {f->filed, {0}, CHANNELS_N};
    memcpy(b.part, f->by_channel, sizeof b.part);
    switch (which) {
    case OUTCOME_OF: return (struct block_of_figures){f->decided, {f->granted, f->refused}, 2};
    case TERM_OF: return (struct block_of_figures){f->decided, {f->late, f->in_time}, 2};
    case RETURNED_OF: return (struct block_of_figures){f->returned, {f->unlawful, f->other_returned}, 2};
    default: return b;
    }
}

static void true_parts(const struct count_tally *t, int which, int64_t part[CHANNELS_N])
{
    int64_t decided = t->granted + t->refused;
    memcpy(part, t->by_channel, sizeof t->by_channel);
    if (which != FILED_OF)
        memset(part, 0, CHANNELS_N * sizeof *part);
    if (which == OUTCOME_OF)
        part[0] = t->granted, part[1] = t->refused;
    if (which == TERM_OF)
        part[0] = t->late, part[1] = decided - t->late;
    if (which == RETURNED_OF)
        part[0] = t->unlawful, part[1] = t->returned - t->unlawful;
}

static uint32_t leaves_of(size_t quarter, size_t part, size_t n)
{
    uint32_t bits = 0;
    for (size_t q = 0; q < 4; q++)
        for (size_t i = 0; i < n; i++)
            if ((quarter == 4 || quarter == q) && (part == n || part == i))
                bits |= 1u << (q * CHANNELS_N + i);
    return bits;
}

static void view_block(const struct count_tally t[4], const struct count_figures f[5], int which,
                       struct view *ret)
{
    *ret = (struct view){0};
    for (size_t q = 0; q < 4; q++)
        true_parts(&t[q], which, &ret->leaf[q * CHANNELS_N]);
    for (size_t q = 0; q < 5; q++) {
        struct block_of_figures b = block_of(&f[q], which);
        for (size_t i = 0; i < b.n; i++)
            see(ret, b.part[i], leaves_of(q, i, b.n));
        see(ret, b.total, leaves_of(q, b.n, b.n));
    }
}

static uint64_t drawn = 88172645463325252u;
static int64_t draw(int64_t below)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return (int64_t)((drawn >> 11) % (uint64_t)below);
}

static int64_t some(void)
{
    static const int64_t most[] = {1, 4, 12, 12, 25, 300};
    return draw(most[draw(6)]);
}

static struct count_tally draw_tally(int quarter)
{
    struct count_tally t = {.quarter = {2025, quarter}, .granted = some(), .refused = some()};
    for (size_t c = 0; c < CHANNELS_N; c++)
        t.by_channel[c] = some();
    t.returned = some();
    t.unlawful = draw(t.returned + 1);
    t.late = draw(t.granted + t.refused + 1);
    t.withdrawn = some();
    t.overturned = some();
    for (int64_t i = 0; i < t.granted + t.refused; i++)
        t.days[draw(COUNT_DAYS)]++;
    return t;
}

static void no_subtraction_gives_a_small_group(void **state)
{
    uint64_t shown = 0, hidden = 0, years = 0;
    for (int round = 0; round < 4000; round++) {
        struct count_tally t[4];
        struct count_figures f[5];
        for (int q = 0; q < 4; q++) {
            t[q] = draw_tally(q + 1);
            count_publish_quarter(&t[q], &f[q]);
            assert_true(f[q].withdrawn == COUNT_HIDDEN || f[q].withdrawn == 0 || f[q].withdrawn >= 10);
            assert_true(f[q].overturned == COUNT_HIDDEN || f[q].overturned == 0 || f[q].overturned >= 10);
            assert_true((f[q].median == COUNT_HIDDEN) == (t[q].granted + t[q].refused < 10));
        }
        count_publish_year(t, &f[4]);
        for (int b = round < 600 ? 0 : 1; b < BLOCKS_OF; b++) { /* of seven parts the ways are many */
            struct view v;
            view_block(t, f, b, &v);
            int64_t smallest = found_by_subtraction(&v);
            if (smallest < COUNT_SMALL)
                fail_msg("round %d, block %d: a group of %lld", round, b, (long long)smallest);
            for (int q = 0; q < 5; q++)
                *(block_of(&f[q], b).total == COUNT_HIDDEN ? &hidden : &shown) += 1;
            years += block_of(&f[4], b).total > 0;
        }
    }
    assert_true(shown > hidden && hidden > 1000 && years > 400); /* neither hides all nor shows all */
}

/* The method above finds what a careless publisher gives away. */
static void the_subtractions_find_what_is_careless(void **state)
{
    struct count_tally t[4] = {{.quarter = {2025, 1}, .granted = 40, .refused = 3},
                               {.quarter = {2025, 2}, .granted = 50, .refused = 12},
                               {.quarter = {2025, 3}, .granted = 50, .refused = 12},
                               {.quarter = {2025, 4}, .granted = 50, .refused = 12}};
    struct count_figures f[5];
    struct view v;
    for (int q = 0; q < 4; q++)
        count_publish_quarter(&t[q], &f[q]);
    count_publish_year(t, &f[4]);
    assert_int_equal(f[0].granted, COUNT_HIDDEN);
    assert_int_equal(f[0].decided, 43);
    assert_int_equal(f[4].refused, COUNT_HIDDEN);
    view_block(t, f, OUTCOME_OF, &v);
    assert_true(found_by_subtraction(&v) >= COUNT_SMALL);
    f[0].granted = 40; /* 43 - 40 */
    view_block(t, f, OUTCOME_OF, &v);
    assert_int_equal(found_by_subtraction(&v), 3);
    f[0].granted = COUNT_HIDDEN;
    f[4].refused = 39; /* 39 - 12 - 12 - 12 */
    view_block(t, f, OUTCOME_OF, &v);
    assert_int_equal(found_by_subtraction(&v), 3);
}

static void a_small_service_has_a_year(void **state)
{
    struct count_tally t[4] = {0};
    struct count_figures f;
    for (int q = 0; q < 4; q++)
        t[q] = (struct count_tally){.quarter = {2025, q + 1}, .granted = 8, .days = {[3] = 8}};
    count_publish_year(t, &f);
    assert_int_equal(f.decided, 32);
    assert_int_equal(f.granted, 32);
    assert_int_equal(f.refused, 0);
    assert_int_equal(f.median, 3);
    t[1].granted = t[2].granted = t[3].granted = 20; /* seen by themselves: the year would say the first */
    count_publish_year(t, &f);
    assert_int_equal(f.decided, COUNT_HIDDEN);
}

/* One step of a share is ten people or more, whatever the size. */
static void shares_come_in_steps(void **state)
{
    for (int64_t n = 10; n < 3000; n += 7) {
        struct count_tally sum = {0}, t = {.granted = n - 3, .refused = 3};
        struct count_shares shares = {0};
        struct count_figures f;
        count_publish_quarter(&t, &f);
        count_sum(&sum, &shares, &t, &f);
        count_share(&sum, &shares);
        assert_int_equal(shares.decided, n);
        if (n < 100) {
            assert_int_equal(shares.refused, COUNT_HIDDEN);
            continue;
        }
        assert_true(shares.decided_step * n >= 1000);
        assert_int_equal(shares.refused, 0);
        sum.refused = n / 2;
        count_share(&sum, &shares);
        assert_int_equal(shares.refused % shares.decided_step, 0);
        assert_in_range(shares.refused, 45, 55);
    }
}

/* Refused and then granted: of the refused, in steps that what is known of the refused allows. What is hidden
 * everywhere is not a zero. */
static void overturned_has_its_denominator(void **state)
{
    for (int64_t refused = 0; refused < 900; refused += 13) {
        struct count_tally sum = {0}, t = {.granted = 1000, .refused = refused, .overturned = refused / 4};
        struct count_shares shares = {0};
        struct count_figures f;
        count_publish_quarter(&t, &f);
        count_sum(&sum, &shares, &t, &f);
        count_share(&sum, &shares);
        bool none_shown = t.overturned > 0 && t.overturned < COUNT_SMALL;
        assert_int_equal(shares.overturned, none_shown ? COUNT_HIDDEN : t.overturned);
        if (refused < 90) {
            assert_int_equal(shares.overturned_share, COUNT_HIDDEN);
        } else if (refused > 120) {
            assert_true(refused * shares.refused_step >= COUNT_SMALL * 100);
            assert_int_equal(shares.overturned_share % shares.refused_step, 0);
            assert_in_range(shares.overturned_share, 20, 30);
        }
    }
}

static void periods(void **state)
{
    struct count_period p;
    char text[COUNT_PERIOD_SIZE];
    assert_true(count_period_parse(STR("2026-Q3"), &p) && p.year == 2026 && p.quarter == 3);
    count_period_text(p, text);
    assert_string_equal(text, "2026-Q3");
    assert_true(count_period_parse(STR("2025"), &p) && p.quarter == 0);
    static const char *const bad[] = {"",   "2026-Q5",  "2026-Q0", "2026-q1",
                                      "26", "2026-Q11", "0001",    "2026Q31"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(count_period_parse(str_of(bad[i]), &p));
    int32_t last = date_days((struct date){2026, 9, 30});
    assert_false(count_period_over((struct count_period){2026, 3}, last));
    assert_true(count_period_over((struct count_period){2026, 3}, last + 1));
    assert_false(count_period_over((struct count_period){2026, 0}, last + 1));
    assert_true(count_period_over((struct count_period){2025, 0}, last));
    p = count_before(count_period_of(date_days((struct date){2026, 2, 1})));
    assert_true(p.year == 2025 && p.quarter == 4);
}

/* --- on cases --- */

static struct cases *cases;
static const int64_t monday = INT64_C(1770004800) * CLOCK_SECOND; /* 2026-02-02 09:00 in Astana */
static const struct case_input nothing = {.signatures = -1, .position = -1};

static int begin(void **state)
{
    int failed = start(state);
    must_ok(cases_migrate(database, &err));
    cases = cases_new(gate, j, master);
    return failed;
}

static int end(void **state)
{
    cases_free(cases);
    return stop(state);
}

static int64_t day(int n)
{
    return monday + n * CLOCK_DAY;
}

static struct str file_family(uint8_t person, const char *children, enum channel channel, int on)
{
    const uint8_t pid[PID_SIZE] = {person, 1};
    const struct service *s = jurisdiction_service(j, STR("soc.large-family"));
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    char *number = arena_take(&arena, CASE_NO_SIZE, 1);
    uint64_t position;
    answers[service_field(s, STR("children"))] = (struct answer){true, true, str_of(children)};
    answers[service_field(s, STR("account"))] = (struct answer){true, false, STR("KZ75125KZT2069100100")};
    must_ok(case_file(cases, database, s, pid, channel, answers, day(on), STR("demo"), &arena, number,
                      &position, &err));
    return str_of(number);
}

static void act(struct str number, const struct case_actor *actor, const char *action,
                const struct case_input *input, int on)
{
    uint64_t position;
    must_ok(
        case_act(cases, database, number, actor, str_of(action), input, day(on), &arena, &position, &err));
}

static struct case_input with_answers(const char *const (*given)[2], size_t n)
{
    const struct service *s = jurisdiction_service(j, STR("soc.large-family"));
    struct answer *answers = arena_array(&arena, struct answer, s->fields_n + 1);
    struct case_input input = nothing;
    for (size_t i = 0; i < n; i++)
        answers[service_field(s, str_of(given[i][0]))] = (struct answer){true, false, str_of(given[i][1])};
    input.answers = answers;
    return input;
}

static void refuse(struct str number, const struct case_actor *clerk, const uint8_t *pid, int on)
{
    const char *const hearing[][2] = {{"hearing-day", "2026-02-10"},
                                      {"draft-reasons", "Three are on record."}};
    const char *const objection[][2] = {{"objection", "The fourth child was born last week."}};
    struct case_input offer = with_answers(hearing, 2), answer = with_answers(objection, 1), full = nothing;
    const struct case_actor self = {.hand = HAND_APPLICANT, .pid = pid};
    full.reason = STR("The register shows three children, not four.");
    full.ground = STR("not-meeting-rules");
    full.article = STR("article 1 of the sample");
    act(number, clerk, "offer-hearing", &offer, on);
    act(number, &self, "answer-in-writing", &answer, on);
    act(number, clerk, "refuse", &full, on);
}

static struct count_figures figures(const char *period)
{
    struct count_period p;
    struct count_figures *list;
    size_t n;
    assert_true(count_period_parse(str_of(period), &p));
    must_ok(count_read(j, database, p, STR("soc.large-family"), day(400), &arena, &list, &n, NULL, &err));
    assert_int_equal(n, 1);
    return list[0];
}

static uint64_t differing(void)
{
    struct case_report report = {0};
    struct case_check *check;
    must_ok(case_check_start(&check, cases, database, &report, &err));
    case_check_end(check, NULL);
    return report.findings;
}

static void counters_come_from_cases(void **state)
{
    const struct case_actor clerk = {.hand = HAND_OFFICIAL,
                                     .office = office("labour", "benefits"),
                                     .staff = STR("LAB-1"),
                                     .levels = STR("demo")};
    struct count_figures *list, f;
    size_t n;
    for (uint8_t i = 0; i < 30; i++) { /* granted at once, ten of them at a counter */
        file_family(i, "4", i < 10 ? BY_COUNTER : BY_WEB, 0);
    }
    for (uint8_t i = 0; i < 24; i++) {
        const uint8_t pid[PID_SIZE] = {100 + i, 1};
        const struct case_actor self = {.hand = HAND_APPLICANT, .pid = pid};
        struct str number = file_family(100 + i, "3", BY_WEB, 0);
        if (i >= 12) { /* asked for what the register holds; completed, then refused: in time */
            const char *const lacks[][2] = {{"what-is-missing", "A paper about the children."}};
            struct case_input missing = with_answers(lacks, 1);
            missing.asked = i < 23 ? STR("children") : STR("");
            act(number, &clerk, "return", &missing, 1);
            act(number, &self, "resubmit", &nothing, 2);
        }
        refuse(number, &clerk, pid, i >= 12 ? 3 : 20); /* seven working days: the others are late */
    }
    f = figures("2026-Q1");
    assert_int_equal(f.filed, 54);
    assert_int_equal(f.by_channel[BY_WEB], 44);
    assert_int_equal(f.by_channel[BY_COUNTER], 10);
    assert_int_equal(f.decided, 54);
    assert_int_equal(f.granted, 30);
    assert_int_equal(f.refused, 24);
    assert_int_equal(f.late, 12);
    assert_int_equal(f.in_time, 42);
    assert_int_equal(f.returned, 12);
    assert_int_equal(f.unlawful, COUNT_HIDDEN); /* eleven of twelve: the twelfth would stand alone */
    assert_int_equal(f.median, 0);
    assert_int_equal(f.p90, 20);
    assert_true(str_is(f.agency, "labour") && str_is(f.office, "benefits"));
    assert_int_equal(differing(), 0);

    struct count_figures last;
    bool found;
    must_ok(count_last_quarter(j, database, STR("soc.large-family"), day(70), &arena, &last, &found, &err));
    assert_true(found && last.p90 == 20); /* in April */
    must_ok(count_last_quarter(j, database, STR("soc.large-family"), day(20), &arena, &last, &found, &err));
    assert_false(found); /* the quarter is not over */
    must_ok(count_read(j, database, (struct count_period){2026, 1}, STR(""), day(20), &arena, &list, &n, NULL,
                       &err));
    assert_int_equal(n, 0);

    static const char *const changes[][2] = {
        {"UPDATE case_count SET n = n + 1 WHERE what = 2", "UPDATE case_count SET n = n - 1 WHERE what = 2"},
        {"UPDATE case_count SET what = 4 WHERE what = 3", "UPDATE case_count SET what = 3 WHERE what = 4"},
        {"UPDATE case_count SET bucket = 21 WHERE bucket = 20",
         "UPDATE case_count SET bucket = 20 WHERE bucket = 21"},
        {"UPDATE case_count SET quarter = quarter + 1", "UPDATE case_count SET quarter = quarter - 1"}};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        must_ok(db_exec(database, changes[i][0], &err));
        assert_true(differing() != 0);
        must_ok(db_exec(database, changes[i][1], &err));
        assert_int_equal(differing(), 0);
    }
}

static void what_must_not_be_asked_is_known(void **state)
{
    const struct case_actor clerk = {.hand = HAND_OFFICIAL,
                                     .office = office("labour", "benefits"),
                                     .staff = STR("LAB-1"),
                                     .levels = STR("demo")};
    const char *const lacks[][2] = {{"what-is-missing", "A paper."}};
    struct case_input missing = with_answers(lacks, 1);
    struct str number = file_family(1, "3", BY_WEB, 0);
    uint64_t position;
    missing.asked = STR("children,nothing-of-it");
    assert_false(
        case_act(cases, database, number, &clerk, STR("return"), &missing, day(1), &arena, &position, &err));
    assert_string_equal(err.place, "asked");
}

#define PURE(test) cmocka_unit_test(test)
#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest pure[] = {
        PURE(no_subtraction_gives_a_small_group), PURE(the_subtractions_find_what_is_careless),
        PURE(a_small_service_has_a_year),         PURE(shares_come_in_steps),
        PURE(overturned_has_its_denominator),     PURE(periods)};
    const struct CMUnitTest tests[] = {CASE(counters_come_from_cases), CASE(what_must_not_be_asked_is_known)};
    return cmocka_run_group_tests(pure, NULL, NULL) + run_on_both(tests, ARRAY_LEN(tests));
}
