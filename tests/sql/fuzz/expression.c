/* SPDX-License-Identifier: Apache-2.0 */
#include "generator.h"

#include <stdio.h>
#include <string.h>

/* Small numbers come up most often, so that values meet. The largest rowid is left out: see catalogue.h. */
static const struct value values[] = {
    {"0", "0"}, {"1", "1"}, {"2", "2"}, {"3", "3"}, {"4", "4"}, {"5", "5"}, {"7", "7"}, {"10", "10"}, {"-1", "-1"},
    {"1", "1"}, {"2", "2"}, {"3", "3"}, {"100", "100"}, {"1.0", "1.0"}, {"2.5", "2.5"}, {"-0.0", "-0.0"},
    {"0.1", "0.1"}, {"1e15", "1e15"}, {"1e-7", "1e-7"}, {"1e999", "inf"}, {"-1e999", "-inf"},
    {"123456789012", "123456789012"}, {"4611686018427387904", "4611686018427387904"},
    {"-9223372036854775808", "-9223372036854775808"}, {"9007199254740993", "9007199254740993"},
    {"1e308", "1e308"}, {"'1'", "'1'"}, {"'2'", "'2'"}, {"'1.0'", "'1.0'"}, {"'a'", "'a'"}, {"'A'", "'A'"},
    {"'b'", "'b'"}, {"'abc'", "'abc'"}, {"'zz'", "'zz'"}, {"''", "''"}, {"'a '", "'a '"}, {"'  x'", "'  x'"},
    {"'été'", "'été'"}, {"'%a_'", "'%a_'"}, {"'it''s'", "'it''s'"}, {"'1e2'", "'1e2'"}, {"' 12'", "' 12'"},
    {"'0x10'", "'0x10'"}, {"'2024-02-29'", "'2024-02-29'"}, {"'9223372036854775806'", "'9223372036854775806'"},
    {"TRUE", "1"}, {"FALSE", "0"}, {"NULL", "NULL"}, {"NULL", "NULL"}, {"x''", "x''"}, {"x'61'", "x'61'"},
    {"x'00ff'", "x'00ff'"}, {"CAST(x'ff' AS TEXT)", "t'ff'"}, {"CAST(x'6100' AS TEXT)", "t'6100'"},
    {"CAST(x'f09f98802e' AS TEXT)", "t'f09f98802e'"}, {"0x7fff", "32767"},
};

static const char *const collations[] = {"BINARY", "NOCASE", "RTRIM"};
static const char *const types[] = {"INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC"};

void put_value(struct generator *g) {
    const struct value *value = &PICK(g, values);
    if (!g->binds || g->constant || g->parameter_count == MAX_PARAMETERS) {
        put(g, "%s", value->sql);
    } else if (g->parameter_count > 0 && chance(g, 8)) {
        put(g, "?%d", between(g, 1, g->parameter_count));
    } else {
        g->parameters[g->parameter_count++] = value;
        put(g, "?");
    }
}

void scope_add(struct scope *scope, const char *alias, const char *column) {
    if (scope->count == MAX_REFS)
        return;
    struct ref *ref = &scope->refs[scope->count++];
    snprintf(ref->alias, sizeof ref->alias, "%s", alias);
    snprintf(ref->column, sizeof ref->column, "%s", column);
}

void scope_add_relation(struct scope *scope, const char *alias, const struct relation *relation) {
    for (int i = 0; i < relation->column_count; i++)
        scope_add(scope, alias, relation->columns[i].name);
}

void put_column_of(struct generator *g, const struct scope *scope) {
    while (scope && scope->outer && (scope->count == 0 || chance(g, 12)))
        scope = scope->outer;
    if (!scope || scope->count == 0) {
        put_value(g);
        return;
    }
    const struct ref *ref = &scope->refs[pick(g, scope->count)];
    if (*ref->alias) {
        put_name(g, ref->alias);
        put(g, ".");
    }
    put_name(g, ref->column);
}

static void put_leaf(struct generator *g, const struct scope *scope) {
    if (scope && chance(g, 65))
        put_column_of(g, scope);
    else
        put_value(g);
}

