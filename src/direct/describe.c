/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/describe.h"

#include "record/native.h"
#include "replica/own_statement.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether a query about a table, its name as ?1, has a row whose first column is not 0. */
static bool holds(hdb_replica *replica, const char *sql, const char *name) {
    sqlite3_stmt *statement = NULL;
    /* What can't be told is taken to hold: every trait is a reason not to send. */
    if (hdb_own_statement(replica->db, sql, 0, &statement) != SQLITE_OK)
        return true;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    bool found = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    sqlite3_finalize(statement);
    return found;
}

/* Whether schema temp has a table of that name, or a trigger on one. Asking opens it, which PRAGMA database_list would
 * show: only if it is open. */
static bool is_temporary(hdb_replica *replica, const char *name) {
    return holds(replica, "SELECT 1 FROM pragma_database_list WHERE name = 'temp' AND ?1 IS NOT NULL", name) &&
           holds(replica, "SELECT 1 FROM sqlite_temp_schema WHERE name = ?1 COLLATE NOCASE OR tbl_name = ?1 COLLATE NOCASE", name);
}

static unsigned traits_of(hdb_replica *replica, const char *name, const hdb_schema_item *item) {
    static const struct {
        unsigned trait;
        const char *question;
    } questions[] = {
        {HDB_DIRECT_TRIGGERS, "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE"},
        {HDB_DIRECT_FOREIGN_KEYS, "SELECT 1 FROM pragma_foreign_key_list(?1)"},
        {HDB_DIRECT_FOREIGN_KEYS, "SELECT 1 FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f "
                                  "WHERE m.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE"},
        {HDB_DIRECT_UNIQUE, "SELECT max(\"unique\") FROM pragma_index_list(?1)"},
        {HDB_DIRECT_EXPRESSION_INDEX, "SELECT max(partial) FROM pragma_index_list(?1)"},
        {HDB_DIRECT_EXPRESSION_INDEX, "SELECT 1 FROM pragma_index_list(?1) AS l, pragma_index_xinfo(l.name) AS x WHERE x.cid = -2"},
    };
    unsigned traits = 0;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        if (holds(replica, questions[i].question, name))
            traits |= questions[i].trait;
    /* Words anywhere in the text: a false alarm only costs speed. */
    if (strcasestr(item->sql, "check"))
        traits |= HDB_DIRECT_CHECK;
    if (strcasestr(item->sql, "autoincrement"))
        traits |= HDB_DIRECT_AUTOINCREMENT;
    if (hdb_schema_item_is_virtual(item))
        traits |= HDB_DIRECT_VIRTUAL;
    if (strncasecmp(name, "sqlite_", 7) == 0)
        traits |= HDB_DIRECT_SYSTEM;
    return traits;
}

/* SQLite's affinity rules: https://www.sqlite.org/datatype3.html#determination_of_column_affinity */
static enum hdb_sqlite_affinity affinity_of(const char *declared, bool strict) {
    if (!declared || !*declared || strcasestr(declared, "blob"))
        return declared && strcasestr(declared, "int") ? HDB_SQLITE_INTEGER : HDB_SQLITE_BLOB;
    if (strcasestr(declared, "int"))
        return HDB_SQLITE_INTEGER;
    if (strcasestr(declared, "char") || strcasestr(declared, "clob") || strcasestr(declared, "text"))
        return HDB_SQLITE_TEXT;
    if (strcasestr(declared, "real") || strcasestr(declared, "floa") || strcasestr(declared, "doub"))
        return HDB_SQLITE_REAL;
    return strict && strcasecmp(declared, "any") == 0 ? HDB_SQLITE_BLOB : HDB_SQLITE_NUMERIC;
}

static char *copy_of(const char *text, bool *failed) {
    char *copy = text ? strdup(text) : NULL;
    *failed = *failed || (text && !copy);
    return copy;
}

static bool fill_columns(hdb_described *described, const hdb_table *table, bool strict) {
    sqlite3_stmt *statement = NULL;
    bool failed = false;
    int i = 0;
    described->columns = calloc((size_t)table->column_count + 1, sizeof *described->columns);
    if (!described->columns ||
        sqlite3_prepare_v2(described->replica->db,
                           "SELECT type, \"notnull\", dflt_value FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1", -1,
                           &statement, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
    for (; !failed && i < table->column_count && sqlite3_step(statement) == SQLITE_ROW; i++) {
        const char *declared = (const char *)sqlite3_column_text(statement, 0);
        const char *value = (const char *)sqlite3_column_text(statement, 2);
        described->columns[i] = (hdb_direct_column){
            .name = copy_of(table->columns[i].name, &failed),
            .engine_name = copy_of(table->columns[i].engine_name, &failed),
            .declared = copy_of(declared, &failed),
            .affinity = affinity_of(declared, strict),
            .kind = table->columns[i].affinity,
            .generated = table->columns[i].generated,
            .not_null = sqlite3_column_int(statement, 1) != 0,
            .has_default = value && strcasecmp(value, "NULL") != 0,
        };
        described->table.column_count = i + 1;
    }
    sqlite3_finalize(statement);
    return !failed && i == table->column_count;
}

static const hdb_direct_table *find(void *context, const char *name) {
    hdb_described *described = context;
    hdb_replica *replica = described->replica;
    bool failed = false;
    if (described->filled)
        return described->table.name && strcasecmp(described->table.name, name) == 0 ? &described->table : NULL;
    if (!replica->schema || is_temporary(replica, name))
        return NULL;
    const hdb_table *table = hdb_schema_table(replica->schema, name);
    const hdb_schema_item *item = hdb_schema_item_find(replica->schema, "table", name);
    if (!table || !item || !item->sql || table->key_kind == HDB_KEY_COLUMNS || table->is_foreign)
        return NULL;
    described->filled = true;
    described->table = (hdb_direct_table){
        .name = copy_of(table->name, &failed),
        .engine_name = copy_of(table->engine_name, &failed),
        .alias = table->alias,
        .traits = traits_of(replica, table->name, item),
    };
    for (int i = 0; i < table->column_count; i++)
        if (hdb_native_is(table->columns[i].affinity))
            described->table.traits |= HDB_DIRECT_NATIVE;
    bool strict = holds(replica, "SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = ?1", table->name);
    if (failed || !fill_columns(described, table, strict))
        return NULL;
    described->table.columns = described->columns;
    return &described->table;
}

hdb_direct_schema hdb_describe(hdb_described *described, hdb_replica *replica) {
    memset(described, 0, sizeof *described);
    described->replica = replica;
    return (hdb_direct_schema){find, described};
}

void hdb_described_clear(hdb_described *described) {
    for (int i = 0; i < described->table.column_count; i++) {
        free((char *)described->columns[i].name);
        free((char *)described->columns[i].engine_name);
        free((char *)described->columns[i].declared);
    }
    free(described->columns);
    free((char *)described->table.name);
    free((char *)described->table.engine_name);
    memset(described, 0, sizeof *described);
}
