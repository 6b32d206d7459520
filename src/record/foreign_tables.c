/* SPDX-License-Identifier: Apache-2.0 */
#include "record/foreign_tables.h"

#include "buffer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Columns by table and place: table, column, type, type with arguments, not null, default, generated, is a table. */
static const char postgresql_columns[] =
    "SELECT c.relname, a.attname, t.typname, format_type(a.atttypid, a.atttypmod), a.attnotnull::int4,"
    " pg_get_expr(d.adbin, d.adrelid), (a.attgenerated <> '' OR a.attidentity = 'a')::int4, (c.relkind IN ('r', 'p'))::int4"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE '\\_hdb\\_%'"
    " AND NOT EXISTS (SELECT FROM \"_hdb_tables\" o WHERE o.engine_name = c.relname) ORDER BY c.relname, a.attnum";
static const char heliosdb_columns[] =
    "SELECT table_name, column_name, udt_name, data_type, CASE WHEN is_nullable = 'NO' THEN 1 ELSE 0 END, column_default,"
    " CASE WHEN is_generated = 'ALWAYS' THEN 1 ELSE 0 END, 1"
    " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position";

/* Keys: table, primary, places of the columns. */
static const char postgresql_keys[] =
    "SELECT c.relname, i.indisprimary::int4, i.indkey::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND i.indisunique AND i.indisvalid AND i.indimmediate"
    " AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnatts = i.indnkeyatts"
    " ORDER BY c.relname, i.indisprimary DESC, i.indnkeyatts, i.indexrelid";
static const char heliosdb_keys[] =
    "SELECT c.relname, CASE WHEN i.indisprimary THEN 1 ELSE 0 END, i.indkey FROM pg_catalog.pg_index i"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indrelid WHERE i.indisunique";

static bool is_postgresql(hdb_link *link) {
    return hdb_link_peer(link) == HDB_PEER_POSTGRESQL;
}

static void clear_table(hdb_foreign_table *table) {
    for (int k = 0; k < table->column_count; k++) {
        free(table->columns[k].name);
        free(table->columns[k].type);
    }
    free(table->columns);
    free(table->name);
    free(table->sql);
    free(table->shape);
    memset(table, 0, sizeof *table);
}

void hdb_foreign_free(hdb_foreign_tables *tables) {
    if (!tables)
        return;
    for (int i = 0; i < tables->count; i++)
        clear_table(&tables->tables[i]);
    free(tables->tables);
    free(tables);
}

const hdb_foreign_table *hdb_foreign_find(const hdb_foreign_tables *tables, const char *name) {
    for (int i = 0; tables && i < tables->count; i++)
        if (strcasecmp(tables->tables[i].name, name) == 0)
            return &tables->tables[i];
    return NULL;
}

static bool same_table(const hdb_foreign_table *a, const hdb_foreign_table *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->sql, b->sql) == 0 && strcmp(a->shape, b->shape) == 0 &&
           (a->fault == b->fault || (a->fault && b->fault && strcmp(a->fault, b->fault) == 0));
}

bool hdb_foreign_same(const hdb_foreign_tables *a, const hdb_foreign_tables *b) {
    if (!a || !b || a->count != b->count)
        return (!a || a->count == 0) && (!b || b->count == 0);
    for (int i = 0; i < a->count; i++)
        if (!same_table(&a->tables[i], &b->tables[i]))
            return false;
    return true;
}

static bool is_set(const hdb_rows *rows, int row, int column) {
    return hdb_rows_integer(rows, row, column) != 0;
}

/* Whether the first columns, which are names, are text in all rows. */
static bool has_names(const hdb_rows *rows, int columns) {
    for (int i = 0; i < hdb_rows_count(rows); i++)
        for (int k = 0; k < columns; k++)
            if (!hdb_rows_text(rows, i, k))
                return false;
    return true;
}

static int find_column(const hdb_foreign_table *table, const char *name) {
    for (int i = 0; i < table->column_count; i++)
        if (strcasecmp(table->columns[i].name, name) == 0)
            return i;
    return -1;
}

/* The first index whose columns are all not null, the primary key before others. */
static bool use_key(hdb_foreign_table *table, const bool *not_null, const char *places, bool primary) {
    for (int i = 0; i < table->column_count; i++)
        table->columns[i].key = 0;
    int place = 0;
    for (char *end = NULL; *places; places = end) {
        long at = strtol(places, &end, 10);
        if (end == places || at < 1 || at > table->column_count || (!primary && !not_null[at - 1]))
            return false;
        table->columns[at - 1].key = ++place;
        while (*end == ' ')
            end++;
    }
    return place > 0;
}

