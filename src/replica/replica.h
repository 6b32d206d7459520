/* SPDX-License-Identifier: Apache-2.0 */
/* The replica: the SQLite database in which every statement runs, and its transactions.
 *
 * The replica does not know where rows are kept. A `hdb_store` (embedded: src/embedded_store.c, daemon:
 * src/daemon_store.c) is asked at the few points where that matters: before a statement runs, and at COMMIT, when it is
 * given the write set. Nothing here knows of libpq. */
#ifndef HDB_REPLICA_H
#define HDB_REPLICA_H

#include "error.h"
#include "record/table.h"
#include "replica/capture.h"
#include "replica/hooks.h"
#include "replica/inspect.h"
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct hdb_replica hdb_replica;

/* Where committed rows go. Any function may be NULL. All run on the connection's thread, inside its call. */
typedef struct hdb_store {
    /* Before a statement is stepped for the first time in an execution. `begins`: no transaction is open yet.
     * `statement` tells the tables it names and whether it writes. HDB_SCHEMA: what it was told is no longer so; look
     * at the statement again and ask again. */
    int (*prepare_statement)(void *context, const hdb_inspection *statement, bool begins, hdb_error *error);
    /* The replica's transaction goes on and has changed many rows: what can be done with them before its COMMIT may be. */
    void (*ahead)(void *context);
    /* The replica's transaction is about to commit a non-empty write set: make it durable. HDB_OK: go on; HDB_DONE: there
     * was nothing to push after all. */
    int (*push)(void *context, hdb_error *error);
    /* The replica's COMMIT was done (`done`) or refused after a push that succeeded. */
    int (*finish)(void *context, bool done, hdb_error *error);
    /* The same for a transaction that has written to several databases, all or none: their stores' contexts. */
    int (*push_together)(void **contexts, int count, hdb_error *error);
    int (*finish_together)(void **contexts, int count, bool done, hdb_error *error);
    /* The file's WAL has become so long that it is to be copied into the file soon, if possible not by the caller. */
    void (*wal_grew)(void *context);
    /* The file has got its first page. */
    void (*file_begun)(void *context);
    /* A statement ran that changes rows where no hook sees it (VACUUM). */
    int (*changed_unseen)(void *context, hdb_error *error);
    /* The transaction ended, whichever way; what it had loaded or locked may go. */
    void (*end)(void *context, bool committed);
    /* ROLLBACK TO went back to this savepoint depth (0: the outermost one). */
    void (*rolled_back_to)(void *context, int depth);
    /* SAVEPOINT or RELEASE made this the number of open savepoints. */
    void (*savepoints)(void *context, int count);
    bool loads; /* prepare_statement() brings the rows of the tables it is told: it must be told every one */
} hdb_store;

/* See `changes`. */
enum { HDB_CHANGES_OF_SQLITE = -1 };

