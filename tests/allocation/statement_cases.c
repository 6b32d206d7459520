/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: prepared, bound, run, read, described. */
#include "sweep.h"

#include <string.h>

static int call_prepare(void) {
    int64_t tail = -1;
    TRY(SWEPT(hdb_prepare)(it.conn, "SELECT a, b FROM t WHERE id = ?1 ORDER BY a; SELECT 2", -1, &it.stmt, &tail));
    RIGHT(it.stmt && tail > 0);
    return HDB_OK;
}

static void prepare_bound(void) {
    sweep_prepare("SELECT ?1, :two, ?3, ?4, ?5");
}

static int call_bind(void) {
    char text[300];
    memset(text, 'x', sizeof text);
    TRY(SWEPT(hdb_bind_null)(it.stmt, 1));
    TRY(SWEPT(hdb_bind_int64)(it.stmt, 2, 42));
    TRY(SWEPT(hdb_bind_double)(it.stmt, 3, 1.5));
    TRY(SWEPT(hdb_bind_text)(it.stmt, 4, text, sizeof text));
    TRY(SWEPT(hdb_bind_blob)(it.stmt, 5, text, sizeof text));
    RIGHT(SWEPT(hdb_bind_parameter_count)(it.stmt) == 5);
    RIGHT(strcmp(SWEPT(hdb_bind_parameter_name)(it.stmt, 2), ":two") == 0);
    RIGHT(SWEPT(hdb_bind_parameter_index)(it.stmt, ":two") == 2);
    const int rc = SWEPT(hdb_fetch_row)(it.stmt);
    if (rc != HDB_ROW)
        return rc;
    RIGHT(SWEPT(hdb_column_int64)(it.stmt, 1) == 42 && SWEPT(hdb_column_double)(it.stmt, 2) == 1.5);
    RIGHT(SWEPT(hdb_column_bytes)(it.stmt, 3) == sizeof text && SWEPT(hdb_column_type)(it.stmt, 0) == HDB_TYPE_NULL);
    TRY(SWEPT(hdb_reset)(it.stmt));
    TRY(SWEPT(hdb_clear_bindings)(it.stmt));
    return HDB_OK;
}

static void prepare_insert(void) {
    sweep_prepare("INSERT INTO t(a, b) SELECT a || 'x', zeroblob(5000) FROM t");
}

static int call_execute(void) {
    const int rc = SWEPT(hdb_execute)(it.stmt);
    if (rc != HDB_DONE)
        return rc;
    RIGHT(SWEPT(hdb_changes)(it.conn) == 2);
    TRY(SWEPT(hdb_reset)(it.stmt));
    hdb_stmt *stmt = it.stmt;
    it.stmt = NULL;
    return SWEPT(hdb_finalize)(stmt);
}

static void prepare_query(void) {
    sweep_prepare("SELECT a, count(*), group_concat(b) FROM t, (SELECT 1 UNION SELECT 2) GROUP BY a ORDER BY 2, upper(a)");
}

static int call_fetch(void) {
    int rows = 0, rc = HDB_OK;
    while ((rc = SWEPT(hdb_fetch_row)(it.stmt)) == HDB_ROW) {
        RIGHT(SWEPT(hdb_column_int64)(it.stmt, 1) == 2);
        rows++;
    }
    if (rc != HDB_DONE)
        return rc;
    RIGHT(rows == 2);
    return SWEPT(hdb_reset)(it.stmt);
}

static int call_fetch_block(void) {
    const void *block = NULL;
    int64_t size = 0;
    const int rc = SWEPT(hdb_fetch_block)(it.stmt, -1, &block, &size);
    if (rc != HDB_DONE)
        return rc;
    RIGHT(*(const int64_t *)block == 2 && size > 40);
    return SWEPT(hdb_reset)(it.stmt);
}

static int call_fetch_arrow(void) {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    TRY(SWEPT(hdb_fetch_arrow)(it.stmt, &stream));
    int rc = stream.get_schema(&stream, &schema);
    if (rc == 0)
        rc = stream.get_next(&stream, &array);
    const bool right = rc != 0 || (schema.n_children == 3 && array.length == 2 && array.n_children == 3);
    if (array.release)
        array.release(&array);
    if (schema.release)
        schema.release(&schema);
    stream.release(&stream);
    RIGHT(right);
    return rc == 0 ? HDB_OK : HDB_NOMEM;
}

static void prepare_inserts(void) {
    sweep_prepare("INSERT INTO t(a) VALUES (?)");
}

static int call_execute_block(void) {
    static const int64_t block[] = {3, 1, HDB_BLOCK_INTEGER, 40, 24, 7, 8, 9};
    int64_t done = 0, changed = 0;
    TRY(SWEPT(hdb_execute_block)(it.stmt, block, sizeof block, &done, &changed));
    RIGHT(done == 3 && changed == 3);
    return HDB_OK;
}

static int call_execute_values(void) {
    static const int64_t values[] = {4, 0x7478657400 + HDB_TYPE_TEXT}; /* its length, type and "text" */
    int64_t rowid = 0, changed = 0;
    const int rc = SWEPT(hdb_execute_values)(it.stmt, values, 8 + 1 + 5, &changed, &rowid);
    if (rc != HDB_DONE)
        return rc;
    RIGHT(changed == 1 && rowid > 0);
    return HDB_OK;
}

