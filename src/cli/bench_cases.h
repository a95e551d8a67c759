/* SPDX-License-Identifier: Apache-2.0 */
/* bench_cases.h: services: cases filed a second, durable and logged, and two pages with a million cases in
 * the database: an office's queue, and the public statistics. */
#ifndef CLI_BENCH_CASES_H
#define CLI_BENCH_CASES_H

#include <stdbool.h>

int bench_cases_main(const char *folder, const char *jurisdiction, bool json, bool quick);

#endif
