/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's settings: what hdb_config holds as text, and the same resolved (defaults, environment) and typed. */
#ifndef HDB_CONFIG_H
#define HDB_CONFIG_H

#include "error.h"
#include <heliosdb/heliosdb.h>
#include <stdbool.h>

enum hdb_open_flags { HDB_OPEN_CREATE, HDB_OPEN_WRITE, HDB_OPEN_READ };

typedef struct hdb_settings {
    int mode; /* enum hdb_mode */
    char *dsn;
    char *engine;
    int timeout_ms;
    enum hdb_open_flags open;
    bool uri;
    bool memory_engine;
    double linger;
    bool direct;
    bool sdk; /* coherence=sdk: a replica file beside a server */
    bool many_writers; /* locking=mvcc */
    bool notices;
} hdb_settings;

/* Resolves settings for `database`. HDB_MISUSE with a message for what can't be (daemon mode without a DSN). */
int hdb_settings_resolve(hdb_settings *out, const hdb_config *config, const char *database, hdb_error *error);
void hdb_settings_clear(hdb_settings *settings);

#endif
