/* SPDX-License-Identifier: Apache-2.0 */
/* The exact text form of results; see session.h. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>
#include <stdio.h>

/* Writes text between two quotes, every byte that is not printable ASCII as \xNN. NULL: writes NULL. */
void report_text(FILE *out, char quote, const char *text, size_t size);
void report_name(FILE *out, const char *name);
/* Values: an integer has no point or exponent, a float always has one, or is inf. */
void report_integer(FILE *out, int64_t value);
void report_real(FILE *out, double value);
void report_blob(FILE *out, const void *data, size_t size);

struct report_counts {
    int64_t changes, total_changes, last_insert_rowid;
    int in_transaction;
};
void report_error(FILE *out, int code, int extended, int offset, const char *message);
void report_counts(FILE *out, const struct report_counts *counts);

/* Shows the lines in which two reports differ. */
void report_differences(FILE *out, const char *expected, const char *found);

#endif