static int call_fetch_values(void) {
    const void *values = NULL;
    int64_t size = 0;
    int rc, rows = 0;
    while ((rc = SWEPT(hdb_fetch_values)(it.stmt, &values, &size)) == HDB_ROW || (rc == HDB_DONE && values)) {
        RIGHT(((const int64_t *)values)[1] == 2 && size > 27);
        rows++;
    }
    if (rc != HDB_DONE)
        return rc;
    RIGHT(rows == 2);
    return SWEPT(hdb_reset)(it.stmt);
}

static void prepare_query_of_value(void) {
    sweep_prepare("SELECT a, ?, b FROM t ORDER BY a");
}

static int call_step_values(void) {
    static const int64_t given[] = {4, 0x7478657400 + HDB_TYPE_TEXT};
    const void *values = NULL;
    int64_t size = 0;
    int rows = 0;
    int rc = SWEPT(hdb_step_values)(it.stmt, given, 8 + 1 + 5, &values, &size);
    for (; rc == HDB_ROW; rc = SWEPT(hdb_step_values)(it.stmt, NULL, 0, &values, &size)) {
        RIGHT(((const int64_t *)values)[1] == 4 && size > 27);
        rows++;
    }
    if (rc != HDB_DONE)
        return rc;
    RIGHT(rows == 2 && !values);
    return HDB_OK;
}

/* The schema has changed since: the statement is compiled anew. */
static void prepare_stale(void) {
    sweep_prepare("SELECT * FROM t ORDER BY a");
    sweep_run(it.conn, "ALTER TABLE t ADD COLUMN c DEFAULT 'new'");
}

static int call_stale(void) {
    const int rc = SWEPT(hdb_fetch_row)(it.stmt);
    if (rc != HDB_ROW)
        return rc;
    RIGHT(SWEPT(hdb_column_count)(it.stmt) == 4);
    return HDB_OK;
}

static void prepare_numbers(void) {
    sweep_prepare_row("SELECT 42, 1.5, 'text', x'0102', id AS name FROM t");
}

static int call_text(void) {
    const char *text = SWEPT(hdb_column_text)(it.stmt, 1);
    if (!text)
        return HDB_NOMEM;
    RIGHT(strcmp(text, "1.5") == 0);
    const void *blob = SWEPT(hdb_column_blob)(it.stmt, 0);
    if (!blob)
        return HDB_NOMEM;
    RIGHT(memcmp(blob, "42", 2) == 0 && SWEPT(hdb_column_bytes)(it.stmt, 0) == 2);
    return HDB_OK;
}

static int call_columns(void) {
    const char *name = SWEPT(hdb_column_name)(it.stmt, 4);
    if (!name)
        return HDB_NOMEM;
    RIGHT(strcmp(name, "name") == 0);
    const char *const told[] = {SWEPT(hdb_column_decltype)(it.stmt, 4), SWEPT(hdb_column_database)(it.stmt, 4),
                                SWEPT(hdb_column_table)(it.stmt, 4), SWEPT(hdb_column_origin)(it.stmt, 4)};
    static const char *const expected[] = {"INTEGER", "main", "t", "id"};
    for (int i = 0; i < 4; i++) {
        if (!told[i])
            return HDB_NOMEM;
        RIGHT(strcmp(told[i], expected[i]) == 0);
    }
    return HDB_OK;
}

static int call_expanded(void) {
    TRY(SWEPT(hdb_bind_text)(it.stmt, 1, "it's", -1));
    const char *text = SWEPT(hdb_stmt_expanded_sql)(it.stmt);
    if (!text)
        return HDB_NOMEM;
    RIGHT(strstr(text, "'it''s'"));
    return HDB_OK;
}

static int call_described(void) {
    RIGHT(strncmp(SWEPT(hdb_stmt_sql)(it.stmt), "SELECT", 6) == 0);
    RIGHT(SWEPT(hdb_stmt_readonly)(it.stmt) == 1 && SWEPT(hdb_stmt_is_dml)(it.stmt) == 0 && SWEPT(hdb_stmt_busy)(it.stmt) == 0);
    RIGHT(SWEPT(hdb_stmt_is_explain)(it.stmt) == 0 && SWEPT(hdb_stmt_conn)(it.stmt) == it.conn);
    RIGHT(SWEPT(hdb_stmt_status)(it.stmt, 1, 0) >= 0);
    return HDB_OK;
}

const sweep_case statement_cases[] = {
    {"prepare", NULL, call_prepare},
    {"bind", prepare_bound, call_bind},
    {"execute", prepare_insert, call_execute},
    {"fetch", prepare_query, call_fetch},
    {"fetch a block", prepare_query, call_fetch_block},
    {"fetch as Arrow", prepare_query, call_fetch_arrow},
    {"execute a block", prepare_inserts, call_execute_block},
    {"execute with values", prepare_inserts, call_execute_values},
    {"fetch values", prepare_query, call_fetch_values},
    {"step with values", prepare_query_of_value, call_step_values},
    {"fetch after a change of the schema", prepare_stale, call_stale},
    {"column text", prepare_numbers, call_text},
    {"column names", prepare_numbers, call_columns},
    {"expanded_sql", prepare_bound, call_expanded},
    {"statement described", prepare_bound, call_described},
    {NULL, NULL, NULL},
};
