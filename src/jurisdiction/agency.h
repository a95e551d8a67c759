/* SPDX-License-Identifier: Apache-2.0 */
/* agency.h: who may look at what, and why: agencies and their offices, purposes, registries, as loaded. */
#ifndef JURISDICTION_AGENCY_H
#define JURISDICTION_AGENCY_H

#include "base/text.h"
#include "jurisdiction/levels.h"

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
    bool break_glass;       /* may be used without a case, with a reason of at least 20 characters, reviewed
                               afterwards */
    unsigned own_case_days; /* an office opens a case of its own for so many days; 0: it opens none */
    bool self;              /* the person's own look */
    struct str *records;    /* capacities whose mandates an office records that has this purpose */
    size_t records_n;
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

/* Who may act for the person of a record, by what the record itself says: a parent, a guardian, a head. */
struct relation {
    struct str capacity; /* as in entries */
    uint64_t fields;     /* bit i: registry->fields[i] holds the number of one who may */
    size_t born;         /* the field with the person's birth date; NONE */
};

struct registry {
    struct str id;
    struct texts name;
    const struct agency *holder;
    struct relation *relations;
    size_t relations_n;
    struct field *fields; /* at most 64 */
    size_t fields_n;
    struct lookup *lookups;
    size_t lookups_n;
    bool many;                     /* several records a person (vehicles, flats) */
    bool organisations;            /* its subjects are organisations */
    size_t head;                   /* of organisations: the field with the number of who heads it; NONE */
    bool protected_category;       /* looks at it are hidden from the household by default */
    const struct office **writers; /* offices of the holder that write its records here */
    size_t writers_n;
};

#endif
