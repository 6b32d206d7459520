/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that talk to a real engine: a directory of their own, and asserts that print what went wrong. */
#ifndef HDB_ENGINE_FIXTURE_H
#define HDB_ENGINE_FIXTURE_H

#include "error.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        if ((call) != HDB_OK)                                                                                          \
            fail_msg("%s: %s (%s)", #call, hdb_error_message(&error), error.sqlstate);                                 \
    } while (0)

#define assert_contains(text, part)                                                                                    \
    do {                                                                                                               \
        if (strstr((text), (part)) == NULL)                                                                            \
            fail_msg("\"%s\" does not contain \"%s\"", (text), (part));                                                \
    } while (0)

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
    return remove(path);
}

static inline void remove_tree(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a program: an executable file with this content. */
static inline void write_program(const char *path, const char *content) {
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(content, file) < 0 || fclose(file) != 0 || chmod(path, 0700) != 0)
        abort();
}

#endif
