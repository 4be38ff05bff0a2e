/*
 * A run from its start to its answer and its end. What happens between its
 * operations is in run_graph.c.
 *
 * The answer always leaves through the turn: then nobody who frees the run in
 * done frees it under the feet of a driver that has just called back.
 */
#include "plan/run.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "plan/run_state.h"

static void
run_on_turn(void *arg)
{
	struct run *run = arg;
	struct error *err = run->err;
	struct error reply_err;

	if (err == NULL && run_prepare_reply(run, &reply_err) != 0)
		err = &reply_err;
	run->is_over = true;
	if (err == NULL) {
		run->done(run->arg, &run->reply, NULL);
		return;
	}
	plans_tell_error(run->plan->plans, run->plan, err);
	run->done(run->arg, NULL, err);
}

void
run_end(struct run *run)
{
	run->is_ending = true;
	timers_remove(services_timers(run->services), &run->deadline);
	run->item.fn = run_on_turn;
	run->item.arg = run;
	turn_add(services_turn(run->services), &run->item);
}

/* Refused before anything ran. */
static void
run_refuse(struct run *run, const struct error *err)
{
	run->err = arena_bytes(run->arena, sizeof(*run->err));
	*run->err = *err;
	if (run->err->pos.line == 0)
		run->err->pos = run->plan->pos;
	run_end(run);
}

static void
run_on_deadline(void *arg)
{
	struct run *run = arg;

	run->failing = true;
	run_stop(run, true);
	if (run->err == NULL) {
		run->err = arena_bytes(run->arena, sizeof(*run->err));
		error_set(run->err, ERROR_DEADLINE, NULL);
		error_detail(run->err, "request_timeout of %lld ms",
		    (long long)run->plan->limits.request_timeout_ms);
		run->err->pos = run->plan->pos;
	}
	run_end(run);
}

/* The run, its operations and their states are one piece of memory. */
static struct run *
run_new(const struct plan *plan, struct arena *arena)
{
	size_t size = (sizeof(struct run) + 15) & ~(size_t)15;
	size_t ops = plan->nops * sizeof(struct op);
	size_t ready = plan->nops * sizeof(unsigned);
	struct run *run;

	ops = (ops + 15) & ~(size_t)15;
	ready = (ready + 15) & ~(size_t)15;
	run = arena_alloc(arena, size + ops + plan->state_size + ready);
	run->ops = (struct op *)((char *)run + size);
	run->states = (char *)run->ops + ops;
	run->ready = (unsigned *)(run->states + plan->state_size);
	run->plan = plan;
	run->arena = arena;
	return run;
}

struct run *
run_start(const struct plan *plan, struct arena *arena,
    const struct run_input *input, struct services *services,
    run_done_fn *done, void *arg)
{
	struct run *run = run_new(plan, arena);
	struct error err;

	run->services = services;
	run->input = input;
	run->done = done;
	run->arg = arg;
	run->source = (struct binding_source){ run_value, run, arena };
	run->deadline_us = input->received_us +
	    plan->limits.request_timeout_ms * 1000;
	if (plan->has_sql && !services_described(services)) {
		error_set(&err, ERROR_DB_UNAVAILABLE, NULL);
		error_detail(&err, "the statements are not described yet");
		run_refuse(run, &err);
		return run;
	}
	if (inputs_check(plan->inputs, input, &plan->limits, arena,
	    &run->values, &err) != 0) {
		run_refuse(run, &err);
		return run;
	}
	run_begin(run);
	if (run->is_ending)
		return run;
	run->deadline.fn = run_on_deadline;
	run->deadline.arg = run;
	timers_add(services_timers(services), &run->deadline,
	    run->deadline_us);
	return run;
}

bool
run_write(struct run *run, struct buf *out, size_t mark)
{
	if (run->plan->reply == NULL)
		return true;
	return template_write(run->plan->reply, &run->source, out, mark,
	    &run->at);
}

/* ---- the end ------------------------------------------------------------- */

static void
run_on_released(void *arg)
{
	struct run *run = arg;

	services_release(run->services, &run->hold);
	arena_free(run->arena);
}

void
run_release(struct run *run)
{
	run->item.fn = run_on_released;
	run->item.arg = run;
	turn_add(services_turn(run->services), &run->item);
}

/* The worker ends and waits no longer. */
static void
run_on_drop(void *arg)
{
	struct run *run = arg;
	struct op *op;

	turn_remove(services_turn(run->services), &run->item);
	for (unsigned i = 0; i < run->plan->nops; i++) {
		op = &run->ops[i];
		if (op->state == OP_RUNNING && op->plan->type->drop != NULL)
			op->plan->type->drop(op);
	}
	run_on_released(run);
}

/* Nobody is interested any more; effects that have begun go on. */
static void
run_leave(struct run *run)
{
	if (run->neffects == 0) {
		arena_free(run->arena);
		return;
	}
	run->detached = true;
	run->hold.drop = run_on_drop;
	run->hold.arg = run;
	services_hold(run->services, &run->hold);
}

void
run_cancel(struct run *run)
{
	turn_remove(services_turn(run->services), &run->item);
	timers_remove(services_timers(run->services), &run->deadline);
	run->failing = true;
	run->is_over = true;
	run_stop(run, true);
	run_leave(run);
}

void
run_free(struct run *run)
{
	if (run != NULL)
		run_leave(run);
}