static void find_key(hdb_foreign_table *table, const bool *not_null, const hdb_rows *keys) {
    bool found = false;
    for (int primary = 1; !found && primary >= 0; primary--)
        for (int i = 0; !found && i < hdb_rows_count(keys); i++) {
            const char *name = hdb_rows_text(keys, i, 0), *places = hdb_rows_text(keys, i, 2);
            hdb_value cell = hdb_rows_cell(keys, i, 2);
            char number[24];
            if (cell.type == HDB_TYPE_INTEGER)
                places = (snprintf(number, sizeof number, "%lld", (long long)cell.as.integer), number);
            if (name && places && strcmp(name, table->name) == 0 && is_set(keys, i, 1) == (primary == 1))
                found = use_key(table, not_null, places, primary);
        }
    for (int i = 0; !found && i < table->column_count; i++)
        table->columns[i].key = 0;
}

/* The one column that is the key and an integer, -1 else: it is SQLite's rowid, too. */
static int alias_of(const hdb_foreign_table *table) {
    int alias = -1, keys = 0;
    for (int i = 0; i < table->column_count; i++) {
        if (table->columns[i].key == 0)
            continue;
        keys++;
        alias = strncmp(table->columns[i].type, "int", 3) == 0 && strlen(table->columns[i].type) == 4 ? i : -1;
    }
    return keys == 1 ? alias : -1;
}

static void put_key(hdb_buffer *sql, const hdb_foreign_table *table, int keys) {
    hdb_buffer_text(sql, ", PRIMARY KEY (");
    for (int place = 1; place <= keys; place++)
        for (int i = 0; i < table->column_count; i++)
            if (table->columns[i].key == place) {
                hdb_buffer_text(sql, place > 1 ? ", " : "");
                hdb_buffer_identifier(sql, table->columns[i].name);
            }
    hdb_buffer_text(sql, ")) WITHOUT ROWID");
}

static bool write_sql(hdb_foreign_table *table, const bool *not_null, const hdb_rows *rows, int first) {
    hdb_buffer sql = HDB_BUFFER_INIT, shape = HDB_BUFFER_INIT;
    int keys = 0, alias = -1;
    hdb_buffer_text(&sql, "CREATE TABLE ");
    hdb_buffer_identifier(&sql, table->name);
    hdb_buffer_text(&sql, " (");
    alias = alias_of(table);
    for (int i = 0; i < table->column_count; i++) {
        hdb_foreign_column *column = &table->columns[i];
        hdb_buffer definition = HDB_BUFFER_INIT;
        const char *value = hdb_rows_text(rows, first + i, 5);
        keys += column->key > 0;
        hdb_buffer_text(&sql, i ? ", " : "");
        const char *full = hdb_rows_text(rows, first + i, 3);
        hdb_foreign_define(&definition, table->name, column, full ? full : column->type);
        if (i == alias) {
            hdb_buffer_identifier(&sql, column->name);
            hdb_buffer_text(&sql, " INTEGER PRIMARY KEY");
            sql.failed = sql.failed || definition.failed;
            const char *check = definition.failed ? NULL : strstr(definition.data, " CONSTRAINT ");
            hdb_buffer_text(&sql, check ? check : "");
        } else {
            bool literal = value && hdb_foreign_default(&definition, column, value);
            column->fills_null = value && !literal && not_null[i];
            hdb_buffer_append(&sql, definition.data, definition.size);
            hdb_buffer_text(&sql, not_null[i] && !column->fills_null ? " NOT NULL" : "");
            sql.failed = sql.failed || definition.failed;
        }
        hdb_buffer_free(&definition);
        hdb_buffer_format(&shape, "%s %s,", column->name, column->type);
    }
    if (keys > 0 && alias < 0)
        put_key(&sql, table, keys);
    else
        hdb_buffer_char(&sql, ')');
    if (keys == 0 && !table->fault)
        table->fault = "it has neither a primary key nor a unique one without NULLs";
    table->sql = hdb_buffer_take(&sql);
    table->shape = hdb_buffer_take(&shape);
    return table->sql && table->shape;
}

