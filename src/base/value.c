/*
 * The kinds of value that need nothing but bytes. Rows of a result and files
 * bring their own tables.
 */
#include "base/value.h"

#include "base/arena.h"

/* Deeper than PostgreSQL's own parser goes with its default stack. */
#define VALUE_MAX_DEPTH 10000

static bool
value_literal(struct buf *out, struct text bytes)
{
	buf_add_text(out, bytes);
	return true;
}

static bool
null_write(const struct value *value, struct buf *out, size_t mark, size_t *at)
{
	(void)value;
	(void)mark;
	(void)at;
	return value_literal(out, TEXT("null"));
}

static struct text
null_text(const struct value *value, struct arena *arena)
{
	(void)value;
	(void)arena;
	return (struct text){ NULL, 0 };
}

static uint32_t
null_count(const struct value *value)
{
	(void)value;
	return 0;
}

static struct text
bool_text(const struct value *value, struct arena *arena)
{
	(void)arena;
	return value->truth ? TEXT("true") : TEXT("false");
}

static bool
bool_write(const struct value *value, struct buf *out, size_t mark, size_t *at)
{
	(void)mark;
	(void)at;
	return value_literal(out, bool_text(value, NULL));
}

static bool
number_write(const struct value *value, struct buf *out, size_t mark,
    size_t *at)
{
	(void)mark;
	(void)at;
	return value_literal(out, value->text);
}

static struct text
bytes_text(const struct value *value, struct arena *arena)
{
	return (struct text){ arena_text(arena, value->text),
		value->text.len };
}

static bool
text_write(const struct value *value, struct buf *out, size_t mark, size_t *at)
{
	(void)mark;
	(void)at;
	buf_add_json(out, value->text);
	return true;
}

/* *at counts the bytes that are out already. */
static bool
value_write_raw(struct text bytes, struct buf *out, size_t mark, size_t *at)
{
	size_t n = bytes.len - *at;
	size_t room = mark > out->len ? mark - out->len : 0;

	if (n > room)
		n = room;
	buf_add(out, bytes.at + *at, n);
	*at += n;
	return *at == bytes.len;
}

static bool
json_write(const struct value *value, struct buf *out, size_t mark, size_t *at)
{
	return value_write_raw(value->text, out, mark, at);
}

/*
 * Elements of an array that is known to be sound JSON: one more than commas
 * at its own level. Only strings can hide brackets and commas.
 */
static uint32_t
json_count(const struct value *value)
{
	const char *at = value->text.at, *end = at + value->text.len;
	uint32_t commas = 0, things = 0;
	unsigned depth = 0;
	bool quoted = false;

	while (at < end && strchr(" \t\r\n", *at) != NULL)
		at++;
	if (at == end || *at != '[')
		return 1;
	for (; at < end; at++) {
		if (quoted) {
			quoted = *at != '"';
			at += *at == '\\';
			continue;
		}
		quoted = *at == '"';
		things += depth == 1 && strchr(" \t\r\n]", *at) == NULL;
		depth += *at == '[' || *at == '{';
		depth -= *at == ']' || *at == '}';
		commas += depth == 1 && *at == ',';
	}
	return things == 0 ? 0 : commas + 1;
}

static bool
tree_write(const struct value *value, struct buf *out, size_t mark, size_t *at)
{
	return value_write_raw(json_raw(value->doc, value->at), out, mark, at);
}

static struct value
tree_member(const struct value *value, struct text name)
{
	uint32_t node = json_find(value->doc, value->at, name);

	return node == 0 ? VALUE_NULL : value_tree(value->doc, node, NULL);
}

static struct value
tree_element(const struct value *value, uint32_t i)
{
	uint32_t node = json_at(value->doc, value->at, i);

	return node == 0 ? VALUE_NULL : value_tree(value->doc, node, NULL);
}

static uint32_t
tree_count(const struct value *value)
{
	const struct json_node *node = &value->doc->nodes[value->at];

	return node->kind == JSON_ARRAY ? node->count : 1;
}

static struct text
tree_text(const struct value *value, struct arena *arena)
{
	const struct json_node *node = &value->doc->nodes[value->at];
	struct text text;

	if (node->kind == JSON_STRING)
		text = json_string(value->doc, value->at, arena);
	else
		text = json_raw(value->doc, value->at);
	return (struct text){ arena_text(arena, text), text.len };
}

struct value
value_bool(bool truth)
{
	return (struct value){ .type = &value_type_bool, .truth = truth };
}

struct value
value_text(struct text text)
{
	if (text.at == NULL)
		return VALUE_NULL;
	return (struct value){ .type = &value_type_text, .text = text };
}

struct value
value_number(struct text digits)
{
	return (struct value){ .type = &value_type_number, .text = digits };
}

struct value
value_json(struct text bytes)
{
	return (struct value){ .type = &value_type_json, .text = bytes };
}

struct value
value_tree(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
	const struct json_node *at = &doc->nodes[node];

	switch ((enum json_kind)at->kind) {
	case JSON_NULL:
		return VALUE_NULL;
	case JSON_FALSE:
		return value_bool(false);
	case JSON_TRUE:
		return value_bool(true);
	case JSON_NUMBER:
		return value_number(json_raw(doc, node));
	case JSON_STRING:
		if ((at->flags & JSON_ESCAPED) == 0 || arena != NULL)
			return value_text(json_string(doc, node, arena));
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return (struct value){ .type = &value_type_tree, .doc = doc,
		.at = node };
}

struct value
value_parse(struct value value, struct arena *arena)
{
	struct json_doc *doc;
	struct json_error error;

	if (value.type != &value_type_json)
		return value;
	doc = arena_alloc(arena, sizeof(*doc));
	if (json_scan(value.text.at, value.text.len, VALUE_MAX_DEPTH, arena,
	    doc, &error) != 0)
		return VALUE_NULL;
	return value_tree(doc, 0, arena);
}

bool
value_write(const struct value *value, struct buf *out, size_t mark,
    size_t *at)
{
	return value->type->write(value, out, mark, at);
}

void
value_write_all(const struct value *value, struct buf *out)
{
	size_t at = 0;

	while (!value_write(value, out, SIZE_MAX, &at))
		;
}

struct value
value_member(const struct value *value, struct text name)
{
	if (value->type->member == NULL)
		return VALUE_NULL;
	return value->type->member(value, name);
}

struct value
value_element(const struct value *value, uint32_t i)
{
	if (value->type->element == NULL)
		return VALUE_NULL;
	return value->type->element(value, i);
}

uint32_t
value_count(const struct value *value)
{
	return value->type->count == NULL ? 1 : value->type->count(value);
}

struct text
value_to_text(const struct value *value, struct arena *arena)
{
	return value->type->text(value, arena);
}

const struct value_type value_type_null = {
	.name = "null",
	.write = null_write,
	.count = null_count,
	.text = null_text,
};

const struct value_type value_type_bool = {
	.name = "bool",
	.write = bool_write,
	.text = bool_text,
};

const struct value_type value_type_number = {
	.name = "number",
	.write = number_write,
	.text = bytes_text,
};

const struct value_type value_type_text = {
	.name = "text",
	.write = text_write,
	.text = bytes_text,
};

const struct value_type value_type_json = {
	.name = "json",
	.write = json_write,
	.count = json_count,
	.text = bytes_text,
};

const struct value_type value_type_tree = {
	.name = "tree",
	.write = tree_write,
	.member = tree_member,
	.element = tree_element,
	.count = tree_count,
	.text = tree_text,
};
