/*
 * Values that server.conf itself gives, bounds, enums and defaults, become
 * JSON: so one judge serves for them and for what clients send.
 */
#include "plan/schema_node.h"

#include <stdlib.h>

#include "base/arena.h"
#include "conf/node.h"

/* Digits as JSON writes them: 0x10 is 16, and 1. is 1.0. */
struct text
schema_number_from_conf(const struct conf_node *node, struct arena *arena)
{
	struct number number;
	struct text text = text_of(conf_node_text(node));
	char printed[32];
	int64_t integer;

	if (conf_node_kind(node) == CONF_INTEGER) {
		if (conf_node_integer(node, &integer) != 0)
			return (struct text){ NULL, 0 };
		return text_of(arena_printf(arena, "%lld",
		    (long long)integer));
	}
	if (number_scan(text, false, &number) == 0)
		return text;
	number_print_double(strtod(text.at, NULL), printed);
	return text_of(arena_strdup(arena, printed));
}

static void json_from_conf(const struct conf_node *, struct buf *,
    struct arena *);

static void
json_from_parts(const struct conf_node *node, struct buf *out,
    struct arena *arena)
{
	bool group = conf_node_kind(node) == CONF_GROUP;
	size_t i, n = conf_node_count(node);

	buf_add_byte(out, group ? '{' : '[');
	for (i = 0; i < n; i++) {
		const struct conf_node *part = conf_node_at(node, i);

		if (i > 0)
			buf_add_byte(out, ',');
		if (group) {
			buf_add_json(out, text_of(conf_node_name(part)));
			buf_add_byte(out, ':');
		}
		json_from_conf(part, out, arena);
	}
	buf_add_byte(out, group ? '}' : ']');
}

static void
json_from_conf(const struct conf_node *node, struct buf *out,
    struct arena *arena)
{
	switch (conf_node_kind(node)) {
	case CONF_STRING:
		buf_add_json(out, text_of(conf_node_text(node)));
		break;
	case CONF_INTEGER:
	case CONF_FLOAT:
		buf_add_text(out, schema_number_from_conf(node, arena));
		break;
	case CONF_BOOLEAN:
		buf_add_text(out, conf_node_bool(node) ? TEXT("true") :
		    TEXT("false"));
		break;
	case CONF_LIST:
	case CONF_ARRAY:
	case CONF_GROUP:
		json_from_parts(node, out, arena);
		break;
	}
}

struct text
schema_json_from_conf(const struct conf_node *node, struct arena *arena)
{
	struct buf out = { NULL, 0, 0 };
	struct text json;

	json_from_conf(node, &out, arena);
	json.len = out.len;
	json.at = arena_text(arena, (struct text){ out.data, out.len });
	buf_release(&out);
	return json;
}
