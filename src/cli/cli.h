/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the commands. One table (main.c) gives dispatch and help; each command gets its own arguments.
 *
 * Exit codes: 0 done (or: yes); 1 refused, not proven, or found wrong; 2 the words of the command are off. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/verdict.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/* Arguments after the command's name. Options may stand anywhere; "--" ends them. */
struct args {
    int argc;
    char **argv;
};

/* Takes an option out of the arguments. With a value: its text, or NULL when absent. Without: whether it
 * stood there. */
const char *args_value(struct args *args, const char *name);
bool args_flag(struct args *args, const char *name);
/* True when what is left are min to max plain arguments; else says what is off. */
bool args_are(struct args *args, int min, int max, const char *usage);

/* Words that a person will read in their list: one line of UTF-8, 1 to 1000 bytes, no control characters.
 * ERR_USAGE; `place` is the option's name. */
MUST_USE bool cli_line(const char *place, const char *text, struct err *err);

int cli_fail(const struct err *err); /* says it; EXIT_USAGE for ERR_USAGE, else EXIT_REFUSED */
MUST_USE bool cli_read_file(const char *path, size_t max, struct arena *arena, struct str *ret_bytes,
                            struct err *err);
void cli_print(const struct buf *buf); /* to standard output */

/* A verdict's checks, as text lines and as the member "checks". */
void cli_checks_text(struct buf *out, const struct verify_check *checks, size_t n);
void cli_checks_json(struct json *j, const struct verify_check *checks, size_t n);
int verify_documents(struct args *args, const char *issuers_file, bool as_json, const char *usage);
int verify_signatures(struct args *args, const char *trust_folder, bool as_json, const char *usage);

int command_backup(struct args *args);
int command_bench(struct args *args);
int command_check(struct args *args);
int command_demo(struct args *args);
int command_document(struct args *args);
int command_enrol(struct args *args);
int command_record(struct args *args);
int command_erase(struct args *args);
int command_fsck(struct args *args);
int command_init(struct args *args);
int command_keys(struct args *args);
int command_mandate(struct args *args);
int command_number(struct args *args);
int command_rekey(struct args *args);
int command_restore(struct args *args);
int command_order(struct args *args);
int command_service(struct args *args);
int command_serve(struct args *args);
int command_tlog(struct args *args);
int command_token(struct args *args);
int command_verify(struct args *args);

#endif
