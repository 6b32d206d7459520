/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's extended codes that the engine's SQLSTATEs can tell apart (https://www.sqlite.org/rescode.html#extrc). */
enum {
    CONSTRAINT_CHECK = HDB_CONSTRAINT | 1 << 8,
    CONSTRAINT_FOREIGNKEY = HDB_CONSTRAINT | 3 << 8,
    CONSTRAINT_NOTNULL = HDB_CONSTRAINT | 5 << 8,
    CONSTRAINT_PRIMARYKEY = HDB_CONSTRAINT | 6 << 8,
    CONSTRAINT_UNIQUE = HDB_CONSTRAINT | 8 << 8,
    CONSTRAINT_ROWID = HDB_CONSTRAINT | 10 << 8
};

struct mapping {
    const char *sqlstate;
    int code;
};

/* The engine says 23000 where the standard says 23502. */
static const struct mapping of_state[] = {
    {"00000", HDB_OK},
    {"08003", HDB_IOERR}, /* a session that was there and is lost, as opposed to one that can't be opened */
    {"08006", HDB_IOERR},
    {"08007", HDB_IOERR},
    {"23000", CONSTRAINT_NOTNULL},
    {"23001", CONSTRAINT_FOREIGNKEY},
    {"23502", CONSTRAINT_NOTNULL},
    {"23503", CONSTRAINT_FOREIGNKEY},
    {"23505", CONSTRAINT_UNIQUE},
    {"23514", CONSTRAINT_CHECK},
    {"25006", HDB_READONLY},
    {"3D000", HDB_CANTOPEN},
    {"40001", HDB_BUSY},
    {"40P01", HDB_BUSY},
    {"42501", HDB_AUTH},
    {"53100", HDB_FULL},
    {"53200", HDB_NOMEM},
    {"53300", HDB_CANTOPEN},
    {"55006", HDB_BUSY},
    {"55P03", HDB_BUSY},
    {"57014", HDB_INTERRUPT},
    {"57P01", HDB_IOERR},
    {"57P02", HDB_IOERR},
    {"57P03", HDB_CANTOPEN},
    {"57P05", HDB_IOERR},
    {"58030", HDB_IOERR},
    {"XX001", HDB_CORRUPT},
    {"XX002", HDB_CORRUPT},
};

static const struct mapping of_class[] = {
    {"08", HDB_CANTOPEN}, {"23", HDB_CONSTRAINT}, {"28", HDB_CANTOPEN}, {"54", HDB_TOOBIG}, {"58", HDB_IOERR},
};

/* Extended codes first: a code that is not found is looked up again by its low byte. */
static const struct mapping of_code[] = {
    {"23514", CONSTRAINT_CHECK},
    {"23503", CONSTRAINT_FOREIGNKEY},
    {"23502", CONSTRAINT_NOTNULL},
    {"23505", CONSTRAINT_PRIMARYKEY},
    {"23505", CONSTRAINT_UNIQUE},
    {"23505", CONSTRAINT_ROWID},
    {"00000", HDB_OK},
    {"XX000", HDB_INTERNAL},
    {"42501", HDB_PERM},
    {"55P03", HDB_BUSY},
    {"55006", HDB_LOCKED},
    {"53200", HDB_NOMEM},
    {"25006", HDB_READONLY},
    {"57014", HDB_INTERRUPT},
    {"58030", HDB_IOERR},
    {"XX001", HDB_CORRUPT},
    {"42704", HDB_NOTFOUND},
    {"53100", HDB_FULL},
    {"08001", HDB_CANTOPEN},
    {"08P01", HDB_PROTOCOL},
    {"54000", HDB_TOOBIG},
    {"23000", HDB_CONSTRAINT},
    {"42804", HDB_MISMATCH},
    {"HY010", HDB_MISUSE},
    {"42501", HDB_AUTH},
    {"07009", HDB_RANGE},
    {"XX001", HDB_NOTADB},
    {"0A000", HDB_NOTSUPPORTED},
};

/* Said when an error carries no text of its own; SQLite's words where it has some. */
static const char *const plain[] = {
    [HDB_OK] = "not an error",
    [HDB_ERROR] = "SQL logic error",
    [HDB_INTERNAL] = "internal error",
    [HDB_PERM] = "access permission denied",
    [HDB_ABORT] = "query aborted",
    [HDB_BUSY] = "database is locked",
    [HDB_LOCKED] = "database table is locked",
    [HDB_NOMEM] = "out of memory",
    [HDB_READONLY] = "attempt to write a readonly database",
    [HDB_INTERRUPT] = "interrupted",
    [HDB_IOERR] = "disk I/O error",
    [HDB_CORRUPT] = "database disk image is malformed",
    [HDB_NOTFOUND] = "unknown operation",
    [HDB_FULL] = "database or disk is full",
    [HDB_CANTOPEN] = "unable to open database file",
    [HDB_PROTOCOL] = "locking protocol",
    [HDB_EMPTY] = "unknown error",
    [HDB_SCHEMA] = "database schema has changed",
    [HDB_TOOBIG] = "string or blob too big",
    [HDB_CONSTRAINT] = "constraint failed",
    [HDB_MISMATCH] = "datatype mismatch",
    [HDB_MISUSE] = "bad parameter or other API misuse",
    [HDB_NOLFS] = "large file support is disabled",
    [HDB_AUTH] = "authorization denied",
    [HDB_FORMAT] = "unknown error",
    [HDB_RANGE] = "column index out of range",
    [HDB_NOTADB] = "file is not a database",
    [HDB_NOTICE] = "notification message",
    [HDB_WARNING] = "warning message",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

void hdb_error_clear(hdb_error *error) {
    free(error->message);
    *error = (hdb_error)HDB_ERROR_INIT;
}

static void set_state(hdb_error *error, const char *sqlstate) {
    snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate);
}

int (hdb_error_set)(hdb_error *error, int code, const char *sqlstate, const char *format, ...) {
    char state[sizeof error->sqlstate];
    va_list arguments;
    char *message = NULL;
    int size;

    /* Both may lie in `error` itself (a message put around an older one), so the old text goes last. */
    snprintf(state, sizeof state, "%s", sqlstate != NULL ? sqlstate : hdb_error_sqlstate_of_code(code));
    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size >= 0 && (message = malloc((size_t)size + 1)) != NULL) {
        va_start(arguments, format);
        vsnprintf(message, (size_t)size + 1, format, arguments);
        va_end(arguments);
    }
    hdb_error_clear(error);
    error->code = code;
    error->message = message;
    set_state(error, state);
    return code & 0xff;
}

