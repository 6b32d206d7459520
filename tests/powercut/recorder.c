/* SPDX-License-Identifier: Apache-2.0 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char root[RECORDER_PATH];
static dev_t device;
static char *journal; /* no descriptor is kept: programs close those that they do not know */

static void die(const char *why) {
    dprintf(2, "powercut recorder: %s\n", why);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *named = getenv("POWERCUT_ROOT"), *path = getenv("POWERCUT_JOURNAL");
    struct stat info;
    if (!named || !path || !realpath(named, root) || stat(root, &info) != 0)
        return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED : (void *)syscall(SYS_mmap, NULL, JOURNAL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        die("can't map the journal");
    close(fd);
    device = info.st_dev;
    journal = at;
}

bool recorder_is_on(void) {
    return journal != NULL;
}

uint64_t recorder_place(void) {
    return __atomic_load_n(&((struct journal_header *)journal)->used, __ATOMIC_SEQ_CST);
}

void recorder_add(struct journal_record head, const struct iovec *pieces, int count) {
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += pieces[i].iov_len;
    uint64_t whole = (sizeof head + size + 7) & ~UINT64_C(7);
    uint64_t place = __atomic_fetch_add(&((struct journal_header *)journal)->used, whole, __ATOMIC_SEQ_CST);
    if (place + whole > JOURNAL_SIZE)
        die("the journal is full");
    struct journal_record *record = (struct journal_record *)(journal + place);
    head.size = 0;
    head.data_size = (uint32_t)size;
    *record = head;
    char *to = (char *)(record + 1);
    for (int i = 0; i < count; i++) {
        memcpy(to, pieces[i].iov_base, pieces[i].iov_len);
        to += pieces[i].iov_len;
    }
    __atomic_store_n(&record->size, (uint32_t)whole, __ATOMIC_RELEASE);
}

bool recorder_sees(int fd, struct stat *info) {
    int kept = errno;
    bool sees = journal && fstat(fd, info) == 0 && info->st_dev == device && (S_ISREG(info->st_mode) || S_ISDIR(info->st_mode));
    errno = kept;
    return sees;
}

/* The whole path, links and dots as they are. */
static bool absolute(int directory, const char *path, char out[RECORDER_PATH]) {
    char start[RECORDER_PATH] = "", link[64];
    if (path[0] != '/' && directory == AT_FDCWD) {
        if (!getcwd(start, sizeof start))
            return false;
    } else if (path[0] != '/') {
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t length = readlink(link, start, sizeof start - 1);
        if (length <= 0)
            return false;
        start[length] = '\0';
    }
    return snprintf(out, RECORDER_PATH, "%s%s%s", start, path[0] == '/' ? "" : "/", path) < RECORDER_PATH;
}

static bool below_root(int directory, const char *path, char out[RECORDER_PATH]) {
    char whole[RECORDER_PATH], parent[PATH_MAX];
    size_t length = strlen(root);
    if (!absolute(directory, path, whole))
        return false;
    /* The last name may be of something that is gone, or a link: its directory tells where it is. */
    for (size_t end = strlen(whole); end > 1 && whole[end - 1] == '/'; end--)
        whole[end - 1] = '\0';
    char *name = strrchr(whole, '/');
    if (!name)
        return false;
    *name++ = '\0';
    if (!realpath(*whole ? whole : "/", parent) || strncmp(parent, root, length) != 0 ||
        (parent[length] != '\0' && parent[length] != '/'))
        return false;
    snprintf(out, RECORDER_PATH, "%s%s%s", parent[length] ? parent + length + 1 : "", parent[length] ? "/" : "", name);
    return true;
}

bool recorder_path(int directory, const char *path, char out[RECORDER_PATH]) {
    int kept = errno;
    bool below = journal && path && below_root(directory, path, out);
    errno = kept;
    return below;
}
