/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer against tables, against random bytes, and against SQLite's own tokenizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs those first */
#include "direct/lexer.h"
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    enum hdb_token type;
    size_t size; /* of the first token */
} tokens[] = {
    {"  \t\n\f\rx", HDB_TOKEN_SPACE, 6},
    {" \v\vx", HDB_TOKEN_SPACE, 3},
    {"\vx", HDB_TOKEN_ILLEGAL, 1},
    {"\xef\xbb\xbfx", HDB_TOKEN_SPACE, 3},
    {"-- a\nb", HDB_TOKEN_COMMENT, 4},
    {"--", HDB_TOKEN_COMMENT, 2},
    {"/* a */b", HDB_TOKEN_COMMENT, 7},
    {"/* a", HDB_TOKEN_COMMENT, 4},
    {"/*/ */b", HDB_TOKEN_COMMENT, 6},
    {"/*", HDB_TOKEN_SLASH, 1},
    {"'it''s'x", HDB_TOKEN_STRING, 7},
    {"'open", HDB_TOKEN_ILLEGAL, 5},
    {"'open''", HDB_TOKEN_ILLEGAL, 7},
    {"\"a\"\"b\"c", HDB_TOKEN_QUOTED, 6},
    {"`a``b`c", HDB_TOKEN_QUOTED, 6},
    {"[a[b]]", HDB_TOKEN_QUOTED, 5},
    {"[open", HDB_TOKEN_ILLEGAL, 5},
    {"x'00Ff'x", HDB_TOKEN_BLOB, 7},
    {"X''", HDB_TOKEN_BLOB, 3},
    {"x'0'", HDB_TOKEN_ILLEGAL, 4},
    {"x'0g'", HDB_TOKEN_ILLEGAL, 5},
    {"x'00", HDB_TOKEN_ILLEGAL, 4},
    {"xyz'", HDB_TOKEN_WORD, 3},
    {"12+", HDB_TOKEN_INTEGER, 2},
    {"0xFg", HDB_TOKEN_ILLEGAL, 4},
    {"0xFf,", HDB_TOKEN_INTEGER, 4},
    {"0x", HDB_TOKEN_ILLEGAL, 2},
    {"1.5e+10)", HDB_TOKEN_FLOAT, 7},
    {"1.", HDB_TOKEN_FLOAT, 2},
    {".5.", HDB_TOKEN_FLOAT, 2},
    {"1e5", HDB_TOKEN_FLOAT, 3},
    {"1e", HDB_TOKEN_ILLEGAL, 2},
    {"1e+", HDB_TOKEN_ILLEGAL, 2},
    {"12ab", HDB_TOKEN_ILLEGAL, 4},
    {"?", HDB_TOKEN_VARIABLE, 1},
    {"?12a", HDB_TOKEN_VARIABLE, 3},
    {":a-", HDB_TOKEN_VARIABLE, 2},
    {"@a1", HDB_TOKEN_VARIABLE, 3},
    {"$a::b(c d)", HDB_TOKEN_ILLEGAL, 7},
    {"$a::b(cd) ", HDB_TOKEN_VARIABLE, 9},
    {"$a::b ", HDB_TOKEN_VARIABLE, 5},
    {":", HDB_TOKEN_ILLEGAL, 1},
    {"::a", HDB_TOKEN_ILLEGAL, 1},
    {"#1", HDB_TOKEN_VARIABLE, 2},
    {"select1$ ", HDB_TOKEN_WORD, 8},
    {"\xc3\xa4\x80z ", HDB_TOKEN_WORD, 4},
    {"_a", HDB_TOKEN_WORD, 2},
    {"->>x", HDB_TOKEN_ARROW, 3},
    {"->x", HDB_TOKEN_ARROW, 2},
    {"- x", HDB_TOKEN_MINUS, 1},
    {"==", HDB_TOKEN_EQ, 2},
    {"=", HDB_TOKEN_EQ, 1},
    {"<>", HDB_TOKEN_NE, 2},
    {"!=", HDB_TOKEN_NE, 2},
    {"!x", HDB_TOKEN_ILLEGAL, 1},
    {"<=", HDB_TOKEN_LE, 2},
    {"<<", HDB_TOKEN_LSHIFT, 2},
    {">>", HDB_TOKEN_RSHIFT, 2},
    {">=", HDB_TOKEN_GE, 2},
    {"||", HDB_TOKEN_CONCAT, 2},
    {"|", HDB_TOKEN_BITOR, 1},
    {"~", HDB_TOKEN_BITNOT, 1},
    {"&", HDB_TOKEN_BITAND, 1},
    {".", HDB_TOKEN_DOT, 1},
    {"\\", HDB_TOKEN_ILLEGAL, 1},
};

static void test_each_kind_of_token(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        enum hdb_token type = HDB_TOKEN_END;
        const size_t size = hdb_lex(tokens[i].text, strlen(tokens[i].text), &type);
        if (size != tokens[i].size || type != tokens[i].type)
            fail_msg("%s: got %zu bytes of kind %d", tokens[i].text, size, (int)type);
    }
}

