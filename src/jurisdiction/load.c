/* SPDX-License-Identifier: Apache-2.0 */
/* load.c: the folder's files to structures, in four passes: jurisdiction.yaml, agencies (without their
 * offices' purposes), purposes, then registries and the offices' purposes, which refer to the former. Then
 * the checks across files. */
#include <stdlib.h>

#include "base/clock.h"
#include "jurisdiction/demo_private.h"
#include "jurisdiction/read_private.h"
#include "jurisdiction/service_private.h"
#include "jurisdiction/trust_private.h"

/* --- jurisdiction.yaml --- */

/* East of Greenwich is above zero. */
static int read_offset(struct loader *l, const struct yaml *map)
{
    return (int)yaml_signed(&l->r, map, "utc-offset-minutes", -12 * 60, 14 * 60);
}

/* {at: "2026-03-29 01:00", utc-offset-minutes: 240}: the moment is UTC's. */
static void read_clock_changes(struct loader *l, const struct yaml *calendar)
{
    const struct yaml *list = list_of(l, calendar, "clock-changes", false);
    size_t n = list != NULL ? list->n : 0;
    l->j->clock_changes = arena_array(l->r.arena, struct clock_change, n + 1);
    if (n > CLOCK_CHANGES_MAX)
        found(&l->r, FINDING_ERROR, list, "Take the oldest out.", "more than %d changes of the clock",
              CLOCK_CHANGES_MAX);
    for (size_t i = 0; i < n && n <= CLOCK_CHANGES_MAX; i++) {
        struct clock_change *change = &l->j->clock_changes[i];
        const struct yaml *one = list->member[i];
        yaml_known(&l->r, one, KNOWN("at", "utc-offset-minutes"));
        struct str at = yaml_text(&l->r, one, "at", true);
        char iso[] = "0000-00-00T00:00:00Z";
        if (at.n == 16) {
            memcpy(iso, at.p, 10);
            memcpy(iso + 11, at.p + 11, 5);
        }
        if (at.n != 16 || at.p[10] != ' ' || !time_parse(str_of(iso), &change->at))
            found(&l->r, FINDING_ERROR, one, "Write the moment by UTC, such as \"2026-03-29 01:00\".",
                  "no moment at which the clocks are moved");
        else if (i != 0 && change->at <= change[-1].at)
            found(&l->r, FINDING_ERROR, one, "Put them in order, each moment once.",
                  "the clocks are moved earlier than the change before");
        change->utc_offset_minutes = read_offset(l, one);
        l->j->clock_changes_n = i + 1;
    }
}

static void read_calendar(struct loader *l, const struct yaml *root)
{
    static const char *const days[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};
    const struct yaml *calendar = yaml_get(&l->r, root, "calendar", YAML_MAP, true);
    yaml_known(&l->r, calendar,
               KNOWN("utc-offset-minutes", "clock-changes", "weekend", "holidays", "working-weekends"));
    l->j->utc_offset_minutes = read_offset(l, calendar);
    read_clock_changes(l, calendar);
    const struct yaml *weekend = list_of(l, calendar, "weekend", true);
    for (size_t i = 0; i < weekend->n; i++) {
        size_t day = 0;
        while (day < 7 && !str_is(weekend->member[i]->text, days[day]))
            day++;
        if (day == 7)
            found(&l->r, FINDING_ERROR, weekend->member[i], "Write monday to sunday.",
                  "not a day of the week");
        else
            l->j->weekend |= 1u << day;
    }
    if (l->j->weekend == 0x7F)
        found(&l->r, FINDING_ERROR, weekend, "Leave at least one working day.", "every day is a day of rest");
    read_holidays(l, calendar, CALENDAR_DECREED);
}

