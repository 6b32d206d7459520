/* SPDX-License-Identifier: Apache-2.0 */
#include "catalogue.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deep recursion of triggers takes SQLite long; the tests of triggers have some. */
enum { TICK_STEPS = 1000, MAX_TICKS = 100, MAX_ROWS = 200, MAX_TRIGGER_DEPTH = 12 };

static int tick(void *context) {
    struct catalogue *catalogue = context;
    return ++catalogue->ticks > MAX_TICKS;
}

static void note_row(void *context, int operation, const char *database, const char *table, sqlite3_int64 rowid) {
    struct catalogue *catalogue = context;
    (void)operation;
    (void)database;
    (void)table;
    if (rowid == INT64_MAX)
        catalogue->largest_rowid = true;
}

void catalogue_open(struct catalogue *catalogue) {
    memset(catalogue, 0, sizeof *catalogue);
    if (sqlite3_open(":memory:", &catalogue->db) != SQLITE_OK)
        abort();
    sqlite3_limit(catalogue->db, SQLITE_LIMIT_TRIGGER_DEPTH, MAX_TRIGGER_DEPTH);
    sqlite3_update_hook(catalogue->db, note_row, catalogue);
    sqlite3_progress_handler(catalogue->db, TICK_STEPS, tick, catalogue);
}

void catalogue_close(struct catalogue *catalogue) {
    sqlite3_close(catalogue->db);
    catalogue->db = NULL;
}

static void copy_name(char *to, sqlite3_stmt *from, int column) {
    const unsigned char *name = sqlite3_column_text(from, column);
    snprintf(to, NAME_SIZE, "%s", name ? (const char *)name : "");
}

static void read_columns(struct catalogue *catalogue, struct relation *relation) {
    sqlite3_stmt *stmt = NULL;
    char *sql = sqlite3_mprintf("SELECT name, type, hidden, pk FROM pragma_table_xinfo(%Q, %Q)", relation->name,
                                relation->temporary ? "temp" : "main");
    relation->column_count = 0;
    /* A view that can't be compiled any more is one without columns here. */
    sqlite3_prepare_v2(catalogue->db, sql, -1, &stmt, NULL);
    while (relation->column_count < MAX_COLUMNS && sqlite3_step(stmt) == SQLITE_ROW) {
        struct column *column = &relation->columns[relation->column_count++];
        copy_name(column->name, stmt, 0);
        copy_name(column->type, stmt, 1);
        column->generated = sqlite3_column_int(stmt, 2) > 1;
        column->key = sqlite3_column_int(stmt, 3);
    }
    sqlite3_finalize(stmt);
    sqlite3_free(sql);
}

static bool has_trigger(struct catalogue *catalogue, const char *view) {
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(catalogue->db, "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1", -1, &stmt,
                       NULL);
    sqlite3_bind_text(stmt, 1, view, -1, SQLITE_STATIC);
    bool found = sqlite3_step(stmt) == SQLITE_ROW;
    sqlite3_finalize(stmt);
    return found;
}

static void read_relations(struct catalogue *catalogue, bool views) {
    static const char *const queries[] = {
        "SELECT name, schema = 'temp', wr, strict FROM pragma_table_list WHERE type = 'table' AND schema IN"
        " ('main', 'temp') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY schema, name",
        "SELECT name, schema = 'temp', 0, 0 FROM pragma_table_list WHERE type = 'view' AND schema IN ('main', 'temp')"
        " ORDER BY schema, name",
    };
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(catalogue->db, queries[views], -1, &stmt, NULL);
    while (catalogue->relation_count < MAX_RELATIONS && sqlite3_step(stmt) == SQLITE_ROW) {
        struct relation *relation = &catalogue->relations[catalogue->relation_count];
        copy_name(relation->name, stmt, 0);
        relation->temporary = sqlite3_column_int(stmt, 1);
        relation->view = views;
        relation->without_rowid = sqlite3_column_int(stmt, 2);
        relation->strict = sqlite3_column_int(stmt, 3);
        read_columns(catalogue, relation);
        relation->writable = !views || (!relation->temporary && has_trigger(catalogue, relation->name));
        catalogue->broken_view = views && relation->column_count == 0;
        if (catalogue->broken_view)
            break; /* it lies beyond those that are counted */
        catalogue->relation_count++;
    }
    sqlite3_finalize(stmt);
}

static int read_names(struct catalogue *catalogue, const char *type, char names[][NAME_SIZE]) {
    sqlite3_stmt *stmt = NULL;
    int count = 0;
    sqlite3_prepare_v2(catalogue->db,
                       "SELECT name FROM sqlite_master WHERE type = ?1 AND sql IS NOT NULL UNION ALL"
                       " SELECT name FROM sqlite_temp_master WHERE type = ?1 AND sql IS NOT NULL ORDER BY name",
                       -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, type, -1, SQLITE_STATIC);
    while (count < MAX_NAMES && sqlite3_step(stmt) == SQLITE_ROW)
        copy_name(names[count++], stmt, 0);
    sqlite3_finalize(stmt);
    return count;
}

static bool has_sequence(struct catalogue *catalogue) {
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(catalogue->db, "SELECT 1 FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'", -1, &stmt, NULL);
    bool found = sqlite3_step(stmt) == SQLITE_ROW;
    sqlite3_finalize(stmt);
    return found;
}

/* The two numbers that change with every change of the schema, also when it is undone. */
static void read_versions(struct catalogue *catalogue, int versions[2]) {
    static const char *const queries[] = {"PRAGMA main.schema_version", "PRAGMA temp.schema_version"};
    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *stmt = NULL;
        sqlite3_prepare_v2(catalogue->db, queries[i], -1, &stmt, NULL);
        versions[i] = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : -1;
        sqlite3_finalize(stmt);
    }
}

