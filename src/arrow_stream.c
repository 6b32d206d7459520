/* SPDX-License-Identifier: Apache-2.0 */
/* The stream that hdb_fetch_arrow() gives. It and its statement know of each other until one of them goes. */
#include "arrow.h"
#include "statement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct hdb_arrow_stream {
    hdb_stmt *stmt; /* NULL: it went, or was reset */
    hdb_arrow_column *columns;
    int column_count;
    hdb_block block;
    struct ArrowArray next; /* rows that were fetched and not yet given, if it has `release` */
    bool finished;          /* there are no others */
    int64_t fetched;        /* rows */
    hdb_error error;
};

void hdb_stmt_end_stream(hdb_stmt *stmt) {
    if (stmt->stream)
        stmt->stream->stmt = NULL;
    stmt->stream = NULL;
}

/* What fits a declared type, as SQLite finds its affinity (https://www.sqlite.org/datatype3.html#determination_of_column_affinity). */
static int type_of_declaration(const char *declared) {
    static const struct {
        const char *part;
        int type;
    } parts[] = {{"INT", HDB_TYPE_INTEGER},  {"CHAR", HDB_TYPE_TEXT},    {"CLOB", HDB_TYPE_TEXT},   {"TEXT", HDB_TYPE_TEXT},
                 {"BLOB", HDB_TYPE_BLOB}, {"REAL", HDB_TYPE_FLOAT}, {"FLOA", HDB_TYPE_FLOAT}, {"DOUB", HDB_TYPE_FLOAT}};
    for (size_t i = 0; declared && i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(declared, parts[i].part))
            return parts[i].type;
    return HDB_TYPE_NULL;
}

/* Names the columns, and finds the type of each. */
static int describe(hdb_arrow_stream *stream) {
    hdb_stmt *stmt = stream->stmt;
    stream->column_count = stream->block.column_count;
    stream->columns = calloc((size_t)stream->column_count + 1, sizeof *stream->columns);
    if (!stream->columns)
        return hdb_error_nomem(&stmt->conn->error);
    for (int i = 0; i < stream->column_count; i++) {
        const char *name = hdb_column_name(stmt, i);
        stream->columns[i].name = name ? strdup(name) : NULL;
        stream->columns[i].type = type_of_declaration(hdb_column_decltype(stmt, i));
        if (!stream->columns[i].name)
            return hdb_error_nomem(&stmt->conn->error);
    }
    hdb_arrow_infer(&stream->block, stream->columns);
    return HDB_OK;
}

/* Puts the next rows into `next`; the first ones tell the types. */
static int fetch(hdb_arrow_stream *stream) {
    hdb_error *error = &stream->stmt->conn->error;
    int rc = hdb_stmt_fetch_rows(stream->stmt, 0, &stream->block);
    stream->finished = rc != HDB_ROW;
    if (rc == HDB_ROW || rc == HDB_DONE)
        rc = stream->columns ? HDB_OK : describe(stream);
    if (rc == HDB_OK && stream->block.rows > 0)
        rc = hdb_arrow_array(&stream->block, stream->columns, stream->fetched, &stream->next, error);
    stream->fetched += stream->block.rows;
    return rc;
}

static void free_stream(hdb_arrow_stream *stream) {
    if (stream->stmt)
        stream->stmt->stream = NULL;
    for (int i = 0; stream->columns && i < stream->column_count; i++)
        free(stream->columns[i].name);
    free(stream->columns);
    hdb_block_free(&stream->block);
    if (stream->next.release)
        stream->next.release(&stream->next);
    hdb_error_clear(&stream->error);
    free(stream);
}

/* --- what the consumer calls */

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out) {
    hdb_arrow_stream *stream = self->private_data;
    hdb_error_clear(&stream->error);
    if (hdb_arrow_schema(stream->columns, stream->column_count, out) == HDB_OK)
        return 0;
    hdb_error_set_nomem(&stream->error);
    return ENOMEM;
}

static int errno_of(int code) {
    return (code & 0xff) == HDB_NOMEM ? ENOMEM : (code & 0xff) == HDB_INTERRUPT ? EINTR : EIO;
}

/* Fetches more rows, if there may be some. */
static int need_rows(hdb_arrow_stream *stream) {
    hdb_stmt *stmt = stream->stmt;
    if (stream->next.release || stream->finished)
        return HDB_OK;
    if (!stmt || hdb_stmt_enter(stmt) != HDB_OK)
        return hdb_error_set(&stream->error, HDB_MISUSE, NULL, "the statement of this stream was reset or closed");
    int rc = fetch(stream);
    if (rc != HDB_OK)
        hdb_error_set(&stream->error, stmt->conn->error.code, NULL, "%s", hdb_error_message(&stmt->conn->error));
    return hdb_conn_leave(stmt->conn, rc);
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out) {
    hdb_arrow_stream *stream = self->private_data;
    hdb_error_clear(&stream->error);
    if (need_rows(stream) != HDB_OK) {
        stream->finished = true;
        return errno_of(stream->error.code);
    }
    *out = stream->next;
    stream->next = (struct ArrowArray){0};
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *self) {
    hdb_arrow_stream *stream = self->private_data;
    return stream->error.code == HDB_OK ? NULL : hdb_error_message(&stream->error);
}

static void release(struct ArrowArrayStream *self) {
    free_stream(self->private_data);
    self->private_data = NULL;
    self->release = NULL;
}

/* --- the public function */

static int export_rows(hdb_stmt *stmt, struct ArrowArrayStream *out) {
    if (!out || stmt->stream || hdb_column_count(stmt) == 0)
        return hdb_error_set(&stmt->conn->error, HDB_MISUSE, NULL,
                             "hdb_fetch_arrow needs a place for the stream, and a statement that gives rows and has no stream");
    hdb_arrow_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return hdb_error_nomem(&stmt->conn->error);
    stream->stmt = stmt;
    int rc = fetch(stream);
    if (rc != HDB_OK) {
        free_stream(stream);
        return rc;
    }
    stmt->stream = stream;
    *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release, stream};
    return HDB_OK;
}

int hdb_fetch_arrow(hdb_stmt *stmt, struct ArrowArrayStream *out) {
    int rc = hdb_stmt_enter(stmt);
    return rc == HDB_OK ? hdb_conn_leave(stmt->conn, export_rows(stmt, out)) : rc;
}
