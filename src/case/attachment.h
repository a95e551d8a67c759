/* SPDX-License-Identifier: Apache-2.0 */
/* attachment.h: files given with a form.
 *
 * What a file is says its content, never its name: PDF, JPEG or PNG, and only those that the field takes, up
 * to its `max` megabytes (10 without one). A file is taken as it comes and sealed in parts of 128 KB under a
 * key of its own, bound to its id and place, in the database: so it stands in every backup and in one
 * transaction with what it belongs to, no plain byte reaches a disk, and no more than one part of it stands
 * in memory. It belongs to who gave it and to a field; the filing, or sending a returned case again, binds it
 * to the case, and whoever answers with another's file files nothing. What is never filed is swept away with
 * the draft, or after 180 days; of an upload that is not ended nothing is kept. The answer of a field is "ID
 * name".
 */
#ifndef CASE_ATTACHMENT_H
#define CASE_ATTACHMENT_H

#include "case/scan.h"

#define ATTACHMENT_ID_SIZE 27
#define ATTACHMENT_MAX ((size_t)10 << 20)
#define ATTACHMENT_NAME_MAX 120 /* bytes */

enum file_kind { FILE_PDF, FILE_JPEG, FILE_PNG, FILE_KINDS_N }; /* the bits of service_field.files */
/* By its first and last bytes; FILE_KINDS_N: none of these. */
enum file_kind file_kind_of(struct str bytes);
const char *file_kind_type(enum file_kind kind); /* "application/pdf" */

/* A file on its way. At most ATTACHMENT_UPLOADS at a time, and ATTACHMENT_UPLOADS_EACH of one person: beyond
 * that ERR_BUSY. Each call may come from any thread, one at a time. ERR_TOO_LARGE, ERR_INVALID: said for the
 * person, as early as it is known. */
#define ATTACHMENT_UPLOADS 64
#define ATTACHMENT_UPLOADS_EACH 16
struct attachment_upload;
MUST_USE bool attachment_start(struct beside *b, const struct service *service, size_t field,
                               const uint8_t pid[PID_SIZE], int64_t now,
                               struct attachment_upload **ret_upload, struct err *err);
MUST_USE bool attachment_more(struct attachment_upload *upload, struct db *db, struct str bytes,
                              struct err *err);
/* The file is whole; *ret_answer is the field's answer. */
MUST_USE bool attachment_finish(struct attachment_upload *upload, struct db *db, struct str name,
                                struct arena *arena, struct str *ret_answer, struct err *err);
/* Always, and last: what was not finished is taken away. Harmless on NULL. */
void attachment_over(struct attachment_upload *upload, struct db *db);
/* The four in one, for a file that is here. */
MUST_USE bool attachment_put(struct beside *b, struct db *db, const struct service *service, size_t field,
                             const uint8_t pid[PID_SIZE], struct str name, struct str bytes, int64_t now,
                             struct arena *arena, struct str *ret_answer, struct err *err);

struct attachment {
    char id[ATTACHMENT_ID_SIZE];
    struct str number, name; /* of the case, empty: not filed */
    enum file_kind kind;
    size_t size;
    uint8_t owner[PID_SIZE], hash[HASH_SIZE];
    const struct service *service; /* NULL: the folder has it, or its field, no more */
    size_t field;
    enum scan_state scan;
    int64_t scanned;  /* moment of the last verdict or attempt */
    struct str found; /* SCAN_INFECTED: the virus by the scanner's name */
};
/* ERR_NOT_FOUND. Who may see it is the caller's matter: the owner, or an office through its entry. */
MUST_USE bool attachment_read(struct beside *b, struct db *db, struct str id, struct arena *arena,
                              struct attachment *ret_attachment, struct err *err);
/* Its bytes in order, each part checked, one of them in memory. The first is looked at by attachment_open:
 * ERR_CORRUPT, or ERR_NOT_FOUND when something was found in it and nothing kept. attachment_next gives 0 at
 * the end, and where a part was changed or is missing (then with the error). */
struct attachment_reading;
MUST_USE bool attachment_open(struct beside *b, struct db *db, const struct attachment *attachment,
                              struct arena *arena, struct attachment_reading **ret_reading, struct err *err);
size_t attachment_next(struct attachment_reading *reading, struct db *db, char *out, size_t n,
                       struct err *err);
/* The newest file that this person gave for a field since then, and that is of no case yet; empty: none. */
MUST_USE bool attachment_waiting(struct beside *b, struct db *db, const struct service *service, size_t field,
                                 const uint8_t pid[PID_SIZE], int64_t since, struct arena *arena,
                                 struct str *ret_answer, struct err *err);
/* Takes away what this person gave for a field and has not filed, but for the file `id`; empty: all. */
MUST_USE bool attachments_keep(struct beside *b, struct db *db, const struct service *service, size_t field,
                               const uint8_t pid[PID_SIZE], struct str id, struct err *err);
/* What this person gave for a service and has not filed. */
MUST_USE bool attachments_drop(struct beside *b, struct db *db, const struct service *service,
                               const uint8_t pid[PID_SIZE], struct err *err);
/* All of a person's, with their keys: an erasure's. */
MUST_USE bool attachments_erase(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], uint64_t *ret_n,
                                struct err *err);

/* The id in an answer; false: it names no file (it is handed in at a counter). */
bool attachment_answer(struct str answer, struct str *ret_id, struct str *ret_name);

#endif
