/* SPDX-License-Identifier: Apache-2.0 */
/* The private engine of one database: found, started, shared, left.
 *
 * A data directory `<path>-heliosdb/` (0700) holds:
 *   data/            the engine's own files
 *   engine.toml      its configuration (durability, bounded version history)
 *   engine.log       what it printed, bounded in size
 *   secret           the random password of its one user, 0600
 *   users.lock       flock: shared by everybody who uses the engine, exclusive for the keeper that wants to stop it
 *   start.lock       flock: whoever starts the engine
 *   socket           text file: the directory of the Unix socket, as a socket path must be short
 *
 * The engine is a child of `heliosdb-keeper` (src/keeper/), which waits until nobody holds users.lock, lingers, and
 * stops it. Nothing waits for the engine until hdb_engine_conninfo() is called. */
#ifndef HDB_EMBEDDED_H
#define HDB_EMBEDDED_H

#include "error.h"
#include <stdbool.h>

typedef struct hdb_engine hdb_engine;

typedef struct hdb_engine_options {
    const char *directory; /* the data directory; made (0700) if it is not there. NULL: in memory, private */
    const char *program;   /* engine's path, NULL: HELIOSDB_BIN, heliosdb-nano on PATH, the user's cache */
    double linger;         /* seconds */
    int timeout_ms;        /* how long a start may take before it is an error; at least 30 s is used */
} hdb_engine_options;

/* Takes a share of the engine: finds the program (HDB_CANTOPEN with what to install if there is none), makes the
 * directory, takes users.lock. Does not start or wait. */
int hdb_engine_open(const hdb_engine_options *options, hdb_engine **out, hdb_error *error);
/* Starts the engine in the background if it is not running; does not wait for it. */
int hdb_engine_start(hdb_engine *engine, hdb_error *error);
/* Gives a conninfo for hdb_link_open() and waits until the engine answers, starting it (again) if need be. If it dies
 * or does not come up, HDB_CANTOPEN with the end of its log in the message. The caller frees `out`: another thread may be
 * told of another engine meanwhile. Thread-safe. */
int hdb_engine_conninfo(hdb_engine *engine, char **out, hdb_error *error);
/* Whether this call made the data directory: a new, empty engine. */
bool hdb_engine_is_new(const hdb_engine *engine);
/* Gives the share back; the last one lets the engine stop after its linger time. NULL is allowed. */
void hdb_engine_close(hdb_engine *engine);
/* In a forked child: closes the descriptors, says nothing to anybody, frees. */
void hdb_engine_abandon(hdb_engine *engine);

#endif