static void read_languages(struct loader *l, const struct yaml *root)
{
    struct jurisdiction *j = l->j;
    const struct yaml *languages = yaml_get(&l->r, root, "languages", YAML_MAP, true);
    for (size_t i = 0; languages != NULL && i < languages->n; i++) {
        if (i == JURISDICTION_LANGUAGES_MAX) {
            found(&l->r, FINDING_ERROR, languages->key[i], "Take some out.", "more than %d languages",
                  JURISDICTION_LANGUAGES_MAX);
            break;
        }
        if (!text_is_id(languages->key[i]->text) || languages->member[i]->text.n == 0)
            found(&l->r, FINDING_ERROR, languages->member[i],
                  "Write the code and the language's own name, such as en: English.",
                  "'%.*s' is not a language with its name", STR_ARG(languages->key[i]->text));
        j->languages[i] = languages->key[i]->text;
        j->language_names.in[i] = languages->member[i]->text;
        j->languages_n = i + 1;
    }
    if (languages != NULL && languages->n == 0)
        found(&l->r, FINDING_ERROR, languages, "Write at least one, such as en: English.",
              "there is no language");
}

/* It becomes a Location header: an address of plain characters. */
static void read_quick_exit(struct loader *l, const struct yaml *root)
{
    struct str to = yaml_text(&l->r, root, "quick-exit", false);
    bool fine = to.n == 0 || (to.n < 200 && str_starts(to, STR("https://")));
    for (size_t i = 0; i < to.n; i++)
        fine &= (unsigned char)to.p[i] > 0x20 && (unsigned char)to.p[i] < 0x7f;
    if (!fine)
        found(&l->r, FINDING_ERROR, yaml_place(root, "quick-exit"),
              "Give the address of a neutral page: https://...", "'quick-exit' is not such an address");
    l->j->quick_exit = to;
}

static void read_ages(struct loader *l, const struct yaml *root)
{
    const struct yaml *ages = yaml_get(&l->r, root, "ages", YAML_MAP, false);
    if (ages == NULL)
        return;
    yaml_known(&l->r, ages, KNOWN("majority", "own-account"));
    l->j->majority = (unsigned)yaml_number(&l->r, ages, "majority", 0, 25);
    l->j->own_account = (unsigned)yaml_number(&l->r, ages, "own-account", l->j->majority, 25);
    if (l->j->majority == 0 || l->j->own_account > l->j->majority)
        found(&l->r, FINDING_ERROR, ages, "Write majority: 18, and an own-account that is not above it.",
              "the ages do not fit together");
}

static void read_retention(struct loader *l, const struct yaml *root)
{
    const struct yaml *retention = yaml_get(&l->r, root, "retention", YAML_MAP, false);
    if (retention == NULL)
        return;
    yaml_known(&l->r, retention, KNOWN("entries"));
    l->j->entries_years = (unsigned)yaml_number(&l->r, retention, "entries", 0, 15);
    if (l->j->entries_years == 0)
        found(&l->r, FINDING_ERROR, retention, "Write entries: 5, or leave 'retention' out.",
              "'entries' must say how many years (1 to 15) entries about looks are kept");
}

static void read_unscanned(struct loader *l, const struct yaml *root)
{
    struct str may = yaml_text(&l->r, root, "unscanned-files", false);
    l->j->files_wait = str_is(may, "wait");
    if (may.n != 0 && !l->j->files_wait && !str_is(may, "tell"))
        found(
            &l->r, FINDING_ERROR, yaml_place(root, "unscanned-files"),
            "Write tell (an office opens such a file and is told so) or wait (it stays shut until scanned).",
            "'unscanned-files' is neither tell nor wait");
}

static void read_money(struct loader *l, const struct yaml *root)
{
    struct str money = yaml_text(&l->r, root, "money", true);
    bool code = money.n == 3;
    for (size_t i = 0; i < money.n; i++)
        code &= money.p[i] >= 'A' && money.p[i] <= 'Z';
    if (money.n != 0 && !code)
        found(&l->r, FINDING_ERROR, yaml_place(root, "money"),
              "Write its three capital letters (ISO 4217), such as EUR.",
              "'%.*s' is not the code of a currency", STR_ARG(money));
    l->j->money = money;
}

