/* SPDX-License-Identifier: Apache-2.0 */
/* The bases of Handle and Statement, which only keep things. */
#include "accelerator.h"

#include <stddef.h>

PyTypeObject *hdb_handle_type, *hdb_statement_type;

PyTypeObject *hdb_type_add(PyObject *module, PyType_Spec *spec, const char *name) {
    PyObject *type = PyType_FromSpec(spec);
    if (type && PyModule_AddObjectRef(module, name, type) != 0)
        Py_CLEAR(type);
    return (PyTypeObject *)type;
}

int hdb_call(PyObject *object, const char *method, PyObject *argument, PyObject *second) {
    PyObject *name = PyUnicode_FromString(method);
    PyObject *result = name ? PyObject_CallMethodObjArgs(object, name, argument, second, NULL) : NULL;
    Py_XDECREF(name);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

static PyObject **place_of(PyObject *self, const PyMemberDef *member) {
    bool is_object = member->type == T_OBJECT || member->type == T_OBJECT_EX;
    return is_object ? (PyObject **)(void *)((char *)self + member->offset) : NULL;
}

int hdb_members_visit(PyObject *self, const PyMemberDef *members, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    for (; members->name; members++) {
        PyObject **place = place_of(self, members);
        if (place)
            Py_VISIT(*place);
    }
    return 0;
}

int hdb_members_clear(PyObject *self, const PyMemberDef *members) {
    for (; members->name; members++) {
        PyObject **place = place_of(self, members);
        if (place)
            Py_CLEAR(*place);
    }
    return 0;
}

void hdb_members_dealloc(PyObject *self, const PyMemberDef *members) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    hdb_members_clear(self, members);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

void hdb_keep(PyObject **place, PyObject *value) {
    PyObject *before = *place;
    Py_XINCREF(value);
    *place = value;
    Py_XDECREF(before);
}

static PyMemberDef handle_members[] = {
    {"address", T_PYSSIZET, offsetof(handle_state, address), 0, "address of the hdb_conn, 0 once it is closed"},
    {NULL, 0, 0, 0, NULL},
};

static void handle_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyType_Slot handle_slots[] = {
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_members, handle_members},
    {0, NULL},
};

static PyType_Spec handle_spec = {
    .name = "heliosdb_sqlite._accelerator.HandleState",
    .basicsize = sizeof(handle_state),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = handle_slots,
};

static PyMemberDef statement_members[] = {
    {"address", T_PYSSIZET, offsetof(statement_state, address), 0, "address of the hdb_stmt, 0: there is none"},
    {"described", T_OBJECT, offsetof(statement_state, described), 0, "names, description and indexes of its columns"},
    {"runs", T_LONGLONG, offsetof(statement_state, runs), 0, "how often it was run"},
    {"_parameters", T_INT, offsetof(statement_state, parameters), 0, "their number"},
    {"_compiled", T_INT, offsetof(statement_state, compiled), 0, "how often SQLite had compiled it when described was set"},
    {"busy", T_BOOL, offsetof(statement_state, busy), 0, "whether a cursor reads rows from it"},
    {"is_dml", T_BOOL, offsetof(statement_state, is_dml), 0, "whether it changes rows"},
    {"_is_named", T_BOOL, offsetof(statement_state, is_named), 0, "whether a sequence for its parameters is told of"},
    {"readonly", T_BOOL, offsetof(statement_state, readonly), 0, "whether it changes nothing"},
    {"returns_rows", T_BOOL, offsetof(statement_state, returns_rows), 0, "whether it has columns"},
    {NULL, 0, 0, 0, NULL},
};

static int statement_traverse(PyObject *self, visitproc visit, void *arg) {
    return hdb_members_visit(self, statement_members, visit, arg);
}

static int statement_clear(PyObject *self) {
    return hdb_members_clear(self, statement_members);
}

static void statement_dealloc(PyObject *self) {
    hdb_members_dealloc(self, statement_members);
}

static PyType_Slot statement_slots[] = {
    {Py_tp_dealloc, statement_dealloc},
    {Py_tp_traverse, statement_traverse},
    {Py_tp_clear, statement_clear},
    {Py_tp_members, statement_members},
    {0, NULL},
};

static PyType_Spec statement_spec = {
    .name = "heliosdb_sqlite._accelerator.StatementState",
    .basicsize = sizeof(statement_state),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = statement_slots,
};

int hdb_states_add(PyObject *module) {
    hdb_handle_type = hdb_type_add(module, &handle_spec, "HandleState");
    hdb_statement_type = hdb_type_add(module, &statement_spec, "StatementState");
    return hdb_handle_type && hdb_statement_type ? 0 : -1;
}
