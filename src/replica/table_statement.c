/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/table_statement.h"

#include "buffer.h"
#include "record/cell.h"
#include "replica/own_statement.h"
#include "replica/schema.h"
#include "replica/sqlite_value.h"
#include <string.h>

static void put_name(hdb_buffer *sql, const hdb_table *table) {
    hdb_buffer_identifier(sql, table->database ? table->database : "main");
    hdb_buffer_text(sql, ".");
    hdb_buffer_identifier(sql, table->name);
}

static void put_cells(hdb_buffer *sql, const hdb_table *table, bool generated) {
    for (int i = 0; i < table->column_count; i++) {
        hdb_buffer_text(sql, i ? ", " : "");
        if (table->columns[i].generated && !generated)
            hdb_buffer_text(sql, "NULL");
        else
            hdb_buffer_identifier(sql, table->columns[i].name);
    }
}

/* The rowid's name is not quoted: in quotes it would be a string where no column has that name. A key of columns is
 * looked up by its index, and must be the very one: two rows may differ in what the column's collation takes for equal. */
static void put_where_key(hdb_buffer *sql, const hdb_table *table) {
    int parameter = 1;
    hdb_buffer_text(sql, " WHERE ");
    if (table->alias >= 0) {
        hdb_buffer_identifier(sql, table->columns[table->alias].name);
        hdb_buffer_text(sql, " = ?1");
        return;
    }
    if (table->key_kind != HDB_KEY_COLUMNS) {
        const char *rowid = hdb_table_rowid_name(table);
        hdb_buffer_format(sql, "%s = ?1", rowid ? rowid : "NULL"); /* no row is asked for by a rowid without a name */
        return;
    }
    for (int place = 1; place <= table->column_count; place++) {
        for (int i = 0; i < table->column_count; i++) {
            if (table->columns[i].key != place)
                continue;
            hdb_buffer_text(sql, parameter > 1 ? " AND " : "");
            hdb_buffer_identifier(sql, table->columns[i].name);
            hdb_buffer_format(sql, " = ?%d AND ", parameter);
            hdb_buffer_identifier(sql, table->columns[i].name);
            hdb_buffer_format(sql, " COLLATE BINARY = ?%d", parameter++);
        }
    }
}

static void put_insert(hdb_buffer *sql, const hdb_table *table) {
    int count = 0;
    hdb_buffer_text(sql, "INSERT OR REPLACE INTO ");
    put_name(sql, table);
    hdb_buffer_text(sql, " (");
    const char *rowid = table->key_kind == HDB_KEY_ROWID ? hdb_table_rowid_name(table) : NULL;
    if (rowid) {
        hdb_buffer_text(sql, rowid);
        count++;
    }
    for (int i = 0; i < table->column_count; i++) {
        if (table->columns[i].generated)
            continue;
        hdb_buffer_text(sql, count++ ? ", " : "");
        hdb_buffer_identifier(sql, table->columns[i].name);
    }
    hdb_buffer_text(sql, ") VALUES (");
    for (int i = 0; i < count; i++)
        hdb_buffer_text(sql, i ? ", ?" : "?");
    hdb_buffer_text(sql, ")");
}

/* Rows whose rowid has no name are numbered in their order. */
static void put_rowid(hdb_buffer *sql, const hdb_table *table) {
    const char *rowid = table->key_kind == HDB_KEY_ROWID ? hdb_table_rowid_name(table) : "NULL";
    hdb_buffer_text(sql, rowid ? rowid : "row_number() OVER ()");
}

static void put_rowid_column(hdb_buffer *sql, const hdb_table *table) {
    if (table->alias >= 0)
        hdb_buffer_identifier(sql, table->columns[table->alias].name);
    else
        put_rowid(sql, table);
}

static void put_text(hdb_buffer *sql, const hdb_table *table, enum hdb_table_statement which, bool generated) {
    switch (which) {
    case HDB_TABLE_READ_ROW:
    case HDB_TABLE_READ_ALL:
    case HDB_TABLE_READ_RANGE:
        hdb_buffer_text(sql, "SELECT ");
        if (which != HDB_TABLE_READ_ROW) {
            put_rowid_column(sql, table);
            hdb_buffer_text(sql, ", ");
        }
        put_cells(sql, table, generated);
        hdb_buffer_text(sql, " FROM ");
        put_name(sql, table);
        if (which == HDB_TABLE_READ_ROW)
            put_where_key(sql, table);
        if (which == HDB_TABLE_READ_RANGE) {
            hdb_buffer_text(sql, " WHERE ");
            put_rowid_column(sql, table);
            hdb_buffer_text(sql, " BETWEEN ?1 AND ?2 ORDER BY ");
            put_rowid_column(sql, table);
        }
        break;
    case HDB_TABLE_PUT_ROW:
        put_insert(sql, table);
        break;
    case HDB_TABLE_DELETE_ROW:
    case HDB_TABLE_DELETE_ALL:
        hdb_buffer_text(sql, "DELETE FROM ");
        put_name(sql, table);
        if (which == HDB_TABLE_DELETE_ROW)
            put_where_key(sql, table);
        break;
    }
}

int hdb_table_prepare(sqlite3 *db, const hdb_table *table, enum hdb_table_statement which, sqlite3_stmt **out,
                      hdb_error *error) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    int prepared = SQLITE_ERROR;
    put_text(&sql, table, which, true);
    if (!sql.failed)
        prepared = hdb_own_statement(db, sql.data, SQLITE_PREPARE_PERSISTENT, out);
    /* Generated columns that need each other can't be read. SQLite takes such a table, which then stays empty. */
    if (prepared == SQLITE_ERROR && which <= HDB_TABLE_READ_RANGE &&
        strstr(sqlite3_errmsg(db), "generated column loop")) {
        hdb_buffer_reset(&sql);
        put_text(&sql, table, which, false);
        if (!sql.failed)
            prepared = hdb_own_statement(db, sql.data, SQLITE_PREPARE_PERSISTENT, out);
    }
    int rc = sql.failed ? hdb_error_nomem(error) : prepared == SQLITE_OK ? HDB_OK : hdb_sqlite_error(db, error);
    hdb_buffer_free(&sql);
    return rc;
}

bool hdb_table_bind_key(sqlite3_stmt *statement, const hdb_table *table, int64_t rowid, const char *key, size_t size) {
    if (table->key_kind != HDB_KEY_COLUMNS)
        return sqlite3_bind_int64(statement, 1, rowid) == SQLITE_OK;
    hdb_reader in = {key, key + size, false};
    for (int parameter = 1; in.at < in.end && !in.failed; parameter++) {
        hdb_value value = hdb_get_value(&in);
        if (hdb_value_bind(statement, parameter, &value) != SQLITE_OK)
            return false;
    }
    return !in.failed;
}

int hdb_table_put_row(sqlite3 *db, sqlite3_stmt *statement, const hdb_table *table, int64_t rowid, const hdb_value *cells,
                      hdb_error *error) {
    int parameter = 1;
    if (table->key_kind == HDB_KEY_ROWID && hdb_table_rowid_name(table))
        sqlite3_bind_int64(statement, parameter++, rowid);
    for (int i = 0; i < table->column_count; i++)
        if (!table->columns[i].generated)
            hdb_value_bind(statement, parameter++, &cells[i]);
    int rc = sqlite3_step(statement) == SQLITE_DONE ? HDB_OK : hdb_sqlite_error(db, error);
    sqlite3_reset(statement);
    return rc;
}
