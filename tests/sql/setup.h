/* SPDX-License-Identifier: Apache-2.0 */
/* One of the set-ups in which cases are run. */
#ifndef SETUP_H
#define SETUP_H

#include <stdbool.h>

struct setup {
    const char *name;   /* "embedded", "memory", "daemon-heliosdb", "daemon-postgresql", "sdk-heliosdb", "sdk-postgresql" */
    const char *dsn;    /* NULL: embedded */
    const char *direct; /* "auto" or "off" */
    const char *linger; /* seconds that an embedded engine stays when nobody uses it; NULL: 0 */
    bool leaves_empty;  /* drops everything at the end of a case, for the next one to use the same database */
    bool skips_engine;  /* does not read the engine's own tables at the end */
    bool in_memory;     /* embedded, without a file */
    bool shares_log;    /* daemon mode with a replica file: coherence=sdk */
};

#endif
