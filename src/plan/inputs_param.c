/*
 * Values as the text that PostgreSQL reads for a parameter.
 */
#include "plan/inputs_state.h"

#include "base/arena.h"

struct value
inputs_value(const struct input_values *values, unsigned i)
{
	return values->values[i].value;
}

bool
inputs_sent(const struct input_values *values, unsigned i)
{
	return values->values[i].sent;
}

/* "8.15.2. Array Value Input": quoted is always right, but for NULL. */
static void
array_add_quoted(struct buf *out, struct text text)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, text.at[i]);
	}
	buf_add_byte(out, '"');
}

static void
array_add(struct buf *out, const struct json_doc *doc, uint32_t node,
    bool json, struct arena *arena)
{
	switch ((enum json_kind)doc->nodes[node].kind) {
	case JSON_NULL:
		buf_add_text(out, TEXT("NULL"));
		break;
	case JSON_FALSE:
		buf_add_byte(out, 'f');
		break;
	case JSON_TRUE:
		buf_add_byte(out, 't');
		break;
	case JSON_NUMBER:
		buf_add_text(out, json_raw(doc, node));
		break;
	case JSON_STRING:
		array_add_quoted(out, json ? json_raw(doc, node) :
		    json_string(doc, node, arena));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		array_add_quoted(out, json_raw(doc, node));
		break;
	}
}

/* 1.0 is an int to us and none to PostgreSQL. */
static void
array_add_int(struct buf *out, const struct json_doc *doc, uint32_t node)
{
	struct number number;
	int64_t value;

	number_scan(json_raw(doc, node), false, &number);
	number_int64(&number, &value);
	buf_printf(out, "%lld", (long long)value);
}

static const char *
param_array(const struct value *value, const struct schema *schema,
    struct arena *arena)
{
	const struct json_doc *doc = value->doc;
	enum type_family family = schema->type.family;
	uint32_t n = doc->nodes[value->at].count, part = value->at + 1;
	struct buf out = { NULL, 0, 0 };
	const char *text;

	buf_add_byte(&out, '{');
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_byte(&out, ',');
		if (family == TYPE_INT &&
		    doc->nodes[part].kind == JSON_NUMBER)
			array_add_int(&out, doc, part);
		else
			array_add(&out, doc, part, family == TYPE_JSON, arena);
		part = doc->nodes[part].next;
	}
	buf_add_byte(&out, '}');
	text = arena_text(arena, (struct text){ out.data, out.len });
	buf_release(&out);
	return text;
}

static const char *
param_json(const struct value *value, struct arena *arena)
{
	struct buf out = { NULL, 0, 0 };
	const char *text;

	value_write_all(value, &out);
	text = arena_text(arena, (struct text){ out.data, out.len });
	buf_release(&out);
	return text;
}

const char *
inputs_param(const struct input_values *values, unsigned i,
    struct arena *arena)
{
	const struct input *input = &values->inputs->list[i];
	const struct input_value *slot = &values->values[i];
	struct value value = slot->value;

	if (value_is_null(&value))
		return NULL;
	switch (input->bind) {
	case BIND_ARRAY:
		return param_array(&value, input->schema, arena);
	case BIND_JSON:
		return param_json(&value, arena);
	case BIND_TEXT:
		break;
	}
	if (slot->param.at != NULL)
		return arena_text(arena, slot->param);
	if (value.type == &value_type_bool)
		return value.truth ? "t" : "f";
	return value_to_text(&value, arena).at;
}