static void read_jurisdiction(struct loader *l, const struct yaml *root)
{
    struct jurisdiction *j = l->j;
    yaml_known(&l->r, root,
               KNOWN("id", "name", "languages", "numbers", "calendar", "money", "review-days", "quick-exit",
                     "ages", "mandates", "unscanned-files", "retention"));
    read_languages(l, root);
    j->id = read_id(l, root, "id");
    j->name = read_texts(l, root, "name", true);
    const struct yaml *numbers = yaml_get(&l->r, root, "numbers", YAML_MAP, true);
    yaml_known(&l->r, numbers, KNOWN("person", "person-name", "organisation"));
    j->person_scheme = yaml_text(&l->r, numbers, "person", true);
    j->person_number_name = read_texts(l, numbers, "person-name", true);
    j->organisation_scheme = yaml_text(&l->r, numbers, "organisation", false);
    read_calendar(l, root);
    read_money(l, root);
    j->review_days = (unsigned)yaml_number(&l->r, root, "review-days", 3, 60);
    read_quick_exit(l, root);
    read_ages(l, root);
    read_retention(l, root);
    read_unscanned(l, root);
    l->j->mandates = yaml_text(&l->r, root, "mandates", false);
}

/* --- agencies --- */

static void read_agency(struct loader *l, const struct yaml *root)
{
    struct agency *agency = &l->j->agencies[l->j->agencies_n];
    l->agency_path[l->j->agencies_n] = l->r.file;
    l->agency_yaml[l->j->agencies_n] = root;
    yaml_known(&l->r, root, KNOWN("id", "name", "sector", "offices"));
    struct str id = read_id(l, root, "id");
    if (jurisdiction_agency(l->j, id) != NULL)
        found(&l->r, FINDING_ERROR, root, "Rename one.", "agency '%.*s' stands twice", STR_ARG(id));
    agency->id = id;
    l->j->agencies_n++;
    agency->name = read_texts(l, root, "name", true);
    agency->sector = yaml_text(&l->r, root, "sector", false);
    if (agency->sector.n == 0)
        agency->sector = agency->id;
    const struct yaml *offices = list_of(l, root, "offices", true);
    agency->offices = arena_array(&l->j->arena, struct office, offices->n + 1);
    for (size_t i = 0; i < offices->n; i++) {
        const struct yaml *map = offices->member[i];
        yaml_known(&l->r, map,
                   KNOWN("id", "name", "purposes", "quota", "reviewer", "administrator", "counter", "leads"));
        struct office *office = &agency->offices[agency->offices_n];
        *office = (struct office){
            .id = read_id(l, map, "id"),
            .name = read_texts(l, map, "name", true),
            .agency = agency,
            .quota = (unsigned)yaml_number(&l->r, map, "quota", 50, 100000),
            .reviewer = yaml_yes(&l->r, map, "reviewer"),
            .administrator = yaml_yes(&l->r, map, "administrator"),
            .counter = yaml_yes(&l->r, map, "counter"),
        };
        if (jurisdiction_office(agency, office->id) != NULL)
            found(&l->r, FINDING_ERROR, map, "Rename one.", "office '%.*s' stands twice",
                  STR_ARG(office->id));
        agency->offices_n++;
    }
}

static void read_office_leads(struct loader *l, struct agency *agency, struct office *office,
                              const struct yaml *list)
{
    office->leads = arena_array(&l->j->arena, const struct office *, list->n + 1);
    for (size_t k = 0; k < list->n; k++) {
        const struct office *led = jurisdiction_office(agency, list->member[k]->text);
        if (led == NULL || led == office)
            found(&l->r, FINDING_ERROR, list->member[k], "Name another office of this agency.",
                  "an office cannot lead '%.*s'", STR_ARG(list->member[k]->text));
        else if (office_leads(office, led))
            found(&l->r, FINDING_ERROR, list->member[k], "Keep one.", "the office stands twice");
        else
            office->leads[office->leads_n++] = led;
    }
}

static void read_office_purposes(struct loader *l, size_t index)
{
    struct agency *agency = &l->j->agencies[index];
    const struct yaml *offices = list_of(l, l->agency_yaml[index], "offices", false);
    for (size_t i = 0; i < offices->n && i < agency->offices_n; i++) {
        const struct yaml *list = list_of(l, offices->member[i], "purposes", false);
        struct office *office = &agency->offices[i];
        read_office_leads(l, agency, office, list_of(l, offices->member[i], "leads", false));
        office->purposes = arena_array(&l->j->arena, const struct purpose *, list->n + 1);
        for (size_t k = 0; k < list->n; k++) {
            const struct purpose *purpose = jurisdiction_purpose(l->j, list->member[k]->text);
            if (purpose == NULL)
                found(&l->r, FINDING_ERROR, list->member[k], "Add it to purposes.yaml, or mend the id.",
                      "unknown purpose '%.*s'", STR_ARG(list->member[k]->text));
            else if (office_may(office, purpose))
                found(&l->r, FINDING_ERROR, list->member[k], "Keep one.", "the purpose stands twice");
            else
                office->purposes[office->purposes_n++] = purpose;
        }
    }
}

