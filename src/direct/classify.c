/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/classify.h"

#include <string.h>

static bool accept_word(hdb_scanner *scanner, const char *word) {
    if (!hdb_lexeme_is(hdb_peek(scanner), word))
        return false;
    (void)hdb_scan(scanner);
    return true;
}

static bool accept_token(hdb_scanner *scanner, enum hdb_token type) {
    if (hdb_peek(scanner).type != type)
        return false;
    (void)hdb_scan(scanner);
    return true;
}

/* SQLite takes names bare, quoted, and as strings. */
static bool is_name(hdb_lexeme lexeme) {
    return lexeme.type == HDB_TOKEN_WORD || lexeme.type == HDB_TOKEN_QUOTED || lexeme.type == HDB_TOKEN_STRING;
}

static hdb_slice take_name(hdb_scanner *scanner) {
    return is_name(hdb_peek(scanner)) ? hdb_scan(scanner).text : (hdb_slice){NULL, 0};
}

/* [schema.]name */
static void take_object(hdb_scanner *scanner, hdb_sql_class *out) {
    out->name = take_name(scanner);
    if (out->name.data != NULL && accept_token(scanner, HDB_TOKEN_DOT)) {
        out->schema = out->name;
        out->name = take_name(scanner);
    }
}

/* Takes everything up to the parenthesis that closes one already taken. */
static void skip_parenthesis(hdb_scanner *scanner) {
    for (int depth = 1; depth > 0;) {
        const hdb_lexeme lexeme = hdb_scan(scanner);
        if (lexeme.type == HDB_TOKEN_END || lexeme.type == HDB_TOKEN_SEMICOLON)
            return;
        if (lexeme.type == HDB_TOKEN_LPAREN)
            depth++;
        else if (lexeme.type == HDB_TOKEN_RPAREN)
            depth--;
    }
}

static void classify_begin(hdb_scanner *scanner, hdb_sql_class *out) {
    if (accept_word(scanner, "IMMEDIATE"))
        out->begin = HDB_SQL_IMMEDIATE;
    else if (accept_word(scanner, "EXCLUSIVE"))
        out->begin = HDB_SQL_EXCLUSIVE;
}

/* ROLLBACK [TRANSACTION [name]] [TO [SAVEPOINT] name] */
static void classify_rollback(hdb_scanner *scanner, hdb_sql_class *out) {
    if (accept_word(scanner, "TRANSACTION") && !hdb_lexeme_is(hdb_peek(scanner), "TO"))
        (void)take_name(scanner);
    if (!accept_word(scanner, "TO"))
        return;
    out->kind = HDB_SQL_ROLLBACK_TO;
    (void)accept_word(scanner, "SAVEPOINT");
    out->name = take_name(scanner);
}

static void classify_savepoint(hdb_scanner *scanner, hdb_sql_class *out) {
    out->name = take_name(scanner);
}

static void classify_release(hdb_scanner *scanner, hdb_sql_class *out) {
    (void)accept_word(scanner, "SAVEPOINT");
    out->name = take_name(scanner);
}

static void classify_pragma(hdb_scanner *scanner, hdb_sql_class *out) {
    take_object(scanner, out);
    out->assigned = accept_token(scanner, HDB_TOKEN_EQ);
    out->has_argument = out->assigned || accept_token(scanner, HDB_TOKEN_LPAREN);
    if (!out->has_argument)
        return;
    const hdb_lexeme first = hdb_scan(scanner);
    hdb_lexeme last = first;
    if (first.type == HDB_TOKEN_PLUS || first.type == HDB_TOKEN_MINUS)
        last = hdb_scan(scanner);
    if (first.type == HDB_TOKEN_END || first.type == HDB_TOKEN_SEMICOLON || first.type == HDB_TOKEN_RPAREN)
        return;
    out->argument = (hdb_slice){first.text.data, (size_t)(last.text.data - first.text.data) + last.text.size};
}

static void classify_detach(hdb_scanner *scanner, hdb_sql_class *out) {
    (void)accept_word(scanner, "DATABASE");
    out->name = take_name(scanner);
}

static void classify_vacuum(hdb_scanner *scanner, hdb_sql_class *out) {
    if (!hdb_lexeme_is(hdb_peek(scanner), "INTO"))
        out->schema = take_name(scanner);
    out->into = accept_word(scanner, "INTO");
}

