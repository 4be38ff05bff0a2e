/*
 * The inputs of one route: what it declares, and what references ask for. A
 * body is a tree: a reference into it owns the way down, so that two routes
 * with one named type can learn different types from their statements.
 */
#include "plan/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/inputs_state.h"
#include "plan/reference.h"

static const char *const place_keys[] = {
	[INPUT_PATH] = "path", [INPUT_QUERY] = "query",
	[INPUT_HEADER] = "header", [INPUT_COOKIE] = "cookie",
	[INPUT_BODY] = "body",
};

/* What a bare {name} can never be. */
static const char *const reserved_names[] = { "body", "query", "path", "form",
	"header", "cookie", "claims", "client", "request", "error", "job",
	"null", "each" };

static bool
name_is_reserved(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(reserved_names); i++) {
		if (strcmp(reserved_names[i], name) == 0)
			return true;
	}
	return false;
}

static int
inputs_index(const struct inputs *inputs, enum input_place place,
    struct text key)
{
	for (unsigned i = 0; i < inputs->count; i++) {
		if (inputs->list[i].place == place &&
		    text_equal(inputs->list[i].key, key))
			return (int)i;
	}
	return -1;
}

static struct input *
inputs_add(struct inputs *inputs, enum input_place place, struct text key,
    struct schema *schema)
{
	size_t size = inputs->count * sizeof(*inputs->list);
	struct input *input;

	inputs->list = arena_grow(inputs->arena, inputs->list, size,
	    size + sizeof(*input));
	input = &inputs->list[inputs->count];
	memset(input, 0, sizeof(*input));
	input->place = place;
	input->key = (struct text){ arena_text(inputs->arena, key), key.len };
	input->name = input->key;
	input->schema = schema;
	schema->input = (int)inputs->count++;
	return input;
}

/* Header fields are written with - where names of values have _. */
static struct text
header_name(struct text key, struct arena *arena)
{
	char *name = arena_text(arena, key);

	for (char *at = name; *at != '\0'; at++) {
		if (*at == '_')
			*at = '-';
	}
	return (struct text){ name, key.len };
}

/* ---- declarations -------------------------------------------------------- */

static int
inputs_part(const struct inputs *inputs, struct text name)
{
	for (unsigned i = 0; i < inputs->nparts; i++) {
		if (text_equal(text_of(inputs->parts[i]), name))
			return (int)i;
	}
	return -1;
}

static void
inputs_check_name(const struct inputs *inputs, enum input_place place,
    const struct conf_node *node, struct conf_report *report)
{
	const char *name = conf_node_name(node);
	int part = inputs_part(inputs, text_of(name));

	if (place == INPUT_PATH && part < 0)
		conf_fault_unknown(report, conf_node_name_pos(node),
		    "part of the path", name, inputs->names);
	if (place == INPUT_QUERY && part >= 0)
		conf_fault(report, conf_node_name_pos(node),
		    "\"%s\" is a part of the path already", name);
	if (place == INPUT_QUERY && name_is_reserved(name))
		conf_fault(report, conf_node_name_pos(node),
		    "\"%s\" cannot be the name of an input; give it another "
		    "and say name = \"%s\"", name, name);
}

static void
inputs_declare(struct inputs *inputs, enum input_place place,
    const struct conf_node *node, struct conf_report *report)
{
	struct schema *declared = schema_compile(inputs->schemas, node,
	    inputs->arena, report), *schema;
	struct text key = text_of(conf_node_name(node));
	struct input *input;

	if (declared == NULL)
		return;
	inputs_check_name(inputs, place, node, report);
	if (declared->lenient && place == INPUT_PATH)
		conf_fault(report, conf_node_name_pos(node),
		    "lenient is for query, header and cookie");
	if (declared->kind == SCHEMA_OBJECT)
		conf_fault(report, conf_node_name_pos(node),
		    "only a body has fields");
	/* What can be known now is told without a database too. */
	schema_settle(declared, inputs->arena, report);
	schema = schema_own(declared, inputs->arena);
	input = inputs_add(inputs, place, key, schema);
	input->optional = schema->optional || schema->nullable;
	if (place == INPUT_HEADER)
		input->name = header_name(key, inputs->arena);
	if (schema->name != NULL)
		input->name = text_of(schema->name);
}