/* --- places, names, texts --- */

static void read_places(struct loader *l, const struct yaml *root)
{
    yaml_known(&l->r, root, KNOWN("places", "note"));
    const struct yaml *list = list_of(l, root, "places", true);
    l->j->places = arena_array(&l->j->arena, struct place, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        yaml_known(&l->r, list->member[i], KNOWN("code", "name"));
        l->j->places[l->j->places_n++] = (struct place){yaml_text(&l->r, list->member[i], "code", false),
                                                        read_texts(l, list->member[i], "name", true)};
    }
}

static void read_name_list(struct loader *l, const struct yaml *root, const char *key, struct str **out,
                           size_t *n)
{
    const struct yaml *list = list_of(l, root, key, true);
    *out = arena_array(&l->j->arena, struct str, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        if (str_trim(list->member[i]->text).n == 0)
            found(&l->r, FINDING_ERROR, list->member[i], "Write a name on each line.",
                  "'%s' has what is no name", key);
        (*out)[(*n)++] = list->member[i]->text;
    }
}

static void read_names(struct loader *l, const struct yaml *root)
{
    struct names *names = &l->j->names;
    yaml_known(&l->r, root, KNOWN("given-female", "given-male", "surname-female", "surname-male", "note"));
    read_name_list(l, root, "given-female", &names->given_female, &names->given_female_n);
    read_name_list(l, root, "given-male", &names->given_male, &names->given_male_n);
    read_name_list(l, root, "surname-female", &names->surname_female, &names->surname_female_n);
    read_name_list(l, root, "surname-male", &names->surname_male, &names->surname_male_n);
}

static void read_overrides(struct loader *l, const struct yaml *root, struct str language)
{
    struct jurisdiction *j = l->j;
    struct override *all = arena_array(&j->arena, struct override, j->overrides_n + root->n + 1);
    if (j->overrides_n != 0)
        memcpy(all, j->overrides, j->overrides_n * sizeof *all);
    j->overrides = all;
    for (size_t i = 0; i < root->n; i++) {
        if (str_trim(root->member[i]->text).n == 0)
            found(&l->r, FINDING_ERROR, root->member[i],
                  "Write the text as it shall read, or take the key out.", "the text has no translation");
        all[j->overrides_n++] = (struct override){language, root->key[i]->text, root->member[i]->text};
    }
}

/* --- the folder --- */

static void read_one(struct loader *l, const char *path, void (*read)(struct loader *, const struct yaml *),
                     bool need)
{
    for (size_t i = 0; i < l->folder->n; i++) {
        if (str_is(l->folder->file[i].path, path)) {
            const struct yaml *root = read_file(l, &l->folder->file[i]);
            if (root != NULL)
                read(l, root);
            return;
        }
    }
    l->r.file = str_of(path);
    l->unread |= need;
    if (need)
        found(&l->r, FINDING_ERROR, NULL, "Add the file; docs/jurisdiction.md shows its form.",
              "the file is missing");
}

static void read_all_in(struct loader *l, struct str prefix,
                        void (*read)(struct loader *, const struct yaml *))
{
    for (size_t i = 0; i < l->folder->n; i++) {
        if (str_starts(l->folder->file[i].path, prefix)) {
            const struct yaml *root = read_file(l, &l->folder->file[i]);
            if (root != NULL)
                read(l, root);
        }
    }
}

static void read_texts_files(struct loader *l)
{
    for (size_t i = 0; i < l->folder->n; i++) {
        struct str path = l->folder->file[i].path;
        if (!str_starts(path, STR("texts/")))
            continue;
        struct str language = {path.p + 6, path.n - 6 - 5}; /* texts/ and .yaml */
        const struct yaml *root = read_file(l, &l->folder->file[i]);
        if (root != NULL)
            read_overrides(l, root, str_dup(&l->j->arena, language));
    }
    if (l->j->overrides_n != 0)
        qsort(l->j->overrides, l->j->overrides_n, sizeof *l->j->overrides, override_cmp);
}

