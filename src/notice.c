/* SPDX-License-Identifier: Apache-2.0 */
#include "notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void hdb_notice_say(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "heliosdb: %s\n", text);
}

hdb_notice hdb_notice_start(bool on, const char *what, const char *name) {
    double started = now();
    return (hdb_notice){.on = on, .what = what, .name = name, .started = started, .last = started};
}

void hdb_notice_progress(hdb_notice *notice, int64_t rows) {
    notice->rows += rows;
    if (!notice->on || notice->rows % 1000 != 0 || now() - notice->last < 2)
        return;
    notice->last = now();
    notice->said = true;
    hdb_notice_say("%s %s: %lld rows so far", notice->what, notice->name, (long long)notice->rows);
}

void hdb_notice_end(hdb_notice *notice) {
    if (notice->said)
        hdb_notice_say("%s %s: done, %lld rows in %.1f s", notice->what, notice->name, (long long)notice->rows,
                       now() - notice->started);
}
