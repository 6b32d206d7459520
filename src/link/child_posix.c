/* SPDX-License-Identifier: Apache-2.0 */
#include "link/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { FIRST = 3, FDS_MAX = 4 };

/* posix_spawn() rather than fork(): it runs no atfork handlers, copies no page tables of a big host, and tells a failed
 * exec as its own result, which is what an error pipe would be for. */
static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, const int *copies, int count) {
    sigset_t none, all;
    int rc = 0;

    sigemptyset(&none);
    sigfillset(&all);
    for (int fd = 0; fd < FIRST && rc == 0; fd++)
        rc = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
    for (int i = 0; i < count && rc == 0; i++)
        rc = posix_spawn_file_actions_adddup2(actions, copies[i], FIRST + i);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attributes, &none);
    if (rc == 0)
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return rc;
}

static int spawn(pid_t *pid, const char *path, const char *const argv[], const int *copies, int count) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = prepare(&actions, &attributes, copies, count);
        if (rc == 0)
            rc = posix_spawn(pid, path, &actions, &attributes, (char *const *)argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* A host that ignores SIGCHLD, or reaps every child itself, leaves us no status: then there is nothing to complain of. */
static int reap(pid_t pid, const char *path, hdb_error *error) {
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return HDB_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return HDB_OK;
    if (WIFSIGNALED(status))
        return hdb_error_set(error, HDB_CANTOPEN, NULL, "%s was ended by signal %d", path, WTERMSIG(status));
    return hdb_error_set(error, HDB_CANTOPEN, NULL, "%s failed with exit status %d", path, WEXITSTATUS(status));
}

int hdb_child_spawn_detached(const char *path, const char *const argv[], const int *fds, int fd_count, hdb_error *error) {
    int copies[FDS_MAX] = {-1, -1, -1, -1}, rc = HDB_OK, failure = 0;
    pid_t pid;

    if (fd_count > FDS_MAX)
        return hdb_error_set(error, HDB_INTERNAL, NULL, "too many descriptors to pass on");
    /* Out of the way of the numbers they get, or one could overwrite another. */
    for (int i = 0; i < fd_count && failure == 0; i++)
        if ((copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST + FDS_MAX)) < 0)
            failure = errno;
    if (failure == 0)
        failure = spawn(&pid, path, argv, copies, fd_count);
    if (failure != 0)
        rc = hdb_error_set(error, HDB_CANTOPEN, NULL, "can't run %s: %s", path, strerror(failure));
    else
        rc = reap(pid, path, error);
    for (int i = 0; i < fd_count; i++)
        if (copies[i] >= 0)
            close(copies[i]);
    return rc;
}
