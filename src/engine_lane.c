/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that only the engine understands: sent as they are, parameters bound as $n, after everything committed has
 * been applied. */
#include "direct/classify.h"
#include "direct/engine_text.h"
#include "engine_names.h"
#include "replica/own_statement.h"
#include "replica/sqlite_value.h"
#include "statement.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

/* `SELECT ?, :name, ...` with the parameters of the application's text: SQLite then knows their count and names. */
static int prepare_carrier(hdb_stmt *stmt, const hdb_sql_parameters *parameters) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    hdb_buffer_text(&sql, "SELECT ");
    for (int i = 0; i < parameters->count; i++) {
        hdb_buffer_text(&sql, i ? ", " : "");
        if (parameters->names[i].data)
            hdb_buffer_append(&sql, parameters->names[i].data, parameters->names[i].size);
        else
            hdb_buffer_char(&sql, '?');
    }
    if (parameters->count == 0)
        hdb_buffer_text(&sql, "NULL");
    int rc = sql.failed ? SQLITE_NOMEM
                        : sqlite3_prepare_v2(stmt->conn->replica->db, sql.data, -1, &stmt->parameters, NULL);
    hdb_buffer_free(&sql);
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}

/* `SELECT ?1 AS "name", ...` for the columns of an answer. */
static int prepare_result(hdb_stmt *stmt) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    int columns = hdb_answer_columns(stmt->answer);
    sqlite3_finalize(stmt->result);
    stmt->result = NULL;
    if (columns == 0)
        return HDB_OK;
    hdb_buffer_text(&sql, "SELECT ");
    for (int i = 0; i < columns; i++) {
        hdb_buffer_format(&sql, "%s?%d AS ", i ? ", " : "", i + 1);
        hdb_buffer_identifier(&sql, hdb_answer_name(stmt->answer, i));
    }
    int rc = sql.failed ? SQLITE_NOMEM : hdb_own_statement(stmt->conn->replica->db, sql.data, 0, &stmt->result);
    hdb_buffer_free(&sql);
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}

static int query(hdb_stmt *stmt, const hdb_value *values, enum hdb_row_format format, hdb_answer **out) {
    const hdb_schema *schema = NULL;
    hdb_rows *rows = NULL;
    hdb_conn *conn = stmt->conn;
    int rc = hdb_store_query(conn, stmt->engine_sql, values, stmt->engine_parameters, format, &rows);
    if (rc == HDB_OK && (rc = hdb_replica_schema(conn->replica, &schema, &conn->error)) != HDB_OK)
        hdb_rows_free(rows);
    return rc == HDB_OK ? hdb_answer_new(rows, schema, stmt->engine_sql, out, &conn->error) : rc;
}

/* Asks the engine for the columns before it is run, since callers ask for them then. Where it can't tell, they are known
 * when the statement has been executed. What SHOW gives is told only by running it. */
static void learn_columns(hdb_stmt *stmt, bool shows) {
    hdb_value *nulls = calloc((size_t)stmt->engine_parameters + 1, sizeof *nulls);
    for (int i = 0; nulls && i < stmt->engine_parameters; i++)
        nulls[i] = hdb_value_null();
    if (nulls && query(stmt, nulls, shows ? HDB_ROWS_SHOWN : HDB_ROWS_NONE, &stmt->answer) == HDB_OK)
        prepare_result(stmt);
    hdb_error_clear(&stmt->conn->error);
    hdb_answer_free(stmt->answer);
    stmt->answer = NULL;
    free(nulls);
}

/* What would leave the replica behind, or ahead. */
static int check_command(const char *hint, hdb_error *error) {
    if (strcmp(hint, "USE BRANCH") == 0)
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "USE BRANCH: the rows that SQLite works on are those of the branch \"main\"");
    if (strcmp(hint, "MERGE BRANCH") == 0)
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "MERGE BRANCH: it would change rows of \"main\" that SQLite would not hear of");
    return HDB_OK;
}

