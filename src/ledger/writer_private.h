/* SPDX-License-Identifier: Apache-2.0 */
/* writer_private.h: between the queue (queue.c), the thread that forms batches from it (form.c), and those
 * that write them and keep the rest of the folder (write.c). */
#ifndef LEDGER_WRITER_PRIVATE_H
#define LEDGER_WRITER_PRIVATE_H

#include "ledger/ledger_private.h"

static inline struct slot *slot_at(struct ledger *ledger, uint64_t i)
{
    return &ledger->ring[i % ledger->ring_cap];
}

void *former_main(void *arg);
void batch_free(struct batch *batch);
bool wants_spare(const struct ledger *ledger); /* (lock) */

#endif