/* @ stands for an expression, ` for a name of a collation, ^ for one of a type. */
static void put_form(struct generator *g, const struct scope *scope, int depth, const char *form) {
    for (; *form; form++) {
        if (*form == '@')
            put_expression(g, scope, depth - 1);
        else if (*form == '`')
            put(g, "%s", PICK(g, collations));
        else if (*form == '^')
            put(g, "%s", PICK(g, types));
        else
            put(g, "%c", *form);
    }
}

static const char *const operators[] = {
    "(@ + @)", "(@ - @)", "(@ * @)", "(@ / @)", "(@ % @)", "(@ || @)", "(@ & @)", "(@ | @)", "(@ << 2)", "(@ >> 1)",
    "(- @)", "(+ @)", "(~@)", "(NOT @)", "(@ COLLATE `)", "CAST(@ AS ^)", "CAST(@ AS ^)",
    "CASE WHEN @ THEN @ ELSE @ END", "CASE @ WHEN @ THEN @ WHEN @ THEN @ END", "iif(@, @, @)",
};

static const char *const comparisons[] = {
    "(@ = @)", "(@ = @)", "(@ < @)", "(@ <= @)", "(@ > @)", "(@ >= @)", "(@ <> @)", "(@ IS @)", "(@ IS NOT @)",
    "(@ IS NOT DISTINCT FROM @)", "(@ IS DISTINCT FROM @)", "(@ ISNULL)", "(@ NOTNULL)", "(@ NOT NULL)",
    "(@ BETWEEN @ AND @)", "(@ NOT BETWEEN @ AND @)", "(@ IN (@, @, @))", "(@ NOT IN (@, @))", "(@ IN ())",
    "(@ LIKE @)", "(@ LIKE '%a%')", "(@ LIKE 'a!%' ESCAPE '!')", "(@ NOT LIKE 'a%')", "(@ GLOB '*a*')", "(@ GLOB @)",
    "(@ AND @)", "(@ AND @)", "(@ OR @)", "(@ OR @)", "((@, @) = (@, @))", "((@, @) < (@, @))",
    "((@, @) IN (VALUES (@, @), (@, @)))", "(@ = @ COLLATE `)", "(@ IS TRUE)", "(@ IS NOT FALSE)",
};

static const char *const functions[] = {
    "coalesce(@, @)", "coalesce(@, @, @)", "ifnull(@, @)", "nullif(@, @)", "typeof(@)", "typeof(@)",
    "length(@)", "lower(@)", "upper(@)", "substr(@, 2)", "substr(@, 1, 2)", "substr(@, -2, 1)", "trim(@)",
    "ltrim(@, 'a ')", "rtrim(@, @)", "replace(@, 'a', 'bc')", "instr(@, @)", "hex(@)", "quote(@)", "unicode(@)",
    "char(97, 98)", "round(@)", "round(@, 1)", "min(@, @)", "max(@, @, @)", "printf('%d|%s|%.3f', @, @, @)",
    "format('%5.1e %x %Q', @, @, @)", "sign(@)", "zeroblob(3)", "likely(@)", "unlikely(@)", "soundex(@)", "like(@, @)",
    "glob(@, @)", "floor(@)", "ceil(@)", "mod(@, 3)", "pow(@, 2)", "sqrt(@)", "date('2024-01-31', '+1 month')",
    "date(@)", "strftime('%Y-%j %H', @)", "datetime(@, 'unixepoch')", "julianday('2024-02-29')",
    "json_valid(@)", "json_type('[1,2.5,null]', '$[1]')",
    "json_extract('{\"a\":[1,\"x\"]}', '$.a[1]')", "('{\"a\":5}' ->> '$.a')",
    "json_array_length('[1,2,3]')",
};

/* Those that fail for some values. A generated column may not: SQLite notices when the column is read, we when a row is
 * kept. */
static const char *const strict_functions[] = {"abs(@)", "json_array(@, @)", "json_object('k', @)", "json_quote(@)",
                                               "json_set('{\"a\":1}', '$.b', @)"};

static const char *const counters[] = {"changes()", "total_changes()", "last_insert_rowid()"};

