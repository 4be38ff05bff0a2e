/*
 * Walks JSON and schema together. A value that is right goes to the input
 * that asked for it; what is wrong is told with the way to it, which lies on
 * the stack.
 */
#include "plan/schema_check.h"

#include "base/arena.h"
#include "base/compiler.h"
#include "plan/schema_node.h"
#include "plan/schema_scalar.h"

static bool
check_kind(struct check *check, const struct schema *schema,
    const struct place *place)
{
	enum fault_type type = FAULT_STRING_TYPE;

	switch (schema->kind) {
	case SCHEMA_OBJECT:
		type = FAULT_OBJECT;
		break;
	case SCHEMA_LIST:
		type = FAULT_LIST_TYPE;
		break;
	case SCHEMA_SCALAR:
	case SCHEMA_UNTYPED:
		/* What must be one of some labels is said with them. */
		if (schema->type.family == TYPE_ENUM)
			return scalar_fault(check, schema, place, FAULT_ENUM,
			    schema->expected, schema->expected_ctx);
		type = scalar_kind_fault(schema);
		break;
	case SCHEMA_JSON:
		break;
	}
	return scalar_fault(check, schema, place, type, NULL, NULL);
}

/* ---- scalars ------------------------------------------------------------- */

static bool
check_scalar(struct check *check, const struct schema *schema, uint32_t at,
    const struct place *place, struct input_value *out)
{
	const struct json_node *node = &check->doc->nodes[at];

	switch (schema->type.family) {
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_NUMERIC:
		if (node->kind != JSON_NUMBER)
			break;
		return scalar_number(check, schema, place,
		    json_raw(check->doc, at), out);
	case TYPE_BOOL:
		if (node->kind != JSON_TRUE && node->kind != JSON_FALSE)
			break;
		out->value = value_bool(node->kind == JSON_TRUE);
		return true;
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
		if (node->kind != JSON_STRING)
			break;
		return scalar_string(check, schema, place,
		    json_string(check->doc, at, check->arena), out);
	}
	return check_kind(check, schema, place);
}

/* ---- any JSON ------------------------------------------------------------ */

/*
 * jsonb cannot hold \u0000. The first such string is told with its way, found
 * by going down from the top: subtrees end before their `next`.
 */
static bool
check_nul(struct check *check, const struct schema *schema, uint32_t at,
    uint32_t bad, const struct fault_loc *loc)
{
	const struct json_node *nodes = check->doc->nodes;
	struct fault_loc inner = { .up = loc };
	struct place place = { .loc = loc };
	uint32_t part = at + 1, i;

	if (at != bad && (nodes[at].kind == JSON_OBJECT ||
	    nodes[at].kind == JSON_ARRAY)) {
		for (i = 0; i < nodes[at].count; i++) {
			inner.index = i;
			if (nodes[at].kind == JSON_OBJECT) {
				if (part == bad)
					break;
				inner.name = json_string(check->doc, part,
				    check->arena);
				part = nodes[part].next;
			}
			if (bad < nodes[part].next)
				return check_nul(check, schema, part, bad,
				    &inner);
			part = nodes[part].next;
		}
	}
	place.input = json_raw(check->doc, bad);
	return scalar_fault(check, schema, &place, FAULT_VALUE,
	    "Value error, text cannot hold the character NUL",
	    "{\"error\":{}}");
}

static bool
check_json(struct check *check, const struct schema *schema, uint32_t at,
    const struct fault_loc *loc, struct input_value *out)
{
	const struct json_node *nodes = check->doc->nodes;

	for (uint32_t i = at; i < nodes[at].next; i++) {
		if (nodes[i].kind == JSON_STRING &&
		    (nodes[i].flags & JSON_HAS_NUL) != 0)
			return check_nul(check, schema, at, i, loc);
	}
	out->value = value_tree(check->doc, at, check->arena);
	return true;
}

/* ---- lists --------------------------------------------------------------- */

