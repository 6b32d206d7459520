/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a cursor whose texts are str and whose columns have no converters. cursor.py's _fetch_one() and _fetch() are the same
 * for all cursors. */
#include "accelerator.h"

#include <limits.h>

#define LARGE (1 << 16) /* bytes of a block, as in statement.py */

/* Fetches a row, or at most so many rows as a list, fewer than 1: all. */
typedef PyObject *fetcher(cursor_state *self, connection_state *conn, statement_state *stmt, int64_t limit);

int hdb_statement_check(statement_state *stmt, connection_state *conn, int code) {
    stmt->busy = 0;
    bool lost = PyDict_GetItemWithError(hdb_accelerator.signals, hdb_accelerator.lost) != Py_False;
    if (lost && hdb_call((PyObject *)stmt, "_raise_lost", NULL, NULL) != 0)
        return -1;
    if (((handle_state *)conn->handle)->address == 0 && hdb_call(conn->handle, "check_open", NULL, NULL) != 0)
        return -1;
    stmt->busy = code == HDB_ROW;
    if (code == HDB_ROW || code == HDB_DONE)
        return 0;
    PyObject *number = PyLong_FromLong(code);
    int rc = number ? hdb_call((PyObject *)stmt, "_fail", number, NULL) : -1;
    Py_XDECREF(number);
    return rc;
}

void hdb_cursor_release(cursor_state *self) {
    PyObject *kind = NULL, *error = NULL, *trace = NULL;
    PyErr_Fetch(&kind, &error, &trace);
    if (self->statement != Py_None && hdb_call((PyObject *)self, "_release", NULL, NULL) != 0)
        PyErr_Clear(); /* the first failure is the one to tell */
    PyErr_Restore(kind, error, trace);
}

void hdb_cursor_fail(cursor_state *self) {
    self->rowcount = -1;
    hdb_cursor_release(self);
}

static bool is_usual(cursor_state *self) {
    if (!hdb_cursor_is_ready(self) || self->statement == Py_None || self->converters != Py_None)
        return false;
    return ((connection_state *)self->connection)->text_factory == (PyObject *)&PyUnicode_Type &&
        PyTuple_CheckExact(self->description);
}

static PyObject *fetch_one(cursor_state *self, connection_state *conn, statement_state *stmt, int64_t limit) {
    const void *data = NULL;
    int64_t size = 0;
    const Py_ssize_t columns = PyTuple_Size(self->description);
    (void)limit;
    PyThreadState *thread = PyEval_SaveThread();
    int code = hdb_accelerator.fetch_values((hdb_stmt *)stmt->address, &data, &size);
    PyEval_RestoreThread(thread);
    if (hdb_statement_check(stmt, conn, code) != 0)
        return NULL;
    PyObject *row = hdb_unpack(data, (Py_ssize_t)size, columns);
    if (!row && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        Py_XDECREF(PyObject_CallMethod((PyObject *)stmt, "_refuse_row", "nLn", (Py_ssize_t)data, (long long)size, columns));
    }
    return row;
}

/* Appends a block of rows. */
static int fetch_block(PyObject *rows, connection_state *conn, statement_state *stmt, int64_t limit, int64_t *size) {
    const void *data = NULL;
    PyThreadState *thread = PyEval_SaveThread();
    int code = hdb_accelerator.fetch_block((hdb_stmt *)stmt->address, limit, &data, size);
    PyEval_RestoreThread(thread);
    if (hdb_statement_check(stmt, conn, code) != 0)
        return -1;
    int rc = hdb_unpack_block(rows, data);
    if (rc != 0 && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        Py_XDECREF(PyObject_CallMethod((PyObject *)stmt, "_refuse_block", "nL", (Py_ssize_t)data, (long long)*size));
    }
    return rc;
}

static PyObject *fetch_many(cursor_state *self, connection_state *conn, statement_state *stmt, int64_t limit) {
    PyObject *rows = PyList_New(0);
    int64_t size = 0;
    (void)self;
    do {
        if (rows && fetch_block(rows, conn, stmt, limit - PyList_Size(rows), &size) != 0)
            Py_CLEAR(rows);
    } while (rows && stmt->busy && PyList_Size(rows) != limit);
    if (rows && !stmt->busy && size > LARGE) { /* gives its memory back: the statement may stay in the cache */
        PyThreadState *thread = PyEval_SaveThread();
        hdb_accelerator.reset((hdb_stmt *)stmt->address);
        PyEval_RestoreThread(thread);
    }
    return rows;
}

