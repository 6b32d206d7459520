/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT, UPDATE and DELETE in which something only the engine understands (docs/decisions/0013-engine-only-changes.md).
 *
 * The engine computes rows and changes nothing: what to insert, or the keys and new values of the rows to change. SQLite
 * does the change with these as its source, so that affinity, constraints, triggers, counts and ROLLBACK are its own. */
#include "direct/engine_parts.h"
#include "direct/engine_text.h"
#include "engine_names.h"
#include "engine_rows.h"
#include "replica/schema.h"
#include "statement.h"

#include <stdlib.h>
#include <string.h>

/* The two texts being written. */
struct change {
    hdb_stmt *stmt;
    hdb_engine_parts parts;
    const hdb_table *table;
    hdb_sql_parameters *parameters;
    hdb_buffer *ask;  /* the engine's SELECT */
    hdb_buffer apply; /* SQLite's statement */
    char *name;       /* by which the statement's expressions call the table */
};

static int refuse(struct change *change, const char *why) {
    return hdb_error_set(&change->stmt->conn->error, HDB_NOTSUPPORTED, NULL,
                         "a change that only the engine understands can't be made: %s", why);
}

static void put(hdb_buffer *out, hdb_slice text) {
    hdb_buffer_append(out, text.data, text.size);
}

static int ask(struct change *change, hdb_slice text) {
    return hdb_sql_rewrite_parameters(text.data, text.size, change->ask, change->parameters, &change->stmt->conn->error);
}

static char *dequoted(hdb_slice token) {
    char *text = malloc(token.size + 1);
    if (text)
        hdb_dequote(token, text);
    return text;
}

static int find_table(struct change *change) {
    const hdb_schema *schema = NULL;
    hdb_conn *conn = change->stmt->conn;
    char *name = dequoted(change->parts.table), *database = NULL;
    int rc = name ? hdb_replica_schema(conn->replica, &schema, &conn->error) : hdb_error_nomem(&conn->error);
    if (rc == HDB_OK && change->parts.schema.data && !(database = dequoted(change->parts.schema)))
        rc = hdb_error_nomem(&conn->error);
    if (rc == HDB_OK)
        change->table = hdb_schema_table(schema, name);
    if (rc == HDB_OK && (!change->table || (database && sqlite3_stricmp(database, "main") != 0)))
        rc = refuse(change, "it is none of a table that the engine holds");
    change->name = change->parts.alias.data ? dequoted(change->parts.alias) : name;
    if (change->name != name)
        free(name);
    free(database);
    return rc == HDB_OK && !change->name ? hdb_error_nomem(&conn->error) : rc;
}

/* What the rowid can be called in SQLite; NULL if columns have taken all its names. */
static const char *rowid_of(const hdb_table *table) {
    return table->key_kind == HDB_KEY_ALIAS ? table->columns[table->alias].name : hdb_table_rowid_name(table);
}

static void put_columns(hdb_buffer *out, int count) {
    for (int i = 0; i < count; i++)
        hdb_buffer_format(out, "%sc%d", i ? ", " : "", i);
}

static int write_insert(struct change *change) {
    const hdb_engine_parts *parts = &change->parts;
    int count = parts->column_count, ordinary = 0;
    for (int i = 0; i < change->table->column_count; i++)
        ordinary += !change->table->columns[i].generated;
    if (count < 0)
        count = ordinary;
    if (count > HDB_ENGINE_ROWS_WIDTH)
        return refuse(change, "too many columns");
    hdb_buffer_text(change->ask, parts->values ? "SELECT * FROM (" : "");
    int rc = ask(change, parts->rows);
    hdb_buffer_text(change->ask, parts->values ? ") AS hdb_values" : "");
    put(&change->apply, parts->head);
    hdb_buffer_text(&change->apply, "SELECT ");
    put_columns(&change->apply, count);
    hdb_buffer_text(&change->apply, " FROM " HDB_ENGINE_ROWS " WHERE true ");
    change->stmt->source_columns = count;
    return rc;
}

