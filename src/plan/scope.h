#ifndef MUSTER_PLAN_SCOPE_H
#define MUSTER_PLAN_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "plan/binding.h"
#include "plan/reference.h"

struct arena;
struct conf_node;
struct conf_report;
struct inputs;

/*
 * What a name in braces can mean at one place of a route: an operation, a
 * path part, a declared query value, a place of the request. Lives while the
 * route is compiled.
 */
struct scope {
	struct arena *arena;
	struct conf_report *report;
	struct inputs *inputs;		/* NULL: nothing of a request */
	const char *const *ops;
	unsigned nops;
	unsigned user;			/* who refers: an operation or NOBODY */
	struct binding *bindings;	/* all that were made, newest first */
};

/* NULL after a fault at pos, with "did you mean". */
const struct binding *scope_bind(struct scope *, const struct reference *,
    struct src_pos);

/* Would it be found, without a word: for braces in quotes. */
bool scope_knows(const struct scope *, const struct reference *);

/* Words that name places of a request or are kept for later. */
bool scope_is_reserved(const char *name);

/*
 * A string that is exactly one reference: bound in *binding, NULL after a
 * fault. False: it is not, and nothing was said.
 */
bool scope_bind_exact(struct scope *, const struct conf_node *,
    const struct binding **binding);

/* A NULL at the end: the names for "did you mean"; from malloc. */
const char **scope_names(const struct scope *);

#endif
