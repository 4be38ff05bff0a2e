/*
 * What a value is declared as meets what its statements want. Whatever does
 * not fit together is a fault of server.conf, told before anything serves;
 * what a check needs at run time is prepared here.
 */
#include "plan/schema_node.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/schema_check.h"
#include "plan/schema_pattern.h"

/* ---- types --------------------------------------------------------------- */

static int
schema_want_json(struct schema *schema)
{
	bool constrained = schema->declared && (schema->min_items >= 0 ||
	    schema->max_items >= 0 || schema->min_length >= 0 ||
	    schema->max_length >= 0 || schema->pattern != NULL ||
	    schema->minimum.digits.at != NULL ||
	    schema->maximum.digits.at != NULL ||
	    schema->above.digits.at != NULL ||
	    schema->below.digits.at != NULL ||
	    schema->choices_node != NULL || schema->format != FORMAT_ANY);

	if (schema->kind == SCHEMA_UNTYPED && !constrained)
		schema->kind = SCHEMA_JSON;
	return 0;
}

/* Any JSON and whole objects are text to a statement that wants text. */
static int
schema_want_of_tree(const struct schema *schema,
    const struct scalar_type *wanted)
{
	(void)schema;
	return wanted->family == TYPE_TEXT && !wanted->is_list ? 0 : -1;
}

int
schema_want(struct schema *schema, const struct scalar_type *wanted)
{
	struct scalar_type type = schema->type;

	if (wanted->family == TYPE_JSON)
		return schema_want_json(schema);
	switch (schema->kind) {
	case SCHEMA_UNTYPED:
		/* A type that only the database knows: by its name. */
		if (schema->foreign != NULL && (wanted->is_list !=
		    (strchr(schema->type_name, '[') != NULL) ||
		    strcmp(schema->foreign, wanted->name) != 0))
			return -1;
		schema->kind = wanted->is_list ? SCHEMA_LIST : SCHEMA_SCALAR;
		type = *wanted;
		break;
	case SCHEMA_SCALAR:
	case SCHEMA_LIST:
		if (schema->element != NULL)
			return schema_want_of_tree(schema, wanted);
		type.is_list = schema->kind == SCHEMA_LIST;
		if (type_agree(&type, wanted) != 0)
			return -1;
		break;
	case SCHEMA_OBJECT:
	case SCHEMA_JSON:
		return schema_want_of_tree(schema, wanted);
	}
	type.is_list = false;
	schema->type = type;
	return 0;
}

/* ---- a guess ------------------------------------------------------------- */

static const char *
schema_guess_of_node(const struct conf_node *node)
{
	switch (conf_node_kind(node)) {
	case CONF_INTEGER:
		return "int8";
	case CONF_FLOAT:
		return "float8";
	case CONF_BOOLEAN:
		return "bool";
	case CONF_LIST:
	case CONF_ARRAY:
		return conf_node_count(node) == 0 ? "text" :
		    schema_guess_of_node(conf_node_at(node, 0));
	case CONF_GROUP:
		return "jsonb";
	case CONF_STRING:
		break;
	}
	return "text";
}

static bool
schema_is_bounded(const struct schema *schema)
{
	return schema->minimum.digits.at != NULL ||
	    schema->maximum.digits.at != NULL ||
	    schema->above.digits.at != NULL ||
	    schema->below.digits.at != NULL;
}

static bool
node_is_list(const struct conf_node *node)
{
	return node != NULL && (conf_node_kind(node) == CONF_LIST ||
	    conf_node_kind(node) == CONF_ARRAY);
}

/* Undeclared and in no statement: text, unless its constraints say more. */
static void
schema_guess(struct schema *schema, struct conf_report *report)
{
	const char *name = "text";

	if (schema->foreign != NULL && schema->owned) {
		conf_fault(report, schema->type_pos, "unknown type \"%s\"; no "
		    "statement takes a value of this type here",
		    schema->type_name);
	} else if (schema->min_length >= 0 || schema->max_length >= 0 ||
	    schema->pattern != NULL || schema->format != FORMAT_ANY) {
		name = "text";
	} else if (schema->dflt_node != NULL) {
		name = schema_guess_of_node(schema->dflt_node);
	} else if (schema->choices_node != NULL) {
		name = schema_guess_of_node(schema->choices_node);
	} else if (schema_is_bounded(schema)) {
		name = "numeric";
	}
	schema->guessed = true;
	schema->kind = SCHEMA_SCALAR;
	if (schema->min_items >= 0 || schema->max_items >= 0 ||
	    node_is_list(schema->dflt_node))
		schema->kind = SCHEMA_LIST;
	type_find(name, &schema->type);
	if (schema->type.family == TYPE_JSON && schema->kind == SCHEMA_SCALAR)
		schema->kind = SCHEMA_JSON;
}

