/* SPDX-License-Identifier: Apache-2.0 */
/* Whole databases as bytes, and copied to a file. */
#include "addon.h"

#include <stdlib.h>

enum { MAX_ARGUMENTS = 3 };

/* A copy that goes on; `destination` is NULL once it has ended. */
struct copy {
    enum kind kind;
    struct database *source;
    hdb_conn *destination;
    hdb_backup *backup;
};

/* serialize(name): a Buffer */
napi_value copying_serialize(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS, length = 0;
    napi_value argv[MAX_ARGUMENTS], result = NULL;
    char small[256];
    void *bytes = NULL;
    int64_t size = 0;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database) || !database_has_no_iterator(env, database))
        return NULL;
    char *name = text_of(env, argv[0], small, sizeof small, &length);
    if (!name)
        return NULL;
    if (hdb_serialize(database->conn, name, &bytes, &size) != HDB_OK)
        throw_database_error(env, database);
    else if (napi_create_buffer_copy(env, (size_t)size, bytes, NULL, &result) != napi_ok)
        throw_napi_error(env);
    hdb_free(bytes);
    if (name != small)
        free(name);
    return result;
}

/* deserialize(buffer): the database becomes what the bytes are */
napi_value copying_deserialize(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS, size = 0;
    napi_value argv[MAX_ARGUMENTS];
    void *bytes = NULL;
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database))
        return NULL;
    if (napi_get_buffer_info(env, argv[0], &bytes, &size) != napi_ok)
        return throw_napi_error(env);
    return hdb_deserialize(database->conn, "main", bytes, (int64_t)size) == HDB_OK ? NULL : throw_database_error(env, database);
}

/* A step has told of what went wrong. */
static void copy_end(struct copy *copy) {
    hdb_backup_finish(copy->backup);
    hdb_close(copy->destination);
    copy->backup = NULL;
    copy->destination = NULL;
}

static void copy_finalize(napi_env env, void *data, void *hint) {
    struct copy *copy = data;
    (void)env, (void)hint;
    copy_end(copy);
    database_release(copy->source);
    free(copy);
}

static struct copy *copy_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
    napi_value self;
    struct copy *copy = NULL;
    if (napi_get_cb_info(env, info, argc, argv, &self, NULL) != napi_ok ||
        napi_unwrap(env, self, (void **)&copy) != napi_ok || copy->kind != KIND_COPY)
        return throw_type_error(env, "Illegal invocation"), NULL;
    return copy;
}

/* step(pages): [pages of the source, pages left] */
static napi_value copy_step(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS;
    napi_value argv[MAX_ARGUMENTS], result, total, left;
    int32_t pages = 0;
    struct copy *copy = copy_of(env, info, &argc, argv);
    if (!copy || !database_ready(env, copy->source))
        return NULL;
    napi_get_value_int32(env, argv[0], &pages);
    int rc = hdb_backup_step(copy->backup, pages);
    if (rc != HDB_OK && rc != HDB_DONE && rc != HDB_BUSY)
        return throw_sqlite_error(env, copy->destination);
    if (!(total = value_of_integer(env, hdb_backup_pagecount(copy->backup), false)) ||
        !(left = value_of_integer(env, rc == HDB_DONE ? 0 : hdb_backup_remaining(copy->backup), false)) ||
        napi_create_array_with_length(env, 2, &result) != napi_ok || napi_set_element(env, result, 0, total) != napi_ok ||
        napi_set_element(env, result, 1, left) != napi_ok)
        return throw_napi_error(env);
    return result;
}

/* end(): what was not copied to the end leaves the destination as it was */
static napi_value copy_end_method(napi_env env, napi_callback_info info) {
    size_t argc = 0;
    struct copy *copy = copy_of(env, info, &argc, NULL);
    if (copy)
        copy_end(copy);
    return NULL;
}

/* The object gets its copy from copying_start(); made in any other way it refuses every call. */
static napi_value copy_new(napi_env env, napi_callback_info info) {
    napi_value self = NULL;
    napi_get_cb_info(env, info, NULL, NULL, &self, NULL);
    return self;
}

static napi_value copy_object(napi_env env, struct copy *copy) {
    napi_value class, object;
    if (napi_get_reference_value(env, copy->source->addon->copy_class, &class) != napi_ok ||
        napi_new_instance(env, class, 0, NULL, &object) != napi_ok ||
        napi_wrap(env, object, copy, copy_finalize, NULL, NULL) != napi_ok)
        return throw_napi_error(env);
    return object;
}

/* startCopy(filename, settings, name of the database that is copied) */
napi_value copying_start(napi_env env, napi_callback_info info) {
    size_t argc = MAX_ARGUMENTS, length = 0;
    napi_value argv[MAX_ARGUMENTS], object = NULL;
    char small[256];
    struct database *database = database_of(env, info, &argc, argv);
    if (!database || !database_ready(env, database))
        return NULL;
    char *name = text_of(env, argv[2], small, sizeof small, &length);
    struct copy *copy = name ? calloc(1, sizeof *copy) : NULL;
    if (!copy)
        return throw_napi_error(env);
    *copy = (struct copy){KIND_COPY, database, database_connect(env, argv[0], argv[1]), NULL};
    if (copy->destination && hdb_backup_init(copy->destination, "main", database->conn, name, &copy->backup) != HDB_OK)
        throw_sqlite_error(env, copy->destination);
    else if (copy->destination)
        object = copy_object(env, copy);
    if (name != small)
        free(name);
    if (object) {
        database->references++;
    } else {
        copy_end(copy);
        free(copy);
    }
    return object;
}

napi_value copying_define(napi_env env) {
    static const napi_property_descriptor members[] = {
        {"step", NULL, copy_step, NULL, NULL, NULL, napi_default_method, NULL},
        {"end", NULL, copy_end_method, NULL, NULL, NULL, napi_default_method, NULL},
    };
    napi_value class;
    napi_status status =
        napi_define_class(env, "Copy", NAPI_AUTO_LENGTH, copy_new, NULL, sizeof members / sizeof *members, members, &class);
    return status == napi_ok ? class : throw_napi_error(env);
}
