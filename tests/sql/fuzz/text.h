/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows; a program of the tests ends when memory runs out. */
#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct text {
    char *data; /* ended by NUL; NULL before the first byte */
    size_t size, capacity;
};

void text_append(struct text *text, const char *bytes, size_t size);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_format_list(struct text *text, const char *format, va_list arguments);
void text_clear(struct text *text);
void text_free(struct text *text);

#endif
