/* SPDX-License-Identifier: Apache-2.0 */
/* A statement and the lane it runs in.
 *
 * Whatever the lane, the public accessors work on SQLite statements: parameters are bound to `parameters`, results are
 * read from `result`. Where rows come from the engine, these are small carriers (`SELECT ?1, ?2`), so that conversions
 * and names are SQLite's own. */
#ifndef HDB_STATEMENT_H
#define HDB_STATEMENT_H

#include "block.h"
#include "connection.h"
#include "direct/engine_text.h"
#include "engine_answer.h"
#include "link/link.h"

typedef struct hdb_arrow_stream hdb_arrow_stream;

enum hdb_lane {
    HDB_LANE_REPLICA, /* SQLite runs it */
    HDB_LANE_ENGINE   /* only the engine understands it */
};

enum hdb_stmt_state { HDB_STMT_IDLE, HDB_STMT_PENDING, HDB_STMT_ON_ROW, HDB_STMT_FINISHED };

struct hdb_stmt {
    hdb_conn *conn;
    hdb_stmt *previous, *next;
    enum hdb_lane lane;
    enum hdb_stmt_state state;
    bool running;             /* stepped and neither finished nor reset */
    char *sql;                /* the application's text */
    sqlite3_stmt *replica;    /* what SQLite runs; in the engine lane NULL, but for changes */
    sqlite3_stmt *parameters; /* engine lane and direct statements: carries the bound values */
    sqlite3_stmt *result;     /* carries a row that comes from the engine */
    hdb_inspection inspection;
    struct hdb_direct *direct; /* daemon mode: how the server can run it by itself, or why not */
    bool carrying;             /* the current row is that of `result` */
    char *engine_sql;      /* engine lane: the text with $n */
    int *engine_sources;   /* engine lane: parameter of the application for each $n */
    int engine_parameters;
    hdb_answer *answer; /* of the engine, being read */
    int row;            /* next one */
    hdb_answer *source; /* a change that only the engine understands: what it computed */
    int source_columns;
    struct hdb_stmt_scan *scan; /* all rows of a direct SELECT, being read: scan_lane.h */
    hdb_error engine_error; /* why it could not */
    char *expanded;  /* owned answer of hdb_stmt_expanded_sql() */
    hdb_block block; /* owned answer of hdb_fetch_block() */
    hdb_arrow_stream *stream; /* reads from it; the consumer's */
};

/* Begins a call on a statement: as hdb_conn_enter(). */
int hdb_stmt_enter(hdb_stmt *stmt);
/* The SQLite statement that holds parameters, and the one that holds the current row. */
sqlite3_stmt *hdb_stmt_row(hdb_stmt *stmt);
/* hdb_execute(), hdb_fetch_row() and the functions that bind, within a call that has begun. */
int hdb_stmt_execute(hdb_stmt *stmt);
int hdb_stmt_next(hdb_stmt *stmt);
int hdb_stmt_bind(hdb_stmt *stmt, int index, hdb_value value);
/* Ends an execution. */
int hdb_stmt_reset(hdb_stmt *stmt);
void hdb_stmt_free(hdb_stmt *stmt);

/* bulk.c: hdb_fetch_block() into any block, which is left unfinished. */
int hdb_stmt_fetch_rows(hdb_stmt *stmt, int64_t limit, hdb_block *block);
/* Whether a block that is to have so many rows at most (0: any number) takes no more. */
bool hdb_stmt_block_is_full(const hdb_block *block, int64_t limit);
/* Reads a column of the row that it is on; the value is SQLite's until the next step. HDB_OK or HDB_NOMEM. */
int hdb_stmt_read_column(hdb_stmt *stmt, sqlite3_stmt *row, int column, hdb_value *out);
/* arrow_stream.c: there is nothing more to read for a stream. */
void hdb_stmt_end_stream(hdb_stmt *stmt);

/* engine_lane.c: statements that only the engine understands. */
int hdb_stmt_prepare_engine(hdb_stmt *stmt, const char *sql, size_t size);
int hdb_stmt_run_engine(hdb_stmt *stmt);
/* Sends the statement's text for the engine, with the values that are bound. */
int hdb_stmt_ask_engine(hdb_stmt *stmt, hdb_answer **out);
/* engine_change.c: writes what the engine is asked, and prepares what SQLite does with it. */
int hdb_stmt_prepare_change(hdb_stmt *stmt, const char *sql, size_t size, hdb_buffer *engine_sql,
                            hdb_sql_parameters *parameters);
/* Puts the next row of `answer` into `result`; HDB_ROW or HDB_DONE. */
int hdb_stmt_next_carried(hdb_stmt *stmt);

#endif
