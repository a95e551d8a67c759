/* SPDX-License-Identifier: Apache-2.0 */
/* demo.c: invented people, and true looks at the first of them, for a new instance. */
#include "cli/demo.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/say.h"
#include "cli/cli.h"
#include "cli/demo_cases.h"
#include "cli/demo_offers.h"
#include "crypto/keys.h"
#include "jurisdiction/service.h"
#include "people/mandate.h"
#include "people/number.h"
#include "people/told.h"
#include "web/demo.h"

#define OFFICIALS_CASES 20 /* persons with a case at each office */

#define CHUNK 1000

/* The first people with what was stored of them: they file the invented cases. */
struct kept {
    struct arena arena;
    struct demo_known *list;
    size_t n;
};

struct demo {
    struct instance *in;
    struct kept *kept; /* NULL: nobody asks */
    uint64_t state;    /* of the generator: the same people each time, but for their pids */
    uint64_t *taken;   /* numbers given, open addressing */
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

/* Without a pattern in demo.yaml: something of the field's type. */
static struct str plain_value(struct demo *d, const struct field *field, struct arena *arena)
{
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

static uint64_t draw_for(void *arg, uint64_t below)
{
    return draw(arg, below);
}

static struct str new_value(struct demo *d, const struct registry *registry, size_t field, bool female,
                            struct arena *arena)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    const struct demo_values *values = demo_values_of(j, registry, field);
    struct str value;
    if (values == NULL ||
        !demo_value(j, values->patterns[draw(d, values->n)], female, draw_for, d, arena, &value))
        return plain_value(d, &registry->fields[field], arena);
    return value;
}

static unsigned percent_of(const struct jurisdiction *j, const struct registry *registry)
{
    for (size_t i = 0; i < j->demo.shares_n; i++)
        if (j->demo.shares[i].registry == registry)
            return j->demo.shares[i].percent;
    return registry == &j->registries[0] ? 100 : registry->protected_category ? 3 : 60;
}

/* Whose children they are, invented people do not say: add_child makes one that does. */
static bool tells_relation(const struct registry *registry, size_t field)
{
    for (size_t i = 0; i < registry->relations_n; i++)
        if (field == registry->relations[i].born || (registry->relations[i].fields >> field & 1))
            return !registry->organisations;
    return false;
}

/* The first person has a record wherever anybody has one: there is something to look at. */
static size_t records_of(struct demo *d, const struct registry *registry, bool first)
{
    unsigned percent = percent_of(d->in->jurisdiction, registry);
    if (registry->organisations || percent == 0 || (!first && draw(d, 100) >= percent))
        return 0;
    return registry->many && draw(d, 4) == 0 ? 2 : 1;
}

static void add_record(struct demo *d, struct gate_load *load, const struct registry *registry,
                       const struct people_new_person *person, size_t number, bool female,
                       struct arena *arena)
{
    struct str *values = arena_array(arena, struct str, registry->fields_n);
    for (size_t f = 0; f < registry->fields_n; f++)
        values[f] = tells_relation(registry, f) ? (struct str){0} : new_value(d, registry, f, female, arena);
    *load =
        (struct gate_load){.registry = registry, .record = number ? STR("2") : STR("1"), .values = values};
    memcpy(load->pid, person->pid, PID_SIZE);
}

static void keep_person(struct demo *d, const struct people_new_person *person)
{
    struct kept *kept = d->kept;
    struct demo_known *known = &kept->list[kept->n++];
    memcpy(known->pid, person->pid, PID_SIZE);
    known->number = str_dup(&kept->arena, person->number);
    known->values = arena_array(&kept->arena, const struct str *, d->in->jurisdiction->registries_n);
}

/* A first record: of the second ones a form takes nothing. */
static void keep_record(struct demo *d, const struct gate_load *load)
{
    const struct registry *registry = load->registry;
    struct str *values = arena_array(&d->kept->arena, struct str, registry->fields_n);
    for (size_t f = 0; f < registry->fields_n; f++)
        values[f] = str_dup(&d->kept->arena, load->values[f]);
    d->kept->list[d->kept->n - 1].values[registry - d->in->jurisdiction->registries] = values;
}

static bool load_chunk(struct demo *d, const struct people_new_person *persons, size_t n, bool first,
                       struct arena *arena, struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    struct gate_load *loads = arena_array(arena, struct gate_load, 2 * n * j->registries_n + 1);
    size_t loads_n = 0;
    for (size_t i = 0; i < n; i++) {
        bool female = draw(d, 2) == 0, keeps = first && d->kept != NULL;
        if (keeps)
            keep_person(d, &persons[i]);
        for (size_t r = 0; r < j->registries_n; r++) {
            size_t records = records_of(d, &j->registries[r], first && i == 0);
            for (size_t k = 0; k < records; k++) {
                add_record(d, &loads[loads_n++], &j->registries[r], &persons[i], k, female, arena);
                if (keeps && k == 0)
                    keep_record(d, &loads[loads_n - 1]);
            }
        }
    }
    return people_register_many(d->in->people, d->in->db, persons, n, err) &&
           gate_load(d->in->gate, d->in->db, loads, loads_n, err);
}

/* A case is the agency's: it is opened once, however many of its offices work for the purpose. */
static bool first_with(const struct agency *agency, size_t office, const struct purpose *purpose)
{
    for (size_t o = 0; o < office; o++)
        if (office_may(&agency->offices[o], purpose))
            return false;
    return true;
}

#define OFFICIALS_EACH 3 /* a second pair of eyes, and one who takes over */

static bool add_staff(struct demo *d, const struct office *office, int32_t today, struct err *err)
{
    for (int n = 1; n <= OFFICIALS_EACH; n++) {
        char code[160];
        snprintf(code, sizeof code, "%.*s-%.*s-%02d", STR_ARG(office->agency->id), STR_ARG(office->id), n);
        struct official official = {str_of(code), office->agency->id, office->id, today - 1, 0};
        if (!people_official_add(d->in->db, &official, err))
            return false;
    }
    return true;
}

/* Officials in each office, and a case at each for each of the first persons and purposes that need one.
 */
static bool add_officials(struct demo *d, const struct people_new_person *persons, size_t persons_n,
                          struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    int32_t today = local_today(j);
    for (size_t a = 0; a < j->agencies_n; a++) {
        for (size_t o = 0; o < j->agencies[a].offices_n; o++) {
            const struct office *office = &j->agencies[a].offices[o];
            if (!add_staff(d, office, today, err))
                return false;
            for (size_t p = 0; p < office->purposes_n; p++) {
                bool opens =
                    office->purposes[p]->needs_case && first_with(&j->agencies[a], o, office->purposes[p]);
                for (size_t i = 0; opens && i < persons_n; i++) {
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

/* One organisation in each register that says who heads it; the first person does. */
static bool add_organisation(struct demo *d, const struct registry *r, const struct people_new_person *head,
                             struct arena *arena, struct err *err)
{
    const struct number_scheme *scheme = number_scheme_find(d->in->jurisdiction->organisation_scheme);
    char number[32];
    struct person organisation;
    if (scheme == NULL)
        return true;
    new_number(d, scheme, number);
    struct str *values = arena_array(arena, struct str, r->fields_n);
    for (size_t f = 0; f < r->fields_n; f++)
        values[f] = f == r->head       ? head->number
                    : r->fields[f].key ? str_dup(arena, str_of(number))
                                       : new_value(d, r, f, false, arena);
    struct gate_load load = {.registry = r, .record = STR("1"), .values = values};
    if (!people_register(d->in->people, d->in->db, str_of(scheme->id), str_of(number), &organisation, err))
        return false;
    memcpy(load.pid, organisation.pid, PID_SIZE);
    if (!gate_load(d->in->gate, d->in->db, &load, 1, err))
        return false;
    if (d->kept != NULL) /* for who tries it out */
        printf("Demo organisation (%s): %s, headed by %.*s\n", scheme->id, number, STR_ARG(head->number));
    return true;
}

static bool add_organisations(struct demo *d, const struct people_new_person *head, struct arena *arena,
                              struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    for (size_t i = 0; i < j->registries_n; i++)
        if (j->registries[i].head != NONE && !add_organisation(d, &j->registries[i], head, arena, err))
            return false;
    return true;
}

/* --- a child, for whom the first person acts --- */

#define CHILD_DAYS 3400 /* between nine and ten years old */

static struct str child_value(struct demo *d, const struct registry *r, size_t field,
                              const struct relation *relation, struct str parent, struct str born,
                              struct str born_id, struct arena *arena)
{
    if (r->relations_n != 0 && tells_relation(r, field))
        return field == relation->born                              ? born
               : field == (size_t)__builtin_ctzll(relation->fields) ? parent
                                                                    : (struct str){0};
    return str_eq(r->fields[field].id, born_id) ? born : new_value(d, r, field, true, arena);
}

struct parenthood {
    struct demo *demo;
    struct mandate mandate;
    struct told told;
};

static bool give_parent(struct db *db, void *arg, struct err *err)
{
    struct parenthood *p = arg;
    struct mandate *m = &p->mandate;
    if (!mandate_give(p->demo->in->people, db, m, m->from, err))
        return false;
    p->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .actor = TOLD_REGISTER,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .outcome = STR("given"),
                            .reason = m->registry};
    return true;
}

static bool child_records(struct demo *d, const struct registry *r, const struct relation *relation,
                          struct str parent, const struct person *child, int32_t born, struct arena *arena,
                          struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    struct date date = date_of_days(born);
    const struct registry *both[] = {&j->registries[0], r};
    struct gate_load loads[2];
    size_t n = r == &j->registries[0] ? 1 : 2;
    struct str text = str_of(arena_printf(arena, "%04d-%02d-%02d", date.year, date.month, date.day));
    for (size_t i = 0; i < n; i++) {
        const struct registry *of = both[2 - n + i];
        struct str *values = arena_array(arena, struct str, of->fields_n);
        for (size_t f = 0; f < of->fields_n; f++)
            values[f] = child_value(d, of, f, relation, parent, text, r->fields[relation->born].id, arena);
        loads[i] = (struct gate_load){.registry = of, .record = STR("1"), .values = values};
        memcpy(loads[i].pid, child->pid, PID_SIZE);
    }
    return gate_load(d->in->gate, d->in->db, loads, n, err);
}

/* Where a register says who a child's parents are: one child of the first person, and the mandate for it. */
static bool add_child(struct demo *d, const struct people_new_person *parent, struct arena *arena,
                      struct err *err)
{
    const struct jurisdiction *j = d->in->jurisdiction;
    const struct registry *r;
    const struct relation *relation = jurisdiction_relation(j, STR("parent"), &r);
    const struct number_scheme *scheme = number_scheme_find(j->person_scheme);
    int32_t born = local_today(j) - CHILD_DAYS;
    char number[32];
    struct person child;
    uint64_t position;
    if (relation == NULL || j->majority == 0)
        return true;
    new_number(d, scheme, number);
    if (!people_register(d->in->people, d->in->db, str_of(scheme->id), str_of(number), &child, err) ||
        !child_records(d, r, relation, parent->number, &child, born, arena, err))
        return false;
    struct parenthood p = {.demo = d,
                           .mandate = {.capacity = CAPACITY_PARENT,
                                       .source = SOURCE_REGISTRY,
                                       .ground = r->id,
                                       .registry = r->id,
                                       .actor = {.kind = CALLER_PERSON},
                                       .subject = child,
                                       .scope = STR("*"),
                                       .born = born,
                                       .from = clock_now()}};
    memcpy(p.mandate.actor.person.pid, parent->pid, PID_SIZE);
    if (!told_tx(d->in->gate, d->in->db, j, give_parent, &p, &p.told, &position, err))
        return false;
    printf("Demo child (%s): %s, of %.*s\n", scheme->id, number, STR_ARG(parent->number));
    return true;
}

static bool fill(struct demo *d, uint64_t people, demo_added_fn *added, void *arg, struct err *err)
{
    const struct number_scheme *scheme = number_scheme_find(d->in->jurisdiction->person_scheme);
    if (scheme == NULL)
        return err_set(err, ERR_INVALID, "jurisdiction.yaml",
                       "the number scheme '%.*s' is not one that this program knows",
                       STR_ARG(d->in->jurisdiction->person_scheme));
    d->cap = people * 2 + 8; /* organisations and a child besides */
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
        ok = load_chunk(d, persons, n, done == 0, &arena, err) &&
             (done != 0 || add_officials(d, persons, MIN_OF(n, (size_t)OFFICIALS_CASES), err));
        if (ok)
            added(arg, persons, n, done);
        ok = ok && (done != 0 || (add_organisations(d, persons, &arena, err) &&
                                  (d->kept == NULL || add_child(d, persons, &arena, err))));
        done += n;
        arena_reset(&arena);
        if (ok)
            say_progress("people", done, people);
    }
    arena_done(&arena);
    free(d->taken);
    return ok;
}

static bool is_empty(struct instance *in, struct err *err)
{
    uint64_t have;
    return people_count(in->db, &have, err) &&
           (have == 0 ||
            err_set(err, ERR_CONFLICT, in->folder, "has people already; a demo is made in a new instance"));
}

bool demo_fill(struct instance *in, uint64_t people, demo_added_fn *added, void *arg, struct err *err)
{
    struct demo d = {.in = in, .state = UINT64_C(0x41494E41)};
    db_import(in->db);
    return is_empty(in, err) && fill(&d, people, added, arg, err);
}

/* People, and cases of the first thousand. */
static bool fill_with_cases(struct instance *in, uint64_t people, demo_added_fn *added, void *arg,
                            struct err *err)
{
    struct kept kept = {0};
    struct demo d = {.in = in, .kept = &kept, .state = UINT64_C(0x41494E41)},
                cases = {.state = UINT64_C(0x43415345)};
    arena_init(&kept.arena, (size_t)1 << 20, (size_t)1 << 30);
    kept.list = arena_array(&kept.arena, struct demo_known, CHUNK);
    db_import(in->db);
    bool ok = is_empty(in, err) && fill(&d, people, added, arg, err) &&
              demo_cases_make(in, kept.list, kept.n, people, draw_for, &cases, err);
    arena_done(&kept.arena);
    return ok;
}

/* --- true looks at the first person --- */

static const char *case_of(const struct demo_look *look, struct arena *arena)
{
    if (look->case_of == DEMO_CASE_NONE || !look->purpose->needs_case)
        return "";
    return arena_printf(arena, "%.40s-%d", str_c(arena, look->purpose->id),
                        look->case_of == DEMO_CASE_OTHER ? 2 : 1);
}

static bool make_look(struct instance *in, const struct demo_look *look, const uint8_t pid[PID_SIZE],
                      struct err *err)
{
    struct arena *arena = &in->arena;
    const char *code =
        arena_printf(arena, "%.*s-%.*s-01", STR_ARG(look->office->agency->id), STR_ARG(look->office->id));
    char levels[LEVELS_TEXT_SIZE];
    levels_demo_text(in->jurisdiction->demo.level, levels);
    struct gate_request request = {
        .office = look->office,
        .actor = str_of(code),
        .capacity = STR("official"),
        .mandate = STR(""),
        .levels = str_of(levels),
        .purpose = look->purpose->id,
        .registry = look->registry->id,
        .case_no = str_of(case_of(look, arena)),
        .order = STR(""),
        .break_glass = look->emergency.n != 0,
        .reason = look->emergency,
        .pid = pid,
    };
    struct gate_answer answer;
    return gate_look(in->gate, in->db, &request, arena, &answer, err) &&
           ledger_wait(in->ledger, answer.position, err);
}

/* What the plan says, for the first person: admitted and refused, as the gate decides. */
static bool make_looks(struct instance *in, const uint8_t pid[PID_SIZE], struct err *err)
{
    const struct demo_plan *plan = &in->jurisdiction->demo;
    for (size_t i = 0; i < plan->looks_n; i++)
        if (!make_look(in, &plan->looks[i], pid, err))
            return false;
    return true;
}

/* --- the command --- */

/* Keeps the first ones and tells of them, for who tries it out. */
static void take_first(void *arg, const struct people_new_person *persons, size_t n, uint64_t before)
{
    struct demo_mark *mark = arg;
    if (before != 0)
        return;
    printf("Demo people (%.*s):", STR_ARG(persons[0].scheme));
    for (size_t i = 0; i < MIN_OF(n, (size_t)DEMO_PERSONS); i++) {
        memcpy(mark->pid[mark->n++], persons[i].pid, PID_SIZE);
        printf(" %.*s", STR_ARG(persons[i].number));
    }
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
    struct demo_mark mark = {0};
    if (!instance_open(&in, args->argv[0], true, &err))
        return cli_fail(&err);
    struct demo records = {.state = UINT64_C(0x4F464652)};
    bool ok = fill_with_cases(&in, people, take_first, &mark, &err) && make_looks(&in, mark.pid[0], &err) &&
              demo_offers_make(&in, &mark, draw_for, &records, &err) &&
              demo_mark_write(in.db, in.state, &mark, &err);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
