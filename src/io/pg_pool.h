#ifndef MUSTER_IO_PG_POOL_H
#define MUSTER_IO_PG_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/error.h"
#include "base/turn.h"

struct conf_node;
struct conf_section;
struct event_base;
struct helpers;
struct pg_conn;
struct pg_pool;
struct pg_rows;
struct pg_statement;
struct turn;

/* The section `database`; one struct for each database. Generation. */
struct pg_conf {
	const char *url;		/* conninfo or URI; NULL: environment */
	int64_t pool_size, max_overflow, min_idle, pool_queue;
	int64_t pool_timeout_ms, pool_recycle_ms, pool_idle_ms;
	int64_t connect_timeout_ms, retry_min_ms, retry_max_ms;
	int64_t cancel_grace_ms;
	bool echo;			/* log statements, parameters masked */
};

extern const struct conf_section pg_section;

/* Who asks: a role and settings, one prelude statement. NULL: nobody. */
struct pg_identity;

enum pg_class {
	PG_SHARED,	/* a quick read that may share a Sync with others */
	PG_SINGLE,	/* its own Sync, any connection of its kind */
	PG_PINNED	/* a connection of its own until it is given back */
};

/*
 * rows belongs to the callee (pg_rows_free), NULL with an error. A write's
 * done runs after the Sync that made it durable.
 */
typedef void pg_request_done_fn(void *arg, struct pg_rows *rows,
    const struct error *err);

/*
 * One execution of a statement. The caller embeds it in memory that lives
 * until done or cancel, zeroed, and fills the first part.
 */
struct pg_request {
	const struct pg_statement *statement;
	const char *const *params;	/* text, NULL is SQL NULL; until sent */
	const struct pg_identity *identity;
	enum pg_class class;
	int64_t deadline_ms;
	uint32_t max_rows;		/* 0: no limit; over it: an error */
	uint64_t max_bytes;
	pg_request_done_fn *done;
	void *arg;

	/* the pool's */
	struct pg_conn *conn;
	struct pg_pool *pool;
	int64_t asked_us;
	unsigned state;
	bool retried;
	enum error_code failure;	/* of one that ended without SQL */
	TAILQ_ENTRY(pg_request) entry;
};

/* Opens nothing yet. conf lives longer than the pool. */
struct pg_pool *pg_pool_new(struct event_base *, struct turn *,
    struct helpers *, const struct pg_conf *, const char *application_name);

/*
 * What one loop turn asks leaves together at its end. Waits at most
 * pool_timeout for a connection (503 pool_timeout), not at all when the queue
 * is full (503 pool_queue_full). When the database is known to be down it
 * waits for one attempt to connect, at most 200 ms (503 db_unavailable with
 * the rest of the back-off as Retry-After). deadline_ms ends the waiting too
 * (504); what was sent runs until it is cancelled. done runs exactly once,
 * later, never inside this call.
 */
void pg_request_start(struct pg_pool *, struct pg_request *);

/*
 * done does not run after this. A read in flight is cancelled at the server;
 * its connection serves again only after the cancel's end and the Sync. A
 * write whose bytes may have left runs to its end, for nobody.
 */
void pg_request_cancel(struct pg_request *);

/* Could a request be served now or soon: for /ready. */
bool pg_pool_is_up(const struct pg_pool *);

/* Closes idle connections at once and busy ones as they finish. */
void pg_pool_drain(struct pg_pool *);

/* All requests must have ended or been cancelled. Closes everything. */
void pg_pool_free(struct pg_pool *);

/*
 * A pool without a description to serve from (the database was away when
 * this generation started): the words of its 503.
 */
void pg_pool_unavailable(struct error *, int retry_after_s);

#endif
