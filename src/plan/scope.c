/*
 * Looks references up while a route is compiled. The only place that knows
 * which words in braces stand for what.
 */
#include "plan/scope.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/inputs.h"

struct scope_place {
	const char *name;
	enum input_place place;
};

static const struct scope_place scope_places[] = {
	{ "body", INPUT_BODY }, { "query", INPUT_QUERY },
	{ "path", INPUT_PATH }, { "header", INPUT_HEADER },
	{ "cookie", INPUT_COOKIE },
};

/* Names that no operation and no path part may have. */
static const char *const scope_reserved[] = {
	"body", "query", "path", "form", "header", "cookie", "claims",
	"client", "request", "error", "job", "null", "each", NULL
};

static const char *const scope_facts[] = {
	[FACT_VALUE] = "", [FACT_COUNT] = "count", [FACT_STATE] = "state",
	[FACT_SOURCE] = "source", [FACT_STATUS] = "status", [FACT_MS] = "ms",
	NULL
};

bool
scope_is_reserved(const char *name)
{
	for (unsigned i = 0; scope_reserved[i] != NULL; i++) {
		if (text_equal(text_of(name), text_of(scope_reserved[i])))
			return true;
	}
	return false;
}

static int
scope_find_op(const struct scope *scope, struct text name)
{
	for (unsigned i = 0; i < scope->nops; i++) {
		if (text_equal(name, text_of(scope->ops[i])))
			return (int)i;
	}
	return -1;
}

static const struct scope_place *
scope_find_place(struct text name)
{
	for (unsigned i = 0; i < ARRAY_LEN(scope_places); i++) {
		if (text_equal(name, text_of(scope_places[i].name)))
			return &scope_places[i];
	}
	return NULL;
}

bool
scope_knows(const struct scope *scope, const struct reference *ref)
{
	enum input_place place;

	if (scope_find_op(scope, ref->name) >= 0)
		return true;
	if (scope->inputs == NULL)
		return false;
	if (scope_find_place(ref->name) != NULL)
		return ref->path.len > 0;
	return inputs_find(scope->inputs, ref->name, &place);
}

const char **
scope_names(const struct scope *scope)
{
	const char *const *inputs = NULL;
	const char **names;
	unsigned n = 0, count = 0;

	if (scope->inputs != NULL)
		inputs = inputs_names(scope->inputs);
	while (inputs != NULL && inputs[count] != NULL)
		count++;
	names = memory_new((scope->nops + count + ARRAY_LEN(scope_places) +
	    1) * sizeof(*names));
	for (unsigned i = 0; i < scope->nops; i++)
		names[n++] = scope->ops[i];
	for (unsigned i = 0; i < count; i++)
		names[n++] = inputs[i];
	for (unsigned i = 0; i < ARRAY_LEN(scope_places) && inputs != NULL;
	    i++)
		names[n++] = scope_places[i].name;
	names[n] = NULL;
	return names;
}

static void
scope_fault_unknown(struct scope *scope, const struct reference *ref,
    struct src_pos pos)
{
	char *name = arena_text(scope->arena, ref->name);
	const char **names;

	if (scope_is_reserved(name)) {
		conf_fault(scope->report, pos,
		    "{%s} is not known at this place", name);
		return;
	}
	names = scope_names(scope);
	conf_fault_unknown(scope->report, pos, "name", name, names);
	free(names);
}

static struct binding *
scope_add(struct scope *scope, enum binding_kind kind,
    const struct reference *ref, struct src_pos pos)
{
	struct binding *binding = arena_alloc(scope->arena, sizeof(*binding));

	binding->kind = kind;
	binding->column = -1;
	binding->user = scope->user;
	binding->whole = (struct text){
		arena_text(scope->arena, ref->whole), ref->whole.len
	};
	binding->pos = pos;
	binding->next = scope->bindings;
	scope->bindings = binding;
	return binding;
}

