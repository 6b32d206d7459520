/* SPDX-License-Identifier: Apache-2.0 */
/* The module: what it is told in the beginning, and its types. */
#include "accelerator.h"

#include <dlfcn.h>
#include <string.h>

accelerator hdb_accelerator;

/* POSIX lets what dlsym() gives be a function. */
static int find_functions(void *library) {
    accelerator *a = &hdb_accelerator;
    const struct {
        const char *name;
        void *place;
    } wanted[] = {
        {"hdb_execute_values", &a->execute_values},
        {"hdb_fetch_values", &a->fetch_values},
        {"hdb_fetch_block", &a->fetch_block},
        {"hdb_reset", &a->reset},
        {"hdb_stmt_status", &a->stmt_status},
        {"hdb_in_transaction", &a->in_transaction},
        {"hdb_changes", &a->changes},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        void *found = dlsym(library, wanted[i].name);
        if (!found) {
            PyErr_Format(PyExc_ImportError, "the library has no %s()", wanted[i].name);
            return -1;
        }
        memcpy(wanted[i].place, &found, sizeof found);
    }
    return 0;
}

static PyObject *start(PyObject *module, PyObject *arguments) {
    Py_ssize_t library = 0;
    PyObject *signals = NULL, *plain = NULL, *connection_class = NULL, *cursor_class = NULL;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "nO!O!O!O!:start", &library, &PyDict_Type, &signals, &PySet_Type, &plain, &PyType_Type,
                          &connection_class, &PyType_Type, &cursor_class))
        return NULL;
    if (find_functions((void *)library) != 0)
        return NULL;
    PyObject *lost = PyUnicode_InternFromString("lost");
    if (!lost)
        return NULL;
    hdb_keep(&hdb_accelerator.lost, lost);
    Py_DECREF(lost);
    hdb_keep(&hdb_accelerator.signals, signals);
    hdb_keep(&hdb_accelerator.plain, plain);
    hdb_keep(&hdb_accelerator.connection_class, connection_class);
    hdb_keep(&hdb_accelerator.cursor_class, cursor_class);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"start", start, METH_VARARGS,
     "start(library, signals, plain, connection_class, cursor_class, /)\n--\n\n"
     "Tells the handle of the library that dlopen() gave, the names of signals.py, the set of types that need no adapter, and\n"
     "the classes whose methods may go without being asked for by name."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "heliosdb_sqlite._accelerator",
    .m_doc = "The short ways of heliosdb_sqlite, see accelerator.h.",
    .m_size = -1,
    .m_methods = functions,
};

static int add_all(PyObject *module) {
    int (*const adds[])(PyObject *) = {hdb_states_add, hdb_connection_add, hdb_cursor_add, hdb_row_add};
    int rc = PyModule_AddStringConstant(module, "VERSION", HDB_VERSION);
    for (size_t i = 0; rc == 0 && i < sizeof adds / sizeof adds[0]; i++)
        rc = adds[i](module);
    return rc;
}

PyMODINIT_FUNC PyInit__accelerator(void);

PyMODINIT_FUNC PyInit__accelerator(void) {
    static PyInterpreterState *owner;
    if (owner && owner != PyInterpreterState_Get()) {
        PyErr_SetString(PyExc_ImportError, "another interpreter of this process has it");
        return NULL;
    }
    owner = PyInterpreterState_Get();
    PyObject *module = PyModule_Create(&definition);
    if (module && add_all(module) != 0)
        Py_CLEAR(module);
    return module;
}
