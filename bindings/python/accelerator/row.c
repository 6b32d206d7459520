/* SPDX-License-Identifier: Apache-2.0 */
/* The base of Row: it is made of a cursor and a tuple, and gives a value by index or by a name that was asked for before. row.py
 * finds the others. */
#include "accelerator.h"

#include <stddef.h>

static PyTypeObject *row_type;

typedef struct row_state {
    PyObject_HEAD
    PyObject *description, *indexes, *values;
} row_state;

static PyObject *row_new(PyTypeObject *type, PyObject *arguments, PyObject *names) {
    PyObject *cursor = NULL, *values = NULL;
    if (names && PyDict_Size(names) > 0) {
        PyErr_SetString(PyExc_TypeError, "Row() takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "OO:Row", &cursor, &values))
        return NULL;
    if (!PyTuple_Check(values) || !PyObject_TypeCheck(cursor, hdb_cursor_type) || !((cursor_state *)cursor)->description) {
        int rc = hdb_call((PyObject *)type, "_refuse", cursor, values);
        return rc == 0 ? PyErr_Format(PyExc_SystemError, "Row() was refused, and nobody says why") : NULL;
    }
    row_state *self = (row_state *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (self) {
        hdb_keep(&self->description, ((cursor_state *)cursor)->description);
        hdb_keep(&self->indexes, ((cursor_state *)cursor)->indexes);
        hdb_keep(&self->values, values);
    }
    return (PyObject *)self;
}

static Py_ssize_t row_length(PyObject *self) {
    return PyTuple_Size(((row_state *)self)->values);
}

static PyObject *row_item(PyObject *self, Py_ssize_t index) {
    PyObject *value = PyTuple_GetItem(((row_state *)self)->values, index);
    Py_XINCREF(value);
    return value;
}

static PyObject *row_subscript(PyObject *object, PyObject *key) {
    row_state *self = (row_state *)object;
    PyObject *index = NULL;
    if (PyUnicode_CheckExact(key) && PyDict_CheckExact(self->indexes)) {
        index = PyDict_GetItemWithError(self->indexes, key);
        if (!index && PyErr_Occurred())
            return NULL;
    }
    if (index)
        return row_item(object, PyLong_AsSsize_t(index));
    if (PyLong_Check(key) || PySlice_Check(key))
        return PyObject_GetItem(self->values, key);
    return PyObject_CallMethod(object, "_item", "(O)", key);
}

static PyObject *row_iter(PyObject *self) {
    return PyObject_GetIter(((row_state *)self)->values);
}

static PyMemberDef row_members[] = {
    {"_description", T_OBJECT_EX, offsetof(row_state, description), READONLY, "of the columns"},
    {"_indexes", T_OBJECT_EX, offsetof(row_state, indexes), READONLY, "of names asked for so far, shared by the rows"},
    {"_values", T_OBJECT_EX, offsetof(row_state, values), READONLY, "the tuple"},
    {NULL, 0, 0, 0, NULL},
};

static int row_traverse(PyObject *self, visitproc visit, void *arg) {
    return hdb_members_visit(self, row_members, visit, arg);
}

static int row_clear(PyObject *self) {
    return hdb_members_clear(self, row_members);
}

static void row_dealloc(PyObject *self) {
    hdb_members_dealloc(self, row_members);
}

static PyType_Slot row_slots[] = {
    {Py_tp_new, row_new},
    {Py_tp_dealloc, row_dealloc},
    {Py_tp_traverse, row_traverse},
    {Py_tp_clear, row_clear},
    {Py_tp_iter, row_iter},
    {Py_tp_members, row_members},
    {Py_mp_length, row_length},
    {Py_mp_subscript, row_subscript},
    {Py_sq_length, row_length},
    {Py_sq_item, row_item},
    {0, NULL},
};

static PyType_Spec row_spec = {
    .name = "heliosdb_sqlite._accelerator.RowState",
    .basicsize = sizeof(row_state),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = row_slots,
};

int hdb_row_add(PyObject *module) {
    row_type = hdb_type_add(module, &row_spec, "RowState");
    return row_type ? 0 : -1;
}
