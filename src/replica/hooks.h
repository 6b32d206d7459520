/* SPDX-License-Identifier: Apache-2.0 */
/* What the application has hung on the replica. The library hangs on the same places; what it does itself there is
 * never told to the application. */
#ifndef HDB_HOOKS_H
#define HDB_HOOKS_H

#include <stdbool.h>

typedef struct hdb_hooks {
    bool overrides; /* a function or collation stands for one of SQLite's own: only SQLite's answers are right */
} hdb_hooks;

/* Whether a statement that the server ran by itself would miss something the application has set. */
static inline bool hdb_hooks_need_replica(const hdb_hooks *hooks) {
    return hooks->overrides;
}

#endif