/* Returns -1 after a fault. */
static int
scope_fact(struct scope *scope, const struct reference *ref,
    struct src_pos pos, enum binding_fact *fact)
{
	*fact = FACT_VALUE;
	if (ref->fact.at == NULL)
		return 0;
	for (unsigned i = FACT_COUNT; scope_facts[i] != NULL; i++) {
		if (text_equal(ref->fact, text_of(scope_facts[i]))) {
			*fact = (enum binding_fact)i;
			return 0;
		}
	}
	conf_fault_unknown(scope->report, pos, "fact",
	    arena_text(scope->arena, ref->fact), scope_facts + FACT_COUNT);
	return -1;
}

static void
scope_path(struct scope *scope, struct binding *binding, struct text path)
{
	struct text rest = path, step, *steps;
	unsigned n = 0;

	while (reference_step(&rest, &step))
		n++;
	steps = arena_alloc(scope->arena, n * sizeof(*steps));
	for (n = 0; reference_step(&path, &step); n++)
		steps[n] = (struct text){
			arena_text(scope->arena, step), step.len
		};
	binding->path = steps;
	binding->npath = n;
}

static const struct binding *
scope_bind_op(struct scope *scope, const struct reference *ref,
    struct src_pos pos, unsigned op, enum binding_fact fact)
{
	struct binding *binding;

	if (ref->asked) {
		conf_fault(scope->report, pos, "{%.*s}: only what a client "
		    "sends can be asked for; an operation has {%.*s:state}",
		    (int)ref->whole.len, ref->whole.at,
		    (int)ref->name.len, ref->name.at);
		return NULL;
	}
	if (op == scope->user) {
		conf_fault(scope->report, pos,
		    "the operation \"%s\" refers to itself", scope->ops[op]);
		return NULL;
	}
	binding = scope_add(scope, BINDING_OP, ref, pos);
	binding->index = op;
	binding->fact = fact;
	scope_path(scope, binding, ref->path);
	return binding;
}

static const struct binding *
scope_bind_input(struct scope *scope, const struct reference *ref,
    struct src_pos pos, enum input_place place, struct text path,
    enum binding_fact fact)
{
	struct binding *binding;
	int input;

	if (fact > FACT_COUNT) {
		conf_fault(scope->report, pos,
		    "{%.*s}: only operations have this fact",
		    (int)ref->whole.len, ref->whole.at);
		return NULL;
	}
	input = inputs_refer(scope->inputs, place, path, ref->asked, pos,
	    scope->report);
	if (input < 0)
		return NULL;
	binding = scope_add(scope, ref->asked ? BINDING_SENT : BINDING_INPUT,
	    ref, pos);
	binding->index = (unsigned)input;
	binding->fact = fact;
	return binding;
}

const struct binding *
scope_bind(struct scope *scope, const struct reference *ref,
    struct src_pos pos)
{
	const struct scope_place *named = scope_find_place(ref->name);
	int op = scope_find_op(scope, ref->name);
	enum input_place place;
	enum binding_fact fact;

	if (scope_fact(scope, ref, pos, &fact) != 0)
		return NULL;
	if (text_equal(ref->whole, TEXT("null")))
		return scope_add(scope, BINDING_NULL, ref, pos);
	if (op >= 0)
		return scope_bind_op(scope, ref, pos, (unsigned)op, fact);
	if (scope->inputs != NULL && named != NULL)
		return scope_bind_input(scope, ref, pos, named->place,
		    ref->path, fact);
	if (scope->inputs == NULL ||
	    !inputs_find(scope->inputs, ref->name, &place)) {
		scope_fault_unknown(scope, ref, pos);
		return NULL;
	}
	if (ref->path.len > 0) {
		conf_fault(scope->report, pos, "{%.*s}: \"%.*s\" is one "
		    "value and has no parts", (int)ref->whole.len,
		    ref->whole.at, (int)ref->name.len, ref->name.at);
		return NULL;
	}
	return scope_bind_input(scope, ref, pos, place, ref->name, fact);
}

bool
scope_bind_exact(struct scope *scope, const struct conf_node *node,
    const struct binding **binding)
{
	struct text text;
	struct reference ref;

	if (conf_node_kind(node) != CONF_STRING)
		return false;
	text = (struct text){ conf_node_text(node), conf_node_length(node) };
	if (text.len == 0 || text.at[0] != '{' ||
	    reference_parse(text, 0, &ref) != text.len)
		return false;
	*binding = scope_bind(scope, &ref, conf_node_text_pos(node, 0));
	return true;
}
