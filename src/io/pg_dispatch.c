/*
 * At the end of a loop turn: which waiting request goes to which connection.
 * The oldest first: a quick read behind a few others that are quick too; else
 * an idle connection of its kind; when there is none, for a quick read, behind
 * more of them; at the pool's limit an idle one of the other kind, which is
 * converted. When one kind finds no connection its other requests wait too, so
 * that none is overtaken for ever.
 */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "io/pg_pool_state.h"
#include "io/pg_statement.h"

/*
 * A read may stand behind others when their like took less than this lately:
 * what stands behind one that is slow after all waits for it.
 */
#define QUICK_US 2000
#define QUICK_SAMPLES 4
#define QUICK_DEPTH 8

_Static_assert(QUICK_DEPTH < PG_FLIGHTS_MAX,
    "a conversion and a request fly beside each other");

/*
 * While those before it take less than this, a read stands behind them though
 * a connection is idle: to wake a server process for it alone would cost both
 * sides more, in system calls and switches, than it has to wait.
 */
#define JOIN_US 1000

/* Idle for longer: a router between may have forgotten the connection. */
#define TRUST_US (30 * 1000000LL)

void
pg_dispatch_soon(struct pg_pool *pool)
{
	turn_add(pool->turn, &pool->dispatch);
}

/* ---- how long statements take ---- */

void
pg_dispatch_learn(struct pg_pool *pool, const struct pg_statement *statement,
    int64_t us)
{
	unsigned n = pool->npaces;
	struct pg_pace *pace;

	if (statement->index >= n) {
		pool->npaces = statement->index + 64;
		pool->paces = memory_grow(pool->paces,
		    pool->npaces * sizeof(*pool->paces));
		memset(pool->paces + n, 0,
		    (pool->npaces - n) * sizeof(*pool->paces));
	}
	if (us > 1000000)
		us = 1000000;
	pace = &pool->paces[statement->index];
	if (pace->samples == 0)
		pace->us = us;
	else
		pace->us += ((int32_t)us - (int32_t)pace->us) / 8;
	if (pace->samples < QUICK_SAMPLES)
		pace->samples++;
}

/* How long it will run, if it is quick; else 0. */
static uint32_t
pg_dispatch_expected_us(const struct pg_pool *pool,
    const struct pg_statement *statement)
{
	const struct pg_pace *pace;

	if (statement->writes || statement->index >= pool->npaces)
		return 0;
	pace = &pool->paces[statement->index];
	if (pace->samples < QUICK_SAMPLES || pace->us >= QUICK_US)
		return 0;
	return pace->us + 1;
}

/* ---- choosing a connection ---- */

static bool
pg_dispatch_is_suspect(const struct pg_pool *pool, const struct pg_conn *conn)
{
	return conn->heard_us <= pool->suspect_us ||
	    clock_us() - conn->heard_us > TRUST_US;
}

/* Suspects on the way are sent to their check and are idle again later. */
static struct pg_conn *
pg_dispatch_idle(struct pg_pool *pool, bool writes)
{
	struct pg_conn *conn, *next;

	conn = TAILQ_FIRST(&pool->conns[PG_CONN_IDLE]);
	for (; conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, entry);
		if (conn->writes != writes)
			continue;
		if (!pg_dispatch_is_suspect(pool, conn))
			return conn;
		pg_conn_check(conn);
	}
	return NULL;
}

/* Its answers are to come soon, and none is late. */
static bool
pg_dispatch_is_brisk(const struct pg_conn *conn)
{
	const struct pg_flight *head = &conn->flights[conn->first];
	int64_t since_us = head->sent_us > conn->heard_us ?
	    head->sent_us : conn->heard_us;

	return conn->expected_us < JOIN_US && clock_us() - since_us < JOIN_US;
}

