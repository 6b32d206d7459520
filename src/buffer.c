/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for `more` bytes and an ending NUL. A buffer that failed once stays failed: its content has a hole. */
bool hdb_buffer_reserve(hdb_buffer *buffer, size_t more) {
    size_t capacity = buffer->capacity ? buffer->capacity : 64;
    char *data;

    if (buffer->failed)
        return false;
    if (more >= SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return false;
    }
    if (buffer->size + more < buffer->capacity)
        return true;
    while (capacity <= buffer->size + more)
        capacity *= 2;
    data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void hdb_buffer_free(hdb_buffer *buffer) {
    free(buffer->data);
    *buffer = (hdb_buffer)HDB_BUFFER_INIT;
}

void hdb_buffer_cut(hdb_buffer *buffer, size_t size) {
    buffer->size = size;
    buffer->failed = false;
    if (buffer->data != NULL)
        buffer->data[size] = '\0';
}

void hdb_buffer_reset(hdb_buffer *buffer) {
    hdb_buffer_cut(buffer, 0);
}

void hdb_buffer_text(hdb_buffer *buffer, const char *text) {
    hdb_buffer_append(buffer, text, strlen(text));
}

void hdb_buffer_format(hdb_buffer *buffer, const char *format, ...) {
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0) {
        buffer->failed = true;
        return;
    }
    if (!hdb_buffer_reserve(buffer, (size_t)size))
        return;
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
}

void hdb_buffer_identifier(hdb_buffer *buffer, const char *name) {
    hdb_buffer_char(buffer, '"');
    for (const char *quote; (quote = strchr(name, '"')) != NULL; name = quote + 1) {
        hdb_buffer_append(buffer, name, (size_t)(quote - name) + 1);
        hdb_buffer_char(buffer, '"');
    }
    hdb_buffer_text(buffer, name);
    hdb_buffer_char(buffer, '"');
}

char *hdb_buffer_take(hdb_buffer *buffer) {
    char *text = NULL;

    hdb_buffer_append(buffer, "", 0);
    if (!buffer->failed) {
        text = buffer->data;
        buffer->data = NULL;
    }
    hdb_buffer_free(buffer);
    return text;
}
