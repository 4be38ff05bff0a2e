/*
 * What flies on a connection: a ring of entries in the order sent, each a
 * statement (with its Parse in front at first use) under a Sync of its own,
 * so that it is a transaction of its own and its answer waits for nobody.
 *
 * A result is not the end of it: a constraint that is checked at commit fails
 * after the rows have come, as an error at the place of the Sync. So an
 * answer is given only when the Sync has come back.
 */
#include "io/pg_conn.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "io/pg_error.h"
#include "io/pg_pool_state.h"
#include "io/pg_statement.h"

/* Each costs the server memory in each connection. */
#define PREPARED_MAX 256

/* The server looks whether we are still there while it works for us. */
#define SERVER_CHECKS_CLIENT_SINCE 140000

static struct pg_flight *
pg_flight_add(struct pg_conn *conn)
{
	unsigned at = (conn->first + conn->nflights++) % PG_FLIGHTS_MAX;
	struct pg_flight *flight = &conn->flights[at];

	*flight = (struct pg_flight){ .sent_us = clock_us() };
	return flight;
}

static void
pg_flight_take_back(struct pg_conn *conn)
{
	conn->nflights--;
}

/*
 * All that one turn asks leaves in one piece by pg_conn_flush. libpq before
 * 17 sends with each Sync: there the kernel holds back what is not the last.
 */
static int
pg_flight_sync(struct pg_conn *conn, bool more)
{
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
	(void)more;
	conn->unflushed = true;
	return PQsendPipelineSync(conn->pg) == 1 ? 0 : -1;
#else
	if (more || conn->unflushed)
		pg_conn_cork(conn);
	conn->unflushed = true;
	return PQpipelineSync(conn->pg) == 1 ? 0 : -1;
#endif
}

/* ---- statements by name ---- */

static bool
pg_flight_is_prepared(const struct pg_conn *conn, unsigned index)
{
	return index / 8 < conn->prepared_size &&
	    (conn->prepared[index / 8] & 1 << index % 8) != 0;
}

static void
pg_flight_set_prepared(struct pg_conn *conn, unsigned index)
{
	unsigned need = index / 8 + 1;

	if (need > conn->prepared_size) {
		conn->prepared = memory_grow(conn->prepared, need);
		memset(conn->prepared + conn->prepared_size, 0,
		    need - conn->prepared_size);
		conn->prepared_size = need;
	}
	conn->prepared[index / 8] |= 1 << index % 8;
	conn->nprepared++;
}

static void
pg_flight_unset_prepared(struct pg_conn *conn, unsigned index)
{
	conn->prepared[index / 8] &= ~(1 << index % 8);
	conn->nprepared--;
}

/* ---- sending ---- */

static void
pg_flight_echo(const struct pg_conn *conn, const struct pg_statement *statement)
{
	struct buf masked = { 0 };
	unsigned i;

	for (i = 1; i <= statement->nparams; i++)
		buf_printf(&masked, " $%u=***", i);
	log_info(NULL, "pg_echo", "pid=%d statement=%s sql=\"%s\"%.*s",
	    PQbackendPID(conn->pg), statement->name, statement->sql,
	    (int)masked.len, masked.data == NULL ? "" : masked.data);
	buf_release(&masked);
}

/* 1 as libpq says it, or 0. *parses: a Parse went in front. */
static int
pg_flight_send_sql(struct pg_conn *conn, const struct pg_request *request,
    bool *parses)
{
	const struct pg_statement *statement = request->statement;
	int nparams = (int)statement->nparams;

	*parses = false;
	if (!pg_flight_is_prepared(conn, statement->index)) {
		if (conn->nprepared >= PREPARED_MAX)
			return PQsendQueryParams(conn->pg, statement->sql,
			    nparams, NULL, request->params, NULL, NULL, 0);
		if (PQsendPrepare(conn->pg, statement->name, statement->sql,
		    0, NULL) == 0)
			return 0;
		pg_flight_set_prepared(conn, statement->index);
		*parses = true;
	}
	return PQsendQueryPrepared(conn->pg, statement->name, nparams,
	    request->params, NULL, NULL, 0);
}

int
pg_flight_send(struct pg_conn *conn, struct pg_request *request,
    uint32_t expected_us)
{
	const struct pg_statement *statement = request->statement;
	struct pg_flight *flight = pg_flight_add(conn);

	flight->statement = statement;
	if (pg_flight_send_sql(conn, request, &flight->parses) == 0) {
		pg_flight_take_back(conn);
		return -1;
	}
	flight->request = request;
	/* Behind a Parse that fails, its name would be unknown. */
	flight->quick = expected_us > 0 && !flight->parses;
	flight->expected_us = expected_us;
	conn->expected_us += expected_us;
	if (!flight->quick)
		conn->nslow++;
	request->conn = conn;
	request->state = PG_REQUEST_FLIES;
	metric_add(METRIC_POOL_QUERIES, 1);
	metric_observe_us(METRIC_POOL_WAIT,
	    flight->sent_us - request->asked_us);
	if (conn->pool->conf->echo)
		pg_flight_echo(conn, statement);
	/* Who waits will probably join. A failure loses it as others. */
	pg_flight_sync(conn, expected_us > 0 && conn->pool->nwaiting > 0);
	return 0;
}

static int
pg_flight_set(struct pg_conn *conn, const char *sql, bool must_succeed)
{
	struct pg_flight *flight = pg_flight_add(conn);

	flight->quick = true;
	flight->must_succeed = must_succeed;
	if (PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL,
	    0) == 0) {
		pg_flight_take_back(conn);
		return -1;
	}
	return pg_flight_sync(conn, false);
}

