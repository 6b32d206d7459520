/* SPDX-License-Identifier: Apache-2.0 */
/* Which values a column takes without changing them, by SQLite's affinity rules. */
#include "direct/lexer.h"
#include "direct/translate.h"
#include "record/cell.h"

#include <math.h>

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_digits(hdb_slice text, size_t i) {
    while (i < text.size && text.data[i] >= '0' && text.data[i] <= '9')
        i++;
    return i;
}

static size_t skip_sign(hdb_slice text, size_t i) {
    return i < text.size && (text.data[i] == '+' || text.data[i] == '-') ? i + 1 : i;
}

/* Whether numeric affinity would make a number of a text: spaces around, a sign, digits, a point, an exponent. */
static bool looks_numeric(hdb_slice text) {
    size_t i = 0, start = 0, digits = 0;
    while (i < text.size && is_space(text.data[i]))
        i++;
    start = i = skip_sign(text, i);
    i = skip_digits(text, i);
    digits = i - start;
    if (i < text.size && text.data[i] == '.') {
        start = i + 1;
        i = skip_digits(text, start);
        digits += i - start;
    }
    if (digits == 0)
        return false;
    if (i < text.size && (text.data[i] == 'e' || text.data[i] == 'E')) {
        start = skip_sign(text, i + 1);
        i = skip_digits(text, start);
        if (i == start)
            return false;
    }
    while (i < text.size && is_space(text.data[i]))
        i++;
    return i == text.size;
}

/* Numeric affinity stores a FLOAT without a fraction as INTEGER; what is too large for that stays, but is left to
 * SQLite here. */
static bool admit_numeric(const hdb_value *value) {
    switch (value->type) {
    case HDB_TYPE_FLOAT:
        return isfinite(value->as.real) && value->as.real != trunc(value->as.real);
    case HDB_TYPE_TEXT:
        return !looks_numeric((hdb_slice){value->as.bytes.data, value->as.bytes.size});
    default:
        return true;
    }
}

bool hdb_plan_admit(const hdb_plan_input *input, const hdb_value *value, hdb_value *out) {
    *out = *value;
    if (value->type == HDB_TYPE_NULL)
        return !input->required;
    switch (input->admission) {
    case HDB_ADMIT_INTEGER:
        return hdb_cell_is_ordinary(HDB_AFFINITY_INTEGER, value);
    case HDB_ADMIT_REAL:
        if (value->type == HDB_TYPE_INTEGER)
            *out = hdb_value_real((double)value->as.integer);
        if (out->type == HDB_TYPE_FLOAT && out->as.real == 0.0)
            out->as.real = 0.0; /* SQLite keeps a whole number as an integer here, which has no -0.0 */
        return hdb_cell_is_ordinary(HDB_AFFINITY_REAL, out);
    case HDB_ADMIT_TEXT:
        return hdb_cell_is_ordinary(HDB_AFFINITY_TEXT, value);
    case HDB_ADMIT_PLAIN_TEXT:
        return hdb_cell_is_ordinary(HDB_AFFINITY_TEXT, value) && admit_numeric(value);
    case HDB_ADMIT_BLOB:
        return hdb_cell_is_ordinary(HDB_AFFINITY_BLOB, value);
    case HDB_ADMIT_ANY:
        return true;
    case HDB_ADMIT_NUMERIC:
        return admit_numeric(value);
    }
    return false;
}
