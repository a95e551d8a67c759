/* SPDX-License-Identifier: Apache-2.0 */
/* operate.c: the operator's commands on an instance: init, demo, fsck. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/say.h"
#include "cli/bench_ledger.h"
#include "cli/cli.h"
#include "cli/demo.h"
#include "cli/instance.h"
#include "crypto/keys.h"
#include "people/number.h"

int command_init(struct args *args)
{
    static const char usage[] = "init DIR --jurisdiction FOLDER [--db URL] [--origin NAME] [--yes]";
    struct instance_new o = {.confirm = !args_flag(args, "--yes")};
    o.jurisdiction_folder = args_value(args, "--jurisdiction");
    o.db_url = args_value(args, "--db");
    o.origin = args_value(args, "--origin");
    if (o.origin == NULL)
        o.origin = "aina.example/log";
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (o.jurisdiction_folder == NULL) {
        fprintf(stderr, "aina: --jurisdiction is missing; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    o.folder = args->argv[0];
    struct err err;
    if (!instance_create(&o, &err))
        return cli_fail(&err);
    printf("Made %s.\n", o.folder);
    return EXIT_DONE;
}

/* --- aina demo: synthetic people --- */

#define CHUNK 1000

struct demo {
    struct instance *in;
    uint64_t state;  /* of the generator: the same people each time, but for their pids */
    uint64_t *taken; /* numbers given, open addressing */
    size_t cap;
};

static uint64_t draw(struct demo *d, uint64_t below)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return (d->state >> 11) % below;
}

static bool take_number(struct demo *d, const char *number)
{
    uint64_t value = strtoull(number, NULL, 10) + 1;
    size_t at = value * UINT64_C(0x9E3779B97F4A7C15) % d->cap;
    while (d->taken[at] != 0 && d->taken[at] != value)
        at = (at + 1) % d->cap;
    bool fresh = d->taken[at] == 0;
    d->taken[at] = value;
    return fresh;
}

/* Random digits until the scheme accepts them, strictly; each number once. */
static void new_number(struct demo *d, const struct number_scheme *scheme, char out[32])
{
    do {
        for (unsigned i = 0; i < scheme->length; i++)
            out[i] = (char)('0' + draw(d, 10));
        out[scheme->length] = '\0';
    } while (scheme->check((struct str){out, scheme->length}, true) != NUMBER_OK || !take_number(d, out));
}

static struct str pick(struct demo *d, const struct str *list, size_t n)
{
    return n ? list[draw(d, n)] : STR("-");
}

/* A plausible value by the field's type, and by its name where people would notice. */
static struct str new_value(struct demo *d, const struct field *field, bool female, struct arena *arena)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    const struct names *names = &j->names;
    if (str_is(field->id, "surname"))
        return female ? pick(d, names->surname_female, names->surname_female_n)
                      : pick(d, names->surname_male, names->surname_male_n);
    if (str_is(field->id, "given-name") || str_is(field->id, "name"))
        return female ? pick(d, names->given_female, names->given_female_n)
                      : pick(d, names->given_male, names->given_male_n);
    if (str_is(field->id, "sex"))
        return female ? STR("F") : STR("M");
    if ((str_is(field->id, "address") || str_is(field->id, "birth-place") || str_is(field->id, "street")) &&
        j->places_n != 0)
        return str_of(arena_printf(arena, "%.*s, %u-%u", STR_ARG(j->places[draw(d, j->places_n)].name.in[0]),
                                   (unsigned)draw(d, 99) + 1, (unsigned)draw(d, 60) + 1));
    switch (field->type) {
    case FIELD_DATE: {
        struct date date = date_of_days((int32_t)draw(d, 20000));
        return str_of(arena_printf(arena, "%04d-%02d-%02d", date.year, date.month, date.day));
    }
    case FIELD_NUMBER: return str_of(arena_printf(arena, "%u", (unsigned)draw(d, 12) + 1));
    case FIELD_MONEY: return str_of(arena_printf(arena, "%u00", (unsigned)draw(d, 2000) + 100));
    case FIELD_CODE: return str_of(arena_printf(arena, "%c", (char)('A' + draw(d, 6))));
    case FIELD_YES_NO: return draw(d, 8) == 0 ? STR("yes") : STR("no");
    case FIELD_TEXT: break;
    }
    return str_of(arena_printf(arena, "%.*s %06u", STR_ARG(field->id), (unsigned)draw(d, 1000000)));
}

