/*
 * Requests that wait for a connection, oldest first, reads and writes apart;
 * and those that ended without SQL, whose done runs at the end of the turn.
 *
 * How long one waits: pool_timeout, or until its own deadline. When the
 * database is away, an outage shorter than RIDE_MS (a restart) is waited for;
 * after that a request waits for one attempt to connect, at most DOWN_WAIT_MS.
 */
#include <event2/event.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "io/pg_pool_state.h"
#include "io/pg_statement.h"

#define RIDE_MS 500
#define DOWN_WAIT_MS 200

static unsigned
pg_request_kind(const struct pg_request *request)
{
	return request->statement->writes ? PG_WRITES : PG_READS;
}

static int64_t
pg_queue_give_up_ms(const struct pg_pool *pool,
    const struct pg_request *request)
{
	int64_t asked_ms = request->asked_us / 1000;
	int64_t until_ms = asked_ms + pool->conf->pool_timeout_ms;
	int64_t down_ms;

	if (pool->down) {
		down_ms = asked_ms + DOWN_WAIT_MS;
		if (down_ms < pool->down_since_ms + RIDE_MS)
			down_ms = pool->down_since_ms + RIDE_MS;
		if (until_ms > down_ms)
			until_ms = down_ms;
	}
	return until_ms < request->deadline_ms ?
	    until_ms : request->deadline_ms;
}

static void
pg_queue_set_timer(struct pg_pool *pool, const struct pg_request *request)
{
	pg_tend_set_timer(pool->wait_timer, &pool->wait_timer_ms,
	    pg_queue_give_up_ms(pool, request));
}

void
pg_queue_add(struct pg_pool *pool, struct pg_request *request)
{
	request->state = PG_REQUEST_WAITS;
	TAILQ_INSERT_TAIL(&pool->waiting[pg_request_kind(request)], request,
	    entry);
	pool->nwaiting++;
	pg_queue_set_timer(pool, request);
}

void
pg_queue_add_first(struct pg_pool *pool, struct pg_request *request)
{
	request->state = PG_REQUEST_WAITS;
	TAILQ_INSERT_HEAD(&pool->waiting[pg_request_kind(request)], request,
	    entry);
	pool->nwaiting++;
	pg_queue_set_timer(pool, request);
}

void
pg_queue_remove(struct pg_pool *pool, struct pg_request *request)
{
	if (request->state == PG_REQUEST_ENDED) {
		TAILQ_REMOVE(&pool->ended, request, entry);
	} else {
		TAILQ_REMOVE(&pool->waiting[pg_request_kind(request)],
		    request, entry);
		pool->nwaiting--;
	}
	request->state = PG_REQUEST_OVER;
}

struct pg_request *
pg_queue_first(const struct pg_pool *pool, const bool blocked[PG_KINDS])
{
	struct pg_request *first = NULL, *request;
	unsigned kind;

	for (kind = 0; kind < PG_KINDS; kind++) {
		request = TAILQ_FIRST(&pool->waiting[kind]);
		if (request == NULL || blocked[kind])
			continue;
		if (first == NULL || request->asked_us < first->asked_us)
			first = request;
	}
	return first;
}

/* Of a request that is in no list. */
void
pg_queue_end(struct pg_pool *pool, struct pg_request *request,
    enum error_code why)
{
	request->state = PG_REQUEST_ENDED;
	request->failure = why;
	TAILQ_INSERT_TAIL(&pool->ended, request, entry);
	pg_dispatch_soon(pool);
}

static enum error_code
pg_queue_why(const struct pg_pool *pool, const struct pg_request *request)
{
	if (clock_ms() >= request->deadline_ms)
		return ERROR_DEADLINE;
	if (pool->down)
		return ERROR_DB_UNAVAILABLE;
	metric_add(METRIC_POOL_TIMEOUTS, 1);
	return ERROR_POOL_TIMEOUT;
}

void
pg_queue_expire(struct pg_pool *pool)
{
	int64_t now_ms = clock_ms();
	struct pg_request *request, *next;
	unsigned kind;

	for (kind = 0; kind < PG_KINDS; kind++) {
		request = TAILQ_FIRST(&pool->waiting[kind]);
		for (; request != NULL; request = next) {
			next = TAILQ_NEXT(request, entry);
			if (pg_queue_give_up_ms(pool, request) > now_ms) {
				pg_queue_set_timer(pool, request);
				continue;
			}
			pg_queue_remove(pool, request);
			pg_queue_end(pool, request,
			    pg_queue_why(pool, request));
		}
	}
}

/* An attempt to connect failed that was made after they had asked. */
void
pg_queue_fail(struct pg_pool *pool, int64_t asked_before_us)
{
	struct pg_request *request, *next;
	unsigned kind;

	if (clock_ms() < pool->down_since_ms + RIDE_MS)
		return;
	for (kind = 0; kind < PG_KINDS; kind++) {
		request = TAILQ_FIRST(&pool->waiting[kind]);
		for (; request != NULL; request = next) {
			next = TAILQ_NEXT(request, entry);
			if (request->asked_us > asked_before_us)
				break;
			pg_queue_remove(pool, request);
			pg_queue_end(pool, request, ERROR_DB_UNAVAILABLE);
		}
	}
}

/* What still waits after a dispatch and has no place: the newest go. */
void
pg_queue_trim(struct pg_pool *pool)
{
	struct pg_request *read, *write, *newest;

	while (pool->nwaiting > (uint64_t)pool->conf->pool_queue) {
		read = TAILQ_LAST(&pool->waiting[PG_READS], pg_requests);
		write = TAILQ_LAST(&pool->waiting[PG_WRITES], pg_requests);
		newest = read == NULL || (write != NULL &&
		    write->asked_us > read->asked_us) ? write : read;
		pg_queue_remove(pool, newest);
		pg_queue_end(pool, newest, pool->down ?
		    ERROR_DB_UNAVAILABLE : ERROR_POOL_QUEUE_FULL);
	}
	metric_add(METRIC_POOL_WAITING,
	    (int64_t)pool->nwaiting - pool->nwaiting_shown);
	pool->nwaiting_shown = pool->nwaiting;
}

static void
pg_queue_explain(const struct pg_pool *pool, const struct pg_request *request,
    struct error *err)
{
	error_set(err, request->failure, NULL);
	err->pos = request->statement->pos;
	err->op = request->statement->op;
	if (request->failure == ERROR_DB_UNAVAILABLE) {
		err->retry_after_s = pg_tend_retry_after_s(pool);
		error_detail(err, "%s", pool->fault);
	} else if (request->failure == ERROR_POOL_TIMEOUT) {
		err->retry_after_s = 1;
		error_detail(err, "waited %lld ms; %u connections, of which "
		    "%u have logged in; %u other statements wait",
		    (long long)(clock_ms() - request->asked_us / 1000),
		    pool->nconns, pool->nlive, pool->nwaiting);
	} else if (request->failure == ERROR_POOL_QUEUE_FULL) {
		err->retry_after_s = 1;
		error_detail(err, "pool_queue is %lld",
		    (long long)pool->conf->pool_queue);
	} else if (request->failure == ERROR_OUTCOME_UNKNOWN) {
		err->retry_after_s = 0;
		error_detail(err, "the connection broke before the commit was "
		    "confirmed");
	}
}

void
pg_queue_deliver(struct pg_pool *pool)
{
	struct pg_request *request;
	struct error err;

	while ((request = TAILQ_FIRST(&pool->ended)) != NULL) {
		pg_queue_remove(pool, request);
		pg_queue_explain(pool, request, &err);
		request->done(request->arg, NULL, &err);
	}
}
