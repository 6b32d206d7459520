/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that fails when it is told to, in the place of malloc() and its kin for the whole process: this library,
 * SQLite, libpq and libc. */
#ifndef ALLOCATION_ALLOCATOR_H
#define ALLOCATION_ALLOCATOR_H

#include <stdbool.h>

/* From now on, of the allocations of this thread, the one of this number fails (from 1), and those after it too if
 * `lasting`. */
void allocator_arm(long number, bool lasting);
/* Ends that; whether an allocation has failed. */
bool allocator_disarm(void);
bool allocator_is_armed(void);
/* Blocks that are allocated and not freed yet. */
long allocator_blocks(void);

#endif
