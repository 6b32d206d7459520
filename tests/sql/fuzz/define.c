/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>
#include <string.h>

static const char *const types[] = {"INTEGER", "INT", "TEXT", "REAL", "BLOB", "NUMERIC", "", "VARCHAR(9)", "DATE",
                                    "BOOLEAN", "DECIMAL(5,2)", "BIGINT", "DOUBLE PRECISION", "my type", "ANY"};
static const char *const strict_types[] = {"INTEGER", "INT", "TEXT", "REAL", "BLOB", "ANY"};
static const char *const odd_names[] = {"a b", "select", "Üb", "x\"y", "Mixed", "it's", "order", "_hid"};

/* A table that is being written: CREATE TABLE needs its columns before SQLite knows them. */
struct draft {
    struct relation table;
    bool autoincrement;
};

static const char *new_name(struct generator *g, const char *kind, char out[NAME_SIZE]) {
    int number = ++g->objects;
    if (chance(g, 8))
        snprintf(out, NAME_SIZE, "%s %d", PICK(g, odd_names), number);
    else
        snprintf(out, NAME_SIZE, "%s%d", kind, number);
    return out;
}

static void put_constant(struct generator *g, const struct scope *scope, int depth) {
    bool constant = g->constant;
    g->constant = true;
    put_expression(g, scope, depth);
    g->constant = constant;
}

static void put_default(struct generator *g) {
    static const char *const plain[] = {"0", "-1", "1.5", "'d'", "NULL", "x'0102'", "'it''s'", "-2.5e3"};
    if (chance(g, 70)) {
        put(g, " DEFAULT %s", PICK(g, plain));
        return;
    }
    put(g, " DEFAULT (");
    put_constant(g, NULL, 1);
    put(g, ")");
}

static const struct relation *parent_of(struct generator *g, const char **column) {
    const struct relation *parent = pick_table(g);
    for (int i = 0; parent && i < parent->column_count; i++) {
        const struct column *candidate = &parent->columns[i];
        if (candidate->key == 1 || (*candidate->name == 'u' && chance(g, 50))) {
            *column = candidate->name;
            return parent;
        }
    }
    return NULL;
}

static void put_actions(struct generator *g) {
    static const char *const actions[] = {"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"};
    if (chance(g, 60))
        put(g, " ON DELETE %s", PICK(g, actions));
    if (chance(g, 50))
        put(g, " ON UPDATE %s", PICK(g, actions));
    if (chance(g, 30))
        put(g, " DEFERRABLE INITIALLY %s", chance(g, 75) ? "DEFERRED" : "IMMEDIATE");
}

static void put_reference(struct generator *g) {
    const char *column = NULL;
    const struct relation *parent = parent_of(g, &column);
    if (!parent)
        return;
    put(g, " REFERENCES ");
    put_name(g, parent->name);
    if (chance(g, 85)) {
        put(g, "(");
        put_name(g, column);
        put(g, ")");
    }
    put_actions(g);
}

static void put_check(struct generator *g, const struct scope *scope) {
    bool constant = g->constant;
    g->constant = true;
    put(g, " CHECK (");
    put_condition(g, scope);
    put(g, chance(g, 60) ? " OR 1 = 1)" : ")");
    g->constant = constant;
}

/* `added`: by ALTER TABLE, to rows that are there. They may get a NULL where none is allowed, from an expression that
 * SQLite does not look into, and can't be written again. */
static void put_column_constraints(struct generator *g, const struct column *column, const struct scope *scope,
                                   bool added) {
    static const char *const conflicts[] = {"", "", "", " ON CONFLICT REPLACE", " ON CONFLICT IGNORE",
                                            " ON CONFLICT FAIL", " ON CONFLICT ROLLBACK"};
    if (*column->name == 'u')
        put(g, " UNIQUE%s", PICK(g, conflicts));
    bool not_null = chance(g, 10);
    if (not_null)
        put(g, " NOT NULL%s", PICK(g, conflicts));
    if (not_null && added)
        put(g, " DEFAULT %d", between(g, 0, 9));
    else if (chance(g, 22))
        put_default(g);
    if (chance(g, 14))
        put(g, " COLLATE %s", chance(g, 60) ? "NOCASE" : "RTRIM");
    if (chance(g, 7))
        put_check(g, scope);
    if (chance(g, 12))
        put_reference(g);
}

