/*
 * sleep: waits without holding anything. "1s", or a reference to a number of
 * seconds. Its value is null.
 */
#include "op/ops.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/binding.h"
#include "plan/scope.h"
#include "plan/services.h"
#include "plan/timers.h"

/* Longer than any request may take. */
#define SLEEP_MAX_S 86400

struct sleep_settings {
	const struct conf_node *duration;
};

struct sleep_args {
	int64_t us;
	const struct binding *seconds;	/* NULL: us it is */
};

static const struct conf_key sleep_keys[] = {
	{ .name = "sleep", .type = CONF_TYPE_NODE,
	  .at = offsetof(struct sleep_settings, duration),
	  .syntax = "\"1s\" or \"{NAME}\"", .flags = CONF_REQUIRED,
	  .doc = "How long to wait: a time, or a reference to a number of "
	      "seconds." },
};

static const struct conf_section sleep_section = {
	.name = "sleep", .where = "operation",
	.size = sizeof(struct sleep_settings),
	.keys = sleep_keys, .nkeys = ARRAY_LEN(sleep_keys),
	.doc = "Waits. Costs neither a thread nor a connection.",
};

static const void *
sleep_compile(struct op_build *build)
{
	const struct sleep_settings *settings = op_build_settings(build);
	const struct conf_node *node = settings->duration;
	struct sleep_args *args;
	int64_t ms;

	args = arena_alloc(op_build_arena(build), sizeof(*args));
	if (node == NULL)
		return NULL;
	if (scope_bind_exact(op_build_scope(build), node, &args->seconds))
		return args->seconds == NULL ? NULL : args;
	if (conf_node_kind(node) != CONF_STRING ||
	    conf_time_parse(conf_node_text(node), &ms) != 0) {
		conf_fault(op_build_report(build), conf_node_pos(node),
		    "sleep takes a time such as \"1s\", or one reference to "
		    "a number of seconds");
		return NULL;
	}
	if (ms > SLEEP_MAX_S * INT64_C(1000)) {
		conf_fault(op_build_report(build), conf_node_pos(node),
		    "sleep takes a day at most");
		return NULL;
	}
	args->us = ms * 1000;
	return args;
}

/* Returns -1 when it is no number of seconds. */
static int
sleep_seconds(struct op *op, const struct binding *binding, int64_t *us)
{
	struct value value = binding_value(binding, op_source(op));
	struct text text = value_to_text(&value, op_arena(op));
	double seconds;
	char *end;

	if (text.at == NULL || text.len == 0)
		return -1;
	seconds = strtod(arena_text(op_arena(op), text), &end);
	if (*end != '\0' || !isfinite(seconds) || seconds < 0)
		return -1;
	if (seconds > SLEEP_MAX_S)
		seconds = SLEEP_MAX_S;
	*us = (int64_t)(seconds * 1e6);
	return 0;
}

static void
sleep_on_timer(void *arg)
{
	op_done(arg, VALUE_NULL);
}

static void
sleep_start(struct op *op)
{
	const struct sleep_args *args = op_args(op);
	struct timer *timer = op_state(op);
	struct error err;
	int64_t us = args->us;

	if (args->seconds != NULL &&
	    sleep_seconds(op, args->seconds, &us) != 0) {
		error_set(&err, ERROR_INTERNAL, NULL);
		error_detail(&err, "{%.*s} is no number of seconds",
		    (int)args->seconds->whole.len, args->seconds->whole.at);
		op_fail(op, &err);
		return;
	}
	timer->fn = sleep_on_timer;
	timer->arg = op;
	timers_add(services_timers(op_services(op)), timer, clock_us() + us);
}

static void
sleep_cancel(struct op *op)
{
	timers_remove(services_timers(op_services(op)), op_state(op));
}

const struct op_type op_sleep = {
	.name = "sleep",
	.section = &sleep_section,
	.shape = OP_NOTHING,
	.state_size = sizeof(struct timer),
	.compile = sleep_compile,
	.start = sleep_start,
	.cancel = sleep_cancel,
};
