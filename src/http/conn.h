#ifndef MUSTER_HTTP_CONN_H
#define MUSTER_HTTP_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/turn.h"

struct error;
struct http;
struct request;
struct run_reply;

/*
 * One client connection, private to http/: conn.c is its life, events and
 * deadlines, conn_read.c turns bytes into requests, conn_write.c replies into
 * bytes. Nothing of a connection outlives it but requests whose effects go on
 * for nobody (plan/run.h).
 *
 *             bytes          head complete      body complete
 *   IDLE ---------> HEAD ------------> BODY ----------> RUNNING
 *    ^                                                     | done
 *    |            all sent, keep-alive                     v
 *    +------------------------------------------------ REPLYING
 *                                                          | all sent, close
 *   CLOSED <--------------- LINGER <-----------------------+
 */
enum conn_state {
	CONN_IDLE,	/* keepalive_timeout, or header_timeout at first */
	CONN_HEAD,	/* header_timeout, then 408 */
	CONN_BODY,	/* body_timeout, then 408 */
	CONN_RUNNING,	/* the run has its own deadline */
	CONN_REPLYING,	/* more of a reply is to come, or the last flows out */
	CONN_LINGER,	/* our side is shut: what still comes is dropped */
	CONN_CLOSED
};

#define CONN_IP_LEN 46
#define CONN_LINGER_MS 2000	/* since the last byte came */

struct conn {
	struct http *http;
	enum conn_state state;
	int fd;
	bool admin;
	bool eof;		/* the client has shut its side */
	bool close_after;	/* the reply under way is the last */
	bool reading;		/* its event is registered */
	bool timer_armed;
	unsigned requests;	/* begun on it */
	unsigned write_timeout_ms;	/* of the newest reply's route */
	bool linger;		/* close gently: input may still come */
	int64_t deadline_ms;	/* of the state */
	int64_t stall_ms;	/* by then the client must have taken a byte */
	int64_t timer_at_ms;
	struct buf in;		/* received; bytes before in_at are taken */
	size_t in_at;
	size_t in_seen;		/* where the search for a head's end goes on */
	struct buf out;		/* bytes before out_sent have gone */
	size_t out_sent;
	struct request *request;	/* BODY, RUNNING, REPLYING */
	struct event event;	/* EV_READ */
	struct event writable;
	struct event timer;
	struct turn_item flush;
	LIST_ENTRY(conn) entry;
	char ip[CONN_IP_LEN];	/* "" for unix sockets */
};

/* fd belongs to the connection from now on. */
struct conn *conn_new(struct http *, int fd, const char *ip, bool admin);

/*
 * Closes now; a request in flight is cancelled. The struct itself lives to
 * the end of the loop's turn, in CONN_CLOSED: callers look at the state.
 */
void conn_close(struct conn *);

void conn_enter(struct conn *, enum conn_state);
void conn_set_deadline(struct conn *, int64_t deadline_ms);
void conn_set_stall(struct conn *, int64_t stall_ms);
void conn_want_read(struct conn *, bool);

/* conn_read.c: takes what stands in `in`, as far as the state allows. */
void conn_take(struct conn *);
void conn_on_readable(struct conn *);

/*
 * conn_write.c. The reply to the request under way, or, when there is none,
 * to bytes that are no request (then the connection closes behind it).
 */
void conn_reply_error(struct conn *, const struct error *);
void conn_reply_bytes(struct conn *, int status, struct text content_type,
    struct text body, unsigned allowed);
void conn_reply_run(struct conn *, const struct run_reply *);
void conn_continue(struct conn *);	/* 100 Continue */
void conn_on_writable(struct conn *);
void conn_flush(struct conn *);

/* How much waits for the client to read. */
static inline size_t
conn_backlog(const struct conn *conn)
{
	return conn->out.len - conn->out_sent;
}

#endif
