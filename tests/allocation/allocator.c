/* SPDX-License-Identifier: Apache-2.0 */
#include "allocator.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

/* What really allocates. The address sanitizer gives blocks of its own making to strdup() and the like: there they can't
 * be counted. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(function) __interceptor_##function
enum { COUNTED = 0 };
#else
#define REAL(function) __libc_##function
enum { COUNTED = 1 };
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *block, size_t size);
void REAL(free)(void *block);

static atomic_long blocks;
/* Other threads go on undisturbed. */
static _Thread_local bool armed, lasting, failed;
static _Thread_local long left;

void allocator_arm(long number, bool for_long) {
    left = number;
    lasting = for_long;
    failed = false;
    armed = true;
}

bool allocator_disarm(void) {
    armed = false;
    return failed;
}

bool allocator_is_armed(void) {
    return armed;
}

long allocator_blocks(void) {
    return COUNTED ? atomic_load(&blocks) : -1;
}

static bool must_fail(void) {
    if (!armed || (failed && !lasting))
        return false;
    if (!failed && --left > 0)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block) {
    if (block != NULL)
        atomic_fetch_add(&blocks, 1);
    return block;
}

void *malloc(size_t size) {
    return must_fail() ? NULL : counted(REAL(malloc)(size));
}

void *calloc(size_t count, size_t size) {
    return must_fail() ? NULL : counted(REAL(calloc)(count, size));
}

void *realloc(void *block, size_t size) {
    if (must_fail())
        return NULL;
    if (block == NULL)
        return counted(REAL(realloc)(block, size));
    return REAL(realloc)(block, size);
}

void free(void *block) {
    if (block != NULL)
        atomic_fetch_sub(&blocks, 1);
    REAL(free)(block);
}
