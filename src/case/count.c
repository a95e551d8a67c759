/* SPDX-License-Identifier: Apache-2.0 */
/* count.c: counters kept by each step, read, and counted anew. */
#include "case/count.h"

#include <stdlib.h>

#include "base/clock.h"
#include "case/case_private.h"
#include "crypto/keys.h"

/* Numbers of the table: never used for anything else later. */
enum what {
    WHAT_FILED, /* bucket: channel */
    WHAT_GRANTED,
    WHAT_REFUSED,
    WHAT_LATE,
    WHAT_WITHDRAWN,
    WHAT_ANNULLED,
    WHAT_OVERTURNED,
    WHAT_RETURNED,
    WHAT_UNLAWFUL,
    WHAT_DAYS, /* bucket: days */
    WHATS
};

#define SLOTS 8 /* PostgreSQL: steps of several nodes seldom meet in one row */
#define ONE_STEP_MAX 4
#define GROUPS_FIRST 64

bool count_migrate(struct db *db, struct err *err)
{
    static const struct db_migration migrations[] = {
        {1, "CREATE TABLE case_count (quarter bigint NOT NULL, service text NOT NULL, agency text NOT NULL,"
            " office text NOT NULL, what bigint NOT NULL, bucket bigint NOT NULL, slot bigint NOT NULL,"
            " n bigint NOT NULL, PRIMARY KEY (quarter, service, agency, office, what, bucket, slot))"}};
    return db_migrate(db, "count", migrations, ARRAY_LEN(migrations), err);
}

/* --- what one step adds --- */

struct addition {
    enum what what;
    int64_t bucket;
};

struct additions {
    struct addition list[ONE_STEP_MAX];
    size_t n;
    struct count_period quarter;
};

static void add(struct additions *to, enum what what, int64_t bucket)
{
    must(to->n < ONE_STEP_MAX);
    to->list[to->n++] = (struct addition){what, bucket};
}

static bool is_decided(enum case_status status)
{
    return status == DECIDED_YES || status == DECIDED_NO;
}

/* Whether the term of the decision had passed when event `at` was made, by the journal before it. */
static bool was_late(const struct jurisdiction *j, const struct case_file *c, size_t at, struct arena *arena)
{
    struct case_file before = *c;
    struct deadline d;
    size_t timer = service_timer(c->service, STR("decision"));
    before.events_n = at;
    return timer != NONE && case_deadline(j, &before, timer, arena, &d) && d.due != 0 &&
           deadline_passed(&d, c->events[at].time);
}

/* Whether the last decision before event `at` was a refusal. */
static bool was_refused(const struct case_file *c, size_t at)
{
    while (at-- > 0)
        if (is_decided(c->events[at].status))
            return c->events[at].status == DECIDED_NO;
    return false;
}

/* Asked for something that the service reads from a registry. */
static bool asks_for_held(const struct service *s, struct str asked)
{
    struct str id;
    while (str_next(&asked, ',', &id)) {
        size_t f = service_field(s, id);
        if (f != NONE && s->fields[f].registry != NULL)
            return true;
    }
    return false;
}

static int64_t days_waited(const struct jurisdiction *j, const struct case_file *c, int64_t until)
{
    int64_t days = local_day(j, until) - local_day(j, c->filed);
    return MIN_OF(MAX_OF(days, 0), COUNT_DAYS - 1);
}

static void additions_of(const struct jurisdiction *j, const struct case_file *c, size_t at,
                         struct arena *arena, struct additions *ret)
{
    const struct case_event *e = &c->events[at];
    enum case_status before = at ? c->events[at - 1].status : DRAFT;
    *ret = (struct additions){.quarter = count_period_of(local_day(j, e->time))};
    if (at == 0)
        add(ret, WHAT_FILED, c->channel);
    if (e->status == before)
        return;
    if (e->status == DECIDED_YES && was_refused(c, at))
        add(ret, WHAT_OVERTURNED, 0);
    if (is_decided(e->status) && before != VOID) { /* else it was counted when it was made */
        add(ret, e->status == DECIDED_YES ? WHAT_GRANTED : WHAT_REFUSED, 0);
        add(ret, WHAT_DAYS, days_waited(j, c, e->time));
        if (was_late(j, c, at, arena))
            add(ret, WHAT_LATE, 0);
    }
    if (e->status == WITHDRAWN || e->status == VOID)
        add(ret, e->status == WITHDRAWN ? WHAT_WITHDRAWN : WHAT_ANNULLED, 0);
    if (e->status == RETURNED) {
        add(ret, WHAT_RETURNED, 0);
        if (asks_for_held(c->service, e->asked))
            add(ret, WHAT_UNLAWFUL, 0);
    }
}

