/* SPDX-License-Identifier: Apache-2.0 */
#include "record/mirror.h"

#include <string.h>

static const char *const types[] = {
    [HDB_AFFINITY_INTEGER] = "BIGINT", [HDB_AFFINITY_REAL] = "DOUBLE PRECISION", [HDB_AFFINITY_TEXT] = "TEXT",
    [HDB_AFFINITY_BLOB] = "BYTEA",     [HDB_AFFINITY_ANY] = "TEXT",              [HDB_AFFINITY_VECTOR] = "TEXT",
    [HDB_AFFINITY_JSON] = "JSON",      [HDB_AFFINITY_UUID] = "UUID",
};

/* PostgreSQL has no vectors of its own, and its JSONB does not keep a text as it was written; HeliosDB's does. */
static void put_type(hdb_buffer *sql, const hdb_column *column, enum hdb_peer peer) {
    if (peer == HDB_PEER_HELIOSDB && column->affinity == HDB_AFFINITY_VECTOR)
        hdb_buffer_format(sql, "VECTOR(%d)", column->dimension);
    else if (peer == HDB_PEER_HELIOSDB && column->affinity == HDB_AFFINITY_JSON)
        hdb_buffer_text(sql, "JSONB");
    else
        hdb_buffer_text(sql, types[column->affinity]);
}

static int hidden(const hdb_table *table) {
    return table->key_kind == HDB_KEY_ALIAS ? 0 : 1;
}

int hdb_mirror_width(const hdb_table *table) {
    return hidden(table) + table->column_count + 1;
}

static const char *key_name(const hdb_table *table) {
    switch (table->key_kind) {
    case HDB_KEY_ALIAS:
        return table->columns[table->alias].engine_name;
    case HDB_KEY_ROWID:
        return "_hdb_rowid";
    case HDB_KEY_COLUMNS:
        break;
    }
    return "_hdb_key";
}

void hdb_mirror_create(hdb_buffer *sql, const hdb_table *table, enum hdb_peer peer) {
    hdb_buffer_text(sql, "CREATE TABLE ");
    hdb_buffer_identifier(sql, table->engine_name);
    hdb_buffer_text(sql, " (");
    if (hidden(table))
        hdb_buffer_format(sql, "\"%s\" %s PRIMARY KEY, ", key_name(table),
                          table->key_kind == HDB_KEY_COLUMNS ? "BYTEA" : "BIGINT");
    for (int i = 0; i < table->column_count; i++) {
        hdb_buffer_identifier(sql, table->columns[i].engine_name);
        hdb_buffer_char(sql, ' ');
        put_type(sql, &table->columns[i], peer);
        hdb_buffer_text(sql, table->key_kind == HDB_KEY_ALIAS && i == table->alias ? " PRIMARY KEY, " : ", ");
    }
    hdb_buffer_text(sql, "\"_hdb_odd\" TEXT)");
}

void hdb_mirror_drop(hdb_buffer *sql, const char *engine_name) {
    hdb_buffer_text(sql, "DROP TABLE IF EXISTS ");
    hdb_buffer_identifier(sql, engine_name);
}

static void put_columns(hdb_buffer *sql, const hdb_table *table) {
    if (hidden(table))
        hdb_buffer_format(sql, "\"%s\", ", key_name(table));
    for (int i = 0; i < table->column_count; i++) {
        hdb_buffer_identifier(sql, table->columns[i].engine_name);
        hdb_buffer_text(sql, ", ");
    }
    hdb_buffer_text(sql, "\"_hdb_odd\"");
}

static void put_excluded(hdb_buffer *sql, const char *name, bool first) {
    hdb_buffer_text(sql, first ? "" : ", ");
    hdb_buffer_identifier(sql, name);
    hdb_buffer_text(sql, " = excluded.");
    hdb_buffer_identifier(sql, name);
}

static const char *cast_of(const hdb_column *column) {
    return column->affinity == HDB_AFFINITY_JSON ? "::json" : column->affinity == HDB_AFFINITY_UUID ? "::uuid" : "";
}

void hdb_mirror_insert(hdb_buffer *sql, const hdb_table *table) {
    int width = hdb_mirror_width(table);
    hdb_buffer_text(sql, "INSERT INTO ");
    hdb_buffer_identifier(sql, table->engine_name);
    hdb_buffer_text(sql, " (");
    put_columns(sql, table);
    hdb_buffer_text(sql, ") VALUES (");
    for (int i = 0; i < width; i++) {
        int column = i - hidden(table);
        bool known = column >= 0 && column < table->column_count;
        /* Parameters are declared as text: a strict server wants to be told. */
        hdb_buffer_format(sql, "%s$%d%s", i ? ", " : "", i + 1, known ? cast_of(&table->columns[column]) : "");
    }
    hdb_buffer_char(sql, ')');
}

void hdb_mirror_lock(hdb_buffer *sql, const hdb_table *table) {
    hdb_buffer_text(sql, "SELECT 1 FROM ");
    hdb_buffer_identifier(sql, table->engine_name);
    hdb_buffer_text(sql, " WHERE ");
    hdb_buffer_identifier(sql, key_name(table));
    hdb_buffer_text(sql, " = $1 FOR UPDATE");
}

