/* SPDX-License-Identifier: Apache-2.0 */
/* Cursor.execute() of a statement that was prepared before and that nobody reads from, with plain values for its
 * parameters. cursor.py's _execute() is the same without the conditions; the order of what both do is the same, too. */
#include "accelerator.h"

#define STMTSTATUS_REPREPARE 5 /* SQLITE_STMTSTATUS_REPREPARE */

/* The statement of a text, a borrowed reference; NULL if it has to be prepared, or needs a closer look. */
static statement_state *find_statement(connection_state *conn, PyObject *sql) {
    PyObject *found = NULL;
    if (PyUnicode_CheckExact(sql) && hdb_connection_is_ready(conn) && PyDict_Check(conn->cache))
        found = PyDict_GetItemWithError(conn->cache, sql);
    if (!found || !PyObject_TypeCheck(found, hdb_statement_type)) {
        PyErr_Clear();
        return NULL;
    }
    statement_state *stmt = (statement_state *)found;
    return stmt->busy || stmt->is_named || stmt->address == 0 ? NULL : stmt;
}

/* It was used last. */
static int move_to_end(connection_state *conn, const statement_state *stmt, PyObject *sql) {
    if (conn->found == stmt)
        return 0;
    conn->found = stmt;
    return hdb_call(conn->cache, "move_to_end", sql, NULL);
}

/* The implicit BEGIN, if there has to be one. */
static int begin_transaction(connection_state *conn, const statement_state *stmt) {
    if (!stmt->is_dml || conn->level == Py_None)
        return 0;
    if (hdb_accelerator.in_transaction((hdb_conn *)((handle_state *)conn->handle)->address))
        return 0;
    return hdb_call((PyObject *)conn, "_begin_transaction", NULL, NULL);
}

static bool was_compiled_anew(const statement_state *stmt) {
    PyThreadState *thread = PyEval_SaveThread();
    int compiled = hdb_accelerator.stmt_status((hdb_stmt *)stmt->address, STMTSTATUS_REPREPARE, 0);
    PyEval_RestoreThread(thread);
    return compiled != stmt->compiled;
}

static int describe(cursor_state *self, connection_state *conn, statement_state *stmt) {
    PyObject *described = stmt->described;
    const bool detects = !PyLong_CheckExact(conn->detect_types) || PyLong_AsLong(conn->detect_types) != 0;
    if (PyErr_Occurred())
        PyErr_Clear();
    if (detects || !described || !PyTuple_CheckExact(described) || was_compiled_anew(stmt))
        return hdb_call((PyObject *)self, "_describe", (PyObject *)conn, (PyObject *)stmt);
    hdb_keep(&self->description, PyTuple_GetItem(described, 1));
    hdb_keep(&self->indexes, PyTuple_GetItem(described, 2));
    hdb_keep(&self->converters, Py_None);
    return 0;
}

/* Everything before the statement runs. */
static int set_up(cursor_state *self, connection_state *conn, statement_state *stmt, PyObject *sql) {
    hdb_keep(&self->description, Py_None);
    hdb_keep(&self->empty, Py_None);
    if (self->statement != Py_None && hdb_call((PyObject *)self, "_release", NULL, NULL) != 0)
        return -1;
    if (move_to_end(conn, stmt, sql) != 0)
        return -1;
    self->rowcount = stmt->is_dml ? 0 : -1;
    if (begin_transaction(conn, stmt) != 0)
        return -1;
    /* What ran up to here may have closed it. */
    return ((handle_state *)conn->handle)->address != 0 ? 0 : hdb_call(conn->handle, "check_open", NULL, NULL);
}

/* What is known after it ran. */
static int take_over(cursor_state *self, connection_state *conn, statement_state *stmt, int code, int64_t changes, int64_t rowid) {
    if (hdb_statement_check(stmt, conn, code) != 0)
        return -1;
    if (stmt->busy)
        hdb_keep(&self->statement, (PyObject *)stmt);
    else if (stmt->is_dml)
        self->rowcount = changes;
    if (stmt->returns_rows && describe(self, conn, stmt) != 0)
        return -1;
    PyObject *empty = code != HDB_ROW && stmt->returns_rows ? Py_BuildValue("(OL)", stmt, stmt->runs) : NULL;
    PyObject *last = PyLong_FromLongLong(rowid);
    if (last && !PyErr_Occurred()) {
        hdb_keep(&self->empty, empty ? empty : Py_None);
        hdb_keep(&self->lastrowid, last);
    }
    Py_XDECREF(empty);
    Py_XDECREF(last);
    return PyErr_Occurred() ? -1 : 0;
}

static int run(cursor_state *self, connection_state *conn, statement_state *stmt, PyObject *sql, const packed_values *values) {
    int64_t changes = 0, rowid = 0;
    if (set_up(self, conn, stmt, sql) != 0)
        return -1;
    stmt->runs++;
    PyThreadState *thread = PyEval_SaveThread();
    int code = hdb_accelerator.execute_values((hdb_stmt *)stmt->address, values->data, values->size, &changes, &rowid);
    PyEval_RestoreThread(thread);
    return take_over(self, conn, stmt, code, changes, rowid);
}

/* 0: done, -1: failed, 1: it needs a closer look, and nothing was changed. */
static int run_if_usual(cursor_state *self, connection_state *conn, PyObject *sql, PyObject *parameters) {
    packed_values values;
    statement_state *stmt = find_statement(conn, sql);
    if (!stmt || !hdb_pack(&values, parameters, stmt->parameters))
        return 1;
    Py_INCREF(stmt);
    int rc = run(self, conn, stmt, sql, &values);
    hdb_packed_free(&values);
    if (rc != 0)
        hdb_cursor_fail(self);
    Py_DECREF(stmt);
    return rc;
}

/* The same with the cursor and the connection kept for this thread. */
static int run_alone(cursor_state *self, PyObject *sql, PyObject *parameters) {
    if (!hdb_cursor_is_ready(self))
        return 1;
    connection_state *conn = (connection_state *)self->connection;
    Py_INCREF(conn);
    self->locked = 1;
    int rc = hdb_connection_enter(conn);
    if (rc == 0) {
        rc = run_if_usual(self, conn, sql, parameters);
        hdb_connection_leave(conn);
    }
    self->locked = 0;
    Py_DECREF(conn);
    return rc;
}

PyObject *hdb_cursor_execute(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    if (count < 1 || count > 2)
        return PyErr_Format(PyExc_TypeError, "execute expected at %s, got %zd", count < 1 ? "least 1 argument" : "most 2 arguments",
                            count);
    PyObject *none = count < 2 ? PyTuple_New(0) : NULL, *parameters = count < 2 ? none : arguments[1], *result = NULL;
    int rc = parameters ? run_alone((cursor_state *)self, arguments[0], parameters) : -1;
    if (rc == 1)
        result = PyObject_CallMethod(self, "_execute", "OO", arguments[0], parameters);
    Py_XDECREF(none);
    if (rc != 0)
        return result;
    Py_INCREF(self);
    return self;
}
