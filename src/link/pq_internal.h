/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that implement link.h with libpq (pq*.c), and by nothing else. */
#ifndef HDB_PQ_INTERNAL_H
#define HDB_PQ_INTERNAL_H

#include "buffer.h"
#include "link/link.h"
#include <libpq-fe.h>

/* Types the link sends and reads in binary (pg_type.dat; fixed for ever). */
enum {
    PQ_BOOL = 16,
    PQ_BYTEA = 17,
    PQ_NAME = 19,
    PQ_INT8 = 20,
    PQ_INT2 = 21,
    PQ_INT4 = 23,
    PQ_TEXT = 25,
    PQ_OID = 26,
    PQ_FLOAT4 = 700,
    PQ_FLOAT8 = 701,
    PQ_UNKNOWN = 705,
    PQ_BPCHAR = 1042,
    PQ_VARCHAR = 1043,
    PQ_NUMERIC = 1700
};

/* A prepared statement of the session. The declared parameter types are part of it, so one text may have several. */
typedef struct pq_statement {
    struct pq_statement *next; /* same bucket */
    uint64_t hash;
    char name[16]; /* "" for the unnamed one, which lives for one call */
    char *sql;
    bool untyped; /* parameters go as text of no declared type, as the server did not take ours */
    bool described;
    /* Of its result columns, once described: */
    bool rows;   /* there are some */
    bool binary; /* all are of types that are read in binary */
    bool bytea;  /* one is, which text would make twice as long */
    int count;
    Oid *types; /* 0: declared by a NULL, and what the server made of it is not one of ours */
} pq_statement;

/* Arguments of one execution in libpq's form; memory is kept between calls. */
typedef struct pq_params {
    int capacity;
    Oid *types;
    const char **values;
    int *lengths;
    int *formats;
    uint64_t *numbers; /* network byte order */
    hdb_buffer texts;  /* of untyped parameters */
} pq_params;

enum { PQ_BUCKETS = 64, PQ_STATEMENTS_MAX = 256 };

/* What the next result of a pipeline answers. */
typedef struct pq_pending {
    pq_statement *prepares; /* NULL: an execution */
    int index; /* of the statement, from 0 */
} pq_pending;

typedef struct pq_pipeline {
    bool open;
    bool marked;      /* the mark that hdb_link_sync() waits for is on its way */
    int sent;         /* statements since the last sync */
    size_t unflushed; /* bytes handed to libpq since the socket was looked at */
    pq_pending *queue;
    size_t head, tail, capacity;
    int failed; /* index of the first statement that failed, -1 */
    hdb_error error;
    pq_statement *refused; /* taken out of the cache, freed after the sync: the queue may still point at them */
} pq_pipeline;

struct hdb_link {
    PGconn *conn; /* NULL once the link is given up */
    enum hdb_peer peer;
    bool networked; /* by TCP */
    bool exposed;   /* see hdb_link_is_exposed() */
    int deadline_ms;
    const atomic_int *interrupt;
    pq_statement *buckets[PQ_BUCKETS];
    int statements;
    unsigned last_name;
    pq_params params;
    pq_pipeline pipeline;
    bool streamed; /* libpq gives single rows of the next statement, too, if that is the first one of a pipeline */
    bool copying;
    hdb_buffer copy;
};

/* pq_open.c: waiting and errors */

/* Sends what is queued and waits until PQgetResult() would not block. */
int pq_wait_result(hdb_link *link, hdb_error *error);
/* Whether PQgetResult() would wait; `lost`: for something that will not come. */
bool pq_is_busy(hdb_link *link, bool *lost);
/* Sends what is queued, reading meanwhile so that the server is never stuck on answering. */
int pq_wait_flush(hdb_link *link, hdb_error *error);
/* The session is gone or has to be: says why and closes it. */
int pq_lost(hdb_link *link, hdb_error *error);
#ifdef HDB_ANALYZER /* what it returns, for tools that see one file at a time */
#define pq_lost(link, error) ((void)pq_lost(link, error), HDB_IOERR)
#endif
int pq_from_result(hdb_link *link, const PGresult *result, const char *sql, hdb_error *error);
/* HDB_OK if the link can take a new statement outside of pipeline and COPY. */
int pq_check_idle(hdb_link *link, hdb_error *error);
/* Takes results until the server is ready again. The last good one goes to `out` (NULL: none wanted), the first error
 * to `error`. */
