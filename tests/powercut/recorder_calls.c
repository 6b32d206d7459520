/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the C library that change files, in their place. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int64_t nanoseconds(int64_t seconds, int64_t fraction) {
    return seconds * 1000000000 + fraction;
}

static struct journal_record head_of(enum journal_type type, const struct stat *info) {
    return (struct journal_record){.type = type, .file = info->st_ino,
                                   .modified_ns = nanoseconds(info->st_mtim.tv_sec, info->st_mtim.tv_nsec)};
}

static void add_paths(struct journal_record head, const char *first, const char *second) {
    struct iovec pieces[2] = {{(void *)(uintptr_t)first, strlen(first) + 1},
                              {(void *)(uintptr_t)second, second ? strlen(second) + 1 : 0}};
    recorder_add(head, pieces, second ? 2 : 1);
}

/* --- opening */

static int64_t born_ns(int fd) {
    struct statx info = {0};
    syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BTIME, &info);
    return nanoseconds(info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
}

static int do_open(int directory, const char *path, int flags, mode_t mode) {
    char name[RECORDER_PATH];
    struct stat info;
    int fd = (int)syscall(SYS_openat, directory, path, flags, mode), kept = errno;
    if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && recorder_path(directory, path, name) && recorder_sees(fd, &info)) {
        struct journal_record head = head_of(JOURNAL_OPEN, &info);
        head.flags = flags & O_TRUNC ? JOURNAL_TRUNCATES : 0;
        head.born_ns = born_ns(fd);
        add_paths(head, name, NULL);
    }
    errno = kept;
    return fd;
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                       \
    int name(const char *path, int flags, ...) {         \
        va_list rest;                                    \
        va_start(rest, flags);                           \
        mode_t mode = mode_of(flags, rest);              \
        va_end(rest);                                    \
        return do_open(AT_FDCWD, path, flags, mode);     \
    }
#define OPENAT(name)                                             \
    int name(int directory, const char *path, int flags, ...) {  \
        va_list rest;                                            \
        va_start(rest, flags);                                   \
        mode_t mode = mode_of(flags, rest);                      \
        va_end(rest);                                            \
        return do_open(directory, path, flags, mode);            \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) {
    return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* --- writing */

static void wrote(int fd, const struct iovec *pieces, int count, ssize_t written, int64_t offset) {
    struct stat info;
    int kept = errno;
    if (written > 0 && recorder_sees(fd, &info)) {
        struct journal_record head = head_of(JOURNAL_WRITE, &info);
        struct iovec part[64];
        size_t left = (size_t)written;
        int parts = 0;
        if (count > 64)
            abort();
        for (; parts < count && left > 0; parts++) {
            part[parts] = pieces[parts];
            if (part[parts].iov_len > left)
                part[parts].iov_len = left;
            left -= part[parts].iov_len;
        }
        head.place = (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - written);
        if (fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC))
            head.flags = JOURNAL_AT_ONCE;
        recorder_look_at_maps();
        recorder_add(head, part, parts);
    }
    errno = kept;
}

ssize_t write(int fd, const void *data, size_t size) {
    ssize_t written = syscall(SYS_write, fd, data, size);
    wrote(fd, &(struct iovec){(void *)(uintptr_t)data, size}, 1, written, -1);
    return written;
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    ssize_t written = syscall(SYS_writev, fd, pieces, count);
    wrote(fd, pieces, count, written, -1);
    return written;
}

#define PWRITE(name)                                                                    \
    ssize_t name(int fd, const void *data, size_t size, off_t offset) {                 \
        ssize_t written = syscall(SYS_pwrite64, fd, data, size, offset);                \
        wrote(fd, &(struct iovec){(void *)(uintptr_t)data, size}, 1, written, offset);  \
        return written;                                                                 \
    }
#define PWRITEV(name)                                                                   \
    ssize_t name(int fd, const struct iovec *pieces, int count, off_t offset) {         \
        ssize_t written = syscall(SYS_pwritev, fd, pieces, count, offset, 0);           \
        wrote(fd, pieces, count, written, offset);                                      \
        return written;                                                                 \
    }
PWRITE(pwrite)
PWRITE(pwrite64)
PWRITEV(pwritev)
PWRITEV(pwritev64)

/* Copies within the kernel are refused; every caller then reads and writes. */
ssize_t copy_file_range(int from, off64_t *from_place, int to, off64_t *to_place, size_t size, unsigned flags) {
    errno = ENOSYS;
    return -1;
}

/* --- sizes */

static int sized(int rc, int fd, enum journal_type type, off_t size) {
    struct stat info;
    int kept = errno;
    if (rc == 0 && recorder_sees(fd, &info)) {
        struct journal_record head = head_of(type, &info);
        head.place = (uint64_t)size;
        recorder_add(head, NULL, 0);
    }
    errno = kept;
    return rc;
}

