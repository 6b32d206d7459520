/* SPDX-License-Identifier: Apache-2.0 */
#include "record/native.h"

#include "record/cell.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64, LONGEST_NUMBER = 64 };

bool hdb_native_is(enum hdb_affinity affinity) {
    return affinity >= HDB_AFFINITY_VECTOR;
}

/* A text that is read from left to right. */
struct text {
    const char *at, *end;
};

static void skip_space(struct text *text) {
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\t' || *text->at == '\n' || *text->at == '\r'))
        text->at++;
}

static bool take(struct text *text, char c) {
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

static bool take_digits(struct text *text) {
    const char *start = text->at;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9')
        text->at++;
    return text->at > start;
}

/* A number as JSON writes it. */
static bool take_number(struct text *text) {
    const char *start = text->at;
    take(text, '-');
    bool zero = text->at < text->end && *text->at == '0';
    const char *digits = text->at;
    if (!take_digits(text) || (zero && text->at - digits > 1))
        return false;
    if (take(text, '.') && !take_digits(text))
        return false;
    if (take(text, 'e') || take(text, 'E')) {
        if (!take(text, '+'))
            take(text, '-');
        const char *exponent = text->at;
        if (!take_digits(text) || text->at - exponent > 2)
            return false;
    }
    return text->at - start <= LONGEST_NUMBER;
}

/* --- vectors --- */

/* A float in the C locale's form, whatever the locale. */
static void put_float(hdb_buffer *out, float number) {
    char text[40];
    const char *point = localeconv()->decimal_point;
    snprintf(text, sizeof text, "%.9g", (double)number);
    char *found = strcmp(point, ".") == 0 ? NULL : strstr(text, point);
    if (found) {
        hdb_buffer_append(out, text, (size_t)(found - text));
        hdb_buffer_format(out, ".%s", found + strlen(point));
    } else {
        hdb_buffer_text(out, text);
    }
}

static bool parse_float(const char *start, const char *end, float *out) {
    char copy[LONGEST_NUMBER + 16], *stop = NULL;
    size_t size = 0;
    const char *point = localeconv()->decimal_point;
    for (; start < end && size + 8 < sizeof copy; start++) {
        if (*start == '.')
            size += (size_t)snprintf(copy + size, sizeof copy - size, "%s", point);
        else
            copy[size++] = *start;
    }
    copy[size] = '\0';
    *out = strtof(copy, &stop);
    return start == end && *stop == '\0' && isfinite(*out);
}

/* The next number of `[1, 2.5]`, with what stands before it. */
static bool next_float(struct text *text, int index, float *out) {
    skip_space(text);
    if (!take(text, index ? ',' : '['))
        return false;
    skip_space(text);
    const char *start = text->at;
    return take_number(text) && parse_float(start, text->at, out);
}

static float float_at(const char *bytes) {
    uint32_t bits = 0;
    float number;
    for (int i = 3; i >= 0; i--)
        bits = bits << 8 | (unsigned char)bytes[i];
    memcpy(&number, &bits, sizeof number);
    return number;
}

static bool put_vector(int dimension, const hdb_value *value, hdb_buffer *out) {
    struct text text = {value->as.bytes.data, value->as.bytes.data + value->as.bytes.size};
    bool blob = value->type == HDB_TYPE_BLOB, good = true;
    if (blob && value->as.bytes.size != (size_t)dimension * 4)
        return false;
    for (int i = 0; good && i < dimension; i++) {
        float number = 0;
        if (blob)
            number = float_at(value->as.bytes.data + 4 * (size_t)i);
        else
            good = next_float(&text, i, &number);
        good = good && isfinite(number);
        hdb_buffer_char(out, i ? ',' : '[');
        if (good)
            put_float(out, number);
    }
    hdb_buffer_char(out, ']');
    if (!good || blob)
        return good;
    skip_space(&text);
    good = take(&text, ']');
    skip_space(&text);
    return good && text.at == text.end;
}

/* --- JSON --- */

static bool take_word(struct text *text, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

/* \uXXXX, but no surrogates and no NUL, on which servers differ. */
static bool take_code(struct text *text) {
    char digits[5] = "";
    if (text->end - text->at < 4)
        return false;
    memcpy(digits, text->at, 4);
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
        return false;
    long code = strtol(digits, NULL, 16);
    text->at += 4;
    return code != 0 && (code < 0xd800 || code > 0xdfff);
}

static bool take_string(struct text *text) {
    if (!take(text, '"'))
        return false;
    while (text->at < text->end) {
        unsigned char c = (unsigned char)*text->at++;
        if (c == '"')
            return true;
        if (c < 0x20)
            return false;
        if (c != '\\')
            continue;
        if (text->at == text->end)
            return false;
        c = (unsigned char)*text->at++;
        if (c == 'u' ? !take_code(text) : !strchr("\"\\/bfnrt", c))
            return false;
    }
    return false;
}

static bool take_scalar(struct text *text) {
    if (text->at == text->end)
        return false;
    switch (*text->at) {
    case '"':
        return take_string(text);
    case 't':
        return take_word(text, "true");
    case 'f':
        return take_word(text, "false");
    case 'n':
        return take_word(text, "null");
    default:
        return take_number(text);
    }
}

/* What stands before a member's value: its name. */
static bool take_name(struct text *text, char closes) {
    if (closes == ']')
        return true;
    skip_space(text);
    if (!take_string(text))
        return false;
    skip_space(text);
    return take(text, ':');
}

/* One value, with what it holds; `closing` are the brackets that are open. */
static bool is_json(struct text *text) {
    char closing[DEEPEST];
    int depth = 0;
    for (;;) {
        bool opened = false;
        skip_space(text);
        if (take(text, '{') || take(text, '[')) {
            if (depth == DEEPEST)
                return false;
            closing[depth++] = text->at[-1] == '{' ? '}' : ']';
            skip_space(text);
            if (text->at == text->end || *text->at != closing[depth - 1]) {
                if (!take_name(text, closing[depth - 1]))
                    return false;
                continue;
            }
            opened = true;
        }
        if (!opened && !take_scalar(text))
            return false;
        skip_space(text);
        while (depth > 0 && take(text, closing[depth - 1])) {
            depth--;
            skip_space(text);
        }
        if (depth == 0)
            return text->at == text->end;
        if (!take(text, ',') || !take_name(text, closing[depth - 1]))
            return false;
    }
}

/* --- UUIDs --- */

static bool put_uuid(const hdb_value *value, hdb_buffer *out) {
    const char *text = value->as.bytes.data;
    if (value->as.bytes.size != 36)
        return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23, letter = text[i] >= 'A' && text[i] <= 'F';
        bool digit = letter || (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (dash ? text[i] != '-' : !digit)
            return false;
        hdb_buffer_char(out, letter ? (char)(text[i] - 'A' + 'a') : text[i]);
    }
    return true;
}

static bool put_form(const hdb_column *column, const hdb_value *value, hdb_buffer *out) {
    if (column->affinity == HDB_AFFINITY_VECTOR && (value->type == HDB_TYPE_TEXT || value->type == HDB_TYPE_BLOB))
        return put_vector(column->dimension, value, out);
    if (value->type != HDB_TYPE_TEXT)
        return false;
    if (column->affinity == HDB_AFFINITY_UUID)
        return put_uuid(value, out);
    struct text text = {value->as.bytes.data, value->as.bytes.data + value->as.bytes.size};
    if (!hdb_cell_is_ordinary(HDB_AFFINITY_TEXT, value) || !is_json(&text))
        return false;
    hdb_buffer_append(out, value->as.bytes.data, value->as.bytes.size);
    return true;
}

bool hdb_native_form(const hdb_column *column, const hdb_value *value, hdb_buffer *out) {
    size_t start = out->size;
    if (put_form(column, value, out))
        return true;
    if (!out->failed)
        out->size = start;
    return false;
}

bool hdb_native_is_exact(const hdb_column *column, const hdb_value *value, const char *form) {
    if (value->type != HDB_TYPE_TEXT || column->affinity == HDB_AFFINITY_VECTOR)
        return false;
    return memcmp(form, value->as.bytes.data, value->as.bytes.size) == 0;
}

static bool is_same_vector(int dimension, const hdb_value *a, const hdb_value *b) {
    struct text x = {a->as.bytes.data, a->as.bytes.data + a->as.bytes.size};
    struct text y = {b->as.bytes.data, b->as.bytes.data + b->as.bytes.size};
    for (int i = 0; i < dimension; i++) {
        float left = 0, right = 0;
        if (!next_float(&x, i, &left) || !next_float(&y, i, &right) || left != right)
            return false;
    }
    return true;
}

bool hdb_native_agrees(const hdb_column *column, const hdb_value *value, const hdb_value *cell) {
    hdb_buffer form = HDB_BUFFER_INIT;
    bool fits = hdb_native_form(column, value, &form), same = !fits && cell->type == HDB_TYPE_NULL;
    if (fits && !form.failed && cell->type == HDB_TYPE_TEXT) {
        hdb_value other = hdb_value_text(form.data, form.size);
        same = column->affinity == HDB_AFFINITY_VECTOR
                   ? is_same_vector(column->dimension, &other, cell)
                   : form.size == cell->as.bytes.size && memcmp(form.data, cell->as.bytes.data, form.size) == 0;
    }
    hdb_buffer_free(&form);
    return same;
}
