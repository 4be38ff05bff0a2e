#ifndef MUSTER_HTTP_HTTP_H
#define MUSTER_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct conf_report;
struct conf_section;
struct event_base;
struct http;
struct limits_conf;
struct plans;
struct router;
struct services;
struct shm;
struct turn;

/* Keys of the top level that concern the wire. */
struct http_conf {
	bool server_header;		/* "Server: muster"; true */
	bool strict_slash;		/* false */
	bool trust_request_id;		/* take clients' X-Request-ID; false */
	int access;			/* enum http_access: log.access */
};

enum http_access { HTTP_ACCESS_OFF, HTTP_ACCESS_TEXT, HTTP_ACCESS_JSON };

/* Both fill a struct http_conf: the top level, and the group log. */
extern const struct conf_section http_section, http_log_section;

/* The router over all plans; clashes and unknown methods are faults. */
struct router *http_routes(const struct plans *, bool strict_slash,
    struct conf_report *);

struct http_start {
	struct event_base *base;
	struct turn *turn;
	const struct plans *plans;
	const struct router *router;
	struct services *services;
	const struct http_conf *conf;
	const struct limits_conf *limits;
	struct shm *shm;
	unsigned slot;
};

/*
 * How many connections a worker takes: limits.max_connections, or what its
 * limit of descriptors leaves.
 */
unsigned http_max_connections(const struct limits_conf *);

/* The client's side of a worker. Lives as long as the worker. */
struct http *http_new(const struct http_start *);

/*
 * Serves what comes in on this listening socket (nonblocking, inherited,
 * stays the caller's). admin: /live /ready /metrics instead of the routes.
 */
int http_listen(struct http *, int fd, bool admin, struct error *);

/*
 * Graceful end: no more accepting on public sockets. last: no other worker
 * takes what still comes, so it is accepted for a moment and served with
 * close (the master has stopped new ones before). Requests in flight finish
 * with "Connection: close", idle connections may send one more request within
 * grace_ms. drained(arg) runs once, when no connection is left, never inside
 * this call. The admin socket serves on until http_free.
 */
void http_drain(struct http *, int64_t grace_ms, bool last,
    void (*drained)(void *arg), void *arg);

/* From now on /ready answers 503, all else is served as before. */
void http_leave(struct http *);

unsigned http_connections(const struct http *);

/* Closes all at once; requests in flight are cancelled. */
void http_abort(struct http *);
void http_free(struct http *);

#endif
