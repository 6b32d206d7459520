/* SPDX-License-Identifier: Apache-2.0 */
#include "direct_lane.h"

#include "direct/describe.h"
#include "scan_lane.h"
#include "record/cell.h"
#include "record/log.h"
#include "replica/own_statement.h"
#include "replica/sqlite_value.h"
#include "store.h"
#include <stdlib.h>
#include <string.h>

struct hdb_direct {
    hdb_plan plan;
    bool has_plan;
    enum hdb_refusal why;
    hdb_described described;
    int64_t generation; /* of the schema it was made for, and SQLite's number of that schema */
    int64_t cookie;
    int64_t epoch;      /* of the replica in which it had that number, 0: not known */
    int compiled;       /* how often SQLite had compiled the statement anew, which tells the columns' names */
    char *read;         /* PostgreSQL: the plan's text with the schema's version beside its row */
    bool encoded;       /* a column comes as text in which each value has its storage class */
    hdb_value *values;  /* one for each input */
    hdb_buffer *encodings;
};

void hdb_direct_free(hdb_direct *direct) {
    if (!direct)
        return;
    for (int i = 0; direct->encodings && i < direct->plan.input_count; i++)
        hdb_buffer_free(&direct->encodings[i]);
    free(direct->encodings);
    free(direct->values);
    free(direct->read);
    hdb_plan_clear(&direct->plan);
    hdb_described_clear(&direct->described);
    free(direct);
}

const char *hdb_direct_text(const hdb_direct *direct, const char **why) {
    *why = direct->has_plan ? direct->plan.rule : hdb_refusal_text(direct->why);
    return direct->has_plan ? direct->plan.sql : NULL;
}

/* `SELECT ?1, ?2, ...`: carries values in or out. */
static int prepare_carrier(hdb_stmt *stmt, int count, sqlite3_stmt **out) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    hdb_buffer_text(&sql, "SELECT NULL");
    if (count > 0)
        hdb_buffer_reset(&sql);
    for (int i = 0; i < count; i++)
        hdb_buffer_format(&sql, "%s?%d", i ? ", " : "SELECT ", i + 1);
    int rc = sql.failed ? SQLITE_NOMEM : hdb_own_statement(stmt->conn->replica->db, sql.data, 0, out);
    hdb_buffer_free(&sql);
    return rc == SQLITE_OK ? HDB_OK : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
}

static bool reads_one(const hdb_direct *direct) {
    return direct->plan.kind == HDB_PLAN_SELECT || direct->plan.kind == HDB_PLAN_COUNT;
}

/* What is needed to read a row; false if memory ran out. */
static bool prepare_read(hdb_direct *direct, enum hdb_peer peer) {
    const hdb_plan *plan = &direct->plan;
    hdb_buffer text = HDB_BUFFER_INIT;
    for (int i = 0; i < plan->column_count; i++)
        direct->encoded = direct->encoded || (plan->columns[i].index >= 0 &&
                                              plan->table->columns[plan->columns[i].index].kind == HDB_AFFINITY_ANY);
    if (peer != HDB_PEER_POSTGRESQL)
        return true;
    hdb_meta_put_beside(&text, "schema_version", plan->sql);
    direct->read = hdb_buffer_take(&text);
    return direct->read != NULL;
}

