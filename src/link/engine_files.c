/* SPDX-License-Identifier: Apache-2.0 */
#include "link/engine_files.h"

#include "buffer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { SECRET_BYTES = 32, LOG_TAIL = 2000 };

/* Durable commits are asked for by each session; they must not then wait for company. Without a bound the engine keeps
 * every version of every row for ever, and the log table churns. The memory a database of an application may take is
 * not that of a server. */
static const char settings[] = "# Written by libheliosdb at each start of the engine.\n"
                               "[storage]\n"
                               "group_commit_window_us = 0\n"
                               "version_retention = \"1h\"\n"
                               "cache_size = 134217728\n"
                               "slow_query_threshold_ms = 60000\n";

char *hdb_engine_path(const char *directory, const char *name) {
    hdb_buffer path = HDB_BUFFER_INIT;

    hdb_buffer_format(&path, "%s/%s", directory, name);
    return hdb_buffer_take(&path);
}

/* --- programs --- */

static bool is_program(const char *path) {
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* `directory`/`name` if that is a program, else NULL. The directory need not be NUL-ended. */
static char *program_in(const char *directory, size_t length, const char *name) {
    hdb_buffer path = HDB_BUFFER_INIT;

    hdb_buffer_append(&path, directory, length);
    hdb_buffer_format(&path, "/%s", name);
    if (length == 0 || path.failed || !is_program(path.data))
        hdb_buffer_free(&path);
    return path.data;
}

static char *program_on_path(const char *name) {
    const char *path = getenv("PATH");
    char *found = NULL;

    while (path != NULL && found == NULL) {
        size_t length = strcspn(path, ":");
        found = program_in(path, length, name);
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
    return found;
}

/* Where `make engine` and `cargo install` put the engine. */
static char *program_of_user(const char *name) {
    const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME"), *cargo = getenv("CARGO_HOME");
    hdb_buffer directory = HDB_BUFFER_INIT;
    char *found = NULL;

    if (cache != NULL && cache[0] == '/')
        hdb_buffer_format(&directory, "%s", cache);
    else if (home != NULL)
        hdb_buffer_format(&directory, "%s/.cache", home);
    hdb_buffer_text(&directory, "/libheliosdb/engine-" HDB_ENGINE_VERSION "/bin");
    if (!directory.failed)
        found = program_in(directory.data, directory.size, name);
    hdb_buffer_reset(&directory);
    if (cargo != NULL && cargo[0] == '/')
        hdb_buffer_format(&directory, "%s/bin", cargo);
    else if (home != NULL)
        hdb_buffer_format(&directory, "%s/.cargo/bin", home);
    if (found == NULL && directory.size > 0 && !directory.failed)
        found = program_in(directory.data, directory.size, name);
    hdb_buffer_free(&directory);
    return found;
}

/* A program that was asked for by name is the one or none. */
static int take_named(const char *path, const char *where, char **out, hdb_error *error) {
    if (!is_program(path))
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "%s names %s, which is not a program that can be run", where,
                             path);
    *out = strdup(path);
    return *out != NULL ? HDB_OK : hdb_error_nomem(error);
}

int hdb_engine_find_program(const char *asked, char **out, hdb_error *error) {
    const char *named = getenv("HELIOSDB_BIN");

    if (asked != NULL && *asked != '\0')
        return take_named(asked, "the configuration", out, error);
    if (named != NULL && *named != '\0')
        return take_named(named, "HELIOSDB_BIN", out, error);
    *out = program_on_path("heliosdb-nano");
    if (*out == NULL)
        *out = program_of_user("heliosdb-nano");
    if (*out != NULL)
        return HDB_OK;
    return hdb_error_set(error, HDB_CANTOPEN, NULL,
                         "the engine heliosdb-nano was not found: HELIOSDB_BIN is not set and PATH has none; get it "
                         "with `make engine` in the source tree of libheliosdb, or with "
                         "`cargo install heliosdb-nano --version " HDB_ENGINE_VERSION " --locked`");
}

int hdb_engine_find_keeper(char **out, hdb_error *error) {
    const char *named = getenv("HELIOSDB_KEEPER"), *slash;
    Dl_info self;

    if (named != NULL && *named != '\0')
        return take_named(named, "HELIOSDB_KEEPER", out, error);
    *out = NULL;
    if (dladdr((const void *)(uintptr_t)hdb_engine_find_keeper, &self) != 0 && self.dli_fname != NULL &&
        (slash = strrchr(self.dli_fname, '/')) != NULL)
        *out = program_in(self.dli_fname, (size_t)(slash - self.dli_fname), "heliosdb-keeper");
#ifdef HDB_LIBEXECDIR
    if (*out == NULL)
        *out = program_in(HDB_LIBEXECDIR, strlen(HDB_LIBEXECDIR), "heliosdb-keeper");
#endif
    if (*out == NULL)
        *out = program_on_path("heliosdb-keeper");
    if (*out != NULL)
        return HDB_OK;
    return hdb_error_set(error, HDB_CANTOPEN, NULL,
                         "the helper program heliosdb-keeper, which comes with libheliosdb, is neither beside the "
                         "library nor on PATH; HELIOSDB_KEEPER can name it");
}

/* --- files --- */

/* Somebody else's directory may hold a secret that somebody else knows. That is so for root, too, whose files would
 * moreover lock out the user it belongs to. */
static int check_owner(const char *directory, const struct stat *status, hdb_error *error) {
    if (status->st_uid != geteuid())
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "the engine's directory %s belongs to another user, of id %lu",
                             directory, (unsigned long)status->st_uid);
    if ((status->st_mode & 077) != 0 && chmod(directory, 0700) != 0)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't make the engine's directory %s private: %s", directory,
                             strerror(errno));
    return HDB_OK;
}