/* ---- constraints against the type ---------------------------------------- */

static bool
schema_is_number(const struct schema *schema)
{
	return schema->kind == SCHEMA_SCALAR &&
	    (schema->type.family == TYPE_INT ||
	    schema->type.family == TYPE_FLOAT ||
	    schema->type.family == TYPE_NUMERIC);
}

static void
schema_refuse(const struct schema *schema, struct src_pos pos,
    const char *what, struct conf_report *report)
{
	char name[TYPE_NAME_LEN];
	const char *kind = "";

	switch (schema->kind) {
	case SCHEMA_SCALAR:
	case SCHEMA_UNTYPED:
		kind = type_print(&schema->type, name);
		break;
	case SCHEMA_OBJECT:
		kind = "an object";
		break;
	case SCHEMA_LIST:
		kind = "a list";
		break;
	case SCHEMA_JSON:
		kind = "any JSON";
		break;
	}
	conf_fault(report, pos, "%s, but this is %s", what, kind);
}

static void
schema_settle_bound(const struct schema *schema,
    const struct schema_bound *bound, const char *name,
    struct conf_report *report)
{
	char what[60];

	if (bound->digits.at == NULL || schema_is_number(schema))
		return;
	snprintf(what, sizeof(what), "%s is for numbers", name);
	schema_refuse(schema, bound->pos, what, report);
}

static void
schema_settle_order(const struct schema_bound *low,
    const struct schema_bound *high, bool strict, struct conf_report *report)
{
	int order;

	if (low->digits.at == NULL || high->digits.at == NULL)
		return;
	order = number_compare(&low->number, &high->number);
	if (order > 0 || (strict && order == 0))
		conf_fault(report, high->pos, "no number is between %.*s and "
		    "%.*s", (int)low->digits.len, low->digits.at,
		    (int)high->digits.len, high->digits.at);
}

static void
schema_settle_bounds(const struct schema *schema, struct conf_report *report)
{
	schema_settle_bound(schema, &schema->minimum, "minimum", report);
	schema_settle_bound(schema, &schema->maximum, "maximum", report);
	schema_settle_bound(schema, &schema->above, "exclusive_minimum",
	    report);
	schema_settle_bound(schema, &schema->below, "exclusive_maximum",
	    report);
	schema_settle_order(&schema->minimum, &schema->maximum, false, report);
	schema_settle_order(&schema->above, &schema->maximum, true, report);
	schema_settle_order(&schema->minimum, &schema->below, true, report);
	schema_settle_order(&schema->above, &schema->below, true, report);
}

static void
schema_settle_text(const struct schema *schema, struct conf_report *report)
{
	bool text = schema->kind == SCHEMA_SCALAR &&
	    (schema->type.family == TYPE_TEXT ||
	    schema->type.family == TYPE_OPAQUE);
	bool sized = schema->min_length >= 0 || schema->max_length >= 0;

	if (sized && !text)
		schema_refuse(schema, schema->length_pos,
		    "min_length and max_length are for text", report);
	if (schema->pattern != NULL && !text)
		schema_refuse(schema, schema->pattern_pos,
		    "pattern is for text", report);
	if (schema->format != FORMAT_ANY && (schema->kind != SCHEMA_SCALAR ||
	    schema_is_number(schema) || schema->type.family == TYPE_BOOL))
		schema_refuse(schema, schema->format_pos,
		    "format is for text", report);
	if (schema->max_length >= 0 && schema->min_length > schema->max_length)
		conf_fault(report, schema->length_pos,
		    "min_length is above max_length");
}

static void
schema_settle_items(const struct schema *schema, struct conf_report *report)
{
	if (schema->kind != SCHEMA_LIST &&
	    (schema->min_items >= 0 || schema->max_items >= 0))
		schema_refuse(schema, schema->items_pos,
		    "min_items and max_items are for lists", report);
	if (schema->max_items >= 0 && schema->min_items > schema->max_items)
		conf_fault(report, schema->items_pos,
		    "min_items is above max_items");
}

/* ---- ranges -------------------------------------------------------------- */

