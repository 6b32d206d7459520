/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite value, borrowed or owned: the coin between SQLite, the log and the link. */
#ifndef HDB_VALUE_H
#define HDB_VALUE_H

#include <heliosdb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hdb_value {
    int type; /* enum hdb_type; HDB_TYPE_NULL needs no other field */
    union {
        int64_t integer;
        double real;
        struct {
            const char *data; /* TEXT: UTF-8, not always NUL-ended; BLOB: bytes. Not NULL unless size is 0. */
            size_t size;
        } bytes;
    } as;
} hdb_value;

static inline hdb_value hdb_value_null(void) {
    return (hdb_value){.type = HDB_TYPE_NULL};
}
static inline hdb_value hdb_value_integer(int64_t integer) {
    return (hdb_value){.type = HDB_TYPE_INTEGER, .as.integer = integer};
}
static inline hdb_value hdb_value_real(double real) {
    return (hdb_value){.type = HDB_TYPE_FLOAT, .as.real = real};
}
static inline hdb_value hdb_value_text(const char *data, size_t size) {
    return (hdb_value){.type = HDB_TYPE_TEXT, .as.bytes = {data, size}};
}
static inline hdb_value hdb_value_blob(const void *data, size_t size) {
    return (hdb_value){.type = HDB_TYPE_BLOB, .as.bytes = {(const char *)data, size}};
}

/* Same storage class and same bits (1 and 1.0 differ, -0.0 and 0.0 differ). */
bool hdb_value_identical(const hdb_value *a, const hdb_value *b);
/* Whether it is well-formed UTF-8, which SQLite does not ask of a text. */
bool hdb_text_is_utf8(const char *text, size_t size);

#endif
