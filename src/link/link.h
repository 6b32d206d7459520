/* SPDX-License-Identifier: Apache-2.0 */
/* A link to an engine: one session over the PostgreSQL protocol. Knows nothing of SQLite.
 *
 * pq.c implements it with libpq. A link is used by one thread at a time. Statements are prepared once per text and link
 * (a cache inside); values travel as binary parameters, never as SQL text.
 *
 * Errors: a server's error keeps its message and SQLSTATE, its code comes from hdb_error_code_of_sqlstate(). When the
 * session itself is gone, functions return HDB_IOERR, hdb_link_is_alive() turns false, and nothing is retried here:
 * whoever knows what was under way decides. */
#ifndef HDB_LINK_H
#define HDB_LINK_H

#include "error.h"
#include "value.h"
#include <stdatomic.h>
#include <stdbool.h>

typedef struct hdb_link hdb_link;
typedef struct hdb_rows hdb_rows;

/* What kind of server answers, told by version(). */
enum hdb_peer { HDB_PEER_HELIOSDB = 1, HDB_PEER_POSTGRESQL = 2 };

/* How an hdb_rows has its cells converted. */
enum hdb_row_format {
    HDB_ROWS_NATIVE, /* binary: int2/4/8, bool -> INTEGER; float4/8 -> FLOAT; bytea -> BLOB; text types -> TEXT */
    HDB_ROWS_SHOWN,  /* text, as psql shows it: int*, bool -> INTEGER; float*, numeric -> FLOAT; bytea -> BLOB; else TEXT */
    HDB_ROWS_NONE    /* the statement is not run: only its columns are asked for */
};

/* Opens a session. `conninfo` is a libpq connection string or URI; `timeout_ms` bounds the whole connect (0: libpq's
 * own) unless it has a connect_timeout itself. `interrupt` as in hdb_link_set_interrupt(), from the start. Failure: HDB_CANTOPEN with libpq's message (password masked) and SQLSTATE (28P01 wrong password, 53300 too many
 * connections, 08001 unreachable). */
int hdb_link_open(const char *conninfo, int timeout_ms, const atomic_int *interrupt, hdb_link **out, hdb_error *error);
/* A conninfo as keyword=value pairs, its passwords masked; the caller frees it. NULL if memory ran out. */
char *hdb_link_show_conninfo(const char *conninfo);
/* Ends the session; NULL is allowed. */
void hdb_link_close(hdb_link *link);
/* Frees the memory in a forked child without saying a word to the server. */
void hdb_link_abandon(hdb_link *link);
enum hdb_peer hdb_link_peer(const hdb_link *link);
bool hdb_link_is_alive(const hdb_link *link);
/* Whether it goes to another machine in plain text without anybody having said that it may (sslmode is prefer). */
bool hdb_link_is_exposed(const hdb_link *link);
/* How long one answer may take before the link counts as gone, in ms; 0: for ever. */
void hdb_link_set_deadline(hdb_link *link, int timeout_ms);
/* A flag that another thread or a signal handler sets: while it is not 0, waiting ends with HDB_INTERRUPT (the server is
 * asked to cancel and the link is given up). NULL: none. */
void hdb_link_set_interrupt(hdb_link *link, const atomic_int *flag);

/* Runs one statement with $1.. parameters and fetches its whole result. `out` may be NULL. */
int hdb_link_query(hdb_link *link, const char *sql, const hdb_value *params, int count, enum hdb_row_format format,
                   hdb_rows **out, hdb_error *error);
/* Two queries that change nothing, in one round trip where both are prepared already and the session is in no transaction; what
 * they give is what two calls of hdb_link_query() would, which are also what is made of it if either of them fails. The rows
 * are the caller's; after an error there are none. */
