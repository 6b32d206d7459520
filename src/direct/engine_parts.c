/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/engine_parts.h"

#include <string.h>

static bool accept(hdb_scanner *scanner, const char *word) {
    if (!hdb_lexeme_is(hdb_peek(scanner), word))
        return false;
    (void)hdb_scan(scanner);
    return true;
}

static bool is_name(hdb_lexeme lexeme) {
    return lexeme.type == HDB_TOKEN_WORD || lexeme.type == HDB_TOKEN_QUOTED;
}

static bool is_end(hdb_lexeme lexeme) {
    return lexeme.type == HDB_TOKEN_END || lexeme.type == HDB_TOKEN_SEMICOLON;
}

static hdb_slice between(const char *start, const char *end) {
    return (hdb_slice){start, (size_t)(end - start)};
}

/* Takes everything up to one of the words outside parentheses, or the end; gives where that stands. */
static const char *skip_to(hdb_scanner *scanner, const char *const *words) {
    bool distinct = false;
    for (int depth = 0;;) {
        const hdb_lexeme next = hdb_peek(scanner);
        if (is_end(next))
            return next.text.data;
        for (int i = 0; depth == 0 && !distinct && words[i]; i++)
            if (hdb_lexeme_is(next, words[i]))
                return next.text.data;
        distinct = hdb_lexeme_is(next, "DISTINCT"); /* IS DISTINCT FROM */
        depth += (next.type == HDB_TOKEN_LPAREN) - (next.type == HDB_TOKEN_RPAREN);
        (void)hdb_scan(scanner);
    }
}

static bool take_table(hdb_scanner *scanner, hdb_engine_parts *out) {
    if (!is_name(hdb_peek(scanner)))
        return false;
    out->table = hdb_scan(scanner).text;
    if (hdb_peek(scanner).type == HDB_TOKEN_DOT) {
        (void)hdb_scan(scanner);
        if (!is_name(hdb_peek(scanner)))
            return false;
        out->schema = out->table;
        out->table = hdb_scan(scanner).text;
    }
    return true;
}

