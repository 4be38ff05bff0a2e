/*
 * What references are worth in a run, and the head of its reply.
 */
#include "plan/run_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

static struct value
run_number(struct run *run, int64_t number)
{
	char *digits = arena_printf(run->arena, "%lld", (long long)number);

	return value_number(text_of(digits));
}

static struct value
run_op_value(struct run *run, const struct binding *binding)
{
	const struct op *op = &run->ops[binding->index];
	struct value value = op->value;
	unsigned done = 0;

	/* Of an `else` only the names of members are known. */
	if (binding->column >= 0 && op->state == OP_DONE &&
	    !value_is_null(&value)) {
		value = value_element(&value, (uint32_t)binding->column);
		done = 1;
	}
	return binding_walk(value, binding->path + done,
	    binding->npath - done, run->arena);
}

static struct value
run_op_state(const struct op *op)
{
	static const char *const names[] = {
		[OP_WAITING] = "waiting", [OP_RUNNING] = "running",
		[OP_DONE] = "done", [OP_FAILED] = "failed",
		[OP_SKIPPED] = "skipped", [OP_CANCELLED] = "cancelled",
	};

	return value_text(text_of(names[op->state]));
}

static struct value
run_op_status(struct run *run, const struct op *op)
{
	if (op->state == OP_DONE)
		return run_number(run, 200);
	return op->state == OP_FAILED ? run_number(run, op->status)
	    : VALUE_NULL;
}

static struct value
run_op_ms(struct run *run, const struct op *op)
{
	int64_t us = op->ended_us - op->started_us;

	if (op->started_us == 0)
		return VALUE_NULL;
	return value_number(text_of(arena_printf(run->arena, "%lld.%03d",
	    (long long)(us / 1000), (int)(us % 1000))));
}

static struct value
run_count(struct run *run, struct value value)
{
	return run_number(run, value_count(&value));
}

static struct value
run_op_fact(struct run *run, const struct binding *binding)
{
	const struct op *op = &run->ops[binding->index];

	switch (binding->fact) {
	case FACT_VALUE:
		return run_op_value(run, binding);
	case FACT_COUNT:
		return run_count(run, run_op_value(run, binding));
	case FACT_STATE:
		return run_op_state(op);
	case FACT_SOURCE:
		if (op->state != OP_DONE || op->plan->sql.statement == NULL)
			return VALUE_NULL;
		return value_text(TEXT("database"));
	case FACT_STATUS:
		return run_op_status(run, op);
	case FACT_MS:
		return run_op_ms(run, op);
	}
	return VALUE_NULL;
}

struct value
run_value(void *arg, const struct binding *binding)
{
	struct run *run = arg;
	struct value value;

	switch (binding->kind) {
	case BINDING_NULL:
		return VALUE_NULL;
	case BINDING_INPUT:
		value = inputs_value(run->values, binding->index);
		return binding->fact == FACT_COUNT ? run_count(run, value)
		    : value;
	case BINDING_SENT:
		return value_bool(inputs_sent(run->values, binding->index));
	case BINDING_OP:
		break;
	}
	return run_op_fact(run, binding);
}

struct value
run_else_value(struct run *run, const struct plan_op *op)
{
	const struct binding *exact = template_exact(op->else_value);
	struct template_at at = { 0 };
	struct buf out = { NULL, 0, 0 };
	struct text json;

	if (exact != NULL)
		return binding_value(exact, &run->source);
	template_write(op->else_value, &run->source, &out, SIZE_MAX, &at);
	json = (struct text){ out.data, out.len };
	json.at = arena_text(run->arena, json);
	buf_release(&out);
	return value_parse(value_json(json), run->arena);
}

bool
op_needs_column(const struct op *op, struct text name)
{
	const struct plan *plan = op->run->plan;
	unsigned step = op->plan->type->shape == OP_LIST ? 1 : 0;
	const struct binding *binding = plan->bindings;

	for (; binding != NULL; binding = binding->next) {
		if (binding->kind == BINDING_OP &&
		    &op->run->ops[binding->index] == op &&
		    binding->npath > step &&
		    text_equal(binding->path[step], name))
			return true;
	}
	return op->plan->type->shape == OP_SCALAR;
}

/* ---- the reply's head ---------------------------------------------------- */

/* Only what we were given can hold a line end: constants were checked. */
static int
run_check_header(const struct run *run, const struct plan_header *header,
    struct text value, struct error *err)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char byte = (unsigned char)value.at[i];

		if (byte >= 0x20 ? byte != 0x7f : byte == '\t')
			continue;
		error_set(err, ERROR_INTERNAL, NULL);
		error_detail(err, "a control byte in the header field %.*s",
		    (int)header->name.len, header->name.at);
		err->pos = run->plan->pos;
		return -1;
	}
	return 0;
}

static int
run_prepare_headers(struct run *run, struct error *err)
{
	const struct plan *plan = run->plan;
	const struct plan_header *header;
	const struct binding *exact;
	struct run_header *headers;
	struct value value;
	struct text text;
	unsigned n = 0;

	headers = arena_bytes(run->arena, plan->nheaders * sizeof(*headers));
	for (unsigned i = 0; i < plan->nheaders; i++) {
		header = &plan->headers[i];
		exact = template_exact(header->value);
		if (exact != NULL) {
			value = binding_value(exact, &run->source);
			if (value_is_null(&value))
				continue;
		}
		text = template_text(header->value, &run->source);
		if (run_check_header(run, header, text, err) != 0)
			return -1;
		headers[n].name = header->name;
		headers[n++].value = text;
	}
	run->reply.headers = headers;
	run->reply.nheaders = n;
	return 0;
}

int
run_prepare_reply(struct run *run, struct error *err)
{
	const struct plan *plan = run->plan;
	struct run_reply *reply = &run->reply;

	reply->status = plan->status;
	reply->has_body = plan->has_body;
	reply->content_type = plan->content_type;
	if (plan->constant_headers != NULL) {
		reply->headers = plan->constant_headers;
		reply->nheaders = plan->nheaders;
		return 0;
	}
	return run_prepare_headers(run, err);
}
