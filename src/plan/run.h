#ifndef MUSTER_PLAN_RUN_H
#define MUSTER_PLAN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct arena;
struct buf;
struct plan;
struct run;
struct services;

/*
 * One execution of a plan. What is borrowed here lies in the request's arena,
 * which the run takes over.
 */
struct run_input {
	const char *request_id;
	struct text method, path;	/* as sent */
	const struct text *parts;	/* raw, in the pattern's order */
	unsigned nparts;
	struct text query;		/* raw; at NULL: none */
	struct text content_type;	/* at NULL: none */
	struct text body;		/* at NULL: none was sent */
	struct text client_ip;
	struct text (*header)(const void *headers, struct text name);
	const void *headers;
	int64_t received_us;		/* when its head was complete */
};

struct run_header {
	struct text name, value;	/* no CR, LF or NUL in either */
};

/* Valid until run_free. */
struct run_reply {
	int status;
	bool has_body;			/* false: 204 and its like */
	struct text content_type;
	const struct run_header *headers;
	unsigned nheaders;
};

/*
 * Exactly once: reply, or err (borrowed; its list is in the run's arena).
 * The run lives on until run_free, which the callee owes in both cases.
 */
typedef void run_done_fn(void *arg, const struct run_reply *reply,
    const struct error *err);

/*
 * Checks the input (422 with all faults), then runs. Takes the arena. done
 * runs later, never inside this call. The deadline is the plan's
 * request_timeout, from received_us.
 */
struct run *run_start(const struct plan *, struct arena *,
    const struct run_input *, struct services *, run_done_fn *, void *arg);

/*
 * The body of the reply as JSON, until out holds mark bytes: true when
 * complete. Only after done with a reply.
 */
bool run_write(struct run *, struct buf *out, size_t mark);

/*
 * The client left, before done: reads are cancelled, begun effects go on for
 * nobody, the run frees itself when the last has ended. done never runs.
 */
void run_cancel(struct run *);

/* After done, when the reply has gone or its client has. */
void run_free(struct run *);

#endif
