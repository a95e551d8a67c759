/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a service file holds, reading it ends: with findings that have a place, or with a service of which
 * every page, rule and term can be walked. The input is a service file; the folder around it is the fictional
 * town's. */
#include <stdio.h>
#include <stdlib.h>

#include "jurisdiction/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct jurisdiction *town(void)
{
    static struct jurisdiction *j;
    static struct arena arena;
    struct findings findings;
    struct err err;
    const char *root = getenv("AINA_ROOT");
    if (j == NULL) {
        char path[4096];
        snprintf(path, sizeof path, "%s/jurisdictions/ainabulak", root ? root : ".");
        arena_init(&arena, 65536, (size_t)64 << 20);
        must(jurisdiction_load(path, &arena, &j, &findings, &err) && j != NULL);
    }
    return j;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jurisdiction *j = town();
    struct arena arena;
    arena_init(&arena, 1 << 16, (size_t)64 << 20);
    for (size_t p = 0; p < j->procedures_n; p++) {
        struct findings findings;
        struct str text = {(const char *)bytes, n};
        char id[80];
        int length = snprintf(id, sizeof id, "procedure: %.*s\n", STR_ARG(j->procedures[p].id));
        const char *at = memmem(bytes, n, id, (size_t)length);
        if (at == NULL && p != 0)
            continue; /* files of the corpus are read with their own procedure, wrecks with the first */
        const struct service *s = service_from_snapshot(j, text, j->procedures[p].bytes, &arena, &findings);
        must((s != NULL) == (findings.errors == 0));
        for (size_t i = 0; i < findings.n; i++)
            must(findings.list[i].line > 0 && findings.list[i].what.n != 0 && findings.list[i].remedy.n != 0);
        if (s == NULL)
            continue;
        struct rule_value *values = service_facts(j, s, s->valid_from, &arena);
        service_evaluate(s, values, &arena);
        must(s->channels & SERVICE_OFFLINE);
        for (size_t a = 0; a < s->actions_n; a++)
            must(!s->actions[a].moves || s->actions[a].to != DECIDED_NO || s->actions[a].who == BY_OFFICIAL);
    }
    arena_done(&arena);
    return 0;
}
