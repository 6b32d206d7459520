/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte string with a sticky out-of-memory flag: append freely, check `failed` once at the end. */
#ifndef HDB_BUFFER_H
#define HDB_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct hdb_buffer {
    char *data; /* always ended by a NUL that size does not count, once something was appended */
    size_t size;
    size_t capacity;
    bool failed; /* an allocation failed: the content is not complete */
} hdb_buffer;

#define HDB_BUFFER_INIT {NULL, 0, 0, false}

void hdb_buffer_free(hdb_buffer *buffer);
/* Makes room for `extra` more bytes, so that appending them does not move `data`. false if memory ran out. */
bool hdb_buffer_reserve(hdb_buffer *buffer, size_t extra);
/* Empties the buffer and keeps its memory. */
void hdb_buffer_reset(hdb_buffer *buffer);
/* Shortens it to a size that it had before, and forgets what failed since. */
void hdb_buffer_cut(hdb_buffer *buffer, size_t size);
static inline void hdb_buffer_append(hdb_buffer *buffer, const void *data, size_t size) {
    bool fits = !buffer->failed && size < buffer->capacity - buffer->size; /* the usual case, without a call */
    if (!fits && !hdb_buffer_reserve(buffer, size))
        return;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}
void hdb_buffer_text(hdb_buffer *buffer, const char *text);
static inline void hdb_buffer_char(hdb_buffer *buffer, char c) {
    hdb_buffer_append(buffer, &c, 1);
}
void hdb_buffer_format(hdb_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends an SQL identifier in double quotes, quotes in it doubled. */
void hdb_buffer_identifier(hdb_buffer *buffer, const char *name);
/* Hands the text over to the caller, who frees it; NULL if an allocation failed. The buffer is empty afterwards. */
char *hdb_buffer_take(hdb_buffer *buffer);

#endif
