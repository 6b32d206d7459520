/* SPDX-License-Identifier: Apache-2.0 */
#include "scan_lane.h"

#include "direct/kept_rows.h"
#include "direct_lane.h"
#include "record/cell.h"
#include "replica/own_statement.h"
#include "replica/sqlite_value.h"
#include "store.h"
#include <stdlib.h>
#include <string.h>

enum state {
    FRESH,   /* nothing has happened since the rows were read */
    SETTLED, /* SQLite stands on the row that the application is on */
    PASSED   /* somebody else has committed since: these rows are what the snapshot holds */
};

struct hdb_stmt_scan {
    hdb_kept_rows *rows;
    enum state state;
    int64_t commits, generation;
};

/* --- reading --- */

struct filling {
    const hdb_plan *plan;
    const hdb_table *table;
    hdb_kept_rows *rows;
    hdb_buffer arena;
    hdb_value *in, *out, *cells;
    size_t longest; /* value that SQLite would take */
    bool encoded;   /* a column comes as text in which each value has its storage class */
};

/* What SQLite would make of a value that another client of the server has put there: it stores no NaN, in a REAL column no -0.0, and a text
 * that looks like a number may become one. */
static bool store_value(const struct filling *filling, const hdb_direct_column *column, hdb_value *value) {
    static const hdb_plan_input plain_text = {.admission = HDB_ADMIT_PLAIN_TEXT};
    bool is_bytes = value->type == HDB_TYPE_TEXT || value->type == HDB_TYPE_BLOB;
    hdb_value sent;
    if (value->type == HDB_TYPE_FLOAT && value->as.real != value->as.real)
        *value = hdb_value_null();
    else if (value->type == HDB_TYPE_FLOAT && value->as.real == 0 && column->kind == HDB_AFFINITY_REAL)
        value->as.real = 0;
    if (value->type == HDB_TYPE_TEXT && column->kind == HDB_AFFINITY_TEXT && column->affinity != HDB_SQLITE_TEXT &&
        !hdb_plan_admit(&plain_text, value, &sent))
        return false;
    return !is_bytes || value->as.bytes.size <= filling->longest;
}

/* The cells of a row that has values beside its columns' types, or columns of text forms. Those that are not asked for stay NULL. */
static bool decode(struct filling *filling, const hdb_value *given) {
    const hdb_plan *plan = filling->plan;
    for (int i = 0; i < plan->column_count; i++)
        filling->in[plan->columns[i].index] = given[i];
    filling->in[filling->table->column_count] = given[plan->column_count];
    if (!hdb_row_from_engine(filling->table, filling->in, &filling->arena, filling->out))
        return false;
    for (int i = 0; i < plan->column_count; i++)
        filling->cells[i] = filling->out[plan->columns[i].index];
    return true;
}

/* The engine's columns are those of the plan, "_hdb_odd", and perhaps the key. */
static int take_row(void *context, const hdb_value *given, int count) {
    struct filling *filling = context;
    const hdb_plan *plan = filling->plan;
    const int width = plan->key_cell < plan->column_count ? plan->column_count + 1 : plan->column_count + 2;
    if (count != width || given[plan->key_cell].type != HDB_TYPE_INTEGER)
        return HDB_DIRECT_UNFIT;
    if (filling->encoded || given[plan->column_count].type != HDB_TYPE_NULL) {
        if (!decode(filling, given))
            return HDB_DIRECT_UNFIT;
    } else {
        memcpy(filling->cells, given, (size_t)plan->column_count * sizeof *given);
    }
    for (int i = 0; i < plan->column_count; i++)
        if (!store_value(filling, &plan->table->columns[plan->columns[i].index], &filling->cells[i]))
            return HDB_DIRECT_UNFIT;
    return hdb_kept_add(filling->rows, given[plan->key_cell].as.integer, filling->cells);
}

/* Whether a column that is asked for comes as text in which each value has its storage class. */
static bool has_encoded(const hdb_plan *plan, const hdb_table *table) {
    for (int i = 0; i < plan->column_count; i++)
        if (table->columns[plan->columns[i].index].affinity == HDB_AFFINITY_ANY)
            return true;
    return false;
}

