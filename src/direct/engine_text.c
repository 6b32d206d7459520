/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/engine_text.h"

#include "direct/classify.h"
#include <heliosdb/status.h>
#include <stdlib.h>
#include <string.h>

/* The protocol counts parameters in 16 bits. */
#define LARGEST_NUMBER 65535

struct writer {
    hdb_buffer *out;
    hdb_sql_parameters *parameters;
    hdb_error *error;
};

void hdb_sql_parameters_free(hdb_sql_parameters *parameters) {
    free(parameters->names);
    free(parameters->sources);
    *parameters = (hdb_sql_parameters)HDB_SQL_PARAMETERS_INIT;
}

static int bad_number(hdb_error *error) {
    return hdb_error_set(error, HDB_ERROR, NULL, "variable number must be between ?1 and ?%d", LARGEST_NUMBER);
}

int hdb_sql_parameter_number(hdb_sql_parameters *parameters, hdb_slice variable, int *out, hdb_error *error) {
    int number = 0;
    if (variable.data[0] == '?' && variable.size > 1) {
        for (size_t i = 1; i < variable.size && number <= LARGEST_NUMBER; i++)
            number = number * 10 + (variable.data[i] - '0');
        if (number < 1)
            return bad_number(error);
    }
    for (int i = 0; variable.data[0] != '?' && number == 0 && i < parameters->count; i++) {
        const hdb_slice name = parameters->names[i];
        if (name.size == variable.size && memcmp(name.data, variable.data, name.size) == 0)
            number = i + 1;
    }
    if (number == 0)
        number = parameters->count + 1;
    if (number > LARGEST_NUMBER)
        return bad_number(error);
    if (number > parameters->count) {
        hdb_slice *names = realloc(parameters->names, (size_t)number * sizeof *names);
        if (names == NULL)
            return hdb_error_nomem(error);
        memset(names + parameters->count, 0, (size_t)(number - parameters->count) * sizeof *names);
        parameters->names = names;
        parameters->count = number;
    }
    if (variable.size > 1 && parameters->names[number - 1].data == NULL)
        parameters->names[number - 1] = variable;
    *out = number;
    return HDB_OK;
}

static int write_variable(struct writer *writer, hdb_slice variable) {
    hdb_sql_parameters *parameters = writer->parameters;
    int number = 0, place = 0;
    if (variable.data[0] == '$' && memchr(variable.data + 1, '$', variable.size - 1) != NULL)
        return hdb_error_set(writer->error, HDB_ERROR, NULL, "dollar-quoted strings are not supported: near \"%.*s\"",
                             (int)variable.size, variable.data);
    const int rc = hdb_sql_parameter_number(parameters, variable, &number, writer->error);
    if (rc != HDB_OK)
        return rc;
    while (place < parameters->sent && parameters->sources[place] != number)
        place++;
    if (place == parameters->sent) {
        int *sources = realloc(parameters->sources, (size_t)(place + 1) * sizeof *sources);
        if (sources == NULL)
            return hdb_error_nomem(writer->error);
        sources[place] = number;
        parameters->sources = sources;
        parameters->sent++;
    }
    hdb_buffer_format(writer->out, "$%d", place + 1);
    return HDB_OK;
}

/* `name` to "name". */
static void write_backticked(hdb_buffer *out, hdb_slice token) {
    hdb_buffer_char(out, '"');
    for (size_t i = 1; i + 1 < token.size; i++) {
        if (token.data[i] == '"')
            hdb_buffer_char(out, '"');
        hdb_buffer_char(out, token.data[i]);
        if (token.data[i] == '`')
            i++;
    }
    hdb_buffer_char(out, '"');
}

/* Length of E'..', where a backslash takes the next character with it; 0 if there is none. */
static size_t escape_string_length(hdb_slice text) {
    if (text.size < 2 || (text.data[0] != 'e' && text.data[0] != 'E') || text.data[1] != '\'')
        return 0;
    for (size_t i = 2; i < text.size; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '\'' && (i + 1 == text.size || text.data[i + 1] != '\''))
            return i + 1;
        else if (text.data[i] == '\'')
            i++;
    }
    return text.size;
}

/* The token of the engine's dialect that starts here. */
static size_t lex_engine(hdb_slice text, enum hdb_token *type) {
    const size_t escaped = escape_string_length(text);
    *type = HDB_TOKEN_STRING;
    if (escaped != 0)
        return escaped;
    if (text.data[0] == '[' || (text.size >= 2 && memcmp(text.data, "::", 2) == 0)) {
        *type = HDB_TOKEN_ILLEGAL;
        return text.data[0] == '[' ? 1 : 2;
    }
    size_t size = hdb_lex(text.data, text.size, type);
    if (text.data[0] == '?' || text.data[0] == ':' || text.data[0] == '@' || text.data[0] == '$') {
        size_t name = 1;
        while (name < size && hdb_is_identifier_byte(text.data[name]))
            name++;
        if (name > 1 && name < size) {
            *type = HDB_TOKEN_VARIABLE;
            size = name;
        }
    }
    return size;
}