/* The one with least before it; not one that may be dead, as another is. */
static struct pg_conn *
pg_dispatch_busy(struct pg_pool *pool, bool brisk)
{
	struct pg_conn *conn, *best = NULL;

	TAILQ_FOREACH(conn, &pool->conns[PG_CONN_BUSY], entry) {
		if (conn->writes || conn->nslow > 0 ||
		    conn->nflights >= QUICK_DEPTH ||
		    conn->epoch != pool->epoch ||
		    conn->heard_us <= pool->suspect_us ||
		    (brisk && !pg_dispatch_is_brisk(conn)))
			continue;
		if (best == NULL || conn->nflights < best->nflights)
			best = conn;
	}
	return best;
}

static struct pg_conn *
pg_dispatch_converted(struct pg_pool *pool, bool writes)
{
	struct pg_conn *conn;

	if (pool->nconns < (uint64_t)pool->conf->pool_size &&
	    pg_tend_can_open(pool))
		return NULL;
	conn = pg_dispatch_idle(pool, !writes);
	if (conn != NULL && pg_flight_convert(conn, writes) == -1) {
		pg_conn_close(conn);
		return NULL;
	}
	return conn;
}

static struct pg_conn *
pg_dispatch_pick(struct pg_pool *pool, const struct pg_request *request,
    bool quick, bool others_wait)
{
	bool writes = request->statement->writes;
	bool may_join = quick && !others_wait;
	struct pg_conn *conn = may_join ? pg_dispatch_busy(pool, true) : NULL;

	if (conn == NULL)
		conn = pg_dispatch_idle(pool, writes);
	if (conn == NULL && may_join)
		conn = pg_dispatch_busy(pool, false);
	if (conn == NULL)
		conn = pg_dispatch_converted(pool, writes);
	return conn;
}

/* ---- the turn's end ---- */

/* False: no connection for it now. */
static bool
pg_dispatch_one(struct pg_pool *pool, struct pg_request *request,
    bool others_wait)
{
	uint32_t expected_us = pg_dispatch_expected_us(pool,
	    request->statement);
	struct pg_conn *conn;

	conn = pg_dispatch_pick(pool, request, expected_us > 0, others_wait);
	if (conn == NULL)
		return false;
	pg_queue_remove(pool, request);
	if (pg_flight_send(conn, request, expected_us) == -1) {
		pg_queue_add_first(pool, request);
		pg_conn_close(conn);
		pg_tend_on_lost(pool);
	} else if (conn->state == PG_CONN_IDLE) {
		pg_conn_enter(conn, PG_CONN_BUSY);
	}
	return true;
}

static void
pg_dispatch_assign(struct pg_pool *pool)
{
	bool blocked[PG_KINDS] = { false, false };
	struct pg_request *request, *oldest = NULL;
	bool others_wait;
	unsigned kind;

	while ((request = pg_queue_first(pool, blocked)) != NULL) {
		kind = request->statement->writes ? PG_WRITES : PG_READS;
		others_wait = blocked[PG_READS] || blocked[PG_WRITES];
		if (request->deadline_ms <= clock_ms()) {
			pg_queue_remove(pool, request);
			pg_queue_end(pool, request, ERROR_DEADLINE);
		} else if (!pg_dispatch_one(pool, request, others_wait)) {
			blocked[kind] = true;
			if (oldest == NULL)
				oldest = request;
		}
	}
	if (oldest != NULL)
		pg_tend_want(pool, oldest->statement->writes);
}

static void
pg_dispatch_flush(struct pg_pool *pool)
{
	struct pg_conn *conn, *next;

	conn = TAILQ_FIRST(&pool->conns[PG_CONN_BUSY]);
	for (; conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, entry);
		if (conn->unflushed)
			pg_conn_flush(conn);
	}
}

void
pg_dispatch_run(void *arg)
{
	struct pg_pool *pool = arg;
	struct pg_conn *conn;

	pg_queue_deliver(pool);
	pg_dispatch_assign(pool);
	pg_dispatch_flush(pool);
	pg_queue_trim(pool);
	if (pool->draining)
		pg_tend_close_idle(pool);
	pg_tend_warm(pool);
	while ((conn = TAILQ_FIRST(&pool->conns[PG_CONN_CLOSED])) != NULL)
		pg_conn_free(conn);
}
