/* SPDX-License-Identifier: Apache-2.0 */
/* enrol.c: what the operator does for people: a first code, the first officials, mandates that rest on a
 * register or a court's act. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "people/factor.h"
#include "people/mandate.h"
#include "people/number.h"
#include "people/office.h"
#include "people/told.h"

/* Holds an office of the agency already, or gets this one from today on: `*ret_new`. */
static bool find_official(struct instance *in, struct str code, const char *agency_id, const char *office_id,
                          struct official *ret_official, bool *ret_new, struct err *err)
{
    int32_t today = local_today(in->jurisdiction);
    *ret_new = agency_id != NULL;
    if (!staff_code_valid(code))
        return err_set(err, ERR_USAGE, "CODE", "has 3 to %d letters, digits and hyphens, a letter first",
                       STAFF_CODE_MAX);
    if (!*ret_new)
        return people_official(in->db, code, today, &in->arena, ret_official, err);
    const struct agency *agency = jurisdiction_agency(in->jurisdiction, str_of(agency_id));
    const struct office *office = agency ? jurisdiction_office(agency, str_of(office_id)) : NULL;
    if (office == NULL)
        return err_set(err, ERR_USAGE, "--office", "the jurisdiction folder has no such agency and office");
    *ret_official =
        (struct official){.staff_code = code, .agency = agency->id, .office = office->id, .from = today};
    return true;
}

/* Beside a server the entry waits in the outbox for it. */
static bool settled(struct instance *in, uint64_t position, struct err *err)
{
    return position == 0 || in->gate_config.beside || ledger_wait(in->ledger, position, err);
}

struct issuing {
    struct instance *in;
    const struct account *account;
    enum code_kind kind;
    struct official official;
    bool new_office; /* of the official */
    char code[1][CODE_SIZE];
    struct told told;
};

static bool issue(struct db *db, void *arg, struct err *err)
{
    struct issuing *i = arg;
    bool letter = i->kind == CODE_LETTER;
    if (i->new_office && !people_official_add(db, &i->official, err))
        return false;
    if (!code_issue(i->in->people, db, i->account, i->kind, letter ? 1 : 3, clock_now(), i->code, err))
        return false;
    i->told = (struct told){.kind = KIND_LOG_IN,
                            .person = i->account->person,
                            .actor = TOLD_OPERATOR,
                            .capacity = TOLD_OPERATOR,
                            .outcome = letter ? STR("letter-issued") : STR("code-issued")};
    if (i->account->kind == CALLER_OFFICIAL) {
        i->told.staff_code = i->account->staff_code;
        i->told.agency = jurisdiction_agency(i->in->jurisdiction, i->official.agency);
    }
    if (i->new_office) {
        i->told.kind = KIND_OFFICE;
        i->told.outcome = STR("given");
        i->told.reason = office_terms(&i->official, STR(""), &i->in->arena);
    }
    return true;
}

