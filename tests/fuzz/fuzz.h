/* SPDX-License-Identifier: Apache-2.0 */
/* What the targets share: a check that ends the process, and an input read as numbers and pieces. */
#ifndef HDB_FUZZ_H
#define HDB_FUZZ_H

#include "direct/lexer.h"
#include "value.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer keeps the input of a process that aborts. */
#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An input that is consumed from the front. What is asked for beyond its end is 0, or empty. */
typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input;

static inline uint8_t fuzz_byte(fuzz_input *input) {
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

static inline uint64_t fuzz_number(fuzz_input *input) {
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | fuzz_byte(input);
    return number;
}

/* A piece as long as the next byte says. */
static inline hdb_slice fuzz_piece(fuzz_input *input) {
    size_t size = fuzz_byte(input);
    size = size < input->left ? size : input->left;
    hdb_slice piece = {(const char *)input->at, size};
    input->at += size;
    input->left -= size;
    return piece;
}

/* A piece in memory of its own, ended by NUL; the caller frees it. */
static inline char *fuzz_text(hdb_slice piece) {
    char *text = malloc(piece.size + 1);
    CHECK(text != NULL);
    if (piece.size > 0)
        memcpy(text, piece.data, piece.size);
    text[piece.size] = '\0';
    return text;
}

/* Any value that SQLite can hold: no NaN, which it makes NULL of. */
static inline hdb_value fuzz_value(fuzz_input *input) {
    uint64_t bits = 0;
    double real = 0;
    hdb_slice piece = {NULL, 0};
    switch (fuzz_byte(input) % 6) {
    case 0:
        return hdb_value_integer((int8_t)fuzz_byte(input));
    case 1:
        return hdb_value_integer((int64_t)fuzz_number(input));
    case 2:
        bits = fuzz_number(input);
        memcpy(&real, &bits, sizeof real);
        return real == real ? hdb_value_real(real) : hdb_value_real(1.5);
    case 3:
        piece = fuzz_piece(input);
        return hdb_value_text(piece.data, piece.size);
    case 4:
        piece = fuzz_piece(input);
        return hdb_value_blob(piece.data, piece.size);
    default:
        return hdb_value_null();
    }
}

/* Whether a slice is not there, or lies in a text. */
static inline bool fuzz_within(hdb_slice slice, const char *text, size_t size) {
    return slice.data == NULL ? slice.size == 0 : slice.data >= text && slice.data + slice.size <= text + size;
}

#endif