struct hdb_replica {
    sqlite3 *db;
    const char *database; /* SQLite's name of the database that is kept: "main", or the name one is attached by */
    hdb_replica *attached; /* attached databases that are kept: each has `db`, capture, schema and store of its own, the
                              rest is the first one's */
    hdb_replica *next;     /* in that list */
    bool is_blank;         /* a new file without a page: see format.h */
    int wal_told;          /* how many frames its WAL had when the store was told last that it grew */
    hdb_capture *capture;
    hdb_schema *schema;       /* as last read; NULL: to be read */
    int64_t schema_version;   /* of `schema` */
    int64_t schema_epoch;     /* the first one's: another number after all that may have changed a schema but its rows */
    int64_t settled;          /* the epoch in which `schema` was read under the write lock, so that it need not be again */
    int recent;               /* table of `schema` that was changed last, looked at first */
    sqlite3_stmt **readers;   /* for each table of `schema`: reads a row by its key, prepared when first needed */
    hdb_schema *schema_before; /* as it was before the transaction's first DDL, NULL if there was none */
    sqlite3_stmt *version_reader;
    hdb_inspection *inspecting; /* the statement being prepared, NULL else */
    bool looks_again;         /* at a statement that the application has had prepared before */
    bool internal;            /* our own statements run: nothing is captured, nothing refused */
    bool explicit_transaction; /* the application said BEGIN or SAVEPOINT */
    atomic_bool implicit_transaction; /* we said BEGIN around autocommit statements */
    int implicit_writers;      /* autocommit statements that run inside it */
    char **savepoints;         /* names of open savepoints, outermost first */
    int savepoint_count;
    bool savepoint_began;      /* the outermost savepoint began the transaction */
    /* Asked for while another thread's statement runs, like the one above. */
    _Atomic int64_t total_offset; /* rows that SQLite counted and that the application must not see in total_changes() */
    _Atomic int64_t changes;      /* what changes() is, HDB_CHANGES_OF_SQLITE while SQLite's own count is the application's */
    bool in_dml;               /* a statement that changes rows is running: SQLite's counts when it began are */
    int64_t begun_changes, begun_total;
    int synchronous;           /* what PRAGMA synchronous was set to: 0 off .. 3 extra */
    bool may_be_query_only;    /* PRAGMA query_only was set once */
    bool may_count_changes;    /* PRAGMA count_changes was set once: statements that change rows give one */
    bool may_have_wal_hook;    /* an extension may be loaded, which may have hung a hook of its own on commits */
    bool may_have_temp_triggers; /* CREATE TEMP TRIGGER was prepared once; they are in no schema of ours */
    bool lost;                 /* a push failed, and with it what the store knew: the transaction can't go on */
    bool answers_pragmas;      /* the file is a replica: its modes are ours, not the application's */
    hdb_hooks hooks;           /* what the application has set */
    const struct hdb_foreign_tables *foreign; /* which tables other clients of a server made; NULL: none */
    const hdb_store *store;    /* NULL: plain SQLite */
    void *store_context;
};

/* Wraps an open database: hooks, authorizer. Takes the handle over, also on failure. */
int hdb_replica_create(sqlite3 *db, hdb_replica **out, hdb_error *error);
/* Makes the SQL functions that are the library's own, in the place of SQLite's where it has them. */
void hdb_replica_register_functions(hdb_replica *replica);
/* Hangs the library's own hooks on the database, again if something took their place. */
void hdb_replica_install(hdb_replica *replica);
/* Whether the changes of rows are looked at. SQLite compiles a statement otherwise where nobody does. */
void hdb_replica_watch_rows(hdb_replica *replica, bool watch);
/* Adds an attached database to those that are kept; its name is copied. */
int hdb_replica_attach(hdb_replica *replica, const char *database, hdb_replica **out, hdb_error *error);
/* Takes one out that SQLite has detached, and frees it. */
void hdb_replica_detach(hdb_replica *replica, hdb_replica *attached);
/* The one of that name, NULL if it is not kept. */
hdb_replica *hdb_replica_find(hdb_replica *replica, const char *database);
/* Goes through all that are kept: start with NULL, ends with NULL. */
hdb_replica *hdb_replica_next_kept(hdb_replica *replica, const hdb_replica *kept);
/* Closes the database, rolling back. NULL is allowed. Statements must be finalized. */
void hdb_replica_destroy(hdb_replica *replica);
/* Copies SQLite's last error into `error`; gives its primary code. */
int hdb_replica_error(hdb_replica *replica, hdb_error *error);
/* The counts as the application's own statements made them. */
int64_t hdb_replica_changes(const hdb_replica *replica);
int64_t hdb_replica_total_changes(const hdb_replica *replica);
/* Keeps the counts as they are now while statements of our own change rows: note before, restore after. */
typedef struct hdb_counts {
    int64_t changes, total, last_rowid;
} hdb_counts;
hdb_counts hdb_replica_note_counts(const hdb_replica *replica);
void hdb_replica_restore_counts(hdb_replica *replica, const hdb_counts *counts);

