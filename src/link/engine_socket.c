/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of an engine's socket: made, found again, asked, removed. */
#include "link/engine_socket.h"

#include "buffer.h"
#include "link/engine_files.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MS = 5000 };

bool hdb_engine_is_private(const char *directory) {
    struct stat status;

    return lstat(directory, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 077) == 0;
}

static bool try_short_directory(const char *base, const char *prefix, char **out) {
    struct sockaddr_un address;
    hdb_buffer path = HDB_BUFFER_INIT;

    hdb_buffer_format(&path, "%s/%sXXXXXX", base, prefix);
    if (!path.failed && path.size + 1 + sizeof HDB_ENGINE_SOCKET <= sizeof address.sun_path && mkdtemp(path.data))
        *out = hdb_buffer_take(&path);
    hdb_buffer_free(&path);
    return *out != NULL;
}

int hdb_engine_make_short_directory(char **out, hdb_error *error) {
    const char *base = getenv("XDG_RUNTIME_DIR");
    char prefix[48];

    *out = NULL;
    snprintf(prefix, sizeof prefix, "heliosdb-%lu-", (unsigned long)geteuid());
    if (base != NULL && base[0] == '/' && hdb_engine_is_private(base) && try_short_directory(base, "heliosdb-", out))
        return HDB_OK;
    if (try_short_directory("/tmp", prefix, out))
        return HDB_OK;
    return hdb_error_set(error, HDB_CANTOPEN, NULL, "can't make a directory for the engine's socket in /tmp: %s",
                         strerror(errno));
}

/* What a copy of the data directory does not have: its own place on the disk. */
static bool identify(const char *directory, char *out, size_t size) {
    struct stat status;

    if (stat(directory, &status) != 0)
        return false;
    snprintf(out, size, "%llx:%llx", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    return true;
}

int hdb_engine_note_sockets(const char *directory, const char *sockets, hdb_error *error) {
    hdb_buffer text = HDB_BUFFER_INIT;
    char identity[48] = "";
    int rc;

    identify(directory, identity, sizeof identity);
    hdb_buffer_format(&text, "%s\n%s\n", sockets, identity);
    rc = text.failed ? hdb_error_nomem(error) : hdb_engine_write_file(directory, "socket", text.data, error);
    hdb_buffer_free(&text);
    return rc;
}

char *hdb_engine_find_sockets(const char *directory) {
    char identity[48], *text = hdb_engine_read_file(directory, "socket"), *end;
    bool own = false;

    if (text != NULL && (end = strchr(text, '\n')) != NULL && identify(directory, identity, sizeof identity)) {
        *end = '\0';
        end[1 + strcspn(end + 1, "\n")] = '\0';
        own = strcmp(end + 1, identity) == 0;
    }
    if (own)
        return text;
    free(text);
    return NULL;
}

/* The socket of a process that has just been killed still takes connections for a moment. So a question is asked that
 * needs no password: an SSLRequest, which every server of the protocol answers with one byte. */
static bool is_answered(int fd) {
    static const unsigned char question[8] = {0, 0, 0, 8, 4, 210, 22, 47};
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    char byte;

    if (send(fd, question, sizeof question, MSG_NOSIGNAL) != (ssize_t)sizeof question)
        return false;
    return poll(&answer, 1, ANSWER_MS) > 0 && recv(fd, &byte, 1, 0) == 1;
}

bool hdb_engine_answers(const char *socket_directory) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool answers = false;
    int length, fd;

    length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", socket_directory, HDB_ENGINE_SOCKET);
    if (length < 0 || (size_t)length >= sizeof address.sun_path || !hdb_engine_is_private(socket_directory))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        answers = is_answered(fd);
    else
        answers = errno == EAGAIN; /* so many are waiting that the queue is full: it is there, then */
    close(fd);
    return answers;
}

void hdb_engine_remove_sockets(const char *socket_directory) {
    static const char *const names[] = {HDB_ENGINE_SOCKET, ".s.PGSQL.0"};

    if (!hdb_engine_is_private(socket_directory))
        return;
    for (int i = 0; i < 2; i++) {
        char *path = hdb_engine_path(socket_directory, names[i]);
        if (path != NULL)
            unlink(path);
        free(path);
    }
    rmdir(socket_directory);
}