void hdb_error_set_nomem(hdb_error *error) {
    hdb_error_clear(error);
    error->code = HDB_NOMEM;
    set_state(error, hdb_error_sqlstate_of_code(HDB_NOMEM));
}

int hdb_error_move(hdb_error *to, hdb_error *from) {
    if (to != from) {
        hdb_error_clear(to);
        *to = *from;
        *from = (hdb_error)HDB_ERROR_INIT;
    }
    return to->code & 0xff;
}

const char *hdb_error_message(const hdb_error *error) {
    size_t primary = (size_t)(error->code & 0xff);

    if (error->message != NULL)
        return error->message;
    if (error->code == HDB_NOTSUPPORTED)
        return "not supported";
    return primary < COUNT(plain) ? plain[primary] : "unknown error";
}

int hdb_error_code_of_sqlstate(const char *sqlstate) {
    for (size_t i = 0; i < COUNT(of_state); i++)
        if (strcmp(sqlstate, of_state[i].sqlstate) == 0)
            return of_state[i].code;
    for (size_t i = 0; i < COUNT(of_class); i++)
        if (strncmp(sqlstate, of_class[i].sqlstate, 2) == 0)
            return of_class[i].code;
    return HDB_ERROR;
}

const char *hdb_error_sqlstate_of_code(int code) {
    for (size_t i = 0; i < COUNT(of_code); i++)
        if (of_code[i].code == code)
            return of_code[i].sqlstate;
    return code > 0xff ? hdb_error_sqlstate_of_code(code & 0xff) : "HY000";
}
