/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive descent with one token of lookahead. Every function that takes something returns whether it could, and
 * leaves the first reason behind when it could not. */
#include "direct/parser.h"

#include <heliosdb/status.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    hdb_scanner scanner; /* behind `next` */
    hdb_lexeme next;
    hdb_tree *tree;
    enum hdb_refusal why;
    int rc;
};

static bool refuse(struct parser *parser, enum hdb_refusal why) {
    if (parser->rc == HDB_OK) {
        parser->rc = HDB_NOTSUPPORTED;
        parser->why = parser->next.type == HDB_TOKEN_ILLEGAL ? HDB_REFUSED_TOKEN : why;
    }
    return false;
}

static bool out_of_memory(struct parser *parser) {
    parser->rc = HDB_NOMEM;
    return false;
}

static hdb_lexeme take(struct parser *parser) {
    const hdb_lexeme taken = parser->next;
    parser->next = hdb_scan(&parser->scanner);
    return taken;
}

static bool at_word(const struct parser *parser, const char *word) {
    return hdb_lexeme_is(parser->next, word);
}

static bool accept(struct parser *parser, enum hdb_token type) {
    if (parser->next.type != type)
        return false;
    (void)take(parser);
    return true;
}

static bool accept_word(struct parser *parser, const char *word) {
    if (!at_word(parser, word))
        return false;
    (void)take(parser);
    return true;
}

static bool expect(struct parser *parser, enum hdb_token type) {
    return accept(parser, type) || refuse(parser, HDB_REFUSED_SYNTAX);
}

static bool expect_word(struct parser *parser, const char *word) {
    return accept_word(parser, word) || refuse(parser, HDB_REFUSED_SYNTAX);
}

/* Words that SQLite does not take for a bare name, or not everywhere. */
static bool is_reserved(hdb_lexeme word) {
    static const char *const reserved[] = {
        "ADD",     "ALL",       "ALTER",    "AND",    "AS",           "AUTOINCREMENT", "BETWEEN",      "CASE",
        "CAST",    "CHECK",     "COLLATE",  "COMMIT", "CONSTRAINT",   "CREATE",        "CROSS",        "CURRENT_DATE",
        "DEFAULT", "DELETE",    "DISTINCT", "DROP",   "CURRENT_TIME", "DEFERRABLE",    "ELSE",         "ESCAPE",
        "EXCEPT",  "EXISTS",    "FALSE",    "FILTER", "FOREIGN",      "FROM",          "FULL",         "GROUP",
        "HAVING",  "IN",        "INDEX",    "INDEXED", "INNER",       "INSERT",        "INTERSECT",    "INTO",
        "IS",      "ISNULL",    "JOIN",     "LEFT",   "LIMIT",        "NATURAL",       "NOT",          "NOTHING",
        "NOTNULL", "NULL",      "ON",       "OR",     "ORDER",        "OUTER",         "OVER",         "PRIMARY",
        "RAISE",   "REFERENCES", "RETURNING", "RIGHT", "SELECT",      "SET",           "TABLE",        "THEN",
        "TO",      "TRANSACTION", "TRUE",   "UNION",  "UNIQUE",       "UPDATE",        "USING",        "VALUES",
        "WHEN",    "WHERE",     "WINDOW",   "CURRENT_TIMESTAMP",
    };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (hdb_lexeme_is(word, reserved[i]))
            return true;
    }
    return false;
}

static bool at_name(const struct parser *parser) {
    return parser->next.type == HDB_TOKEN_QUOTED ||
           (parser->next.type == HDB_TOKEN_WORD && !is_reserved(parser->next));
}

static bool parse_name(struct parser *parser, hdb_slice *out) {
    if (!at_name(parser))
        return refuse(parser, HDB_REFUSED_SYNTAX);
    *out = take(parser).text;
    return true;
}

/* [qualifier.]name */
static bool parse_qualified(struct parser *parser, hdb_tree_name *out) {
    if (!parse_name(parser, &out->name))
        return false;
    if (!accept(parser, HDB_TOKEN_DOT))
        return true;
    out->qualifier = out->name;
    return parse_name(parser, &out->name);
}

/* Makes room for one more element. */
static void *grow(struct parser *parser, void *list, int count, size_t element) {
    /* powers of two: only then is the list full */
    if (count & (count - 1))
        return list;
    void *larger = realloc(list, (count == 0 ? 1 : (size_t)count * 2) * element);
    if (larger == NULL)
        (void)out_of_memory(parser);
    return larger;
}