static void put_generated(struct generator *g, struct draft *draft, const struct scope *scope) {
    struct column *column = &draft->table.columns[draft->table.column_count];
    snprintf(column->name, NAME_SIZE, "g%d", draft->table.column_count++);
    put(g, ", %s %s%s (", column->name, draft->table.strict ? "ANY" : PICK(g, types), /* SQLite 3.40 does not check others */
        chance(g, 60) ? " AS" : " GENERATED ALWAYS AS");
    put_constant(g, scope, 2);
    put(g, ")%s", chance(g, 35) ? " STORED" : chance(g, 50) ? " VIRTUAL" : "");
    if (chance(g, 10))
        put(g, " NOT NULL");
    if (chance(g, 10))
        put(g, " UNIQUE");
}

static void choose_columns(struct generator *g, struct draft *draft) {
    struct relation *table = &draft->table;
    int count = between(g, 1, 5);
    for (int i = 0; i < count; i++) {
        struct column *column = &table->columns[table->column_count++];
        if (chance(g, 4))
            snprintf(column->name, NAME_SIZE, "%s", odd_names[(i + g->objects) % 8]);
        else
            snprintf(column->name, NAME_SIZE, "%c%d", chance(g, 15) ? 'u' : 'c', i);
        snprintf(column->type, NAME_SIZE, "%s", table->strict ? PICK(g, strict_types) : PICK(g, types));
    }
}

static void put_table_constraints(struct generator *g, const struct draft *draft, const struct scope *scope, int key) {
    const struct relation *table = &draft->table;
    if (key == 3) {
        put(g, ", PRIMARY KEY (");
        put_name(g, table->columns[0].name);
        put(g, "%s", chance(g, 20) ? " DESC" : chance(g, 10) ? " COLLATE NOCASE" : "");
        if (table->column_count > 1) {
            put(g, ", ");
            put_name(g, table->columns[1].name);
        }
        put(g, ")%s", chance(g, 8) ? " ON CONFLICT REPLACE" : "");
    }
    if (chance(g, 8)) {
        put(g, ", UNIQUE (");
        put_name(g, table->columns[table->column_count - 1].name);
        put(g, ", ");
        put_name(g, table->columns[0].name);
        put(g, ")");
    }
    if (chance(g, 7)) {
        put(g, ", CONSTRAINT k%d", between(g, 1, 9));
        put_check(g, scope);
    }
    const char *column = NULL;
    const struct relation *parent = chance(g, 8) ? parent_of(g, &column) : NULL;
    if (parent) {
        put(g, ", FOREIGN KEY (");
        put_name(g, table->columns[0].name);
        put(g, ") REFERENCES ");
        put_name(g, parent->name);
        put(g, "(");
        put_name(g, column);
        put(g, ")");
        put_actions(g);
    }
}

static void put_key_column(struct generator *g, const struct draft *draft, int key) {
    static const char *const suffixes[] = {"", "", " DESC", " COLLATE NOCASE", " NOT NULL"};
    if (key == 0)
        put(g, "id INTEGER PRIMARY KEY%s, ", chance(g, 6) ? " DESC" : "");
    else if (key == 1)
        put(g, "id INTEGER PRIMARY KEY AUTOINCREMENT, ");
    else if (key == 2)
        put(g, "id %s PRIMARY KEY%s, ", draft->table.strict ? PICK(g, strict_types) : PICK(g, types),
            PICK(g, suffixes));
}

static void put_table_as(struct generator *g) {
    char name[NAME_SIZE];
    put(g, "CREATE %sTABLE %s", g->temporary && chance(g, 20) ? "TEMP " : "", chance(g, 20) ? "IF NOT EXISTS " : "");
    put_name(g, new_name(g, "k", name));
    put(g, " AS ");
    put_query(g, NULL, chance(g, 40) ? 0 : between(g, 1, 3), true);
}

