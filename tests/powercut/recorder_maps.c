/* SPDX-License-Identifier: Apache-2.0 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "recorder.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MAPS = 64, SECTOR = 512 };

struct map {
    char *address, *known; /* NULL: free; what the journal holds of it */
    size_t size;
    uint64_t file, place;
};

static struct map maps[MAPS];
/* Not waited for: whoever is forked while it is held would wait for ever, and a look that is left out is made later. */
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void look_at(struct map *map) {
    for (size_t at = 0; at < map->size; at += SECTOR) {
        struct iovec piece = {map->known + at, map->size - at < SECTOR ? map->size - at : SECTOR};
        if (memcmp(map->address + at, map->known + at, piece.iov_len) == 0)
            continue;
        memcpy(map->known + at, map->address + at, piece.iov_len);
        recorder_add((struct journal_record){.type = JOURNAL_WRITE, .flags = JOURNAL_MAPPED, .file = map->file,
                                             .place = map->place + at}, &piece, 1);
    }
}

void recorder_look_at_maps(void) {
    if (atomic_flag_test_and_set(&busy))
        return;
    for (int i = 0; i < MAPS; i++)
        if (maps[i].address)
            look_at(&maps[i]);
    atomic_flag_clear(&busy);
}

void recorder_map(void *address, size_t size, int fd, uint64_t place) {
    struct stat info;
    if (!recorder_sees(fd, &info))
        return;
    while (atomic_flag_test_and_set(&busy))
        ;
    /* Nothing is mapped beyond the end of the file that could be read. */
    if ((uint64_t)info.st_size < place + size)
        size = (uint64_t)info.st_size > place ? (size_t)((uint64_t)info.st_size - place) : 0;
    for (int i = 0; i < MAPS && size > 0; i++) {
        if (maps[i].address)
            continue;
        maps[i] = (struct map){address, malloc(size), size, info.st_ino, place};
        if (!maps[i].known)
            abort();
        memcpy(maps[i].known, address, size);
        break;
    }
    atomic_flag_clear(&busy);
}

void recorder_unmap(void *address) {
    while (atomic_flag_test_and_set(&busy))
        ;
    for (int i = 0; i < MAPS; i++) {
        if (maps[i].address != address)
            continue;
        look_at(&maps[i]);
        free(maps[i].known);
        maps[i].address = NULL;
    }
    atomic_flag_clear(&busy);
}

uint64_t recorder_file_at(const void *address) {
    for (int i = 0; i < MAPS; i++)
        if (maps[i].address == address)
            return maps[i].file;
    return 0;
}
