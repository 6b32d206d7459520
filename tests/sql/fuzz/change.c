/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>
#include <string.h>

static const char *const actions[] = {"", "", "", "", "", " OR REPLACE", " OR IGNORE", " OR FAIL", " OR ROLLBACK",
                                      " OR ABORT"};

const struct relation *pick_table(struct generator *g) {
    const struct catalogue *catalogue = &g->catalogue;
    return catalogue->table_count > 0 ? &catalogue->relations[pick(g, catalogue->table_count)] : NULL;
}

const struct relation *pick_relation(struct generator *g) {
    const struct catalogue *catalogue = &g->catalogue;
    return catalogue->relation_count > 0 ? &catalogue->relations[pick(g, catalogue->relation_count)] : NULL;
}

/* A table, or at times a view with an INSTEAD OF trigger. What SQLite says of another view depends on whether it has had
 * to find out its columns before. */
static const struct relation *pick_target(struct generator *g) {
    const struct relation *relation = chance(g, 15) ? pick_relation(g) : NULL;
    return relation && relation->writable ? relation : pick_table(g);
}

/* Picks up to `most` different columns that can be written. */
static int pick_columns(struct generator *g, const struct relation *relation, int most, int chosen[]) {
    int places[MAX_COLUMNS], left = 0, count = 0;
    for (int i = 0; i < relation->column_count; i++)
        if (!relation->columns[i].generated || chance(g, 1))
            places[left++] = i;
    for (most = between(g, 1, most); count < most && left > 0; count++) {
        int at = pick(g, left);
        chosen[count] = places[at];
        places[at] = places[--left];
    }
    return count;
}

static void put_new_value(struct generator *g, const struct scope *scope, const struct column *column) {
    if (column->key > 0 && chance(g, 60))
        put(g, "%d", between(g, 1, 30));
    else if (scope)
        put_expression(g, scope, chance(g, 70) ? 0 : 2);
    else if (chance(g, 92))
        put_value(g);
    else
        put_expression(g, NULL, 2);
}

static void put_returning(struct generator *g, const struct relation *relation) {
    struct scope scope = {0};
    if (g->in_trigger || !chance(g, 18))
        return;
    scope_add_relation(&scope, "", relation);
    if (chance(g, 40)) {
        put(g, " RETURNING *");
        return;
    }
    put(g, " RETURNING ");
    put_expression(g, &scope, 1);
    put(g, ", ");
    put_column_of(g, &scope);
    put(g, " AS x");
}

/* SET and its assignments. */
static void put_set(struct generator *g, const struct relation *relation, const struct scope *scope) {
    int chosen[MAX_COLUMNS], count = pick_columns(g, relation, 3, chosen);
    put(g, " SET ");
    if (!relation->without_rowid && !relation->view && chance(g, 4)) {
        put(g, "rowid = rowid + %d", between(g, -3, 10));
        return;
    }
    if (count == 2 && chance(g, 25)) {
        put(g, "(");
        put_name(g, relation->columns[chosen[0]].name);
        put(g, ", ");
        put_name(g, relation->columns[chosen[1]].name);
        put(g, ") = (");
        put_expression(g, scope, 1);
        put(g, ", ");
        put_expression(g, scope, 1);
        put(g, ")");
        return;
    }
    for (int i = 0; i < count; i++) {
        put(g, i ? ", " : "");
        put_name(g, relation->columns[chosen[i]].name);
        put(g, " = ");
        put_new_value(g, scope, &relation->columns[chosen[i]]);
    }
}

static void put_conflict_target(struct generator *g, const struct relation *relation) {
    bool first = true;
    if (chance(g, 25))
        return;
    put(g, "(");
    for (int i = 0; i < relation->column_count; i++) {
        /* Columns with a UNIQUE of their own have names that begin with u. */
        bool wanted = relation->columns[i].key > 0 || (first && *relation->columns[i].name == 'u' && chance(g, 50));
        if (!wanted)
            continue;
        put(g, first ? "" : ", ");
        put_name(g, relation->columns[i].name);
        first = false;
    }
    if (first)
        put_name(g, relation->columns[0].name);
    put(g, ") ");
}

static void put_upsert(struct generator *g, const struct relation *relation) {
    struct scope scope = {0};
    scope_add_relation(&scope, "", relation);
    scope_add_relation(&scope, "excluded", relation);
    for (int i = chance(g, 80) ? 1 : 2; i > 0; i--) {
        put(g, " ON CONFLICT ");
        put_conflict_target(g, relation);
        if (chance(g, 30)) {
            put(g, "DO NOTHING");
            continue;
        }
        put(g, "DO UPDATE");
        put_set(g, relation, &scope);
        if (chance(g, 25)) {
            put(g, " WHERE ");
            put_condition(g, &scope);
        }
    }
}

