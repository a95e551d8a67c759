/* SPDX-License-Identifier: Apache-2.0 */
/* open.h: the one place where sealed records are opened. Only the gate may include it: no trace, no data.
 * The build fails for everyone else, and tests/vault proves that it does. */
#ifndef VAULT_OPEN_H
#define VAULT_OPEN_H

#ifndef AINA_ROOM_GATE
#error "vault/open.h may be included by the gate only (src/gate): no trace, no data"
#endif

#include "vault/vault.h"

struct vault_record {
    struct str record; /* its name among the person's records */
    uint32_t version;
    size_t values_n;
    struct vault_value *values; /* the asked-for fields that the record has, in the asked-for order */
};

/* Opens the named fields (and only those) of the current version of a person's records in a registry: all of
 * them, in an order that stays while the person's pseudonym does and says nothing. ERR_TOO_LARGE: there are
 * more than 1,024. */
MUST_USE bool vault_open(struct vault *vault, struct db *db, struct str registry, const uint8_t psn[PSN_SIZE],
                         const struct str *fields, size_t fields_n, struct arena *arena,
                         struct vault_record **ret_records, size_t *ret_n, struct err *err);

/* The pseudonyms whose record has this value in a declared key field (a plate, a cadastral number): at most
 * `max`. */
MUST_USE bool vault_find(struct vault *vault, struct db *db, struct str registry, struct str field,
                         struct str value, uint8_t (*ret_psn)[PSN_SIZE], size_t max, size_t *ret_n,
                         struct err *err);

#endif
