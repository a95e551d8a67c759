/* SPDX-License-Identifier: Apache-2.0 */
/* translate.h: a person's pseudonym of one sector as that of another: the only way in which the tables of two
 * agencies are joined.
 *
 * Asked by an office for a purpose that joins the two sectors (purposes.yaml: joins), one of which is the
 * asking agency's own. Each person makes an entry of kind "translation", admitted or refused, in their list
 * at the other sector's first agency (where only one's own sector takes part, at the asking one); its
 * `fields` are the sectors, from and to. Who is unknown is numbered in the asking agency's own list. A person
 * counts against the office's daily quota like a look.
 *
 * Only pseudonyms that the gate itself gave out are known to it: their rows (keyed tag of sector and
 * pseudonym, sealed pid) are written before the answer. One of an earlier epoch becomes one of today's in its
 * own sector ("from" and "to" alike), and nothing else: an old copy of a table joins with nothing.
 */
#ifndef GATE_TRANSLATE_H
#define GATE_TRANSLATE_H

#include "gate/acts.h"

#define GATE_TRANSLATE_MOST 100 /* persons in one call */

struct gate_translation {
    const struct office *office;
    struct str actor, capacity, mandate, levels;
    struct str purpose, case_no;
    struct str from; /* a sector; empty: the persons are given by their numbers */
    struct str to;
};

struct gate_translated {
    const uint8_t *pid;      /* without `from`: whose number it is; NULL: nobody's */
    uint8_t given[PSN_SIZE]; /* with `from`: the pseudonym */
    /* answered: */
    enum gate_reason reason;
    char id[ACT_ID_SIZE]; /* of the entry */
    uint64_t leaf;
    uint8_t psn[PSN_SIZE]; /* of the sector `to`; zeros unless admitted */
};

/* Nothing may leave the process before the ledger is durable up to *ret_position. False: no decision could be
 * made or logged, and nothing is released. */
MUST_USE bool gate_translate(struct gate *gate, struct db *db, const struct gate_translation *request,
                             struct gate_translated *persons, size_t n, struct arena *arena,
                             uint64_t *ret_position, struct err *err);

#endif
