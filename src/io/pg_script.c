/* SQL of hooks: several commands in one text, in a process that may wait. */
#include "io/pg_script.h"

#include <stddef.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "io/pg_blocking.h"
#include "io/pg_pool.h"

static void
pg_script_fail(PGconn *conn, const PGresult *result, const char *sql,
    size_t *offset, struct error *err)
{
	struct buf message = { 0 };

	pg_blocking_message(conn, result, &message);
	error_set(err, PQstatus(conn) == CONNECTION_OK ? ERROR_INTERNAL :
	    ERROR_DB_UNAVAILABLE, "could not run SQL");
	error_detail(err, "%.*s", (int)message.len,
	    message.len == 0 ? "" : message.data);
	*offset = pg_blocking_offset(result, sql);
	buf_release(&message);
}

/* Still running when its time is over: the server must not go on with it. */
static void
pg_script_cancel(PGconn *conn)
{
	PGcancel *cancel = PQgetCancel(conn);
	char ignored[256];

	if (cancel != NULL)
		PQcancel(cancel, ignored, sizeof(ignored));
	PQfreeCancel(cancel);
}

static int
pg_script_read(PGconn *conn, const char *sql, int64_t deadline_ms,
    size_t *offset, struct error *err)
{
	PGresult *result;
	int status = 0;

	for (;;) {
		if (pg_blocking_result(conn, deadline_ms, &result) != 0) {
			pg_script_cancel(conn);
			return error_set(err, ERROR_INTERNAL,
			    "could not run SQL within its timeout");
		}
		if (result == NULL)
			return status;
		if (PQresultStatus(result) == PGRES_COPY_IN ||
		    PQresultStatus(result) == PGRES_COPY_OUT) {
			PQclear(result);
			return error_set(err, ERROR_INTERNAL,
			    "cannot run COPY from or to a client here");
		}
		if (status == 0 &&
		    PQresultStatus(result) == PGRES_FATAL_ERROR) {
			pg_script_fail(conn, result, sql, offset, err);
			status = -1;
		}
		PQclear(result);
	}
}

int
pg_script_run(const struct pg_conf *conf, const char *sql,
    int64_t deadline_ms, size_t *offset, struct error *err)
{
	PGconn *conn = pg_blocking_connect(conf, "muster/hook", deadline_ms,
	    err);
	int result;

	*offset = (size_t)-1;
	if (conn == NULL)
		return -1;
	if (PQsendQuery(conn, sql) == 0) {
		pg_script_fail(conn, NULL, sql, offset, err);
		result = -1;
	} else {
		result = pg_script_read(conn, sql, deadline_ms, offset, err);
	}
	PQfinish(conn);
	return result;
}
