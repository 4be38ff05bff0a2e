/*
 * SQLSTATE to HTTP. The SQL is the operator's, not the client's: an unknown
 * table is a fault of the configuration (500), a refused value the client's
 * (422). The first row whose pattern begins the SQLSTATE decides, so narrow
 * rows stand before wide ones. Never decided by message text: it is
 * translated (lc_messages).
 */
#include "io/pg_error.h"

#include <string.h>

#include "base/compiler.h"
#include "io/pg_statement.h"

const struct pg_error_row pg_error_rows[] = {
	{ "23505", ERROR_CONFLICT, 0, "a unique constraint" },
	{ "23503", ERROR_CONFLICT, 0, "a foreign key" },
	{ "23P01", ERROR_CONFLICT, 0, "an exclusion constraint" },
	{ "23", ERROR_CONSTRAINT, 0,
	    "another constraint: NOT NULL (23502), CHECK (23514)" },
	{ "22012", ERROR_INTERNAL, 0, "division by zero" },
	{ "22", ERROR_CONSTRAINT, 0,
	    "a value that its type refuses (out of range, bad syntax)" },
	{ "P0001", ERROR_RAISED, 0, "RAISE: its message is shown" },
	{ "PT", ERROR_RAISED, 0,
	    "RAISE with SQLSTATE 'PTxyz': status xyz, its message is shown" },
	{ "P0002", ERROR_NO_ROW, 0, "no_data_found in a function" },
	{ "40001", ERROR_SERIALIZATION, 1, "serialization failure" },
	{ "40P01", ERROR_SERIALIZATION, 1, "deadlock" },
	{ "55P03", ERROR_OVERLOADED, 1, "lock_timeout or NOWAIT" },
	{ "57014", ERROR_OVERLOADED, 0,
	    "the server's own statement_timeout, or cancelled by somebody" },
	{ "57P", ERROR_DB_UNAVAILABLE, 1, "the server shuts down or starts" },
	{ "53300", ERROR_DB_UNAVAILABLE, 1, "too many connections" },
	{ "53", ERROR_DB_UNAVAILABLE, 0, "disk, memory or a limit is full" },
	{ "08", ERROR_DB_UNAVAILABLE, 1, "the connection failed" },
	{ "42501", ERROR_FORBIDDEN, 0, "the role lacks a privilege" },
	{ "", ERROR_INTERNAL, 0,
	    "all others: faults of the statement or of the server" },
	{ NULL, ERROR_NONE, 0, NULL }
};

static const struct pg_error_row *
pg_error_row_find(const char *sqlstate)
{
	const struct pg_error_row *row = pg_error_rows;

	while (strncmp(sqlstate, row->pattern, strlen(row->pattern)) != 0)
		row++;
	return row;
}

static const char *
pg_error_field(const PGresult *result, int field)
{
	const char *text = PQresultErrorField(result, field);

	return text == NULL ? "" : text;
}

/* The status xyz of SQLSTATE PTxyz, or 0. */
static int
pg_error_raised_status(const char *sqlstate)
{
	int status = 0, i;

	for (i = 2; i < 5; i++) {
		if (sqlstate[i] < '0' || sqlstate[i] > '9')
			return 0;
		status = status * 10 + sqlstate[i] - '0';
	}
	return status >= 400 && status <= 599 ? status : 0;
}

static void
pg_error_set_raised(struct error *err, const PGresult *result,
    const char *sqlstate)
{
	int status = sqlstate[0] == 'P' && sqlstate[1] == 'T' ?
	    pg_error_raised_status(sqlstate) : 400;

	if (status == 0) {
		error_set(err, ERROR_INTERNAL, NULL);
		return;
	}
	error_set(err, ERROR_RAISED, "%s", status >= 500 ?
	    error_reason(status) :
	    pg_error_field(result, PG_DIAG_MESSAGE_PRIMARY));
	err->status = status;
}

static void
pg_error_copy(char *to, size_t size, const PGresult *result, int field)
{
	snprintf(to, size, "%s", pg_error_field(result, field));
}

void
pg_error_from_result(struct error *err, const PGresult *result,
    const struct pg_statement *statement)
{
	const char *sqlstate = pg_error_field(result, PG_DIAG_SQLSTATE);
	const char *detail = pg_error_field(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = "";
	const struct pg_error_row *row = pg_error_row_find(sqlstate);

	/* libpq's own errors have no SQLSTATE: the connection failed. */
	if (sqlstate[0] == '\0')
		row = pg_error_row_find("08000");
	if (strcmp(sqlstate, "25006") == 0 && statement->writes)
		row = pg_error_row_find("57P03");
	else if (strcmp(sqlstate, "25006") == 0)
		hint = "; say writes = true";

	if (row->code == ERROR_RAISED)
		pg_error_set_raised(err, result, sqlstate);
	else
		error_set(err, row->code, NULL);
	err->retry_after_s = row->retry_after_s;
	error_detail(err, "%s: %s%s%s%s%s", sqlstate,
	    sqlstate[0] == '\0' ? PQresultErrorMessage(result) :
	    pg_error_field(result, PG_DIAG_MESSAGE_PRIMARY), hint,
	    detail[0] == '\0' ? "" : " (", detail,
	    detail[0] == '\0' ? "" : ")");
	err->pos = statement->pos;
	err->op = statement->op;
	pg_error_copy(err->sqlstate, sizeof(err->sqlstate), result,
	    PG_DIAG_SQLSTATE);
	pg_error_copy(err->constraint, sizeof(err->constraint), result,
	    PG_DIAG_CONSTRAINT_NAME);
	pg_error_copy(err->column, sizeof(err->column), result,
	    PG_DIAG_COLUMN_NAME);
}

bool
pg_error_is(const PGresult *result, const char *sqlstate)
{
	return strcmp(pg_error_field(result, PG_DIAG_SQLSTATE), sqlstate) == 0;
}

/*
 * 0A000 is also said of features that are not there; the routine tells them
 * from a plan whose result type changed.
 */
bool
pg_error_is_stale(const PGresult *result)
{
	if (pg_error_is(result, "0A000"))
		return strcmp(pg_error_field(result,
		    PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0;
	return pg_error_is(result, "26000") || pg_error_is(result, "42P05");
}

void
pg_error_line(const char *message, char *line, size_t size)
{
	size_t len = strcspn(message, "\n");
	char *quote = line;

	snprintf(line, size, "%.*s", (int)len, message);
	while ((quote = strchr(quote, '"')) != NULL)
		*quote = '\'';
}