/* Its last row was read. */
static void finish(cursor_state *self, connection_state *conn, statement_state *stmt) {
    hdb_keep(&self->statement, Py_None);
    if (stmt->is_dml)
        self->rowcount = hdb_accelerator.changes((hdb_conn *)((handle_state *)conn->handle)->address);
}

/* With the cursor and the connection kept for this thread. */
static PyObject *fetch_alone(cursor_state *self, fetcher *fetch, int64_t limit) {
    connection_state *conn = (connection_state *)self->connection;
    statement_state *stmt = (statement_state *)self->statement;
    PyObject *fetched = NULL;
    Py_INCREF(conn);
    Py_INCREF(stmt);
    self->locked = 1;
    if (hdb_connection_enter(conn) == 0) {
        if (((handle_state *)conn->handle)->address != 0 || hdb_call(conn->handle, "check_open", NULL, NULL) == 0)
            fetched = fetch(self, conn, stmt, limit);
        if (!fetched)
            hdb_cursor_release(self);
        else if (!stmt->busy)
            finish(self, conn, stmt);
        hdb_connection_leave(conn);
    }
    self->locked = 0;
    Py_DECREF(stmt);
    Py_DECREF(conn);
    return fetched;
}

static PyObject *fetch_one_alone(cursor_state *self) {
    PyObject *row = fetch_alone(self, fetch_one, 1);
    if (!row || self->factory == Py_None)
        return row;
    PyObject *made = PyObject_CallFunctionObjArgs(self->factory, self, row, NULL);
    Py_DECREF(row);
    return made;
}

/* The rest of fetch_made(), for a cursor that is not a usual one any more, or at its end. */
static int fetch_rest(cursor_state *self, PyObject *rows, int64_t limit) {
    const Py_ssize_t made = PyList_Size(rows);
    PyObject *rest = PyObject_CallMethod((PyObject *)self, "_fetch_made", "L", (long long)(limit < 1 ? limit : limit - made));
    int rc = rest ? PyList_SetSlice(rows, made, made, rest) : -1;
    Py_XDECREF(rest);
    return rc;
}

/* A row factory may read from the cursor itself: each row is made before the next one is fetched. */
static PyObject *fetch_made(cursor_state *self, int64_t limit) {
    PyObject *rows = PyList_New(0);
    while (rows && is_usual(self) && PyList_Size(rows) != limit) {
        PyObject *row = fetch_one_alone(self);
        if (!row || PyList_Append(rows, row) != 0)
            Py_CLEAR(rows);
        Py_XDECREF(row);
    }
    if (rows && PyList_Size(rows) != limit && fetch_rest(self, rows, limit) != 0)
        Py_CLEAR(rows);
    return rows;
}

static PyObject *fetch_many_alone(cursor_state *self, int64_t limit) {
    return self->factory == Py_None ? fetch_alone(self, fetch_many, limit) : fetch_made(self, limit < 1 ? -1 : limit);
}

PyObject *hdb_cursor_fetchone(PyObject *self, PyObject *unused) {
    (void)unused;
    if (!is_usual((cursor_state *)self))
        return PyObject_CallMethod(self, "_fetchone", NULL);
    return fetch_one_alone((cursor_state *)self);
}

PyObject *hdb_cursor_next(PyObject *self) {
    if (!is_usual((cursor_state *)self))
        return PyObject_CallMethod(self, "_next", NULL);
    return fetch_one_alone((cursor_state *)self);
}

PyObject *hdb_cursor_fetchall(PyObject *self, PyObject *unused) {
    (void)unused;
    if (!is_usual((cursor_state *)self))
        return PyObject_CallMethod(self, "_fetchall", NULL);
    return fetch_many_alone((cursor_state *)self, -1);
}

PyObject *hdb_cursor_fetchmany(PyObject *self, PyObject *arguments, PyObject *names) {
    static char size_name[] = "size", *known[] = {size_name, NULL};
    PyObject *size = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, names, "|O:fetchmany", known, &size))
        return NULL;
    int overflow = size != Py_None && !PyLong_CheckExact(size);
    long limit = ((cursor_state *)self)->arraysize;
    if (size != Py_None && !overflow)
        limit = PyLong_AsLongAndOverflow(size, &overflow);
    if (overflow || limit > INT_MAX || limit < INT_MIN || !is_usual((cursor_state *)self))
        return PyObject_CallMethod(self, "_fetchmany", "(O)", size);
    return fetch_many_alone((cursor_state *)self, limit);
}
