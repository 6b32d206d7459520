/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>
#include <string.h>

/* What a script may use, by its seed: so that the features meet in all combinations, and alone. */
struct features {
    bool two_connections, transactions, definitions, rebuilds, pragmas;
};

struct step_kind {
    int weight;
    void (*put)(struct generator *g);
    bool binds; /* its values may be parameters */
};

static void put_query_step(struct generator *g) {
    put_query(g, NULL, 0, false);
}

static void put_whole_table(struct generator *g) {
    const struct relation *relation = pick_relation(g);
    if (!relation)
        return;
    put(g, "SELECT * FROM ");
    put_relation(g, relation);
}

/* The plain statements that a server can run by itself. */
static void put_by_key(struct generator *g) {
    static const char *const tests[] = {" = ", " = ", " >= ", " < ", " IS ", " <> "};
    const struct relation *table = pick_table(g);
    if (!table)
        return;
    const char *key = table->columns[0].name, *column = table->columns[pick(g, table->column_count)].name;
    int kind = pick(g, 6);
    if (kind == 0) {
        put(g, "UPDATE ");
        put_relation(g, table);
        put(g, " SET ");
        put_name(g, column);
        put(g, " = ");
        put_value(g);
    } else if (kind == 1) {
        put(g, "DELETE FROM ");
        put_relation(g, table);
    } else {
        put(g, "SELECT ");
        if (kind < 4)
            put(g, kind == 2 ? "*" : "count(*)");
        else
            put_name(g, column);
        put(g, " FROM ");
        put_relation(g, table);
    }
    put(g, " WHERE ");
    put_name(g, key);
    put(g, "%s", PICK(g, tests));
    put_value(g);
    if (kind >= 4) {
        put(g, " ORDER BY ");
        put_name(g, key);
        put(g, chance(g, 50) ? " DESC LIMIT 3" : " LIMIT 5");
    }
}

static void put_insert_step(struct generator *g) {
    put_insert(g, NULL);
}

static void put_update_step(struct generator *g) {
    put_update(g, NULL);
}

static void put_delete_step(struct generator *g) {
    put_delete(g, NULL);
}

static void put_transaction(struct generator *g) {
    static const char *const idle[] = {"BEGIN", "BEGIN IMMEDIATE", "SAVEPOINT s1", "BEGIN", "BEGIN EXCLUSIVE", "COMMIT",
                                       "BEGIN IMMEDIATE", "BEGIN DEFERRED"};
    static const char *const open[] = {"COMMIT", "COMMIT", "COMMIT", "ROLLBACK", "END", "SAVEPOINT s1", "SAVEPOINT s1",
                                       "SAVEPOINT s2", "BEGIN", "RELEASE s2"};
    static const char *const nested[] = {"ROLLBACK TO s1", "ROLLBACK TO s1", "ROLLBACK TO s2", "RELEASE s1", "RELEASE s1",
                                         "RELEASE s2", "SAVEPOINT s2", "SAVEPOINT s1", "COMMIT"};
    if (!g->catalogue.in_transaction) {
        const char *begin = PICK(g, idle);
        put(g, "%s", begin);
        g->savepoints = *begin == 'S';
        return;
    }
    const char *next = g->savepoints && chance(g, 60) ? PICK(g, nested) : PICK(g, open);
    put(g, "%s", next);
    g->savepoints = g->savepoints || *next == 'S';
}

static void put_definition(struct generator *g) {
    static void (*const kinds[])(struct generator *) = {put_create_table, put_create_index, put_create_index,
                                                        put_create_view,  put_create_trigger, put_create_trigger,
                                                        put_alter,        put_alter, put_alter, put_drop};
    PICK(g, kinds)(g);
}

static void put_pragma(struct generator *g) {
    static const char *const settings[] = {
        "foreign_keys = ON", "foreign_keys = OFF", "recursive_triggers = ON", "recursive_triggers = OFF",
        "defer_foreign_keys = ON", "defer_foreign_keys", "case_sensitive_like = ON", "case_sensitive_like = OFF",
        "ignore_check_constraints = ON", "ignore_check_constraints = OFF", "reverse_unordered_selects = ON",
        "reverse_unordered_selects = OFF", "legacy_alter_table = ON", "legacy_alter_table = OFF", "user_version",
        "application_id", "foreign_key_check", "integrity_check", "quick_check", "encoding", "foreign_keys",
        "recursive_triggers", "query_only = OFF", "automatic_index = OFF", "automatic_index = ON",
    };
    static const char *const about[] = {"table_info", "table_xinfo", "index_list", "foreign_key_list",
                                        "foreign_key_check"};
    const struct relation *relation = pick_table(g); /* a view's columns are told as long as SQLite remembers them */
    if (chance(g, 20)) {
        put(g, "PRAGMA %s = %d", chance(g, 70) ? "user_version" : "application_id", between(g, -5, 99));
    } else if (relation && chance(g, 40)) {
        put(g, "PRAGMA %s(", PICK(g, about));
        put_name(g, relation->name);
        put(g, ")");
    } else {
        put(g, "PRAGMA %s", PICK(g, settings));
    }
}

