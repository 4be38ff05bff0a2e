/*
 * Opening and closing connections. One login at a time: each costs this loop
 * milliseconds of SCRAM, and the server a process. After a failure the next
 * waits between retry_min and retry_max, doubling, with jitter; but while no
 * connection lives, a request asks for an attempt at once (retry_min apart),
 * so that the first one after an outage is served.
 */
#include <stdio.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "io/pg_pool_state.h"

/* Overflow connections wait so long for another request. */
#define OVERFLOW_IDLE_MS 1000

void
pg_tend_set_timer(struct event *timer, int64_t *timer_ms, int64_t at_ms)
{
	int64_t in_ms = at_ms - clock_ms();
	struct timeval tv = { 0, 0 };

	if (at_ms >= *timer_ms)
		return;
	*timer_ms = at_ms;
	if (in_ms > 0) {
		tv.tv_sec = in_ms / 1000;
		tv.tv_usec = in_ms % 1000 * 1000;
	}
	event_add(timer, &tv);
}

static void
pg_tend_set_retry(struct pg_pool *pool, int64_t at_ms)
{
	pg_tend_set_timer(pool->retry_timer, &pool->retry_timer_ms, at_ms);
}

/* ---- opening ---- */

static bool
pg_tend_is_full(const struct pg_pool *pool)
{
	return pool->nconns >=
	    (uint64_t)(pool->conf->pool_size + pool->conf->max_overflow);
}

bool
pg_tend_can_open(const struct pg_pool *pool)
{
	return !pg_tend_is_full(pool) && clock_ms() >= pool->retry_ms &&
	    TAILQ_EMPTY(&pool->conns[PG_CONN_CONNECTING]);
}

static void
pg_tend_open(struct pg_pool *pool, bool writes)
{
	pool->login_us = clock_us();
	pg_conn_open(pool, writes);
}

/* A request waits for a connection of this kind. */
void
pg_tend_want(struct pg_pool *pool, bool writes)
{
	int64_t at_ms = pool->retry_ms;

	if (pg_tend_is_full(pool) ||
	    !TAILQ_EMPTY(&pool->conns[PG_CONN_CONNECTING]))
		return;
	if (pool->down && at_ms > pool->failed_ms + pool->conf->retry_min_ms)
		at_ms = pool->failed_ms + pool->conf->retry_min_ms;
	if (clock_ms() >= at_ms)
		pg_tend_open(pool, writes);
	else
		pg_tend_set_retry(pool, at_ms);
}

/* min_idle connections are there before they are needed. */
void
pg_tend_warm(struct pg_pool *pool)
{
	if (!pool->draining && pool->nconns < (uint64_t)pool->conf->min_idle)
		pg_tend_want(pool, false);
}

void
pg_tend_on_login(struct pg_pool *pool, struct pg_conn *conn)
{
	if (pool->down)
		log_info(NULL, "db_available", "after_ms=%lld pid=%d",
		    (long long)(clock_ms() - pool->down_since_ms),
		    PQbackendPID(conn->pg));
	pool->down = false;
	pool->retry_ms = 0;
	pool->backoff_ms = 0;
	/* There may be need for one more. */
	pg_dispatch_soon(pool);
}

void
pg_tend_on_login_failed(struct pg_pool *pool, const char *detail)
{
	const struct pg_conf *conf = pool->conf;
	int64_t wait_ms;

	metric_add(METRIC_POOL_CONNECT_FAILURES, 1);
	snprintf(pool->fault, sizeof(pool->fault), "%s", detail);
	pool->failed_ms = clock_ms();
	pool->backoff_ms = pool->backoff_ms == 0 ?
	    conf->retry_min_ms : pool->backoff_ms * 2;
	if (pool->backoff_ms > conf->retry_max_ms)
		pool->backoff_ms = conf->retry_max_ms;
	wait_ms = ids_random((uint32_t)pool->backoff_ms + 1);
	if (wait_ms < conf->retry_min_ms)
		wait_ms = conf->retry_min_ms;
	pool->retry_ms = pool->failed_ms + wait_ms;
	pg_tend_set_retry(pool, pool->retry_ms);
	if (pool->nlive > 0) {
		log_warn(NULL, "pg_connect_failed", "detail=\"%s\"", detail);
	} else if (!pool->down) {
		log_warn(NULL, "db_unavailable", "detail=\"%s\"", detail);
		pool->down = true;
		pool->down_since_ms = pool->failed_ms;
		pg_queue_expire(pool);
	} else {
		pg_queue_fail(pool, pool->login_us);
	}
}

