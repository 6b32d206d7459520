/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of types that only the engine has: what of SQLite's values fits them, and in which form.
 *
 *   VECTOR(n)  text `[1, 2.5, ...]` of n numbers, or a blob of n little-endian 32-bit floats
 *   JSONB      text that is JSON beyond doubt
 *   UUID       text of 36 characters, 8-4-4-4-12 hexadecimal digits
 *
 * What the engine would not give back as it was written stands in "_hdb_odd" too, and is believed as long as it says the
 * same as the native cell (docs/decisions/0012-native-types.md). */
#ifndef HDB_NATIVE_H
#define HDB_NATIVE_H

#include "buffer.h"
#include "record/table.h"
#include "value.h"

bool hdb_native_is(enum hdb_affinity affinity);
/* Appends the engine's form of a value, as text. false: it does not fit, and nothing is appended. */
bool hdb_native_form(const hdb_column *column, const hdb_value *value, hdb_buffer *out);
/* Whether the engine gives `value` back as it is, when its form has been stored. */
bool hdb_native_is_exact(const hdb_column *column, const hdb_value *value, const char *form);
/* Whether a native cell says the same as a value that was written beside it. */
bool hdb_native_agrees(const hdb_column *column, const hdb_value *value, const hdb_value *cell);

#endif
