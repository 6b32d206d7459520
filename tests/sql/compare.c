/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"
#include "attached.h"
#include "empty.h"
#include "engine_view.h"
#include "final_state.h"
#include "oracle.h"
#include "report.h"
#include "server_clean.h"
#include "session.h"
#include "subject.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One side: a database and the connections that the case has opened to it. */
struct side {
    const struct session_kind *kind;
    struct session_options options;
    void *sessions[CASE_CONNECTIONS];
    char *directory; /* of the files that it attaches */
};

struct run {
    const struct sql_case *test;
    const struct setup *setup;
    struct side oracle, subject;
    FILE *out;
    int differences;
};

struct report {
    char *text;
    size_t size;
    FILE *stream;
};

static void report_begin(struct report *report) {
    report->stream = open_memstream(&report->text, &report->size);
    if (!report->stream)
        abort();
}

static void report_end(struct report *report) {
    fclose(report->stream);
}

static void *session_of(struct side *side, int connection, FILE *report) {
    if (!side->sessions[connection])
        side->sessions[connection] = side->kind->open(&side->options, report);
    return side->sessions[connection];
}

static void run_on(struct side *side, const struct case_step *step, const struct feature *refused,
                   struct report *report) {
    struct case_step *own = side->directory ? attached_step(step, side->directory) : NULL;
    report_begin(report);
    void *session = session_of(side, step->connection, report->stream);
    if (session && refused)
        subject_refuse(session, own ? own : step, refused, report->stream);
    else if (session)
        side->kind->run(session, own ? own : step, report->stream);
    report_end(report);
    if (own)
        report->text = attached_hide(report->text, side->directory);
    attached_free(own);
}

static void compare_reports(struct run *run, const char *place, const char *sql, struct report *expected,
                            struct report *found) {
    if (strcmp(expected->text, found->text) != 0) {
        fprintf(run->out, "    %s: %s\n", place, sql);
        report_differences(run->out, expected->text, found->text);
        run->differences++;
    }
    free(expected->text);
    free(found->text);
}

static void compare_step(struct run *run, struct side *oracle, struct side *subject, const struct case_step *step,
                         const char *place) {
    struct report expected = {0}, found = {0};
    const struct feature *refused = case_refusal_in(step, run->setup->name);
    if (refused) {
        report_begin(&expected);
        report_end(&expected);
    } else {
        run_on(oracle, step, NULL, &expected);
    }
    run_on(subject, step, refused, &found);
    compare_reports(run, place, step->sql, &expected, &found);
}

static void close_side(struct side *side, FILE *report) {
    for (int i = 0; i < CASE_CONNECTIONS; i++) {
        if (side->sessions[i])
            side->kind->close(side->sessions[i], report);
        side->sessions[i] = NULL;
    }
}

static void close_both(struct run *run) {
    struct report expected = {0}, found = {0};
    report_begin(&expected);
    close_side(&run->oracle, expected.stream);
    report_end(&expected);
    report_begin(&found);
    close_side(&run->subject, found.stream);
    report_end(&found);
    compare_reports(run, "at the end", "close", &expected, &found);
}

static void run_steps(struct run *run) {
    for (size_t i = 0; i < run->test->step_count; i++) {
        const struct case_step *step = &run->test->steps[i];
        char place[32];
        if (step->kind == STEP_SQL) {
            snprintf(place, sizeof place, "line %d", step->line);
            compare_step(run, &run->oracle, &run->subject, step, place);
        } else {
            close_both(run);
            if (step->kind == STEP_REBUILD && run->subject.kind == &subject_kind) {
                support_remove_replica(run->subject.options.path);
                attached_remove_replicas(run->subject.directory);
            }
        }
    }
}

/* Compares the engine's own tables, read as any PostgreSQL client reads them, with the plain database. */
static void compare_engine(struct run *run, sqlite3 *plain, void *subject) {
    struct report expected = {0}, found = {0};
    report_begin(&expected);
    engine_view_expect(plain, expected.stream);
    report_end(&expected);
    report_begin(&found);
    const char *dsn = run->setup->dsn ? run->setup->dsn : subject_engine(subject, found.stream);
    if (dsn)
        engine_view_read(plain, dsn, found.stream);
    report_end(&found);
    compare_reports(run, "at the end", "the engine's tables, read by libpq", &expected, &found);
}

/* Compares what two databases hold, and the engine's tables if `subject` is ours; closes both. */
static void compare_state(struct run *run, struct side *oracle, struct side *subject, const char *place) {
    struct case_step *steps = NULL;
    struct report expected = {0}, found = {0};
    void *plain = session_of(oracle, 0, run->out), *ours = NULL;
    size_t count = plain ? final_state_statements(oracle_connection(plain), &steps) : 0;
    for (size_t i = 0; i < count; i++)
        compare_step(run, oracle, subject, &steps[i], place);
    if (subject->kind == &subject_kind)
        ours = session_of(subject, 0, run->out);
    report_begin(&expected);
    report_begin(&found);
    if (ours)
        subject_verify(ours, found.stream);
    if (plain && ours && !run->setup->skips_engine)
        compare_engine(run, oracle_connection(plain), ours);
    if (ours && run->setup->leaves_empty)
        empty_database(ours, found.stream);
    close_side(oracle, expected.stream);
    close_side(subject, found.stream);
    report_end(&expected);
    report_end(&found);
    compare_reports(run, place, "hdb_verify, close", &expected, &found);
    final_state_free(steps, count);
}

