/*
 * One request against the inputs of its route, in the order path, query,
 * header, cookie, body: all faults make one answer.
 */
#include "plan/inputs_state.h"

#include "base/arena.h"
#include "plan/run.h"
#include "plan/schema_check.h"

static const struct text place_names[] = {
	[INPUT_PATH] = { "path", 4 }, [INPUT_QUERY] = { "query", 5 },
	[INPUT_HEADER] = { "header", 6 }, [INPUT_COOKIE] = { "cookie", 6 },
	[INPUT_BODY] = { "body", 4 },
};

void
inputs_check_text(struct inputs_check *checking, unsigned at, struct text text)
{
	struct check *check = checking->check;
	const struct input *input = &checking->inputs->list[at];
	struct fault_loc place = { NULL, place_names[input->place], 0 };
	struct fault_loc loc = { &place, input->name, 0 };

	if (text.at != NULL)
		schema_check_text(check, input->schema, text, &loc,
		    &check->values[at]);
	else
		schema_check_absent(check, input->schema, input->optional,
		    TEXT("null"), &loc);
}

/* The most frequent input of all, an id: no memory, no number in between. */
static bool
check_plain_int(const struct schema *schema, struct text part,
    struct input_value *out)
{
	bool canonical;
	int64_t value;

	if (!schema->plain_int ||
	    number_parse_int(part, &value, &canonical) != 0 || !canonical ||
	    value < schema->low || value > schema->high)
		return false;
	out->value = value_number(part);
	out->sent = true;
	return true;
}

static int
inputs_check_path(struct inputs_check *checking)
{
	const struct inputs *inputs = checking->inputs;
	const struct run_input *request = checking->request;

	for (unsigned i = 0; i < inputs->nparts && i < request->nparts; i++) {
		int at = inputs->part_inputs[i];
		struct text part = request->parts[i];

		if (at < 0 || check_plain_int(inputs->list[at].schema, part,
		    &checking->check->values[at]))
			continue;
		part = inputs_decode(part, false, checking->check->arena);
		if (part.at == NULL)
			return error_set(checking->err, ERROR_BAD_REQUEST,
			    "There was an error parsing the path");
		inputs_check_text(checking, (unsigned)at, part);
	}
	return 0;
}

static int
inputs_check_headers(struct inputs_check *checking)
{
	const struct inputs *inputs = checking->inputs;
	const struct run_input *request = checking->request;

	for (unsigned i = 0; i < inputs->nplaced[INPUT_HEADER]; i++) {
		unsigned at = inputs->placed[INPUT_HEADER][i];
		struct text value = { NULL, 0 };

		if (request->header != NULL)
			value = request->header(request->headers,
			    inputs->list[at].name);
		if (value.at != NULL && !json_utf8_valid(value))
			return error_set(checking->err, ERROR_BAD_REQUEST,
			    "There was an error parsing the headers");
		inputs_check_text(checking, at, value);
	}
	return 0;
}

static struct input_values *
input_values_new(const struct inputs *inputs, struct arena *arena)
{
	struct input_values *values = arena_alloc(arena, sizeof(*values) +
	    inputs->count * sizeof(values->values[0]));

	values->inputs = inputs;
	for (unsigned i = 0; i < inputs->count; i++)
		values->values[i].value = VALUE_NULL;
	return values;
}

int
inputs_check(const struct inputs *inputs, const struct run_input *request,
    const struct limits_conf *limits, struct arena *arena,
    struct input_values **values, struct error *err)
{
	struct faults faults = { .messages = inputs->messages };
	struct check check = { .arena = arena, .faults = &faults,
		.failed = -1 };
	struct inputs_check checking = { inputs, request, &check, err };
	struct text list;

	*values = input_values_new(inputs, arena);
	check.values = (*values)->values;
	if (inputs_check_path(&checking) != 0 ||
	    inputs_check_query(&checking) != 0 ||
	    inputs_check_headers(&checking) != 0 ||
	    inputs_check_cookies(&checking) != 0 ||
	    inputs_check_body(&checking, limits) != 0) {
		faults_release(&faults);
		return -1;
	}
	if (faults.count == 0)
		return 0;
	list = faults_take(&faults, arena);
	error_set(err, ERROR_INVALID, NULL);
	err->list = list.at;
	err->list_len = list.len;
	return -1;
}
