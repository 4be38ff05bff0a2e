#ifndef MUSTER_HTTP_HTTP_STATE_H
#define MUSTER_HTTP_HTTP_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/ids.h"
#include "base/turn.h"
#include "http/http.h"
#include "http/parse.h"

struct accept;
struct conn;
struct event;

/*
 * What the files of a worker's client side share; private to http/. Buffers
 * of connections that have nothing to say are kept here, so that an idle
 * connection holds none.
 */
#define HTTP_IN_BYTES (16 * 1024)	/* one read, and a spare buffer */
#define HTTP_IN_MAX (64 * 1024)		/* then the socket is not read */
#define HTTP_OUT_MARK (64 * 1024)	/* then a reply waits for its client */
#define HTTP_BODY_KEPT (256 * 1024)	/* more room for a body is given back */
#define HTTP_SPARES 64
#define HTTP_LISTENERS 16

struct http_listener {
	struct http *http;
	struct accept *accept;
	bool admin;
};

struct http {
	struct http_start start;
	struct parse_limits parse_limits;
	struct http_listener listeners[HTTP_LISTENERS];
	unsigned nlisteners;
	LIST_HEAD(, conn) conns;	/* and those of the admin socket */
	LIST_HEAD(, conn) dead;		/* freed at the end of the turn */
	struct turn_item bury;
	unsigned nconns;		/* public ones */
	unsigned max_conns;
	struct parse_head head;		/* of the request being taken */
	struct buf body;		/* of the reply being made */
	struct buf line;		/* of the access log, being made */
	char id[IDS_LEN + 1];		/* of a reply to no request */
	struct buf spares[HTTP_SPARES];
	unsigned nspares;
	bool gate_shut;			/* others have fewer connections */
	int64_t gate_wait_ms;
	struct event *gate;
	bool leaving;			/* /ready says so */
	bool draining, grace_over;
	bool accepting;
	struct event *grace, *last;
	void (*drained)(void *arg);
	void *drained_arg;
	struct turn_item drained_item;
};

/* A buffer that may already have room, and its return. */
void http_buf_lend(struct http *, struct buf *);
void http_buf_return(struct http *, struct buf *);

/* A public connection has come or gone: gate, metrics, end of draining. */
void http_count_conn(struct http *, int change);

#endif
