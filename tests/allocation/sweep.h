/* SPDX-License-Identifier: Apache-2.0 */
/* Public functions, called again and again while the first allocation fails, then the second, until the call gets through. */
#ifndef ALLOCATION_SWEEP_H
#define ALLOCATION_SWEEP_H

#include <heliosdb/heliosdb.h>
#include <heliosdb/backup.h>
#include <heliosdb/blob.h>
#include <heliosdb/block.h>
#include <heliosdb/function.h>
#include <heliosdb/hook.h>
#include <heliosdb/inspect.h>
#include <heliosdb/module.h>
#include <heliosdb/session.h>
#include <stdbool.h>
#include <stddef.h>

/* What a case works on; released after each call, whatever became of it. */
typedef struct sweep_things {
    hdb_config *config;
    hdb_conn *conn;  /* on a database with the tables below */
    hdb_conn *other; /* on an empty one */
    hdb_stmt *stmt;
    hdb_blob *blob;
    hdb_backup *backup;
    hdb_session *session;
    void *bytes[2]; /* of hdb_serialize() and the changesets */
    int64_t sizes[2];
} sweep_things;
extern sweep_things it;

typedef struct sweep_case {
    const char *name;
    void (*prepare)(void); /* in good times; NULL: nothing but `conn` */
    int (*call)(void);     /* in bad times: HDB_OK if everything was done and is right, else the code that was told */
} sweep_case;

/* A function that is called in bad times: it is noted, for the comparison with the symbol map. */
#define SWEPT(function) (sweep_note(#function), (function))
void sweep_note(const char *function);

/* In a call: ends it with the code of what failed. */
#define TRY(expression) \
    do { \
        const int code_of_try = (expression); \
        if (code_of_try != HDB_OK) \
            return code_of_try; \
    } while (0)
/* In a call: ends it if what a successful function gave is wrong. */
#define RIGHT(condition) \
    do { \
        if (!(condition)) \
            return sweep_wrong(__FILE__, __LINE__, #condition); \
    } while (0)
int sweep_wrong(const char *file, int line, const char *condition);

/* For what is done in good times: ends the program if it fails. */
void sweep_must(int rc, const char *what);
void sweep_run(hdb_conn *conn, const char *sql);
void sweep_prepare(const char *sql); /* into it.stmt */
void sweep_prepare_row(const char *sql); /* and fetches its first row */

extern const sweep_case library_cases[], connection_cases[], statement_cases[], function_cases[], hook_cases[], copy_cases[],
    session_cases[], engine_cases[], server_cases[];

/* Around the last but one of these. */
void sweep_start_engine(void);
void sweep_stop_engine(void);
/* Around the last: for the server whose DSN a variable of the environment holds; false if there is none. */
bool sweep_start_server(const char *variable);
void sweep_stop_server(void);

#endif
