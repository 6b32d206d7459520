/* SPDX-License-Identifier: Apache-2.0 */
/* The base of Connection, and its execute(). */
#include "accelerator.h"

#include <stddef.h>

PyTypeObject *hdb_connection_type;

bool hdb_connection_is_ready(connection_state *conn) {
    if (!conn->handle || !conn->thread || !conn->turn || !conn->cache || !conn->level || !conn->detect_types)
        return false; /* not initialized, or taken to pieces */
    if (!PyObject_TypeCheck(conn->handle, hdb_handle_type))
        return false;
    if (((handle_state *)conn->handle)->address == 0)
        return false;
    if (conn->thread == Py_None)
        return true;
    unsigned long thread = PyLong_AsUnsignedLong(conn->thread);
    if (thread == (unsigned long)-1 && PyErr_Occurred())
        PyErr_Clear();
    return thread == PyThread_get_thread_ident();
}

int hdb_connection_enter(connection_state *conn) {
    return conn->thread == Py_None ? hdb_call(conn->turn, "acquire", NULL, NULL) : 0;
}

void hdb_connection_leave(connection_state *conn) {
    PyObject *kind = NULL, *error = NULL, *trace = NULL;
    if (conn->thread != Py_None)
        return;
    PyErr_Fetch(&kind, &error, &trace);
    if (hdb_call(conn->turn, "release", NULL, NULL) != 0)
        PyErr_WriteUnraisable((PyObject *)conn);
    PyErr_Restore(kind, error, trace);
}

/* What cursor() gives, without it if it is Connection's own. */
static PyObject *new_cursor(connection_state *conn) {
    if ((PyObject *)Py_TYPE(conn) != hdb_accelerator.connection_class)
        return PyObject_CallMethod((PyObject *)conn, "cursor", NULL);
    PyObject *cursor = PyObject_CallFunctionObjArgs(hdb_accelerator.cursor_class, conn, NULL);
    bool makes_rows = conn->row_factory && conn->row_factory != Py_None;
    if (cursor && makes_rows && PyObject_SetAttrString(cursor, "row_factory", conn->row_factory) != 0)
        Py_CLEAR(cursor);
    return cursor;
}

static PyObject *connection_execute(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    PyObject *cursor = new_cursor((connection_state *)self), *result = NULL;
    if (!cursor)
        return NULL;
    if ((PyObject *)Py_TYPE(cursor) == hdb_accelerator.cursor_class || count < 1 || count > 2)
        result = hdb_cursor_execute(cursor, arguments, count);
    else
        result = PyObject_CallMethod(cursor, "execute", count < 2 ? "(O)" : "OO", arguments[0], arguments[count - 1]);
    Py_DECREF(cursor);
    return result;
}

#define MEMBER(name, type, help) {"_" #name, type, offsetof(connection_state, name), 0, help}

static PyMemberDef connection_members[] = {
    MEMBER(handle, T_OBJECT_EX, "the Handle"),
    MEMBER(thread, T_OBJECT_EX, "identifier of the only thread that may use it, None: any"),
    MEMBER(turn, T_OBJECT_EX, "the lock of threads that share it"),
    MEMBER(cache, T_OBJECT_EX, "statements by their text, the one that was used last at the end"),
    MEMBER(level, T_OBJECT_EX, "isolation_level"),
    MEMBER(detect_types, T_OBJECT_EX, "what connect() was told"),
    {"row_factory", T_OBJECT, offsetof(connection_state, row_factory), 0, "makes a row of (cursor, tuple); None: the tuple"},
    {"text_factory", T_OBJECT, offsetof(connection_state, text_factory), 0, "makes a text of its bytes; str by default"},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef connection_methods[] = {
    {"execute", (PyCFunction)(void (*)(void))connection_execute, METH_FASTCALL,
     "execute($self, sql, parameters=(), /)\n--\n\nCursor.execute() on a new cursor, which is returned."},
    {NULL, NULL, 0, NULL},
};

static int connection_traverse(PyObject *self, visitproc visit, void *arg) {
    return hdb_members_visit(self, connection_members, visit, arg);
}

static int connection_clear(PyObject *self) {
    return hdb_members_clear(self, connection_members);
}

static void connection_dealloc(PyObject *self) {
    hdb_members_dealloc(self, connection_members);
}

static PyType_Slot connection_slots[] = {
    {Py_tp_dealloc, connection_dealloc},
    {Py_tp_traverse, connection_traverse},
    {Py_tp_clear, connection_clear},
    {Py_tp_members, connection_members},
    {Py_tp_methods, connection_methods},
    {0, NULL},
};

static PyType_Spec connection_spec = {
    .name = "heliosdb_sqlite._accelerator.ConnectionState",
    .basicsize = sizeof(connection_state),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = connection_slots,
};

int hdb_connection_add(PyObject *module) {
    hdb_connection_type = hdb_type_add(module, &connection_spec, "ConnectionState");
    return hdb_connection_type ? 0 : -1;
}