static void read_schema(struct catalogue *catalogue) {
    int versions[2];
    read_versions(catalogue, versions);
    if (memcmp(versions, catalogue->versions, sizeof versions) == 0)
        return;
    memcpy(catalogue->versions, versions, sizeof versions);
    catalogue->relation_count = 0;
    read_relations(catalogue, false);
    catalogue->table_count = catalogue->relation_count;
    read_relations(catalogue, true);
    catalogue->index_count = read_names(catalogue, "index", catalogue->indexes);
    catalogue->trigger_count = read_names(catalogue, "trigger", catalogue->triggers);
    catalogue->sequence = has_sequence(catalogue);
}

/* Binds values by letting SQLite compute them. */
static void bind(struct catalogue *catalogue, sqlite3_stmt *stmt, const char *const *values, int count) {
    for (int i = 0; i < count; i++) {
        sqlite3_stmt *value = NULL;
        char *sql = sqlite3_mprintf("SELECT %s", values[i]);
        sqlite3_prepare_v2(catalogue->db, sql, -1, &value, NULL);
        if (sqlite3_step(value) == SQLITE_ROW)
            sqlite3_bind_value(stmt, i + 1, sqlite3_column_value(value, 0));
        sqlite3_finalize(value);
        sqlite3_free(sql);
    }
}

/* SQLite 3.40 damages an index of its own now and then: it does not undo all of a REPLACE that fails at a value which a STRICT
 * table does not take, and misses rows when a generated REAL column is written back. What follows is not worth comparing. */
static bool is_damaged(struct catalogue *catalogue) {
    sqlite3_stmt *check = NULL;
    sqlite3_prepare_v2(catalogue->db, "PRAGMA main.integrity_check(1)", -1, &check, NULL);
    /* It also tells of rows that a CHECK would not take, which is as it was asked for. */
    bool damaged = sqlite3_step(check) == SQLITE_ROW && strstr((const char *)sqlite3_column_text(check, 0), " index ");
    sqlite3_finalize(check);
    return damaged;
}

/* What to think of a statement that ended so. */
static enum verdict judge(struct catalogue *catalogue, sqlite3_stmt *stmt, int code, int rows) {
    bool endless = code == SQLITE_INTERRUPT || rows > MAX_ROWS;
    bool deep = code == SQLITE_ERROR && strstr(sqlite3_errmsg(catalogue->db), "trigger recursion");
    /* SQLite keeps what such an ALTER TABLE did to the schema in memory, until something makes it read it again. */
    if (code == SQLITE_ERROR && !sqlite3_get_autocommit(catalogue->db) && strncmp(sqlite3_sql(stmt), "ALTER", 5) == 0) {
        sqlite3_exec(catalogue->db, "PRAGMA writable_schema = RESET", NULL, NULL, NULL);
        return UNUSABLE;
    }
    if (catalogue->largest_rowid || (endless && !sqlite3_stmt_readonly(stmt)))
        return SPOILT;
    if (!sqlite3_stmt_readonly(stmt) && is_damaged(catalogue))
        return SPOILT;
    return endless || deep ? UNUSABLE : USABLE;
}

enum verdict catalogue_try(struct catalogue *catalogue, const char *sql, const char *const *values, int count) {
    sqlite3_stmt *stmt = NULL;
    enum verdict verdict = USABLE;
    catalogue->ticks = 0;
    catalogue->largest_rowid = false;
    if (sqlite3_prepare_v2(catalogue->db, sql, -1, &stmt, NULL) == SQLITE_OK && stmt) {
        int code = SQLITE_ROW, rows = 0;
        bind(catalogue, stmt, values, count);
        while (rows <= MAX_ROWS && (code = sqlite3_step(stmt)) == SQLITE_ROW)
            rows++;
        verdict = judge(catalogue, stmt, code, rows);
    }
    sqlite3_finalize(stmt);
    catalogue->in_transaction = !sqlite3_get_autocommit(catalogue->db);
    read_schema(catalogue);
    return verdict;
}

static void drop(struct catalogue *catalogue, const struct relation *relation) {
    char *sql = sqlite3_mprintf("DROP %s %s.\"%w\"", relation->view ? "VIEW" : "TABLE",
                                relation->temporary ? "temp" : "main", relation->name);
    sqlite3_exec(catalogue->db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
}

bool catalogue_drop_broken(struct catalogue *catalogue) {
    bool dropped = false;
    for (; catalogue->broken_view; dropped = true) {
        catalogue->broken_view = false;
        drop(catalogue, &catalogue->relations[catalogue->relation_count]);
        read_schema(catalogue);
    }
    return dropped;
}

void catalogue_reopen(struct catalogue *catalogue) {
    if (!sqlite3_get_autocommit(catalogue->db))
        sqlite3_exec(catalogue->db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_exec(catalogue->db,
                 "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF; PRAGMA case_sensitive_like = OFF;"
                 "PRAGMA ignore_check_constraints = OFF; PRAGMA reverse_unordered_selects = OFF;"
                 "PRAGMA legacy_alter_table = OFF; PRAGMA query_only = OFF",
                 NULL, NULL, NULL);
    read_schema(catalogue);
    for (int i = 0; i < catalogue->relation_count; i++) {
        const struct relation *relation = &catalogue->relations[i];
        if (relation->temporary)
            drop(catalogue, relation);
    }
    catalogue->in_transaction = false;
    read_schema(catalogue);
}
