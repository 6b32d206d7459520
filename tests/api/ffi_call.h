/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions as libffi sees them, and calls by name. */
#ifndef TEST_FFI_CALL_H
#define TEST_FFI_CALL_H

#include <ffi.h>
#include <stddef.h>
#include <stdint.h>

enum { FFI_MAX_PARAMETERS = 12 };

/* Types: i int, l int64, d double, p pointer, v nothing. */
struct ffi_function {
    const char *name;
    char result;
    const char *parameters;
    void (*address)(void);
    ffi_cif cif;
    ffi_type *types[FFI_MAX_PARAMETERS];
    int calls;
};

/* Every function of the header, in its order. */
extern struct ffi_function ffi_functions[];
extern const size_t ffi_function_count;

/* Opens a library and looks every function up. Returns 0, or -1 with a message on stderr. */
int ffi_bind(const char *library);
struct ffi_function *ffi_find(const char *name);

/* Calls a function of the table; arguments must have the very types it lists: int64_t, not int, for an `l`. */
int call_int(const char *name, ...);
int64_t call_int64(const char *name, ...);
double call_double(const char *name, ...);
void *call_pointer(const char *name, ...);
void call_void(const char *name, ...);

#endif
