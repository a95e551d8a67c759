/* SPDX-License-Identifier: Apache-2.0 */
/* notice.h: what people are told of their cases.
 *
 * A notice is written in the transaction of the step that it tells of, in all languages of the folder,
 * sealed, for one recipient: a person (the list of messages in their cabinet) or an office. Whoever has given
 * a phone number gets the short text there as well, through people/message.h, when beside_turn() takes it up
 * after the commit: once, whatever stops the program in between. On a phone stand no more than {case}, {due}
 * and {code}. Who filed at a counter or on paper and gave no number gets it by letter, which the office
 * prints.
 *
 * Who sends the messages gives back what can never be delivered: it renames ID.json to ID.failed. The number
 * is then no way to that person any more: they are unreachable by phone until they give another number, their
 * office's list of letters names each notice that a letter must carry, and they find that in their messages.
 */
#ifndef CASE_NOTICE_H
#define CASE_NOTICE_H

#include "case/beside.h"

#define NOTICE_ID_SIZE 27

/* What the engine itself tells, beside the messages of a service: id, code, words (a msgid of po/). {} are
 * filled from case, service, reason and due. */
#define NOTICES(X)                                                                                               \
    X(NOTICE_SIGN, "sign", "“{service}”, {case}: your agreement is asked for. Read it and answer.")              \
    X(NOTICE_SIGNED, "signed", "“{service}”, {case}: a co-signer has agreed.")                                   \
    X(NOTICE_DECLINED, "declined",                                                                               \
      "“{service}”, {case}: a co-signer does not agree: {reason}. Change it and send it again, or withdraw " \
      "it.")                                                                                                     \
    X(NOTICE_PAY, "pay", "“{service}”, {case}: a fee is to be paid before the result.")                          \
    X(NOTICE_PAID, "paid", "“{service}”, {case}: your payment has come.")                                        \
    X(NOTICE_REFUND, "refund", "“{service}”, {case}: what you paid is given back.")                              \
    X(NOTICE_MOVED, "moved", "“{service}”, {case}: your booked time is now {due}.")                              \
    X(NOTICE_INFECTED, "infected",                                                                               \
      "“{service}”, {case}: a file was not kept, because the virus scanner found {reason} in it.")               \
    X(NOTICE_UNREACHABLE, "unreachable",                                                                         \
      "“{service}”, {case}: your phone could not be reached, so a letter follows. Give your number anew.")

/* Those that go to a phone as well, and what stands there: {case} and {due} alone. */
#define NOTICES_ON_PHONE(X)                                                                                  \
    X(NOTICE_SIGN, "sign", "{case}: your agreement is asked for.")                                           \
    X(NOTICE_DECLINED, "declined", "{case}: a co-signer does not agree.")                                    \
    X(NOTICE_PAY, "pay", "{case}: a fee is to be paid before the result.")                                   \
    X(NOTICE_MOVED, "moved", "{case}: your booked time is now {due}.")

/* Of a service that is offered (offer.h): `what`, and `number` is the offer's. Whom no phone reaches gets it
 * by letter, from the office that raised it and so knows of the event: it wrote the record, or granted the
 * case.
 */
#define NOTICE_OFFER "offer"

enum notice_kind {
#define X(id, code, words) id,
    NOTICES(X)
#undef X
        NOTICES_N
};

struct notice {
    char id[NOTICE_ID_SIZE];
    struct str number, service; /* case number; the service's id */
    struct str what;            /* id of the message in the service, or a code of NOTICES */
    struct str text;
    int64_t made;
    bool unread;
};

/* Newest first, in this language of the folder; `before` empty: from the newest. */
MUST_USE bool notices_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str before,
                         size_t limit, struct str language, struct arena *arena, struct notice **ret_list,
                         size_t *ret_n, struct err *err);
MUST_USE bool notices_of_office(struct beside *b, struct db *db, const struct office *office,
                                struct str before, size_t limit, struct str language, struct arena *arena,
                                struct notice **ret_list, size_t *ret_n, struct err *err);
MUST_USE bool notices_unread(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], uint64_t *ret_n,
                             struct err *err);
MUST_USE bool notices_office_unread(struct beside *b, struct db *db, const struct office *office,
                                    struct arena *arena, uint64_t *ret_n, struct err *err);
/* All up to this one (an id) are read. */
MUST_USE bool notices_seen(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct str until,
                           int64_t now, struct err *err);
/* An official has done what the message asks for: once for the whole office, where reading by one says
 * nothing of the others. Twice is once. ERR_NOT_FOUND: it is not this office's. */
MUST_USE bool notice_done(struct beside *b, struct db *db, const struct office *office, struct str id,
                          int64_t now, struct arena *arena, struct err *err);

/* The language of short messages: the folder's first until the person chooses; whether the phone fails. */
struct contact {
    struct str language;
    int64_t unreachable; /* since when; 0: not */
};
MUST_USE bool contact_of(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct arena *arena,
                         struct contact *ret_contact, struct err *err);
MUST_USE bool contact_language(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE],
                               struct str language, struct err *err);

/* A number was just confirmed: the phone is a way to this person again. */
MUST_USE bool contact_reached(struct beside *b, struct db *db, const uint8_t pid[PID_SIZE], struct err *err);

/* An office's letters that must follow; none after letter_sent. Of an offer (`what` NOTICE_OFFER, `number`
 * the offer's) as long as it can be answered. */
struct letter {
    char id[NOTICE_ID_SIZE];
    struct str number, service, what; /* what: id of the message; its words are the case's to show */
    int64_t made;
};
MUST_USE bool letters_due(struct beside *b, struct db *db, const struct office *office, int64_t now,
                          size_t limit, struct arena *arena, struct letter **ret_list, size_t *ret_n,
                          struct err *err);
/* An offer's letter, read in order to send it: an entry in the person's list, for which the reply waits.
 * ERR_NOT_FOUND: it is not this office's, was sent, or is of a case, which says it. */
struct letter_words {
    struct letter letter;
    struct str scheme, person; /* whose: scheme and number */
    struct str language, text;
};
MUST_USE bool letter_open(struct beside *b, struct db *db, const struct office *office, struct str staff,
                          struct str levels, struct str id, int64_t now, struct arena *arena,
                          struct letter_words *ret_words, uint64_t *ret_position, struct err *err);
/* ERR_NOT_FOUND when it is not this office's, or was sent. */
MUST_USE bool letter_sent(struct beside *b, struct db *db, const struct office *office, struct str id,
                          struct err *err);

#endif
