/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters. They are bound to the statement SQLite runs and, where the engine may run it, to a carrier as well. */
#include "replica/sqlite_value.h"
#include "statement.h"

#include <string.h>

static sqlite3_stmt *holder(hdb_stmt *stmt) {
    return stmt->replica && stmt->lane == HDB_LANE_REPLICA ? stmt->replica : stmt->parameters;
}

static int check(hdb_stmt *stmt, int rc) {
    if (rc == SQLITE_OK)
        return HDB_OK;
    if ((rc & 0xff) == SQLITE_RANGE)
        return hdb_error_set(&stmt->conn->error, HDB_RANGE, NULL, "column index out of range");
    if ((rc & 0xff) == SQLITE_MISUSE)
        return hdb_error_set(&stmt->conn->error, HDB_MISUSE, NULL, "bad parameter or other API misuse");
    return hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}

int hdb_stmt_bind(hdb_stmt *stmt, int index, hdb_value value) {
    /* A finished execution may be bound anew, as sqlite3_step() itself would reset it. */
    if (stmt->state == HDB_STMT_FINISHED)
        hdb_stmt_reset(stmt);
    int rc = stmt->replica && stmt->lane == HDB_LANE_REPLICA ? hdb_value_bind_copy(stmt->replica, index, &value) : SQLITE_OK;
    if (rc == SQLITE_OK && stmt->parameters)
        rc = hdb_value_bind_copy(stmt->parameters, index, &value);
    return check(stmt, rc);
}

static int bind(hdb_stmt *stmt, int index, hdb_value value) {
    int rc = hdb_stmt_enter(stmt);
    return rc == HDB_OK ? hdb_conn_leave(stmt->conn, hdb_stmt_bind(stmt, index, value)) : rc;
}

int hdb_bind_null(hdb_stmt *stmt, int index) {
    return bind(stmt, index, hdb_value_null());
}

int hdb_bind_int64(hdb_stmt *stmt, int index, int64_t value) {
    return bind(stmt, index, hdb_value_integer(value));
}

int hdb_bind_double(hdb_stmt *stmt, int index, double value) {
    return bind(stmt, index, hdb_value_real(value));
}

int hdb_bind_text(hdb_stmt *stmt, int index, const char *value, int64_t length) {
    if (!value)
        return length > 0 ? HDB_MISUSE : bind(stmt, index, hdb_value_null());
    return bind(stmt, index, hdb_value_text(value, length < 0 ? strlen(value) : (size_t)length));
}

int hdb_bind_blob(hdb_stmt *stmt, int index, const void *value, int64_t length) {
    if (length < 0 || (!value && length > 0))
        return HDB_MISUSE;
    return bind(stmt, index, hdb_value_blob(value, (size_t)length));
}

int hdb_clear_bindings(hdb_stmt *stmt) {
    int rc = hdb_stmt_enter(stmt);
    if (rc != HDB_OK)
        return rc;
    if (stmt->replica)
        sqlite3_clear_bindings(stmt->replica);
    if (stmt->parameters)
        sqlite3_clear_bindings(stmt->parameters);
    return hdb_conn_leave(stmt->conn, HDB_OK);
}

int hdb_bind_parameter_count(hdb_stmt *stmt) {
    return stmt ? sqlite3_bind_parameter_count(holder(stmt)) : 0;
}

const char *hdb_bind_parameter_name(hdb_stmt *stmt, int index) {
    return stmt ? sqlite3_bind_parameter_name(holder(stmt), index) : NULL;
}

int hdb_bind_parameter_index(hdb_stmt *stmt, const char *name) {
    return stmt && name ? sqlite3_bind_parameter_index(holder(stmt), name) : 0;
}