static bool load_chunk(struct demo *d, const struct people_new_person *persons, size_t n, struct arena *arena,
                       struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    struct gate_load *loads = arena_array(arena, struct gate_load, n * j->registries_n + 1);
    size_t loads_n = 0;
    for (size_t i = 0; i < n; i++) {
        bool female = draw(d, 2) == 0;
        for (size_t r = 0; r < j->registries_n; r++) {
            const struct registry *registry = &j->registries[r];
            bool everyone = registry == jurisdiction_registry(j, STR("population")) || r == 0;
            if (registry->organisations ||
                (!everyone && draw(d, 100) >= (registry->protected_category ? 3 : 60)))
                continue;
            struct str *values = arena_array(arena, struct str, registry->fields_n);
            for (size_t f = 0; f < registry->fields_n; f++)
                values[f] = new_value(d, &registry->fields[f], female, arena);
            struct gate_load *load = &loads[loads_n++];
            *load = (struct gate_load){.registry = registry, .record = STR("1"), .values = values};
            memcpy(load->pid, persons[i].pid, PID_SIZE);
        }
    }
    return people_register_many(d->in->people, d->in->db, persons, n, err) &&
           gate_load(d->in->gate, d->in->db, loads, loads_n, err);
}

/* One official in each office, and a case at each for each of the first persons and purposes that need one.
 */
static bool add_officials(struct demo *d, const struct people_new_person *persons, size_t persons_n,
                          struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    int32_t today = (int32_t)(clock_now() / CLOCK_DAY);
    for (size_t a = 0; a < j->agencies_n; a++) {
        for (size_t o = 0; o < j->agencies[a].offices_n; o++) {
            const struct office *office = &j->agencies[a].offices[o];
            char code[160];
            snprintf(code, sizeof code, "%.*s-%.*s-01", STR_ARG(j->agencies[a].id), STR_ARG(office->id));
            struct official official = {str_of(code), j->agencies[a].id, office->id, today - 1, 0};
            if (!people_official_add(d->in->db, &official, err))
                return false;
            for (size_t p = 0; p < office->purposes_n; p++) {
                for (size_t i = 0; office->purposes[p]->needs_case && i < persons_n; i++) {
                    char case_no[96];
                    snprintf(case_no, sizeof case_no, "%.40s-%zu",
                             str_c(&d->in->arena, office->purposes[p]->id), i + 1);
                    if (!gate_case_open(d->in->gate, d->in->db, &j->agencies[a], str_of(case_no),
                                        office->purposes[p]->id, persons[i].pid, today - 1, today + 365, err))
                        return false;
                }
            }
        }
    }
    return true;
}

static bool fill(struct demo *d, uint64_t people, demo_added_fn *added, void *arg, struct err *err)
{
    const struct number_scheme *scheme = number_scheme_find(d->in->jurisdiction->person_scheme);
    if (scheme == NULL)
        return err_set(err, ERR_INVALID, "jurisdiction.yaml",
                       "the number scheme '%.*s' is not one that this program knows",
                       STR_ARG(d->in->jurisdiction->person_scheme));
    d->cap = people * 2 + 1;
    d->taken = calloc(d->cap, sizeof *d->taken);
    must(d->taken != NULL);
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20, (size_t)1 << 30);
    bool ok = true;
    for (uint64_t done = 0; ok && done < people;) {
        size_t n = (size_t)MIN_OF(people - done, (uint64_t)CHUNK);
        struct people_new_person *persons = arena_array(&arena, struct people_new_person, n);
        for (size_t i = 0; i < n; i++) {
            char *number = arena_take(&arena, 32, 1);
            new_number(d, scheme, number);
            persons[i] = (struct people_new_person){.scheme = str_of(scheme->id), .number = str_of(number)};
            random_bytes(persons[i].pid, PID_SIZE);
        }
        ok = load_chunk(d, persons, n, &arena, err) &&
             (done != 0 || add_officials(d, persons, MIN_OF(n, (size_t)20), err));
        if (ok)
            added(arg, persons, n, done);
        done += n;
        arena_reset(&arena);
        if (ok)
            say_progress("people", done, people);
    }
    arena_done(&arena);
    free(d->taken);
    return ok;
}

bool demo_fill(struct instance *in, uint64_t people, demo_added_fn *added, void *arg, struct err *err)
{
    struct demo d = {.in = in, .state = UINT64_C(0x41494E41)};
    uint64_t have;
    return people_count(in->db, &have, err) &&
           (have == 0 ||
            err_set(err, ERR_CONFLICT, in->folder, "has people already; a demo is made in a new instance")) &&
           fill(&d, people, added, arg, err);
}

/* The first ones, for who tries it out. */
static void print_first(void *arg, const struct people_new_person *persons, size_t n, uint64_t before)
{
    if (before != 0)
        return;
    printf("Demo people (%.*s):", STR_ARG(persons[0].scheme));
    for (size_t i = 0; i < MIN_OF(n, (size_t)5); i++)
        printf(" %.*s", STR_ARG(persons[i].number));
    printf("\n");
    fflush(stdout);
}

