/* SPDX-License-Identifier: Apache-2.0 */
/* fsck.h: the check of a whole instance, for `aina fsck` and for the ends of backup and restore. Writes
 * nothing; may be run while the instance is served. */
#ifndef CLI_FSCK_H
#define CLI_FSCK_H

#include "base/buf.h"
#include "case/beside_check.h"
#include "case/check.h"
#include "cli/instance.h"
#include "ledger/fsck.h"
#include "people/check.h"

struct fsck {
    struct ledger_fsck log;
    struct vault_report vault;
    struct case_report cases;
    struct documents_report documents;
    uint64_t destroyed;          /* entries of shards whose keys were destroyed after retention */
    struct beside_report beside; /* what stands beside the cases */
    struct people_report people; /* numbers, mandates, passkeys */
    struct err mark;             /* .code: what is wrong with the file `published`, or ERR_NONE */
    uint64_t waiting;   /* acts in the outbox: the next start, or the server, puts them into the log */
    bool vault_checked; /* and the cases */
};

/* The log in `ledger_folder`, vault and cases in `db` (NULL: not looked at), with the instance's keys. False
 * only when the check could not be made; what it found is in *ret_fsck. */
MUST_USE bool fsck_run(struct instance *instance, const char *ledger_folder, struct db *db,
                       struct fsck *ret_fsck, struct err *err);
uint64_t fsck_findings(const struct fsck *fsck);
void fsck_text(struct buf *out, const struct fsck *fsck);

#endif
