/* SPDX-License-Identifier: Apache-2.0 */
/* Values of Python and values of the library, in both directions, a row at a time: values.py does the same. */
#include "accelerator.h"

#include <string.h>

/* As many types need no adapter as long as none was registered for one of them: adapters.py tells them. */
#define PLAIN_TYPES 6

/* A text or the bytes of a parameter; false if the value is neither, or can't be encoded. */
static bool bytes_of(PyObject *value, const char **data, Py_ssize_t *size) {
    if (PyUnicode_CheckExact(value)) {
        *data = PyUnicode_AsUTF8AndSize(value, size);
        if (!*data)
            PyErr_Clear();
        return *data != NULL;
    }
    char *bytes = NULL;
    if (!PyBytes_CheckExact(value) || PyBytes_AsStringAndSize(value, &bytes, size) != 0)
        return false;
    *data = bytes;
    return true;
}

/* The type of a value and its number: the integer, the bits of the double, the length. False if it needs a closer look. */
static bool measure(PyObject *value, unsigned char *type, int64_t *number) {
    if (value == Py_None) {
        *type = HDB_TYPE_NULL;
        *number = 0;
        return true;
    }
    if (PyLong_CheckExact(value)) {
        int overflow = 0;
        *type = HDB_TYPE_INTEGER;
        *number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0;
    }
    if (PyFloat_CheckExact(value)) {
        double real = PyFloat_AsDouble(value);
        *type = HDB_TYPE_FLOAT;
        memcpy(number, &real, sizeof real);
        return true;
    }
    const char *data = NULL;
    Py_ssize_t size = 0;
    *type = PyUnicode_CheckExact(value) ? HDB_TYPE_TEXT : HDB_TYPE_BLOB;
    bool known = bytes_of(value, &data, &size);
    *number = size;
    return known;
}

static PyObject *item_of(PyObject *parameters, Py_ssize_t i) {
    return PyTuple_CheckExact(parameters) ? PyTuple_GetItem(parameters, i) : PyList_GetItem(parameters, i);
}

/* Copies the texts and blobs behind the numbers and the types. */
static void put_bytes(packed_values *packed, PyObject *parameters, int count) {
    char *at = (char *)packed->data + 9 * (Py_ssize_t)count;
    for (int i = 0; i < count; i++) {
        const char *data = NULL;
        Py_ssize_t size = 0;
        if (!bytes_of(item_of(parameters, i), &data, &size))
            continue;
        memcpy(at, data, (size_t)size);
        at[size] = '\0';
        at += size + 1;
    }
}

static bool put_numbers(packed_values *packed, PyObject *parameters, int count) {
    int64_t *numbers = packed->data;
    unsigned char *types = (unsigned char *)(numbers + count);
    packed->size = 9 * (Py_ssize_t)count;
    for (int i = 0; i < count; i++) {
        if (!measure(item_of(parameters, i), &types[i], &numbers[i]))
            return false;
        if (types[i] == HDB_TYPE_TEXT || types[i] == HDB_TYPE_BLOB)
            packed->size += numbers[i] + 1;
    }
    return true;
}

static bool grow(packed_values *packed, Py_ssize_t used) {
    if (packed->size <= (Py_ssize_t)sizeof packed->small)
        return true;
    void *larger = PyMem_Malloc((size_t)packed->size);
    if (!larger)
        return false;
    memcpy(larger, packed->data, (size_t)used);
    hdb_packed_free(packed);
    packed->data = larger;
    return true;
}

bool hdb_pack(packed_values *packed, PyObject *parameters, int count) {
    const Py_ssize_t fixed = 9 * (Py_ssize_t)count;
    packed->data = packed->small;
    packed->size = fixed;
    if (PySet_Size(hdb_accelerator.plain) != PLAIN_TYPES)
        return false;
    bool fits = PyTuple_CheckExact(parameters) ? PyTuple_Size(parameters) == count
                                               : PyList_CheckExact(parameters) && PyList_Size(parameters) == count;
    if (!fits || fixed > (Py_ssize_t)sizeof packed->small)
        return false;
    if (!put_numbers(packed, parameters, count) || !grow(packed, fixed))
        return false;
    put_bytes(packed, parameters, count);
    return true;
}