static bool add_column(struct parser *parser, hdb_slice column) {
    hdb_tree *tree = parser->tree;
    hdb_slice *columns = grow(parser, tree->columns, tree->column_count, sizeof *columns);
    if (columns == NULL)
        return false;
    tree->columns = columns;
    columns[tree->column_count++] = column;
    return true;
}

static bool add_value(struct parser *parser, hdb_tree_operand value) {
    hdb_tree *tree = parser->tree;
    hdb_tree_operand *values = grow(parser, tree->values, tree->value_count, sizeof *values);
    if (values == NULL)
        return false;
    tree->values = values;
    values[tree->value_count++] = value;
    return true;
}

static bool add_item(struct parser *parser, hdb_tree_item item) {
    hdb_tree *tree = parser->tree;
    hdb_tree_item *items = grow(parser, tree->items, tree->item_count, sizeof *items);
    if (items == NULL)
        return false;
    tree->items = items;
    items[tree->item_count++] = item;
    return true;
}

/* --- values --- */

static bool parse_parameter(struct parser *parser, hdb_tree_operand *out) {
    hdb_error error = HDB_ERROR_INIT;
    const hdb_slice variable = parser->next.text;
    if (variable.data[0] == '#')
        return refuse(parser, HDB_REFUSED_TOKEN);
    const int rc = hdb_sql_parameter_number(&parser->tree->parameters, variable, &out->parameter, &error);
    hdb_error_clear(&error);
    if (rc == HDB_NOMEM)
        return out_of_memory(parser);
    if (rc != HDB_OK)
        return refuse(parser, HDB_REFUSED_PARAMETER);
    out->kind = HDB_TREE_PARAMETER;
    (void)take(parser);
    return true;
}

