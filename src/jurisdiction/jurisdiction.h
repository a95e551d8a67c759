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
#include "jurisdiction/demo.h"
#include "jurisdiction/levels.h"
#include "signature/trust.h"

#define JURISDICTION_LANGUAGES_MAX 8

/* One text in the folder's languages, in the order of jurisdiction.languages; a missing one falls back to the
 * first. */
struct texts {
    struct str in[JURISDICTION_LANGUAGES_MAX];
};

enum field_class { FIELD_PUBLIC, FIELD_PERSONAL, FIELD_SENSITIVE };
enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_DATE, FIELD_MONEY, FIELD_CODE, FIELD_YES_NO };
enum stream_kind { STREAM_OPEN, STREAM_DELAYED, STREAM_SEALED, STREAM_AGENCY };

struct basis {
    struct texts law;   /* the act's name */
    struct str article; /* empty: not yet entered ("unknown" in the file) */
};

struct office {
    struct str id; /* unique in its agency */
    struct texts name;
    const struct agency *agency;
    const struct purpose **purposes; /* what this office may look for */
    size_t purposes_n;
    unsigned quota;              /* distinct persons a day an official of this office may look at */
    bool reviewer;               /* answers questions, reviews break-glass */
    bool administrator;          /* enrols the agency's officials, two together */
    const struct office **leads; /* whose workload it sees and whose cases it hands out */
    size_t leads_n;
    bool counter; /* acts for people in front of its clerks */
};

struct agency {
    struct str id;
    struct texts name;
    struct str sector; /* pseudonym sector; the agency's own id unless the folder groups several */
    struct office *offices;
    size_t offices_n;
};

/* A purpose may join: turn pseudonyms of one sector into those of another. */
struct join {
    struct str from; /* empty: from the person's number */
    struct str to;
};

struct purpose {
    struct str id;
    struct texts name;  /* short: "Treatment" */
    struct texts plain; /* a sentence for the person: "A doctor opened your card to treat you" */
    struct basis basis;
    struct str dpv; /* DPV term, may be empty */
    bool needs_case, needs_consent, needs_order;
    bool break_glass; /* may be used without a case, with a reason of at least 20 characters, reviewed
                         afterwards */
    bool self;        /* the person's own look */
    enum stream_kind stream;
    unsigned delay_days; /* STREAM_DELAYED: opened so many days after the look; STREAM_SEALED: hard maximum */
    bool protected_category; /* hidden from the household by default (reproductive, psychiatric, police
                                protection) */
    struct levels minimum;   /* how sure we must be of who looks */
    struct join *joins;
    size_t joins_n;
};

struct field {
    struct str id;
    struct texts name;
    enum field_class class;
    enum field_type type;
    bool key; /* declared key: may be searched by blind index */
};

struct lookup {
    const struct purpose *purpose;
    uint64_t fields; /* bit i: registry->fields[i] is admitted */
};

struct registry {
    struct str id;
    struct texts name;
    const struct agency *holder;
    struct field *fields; /* at most 64 */
    size_t fields_n;
    struct lookup *lookups;
    size_t lookups_n;
    bool many;               /* several records a person (vehicles, flats) */
    bool organisations;      /* its subjects are organisations */
    size_t head;             /* of organisations: the field with the number of who heads it; NONE */
    bool protected_category; /* looks at it are hidden from the household by default */
};

struct holiday {
    int32_t day;
    bool working; /* a week-end day made a working day by transfer */
};

/* How sure the holidays of a year are: nobody knows (no list), computed ahead, or decreed. */
enum calendar_state { CALENDAR_UNKNOWN, CALENDAR_PROVISIONAL, CALENDAR_DECREED };

struct calendar_year {
    int year;
    enum calendar_state state;
};

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

struct jurisdiction {
    struct str id; /* "kz" */
    struct texts name;
    struct str languages[JURISDICTION_LANGUAGES_MAX]; /* "kk", "ru", "en" */
    struct texts language_names;                      /* each language's own name, e.g. "қазақша" */
    size_t languages_n;
    struct str person_scheme, organisation_scheme; /* number schemes of people/number.h */
    struct texts person_number_name;               /* "IIN" */
    int utc_offset_minutes;
    unsigned weekend;         /* bit 0 Monday .. bit 6 Sunday */
    struct holiday *holidays; /* by day */
    size_t holidays_n;
    struct calendar_year *years; /* of which the holidays are known */
    size_t years_n;
    unsigned office_from, office_to; /* minutes of the day; both 0: not said */
    struct str money;                /* ISO 4217 */
    struct str quick_exit; /* where "leave quickly" leads: a neutral https page; empty: our own start */
    unsigned review_days;  /* working days to answer "I do not know why" and to review break-glass */
    struct str mandates;   /* id of the agency that keeps mandates; may be empty */
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

/* The day that a moment falls on there, and the moment at which a day begins there. */
int32_t local_day(const struct jurisdiction *j, int64_t time);
int64_t local_midnight(const struct jurisdiction *j, int32_t day);
int32_t local_today(const struct jurisdiction *j);

const struct agency *jurisdiction_agency(const struct jurisdiction *j, struct str id);     /* NULL: unknown */
const struct office *jurisdiction_office(const struct agency *agency, struct str id);      /* NULL: unknown */
const struct purpose *jurisdiction_purpose(const struct jurisdiction *j, struct str id);   /* NULL: unknown */
const struct registry *jurisdiction_registry(const struct jurisdiction *j, struct str id); /* NULL: unknown */
bool jurisdiction_sector(const struct jurisdiction *j, struct str id); /* some agency is in it */
bool purpose_joins(const struct purpose *purpose, struct str from, struct str to);
const struct lookup *registry_lookup(const struct registry *registry, const struct purpose *purpose);
int registry_field(const struct registry *registry, struct str id); /* index, or -1 */
bool office_may(const struct office *office, const struct purpose *purpose);
bool office_leads(const struct office *head, const struct office *office);

/* The text in a language of the folder; unknown or missing languages fall back to the first. */
struct str texts_in(const struct jurisdiction *j, const struct texts *texts, struct str language);

/* Calendar. */
enum calendar_state jurisdiction_calendar(const struct jurisdiction *j, int year);
bool jurisdiction_working_day(const struct jurisdiction *j, int32_t day);
int32_t jurisdiction_add_working_days(const struct jurisdiction *j, int32_t day, unsigned working_days);

/* Product texts and the folder's own: texts/<language>.yaml overrides or adds to po/<language>.po. NULL: no
 * override. */
const char *jurisdiction_text(const struct jurisdiction *j, struct str language, const char *msgid);
int override_cmp(const void *a, const void *b); /* by language and msgid */

#endif