static void put_rows(struct generator *g, const struct scope *outer, const struct relation *relation,
                     const int chosen[], int count) {
    int rows = chance(g, 65) ? 1 : between(g, 2, 5);
    put(g, "VALUES ");
    for (int row = 0; row < rows; row++) {
        put(g, row ? ", (" : "(");
        for (int i = 0; i < count; i++) {
            put(g, i ? ", " : "");
            put_new_value(g, outer, &relation->columns[chosen[i]]);
        }
        put(g, ")");
    }
}

void put_insert(struct generator *g, const struct scope *outer) {
    const struct relation *relation = pick_target(g);
    int chosen[MAX_COLUMNS], count = 0;
    if (!relation)
        return;
    if (!g->in_trigger && chance(g, 3))
        put_with(g);
    if (chance(g, 5))
        put(g, "REPLACE INTO ");
    else
        put(g, "INSERT%s INTO ", PICK(g, actions));
    put_relation(g, relation);
    if (!g->in_trigger && chance(g, 3)) {
        put(g, " DEFAULT VALUES");
        put_returning(g, relation);
        return;
    }
    if (chance(g, 25)) {
        for (int i = 0; i < relation->column_count; i++)
            if (!relation->columns[i].generated)
                chosen[count++] = i;
        put(g, " ");
    } else {
        count = pick_columns(g, relation, relation->column_count, chosen);
        for (int i = 0; i < count; i++) {
            put(g, i ? ", " : "(");
            put_name(g, relation->columns[chosen[i]].name);
        }
        put(g, ") ");
    }
    bool query = chance(g, 15);
    if (query) {
        put(g, "SELECT * FROM (");
        put_query(g, outer, count, true);
        put(g, ") WHERE 1 LIMIT %d", between(g, 1, 6));
    } else {
        put_rows(g, outer, relation, chosen, count);
    }
    if (!relation->view && !query && chance(g, 18))
        put_upsert(g, relation);
    put_returning(g, relation);
    g->cte_count = 0;
}

/* ORDER BY and LIMIT of an UPDATE or DELETE; Debian's SQLite has them, others say that they have not. */
static void put_some_rows(struct generator *g, const struct relation *relation) {
    struct scope scope = {0};
    if (g->in_trigger || relation->view || !chance(g, 4))
        return;
    scope_add_relation(&scope, "", relation);
    if (chance(g, 60)) {
        put(g, " ORDER BY ");
        put_column_of(g, &scope);
    }
    put(g, " LIMIT %d", between(g, 0, 3));
}

static void put_where(struct generator *g, const struct relation *relation, const struct scope *scope) {
    if (chance(g, 10))
        return;
    put(g, " WHERE ");
    if (!relation->without_rowid && !relation->view && chance(g, 12))
        put(g, "rowid%s = %d", chance(g, 50) ? "" : " % 2", between(g, 0, 1));
    else
        put_condition(g, scope);
}

void put_update(struct generator *g, const struct scope *outer) {
    const struct relation *relation = pick_target(g), *other = NULL;
    struct scope scope = {.outer = outer};
    char alias[12] = "";
    if (!relation)
        return;
    if (!g->in_trigger && chance(g, 3))
        put_with(g);
    put(g, "UPDATE%s ", PICK(g, actions));
    put_relation(g, relation);
    if (!g->in_trigger && chance(g, 8)) {
        other = pick_relation(g);
        snprintf(alias, sizeof alias, "q%d", ++g->aliases % 1000);
        scope_add_relation(&scope, relation->name, relation);
        scope_add_relation(&scope, alias, other);
    } else {
        scope_add_relation(&scope, "", relation);
    }
    put_set(g, relation, &scope);
    if (other) {
        put(g, " FROM ");
        put_relation(g, other);
        put(g, " AS %s", alias);
    }
    put_where(g, relation, &scope);
    put_returning(g, relation);
    put_some_rows(g, relation);
    g->cte_count = 0;
}

void put_delete(struct generator *g, const struct scope *outer) {
    const struct relation *relation = pick_target(g);
    struct scope scope = {.outer = outer};
    if (!relation)
        return;
    if (!g->in_trigger && chance(g, 3))
        put_with(g);
    put(g, "DELETE FROM ");
    put_relation(g, relation);
    scope_add_relation(&scope, "", relation);
    put_where(g, relation, &scope);
    put_returning(g, relation);
    put_some_rows(g, relation);
    g->cte_count = 0;
}
