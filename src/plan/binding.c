/*
 * What a reference is worth while a request runs: the value, the member its
 * path leads to, and how it looks inside of a text.
 */
#include "plan/binding.h"

#include <string.h>

#include "base/arena.h"

/* "12" as an index; -1 when it is none. */
static int64_t
binding_index(struct text step)
{
	int64_t index = 0;

	if (step.len == 0 || step.len > 9)
		return -1;
	for (size_t i = 0; i < step.len; i++) {
		if (step.at[i] < '0' || step.at[i] > '9')
			return -1;
		index = index * 10 + (step.at[i] - '0');
	}
	return index;
}

static struct value
binding_step(const struct value *value, struct text step)
{
	int64_t index = binding_index(step);
	struct value found;

	found = value_member(value, step);
	if (value_is_null(&found) && index >= 0)
		found = value_element(value, (uint32_t)index);
	return found;
}

struct value
binding_walk(struct value value, const struct text *path, unsigned n,
    struct arena *arena)
{
	for (unsigned i = 0; i < n && !value_is_null(&value); i++) {
		value = value_parse(value, arena);
		value = binding_step(&value, path[i]);
	}
	/* A string with escapes stayed a node, for want of an arena. */
	if (value.type == &value_type_tree)
		value = value_tree(value.doc, value.at, arena);
	return value;
}

struct value
binding_value(const struct binding *binding,
    const struct binding_source *source)
{
	if (binding->kind == BINDING_NULL)
		return VALUE_NULL;
	return source->value(source->arg, binding);
}

static struct text
binding_float(struct text digits, struct arena *arena)
{
	char *text;

	if (digits.len == 0)
		return digits;
	for (size_t i = 0; i < digits.len; i++) {
		if (strchr("0123456789-", digits.at[i]) == NULL)
			return digits;
	}
	text = arena_bytes(arena, digits.len + 3);
	memcpy(text, digits.at, digits.len);
	memcpy(text + digits.len, ".0", 3);
	return (struct text){ text, digits.len + 2 };
}

struct text
binding_text(const struct binding *binding,
    const struct binding_source *source)
{
	struct value value = binding_value(binding, source);
	struct text text;

	/* Of JSON that is a string, the string without its quotes. */
	value = value_parse(value, source->arena);
	if (value_is_null(&value))
		return TEXT("");
	if (value.type == &value_type_bool)
		return value.truth ? TEXT("true") : TEXT("false");
	text = value_to_text(&value, source->arena);
	if (text.at == NULL)
		return TEXT("");
	return binding->is_float ? binding_float(text, source->arena) : text;
}
