/* SPDX-License-Identifier: Apache-2.0 */
/* people.h: who acts, in what office, for whom: the root register, officials with offices, sessions of
 * browsers and bearer tokens of programs. Ways to log in: passkey.h, factor.h. Acting for others: mandate.h.
 * Four eyes, leave and substitution: office.h.
 *
 * Root register: scheme and number → pid (16 random bytes), both sealed; found by a keyed blind index. A pid
 * never leaves the process. Officials are known by a staff code, never by name, and hold offices with dates.
 * Tokens and sessions are stored as SHA-256 of 32 random bytes, and are compared by that. What a row says is
 * sealed and bound to the row's own columns.
 */
#ifndef PEOPLE_PEOPLE_H
#define PEOPLE_PEOPLE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "crypto/psn.h"
#include "crypto/seal.h"
#include "db/db.h"
#include "jurisdiction/levels.h"

struct people; /* keys; shared by threads, each with its own connection */

MUST_USE bool people_migrate(struct db *db, struct err *err);
struct people *people_new(const uint8_t master[KEY_SIZE]) RETURNS_NONNULL;
void people_free(struct people *people);

/* --- root register --- */

struct person {
    uint8_t pid[PID_SIZE];
};

/* Found or not is not an error. The number must be normalised and valid in its scheme. Persons met lately are
 * answered from memory. */
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
/* Everybody in the root register, for aina fsck. Rows that do not open are left out. */
MUST_USE bool people_each(struct people *people, struct db *db,
                          void (*fn)(void *arg, const uint8_t pid[PID_SIZE]), void *arg, struct err *err);

/* --- officials --- */

struct official {
    struct str staff_code;     /* stable handle: "MED-0417" */
    struct str agency, office; /* ids of the jurisdiction folder */
    int32_t from, until;       /* days since 1970-01-01, both included; until 0: open */
    struct str stands_for;     /* staff code of the one on leave whose office this is; empty: none */
};

MUST_USE bool people_official_add(struct db *db, const struct official *official, struct err *err);
/* The office held on this day: the one that began last, so a substitution goes before one's own office; none
 * while on leave. ERR_NOT_ALLOWED with the reason when there is none. Copied into the arena. */
MUST_USE bool people_official(struct db *db, struct str staff_code, int32_t today, struct arena *arena,
                              struct official *ret_official, struct err *err);

/* --- callers: sessions (browsers) and tokens (programs) --- */

enum caller_kind { CALLER_NOBODY, CALLER_PERSON, CALLER_OFFICIAL, CALLER_AUDITOR };

enum log_in_way { WAY_OTHER, WAY_PASSKEY, WAY_CODE, WAY_RECOVERY, WAY_APP, WAY_MESSAGE, WAY_SIGNATURE };

/* Whose keys, codes and sessions. */
struct account {
    enum caller_kind kind;
    struct person person;  /* CALLER_PERSON */
    struct str staff_code; /* the others */
};

#define MANDATE_ID_SIZE 27
/* Why a mandate acts no more. */
enum mandate_why { WHY_OVER, WHY_TAKEN_BACK, WHY_REGISTER, WHY_OFFICE };

struct caller {
    enum caller_kind kind;
    struct person person;     /* CALLER_PERSON */
    struct official official; /* CALLER_OFFICIAL */
    struct str language;      /* of a session; may be empty */
    struct str levels;        /* how sure we are (levels.h); "token" for programs */
    bool demo;
    uint8_t session[32]; /* SHA-256 of the secret: key of the form tokens */
    struct str device;   /* the browser in a few words, for the list of sessions */
    int64_t made;        /* when one logged in; kept when the session is renewed */
    enum log_in_way way; /* how one logged in */
    /* Acting for another by a mandate, which is read again at each use: */
    struct str scope;             /* of the mandate: ids of matters, or "*" */
    bool acting, mandate_ended;   /* ended: since the last use; then not acting any more */
    struct person subject;        /* whose matters: of a person not acting, the person */
    struct str capacity, mandate; /* as in entries: "self", "parent", "official" ...; id. Of a "substitute"
                                     the staff code of the colleague on leave */
    enum mandate_why mandate_why; /* of mandate_ended */
    uint64_t position;            /* of the entry that ended the mandate: the reply is held for it; 0: none */
    bool protected_hidden; /* entries and records of protected categories are not shown to this capacity */
};

struct account account_of(const struct caller *caller);

#define PEOPLE_SECRET_SIZE 44 /* base64url of 32 bytes, and NUL */

/* Makes a session or token and gives its secret once. `life_us` from now. The caller's texts are stored. */
MUST_USE bool people_caller_add(struct people *people, struct db *db, const struct caller *caller, bool token,
                                int64_t life_us, char ret_secret[PEOPLE_SECRET_SIZE], struct err *err);
/* Looks a secret up: kind CALLER_NOBODY when unknown, ended or idle too long; an official whose office has
 * ended, or who is on leave, is nobody. Texts are copied into the arena. One statement; two when acting. */
MUST_USE bool people_caller(struct people *people, struct db *db, struct str secret, bool token,
                            struct arena *arena, struct caller *ret_caller, struct err *err);
MUST_USE bool people_caller_end(struct people *people, struct db *db, struct str secret, struct err *err);
/* The session under a new secret, with other levels or acting for another; its end stays. Forms that the old
 * one gave are void: two tabs are never two people. ERR_NOT_AUTHENTICATED when it is not there any more. */
MUST_USE bool people_caller_renew(struct people *people, struct db *db, struct str secret,
                                  const struct caller *next, char ret_secret[PEOPLE_SECRET_SIZE],
                                  struct err *err);

/* Where an account is logged in, newest first. */
struct caller_listed {
    uint8_t session[32];
    bool token;
    struct str device, levels;
    int64_t made, seen, ends;
};
MUST_USE bool people_callers(struct people *people, struct db *db, const struct account *account,
                             struct arena *arena, struct caller_listed **ret_list, size_t *ret_n,
                             struct err *err);
/* Ends one of the account's, or all (`session` NULL). ERR_NOT_FOUND when it is not the account's. */
MUST_USE bool people_callers_end(struct people *people, struct db *db, const struct account *account,
                                 const uint8_t *session, struct err *err);

/* A form token says under one key of which session a form is, and whose: who acts, and for whom. It is right
 * in its session, in its hour and the next. After that, or after another log-in, it still tells whether what
 * was typed may be given back to whoever sends it (web/kept.h). */
#define PEOPLE_FORM_TOKEN_SIZE 45
#define PEOPLE_FORM_KEPT_HOURS (7 * 24)
enum form_token_is {
    FORM_TOKEN_NONE,     /* no token of ours could look so, or it is older than a form is kept */
    FORM_TOKEN_ANOTHERS, /* of another person, for another person, or of another form; or made up */
    FORM_TOKEN_OLD,      /* of the same two persons, in a session that is over, or an hour that is */
    FORM_TOKEN_RIGHT
};
void people_form_token(struct people *people, const struct caller *caller, const char *form,
                       char out[PEOPLE_FORM_TOKEN_SIZE]);
enum form_token_is people_form_token_is(struct people *people, const struct caller *caller, const char *form,
                                        struct str token);
bool people_form_token_ok(struct people *people, const struct caller *caller, const char *form,
                          struct str token);

#endif
