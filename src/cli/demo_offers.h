/* SPDX-License-Identifier: Apache-2.0 */
/* demo_offers.h: records written in the demonstration (demo.yaml: records), the services that they offer, and
 * how those are answered; all by the same calls as for real. */
#ifndef CLI_DEMO_OFFERS_H
#define CLI_DEMO_OFFERS_H

#include "cli/instance.h"
#include "web/demo.h"

MUST_USE bool demo_offers_make(struct instance *in, const struct demo_mark *people, demo_draw_fn *draw,
                               void *arg, struct err *err);

#endif
