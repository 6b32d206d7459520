/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of what processes did to the files below a directory.
 *
 * One file, mapped by all of them; room in it is taken by an atomic addition, so that the place of a record is its
 * number. A record of a change is made when the change is complete. That of a sync is made when it has succeeded, and
 * says which place the journal had come to when it began: what came before is on the disk. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdint.h>

#define JOURNAL_MAGIC UINT64_C(0x706f7765726a6e6c)
#define JOURNAL_SIZE ((uint64_t)2 << 30) /* a sparse file */

enum journal_type {
    JOURNAL_OPEN = 1, /* path; made if it was not there. JOURNAL_TRUNCATES: emptied */
    JOURNAL_WRITE,    /* at `place` */
    JOURNAL_TRUNCATE, /* to `place` bytes */
    JOURNAL_EXTEND,   /* to `place` bytes, if it is shorter */
    JOURNAL_SYNC,     /* covers what is before `place` */
    JOURNAL_SYNC_ALL,
    JOURNAL_RENAME,   /* two paths */
    JOURNAL_LINK,     /* two paths */
    JOURNAL_UNLINK,
    JOURNAL_MKDIR,
    JOURNAL_RMDIR,
};

enum journal_flag { JOURNAL_TRUNCATES = 1, JOURNAL_DATA_ONLY = 2, JOURNAL_AT_ONCE = 4, JOURNAL_MAPPED = 8 };

struct journal_header {
    uint64_t magic;
    uint64_t used; /* the end of the last record, those that are being made included */
    uint64_t root; /* inode of the directory */
};

struct journal_record {
    uint32_t size; /* of all of it, a multiple of 8; written last: 0 if its process died within */
    uint16_t type, flags;
    uint64_t file; /* its inode; number of an inode that was freed may come again */
    uint64_t place;
    int64_t modified_ns;
    int64_t born_ns; /* JOURNAL_OPEN: when the inode was made */
    uint32_t data_size;
    uint32_t unused;
}; /* its data follow: what was written, or paths below the directory, each with its NUL */

#endif
