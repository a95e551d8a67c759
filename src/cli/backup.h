/* SPDX-License-Identifier: Apache-2.0 */
/* backup.h: the shape of a copy, which `aina backup` makes and `aina restore` reads. A copy is an instance's
 * folder:
 *
 *     MANIFEST       lines "# name value" (version, made, origin, size, root, rules, state), then "hex
 * SHA-256, two spaces, path" for each other file, sorted: `sha256sum -c MANIFEST` checks it too. Written
 * last. aina.conf      with the jurisdiction folder and a SQLite state named relative to the folder keys/
 * sealed keys; master.key, which opens them, only with --with-keys ledger/        the entries up to a
 * published checkpoint, with derived files jurisdiction/  the folder as it was in force state.db       the
 * state; state.dump if it is in PostgreSQL and was handed over
 *
 * The state is copied before the log: an act that the state knows of is then in the copied log, or is still
 * in the copied state's outbox. */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#define BACKUP_VERSION "1"
#define BACKUP_MANIFEST "MANIFEST"
#define BACKUP_MANIFEST_MAX (4u << 20)

#endif
