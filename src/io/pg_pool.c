/*
 * Requests of a pool: how one is asked, answered, lost, tried again and
 * cancelled. A read may be sent a second time, for nothing of it was
 * delivered; a write that was lost never, for it may have been done.
 */
#include "io/pg_pool.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "io/pg_error.h"
#include "io/pg_pool_state.h"
#include "io/pg_result.h"
#include "io/pg_statement.h"
#include "io/pg_target.h"

static void
pg_pool_on_wait_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pg_pool *pool = arg;

	(void)fd;
	(void)what;
	pool->wait_timer_ms = CLOCK_NEVER;
	pg_queue_expire(pool);
}

static struct event *
pg_pool_timer(struct pg_pool *pool, event_callback_fn fn, int64_t *at_ms)
{
	struct event *timer = evtimer_new(pool->base, fn, pool);

	if (timer == NULL)
		log_fatal("could not make a timer");
	*at_ms = CLOCK_NEVER;
	return timer;
}

struct pg_pool *
pg_pool_new(struct event_base *base, struct turn *turn,
    struct helpers *helpers, const struct pg_conf *conf,
    const char *application_name)
{
	struct pg_pool *pool = memory_new(sizeof(*pool));
	unsigned i;

	pool->base = base;
	pool->turn = turn;
	pool->helpers = helpers;
	pool->conf = conf;
	pool->target = pg_target_new(conf->url, application_name);
	for (i = 0; i < PG_CONN_STATES; i++)
		TAILQ_INIT(&pool->conns[i]);
	for (i = 0; i < PG_KINDS; i++)
		TAILQ_INIT(&pool->waiting[i]);
	TAILQ_INIT(&pool->ended);
	pool->dispatch.fn = pg_dispatch_run;
	pool->dispatch.arg = pool;
	pool->wait_timer = pg_pool_timer(pool, pg_pool_on_wait_timer,
	    &pool->wait_timer_ms);
	pool->retry_timer = pg_pool_timer(pool, pg_tend_on_retry,
	    &pool->retry_timer_ms);
	pool->tend_timer = pg_pool_timer(pool, pg_tend_on_timer,
	    &pool->tend_timer_ms);
	if (conf->min_idle > 0)
		pg_dispatch_soon(pool);
	return pool;
}

void
pg_request_start(struct pg_pool *pool, struct pg_request *request)
{
	request->pool = pool;
	request->conn = NULL;
	request->retried = false;
	request->asked_us = clock_us();
	pg_queue_add(pool, request);
	pg_dispatch_soon(pool);
}

void
pg_request_cancel(struct pg_request *request)
{
	struct pg_conn *conn = request->conn;

	switch ((enum pg_request_state)request->state) {
	case PG_REQUEST_OVER:
		break;
	case PG_REQUEST_WAITS:
	case PG_REQUEST_ENDED:
		pg_queue_remove(request->pool, request);
		break;
	case PG_REQUEST_FLIES:
		request->state = PG_REQUEST_OVER;
		pg_flight_drop(conn, request);
		break;
	}
}

/* ---- what comes back ---- */

static void
pg_pool_done(struct pg_request *request, struct pg_rows *rows,
    const struct error *err)
{
	request->state = PG_REQUEST_OVER;
	request->done(request->arg, rows, err);
}

static void
pg_pool_refuse(struct pg_request *request, const char *detail)
{
	struct error err;

	metric_add(METRIC_POOL_QUERY_ERRORS, 1);
	error_set(&err, ERROR_INTERNAL, NULL);
	error_detail(&err, "%s", detail);
	err.pos = request->statement->pos;
	err.op = request->statement->op;
	pg_pool_done(request, NULL, &err);
}

void
pg_pool_on_too_large(struct pg_pool *pool, struct pg_request *request)
{
	char detail[100];

	(void)pool;
	snprintf(detail, sizeof(detail),
	    "the result has more than %llu bytes (max_result)",
	    (unsigned long long)request->max_bytes);
	pg_pool_refuse(request, detail);
}

static void
pg_pool_give_rows(struct pg_pool *pool, struct pg_request *request,
    PGresult *result)
{
	char detail[100];

	if (request->max_rows > 0 &&
	    (uint32_t)PQntuples(result) > request->max_rows) {
		snprintf(detail, sizeof(detail),
		    "the result has %d rows, more than %u (max_rows)",
		    PQntuples(result), request->max_rows);
		PQclear(result);
		pg_pool_refuse(request, detail);
	} else if (request->max_bytes > 0 &&
	    PQresultMemorySize(result) > request->max_bytes) {
		PQclear(result);
		pg_pool_on_too_large(pool, request);
	} else {
		pg_pool_done(request,
		    pg_rows_new(result, request->statement->columns), NULL);
	}
}

