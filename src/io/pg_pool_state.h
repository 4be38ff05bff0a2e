#ifndef MUSTER_IO_PG_POOL_STATE_H
#define MUSTER_IO_PG_POOL_STATE_H

#include <event2/util.h>

#include "base/turn.h"
#include "io/pg_conn.h"
#include "io/pg_pool.h"

struct pg_target;

/*
 * A pool as its own files see it:
 *
 *	pg_pool.c	requests: asked, answered, lost, cancelled
 *	pg_queue.c	requests that wait, and those that ended without SQL
 *	pg_dispatch.c	which request goes to which connection, at turn's end
 *	pg_tend.c	which connections are opened and closed, and when
 *	pg_conn.c	one connection
 *	pg_flight.c	what is sent on it and what comes back
 */
TAILQ_HEAD(pg_requests, pg_request);

enum pg_request_state {
	PG_REQUEST_OVER,	/* 0: not asked yet, or done */
	PG_REQUEST_WAITS,
	PG_REQUEST_FLIES,
	PG_REQUEST_ENDED	/* without SQL; done runs at the turn's end */
};

enum { PG_READS, PG_WRITES, PG_KINDS };

/* How long executions of a statement took, lately: pg_dispatch.c. */
struct pg_pace {
	uint32_t us;
	uint32_t samples;
};

struct pg_pool {
	struct event_base *base;
	struct turn *turn;
	struct helpers *helpers;
	const struct pg_conf *conf;
	struct pg_target *target;
	bool draining;

	struct pg_conns conns[PG_CONN_STATES];
	unsigned nconns;		/* from connecting until closed */
	unsigned nlive;			/* logged in until closed */
	unsigned epoch;			/* older connections are retired */
	int64_t suspect_us;		/* not heard since: check before use */

	struct pg_requests waiting[PG_KINDS], ended;
	unsigned nwaiting, nwaiting_shown;
	struct event *wait_timer;
	int64_t wait_timer_ms;		/* when it fires */

	struct turn_item dispatch;
	struct pg_pace *paces;		/* by statement->index */
	unsigned npaces;

	bool down;			/* no connection, and none to be had */
	int64_t down_since_ms, login_us;
	int64_t failed_ms, retry_ms, backoff_ms;
	struct event *retry_timer, *tend_timer;
	int64_t retry_timer_ms, tend_timer_ms;
	char fault[200];		/* why the last login failed */
};

/* pg_pool.c: what connections tell. The result is the callee's. */
void pg_pool_on_answer(struct pg_pool *, struct pg_conn *,
    struct pg_request *, PGresult *);
void pg_pool_on_loss(struct pg_pool *, struct pg_flight *);
void pg_pool_on_too_large(struct pg_pool *, struct pg_request *);

/* pg_queue.c */
void pg_queue_add(struct pg_pool *, struct pg_request *);
void pg_queue_add_first(struct pg_pool *, struct pg_request *);
void pg_queue_remove(struct pg_pool *, struct pg_request *);
void pg_queue_end(struct pg_pool *, struct pg_request *, enum error_code);
void pg_queue_expire(struct pg_pool *);
void pg_queue_trim(struct pg_pool *);
void pg_queue_deliver(struct pg_pool *);
void pg_queue_fail(struct pg_pool *, int64_t asked_before_us);

/* The oldest of the kinds that are not blocked. */
struct pg_request *pg_queue_first(const struct pg_pool *,
    const bool blocked[PG_KINDS]);

/* pg_dispatch.c */
void pg_dispatch_soon(struct pg_pool *);
void pg_dispatch_run(void *pool);
void pg_dispatch_learn(struct pg_pool *, const struct pg_statement *,
    int64_t us);

/* pg_tend.c */
void pg_tend_on_login(struct pg_pool *, struct pg_conn *);
void pg_tend_on_login_failed(struct pg_pool *, const char *detail);
void pg_tend_on_idle(struct pg_pool *, struct pg_conn *);
void pg_tend_on_lost(struct pg_pool *);
void pg_tend_want(struct pg_pool *, bool writes);
bool pg_tend_can_open(const struct pg_pool *);
void pg_tend_warm(struct pg_pool *);
void pg_tend_close_idle(struct pg_pool *);
void pg_tend_retire_all(struct pg_pool *);
int pg_tend_retry_after_s(const struct pg_pool *);
void pg_tend_on_timer(evutil_socket_t, short, void *pool);
void pg_tend_on_retry(evutil_socket_t, short, void *pool);

/* A timer that is set to the earliest of what it was asked for. */
void pg_tend_set_timer(struct event *, int64_t *timer_ms, int64_t at_ms);

#endif
