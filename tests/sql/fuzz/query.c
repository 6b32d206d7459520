/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SOURCES = 4 };

/* One item of a FROM clause. It is chosen before the result columns are written and written after them. */
struct source {
    enum { FROM_RELATION, FROM_CTE, FROM_QUERY, FROM_FUNCTION } kind;
    const struct relation *relation;
    const struct cte *cte;
    int columns; /* of a query */
    char alias[12];
};

static void choose_source(struct generator *g, struct source *source) {
    static const int weights[] = {70, 18, 9, 3};
    source->kind = weighed(g, weights, 4);
    if (source->kind == FROM_CTE && g->cte_count == 0)
        source->kind = FROM_RELATION;
    if (source->kind == FROM_QUERY && g->query_depth > 2)
        source->kind = FROM_RELATION;
    if (source->kind == FROM_RELATION && !(source->relation = pick_relation(g)))
        source->kind = FROM_FUNCTION;
    if (source->kind == FROM_CTE)
        source->cte = &g->ctes[pick(g, g->cte_count)];
    source->columns = between(g, 1, 3);
    snprintf(source->alias, sizeof source->alias, "q%d", ++g->aliases % 1000);
}

static void add_source(struct scope *scope, const struct source *source) {
    char name[12];
    if (source->kind == FROM_RELATION) {
        scope_add_relation(scope, source->alias, source->relation);
    } else if (source->kind == FROM_FUNCTION) {
        scope_add(scope, source->alias, "key");
        scope_add(scope, source->alias, "value");
    } else {
        int columns = source->kind == FROM_CTE ? source->cte->columns : source->columns;
        for (int i = 1; i <= columns; i++) {
            snprintf(name, sizeof name, "c%d", i);
            scope_add(scope, source->alias, name);
        }
    }
}

static void put_source(struct generator *g, const struct source *source, const struct scope *outer) {
    if (source->kind == FROM_RELATION) {
        put_relation(g, source->relation);
    } else if (source->kind == FROM_CTE) {
        put(g, "%s", source->cte->name);
    } else if (source->kind == FROM_FUNCTION) {
        put(g, "json_each(%s)", chance(g, 50) ? "'[3,1,\"a\",null,2.5]'" : "'{\"x\":1,\"y\":[2]}'");
    } else {
        put(g, "(");
        put_query(g, outer, source->columns, true);
        put(g, ")");
    }
    put(g, " AS %s", source->alias);
}

static void put_from(struct generator *g, const struct source *sources, int count, const struct scope *outer) {
    static const char *const joins[] = {" JOIN ", " JOIN ", " LEFT JOIN ", " LEFT JOIN ", " CROSS JOIN ", ", ",
                                        " RIGHT JOIN ", " FULL JOIN ", " NATURAL JOIN ", " INNER JOIN "};
    struct scope seen = {.outer = outer};
    put(g, " FROM ");
    for (int i = 0; i < count; i++) {
        const char *join = PICK(g, joins);
        if (i > 0)
            put(g, "%s", join);
        put_source(g, &sources[i], outer);
        add_source(&seen, &sources[i]);
        if (i > 0 && strcmp(join, ", ") != 0 && strcmp(join, " NATURAL JOIN ") != 0 && chance(g, 90)) {
            put(g, " ON ");
            if (chance(g, 70)) { /* an equality of two columns joins more than chance does */
                put_column_of(g, &seen);
                put(g, " = ");
                put_column_of(g, &seen);
            } else {
                put_condition(g, &seen);
            }
        }
    }
}

/* One SELECT without ORDER BY and LIMIT. */
static void put_core(struct generator *g, const struct scope *outer, int columns, bool named) {
    struct source sources[MAX_SOURCES];
    struct scope scope = {.outer = outer};
    int count = chance(g, 6) ? 0 : chance(g, 60) ? 1 : chance(g, 80) ? 2 : 3;
    bool aggregate = chance(g, 22), grouped = aggregate ? chance(g, 70) : chance(g, 6), windows = chance(g, 12);
    for (int i = 0; i < count; i++) {
        choose_source(g, &sources[i]);
        add_source(&scope, &sources[i]);
    }
    put(g, chance(g, 10) ? "SELECT DISTINCT " : "SELECT ");
    for (int i = 1; i <= columns; i++) {
        if (aggregate && chance(g, 60))
            put_aggregate(g, &scope);
        else if (windows && chance(g, 60))
            put_window(g, &scope);
        else
            put_expression(g, &scope, chance(g, 60) ? 0 : 2);
        if (named)
            put(g, " AS c%d", i);
        put(g, i < columns ? ", " : "");
    }
    if (count > 0)
        put_from(g, sources, count, outer);
    if (chance(g, 55)) {
        put(g, " WHERE ");
        put_condition(g, &scope);
    }
    if (grouped) {
        put(g, " GROUP BY ");
        put_expression(g, &scope, chance(g, 70) ? 0 : 2);
        if (chance(g, 30)) {
            put(g, " HAVING ");
            put_aggregate(g, &scope);
            put(g, " > 1");
        }
    }
}

