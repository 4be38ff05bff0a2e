#ifndef MUSTER_HTTP_REQUEST_H
#define MUSTER_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/parse.h"
#include "http/router.h"
#include "plan/run.h"

struct arena;
struct conn;
struct limits_conf;
struct plan;
struct reply;
struct run;

/*
 * One request, private to http/. It lies in its own arena; from run_start on
 * the arena is the run's, and request_free gives back whichever it is.
 */
struct request {
	struct conn *conn;
	struct arena *arena;
	struct run *run;		/* NULL: not started, or not needed */
	const struct plan *plan;	/* NULL: no route */
	enum parse_method method;
	bool keep_alive;
	bool http10;
	bool has_body, chunked;
	bool keep_body;			/* else it is read and dropped */
	bool expects;			/* waits for 100 Continue */
	bool stream_chunked;		/* the reply is */
	bool replied;			/* its run is done */
	uint64_t body_left;
	struct parse_chunks chunks;
	struct buf body;
	unsigned nheaders;
	const struct parse_header *headers;
	struct router_match match;
	struct run_input input;
	const struct error *error;	/* the answer, known before the body */
	int status;			/* of the reply, once it is known */
	uint64_t reply_bytes;		/* of its body */
};

/*
 * From a parsed head whose texts point into bytes[0..used): all is copied.
 * Finds the route; what is wrong already (404, 405, 413, 417) is in error.
 * The caller reads the body next, if has_body.
 */
struct request *request_new(struct conn *, const struct parse_head *,
    const char *bytes, size_t used);

/* Those of its route, or of the server where there is none. */
const struct limits_conf *request_limits(const struct request *);

/* The body is complete: runs, or answers by itself. */
void request_go(struct request *);

/* The client has gone: reads are cancelled. */
void request_cancel(struct request *);

/* The reply is complete, or will not be: one line, counters. */
void request_account(const struct request *);

/* The same for bytes that never became a request. */
void request_account_refused(const struct conn *, const struct reply *);

void request_free(struct request *);

#endif
