/* SPDX-License-Identifier: Apache-2.0 */
#include "direct/lexer.h"

#include <string.h>

/* Locale-independent on purpose: isalpha() and friends would follow LC_CTYPE. */
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

/* A vertical tab goes on with a run of spaces, but does not start one. */
static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool hdb_is_identifier_byte(char c) {
    return is_letter(c) || is_digit(c) || c == '$';
}

static char at(hdb_slice text, size_t i) {
    return i < text.size ? text.data[i] : '\0';
}

static size_t lex_space(hdb_slice text) {
    size_t i = 1;
    while (is_space(at(text, i)))
        i++;
    return i;
}

static size_t lex_line_comment(hdb_slice text) {
    size_t i = 2;
    while (at(text, i) != '\0' && text.data[i] != '\n')
        i++;
    return i;
}

static size_t lex_block_comment(hdb_slice text) {
    size_t i = 2;
    while (at(text, i) != '\0') {
        if (text.data[i] == '*' && at(text, i + 1) == '/')
            return i + 2;
        i++;
    }
    return i;
}

/* '..', "..", `..`: a doubled quote stands for itself. */
static size_t lex_quoted(hdb_slice text, enum hdb_token *out) {
    const char quote = text.data[0];
    size_t i = 1;
    for (; at(text, i) != '\0'; i++) {
        if (text.data[i] != quote)
            continue;
        if (at(text, i + 1) != quote) {
            *out = quote == '\'' ? HDB_TOKEN_STRING : HDB_TOKEN_QUOTED;
            return i + 1;
        }
        i++;
    }
    *out = HDB_TOKEN_ILLEGAL;
    return i;
}

static size_t lex_bracketed(hdb_slice text, enum hdb_token *out) {
    size_t i = 1;
    while (at(text, i) != '\0' && text.data[i] != ']')
        i++;
    *out = at(text, i) == ']' ? HDB_TOKEN_QUOTED : HDB_TOKEN_ILLEGAL;
    return *out == HDB_TOKEN_QUOTED ? i + 1 : i;
}

static size_t lex_word(hdb_slice text) {
    size_t i = 1;
    while (hdb_is_identifier_byte(at(text, i)))
        i++;
    return i;
}

static size_t lex_blob(hdb_slice text, enum hdb_token *out) {
    size_t i = 2;
    while (is_hex(at(text, i)))
        i++;
    *out = at(text, i) == '\'' && i % 2 == 0 ? HDB_TOKEN_BLOB : HDB_TOKEN_ILLEGAL;
    while (at(text, i) != '\0' && text.data[i] != '\'')
        i++;
    return at(text, i) == '\'' ? i + 1 : i;
}

static size_t lex_digits(hdb_slice text, size_t i) {
    while (is_digit(at(text, i)))
        i++;
    return i;
}

static size_t lex_exponent(hdb_slice text, size_t i) {
    const char sign = at(text, i + 1);
    if (is_digit(sign))
        return lex_digits(text, i + 2);
    if ((sign == '+' || sign == '-') && is_digit(at(text, i + 2)))
        return lex_digits(text, i + 3);
    return i;
}

static size_t lex_number(hdb_slice text, enum hdb_token *out) {
    size_t i = 0;
    *out = HDB_TOKEN_INTEGER;
    if (text.data[0] == '0' && (at(text, 1) == 'x' || at(text, 1) == 'X') && is_hex(at(text, 2))) {
        for (i = 3; is_hex(at(text, i)); i++) {
        }
    } else {
        i = lex_digits(text, 0);
        if (at(text, i) == '.') {
            *out = HDB_TOKEN_FLOAT;
            i = lex_digits(text, i + 1);
        }
        if (at(text, i) == 'e' || at(text, i) == 'E') {
            const size_t end = lex_exponent(text, i);
            if (end != i)
                *out = HDB_TOKEN_FLOAT;
            i = end;
        }
    }
    /* 12abc is one bad token, not a number and a name. */
    for (; hdb_is_identifier_byte(at(text, i)); i++)
        *out = HDB_TOKEN_ILLEGAL;
    return i;
}

/* :a, @a, $a, #a; Tcl's $a::b(c) is one name. */
static size_t lex_named_variable(hdb_slice text, enum hdb_token *out) {
    size_t i = 1, named = 0;
    *out = HDB_TOKEN_VARIABLE;
    for (; at(text, i) != '\0'; i++) {
        const char c = text.data[i];
        if (hdb_is_identifier_byte(c)) {
            named++;
        } else if (c == '(' && named > 0) {
            for (i++; at(text, i) != '\0' && !is_space(text.data[i]) && text.data[i] != ')'; i++) {
            }
            if (at(text, i) == ')')
                i++;
            else
                *out = HDB_TOKEN_ILLEGAL;
            break;
        } else if (c == ':' && at(text, i + 1) == ':') {
            i++;
        } else {
            break;
        }
    }
    if (named == 0)
        *out = HDB_TOKEN_ILLEGAL;
    return i;
}

