/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that the campaign of killed statements runs.
 *
 * A unit is one statement, or a transaction: after it is interrupted, either all of it or nothing is there. Unit n of a
 * seed is always the same text, so that plain SQLite, which runs the same units, tells what must be there. Statements may
 * fail (a broken constraint, a table that is not there); then they fail on both sides. */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>

enum { UNIT_STATEMENTS = 12, STATEMENT_SIZE = 512 };

enum statement_kind { KIND_DML, KIND_DDL, KIND_VACUUM, KIND_SAVEPOINT, KIND_BEGIN, KIND_COMMIT, KIND_ROLLBACK, KINDS };

struct statement {
    enum statement_kind kind;
    char sql[STATEMENT_SIZE];
};

struct unit {
    struct statement statements[UNIT_STATEMENTS];
    int count;
};

/* What every connection that runs units does first. */
extern const char *const unit_settings;
/* Makes the schema that is always there, in one transaction. */
extern const char *const unit_schema;

/* `vacuum`: it is among them; on a server it does not do what it does to a file. */
void unit_make(unsigned seed, int number, bool vacuum, struct unit *out);
const char *statement_kind_name(enum statement_kind kind);

#endif
