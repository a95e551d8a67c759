/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of the officials' pages: files cases as people would, so many days ago.
 *
 *     case_driver PLACE SERVICE NUMBER DAYS-AGO[,DAYS-AGO...] [FIELD=VALUE | FIELD=registry:VALUE]...
 *
 * NUMBER is a registered person's, or "new" for somebody registered for it. Prints
 * the numbers of the cases.
 * Works beside a running server, which then puts the entry into the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/instance.h"
#include "crypto/keys.h"

static int fail(const struct err *err)
{
    fprintf(stderr, "%s: %s\n", err->place, err->text);
    return 1;
}

static bool read_answer(const struct service *s, const char *text, struct answer *answers)
{
    const char *is = strchr(text, '=');
    if (is == NULL)
        return false;
    size_t f = service_field(s, (struct str){text, (size_t)(is - text)});
    if (f == NONE)
        return false;
    struct str value = str_of(is + 1);
    bool registry = str_starts(value, STR("registry:"));
    answers[f] = (struct answer){true, registry, registry ? str_from(value, strlen("registry:")) : value};
    return true;
}

static bool somebody(struct instance *in, struct person *ret_person, struct err *err)
{
    uint8_t random[6];
    char number[13];
    random_bytes(random, sizeof random);
    for (int i = 0; i < 12; i++)
        number[i] = (char)('0' + (random[i / 2] >> (i % 2 * 4)) % 10);
    number[12] = '\0';
    return people_register(in->people, in->db, in->jurisdiction->person_scheme, str_of(number), ret_person,
                           err);
}

/* By the first way that the service has. */
static bool file_one(struct instance *in, const struct service *s, const struct person *person,
                     const struct answer *answers, int64_t now, struct err *err)
{
    char number[CASE_NO_SIZE];
    uint64_t position;
    unsigned channel = 0;
    for (size_t a = 0; a < s->actions_n; a++)
        if (s->actions[a].does == DOES_FILE && (s->actions[a].needs & NEEDS_SIGNATURE) != 0)
            channel = BY_COUNTER; /* where the application is signed by hand */
    while (channel < CHANNELS_N && (s->channels >> channel & 1) == 0)
        channel++;
    if (!case_file(in->cases, in->db, s, person->pid, (enum channel)channel, answers, now, STR("test"),
                   &in->arena, number, &position, err))
        return false;
    printf("%s\n", number);
    return true;
}

int __wrap_main(int argc, char **argv); /* the linker puts it in the place of main */

int __wrap_main(int argc, char **argv)
{
    struct instance in;
    struct person person;
    struct err err;
    bool found;
    if (argc < 5)
        return 2;
    keys_start();
    if (!instance_open_any(&in, argv[1], &err))
        return fail(&err);
    const struct service *s = jurisdiction_service(in.jurisdiction, str_of(argv[2]));
    if (s == NULL)
        return 2;
    struct answer *answers = arena_array(&in.arena, struct answer, s->fields_n + 1);
    for (int i = 5; i < argc; i++)
        if (!read_answer(s, argv[i], answers))
            return 2;
    bool ok = true, stranger = strcmp(argv[3], "new") == 0;
    if (!stranger)
        ok = people_find(in.people, in.db, in.jurisdiction->person_scheme, str_of(argv[3]), &found, &person,
                         &err);
    if (ok && !stranger && !found)
        return 2;
    struct str days = str_of(argv[4]), ago;
    while (ok && str_next(&days, ',', &ago)) {
        uint64_t n = 0;
        ok = text_u64(ago, &n) && (!stranger || somebody(&in, &person, &err)) &&
             file_one(&in, s, &person, answers, clock_now() - (int64_t)n * CLOCK_DAY, &err);
    }
    instance_close(&in);
    return ok ? 0 : fail(&err);
}
