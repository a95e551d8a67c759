/* SPDX-License-Identifier: Apache-2.0 */
#include "people/check.h"

#include "people/people_private.h"

struct checking {
    struct people *people;
    struct people_report *report;
    struct arena arena;
    void (*progress)(uint64_t done, uint64_t total);
    uint64_t total;
};

static const struct table {
    const char *sql;
    bool (*right)(const struct people *people, struct db_stmt *row, struct arena *arena, struct err *err);
    size_t count; /* where in the report */
} tables[] = {
    {"SELECT tag, sealed, pid FROM people_root", root_row_right, offsetof(struct people_report, people)},
    {"SELECT id, subject, actor, sealed, revoked FROM people_mandate", mandate_row_right,
     offsetof(struct people_report, mandates)},
    {"SELECT tag, owner, sealed FROM people_key", passkey_row_right, offsetof(struct people_report, keys)},
};

static bool check_table(struct checking *c, const struct table *table, struct db *db, struct err *err)
{
    struct people_report *report = c->report;
    uint64_t *count = (uint64_t *)((char *)report + table->count);
    struct db_stmt *stmt = db_sql(db, table->sql, err);
    enum db_result row = DB_ERROR;
    while (stmt != NULL && (row = db_step(stmt, err)) == DB_ROW) {
        struct err wrong;
        if (!table->right(c->people, stmt, &c->arena, &wrong)) {
            if (report->findings < ARRAY_LEN(report->first))
                report->first[report->findings] = wrong;
            report->findings++;
        }
        ++*count;
        if (c->progress != NULL && table == &tables[0])
            c->progress(*count, MAX_OF(c->total, *count));
        arena_reset(&c->arena);
    }
    return row == DB_DONE;
}

bool people_check(struct people *people, struct db *db, void (*progress)(uint64_t done, uint64_t total),
                  struct people_report *ret_report, struct err *err)
{
    struct checking c = {.people = people, .report = ret_report, .progress = progress};
    *ret_report = (struct people_report){0};
    if (!people_count(db, &c.total, err))
        return false;
    arena_init(&c.arena, 16384, (size_t)1 << 20);
    bool ok = true;
    for (size_t i = 0; ok && i < ARRAY_LEN(tables); i++)
        ok = check_table(&c, &tables[i], db, err);
    arena_done(&c.arena);
    return ok;
}
