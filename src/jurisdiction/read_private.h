/* SPDX-License-Identifier: Apache-2.0 */
/* read_private.h: what every part of the loader shares: where it stands, and how texts, ids and lists are
 * read. */
#ifndef JURISDICTION_READ_PRIVATE_H
#define JURISDICTION_READ_PRIVATE_H

#include "jurisdiction/files_private.h"
#include "jurisdiction/yaml_private.h"

struct loader {
    struct reading r;
    struct jurisdiction *j;
    const struct folder *folder;
    const struct yaml **agency_yaml; /* kept, with their places, for the second pass over offices */
    struct str *agency_path;
    bool unread; /* a file could not be read at all, so whatever refers to it would be wrong too */
};

#define KNOWN(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A mapping language → text. Every language of the folder should be there. */
struct texts read_texts(struct loader *l, const struct yaml *map, const char *key, bool need);
struct str read_id(struct loader *l, const struct yaml *map, const char *key);
const struct yaml *list_of(struct loader *l, const struct yaml *map, const char *key, bool need);

/* The file's mapping, with l->r.file set; NULL when it is not one (found() has said why). */
const struct yaml *read_file(struct loader *l, const struct folder_file *file);

/* `ial`, `aal`, `phishing-resistant`; all zero where the key is not there. */
struct levels read_levels(struct loader *l, const struct yaml *map, const char *key);
void read_registry(struct loader *l, const struct yaml *root);
void read_records(struct loader *l, const struct yaml *map, struct purpose *purpose);

/* The lists `holidays` and `working-weekends` of a mapping, added to the calendar in order of days. */
void read_holidays(struct loader *l, const struct yaml *map, enum calendar_state state);
void add_calendar_year(struct loader *l, int year, enum calendar_state state);

#endif
