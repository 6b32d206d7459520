/* SPDX-License-Identifier: Apache-2.0 */
#include "allocator.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

/* What really allocates: glibc's own, by the names that it keeps for those who take its place. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

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
    return atomic_load(&blocks);
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
    return must_fail() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return must_fail() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *block, size_t size) {
    if (must_fail())
        return NULL;
    if (block == NULL)
        return counted(__libc_realloc(block, size));
    return __libc_realloc(block, size);
}

void free(void *block) {
    if (block != NULL)
        atomic_fetch_sub(&blocks, 1);
    __libc_free(block);
}