void put_create_table(struct generator *g) {
    struct draft draft = {0};
    struct scope scope = {0};
    char name[NAME_SIZE];
    int key = pick(g, 6); /* 0, 1: a rowid's name; 2: another column; 3: several; else none */
    if (g->objects > 3 && chance(g, 15)) {
        put_table_as(g);
        return;
    }
    draft.table.strict = chance(g, 10);
    draft.table.without_rowid = (key == 2 || key == 3) && chance(g, 50);
    choose_columns(g, &draft);
    scope_add_relation(&scope, "", &draft.table);
    put(g, "CREATE %sTABLE %s", g->temporary && chance(g, 25) ? "TEMP " : "", chance(g, 5) ? "IF NOT EXISTS " : "");
    put_name(g, new_name(g, "t", name));
    put(g, "(");
    put_key_column(g, &draft, key);
    for (int i = 0; i < draft.table.column_count; i++) {
        put(g, i ? ", " : "");
        put_name(g, draft.table.columns[i].name);
        put(g, "%s%s", *draft.table.columns[i].type ? " " : "", draft.table.columns[i].type);
        put_column_constraints(g, &draft.table.columns[i], &scope, false);
    }
    int ordinary = draft.table.column_count;
    while (chance(g, 15) && draft.table.column_count < 8)
        put_generated(g, &draft, &scope);
    draft.table.column_count = ordinary;
    put_table_constraints(g, &draft, &scope, key);
    put(g, ")%s%s%s", draft.table.without_rowid ? " WITHOUT ROWID" : "",
        draft.table.without_rowid && draft.table.strict ? "," : "", draft.table.strict ? " STRICT" : "");
}

void put_create_index(struct generator *g) {
    const struct relation *table = pick_table(g);
    struct scope scope = {0};
    char name[NAME_SIZE];
    if (!table)
        return;
    scope_add_relation(&scope, "", table);
    put(g, "CREATE %sINDEX %s%s", chance(g, 30) ? "UNIQUE " : "", chance(g, 10) ? "IF NOT EXISTS " : "",
        table->temporary ? "temp." : "");
    put_name(g, new_name(g, "i", name));
    put(g, " ON ");
    put_name(g, table->name);
    put(g, "(");
    for (int i = 0, count = between(g, 1, 3); i < count; i++) {
        put(g, i ? ", " : "");
        if (chance(g, 20))
            put_constant(g, &scope, 2);
        else
            put_name(g, table->columns[pick(g, table->column_count)].name);
        put(g, "%s%s", chance(g, 15) ? " COLLATE NOCASE" : "", chance(g, 20) ? " DESC" : "");
    }
    put(g, ")");
    if (chance(g, 25)) {
        bool constant = g->constant;
        g->constant = true;
        put(g, " WHERE ");
        put_condition(g, &scope);
        g->constant = constant;
    }
}

void put_create_view(struct generator *g) {
    char name[NAME_SIZE];
    int columns = between(g, 1, 4);
    put(g, "CREATE %sVIEW %s", g->temporary && chance(g, 20) ? "TEMP " : "", chance(g, 10) ? "IF NOT EXISTS " : "");
    put_name(g, new_name(g, "v", name));
    bool named = chance(g, 50);
    for (int i = 1; named && i <= columns; i++)
        put(g, "%sc%d%s", i > 1 ? ", " : "(", i, i == columns ? ")" : "");
    put(g, " AS ");
    put_query(g, NULL, columns, !named);
}

static void put_trigger_body(struct generator *g, const struct scope *rows) {
    static const char *const raises[] = {"RAISE(IGNORE)", "RAISE(ABORT, 'no')", "RAISE(FAIL, 'stop')",
                                         "RAISE(ROLLBACK, 'back')"};
    static const int weights[] = {50, 25, 15, 5, 5};
    for (int i = between(g, 1, 3); i > 0; i--) {
        size_t before = g->statement.size;
        switch (weighed(g, weights, 5)) {
        case 0:
            put_insert(g, rows);
            break;
        case 1:
            put_update(g, rows);
            break;
        case 2:
            put_delete(g, rows);
            break;
        case 3:
            put(g, "SELECT CASE WHEN ");
            put_condition(g, rows);
            put(g, " THEN %s END", PICK(g, raises));
            break;
        default:
            put_query(g, rows, 1, false);
        }
        put(g, g->statement.size > before ? "; " : "SELECT 1; ");
    }
}

