/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests share: temporary directories, and the processes that belong to a database. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes a directory of its own below TMPDIR, 0700. Free the name with free(). Ends the program if it can't. */
char *support_make_directory(const char *label);
/* Removes a directory and everything in it; nothing happens if it is not there. */
void support_remove_directory(const char *path);
/* printf into memory that the caller frees. */
char *support_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Removes an SQLite file with its -wal, -shm and -journal. */
void support_remove_replica(const char *path);

/* Processes whose command line names `directory` (a file or directory in it counts), or that run in it, and whose
 * program's name contains `program`; NULL: any. Writes up to `limit` ids and returns how many there are. The caller itself is left out. */
size_t support_find_processes(const char *directory, const char *program, pid_t *out, size_t limit);
/* Waits until no such process is left. Returns how many are left after `timeout_ms`. */
size_t support_await_no_process(const char *directory, int timeout_ms);
/* Monotonic clock in milliseconds. */
long long support_now_ms(void);
void support_sleep_ms(long ms);

#endif