static void
inputs_declare_place(struct inputs *inputs, enum input_place place,
    const struct conf_node *route, struct conf_report *report)
{
	const struct conf_node *group =
	    conf_node_find(route, place_keys[place]);

	if (group == NULL)
		return;
	if (conf_node_kind(group) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(group),
		    "%s is a group, { NAME = { ... }; ... }",
		    place_keys[place]);
		return;
	}
	for (size_t i = 0; i < conf_node_count(group); i++)
		inputs_declare(inputs, place, conf_node_at(group, i), report);
}

static void
inputs_declare_body(struct inputs *inputs, const struct conf_node *route,
    struct conf_report *report)
{
	const struct conf_node *node = conf_node_find(route, "body");
	struct schema *schema;

	if (node == NULL)
		return;
	inputs->takes_body = true;
	if (conf_node_kind(node) == CONF_STRING) {
		schema = schema_new(inputs->arena, conf_node_pos(node));
		schema->declared = true;
		schema_set_type(inputs->schemas, schema, conf_node_text(node),
		    conf_node_pos(node), inputs->arena, report);
	} else {
		schema = schema_compile(inputs->schemas, node, inputs->arena,
		    report);
	}
	if (schema == NULL)
		return;
	schema_fields_optional(schema);
	schema_settle(schema, inputs->arena, report);
	inputs->body = schema_own(schema, inputs->arena);
}

static void
inputs_name_all(struct inputs *inputs)
{
	unsigned n = 0;

	inputs->names = arena_alloc(inputs->arena,
	    (inputs->nparts + inputs->count + 1) * sizeof(*inputs->names));
	for (unsigned i = 0; i < inputs->nparts; i++)
		inputs->names[n++] = inputs->parts[i];
	for (unsigned i = 0; i < inputs->count; i++) {
		if (inputs->list[i].place == INPUT_QUERY)
			inputs->names[n++] = inputs->list[i].key.at;
	}
	inputs->names[n] = NULL;
}

static void
inputs_name_parts(struct inputs *inputs, const char *const parts[],
    unsigned nparts)
{
	inputs->nparts = nparts;
	inputs->parts = arena_alloc(inputs->arena,
	    (nparts + 1) * sizeof(*inputs->parts));
	inputs->part_inputs = arena_alloc(inputs->arena,
	    (nparts + 1) * sizeof(*inputs->part_inputs));
	for (unsigned i = 0; i < nparts; i++) {
		size_t length = strcspn(parts[i], "*");

		inputs->parts[i] = arena_text(inputs->arena,
		    (struct text){ parts[i], length });
		inputs->part_inputs[i] = -1;
	}
	inputs_name_all(inputs);
}

struct inputs *
inputs_compile(const struct conf_node *route, const char *const parts[],
    unsigned nparts, struct schemas *schemas, struct conf_report *report)
{
	struct arena *arena = arena_new();
	struct inputs *inputs = arena_alloc(arena, sizeof(*inputs));
	const struct conf_node *strict = conf_node_find(route, "strict");

	inputs->arena = arena;
	inputs->schemas = schemas;
	inputs->is_strict = strict != NULL && conf_node_bool(strict);
	inputs_name_parts(inputs, parts, nparts);
	for (unsigned i = INPUT_PATH; i < INPUT_BODY; i++)
		inputs_declare_place(inputs, (enum input_place)i, route,
		    report);
	inputs_declare_body(inputs, route, report);
	inputs_name_all(inputs);
	return inputs;
}

/* ---- references ---------------------------------------------------------- */

bool
inputs_find(const struct inputs *inputs, struct text name,
    enum input_place *place)
{
	*place = INPUT_PATH;
	if (inputs_part(inputs, name) >= 0)
		return true;
	*place = INPUT_QUERY;
	for (unsigned i = 0; i < inputs->count; i++) {
		const struct input *input = &inputs->list[i];

		if (input->place == INPUT_QUERY && input->schema->declared &&
		    text_equal(input->key, name))
			return true;
	}
	return false;
}

const char *const *
inputs_names(const struct inputs *inputs)
{
	return inputs->names;
}

bool
inputs_take_body(const struct inputs *inputs)
{
	return inputs->takes_body;
}

static void
inputs_fault_field(const struct schema *schema, struct text step,
    struct src_pos pos, struct conf_report *report)
{
	const char **names = memory_new((schema->nfields + 1) *
	    sizeof(*names));
	char name[100];

