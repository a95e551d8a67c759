/* SPDX-License-Identifier: Apache-2.0 */
/* service_cli.h: between the parts of `aina service`. */
#ifndef CLI_SERVICE_CLI_H
#define CLI_SERVICE_CLI_H

#include "case/deadline.h"
#include "case/journey.h"
#include "cli/cli.h"

struct service_view {
    const struct jurisdiction *j;
    const struct service *s; /* NULL: the whole folder */
    struct str language;
    struct arena *arena;
};

struct str in_view(const struct service_view *v, const struct texts *texts);
void service_describe(const struct service_view *v, int64_t filed, struct buf *out);
void service_draw(const struct service_view *v, int64_t filed, struct buf *out); /* SVG */
int service_walk(const struct service_view *v, enum channel channel, int64_t filed, const char *trace);
/* The rules of `v` on the past cases of the instance `data`: counts only. service_compare.c */
int service_compare(const struct service_view *v, const char *data);
void print_deadline(const struct service_view *v, const struct service_timer *timer, const struct deadline *d,
                    struct buf *out);
void print_term(struct term term, struct buf *out);
void print_day(int32_t day, struct buf *out);

#endif