static void test_nothing_is_left_at_the_end(void **state) {
    enum hdb_token type = HDB_TOKEN_ILLEGAL;
    (void)state;
    assert_int_equal(hdb_lex("", 0, &type), 0);
    assert_int_equal(type, HDB_TOKEN_END);
}

static void test_nul_ends_what_is_open(void **state) {
    enum hdb_token type = HDB_TOKEN_END;
    (void)state;
    assert_int_equal(hdb_lex("\0'", 2, &type), 1);
    assert_int_equal(type, HDB_TOKEN_ILLEGAL);
    assert_int_equal(hdb_lex("'a\0'", 4, &type), 2);
    assert_int_equal(type, HDB_TOKEN_ILLEGAL);
    assert_int_equal(hdb_lex("-- a\0b", 6, &type), 4);
    assert_int_equal(type, HDB_TOKEN_COMMENT);
}

/* A generator of our own: the same bytes on every machine. */
static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void test_tokens_cover_any_bytes(void **state) {
    uint32_t seed = 1;
    char text[64];
    (void)state;
    for (int round = 0; round < 20000; round++) {
        const size_t size = next_random(&seed) % sizeof text;
        size_t position = 0;
        for (size_t i = 0; i < size; i++)
            text[i] = (char)next_random(&seed);
        while (position < size) {
            enum hdb_token type = HDB_TOKEN_END;
            const size_t length = hdb_lex(text + position, size - position, &type);
            assert_true(length > 0 && length <= size - position && type != HDB_TOKEN_END);
            position += length;
        }
    }
}

/* The first token that the lexer calls illegal, as SQLite words its error; "" if there is none. */
static void first_illegal(const char *sql, char *out, size_t capacity) {
    hdb_scanner scanner = {sql, strlen(sql), 0};
    out[0] = '\0';
    for (;;) {
        const hdb_lexeme lexeme = hdb_scan(&scanner);
        if (lexeme.type == HDB_TOKEN_END)
            return;
        if (lexeme.type != HDB_TOKEN_ILLEGAL)
            continue;
        snprintf(out, capacity, "unrecognized token: \"%.*s\"", (int)lexeme.text.size, lexeme.text.data);
        return;
    }
}

/* The arguments of a virtual table may be any tokens, so SQLite's parser reads on to the first illegal one. */
static void test_illegal_tokens_are_sqlites(void **state) {
    static const char alphabet[] = "''\"`[]x0129.eE+-*/?:@$#a_ \t\n\v!<>=|~&\\\xc3\xa4";
    sqlite3 *db = NULL;
    uint32_t seed = 7;
    int compared = 0;
    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (int round = 0; round < 20000; round++) {
        char sql[128] = "CREATE VIRTUAL TABLE v USING nosuch(", ours[160];
        size_t size = strlen(sql);
        for (uint32_t left = 1 + next_random(&seed) % 12; left > 0; left--)
            sql[size++] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
        memcpy(sql + size, "\n)", 3);
        assert_int_not_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        first_illegal(sql, ours, sizeof ours);
        const char *theirs = sqlite3_errmsg(db);
        if (strncmp(theirs, "unrecognized token", 18) != 0)
            theirs = "";
        assert_string_equal(ours, theirs);
        compared += ours[0] != '\0';
    }
    assert_true(compared > 1000);
    sqlite3_close(db);
}

static void check_dequote(const char *token, const char *expected) {
    char out[64];
    assert_int_equal(hdb_dequote(hdb_slice_of(token), out), strlen(expected));
    assert_string_equal(out, expected);
}

static void test_dequote(void **state) {
    (void)state;
    check_dequote("plain", "plain");
    check_dequote("'it''s'", "it's");
    check_dequote("\"a\"\"b\"", "a\"b");
    check_dequote("`a``b`", "a`b");
    check_dequote("[a\"\"b]", "a\"\"b");
    check_dequote("''", "");
    check_dequote("-1", "-1");
}

static void test_words_ignore_case(void **state) {
    hdb_scanner scanner = {" /* c */ SeLecT \"select\"", 24, 0};
    (void)state;
    assert_true(hdb_lexeme_is(hdb_peek(&scanner), "SELECT"));
    assert_false(hdb_lexeme_is(hdb_scan(&scanner), "SELECTED"));
    assert_false(hdb_lexeme_is(hdb_scan(&scanner), "SELECT"));
    assert_int_equal(hdb_scan(&scanner).type, HDB_TOKEN_END);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_token),       cmocka_unit_test(test_nothing_is_left_at_the_end),
        cmocka_unit_test(test_nul_ends_what_is_open),    cmocka_unit_test(test_tokens_cover_any_bytes),
        cmocka_unit_test(test_illegal_tokens_are_sqlites), cmocka_unit_test(test_dequote),
        cmocka_unit_test(test_words_ignore_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