static int digit_value(char c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* A hexadecimal literal is 64 bits of two's complement; a decimal one may be 2^63 only behind a minus. */
static bool parse_integer(struct parser *parser, bool negative, int64_t *out) {
    const hdb_slice text = parser->next.text;
    const bool hexadecimal = text.size > 1 && (text.data[1] == 'x' || text.data[1] == 'X');
    const uint64_t base = hexadecimal ? 16 : 10;
    const uint64_t limit = hexadecimal ? UINT64_MAX : (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t number = 0;
    if (hexadecimal && negative)
        return refuse(parser, HDB_REFUSED_VALUE);
    for (size_t i = hexadecimal ? 2 : 0; i < text.size; i++) {
        const uint64_t digit = (uint64_t)digit_value(text.data[i]);
        if (number > (limit - digit) / base)
            return refuse(parser, HDB_REFUSED_BIG_NUMBER);
        number = number * base + digit;
    }
    *out = (int64_t)(negative ? 0 - number : number);
    (void)take(parser);
    return true;
}

static bool parse_number(struct parser *parser, hdb_tree_operand *out) {
    const bool negative = accept(parser, HDB_TOKEN_MINUS);
    out->kind = HDB_TREE_INTEGER;
    if (parser->next.type == HDB_TOKEN_FLOAT)
        return refuse(parser, HDB_REFUSED_FRACTION);
    if (parser->next.type != HDB_TOKEN_INTEGER)
        return refuse(parser, HDB_REFUSED_VALUE);
    return parse_integer(parser, negative, &out->integer);
}

static bool parse_word_value(struct parser *parser, hdb_tree_operand *out) {
    if (accept_word(parser, "NULL")) {
        out->kind = HDB_TREE_NULL;
        return true;
    }
    if (!at_word(parser, "TRUE") && !at_word(parser, "FALSE"))
        return refuse(parser, HDB_REFUSED_VALUE);
    out->kind = HDB_TREE_BOOLEAN;
    out->integer = at_word(parser, "TRUE");
    out->token = take(parser).text;
    return true;
}

static bool parse_operand(struct parser *parser, hdb_tree_operand *out) {
    switch (parser->next.type) {
    case HDB_TOKEN_VARIABLE:
        return parse_parameter(parser, out);
    case HDB_TOKEN_MINUS:
    case HDB_TOKEN_INTEGER:
    case HDB_TOKEN_FLOAT:
        return parse_number(parser, out);
    case HDB_TOKEN_STRING:
    case HDB_TOKEN_BLOB:
        out->kind = parser->next.type == HDB_TOKEN_STRING ? HDB_TREE_TEXT : HDB_TREE_BLOB;
        out->token = take(parser).text;
        return true;
    case HDB_TOKEN_WORD:
        return parse_word_value(parser, out);
    default:
        return refuse(parser, HDB_REFUSED_VALUE);
    }
}

/* --- clauses --- */

/* column = value, value = column; IS is the same for a value that is an integer */
static bool parse_comparison(struct parser *parser) {
    hdb_tree *tree = parser->tree;
    const bool column_first = at_name(parser);
    if (column_first ? !parse_qualified(parser, &tree->key) : !parse_operand(parser, &tree->key_value))
        return refuse(parser, HDB_REFUSED_CONDITION);
    if (!accept(parser, HDB_TOKEN_EQ) && !accept_word(parser, "IS"))
        return refuse(parser, HDB_REFUSED_CONDITION);
    if (column_first)
        return parse_operand(parser, &tree->key_value);
    return at_name(parser) ? parse_qualified(parser, &tree->key) : refuse(parser, HDB_REFUSED_CONDITION);
}

static bool parse_where(struct parser *parser) {
    int depth = 0;
    if (!accept_word(parser, "WHERE"))
        return true;
    parser->tree->has_key = true;
    while (accept(parser, HDB_TOKEN_LPAREN))
        depth++;
    if (!parse_comparison(parser)) {
        /* a value that can't be one is, here, a condition that is no key's; numbers keep their own reason */
        if (parser->why == HDB_REFUSED_VALUE || parser->why == HDB_REFUSED_SYNTAX)
            parser->why = HDB_REFUSED_CONDITION;
        return false;
    }
    for (; depth > 0; depth--) {
        if (!accept(parser, HDB_TOKEN_RPAREN))
            return refuse(parser, HDB_REFUSED_CONDITION);
    }
    return true;
}

/* LIMIT n, which changes nothing for at most one row when n is positive. */
static bool parse_limit(struct parser *parser) {
    hdb_tree_operand limit = {0};
    if (!at_word(parser, "LIMIT"))
        return true;
    if (parser->tree->verb != HDB_TREE_SELECT)
        return refuse(parser, HDB_REFUSED_LIMIT);
    (void)take(parser);
    if (parser->next.type != HDB_TOKEN_INTEGER || !parse_number(parser, &limit) || limit.integer < 1 ||
        at_word(parser, "OFFSET") || parser->next.type == HDB_TOKEN_COMMA)
        return refuse(parser, HDB_REFUSED_LIMIT);
    parser->tree->has_limit = true;
    return true;
}

/* What may stand where the accepted form ends, and why it then is refused. */
static const struct {
    const char *word;
    enum hdb_refusal why;
} tails[] = {
    {"GROUP", HDB_REFUSED_GROUP},         {"HAVING", HDB_REFUSED_GROUP},       {"WINDOW", HDB_REFUSED_WINDOW},
    {"UNION", HDB_REFUSED_COMPOUND},      {"INTERSECT", HDB_REFUSED_COMPOUND}, {"EXCEPT", HDB_REFUSED_COMPOUND},
    {"ORDER", HDB_REFUSED_ORDER},         {"RETURNING", HDB_REFUSED_RETURNING}, {"ON", HDB_REFUSED_UPSERT},
    {"JOIN", HDB_REFUSED_JOIN},           {"CROSS", HDB_REFUSED_JOIN},         {"INNER", HDB_REFUSED_JOIN},
    {"LEFT", HDB_REFUSED_JOIN},           {"RIGHT", HDB_REFUSED_JOIN},         {"FULL", HDB_REFUSED_JOIN},
    {"NATURAL", HDB_REFUSED_JOIN},        {"FROM", HDB_REFUSED_UPDATE_FROM},   {"INDEXED", HDB_REFUSED_INDEX_HINT},
    {"NOT", HDB_REFUSED_INDEX_HINT},      {"LIMIT", HDB_REFUSED_LIMIT},
};

static bool refuse_tail(struct parser *parser) {
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        if (at_word(parser, tails[i].word))
            return refuse(parser, tails[i].why);
    }
    return refuse(parser, parser->tree->has_key ? HDB_REFUSED_CONDITION : HDB_REFUSED_SYNTAX);
}

static bool parse_end(struct parser *parser) {
    if (parser->next.type != HDB_TOKEN_SEMICOLON && parser->next.type != HDB_TOKEN_END)
        return refuse_tail(parser);
    while (accept(parser, HDB_TOKEN_SEMICOLON)) {
    }
    return parser->next.type == HDB_TOKEN_END || refuse(parser, HDB_REFUSED_MORE_TEXT);
}

/* [schema.]table [AS alias] of a change */
static bool parse_target(struct parser *parser) {
    hdb_tree *tree = parser->tree;
    if (!parse_qualified(parser, &tree->table))
        return false;
    return !accept_word(parser, "AS") || parse_name(parser, &tree->alias);
}

/* [schema.]table [[AS] alias] of a query */
static bool parse_source(struct parser *parser) {
    hdb_tree *tree = parser->tree;
    if (parser->next.type == HDB_TOKEN_LPAREN)
        return refuse(parser, HDB_REFUSED_SUBQUERY);
    if (!parse_qualified(parser, &tree->table))
        return false;
    if (parser->next.type == HDB_TOKEN_LPAREN)
        return refuse(parser, HDB_REFUSED_SUBQUERY);
    if ((accept_word(parser, "AS") || at_name(parser)) && !parse_name(parser, &tree->alias))
        return false;
    return parser->next.type != HDB_TOKEN_COMMA || refuse(parser, HDB_REFUSED_JOIN);
}

/* --- SELECT --- */

static bool is_space_byte(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ( * ) behind the word COUNT; SQLite names the column by the text up to the next token. */
static bool parse_count(struct parser *parser, hdb_lexeme word, hdb_tree_item *out) {
    out->kind = HDB_TREE_COUNT;
    (void)take(parser);
    if (!accept(parser, HDB_TOKEN_STAR) || !accept(parser, HDB_TOKEN_RPAREN))
        return refuse(parser, HDB_REFUSED_EXPRESSION);
    out->span = (hdb_slice){word.text.data, (size_t)(parser->next.text.data - word.text.data)};
    while (is_space_byte(out->span.data[out->span.size - 1]))
        out->span.size--;
    return true;
}

/* name, qualifier.name, qualifier.*, count(*) */
static bool parse_item_name(struct parser *parser, hdb_tree_item *out) {
    if (!at_name(parser))
        return refuse(parser, HDB_REFUSED_EXPRESSION);
    const hdb_lexeme word = take(parser);
    if (parser->next.type == HDB_TOKEN_LPAREN)
        return hdb_lexeme_is(word, "COUNT") ? parse_count(parser, word, out) : refuse(parser, HDB_REFUSED_EXPRESSION);
    out->kind = HDB_TREE_COLUMN;
    out->column.name = word.text;
    if (!accept(parser, HDB_TOKEN_DOT))
        return true;
    out->column.qualifier = word.text;
    if (accept(parser, HDB_TOKEN_STAR)) {
        out->kind = HDB_TREE_STAR;
        return true;
    }
    return parse_name(parser, &out->column.name);
}

static bool parse_item(struct parser *parser) {
    hdb_tree_item item = {0};
    if (accept(parser, HDB_TOKEN_STAR))
        item.kind = HDB_TREE_STAR;
    else if (!parse_item_name(parser, &item))
        return false;
    if (item.kind != HDB_TREE_STAR && accept_word(parser, "AS")) {
        if (parser->next.type == HDB_TOKEN_STRING)
            item.alias = take(parser).text;
        else if (!parse_name(parser, &item.alias))
            return false;
    }
    return add_item(parser, item);
}

static bool parse_select(struct parser *parser) {
    if (at_word(parser, "DISTINCT"))
        return refuse(parser, HDB_REFUSED_DISTINCT);
    (void)accept_word(parser, "ALL");
    do {
        if (!parse_item(parser))
            return false;
    } while (accept(parser, HDB_TOKEN_COMMA));
    if (parser->next.type == HDB_TOKEN_SEMICOLON || parser->next.type == HDB_TOKEN_END)
        return refuse(parser, HDB_REFUSED_NO_SOURCE);
    if (!accept_word(parser, "FROM"))
        return refuse(parser, HDB_REFUSED_EXPRESSION);
    return parse_source(parser) && parse_where(parser) && parse_limit(parser) && parse_end(parser);
}

/* --- changes --- */

static bool parse_names_in_parentheses(struct parser *parser) {
    do {
        hdb_slice name = {NULL, 0};
        if (!parse_name(parser, &name) || !add_column(parser, name))
            return false;
    } while (accept(parser, HDB_TOKEN_COMMA));
    return expect(parser, HDB_TOKEN_RPAREN);
}

static bool parse_insert(struct parser *parser) {
    if (at_word(parser, "OR"))
        return refuse(parser, HDB_REFUSED_CONFLICT_CLAUSE);
    if (!expect_word(parser, "INTO") || !parse_target(parser))
        return false;
    if (accept(parser, HDB_TOKEN_LPAREN) && !parse_names_in_parentheses(parser))
        return false;
    if (at_word(parser, "SELECT") || at_word(parser, "WITH") || at_word(parser, "DEFAULT"))
        return refuse(parser, HDB_REFUSED_INSERT_SELECT);
    if (!expect_word(parser, "VALUES") || !expect(parser, HDB_TOKEN_LPAREN))
        return false;
    do {
        hdb_tree_operand value = {0};
        if (!parse_operand(parser, &value) || !add_value(parser, value))
            return false;
    } while (accept(parser, HDB_TOKEN_COMMA));
    if (!accept(parser, HDB_TOKEN_RPAREN))
        return refuse(parser, HDB_REFUSED_VALUE);
    if (parser->next.type == HDB_TOKEN_COMMA)
        return refuse(parser, HDB_REFUSED_MANY_ROWS);
    return parse_end(parser);
}

static bool parse_assignment(struct parser *parser) {
    hdb_slice column = {NULL, 0};
    hdb_tree_operand value = {0};
    if (parser->next.type == HDB_TOKEN_LPAREN)
        return refuse(parser, HDB_REFUSED_ROW_VALUE);
    return parse_name(parser, &column) && expect(parser, HDB_TOKEN_EQ) && parse_operand(parser, &value) &&
           add_column(parser, column) && add_value(parser, value);
}

static bool parse_update(struct parser *parser) {
    if (at_word(parser, "OR"))
        return refuse(parser, HDB_REFUSED_CONFLICT_CLAUSE);
    if (!parse_target(parser))
        return false;
    if (at_word(parser, "INDEXED") || at_word(parser, "NOT"))
        return refuse(parser, HDB_REFUSED_INDEX_HINT);
    if (!expect_word(parser, "SET"))
        return false;
    do {
        if (!parse_assignment(parser))
            return false;
    } while (accept(parser, HDB_TOKEN_COMMA));
    /* an operator behind a value: an expression */
    if (parser->next.type != HDB_TOKEN_WORD && parser->next.type != HDB_TOKEN_SEMICOLON &&
        parser->next.type != HDB_TOKEN_END)
        return refuse(parser, HDB_REFUSED_VALUE);
    return parse_where(parser) && parse_limit(parser) && parse_end(parser);
}

static bool parse_delete(struct parser *parser) {
    return expect_word(parser, "FROM") && parse_target(parser) && parse_where(parser) && parse_limit(parser) &&
           parse_end(parser);
}

static const struct {
    const char *word;
    enum hdb_tree_verb verb;
    bool (*parse)(struct parser *parser);
} verbs[] = {
    {"SELECT", HDB_TREE_SELECT, parse_select},
    {"INSERT", HDB_TREE_INSERT, parse_insert},
    {"UPDATE", HDB_TREE_UPDATE, parse_update},
    {"DELETE", HDB_TREE_DELETE, parse_delete},
};

static bool parse_statement(struct parser *parser) {
    while (accept(parser, HDB_TOKEN_SEMICOLON)) {
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!accept_word(parser, verbs[i].word))
            continue;
        parser->tree->verb = verbs[i].verb;
        return verbs[i].parse(parser);
    }
    if (at_word(parser, "REPLACE"))
        return refuse(parser, HDB_REFUSED_CONFLICT_CLAUSE);
    return refuse(parser, at_word(parser, "WITH") ? HDB_REFUSED_WITH : HDB_REFUSED_VERB);
}

int hdb_tree_parse(const char *sql, size_t size, hdb_tree *out, enum hdb_refusal *why) {
    struct parser parser = {.scanner = {sql, size, 0}, .tree = out, .why = HDB_REFUSED_NOT, .rc = HDB_OK};
    memset(out, 0, sizeof *out);
    parser.next = hdb_scan(&parser.scanner);
    (void)parse_statement(&parser);
    *why = parser.why;
    return parser.rc;
}

void hdb_tree_free(hdb_tree *tree) {
    free(tree->items);
    free(tree->columns);
    free(tree->values);
    hdb_sql_parameters_free(&tree->parameters);
    memset(tree, 0, sizeof *tree);
}