/* One bound of an int: false when int64 cannot say it exactly. */
static bool
schema_bound_int(const struct schema_bound *bound, int step, int64_t *value)
{
	return number_is_whole(&bound->number) &&
	    number_int64(&bound->number, value) == 0 &&
	    !__builtin_add_overflow(*value, step, value);
}

static bool
schema_raise(int64_t *low, const struct schema_bound *bound, int step)
{
	int64_t value;

	if (bound->digits.at == NULL)
		return true;
	if (!schema_bound_int(bound, step, &value))
		return false;
	if (value > *low)
		*low = value;
	return true;
}

static bool
schema_lower(int64_t *high, const struct schema_bound *bound, int step)
{
	int64_t value;

	if (bound->digits.at == NULL)
		return true;
	if (!schema_bound_int(bound, step, &value))
		return false;
	if (value < *high)
		*high = value;
	return true;
}

static void
schema_settle_range(struct schema *schema)
{
	bool exact;

	schema->low = schema->type.low;
	schema->high = schema->type.high;
	exact = schema_raise(&schema->low, &schema->minimum, 0);
	exact &= schema_raise(&schema->low, &schema->above, 1);
	exact &= schema_lower(&schema->high, &schema->maximum, 0);
	exact &= schema_lower(&schema->high, &schema->below, -1);
	schema->plain_int = exact && schema->nchoices == 0 &&
	    schema->kind == SCHEMA_SCALAR;
}

/* ---- enums --------------------------------------------------------------- */

static void
schema_expect(struct schema *schema, struct arena *arena)
{
	struct buf out = { NULL, 0, 0 };
	struct text quoted;

	for (unsigned i = 0; i < schema->nchoices; i++) {
		const struct schema_choice *choice = &schema->choices[i];

		if (i > 0)
			buf_add_text(&out, i + 1 == schema->nchoices ?
			    TEXT(" or ") : TEXT(", "));
		if (!choice->is_number)
			buf_add_byte(&out, '\'');
		buf_add_text(&out, choice->text);
		if (!choice->is_number)
			buf_add_byte(&out, '\'');
	}
	schema->expected = arena_text(arena,
	    (struct text){ out.data, out.len });
	buf_release(&out);
	quoted = fault_quote(text_of(schema->expected), arena);
	schema->expected_ctx = arena_printf(arena, "{\"expected\":%s}",
	    quoted.at);
	schema->expected = arena_printf(arena, "Input should be %s",
	    schema->expected);
}

static void
schema_choose_labels(struct schema *schema, struct arena *arena)
{
	struct schema_choice *choices = arena_alloc(arena,
	    schema->type.nlabels * sizeof(*choices));

	for (unsigned i = 0; i < schema->type.nlabels; i++)
		choices[i].text = text_of(arena_strdup(arena,
		    schema->type.labels[i]));
	schema->choices = choices;
	schema->nchoices = schema->type.nlabels;
}

static bool
schema_has_label(const struct schema *schema, struct text text)
{
	if (schema->type.family != TYPE_ENUM)
		return true;
	for (unsigned i = 0; i < schema->type.nlabels; i++) {
		if (text_equal(text, text_of(schema->type.labels[i])))
			return true;
	}
	return false;
}

/* A value of server.conf by the rules for what clients send. */
static bool
schema_judge(const struct schema *schema, const struct conf_node *node,
    struct arena *arena, struct input_value *value, struct conf_report *report)
{
	struct text json = schema_json_from_conf(node, arena);
	struct json_doc *doc = arena_alloc(arena, sizeof(*doc));
	struct check check = { .arena = arena, .doc = doc, .silent = true,
		.failed = -1 };
	struct fault_loc loc = { NULL, TEXT("default"), 0 };
	struct json_error error;

	if (json_scan(json.at, json.len, 100, arena, doc, &error) != 0)
		return false;
	if (schema_check_value(&check, schema, 0, &loc, value))
		return true;
	conf_fault(report, conf_node_pos(node), "%s %.*s: %s",
	    conf_node_name(node) == NULL ? "enum" : conf_node_name(node),
	    (int)json.len, json.at,
	    check.message == NULL ? "cannot be" : check.message);
	return false;
}

