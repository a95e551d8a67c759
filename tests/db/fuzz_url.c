/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever URL is typed, its check ends, and what it says never repeats the URL. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "db/db_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char url[4096];
    if (n >= sizeof url)
        return 0;
    memcpy(url, bytes, n);
    url[n] = '\0';
    struct err err = {0};
    struct db *db;
    char *secret = strstr(url, "hunter2"); /* the seeds' password */
    if (!postgres_url_ok(url, &err))
        must(secret == NULL || strstr(err.text, "hunter2") == NULL);
    if (strncmp(url, "postgres", 8) != 0 && strncmp(url, "sqlite:", 7) != 0)
        must(!db_open(&db, url, &err) && err.code == ERR_USAGE);
    return 0;
}
