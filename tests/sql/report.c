/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <string.h>

void report_text(FILE *out, char quote, const char *text, size_t size) {
    if (!text) {
        fputs("NULL", out);
        return;
    }
    fputc(quote, out);
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < ' ' || byte > '~' || byte == '\\')
            fprintf(out, "\\x%02x", byte);
        else
            fputc(byte, out);
    }
    fputc(quote, out);
}

void report_name(FILE *out, const char *name) {
    report_text(out, '"', name, name ? strlen(name) : 0);
}

void report_integer(FILE *out, int64_t value) {
    fprintf(out, "%lld", (long long)value);
}

void report_real(FILE *out, double value) {
    char text[64];
    snprintf(text, sizeof text, "%.17g", value);
    fputs(text, out);
    if (!strpbrk(text, ".en"))
        fputs(".0", out);
}

void report_blob(FILE *out, const void *data, size_t size) {
    fputs("x'", out);
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", ((const unsigned char *)data)[i]);
    fputc('\'', out);
}

void report_error(FILE *out, int code, int extended, int offset, const char *message) {
    fprintf(out, "error %d, extended %d, offset %d: ", code & 0xff, extended, offset);
    report_name(out, message);
    fputc('\n', out);
}

void report_counts(FILE *out, const struct report_counts *counts) {
    fprintf(out, "changes %lld, total %lld, last rowid %lld, transaction %d\n", (long long)counts->changes,
            (long long)counts->total_changes, (long long)counts->last_insert_rowid, counts->in_transaction);
}

/* The part of a report that differs from another one, in whole lines. */
struct part {
    const char *begin, *end;
};

/* Cuts off the lines that two texts have in common at their beginnings and at their ends. */
static void cut_common_lines(struct part *left, struct part *right) {
    for (const char *a = left->begin, *b = right->begin; a < left->end && b < right->end && *a == *b; b++)
        if (*a++ == '\n') {
            left->begin = a;
            right->begin = b + 1;
        }
    const char *a = left->end, *b = right->end;
    while (a > left->begin && b > right->begin && a[-1] == b[-1]) {
        a--;
        b--;
        if ((a == left->begin || a[-1] == '\n') && (b == right->begin || b[-1] == '\n')) {
            left->end = a;
            right->end = b;
        }
    }
}

static void show_part(FILE *out, const char *side, const struct part *part) {
    enum { LINES = 8, WIDTH = 400 };
    int shown = 0;
    if (part->begin == part->end)
        fprintf(out, "      %s (nothing)\n", side);
    for (const char *line = part->begin; line < part->end; shown++) {
        const char *end = memchr(line, '\n', (size_t)(part->end - line));
        int length = (int)((end ? end : part->end) - line);
        if (shown < LINES)
            fprintf(out, "      %s %.*s\n", side, length < WIDTH ? length : WIDTH, line);
        line = end ? end + 1 : part->end;
    }
    if (shown > LINES)
        fprintf(out, "      %s and %d more lines\n", side, shown - LINES);
}

void report_differences(FILE *out, const char *expected, const char *found) {
    struct part left = {expected, expected + strlen(expected)}, right = {found, found + strlen(found)};
    cut_common_lines(&left, &right);
    show_part(out, "sqlite:  ", &left);
    show_part(out, "heliosdb:", &right);
}
