/*
 * Who waits for whom. References and `after` are edges; the rest follows from
 * "reads float, effects are ordered": a guard is before all that is written
 * below it, an effect behind every guard, effect and read without `else`
 * written above it.
 */
#include "plan/plan_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"

#define GRAPH_OPS_MAX 500

enum { EDGE_WRITTEN = 1, EDGE_ORDER = 2 };

struct graph {
	struct plan_build *build;
	struct plan_op *ops;
	unsigned n;
	unsigned char *edges;		/* n x n: from, to */
};

static unsigned char *
graph_edge(struct graph *graph, unsigned from, unsigned to)
{
	return &graph->edges[from * graph->n + to];
}

/* ---- edges --------------------------------------------------------------- */

static void
graph_add_after_name(struct graph *graph, unsigned op,
    const struct conf_node *node)
{
	struct plan_build *build = graph->build;
	const char **names;

	for (unsigned i = 0; i < graph->n; i++) {
		if (strcmp(graph->ops[i].name, conf_node_text(node)) != 0)
			continue;
		if (i == op)
			conf_fault(build->report, conf_node_pos(node),
			    "the operation \"%s\" waits for itself",
			    graph->ops[i].name);
		else
			*graph_edge(graph, i, op) |= EDGE_WRITTEN;
		return;
	}
	names = memory_new((graph->n + 1) * sizeof(*names));
	for (unsigned i = 0; i < graph->n; i++)
		names[i] = graph->ops[i].name;
	conf_fault_unknown(build->report, conf_node_pos(node), "operation",
	    conf_node_text(node), names);
	free(names);
}

static void
graph_add_after(struct graph *graph, unsigned op)
{
	const struct conf_node *after = graph->ops[op].after;

	if (after == NULL)
		return;
	if (conf_node_kind(after) == CONF_STRING) {
		graph_add_after_name(graph, op, after);
		return;
	}
	for (size_t i = 0; i < conf_node_count(after); i++)
		graph_add_after_name(graph, op, conf_node_at(after, i));
}

static void
graph_add_references(struct graph *graph)
{
	struct plan *plan = graph->build->plan;
	const struct binding *binding;

	for (binding = plan->bindings; binding != NULL;
	    binding = binding->next) {
		if (binding->kind != BINDING_OP)
			continue;
		if (binding->fact == FACT_MS)
			graph->ops[binding->index].timed = true;
		if (binding->user != BINDING_NOBODY)
			*graph_edge(graph, binding->index, binding->user) |=
			    EDGE_WRITTEN;
	}
}

static bool
graph_holds_effects(const struct plan_op *op)
{
	return op->order != OP_READ || op->else_value == NULL;
}

static void
graph_add_order(struct graph *graph, unsigned op)
{
	for (unsigned i = op + 1; i < graph->n; i++) {
		if (graph->ops[op].order == OP_GUARD ||
		    (graph->ops[i].order == OP_EFFECT &&
		    graph_holds_effects(&graph->ops[op])))
			*graph_edge(graph, op, i) |= EDGE_ORDER;
	}
}

/* ---- cycles -------------------------------------------------------------- */

/* Takes away what waits for nothing, again and again; marks what is left. */
static bool
graph_find_cyclic(struct graph *graph, bool *cyclic)
{
	bool changed = true, any = false, waits;

	memset(cyclic, true, graph->n);
	while (changed) {
		changed = false;
		any = false;
		for (unsigned to = 0; to < graph->n; to++) {
			if (!cyclic[to])
				continue;
			waits = false;
			for (unsigned from = 0; from < graph->n; from++)
				waits |= cyclic[from] &&
				    *graph_edge(graph, from, to) != 0;
			cyclic[to] = waits;
			changed |= !waits;
			any |= waits;
		}
	}
	return any;
}

/* Whom this one waits for; of several the first. */
static unsigned
graph_before(struct graph *graph, const bool *cyclic, unsigned op)
{
	unsigned from = 0;

	while (!cyclic[from] || *graph_edge(graph, from, op) == 0)
		from++;
	return from;
}

static void
graph_fault_cycle(struct graph *graph, const bool *cyclic)
{
	bool *seen = memory_new(graph->n);
	struct buf names = { NULL, 0, 0 };
	bool ordered = false;
	unsigned first = 0, at;

	while (!cyclic[first])
		first++;
	for (; !seen[first]; first = graph_before(graph, cyclic, first))
		seen[first] = true;
	at = first;
	do {
		buf_printf(&names, "\"%s\" waits for ", graph->ops[at].name);
		first = graph_before(graph, cyclic, at);
		ordered |= *graph_edge(graph, first, at) == EDGE_ORDER;
		seen[at] = false;
		at = first;
	} while (seen[at]);
	conf_fault(graph->build->report, graph->ops[at].name_pos,
	    "a circle: %.*s\"%s\"%s", (int)names.len, names.data,
	    graph->ops[at].name, ordered ? "; what is written below a guard "
	    "waits for it, and a write for what is above it" : "");
	buf_release(&names);
	free(seen);
}

/* ---- the result ---------------------------------------------------------- */

static void
graph_store(struct graph *graph)
{
	struct arena *arena = graph->build->plans->arena;
	unsigned *next;

	for (unsigned from = 0; from < graph->n; from++) {
		next = arena_alloc(arena, graph->n * sizeof(*next));
		graph->ops[from].next = next;
		for (unsigned to = 0; to < graph->n; to++) {
			if (*graph_edge(graph, from, to) == 0)
				continue;
			next[graph->ops[from].nnext++] = to;
			graph->ops[to].nwaits++;
		}
	}
}

/* What a path can mean is known by the verb, columns come later. */
static void
graph_check_path(struct graph *graph, const struct binding *binding)
{
	const struct plan_op *op = &graph->ops[binding->index];
	struct conf_report *report = graph->build->report;

	if (op->type == NULL || binding->npath == 0)
		return;
	if (op->type->shape == OP_NOTHING)
		conf_fault(report, binding->pos,
		    "{%.*s}: the value of %s has no parts",
		    (int)binding->whole.len, binding->whole.at,
		    op->type->name);
	else if (op->type->shape == OP_LIST &&
	    strspn(binding->path[0].at, "0123456789") != binding->path[0].len)
		conf_fault(report, binding->pos, "{%.*s}: \"%s\" is a list; "
		    "{%s.0.%.*s} is of its first row",
		    (int)binding->whole.len, binding->whole.at, op->name,
		    op->name, (int)binding->path[0].len,
		    binding->path[0].at);
}

void
plan_graph(struct plan_build *build)
{
	struct plan *plan = build->plan;
	struct graph graph = { build, plan->ops, plan->nops, NULL };
	const struct binding *binding;
	bool *cyclic;

	if (plan->nops == 0)
		return;
	if (plan->nops > GRAPH_OPS_MAX) {
		conf_fault(build->report, plan->pos,
		    "more than %d operations in one route", GRAPH_OPS_MAX);
		return;
	}
	graph.edges = memory_new((size_t)graph.n * graph.n);
	graph_add_references(&graph);
	for (unsigned i = 0; i < graph.n; i++) {
		graph_add_after(&graph, i);
		graph_add_order(&graph, i);
	}
	for (binding = plan->bindings; binding != NULL;
	    binding = binding->next) {
		if (binding->kind == BINDING_OP)
			graph_check_path(&graph, binding);
	}
	cyclic = memory_new(graph.n);
	if (graph_find_cyclic(&graph, cyclic))
		graph_fault_cycle(&graph, cyclic);
	else
		graph_store(&graph);
	free(cyclic);
	free(graph.edges);
}