static void classify_explain(hdb_scanner *scanner, hdb_sql_class *out) {
    if (accept_word(scanner, "QUERY")) {
        out->query_plan = true;
        (void)accept_word(scanner, "PLAN");
    }
    const hdb_lexeme first = hdb_peek(scanner);
    out->body = (hdb_slice){first.text.data, (size_t)(scanner->text + scanner->size - first.text.data)};
}

/* CREATE [TEMP] [UNIQUE | VIRTUAL] object [IF NOT EXISTS] [schema.]name, DROP object [IF EXISTS], ALTER object */
static void classify_ddl(hdb_scanner *scanner, hdb_sql_class *out) {
    if (out->kind == HDB_SQL_CREATE)
        out->temporary = accept_word(scanner, "TEMP") || accept_word(scanner, "TEMPORARY");
    (void)accept_word(scanner, "UNIQUE");
    if (hdb_peek(scanner).type != HDB_TOKEN_WORD)
        return;
    out->object = hdb_scan(scanner).text;
    if (hdb_slice_equal(out->object, hdb_slice_of("VIRTUAL")))
        (void)accept_word(scanner, "TABLE");
    if (accept_word(scanner, "IF")) {
        (void)accept_word(scanner, "NOT");
        (void)accept_word(scanner, "EXISTS");
    }
    take_object(scanner, out);
}

static void skip_or_clause(hdb_scanner *scanner) {
    if (accept_word(scanner, "OR"))
        (void)hdb_scan(scanner);
}

/* INSERT [OR what] INTO, REPLACE INTO, UPDATE [OR what], DELETE FROM */
static void classify_dml(hdb_scanner *scanner, hdb_sql_class *out) {
    out->dml = true;
    skip_or_clause(scanner);
    if (out->kind == HDB_SQL_DELETE)
        (void)accept_word(scanner, "FROM");
    else if (out->kind != HDB_SQL_UPDATE)
        (void)accept_word(scanner, "INTO");
    take_object(scanner, out);
}

static void classify_verb(hdb_scanner *scanner, hdb_sql_class *out);

/* WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (select), ... verb. A name may be a word like REPLACE. */
static void classify_with(hdb_scanner *scanner, hdb_sql_class *out) {
    out->with = true;
    (void)accept_word(scanner, "RECURSIVE");
    do {
        (void)take_name(scanner);
        if (accept_token(scanner, HDB_TOKEN_LPAREN))
            skip_parenthesis(scanner);
        (void)accept_word(scanner, "AS");
        (void)accept_word(scanner, "NOT");
        (void)accept_word(scanner, "MATERIALIZED");
        if (accept_token(scanner, HDB_TOKEN_LPAREN))
            skip_parenthesis(scanner);
    } while (accept_token(scanner, HDB_TOKEN_COMMA));
    classify_verb(scanner, out);
    if (!out->dml && out->kind != HDB_SQL_SELECT)
        out->kind = HDB_SQL_OTHER;
}

static const struct verb {
    const char *word;
    enum hdb_sql_kind kind;
    void (*classify)(hdb_scanner *scanner, hdb_sql_class *out); /* NULL: the word says all */
} verbs[] = {
    {"BEGIN", HDB_SQL_BEGIN, classify_begin},
    {"COMMIT", HDB_SQL_COMMIT, NULL},
    {"END", HDB_SQL_COMMIT, NULL},
    {"ROLLBACK", HDB_SQL_ROLLBACK, classify_rollback},
    {"SAVEPOINT", HDB_SQL_SAVEPOINT, classify_savepoint},
    {"RELEASE", HDB_SQL_RELEASE, classify_release},
    {"PRAGMA", HDB_SQL_PRAGMA, classify_pragma},
    {"ATTACH", HDB_SQL_ATTACH, NULL},
    {"DETACH", HDB_SQL_DETACH, classify_detach},
    {"VACUUM", HDB_SQL_VACUUM, classify_vacuum},
    {"EXPLAIN", HDB_SQL_EXPLAIN, classify_explain},
    {"SELECT", HDB_SQL_SELECT, NULL},
    {"VALUES", HDB_SQL_SELECT, NULL},
    {"WITH", HDB_SQL_OTHER, classify_with},
    {"INSERT", HDB_SQL_INSERT, classify_dml},
    {"REPLACE", HDB_SQL_REPLACE, classify_dml},
    {"UPDATE", HDB_SQL_UPDATE, classify_dml},
    {"DELETE", HDB_SQL_DELETE, classify_dml},
    {"CREATE", HDB_SQL_CREATE, classify_ddl},
    {"DROP", HDB_SQL_DROP, classify_ddl},
    {"ALTER", HDB_SQL_ALTER, classify_ddl},
    {"ANALYZE", HDB_SQL_ANALYZE, NULL},
    {"REINDEX", HDB_SQL_REINDEX, NULL},
};

