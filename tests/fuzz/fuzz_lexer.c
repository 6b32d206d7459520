/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens cover the text, byte after byte; what a token names is no longer than the token. */
#include "fuzz.h"

static void check_dequoted(hdb_slice token) {
    char *name = malloc(token.size + 1);
    CHECK(name != NULL);
    const size_t size = hdb_dequote(token, name);
    CHECK(size <= token.size && name[size] == '\0');
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    hdb_scanner scanner = {text, size, 0};
    size_t scanned = 0;
    for (size_t position = 0, length = 0; position < size; position += length) {
        enum hdb_token type = HDB_TOKEN_END, again = HDB_TOKEN_END;
        length = hdb_lex(text + position, size - position, &type);
        CHECK(length > 0 && length <= size - position && type != HDB_TOKEN_END);
        CHECK(hdb_lex(text + position, size - position, &again) == length && again == type);
        check_dequoted((hdb_slice){text + position, length});
        if (type == HDB_TOKEN_SPACE || type == HDB_TOKEN_COMMENT)
            continue;
        const hdb_lexeme peeked = hdb_peek(&scanner), taken = hdb_scan(&scanner);
        CHECK(taken.type == type && taken.text.data == text + position && taken.text.size == length);
        CHECK(peeked.type == type && peeked.text.data == taken.text.data);
        scanned = position + length;
        CHECK(scanner.position == scanned);
    }
    CHECK(hdb_scan(&scanner).type == HDB_TOKEN_END);
    return 0;
}