static int64_t quarter_number(struct count_period quarter)
{
    return quarter.year * 4 + quarter.quarter - 1;
}

static struct count_period quarter_of_number(int64_t number)
{
    return (struct count_period){(int)(number / 4), (int)(number % 4) + 1};
}

static int64_t slot_for(const struct db *db)
{
    uint8_t byte = 0;
    if (db_is_postgres(db))
        random_bytes(&byte, 1);
    return byte % SLOTS;
}

static bool add_one(struct db *db, const struct case_file *c, int64_t quarter, const struct addition *a,
                    int64_t slot, struct err *err)
{
    static const char sql[] =
        "INSERT INTO case_count (quarter, service, agency, office, what, bucket, slot, n)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 1)"
        " ON CONFLICT (quarter, service, agency, office, what, bucket, slot) DO UPDATE SET n = case_count.n "
        "+ 1";
    const struct office *provider = c->service->provider;
    struct db_stmt *stmt = db_sql(db, sql, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, quarter);
    db_bind_text(stmt, 2, c->service->id);
    db_bind_text(stmt, 3, provider->agency->id);
    db_bind_text(stmt, 4, provider->id);
    db_bind_i64(stmt, 5, a->what);
    db_bind_i64(stmt, 6, a->bucket);
    db_bind_i64(stmt, 7, slot);
    return db_run(stmt, NULL, err);
}

bool count_step(struct cases *cases, struct db *db, const struct case_file *c, struct arena *arena,
                struct err *err)
{
    struct additions all;
    additions_of(cases->j, c, c->events_n - 1, arena, &all);
    int64_t slot = slot_for(db);
    for (size_t i = 0; i < all.n; i++)
        if (!add_one(db, c, quarter_number(all.quarter), &all.list[i], slot, err))
            return false;
    return true;
}

/* --- tallies: by quarter, service and office --- */

struct tallies {
    struct count_tally *list;
    size_t n, cap;
    struct arena *arena;
};

static bool same_group(const struct count_tally *t, int64_t quarter, struct str service, struct str agency,
                       struct str office)
{
    return quarter_number(t->quarter) == quarter && str_eq(t->service, service) &&
           str_eq(t->agency, agency) && str_eq(t->office, office);
}

static struct count_tally *tally_of(struct tallies *all, int64_t quarter, struct str service,
                                    struct str agency, struct str office)
{
    for (size_t i = all->n; i-- > 0;) /* the newest first: rows come in groups */
        if (same_group(&all->list[i], quarter, service, agency, office))
            return &all->list[i];
    if (all->n == all->cap) {
        size_t cap = all->cap ? all->cap * 2 : GROUPS_FIRST;
        struct count_tally *bigger = realloc(all->list, cap * sizeof *bigger);
        must(bigger != NULL);
        all->list = bigger;
        all->cap = cap;
    }
    struct count_tally *t = &all->list[all->n++];
    *t = (struct count_tally){.service = str_dup(all->arena, service),
                              .agency = str_dup(all->arena, agency),
                              .office = str_dup(all->arena, office),
                              .quarter = quarter_of_number(quarter)};
    return t;
}

/* The counter that stands for it; NULL: this program does not know such a one. */
static int64_t *counter_of(struct count_tally *t, int64_t what, int64_t bucket)
{
    int64_t *const single[WHATS] = {
        [WHAT_GRANTED] = &t->granted,     [WHAT_REFUSED] = &t->refused,   [WHAT_LATE] = &t->late,
        [WHAT_WITHDRAWN] = &t->withdrawn, [WHAT_ANNULLED] = &t->annulled, [WHAT_OVERTURNED] = &t->overturned,
        [WHAT_RETURNED] = &t->returned,   [WHAT_UNLAWFUL] = &t->unlawful};
    if (what == WHAT_FILED)
        return bucket >= 0 && bucket < CHANNELS_N ? &t->by_channel[bucket] : NULL;
    if (what == WHAT_DAYS)
        return bucket >= 0 && bucket < COUNT_DAYS ? &t->days[bucket] : NULL;
    return what >= 0 && what < WHATS && bucket == 0 ? single[what] : NULL;
}