int command_demo(struct args *args)
{
    static const char usage[] = "demo DIR --people N";
    const char *number = args_value(args, "--people");
    uint64_t people;
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (number == NULL || !text_u64(str_of(number), &people) || people == 0 || people > 100000000) {
        fprintf(stderr, "aina: --people takes a number from 1 to 100000000; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    struct instance in;
    struct err err;
    if (!instance_open(&in, args->argv[0], true, &err))
        return cli_fail(&err);
    bool ok = demo_fill(&in, people, print_first, NULL, &err);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}

/* --- aina fsck --- */

static void tell_progress(uint64_t done, uint64_t total)
{
    say_progress("entries", done, total);
}

static bool none_erased(void *arg, uint64_t leaf)
{
    return false; /* erasure is not offered yet: an empty body is a finding */
}

static void fsck_text(struct buf *out, const struct ledger_fsck *log, const struct vault_report *vault)
{
    buf_printf(out, "log: %llu entries in %llu batches, %llu openings checked, %llu findings, %.2f s\n",
               (unsigned long long)log->entries, (unsigned long long)log->batches,
               (unsigned long long)log->openings, (unsigned long long)log->findings, log->seconds);
    for (size_t i = 0; i < MIN_OF(log->findings, (uint64_t)ARRAY_LEN(log->first)); i++)
        buf_printf(out, "  %s: %s\n", log->first[i].place, log->first[i].text);
    buf_printf(out, "vault: %llu subjects, %llu record versions, %llu values, %llu findings\n",
               (unsigned long long)vault->subjects, (unsigned long long)vault->records,
               (unsigned long long)vault->values, (unsigned long long)vault->findings);
    for (size_t i = 0; i < MIN_OF(vault->findings, (uint64_t)ARRAY_LEN(vault->first)); i++)
        buf_printf(out, "  %s: %s\n", vault->first[i].place, vault->first[i].text);
}

static void fsck_json(struct buf *out, const struct ledger_fsck *log, const struct vault_report *vault)
{
    struct json j;
    json_start(&j, out);
    json_open_object(&j);
    json_key_u64(&j, "entries", log->entries);
    json_key_u64(&j, "openings", log->openings);
    json_key_u64(&j, "records", vault->records);
    json_key(&j, "findings");
    json_open_array(&j);
    for (size_t i = 0; i < MIN_OF(log->findings, (uint64_t)ARRAY_LEN(log->first)); i++)
        json_text(&j, str_of(log->first[i].text));
    for (size_t i = 0; i < MIN_OF(vault->findings, (uint64_t)ARRAY_LEN(vault->first)); i++)
        json_text(&j, str_of(vault->first[i].text));
    json_end(&j);
    json_end(&j);
    buf_byte(out, '\n');
}

int command_fsck(struct args *args)
{
    bool as_json = args_flag(args, "--json");
    if (!args_are(args, 1, 1, "fsck DIR [--json]"))
        return EXIT_USAGE;
    struct instance in;
    struct err err;
    struct gate_checker *checker = NULL;
    struct ledger_fsck log = {0};
    struct vault_report vault = {0};
    say_quiet(as_json);
    if (!instance_open(&in, args->argv[0], false, &err))
        return cli_fail(&err);
    bool ran = gate_checker_open(&checker, &in.gate_config, &err) &&
               ledger_fsck(&in.ledger_config, gate_check_opening, none_erased, checker, tell_progress,
                           &in.arena, &log, &err) &&
               db_check(in.db, &err) && vault_check(in.vault, in.db, &vault, &err);
    if (ran) {
        struct buf out;
        buf_init(&out, 1 << 20);
        (as_json ? fsck_json : fsck_text)(&out, &log, &vault);
        cli_print(&out);
        buf_done(&out);
    }
    if (checker != NULL)
        gate_checker_free(checker);
    instance_close(&in);
    return !ran ? cli_fail(&err) : log.findings + vault.findings == 0 ? EXIT_DONE : EXIT_REFUSED;
}

/* --- aina bench --- */

int command_bench(struct args *args)
{
    static const char usage[] = "bench ledger FOLDER [--large] [--json]";
    bool large = args_flag(args, "--large"), as_json = args_flag(args, "--json");
    if (!args_are(args, 2, 2, usage))
        return EXIT_USAGE;
    if (!str_is(str_of(args->argv[0]), "ledger")) {
        fprintf(stderr, "aina: there is no bench '%s'; usage: aina %s\n", args->argv[0], usage);
        return EXIT_USAGE;
    }
    return bench_ledger_main(args->argv[1], as_json, large);
}