/* [AS] alias, where none of the words that may follow the table stands. */
static void take_alias(hdb_scanner *scanner, hdb_engine_parts *out) {
    static const char *const others[] = {"SET", "WHERE", "RETURNING", "INDEXED", "NOT", "SELECT", "VALUES", "WITH", "DEFAULT"};
    const hdb_lexeme next = hdb_peek(scanner);
    if (hdb_lexeme_is(next, "AS")) {
        (void)hdb_scan(scanner);
        out->alias = hdb_scan(scanner).text;
        return;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (hdb_lexeme_is(next, others[i]))
            return;
    if (is_name(next))
        out->alias = hdb_scan(scanner).text;
}

/* (column, ...) */
static bool take_columns(hdb_scanner *scanner, hdb_engine_parts *out) {
    out->column_count = 0;
    do {
        (void)hdb_scan(scanner); /* the parenthesis, or a comma */
        if (!is_name(hdb_scan(scanner)))
            return false;
        out->column_count++;
    } while (hdb_peek(scanner).type == HDB_TOKEN_COMMA);
    return hdb_scan(scanner).type == HDB_TOKEN_RPAREN;
}

static const char *take_insert(hdb_scanner *scanner, hdb_engine_parts *out) {
    static const char *const ends[] = {"ON", "RETURNING", NULL};
    out->column_count = -1;
    if (!accept(scanner, "INTO") || !take_table(scanner, out))
        return "no INTO";
    take_alias(scanner, out);
    if (hdb_peek(scanner).type == HDB_TOKEN_LPAREN && !take_columns(scanner, out))
        return "a list of columns that can't be told";
    const hdb_lexeme first = hdb_peek(scanner);
    out->values = hdb_lexeme_is(first, "VALUES");
    if (!out->values && !hdb_lexeme_is(first, "SELECT") && !hdb_lexeme_is(first, "WITH"))
        return "no SELECT and no VALUES";
    out->head = between(scanner->text, first.text.data);
    const char *end = NULL;
    /* In a SELECT, ON may be a join's. */
    for (;;) {
        end = skip_to(scanner, ends);
        hdb_scanner behind = *scanner;
        if (!accept(&behind, "ON") || accept(&behind, "CONFLICT"))
            break;
        (void)hdb_scan(scanner);
    }
    out->rows = between(first.text.data, end);
    return NULL;
}

static const char *take_update(hdb_scanner *scanner, hdb_engine_parts *out) {
    static const char *const ends[] = {"FROM", "WHERE", "RETURNING", "ORDER", "LIMIT", NULL}, *const tails[] = {"RETURNING", "ORDER", "LIMIT", NULL};
    if (!take_table(scanner, out))
        return "no table";
    take_alias(scanner, out);
    if (!accept(scanner, "SET"))
        return "something between the table and SET";
    out->head = between(scanner->text, scanner->text + scanner->position);
    const char *start = hdb_peek(scanner).text.data, *end = skip_to(scanner, ends);
    out->assignments = between(start, end);
    if (hdb_lexeme_is(hdb_peek(scanner), "FROM"))
        return "UPDATE ... FROM";
    if (accept(scanner, "WHERE")) {
        start = hdb_peek(scanner).text.data;
        out->condition = between(start, skip_to(scanner, tails));
    }
    return NULL;
}

static const char *take_delete(hdb_scanner *scanner, hdb_engine_parts *out) {
    static const char *const tails[] = {"RETURNING", "ORDER", "LIMIT", NULL};
    if (!accept(scanner, "FROM") || !take_table(scanner, out))
        return "no FROM";
    take_alias(scanner, out);
    out->head = between(scanner->text, hdb_peek(scanner).text.data);
    if (!accept(scanner, "WHERE"))
        return "something between the table and WHERE";
    const char *start = hdb_peek(scanner).text.data;
    out->condition = between(start, skip_to(scanner, tails));
    return NULL;
}

/* What SQLite does by itself, once it has the rows. */
static const char *take_tail(hdb_scanner *scanner, hdb_engine_parts *out) {
    const hdb_lexeme first = hdb_peek(scanner);
    if (is_end(first))
        return NULL;
    if (!hdb_lexeme_is(first, "RETURNING") && !hdb_lexeme_is(first, "ON"))
        return "ORDER BY or LIMIT of a change";
    hdb_lexeme next = hdb_scan(scanner);
    for (; !is_end(next); next = hdb_scan(scanner)) {
        if (next.type == HDB_TOKEN_VARIABLE)
            return "a parameter in ON CONFLICT or RETURNING";
        out->tail = between(first.text.data, next.text.data + next.text.size);
    }
    return NULL;
}

const char *hdb_engine_take_apart(const char *sql, size_t size, hdb_engine_parts *out) {
    hdb_scanner scanner = {sql, size, 0};
    const char *why = NULL;
    memset(out, 0, sizeof *out);
    while (hdb_peek(&scanner).type == HDB_TOKEN_SEMICOLON)
        (void)hdb_scan(&scanner);
    const hdb_lexeme verb = hdb_scan(&scanner);
    if (!hdb_lexeme_is(verb, "REPLACE") && accept(&scanner, "OR"))
        (void)hdb_scan(&scanner);
    if (hdb_lexeme_is(verb, "INSERT") || hdb_lexeme_is(verb, "REPLACE")) {
        out->kind = HDB_SQL_INSERT;
        why = take_insert(&scanner, out);
    } else if (hdb_lexeme_is(verb, "UPDATE")) {
        out->kind = HDB_SQL_UPDATE;
        why = take_update(&scanner, out);
    } else if (hdb_lexeme_is(verb, "DELETE")) {
        out->kind = HDB_SQL_DELETE;
        why = take_delete(&scanner, out);
    } else {
        why = "a WITH clause before a change";
    }
    return why ? why : take_tail(&scanner, out);
}

bool hdb_engine_next_assignment(hdb_slice *assignments, hdb_slice *name, hdb_slice *expression, bool *malformed) {
    hdb_scanner scanner = {assignments->data, assignments->size, 0};
    const char *stop = assignments->data + assignments->size;
    hdb_lexeme next = hdb_scan(&scanner);
    *malformed = false;
    if (next.type == HDB_TOKEN_END)
        return false;
    *name = next.text;
    *malformed = !is_name(next) || hdb_scan(&scanner).type != HDB_TOKEN_EQ;
    const char *start = hdb_peek(&scanner).text.data;
    int depth = 0;
    for (next = hdb_peek(&scanner); next.type != HDB_TOKEN_END; next = hdb_peek(&scanner)) {
        if (depth == 0 && next.type == HDB_TOKEN_COMMA)
            break;
        depth += (next.type == HDB_TOKEN_LPAREN) - (next.type == HDB_TOKEN_RPAREN);
        (void)hdb_scan(&scanner);
    }
    *expression = between(start, next.type == HDB_TOKEN_END ? stop : next.text.data);
    *malformed = *malformed || expression->size == 0;
    if (next.type == HDB_TOKEN_COMMA)
        (void)hdb_scan(&scanner);
    *assignments = between(scanner.text + scanner.position, stop);
    return !*malformed;
}
