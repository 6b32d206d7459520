/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the recorder, a library for LD_PRELOAD: see journal.h for what it writes.
 *
 * POWERCUT_ROOT names the directory, POWERCUT_JOURNAL the journal, which lies elsewhere. It calls the kernel itself:
 * looking up the functions whose place it takes could need them. */
#ifndef RECORDER_H
#define RECORDER_H

#include "journal.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum { RECORDER_PATH = 4096 };

/* Whether this process keeps a journal. */
bool recorder_is_on(void);
/* How far it has come. */
uint64_t recorder_place(void);
/* Adds a record whose data is the `count` pieces. */
void recorder_add(struct journal_record head, const struct iovec *pieces, int count);

/* Whether a descriptor is a file or a directory on the root's device; *info is of now. */
bool recorder_sees(int fd, struct stat *info);
/* The path below the root that a path means; false if it is elsewhere. */
bool recorder_path(int directory, const char *path, char out[RECORDER_PATH]);

/* Memory mapped from files, whose changes no call tells: looked at whenever something else is journalled. */
void recorder_map(void *address, size_t size, int fd, uint64_t place);
void recorder_unmap(void *address);
void recorder_look_at_maps(void);
/* The inode of what is mapped there; 0: none of ours. */
uint64_t recorder_file_at(const void *address);

#endif