void hdb_packed_free(packed_values *packed) {
    if (packed->data != packed->small)
        PyMem_Free(packed->data);
    packed->data = packed->small;
}

/* A value; texts and blobs lie at `bytes`, which is moved behind them. */
static PyObject *value_of(int64_t number, unsigned char type, const char **bytes) {
    double real = 0;
    const char *data = NULL;
    switch (type) {
    case HDB_TYPE_INTEGER:
        return PyLong_FromLongLong(number);
    case HDB_TYPE_FLOAT:
        memcpy(&real, &number, sizeof real);
        return PyFloat_FromDouble(real);
    case HDB_TYPE_TEXT:
        data = *bytes;
        *bytes += number + 1;
        return PyUnicode_DecodeUTF8(data, (Py_ssize_t)number, NULL);
    case HDB_TYPE_BLOB:
        data = *bytes;
        *bytes += number + 1;
        return PyBytes_FromStringAndSize(data, (Py_ssize_t)number);
    default:
        Py_INCREF(Py_None);
        return Py_None;
    }
}

/* Where the next value of a column lies in a block. */
typedef struct block_column {
    int64_t form;
    const int64_t *numbers;
    const unsigned char *types;
    const char *bytes;
} block_column;

static block_column mixed_column(const void *data, Py_ssize_t values) {
    block_column column = {.form = HDB_BLOCK_MIXED, .numbers = data};
    column.types = (const unsigned char *)(column.numbers + values);
    column.bytes = (const char *)column.types + values;
    return column;
}

static block_column column_at(const void *block, Py_ssize_t rows, const int64_t *head) {
    const char *data = (const char *)block + head[1];
    if (head[0] == HDB_BLOCK_MIXED)
        return mixed_column(data, rows);
    return (block_column){.form = head[0], .numbers = (const int64_t *)(const void *)data, .bytes = data};
}

static PyObject *next_value(block_column *column) {
    const char *text = column->bytes;
    switch (column->form) {
    case HDB_BLOCK_INTEGER:
        return value_of(*column->numbers++, HDB_TYPE_INTEGER, NULL);
    case HDB_BLOCK_FLOAT:
        return value_of(*column->numbers++, HDB_TYPE_FLOAT, NULL);
    case HDB_BLOCK_TEXT:
        return value_of((int64_t)strlen(text), HDB_TYPE_TEXT, &column->bytes);
    case HDB_BLOCK_MIXED:
        return value_of(*column->numbers++, *column->types++, &column->bytes);
    default:
        return value_of(0, HDB_TYPE_NULL, NULL);
    }
}

/* A row of the next values of `count` columns; or, with a step of 0, of one column's next values. */
static PyObject *next_row(block_column *columns, Py_ssize_t count, Py_ssize_t step) {
    PyObject *row = PyTuple_New(count);
    for (Py_ssize_t i = 0; row && i < count; i++) {
        PyObject *value = next_value(&columns[i * step]);
        if (!value || PyTuple_SetItem(row, i, value) != 0)
            Py_CLEAR(row);
    }
    return row;
}

PyObject *hdb_unpack(const void *data, Py_ssize_t size, Py_ssize_t columns) {
    if (size < 9 * columns)
        return PyErr_Format(PyExc_SystemError, "a row of %zd columns has %zd bytes", columns, size);
    block_column row = mixed_column(data, columns);
    return next_row(&row, columns, 0);
}

int hdb_unpack_block(PyObject *list, const void *block) {
    const int64_t *numbers = block;
    const Py_ssize_t rows = (Py_ssize_t)numbers[0], count = (Py_ssize_t)numbers[1];
    block_column *columns = PyMem_Calloc((size_t)count + 1, sizeof *columns);
    if (!columns)
        return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < count; i++)
        columns[i] = column_at(block, rows, numbers + 2 + 3 * i);
    int rc = 0;
    for (Py_ssize_t i = 0; rc == 0 && i < rows; i++) {
        PyObject *row = next_row(columns, count, 1);
        rc = row ? PyList_Append(list, row) : -1;
        Py_XDECREF(row);
    }
    PyMem_Free(columns);
    return rc;
}
