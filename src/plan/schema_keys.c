/*
 * The words a value is declared with, one row each. What they mean together
 * is judged when the type is known: schema_settle.c.
 */
#include "plan/schema_keys.h"

#include <stddef.h>

#include "base/compiler.h"
#include "conf/key.h"
#include "plan/schema.h"

#define AT(field) offsetof(struct value_keys, field)

/* In the order of enum schema_format. */
static const char *const formats[] = { "any", "email", "uuid", "date",
	"date-time", "time", "uri", "ipv4", "ipv6", NULL };

/* In the order of enum schema_extra. */
static const char *const extras[] = { "ignore", "forbid", NULL };

static const struct conf_key value_rows[] = {
	{ .name = "type", .type = CONF_TYPE_STRING, .at = AT(type),
	  .doc = "A type of PostgreSQL (int4, text, uuid, timestamptz, ...), "
	      "or a name of the section types; with [] behind it a list of "
	      "it. Without it the type is the one of the statements the value "
	      "goes into, else text. Where both are known they must agree." },
	{ .name = "minimum", .type = CONF_TYPE_NODE, .at = AT(minimum),
	  .syntax = "number", .doc = "The lowest number." },
	{ .name = "maximum", .type = CONF_TYPE_NODE, .at = AT(maximum),
	  .syntax = "number", .doc = "The highest number." },
	{ .name = "exclusive_minimum", .type = CONF_TYPE_NODE,
	  .at = AT(exclusive_minimum), .syntax = "number",
	  .doc = "Numbers must be above it." },
	{ .name = "exclusive_maximum", .type = CONF_TYPE_NODE,
	  .at = AT(exclusive_maximum), .syntax = "number",
	  .doc = "Numbers must be below it." },
	{ .name = "min_length", .type = CONF_TYPE_COUNT, .at = AT(min_length),
	  .unit = "characters", .doc = "The fewest characters of a text." },
	{ .name = "max_length", .type = CONF_TYPE_COUNT, .at = AT(max_length),
	  .unit = "characters", .doc = "The most characters of a text." },
	{ .name = "pattern", .type = CONF_TYPE_STRING, .at = AT(pattern),
	  .doc = "A regular expression (PCRE2) that the text must match "
	      "somewhere; ^ and $ bind it to both ends." },
	{ .name = "format", .type = CONF_TYPE_ENUM, .at = AT(format),
	  .dflt = "any", .choices = formats,
	  .doc = "A known form of text." },
	{ .name = "enum", .type = CONF_TYPE_NODE, .at = AT(choices),
	  .syntax = "[ value, ... ]", .doc = "The only values allowed." },
	{ .name = "default", .type = CONF_TYPE_NODE, .at = AT(dflt),
	  .syntax = "value",
	  .doc = "What it is when nothing was sent. It is checked like what a "
	      "client sends." },
	{ .name = "min_items", .type = CONF_TYPE_COUNT, .at = AT(min_items),
	  .unit = "elements", .doc = "The fewest elements of a list." },
	{ .name = "max_items", .type = CONF_TYPE_COUNT, .at = AT(max_items),
	  .unit = "elements", .doc = "The most elements of a list." },
	{ .name = "optional", .type = CONF_TYPE_BOOL, .at = AT(optional),
	  .doc = "It need not be sent and is null then. In a type or a body: "
	      "none of its fields need be sent." },
	{ .name = "nullable", .type = CONF_TYPE_BOOL, .at = AT(nullable),
	  .doc = "null is allowed in a body." },
	{ .name = "secret", .type = CONF_TYPE_BOOL, .at = AT(secret),
	  .doc = "What was sent is never repeated in an error." },
	{ .name = "lenient", .type = CONF_TYPE_BOOL, .at = AT(lenient),
	  .doc = "Of query, header and cookie: instead of an error a bad value "
	      "becomes the default, and one out of range the bound." },
	{ .name = "name", .type = CONF_TYPE_STRING, .at = AT(name),
	  .doc = "What clients call it, where that is no name for this file: "
	      "\"filter[x]\"." },
	{ .name = "message", .type = CONF_TYPE_STRING, .at = AT(message),
	  .doc = "The message of all its errors." },
};

const struct conf_section input_section = {
	.name = "input",
	.where = "routes.NAME.query.NAME, .path, .header, .cookie, fields.NAME",
	.size = sizeof(struct value_keys),
	.keys = value_rows, .nkeys = ARRAY_LEN(value_rows),
	.doc = "A value that clients send: its type, and what it must be like.",
};

static const struct conf_key type_rows[] = {
	{ .name = "like", .type = CONF_TYPE_STRING,
	  .at = offsetof(struct type_keys, like),
	  .doc = "The name of a type whose fields and keys it has too; what is "
	      "written here goes before." },
	{ .name = "fields", .type = CONF_TYPE_NODE,
	  .at = offsetof(struct type_keys, fields),
	  .syntax = "{ name = { ... }; ... }",
	  .doc = "The fields of an object, each an input. They are required "
	      "unless they are optional or have a default." },
	{ .name = "extra", .type = CONF_TYPE_ENUM,
	  .at = offsetof(struct type_keys, extra), .dflt = "ignore",
	  .choices = extras,
	  .doc = "What to do about fields that were not declared." },
};

const struct conf_section type_section = {
	.name = "type",
	.where = "types.NAME, routes.NAME.body, fields.NAME",
	.size = sizeof(struct type_keys),
	.keys = type_rows, .nkeys = ARRAY_LEN(type_rows),
	.doc = "An object or a value with a name, for bodies and fields.",
};

int
schema_keys_read(const struct conf_node *group, struct value_keys *value,
    struct type_keys *type, struct conf_report *report)
{
	const struct conf_into into[] = {
		{ &input_section, value }, { &type_section, type },
	};

	return conf_read(group, into, ARRAY_LEN(into), report);
}
