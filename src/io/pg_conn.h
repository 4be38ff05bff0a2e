#ifndef MUSTER_IO_PG_CONN_H
#define MUSTER_IO_PG_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <libpq-fe.h>

/*
 * One connection of a pool, for the pool's own files. What is asked of it
 * flies in order, each with a Sync of its own:
 *
 *	CONNECTING --> BUSY <--> IDLE <--> CHECKING
 *	                |          ^
 *	                v          |
 *	            CANCELLING ----+	any --> CLOSED
 *
 * CANCELLING ends when both the cancel and the last Sync have come.
 */
enum pg_conn_state {
	PG_CONN_CONNECTING,	/* logging in */
	PG_CONN_IDLE,		/* nothing flies; it can be used */
	PG_CONN_BUSY,
	PG_CONN_CHECKING,	/* is it still there: a lone Sync flies */
	PG_CONN_CANCELLING,	/* out of service */
	PG_CONN_CLOSED,		/* memory only, until the turn's end */
	PG_CONN_STATES
};

#define PG_FLIGHTS_MAX 16

struct event;
struct pg_cancel;
struct pg_connect;
struct pg_pool;
struct pg_request;
struct pg_statement;

/* What was sent and has not come back. */
struct pg_flight {
	struct pg_request *request;	/* NULL: for nobody */
	const struct pg_statement *statement;	/* NULL: our own business */
	bool parses;		/* the answer to a Parse comes first */
	bool quick;
	uint32_t expected_us;	/* how long it will run; 0: not known */
	bool must_succeed;	/* else the connection is of no use */
	bool refused;		/* its first answer was an error */
	unsigned nresults;
	PGresult *result;
	int64_t sent_us;
};

struct pg_conn {
	struct pg_pool *pool;
	enum pg_conn_state state;
	bool writes;			/* its session may write */
	struct pg_connect *login;
	PGconn *pg;
	struct pg_cancel *cancel;
	bool cancel_runs;
	int64_t cancel_until_ms;	/* then it is closed */
	bool unflushed;			/* in this turn */
	bool can_cork, corked;
	struct event *on_read, *on_write, *timer;

	struct pg_flight flights[PG_FLIGHTS_MAX];	/* a ring */
	unsigned first, nflights;
	unsigned nslow;			/* flights that are not quick */
	uint32_t expected_us;		/* of all flights */
	unsigned head_reads;		/* reads for the first flight */
	uint64_t head_bytes;
	unsigned nnotices;		/* while it ran */

	uint8_t *prepared;		/* a bit for each statement's index */
	unsigned prepared_size, nprepared;

	unsigned epoch;			/* the pool's, when it logged in */
	int64_t recycle_ms, idle_since_ms;
	int64_t heard_us;		/* the last Sync came */
	TAILQ_ENTRY(pg_conn) entry;
};

TAILQ_HEAD(pg_conns, pg_conn);

/* Enters CONNECTING; the pool hears of the outcome (pg_pool_state.h). */
struct pg_conn *pg_conn_open(struct pg_pool *, bool writes);

/* The only way from state to state: lists and gauges follow. */
void pg_conn_enter(struct pg_conn *, enum pg_conn_state);

/* An idle one that may be dead: IDLE again, or closed. */
void pg_conn_check(struct pg_conn *);

/* The statement that runs is for nobody: stops it at the server. */
void pg_conn_cancel(struct pg_conn *);

/*
 * After what was sent, at the latest at the turn's end: to the socket. After
 * any call of libpq, which may have closed it: notices that.
 */
void pg_conn_flush(struct pg_conn *);

/* From here to the flush the kernel holds back what is sent, where it can. */
void pg_conn_cork(struct pg_conn *);

/*
 * At once. What flies is reported to the pool as lost. The struct stays
 * until pg_conn_free, which takes it from its list.
 */
void pg_conn_close(struct pg_conn *);
void pg_conn_free(struct pg_conn *);

/* A statement has ended: how many of its notices were left out of the log. */
void pg_conn_end_notices(struct pg_conn *);

/* ---- pg_flight.c: what is sent, and what comes back ---- */

/*
 * An execution. expected_us: how long it will run, if it is a quick read, and
 * 0 if nothing should stand behind it. -1: nothing of it can have left, and
 * the connection is good for nothing any more.
 */
int pg_flight_send(struct pg_conn *, struct pg_request *,
    uint32_t expected_us);

/* What is sent next runs in a session of the other kind. */
int pg_flight_convert(struct pg_conn *, bool writes);

/* Settings that could not be given at login. */
int pg_flight_settle(struct pg_conn *);

/* A lone Sync. */
int pg_flight_check(struct pg_conn *);

/* Takes what has come; answers go to the pool. -1: libpq and we disagree. */
int pg_flight_receive(struct pg_conn *);

/*
 * The request's answer is not wanted any more. A read that runs is cancelled;
 * a write, and what stands behind another, is left alone.
 */
void pg_flight_drop(struct pg_conn *, const struct pg_request *);

/* Of a closed connection: the pool hears of each, the last first. */
void pg_flight_lose_all(struct pg_conn *);

#endif