/* Not through symbolic links: others may put one beside a file whose directory they may write in. */
static int check_directory(const char *directory, const char *what, hdb_error *error) {
    struct stat status;
    bool there = lstat(directory, &status) == 0;

    if (there && S_ISLNK(status.st_mode))
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "%s %s is a symbolic link, which is not followed", what, directory);
    if (there && S_ISDIR(status.st_mode))
        return check_owner(directory, &status, error);
    return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't make %s %s: %s", what, directory, strerror(ENOTDIR));
}

int hdb_engine_make_directory(const char *directory, bool *made, hdb_error *error) {
    struct stat status;
    char *data;
    int rc;

    *made = mkdir(directory, 0700) == 0;
    if (*made)
        return HDB_OK;
    if (errno != EEXIST)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't make the engine's directory %s: %s", directory,
                             strerror(errno));
    rc = check_directory(directory, "the engine's directory", error);
    data = hdb_engine_path(directory, HDB_ENGINE_DATA);
    if (rc == HDB_OK && data == NULL)
        rc = hdb_error_nomem(error);
    if (rc == HDB_OK && lstat(data, &status) == 0)
        rc = check_directory(data, "the directory of its files", error);
    free(data);
    return rc;
}

int hdb_engine_check_local(const char *directory, hdb_error *error) {
    static const struct {
        unsigned long type; /* of statfs(2) */
        const char *name;
    } kinds[] = {
        {0x6969, "NFS"},       {0x517b, "SMB"},     {0xfe534d42, "SMB"},      {0xff534d42, "CIFS"},
        {0x5346414f, "AFS"},   {0x6b414653, "AFS"}, {0x00c36400, "Ceph"},     {0x0bd00bd0, "Lustre"},
        {0x47504653, "GPFS"},
    };
    struct statfs system;

    for (size_t i = 0; statfs(directory, &system) == 0 && i < sizeof kinds / sizeof *kinds; i++)
        if ((unsigned long)system.f_type == kinds[i].type)
            return hdb_error_set(error, HDB_CANTOPEN, NULL,
                                 "%s is on a network file system (%s), where hosts can't share a database safely; use "
                                 "mode=daemon for that",
                                 directory, kinds[i].name);
    return HDB_OK;
}

static bool write_all(int fd, const char *content) {
    size_t left = strlen(content);

    while (left > 0) {
        ssize_t written = write(fd, content, left);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            content += written;
            left -= (size_t)written;
        }
    }
    return true;
}

int hdb_engine_write_file(const char *directory, const char *name, const char *content, hdb_error *error) {
    char *path = hdb_engine_path(directory, name), *draft = path != NULL ? hdb_engine_path(directory, "draft") : NULL;
    int rc = HDB_NOMEM, fd;
    bool written;

    if (draft == NULL) {
        hdb_error_nomem(error);
        goto done;
    }
    fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    written = fd >= 0 && write_all(fd, content) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    rc = written && rename(draft, path) == 0
             ? HDB_OK
             : hdb_error_set(error, HDB_CANTOPEN, NULL, "can't write %s: %s", path, strerror(errno));
done:
    free(draft);
    free(path);
    return rc;
}

/* Up to `size` bytes from the end of a file, or from its start. */
static char *read_part(const char *directory, const char *name, size_t size, bool from_end) {
    char *path = hdb_engine_path(directory, name), *text = malloc(size + 1);
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    struct stat status;
    ssize_t got = -1;

    if (fd >= 0 && text != NULL && fstat(fd, &status) == 0) {
        off_t start = from_end && status.st_size > (off_t)size ? status.st_size - (off_t)size : 0;
        got = pread(fd, text, size, start);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    if (got < 0) {
        free(text);
        return NULL;
    }
    text[got] = '\0';
    return text;
}

char *hdb_engine_read_file(const char *directory, const char *name) {
    return read_part(directory, name, 4096, false);
}

char *hdb_engine_read_line(const char *directory, const char *name) {
    char *text = hdb_engine_read_file(directory, name);

    if (text != NULL)
        text[strcspn(text, "\n")] = '\0';
    return text;
}

static int write_secret(const char *directory, hdb_error *error) {
    unsigned char bytes[SECRET_BYTES];
    char text[2 * SECRET_BYTES + 2], *old = hdb_engine_read_line(directory, "secret");
    bool usable = old != NULL && strlen(old) == 2 * SECRET_BYTES;

    free(old);
    if (usable)
        return HDB_OK;
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't get random bytes: %s", strerror(errno));
    for (int i = 0; i < SECRET_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    text[2 * SECRET_BYTES] = '\n';
    text[2 * SECRET_BYTES + 1] = '\0';
    return hdb_engine_write_file(directory, "secret", text, error);
}

int hdb_engine_write_settings(const char *directory, hdb_error *error) {
    int rc = write_secret(directory, error);

    return rc == HDB_OK ? hdb_engine_write_file(directory, "engine.toml", settings, error) : rc;
}

/* Takes colour sequences (ESC [ ... m) out, and white space at the end. */
static void plain_text(char *text) {
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (from[0] == '\033' && from[1] == '[') {
            from += 2 + strcspn(from + 2, "m");
            if (*from == '\0')
                break;
        } else {
            *to++ = *from;
        }
    }
    while (to > text && (to[-1] == '\n' || to[-1] == ' '))
        to--;
    *to = '\0';
}

char *hdb_engine_log_tail(const char *directory) {
    char *text = read_part(directory, "engine.log", LOG_TAIL, true);

    if (text != NULL)
        plain_text(text);
    return text;
}