/* The back-off is over, or a request asked for an earlier attempt. */
void
pg_tend_on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct pg_pool *pool = arg;

	(void)fd;
	(void)what;
	pool->retry_timer_ms = CLOCK_NEVER;
	pg_dispatch_soon(pool);
	if (!pool->down || pool->draining ||
	    !TAILQ_EMPTY(&pool->conns[PG_CONN_CONNECTING]))
		return;
	/* Whether anybody waits or not: /ready wants to know. */
	if (clock_ms() >= pool->retry_ms)
		pg_tend_open(pool, false);
	else
		pg_tend_set_retry(pool, pool->retry_ms);
}

int
pg_tend_retry_after_s(const struct pg_pool *pool)
{
	int64_t rest_ms = pool->retry_ms - clock_ms();

	return rest_ms <= 1000 ? 1 : (int)((rest_ms + 999) / 1000);
}

/*
 * Connections that were there before are suspect: their server may have gone
 * too. When none is left, one is opened to know.
 */
void
pg_tend_on_lost(struct pg_pool *pool)
{
	pool->suspect_us = clock_us();
	if (pool->nlive == 0 && !pool->draining && pg_tend_can_open(pool))
		pg_tend_open(pool, false);
	pg_dispatch_soon(pool);
}

/* ---- closing ---- */

/* When an idle connection is to go. */
static int64_t
pg_tend_due_ms(const struct pg_pool *pool, const struct pg_conn *conn)
{
	int64_t due_ms = conn->idle_since_ms + pool->conf->pool_idle_ms;

	if (conn->epoch != pool->epoch || pool->draining)
		return 0;
	if (pool->nconns <= (uint64_t)pool->conf->min_idle)
		due_ms = CLOCK_NEVER;
	else if (pool->nconns > (uint64_t)pool->conf->pool_size)
		due_ms = conn->idle_since_ms + OVERFLOW_IDLE_MS;
	return due_ms < conn->recycle_ms ? due_ms : conn->recycle_ms;
}

void
pg_tend_on_idle(struct pg_pool *pool, struct pg_conn *conn)
{
	int64_t due_ms = pg_tend_due_ms(pool, conn);

	/* One that is only of a draining pool may serve who waits. */
	if (due_ms <= clock_ms() && (!pool->draining || pool->nwaiting == 0))
		pg_conn_close(conn);
	else
		pg_tend_set_timer(pool->tend_timer, &pool->tend_timer_ms,
		    due_ms);
	if (pool->nwaiting > 0)
		pg_dispatch_soon(pool);
}

void
pg_tend_close_idle(struct pg_pool *pool)
{
	struct pg_conn *conn;

	while ((conn = TAILQ_FIRST(&pool->conns[PG_CONN_IDLE])) != NULL)
		pg_conn_close(conn);
}

/* Connections that are open now are not to be used again. */
void
pg_tend_retire_all(struct pg_pool *pool)
{
	pool->epoch++;
	pg_tend_close_idle(pool);
}

/* The longest idle first, so that those in use stay. */
void
pg_tend_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pg_pool *pool = arg;
	int64_t now_ms = clock_ms(), due_ms;
	struct pg_conn *conn, *before;

	(void)fd;
	(void)what;
	pool->tend_timer_ms = CLOCK_NEVER;
	conn = TAILQ_LAST(&pool->conns[PG_CONN_IDLE], pg_conns);
	for (; conn != NULL; conn = before) {
		before = TAILQ_PREV(conn, pg_conns, entry);
		due_ms = pg_tend_due_ms(pool, conn);
		if (due_ms <= now_ms)
			pg_conn_close(conn);
		else
			pg_tend_set_timer(pool->tend_timer,
			    &pool->tend_timer_ms, due_ms);
	}
	pg_dispatch_soon(pool);
}
