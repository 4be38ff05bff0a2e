#ifndef MUSTER_HTTP_ROUTER_H
#define MUSTER_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "http/parse.h"

struct buf;
struct conf_report;

/*
 * From a method and a raw path to a route: a radix tree over segments, whose
 * cost does not grow with the number of routes. Static beats {parameter}
 * beats {rest*}, at each segment, with backtracking; the file's order decides
 * nothing. "/users" and "/users/" are one route unless strict_slash. Immutable
 * after the last add; generation lifetime.
 */
struct router;

#define ROUTER_PARTS_MAX 16

/* Where the segments that a pattern names lie in the raw path, undecoded. */
struct router_match {
	void *route;			/* NULL: see found_path */
	bool found_path;		/* other methods have this path: 405 */
	unsigned nparts;
	struct text parts[ROUTER_PARTS_MAX];
	unsigned allowed;		/* bits 1 << enum parse_method, with
					 * HEAD beside GET, and OPTIONS */
};

struct router *router_new(bool strict_slash);

/*
 * pattern as in server.conf: "/users/{user_id}/files/{name*}"; its static
 * segments are compared after percent-decoding. Two patterns that match the
 * same paths with the same method are a fault that names both places. A
 * pattern that is not valid is a fault at pos. Returns 0 or -1.
 */
int router_add(struct router *, enum parse_method, const char *pattern,
    struct src_pos, void *route, struct conf_report *);

/*
 * path is raw, as parse_head gives it. HEAD finds the GET route when there is
 * no HEAD route. A dot segment or bad escape is the caller's to refuse: the
 * router sees it as no match (found_path false, bad_path is said by -1).
 * Returns 0, or -1 when the path has a bad escape, %00 (400).
 */
int router_match(const struct router *, enum parse_method, struct text path,
    struct router_match *);

/* "GET, HEAD, OPTIONS": for Allow. */
void router_allow(unsigned allowed, struct buf *);

void router_free(struct router *);

#endif