int
pg_flight_convert(struct pg_conn *conn, bool writes)
{
	conn->writes = writes;
	return pg_flight_set(conn, writes ?
	    "SELECT set_config('default_transaction_read_only','off',false)" :
	    "SELECT set_config('default_transaction_read_only','on',false)",
	    true);
}

/*
 * Not in the options of the login: there a server that is too old, or runs
 * where it cannot know, would refuse the whole.
 */
int
pg_flight_settle(struct pg_conn *conn)
{
	if (PQserverVersion(conn->pg) < SERVER_CHECKS_CLIENT_SINCE)
		return pg_flight_check(conn);
	return pg_flight_set(conn,
	    "SELECT set_config('client_connection_check_interval','2s',false)",
	    false);
}

int
pg_flight_check(struct pg_conn *conn)
{
	pg_flight_add(conn)->quick = true;
	return pg_flight_sync(conn, false);
}

/* ---- receiving ---- */

static void
pg_flight_on_result(struct pg_conn *conn, PGresult *result)
{
	struct pg_flight *head = &conn->flights[conn->first];
	ExecStatusType status = PQresultStatus(result);

	/* Behind a Parse that failed; its error is the answer. */
	if (status == PGRES_PIPELINE_ABORTED) {
		PQclear(result);
		return;
	}
	if (head->parses) {
		head->parses = false;
		if (status == PGRES_COMMAND_OK) {
			PQclear(result);
			return;
		}
		pg_flight_unset_prepared(conn, head->statement->index);
	}
	if (status == PGRES_FATAL_ERROR && head->nresults == 0)
		head->refused = PQresultErrorField(result,
		    PG_DIAG_SQLSTATE) != NULL;
	/* The second one is the error of the commit: it is the answer. */
	PQclear(head->result);
	head->result = result;
	head->nresults++;
}

/* Its Sync has come. */
static void
pg_flight_end(struct pg_conn *conn)
{
	struct pg_flight flight = conn->flights[conn->first];
	struct pg_pool *pool = conn->pool;
	int64_t now_us = clock_us(), since_us;

	conn->first = (conn->first + 1) % PG_FLIGHTS_MAX;
	conn->nflights--;
	conn->head_reads = 0;
	conn->head_bytes = 0;
	pg_conn_end_notices(conn);
	conn->expected_us -= flight.expected_us;
	if (!flight.quick)
		conn->nslow--;
	/* It ran from when it was sent, or from the end of the one before. */
	since_us = flight.sent_us > conn->heard_us ?
	    flight.sent_us : conn->heard_us;
	conn->heard_us = now_us;
	if (flight.statement != NULL) {
		metric_observe_us(METRIC_POOL_EXECUTE, now_us - since_us);
		pg_dispatch_learn(pool, flight.statement, now_us - since_us);
	}
	if (flight.request != NULL) {
		pg_pool_on_answer(pool, conn, flight.request, flight.result);
		return;
	}
	if (flight.must_succeed &&
	    PQresultStatus(flight.result) != PGRES_TUPLES_OK) {
		log_warn(NULL, "pg_setting_refused", "detail=\"%s\"",
		    PQresultErrorMessage(flight.result));
		pg_conn_close(conn);
	}
	PQclear(flight.result);
}

static bool
pg_flight_is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
	    status == PGRES_COPY_BOTH;
}

/* A pipeline cannot leave it in order, so the connection ends. */
static void
pg_flight_refuse_copy(struct pg_conn *conn, PGresult *result)
{
	struct pg_flight *head = &conn->flights[conn->first];
	struct pg_request *request = head->request;

	head->request = NULL;
	pg_conn_close(conn);
	if (request != NULL)
		pg_pool_on_answer(conn->pool, conn, request, result);
	else
		PQclear(result);
}

int
pg_flight_receive(struct pg_conn *conn)
{
	unsigned nothing = 0;
	PGresult *result;

	while (conn->state != PG_CONN_CLOSED && conn->nflights > 0 &&
	    PQisBusy(conn->pg) == 0) {
		result = PQgetResult(conn->pg);
		if (result == NULL) {
			/* One ends a statement; more: nothing will come. */
			if (++nothing > 1)
				return -1;
			continue;
		}
		nothing = 0;
		if (pg_flight_is_copy(result)) {
			pg_flight_refuse_copy(conn, result);
		} else if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
			pg_flight_on_result(conn, result);
		} else {
			PQclear(result);
			pg_flight_end(conn);
		}
	}
	return 0;
}

/* ---- what is not waited for any more ---- */

void
pg_flight_drop(struct pg_conn *conn, const struct pg_request *request)
{
	struct pg_flight *flight;
	unsigned i;

	for (i = 0; i < conn->nflights; i++) {
		flight = &conn->flights[(conn->first + i) % PG_FLIGHTS_MAX];
		if (flight->request != request)
			continue;
		flight->request = NULL;
		if (i == 0 && conn->state == PG_CONN_BUSY &&
		    !flight->statement->writes)
			pg_conn_cancel(conn);
		return;
	}
}

void
pg_flight_lose_all(struct pg_conn *conn)
{
	struct pg_flight *flight;

	while (conn->nflights > 0) {
		conn->nflights--;
		flight = &conn->flights[(conn->first + conn->nflights) %
		    PG_FLIGHTS_MAX];
		if (flight->request != NULL)
			pg_pool_on_loss(conn->pool, flight);
		PQclear(flight->result);
		flight->result = NULL;
	}
}
