/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of statement a text is, told from its tokens alone: no schema, no SQLite call.
 *
 * Texts that SQLite would refuse get some kind too: whoever asks lets SQLite judge the rest. */
#ifndef HDB_DIRECT_CLASSIFY_H
#define HDB_DIRECT_CLASSIFY_H

#include "direct/lexer.h"
#include <stdbool.h>

enum hdb_sql_kind {
    HDB_SQL_EMPTY = 0, /* nothing but space, comments and semicolons */
    HDB_SQL_BEGIN,
    HDB_SQL_COMMIT, /* also END */
    HDB_SQL_ROLLBACK,
    HDB_SQL_SAVEPOINT,
    HDB_SQL_RELEASE,
    HDB_SQL_ROLLBACK_TO,
    HDB_SQL_PRAGMA,
    HDB_SQL_ATTACH,
    HDB_SQL_DETACH,
    HDB_SQL_VACUUM,
    HDB_SQL_EXPLAIN,
    HDB_SQL_SELECT, /* also VALUES, and WITH ... SELECT */
    HDB_SQL_INSERT, /* also INSERT OR REPLACE */
    HDB_SQL_REPLACE,
    HDB_SQL_UPDATE,
    HDB_SQL_DELETE,
    HDB_SQL_CREATE,
    HDB_SQL_DROP,
    HDB_SQL_ALTER,
    HDB_SQL_ANALYZE,
    HDB_SQL_REINDEX,
    HDB_SQL_OTHER
};

enum hdb_sql_begin { HDB_SQL_DEFERRED = 0, HDB_SQL_IMMEDIATE, HDB_SQL_EXCLUSIVE };

/* Slices point into the text and are as written there: give them to hdb_dequote(). {NULL, 0}: not there. */
typedef struct hdb_sql_class {
    enum hdb_sql_kind kind;
    enum hdb_sql_begin begin; /* BEGIN */
    bool dml;                 /* kind is INSERT, REPLACE, UPDATE or DELETE, after a WITH too */
    bool first_word_dml;      /* the first word says so: CPython's sqlite3 goes by it, where WITH ... INSERT is none */
    bool with;                /* starts with a WITH clause */
    bool query_plan;          /* EXPLAIN QUERY PLAN */
    bool into;                /* VACUUM ... INTO */
    bool temporary;           /* CREATE TEMP ... */
    bool has_argument;        /* PRAGMA name = argument, PRAGMA name(argument) */
    bool assigned;            /* the argument came with "=" */
    hdb_slice object;         /* CREATE, DROP, ALTER: TABLE, INDEX, VIEW, TRIGGER, VIRTUAL or what else the word is */
    hdb_slice schema;         /* what stands before the dot of `name`; VACUUM: the database */
    hdb_slice name;           /* PRAGMA: its name; DML: the table; CREATE, DROP, ALTER: the object; SAVEPOINT, RELEASE,
                                 ROLLBACK TO: the savepoint; DETACH: the database */
    hdb_slice argument;       /* PRAGMA: perhaps with a sign */
    hdb_slice body;           /* EXPLAIN: what is explained, up to the end of the text */
} hdb_sql_class;

/* Looks at the first statement of a text. Never fails. */
void hdb_sql_classify(const char *sql, size_t size, hdb_sql_class *out);

/* Length of the first statement, its semicolon and the empty statements before it included: what SQLite takes in one
 * prepare. Semicolons in strings, comments and the body of CREATE TRIGGER do not count. The whole size if nothing ends
 * it. */
size_t hdb_sql_statement_length(const char *sql, size_t size);

#endif