/* Begins and ends work of our own on the replica that must leave no trace: not captured, triggers and foreign keys off,
 * counts kept. */
typedef struct hdb_own_work {
    int triggers, foreign_keys, defensive;
    hdb_counts counts;
    char *temp_triggers; /* the statements that make them again */
    bool internal, query_only, count_changes, checks;
} hdb_own_work;
hdb_own_work hdb_replica_begin_own(hdb_replica *replica);
void hdb_replica_end_own(hdb_replica *replica, const hdb_own_work *work);
/* Runs statements of our own, not captured. */
int hdb_replica_run(hdb_replica *replica, const char *sql, hdb_error *error);
/* The schema as it is now, read again if it has changed; borrowed until the next call. */
int hdb_replica_schema(hdb_replica *replica, const hdb_schema **out, hdb_error *error);

/* The schema for a write. As long as the transaction holds the write lock and runs nothing but changes of rows, it is looked
 * at once. `replica` is the first one, `kept` itself or an attached database. */
int hdb_replica_schema_to_write(hdb_replica *replica, hdb_replica *kept, const hdb_schema **out, hdb_error *error);
/* Whether it is such a schema that `kept` has. */
bool hdb_replica_is_settled(const hdb_replica *replica, const hdb_replica *kept);

/* The schema's version as it is now, -1 if it can't be read. */
int64_t hdb_replica_schema_version(hdb_replica *replica);

/* Begins and ends work on one table, or all of them (NULL), that is no statement: an open BLOB, a changeset. What a write needs is as for a statement that
 * changes the table. `keep`: commit if nothing else goes on. */
int hdb_replica_begin_access(hdb_replica *replica, const char *database, const char *table, bool writes, hdb_error *error);
int hdb_replica_end_access(hdb_replica *replica, bool writes, bool keep, hdb_error *error);

/* Forgets all that is known of the database: another one has taken its place. No transaction may be open. */
void hdb_replica_forget_all(hdb_replica *replica);
/* Asks the store for what a statement would need that is told by `inspection` alone; for work of our own. */
int hdb_replica_need(hdb_replica *replica, const hdb_inspection *inspection, hdb_error *error);
/* The same, for reading every table. */
int hdb_replica_need_all(hdb_replica *replica, hdb_error *error);
/* Forgets the schema, so that it is read again. */
void hdb_replica_forget_schema(hdb_replica *replica);
/* A statement that reads the cells of a row of `schema`'s table by its key: the rowid, or the key columns in the order of
 * the key. Borrowed, reset. NULL with the error set. */
sqlite3_stmt *hdb_replica_row_reader(hdb_replica *replica, const hdb_table *table, hdb_error *error);

/* Prepares one statement: `inspection` tells what it is. PRAGMAs that the library answers itself are replaced here. */
int hdb_replica_prepare(hdb_replica *replica, const char *sql, int64_t length, sqlite3_stmt **out, const char **tail,
                        hdb_inspection *inspection, hdb_error *error);

/* The level that the argument of PRAGMA synchronous stands for. */
int hdb_synchronous_of(const char *argument);

/* Looks at a statement's text again, as the schema is now. */
int hdb_replica_inspect(hdb_replica *replica, const char *sql, hdb_inspection *inspection, hdb_error *error);

/* One step of a statement; `fresh` on the first of an execution. Begins, commits and ends transactions around it as
 * SQLite's own rules say. Gives HDB_ROW, HDB_DONE or an error. */
int hdb_replica_step(hdb_replica *replica, sqlite3_stmt *statement, hdb_inspection *inspection, bool fresh,
                     hdb_error *error);
/* Ends an execution that was stepped and has not ended by itself (it gave rows and is left early). */
int hdb_replica_end(hdb_replica *replica, sqlite3_stmt *statement, const hdb_inspection *inspection, hdb_error *error);

#endif
