/*
 * Inputs learn their types: from the statements they are parameters of, and
 * from what was declared. Then the tables that the checks run by are made.
 */
#include "plan/inputs_state.h"

#include <stdio.h>

#include "base/arena.h"
#include "conf/node.h"
#include "conf/report.h"

static const char *
input_print(const struct input *input, char text[120])
{
	static const char *const before[] = {
		[INPUT_PATH] = "", [INPUT_QUERY] = "", [INPUT_HEADER] =
		"header.", [INPUT_COOKIE] = "cookie.", [INPUT_BODY] = "body",
	};

	snprintf(text, 120, "{%s%s%.80s}", before[input->place],
	    input->place == INPUT_BODY && input->key.len > 0 ? "." : "",
	    input->key.at);
	return text;
}

void
inputs_use(struct inputs *inputs, unsigned i,
    const struct pg_description *description, unsigned database, uint32_t oid,
    struct src_pos pos, struct conf_report *report)
{
	struct input *input = &inputs->list[i];
	char name[120], one[TYPE_NAME_LEN], other[TYPE_NAME_LEN];
	struct scalar_type type, merged = input->use;

	if (type_of_oid(description, database, oid, &type) != 0) {
		conf_fault(report, pos, "%s goes into a parameter whose type "
		    "no client can send; cast it in the statement",
		    input_print(input, name));
		return;
	}
	if (type_merge(&merged, &type) != 0) {
		conf_fault(report, pos, "%s is %s here and %s at %s:%u; cast "
		    "one of them", input_print(input, name),
		    type_print(&type, one), type_print(&input->use, other),
		    input->use_pos.file == NULL ? "?" : input->use_pos.file,
		    input->use_pos.line);
		return;
	}
	if (input->use.family == TYPE_UNKNOWN)
		input->use_pos = pos;
	input->use = merged;
}

static void
input_want(struct input *input, struct conf_report *report)
{
	char name[120], type[TYPE_NAME_LEN];
	struct schema *schema = input->schema;

	if (input->use.family == TYPE_UNKNOWN)
		return;
	if (schema_want(schema, &input->use) == 0) {
		input->bind = input->use.family == TYPE_JSON &&
		    !input->use.is_list ? BIND_JSON :
		    input->use.is_list ? BIND_ARRAY : BIND_TEXT;
		return;
	}
	type_print(&input->use, type);
	input_print(input, name);
	if (schema->type_name != NULL)
		conf_fault(report, schema->type_pos, "%s is declared as %s, "
		    "but the statement at %s:%u takes %s", name,
		    schema->type_name, input->use_pos.file == NULL ? "?" :
		    input->use_pos.file, input->use_pos.line, type);
	else
		conf_fault(report, input->use_pos, "%s cannot be %s: it is "
		    "an object or a list; cast it to jsonb", name, type);
}

/* Only a query can hold a list, and nothing but a body an object. */
static void
input_check_kind(const struct input *input, struct conf_report *report)
{
	char name[120];

	if (input->place == INPUT_BODY || input->place == INPUT_QUERY ||
	    input->schema->kind != SCHEMA_LIST)
		return;
	conf_fault(report, input->use.family == TYPE_UNKNOWN ?
	    input->schema->pos : input->use_pos,
	    "%s is a list, which only a query and a body can be",
	    input_print(input, name));
}

static void
inputs_place(struct inputs *inputs)
{
	size_t size = inputs->count * sizeof(**inputs->placed);

	for (unsigned place = 0; place < INPUT_BODY; place++) {
		inputs->nplaced[place] = 0;
		inputs->placed[place] = arena_alloc(inputs->arena, size);
	}
	for (unsigned i = 0; i < inputs->count; i++) {
		const struct input *input = &inputs->list[i];

		if (input->place != INPUT_BODY)
			inputs->placed[input->place]
			    [inputs->nplaced[input->place]++] = i;
		for (unsigned j = 0; input->place == INPUT_PATH &&
		    j < inputs->nparts; j++) {
			if (text_equal(text_of(inputs->parts[j]), input->key))
				inputs->part_inputs[j] = (int)i;
		}
	}
}

int
inputs_link(struct inputs *inputs, const struct pg_description *description,
    struct conf_report *report)
{
	unsigned before = conf_report_faults(report);
	struct schema *body = inputs->body;

	for (unsigned i = 0; i < inputs->count; i++) {
		struct input *input = &inputs->list[i];

		input_want(input, report);
		/* Without a database no type of its own can be known. */
		if (description == NULL)
			input->schema->foreign = NULL;
		/* Asked for and never looked at: it may be anything. */
		if (!input->valued && input->asked &&
		    input->place == INPUT_BODY && !input->schema->declared &&
		    input->schema->kind == SCHEMA_UNTYPED)
			input->schema->kind = SCHEMA_JSON;
	}
	/* Nothing but the whole was referred to: any JSON will do. */
	if (body != NULL && body->kind == SCHEMA_UNTYPED)
		body->kind = SCHEMA_JSON;
	if (body != NULL)
		schema_settle(body, inputs->arena, report);
	for (unsigned i = 0; i < inputs->count; i++) {
		struct input *input = &inputs->list[i];

		if (input->place != INPUT_BODY)
			schema_settle(input->schema, inputs->arena, report);
		input_check_kind(input, report);
		input->optional |= input->asked;
	}
	inputs_place(inputs);
	return conf_report_faults(report) == before ? 0 : -1;
}
