/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h: files looked through for viruses by a program beside this one (clamd).
 *
 * A file is looked through as soon as it is whole, by a thread of its own, one at a time; nobody's request
 * waits for that. Until then, and where the scanner cannot be had, it is "not scanned": it is tried again
 * every minute, the office is told, and the folder's `unscanned-files: wait` keeps it shut for the office
 * until it was looked through. A case is filed meanwhile: its day counts.
 *
 * Of a file in which something was found nothing is kept but its row: its bytes go in the transaction that
 * writes the entry about it in the person's list, its answer goes from the draft, and where it was filed
 * already, the person and the office get a notice.
 *
 * The scanner is believed only while it finds the EICAR test file: asked before the first file and then every
 * ten minutes. Whatever it says before it has read a whole file is no verdict.
 */
#ifndef CASE_SCAN_H
#define CASE_SCAN_H

#include "case/beside.h"

enum scan_state { SCAN_NONE, SCAN_FAILED, SCAN_CLEAN, SCAN_INFECTED };

#define FILE_INFECTED "file-infected" /* outcome of the entry; `reason` is what was found */

/* The way to the scanner: one file at a time, from one thread. False: it is not there, or has ended. */
#define SCAN_REPLY_SIZE 256
struct scan_port {
    bool (*start)(void *arg);
    bool (*give)(void *arg, struct str bytes);
    /* What it said of all that was given, in its own words. */
    bool (*end)(void *arg, char ret_reply[SCAN_REPLY_SIZE]);
    void (*stop)(void *arg); /* from another thread: whoever waits for it goes on, and it has ended */
    void *arg;
};

/* clamd's answer to INSTREAM: "stream: OK", "stream: NAME FOUND"; anything else is no verdict. The name
 * comes as at most 64 visible ASCII characters. */
#define SCAN_FOUND_SIZE 65
enum scan_state scan_reply(struct str reply, char ret_found[SCAN_FOUND_SIZE]);

bool beside_scans(const struct beside *beside); /* there is a way to a scanner */
/* At most 16 files. The error is for the operator; the files are tried again. */
MUST_USE bool scans_turn(struct beside *beside, struct db *db, int64_t now, struct err *err);

#endif