static const struct {
    char text[4];
    enum hdb_token type;
} operators[] = {
    /* longer before shorter */
    {"->>", HDB_TOKEN_ARROW},   {"->", HDB_TOKEN_ARROW},   {"<=", HDB_TOKEN_LE},    {"<>", HDB_TOKEN_NE},
    {"<<", HDB_TOKEN_LSHIFT},   {">=", HDB_TOKEN_GE},      {">>", HDB_TOKEN_RSHIFT}, {"!=", HDB_TOKEN_NE},
    {"==", HDB_TOKEN_EQ},       {"||", HDB_TOKEN_CONCAT},  {"(", HDB_TOKEN_LPAREN}, {")", HDB_TOKEN_RPAREN},
    {";", HDB_TOKEN_SEMICOLON}, {",", HDB_TOKEN_COMMA},    {".", HDB_TOKEN_DOT},    {"+", HDB_TOKEN_PLUS},
    {"-", HDB_TOKEN_MINUS},     {"*", HDB_TOKEN_STAR},     {"/", HDB_TOKEN_SLASH},  {"%", HDB_TOKEN_PERCENT},
    {"=", HDB_TOKEN_EQ},        {"<", HDB_TOKEN_LT},       {">", HDB_TOKEN_GT},     {"&", HDB_TOKEN_BITAND},
    {"|", HDB_TOKEN_BITOR},     {"~", HDB_TOKEN_BITNOT},
};

static size_t lex_operator(hdb_slice text, enum hdb_token *out) {
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        const size_t length = strlen(operators[i].text);
        if (text.size >= length && memcmp(text.data, operators[i].text, length) == 0) {
            *out = operators[i].type;
            return length;
        }
    }
    *out = HDB_TOKEN_ILLEGAL;
    return 1;
}

/* SQLite takes a "/" followed by "*" at the very end for two operators, not for a comment. */
static bool starts_block_comment(hdb_slice text) {
    return at(text, 1) == '*' && at(text, 2) != '\0';
}

size_t hdb_lex(const char *data, size_t size, enum hdb_token *out) {
    const hdb_slice text = {data, size};
    *out = HDB_TOKEN_END;
    if (size == 0)
        return 0;
    switch (data[0]) {
    case ' ':
    case '\t':
    case '\n':
    case '\f':
    case '\r':
        *out = HDB_TOKEN_SPACE;
        return lex_space(text);
    case '\'':
    case '"':
    case '`':
        return lex_quoted(text, out);
    case '[':
        return lex_bracketed(text, out);
    case '?':
        *out = HDB_TOKEN_VARIABLE;
        return lex_digits(text, 1);
    case '$':
    case '@':
    case ':':
    case '#':
        return lex_named_variable(text, out);
    case '-':
        if (at(text, 1) != '-')
            return lex_operator(text, out);
        *out = HDB_TOKEN_COMMENT;
        return lex_line_comment(text);
    case '/':
        if (!starts_block_comment(text))
            return lex_operator(text, out);
        *out = HDB_TOKEN_COMMENT;
        return lex_block_comment(text);
    case '.':
        return is_digit(at(text, 1)) ? lex_number(text, out) : lex_operator(text, out);
    case 'x':
    case 'X':
        if (at(text, 1) == '\'')
            return lex_blob(text, out);
        break;
    case '\xef':
        if (at(text, 1) == '\xbb' && at(text, 2) == '\xbf') {
            *out = HDB_TOKEN_SPACE;
            return 3;
        }
        break;
    default:
        break;
    }
    if (is_digit(data[0]))
        return lex_number(text, out);
    if (!is_letter(data[0]))
        return lex_operator(text, out);
    *out = HDB_TOKEN_WORD;
    return lex_word(text);
}

hdb_lexeme hdb_scan(hdb_scanner *scanner) {
    for (;;) {
        hdb_lexeme lexeme = {HDB_TOKEN_END, {scanner->text + scanner->position, 0}};
        lexeme.text.size = hdb_lex(lexeme.text.data, scanner->size - scanner->position, &lexeme.type);
        scanner->position += lexeme.text.size;
        if (lexeme.type != HDB_TOKEN_SPACE && lexeme.type != HDB_TOKEN_COMMENT)
            return lexeme;
    }
}

hdb_lexeme hdb_peek(const hdb_scanner *scanner) {
    hdb_scanner copy = *scanner;
    return hdb_scan(&copy);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool hdb_slice_equal(hdb_slice a, hdb_slice b) {
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

hdb_slice hdb_slice_of(const char *text) {
    return (hdb_slice){text, text == NULL ? 0 : strlen(text)};
}

bool hdb_lexeme_is(hdb_lexeme lexeme, const char *word) {
    return lexeme.type == HDB_TOKEN_WORD && hdb_slice_equal(lexeme.text, hdb_slice_of(word));
}

size_t hdb_dequote(hdb_slice token, char *out) {
    const char open = token.size >= 2 ? token.data[0] : '\0';
    const bool quoted = open == '"' || open == '`' || open == '\'' || open == '[';
    const size_t end = quoted ? token.size - 1 : token.size;
    size_t length = 0;
    for (size_t i = quoted ? 1 : 0; i < end; i++) {
        out[length++] = token.data[i];
        if (quoted && open != '[' && token.data[i] == open)
            i++;
    }
    out[length] = '\0';
    return length;
}