static bool
pg_pool_has_a_try(const struct pg_request *request)
{
	return !request->retried && clock_ms() < request->deadline_ms;
}

/* Once, by reads: nothing of the first try was delivered. */
static bool
pg_pool_may_retry(const struct pg_request *request)
{
	return !request->statement->writes && pg_pool_has_a_try(request);
}

static void
pg_pool_retry(struct pg_pool *pool, struct pg_request *request)
{
	request->retried = true;
	request->conn = NULL;
	request->asked_us = clock_us();
	pg_queue_add_first(pool, request);
	pg_dispatch_soon(pool);
}

static void
pg_pool_give_error(struct pg_pool *pool, struct pg_conn *conn,
    struct pg_request *request, PGresult *result)
{
	/* A cancel that was meant for the one before hit this one. */
	bool stray = conn->state == PG_CONN_CANCELLING &&
	    pg_error_is(result, "57014");
	bool stale = pg_error_is_stale(result);
	struct error err;

	/* A server that was made a standby, or a table that was altered. */
	if (stale || (pg_error_is(result, "25006") &&
	    request->statement->writes))
		pg_tend_retire_all(pool);
	/* A stale plan is refused before it runs, so a write may try too. */
	if ((stray && pg_pool_may_retry(request)) ||
	    (stale && pg_pool_has_a_try(request))) {
		PQclear(result);
		pg_pool_retry(pool, request);
		return;
	}
	metric_add(METRIC_POOL_QUERY_ERRORS, 1);
	pg_error_from_result(&err, result, request->statement);
	PQclear(result);
	pg_pool_done(request, NULL, &err);
}

void
pg_pool_on_answer(struct pg_pool *pool, struct pg_conn *conn,
    struct pg_request *request, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
	    status == PGRES_EMPTY_QUERY) {
		pg_pool_give_rows(pool, request, result);
	} else if (status == PGRES_FATAL_ERROR && result != NULL) {
		pg_pool_give_error(pool, conn, request, result);
	} else {
		PQclear(result);
		pg_pool_refuse(request, "not an answer to a statement (COPY "
		    "cannot be served)");
	}
}

/*
 * Its connection broke. A write that the server refused before that was not
 * done, for an error in front of the Sync undoes it.
 */
void
pg_pool_on_loss(struct pg_pool *pool, struct pg_flight *flight)
{
	struct pg_request *request = flight->request;

	flight->request = NULL;
	if (pg_pool_may_retry(request))
		pg_pool_retry(pool, request);
	else if (!request->statement->writes || flight->refused)
		pg_queue_end(pool, request, ERROR_DB_UNAVAILABLE);
	else
		pg_queue_end(pool, request, ERROR_OUTCOME_UNKNOWN);
}

/* ---- the whole ---- */

bool
pg_pool_is_up(const struct pg_pool *pool)
{
	return !pool->down;
}

void
pg_pool_drain(struct pg_pool *pool)
{
	pool->draining = true;
	pg_dispatch_soon(pool);
}

void
pg_pool_free(struct pg_pool *pool)
{
	struct pg_conn *conn;
	unsigned state;

	if (pool == NULL)
		return;
	for (state = 0; state < PG_CONN_CLOSED; state++) {
		while ((conn = TAILQ_FIRST(&pool->conns[state])) != NULL)
			pg_conn_close(conn);
	}
	while ((conn = TAILQ_FIRST(&pool->conns[PG_CONN_CLOSED])) != NULL)
		pg_conn_free(conn);
	turn_remove(pool->turn, &pool->dispatch);
	metric_add(METRIC_POOL_WAITING, -(int64_t)pool->nwaiting_shown);
	event_free(pool->wait_timer);
	event_free(pool->retry_timer);
	event_free(pool->tend_timer);
	pg_target_free(pool->target);
	free(pool->paces);
	free(pool);
}

void
pg_pool_unavailable(struct error *err, int retry_after_s)
{
	error_set(err, ERROR_DB_UNAVAILABLE, NULL);
	error_detail(err, "this generation has no description of its "
	    "statements: the database was away");
	err->retry_after_s = retry_after_s < 1 ? 1 : retry_after_s;
}
