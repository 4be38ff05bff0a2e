/*
 * Values that come as text: of a path, a query, a header, a cookie. Here a
 * number is what its text says, and a lenient value cannot be wrong.
 */
#include "plan/schema_check.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "plan/schema_node.h"
#include "plan/schema_scalar.h"

/* What depth a JSON text in a query may have. */
#define TEXT_JSON_DEPTH 32

static bool
text_json(struct check *check, const struct schema *schema,
    const struct place *place, struct text text, struct input_value *out)
{
	struct json_doc *doc = arena_alloc(check->arena, sizeof(*doc));
	const struct json_doc *outer = check->doc;
	struct json_error error;
	bool right;

	if (json_scan(text.at, text.len, TEXT_JSON_DEPTH, check->arena, doc,
	    &error) != 0)
		return scalar_fault(check, schema, place, FAULT_JSON,
		    arena_printf(check->arena, "Invalid JSON: %s",
		    error.message), arena_printf(check->arena,
		    "{\"error\":%s}", fault_quote(text_of(error.message),
		    check->arena).at));
	check->doc = doc;
	right = schema_check_value(check, schema, 0, place->loc, out);
	check->doc = outer;
	return right;
}

static bool
text_value(struct check *check, const struct schema *schema,
    const struct place *place, struct text text, struct input_value *out)
{
	if (schema->kind != SCHEMA_SCALAR)
		return text_json(check, schema, place, text, out);
	switch (schema->type.family) {
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_NUMERIC:
		return scalar_number(check, schema, place, text, out);
	case TYPE_BOOL:
		return scalar_bool_text(check, schema, place, text, out);
	case TYPE_UNKNOWN:
	case TYPE_TEXT:
	case TYPE_UUID:
	case TYPE_DATE:
	case TYPE_TIME:
	case TYPE_TIMETZ:
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMPTZ:
	case TYPE_INTERVAL:
	case TYPE_BYTEA:
	case TYPE_ENUM:
	case TYPE_JSON:
	case TYPE_OPAQUE:
		break;
	}
	return scalar_string(check, schema, place, text, out);
}

/* Out of range: the bound that was passed; of exclusive ones the next int. */
static bool
text_clamp(const struct check *check, const struct schema *schema,
    struct input_value *out)
{
	const struct schema_bound *bound = NULL;

	if (schema->type.family == TYPE_INT && schema->plain_int) {
		if (check->failed != FAULT_GE && check->failed != FAULT_GT &&
		    check->failed != FAULT_LE && check->failed != FAULT_LT)
			return false;
		out->value = value_number(text_of(arena_printf(check->arena,
		    "%lld", (long long)(check->failed == FAULT_GE ||
		    check->failed == FAULT_GT ? schema->low :
		    schema->high))));
		return true;
	}
	if (check->failed == FAULT_GE)
		bound = &schema->minimum;
	else if (check->failed == FAULT_LE)
		bound = &schema->maximum;
	if (bound == NULL || bound->digits.at == NULL)
		return false;
	out->value = value_number(bound->digits);
	return true;
}

bool
schema_check_text(struct check *check, const struct schema *schema,
    struct text text, const struct fault_loc *loc, struct input_value *out)
{
	struct place place = { loc, text, true };
	bool right, silent = check->silent;

	out->sent = true;
	check->silent |= schema->lenient;
	right = text_value(check, schema, &place, text, out);
	check->silent = silent;
	if (right || !schema->lenient)
		return right;
	out->param.at = NULL;
	if (!text_clamp(check, schema, out))
		out->value = schema->dflt_json.at == NULL ? VALUE_NULL :
		    schema->dflt.value;
	return true;
}

/* The list as JSON, so that it is one value like a list of a body. */
static void
text_list(struct check *check, const struct input_value *values, unsigned n,
    struct input_value *out)
{
	struct json_doc *doc = arena_alloc(check->arena, sizeof(*doc));
	struct buf list = { NULL, 0, 0 };
	struct json_error error;
	char *text;

	buf_add_byte(&list, '[');
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			buf_add_byte(&list, ',');
		value_write_all(&values[i].value, &list);
	}
	buf_add_byte(&list, ']');
	text = arena_text(check->arena, (struct text){ list.data, list.len });
	if (json_scan(text, list.len, TEXT_JSON_DEPTH + 1, check->arena, doc,
	    &error) == 0)
		out->value = value_tree(doc, 0, check->arena);
	buf_release(&list);
}

static bool
text_values(struct check *check, const struct schema *schema,
    const struct text *texts, unsigned n, const struct fault_loc *loc,
    struct input_value *out)
{
	struct input_value *values = arena_alloc(check->arena,
	    (n + 1) * sizeof(*values));
	struct fault_loc inner = { .up = loc };
	struct place place = { .loc = loc };
	bool right = true;

	for (; inner.index < n; inner.index++)
		right &= schema_check_text(check, schema->element,
		    texts[inner.index], &inner, &values[inner.index]);
	if (!right)
		return false;
	text_list(check, values, n, out);
	place.input = json_raw(out->value.doc, 0);
	return schema_check_count(check, schema, &place, n);
}

bool
schema_check_texts(struct check *check, const struct schema *schema,
    const struct text *texts, unsigned n, const struct fault_loc *loc,
    struct input_value *out)
{
	bool right, silent = check->silent;

	check->silent |= schema->lenient;
	right = text_values(check, schema, texts, n, loc, out);
	check->silent = silent;
	if (!right && schema->lenient) {
		out->value = schema->dflt_json.at == NULL ? VALUE_NULL :
		    schema->dflt.value;
		right = true;
	}
	out->sent = true;
	return right;
}
