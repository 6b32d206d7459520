/* SPDX-License-Identifier: Apache-2.0 */
/* What callbacks read and give: an hdb_datum is a sqlite3_value, an hdb_context a sqlite3_context. Neither is ever NULL
 * when SQLite calls; a NULL from a careless caller reads as NULL. */
#include <heliosdb/heliosdb.h>
#include <sqlite3.h>
#include <string.h>

static sqlite3_value *value_of(hdb_datum *value) {
    return (sqlite3_value *)value;
}

static sqlite3_context *context_of(hdb_context *context) {
    return (sqlite3_context *)context;
}

void *hdb_aggregate_context(hdb_context *context, int size) {
    return context ? sqlite3_aggregate_context(context_of(context), size) : NULL;
}

void hdb_result_null(hdb_context *context) {
    if (context)
        sqlite3_result_null(context_of(context));
}

void hdb_result_int64(hdb_context *context, int64_t value) {
    if (context)
        sqlite3_result_int64(context_of(context), value);
}

void hdb_result_double(hdb_context *context, double value) {
    if (context)
        sqlite3_result_double(context_of(context), value);
}

void hdb_result_text(hdb_context *context, const char *value, int64_t length) {
    if (!context)
        return;
    if (!value)
        sqlite3_result_null(context_of(context));
    else
        sqlite3_result_text64(context_of(context), value, length < 0 ? strlen(value) : (sqlite3_uint64)length,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
}

void hdb_result_blob(hdb_context *context, const void *value, int64_t length) {
    if (!context)
        return;
    if (value && length > 0)
        sqlite3_result_blob64(context_of(context), value, (sqlite3_uint64)length, SQLITE_TRANSIENT);
    else
        sqlite3_result_zeroblob(context_of(context), 0);
}

void hdb_result_zeroblob(hdb_context *context, int64_t length) {
    if (context)
        sqlite3_result_zeroblob64(context_of(context), length > 0 ? (sqlite3_uint64)length : 0);
}

void hdb_result_datum(hdb_context *context, hdb_datum *value) {
    if (context && value)
        sqlite3_result_value(context_of(context), value_of(value));
}

void hdb_result_subtype(hdb_context *context, int subtype) {
    if (context)
        sqlite3_result_subtype(context_of(context), (unsigned)subtype);
}

void hdb_result_error(hdb_context *context, const char *message, int64_t length) {
    if (context)
        sqlite3_result_error(context_of(context), message ? message : "",
                             length < 0 || length > INT32_MAX ? -1 : (int)length);
}

void hdb_result_error_code(hdb_context *context, int code) {
    if (context)
        sqlite3_result_error_code(context_of(context), code);
}

void hdb_result_error_nomem(hdb_context *context) {
    if (context)
        sqlite3_result_error_nomem(context_of(context));
}

void hdb_result_error_toobig(hdb_context *context) {
    if (context)
        sqlite3_result_error_toobig(context_of(context));
}

int hdb_datum_type(hdb_datum *value) {
    return value ? sqlite3_value_type(value_of(value)) : HDB_TYPE_NULL;
}

int hdb_datum_numeric_type(hdb_datum *value) {
    return value ? sqlite3_value_numeric_type(value_of(value)) : HDB_TYPE_NULL;
}

int64_t hdb_datum_int64(hdb_datum *value) {
    return value ? sqlite3_value_int64(value_of(value)) : 0;
}

double hdb_datum_double(hdb_datum *value) {
    return value ? sqlite3_value_double(value_of(value)) : 0.0;
}

const char *hdb_datum_text(hdb_datum *value) {
    return value ? (const char *)sqlite3_value_text(value_of(value)) : NULL;
}

const void *hdb_datum_blob(hdb_datum *value) {
    return value ? sqlite3_value_blob(value_of(value)) : NULL;
}

int64_t hdb_datum_bytes(hdb_datum *value) {
    return value ? sqlite3_value_bytes(value_of(value)) : 0;
}

int hdb_datum_subtype(hdb_datum *value) {
    return value ? (int)sqlite3_value_subtype(value_of(value)) : 0;
}
