/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by server.c (snapshots and locks) and server_push.c (what a COMMIT sends). */
#ifndef HDB_SERVER_INTERNAL_H
#define HDB_SERVER_INTERNAL_H

#include "record/server.h"

#define BUSY_SNAPSHOT 517

struct hdb_server {
    hdb_link *link;
    char *dsn;
    int connect_timeout_ms, timeout_ms;
    const volatile int *interrupt;
    int (*busy)(void *context, int count); /* asked instead of waiting for the lock */
    void *busy_context;
    bool in_snapshot; /* reads belong together; on PostgreSQL a transaction is open on the link */
    bool locked;
    bool lent;  /* the lock is held for reading: see hdb_server_check() */
    int spoilt; /* reads that another writer has spoilt, in a row */
    bool keeps_log; /* for replicas on other hosts */
    int64_t token;  /* of the last entry pushed */
    int64_t commits, schema_version, applied; /* as of the last snapshot or lock */
};

/* Runs a text on the server's link. */
int hdb_server_script(hdb_server *server, const char *sql, hdb_error *error);
/* Ends the snapshot by COMMIT or ROLLBACK, if there is one. */
void hdb_server_end_snapshot(hdb_server *server, const char *how);
/* Adds one to a number in _hdb_meta. */
int hdb_server_count(hdb_server *server, const char *key, hdb_error *error);
/* What comes after an entry was logged: the tables take it, and the log need not keep it then. */
int hdb_server_apply_logged(hdb_server *server, int64_t id, const char *data, size_t size, hdb_error *error);

#endif
