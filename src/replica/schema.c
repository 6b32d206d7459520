/* SPDX-License-Identifier: Apache-2.0 */
#include "replica/schema.h"

#include "buffer.h"
#include "replica/format.h"
#include "replica/own_statement.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* SQLITE_ERROR says little: the message tells more. NULL: the usual SQLSTATE of the code. */
static const char *sqlstate_of_message(int code, const char *message) {
    static const struct {
        const char *part, *sqlstate;
    } known[] = {
        {"syntax error", "42601"},        {"incomplete input", "42601"}, {"unrecognized token", "42601"},
        {"no such table", "42P01"},       {"no such column", "42703"},   {"no such function", "42883"},
        {"already exists", "42P07"},      {"ambiguous column", "42702"}, {"no such index", "42704"},
        {"wrong number of arg", "42883"}, {"has no column", "42703"},
    };
    for (size_t i = 0; code == SQLITE_ERROR && i < sizeof known / sizeof *known; i++)
        if (strstr(message, known[i].part))
            return known[i].sqlstate;
    return NULL;
}

int hdb_sqlite_error(sqlite3 *db, hdb_error *error) {
    int code = sqlite3_extended_errcode(db);
    if ((code & 0xff) == SQLITE_NOMEM)
        return hdb_error_nomem(error);
    hdb_error_set(error, code, sqlstate_of_message(code, sqlite3_errmsg(db)), "%s", sqlite3_errmsg(db));
    error->offset = sqlite3_error_offset(db);
    return code & 0xff;
}

static char *copy_column(sqlite3_stmt *statement, int column, bool *failed) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        *failed = true;
    return copy;
}

/* Prepares a statement whose text names the schema's database by %w, as often as it likes up to three times. */
static int prepare_in(sqlite3 *db, const hdb_schema *schema, const char *format, sqlite3_stmt **out, hdb_error *error) {
    char *sql = sqlite3_mprintf(format, schema->database, schema->database, schema->database);
    if (!sql)
        return hdb_error_nomem(error);
    int rc = hdb_own_statement(db, sql, 0, out) == SQLITE_OK ? HDB_OK : hdb_sqlite_error(db, error);
    sqlite3_free(sql);
    return rc;
}

static int read_items(sqlite3 *db, hdb_schema *schema, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    bool failed = false;
    int capacity = 0;
    int rc = prepare_in(db, schema, "SELECT type, name, tbl_name, sql FROM \"%w\".sqlite_schema ORDER BY rowid", &statement, error);
    if (rc != HDB_OK)
        return rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW && !failed) {
        if (schema->item_count == capacity) {
            capacity = capacity ? capacity * 2 : 16;
            hdb_schema_item *grown = realloc(schema->items, (size_t)capacity * sizeof *grown);
            if (!grown) {
                failed = true;
                break;
            }
            schema->items = grown;
        }
        schema->items[schema->item_count++] = (hdb_schema_item){
            .type = copy_column(statement, 0, &failed),
            .name = copy_column(statement, 1, &failed),
            .table = copy_column(statement, 2, &failed),
            .sql = copy_column(statement, 3, &failed),
        };
        const hdb_schema_item *item = &schema->items[schema->item_count - 1];
        if (hdb_schema_item_is_virtual(item))
            schema->has_virtual = true;
        if (item->type && strcmp(item->type, "trigger") == 0)
            schema->has_triggers = true;
        if (item->sql && sqlite3_strlike("%CHECK%", item->sql, 0) == 0)
            schema->may_have_checks = true;
    }
    rc = failed ? hdb_error_nomem(error) : rc == SQLITE_DONE ? HDB_OK : hdb_sqlite_error(db, error);
    sqlite3_finalize(statement);
    return rc;
}

static int read_columns(sqlite3_stmt *xinfo, hdb_table *table, bool without_rowid, bool *single_integer_key) {
    bool failed = false;
    int keys = 0, last = -1, capacity = 0;
    sqlite3_bind_text(xinfo, 1, table->name, -1, SQLITE_STATIC);
    while (sqlite3_step(xinfo) == SQLITE_ROW && !failed) {
        if (table->column_count == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            hdb_column *grown = realloc(table->columns, (size_t)capacity * sizeof *grown);
            if (!grown) {
                failed = true;
                break;
            }
            table->columns = grown;
        }
        hdb_column *column = &table->columns[table->column_count++];
        const char *type = (const char *)sqlite3_column_text(xinfo, 1);
        memset(column, 0, sizeof *column);
        column->name = copy_column(xinfo, 0, &failed);
        column->engine_name = column->name ? hdb_engine_name(column->name) : NULL;
        failed = failed || !column->engine_name;
        column->affinity = hdb_affinity_of(type, &column->dimension);
        column->generated = sqlite3_column_int(xinfo, 3) >= 2;
        int key = sqlite3_column_int(xinfo, 2);
        if (key > 0) {
            keys++;
            last = table->column_count - 1;
            column->key = without_rowid ? key : 0;
            *single_integer_key = type && strcasecmp(type, "INTEGER") == 0;
        }
    }
    *single_integer_key = *single_integer_key && keys == 1;
    table->alias = keys == 1 ? last : -1;
    sqlite3_reset(xinfo);
    return failed ? HDB_NOMEM : HDB_OK;
}

