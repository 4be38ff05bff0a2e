#ifndef MUSTER_PLAN_RUN_STATE_H
#define MUSTER_PLAN_RUN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/turn.h"
#include "plan/binding.h"
#include "plan/inputs.h"
#include "plan/plan_state.h"
#include "plan/run.h"
#include "plan/services.h"
#include "plan/template.h"
#include "plan/timers.h"

/*
 * The inside of a run, for run*.c. It lies in the request's arena with its
 * operations and their states in one piece.
 *
 * An operation: WAITING -> RUNNING -> DONE | FAILED, or SKIPPED at once, or
 * CANCELLED out of RUNNING. A run: its operations run; then it is failing or
 * complete and is_ending, when its answer waits for the end of the turn; then
 * is_over, when done was called; a run whose effects outlive it is detached.
 */
enum op_state {
	OP_WAITING, OP_RUNNING, OP_DONE, OP_FAILED, OP_SKIPPED, OP_CANCELLED
};

struct op {
	struct run *run;
	const struct plan_op *plan;
	enum op_state state;
	unsigned waits;			/* how many must still end */
	int status;			/* of its error, when it FAILED */
	struct value value;
	int64_t started_us, ended_us;	/* where {op:ms} is asked for */
	struct timer timer;		/* its own timeout */
};

struct run {
	const struct plan *plan;
	struct arena *arena;
	struct services *services;
	run_done_fn *done;
	void *arg;
	struct input_values *values;
	struct binding_source source;
	struct op *ops;
	char *states;			/* of all operations */
	unsigned *ready;		/* which may start, in order */
	unsigned nready, nstarted;	/* of ready */
	unsigned nleft;			/* have not ended */
	unsigned nguards, neffects;	/* are running */
	bool advancing, failing, is_ending, is_over, detached;
	int64_t deadline_us;
	struct timer deadline;
	struct turn_item item;
	struct services_hold hold;
	struct error *err;		/* NULL: none so far */
	struct run_reply reply;
	struct template_at at;
	const struct run_input *input;
};

/* run_graph.c: starts what waits for nothing. */
void run_begin(struct run *);

/* Cancels what is running, but for effects; guards as told. */
void run_stop(struct run *, bool guards);

/* run.c: the answer is known; it goes out at the end of the turn. */
void run_end(struct run *);

/* The last effect of a detached run has ended. */
void run_release(struct run *);

/* run_value.c: for struct binding_source. */
struct value run_value(void *run, const struct binding *);
struct value run_else_value(struct run *, const struct plan_op *);

/* The reply's head. Returns -1 with err. */
int run_prepare_reply(struct run *, struct error *err);

#endif
