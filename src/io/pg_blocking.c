/*
 * Connecting and asking in processes that may wait. They still wait no longer
 * than they were told: a statement may hang behind a lock that a migration
 * holds, and whoever waits for the describer must hear of it.
 */
#include "io/pg_blocking.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "io/pg_pool.h"

#define PG_BLOCKING_RETRY_MIN_MS 50
#define PG_BLOCKING_RETRY_MAX_MS 1000

/* ---- messages -------------------------------------------------------------*/

/* The first letter small (but not of "DETAIL"-like words), no full stop. */
static void
pg_blocking_add_sentence(struct buf *out, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);
	size_t start;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '.'))
		len--;
	if (len == 0)
		return;
	if (out->len > 0)
		buf_add(out, "; ", 2);
	start = out->len;
	buf_add(out, text, len);
	if (len > 1 && text[0] >= 'A' && text[0] <= 'Z' &&
	    ((text[1] >= 'a' && text[1] <= 'z') || text[1] == ' '))
		out->data[start] = (char)(text[0] - 'A' + 'a');
	for (size_t i = start; i < out->len; i++) {
		if ((unsigned char)out->data[i] < ' ')
			out->data[i] = ' ';
	}
}

void
pg_blocking_message(const PGconn *conn, const PGresult *result, struct buf *out)
{
	static const int fields[] = { PG_DIAG_MESSAGE_PRIMARY,
		PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT };
	size_t start = out->len;

	for (size_t i = 0; result != NULL && i < ARRAY_LEN(fields); i++)
		pg_blocking_add_sentence(out,
		    PQresultErrorField(result, fields[i]));
	if (out->len == start && result != NULL)
		pg_blocking_add_sentence(out, PQresultErrorMessage(result));
	if (out->len == start)
		pg_blocking_add_sentence(out, PQerrorMessage(conn));
}

void
pg_blocking_sqlstate(struct error *err, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state != NULL && strlen(state) < sizeof(err->sqlstate))
		strcpy(err->sqlstate, state);
}

static void
pg_blocking_set_error(struct error *err, enum error_code code,
    const PGconn *conn, const PGresult *result)
{
	struct buf message = { NULL, 0, 0 };

	pg_blocking_message(conn, result, &message);
	error_set(err, code, NULL);
	error_detail(err, "%.*s", (int)message.len,
	    message.len == 0 ? "" : message.data);
	pg_blocking_sqlstate(err, result);
	buf_release(&message);
}

/* PostgreSQL counts characters from 1; a byte 10xxxxxx continues one. */
size_t
pg_blocking_offset(const PGresult *result, const char *sql)
{
	const char *field, *at = sql;
	unsigned long position;

	field = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	if (field == NULL)
		return (size_t)-1;
	position = strtoul(field, NULL, 10);
	while (position > 1 && *at != '\0') {
		at++;
		while (((unsigned char)*at & 0xc0) == 0x80)
			at++;
		position--;
	}
	return (size_t)(at - sql);
}

static void
pg_blocking_on_notice(void *arg, const PGresult *result)
{
	struct buf message = { NULL, 0, 0 };
	const char *severity;
	enum log_level level = LOG_LEVEL_INFO;

	(void)arg;
	severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (severity != NULL && (strcmp(severity, "WARNING") == 0 ||
	    strcmp(severity, "FATAL") == 0))
		level = LOG_LEVEL_WARN;
	pg_blocking_message(NULL, result, &message);
	for (size_t i = 0; i < message.len; i++) {
		if (message.data[i] == '"')
			message.data[i] = '\'';
	}
	log_event(level, NULL, "pg_notice", "text=\"%.*s\"", (int)message.len,
	    message.len == 0 ? "" : message.data);
	buf_release(&message);
}

/* ---- connecting -----------------------------------------------------------*/

