/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of files: made from a journal, and compared with one. */
#include "replay_internal.h"
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* For nftw(), which passes nothing on. */
static struct {
    const struct replay *replay;
    const struct names *names;
    size_t root_length;
    int found;
} walk;

static int thing_at(const char *path) {
    int at = path[walk.root_length] ? names_find(walk.names, path + walk.root_length + 1) : -1;
    return at < 0 ? -1 : walk.names->items[at].thing;
}

static int remove_other(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info, (void)place;
    int thing = thing_at(path);
    bool stays = place->level == 0 || (kind == FTW_DP && thing >= 0 && walk.replay->things[thing].is_directory);
    return stays ? 0 : remove(path);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

static bool write_file(const char *path, const struct content *content) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct timespec times[2] = {{content->modified_ns / 1000000000, content->modified_ns % 1000000000},
                                {content->modified_ns / 1000000000, content->modified_ns % 1000000000}};
    bool good = fd >= 0;
    for (uint64_t done = 0; good && done < content->size;) {
        ssize_t written = write(fd, content->data + done, content->size - done);
        good = written > 0;
        done += good ? (uint64_t)written : 0;
    }
    good = good && (content->modified_ns == 0 || futimens(fd, times) == 0);
    if (fd >= 0)
        close(fd);
    return good;
}

static void note_inode(FILE *inodes, const char *path, const struct thing *thing) {
    struct stat info;
    if (stat(path, &info) == 0)
        fprintf(inodes, "%llu %llu %lld\n", (unsigned long long)info.st_ino, (unsigned long long)thing->inode,
                (long long)thing->born_ns);
}

static bool make_one(const struct replay *replay, const struct replay_options *options, const char *path, int thing,
                     size_t ordered, FILE *inodes) {
    struct content content;
    if (replay->things[thing].is_directory)
        return mkdir(path, 0700) == 0 || errno == EEXIST;
    content_make(replay, options, thing, ordered, &content);
    bool good = write_file(path, &content);
    content_free(&content);
    note_inode(inodes, path, &replay->things[thing]);
    return good;
}

bool replay_make(const struct replay *replay, const struct replay_options *options, const char *root, const char *inodes) {
    struct names names = {0};
    FILE *list = fopen(inodes, "we");
    bool good = list != NULL;
    size_t ordered = replay_choose(replay, options, &names);
    walk.replay = replay;
    walk.names = &names;
    walk.root_length = strlen(root);
    good = good && nftw(root, remove_other, 16, FTW_DEPTH | FTW_PHYS) == 0;
    /* A directory comes before what is in it. */
    if (names.count)
        qsort(names.items, (size_t)names.count, sizeof *names.items, by_path);
    for (int i = 0; good && i < names.count; i++) {
        char *path = support_format("%s/%s", root, names.items[i].path);
        good = make_one(replay, options, path, names.items[i].thing, ordered, list);
        free(path);
    }
    if (!good)
        perror(root);
    if (list)
        fclose(list);
    names_free(&names);
    return good;
}

static bool is_same(const char *path, const struct content *content) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    bool same = fd >= 0 && fstat(fd, &info) == 0 && (uint64_t)info.st_size == content->size;
    for (uint64_t done = 0; same && done < content->size;) {
        char part[4096];
        ssize_t got = read(fd, part, sizeof part);
        same = got > 0 && memcmp(part, content->data + done, (size_t)got) == 0;
        done += got > 0 ? (uint64_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    return same;
}

static int count_unknown(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info, (void)kind;
    if (place->level > 0 && thing_at(path) < 0) {
        fprintf(stderr, "  not in the journal: %s\n", path);
        walk.found++;
    }
    return 0;
}

int replay_compare(const struct replay *replay, const char *root) {
    struct replay_options options = {.cut = replay->count, .left = REPLAY_EVERYTHING};
    struct names names = {0};
    size_t ordered = replay_choose(replay, &options, &names);
    walk.names = &names;
    walk.root_length = strlen(root);
    walk.found = 0;
    nftw(root, count_unknown, 16, FTW_PHYS);
    for (int i = 0; i < names.count; i++) {
        char *path = support_format("%s/%s", root, names.items[i].path);
        struct content content = {0};
        struct stat info;
        bool is_directory = replay->things[names.items[i].thing].is_directory;
        if (!is_directory)
            content_make(replay, &options, names.items[i].thing, ordered, &content);
        if (is_directory ? stat(path, &info) != 0 || !S_ISDIR(info.st_mode) : !is_same(path, &content)) {
            fprintf(stderr, "  not as the journal has it: %s\n", path);
            walk.found++;
        }
        content_free(&content);
        free(path);
    }
    names_free(&names);
    return walk.found;
}
