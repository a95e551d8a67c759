/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JURISDICTION_DEMO_PRIVATE_H
#define JURISDICTION_DEMO_PRIVATE_H

#include "jurisdiction/read_private.h"

/* demo.yaml, after places, names, agencies, purposes, registries and services. */
void read_demo(struct loader *loader, const struct yaml *root);

#endif