static void
schema_choose_nodes(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	const struct conf_node *list = schema->choices_node;
	size_t i, n = conf_node_count(list);
	struct schema_choice *choices = arena_alloc(arena,
	    n * sizeof(*choices));
	unsigned made = 0;

	if (!node_is_list(list) || n == 0)
		conf_fault(report, conf_node_pos(list),
		    "enum is a list of values, [ \"red\", \"green\" ]");
	for (i = 0; node_is_list(list) && i < n; i++) {
		struct schema_choice *choice = &choices[made];
		struct input_value value = { .sent = false };
		const struct conf_node *node = conf_node_at(list, i);

		if (!schema_judge(schema, node, arena, &value, report))
			continue;
		choice->is_number = value.value.type == &value_type_number;
		choice->text = choice->is_number ? value.value.text :
		    value_to_text(&value.value, arena);
		if (choice->is_number)
			number_scan(choice->text, false, &choice->number);
		else if (!schema_has_label(schema, choice->text))
			conf_fault(report, conf_node_pos(node), "\"%s\" is "
			    "no label of the type \"%s\"", choice->text.at,
			    schema->type.name);
		made++;
	}
	schema->choices = choices;
	schema->nchoices = made;
}

static void
schema_settle_choices(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	schema->nchoices = 0;
	if (schema->choices_node != NULL)
		schema_choose_nodes(schema, arena, report);
	else if (schema->type.family == TYPE_ENUM)
		schema_choose_labels(schema, arena);
	if (schema->nchoices > 0)
		schema_expect(schema, arena);
}

/* ---- parts --------------------------------------------------------------- */

/* A list of scalars: what is not about its length is about its elements. */
static void
schema_settle_element(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	struct schema *element;

	if (schema->element == NULL) {
		element = arena_alloc(arena, sizeof(*element));
		*element = *schema;
		element->kind = schema->type.family == TYPE_JSON ?
		    SCHEMA_JSON : SCHEMA_SCALAR;
		element->settled = element->nullable = false;
		element->lenient = false;
		element->min_items = element->max_items = -1;
		element->dflt_node = NULL;
		element->input = -1;
		schema->element = element;
		schema->own_element = true;
	}
	schema_settle(schema->element, arena, report);
	schema->holds_secret |= schema->element->holds_secret ||
	    schema->element->settling;
}

static void
schema_settle_fields(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	bool all_optional = schema->nfields > 0;

	for (unsigned i = 0; i < schema->nfields; i++) {
		struct schema_field *field = &schema->fields[i];
		struct schema *part = field->schema;

		schema_settle(part, arena, report);
		schema->holds_secret |= part->holds_secret || part->settling;
		/* An object that is only asked about need not be there. */
		field->optional |= !part->declared && part->optional;
		all_optional &= field->optional;
	}
	if (!schema->declared)
		schema->optional |= all_optional;
}

static void
schema_settle_default(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	if (schema->dflt_node == NULL) {
		if (schema->lenient && !schema->optional)
			conf_fault(report, schema->pos, "lenient needs a "
			    "default, or optional = true");
		return;
	}
	if (schema_judge(schema, schema->dflt_node, arena, &schema->dflt,
	    report))
		schema->dflt_json = schema_json_from_conf(schema->dflt_node,
		    arena);
	schema->dflt.sent = false;
}

static void
schema_settle_constraints(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	schema_settle_bounds(schema, report);
	schema_settle_text(schema, report);
	if (schema->kind == SCHEMA_SCALAR)
		schema_settle_choices(schema, arena, report);
	else if (schema->choices_node != NULL)
		schema_refuse(schema, conf_node_pos(schema->choices_node),
		    "enum is for single values", report);
}

void
schema_settle(struct schema *schema, struct arena *arena,
    struct conf_report *report)
{
	if (schema->settled)
		return;
	schema->settled = schema->settling = true;
	if (schema->kind == SCHEMA_UNTYPED)
		schema_guess(schema, report);
	schema->holds_secret = schema->secret;
	if (schema->kind == SCHEMA_LIST)
		schema_settle_element(schema, arena, report);
	else if (schema->kind == SCHEMA_OBJECT)
		schema_settle_fields(schema, arena, report);
	if (!schema->own_element)
		schema_settle_constraints(schema, arena, report);
	schema_settle_items(schema, report);
	if (schema->type.family == TYPE_INT)
		schema_settle_range(schema);
	if (schema->nullable && schema->kind == SCHEMA_SCALAR &&
	    schema->type.refuses_null)
		schema_refuse(schema, schema->pos,
		    "nullable is not for a domain with NOT NULL", report);
	schema_settle_default(schema, arena, report);
	schema->settling = false;
}
