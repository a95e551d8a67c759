/* SPDX-License-Identifier: Apache-2.0 */
/* jurisdiction.h: a jurisdiction is a folder of files: load, check, hash (DESIGN.md section 4).
 *
 * The folder is YAML in a strict subset (no anchors, aliases, tags, merge keys; duplicate keys refused; every
 * scalar is text until the schema here types it). jurisdiction_load reads and checks everything and keeps all
 * findings, each with file, line, what is wrong and what would mend it; a folder with an error does not load.
 * What is loaded never changes and may be shared by threads; cross references are resolved to pointers. The
 * folder's format, key by key: docs/jurisdiction.md.
 */
#ifndef JURISDICTION_JURISDICTION_H
#define JURISDICTION_JURISDICTION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "jurisdiction/agency.h"
#include "jurisdiction/calendar.h"
#include "jurisdiction/demo.h"
#include "jurisdiction/levels.h"
#include "signature/trust.h"

/* A sum or figure set by law from time to time, that rules name: "mci". */
struct amount {
    struct str id;
    struct texts name;
    struct basis basis;
    size_t n;
    struct amount_value {
        int32_t from;
        int64_t ten_thousandths;
        bool verified;
    } * values; /* by day, oldest first */
};

struct life_event {
    struct str id;
    struct texts name;
};

/* For synthetic people of the demo only. */
struct place {
    struct str code; /* of the official classifier; empty in a fictional town */
    struct texts name;
};

struct names {
    struct str *given_female, *given_male, *surname_female, *surname_male;
    size_t given_female_n, given_male_n, surname_female_n, surname_male_n;
};

/* From this moment on the clocks there show another time: summer time, or another zone. */
struct clock_change {
    int64_t at;
    int utc_offset_minutes;
};
#define CLOCK_CHANGES_MAX 128

struct jurisdiction {
    struct str id; /* "kz" */
    struct texts name;
    struct str languages[JURISDICTION_LANGUAGES_MAX]; /* "kk", "ru", "en" */
    struct texts language_names;                      /* each language's own name, e.g. "қазақша" */
    size_t languages_n;
    struct str person_scheme, organisation_scheme; /* number schemes of people/number.h */
    struct texts person_number_name;               /* "IIN" */
    int utc_offset_minutes;                        /* before the first change */
    struct clock_change *clock_changes;            /* by moment */
    size_t clock_changes_n;
    unsigned weekend;         /* bit 0 Monday .. bit 6 Sunday */
    struct holiday *holidays; /* by day */
    size_t holidays_n;
    struct calendar_year *years; /* of which the holidays are known */
    size_t years_n;
    unsigned office_from, office_to; /* minutes of the day; both 0: not said */
    struct str money;                /* ISO 4217 */
    struct str quick_exit;  /* where "leave quickly" leads: a neutral https page; empty: our own start */
    unsigned review_days;   /* working days to answer "I do not know why" and to review break-glass */
    bool files_wait;        /* an office may not open a file before it was scanned for viruses */
    unsigned entries_years; /* how long entries are kept after their quarter; 0: no end is named */
    struct str mandates;    /* id of the agency that keeps mandates; may be empty */
    unsigned majority,
        own_account; /* ages in years: of full age; of an account beside the parents'. 0: not said */
    struct agency *agencies;
    size_t agencies_n;
    struct purpose *purposes;
    size_t purposes_n;
    struct registry *registries;
    size_t registries_n;
    struct amount *amounts;
    size_t amounts_n;
    struct life_event *life_events;
    size_t life_events_n;
    struct procedure *procedures; /* service.h */
    size_t procedures_n;
    struct service *services; /* by path */
    size_t services_n;
    struct place *places;
    size_t places_n;
    struct names names;
    struct demo_plan demo;
    struct override *overrides; /* texts/<language>.yaml, in the order of override_cmp() */
    size_t overrides_n;
    struct trust *trust;     /* whose signatures count (docs/signatures.md); NULL: nobody's */
    uint8_t hash[HASH_SIZE]; /* rules hash, TRUST.md section 2 */
    struct arena arena;      /* owns all of it */
};