static void put_subquery(struct generator *g, const struct scope *scope) {
    int kind = pick(g, 4);
    if (kind == 0) {
        put(g, chance(g, 50) ? "EXISTS (" : "NOT EXISTS (");
        put_query(g, scope, 1, false);
    } else if (kind == 1) {
        put(g, "(");
        put_leaf(g, scope);
        put(g, chance(g, 70) ? " IN (" : " NOT IN (");
        put_query(g, scope, 1, false);
        put(g, ")");
    } else {
        put(g, "(");
        put_query(g, scope, 1, false);
    }
    put(g, ")");
}

void put_expression(struct generator *g, const struct scope *scope, int depth) {
    static const int weights[] = {40, 15, 15, 15, 8, 1};
    int kind = depth <= 0 ? 0 : weighed(g, weights, 6);
    if (kind == 1)
        put_form(g, scope, depth, PICK(g, operators));
    else if (kind == 2)
        put_form(g, scope, depth, PICK(g, comparisons));
    else if (kind == 3)
        put_form(g, scope, depth, !g->constant && chance(g, 12) ? PICK(g, strict_functions) : PICK(g, functions));
    else if (kind == 4 && !g->constant && g->query_depth < 3)
        put_subquery(g, scope);
    else if (kind == 5 && !g->constant && !g->in_trigger)
        put(g, "%s", PICK(g, counters));
    else
        put_leaf(g, scope);
}

void put_condition(struct generator *g, const struct scope *scope) {
    static const char *const simple[] = {"@ = @", "@ = @", "@ > @", "@ <= @", "@ IS NULL", "@ IN (@, @)",
                                         "@ BETWEEN @ AND @", "@ LIKE 'a%'", "@ <> @", "@ IS @"};
    int kind = pick(g, 10);
    if (kind < 5)
        put_form(g, scope, 1, PICK(g, simple));
    else if (kind < 8)
        put_form(g, scope, 3, PICK(g, comparisons));
    else if (kind == 8 && !g->constant && g->query_depth < 3)
        put_subquery(g, scope);
    else
        put_expression(g, scope, 3);
}

static const char *const aggregates[] = {
    "count(*)", "count(@)", "count(DISTINCT @)", "sum(@)", "total(@)", "avg(@)", "min(@)", "max(@)", "sum(DISTINCT @)",
    "group_concat(@)", "group_concat(@, '-')", "group_concat(DISTINCT @)", "json_group_array(@)",
    "json_group_object('k' || @, @)", "max(@) + min(@)", "round(avg(@), 3)",
};

static void put_filter(struct generator *g, const struct scope *scope) {
    put(g, " FILTER (WHERE ");
    put_condition(g, scope);
    put(g, ")");
}

void put_aggregate(struct generator *g, const struct scope *scope) {
    put_form(g, scope, 2, PICK(g, aggregates));
    if (g->statement.data[g->statement.size - 1] == ')' && chance(g, 12))
        put_filter(g, scope);
}

static const char *const window_functions[] = {
    "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)", "lag(@)", "lag(@, 2, @)",
    "lead(@, 1)", "first_value(@)", "last_value(@)", "nth_value(@, 2)",
};
static const char *const framed_aggregates[] = {"count(*)", "sum(@)", "total(@)", "avg(@)", "min(@)", "max(@)",
                                                "group_concat(@, '.')", "count(@)"};
static const char *const frames[] = {
    " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING",
    " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW", " RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING", " ROWS 2 PRECEDING", " RANGE BETWEEN 1 PRECEDING AND 2 FOLLOWING",
    " GROUPS CURRENT ROW EXCLUDE TIES", " ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
    " RANGE UNBOUNDED PRECEDING EXCLUDE GROUP", " ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING EXCLUDE CURRENT ROW",
};

void put_window(struct generator *g, const struct scope *scope) {
    bool aggregate = chance(g, 50);
    put_form(g, scope, 2, aggregate ? PICK(g, framed_aggregates) : PICK(g, window_functions));
    if (aggregate && chance(g, 15))
        put_filter(g, scope);
    put(g, " OVER (");
    if (chance(g, 50))
        put_form(g, scope, 1, "PARTITION BY @");
    if (chance(g, 75))
        put_form(g, scope, 1, chance(g, 70) ? " ORDER BY @" : " ORDER BY @ DESC NULLS LAST");
    if (chance(g, 35))
        put(g, "%s", PICK(g, frames));
    put(g, ")");
}
