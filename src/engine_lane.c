/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that only the engine understands: sent as they are, parameters bound as $n, after everything committed has
 * been applied. */
#include "direct/classify.h"
#include "direct/engine_text.h"
#include "replica/sqlite_value.h"
#include "statement.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

/* `SELECT ?1, :name, ...` with the parameters of the application's text: SQLite then knows their count and names. */
static int prepare_carrier(hdb_stmt *stmt, const hdb_sql_parameters *parameters) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    hdb_buffer_text(&sql, "SELECT ");
    for (int i = 0; i < parameters->count; i++) {
        hdb_buffer_text(&sql, i ? ", " : "");
        if (parameters->names[i].data)
            hdb_buffer_append(&sql, parameters->names[i].data, parameters->names[i].size);
        else
            hdb_buffer_format(&sql, "?%d", i + 1);
    }
    if (parameters->count == 0)
        hdb_buffer_text(&sql, "NULL");
    int rc = sql.failed ? SQLITE_NOMEM
                        : sqlite3_prepare_v2(stmt->conn->replica->db, sql.data, -1, &stmt->parameters, NULL);
    hdb_buffer_free(&sql);
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}

/* `SELECT ?1 AS "name", ...` for the columns of a result. */
static int prepare_result(hdb_stmt *stmt) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    int columns = hdb_rows_columns(stmt->rows);
    sqlite3_finalize(stmt->result);
    stmt->result = NULL;
    if (columns == 0)
        return HDB_OK;
    hdb_buffer_text(&sql, "SELECT ");
    for (int i = 0; i < columns; i++) {
        hdb_buffer_format(&sql, "%s?%d AS ", i ? ", " : "", i + 1);
        hdb_buffer_identifier(&sql, hdb_rows_name(stmt->rows, i));
    }
    int rc = sql.failed ? SQLITE_NOMEM : sqlite3_prepare_v2(stmt->conn->replica->db, sql.data, -1, &stmt->result, NULL);
    hdb_buffer_free(&sql);
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}

/* Asks the engine for the columns of a SELECT before it is run, since callers ask for them then. Where it can't tell (a
 * parameter whose type only its value shows), they are known when the statement has been executed. */
static void learn_columns(hdb_stmt *stmt) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    size_t size = strlen(stmt->engine_sql);
    hdb_value *nulls = calloc((size_t)stmt->engine_parameters + 1, sizeof *nulls);
    while (size > 0 && strchr("; \t\r\n", stmt->engine_sql[size - 1]))
        size--;
    hdb_buffer_text(&sql, "SELECT * FROM (");
    hdb_buffer_append(&sql, stmt->engine_sql, size);
    hdb_buffer_text(&sql, ") AS hdb_shape LIMIT 0");
    for (int i = 0; nulls && i < stmt->engine_parameters; i++)
        nulls[i] = hdb_value_null();
    if (nulls && !sql.failed &&
        hdb_store_query(stmt->conn, sql.data, nulls, stmt->engine_parameters, &stmt->rows) == HDB_OK)
        prepare_result(stmt);
    hdb_error_clear(&stmt->conn->error);
    hdb_rows_free(stmt->rows);
    stmt->rows = NULL;
    hdb_buffer_free(&sql);
    free(nulls);
}

int hdb_stmt_prepare_engine(hdb_stmt *stmt, const char *sql, size_t size) {
    hdb_sql_parameters parameters = HDB_SQL_PARAMETERS_INIT;
    hdb_buffer text = HDB_BUFFER_INIT;
    hdb_sql_class class;
    hdb_error *error = &stmt->conn->error;
    hdb_sql_classify(sql, size, &class);
    if (class.kind != HDB_SQL_SELECT && class.kind != HDB_SQL_OTHER)
        return hdb_error_set(error, HDB_NOTSUPPORTED, NULL,
                             "a statement that only the engine understands (%s) can read, but not yet write",
                             hdb_sql_engine_only_hint(sql, size));
    int rc = hdb_sql_rewrite_parameters(sql, size, &text, &parameters, error);
    if (rc == HDB_OK)
        rc = prepare_carrier(stmt, &parameters);
    if (rc == HDB_OK) {
        stmt->engine_sql = hdb_buffer_take(&text);
        stmt->engine_parameters = parameters.sent;
        stmt->engine_sources = parameters.sources;
        parameters.sources = NULL;
        stmt->lane = HDB_LANE_ENGINE;
        if (!stmt->engine_sql)
            rc = hdb_error_nomem(error);
        else if (class.kind == HDB_SQL_SELECT)
            learn_columns(stmt);
    }
    hdb_sql_parameters_free(&parameters);
    hdb_buffer_free(&text);
    return rc;
}

int hdb_stmt_run_engine(hdb_stmt *stmt) {
    hdb_value *values = NULL;
    hdb_error *error = &stmt->conn->error;
    if (stmt->engine_parameters) {
        values = calloc((size_t)stmt->engine_parameters, sizeof *values);
        if (!values)
            return hdb_error_nomem(error);
    }
    int rc = sqlite3_step(stmt->parameters) == SQLITE_ROW ? HDB_OK : hdb_replica_error(stmt->conn->replica, error);
    for (int i = 0; i < stmt->engine_parameters; i++)
        values[i] = hdb_value_of_column(stmt->parameters, stmt->engine_sources[i] - 1);
    if (rc == HDB_OK)
        rc = hdb_store_query(stmt->conn, stmt->engine_sql, values, stmt->engine_parameters, &stmt->rows);
    sqlite3_reset(stmt->parameters);
    free(values);
    return rc == HDB_OK ? prepare_result(stmt) : rc;
}

int hdb_stmt_next_carried(hdb_stmt *stmt) {
    if (!stmt->result || stmt->row >= hdb_rows_count(stmt->rows))
        return HDB_DONE;
    sqlite3_reset(stmt->result);
    for (int i = 0; i < hdb_rows_columns(stmt->rows); i++) {
        hdb_value cell = hdb_rows_cell(stmt->rows, stmt->row, i);
        hdb_value_bind(stmt->result, i + 1, &cell);
    }
    stmt->row++;
    stmt->carrying = true;
    return sqlite3_step(stmt->result) == SQLITE_ROW ? HDB_ROW
                                                    : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}
