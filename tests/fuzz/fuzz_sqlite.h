/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite beside a target, to say what is right. Its memory is its own here, from a pool of pieces of 2^n bytes: the address
 * sanitizer's allocator makes it several times slower, and it is not SQLite that is looked into. */
#ifndef HDB_FUZZ_SQLITE_H
#define HDB_FUZZ_SQLITE_H

#include "fuzz.h"
#include <sqlite3.h>

enum { FUZZ_HEAD = 16, FUZZ_SMALLEST = 5, FUZZ_CLASSES = 31 };

/* Before each piece: its class, and when it is free the next free one of that class. */
typedef struct fuzz_piece_head {
    int class;
    struct fuzz_piece_head *next;
} fuzz_piece_head;

static fuzz_piece_head *fuzz_free_pieces[FUZZ_CLASSES];

static inline int fuzz_class_of(int size) {
    int class = FUZZ_SMALLEST;
    while (((size_t)1 << class) < (size_t)size + FUZZ_HEAD)
        class += 1;
    return class;
}

static inline fuzz_piece_head *fuzz_head_of(void *memory) {
    return (fuzz_piece_head *)((char *)memory - FUZZ_HEAD);
}

static inline fuzz_piece_head *fuzz_new_piece(int class) {
    static char *pool, *end;
    const size_t size = (size_t)1 << class, chunk = size > 1 << 22 ? size : 1 << 22;
    if ((size_t)(end - pool) < size) {
        pool = malloc(chunk); /* what was left of the chunk before is lost: it is less than a piece of this size */
        CHECK(pool != NULL);
        end = pool + chunk;
    }
    fuzz_piece_head *piece = (fuzz_piece_head *)pool;
    pool += size;
    piece->class = class;
    return piece;
}

static void *fuzz_sqlite_malloc(int size) {
    const int class = fuzz_class_of(size);
    fuzz_piece_head *piece = class < FUZZ_CLASSES ? fuzz_free_pieces[class] : NULL;
    if (class >= FUZZ_CLASSES)
        return NULL;
    if (piece != NULL)
        fuzz_free_pieces[class] = piece->next;
    else
        piece = fuzz_new_piece(class);
    return (char *)piece + FUZZ_HEAD;
}

static void fuzz_sqlite_free(void *memory) {
    if (memory == NULL)
        return;
    fuzz_piece_head *piece = fuzz_head_of(memory);
    piece->next = fuzz_free_pieces[piece->class];
    fuzz_free_pieces[piece->class] = piece;
}

static int fuzz_sqlite_size(void *memory) {
    return memory != NULL ? (1 << fuzz_head_of(memory)->class) - FUZZ_HEAD : 0;
}

static void *fuzz_sqlite_realloc(void *memory, int size) {
    void *larger = memory;
    if (size > fuzz_sqlite_size(memory)) {
        larger = fuzz_sqlite_malloc(size);
        if (larger != NULL) {
            memcpy(larger, memory, (size_t)fuzz_sqlite_size(memory));
            fuzz_sqlite_free(memory);
        }
    }
    return larger;
}

static int fuzz_sqlite_roundup(int size) {
    return (1 << fuzz_class_of(size)) - FUZZ_HEAD;
}

static int fuzz_sqlite_init(void *context) {
    (void)context;
    return SQLITE_OK;
}

static void fuzz_sqlite_shutdown(void *context) {
    (void)context;
}

/* A new database in memory, the first use of SQLite in the process. */
static inline sqlite3 *fuzz_sqlite_open(const char *ddl) {
    static const sqlite3_mem_methods methods = {
        .xMalloc = fuzz_sqlite_malloc,
        .xFree = fuzz_sqlite_free,
        .xRealloc = fuzz_sqlite_realloc,
        .xSize = fuzz_sqlite_size,
        .xRoundup = fuzz_sqlite_roundup,
        .xInit = fuzz_sqlite_init,
        .xShutdown = fuzz_sqlite_shutdown,
    };
    sqlite3 *db = NULL;
    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
    CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, ddl, NULL, NULL, NULL) == SQLITE_OK);
    return db;
}

#endif
