/* SPDX-License-Identifier: Apache-2.0 */
/* A column of another client's table: whatever its name, its type and its default are called, SQLite gets the definition of
 * one column of that name, and nothing else. */
#include "fuzz_sqlite.h"
#include "record/foreign_tables.h"

/* A table that is nothing but its definition: SQLite reads it as it reads a CREATE TABLE, and writes nothing. */
static int connect_table(sqlite3 *db, void *definition, int argc, const char *const *argv, sqlite3_vtab **out, char **message) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    (void)argc, (void)argv, (void)message;
    hdb_buffer_format(&sql, "CREATE TABLE t (%s)", ((const hdb_buffer *)definition)->data);
    const int rc = sqlite3_declare_vtab(db, sql.data);
    hdb_buffer_free(&sql);
    *out = rc == SQLITE_OK ? sqlite3_malloc(sizeof **out) : NULL;
    if (*out != NULL)
        **out = (sqlite3_vtab){0};
    return rc;
}

static int disconnect_table(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

static int plan(sqlite3_vtab *table, sqlite3_index_info *info) {
    (void)table, (void)info;
    return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = connect_table, .xDisconnect = disconnect_table, .xBestIndex = plan};

static sqlite3 *open_empty(void) {
    static sqlite3 *db;
    if (db == NULL)
        db = fuzz_sqlite_open("");
    return db;
}

static void check_definition(const hdb_buffer *definition, const char *name) {
    sqlite3_stmt *stmt = NULL;
    CHECK(sqlite3_create_module(open_empty(), "t", &module, (void *)definition) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(open_empty(), "SELECT * FROM t", -1, &stmt, NULL) == SQLITE_OK);
    CHECK(sqlite3_column_count(stmt) == 1 && strcmp(sqlite3_column_name(stmt, 0), name) == 0);
    sqlite3_finalize(stmt);
    CHECK(sqlite3_create_module(open_empty(), "t", NULL, NULL) == SQLITE_OK);
}

/* One of the types that are known, or any text. */
static char *choose_type(fuzz_input *input) {
    static const char *const types[] = {"int2",    "int4", "int8", "float8",    "float4",      "bool", "text", "varchar", "bpchar",
                                        "bytea", "date", "time", "timestamp", "timestamptz", "uuid", "json", "numeric"};
    const uint8_t chosen = fuzz_byte(input);
    if (chosen >= 0xe0)
        return fuzz_text(fuzz_piece(input));
    return fuzz_text(hdb_slice_of(types[chosen % (sizeof types / sizeof types[0])]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input input = {data, size};
    char *type = choose_type(&input), *name = fuzz_text(fuzz_piece(&input)), *full = fuzz_text(fuzz_piece(&input));
    char *value = fuzz_text(fuzz_piece(&input));
    hdb_foreign_column column = {.name = name, .type = type};
    hdb_buffer definition = HDB_BUFFER_INIT;
    hdb_foreign_define(&definition, "t", &column, full);
    (void)hdb_foreign_default(&definition, &column, value);
    CHECK(!definition.failed);
    check_definition(&definition, name);
    hdb_buffer_free(&definition);
    free(type);
    free(name);
    free(full);
    free(value);
    return 0;
}