int hdb_direct_prepare(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    hdb_direct *direct = calloc(1, sizeof *direct);
    if (!direct)
        return hdb_error_nomem(&conn->error);
    stmt->direct = direct;
    direct->generation = hdb_daemon_store_generation(conn->daemon);
    const hdb_schema *known = NULL;
    /* A connection has forgotten it at first, and after each change. */
    int rc = hdb_replica_schema(conn->replica, &known, &conn->error);
    if (rc != HDB_OK)
        return rc;
    direct->cookie = conn->replica->schema_version;
    direct->compiled = sqlite3_stmt_status(stmt->replica, SQLITE_STMTSTATUS_REPREPARE, 0);
    hdb_direct_schema schema = hdb_describe(&direct->described, conn->replica);
    enum hdb_peer peer = hdb_server_peer(hdb_daemon_store_server(conn->daemon));
    rc = hdb_translate(stmt->sql, strlen(stmt->sql), &schema, peer, &direct->plan, &direct->why);
    if (rc == HDB_OK && direct->plan.kind == HDB_PLAN_SCAN && !hdb_scan_is_by_rowid(stmt)) {
        direct->why = HDB_REFUSED_INDEX_ORDER;
        rc = HDB_NOTSUPPORTED;
    }
    direct->has_plan = rc == HDB_OK;
    if (rc == HDB_NOTSUPPORTED)
        return HDB_OK;
    if (rc != HDB_OK)
        return hdb_error_nomem(&conn->error);
    direct->values = calloc((size_t)direct->plan.input_count + 1, sizeof *direct->values);
    direct->encodings = calloc((size_t)direct->plan.input_count + 1, sizeof *direct->encodings);
    if (!direct->values || !direct->encodings || (reads_one(direct) && !prepare_read(direct, peer)))
        return hdb_error_nomem(&conn->error);
    rc = prepare_carrier(stmt, direct->plan.parameter_count, &stmt->parameters);
    if (rc == HDB_OK && direct->plan.column_count > 0)
        rc = prepare_carrier(stmt, direct->plan.column_count, &stmt->result);
    return rc;
}

/* The values to send; false if one of them would not be stored or compared as SQLite does it. */
static bool take_values(hdb_stmt *stmt, hdb_direct *direct) {
    for (int i = 0; i < direct->plan.input_count; i++) {
        const hdb_plan_input *input = &direct->plan.inputs[i];
        hdb_value value = input->parameter ? hdb_value_of_column(stmt->parameters, input->parameter - 1) : input->literal;
        if (!hdb_plan_admit(input, &value, &direct->values[i]))
            return false;
        if (!input->encoded || direct->values[i].type == HDB_TYPE_NULL)
            continue;
        hdb_buffer_reset(&direct->encodings[i]);
        hdb_cell_encode(&direct->encodings[i], &direct->values[i]);
        if (direct->encodings[i].failed)
            return false;
        direct->values[i] = hdb_value_text(direct->encodings[i].data, direct->encodings[i].size);
    }
    return true;
}

/* An error of the server that says nothing was done: SQLite finds its own answer. One of the link is told as it is; a statement
 * that was interrupted on its way may still arrive. */
static int unfit_or_lost(hdb_stmt *stmt, hdb_link *link, int rc, bool wrote) {
    hdb_error *error = &stmt->conn->error;
    if (!hdb_link_is_alive(link) && wrote) {
        hdb_error_clear(error);
        return hdb_error_set(error, HDB_IOERR, "08007", "the link to the server was lost while it ran the statement: whether it "
                             "was kept can't be told");
    }
    if (rc == HDB_INTERRUPT || rc == HDB_NOMEM)
        return rc;
    hdb_error_clear(error);
    return HDB_DIRECT_UNFIT;
}

/* Puts a row of values beside their columns' types, or of columns in text forms, into the result carrier. */
static int carry_encoded(hdb_stmt *stmt, const hdb_rows *rows, int first) {
    hdb_direct *direct = stmt->direct;
    const hdb_schema *schema = NULL;
    hdb_buffer arena = HDB_BUFFER_INIT;
    /* A rolled-back schema change has made the replica forget it: read it anew then. */
    int read = hdb_replica_schema(stmt->conn->replica, &schema, &stmt->conn->error);
    if (read != HDB_OK)
        return read;
    const hdb_table *table = hdb_schema_table(schema, direct->described.table.name);
    bool fits = table != NULL;
    size_t width = fits ? (size_t)table->column_count + 1 : 1;
    hdb_value *in = calloc(width * 2, sizeof *in), *out = in ? in + width : NULL;
    if (!in)
        return hdb_error_nomem(&stmt->conn->error);
    for (size_t i = 0; i < width; i++)
        in[i] = hdb_value_null();
    for (int i = 0; fits && i < direct->plan.column_count; i++)
        in[direct->plan.columns[i].index] = hdb_rows_cell(rows, 0, first + i);
    in[width - 1] = hdb_rows_cell(rows, 0, first + direct->plan.column_count);
    fits = fits && hdb_row_from_engine(table, in, &arena, out);
    for (int i = 0; fits && i < direct->plan.column_count; i++)
        fits = hdb_value_bind_copy(stmt->result, i + 1, &out[direct->plan.columns[i].index]) == SQLITE_OK;
    hdb_buffer_free(&arena);
    free(in);
    return fits ? HDB_ROW : HDB_DIRECT_UNFIT;
}