int hdb_sql_rewrite_parameters(const char *sql, size_t size, hdb_buffer *out, hdb_sql_parameters *parameters,
                               hdb_error *error) {
    struct writer writer = {out, parameters, error};
    for (size_t position = 0, length = 0; position < size; position += length) {
        enum hdb_token type = HDB_TOKEN_END;
        length = lex_engine((hdb_slice){sql + position, size - position}, &type);
        const hdb_slice token = {sql + position, length};
        int rc = HDB_OK;
        if (type == HDB_TOKEN_VARIABLE)
            rc = write_variable(&writer, token);
        else if (type == HDB_TOKEN_COMMENT)
            hdb_buffer_char(out, ' '); /* the engine nests block comments, SQLite does not */
        else if (type == HDB_TOKEN_QUOTED && token.data[0] == '`')
            write_backticked(out, token);
        else
            hdb_buffer_append(out, token.data, token.size);
        if (rc != HDB_OK)
            return rc;
    }
    return out->failed ? hdb_error_nomem(error) : HDB_OK;
}

/* What only the engine understands: up to three tokens in a row. */
enum piece {
    NOTHING = 0,
    WORD,     /* a given word */
    ANY_WORD, /* any word */
    CALL,     /* a given word and "(" */
    MOMENT,   /* TIMESTAMP, TRANSACTION, SCN or COMMIT with a value, or NOW */
    LITERAL,  /* a string that could be a date or an interval: starts with a digit, a sign or P */
    OPERAND   /* a string, a parameter or a quoted name */
};

static const struct pattern {
    const char *name; /* what is reported */
    bool at_start;    /* only at the start of the statement */
    struct {
        enum piece piece;
        const char *word;
    } pieces[3];
} patterns[] = {
    {"TO_CHAR", false, {{CALL, "TO_CHAR"}}},
    {"TO_DATE", false, {{CALL, "TO_DATE"}}},
    {"TO_TIMESTAMP", false, {{CALL, "TO_TIMESTAMP"}}},
    {"DATE_TRUNC", false, {{CALL, "DATE_TRUNC"}}},
    {"DATE_PART", false, {{CALL, "DATE_PART"}}},
    {"EXTRACT", false, {{CALL, "EXTRACT"}, {ANY_WORD, NULL}, {WORD, "FROM"}}},
    {"AGE", false, {{CALL, "AGE"}}},
    {"MAKE_DATE", false, {{CALL, "MAKE_DATE"}}},
    {"MAKE_TIMESTAMP", false, {{CALL, "MAKE_TIMESTAMP"}}},
    {"NOW", false, {{CALL, "NOW"}}},
    {"PG_COMPARE_BRANCHES", false, {{CALL, "PG_COMPARE_BRANCHES"}}},
    {"PG_DATABASE_BRANCHES", false, {{WORD, "FROM"}, {WORD, "PG_DATABASE_BRANCHES"}}},
    {"PG_BRANCH_STATS", false, {{WORD, "FROM"}, {WORD, "PG_BRANCH_STATS"}}},
    {"INTERVAL", false, {{WORD, "INTERVAL"}, {LITERAL, NULL}}},
    {"TIMESTAMP", false, {{WORD, "TIMESTAMP"}, {LITERAL, NULL}}},
    {"DATE", false, {{WORD, "DATE"}, {LITERAL, NULL}}},
    {"ILIKE", false, {{WORD, "ILIKE"}, {OPERAND, NULL}}},
    {"ILIKE", false, {{WORD, "NOT"}, {WORD, "ILIKE"}}},
    {"AS OF", false, {{WORD, "AS"}, {WORD, "OF"}, {MOMENT, NULL}}},
    {"VERSIONS BETWEEN", false, {{WORD, "VERSIONS"}, {WORD, "BETWEEN"}, {MOMENT, NULL}}},
    {"INDEX USING HNSW", false, {{WORD, "USING"}, {CALL, "HNSW"}}},
    {"INDEX USING IVFFLAT", false, {{WORD, "USING"}, {CALL, "IVFFLAT"}}},
    {"CREATE BRANCH", true, {{WORD, "CREATE"}, {WORD, "BRANCH"}}},
    {"CREATE BRANCH", true, {{WORD, "CREATE"}, {WORD, "DATABASE"}, {WORD, "BRANCH"}}},
    {"DROP BRANCH", true, {{WORD, "DROP"}, {WORD, "BRANCH"}}},
    {"DROP BRANCH", true, {{WORD, "DROP"}, {WORD, "DATABASE"}, {WORD, "BRANCH"}}},
    {"MERGE BRANCH", true, {{WORD, "MERGE"}, {WORD, "BRANCH"}}},
    {"MERGE BRANCH", true, {{WORD, "MERGE"}, {WORD, "DATABASE"}, {WORD, "BRANCH"}}},
    {"USE BRANCH", true, {{WORD, "USE"}, {WORD, "BRANCH"}}},
    {"USE BRANCH", true, {{WORD, "USE"}, {WORD, "DATABASE"}, {WORD, "BRANCH"}}},
    {"SHOW BRANCHES", true, {{WORD, "SHOW"}, {WORD, "BRANCHES"}}},
    {"SHOW BRANCHES", true, {{WORD, "SHOW"}, {WORD, "DATABASE"}, {WORD, "BRANCHES"}}},
};

