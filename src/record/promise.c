/* SPDX-License-Identifier: Apache-2.0 */
#include "record/promise.h"

#include "buffer.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const char *directory, const char *name) {
    hdb_buffer path = HDB_BUFFER_INIT;
    hdb_buffer_format(&path, "%s/%s", directory, name);
    return hdb_buffer_take(&path);
}

static bool sync_directory(const char *directory) {
    int fd = open(directory, O_RDONLY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static bool write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

/* Puts a file into place as a whole. */
static int put_file(const char *directory, const char *name, const hdb_buffer *text, bool durable, hdb_error *error) {
    char *path = path_of(directory, name), *beside = path_of(directory, "promise.new");
    bool done = false;
    if (!path || !beside || text->failed) {
        free(path);
        free(beside);
        return hdb_error_nomem(error);
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        done = write_all(fd, text->data, text->size) && (!durable || fsync(fd) == 0);
        done = close(fd) == 0 && done;
    }
    done = done && rename(beside, path) == 0 && (!durable || sync_directory(directory));
    int rc = done ? HDB_OK : hdb_error_set(error, HDB_IOERR, NULL, "can't write %s: %s", path, strerror(errno));
    free(path);
    free(beside);
    return rc;
}

/* The text of a file; empty if there is none. */
static int get_file(const char *directory, const char *name, hdb_buffer *out, hdb_error *error) {
    char *path = path_of(directory, name), part[1024];
    ssize_t got = 0;
    if (!path)
        return hdb_error_nomem(error);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd >= 0 || errno == ENOENT ? HDB_OK : hdb_error_set(error, HDB_IOERR, NULL, "can't read %s: %s", path, strerror(errno));
    while (fd >= 0 && (got = read(fd, part, sizeof part)) > 0)
        hdb_buffer_append(out, part, (size_t)got);
    if (got < 0)
        rc = hdb_error_set(error, HDB_IOERR, NULL, "can't read %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    free(path);
    return rc == HDB_OK && out->failed ? hdb_error_nomem(error) : rc;
}

int hdb_promise_make(const char *directory, const hdb_promise *promise, bool durable, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    hdb_buffer_format(&text, "%" PRId64 " %" PRId64 " %" PRId64 " %s\n", promise->id, promise->decider_id, promise->token,
                      promise->decider);
    int rc = put_file(directory, "promise", &text, durable, error);
    hdb_buffer_free(&text);
    return rc;
}

int hdb_promise_read(const char *directory, hdb_promise *out, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    int path = 0;
    memset(out, 0, sizeof *out);
    int rc = get_file(directory, "promise", &text, error);
    if (rc == HDB_OK && text.size > 0) {
        hdb_buffer_append(&text, "", 1);
        if (text.failed || sscanf(text.data, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %n", &out->id, &out->decider_id, &out->token,
                                  &path) != 3)
            rc = text.failed ? hdb_error_nomem(error) : hdb_error_set(error, HDB_CORRUPT, NULL, "%s/promise is malformed", directory);
        else if (!(out->decider = strndup(text.data + path, strcspn(text.data + path, "\n"))))
            rc = hdb_error_nomem(error);
    }
    hdb_buffer_free(&text);
    return rc;
}

void hdb_promise_clear(hdb_promise *promise) {
    free(promise->decider);
    promise->decider = NULL;
}

void hdb_promise_drop(const char *directory, bool durable) {
    char *path = path_of(directory, "promise");
    if (path && unlink(path) == 0 && durable)
        sync_directory(directory);
    free(path);
}

/* Copies the lines of those who still hold their promise; a line is a token and a data directory. */
static void keep_left(const char *text, hdb_buffer *out) {
    hdb_error ignored = HDB_ERROR_INIT;
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        int64_t token = 0;
        int path = 0;
        hdb_promise promise = {0};
        char *copy = strndup(line, length);
        if (copy && sscanf(copy, "%" SCNd64 " %n", &token, &path) == 1 &&
            hdb_promise_read(copy + path, &promise, &ignored) == HDB_OK && promise.decider && promise.token == token)
            hdb_buffer_format(out, "%s\n", copy);
        out->failed = out->failed || !copy;
        hdb_promise_clear(&promise);
        free(copy);
        line += length + (line[length] == '\n');
    }
    hdb_error_clear(&ignored);
}

static int read_askers(const char *directory, hdb_buffer *out, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    int rc = get_file(directory, "askers", &text, error);
    if (rc == HDB_OK && text.size > 0) {
        hdb_buffer_append(&text, "", 1);
        keep_left(text.failed ? "" : text.data, out);
        out->failed = out->failed || text.failed;
    }
    hdb_buffer_free(&text);
    return rc;
}

int hdb_askers_add(const char *directory, int64_t token, const char *const *askers, int count, bool durable, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    int rc = read_askers(directory, &text, error);
    for (int i = 0; i < count; i++)
        hdb_buffer_format(&text, "%" PRId64 " %s\n", token, askers[i]);
    if (rc == HDB_OK)
        rc = put_file(directory, "askers", &text, durable, error);
    hdb_buffer_free(&text);
    return rc;
}

bool hdb_askers_left(const char *directory) {
    hdb_buffer text = HDB_BUFFER_INIT;
    hdb_error ignored = HDB_ERROR_INIT;
    char *path = path_of(directory, "askers");
    bool left = true; /* when in doubt */
    if (path && access(path, F_OK) != 0) {
        left = false;
    } else if (path && read_askers(directory, &text, &ignored) == HDB_OK && !text.failed && text.size == 0) {
        unlink(path);
        left = false;
    }
    hdb_error_clear(&ignored);
    hdb_buffer_free(&text);
    free(path);
    return left;
}
