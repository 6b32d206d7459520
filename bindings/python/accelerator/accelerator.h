/* SPDX-License-Identifier: Apache-2.0 */
/* The short ways of the Python binding: execute() of a statement that was prepared before, with plain values, and the next
 * row of a cursor, without the interpreter's own instructions between.
 *
 * The module _accelerator has the bases of Handle, Statement, Cursor, Connection and Row: what these keep, as members of a C
 * structure, and the methods that have a short way. states.py has the same in Python, and says what each attribute is; it is
 * used where this module can't be (PyPy, a free-threaded interpreter, one before 3.10). Each method first looks whether all
 * is as usual. If anything is not - another thread's connection, a parameter that has to be adapted, a converter, a
 * statement in use - it changes nothing and calls the method of the Python class that does everything:
 *
 *     Connection.execute    cursor(), execute()
 *     Cursor.execute        _execute()
 *     Cursor.fetchone       _fetchone()
 *     Cursor.fetchmany      _fetchmany()
 *     Cursor.fetchall       _fetchall()
 *     Cursor.__next__       _next()
 *     Row.__getitem__       _item()
 *
 * What goes wrong on a short way is told by the Python class, too: Statement._fail(), _raise_lost(), _refuse_row(),
 * _refuse_block().
 *
 * It is not linked with the library: start() gets the functions from the copy that ctypes has loaded. It is made for the
 * stable ABI of Python 3.10, so that one file serves every later one. Everything runs with the GIL, which is given up around
 * every call of the library that takes the connection's lock: who has that may wait for the GIL, in a function of the program.
 * One interpreter only can import it; others of the process do without. */
#ifndef HDB_PYTHON_ACCELERATOR_H
#define HDB_PYTHON_ACCELERATOR_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <heliosdb/heliosdb.h>
#include <stdbool.h>
#include <structmember.h>

/* Objects that are NULL before __init__(); Python sees an AttributeError then. */
typedef struct handle_state {
    PyObject_HEAD
    Py_ssize_t address; /* of the hdb_conn; 0 once it is closed */
} handle_state;

typedef struct statement_state {
    PyObject_HEAD
    Py_ssize_t address;  /* of the hdb_stmt; 0 if the text holds no statement */
    PyObject *described; /* None, or a tuple of names, description and indexes */
    long long runs;
    int parameters;
    int compiled;
    char busy, is_dml, is_named, readonly, returns_rows;
} statement_state;

typedef struct connection_state {
    PyObject_HEAD
    PyObject *handle; /* a handle_state */
    PyObject *thread; /* identifier of the only thread that may use it; None: any */
    PyObject *turn, *cache, *level, *detect_types, *row_factory, *text_factory;
    const void *found; /* the statement that was found last in the cache, where it is at the end; only to compare */
} connection_state;

typedef struct cursor_state {
    PyObject_HEAD
    PyObject *connection; /* a connection_state */
    PyObject *statement;  /* None, or the statement_state whose rows are read */
    PyObject *empty, *converters, *description, *indexes, *lastrowid, *row_factory, *factory;
    long long rowcount;
    int arraysize;
    char closed, locked;
} cursor_state;

/* What start() was told. */
typedef struct accelerator {
    int (*execute_values)(hdb_stmt *, const void *, int64_t, int64_t *, int64_t *);
    int (*fetch_values)(hdb_stmt *, const void **, int64_t *);
    int (*fetch_block)(hdb_stmt *, int64_t, const void **, int64_t *);
    int (*reset)(hdb_stmt *);
    int (*stmt_status)(hdb_stmt *, int, int);
    int (*in_transaction)(hdb_conn *);
    int64_t (*changes)(hdb_conn *);
    PyObject *signals, *lost;                  /* the names of signals.py, and "lost", which is one of them */
    PyObject *plain;                           /* types that need no adapter, a set */
    PyObject *connection_class, *cursor_class; /* Connection and Cursor themselves, not classes made of them */
} accelerator;

extern accelerator hdb_accelerator;
extern PyTypeObject *hdb_handle_type, *hdb_statement_type, *hdb_connection_type, *hdb_cursor_type;

/* states.c: makes the types of what has no methods. -1 with an exception set on failure, here and below. */
int hdb_states_add(PyObject *module);
/* cursor.c, connection.c, row.c: those that have. */
int hdb_cursor_add(PyObject *module);
int hdb_connection_add(PyObject *module);
int hdb_row_add(PyObject *module);

/* Whether the connection is open, and used by a thread that may. No exception is set if not. */
bool hdb_connection_is_ready(connection_state *conn);
/* Waits for the threads that share the connection. */
int hdb_connection_enter(connection_state *conn);
void hdb_connection_leave(connection_state *conn);
/* What is wrong after a statement ran or moved to a row: -1 with what its code stands for, or what a signal's handler raised,
 * or that the connection was closed meanwhile. It is `busy` if it is on a row. */
int hdb_statement_check(statement_state *stmt, connection_state *conn, int code);
/* With an exception set, which stays: the cursor lets go of its statement, and, if it fails, has changed no rows. */
void hdb_cursor_release(cursor_state *self);
void hdb_cursor_fail(cursor_state *self);
/* Whether the cursor may be used. No exception is set if not. */
bool hdb_cursor_is_ready(cursor_state *self);
/* execute.c: Cursor.execute() */
PyObject *hdb_cursor_execute(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
/* fetch.c: Cursor.fetchone(), fetchmany(), fetchall(), __next__() */
PyObject *hdb_cursor_fetchone(PyObject *self, PyObject *unused);
PyObject *hdb_cursor_fetchmany(PyObject *self, PyObject *arguments, PyObject *names);
PyObject *hdb_cursor_fetchall(PyObject *self, PyObject *unused);
PyObject *hdb_cursor_next(PyObject *self);
/* Adds a type that is made of a specification to the module. NULL on failure, else a reference of the caller's. */
PyTypeObject *hdb_type_add(PyObject *module, PyType_Spec *spec, const char *name);
/* Calls a method with no, one or two arguments, for what it does and not for what it returns. */
int hdb_call(PyObject *object, const char *method, PyObject *argument, PyObject *second);
/* What the garbage collector wants of a type whose objects are its members. */
int hdb_members_visit(PyObject *self, const PyMemberDef *members, visitproc visit, void *arg);
int hdb_members_clear(PyObject *self, const PyMemberDef *members);
void hdb_members_dealloc(PyObject *self, const PyMemberDef *members);
/* Keeps a new reference of a value in the place of another one. */
void hdb_keep(PyObject **place, PyObject *value);

/* Parameters as hdb_execute_values() takes them, in memory of the structure itself if they are small. */
typedef struct packed_values {
    void *data;
    Py_ssize_t size;
    int64_t small[64];
} packed_values;

/* values.c: false, without an exception, if the parameters need a closer look. Freed by hdb_packed_free() if true. */
bool hdb_pack(packed_values *packed, PyObject *parameters, int count);
void hdb_packed_free(packed_values *packed);
/* A tuple of the values of a row. NULL with UnicodeDecodeError set for text that is not UTF-8. */
PyObject *hdb_unpack(const void *data, Py_ssize_t size, Py_ssize_t columns);
/* Appends the rows of a block to a list, each a tuple; -1 as hdb_unpack(). */
int hdb_unpack_block(PyObject *list, const void *block);

#endif
