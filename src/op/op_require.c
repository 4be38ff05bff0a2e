/*
 * require: a guard. What is written below it waits until it has said yes; its
 * no ends the request. Its value is true.
 */
#include "op/ops.h"

#include <stdio.h>

#include "base/arena.h"
#include "conf/key.h"
#include "conf/node.h"
#include "plan/condition.h"

struct require_settings {
	const struct conf_node *condition;
	int64_t status;
	const char *detail;
};

struct require_args {
	const struct condition *condition;
	int status;
	const char *detail;
};

#define AT(field) offsetof(struct require_settings, field)

static const struct conf_key require_keys[] = {
	{ .name = "require", .type = CONF_TYPE_NODE, .at = AT(condition),
	  .syntax = "\"{NAME} = 1 and not {OTHER}\"", .flags = CONF_REQUIRED,
	  .doc = "A condition. Where it is false or null the request ends." },
	{ .name = "status", .type = CONF_TYPE_COUNT, .at = AT(status),
	  .dflt = "403", .min = 400, .max = 599,
	  .doc = "The status of that reply." },
	{ .name = "detail", .type = CONF_TYPE_STRING, .at = AT(detail),
	  .doc = "The text of that reply. Unset: the status's own." },
};

static const struct conf_section require_section = {
	.name = "require", .where = "operation",
	.size = sizeof(struct require_settings),
	.keys = require_keys, .nkeys = ARRAY_LEN(require_keys),
	.doc = "A guard: what is written below it starts when it has said "
	    "yes. Conditions know = != < <= > >= and or not, parentheses, "
	    "numbers, 'text', true, false and null; comparing with null, or "
	    "things of different kinds, gives null.",
};

static const void *
require_compile(struct op_build *build)
{
	const struct require_settings *settings = op_build_settings(build);
	struct require_args *args;

	op_build_order(build, OP_GUARD);
	args = arena_alloc(op_build_arena(build), sizeof(*args));
	if (settings->condition == NULL)
		return NULL;
	args->condition = condition_compile(settings->condition,
	    op_build_scope(build));
	args->status = (int)settings->status;
	args->detail = settings->detail;
	return args->condition == NULL ? NULL : args;
}

static void
require_start(struct op *op)
{
	const struct require_args *args = op_args(op);
	struct error err;

	if (condition_test(args->condition, op_source(op)) ==
	    CONDITION_TRUE) {
		op_done(op, value_bool(true));
		return;
	}
	error_set(&err, ERROR_FORBIDDEN, "%s", args->detail != NULL
	    ? args->detail : error_reason(args->status));
	err.status = args->status;
	op_fail(op, &err);
}

const struct op_type op_require = {
	.name = "require",
	.section = &require_section,
	.shape = OP_NOTHING,
	.compile = require_compile,
	.start = require_start,
};
