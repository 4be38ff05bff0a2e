/*
 * SQL texts of hooks, run as psql -c would: the simple protocol, several
 * commands in one text, stopped where the first fails. A text that runs
 * beyond its time is cancelled at the server, not left running there.
 */
#include "io/pg_script.h"

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/clock.h"
#include "io/pg_blocking.h"

/* How long a cancelled text may take to end. */
#define PG_SCRIPT_CANCEL_MS 2000

struct pg_script {
	PGconn *conn;
	const char *sql;
	size_t *offset;
	struct error *err;
	bool failed;
};

static void
pg_script_fail(struct pg_script *script, const PGresult *result)
{
	struct buf message = { NULL, 0, 0 };

	if (script->failed)
		return;
	script->failed = true;
	pg_blocking_message(script->conn, result, &message);
	error_set(script->err, ERROR_INTERNAL, "could not run SQL");
	error_detail(script->err, "%.*s", (int)message.len,
	    message.len == 0 ? "" : message.data);
	pg_blocking_sqlstate(script->err, result);
	*script->offset = pg_blocking_offset(result, script->sql);
	buf_release(&message);
}

static void
pg_script_cancel(struct pg_script *script)
{
	PGcancel *cancel = PQgetCancel(script->conn);
	char why[256];

	error_set(script->err, ERROR_INTERNAL,
	    "did not end within its timeout");
	error_detail(script->err, "it was cancelled at the server");
	script->failed = true;
	if (cancel != NULL)
		PQcancel(cancel, why, sizeof(why));
	PQfreeCancel(cancel);
}

/* COPY moves data that a hook's text does not have. */
static void
pg_script_end_copy(PGconn *conn, ExecStatusType status)
{
	char *line;

	if (status == PGRES_COPY_IN) {
		PQputCopyEnd(conn, "COPY FROM STDIN cannot be used here");
		return;
	}
	while (PQgetCopyData(conn, &line, 0) > 0)
		PQfreemem(line);
}

static void
pg_script_on_result(struct pg_script *script, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
		break;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
		pg_script_end_copy(script->conn, PQresultStatus(result));
		break;
	default:	/* libpq's enum, which grows */
		pg_script_fail(script, result);
		break;
	}
	PQclear(result);
}

static void
pg_script_read(struct pg_script *script, int64_t deadline_ms)
{
	bool cancelled = false;
	PGresult *result;

	for (;;) {
		if (pg_blocking_result(script->conn, deadline_ms, &result)
		    != 0) {
			if (cancelled)
				return;
			pg_script_cancel(script);
			cancelled = true;
			deadline_ms = clock_ms() + PG_SCRIPT_CANCEL_MS;
			continue;
		}
		if (result == NULL)
			return;
		pg_script_on_result(script, result);
	}
}

int
pg_script_run(const struct pg_conf *conf, const char *sql, int64_t deadline_ms,
    size_t *offset, struct error *err)
{
	struct pg_script script = { .sql = sql, .offset = offset, .err = err };

	*offset = (size_t)-1;
	script.conn = pg_blocking_connect(conf, "muster/hook", deadline_ms,
	    err);
	if (script.conn == NULL)
		return -1;
	if (PQsendQuery(script.conn, sql) == 0)
		pg_script_fail(&script, NULL);
	else
		pg_script_read(&script, deadline_ms);
	PQfinish(script.conn);
	return script.failed ? -1 : 0;
}