/* One table, its columns the rows from `first` to `last`. False: memory ran out. *twice: SQLite does not tell the names of
 * two of its columns apart. */
static bool read_table(hdb_foreign_table *table, const hdb_rows *rows, int first, int last, const hdb_rows *keys,
                       bool *twice) {
    int count = last - first;
    bool done = true, *not_null = calloc((size_t)count + 1, sizeof *not_null);
    table->name = strdup(hdb_rows_text(rows, first, 0));
    table->columns = calloc((size_t)count + 1, sizeof *table->columns);
    table->column_count = 0;
    done = not_null && table->name && table->columns;
    for (int i = 0; done && i < count; i++) {
        const char *name = hdb_rows_text(rows, first + i, 1), *type = hdb_rows_text(rows, first + i, 2);
        *twice = *twice || find_column(table, name) >= 0;
        table->columns[i].name = strdup(name);
        table->columns[i].type = strdup(type ? type : "");
        done = table->columns[i].name && table->columns[i].type;
        table->column_count = i + 1;
        not_null[i] = is_set(rows, first + i, 4);
        if (is_set(rows, first + i, 6))
            table->fault = "one of its columns is generated by the server";
        if (!is_set(rows, first + i, 7))
            table->fault = "it is a view or comes from elsewhere";
    }
    if (done)
        find_key(table, not_null, keys);
    done = done && write_sql(table, not_null, rows, first);
    free(not_null);
    return done;
}

/* Not the library's own, and of a name that SQLite takes and does not have yet. */
static bool is_wanted(const hdb_foreign_tables *tables, const hdb_rows *ours, const char *name) {
    if (strncasecmp(name, "_hdb_", 5) == 0 || strncasecmp(name, "sqlite_", 7) == 0 || hdb_foreign_find(tables, name))
        return false;
    for (int i = 0; i < hdb_rows_count(ours); i++)
        if (strcmp(hdb_rows_text(ours, i, 0), name) == 0)
            return false;
    return true;
}

static bool read_tables(hdb_foreign_tables *tables, const hdb_rows *rows, const hdb_rows *keys, const hdb_rows *ours) {
    int count = hdb_rows_count(rows);
    tables->tables = calloc((size_t)count + 1, sizeof *tables->tables);
    bool done = tables->tables != NULL;
    for (int first = 0, last = 0; done && first < count; first = last) {
        const char *name = hdb_rows_text(rows, first, 0);
        while (last < count && strcmp(hdb_rows_text(rows, last, 0), name) == 0)
            last++;
        if (!is_wanted(tables, ours, name))
            continue;
        bool twice = false;
        done = read_table(&tables->tables[tables->count++], rows, first, last, keys, &twice);
        if (twice)
            clear_table(&tables->tables[--tables->count]);
    }
    return done;
}

static uint64_t add_hash(uint64_t hash, const hdb_rows *rows) {
    for (int i = 0; i < hdb_rows_count(rows); i++)
        for (int k = 0; k < hdb_rows_columns(rows); k++) {
            const char *text = hdb_rows_text(rows, i, k);
            hash = (hash ^ (text ? 0xff : is_set(rows, i, k) ? 0xfe : 0xfd)) * 0x100000001b3u;
            for (; text && *text; text++)
                hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
        }
    return hash;
}

int hdb_foreign_read(hdb_link *link, const hdb_foreign_tables *known, hdb_foreign_tables **out, hdb_error *error) {
    hdb_rows *rows = NULL, *keys = NULL, *ours = NULL;
    hdb_foreign_tables *tables = calloc(1, sizeof *tables);
    int rc = tables ? HDB_OK : hdb_error_nomem(error);
    if (rc == HDB_OK)
        rc = hdb_link_query(link, "SELECT engine_name FROM \"_hdb_tables\"", NULL, 0, HDB_ROWS_NATIVE, &ours, error);
    if (rc == HDB_OK)
        rc = hdb_link_query(link, is_postgresql(link) ? postgresql_columns : heliosdb_columns, NULL, 0, HDB_ROWS_NATIVE, &rows,
                            error);
    if (rc == HDB_OK && !(has_names(ours, 1) && has_names(rows, 2)))
        rc = hdb_error_set(error, HDB_CORRUPT, NULL, "the server's catalogue has tables or columns without a name");
    if (rc == HDB_OK)
        tables->hash = add_hash(add_hash(0xcbf29ce484222325u, ours), rows);
    bool same = rc == HDB_OK && known && known->hash == tables->hash;
    if (rc == HDB_OK && !same && hdb_rows_count(rows) > 0)
        rc = hdb_link_query(link, is_postgresql(link) ? postgresql_keys : heliosdb_keys, NULL, 0, HDB_ROWS_NATIVE, &keys, error);
    if (rc == HDB_OK && keys && !read_tables(tables, rows, keys, ours))
        rc = hdb_error_nomem(error);
    hdb_rows_free(rows);
    hdb_rows_free(keys);
    hdb_rows_free(ours);
    *out = rc == HDB_OK && !same ? tables : NULL;
    if (!*out)
        hdb_foreign_free(tables);
    return rc;
}

