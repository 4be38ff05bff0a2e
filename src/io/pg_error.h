#ifndef MUSTER_IO_PG_ERROR_H
#define MUSTER_IO_PG_ERROR_H

#include <stdbool.h>
#include <stdio.h>

#include <libpq-fe.h>

#include "base/error.h"

struct pg_statement;

/*
 * What PostgreSQL refused, as an error for the reply and the log: status and
 * code by the table of SQLSTATEs, constraint and column as named by the
 * server. MESSAGE reaches the client only where the SQL's author wrote it
 * (RAISE); DETAIL, HINT and all else go to the log. The result is borrowed.
 */
void pg_error_from_result(struct error *, const PGresult *,
    const struct pg_statement *);

/* Was a prepared statement stale: it may succeed when prepared anew. */
bool pg_error_is_stale(const PGresult *);

bool pg_error_is(const PGresult *, const char *sqlstate);

/* The first line of a libpq message, for logs; double quotes made single. */
void pg_error_line(const char *message, char *line, size_t size);

/* The table for the manual: pattern, status, doc; closed by pattern NULL. */
struct pg_error_row {
	const char *pattern;		/* the SQLSTATE begins with it */
	enum error_code code;
	int retry_after_s;
	const char *doc;
};

extern const struct pg_error_row pg_error_rows[];

#endif