int command_enrol(struct args *args)
{
    static const char usage[] =
        "enrol DIR person NUMBER [--letter] | enrol DIR official CODE [--agency ID --office ID]";
    bool letter = args_flag(args, "--letter");
    const char *agency = args_value(args, "--agency"), *office = args_value(args, "--office");
    if (!args_are(args, 3, 3, usage))
        return EXIT_USAGE;
    bool official = strcmp(args->argv[1], "official") == 0;
    if ((!official && strcmp(args->argv[1], "person") != 0) || (agency == NULL) != (office == NULL)) {
        fprintf(stderr, "aina: usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    struct instance in;
    struct err err;
    struct account account = {.kind = official ? CALLER_OFFICIAL : CALLER_PERSON,
                              .staff_code = official ? str_of(args->argv[2]) : (struct str){0}};
    enum code_kind kind = official ? CODE_OFFICIAL : letter ? CODE_LETTER : CODE_COUNTER;
    if (!instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    struct issuing i = {.in = &in, .account = &account, .kind = kind};
    bool ok = official
                  ? find_official(&in, account.staff_code, agency, office, &i.official, &i.new_office, &err)
                  : cli_person(&in, args->argv[2], false, "number", &account.person, &err);
    uint64_t position;
    ok = ok && told_tx(in.gate, in.db, in.jurisdiction, issue, &i, &i.told, &position, &err) &&
         settled(&in, position, &err);
    if (ok)
        puts(i.code[0]);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}

/* --- mandates that rest on a register or an act --- */

static const struct {
    const char *name;
    enum capacity capacity;
    enum mandate_source source;
} kinds[] = {
    {"parent", CAPACITY_PARENT, SOURCE_REGISTRY},      {"guardian", CAPACITY_GUARDIAN, SOURCE_COURT},
    {"court-appointed", CAPACITY_COURT, SOURCE_COURT}, {"head", CAPACITY_HEAD, SOURCE_REGISTRY},
    {"employee", CAPACITY_EMPLOYEE, SOURCE_REGISTRY},
};

static bool day_of(const char *text, const char *name, struct date *ret_date, struct err *err)
{
    return date_parse(str_of(text), ret_date) ||
           err_set(err, ERR_USAGE, name, "takes a day as in 2027-06-30");
}

static bool fill(struct instance *in, struct args *args, const char *born, const char *until,
                 struct mandate *m, struct err *err)
{
    struct date date;
    m->actor.kind = CALLER_PERSON;
    bool organisation = m->capacity == CAPACITY_HEAD || m->capacity == CAPACITY_EMPLOYEE;
    if (!cli_person(in, args->argv[2], false, "number", &m->actor.person, err) ||
        !cli_person(in, args->argv[3], organisation, "number", &m->subject, err))
        return false;
    if (born != NULL) {
        if (!day_of(born, "--born", &date, err))
            return false;
        m->born = date_days(date);
    }
    if (until != NULL) {
        if (!day_of(until, "--until", &date, err))
            return false;
        m->until = local_midnight(in->jurisdiction, date_days(date) + 1);
    }
    return true;
}

/* Where the folder names a register for this capacity, the register says so, or there is no such mandate. */
static bool ask_register(struct instance *in, const char *ground, struct mandate *m, struct err *err)
{
    const struct registry *registry;
    int32_t born;
    bool says;
    if (m->source != SOURCE_REGISTRY ||
        jurisdiction_relation(in->jurisdiction, str_of(capacity_facts[m->capacity].code), &registry) == NULL)
        return ground != NULL || err_set(err, ERR_USAGE, "--ground", "names the record or the act");
    if (!mandate_register_says(in->people, in->db, registry, m->capacity, &m->actor, &m->subject, &in->arena,
                               &says, &born, err))
        return false;
    if (!says)
        return err_set(err, ERR_NOT_ALLOWED, "register",
                       "'%.*s' does not name ACTOR in the record of SUBJECT; have the record put right "
                       "first (aina record)",
                       STR_ARG(registry->id));
    m->registry = registry->id;
    m->ground = ground != NULL ? str_of(ground) : registry->id;
    m->born = born;
    return true;
}

/* The person is told who entered it: the operator, by command. */
struct entering {
    struct instance *in;
    struct mandate *mandate;
    struct told told;
};

static bool enter(struct db *db, void *arg, struct err *err)
{
    struct entering *e = arg;
    struct mandate *m = e->mandate;
    if (!mandate_give(e->in->people, db, m, m->from, err))
        return false;
    e->told = (struct told){.kind = KIND_MANDATE,
                            .person = m->subject,
                            .actor = TOLD_OPERATOR,
                            .capacity = str_of(capacity_facts[m->capacity].code),
                            .mandate = str_of(m->id),
                            .outcome = STR("given"),
                            .reason = m->ground};
    return true;
}

int command_mandate(struct args *args)
{
    static const char usage[] =
        "mandate DIR CAPACITY ACTOR SUBJECT [--ground TEXT] [--born DATE] [--until DATE] "
        "[--scope IDS]";
    const char *ground = args_value(args, "--ground"), *born = args_value(args, "--born");
    const char *until = args_value(args, "--until"), *scope = args_value(args, "--scope");
    struct instance in;
    struct err err;
    size_t k = 0;
    if (!args_are(args, 4, 4, usage))
        return EXIT_USAGE;
    while (k < ARRAY_LEN(kinds) && strcmp(kinds[k].name, args->argv[1]) != 0)
        k++;
    if (k == ARRAY_LEN(kinds)) {
        fprintf(stderr,
                "aina: CAPACITY is parent, guardian, court-appointed, head or employee; usage: aina %s\n",
                usage);
        return EXIT_USAGE;
    }
    struct mandate m = {.capacity = kinds[k].capacity,
                        .source = kinds[k].source,
                        .ground = ground ? str_of(ground) : (struct str){0},
                        .scope = str_of(scope ? scope : "*"),
                        .from = clock_now()};
    if ((ground != NULL && !cli_line("--ground", ground, &err)) ||
        !instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    struct entering e = {&in, &m, {0}};
    uint64_t position;
    bool ok = fill(&in, args, born, until, &m, &err) && ask_register(&in, ground, &m, &err) &&
              told_tx(in.gate, in.db, in.jurisdiction, enter, &e, &e.told, &position, &err) &&
              settled(&in, position, &err);
    if (ok)
        puts(m.id);
    instance_close(&in);
    return ok ? EXIT_DONE : cli_fail(&err);
}