/* SELECT key ... */
static int ask_key(struct change *change) {
    const hdb_table *table = change->table;
    if (table->key_kind == HDB_KEY_COLUMNS || !rowid_of(table))
        return refuse(change, "the table has no rowid that could be named");
    hdb_buffer_text(change->ask, "SELECT ");
    hdb_buffer_identifier(change->ask, change->name);
    hdb_buffer_char(change->ask, '.');
    hdb_buffer_identifier(change->ask,
                          table->key_kind == HDB_KEY_ALIAS ? table->columns[table->alias].engine_name : "_hdb_rowid");
    hdb_buffer_text(change->ask, " AS hdb_key");
    return HDB_OK;
}

/* ... FROM table WHERE ... */
static int ask_where(struct change *change) {
    hdb_buffer_text(change->ask, " FROM ");
    hdb_buffer_identifier(change->ask, change->table->engine_name);
    hdb_buffer_text(change->ask, " AS ");
    hdb_buffer_identifier(change->ask, change->name);
    if (!change->parts.condition.data)
        return HDB_OK;
    hdb_buffer_text(change->ask, " WHERE ");
    return ask(change, change->parts.condition);
}

static int write_update(struct change *change) {
    hdb_slice left = change->parts.assignments, name, expression;
    bool malformed = false;
    int count = 1, rc = ask_key(change);
    put(&change->apply, change->parts.head);
    while (rc == HDB_OK && hdb_engine_next_assignment(&left, &name, &expression, &malformed)) {
        hdb_buffer_text(change->ask, ", (");
        rc = ask(change, expression);
        hdb_buffer_text(change->ask, ")");
        hdb_buffer_text(&change->apply, count > 1 ? ", " : " ");
        put(&change->apply, name);
        hdb_buffer_format(&change->apply, " = " HDB_ENGINE_ROWS ".c%d", count++);
    }
    if (rc == HDB_OK && malformed)
        rc = refuse(change, "an assignment that is not column = expression");
    if (rc == HDB_OK && count > HDB_ENGINE_ROWS_WIDTH)
        rc = refuse(change, "too many columns");
    if (rc != HDB_OK)
        return rc;
    hdb_buffer_text(&change->apply, " FROM " HDB_ENGINE_ROWS " WHERE ");
    hdb_buffer_identifier(&change->apply, change->name);
    hdb_buffer_char(&change->apply, '.');
    hdb_buffer_identifier(&change->apply, rowid_of(change->table));
    hdb_buffer_text(&change->apply, " = " HDB_ENGINE_ROWS ".c0 ");
    change->stmt->source_columns = count;
    return ask_where(change);
}

static int write_delete(struct change *change) {
    int rc = ask_key(change);
    if (rc != HDB_OK)
        return rc;
    put(&change->apply, change->parts.head);
    hdb_buffer_text(&change->apply, " WHERE ");
    hdb_buffer_identifier(&change->apply, change->name);
    hdb_buffer_char(&change->apply, '.');
    hdb_buffer_identifier(&change->apply, rowid_of(change->table));
    hdb_buffer_text(&change->apply, " IN (SELECT c0 FROM " HDB_ENGINE_ROWS ") ");
    change->stmt->source_columns = 1;
    return ask_where(change);
}

static int write_texts(struct change *change) {
    switch (change->parts.kind) {
    case HDB_SQL_INSERT:
        return write_insert(change);
    case HDB_SQL_UPDATE:
        return write_update(change);
    default:
        return write_delete(change);
    }
}

int hdb_stmt_prepare_change(hdb_stmt *stmt, const char *sql, size_t size, hdb_buffer *engine_sql,
                            hdb_sql_parameters *parameters) {
    hdb_conn *conn = stmt->conn;
    struct change change = {.stmt = stmt, .parameters = parameters, .ask = engine_sql, .apply = HDB_BUFFER_INIT};
    const char *why = hdb_engine_take_apart(sql, size, &change.parts);
    int rc = why ? refuse(&change, why) : find_table(&change);
    if (rc == HDB_OK)
        rc = hdb_engine_rows_enable(conn);
    if (rc == HDB_OK)
        rc = write_texts(&change);
    if (rc == HDB_OK) {
        put(&change.apply, change.parts.tail);
        rc = change.apply.failed || engine_sql->failed ? hdb_error_nomem(&conn->error) : HDB_OK;
    }
    if (rc == HDB_OK)
        rc = hdb_replica_prepare(conn->replica, change.apply.data, -1, &stmt->replica, NULL, &stmt->inspection, &conn->error);
    hdb_buffer_free(&change.apply);
    free(change.name);
    return rc;
}