static void put_schema_query(struct generator *g) {
    static const char *const queries[] = {
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY type, name",
        "SELECT changes(), total_changes(), last_insert_rowid()",
        "SELECT name, type FROM sqlite_temp_master ORDER BY name",
        "REINDEX",
        "SELECT name, seq FROM sqlite_sequence ORDER BY name",
    };
    /* Without a table that needs it, sqlite_sequence may be there or not. */
    put(g, "%s", queries[pick(g, g->catalogue.sequence ? 5 : 4)]);
}

/* Finishes the statement: adds it to the script with the line that binds its parameters. False if what would follow is
 * made for another state. */
static bool add_statement(struct generator *g, bool tried) {
    const char *bound[MAX_PARAMETERS];
    enum verdict verdict = USABLE;
    if (g->statement.size == 0)
        return true;
    for (int i = 0; i < g->parameter_count; i++)
        bound[i] = g->parameters[i]->sql;
    if (tried)
        verdict = catalogue_try(&g->catalogue, g->statement.data, bound, g->parameter_count);
    if (verdict == USABLE && strncmp(g->statement.data, "CREATE", 6) == 0 && catalogue_drop_broken(&g->catalogue))
        verdict = UNUSABLE;
    if (verdict == USABLE) {
        for (int i = 0; i < g->parameter_count; i++)
            text_format(&g->script, "%s%s", i ? ", " : "-- bind: ", g->parameters[i]->bound);
        text_format(&g->script, "%s%s;\n", g->parameter_count ? "\n" : "", g->statement.data);
    }
    text_clear(&g->statement);
    g->parameter_count = g->aliases = g->cte_count = 0;
    g->binds = false;
    return verdict != SPOILT;
}

static bool step(struct generator *g, const struct features *features, bool tried) {
    const struct step_kind kinds[] = {
        {30, put_insert_step, true},
        {16, put_update_step, true},
        {8, put_delete_step, true},
        {22, put_query_step, true},
        {12, put_by_key, true},
        {4, put_whole_table, false},
        {features->transactions ? 16 : 1, put_transaction, false},
        {features->definitions ? 16 : 2, put_definition, false},
        {features->pragmas ? 6 : 1, put_pragma, false},
        {2, put_schema_query, false},
    };
    enum { KINDS = sizeof kinds / sizeof *kinds };
    int weights[KINDS];
    for (int i = 0; i < KINDS; i++)
        weights[i] = kinds[i].weight;
    const struct step_kind *kind = &kinds[weighed(g, weights, KINDS)];
    g->binds = kind->binds && chance(g, 40);
    kind->put(g);
    return add_statement(g, tried);
}

/* The tables, indexes, triggers and rows that the rest works with. */
static bool begin(struct generator *g, const struct features *features) {
    bool usable = true;
    if (features->pragmas && chance(g, 60))
        put(g, "PRAGMA foreign_keys = ON");
    usable = add_statement(g, true);
    if (features->pragmas && chance(g, 25))
        put(g, "PRAGMA recursive_triggers = ON");
    usable = usable && add_statement(g, true);
    for (int i = between(g, 1, 3); usable && i > 0; i--) {
        put_create_table(g);
        usable = add_statement(g, true);
    }
    for (int i = between(g, 2, 6); usable && i > 0; i--) {
        put_insert(g, NULL);
        usable = add_statement(g, true);
    }
    for (int i = between(g, 0, 3); usable && i > 0; i--) {
        put_definition(g);
        usable = add_statement(g, true);
    }
    return usable;
}

static void put_steps(struct generator *g, const struct features *features) {
    int connection = 1;
    for (int i = between(g, 25, 60); i > 0; i--) {
        if (features->two_connections && chance(g, 25)) {
            connection = 3 - connection;
            /* When a connection finds out that another one has changed the schema is up to it; a query makes it look. */
            text_format(&g->script, "-- connection %d\nSELECT 1 FROM sqlite_schema WHERE 0;\n", connection);
        }
        if (features->rebuilds && chance(g, 3)) {
            text_format(&g->script, chance(g, 40) ? "-- reopen\n" : "-- rebuild\n");
            catalogue_reopen(&g->catalogue);
        }
        /* What the second connection does while the first is in a transaction mostly waits in vain. */
        bool tried = connection == 1 || !g->catalogue.in_transaction;
        if (!step(g, features, tried))
            return;
    }
}

char *generate_script(uint64_t seed) {
    struct generator g = {.state = seed};
    struct features features;
    features.two_connections = chance(&g, 12);
    features.transactions = chance(&g, 65);
    features.definitions = chance(&g, 70);
    features.rebuilds = chance(&g, 45);
    features.pragmas = chance(&g, 60);
    g.temporary = chance(&g, 20);
    catalogue_open(&g.catalogue);
    text_format(&g.script, "== seed %llu\n%s", (unsigned long long)seed,
                features.two_connections ? "-- timeout 0.004\n" : "");
    if (begin(&g, &features))
        put_steps(&g, &features);
    catalogue_close(&g.catalogue);
    text_free(&g.statement);
    return g.script.data;
}
