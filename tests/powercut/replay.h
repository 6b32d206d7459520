/* SPDX-License-Identifier: Apache-2.0 */
/* What a journal says a directory was like, and what a power cut could have left of it.
 *
 * The model is that of file systems with a journal, such as ext4 and XFS. Changes of names (and shortening a file) become
 * durable in their order; a sync of a file or directory makes those up to the last one of its own durable, and perhaps
 * those of others up to then (both are tried). Of the data of a file what a finished sync of it covers is there; of the
 * rest each page may be as it was at any time between that and the cut. */
#ifndef REPLAY_H
#define REPLAY_H

#include "journal.h"
#include <stdbool.h>
#include <stddef.h>

struct replay;

/* Reads a journal, which stays as it is. NULL, with a message, if it is damaged. */
struct replay *replay_open(const char *path);
void replay_close(struct replay *replay);

/* The number of records, and the place of each. A cut is after a record. */
size_t replay_count(const struct replay *replay);
const struct journal_record *replay_record(const struct replay *replay, size_t index);
uint64_t replay_place(const struct replay *replay, size_t index);
/* The path that the file of a record had when it was made; NULL for records that are not of a file known here. */
const char *replay_path(const struct replay *replay, size_t index);

/* How much of what is not durable is left. */
enum replay_left { REPLAY_RANDOM, REPLAY_EVERYTHING, REPLAY_NOTHING };

struct replay_options {
    size_t cut; /* records that were made before the power went */
    unsigned seed;
    enum replay_left left;
    const char *lying; /* syncs of files whose names end so are not done; NULL: all are */
};

/* Makes the tree below `root`, in place of what is there. Directories that stay keep their inodes. Writes to `inodes`
 * one line for each file: its inode, and inode and time of birth of the one it stands for. False, with a message, if it
 * can't. */
bool replay_make(const struct replay *replay, const struct replay_options *options, const char *root, const char *inodes);

/* Compares what everything makes with a directory. Returns how many files differ, which are told on stderr. */
int replay_compare(const struct replay *replay, const char *root);

#endif