/* Operators whose bytes SQLite never takes in this order. */
static const char *const engine_operators[] = {"<->", "<=>", "<#>", "::"};

static bool match_moment(hdb_scanner *scanner) {
    static const char *const words[] = {"TIMESTAMP", "TRANSACTION", "SCN", "COMMIT"};
    const hdb_lexeme word = hdb_scan(scanner), value = hdb_peek(scanner);
    if (hdb_lexeme_is(word, "NOW"))
        return !hdb_lexeme_is(value, "AND"); /* versions BETWEEN now AND x: columns */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (hdb_lexeme_is(word, words[i]))
            return value.type == HDB_TOKEN_STRING || value.type == HDB_TOKEN_INTEGER ||
                   value.type == HDB_TOKEN_VARIABLE;
    }
    return false;
}

static bool match_piece(enum piece piece, const char *word, hdb_scanner *scanner) {
    if (piece == MOMENT)
        return match_moment(scanner);
    const hdb_lexeme lexeme = hdb_scan(scanner);
    switch (piece) {
    case WORD:
        return hdb_lexeme_is(lexeme, word);
    case ANY_WORD:
        return lexeme.type == HDB_TOKEN_WORD;
    case CALL:
        return hdb_lexeme_is(lexeme, word) && hdb_scan(scanner).type == HDB_TOKEN_LPAREN;
    case LITERAL:
        return lexeme.type == HDB_TOKEN_STRING && strchr("0123456789+-P", lexeme.text.data[1]) != NULL;
    case OPERAND:
        return lexeme.type == HDB_TOKEN_STRING || lexeme.type == HDB_TOKEN_VARIABLE ||
               lexeme.type == HDB_TOKEN_QUOTED;
    case NOTHING:
    case MOMENT:
        break;
    }
    return true;
}

static bool match_pattern(const struct pattern *pattern, hdb_scanner scanner) {
    for (size_t i = 0; i < sizeof pattern->pieces / sizeof pattern->pieces[0]; i++) {
        if (!match_piece(pattern->pieces[i].piece, pattern->pieces[i].word, &scanner))
            return false;
        if (i + 1 < sizeof pattern->pieces / sizeof pattern->pieces[0] && pattern->pieces[i + 1].piece == NOTHING)
            break;
    }
    return true;
}

static const char *match_here(const hdb_scanner *scanner, bool at_start) {
    const hdb_lexeme next = hdb_peek(scanner);
    const size_t left = (size_t)(scanner->text + scanner->size - next.text.data);
    for (size_t i = 0; i < sizeof engine_operators / sizeof engine_operators[0]; i++) {
        const size_t length = strlen(engine_operators[i]);
        if (left >= length && memcmp(next.text.data, engine_operators[i], length) == 0)
            return engine_operators[i];
    }
    if (next.type != HDB_TOKEN_WORD)
        return NULL;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if ((at_start || !patterns[i].at_start) && match_pattern(&patterns[i], *scanner))
            return patterns[i].name;
    }
    return NULL;
}

const char *hdb_sql_engine_only_hint(const char *sql, size_t size) {
    hdb_scanner scanner = {sql, hdb_sql_statement_length(sql, size), 0};
    enum hdb_token before = HDB_TOKEN_SEMICOLON;
    while (hdb_peek(&scanner).type != HDB_TOKEN_END) {
        /* t.now is a column, whatever comes next */
        const char *found = before == HDB_TOKEN_DOT ? NULL : match_here(&scanner, before == HDB_TOKEN_SEMICOLON);
        if (found != NULL)
            return found;
        before = hdb_scan(&scanner).type;
    }
    return NULL;
}
