#ifndef MUSTER_IO_PG_CANCEL_H
#define MUSTER_IO_PG_CANCEL_H

#include <libpq-fe.h>

struct helpers;

/*
 * How what runs on a connection is cancelled: by a second connection, which
 * libpq 15 only makes by blocking calls (milliseconds, or for ever on a dead
 * network), hence in a helper thread.
 */
struct pg_cancel;

/* Of a connection that has logged in. NULL when libpq has no key for it. */
struct pg_cancel *pg_cancel_new(PGconn *);

typedef void pg_cancel_done_fn(void *arg);

/*
 * One at a time. done runs in the loop, later: the server has acted on the
 * cancel (PQcancel waits until it closes), or it failed. Returns -1 when the
 * helpers' queue is full.
 */
int pg_cancel_start(struct pg_cancel *, struct helpers *,
    pg_cancel_done_fn *, void *arg);

/* done does not run after this. NULL is fine. */
void pg_cancel_free(struct pg_cancel *);

#endif