static int fill(hdb_stmt *stmt, const hdb_plan *plan, const hdb_table *table, hdb_kept_rows *rows) {
    hdb_conn *conn = stmt->conn;
    size_t width = (size_t)table->column_count + 1, all = 2 * width + (size_t)plan->column_count;
    struct filling filling = {.plan = plan, .table = table, .rows = rows, .arena = HDB_BUFFER_INIT};
    filling.encoded = has_encoded(plan, table);
    filling.longest = (size_t)sqlite3_limit(conn->replica->db, SQLITE_LIMIT_LENGTH, -1);
    filling.in = calloc(all, sizeof *filling.in);
    if (!filling.in)
        return hdb_error_nomem(&conn->error);
    filling.out = filling.in + width;
    filling.cells = filling.out + width;
    for (size_t i = 0; i < all; i++)
        filling.in[i] = hdb_value_null();
    int rc = hdb_daemon_store_scan(conn->daemon, plan->sql, take_row, &filling, &conn->error);
    hdb_buffer_free(&filling.arena);
    free(filling.in);
    return rc;
}

/* The application may have turned the order around since the statement was prepared. */
static bool is_reversed(sqlite3 *db) {
    sqlite3_stmt *asks = NULL;
    int rc = hdb_own_statement(db, "PRAGMA reverse_unordered_selects", 0, &asks);
    bool reversed = rc != SQLITE_OK || sqlite3_step(asks) != SQLITE_ROW || sqlite3_column_int(asks, 0) != 0;
    sqlite3_finalize(asks);
    return reversed;
}

bool hdb_scan_is_by_rowid(hdb_stmt *stmt) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    sqlite3_stmt *asks = NULL;
    hdb_buffer_text(&sql, "EXPLAIN QUERY PLAN ");
    hdb_buffer_text(&sql, stmt->sql);
    bool found = !sql.failed && hdb_own_statement(stmt->conn->replica->db, sql.data, 0, &asks) == SQLITE_OK &&
                 sqlite3_step(asks) == SQLITE_ROW;
    const char *detail = found ? (const char *)sqlite3_column_text(asks, 3) : NULL;
    found = detail && strncmp(detail, "SCAN ", 5) == 0 && !strstr(detail, " USING ");
    sqlite3_finalize(asks);
    hdb_buffer_free(&sql);
    return found;
}

/* A table that was too large stays that: it is not read up to the limit each time. */
static bool is_large(const hdb_conn *conn, const char *table) {
    return conn->large_table && conn->large_generation == hdb_daemon_store_generation(conn->daemon) &&
           strcmp(conn->large_table, table) == 0;
}

/* Without memory for its name it is tried again. */
static void note_large(hdb_conn *conn, const char *table) {
    free(conn->large_table);
    conn->large_table = strdup(table);
    conn->large_generation = hdb_daemon_store_generation(conn->daemon);
}

int hdb_scan_run(hdb_stmt *stmt, const hdb_plan *plan) {
    hdb_conn *conn = stmt->conn;
    const hdb_schema *schema = NULL;
    int rc = hdb_replica_schema(conn->replica, &schema, &conn->error);
    const hdb_table *table = rc == HDB_OK ? hdb_schema_table(schema, plan->table->name) : NULL;
    if (!table || is_large(conn, table->name) || is_reversed(conn->replica->db))
        return rc == HDB_OK ? HDB_DIRECT_UNFIT : rc;
    struct hdb_stmt_scan *scan = calloc(1, sizeof *scan);
    hdb_kept_rows *rows = hdb_kept_new(plan->column_count);
    if (!scan || !rows) {
        free(scan);
        hdb_kept_free(rows);
        return hdb_error_nomem(&conn->error);
    }
    *scan = (struct hdb_stmt_scan){.rows = rows, .state = FRESH};
    stmt->scan = scan;
    conn->scans++;
    rc = fill(stmt, plan, table, rows);
    scan->commits = hdb_daemon_store_commits(conn->daemon);
    scan->generation = hdb_daemon_store_generation(conn->daemon);
    hdb_kept_sort(rows);
    if (rc == HDB_OK)
        return hdb_scan_step(stmt);
    hdb_scan_end(stmt);
    if (rc == HDB_TOOBIG)
        note_large(conn, plan->table->name);
    return rc;
}

/* --- giving --- */