static PGconn *
pg_blocking_attempt(const struct pg_conf *conf, const char *name,
    int64_t left_ms)
{
	int64_t timeout_ms = conf->connect_timeout_ms;
	char seconds[24];
	const char *const keys[] = { "fallback_application_name",
		"gssencmode", "dbname", "client_encoding", "connect_timeout",
		NULL };
	const char *const values[] = { name, "disable", conf->url, "UTF8",
		seconds, NULL };

	if (timeout_ms <= 0 || timeout_ms > left_ms)
		timeout_ms = left_ms;
	if (timeout_ms > INT32_MAX)
		timeout_ms = INT32_MAX;
	snprintf(seconds, sizeof(seconds), "%lld",
	    (long long)((timeout_ms + 999) / 1000));
	return PQconnectdbParams(keys, values, 1);
}

/* Says why no connection stands, once for each reason. */
static void
pg_blocking_log_failure(const PGconn *conn, struct error *last)
{
	struct error err;

	pg_blocking_set_error(&err, ERROR_DB_UNAVAILABLE, conn, NULL);
	if (strcmp(err.detail, last->detail) != 0)
		log_problem(LOG_LEVEL_WARN, NULL, &err);
	*last = err;
}

PGconn *
pg_blocking_connect(const struct pg_conf *conf, const char *name,
    int64_t deadline_ms, struct error *err)
{
	int64_t pause_ms = PG_BLOCKING_RETRY_MIN_MS, left_ms;
	struct error last = { 0 };
	PGconn *conn;

	for (;;) {
		left_ms = deadline_ms - clock_ms();
		conn = pg_blocking_attempt(conf, name,
		    left_ms > 0 ? left_ms : 1);
		if (PQstatus(conn) == CONNECTION_OK)
			break;
		left_ms = deadline_ms - clock_ms();
		if (left_ms <= pause_ms) {
			pg_blocking_set_error(err, ERROR_DB_UNAVAILABLE, conn,
			    NULL);
			PQfinish(conn);
			conn = NULL;
			break;
		}
		pg_blocking_log_failure(conn, &last);
		PQfinish(conn);
		poll(NULL, 0, (int)(pause_ms + ids_random(
		    (uint32_t)pause_ms / 4)));
		pause_ms *= 2;
		if (pause_ms > PG_BLOCKING_RETRY_MAX_MS)
			pause_ms = PG_BLOCKING_RETRY_MAX_MS;
	}
	if (conn != NULL)
		PQsetNoticeReceiver(conn, pg_blocking_on_notice, NULL);
	return conn;
}

/* ---- asking ---------------------------------------------------------------*/

int
pg_blocking_result(PGconn *conn, int64_t deadline_ms, PGresult **result)
{
	while (PQisBusy(conn)) {
		int64_t left_ms = deadline_ms - clock_ms();
		struct pollfd ready = { PQsocket(conn), POLLIN, 0 };

		if (left_ms <= 0)
			return -1;
		if (left_ms > 1000)
			left_ms = 1000;
		if (ready.fd >= 0)
			poll(&ready, 1, (int)left_ms);
		if (PQconsumeInput(conn) == 0)
			break;
	}
	*result = PQgetResult(conn);
	return 0;
}

PGresult *
pg_blocking_query(PGconn *conn, const char *sql, int nparams,
    const char *const params[], int64_t deadline_ms, struct error *err)
{
	PGresult *result = NULL, *next;
	enum error_code code = ERROR_INTERNAL;

	if (PQsendQueryParams(conn, sql, nparams, NULL, params, NULL, NULL,
	    0) == 0 || pg_blocking_result(conn, deadline_ms, &result) != 0) {
		error_set(err, ERROR_DB_UNAVAILABLE, NULL);
		error_detail(err, "the database did not answer in time");
		return NULL;
	}
	while (pg_blocking_result(conn, deadline_ms, &next) == 0 &&
	    next != NULL)
		PQclear(next);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	if (PQstatus(conn) != CONNECTION_OK)
		code = ERROR_DB_UNAVAILABLE;
	pg_blocking_set_error(err, code, conn, result);
	PQclear(result);
	return NULL;
}