/* Puts the server's row, whose cells begin with the first one, into the result carrier. */
static int carry_row(hdb_stmt *stmt, const hdb_rows *rows, int first) {
    const hdb_direct *direct = stmt->direct;
    const int count = direct->plan.column_count;
    const bool counts = direct->plan.kind == HDB_PLAN_COUNT;
    sqlite3_reset(stmt->result);
    if (!counts && (direct->encoded || hdb_rows_cell(rows, 0, first + count).type != HDB_TYPE_NULL))
        return carry_encoded(stmt, rows, first);
    for (int i = 0; i < count; i++) {
        hdb_value cell = hdb_rows_cell(rows, 0, first + i);
        if ((counts && cell.type != HDB_TYPE_INTEGER) || hdb_value_bind_copy(stmt->result, i + 1, &cell) != SQLITE_OK)
            return HDB_DIRECT_UNFIT;
    }
    return HDB_ROW;
}

/* Asks the server for the row, and for the schema's version as of the same moment or later: had it changed before the row was read,
 * it tells. `first` is the row's first cell, -1 if there is no row. */
static int ask(hdb_stmt *stmt, hdb_link *link, int64_t *version, hdb_rows **rows, int *first) {
    hdb_direct *direct = stmt->direct;
    hdb_error *error = &stmt->conn->error;
    hdb_question read = {direct->plan.sql, direct->values, direct->plan.input_count, NULL};
    int rc;
    *version = -1;
    if (direct->read) {
        rc = hdb_link_query(link, direct->read, direct->values, direct->plan.input_count, HDB_ROWS_NATIVE, rows, error);
        bool told = rc == HDB_OK && hdb_rows_count(*rows) > 0;
        if (told)
            *version = hdb_rows_integer(*rows, 0, 0);
        *first = told && hdb_rows_cell(*rows, 0, 1).type != HDB_TYPE_NULL ? HDB_META_BESIDE : -1;
        return rc;
    }
    rc = hdb_meta_get_beside(link, "schema_version", -1, version, &read, error);
    *rows = read.rows;
    *first = rc == HDB_OK && hdb_rows_count(read.rows) > 0 ? 0 : -1;
    return rc;
}

static int run_read(hdb_stmt *stmt, hdb_link *link) {
    hdb_rows *rows = NULL;
    int64_t version = 0;
    int first = -1, rc = ask(stmt, link, &version, &rows, &first);
    if (rc != HDB_OK)
        return unfit_or_lost(stmt, link, rc, false);
    if (version != hdb_daemon_store_schema_version(stmt->conn->daemon))
        rc = HDB_DIRECT_UNFIT;
    else
        rc = first < 0 ? HDB_DONE : carry_row(stmt, rows, first);
    hdb_rows_free(rows);
    if (rc == HDB_ROW)
        rc = sqlite3_step(stmt->result) == SQLITE_ROW ? HDB_ROW : hdb_replica_error(stmt->conn->replica, &stmt->conn->error);
    return rc;
}

