/* SPDX-License-Identifier: Apache-2.0 */
/* erase.c: aina erase, on an order: an entry's text, or a person's records in a registry. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "case/attachment.h"
#include "case/lists.h"
#include "cli/cli.h"
#include "cli/instance.h"
#include "gate/acts.h"
#include "people/number.h"

struct order {
    const char *person, *entry, *registry, *article, *by;
    uint64_t leaf;
    bool files;
};

bool cli_person(struct instance *in, const char *number, bool organisation, const char *place,
                struct person *ret_person, struct err *err)
{
    struct str id = organisation ? in->jurisdiction->organisation_scheme : in->jurisdiction->person_scheme;
    const struct number_scheme *scheme = number_scheme_find(id);
    char normal[32];
    bool found;
    if (scheme == NULL || !number_normalise(str_of(number), normal) ||
        scheme->check(str_of(normal), false) != NUMBER_OK)
        return err_set(err, ERR_INVALID, place, "is not a valid %s; check it for a slip of the finger",
                       scheme ? scheme->what : "number: its scheme is not known to this program");
    return people_find(in->people, in->db, id, str_of(normal), &found, ret_person, err) &&
           (found || err_set(err, ERR_NOT_FOUND, place, "%s has this number",
                             organisation ? "no organisation" : "no person"));
}

static bool find_office(struct instance *in, const char *code, const struct office **ret_office,
                        struct err *err)
{
    struct official official;
    if (!people_official(in->db, str_of(code), local_today(in->jurisdiction), &in->arena, &official, err))
        return err_at(err, "--by");
    const struct agency *agency = jurisdiction_agency(in->jurisdiction, official.agency);
    *ret_office = agency ? jurisdiction_office(agency, official.office) : NULL;
    return *ret_office != NULL || err_set(err, ERR_NOT_ALLOWED, "--by",
                                          "holds an office that is not in the jurisdiction folder any more");
}

/* Records of a registry are not what a person filed: the cases stay with their journal, by the archives' law.
 */
static bool say_cases(struct instance *in, const struct person *person, struct err *err)
{
    struct case_mine *list;
    size_t n;
    if (!case_of_person(in->cases, in->db, person->pid, &in->arena, &list, &n, err))
        return false;
    if (n != 0)
        printf(
            "The person has %zu case%s: what was filed in them and decided on it stays, sealed; a registry's "
            "or an entry's erasure does not reach it.\n",
            n, n == 1 ? "" : "s");
    return true;
}

/* The entry first, durable; then the files. */
static bool erase_files(struct instance *in, const struct order *o, const struct person *person,
                        const struct office *office, struct err *err)
{
    must(office != NULL);
    const struct gate_act act = {.kind = gate_kind_code(KIND_RECORD_ERASURE),
                                 .holder = office->agency,
                                 .pid = person->pid,
                                 .office = office,
                                 .actor = str_of(o->by),
                                 .capacity = STR("official"),
                                 .basis = str_of(o->article),
                                 .outcome = STR("erased"),
                                 .reason = STR("files given with forms")};
    char id[ACT_ID_SIZE];
    uint64_t position, n;
    if (!gate_act_prepare(in->gate, in->db, &act, id, err) ||
        !gate_act_deliver(in->gate, in->db, id, &position, err) ||
        (!in->gate_config.beside && !ledger_wait(in->ledger, position, err)) ||
        !attachments_erase(in->beside, in->db, person->pid, &n, err))
        return false;
    printf("%llu files.\n", (unsigned long long)n);
    return true;
}

static bool run(struct instance *in, const struct order *o, struct err *err)
{
    struct person person;
    const struct office *office;
    if (!cli_person(in, o->person, false, "--person", &person, err) || !find_office(in, o->by, &office, err))
        return false;
    const struct registry *registry =
        o->registry ? jurisdiction_registry(in->jurisdiction, str_of(o->registry)) : NULL;
    if (o->registry != NULL && registry == NULL)
        return err_set(err, ERR_NOT_FOUND, "--registry", "there is no registry '%s'", o->registry);
    bool erased = o->entry != NULL ? gate_erase_entry(in->gate, in->db, person.pid, o->leaf,
                                                      str_of(o->article), office, str_of(o->by), err)
                  : o->files       ? erase_files(in, o, &person, office, err)
                             : gate_erase_records(in->gate, in->db, person.pid, registry, str_of(o->article),
                                                  office, str_of(o->by), err);
    return erased && say_cases(in, &person, err);
}

int command_erase(struct args *args)
{
    static const char usage[] =
        "erase DIR --person NUMBER (--entry N | --registry ID | --files) --article TEXT --by CODE";
    struct order o = {.person = args_value(args, "--person"),
                      .entry = args_value(args, "--entry"),
                      .registry = args_value(args, "--registry"),
                      .article = args_value(args, "--article"),
                      .by = args_value(args, "--by"),
                      .files = args_flag(args, "--files")};
    struct instance in;
    struct err err;
    if (!args_are(args, 1, 1, usage))
        return EXIT_USAGE;
    if (o.person == NULL || o.article == NULL || o.by == NULL ||
        (o.entry != NULL) + (o.registry != NULL) + o.files != 1) {
        fprintf(stderr,
                "aina: --person, --article, --by and one of --entry, --registry and --files are needed; "
                "usage: aina %s\n",
                usage);
        return EXIT_USAGE;
    }
    if (o.entry != NULL && !text_u64(str_of(o.entry), &o.leaf)) {
        fprintf(stderr, "aina: --entry takes the number of an entry; usage: aina %s\n", usage);
        return EXIT_USAGE;
    }
    if (!cli_line("--article", o.article, &err) || !instance_open_any(&in, args->argv[0], &err))
        return cli_fail(&err);
    bool ok = run(&in, &o, &err);
    instance_close(&in);
    if (!ok)
        return cli_fail(&err);
    printf("%s erased; an entry in the person's list says by which article and by whom. Backups made before "
           "still "
           "hold it.\n",
           o.entry != NULL ? "The entry's text is"
           : o.files       ? "The files are"
                           : "The records are");
    return EXIT_DONE;
}
