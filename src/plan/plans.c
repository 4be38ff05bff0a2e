/*
 * All routes of a generation, and what can be asked of one.
 */
#include "plan/plan_state.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"
#include "io/pg_rows.h"
#include "plan/error_map.h"
#include "plan/inputs.h"
#include "plan/schema.h"

static void
plans_compile_routes(struct plans *plans, const struct conf_node *routes,
    const struct limits_conf *limits, struct conf_report *report)
{
	struct plan *plan;

	if (routes == NULL)
		return;
	if (conf_node_kind(routes) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(routes),
		    "routes is a group, { NAME = { on = \"GET /\"; ... }; }");
		return;
	}
	plans->list = memory_new((conf_node_count(routes) + 1) *
	    sizeof(struct plan *));
	for (size_t i = 0; i < conf_node_count(routes); i++) {
		plan = plan_compile(plans, conf_node_at(routes, i), limits,
		    report);
		if (plan != NULL)
			plans->list[plans->nplans++] = plan;
	}
}

struct plans *
plans_compile(const struct conf_node *root,
    const struct op_type *const types[], const struct limits_conf *limits,
    struct conf_report *report)
{
	struct plans *plans = memory_new(sizeof(*plans));
	const struct conf_node *groups = conf_node_find(root, "groups");

	plans->arena = arena_new();
	plans->types = types;
	plans_init_statements(plans);
	plans->schemas = schemas_compile(conf_node_find(root, "types"),
	    report);
	plans->errors = error_map_compile(conf_node_find(root, "errors"),
	    plans->arena, report);
	plans_compile_routes(plans, conf_node_find(root, "routes"), limits,
	    report);
	if (groups != NULL)
		conf_fault(report, conf_node_name_pos(groups),
		    "groups are not served yet; write their routes under "
		    "routes");
	return plans;
}

unsigned
plans_count(const struct plans *plans)
{
	return plans->nplans;
}

struct plan *
plans_at(const struct plans *plans, unsigned i)
{
	return plans->list[i];
}

struct pg_statement *const *
plans_statements(const struct plans *plans, unsigned *n)
{
	*n = plans->nstatements;
	return plans->statements;
}

int
plans_link(struct plans *plans, const struct pg_description *description,
    struct conf_report *report)
{
	unsigned before = conf_report_faults(report);

	for (unsigned i = 0; i < plans->nplans; i++)
		plan_link(plans->list[i], description, report);
	if (description != NULL)
		error_map_link(plans->errors, description, 0, report);
	if (conf_report_faults(report) > before)
		return -1;
	plans->linked = description != NULL || plans->nstatements == 0;
	return 0;
}

void
plans_tell_error(const struct plans *plans, const struct plan *plan,
    struct error *err)
{
	if (plan == NULL || error_map_apply(plan->errors, err) == 0)
		error_map_apply(plans->errors, err);
}

bool
plans_are_linked(const struct plans *plans)
{
	return plans->linked;
}

void
plans_free(struct plans *plans)
{
	if (plans == NULL)
		return;
	for (unsigned i = 0; i < plans->nplans; i++)
		inputs_free(plans->list[i]->inputs);
	/* They were hung on the statements by pg_description_link. */
	for (unsigned i = 0; i < plans->nstatements; i++)
		pg_columns_free((struct pg_columns *)(uintptr_t)
		    plans->statements[i]->columns);
	schemas_free(plans->schemas);
	free(plans->list);
	free(plans->statements);
	free(plans->buckets);
	arena_free(plans->arena);
	free(plans);
}

/* ---- one ----------------------------------------------------------------- */

const char *
plan_name(const struct plan *plan)
{
	return plan->name;
}

const char *
plan_method(const struct plan *plan)
{
	return plan->method;
}

const char *
plan_pattern(const struct plan *plan)
{
	return plan->pattern;
}

struct src_pos
plan_pos(const struct plan *plan)
{
	return plan->pos;
}

const struct limits_conf *
plan_limits(const struct plan *plan)
{
	return &plan->limits;
}

bool
plan_takes_body(const struct plan *plan)
{
	return inputs_take_body(plan->inputs);
}

bool
plan_has_effects(const struct plan *plan)
{
	return plan != NULL && plan->has_effects;
}

static void
plan_print_op(const struct plan *plan, unsigned op, FILE *out)
{
	static const char *const orders[] = {
		[OP_READ] = "read", [OP_EFFECT] = "effect",
		[OP_GUARD] = "guard",
	};
	const char *separator = " after ";
	const struct plan_op *other;

	fprintf(out, "\t%s: %s, %s", plan->ops[op].name,
	    plan->ops[op].type->name, orders[plan->ops[op].order]);
	for (unsigned i = 0; i < plan->nops; i++) {
		other = &plan->ops[i];
		for (unsigned j = 0; j < other->nnext; j++) {
			if (other->next[j] != op)
				continue;
			fprintf(out, "%s%s", separator, other->name);
			separator = ", ";
		}
	}
	fputc('\n', out);
}

void
plan_print(const struct plan *plan, FILE *out)
{
	fprintf(out, "%s: %s %s -> %d\n", plan->name, plan->method,
	    plan->pattern, plan->status);
	for (unsigned i = 0; i < plan->nops; i++) {
		if (plan->ops[i].type != NULL)
			plan_print_op(plan, i, out);
	}
}
