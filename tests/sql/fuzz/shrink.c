/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink.h"
#include "support.h"
#include "text.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIAL_SECONDS = 60, MAX_TOKENS = 400 };

struct shrinker {
    struct sql_case *test;
    const struct setup *setup;
    long long end; /* of the time for it, in milliseconds */
};

static void run_child(const struct sql_case *test, const struct setup *setup, const char *directory, FILE *out) {
    char *text = NULL;
    size_t size = 0;
    FILE *differences = open_memstream(&text, &size);
    alarm(TRIAL_SECONDS);
    int count = compare_case(test, setup, directory, differences);
    fclose(differences);
    if (out) {
        fputs(text, out);
        fflush(out);
    }
    _exit(count > 0);
}

bool case_differs(const struct sql_case *test, const struct setup *setup, FILE *out) {
    char *directory = support_make_directory("trial");
    int status = 0;
    if (out)
        fflush(out);
    pid_t pid = fork();
    if (pid == 0)
        run_child(test, setup, directory, out);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    if (WIFSIGNALED(status) && out)
        fprintf(out, "    the process died: %s\n", strsignal(WTERMSIG(status)));
    support_remove_directory(directory);
    free(directory);
    return status != 0;
}

static bool still_differs(const struct shrinker *shrinker) {
    return support_now_ms() < shrinker->end && case_differs(shrinker->test, shrinker->setup, NULL);
}

/* Takes steps away, in runs that get shorter. */
static bool drop_steps(struct shrinker *shrinker) {
    struct sql_case *test = shrinker->test;
    bool dropped = false;
    for (size_t run = (test->step_count + 1) / 2; run > 0; run /= 2) {
        for (size_t at = test->step_count; at > 0;) {
            size_t begin = at > run ? at - run : 0, count = at - begin, before = test->step_count;
            struct case_step *all = malloc(before * sizeof *all);
            memcpy(all, test->steps, before * sizeof *all);
            memmove(test->steps + begin, test->steps + at, (before - at) * sizeof *all);
            test->step_count = before - count;
            if (still_differs(shrinker)) {
                dropped = true;
            } else {
                memcpy(test->steps, all, before * sizeof *all);
                test->step_count = before;
            }
            free(all);
            at = begin;
        }
    }
    return dropped;
}

static void write_literal(struct text *out, const struct case_value *value) {
    if (value->type == SQLITE_INTEGER)
        text_format(out, "%lld", (long long)value->integer);
    else if (value->type == SQLITE_FLOAT && isinf(value->real))
        text_format(out, "%s9e999", value->real < 0 ? "-" : "");
    else if (value->type == SQLITE_FLOAT)
        text_format(out, "%#.17g", value->real);
    else if (value->type == SQLITE_NULL)
        text_format(out, "NULL");
    else {
        text_format(out, value->type == SQLITE_TEXT ? "CAST(x'" : "x'");
        for (size_t i = 0; i < value->size; i++)
            text_format(out, "%02x", (unsigned char)value->bytes[i]);
        text_format(out, value->type == SQLITE_TEXT ? "' AS TEXT)" : "'");
    }
}

/* The end of the token that begins at `sql`. */
static const char *token_end(const char *sql) {
    if (strchr("'\"", *sql)) {
        const char *end = sql + 1;
        while (*end && (*end != *sql || end[1] == *sql))
            end += *end == *sql ? 2 : 1;
        return *end ? end + 1 : end;
    }
    size_t word = strspn(sql, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
    return sql + (word ? word : 1);
}

/* Values in the place of a statement's parameters: what is left of it can be changed freely. */
static void inline_parameters(struct shrinker *shrinker, struct case_step *step) {
    struct case_step before = *step;
    struct text sql = {0};
    size_t next = 0;
    for (const char *at = step->sql; *at;) {
        const char *end = token_end(at);
        if (*at == '?') {
            size_t number = strspn(at + 1, "0123456789");
            size_t place = number ? (size_t)atoi(at + 1) - 1 : next++;
            end = at + 1 + number;
            if (place < step->value_count)
                write_literal(&sql, &step->values[place]);
        } else {
            text_append(&sql, at, (size_t)(end - at));
        }
        at = end;
    }
    step->sql = sql.data;
    step->value_count = 0;
    if (still_differs(shrinker)) {
        free(before.sql);
        return;
    }
    free(step->sql);
    *step = before;
}

/* Takes words away, in runs that get shorter. */
static bool drop_words(struct shrinker *shrinker, struct case_step *step) {
    size_t begins[MAX_TOKENS + 1], count = 0;
    bool dropped = false;
    for (const char *at = step->sql; *at && count < MAX_TOKENS; at = token_end(at) + strspn(token_end(at), " \n"))
        begins[count++] = (size_t)(at - step->sql);
    for (size_t run = count / 2; run > 0; run = run > 8 ? run / 2 : run - 1) {
        for (size_t i = 0; i + run < count;) { /* the last one is the semicolon */
            char *before = step->sql, *shorter = strdup(before);
            size_t from = begins[i], to = begins[i + run], gone = to - from;
            memmove(shorter + from, shorter + to, strlen(before + to) + 1);
            step->sql = shorter;
            if (!still_differs(shrinker)) {
                step->sql = before;
                free(shorter);
                i++;
                continue;
            }
            free(before);
            dropped = true;
            for (size_t k = i; k + run < count; k++)
                begins[k] = begins[k + run] - gone;
            count -= run;
        }
    }
    return dropped;
}

void shrink_case(struct sql_case *test, const struct setup *setup, int seconds) {
    struct shrinker shrinker = {test, setup, support_now_ms() + seconds * 1000LL};
    while (drop_steps(&shrinker)) {}
    for (size_t i = 0; i < test->step_count; i++)
        if (test->steps[i].kind == STEP_SQL && test->steps[i].value_count > 0)
            inline_parameters(&shrinker, &test->steps[i]);
    bool dropped = true;
    while (dropped) {
        dropped = false;
        for (size_t i = test->step_count; i-- > 0;)
            if (test->steps[i].kind == STEP_SQL && test->steps[i].value_count == 0 && drop_words(&shrinker, &test->steps[i]))
                dropped = true;
        if (dropped)
            drop_steps(&shrinker);
    }
}