bool
schema_check_count(struct check *check, const struct schema *schema,
    const struct place *place, uint32_t count)
{
	bool few = schema->min_items >= 0 && count < schema->min_items;
	long long bound = few ? schema->min_items : schema->max_items;

	if (!few && (schema->max_items < 0 || count <= schema->max_items))
		return true;
	return scalar_fault(check, schema, place,
	    few ? FAULT_LIST_SHORT : FAULT_LIST_LONG,
	    arena_printf(check->arena, "List should have at %s %lld item%s "
	    "after validation, not %u", few ? "least" : "most", bound,
	    bound == 1 ? "" : "s", count),
	    arena_printf(check->arena, "{\"field_type\":\"List\",\"%s\":%lld,"
	    "\"actual_length\":%u}", few ? "min_length" : "max_length", bound,
	    count));
}

static bool
check_list(struct check *check, const struct schema *schema, uint32_t at,
    const struct place *place, struct input_value *out)
{
	const struct json_node *nodes = check->doc->nodes;
	struct fault_loc loc = { .up = place->loc };
	uint32_t part = at + 1;
	bool right = true;

	if (nodes[at].kind != JSON_ARRAY)
		return check_kind(check, schema, place);
	/* A list that is too long is not looked into. */
	if (schema->max_items >= 0 && nodes[at].count > schema->max_items)
		return schema_check_count(check, schema, place,
		    nodes[at].count);
	for (; loc.index < nodes[at].count; loc.index++) {
		right &= schema_check_json(check, schema->element, part, &loc);
		part = nodes[part].next;
		if (!right && check->faults != NULL &&
		    check->faults->count == FAULTS_MAX)
			return false;
	}
	out->value = value_tree(check->doc, at, check->arena);
	return right && schema_check_count(check, schema, place,
	    nodes[at].count);
}

/* ---- objects ------------------------------------------------------------- */

static struct input_value *
check_slot(struct check *check, const struct schema *schema)
{
	if (check->values == NULL || schema->input < 0)
		return NULL;
	return &check->values[schema->input];
}

bool
schema_check_absent(struct check *check, const struct schema *schema,
    bool optional, struct text input, const struct fault_loc *loc)
{
	struct place place = { .loc = loc, .input = input };
	struct input_value *slot = check_slot(check, schema);

	if (schema->dflt_json.at != NULL) {
		check->differs = true;
		if (slot != NULL)
			*slot = schema->dflt;
		return true;
	}
	if (optional)
		return true;
	return scalar_fault(check, schema, &place, FAULT_MISSING, NULL, NULL);
}

/* Keys that no field has. */
static bool
check_extra(struct check *check, const struct schema *schema, uint32_t at,
    const struct place *place)
{
	const struct json_node *nodes = check->doc->nodes;
	struct fault_loc loc = { .up = place->loc };
	struct place part = { .loc = &loc };
	uint32_t key = at + 1;
	bool right = true;

	for (uint32_t i = 0; i < nodes[at].count; i++) {
		uint32_t value = nodes[key].next;
		unsigned j = 0;

		loc.name = json_string(check->doc, key, check->arena);
		while (j < schema->nfields &&
		    !text_equal(schema->fields[j].name, loc.name))
			j++;
		part.input = json_raw(check->doc, value);
		if (j == schema->nfields)
			right = scalar_fault(check, schema, &part, FAULT_EXTRA,
			    NULL, NULL);
		key = nodes[value].next;
	}
	return right;
}

static bool
check_object(struct check *check, const struct schema *schema, uint32_t at,
    const struct place *place, struct input_value *out)
{
	struct fault_loc loc = { .up = place->loc };
	uint32_t known = 0;
	bool right = true;

	if (check->doc->nodes[at].kind != JSON_OBJECT)
		return check_kind(check, schema, place);
	for (unsigned i = 0; i < schema->nfields; i++) {
		const struct schema_field *field = &schema->fields[i];
		uint32_t part = json_find(check->doc, at, field->name);

		loc.name = field->name;
		known += part != 0;
		check->differs |= part != 0 && field->name.at != field->key.at;
		right &= part != 0 ?
		    schema_check_json(check, field->schema, part, &loc) :
		    schema_check_absent(check, field->schema, field->optional,
		    field->schema->holds_secret || schema->holds_secret ?
		    (struct text){ NULL, 0 } : place->input, &loc);
	}
	if (known < check->doc->nodes[at].count) {
		check->differs = true;
		if (schema->forbids_extra)
			right &= check_extra(check, schema, at, place);
		else if (!schema->declared && schema->input >= 0)
			right &= check_json(check, schema, at, place->loc,
			    out);
	}
	out->value = value_tree(check->doc, at, check->arena);
	return right;
}