void hdb_mirror_upsert(hdb_buffer *sql, const hdb_table *table) {
    hdb_mirror_insert(sql, table);
    hdb_buffer_text(sql, " ON CONFLICT (");
    hdb_buffer_identifier(sql, key_name(table));
    hdb_buffer_text(sql, ") DO UPDATE SET ");
    bool first = true;
    for (int i = 0; i < table->column_count; i++) {
        if (table->key_kind == HDB_KEY_ALIAS && i == table->alias)
            continue;
        put_excluded(sql, table->columns[i].engine_name, first);
        first = false;
    }
    put_excluded(sql, "_hdb_odd", first);
}

void hdb_mirror_delete(hdb_buffer *sql, const hdb_table *table) {
    hdb_buffer_text(sql, "DELETE FROM ");
    hdb_buffer_identifier(sql, table->engine_name);
    hdb_buffer_text(sql, " WHERE ");
    hdb_buffer_identifier(sql, key_name(table));
    hdb_buffer_text(sql, " = $1");
}

int hdb_mirror_probe(hdb_buffer *sql, const hdb_table *table) {
    bool ordered = table->key_kind != HDB_KEY_COLUMNS;
    hdb_buffer_text(sql, "SELECT ");
    hdb_buffer_identifier(sql, key_name(table));
    hdb_buffer_text(sql, " FROM ");
    hdb_buffer_identifier(sql, table->engine_name);
    if (ordered) {
        hdb_buffer_text(sql, " WHERE ");
        hdb_buffer_identifier(sql, key_name(table));
        hdb_buffer_text(sql, " >= $1 AND ");
        hdb_buffer_identifier(sql, key_name(table));
        hdb_buffer_text(sql, " <= $2");
    }
    hdb_buffer_text(sql, " LIMIT 1");
    return ordered ? 2 : 0;
}

void hdb_mirror_copy(hdb_buffer *sql, const hdb_table *table) {
    hdb_buffer_text(sql, "COPY ");
    hdb_buffer_identifier(sql, table->engine_name);
    hdb_buffer_text(sql, " (");
    put_columns(sql, table);
    hdb_buffer_text(sql, ") FROM STDIN");
}

void hdb_mirror_select(hdb_buffer *sql, const hdb_table *table) {
    hdb_buffer_text(sql, "SELECT ");
    put_columns(sql, table);
    hdb_buffer_text(sql, " FROM ");
    hdb_buffer_identifier(sql, table->engine_name);
}

/* What an encoded key begins with in the engine: HeliosDB's index goes wrong over keys that share more than their first
 * bytes ("Cannot recover hidden ART prefix byte", once all of them are deleted). */
enum { HASH_SIZE = 8 };

static void put_hash(hdb_buffer *key) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, then mixed: its first bytes are to differ */
    for (size_t i = HASH_SIZE; i < key->size; i++)
        hash = (hash ^ (unsigned char)key->data[i]) * 0x100000001b3u;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    for (int i = 0; i < HASH_SIZE; i++)
        key->data[i] = (char)(hash >> (56 - 8 * i));
}

bool hdb_mirror_row(const hdb_table *table, int64_t rowid, const hdb_value *cells, hdb_buffer *arena, hdb_buffer *key,
                    hdb_value *out) {
    if (table->key_kind == HDB_KEY_ROWID)
        *out++ = hdb_value_integer(rowid);
    if (table->key_kind == HDB_KEY_COLUMNS) {
        hdb_buffer_reset(key);
        hdb_buffer_append(key, (char[HASH_SIZE]){0}, HASH_SIZE);
        hdb_row_key(table, cells, key);
        if (key->failed)
            return false;
        put_hash(key);
        *out++ = hdb_value_blob(key->data, key->size);
    }
    hdb_buffer_reset(arena);
    return hdb_row_to_engine(table, cells, arena, out);
}

bool hdb_mirror_read(const hdb_table *table, const hdb_value *in, hdb_buffer *arena, int64_t *rowid, hdb_value *cells) {
    if (table->key_kind == HDB_KEY_ROWID) {
        if (in->type != HDB_TYPE_INTEGER)
            return false;
        *rowid = in->as.integer;
    }
    if (!hdb_row_from_engine(table, in + hidden(table), arena, cells))
        return false;
    if (table->key_kind == HDB_KEY_ALIAS) {
        if (cells[table->alias].type != HDB_TYPE_INTEGER)
            return false;
        *rowid = cells[table->alias].as.integer;
    }
    return true;
}

bool hdb_mirror_key(const hdb_table *table, int64_t rowid, const char *key, size_t size, hdb_buffer *arena, hdb_value *out) {
    *out = hdb_value_integer(rowid);
    if (table->key_kind != HDB_KEY_COLUMNS)
        return true;
    hdb_buffer_reset(arena);
    hdb_buffer_append(arena, (char[HASH_SIZE]){0}, HASH_SIZE);
    hdb_buffer_append(arena, key, size);
    if (arena->failed)
        return false;
    put_hash(arena);
    *out = hdb_value_blob(arena->data, arena->size);
    return true;
}
