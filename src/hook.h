/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of a connection: what was set, and how it is let go. */
#ifndef HDB_HOOK_H
#define HDB_HOOK_H

#include <heliosdb/heliosdb.h>

enum hdb_hook_kind {
    HDB_HOOK_AUTHORIZER,
    HDB_HOOK_TRACE,
    HDB_HOOK_COMMIT,
    HDB_HOOK_ROLLBACK,
    HDB_HOOK_UPDATE,
    HDB_HOOK_PROGRESS,
    HDB_HOOK_BUSY,
    HDB_HOOK_WAIT,
    HDB_HOOK_COUNT
};

typedef struct hdb_hook {
    union {
        hdb_authorizer_callback authorize;
        hdb_trace_callback trace;
        hdb_commit_callback commit;
        hdb_rollback_callback rollback;
        hdb_update_callback update;
        hdb_progress_callback progress;
        hdb_busy_callback busy;
        hdb_progress_callback wait;
    } call;
    int number; /* events of a trace, instructions between two looks at progress */
    void *user_data;
    hdb_destroy_callback destroy;
} hdb_hook;

/* Lets every hook go. The database is closed. */
void hdb_hooks_destroy(hdb_conn *conn);
/* Lets go of one, because something else takes its place. */
void hdb_hook_forget(hdb_conn *conn, enum hdb_hook_kind kind);
/* Hangs everything that is set on SQLite again: an extension may have taken its place. */
void hdb_hooks_install(hdb_conn *conn);
/* Asks the application while a call of it waits, and lets it end the wait. */
void hdb_hooks_look(void *conn);
/* Tells the trace of a statement that SQLite does not run. */
void hdb_hooks_trace_statement(hdb_stmt *stmt);

#endif
