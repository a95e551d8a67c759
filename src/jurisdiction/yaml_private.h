/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_private.h: the strict subset of YAML: mappings, sequences and text, with the place of each; findings.
 *
 * The reader never stops at a finding: what is missing reads as empty, so that one run lists all that is
 * wrong. */
#ifndef JURISDICTION_YAML_PRIVATE_H
#define JURISDICTION_YAML_PRIVATE_H

#include "jurisdiction/jurisdiction.h"

#define YAML_FILE_MAX ((size_t)1 << 20)
#define YAML_DEPTH_MAX 16

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    unsigned line, column;
    struct str text; /* YAML_TEXT */
    size_t n;        /* members of a list or map */
    struct yaml **member;
    struct yaml **key; /* YAML_MAP: its keys, all YAML_TEXT */
};

struct reading {
    struct arena *arena;      /* what is loaded, and all texts */
    struct arena *nodes;      /* the trees of files: as long as the reading */
    struct arena *for_report; /* findings */
    struct findings *findings;
    struct str file;
};

void found(struct reading *r, enum finding_level level, const struct yaml *at, const char *remedy,
           const char *format, ...) PRINTF_LIKE(5, 6);

/* NULL when the file is not in the subset (found() has said why). */
struct yaml *yaml_parse(struct reading *r, struct str bytes);

/* The member of a map, or NULL. With `need`, its absence or another kind is a finding. */
const struct yaml *yaml_get(struct reading *r, const struct yaml *map, const char *key, enum yaml_kind kind,
                            bool need);
/* Where a finding about a key's value stands: the value, or the mapping where there is none. */
const struct yaml *yaml_place(const struct yaml *map, const char *key);
struct str yaml_text(struct reading *r, const struct yaml *map, const char *key, bool need);
bool yaml_yes(struct reading *r, const struct yaml *map, const char *key); /* "yes" or "no"; absent is no */
uint64_t yaml_number(struct reading *r, const struct yaml *map, const char *key, uint64_t otherwise,
                     uint64_t max);
/* A whole number that may be below zero. */
int64_t yaml_signed(struct reading *r, const struct yaml *map, const char *key, int64_t min, int64_t max);

/* Refuses keys that are not among `known` (ends with NULL), naming the nearest. */
void yaml_known(struct reading *r, const struct yaml *map, const char *const *known);

#endif