/* What a database in memory holds is seen by its own connection only. */
static void compare_memory(struct run *run) {
    char sql[] = "ROLLBACK";
    struct case_step rollback = {.kind = STEP_SQL, .sql = sql};
    void *plain = session_of(&run->oracle, 0, run->out);
    if (plain && !sqlite3_get_autocommit(oracle_connection(plain)))
        compare_step(run, &run->oracle, &run->subject, &rollback, "at the end");
    compare_state(run, &run->oracle, &run->subject, "at the end");
}

/* A database that was main, or attached: the file as plain SQLite reads it, then what is rebuilt from the engine. */
static void compare_file(struct run *run, const char *plain_path, const char *path) {
    struct side oracle = {.kind = &oracle_kind, .options = run->oracle.options};
    struct side subject = {.kind = &subject_kind, .options = run->subject.options};
    oracle.options.path = plain_path;
    subject.options.path = path;
    /* A case that ends with a rebuild has no replica file any more. */
    if (access(path, F_OK) == 0) {
        struct side replica = {.kind = &oracle_kind, .options = subject.options};
        compare_state(run, &oracle, &replica, "the replica, read by plain SQLite");
    }
    support_remove_replica(path);
    compare_state(run, &oracle, &subject, "rebuilt from the engine");
}

static void compare_attached(struct run *run) {
    char **names = attached_names(run->oracle.directory);
    for (char **name = names; name && *name; name++) {
        char *plain_path = support_format("%s/%s", run->oracle.directory, *name);
        char *path = support_format("%s/%s", run->subject.directory, *name);
        compare_file(run, plain_path, path);
        free(plain_path);
        free(path);
        free(*name);
    }
    free(names);
}

int compare_case(const struct sql_case *test, const struct setup *setup, const char *directory, FILE *out) {
    struct run run = {.test = test, .setup = setup, .out = out};
    char *oracle_path = setup->in_memory ? support_format(":memory:") : support_format("%s/plain.db", directory);
    char *subject_path = setup->in_memory ? support_format(":memory:") : support_format("%s/app.db", directory);
    run.oracle = (struct side){.kind = &oracle_kind, .options = {oracle_path, test->timeout, setup}};
    run.subject = (struct side){.kind = &subject_kind, .options = {subject_path, test->timeout, setup}};
    run.oracle.directory = support_format("%s/sqlite", directory);
    run.subject.directory = support_format("%s/helios", directory);
    if (setup->dsn && !server_clean(setup->dsn)) {
        fputs("    the server's database can't be emptied\n", out);
        run.differences++;
    } else {
        run_steps(&run);
        if (setup->in_memory) {
            compare_memory(&run);
        } else {
            close_both(&run);
            compare_file(&run, oracle_path, subject_path);
        }
        compare_attached(&run);
    }
    free(oracle_path);
    free(subject_path);
    free(run.oracle.directory);
    free(run.subject.directory);
    return run.differences;
}

bool compare_readings(const struct sql_case *test, const struct setup *setup, const char *directory) {
    char *text = NULL, *paths[2] = {support_format("%s/lazy.db", directory), support_format("%s/reading.db", directory)};
    size_t size = 0;
    struct run run = {.test = test, .setup = setup, .out = open_memstream(&text, &size)};
    if (!run.out)
        abort();
    run.oracle = (struct side){.kind = &oracle_kind, .options = {paths[0], test->timeout, setup}};
    run.subject = (struct side){.kind = &reading_kind, .options = {paths[1], test->timeout, setup}};
    run_steps(&run);
    close_both(&run);
    fclose(run.out);
    free(text);
    for (int i = 0; i < 2; i++) {
        support_remove_replica(paths[i]);
        free(paths[i]);
    }
    return run.differences > 0;
}

int compare_databases(const char *plain_path, const char *path, const struct setup *setup, FILE *out) {
    struct run run = {.setup = setup, .out = out};
    struct side plain = {.kind = &oracle_kind, .options = {plain_path, 20, setup}};
    struct side ours = {.kind = &subject_kind, .options = {path, 20, setup}};
    compare_state(&run, &plain, &ours, "our connection");
    if (access(path, F_OK) == 0) {
        struct side replica = {.kind = &oracle_kind, .options = {path, 20, setup}};
        compare_state(&run, &plain, &replica, "the replica, read by plain SQLite");
    }
    return run.differences;
}
