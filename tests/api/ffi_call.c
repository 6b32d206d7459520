/* SPDX-License-Identifier: Apache-2.0 */
#include "ffi_call.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct ffi_function ffi_functions[] = {
    {.name = "hdb_version", .result = 'p', .parameters = ""},
    {.name = "hdb_version_number", .result = 'i', .parameters = ""},
    {.name = "hdb_sqlite_version", .result = 'p', .parameters = ""},
    {.name = "hdb_errstr", .result = 'p', .parameters = "i"},
    {.name = "hdb_errname", .result = 'p', .parameters = "i"},
    {.name = "hdb_complete", .result = 'i', .parameters = "p"},
    {.name = "hdb_config_create", .result = 'p', .parameters = ""},
    {.name = "hdb_config_set", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_config_get", .result = 'p', .parameters = "pp"},
    {.name = "hdb_config_key", .result = 'p', .parameters = "i"},
    {.name = "hdb_config_destroy", .result = 'v', .parameters = "p"},
    {.name = "hdb_connect", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_close", .result = 'i', .parameters = "p"},
    {.name = "hdb_conn_mode", .result = 'i', .parameters = "p"},
    {.name = "hdb_conn_path", .result = 'p', .parameters = "p"},
    {.name = "hdb_errcode", .result = 'i', .parameters = "p"},
    {.name = "hdb_extended_errcode", .result = 'i', .parameters = "p"},
    {.name = "hdb_errmsg", .result = 'p', .parameters = "p"},
    {.name = "hdb_sqlstate", .result = 'p', .parameters = "p"},
    {.name = "hdb_error_offset", .result = 'i', .parameters = "p"},
    {.name = "hdb_exec", .result = 'i', .parameters = "ppl"},
    {.name = "hdb_changes", .result = 'l', .parameters = "p"},
    {.name = "hdb_total_changes", .result = 'l', .parameters = "p"},
    {.name = "hdb_last_insert_rowid", .result = 'l', .parameters = "p"},
    {.name = "hdb_in_transaction", .result = 'i', .parameters = "p"},
    {.name = "hdb_busy_timeout", .result = 'i', .parameters = "pi"},
    {.name = "hdb_transaction_retry", .result = 'i', .parameters = "pi"},
    {.name = "hdb_interrupt", .result = 'i', .parameters = "p"},
    {.name = "hdb_progress_handler", .result = 'i', .parameters = "pipp"},
    {.name = "hdb_wait_handler", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_limit", .result = 'i', .parameters = "pii"},
    {.name = "hdb_flush", .result = 'i', .parameters = "p"},
    {.name = "hdb_verify", .result = 'i', .parameters = "pp"},
    {.name = "hdb_engine_dsn", .result = 'i', .parameters = "pp"},
    {.name = "hdb_explain", .result = 'i', .parameters = "pplp"},
    {.name = "hdb_prepare", .result = 'i', .parameters = "pplpp"},
    {.name = "hdb_finalize", .result = 'i', .parameters = "p"},
    {.name = "hdb_execute", .result = 'i', .parameters = "p"},
    {.name = "hdb_fetch_row", .result = 'i', .parameters = "p"},
    {.name = "hdb_reset", .result = 'i', .parameters = "p"},
    {.name = "hdb_stmt_sql", .result = 'p', .parameters = "p"},
    {.name = "hdb_stmt_expanded_sql", .result = 'p', .parameters = "p"},
    {.name = "hdb_stmt_readonly", .result = 'i', .parameters = "p"},
    {.name = "hdb_stmt_is_dml", .result = 'i', .parameters = "p"},
    {.name = "hdb_stmt_busy", .result = 'i', .parameters = "p"},
    {.name = "hdb_bind_parameter_count", .result = 'i', .parameters = "p"},
    {.name = "hdb_bind_parameter_name", .result = 'p', .parameters = "pi"},
    {.name = "hdb_bind_parameter_index", .result = 'i', .parameters = "pp"},
    {.name = "hdb_clear_bindings", .result = 'i', .parameters = "p"},
    {.name = "hdb_bind_null", .result = 'i', .parameters = "pi"},
    {.name = "hdb_bind_int64", .result = 'i', .parameters = "pil"},
    {.name = "hdb_bind_double", .result = 'i', .parameters = "pid"},
    {.name = "hdb_bind_text", .result = 'i', .parameters = "pipl"},
    {.name = "hdb_bind_blob", .result = 'i', .parameters = "pipl"},
    {.name = "hdb_column_count", .result = 'i', .parameters = "p"},
    {.name = "hdb_column_name", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_decltype", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_database", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_table", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_origin", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_type", .result = 'i', .parameters = "pi"},
    {.name = "hdb_column_int64", .result = 'l', .parameters = "pi"},
    {.name = "hdb_column_double", .result = 'd', .parameters = "pi"},
    {.name = "hdb_column_text", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_blob", .result = 'p', .parameters = "pi"},
    {.name = "hdb_column_bytes", .result = 'l', .parameters = "pi"},
    {.name = "hdb_fetch_block", .result = 'i', .parameters = "plpp"},
    {.name = "hdb_execute_block", .result = 'i', .parameters = "pplpp"},
    {.name = "hdb_fetch_values", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_execute_values", .result = 'i', .parameters = "pplpp"},
    {.name = "hdb_step_values", .result = 'i', .parameters = "pplpp"},
    {.name = "hdb_fetch_arrow", .result = 'i', .parameters = "pp"},
    {.name = "hdb_backup_init", .result = 'i', .parameters = "ppppp"},
    {.name = "hdb_backup_step", .result = 'i', .parameters = "pi"},
    {.name = "hdb_backup_remaining", .result = 'i', .parameters = "p"},
    {.name = "hdb_backup_pagecount", .result = 'i', .parameters = "p"},
    {.name = "hdb_backup_finish", .result = 'i', .parameters = "p"},
    {.name = "hdb_serialize", .result = 'i', .parameters = "pppp"},
    {.name = "hdb_deserialize", .result = 'i', .parameters = "pppl"},
    {.name = "hdb_free", .result = 'v', .parameters = "p"},
    {.name = "hdb_blob_open", .result = 'i', .parameters = "pppplip"},
    {.name = "hdb_blob_reopen", .result = 'i', .parameters = "pl"},
    {.name = "hdb_blob_bytes", .result = 'i', .parameters = "p"},
    {.name = "hdb_blob_read", .result = 'i', .parameters = "ppii"},
    {.name = "hdb_blob_write", .result = 'i', .parameters = "ppii"},
    {.name = "hdb_blob_close", .result = 'i', .parameters = "p"},
    {.name = "hdb_create_function", .result = 'i', .parameters = "ppiippp"},
    {.name = "hdb_create_aggregate", .result = 'i', .parameters = "ppiipppp"},
    {.name = "hdb_create_window_function", .result = 'i', .parameters = "ppiipppppp"},
    {.name = "hdb_create_collation", .result = 'i', .parameters = "ppppp"},
    {.name = "hdb_collation_needed", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_context_conn", .result = 'p', .parameters = "p"},
    {.name = "hdb_aggregate_context", .result = 'p', .parameters = "pi"},
    {.name = "hdb_result_null", .result = 'v', .parameters = "p"},
    {.name = "hdb_result_int64", .result = 'v', .parameters = "pl"},
    {.name = "hdb_result_double", .result = 'v', .parameters = "pd"},
    {.name = "hdb_result_text", .result = 'v', .parameters = "ppl"},
    {.name = "hdb_result_blob", .result = 'v', .parameters = "ppl"},
    {.name = "hdb_result_zeroblob", .result = 'v', .parameters = "pl"},
    {.name = "hdb_result_datum", .result = 'v', .parameters = "pp"},
    {.name = "hdb_result_subtype", .result = 'v', .parameters = "pi"},
    {.name = "hdb_result_error", .result = 'v', .parameters = "ppl"},
    {.name = "hdb_result_error_code", .result = 'v', .parameters = "pi"},
    {.name = "hdb_result_error_nomem", .result = 'v', .parameters = "p"},
    {.name = "hdb_result_error_toobig", .result = 'v', .parameters = "p"},
    {.name = "hdb_datum_type", .result = 'i', .parameters = "p"},
    {.name = "hdb_datum_numeric_type", .result = 'i', .parameters = "p"},
    {.name = "hdb_datum_int64", .result = 'l', .parameters = "p"},
    {.name = "hdb_datum_double", .result = 'd', .parameters = "p"},
    {.name = "hdb_datum_text", .result = 'p', .parameters = "p"},
    {.name = "hdb_datum_blob", .result = 'p', .parameters = "p"},
    {.name = "hdb_datum_bytes", .result = 'l', .parameters = "p"},
    {.name = "hdb_datum_subtype", .result = 'i', .parameters = "p"},
    {.name = "hdb_set_authorizer", .result = 'i', .parameters = "pppp"},
    {.name = "hdb_trace", .result = 'i', .parameters = "pippp"},
    {.name = "hdb_commit_hook", .result = 'i', .parameters = "pppp"},
    {.name = "hdb_rollback_hook", .result = 'i', .parameters = "pppp"},
    {.name = "hdb_update_hook", .result = 'i', .parameters = "pppp"},
    {.name = "hdb_busy_handler", .result = 'i', .parameters = "pppp"},
    {.name = "hdb_threadsafe", .result = 'i', .parameters = ""},
    {.name = "hdb_library_status", .result = 'i', .parameters = "ippi"},
    {.name = "hdb_conn_status", .result = 'i', .parameters = "pippi"},
    {.name = "hdb_stmt_status", .result = 'i', .parameters = "pii"},
    {.name = "hdb_stmt_is_explain", .result = 'i', .parameters = "p"},
    {.name = "hdb_stmt_conn", .result = 'p', .parameters = "p"},
    {.name = "hdb_db_config", .result = 'i', .parameters = "piip"},
    {.name = "hdb_set_last_insert_rowid", .result = 'i', .parameters = "pl"},
    {.name = "hdb_is_interrupted", .result = 'i', .parameters = "p"},
    {.name = "hdb_txn_state", .result = 'i', .parameters = "pp"},
    {.name = "hdb_db_readonly", .result = 'i', .parameters = "pp"},
    {.name = "hdb_db_filename", .result = 'p', .parameters = "pp"},
    {.name = "hdb_table_column_metadata", .result = 'i', .parameters = "ppppppppp"},
    {.name = "hdb_enable_load_extension", .result = 'i', .parameters = "pi"},
    {.name = "hdb_load_extension", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_create_module", .result = 'i', .parameters = "ppipppppppp"},
    {.name = "hdb_vtable_declare", .result = 'i', .parameters = "ppii"},
    {.name = "hdb_vtable_error", .result = 'v', .parameters = "pp"},
    {.name = "hdb_session_create", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_session_attach", .result = 'i', .parameters = "pp"},
    {.name = "hdb_session_enable", .result = 'i', .parameters = "pi"},
    {.name = "hdb_session_indirect", .result = 'i', .parameters = "pi"},
    {.name = "hdb_session_is_empty", .result = 'i', .parameters = "p"},
    {.name = "hdb_session_changeset", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_session_patchset", .result = 'i', .parameters = "ppp"},
    {.name = "hdb_session_delete", .result = 'v', .parameters = "p"},
    {.name = "hdb_changeset_apply", .result = 'i', .parameters = "pplppp"},
    {.name = "hdb_changeset_invert", .result = 'i', .parameters = "plpp"},
    {.name = "hdb_changeset_concat", .result = 'i', .parameters = "plplpp"},
    {.name = "hdb_change_table", .result = 'p', .parameters = "p"},
    {.name = "hdb_change_operation", .result = 'i', .parameters = "p"},
    {.name = "hdb_change_indirect", .result = 'i', .parameters = "p"},
    {.name = "hdb_change_columns", .result = 'i', .parameters = "p"},
    {.name = "hdb_change_is_key", .result = 'i', .parameters = "pi"},
    {.name = "hdb_change_old", .result = 'p', .parameters = "pi"},
    {.name = "hdb_change_new", .result = 'p', .parameters = "pi"},
    {.name = "hdb_change_conflict", .result = 'p', .parameters = "pi"},
    {.name = "hdb_change_violations", .result = 'i', .parameters = "p"},
};
const size_t ffi_function_count = sizeof ffi_functions / sizeof *ffi_functions;

/* --- the calls */

static ffi_type *type_of(char letter) {
    switch (letter) {
    case 'i':
        return &ffi_type_sint;
    case 'l':
        return &ffi_type_sint64;
    case 'd':
        return &ffi_type_double;
    case 'p':
        return &ffi_type_pointer;
    default:
        return &ffi_type_void;
    }
}

struct ffi_function *ffi_find(const char *name) {
    for (size_t i = 0; i < ffi_function_count; i++)
        if (strcmp(ffi_functions[i].name, name) == 0)
            return &ffi_functions[i];
    return NULL;
}

/* libffi widens a result that is smaller than a register to ffi_arg. */
union value {
    ffi_arg word;
    int number;
    int64_t large;
    double real;
    void *pointer;
};

static union value invoke(const char *name, char result, va_list list) {
    struct ffi_function *function = ffi_find(name);
    union value values[FFI_MAX_PARAMETERS], out = {0};
    void *arguments[FFI_MAX_PARAMETERS];
    if (!function || function->result != result)
        fail_msg("%s is not in the table with this result", name);
    for (size_t i = 0; function->parameters[i]; i++) {
        arguments[i] = &values[i];
        switch (function->parameters[i]) {
        case 'i':
            values[i].number = va_arg(list, int);
            break;
        case 'l':
            values[i].large = va_arg(list, int64_t);
            break;
        case 'd':
            values[i].real = va_arg(list, double);
            break;
        default:
            values[i].pointer = va_arg(list, void *);
        }
    }
    ffi_call(&function->cif, function->address, &out, arguments);
    function->calls++;
    return out;
}

int call_int(const char *name, ...) {
    va_list list;
    va_start(list, name);
    union value out = invoke(name, 'i', list);
    va_end(list);
    return (int)(ffi_sarg)out.word;
}

int64_t call_int64(const char *name, ...) {
    va_list list;
    va_start(list, name);
    union value out = invoke(name, 'l', list);
    va_end(list);
    return out.large;
}

double call_double(const char *name, ...) {
    va_list list;
    va_start(list, name);
    union value out = invoke(name, 'd', list);
    va_end(list);
    return out.real;
}

void *call_pointer(const char *name, ...) {
    va_list list;
    va_start(list, name);
    union value out = invoke(name, 'p', list);
    va_end(list);
    return out.pointer;
}

void call_void(const char *name, ...) {
    va_list list;
    va_start(list, name);
    invoke(name, 'v', list);
    va_end(list);
}

int ffi_bind(const char *library) {
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    for (size_t i = 0; i < ffi_function_count; i++) {
        struct ffi_function *function = &ffi_functions[i];
        unsigned count = (unsigned)strlen(function->parameters);
        ffi_type *result = type_of(function->result);
        *(void **)&function->address = dlsym(handle, function->name);
        for (unsigned k = 0; k < count; k++)
            function->types[k] = type_of(function->parameters[k]);
        if (!function->address ||
            ffi_prep_cif(&function->cif, FFI_DEFAULT_ABI, count, result, function->types) != FFI_OK) {
            fprintf(stderr, "%s: not exported\n", function->name);
            return -1;
        }
    }
    return 0;
}