/* ---- what was meant ------------------------------------------------------ */

static void
write_object(const struct schema *schema, const struct json_doc *doc,
    uint32_t at, struct buf *out)
{
	bool first = true;

	buf_add_byte(out, '{');
	for (unsigned i = 0; i < schema->nfields; i++) {
		const struct schema_field *field = &schema->fields[i];
		uint32_t part = json_find(doc, at, field->name);

		if (part == 0 && field->schema->dflt_json.at == NULL)
			continue;
		if (!first)
			buf_add_byte(out, ',');
		first = false;
		buf_add_json(out, field->key);
		buf_add_byte(out, ':');
		if (part == 0)
			buf_add_text(out, field->schema->dflt_json);
		else
			schema_write(field->schema, doc, part, out);
	}
	buf_add_byte(out, '}');
}

void
schema_write(const struct schema *schema, const struct json_doc *doc,
    uint32_t at, struct buf *out)
{
	const struct json_node *node = &doc->nodes[at];
	uint32_t part = at + 1;

	if (schema->kind == SCHEMA_OBJECT && schema->declared &&
	    node->kind == JSON_OBJECT) {
		write_object(schema, doc, at, out);
		return;
	}
	if (schema->kind != SCHEMA_LIST || node->kind != JSON_ARRAY) {
		buf_add_text(out, json_raw(doc, at));
		return;
	}
	buf_add_byte(out, '[');
	for (uint32_t i = 0; i < node->count; i++) {
		if (i > 0)
			buf_add_byte(out, ',');
		schema_write(schema->element, doc, part, out);
		part = doc->nodes[part].next;
	}
	buf_add_byte(out, ']');
}

/*
 * A whole object or list goes on as it came, unless it holds what was not
 * declared: that must not reach a statement that fills a row from it.
 */
static void
check_rewrite(struct check *check, const struct schema *schema, uint32_t at,
    struct input_value *out)
{
	struct json_doc *doc = arena_alloc(check->arena, sizeof(*doc));
	struct buf meant = { NULL, 0, 0 };
	struct json_error error;
	char *text;

	schema_write(schema, check->doc, at, &meant);
	text = arena_text(check->arena,
	    (struct text){ meant.data, meant.len });
	if (json_scan(text, meant.len, UINT16_MAX, check->arena, doc,
	    &error) == 0)
		out->value = value_tree(doc, 0, check->arena);
	buf_release(&meant);
}

/* ---- the walk ------------------------------------------------------------ */

bool
schema_check_value(struct check *check, const struct schema *schema,
    uint32_t at, const struct fault_loc *loc, struct input_value *out)
{
	struct place place = { loc, json_raw(check->doc, at), false };
	bool differed = check->differs, right = true;

	out->sent = true;
	out->value = VALUE_NULL;
	if (check->doc->nodes[at].kind == JSON_NULL) {
		if (schema->nullable || schema->kind == SCHEMA_JSON)
			return true;
		return check_kind(check, schema, &place);
	}
	check->differs = false;
	switch (schema->kind) {
	case SCHEMA_OBJECT:
		right = check_object(check, schema, at, &place, out);
		break;
	case SCHEMA_LIST:
		right = check_list(check, schema, at, &place, out);
		break;
	case SCHEMA_JSON:
		right = check_json(check, schema, at, loc, out);
		break;
	case SCHEMA_SCALAR:
	case SCHEMA_UNTYPED:
		right = check_scalar(check, schema, at, &place, out);
		break;
	}
	if (right && check->differs && schema->input >= 0 &&
	    (schema->declared || schema->kind == SCHEMA_LIST))
		check_rewrite(check, schema, at, out);
	check->differs |= differed;
	return right;
}

bool
schema_check_json(struct check *check, const struct schema *schema,
    uint32_t at, const struct fault_loc *loc)
{
	struct input_value unused = { .sent = false };
	struct input_value *slot = check_slot(check, schema);

	return schema_check_value(check, schema, at, loc,
	    slot == NULL ? &unused : slot);
}