static void classify_verb(hdb_scanner *scanner, hdb_sql_class *out) {
    const hdb_lexeme word = hdb_scan(scanner);
    out->kind = HDB_SQL_OTHER;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!hdb_lexeme_is(word, verbs[i].word))
            continue;
        out->kind = verbs[i].kind;
        if (verbs[i].classify != NULL)
            verbs[i].classify(scanner, out);
        return;
    }
}

/* CPython compares the first letters only, so that INSERTED would do as well. */
static bool starts_dml(hdb_slice text) {
    static const char *const words[] = {"INSERT", "UPDATE", "DELETE", "REPLACE"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const size_t length = strlen(words[i]);
        if (text.size >= length && hdb_slice_equal((hdb_slice){text.data, length}, hdb_slice_of(words[i])))
            return true;
    }
    return false;
}

void hdb_sql_classify(const char *sql, size_t size, hdb_sql_class *out) {
    hdb_scanner scanner = {sql, size, 0};
    memset(out, 0, sizeof *out);
    const hdb_lexeme first = hdb_peek(&scanner);
    out->first_word_dml = starts_dml(first.text);
    while (accept_token(&scanner, HDB_TOKEN_SEMICOLON)) {
    }
    if (hdb_peek(&scanner).type == HDB_TOKEN_END)
        return;
    classify_verb(&scanner, out);
}

/* The states of sqlite3_complete(), from the first token of a statement on. */
enum progress {
    AT_START,
    AFTER_EXPLAIN,
    AFTER_CREATE,
    IN_STATEMENT,
    IN_TRIGGER,
    AFTER_TRIGGER_STEP,
    AFTER_TRIGGER_END
};

static enum progress proceed(enum progress progress, hdb_lexeme lexeme) {
    switch (progress) {
    case AT_START:
        if (hdb_lexeme_is(lexeme, "EXPLAIN"))
            return AFTER_EXPLAIN;
        return hdb_lexeme_is(lexeme, "CREATE") ? AFTER_CREATE : IN_STATEMENT;
    case AFTER_EXPLAIN: /* perhaps QUERY PLAN */
        return hdb_lexeme_is(lexeme, "CREATE") ? AFTER_CREATE : AFTER_EXPLAIN;
    case AFTER_CREATE:
        if (hdb_lexeme_is(lexeme, "TEMP") || hdb_lexeme_is(lexeme, "TEMPORARY"))
            return AFTER_CREATE;
        return hdb_lexeme_is(lexeme, "TRIGGER") ? IN_TRIGGER : IN_STATEMENT;
    case IN_STATEMENT:
        return IN_STATEMENT;
    case IN_TRIGGER:
    case AFTER_TRIGGER_STEP:
    case AFTER_TRIGGER_END:
        if (lexeme.type == HDB_TOKEN_SEMICOLON)
            return AFTER_TRIGGER_STEP;
        return progress == AFTER_TRIGGER_STEP && hdb_lexeme_is(lexeme, "END") ? AFTER_TRIGGER_END : IN_TRIGGER;
    }
    return IN_STATEMENT;
}

size_t hdb_sql_statement_length(const char *sql, size_t size) {
    hdb_scanner scanner = {sql, size, 0};
    enum progress progress = AT_START;
    for (;;) {
        const hdb_lexeme lexeme = hdb_scan(&scanner);
        if (lexeme.type == HDB_TOKEN_END)
            return size;
        if (lexeme.type == HDB_TOKEN_SEMICOLON && progress != IN_TRIGGER && progress != AFTER_TRIGGER_STEP) {
            if (progress != AT_START)
                return scanner.position;
            continue;
        }
        progress = proceed(progress, lexeme);
    }
}