void put_create_trigger(struct generator *g) {
    static const char *const times[] = {"BEFORE", "AFTER", "AFTER", "AFTER", ""};
    static const char *const events[] = {"INSERT", "UPDATE", "DELETE"};
    const struct relation *on = chance(g, 20) ? pick_relation(g) : pick_table(g);
    struct scope rows = {0};
    char name[NAME_SIZE];
    int event = pick(g, 3);
    if (!on)
        return;
    if (event != 2)
        scope_add_relation(&rows, "new", on);
    if (event != 0)
        scope_add_relation(&rows, "old", on);
    put(g, "CREATE %sTRIGGER %s", on->temporary || (g->temporary && chance(g, 15)) ? "TEMP " : "",
        chance(g, 8) ? "IF NOT EXISTS " : "");
    put_name(g, new_name(g, "tr", name));
    put(g, " %s %s", on->view ? "INSTEAD OF" : PICK(g, times), events[event]);
    if (event == 1 && chance(g, 30)) {
        put(g, " OF ");
        put_name(g, on->columns[pick(g, on->column_count)].name);
    }
    put(g, " ON ");
    put_name(g, on->name);
    put(g, "%s", chance(g, 30) ? " FOR EACH ROW" : "");
    g->in_trigger = true;
    if (chance(g, 25)) {
        put(g, " WHEN ");
        put_condition(g, &rows);
    }
    put(g, " BEGIN ");
    put_trigger_body(g, &rows);
    put(g, "END");
    g->in_trigger = false;
}

static void put_add_column(struct generator *g, bool strict) {
    struct column column = {0};
    struct scope scope = {0};
    if (chance(g, 5))
        snprintf(column.name, NAME_SIZE, "%s", PICK(g, odd_names));
    else
        snprintf(column.name, NAME_SIZE, "n%d", between(g, 0, 9));
    put(g, " ADD %s", chance(g, 80) ? "COLUMN " : "");
    put_name(g, column.name);
    if (strict) { /* a default of another type is kept, but can't be written again */
        put(g, " %s", PICK(g, strict_types));
        return;
    }
    put(g, " %s", PICK(g, types));
    scope_add(&scope, "", column.name);
    if (chance(g, 15)) {
        put(g, " AS (");
        put_constant(g, NULL, 2);
        put(g, ")");
    } else {
        put_column_constraints(g, &column, &scope, true);
    }
}

void put_alter(struct generator *g) {
    const struct relation *table = chance(g, 5) ? pick_relation(g) : pick_table(g);
    char name[NAME_SIZE];
    if (!table)
        return;
    const char *column = table->columns[pick(g, table->column_count)].name;
    put(g, "ALTER TABLE ");
    put_relation(g, table);
    switch (pick(g, 4)) {
    case 0:
        put_add_column(g, table->strict);
        break;
    case 1:
        put(g, " RENAME %s", chance(g, 80) ? "COLUMN " : "");
        put_name(g, column);
        put(g, " TO ");
        snprintf(name, sizeof name, "r%d", between(g, 0, 9));
        put_name(g, chance(g, 8) ? PICK(g, odd_names) : name);
        break;
    case 2:
        put(g, " DROP %s", chance(g, 80) ? "COLUMN " : "");
        put_name(g, column);
        break;
    default:
        put(g, " RENAME TO ");
        put_name(g, chance(g, 90) ? new_name(g, "t", name) : table->name);
    }
}

void put_drop(struct generator *g) {
    const struct catalogue *catalogue = &g->catalogue;
    const struct relation *relation = pick_relation(g);
    const char *exists = chance(g, 20) ? "IF EXISTS " : "";
    int kind = pick(g, 4);
    if (kind == 0 && catalogue->index_count > 0) {
        put(g, "DROP INDEX %s", exists);
        put_name(g, catalogue->indexes[pick(g, catalogue->index_count)]);
    } else if (kind == 1 && catalogue->trigger_count > 0) {
        put(g, "DROP TRIGGER %s", exists);
        put_name(g, catalogue->triggers[pick(g, catalogue->trigger_count)]);
    } else if (relation) {
        put(g, "DROP %s %s", relation->view ? "VIEW" : "TABLE", exists);
        put_relation(g, relation);
    }
}
