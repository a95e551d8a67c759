/* SPDX-License-Identifier: Apache-2.0 */
/* people.h: who acts, in what office, for whom. The minimum for the spine: the root register, officials with
 * offices, bearer tokens for programs, sessions of demo mode.
 *
 * Root register: scheme and number → pid (16 random bytes), both sealed; found by a keyed blind index. A pid
 * never leaves the process. Officials are known by a staff code, never by name, and hold offices with dates.
 * Tokens and sessions are stored as SHA-256 of 32 random bytes, and are compared by that.
 */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/psn.h"
#include "crypto/seal.h"
#include "db/db.h"

struct people; /* keys; shared by threads, each with its own connection */

MUST_USE bool people_migrate(struct db *db, struct err *err);
struct people *people_new(const uint8_t master[KEY_SIZE]) RETURNS_NONNULL;
void people_free(struct people *people);

/* --- root register --- */

struct person {
    uint8_t pid[PID_SIZE];
};

/* Found or not is not an error. The number must be normalised and valid in its scheme. */
MUST_USE bool people_find(struct people *people, struct db *db, struct str scheme, struct str number,
                          bool *ret_found, struct person *ret_person, struct err *err);
/* Draws the pid. ERR_CONFLICT when the number is registered. */
MUST_USE bool people_register(struct people *people, struct db *db, struct str scheme, struct str number,
                              struct person *ret_person, struct err *err);
struct people_new_person {
    struct str scheme, number;
    uint8_t pid[PID_SIZE]; /* drawn by the caller */
};
MUST_USE bool people_register_many(struct people *people, struct db *db,
                                   const struct people_new_person *persons, size_t n, struct err *err);
/* The person's own number, for showing to that person and in documents that the law requires to carry it. */
MUST_USE bool people_number(struct people *people, struct db *db, const struct person *person,
                            struct arena *arena, struct str *ret_scheme, struct str *ret_number,
                            struct err *err);
MUST_USE bool people_count(struct db *db, uint64_t *ret_count, struct err *err);

/* --- officials --- */

struct official {
    struct str staff_code;     /* stable handle: "MED-0417" */
    struct str agency, office; /* ids of the jurisdiction folder */
    int32_t from, until;       /* days since 1970-01-01, both included; until 0: open */
};

MUST_USE bool people_official_add(struct db *db, const struct official *official, struct err *err);
/* The office held on this day. ERR_NOT_ALLOWED with the reason when there is none. Copied into the arena. */
MUST_USE bool people_official(struct db *db, struct str staff_code, int32_t today, struct arena *arena,
                              struct official *ret_official, struct err *err);

/* --- callers: sessions (browsers) and tokens (programs) --- */

enum caller_kind { CALLER_NOBODY, CALLER_PERSON, CALLER_OFFICIAL, CALLER_AUDITOR };

struct caller {
    enum caller_kind kind;
    struct person person;     /* CALLER_PERSON */
    struct official official; /* CALLER_OFFICIAL */
    struct str language;      /* of a session; may be empty */
    struct str levels;        /* how sure we are: "ial0.aal0" in demo mode, "token" for programs */
    bool demo;
    uint8_t session[32]; /* SHA-256 of the secret: key of the form tokens */
};

#define PEOPLE_SECRET_SIZE 44 /* base64url of 32 bytes, and NUL */

/* Makes a session or token and gives its secret once. `life_us` from now. The caller's texts are stored. */
MUST_USE bool people_caller_add(struct people *people, struct db *db, const struct caller *caller, bool token,
                                int64_t life_us, char ret_secret[PEOPLE_SECRET_SIZE], struct err *err);
/* Looks a secret up: kind CALLER_NOBODY when unknown, ended or idle too long; an official whose office has
 * ended is nobody. Texts are copied into the arena. */
MUST_USE bool people_caller(struct people *people, struct db *db, struct str secret, bool token,
                            struct arena *arena, struct caller *ret_caller, struct err *err);
MUST_USE bool people_caller_end(struct people *people, struct db *db, struct str secret, struct err *err);

/* A form token of a session: HMAC over the form's name and the hour; checked for this hour and the last. */
#define PEOPLE_FORM_TOKEN_SIZE 44
void people_form_token(struct people *people, const struct caller *caller, const char *form,
                       char out[PEOPLE_FORM_TOKEN_SIZE]);
bool people_form_token_ok(struct people *people, const struct caller *caller, const char *form,
                          struct str token);

#endif
