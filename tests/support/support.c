/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(99);
}

char *support_format(const char *format, ...) {
    va_list args;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        fail("open_memstream");
    va_start(args, format);
    vfprintf(stream, format, args);
    va_end(args);
    if (fclose(stream) != 0)
        fail("fclose");
    return text;
}

char *support_make_directory(const char *label) {
    const char *base = getenv("TMPDIR");
    char *path = support_format("%s/hdb-%s-XXXXXX", base && *base ? base : "/tmp", label);
    if (!mkdtemp(path))
        fail(path);
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *position) {
    (void)info;
    (void)kind;
    (void)position;
    remove(path);
    return 0;
}

void support_remove_directory(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void support_remove_replica(const char *path) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char *name = support_format("%s%s", path, suffixes[i]);
        unlink(name);
        free(name);
    }
}

/* Reads a file of /proc into a buffer, ends it by NUL and returns its size, 0 if it is gone. */
static size_t read_process_file(const char *pid, const char *file, char *out, size_t limit) {
    char *path = support_format("/proc/%s/%s", pid, file);
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd >= 0) {
        ssize_t got = read(fd, out, limit - 1);
        size = got > 0 ? (size_t)got : 0;
        close(fd);
    }
    out[size] = '\0';
    return size;
}

/* Whether one of the NUL-separated arguments holds the directory, followed by nothing, '/' or '-'. */
static bool arguments_name(const char *arguments, size_t size, const char *directory) {
    size_t length = strlen(directory);
    for (const char *word = arguments; word < arguments + size; word += strlen(word) + 1) {
        const char *found = strstr(word, directory);
        if (found && (found[length] == '\0' || found[length] == '/' || found[length] == '-'))
            return true;
    }
    return false;
}

/* Whether a process runs in the directory or below it. */
static bool runs_in(const char *pid, const char *directory) {
    char link[64], target[4096];
    size_t length = strlen(directory);
    snprintf(link, sizeof link, "/proc/%s/cwd", pid);
    ssize_t size = readlink(link, target, sizeof target - 1);
    target[size > 0 ? size : 0] = '\0';
    return strncmp(target, directory, length) == 0 && (target[length] == '\0' || target[length] == '/' || target[length] == '-');
}

size_t support_find_processes(const char *directory, const char *program, pid_t *out, size_t limit) {
    static char arguments[1 << 16], state[256];
    size_t count = 0;
    struct dirent *entry = NULL;
    DIR *proc = opendir("/proc");
    if (!proc)
        fail("/proc");
    while ((entry = readdir(proc)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]) || (pid_t)atol(entry->d_name) == getpid())
            continue;
        size_t size = read_process_file(entry->d_name, "cmdline", arguments, sizeof arguments);
        if (size == 0 || (!arguments_name(arguments, size, directory) && !runs_in(entry->d_name, directory)))
            continue;
        if (program) {
            const char *slash = strrchr(arguments, '/');
            if (!strstr(slash ? slash : arguments, program))
                continue;
        }
        read_process_file(entry->d_name, "stat", state, sizeof state);
        const char *paren = strrchr(state, ')');
        if (!paren || paren[2] == 'Z')
            continue;
        if (count < limit)
            out[count] = (pid_t)atol(entry->d_name);
        count++;
    }
    closedir(proc);
    return count;
}

size_t support_await_no_process(const char *directory, int timeout_ms) {
    long long end = support_now_ms() + timeout_ms;
    size_t left = 0;
    while ((left = support_find_processes(directory, NULL, NULL, 0)) > 0 && support_now_ms() < end)
        support_sleep_ms(20);
    return left;
}

long long support_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void support_sleep_ms(long ms) {
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}