/* An INTEGER PRIMARY KEY that is not the rowid (`DESC`, a quirk that SQLite keeps) has an index of its own. */
static bool has_key_index(sqlite3_stmt *index_list, const char *name) {
    bool found = false;
    sqlite3_bind_text(index_list, 1, name, -1, SQLITE_STATIC);
    while (sqlite3_step(index_list) == SQLITE_ROW)
        found = true;
    sqlite3_reset(index_list);
    return found;
}

static const hdb_column *column_named(const hdb_table *table, const char *name) {
    for (int i = 0; i < table->column_count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    return NULL;
}

const char *hdb_table_rowid_name(const hdb_table *table) {
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    if (table->key_kind == HDB_KEY_COLUMNS)
        return NULL;
    if (table->alias >= 0)
        return table->columns[table->alias].name;
    for (int i = 0; i < 3; i++)
        if (!column_named(table, names[i]))
            return names[i];
    return NULL;
}

struct readers {
    sqlite3_stmt *list, *xinfo, *index_list;
};

static int read_table(sqlite3 *db, const struct readers *readers, hdb_table *table, hdb_error *error) {
    bool failed = false, integer_key = false;
    table->name = copy_column(readers->list, 0, &failed);
    table->engine_name = table->name ? hdb_engine_name(table->name) : NULL;
    bool without_rowid = sqlite3_column_int(readers->list, 1) != 0;
    table->is_strict = sqlite3_column_int(readers->list, 2) != 0;
    if (failed || !table->engine_name || read_columns(readers->xinfo, table, without_rowid, &integer_key) != HDB_OK)
        return hdb_error_nomem(error);
    if (without_rowid || !integer_key || has_key_index(readers->index_list, table->name))
        table->alias = -1;
    table->key_kind = without_rowid ? HDB_KEY_COLUMNS : table->alias >= 0 ? HDB_KEY_ALIAS : HDB_KEY_ROWID;
    table->is_sequence = strcmp(table->name, "sqlite_sequence") == 0;
    return HDB_OK;
}

static int read_number(sqlite3 *db, const hdb_schema *schema, const char *pragma, int64_t *out, hdb_error *error) {
    sqlite3_stmt *statement = NULL;
    int rc = prepare_in(db, schema, pragma, &statement, error);
    if (rc == HDB_OK && sqlite3_step(statement) == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc;
}

static int read_tables(sqlite3 *db, hdb_schema *schema, hdb_error *error) {
    struct readers readers = {NULL, NULL, NULL};
    int step = SQLITE_DONE, capacity = 0;
    int rc = prepare_in(db, schema,
                        "SELECT name, wr, strict, type = 'shadow' FROM pragma_table_list"
                        " WHERE schema = %Q AND type IN ('table', 'shadow')"
                        " AND (name = 'sqlite_sequence' OR name NOT LIKE 'sqlite\\_%%' ESCAPE '\\')",
                        &readers.list, error);
    if (rc == HDB_OK)
        rc = prepare_in(db, schema, "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?1, %Q) WHERE hidden <> 1",
                        &readers.xinfo, error);
    if (rc == HDB_OK)
        rc = prepare_in(db, schema, "SELECT 1 FROM pragma_index_list(?1, %Q) WHERE origin = 'pk'", &readers.index_list, error);
    while (rc == HDB_OK && (step = sqlite3_step(readers.list)) == SQLITE_ROW) {
        if (schema->table_count == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            hdb_table *grown = realloc(schema->tables, (size_t)capacity * sizeof *grown);
            if (!grown) {
                rc = hdb_error_nomem(error);
                break;
            }
            schema->tables = grown;
        }
        hdb_table *table = &schema->tables[schema->table_count++];
        memset(table, 0, sizeof *table);
        table->database = schema->database;
        table->is_shadow = sqlite3_column_int(readers.list, 3) != 0;
        rc = read_table(db, &readers, table, error);
    }
    if (rc == HDB_OK && step != SQLITE_DONE)
        rc = hdb_sqlite_error(db, error);
    sqlite3_finalize(readers.list);
    sqlite3_finalize(readers.xinfo);
    sqlite3_finalize(readers.index_list);
    return rc;
}

int hdb_schema_read(sqlite3 *db, const char *database, hdb_schema **out, hdb_error *error) {
    hdb_schema *schema = calloc(1, sizeof *schema);
    if (schema)
        schema->database = strdup(database);
    int rc = schema && schema->database ? read_items(db, schema, error) : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = read_tables(db, schema, error);
    if (rc == HDB_OK)
        rc = read_number(db, schema, "PRAGMA \"%w\".user_version", &schema->user_version, error);
    if (rc == HDB_OK)
        rc = read_number(db, schema, "PRAGMA \"%w\".application_id", &schema->application_id, error);
    if (rc == HDB_OK)
        rc = hdb_format_read(db, database, &schema->format, error);
    if (rc == HDB_OK)
        *out = schema;
    else
        hdb_schema_free(schema);
    return rc;
}
