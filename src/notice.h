/* SPDX-License-Identifier: Apache-2.0 */
/* What the library says by itself, on standard error: progress of work that takes long, and repairs. */
#ifndef HDB_NOTICE_H
#define HDB_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hdb_notice {
    bool on, said;
    const char *what, *name;
    int64_t rows;
    double started, last; /* seconds */
} hdb_notice;

/* Work that begins. Nothing is said unless it takes two seconds. */
hdb_notice hdb_notice_start(bool on, const char *what, const char *name);
void hdb_notice_progress(hdb_notice *notice, int64_t rows);
void hdb_notice_end(hdb_notice *notice);
void hdb_notice_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