enum finding_level { FINDING_ERROR, FINDING_WARNING };

struct override {
    struct str language, msgid, text;
};

struct finding {
    enum finding_level level;
    struct str file; /* relative to the folder */
    unsigned line, column;
    struct str what, remedy;
};

struct findings {
    struct finding *list;
    size_t n, errors;
};

/* Loads and checks. `*ret_jurisdiction` is NULL when there are errors. False only when the folder cannot be
 * read at all. Findings live in `arena`. */
MUST_USE bool jurisdiction_load(const char *folder, struct arena *arena,
                                struct jurisdiction **ret_jurisdiction, struct findings *ret_findings,
                                struct err *err);
void jurisdiction_free(struct jurisdiction *jurisdiction);

/* "purposes.yaml:12:3: error: what. Remedy." and LF. */
void finding_text(struct buf *out, const struct finding *finding);

/* The trust folder alone: `folder` is a jurisdiction's folder or a folder of authorities. `*ret_trust` is
 * NULL when there are errors; it lives in `arena`, and trust_done() frees its keys. */
MUST_USE bool trust_load(const char *folder, struct arena *arena, struct trust **ret_trust,
                         struct findings *ret_findings, struct err *err);

/* The rules hash alone, and the list it is over ("hex  path LF", sorted by path bytes). */
MUST_USE bool jurisdiction_hash(const char *folder, uint8_t hash[HASH_SIZE], struct buf *list,
                                struct err *err);

/* The day that a moment falls on there, and the moment at which a day begins there: the first one of it,
 * where clocks are moved at night. */
int32_t local_day(const struct jurisdiction *j, int64_t time);
int64_t local_midnight(const struct jurisdiction *j, int32_t day);
int32_t local_today(const struct jurisdiction *j);
/* Minutes east of UTC then; the minute of its day that clocks there show; and the moment at which they show
 * it (the first one where it comes twice, the next one where it is left out). */
int local_offset(const struct jurisdiction *j, int64_t time);
unsigned local_minute(const struct jurisdiction *j, int64_t time);
int64_t local_moment(const struct jurisdiction *j, int32_t day, unsigned minute);

const struct agency *jurisdiction_agency(const struct jurisdiction *j, struct str id);     /* NULL: unknown */
const struct office *jurisdiction_office(const struct agency *agency, struct str id);      /* NULL: unknown */
const struct purpose *jurisdiction_purpose(const struct jurisdiction *j, struct str id);   /* NULL: unknown */
const struct registry *jurisdiction_registry(const struct jurisdiction *j, struct str id); /* NULL: unknown */
bool jurisdiction_sector(const struct jurisdiction *j, struct str id); /* some agency is in it */
bool purpose_joins(const struct purpose *purpose, struct str from, struct str to);
const struct lookup *registry_lookup(const struct registry *registry, const struct purpose *purpose);
int registry_field(const struct registry *registry, struct str id); /* index, or -1 */
/* What mandates of this capacity rest on there; NULL: on nothing. Without a registry: in the first that says
 * anything; *ret_registry is set. */
const struct relation *registry_relation(const struct registry *registry, struct str capacity);
const struct relation *jurisdiction_relation(const struct jurisdiction *j, struct str capacity,
                                             const struct registry **ret_registry);
/* The purpose by which an office records mandates of this capacity; NULL: it does not. */
const struct purpose *office_records(const struct office *office, struct str capacity);
bool office_may(const struct office *office, const struct purpose *purpose);
bool office_leads(const struct office *head, const struct office *office);

/* The text in a language of the folder; unknown or missing languages fall back to the first. */
struct str texts_in(const struct jurisdiction *j, const struct texts *texts, struct str language);

/* Product texts and the folder's own: texts/<language>.yaml overrides or adds to po/<language>.po. NULL: no
 * override. */
const char *jurisdiction_text(const struct jurisdiction *j, struct str language, const char *msgid);
int override_cmp(const void *a, const void *b); /* by language and msgid */

#endif
