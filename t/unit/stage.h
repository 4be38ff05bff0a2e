/*
 * A stage for runs: verbs that the test itself ends, one plan, and a story of
 * what happened. "a+" began, "a-" was cancelled, "a~" was dropped.
 */
#ifndef MUSTER_T_UNIT_STAGE_H
#define MUSTER_T_UNIT_STAGE_H

#include <stdio.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/log.h"
#include "base/turn.h"
#include "conf/key.h"
#include "op/ops.h"
#include "plan/limits.h"
#include "plan/plan.h"
#include "plan/run.h"
#include "plan/services.h"

#include "conf_text.h"

/* ---- verbs that the test ends */

struct settings {
	const char *how;	/* "": the test ends it; "done", "404", ... */
};

struct play_args {
	const char *how;
};

static struct buf story;
static struct op *playing[32];

static const struct conf_key read_keys[] = {
	{ .name = "read", .type = CONF_TYPE_STRING },
};
static const struct conf_key write_keys[] = {
	{ .name = "write", .type = CONF_TYPE_STRING },
};
static const struct conf_key guard_keys[] = {
	{ .name = "guard", .type = CONF_TYPE_STRING },
};

static const struct conf_section read_section = {
	.name = "read", .size = sizeof(struct settings), .keys = read_keys,
	.nkeys = 1
};
static const struct conf_section write_section = {
	.name = "write", .size = sizeof(struct settings), .keys = write_keys,
	.nkeys = 1
};
static const struct conf_section guard_section = {
	.name = "guard", .size = sizeof(struct settings), .keys = guard_keys,
	.nkeys = 1
};

static const void *
play_compile(struct op_build *build)
{
	const struct settings *settings = op_build_settings(build);
	struct play_args *args = arena_alloc(op_build_arena(build),
	    sizeof(*args));

	if (op_build_node(build, "write") != NULL)
		op_build_order(build, OP_EFFECT);
	if (op_build_node(build, "guard") != NULL)
		op_build_order(build, OP_GUARD);
	args->how = settings->how;
	return args;
}

static void
play_fail(struct op *op, int status)
{
	struct error err;

	error_set(&err, ERROR_INTERNAL, "%s failed", op_name(op));
	err.status = status;
	op_fail(op, &err);
}

static void
play_done(struct op *op)
{
	op_done(op, value_text(text_of(op_name(op))));
}

static void
play_start(struct op *op)
{
	const struct play_args *args = op_args(op);

	buf_printf(&story, "%s+ ", op_name(op));
	if (strcmp(args->how, "done") == 0) {
		play_done(op);
		return;
	}
	if (args->how[0] != '\0') {
		play_fail(op, atoi(args->how));
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(playing); i++) {
		if (playing[i] == NULL) {
			playing[i] = op;
			return;
		}
	}
	fail_msg("too many play at once");
}

static struct op *
play_take(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(playing); i++) {
		struct op *op = playing[i];

		if (op != NULL && strcmp(op_name(op), name) == 0) {
			playing[i] = NULL;
			return op;
		}
	}
	fail_msg("%s does not run; so far: %.*s", name, (int)story.len,
	    story.data);
	return NULL;
}

static inline void
play_cancel(struct op *op)
{
	buf_printf(&story, "%s- ", op_name(op));
	play_take(op_name(op));
}

static inline void
play_drop(struct op *op)
{
	buf_printf(&story, "%s~ ", op_name(op));
	play_take(op_name(op));
}

#define PLAY(verb, keys) { \
	.name = (verb), .section = &(keys), .shape = OP_SCALAR, \
	.state_size = 1, .compile = play_compile, .start = play_start, \
	.cancel = play_cancel, .drop = play_drop }

static const struct op_type op_read = PLAY("read", read_section),
    op_write = PLAY("write", write_section),
    op_guard = PLAY("guard", guard_section);

static const struct op_type *const types[] = {
	&op_read, &op_write, &op_guard, &op_sleep, &op_require, NULL
};

/* ---- one plan, and runs of it */