static bool take_rows(struct db_stmt *stmt, struct tallies *all, struct err *err)
{
    enum db_result step;
    while ((step = db_step(stmt, err)) == DB_ROW) {
        struct count_tally *t =
            tally_of(all, db_i64(stmt, 0), db_text(stmt, 1), db_text(stmt, 2), db_text(stmt, 3));
        int64_t *counter = counter_of(t, db_i64(stmt, 4), db_i64(stmt, 5));
        if (counter == NULL) {
            db_end(stmt);
            return err_set(err, ERR_CORRUPT, "case_count", "holds a counter that there is not");
        }
        *counter += db_i64(stmt, 6);
    }
    return step == DB_DONE;
}

static bool load(struct db *db, int64_t from, int64_t to, struct str service, struct tallies *all,
                 struct err *err)
{
    static const char of_all[] =
        "SELECT quarter, service, agency, office, what, bucket, CAST(SUM(n) AS bigint) FROM case_count"
        " WHERE quarter >= $1 AND quarter <= $2 GROUP BY quarter, service, agency, office, what, bucket"
        " ORDER BY service, agency, office, quarter";
    static const char of_one[] =
        "SELECT quarter, service, agency, office, what, bucket, CAST(SUM(n) AS bigint) FROM case_count"
        " WHERE quarter >= $1 AND quarter <= $2 AND service = $3"
        " GROUP BY quarter, service, agency, office, what, bucket ORDER BY service, agency, office, quarter";
    struct db_stmt *stmt = db_sql(db, service.n ? of_one : of_all, err);
    if (stmt == NULL)
        return false;
    db_bind_i64(stmt, 1, from);
    db_bind_i64(stmt, 2, to);
    if (service.n)
        db_bind_text(stmt, 3, service);
    return take_rows(stmt, all, err);
}

/* --- what is published --- */

static bool same_service(const struct count_tally *a, const struct count_tally *b)
{
    return same_group(a, quarter_number(a->quarter), b->service, b->agency, b->office);
}

/* The tallies of one service and office, in a year of four quarters; gives how many rows it took. */
static size_t take_year(const struct tallies *all, size_t at, struct count_tally four[4])
{
    const struct count_tally *first = &all->list[at];
    size_t n = 0;
    for (int q = 0; q < 4; q++)
        four[q] = (struct count_tally){.service = first->service,
                                       .agency = first->agency,
                                       .office = first->office,
                                       .quarter = {first->quarter.year, q + 1}};
    for (; at + n < all->n && same_service(&all->list[at + n], first); n++)
        four[all->list[at + n].quarter.quarter - 1] = all->list[at + n];
    return n;
}

static void add_tally(struct count_tally *to, const struct count_tally *t)
{
    for (size_t c = 0; c < CHANNELS_N; c++)
        to->by_channel[c] += t->by_channel[c];
    to->refused += t->refused;
    to->late += t->late;
    to->overturned += t->overturned;
    to->unlawful += t->unlawful;
}

struct publishing {
    struct count_figures *list;
    size_t n;
    struct count_tally sum;
    struct count_shares shares;
};

static void publish_years(const struct tallies *all, struct publishing *out)
{
    struct count_tally four[4];
    for (size_t i = 0; i < all->n;) {
        struct count_figures *figures = &out->list[out->n++];
        i += take_year(all, i, four);
        count_publish_year(four, figures);
        struct count_tally year = four[0];
        for (size_t q = 1; q < 4; q++)
            add_tally(&year, &four[q]);
        count_sum(&out->sum, &out->shares, &year, figures);
    }
}

static void publish_quarters(const struct tallies *all, struct publishing *out)
{
    for (size_t i = 0; i < all->n; i++) {
        struct count_figures *figures = &out->list[out->n++];
        count_publish_quarter(&all->list[i], figures);
        count_sum(&out->sum, &out->shares, &all->list[i], figures);
    }
}