/* The text for the engine, names not yet as the engine has them. */
static int write_text(hdb_stmt *stmt, const char *sql, size_t size, const hdb_sql_class *class, hdb_buffer *out,
                      hdb_sql_parameters *parameters) {
    const char *hint = hdb_sql_engine_only_hint(sql, size);
    hdb_error *error = &stmt->conn->error;
    int rc = check_command(hint ? hint : "", error);
    if (rc == HDB_OK && class->dml)
        return hdb_stmt_prepare_change(stmt, sql, size, out, parameters);
    bool of_the_engine = hint && (strstr(hint, "BRANCH") || strstr(hint, "INDEX"));
    if (rc == HDB_OK && class->kind != HDB_SQL_SELECT && class->kind != HDB_SQL_OTHER && !of_the_engine)
        rc = hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                           "a statement that only the engine understands (%s) can't make or change what SQLite has to know",
                           hint);
    return rc == HDB_OK ? hdb_sql_rewrite_parameters(sql, size, out, parameters, error) : rc;
}

int hdb_stmt_prepare_engine(hdb_stmt *stmt, const char *sql, size_t size) {
    hdb_sql_parameters parameters = HDB_SQL_PARAMETERS_INIT;
    hdb_buffer text = HDB_BUFFER_INIT, fitted = HDB_BUFFER_INIT;
    hdb_sql_class class;
    const hdb_schema *schema = NULL;
    hdb_error *error = &stmt->conn->error;
    hdb_sql_classify(sql, size, &class);
    const char *hint = hdb_sql_engine_only_hint(sql, size);
    bool shows = hint && strcmp(hint, "SHOW BRANCHES") == 0;
    bool reads = class.kind == HDB_SQL_SELECT || shows;
    int rc = !reads && stmt->conn->settings.open == HDB_OPEN_READ
                 ? hdb_error_set(error, HDB_READONLY, NULL, "attempt to write a readonly database")
                 : write_text(stmt, sql, size, &class, &text, &parameters);
    if (rc == HDB_OK)
        rc = hdb_replica_schema(stmt->conn->replica, &schema, error);
    if (rc == HDB_OK)
        rc = text.failed ? hdb_error_nomem(error) : hdb_engine_names(schema, text.data, &fitted, error);
    if (rc == HDB_OK)
        rc = prepare_carrier(stmt, &parameters);
    if (rc == HDB_OK) {
        stmt->engine_sql = hdb_buffer_take(&fitted);
        stmt->engine_parameters = parameters.sent;
        stmt->engine_sources = parameters.sources;
        parameters.sources = NULL;
        stmt->lane = HDB_LANE_ENGINE;
        if (!stmt->engine_sql)
            rc = hdb_error_nomem(error);
        else if (reads)
            learn_columns(stmt, shows);
    }
    hdb_sql_parameters_free(&parameters);
    hdb_buffer_free(&text);
    hdb_buffer_free(&fitted);
    return rc;
}

int hdb_stmt_ask_engine(hdb_stmt *stmt, hdb_answer **out) {
    hdb_value *values = NULL;
    hdb_error *error = &stmt->conn->error;
    int count = stmt->engine_parameters;
    if (count > 0) {
        values = calloc((size_t)count, sizeof *values);
        if (!values)
            return hdb_error_nomem(error);
    }
    int rc = sqlite3_step(stmt->parameters) == SQLITE_ROW ? HDB_OK : hdb_replica_error(stmt->conn->replica, error);
    for (int i = 0; i < count; i++)
        values[i] = hdb_value_of_column(stmt->parameters, stmt->engine_sources[i] - 1);
    if (rc == HDB_OK)
        rc = query(stmt, values, HDB_ROWS_SHOWN, out);
    sqlite3_reset(stmt->parameters);
    free(values);
    return rc;
}

int hdb_stmt_run_engine(hdb_stmt *stmt) {
    int rc = hdb_stmt_ask_engine(stmt, &stmt->answer);
    return rc == HDB_OK ? prepare_result(stmt) : rc;
}

int hdb_stmt_next_carried(hdb_stmt *stmt) {
    if (stmt->result) /* after the last row, too: no snapshot is kept then */
        sqlite3_reset(stmt->result);
    if (!stmt->result || stmt->row >= hdb_answer_count(stmt->answer))
        return HDB_DONE;
    for (int i = 0; i < hdb_answer_columns(stmt->answer); i++) {
        hdb_value cell = hdb_answer_cell(stmt->answer, stmt->row, i);
        hdb_value_bind(stmt->result, i + 1, &cell);
    }
    stmt->row++;
    stmt->carrying = true;
    return sqlite3_step(stmt->result) == SQLITE_ROW ? HDB_ROW
                                                    : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}