static int carry(hdb_stmt *stmt) {
    const hdb_value *cells = hdb_kept_row(stmt->scan->rows);
    int count = sqlite3_column_count(stmt->result), rc = sqlite3_reset(stmt->result);
    for (int i = 0; rc == SQLITE_OK && i < count; i++)
        rc = hdb_value_bind(stmt->result, i + 1, &cells[i]);
    rc = rc == SQLITE_OK && sqlite3_step(stmt->result) == SQLITE_ROW ? HDB_ROW : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
    if (rc != HDB_ROW)
        hdb_scan_end(stmt);
    return rc;
}

/* SQLite would look, too, before it gives a row. */
static int check_interrupt(hdb_stmt *stmt) {
    if (!atomic_load(&stmt->conn->interrupted))
        return HDB_OK;
    hdb_scan_end(stmt);
    return hdb_error_set(&stmt->conn->error, HDB_INTERRUPT, NULL, "interrupted");
}

int hdb_scan_step(hdb_stmt *stmt) {
    int rc = check_interrupt(stmt);
    if (rc != HDB_OK)
        return rc;
    if (hdb_kept_next(stmt->scan->rows))
        return carry(stmt);
    hdb_scan_end(stmt);
    return HDB_DONE;
}

int hdb_scan_fetch(hdb_stmt *stmt, int64_t limit, hdb_block *block) {
    bool more = true;
    int rc = check_interrupt(stmt);
    if (rc != HDB_OK)
        return rc;
    while (more && !hdb_stmt_block_is_full(block, limit)) {
        const hdb_value *cells = hdb_kept_row(stmt->scan->rows);
        for (int i = 0; i < block->column_count; i++)
            hdb_block_append(block, i, &cells[i]);
        block->rows++;
        more = hdb_kept_next(stmt->scan->rows);
    }
    if (more)
        return carry(stmt);
    hdb_scan_end(stmt);
    return HDB_DONE;
}

void hdb_scan_end(hdb_stmt *stmt) {
    if (!stmt->scan)
        return;
    sqlite3_reset(stmt->result);
    sqlite3_clear_bindings(stmt->result);
    stmt->conn->scans -= stmt->scan->state != SETTLED;
    hdb_kept_free(stmt->scan->rows);
    free(stmt->scan);
    stmt->scan = NULL;
}

/* --- settling --- */

bool hdb_scan_is_settled(const hdb_stmt *stmt) {
    return stmt->scan && stmt->scan->state == SETTLED;
}

/* Has SQLite run it up to the row that the application is on, whose values stay where they are. */
static int catch_up(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    int64_t position = hdb_kept_position(stmt->scan->rows);
    hdb_daemon_store_ignore(conn->daemon, stmt->result);
    int rc = hdb_replica_step(conn->replica, stmt->replica, &stmt->inspection, true, &conn->error);
    for (int64_t i = 1; rc == HDB_ROW && i < position; i++)
        rc = hdb_replica_step(conn->replica, stmt->replica, &stmt->inspection, false, &conn->error);
    hdb_daemon_store_ignore(conn->daemon, NULL);
    return rc;
}

static int settle(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    struct hdb_stmt_scan *scan = stmt->scan;
    int rc = catch_up(stmt);
    bool same = scan->generation == hdb_daemon_store_generation(conn->daemon) && scan->commits == hdb_daemon_store_commits(conn->daemon);
    if (rc == HDB_ROW && same) {
        scan->state = SETTLED;
        conn->scans--;
        stmt->running = true;
        return HDB_OK;
    }
    hdb_error ignored = HDB_ERROR_INIT;
    if (rc == HDB_ROW)
        hdb_replica_end(conn->replica, stmt->replica, &stmt->inspection, &ignored);
    else
        sqlite3_reset(stmt->replica);
    hdb_error_clear(&ignored);
    if (rc != HDB_ROW && rc != HDB_DONE)
        return rc;
    scan->state = PASSED;
    return HDB_OK;
}

int hdb_scan_settle_all(hdb_conn *conn, bool writes) {
    int rc = HDB_OK;
    for (hdb_stmt *stmt = conn->first; conn->scans > 0 && rc == HDB_OK && stmt; stmt = stmt->next) {
        if (stmt->scan && stmt->scan->state == FRESH)
            rc = settle(stmt);
        if (rc == HDB_OK && writes && stmt->scan && stmt->scan->state == PASSED)
            rc = hdb_error_set(&conn->error, SQLITE_BUSY_SNAPSHOT, NULL, "database is locked");
    }
    return rc;
}