/* Whether the row that an UPDATE by key finds is one it is exact for the guard tells, where it is not part of the text. */
static int change(hdb_stmt *stmt, hdb_server *server, int64_t *changed) {
    const hdb_direct *direct = stmt->direct;
    enum hdb_server_verdict verdict;
    hdb_server_change send = {
        .sql = direct->plan.sql,
        .values = direct->values,
        .count = direct->plan.input_count,
        .schema_version = hdb_daemon_store_schema_version(stmt->conn->daemon),
        .guard = direct->plan.guard,
        .guard_value = direct->plan.guard ? &direct->values[direct->plan.guard_input] : NULL,
    };
    int rc = hdb_server_run_change(server, &send, &verdict, changed, &stmt->conn->error);
    if (rc == HDB_BUSY && verdict != HDB_CHANGE_SENT) /* nobody let us have the lock */
        return rc;
    if (rc != HDB_OK)
        return unfit_or_lost(stmt, hdb_server_link(server), rc, verdict == HDB_CHANGE_SENT);
    if (verdict == HDB_CHANGE_UNFIT || (verdict == HDB_CHANGE_SENT && direct->plan.guarded && *changed == 0))
        return HDB_DIRECT_UNFIT;
    return HDB_DONE;
}

static int run_change(hdb_stmt *stmt, hdb_server *server) {
    hdb_replica *replica = stmt->conn->replica;
    hdb_direct *direct = stmt->direct;
    hdb_counts counts = hdb_replica_note_counts(replica);
    int64_t changed = 0;
    int rc = change(stmt, server, &changed);
    hdb_server_end(server);
    if (rc != HDB_DIRECT_UNFIT) { /* refused, it has changed 0 rows */
        counts.changes = changed;
        counts.total += changed;
        if (rc == HDB_DONE && direct->plan.rowid_input >= 0)
            counts.last_rowid = direct->values[direct->plan.rowid_input].as.integer;
        hdb_replica_restore_counts(replica, &counts);
    }
    return rc;
}

static int run_scan(hdb_stmt *stmt) {
    int rc = hdb_scan_run(stmt, &stmt->direct->plan);
    if (rc == HDB_ROW || rc == HDB_DONE)
        return rc;
    return unfit_or_lost(stmt, hdb_server_link(hdb_daemon_store_server(stmt->conn->daemon)), rc, false);
}

/* Whether the plan was made for the schema that the connection knows, and SQLite has compiled the statement for. A schema change that
 * was undone leaves no new generation, one of somebody else perhaps the number that there was. */
static bool fits_schema(const hdb_stmt *stmt) {
    hdb_direct *direct = stmt->direct;
    hdb_replica *replica = stmt->conn->replica;
    if (direct->generation != hdb_daemon_store_generation(stmt->conn->daemon) ||
        direct->compiled != sqlite3_stmt_status(stmt->replica, SQLITE_STMTSTATUS_REPREPARE, 0))
        return false;
    if (direct->epoch == replica->schema_epoch)
        return true;
    bool fits = direct->cookie == hdb_replica_schema_version(replica);
    direct->epoch = fits ? replica->schema_epoch : 0; /* asking may have begun another one */
    return fits;
}

int hdb_direct_run(hdb_stmt *stmt) {
    hdb_conn *conn = stmt->conn;
    hdb_direct *direct = stmt->direct;
    hdb_server *server = hdb_daemon_store_server(conn->daemon);
    const hdb_replica *replica = conn->replica;
    if (!direct->has_plan || replica->may_be_query_only || replica->may_count_changes ||
        replica->may_have_temp_triggers || hdb_hooks_need_replica(&replica->hooks) || !hdb_daemon_store_is_idle(conn->daemon))
        return HDB_DIRECT_UNFIT;
    hdb_server_end(server);
    int rc = hdb_server_revive(server, &conn->error);
    if (rc != HDB_OK)
        return rc;
    if (!fits_schema(stmt))
        return HDB_DIRECT_UNFIT;
    if (direct->plan.kind == HDB_PLAN_SCAN)
        return run_scan(stmt);
    if (sqlite3_step(stmt->parameters) != SQLITE_ROW)
        return hdb_replica_error(conn->replica, &conn->error);
    rc = !take_values(stmt, direct) ? HDB_DIRECT_UNFIT
         : reads_one(direct)             ? run_read(stmt, hdb_server_link(server))
         : conn->settings.open == HDB_OPEN_READ ? HDB_DIRECT_UNFIT
         : hdb_server_keeps_log(server)  ? HDB_DIRECT_UNFIT /* it would not be in the log */
                                         : run_change(stmt, server);
    sqlite3_reset(stmt->parameters);
    return rc;
}