struct stage {
	struct conf_text conf;
	struct event_base *base;
	struct turn *turn;
	struct services *services;
	struct limits_conf limits;
	struct plans *plans;
	struct run *run;
	struct run_input input;
	unsigned answers;
	int status;
	char message[200];
	char headers[200];	/* "name: value|" of each */
};

static inline void
stage_open(struct stage *stage, const char *route)
{
	char source[4000];
	struct conf_into into = { &limits_section, &stage->limits };
	struct services_start start = { .described = true,
		.application_name = "unit" };

	memset(stage, 0, sizeof(*stage));
	log_open(LOG_LEVEL_ERROR, -1);
	snprintf(source, sizeof(source), "routes = { r = {\n"
	    "on = \"GET /x/{part}\";\n%s\n}; };\n", route);
	conf_text_load(&stage->conf, source);
	conf_read(NULL, &into, 1, stage->conf.report);
	stage->plans = plans_compile(stage->conf.root, types, &stage->limits,
	    stage->conf.report);
	plans_link(stage->plans, NULL, stage->conf.report);
	conf_text_assert(&stage->conf, "");
	stage->base = event_base_new();
	stage->turn = turn_new(stage->base);
	start.base = stage->base;
	start.turn = stage->turn;
	stage->services = services_open(&start);
	buf_release(&story);
}

static inline void
stage_close(struct stage *stage)
{
	services_close(stage->services);
	turn_free(stage->turn);
	event_base_free(stage->base);
	plans_free(stage->plans);
	conf_text_free(&stage->conf);
	buf_release(&story);
	arena_release_kept();
}

static inline void
stage_on_done(void *arg, const struct run_reply *reply,
    const struct error *err)
{
	struct stage *stage = arg;

	stage->answers++;
	stage->status = err != NULL ? err->status : reply->status;
	snprintf(stage->message, sizeof(stage->message), "%s",
	    err != NULL ? err->message : "");
	stage->headers[0] = '\0';
	for (unsigned i = 0; err == NULL && i < reply->nheaders; i++)
		snprintf(stage->headers + strlen(stage->headers),
		    sizeof(stage->headers) - strlen(stage->headers),
		    "%.*s: %.*s|", (int)reply->headers[i].name.len,
		    reply->headers[i].name.at,
		    (int)reply->headers[i].value.len,
		    reply->headers[i].value.at);
}

static struct text
no_header(const void *headers, struct text name)
{
	(void)headers;
	(void)name;
	return (struct text){ NULL, 0 };
}

static inline struct run *
stage_run(struct stage *stage, run_done_fn *done, void *arg)
{
	static const struct text part = { "7", 1 };
	struct arena *arena = arena_new();
	struct run_input *input = arena_alloc(arena, sizeof(*input));

	*input = (struct run_input){
		.request_id = "q", .method = TEXT("GET"),
		.path = TEXT("/x/7"), .parts = &part, .nparts = 1,
		.header = no_header, .received_us = clock_us(),
	};
	return run_start(plans_at(stage->plans, 0), arena, input,
	    stage->services, done, arg);
}

static inline void
stage_start(struct stage *stage)
{
	stage->run = stage_run(stage, stage_on_done, stage);
	assert_int_equal(stage->answers, 0);	/* never inside the call */
}

static inline void
stage_turn(struct stage *stage)
{
	event_base_loop(stage->base, EVLOOP_NONBLOCK);
}

static inline void
stage_end(struct stage *stage, const char *name)
{
	(void)stage;
	play_done(play_take(name));
}

static inline void
stage_break(struct stage *stage, const char *name, int status)
{
	(void)stage;
	play_fail(play_take(name), status);
}

static inline void
assert_story(const char *expected)
{
	buf_add_byte(&story, '\0');
	assert_string_equal(story.data, expected);
	story.len = 0;
}

static inline void
assert_body(struct stage *stage, const char *expected)
{
	struct buf out = { NULL, 0, 0 };

	assert_int_equal(stage->answers, 1);
	while (!run_write(stage->run, &out, out.len + 1))
		continue;
	buf_add_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static inline void
stage_assert_answer(struct stage *stage, int status)
{
	stage_turn(stage);
	assert_int_equal(stage->answers, 1);
	assert_int_equal(stage->status, status);
}

#endif