static void check_unused_purposes(struct loader *l)
{
    l->r.file = STR("purposes.yaml");
    for (size_t p = 0; p < l->j->purposes_n; p++) {
        const struct purpose *purpose = &l->j->purposes[p];
        bool held = purpose->self, sees = purpose->joins_n != 0;
        for (size_t a = 0; a < l->j->agencies_n; a++)
            for (size_t o = 0; o < l->j->agencies[a].offices_n; o++)
                held |= office_may(&l->j->agencies[a].offices[o], purpose);
        for (size_t g = 0; g < l->j->registries_n; g++)
            sees |= registry_lookup(&l->j->registries[g], purpose) != NULL;
        if (!held || !sees)
            found(&l->r, FINDING_WARNING, NULL, "Give it to an office and a registry, or take it out.",
                  "purpose '%.*s' is %s", STR_ARG(purpose->id),
                  held ? "opened by no registry" : "held by no office");
    }
}

static void check_mandates(struct loader *l)
{
    l->r.file = STR("jurisdiction.yaml");
    if (l->j->mandates.n != 0 && jurisdiction_agency(l->j, l->j->mandates) == NULL)
        found(&l->r, FINDING_ERROR, NULL, "Write the id of one of agencies/*.yaml.",
              "mandates: there is no agency '%.*s'", STR_ARG(l->j->mandates));
}

static void load_all(struct loader *l)
{
    struct jurisdiction *j = l->j;
    j->agencies = arena_array(&j->arena, struct agency, l->folder->n + 1);
    j->registries = arena_array(&j->arena, struct registry, l->folder->n + 1);
    l->agency_yaml = arena_array(&j->arena, const struct yaml *, l->folder->n + 1);
    l->agency_path = arena_array(&j->arena, struct str, l->folder->n + 1);
    read_one(l, "jurisdiction.yaml", read_jurisdiction, true);
    if (l->unread || j->languages_n == 0)
        return; /* in every text of every file a language would be unknown */
    read_one(l, "calendar.yaml", read_calendar_file, false);
    read_all_in(l, STR("agencies/"), read_agency);
    read_one(l, "purposes.yaml", read_purposes, true);
    if (l->unread)
        return; /* the other files speak of agencies and purposes */
    for (size_t i = 0; i < j->agencies_n; i++) {
        l->r.file = l->agency_path[i];
        read_office_purposes(l, i);
    }
    read_all_in(l, STR("registries/"), read_registry);
    read_one(l, "places.yaml", read_places, false);
    read_one(l, "names.yaml", read_names, false);
    read_texts_files(l);
    read_one(l, "amounts.yaml", read_amounts, false);
    read_one(l, "life.yaml", read_life, false);
    read_services(l);
    read_one(l, "demo.yaml", read_demo, false);
    check_unused_purposes(l);
    check_mandates(l);
    j->trust = trust_read(&l->r, l->folder, STR("trust/"));
}

bool jurisdiction_load(const char *path, struct arena *arena, struct jurisdiction **ret_jurisdiction,
                       struct findings *ret_findings, struct err *err)
{
    struct jurisdiction *j = calloc(1, sizeof *j);
    must(j != NULL);
    arena_init(&j->arena, 64 * 1024, (size_t)256 << 20);
    struct folder folder = {0};
    struct findings findings = {0};
    struct arena nodes;
    struct loader l = {.r = {.arena = &j->arena, .nodes = &nodes, .for_report = arena, .findings = &findings},
                       .j = j,
                       .folder = &folder};
    if (!folder_read(path, &j->arena, &folder, &l.r, err)) {
        jurisdiction_free(j);
        return false;
    }
    folder_hash(&folder, j->hash, NULL);
    arena_init(&nodes, 64 * 1024, (size_t)256 << 20);
    load_all(&l);
    arena_done(&nodes);
    *ret_findings = findings;
    *ret_jurisdiction = findings.errors ? NULL : j;
    if (findings.errors != 0)
        jurisdiction_free(j);
    return true;
}

void jurisdiction_free(struct jurisdiction *j)
{
    if (j != NULL) {
        struct arena arena = j->arena;
        if (j->trust != NULL)
            trust_done(j->trust);
        free(j);
        arena_done(&arena);
    }
}