typedef struct hdb_question {
    const char *sql;
    const hdb_value *params;
    int count;
    hdb_rows *rows;
} hdb_question;
int hdb_link_query_both(hdb_link *link, hdb_question *first, hdb_question *second, hdb_error *error);
/* A statement of hdb_link_batch(). The last one has `ends`. */
typedef struct hdb_errand {
    const char *sql;
    const hdb_value *params;
    int count;
    bool ends; /* a unit: what follows is run in any case */
    int rc;
    hdb_error error;
    hdb_rows *rows; /* the caller's, if `rc` is HDB_OK */
    const struct pq_statement *prepared; /* the link's own */
} hdb_errand;
/* Runs statements outside of transactions, in one round trip if all of them are prepared already. What they read has to have the
 * columns that it had then, or hdb_link_forget_statements() been called since: HeliosDB tells the types of that time. After one that fails the rest
 * of its unit is not run, and fails, too. What a unit did before it PostgreSQL undoes, if they went together, and HeliosDB keeps.
 * An error here is one of the link: what became of the statements is not known then. */
int hdb_link_batch(hdb_link *link, hdb_errand *errands, int count, hdb_error *error);
/* The error of the first statement that failed, which it takes from there; HDB_OK if none did. */
int hdb_errands_first_error(hdb_errand *errands, int count, hdb_error *error);
/* Frees what a batch has given. */
void hdb_errands_clear(hdb_errand *errands, int count);
/* Runs a script without parameters by the simple protocol, results thrown away. On PostgreSQL and HeliosDB several
 * statements in one text are one atomic unit. */
int hdb_link_script(hdb_link *link, const char *sql, hdb_error *error);

/* Forgets the prepared statements: the schema has changed, and inside a transaction a stale one can't be tried again. On HeliosDB
 * nothing is sent. */
int hdb_link_forget_statements(hdb_link *link, hdb_error *error);

/* Pipeline: send any number of statements, then sync, which waits for all and gives the first error. Rows
 * are thrown away. `failed` (may be NULL) gets the index of the statement that failed, from 0. */
int hdb_link_send(hdb_link *link, const char *sql, const hdb_value *params, int count, hdb_error *error);
int hdb_link_sync(hdb_link *link, int *failed, hdb_error *error);
/* Has what was sent carried out, and does not wait for it: hdb_link_sync() comes next, whenever that is. */
int hdb_link_mark(hdb_link *link, hdb_error *error);
/* Whether hdb_link_sync() would not wait after that. */
bool hdb_link_is_answered(hdb_link *link);

/* Streams a result row by row in bounded memory. The callback sees borrowed cells; a return other than HDB_OK ends the
 * stream and becomes the result. */
typedef int (*hdb_row_callback)(void *context, const hdb_value *cells, int count);
int hdb_link_stream(hdb_link *link, const char *sql, const hdb_value *params, int count, enum hdb_row_format format,
                    hdb_row_callback callback, void *context, hdb_error *error);

/* COPY ... FROM STDIN in text format (PostgreSQL's binary format where the peer takes it): start with the COPY
 * statement, add rows, end. Types: see hdb_value; BLOB as bytea hex. */
int hdb_link_copy_start(hdb_link *link, const char *sql, hdb_error *error);
int hdb_link_copy_row(hdb_link *link, const hdb_value *cells, int count, hdb_error *error);
int hdb_link_copy_end(hdb_link *link, hdb_error *error);

/* Results. Cells are borrowed until hdb_rows_free(). */
void hdb_rows_free(hdb_rows *rows);
int hdb_rows_count(const hdb_rows *rows);
int hdb_rows_columns(const hdb_rows *rows);
const char *hdb_rows_name(const hdb_rows *rows, int column);
/* Name of the engine's type ("bigint", "text", ...), "" if unknown. */
const char *hdb_rows_type(const hdb_rows *rows, int column);
hdb_value hdb_rows_cell(const hdb_rows *rows, int row, int column);
/* A cell that must be text, ended by NUL; NULL if it is something else, or not there. */
const char *hdb_rows_text(const hdb_rows *rows, int row, int column);
/* A cell that must be an integer; 0 if it is something else, or not there. */
int64_t hdb_rows_integer(const hdb_rows *rows, int row, int column);
/* Rows an INSERT, UPDATE or DELETE changed, -1 for other statements. */
int64_t hdb_rows_affected(const hdb_rows *rows);

#endif
