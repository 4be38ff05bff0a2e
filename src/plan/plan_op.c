/*
 * One operation of a route: its verb, the keys that any verb may have, and
 * what the verb's own file makes of the rest.
 */
#include "plan/plan_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/condition.h"
#include "plan/plan_docs.h"
#include "plan/template.h"

#define AT(field) offsetof(struct op_conf, field)

static const struct conf_key operation_keys[] = {
	{ .name = "after", .type = CONF_TYPE_STRINGS, .at = AT(after),
	  .doc = "Operations that must have ended before this one starts, "
	      "besides those it refers to." },
	{ .name = "when", .type = CONF_TYPE_NODE, .at = AT(when),
	  .syntax = "\"{NAME} > 0\", a condition",
	  .doc = "Where this is false or null the operation is skipped, and "
	      "its value is null." },
	{ .name = "else", .type = CONF_TYPE_NODE, .at = AT(else_value),
	  .syntax = "\"{null}\", or any value as in reply",
	  .doc = "The value of a read that failed; without it the request "
	      "fails. Not for what changes something." },
	{ .name = "timeout", .type = CONF_TYPE_TIME, .at = AT(timeout_ms),
	  .min = 1, .max = 86400000,
	  .doc = "How long this read may take before it fails with 504. "
	      "Unset: as long as the request." },
};

const struct conf_section operation_section = {
	.name = "operation", .where = "routes.NAME.do.NAME",
	.size = sizeof(struct op_conf),
	.keys = operation_keys, .nkeys = ARRAY_LEN(operation_keys),
	.doc = "What any operation may say beside its verb.",
};

const char *
op_build_name(const struct op_build *build)
{
	return build->op->name;
}

const void *
op_build_settings(const struct op_build *build)
{
	return build->settings;
}

struct arena *
op_build_arena(const struct op_build *build)
{
	return build->build->plans->arena;
}

struct conf_report *
op_build_report(const struct op_build *build)
{
	return build->build->report;
}

struct scope *
op_build_scope(const struct op_build *build)
{
	return &build->build->scope;
}

const struct conf_node *
op_build_node(const struct op_build *build, const char *key)
{
	return conf_node_find(build->node, key);
}

void
op_build_order(struct op_build *build, enum op_order order)
{
	build->op->order = order;
}

/* ---- the verb ------------------------------------------------------------ */

static const struct op_type *
op_find_type(const struct plan_build *build, const char *name)
{
	const struct op_type *const *types = build->plans->types;

	for (unsigned i = 0; types[i] != NULL; i++) {
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	}
	return NULL;
}

static bool
op_key_is_common(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(operation_keys); i++) {
		if (strcmp(operation_keys[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Its writer meant one of these: the word next to a verb, or any. */
static void
op_fault_no_verb(struct plan_build *build, const struct conf_node *node)
{
	const struct op_type *const *types = build->plans->types;
	const char **names, *key;
	unsigned n = 0;

	while (types[n] != NULL)
		n++;
	names = memory_new((n + 1) * sizeof(*names));
	for (unsigned i = 0; i < n; i++)
		names[i] = types[i]->name;
	for (size_t i = 0; i < conf_node_count(node); i++) {
		key = conf_node_name(conf_node_at(node, i));
		if (op_key_is_common(key))
			continue;
		conf_fault_unknown(build->report,
		    conf_node_name_pos(conf_node_at(node, i)), "verb", key,
		    names);
		free(names);
		return;
	}
	free(names);
	if (!conf_node_holed(node))
		conf_fault(build->report, conf_node_name_pos(node),
		    "the operation \"%s\" has no verb, such as row or sleep",
		    conf_node_name(node));
}

/* NULL after a fault. */
static const struct op_type *
op_verb(struct plan_build *build, const struct conf_node *node)
{
	const struct op_type *type = NULL, *other;
	const struct conf_node *member;

	for (size_t i = 0; i < conf_node_count(node); i++) {
		member = conf_node_at(node, i);
		other = op_find_type(build, conf_node_name(member));
		if (other != NULL && type != NULL) {
			conf_fault(build->report, conf_node_name_pos(member),
			    "an operation has one verb; \"%s\" has %s and %s",
			    conf_node_name(node), type->name, other->name);
			return NULL;
		}
		if (other != NULL)
			type = other;
	}
	if (type == NULL)
		op_fault_no_verb(build, node);
	return type;
}

/* ---- the rest ------------------------------------------------------------ */

static void
op_check_name(struct plan_build *build, const struct conf_node *node)
{
	const char *name = conf_node_name(node);

	if (scope_is_reserved(name))
		conf_fault(build->report, conf_node_name_pos(node),
		    "\"%s\" is a reserved name", name);
}

static void
op_common(struct op_build *op_build, const struct op_conf *conf)
{
	struct plan_build *build = op_build->build;
	struct plan_op *op = op_build->op;

	op->after = conf->after;
	op->timeout_ms = conf->timeout_ms;
	if (conf->when != NULL)
		op->when = condition_compile(conf->when, &build->scope);
	if (conf->else_value != NULL)
		op->else_value = template_compile(conf->else_value,
		    &build->scope);
	if (op->order != OP_READ && conf->else_value != NULL)
		conf_fault(build->report,
		    conf_node_name_pos(conf->else_value),
		    "else makes a read optional; \"%s\" %s", op->name,
		    op->order == OP_GUARD ? "is a guard"
		    : "changes something");
	if (op->order == OP_EFFECT && conf->timeout_ms > 0)
		conf_fault(build->report, conf_node_name_pos(
		    conf_node_find(op_build->node, "timeout")),
		    "timeout ends a read; \"%s\" changes something and is "
		    "finished once it has begun", op->name);
}

static void
plan_compile_op(struct plan_build *build, const struct conf_node *node,
    struct plan_op *op)
{
	const struct op_type *type;
	struct op_conf conf = { NULL };
	struct op_build op_build = { .build = build, .op = op, .node = node };
	struct conf_into into[] = {
		{ &operation_section, &conf }, { NULL, NULL },
	};

	op->name = build->names[op - build->plan->ops];
	op->name_pos = conf_node_name_pos(node);
	op->pos = op->name_pos;
	op_check_name(build, node);
	if (conf_node_kind(node) != CONF_GROUP) {
		conf_fault(build->report, conf_node_pos(node),
		    "an operation is a group, { row = \"SELECT ...\"; }");
		return;
	}
	type = op_verb(build, node);
	if (type == NULL)
		return;
	op->pos = conf_node_pos(conf_node_find(node, type->name));
	op_build.settings = arena_alloc(build->plans->arena,
	    type->section->size);
	into[1] = (struct conf_into){ type->section, op_build.settings };
	conf_read(node, into, ARRAY_LEN(into), build->report);
	op->type = type;
	op->args = type->compile(&op_build);
	op_common(&op_build, &conf);
}

void
plan_compile_ops(struct plan_build *build, const struct conf_node *group)
{
	struct plan *plan = build->plan;
	struct plan_op *op;

	for (unsigned i = 0; i < plan->nops; i++) {
		op = &plan->ops[i];
		build->scope.user = i;
		plan_compile_op(build, conf_node_at(group, i), op);
		if (op->type == NULL)
			continue;
		op->state_at = plan->state_size;
		plan->state_size += (op->type->state_size + 15) & ~(size_t)15;
		plan->has_effects |= op->order == OP_EFFECT;
		plan->has_sql |= op->sql.statement != NULL;
	}
}
