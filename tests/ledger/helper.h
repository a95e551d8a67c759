/* SPDX-License-Identifier: Apache-2.0 */
/* helper.h: a ledger with fixed keys in a temporary folder, and entries that can be checked by themselves:
 * the body of an entry is a known function of its label, and its commit is the body's SHA-256. */
#ifndef TESTS_LEDGER_HELPER_H
#define TESTS_LEDGER_HELPER_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "ledger/fsck.h"

#define HELPER_SEGMENT (2u << 20)

static inline struct ledger_config helper_config(const char *folder)
{
    struct ledger_config config = {
        .folder = folder, .origin = STR("ledger.test/one"), .segment_bytes = HELPER_SEGMENT};
    memset(config.sign_seed, 7, sizeof config.sign_seed);
    memset(config.header_key, 9, sizeof config.header_key);
    return config;
}

static inline void helper_die(const char *what, const struct err *err)
{
    fprintf(stderr, "%s: %s: %s: %s\n", what, err_name(err->code), err->place, err->text);
    exit(3);
}

static inline struct ledger *helper_open(const struct ledger_config *config, struct ledger_report *report)
{
    struct err err = {0};
    struct ledger *ledger;
    struct ledger_report mine;
    if (!ledger_open(&ledger, config, report != NULL ? report : &mine, &err))
        helper_die("open", &err);
    return ledger;
}

static inline struct ledger_stream helper_stream(unsigned person)
{
    struct ledger_stream stream = {0};
    uint8_t hash[HASH_SIZE];
    sha256(hash, &person, sizeof person);
    memcpy(stream.tag, hash, sizeof stream.tag);
    return stream;
}

/* Body of 64 to `most` bytes made from the label. */
static inline size_t helper_body(uint8_t *body, size_t most, const uint8_t label[32])
{
    size_t n = 64 + (size_t)(get_u32be(label) % (most - 63));
    for (size_t i = 0; i < n; i++)
        body[i] = (uint8_t)(label[i % 32] + i + 1);
    return n;
}

static inline void helper_fill(struct ledger_slot *slot, uint8_t *body, size_t most)
{
    uint64_t key[2] = {slot->leaf, slot->number};
    sha256(slot->label, key, sizeof key);
    slot->body = body;
    slot->body_n = helper_body(body, most, slot->label);
    sha256(slot->commit, body, slot->body_n);
}

/* Appends one group of k entries for persons person, person+1, ...; gives the first leaf. */
static inline bool helper_append(struct ledger *ledger, unsigned person, size_t k, size_t most,
                                 uint64_t *ret_leaf, struct err *err)
{
    struct ledger_want want[LEDGER_BATCH_ENTRIES];
    struct ledger_ticket ticket;
    memset(want, 0, k * sizeof *want);
    for (size_t i = 0; i < k; i++) {
        want[i].type = LEAF_PERSONAL;
        want[i].stream = helper_stream(person + (unsigned)i);
        memset(want[i].handle, (int)person & 0xFF, sizeof want[i].handle);
        put_u64be(want[i].id, person);
    }
    if (!ledger_reserve(ledger, want, k, &ticket, err))
        return false;
    uint8_t *body = malloc(k * most);
    must(body != NULL);
    for (size_t i = 0; i < k; i++)
        helper_fill(&ticket.slot[i], body + i * most, most);
    ledger_submit(ledger, &ticket);
    free(body);
    *ret_leaf = ticket.slot[0].leaf;
    return true;
}

/* As a gate would: label and commit must fit the body. */
static inline bool helper_opening(void *arg, const struct ledger_entry *entry, struct err *err)
{
    uint8_t commit[HASH_SIZE];
    sha256(commit, entry->body, entry->body_n);
    return memcmp(commit, entry->leaf.commit, HASH_SIZE) == 0 ||
           err_set(err, ERR_CORRUPT, "body", "leaf %" PRIu64 " does not open", entry->leaf_number);
}

static inline char *helper_folder(void)
{
    static char path[64];
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/aina-ledger-XXXXXX", base != NULL && strlen(base) < 40 ? base : "/tmp");
    must(mkdtemp(path) != NULL);
    return path;
}

static inline void helper_remove(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fprintf(stderr, "could not remove %s\n", folder);
}

#endif