#define FTRUNCATE(name)                                                                    \
    int name(int fd, off_t size) {                                                         \
        return sized((int)syscall(SYS_ftruncate, fd, size), fd, JOURNAL_TRUNCATE, size);   \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

#define TRUNCATE(name)                                                 \
    int name(const char *path, off_t size) {                           \
        int fd = do_open(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);     \
        int rc = fd < 0 ? -1 : ftruncate(fd, size);                    \
        if (fd >= 0)                                                   \
            close(fd);                                                 \
        return rc;                                                     \
    }
TRUNCATE(truncate)
TRUNCATE(truncate64)

static int do_allocate(int fd, int mode, off_t offset, off_t size) {
    int rc = (int)syscall(SYS_fallocate, fd, mode, offset, size);
    if (rc == 0 && (mode & ~FALLOC_FL_KEEP_SIZE)) {
        dprintf(2, "powercut recorder: fallocate of mode %d is not known\n", mode);
        abort();
    }
    return mode & FALLOC_FL_KEEP_SIZE ? rc : sized(rc, fd, JOURNAL_EXTEND, offset + size);
}

#define FALLOCATE(name)                                       \
    int name(int fd, int mode, off_t offset, off_t size) {    \
        return do_allocate(fd, mode, offset, size);           \
    }
#define POSIX_FALLOCATE(name)                                           \
    int name(int fd, off_t offset, off_t size) {                        \
        return do_allocate(fd, 0, offset, size) == 0 ? 0 : errno;       \
    }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)
POSIX_FALLOCATE(posix_fallocate)
POSIX_FALLOCATE(posix_fallocate64)

/* --- syncing */

static int synced(int fd, long call, int flags) {
    struct stat info;
    bool sees = recorder_sees(fd, &info);
    if (sees)
        recorder_look_at_maps();
    uint64_t place = sees ? recorder_place() : 0;
    int rc = (int)syscall(call, fd), kept = errno;
    if (rc == 0 && sees) {
        struct journal_record head = head_of(JOURNAL_SYNC, &info);
        head.place = place;
        head.flags = (uint16_t)flags;
        recorder_add(head, NULL, 0);
    }
    errno = kept;
    return rc;
}

int fsync(int fd) {
    return synced(fd, SYS_fsync, 0);
}

int fdatasync(int fd) {
    return synced(fd, SYS_fdatasync, JOURNAL_DATA_ONLY);
}

static void synced_all(uint64_t place) {
    recorder_add((struct journal_record){.type = JOURNAL_SYNC_ALL, .place = place}, NULL, 0);
}

/* The disk itself need not have it. */
void sync(void) {
    if (recorder_is_on())
        synced_all(recorder_place());
}

int syncfs(int fd) {
    struct stat info;
    bool sees = recorder_sees(fd, &info);
    uint64_t place = sees ? recorder_place() : 0;
    int rc = (int)syscall(SYS_syncfs, fd);
    if (rc == 0 && sees)
        synced_all(place);
    return rc;
}

/* --- mapping */

static void *do_map(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    void *at = (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
    if (at != MAP_FAILED && fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE) && recorder_is_on())
        recorder_map(at, size, fd, (uint64_t)offset);
    return at;
}

#define MMAP(name)                                                                                  \
    void *name(void *address, size_t size, int protection, int flags, int fd, off_t offset) {       \
        return do_map(address, size, protection, flags, fd, offset);                                \
    }
MMAP(mmap)
MMAP(mmap64)

int munmap(void *address, size_t size) {
    if (recorder_is_on())
        recorder_unmap(address);
    return (int)syscall(SYS_munmap, address, size);
}

int msync(void *address, size_t size, int flags) {
    uint64_t file = recorder_is_on() ? recorder_file_at(address) : 0;
    if (file)
        recorder_look_at_maps();
    uint64_t place = file ? recorder_place() : 0;
    int rc = (int)syscall(SYS_msync, address, size, flags), kept = errno;
    if (rc == 0 && file && (flags & MS_SYNC))
        recorder_add((struct journal_record){.type = JOURNAL_SYNC, .file = file, .place = place, .flags = JOURNAL_DATA_ONLY}, NULL, 0);
    errno = kept;
    return rc;
}

/* --- names */

static int do_rename(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    char old[RECORDER_PATH], new[RECORDER_PATH];
    bool sees = recorder_path(from_directory, from, old) && recorder_path(to_directory, to, new);
    int rc = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    if (rc == 0 && sees)
        add_paths((struct journal_record){.type = JOURNAL_RENAME}, old, new);
    return rc;
}

int rename(const char *from, const char *to) {
    return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
    return do_rename(from_directory, from, to_directory, to, 0);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    return do_rename(from_directory, from, to_directory, to, flags);
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
    char old[RECORDER_PATH], new[RECORDER_PATH];
    int rc = (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
    if (rc == 0 && recorder_path(from_directory, from, old) && recorder_path(to_directory, to, new))
        add_paths((struct journal_record){.type = JOURNAL_LINK}, old, new);
    return rc;
}

int link(const char *from, const char *to) {
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int directory, const char *path, int flags) {
    char name[RECORDER_PATH];
    int rc = (int)syscall(SYS_unlinkat, directory, path, flags);
    if (rc == 0 && recorder_path(directory, path, name))
        add_paths((struct journal_record){.type = flags & AT_REMOVEDIR ? JOURNAL_RMDIR : JOURNAL_UNLINK}, name, NULL);
    return rc;
}

int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path) {
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path) {
    int rc = unlink(path);
    return rc != 0 && (errno == EISDIR || errno == EPERM) ? rmdir(path) : rc;
}

int mkdirat(int directory, const char *path, mode_t mode) {
    char name[RECORDER_PATH];
    struct stat info;
    int rc = (int)syscall(SYS_mkdirat, directory, path, mode);
    if (rc == 0 && recorder_path(directory, path, name) && fstatat(directory, path, &info, 0) == 0)
        add_paths(head_of(JOURNAL_MKDIR, &info), name, NULL);
    return rc;
}

int mkdir(const char *path, mode_t mode) {
    return mkdirat(AT_FDCWD, path, mode);
}
