/*
 * How the operations of a run follow each other. plan_graph.c has turned all
 * rules of order into edges; here they are counted down. An operation that
 * ends inside its own start only adds to the list of those that may start,
 * so that a long chain of them does not recurse.
 */
#include "plan/run_state.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "plan/condition.h"

static void run_advance(struct run *);

/* ---- an operation ends --------------------------------------------------- */

static void
op_log(const struct op *op, const struct error *err)
{
	struct log_ctx ctx = { op->run->input->request_id,
		op->run->plan->name };

	log_problem(LOG_LEVEL_WARN, &ctx, err);
}

static void
op_stop(struct op *op, enum op_state state)
{
	struct run *run = op->run;

	timers_remove(services_timers(run->services), &op->timer);
	if (op->plan->timed)
		op->ended_us = clock_us();
	if (op->state == OP_RUNNING && op->plan->order == OP_GUARD)
		run->nguards--;
	if (op->state == OP_RUNNING && op->plan->order == OP_EFFECT)
		run->neffects--;
	op->state = state;
	run->nleft--;
}

/* The run has its answer already, or waits for guards only to have it. */
static void
op_end_late(struct op *op)
{
	struct run *run = op->run;

	if (run->detached) {
		if (run->neffects == 0)
			run_release(run);
	} else if (!run->is_ending && !run->is_over && run->nguards == 0) {
		run_end(run);
	}
}

static void
op_end(struct op *op, enum op_state state, struct value value)
{
	struct run *run = op->run;
	struct op *next;

	op_stop(op, state);
	op->value = value;
	if (run->failing) {
		op_end_late(op);
		return;
	}
	for (unsigned i = 0; i < op->plan->nnext; i++) {
		next = &run->ops[op->plan->next[i]];
		if (--next->waits == 0)
			run->ready[run->nready++] = op->plan->next[i];
	}
	if (!run->advancing)
		run_advance(run);
}

void
op_done(struct op *op, struct value value)
{
	op_end(op, OP_DONE, value);
}

/*
 * Place and name are the operation's own: those of a statement are of the
 * first that has its text.
 */
static struct error *
op_error(const struct op *op, const struct error *err)
{
	struct error *copy = arena_bytes(op->run->arena, sizeof(*copy));

	*copy = *err;
	copy->pos = op->plan->pos;
	copy->op = op->plan->name;
	return copy;
}

/* A guard's no is the better answer than a sibling's mishap. */
static bool
op_error_wins(const struct op *op, const struct error *err)
{
	return op->run->err == NULL || (op->plan->order == OP_GUARD &&
	    err->status < 500 && op->run->err->status >= 500);
}

void
op_fail(struct op *op, const struct error *raw)
{
	struct run *run = op->run;
	struct error *err = op_error(op, raw);

	op->status = err->status;
	if (run->failing) {
		if (!run->is_ending && !run->is_over &&
		    op_error_wins(op, err))
			run->err = err;
		else if (op->plan->order == OP_EFFECT)
			op_log(op, err);
		op_end(op, OP_FAILED, VALUE_NULL);
		return;
	}
	if (op->plan->else_value != NULL) {
		if (err->status >= 500)
			op_log(op, err);
		op_end(op, OP_FAILED, run_else_value(run, op->plan));
		return;
	}
	run->err = err;
	run->failing = true;
	op_end(op, OP_FAILED, VALUE_NULL);
	run_stop(run, false);
}

/* ---- cancelling ---------------------------------------------------------- */

static void
op_cancel(struct op *op)
{
	op_stop(op, OP_CANCELLED);
	if (op->plan->type->cancel != NULL)
		op->plan->type->cancel(op);
}

void
run_stop(struct run *run, bool guards)
{
	struct op *op;

	for (unsigned i = 0; i < run->plan->nops; i++) {
		op = &run->ops[i];
		if (op->state == OP_RUNNING && (op->plan->order == OP_READ ||
		    (guards && op->plan->order == OP_GUARD)))
			op_cancel(op);
	}
}

static void
op_on_timeout(void *arg)
{
	struct op *op = arg;
	struct error err;

	if (op->plan->type->cancel != NULL)
		op->plan->type->cancel(op);
	error_set(&err, ERROR_DEADLINE, NULL);
	error_detail(&err, "timeout of %lld ms",
	    (long long)op->plan->timeout_ms);
	op_fail(op, &err);
}

/* ---- starting ------------------------------------------------------------ */

static void
op_start(struct op *op)
{
	struct run *run = op->run;
	const struct plan_op *plan = op->plan;

	if (plan->when != NULL &&
	    condition_test(plan->when, &run->source) != CONDITION_TRUE) {
		op_end(op, OP_SKIPPED, VALUE_NULL);
		return;
	}
	op->state = OP_RUNNING;
	if (plan->order == OP_GUARD)
		run->nguards++;
	else if (plan->order == OP_EFFECT)
		run->neffects++;
	if (plan->timed)
		op->started_us = clock_us();
	if (plan->timeout_ms > 0) {
		op->timer.fn = op_on_timeout;
		op->timer.arg = op;
		timers_add(services_timers(run->services), &op->timer,
		    clock_us() + plan->timeout_ms * 1000);
	}
	plan->type->start(op);
}

static void
run_advance(struct run *run)
{
	run->advancing = true;
	while (run->nstarted < run->nready && !run->failing)
		op_start(&run->ops[run->ready[run->nstarted++]]);
	run->advancing = false;
	if (run->nleft == 0 && !run->failing)
		run_end(run);
}

void
run_begin(struct run *run)
{
	const struct plan *plan = run->plan;
	struct op *op;

	run->nleft = plan->nops;
	for (unsigned i = 0; i < plan->nops; i++) {
		op = &run->ops[i];
		op->run = run;
		op->plan = &plan->ops[i];
		op->waits = op->plan->nwaits;
		op->value = VALUE_NULL;
		if (op->waits == 0)
			run->ready[run->nready++] = i;
	}
	run_advance(run);
}

/* ---- what an operation may ask ------------------------------------------- */

const void *
op_args(const struct op *op)
{
	return op->plan->args;
}

void *
op_state(const struct op *op)
{
	return op->run->states + op->plan->state_at;
}

struct arena *
op_arena(const struct op *op)
{
	return op->run->arena;
}

struct services *
op_services(const struct op *op)
{
	return op->run->services;
}

const struct limits_conf *
op_limits(const struct op *op)
{
	return &op->run->plan->limits;
}

int64_t
op_deadline_us(const struct op *op)
{
	return op->run->deadline_us;
}

const char *
op_name(const struct op *op)
{
	return op->plan->name;
}

const struct binding_source *
op_source(const struct op *op)
{
	return &op->run->source;
}

int
op_param(const struct op *op, const struct binding *binding,
    const char **param, struct error *err)
{
	struct run *run = op->run;
	struct value value;
	struct text text;

	*param = NULL;
	if (binding->kind == BINDING_INPUT && binding->fact == FACT_VALUE) {
		*param = inputs_param(run->values, binding->index, run->arena);
		return 0;
	}
	value = binding_value(binding, &run->source);
	if (value_is_null(&value))
		return 0;
	text = value_to_text(&value, run->arena);
	*param = text.at;
	if (memchr(text.at, '\0', text.len) == NULL)
		return 0;
	error_set(err, ERROR_INTERNAL, NULL);
	error_detail(err, "{%.*s} holds the character NUL, which no parameter "
	    "can", (int)binding->whole.len, binding->whole.at);
	return -1;
}
