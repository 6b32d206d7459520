/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind the public handles. Only the files of src/ itself, the API layer, see these structs; the layers below
 * get what they need as parameters. */
#ifndef HDB_CONNECTION_H
#define HDB_CONNECTION_H

#include "config.h"
#include "error.h"
#include "hook.h"
#include "replica/replica.h"
#include "waiting.h"
#include <heliosdb/heliosdb.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct hdb_embedded_store hdb_embedded_store;
typedef struct hdb_daemon_store hdb_daemon_store;
typedef struct hdb_sdk_store hdb_sdk_store;

struct hdb_conn {
    pthread_mutex_t mutex; /* recursive; held by every public call but hdb_interrupt() */
    unsigned generation;   /* of the process that opened it, see fork_guard.h */
    hdb_settings settings;
    hdb_error error;
    char *path;                   /* absolute, "" without a file */
    hdb_replica *replica;         /* NULL until opened */
    hdb_embedded_store *embedded; /* who keeps the rows: one of these, or neither (plain :memory:) */
    hdb_daemon_store *daemon;
    hdb_sdk_store *sdk;
    hdb_stmt *first;          /* open statements */
    hdb_blob *blobs;          /* open BLOB handles */
    hdb_session *sessions;
    int scans;                /* direct SELECTs that have rows to give, and are not settled (scan_lane.h) */
    char *large_table;        /* the last one with more rows than a scan keeps, in the schema of this generation; NULL: none */
    int64_t large_generation;
    hdb_stmt *asking;         /* the one that SQLite runs with rows of the engine */
    bool has_engine_rows;     /* the table that they are is known to SQLite */
    bool lost;                /* a database went when memory ran out in hdb_deserialize(): SQLite must not look for it */
    atomic_int interrupted;   /* seen by a wait for the engine */
    char *explanation;        /* owned answer of hdb_explain() */
    char *dsn;                /* owned answer of hdb_engine_dsn() */
    hdb_hook hooks[HDB_HOOK_COUNT]; /* what the application has set */
    int calls;       /* public calls that are running, one within the other */
    hdb_watch watch; /* begun by the first of them */
    hdb_collation_needed_callback collation_needed;
    void *collation_needed_data;
};

/* Whether it was opened before a fork: nothing of it may be touched in the child. */
bool hdb_conn_is_forked(const hdb_conn *conn);
/* Begins a public call: refuses a NULL or forked handle, takes the mutex, forgets the last error. */
int hdb_conn_enter(hdb_conn *conn);
/* Ends it; gives `rc` back, so that a call can end with `return hdb_conn_leave(conn, rc)`. */
int hdb_conn_leave(hdb_conn *conn, int rc);
/* The path of a file that may not exist yet, symlinks resolved, so that two names of one file are one database. */
int hdb_conn_resolve_path(const char *name, char **out, hdb_error *error);
/* Opens a SQLite handle as the settings say. */
int hdb_conn_open_sqlite(hdb_conn *conn, const char *database, sqlite3 **out);
/* Whether a database of that name is there: main, temp or attached. */
bool hdb_conn_has_database(hdb_conn *conn, const char *name);
/* Starts the engine for a plain in-memory database and gives it what is there; nothing to do elsewhere. */
int hdb_conn_need_engine(hdb_conn *conn);

#endif