bool count_read(const struct jurisdiction *j, struct db *db, struct count_period period, struct str service,
                int64_t now, struct arena *arena, struct count_figures **ret, size_t *ret_n,
                struct count_shares *ret_shares, struct err *err)
{
    struct tallies all = {.arena = arena};
    struct publishing out = {0};
    int64_t from = quarter_number((struct count_period){period.year, period.quarter ? period.quarter : 1}),
            to = quarter_number((struct count_period){period.year, period.quarter ? period.quarter : 4});
    bool ok = !count_period_over(period, local_day(j, now)) || load(db, from, to, service, &all, err);
    if (ok) {
        out.list = arena_array(arena, struct count_figures, all.n + 1);
        (period.quarter ? publish_quarters : publish_years)(&all, &out);
        count_share(&out.sum, &out.shares);
        *ret = out.list;
        *ret_n = out.n;
    }
    if (ok && ret_shares != NULL)
        *ret_shares = out.shares;
    free(all.list);
    return ok;
}

bool count_last_quarter(const struct jurisdiction *j, struct db *db, struct str service, int64_t now,
                        struct arena *arena, struct count_figures *ret, bool *ret_found, struct err *err)
{
    struct count_figures *figures;
    size_t n;
    struct count_period last = count_before(count_period_of(local_day(j, now)));
    if (!count_read(j, db, last, service, now, arena, &figures, &n, NULL, err))
        return false;
    *ret_found = n == 1 && figures[0].decided >= COUNT_SMALL; /* of several offices each stands for itself */
    if (*ret_found)
        *ret = figures[0];
    return true;
}

bool count_first(struct db *db, struct count_period *ret, struct err *err)
{
    bool found;
    struct db_stmt *stmt = db_sql(db, "SELECT MIN(quarter) FROM case_count", err);
    *ret = (struct count_period){0};
    if (stmt == NULL || !db_one(stmt, &found, err))
        return false;
    if (!db_is_null(stmt, 0))
        *ret = quarter_of_number(db_i64(stmt, 0));
    db_end(stmt);
    return true;
}

/* --- counting anew --- */

struct counting {
    struct cases *cases;
    struct arena arena;
    struct tallies tallies;
};

struct counting *counting_new(struct cases *cases)
{
    struct counting *counting = calloc(1, sizeof *counting);
    must(counting != NULL);
    counting->cases = cases;
    arena_init(&counting->arena, 65536, (size_t)64 << 20);
    counting->tallies.arena = &counting->arena;
    return counting;
}

void counting_free(struct counting *counting)
{
    free(counting->tallies.list);
    arena_done(&counting->arena);
    free(counting);
}

void counting_add(struct counting *counting, const struct case_file *c, struct arena *arena)
{
    const struct office *provider = c->service->provider;
    for (size_t i = 0; i < c->events_n; i++) {
        struct additions additions;
        additions_of(counting->cases->j, c, i, arena, &additions);
        for (size_t a = 0; a < additions.n; a++) {
            struct count_tally *t = tally_of(&counting->tallies, quarter_number(additions.quarter),
                                             c->service->id, provider->agency->id, provider->id);
            ++*counter_of(t, additions.list[a].what, additions.list[a].bucket);
        }
    }
}

static bool same_counters(const struct count_tally *a, const struct count_tally *b)
{
    const size_t from = offsetof(struct count_tally, by_channel);
    return memcmp((const char *)a + from, (const char *)b + from, sizeof *a - from) == 0;
}

bool counting_compare(struct counting *counting, struct db *db, struct arena *arena, struct str **ret_differ,
                      size_t *ret_n, struct err *err)
{
    struct tallies kept = {.arena = &counting->arena}, *counted = &counting->tallies;
    if (!load(db, 0, INT32_MAX, STR(""), &kept, err)) {
        free(kept.list);
        return false;
    }
    for (size_t i = 0; i < kept.n; i++) /* so that every group stands on both sides */
        tally_of(counted, quarter_number(kept.list[i].quarter), kept.list[i].service, kept.list[i].agency,
                 kept.list[i].office);
    *ret_differ = arena_array(arena, struct str, counted->n + 1);
    *ret_n = 0;
    for (size_t i = 0; i < counted->n; i++) {
        const struct count_tally *c = &counted->list[i];
        char period[COUNT_PERIOD_SIZE];
        if (same_counters(tally_of(&kept, quarter_number(c->quarter), c->service, c->agency, c->office), c))
            continue;
        count_period_text(c->quarter, period);
        (*ret_differ)[(*ret_n)++] = str_of(arena_printf(arena, "%.*s, %.*s/%.*s, %s", STR_ARG(c->service),
                                                        STR_ARG(c->agency), STR_ARG(c->office), period));
    }
    free(kept.list);
    return true;
}