/* HeliosDB's catalogue takes 10 ms to answer; the description of an empty result takes 50 us. */
static int shape_by_result(hdb_link *link, const hdb_foreign_table *table, bool *out, hdb_error *error) {
    hdb_buffer sql = HDB_BUFFER_INIT;
    hdb_rows *rows = NULL;
    hdb_buffer_text(&sql, "SELECT * FROM ");
    hdb_buffer_identifier(&sql, table->name);
    hdb_buffer_text(&sql, " LIMIT 0");
    int rc = sql.failed ? hdb_error_nomem(error) : hdb_link_query(link, sql.data, NULL, 0, HDB_ROWS_NATIVE, &rows, error);
    hdb_buffer_free(&sql);
    if (rc != HDB_OK && rc != HDB_NOMEM && hdb_link_is_alive(link)) {
        hdb_error_clear(error); /* it is gone */
        rc = HDB_OK;
    }
    *out = rows && hdb_rows_columns(rows) == table->column_count;
    for (int i = 0; *out && i < table->column_count; i++)
        *out = strcmp(hdb_rows_name(rows, i), table->columns[i].name) == 0;
    hdb_rows_free(rows);
    return rc;
}

static int shape_by_catalogue(hdb_link *link, const hdb_foreign_table *table, bool *out, hdb_error *error) {
    static const char sql[] =
        "SELECT string_agg(a.attname || ' ' || t.typname || ',', '' ORDER BY a.attnum) FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0"
        " AND NOT a.attisdropped";
    hdb_value name = hdb_value_text(table->name, strlen(table->name));
    hdb_rows *rows = NULL;
    int rc = hdb_link_query(link, sql, &name, 1, HDB_ROWS_NATIVE, &rows, error);
    const char *shape = rc == HDB_OK && hdb_rows_count(rows) > 0 ? hdb_rows_text(rows, 0, 0) : NULL;
    *out = shape && strcmp(shape, table->shape) == 0;
    hdb_rows_free(rows);
    return rc;
}

int hdb_foreign_is_current(hdb_link *link, const hdb_foreign_table *table, bool *out, hdb_error *error) {
    return is_postgresql(link) ? shape_by_catalogue(link, table, out, error) : shape_by_result(link, table, out, error);
}

int hdb_foreign_exists(hdb_link *link, const char *name, bool *out, hdb_error *error) {
    /* to_regclass() tells what is there now, whatever the snapshot: so does DROP TABLE. */
    static const char sql[] = "SELECT to_regclass(quote_ident($1)) IS NOT NULL";
    hdb_value param = hdb_value_text(name, strlen(name));
    hdb_buffer probe = HDB_BUFFER_INIT;
    hdb_rows *rows = NULL;
    int rc;
    if (is_postgresql(link)) {
        rc = hdb_link_query(link, sql, &param, 1, HDB_ROWS_NATIVE, &rows, error);
        *out = rc == HDB_OK && is_set(rows, 0, 0);
        hdb_rows_free(rows);
        return rc;
    }
    hdb_buffer_text(&probe, "SELECT 1 FROM ");
    hdb_buffer_identifier(&probe, name);
    hdb_buffer_text(&probe, " LIMIT 0");
    rc = probe.failed ? hdb_error_nomem(error) : hdb_link_query(link, probe.data, NULL, 0, HDB_ROWS_NATIVE, NULL, error);
    hdb_buffer_free(&probe);
    *out = rc == HDB_OK;
    if (rc == HDB_NOMEM || !hdb_link_is_alive(link))
        return rc;
    hdb_error_clear(error);
    return HDB_OK;
}