int pq_collect(hdb_link *link, const char *sql, PGresult **out, hdb_error *error);

/* The value of a conninfo's keyword, NULL if it has none. */
const char *pq_option(const PQconninfoOption *options, const char *keyword);

/* pq_refused.c */

/* The error of a conninfo that libpq can't read. */
int pq_malformed(const char *message, hdb_error *error);
/* The error of a connection that did not come about. */
int pq_refused(PGconn *conn, const char *password, hdb_error *error);

/* pq_network.c */

/* Has the system find out that the network is gone, and notes what kind of link it is. */
void pq_network_settle(hdb_link *link);
/* A script that has a PostgreSQL server do the same. */
extern const char pq_server_network_settings[];

/* pq_cancel.c */

/* Asks the server to cancel what the session runs; takes a second at most. */
void pq_cancel(PGconn *conn);

/* pq.c */

/* Runs a text by the simple protocol; `out` as in pq_collect(). */
int pq_run_simple(hdb_link *link, const char *sql, PGresult **out, hdb_error *error);
/* Sends a prepared statement with link->params. Its columns have to be what they were when it was prepared. */
int pq_send_prepared(hdb_link *link, const pq_statement *statement, bool binary, hdb_error *error);
/* The cached statement no longer fits the schema, or somebody has discarded it: nothing was run. */
bool pq_is_stale(const hdb_error *error);
/* Whether its rows are to come in binary. */
bool pq_wants_binary(const hdb_link *link, const pq_statement *statement, enum hdb_row_format format, bool stream);

/* pq_statement.c */

/* What may be done with a text, told by its first word. */
enum pq_kind {
    PQ_READS,   /* SELECT, WITH: run again at will */
    PQ_CHANGES, /* INSERT, UPDATE, DELETE */
    PQ_OTHER
};
enum pq_kind pq_kind_of(const char *sql);

/* Fills link->params from values. */
int pq_params_set(hdb_link *link, const hdb_value *values, int count, hdb_error *error);
/* Turns what pq_params_set() filled in into text of no declared type, for the server to make something of, as it does
 * with a literal. Blobs stay what they are. */
int pq_params_untype(hdb_link *link, const hdb_value *values, int count, hdb_error *error);
/* Declares NULLs as text, for a server that can't tell their type. */
void pq_params_name_nulls(hdb_link *link, int count);
void pq_params_free(pq_params *params);
/* The cached statement that fits the text and link->params, or NULL. */
pq_statement *pq_statement_find(hdb_link *link, const char *sql, int count);
/* Makes an entry for link->params, in the cache if there is room and in no list (name "") if there is not. */
pq_statement *pq_statement_new(hdb_link *link, const char *sql, int count);
/* Notes what the server told of a statement. */
void pq_statement_described(pq_statement *statement, const PGresult *result);
/* Takes a statement out of the cache; it stays allocated. */
void pq_statement_remove(hdb_link *link, pq_statement *statement);
void pq_statement_free(pq_statement *statement);
void pq_statements_clear(hdb_link *link);
static inline bool pq_statement_is_cached(const pq_statement *statement) {
    return statement->name[0] != '\0';
}

/* rows.c */

/* Whether all columns are of types whose cells are understood in binary. */
bool pq_columns_are_binary(const PGresult *result);
/* Turns the hex text of bytea cells into bytes, in place. HDB_CORRUPT if it is not hex. */
int pq_rows_decode(PGresult *result, hdb_error *error);
hdb_value pq_cell(const PGresult *result, int row, int column, enum hdb_row_format format);
/* The same, by what is known of the column. */
typedef struct pq_column {
    Oid type;
    bool binary;
} pq_column;
hdb_value pq_cell_of(const PGresult *result, int row, int column, pq_column kind, enum hdb_row_format format);
/* Takes the result over, also when it fails. */
int pq_rows_new(PGresult *result, enum hdb_row_format format, hdb_rows **out, hdb_error *error);
/* A double in the engine's spelling, whatever the locale. `text` has room for 32 bytes. Returns the length. */
int pq_double_text(double value, char *text);

/* pq_pipeline.c */
void pq_pipeline_free(hdb_link *link);

#endif
