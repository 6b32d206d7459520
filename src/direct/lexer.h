/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's tokens. Pure: nothing is allocated, nothing fails, no byte is left out.
 *
 * Concatenating the tokens of a text reproduces it. What SQLite's own tokenizer refuses is HDB_TOKEN_ILLEGAL, with the
 * length SQLite gives it. A NUL byte is an illegal token of its own: SQLite never looks behind one, and strings and
 * comments end before it, unterminated. */
#ifndef HDB_DIRECT_LEXER_H
#define HDB_DIRECT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

/* A borrowed piece of text. {NULL, 0} is "not there". */
typedef struct hdb_slice {
    const char *data;
    size_t size;
} hdb_slice;

enum hdb_token {
    HDB_TOKEN_END = 0, /* no bytes left; its length is 0 */
    HDB_TOKEN_ILLEGAL,
    HDB_TOKEN_SPACE,   /* also a byte order mark */
    HDB_TOKEN_COMMENT, /* "-- to the end of the line", without its newline, or a block comment, perhaps unterminated */
    HDB_TOKEN_WORD,    /* keyword or bare identifier */
    HDB_TOKEN_QUOTED,  /* "name", `name` or [name] */
    HDB_TOKEN_STRING,  /* 'text' */
    HDB_TOKEN_BLOB,    /* x'00ff' */
    HDB_TOKEN_INTEGER, /* 12 or 0xff */
    HDB_TOKEN_FLOAT,   /* 1.5, .5, 1e9 */
    HDB_TOKEN_VARIABLE, /* ?, ?12, :a, @a, $a, $a::b(c); also #12, which SQLite's parser then refuses */
    HDB_TOKEN_LPAREN,
    HDB_TOKEN_RPAREN,
    HDB_TOKEN_SEMICOLON,
    HDB_TOKEN_COMMA,
    HDB_TOKEN_DOT,
    HDB_TOKEN_PLUS,
    HDB_TOKEN_MINUS,
    HDB_TOKEN_STAR,
    HDB_TOKEN_SLASH,
    HDB_TOKEN_PERCENT,
    HDB_TOKEN_EQ, /* = and == */
    HDB_TOKEN_NE, /* <> and != */
    HDB_TOKEN_LT,
    HDB_TOKEN_LE,
    HDB_TOKEN_GT,
    HDB_TOKEN_GE,
    HDB_TOKEN_LSHIFT,
    HDB_TOKEN_RSHIFT,
    HDB_TOKEN_BITAND,
    HDB_TOKEN_BITOR,
    HDB_TOKEN_BITNOT,
    HDB_TOKEN_CONCAT,
    HDB_TOKEN_ARROW /* -> and ->> */
};

/* Classifies the token that starts at `text` and returns its length: 0 only when size is 0. */
size_t hdb_lex(const char *text, size_t size, enum hdb_token *out);

/* Whether a byte may stand in a bare identifier after its first byte. */
bool hdb_is_identifier_byte(char c);

/* A token with its text. */
typedef struct hdb_lexeme {
    enum hdb_token type;
    hdb_slice text;
} hdb_lexeme;

/* A place in a text. Start with {text, size, 0}. */
typedef struct hdb_scanner {
    const char *text;
    size_t size;
    size_t position; /* behind the last token taken */
} hdb_scanner;

/* Takes the next token that is neither space nor comment; HDB_TOKEN_END at the end. */
hdb_lexeme hdb_scan(hdb_scanner *scanner);
/* The same without taking it. */
hdb_lexeme hdb_peek(const hdb_scanner *scanner);

/* Whether a token is this word, given in capitals. A quoted name never is. ASCII case only, as in SQLite. */
bool hdb_lexeme_is(hdb_lexeme lexeme, const char *word);
/* ASCII case-insensitive comparison, as SQLite compares names. */
bool hdb_slice_equal(hdb_slice a, hdb_slice b);
hdb_slice hdb_slice_of(const char *text);

/* Writes what a token names: quotes and brackets taken off, doubled quotes halved; other tokens as they are. `out` has
 * room for token.size + 1 bytes and gets a NUL at the end. Returns the length. */
size_t hdb_dequote(hdb_slice token, char *out);

#endif
