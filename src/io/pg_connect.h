#ifndef MUSTER_IO_PG_CONNECT_H
#define MUSTER_IO_PG_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

struct event_base;
struct helpers;
struct pg_target;

/*
 * One login: the hosts of a target in order, the addresses of each in order,
 * each with its own PGconn and its own time.
 */
struct pg_connect;

struct pg_connect_start {
	struct event_base *base;
	struct helpers *helpers;
	struct pg_target *target;	/* lives longer */
	int64_t timeout_ms;		/* for each address */
	bool writes;			/* a session that may write */
};

/*
 * pg belongs to the callee. NULL: no host let us in, and detail says why the
 * last did not (borrowed). Runs later, never inside pg_connect_start; the
 * pg_connect is gone when it runs.
 */
typedef void pg_connect_done_fn(void *arg, PGconn *pg, const char *detail);

struct pg_connect *pg_connect_start(const struct pg_connect_start *,
    pg_connect_done_fn *, void *arg);

/* done does not run after this. NULL is fine. */
void pg_connect_cancel(struct pg_connect *);

#endif
