/* SPDX-License-Identifier: Apache-2.0 */
/* levels.h: how sure we are of who acts: proofing of the person (ial), authentication (aal), and whether it
 * resists phishing. What logged in says what it reached; purposes declare what they need. */
#ifndef JURISDICTION_LEVELS_H
#define JURISDICTION_LEVELS_H

#include <stdbool.h>

#include "base/text.h"

struct levels {
    unsigned ial, aal; /* 0 to 3 */
    bool phr;
};
#define LEVELS_MAX 3
#define LEVELS_TEXT_SIZE 24
void levels_text(struct levels levels, char out[LEVELS_TEXT_SIZE]); /* "ial2.aal3.phr", as in entries */
struct levels levels_of(struct str text);                           /* anything else, "token" too: all zero */
/* A demonstration's log-in by button counts for what the folder's demo.yaml says, and its entries say that it
 * was one: "ial3.aal3.phr.demo". */
#define LEVELS_DEMO ".demo"
void levels_demo_text(struct levels levels, char out[LEVELS_TEXT_SIZE]);
bool levels_are_demo(struct str text);
bool levels_reach(struct levels have, struct levels need);

#endif
