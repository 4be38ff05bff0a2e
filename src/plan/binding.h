#ifndef MUSTER_PLAN_BINDING_H
#define MUSTER_PLAN_BINDING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "base/value.h"

struct arena;

/*
 * A {reference} of a route that was looked up: names have become indexes.
 * Generation lifetime; columns are filled in when a description is linked.
 */
enum binding_kind {
	BINDING_NULL,		/* {null} */
	BINDING_INPUT,		/* {user_id} {body.email} */
	BINDING_SENT,		/* {body.email?} */
	BINDING_OP		/* {user.name} {users:count} */
};

enum binding_fact {
	FACT_VALUE,		/* no fact: the value itself */
	FACT_COUNT,		/* elements of a list; rows; 0 for null */
	FACT_STATE,		/* "done" "failed" "skipped" */
	FACT_SOURCE,		/* "database", null when there is none */
	FACT_STATUS,		/* an HTTP status: 200, or its error's */
	FACT_MS			/* how long it took */
};

#define BINDING_NOBODY (~0u)

struct binding {
	enum binding_kind kind;
	enum binding_fact fact;
	unsigned index;		/* of the input or the operation */
	int column;		/* path[0] is this column; -1: not known */
	unsigned npath;
	const struct text *path;	/* behind the operation's name */
	bool is_float;		/* its text ends in ".0" at least */
	unsigned user;		/* the operation that refers; or NOBODY */
	struct text whole;	/* as written, without braces */
	struct src_pos pos;
	struct binding *next;	/* all of a route */
};

/* Where values come from while a request runs. */
struct binding_source {
	struct value (*value)(void *arg, const struct binding *);
	void *arg;
	struct arena *arena;
};

/* The end of a path into a value: null stays null. */
struct value binding_walk(struct value, const struct text *path, unsigned n,
    struct arena *);

struct value binding_value(const struct binding *,
    const struct binding_source *);

/*
 * As it stands in a text: null is nothing, floats have a point, and JSON that
 * is a string has no quotes.
 */
struct text binding_text(const struct binding *,
    const struct binding_source *);

#endif
