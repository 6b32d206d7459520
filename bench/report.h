/* SPDX-License-Identifier: Apache-2.0 */
/* How the C programs tell run.py what they measured: a line "measure seconds count" each. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Sizes, from the command line: the number of rows of a scan, of single inserts and of single selects. */
struct sizes {
    int rows, commits, inserts, selects;
};

static inline double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static inline void report(const char *measure, double start, int count) {
    printf("%s %.9f %d\n", measure, now() - start, count);
}

static inline void parse_sizes(char **argv, struct sizes *out) {
    out->rows = atoi(argv[0]);
    out->commits = atoi(argv[1]);
    out->inserts = atoi(argv[2]);
    out->selects = atoi(argv[3]);
}

/* The keys to select, the same in every program: spread over the table, in no order. */
static inline int key_of(int i, int rows) {
    return (int)((unsigned)i * 7919u % (unsigned)rows) + 1;
}

/* A join by key of 1,000 rows, without their text. */
#define RANGE_JOIN \
    "SELECT count(*) FROM hdb_bench AS one JOIN hdb_bench AS next ON next.id = one.id + 1 WHERE one.id BETWEEN 1 AND 1000"

static inline int range_join_count(int rows) {
    return rows > 1000 ? 1000 : rows - 1;
}

static inline void make_text(char *out, size_t size, int id) {
    snprintf(out, size, "%s number %d of the benchmark's rows", id % 10 ? "hello" : "world", id);
}

#endif
