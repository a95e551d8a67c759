/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h: the keys of an instance: one table of what each is for, and what befell them (docs/keys.md).
 *
 * Beside the key files, keys/ holds two files that are no secrets:
 *     events     contents of the public records of kind "key", one a line, byte for byte as in the log
 *     holders    who holds the shares of which set: names stay here and never reach the log
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "cli/instance.h"

/* `name` with N stands for every number. Files are keys/NAME.key. Name; made by init; what it is for; how it
 * is renewed; what happens if it is lost; what to do if somebody saw it. */
#define KEY_TABLE(X)                                                                                         \
    X(KEY_MASTER, "master", true, "opens every other key file", "aina keys rotate master",                   \
      "nothing can be read any more: aina keys restore brings it back from three shares or the recovery "    \
      "copy",                                                                                                \
      "aina keys rotate master, at once; whoever also has a copy of keys/ has seen all the keys in it: see " \
      "state and psn-1")                                                                                     \
    X(KEY_STATE, "state", true, "what registries, accounts, cases and the entries' headers are sealed with", \
      "never: every row, file and entry is sealed with keys made of it, or found by them, and all would "    \
      "have "                                                                                                \
      "to be written again while none may be read",                                                          \
      "nothing in the state or the log can be read any more: take the file from a backup",                   \
      "whoever also has the state or a backup of it can read it for good, and no new key takes that back: "  \
      "say so publicly, stop the service, and begin a new instance with new keys")                           \
    X(KEY_LOG, "log", true, "signs the checkpoints of the log", "aina keys rotate log",                      \
      "the log can sign nothing more: take the file from a backup; without one this log ends and a new one " \
      "begins under another name",                                                                           \
      "aina keys rotate log and --finish at once, and say publicly since when; witnesses tell false "        \
      "checkpoints from ours")                                                                               \
    X(KEY_LOG_BEFORE, "log-before", false, "signed the checkpoints before log, and still signs beside it",   \
      "it ends with aina keys rotate log --finish",                                                          \
      "who knows it alone can check nothing that is signed from now on, and takes the new public key",       \
      "aina keys rotate log --finish")                                                                       \
    X(KEY_BEFORE, "master-before", false, "opens what is still sealed under the master key before",          \
      "ends by itself, or with aina keys rotate master --finish",                                            \
      "the change of the master key cannot be finished: take the file from a backup",                        \
      "it is sealed under the new master key: aina keys rotate master, at once")                             \
    X(KEY_PSN_1, "psn-1", true, "the operator's half of the sector pseudonyms",                              \
      "aina keys rotate psn; aina rekey makes new epochs from it",                                           \
      "nobody can be found in a registry who was not looked at before: take the file from a backup",         \
      "aina keys rotate psn: both halves anew, and an epoch of every sector made of them")                   \
    X(KEY_PSN_2, "psn-2", true,                                                                              \
      "the supervisor's half of the sector pseudonyms, kept here until there is a supervisor",               \
      "aina keys rotate psn; aina rekey makes new epochs from it", "as psn-1", "as psn-1")                   \
    X(KEY_PSN_1_N, "psn-1-N", false, "psn-1 made anew for the Nth time: the greatest N makes new epochs",    \
      "aina keys rotate psn; aina rekey makes new epochs from it", "as psn-1", "as psn-1")                   \
    X(KEY_PSN_2_N, "psn-2-N", false, "psn-2 made anew for the Nth time: the greatest N makes new epochs",    \
      "aina keys rotate psn; aina rekey makes new epochs from it", "as psn-1", "as psn-1")                   \
    X(KEY_SHARD_VRF, "shard-N-vrf", false, "makes the labels of quarter N",                                  \
      "each quarter, or aina keys rotate shard",                                                             \
      "entries of that quarter can be neither added nor shown to be complete: take the file from a backup",  \
      "aina keys rotate shard; in what was logged before, who knows a person's pseudonym can find their "    \
      "entries' leaves, and read none")                                                                      \
    X(KEY_SHARD_ENTRY, "shard-N-entry", false, "seals the entries of quarter N",                             \
      "each quarter, or aina keys rotate shard",                                                             \
      "the entries of that quarter stay proven and can no longer be read: take the file from a backup",      \
      "aina keys rotate shard; entries of before can be read by whoever also has state and the log's files") \
    X(KEY_DOCUMENT, "document-N", false, "signs documents and their status lists; the greatest N signs now", \
      "every two years: aina keys rotate document",                                                          \
      "what it signed stays valid, but nothing can be issued and no status list renewed: take the file "     \
      "from a backup, or make a new key with aina keys rotate document",                                     \
      "aina keys rotate document, at once, and say publicly since when: what the old key signs later is "    \
      "not "                                                                                                 \
      "ours")

enum key_kind {
#define X(id, ...) id,
    KEY_TABLE(X)
#undef X
        KEY_KINDS_N
};

/* keys/NAME.key of a key without a number. */
const char *key_path(struct arena *arena, const char *keys_folder, enum key_kind kind);

/* $CREDENTIALS_DIRECTORY/aina-master when systemd gave one, else keys/master.key. */
const char *key_master_path(struct arena *arena, const char *keys_folder);

/* Whether the instance was made before there was a state key: its first event says so. */
bool keys_without_state(struct instance *instance);

/* Finishes a change of the master key that was broken off, when the key that opened the instance is the new
 * one. Live. keys_master.c */
MUST_USE bool keys_settle(struct instance *instance, struct err *err);

/* The first event of a new instance: its keys were made. */
MUST_USE bool keys_made(struct instance *instance, struct err *err);

/* The master key as it is typed in: the recovery copy, or shares until there are enough. `nothing`: the error
 * when the input is empty. */
MUST_USE bool keys_type_master(uint8_t key[KEY_SIZE], const char *nothing, struct err *err);

#endif
