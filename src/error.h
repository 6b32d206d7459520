/* SPDX-License-Identifier: Apache-2.0 */
/* What went wrong, carried from the place that saw it to the handle that tells it.
 *
 * Every fallible internal function returns an hdb_status and fills an hdb_error that its caller passes in. The struct
 * owns its text; hdb_error_clear() frees it. One struct lives in each connection; background work has its own. */
#ifndef HDB_ERROR_H
#define HDB_ERROR_H

#include <heliosdb/status.h>
#include <stdarg.h>
#include <stddef.h>

typedef struct hdb_error {
    int code;         /* extended code; its low byte is the hdb_status, HDB_OK for none */
    int offset;       /* byte offset in the statement, -1 for none */
    char sqlstate[6]; /* "" for none */
    char *message;    /* NULL for none; "out of memory" is told by the code alone */
} hdb_error;

#define HDB_ERROR_INIT {HDB_OK, -1, "", NULL}

/* Forgets the error and frees its text. */
void hdb_error_clear(hdb_error *error);

/* Sets an error from a printf format and returns its primary code, so that a caller can `return hdb_error_set(...)`.
 * sqlstate may be NULL: then the usual one for the code is used. */
int hdb_error_set(hdb_error *error, int code, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#ifdef HDB_ANALYZER /* what it returns, for tools that see one file at a time */
#define hdb_error_set(error, code, ...) ((void)hdb_error_set(error, code, __VA_ARGS__), (code) & 0xff)
#endif

/* HDB_NOMEM, which needs no text. */
void hdb_error_set_nomem(hdb_error *error);
/* Here, so that who reads a caller sees that it is not HDB_OK: the compiler's analyzers do. */
static inline int hdb_error_nomem(hdb_error *error) {
    hdb_error_set_nomem(error);
    return HDB_NOMEM;
}

/* Moves an error from one struct into another and leaves `from` clear. Returns the primary code. */
int hdb_error_move(hdb_error *to, hdb_error *from);

/* Message to show: never NULL. */
const char *hdb_error_message(const hdb_error *error);

/* The hdb_status (perhaps extended) that an SQLSTATE of the engine stands for; pure. Exact codes before classes. */
int hdb_error_code_of_sqlstate(const char *sqlstate);

/* The SQLSTATE that stands for a result code, "HY000" where nothing fits; pure. */
const char *hdb_error_sqlstate_of_code(int code);

#endif