	for (unsigned i = 0; i < schema->nfields; i++)
		names[i] = schema->fields[i].key.at;
	snprintf(name, sizeof(name), "%.*s", (int)step.len, step.at);
	conf_fault_unknown(report, pos, "field", name, names);
	free(names);
}

/* An undeclared object has the fields that references name. */
static struct schema_field *
inputs_add_field(struct inputs *inputs, struct schema *schema,
    struct text step, struct src_pos pos)
{
	size_t size = schema->nfields * sizeof(*schema->fields);
	struct schema_field *field;
	struct schema *part = schema_new(inputs->arena, pos);

	part->owned = true;
	schema->kind = SCHEMA_OBJECT;
	schema->fields = arena_grow(inputs->arena, schema->fields, size,
	    size + sizeof(*field));
	field = &schema->fields[schema->nfields++];
	*field = (struct schema_field){ .schema = part };
	field->key = field->name = (struct text){
		arena_text(inputs->arena, step), step.len
	};
	return field;
}

/* The owned schema behind one step into a body; NULL after a fault. */
static struct schema *
inputs_step(struct inputs *inputs, struct schema *schema, struct text step,
    bool asked, struct src_pos pos, struct conf_report *report)
{
	struct schema_field *field = schema_field(schema, step);
	bool open = !schema->declared || schema->kind == SCHEMA_JSON ||
	    (schema->kind == SCHEMA_UNTYPED && schema->type_name == NULL);

	if (field == NULL && open) {
		field = inputs_add_field(inputs, schema, step, pos);
		schema->declared = false;
	}
	if (field == NULL && schema->kind == SCHEMA_OBJECT)
		inputs_fault_field(schema, step, pos, report);
	else if (field == NULL)
		conf_fault(report, pos, "\"%.*s\" cannot be reached: what "
		    "stands before it has no fields", (int)step.len, step.at);
	if (field == NULL)
		return NULL;
	field->schema = schema_own(field->schema, inputs->arena);
	field->optional |= asked;
	return field->schema;
}

static int
inputs_refer_body(struct inputs *inputs, struct text path, bool asked,
    struct src_pos pos, struct conf_report *report)
{
	struct schema *schema = inputs->body;
	struct text rest = path, step;

	inputs->takes_body = true;
	if (schema == NULL) {
		schema = inputs->body = schema_new(inputs->arena, pos);
		schema->owned = true;
	}
	while (schema != NULL && reference_step(&rest, &step))
		schema = inputs_step(inputs, schema, step,
		    asked && rest.len == 0, pos, report);
	if (schema == NULL)
		return -1;
	if (schema->input < 0)
		inputs_add(inputs, INPUT_BODY, path, schema);
	inputs->list[schema->input].asked |= asked;
	inputs->list[schema->input].valued |= !asked;
	return schema->input;
}

int
inputs_refer(struct inputs *inputs, enum input_place place, struct text path,
    bool asked, struct src_pos pos, struct conf_report *report)
{
	struct schema *schema;
	int i, part;

	if (place == INPUT_BODY)
		return inputs_refer_body(inputs, path, asked, pos, report);
	part = inputs_part(inputs, path);
	if (path.len == 0 || (place == INPUT_PATH && part < 0)) {
		conf_fault_unknown(report, pos, path.len == 0 ? "name" :
		    "part of the path", path.len == 0 ? place_keys[place] :
		    arena_text(inputs->arena, path), inputs->names);
		return -1;
	}
	i = inputs_index(inputs, place, path);
	if (i < 0) {
		schema = schema_new(inputs->arena, pos);
		schema->owned = true;
		i = (int)inputs->count;
		inputs_add(inputs, place, path, schema);
		if (place == INPUT_HEADER)
			inputs->list[i].name = header_name(path,
			    inputs->arena);
	}
	inputs->list[i].asked |= asked;
	inputs->list[i].valued |= !asked;
	return i;
}

int
inputs_message(struct inputs *inputs, const char *type, const char *text)
{
	enum fault_type found = fault_type_find(type);

	if (found == FAULT_TYPE_COUNT)
		return -1;
	if (inputs->messages[found] == NULL)
		inputs->messages[found] = text;
	return 0;
}

void
inputs_free(struct inputs *inputs)
{
	if (inputs != NULL)
		arena_free(inputs->arena);
}
