/* SPDX-License-Identifier: Apache-2.0 */
/* What a statement is and touches, as SQLite's own parser tells it through the authorizer while it is prepared. */
#ifndef HDB_INSPECT_H
#define HDB_INSPECT_H

#include <sqlite3.h>
#include <stdbool.h>

enum hdb_statement_kind {
    HDB_STATEMENT_OTHER, /* reads and writes rows, or changes the schema: see the flags */
    HDB_STATEMENT_BEGIN,
    HDB_STATEMENT_COMMIT,
    HDB_STATEMENT_ROLLBACK,
    HDB_STATEMENT_SAVEPOINT,
    HDB_STATEMENT_RELEASE,
    HDB_STATEMENT_ROLLBACK_TO,
    HDB_STATEMENT_VACUUM,
    HDB_STATEMENT_ATTACH,
    HDB_STATEMENT_DETACH
};

/* A PRAGMA that the library answers itself: in the replica its value has another meaning, or would break it. */
enum hdb_pragma { HDB_PRAGMA_NONE, HDB_PRAGMA_SYNCHRONOUS, HDB_PRAGMA_JOURNAL_MODE, HDB_PRAGMA_LOCKING_MODE };

/* What a statement does to one attached database. */
typedef struct hdb_use {
    char *database; /* the name it is attached by */
    bool writes_rows, changes_schema, sets_header;
    char **tables, **rebuilt; /* as in hdb_inspection */
    int table_count, rebuilt_count;
} hdb_use;

typedef struct hdb_inspection {
    enum hdb_statement_kind kind;
    bool readonly;        /* sqlite3_stmt_readonly() */
    bool writes_rows;     /* changes rows of the main database */
    bool deletes;         /* has a DELETE, a trigger's too, in whichever database */
    bool creates_table;   /* CREATE TABLE in the main database: with IF NOT EXISTS it may do nothing */
    bool changes_schema;  /* CREATE, DROP, ALTER in the main database */
    bool sets_header;     /* PRAGMA user_version or application_id */
    bool sets_query_only; /* PRAGMA query_only = ... */
    bool has_select;      /* a SELECT was compiled; a copy of a whole table needs none */
    bool sets_count_changes; /* PRAGMA count_changes = ... */
    bool makes_temp_trigger;
    bool is_temp_ddl;     /* CREATE or DROP of a temporary object; shows itself as a change of rows, too */
    bool is_dml;          /* INSERT, UPDATE, DELETE or REPLACE at the top level */
    bool uses_all;        /* reads every table (integrity_check) */
    bool uses_schema;     /* asks what tables there are, or what they are like */
    bool uses_main;       /* reads or writes the main database */
    bool uses_body;       /* of a view or a trigger */
    char *savepoint;      /* name, for the savepoint kinds */
    char **tables;        /* tables of main that are read or written, views resolved; each once */
    int table_count;
    char **written;       /* those that rows are put into, changed in or taken out of */
    int written_count;
    char **rebuilt;       /* tables of main that DDL makes, drops or alters */
    int rebuilt_count;
    enum hdb_pragma pragma;
    char *pragma_argument; /* NULL: asks for the value */
    char *pragma_database; /* name given before it, NULL if there is none */
    hdb_use *uses;         /* attached databases */
    int use_count;
    const char *refusal;   /* why the statement is not supported, NULL if it is */
    bool noted;            /* the authorizer was asked at all */
    bool failed;           /* out of memory while inspecting */
} hdb_inspection;

/* Whether the statement changes what is kept: rows, schema or header values of main. */
bool hdb_inspection_writes(const hdb_inspection *inspection);
/* What it does to main, and to an attached database; all is borrowed. */
hdb_use hdb_inspection_use_of_main(const hdb_inspection *inspection);
hdb_use hdb_inspection_use_of_attached(const hdb_inspection *inspection, const char *database);
bool hdb_use_writes(const hdb_use *use);
void hdb_inspection_clear(hdb_inspection *inspection);
/* Adds a table of main to those that are read or written. */
void hdb_inspection_note_table(hdb_inspection *inspection, const char *name);
/* The authorizer's body; called for each action while a statement is prepared. */
int hdb_inspection_note(hdb_inspection *inspection, int action, const char *first, const char *second,
                        const char *database, const char *trigger);

#endif
