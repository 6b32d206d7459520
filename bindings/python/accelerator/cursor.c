/* SPDX-License-Identifier: Apache-2.0 */
/* The base of Cursor: what it keeps. The ways that its methods go are in execute.c and fetch.c. */
#include "accelerator.h"

#include <stddef.h>

PyTypeObject *hdb_cursor_type;

bool hdb_cursor_is_ready(cursor_state *self) {
    if (!self->connection || !self->statement || !self->converters || !self->description || !self->factory)
        return false;
    return !self->closed && !self->locked && PyObject_TypeCheck(self->connection, hdb_connection_type) &&
        hdb_connection_is_ready((connection_state *)self->connection);
}

/* As Cursor._init() does, for a connection that may be used. */
static void initialize(cursor_state *self, PyObject *connection) {
    hdb_keep(&self->connection, connection);
    hdb_keep(&self->statement, Py_None);
    hdb_keep(&self->empty, Py_None);
    hdb_keep(&self->converters, Py_None);
    hdb_keep(&self->description, Py_None);
    hdb_keep(&self->indexes, Py_None);
    hdb_keep(&self->lastrowid, Py_None);
    hdb_keep(&self->row_factory, Py_None);
    hdb_keep(&self->factory, Py_None);
    self->arraysize = 1;
    self->rowcount = -1;
    self->closed = 0;
}

static int cursor_init(PyObject *object, PyObject *arguments, PyObject *names) {
    cursor_state *self = (cursor_state *)object;
    PyObject *connection = NULL;
    if (names && PyDict_Size(names) > 0) {
        PyErr_SetString(PyExc_TypeError, "Cursor() takes no keyword arguments");
        return -1;
    }
    if (!PyArg_ParseTuple(arguments, "O:Cursor", &connection))
        return -1;
    bool usual = !self->locked && PyObject_TypeCheck(connection, hdb_connection_type) &&
        hdb_connection_is_ready((connection_state *)connection);
    if (!usual)
        return hdb_call(object, "_init", connection, NULL);
    initialize(self, connection);
    return 0;
}

/* Nobody can read its rows any more. */
static void cursor_finalize(PyObject *object) {
    cursor_state *self = (cursor_state *)object;
    PyObject *kind = NULL, *error = NULL, *trace = NULL;
    if (!self->statement || self->statement == Py_None)
        return;
    PyErr_Fetch(&kind, &error, &trace);
    if (hdb_call(object, "_release", NULL, NULL) != 0)
        PyErr_WriteUnraisable(object);
    PyErr_Restore(kind, error, trace);
}

#define MEMBER(name, type, help) {"_" #name, type, offsetof(cursor_state, name), 0, help}

static PyMemberDef cursor_members[] = {
    MEMBER(connection, T_OBJECT_EX, "the connection it was made from"),
    MEMBER(statement, T_OBJECT_EX, "the one whose rows are read"),
    MEMBER(empty, T_OBJECT_EX, "the one that gave no row, and in which run"),
    MEMBER(converters, T_OBJECT_EX, "one for each column, or None"),
    MEMBER(description, T_OBJECT_EX, "of the columns"),
    MEMBER(indexes, T_OBJECT_EX, "of columns by name, as far as they were asked for"),
    MEMBER(lastrowid, T_OBJECT_EX, "rowid of the last row inserted"),
    MEMBER(row_factory, T_OBJECT_EX, "as it was set"),
    MEMBER(factory, T_OBJECT_EX, "as it is used"),
    MEMBER(rowcount, T_LONGLONG, "rows changed"),
    MEMBER(closed, T_BOOL, "whether close() was called"),
    MEMBER(locked, T_BOOL, "whether one of its methods runs"),
    {"arraysize", T_INT, offsetof(cursor_state, arraysize), 0, "number of rows that fetchmany() gives by default"},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef cursor_methods[] = {
    {"execute", (PyCFunction)(void (*)(void))hdb_cursor_execute, METH_FASTCALL,
     "execute($self, sql, parameters=(), /)\n--\n\n"
     "Runs one statement with its parameters: a sequence for ``?``, a dictionary for ``:name``.\n\n"
     "Opens a transaction before INSERT, UPDATE, DELETE and REPLACE, unless isolation_level is None.\n\n"
     "Raises ProgrammingError for a wrong number of parameters and for more than one statement, OperationalError for\n"
     "wrong SQL or a locked database, IntegrityError for a violated constraint, NotSupportedError for what this\n"
     "library refuses.\n\n"
     ">>> cursor.execute(\"INSERT INTO t(a) VALUES (?)\", (1,)).lastrowid"},
    {"fetchone", hdb_cursor_fetchone, METH_NOARGS,
     "fetchone($self, /)\n--\n\nThe next row, None after the last one."},
    {"fetchmany", (PyCFunction)(void (*)(void))hdb_cursor_fetchmany, METH_VARARGS | METH_KEYWORDS,
     "fetchmany($self, size=None)\n--\n\nThe next ``size`` rows (``arraysize`` by default), fewer at the end."},
    {"fetchall", hdb_cursor_fetchall, METH_NOARGS,
     "fetchall($self, /)\n--\n\nAll rows that are left."},
    {NULL, NULL, 0, NULL},
};

static int cursor_traverse(PyObject *self, visitproc visit, void *arg) {
    return hdb_members_visit(self, cursor_members, visit, arg);
}

static int cursor_clear(PyObject *self) {
    return hdb_members_clear(self, cursor_members);
}

static void cursor_dealloc(PyObject *self) {
    hdb_members_dealloc(self, cursor_members);
}

static PyType_Slot cursor_slots[] = {
    {Py_tp_init, cursor_init},
    {Py_tp_finalize, cursor_finalize},
    {Py_tp_dealloc, cursor_dealloc},
    {Py_tp_traverse, cursor_traverse},
    {Py_tp_clear, cursor_clear},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, hdb_cursor_next},
    {Py_tp_members, cursor_members},
    {Py_tp_methods, cursor_methods},
    {0, NULL},
};

static PyType_Spec cursor_spec = {
    .name = "heliosdb_sqlite._accelerator.CursorState",
    .basicsize = sizeof(cursor_state),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = cursor_slots,
};

int hdb_cursor_add(PyObject *module) {
    hdb_cursor_type = hdb_type_add(module, &cursor_spec, "CursorState");
    return hdb_cursor_type ? 0 : -1;
}