static void put_values_rows(struct generator *g, const struct scope *outer, int columns) {
    int rows = between(g, 1, 3);
    put(g, "VALUES ");
    for (int row = 0; row < rows; row++) {
        put(g, row ? ", (" : "(");
        for (int i = 0; i < columns; i++) {
            put(g, i ? ", " : "");
            put_expression(g, outer, chance(g, 80) ? 0 : 1);
        }
        put(g, ")");
    }
}

static void put_order_and_limit(struct generator *g, int columns) {
    if (chance(g, 45)) {
        put(g, " ORDER BY ");
        for (int i = 1, first = 1; i <= columns; i++) {
            if (i < columns && chance(g, 40))
                continue;
            put(g, "%s%d%s", first ? "" : ", ", i, chance(g, 30) ? " DESC" : chance(g, 10) ? " COLLATE NOCASE" : "");
            put(g, "%s", chance(g, 8) ? " NULLS LAST" : "");
            first = 0;
        }
    }
    if (chance(g, 15)) {
        put(g, " LIMIT %d", between(g, 0, 8));
        if (chance(g, 30))
            put(g, " OFFSET %d", between(g, 0, 3));
    }
}

/* SELECT * or whole tables, as applications write them. */
static void put_plain_query(struct generator *g, const struct scope *outer) {
    struct source source;
    struct scope scope = {.outer = outer};
    choose_source(g, &source);
    add_source(&scope, &source);
    put(g, "SELECT *");
    if (source.kind == FROM_RELATION && !source.relation->view && !source.relation->without_rowid && chance(g, 40))
        put(g, ", %s.rowid", source.alias);
    put_from(g, &source, 1, outer);
    if (chance(g, 60)) {
        put(g, " WHERE ");
        put_condition(g, &scope);
    }
    if (chance(g, 35)) {
        put(g, " ORDER BY ");
        put_column_of(g, &scope);
        if (chance(g, 30))
            put(g, " DESC");
    }
    if (chance(g, 15))
        put(g, " LIMIT %d", between(g, 0, 5));
}

void put_query(struct generator *g, const struct scope *outer, int columns, bool named) {
    static const char *const compounds[] = {" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "};
    int ctes = g->cte_count;
    bool any = columns == 0;
    g->query_depth++;
    if (any && chance(g, 35)) {
        put_plain_query(g, outer);
    } else {
        if (any)
            columns = between(g, 1, 4);
        if (g->query_depth < 3 && !g->in_trigger && chance(g, any ? 12 : 3))
            put_with(g);
        if (!named && chance(g, 4))
            put_values_rows(g, outer, columns);
        else
            put_core(g, outer, columns, named);
        if (chance(g, 10)) {
            put(g, "%s", PICK(g, compounds));
            put_core(g, outer, columns, false);
        }
        put_order_and_limit(g, columns);
    }
    g->query_depth--;
    g->cte_count = ctes;
}

static void put_recursive(struct generator *g, struct cte *cte) {
    struct scope scope = {0};
    cte->columns = 2;
    put(g, "%s(c1, c2) AS (SELECT %d, ", cte->name, between(g, 0, 3));
    put_value(g);
    put(g, "%s SELECT c1 + 1, ", chance(g, 50) ? " UNION ALL" : " UNION");
    scope_add(&scope, "", "c1");
    scope_add(&scope, "", "c2");
    put_expression(g, &scope, 1);
    put(g, " FROM %s WHERE c1 < %d", cte->name, between(g, 4, 8));
    if (chance(g, 15))
        put(g, " ORDER BY 1 DESC");
    put(g, chance(g, 15) ? " LIMIT 5)" : ")");
}

void put_with(struct generator *g) {
    int count = chance(g, 75) ? 1 : 2;
    put(g, "WITH RECURSIVE ");
    for (int i = 0; i < count && g->cte_count < MAX_CTES; i++) {
        struct cte *cte = &g->ctes[g->cte_count];
        snprintf(cte->name, sizeof cte->name, "w%d", ++g->aliases % 1000);
        cte->columns = between(g, 1, 3);
        put(g, i ? ", " : "");
        if (chance(g, 45)) {
            put_recursive(g, cte);
        } else {
            put(g, "%s AS %s(", cte->name, chance(g, 80) ? "" : chance(g, 50) ? "MATERIALIZED " : "NOT MATERIALIZED ");
            put_query(g, NULL, cte->columns, true);
            put(g, ")");
        }
        g->cte_count++;
    }
    put(g, " ");
}
