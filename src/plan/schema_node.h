#ifndef MUSTER_PLAN_SCHEMA_NODE_H
#define MUSTER_PLAN_SCHEMA_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "base/value.h"
#include "plan/schema_number.h"
#include "plan/schema_types.h"

struct arena;
struct conf_node;
struct conf_report;
struct pattern;
struct schemas;

/*
 * What a schema is made of: for schema*.c, inputs*.c and who describes them.
 * Named types are shared and never changed after schemas_compile; a route
 * that refers to a part of one owns a copy of the way to that part, which
 * learns its types from the statements.
 */
enum schema_kind {
	SCHEMA_UNTYPED,		/* until schema_settle: from statements, or
				 * from what its constraints speak of */
	SCHEMA_SCALAR,
	SCHEMA_OBJECT,
	SCHEMA_LIST,
	SCHEMA_JSON		/* any value */
};

enum schema_format {
	FORMAT_ANY, FORMAT_EMAIL, FORMAT_UUID, FORMAT_DATE, FORMAT_DATE_TIME,
	FORMAT_TIME, FORMAT_URI, FORMAT_IPV4, FORMAT_IPV6
};

/* What an input holds after the check; the text goes to SQL. */
struct input_value {
	struct value value;
	struct text param;	/* a number as it was written; at NULL: as
				 * value says */
	bool sent;
};

struct schema_bound {
	struct text digits;	/* at NULL: none */
	struct number number;
	struct src_pos pos;
};

struct schema_choice {
	struct text text;	/* a string unescaped, or digits */
	bool is_number;
	struct number number;
};

struct schema_field {
	struct text key;	/* as references call it */
	struct text name;	/* as the client calls it */
	bool optional;
	struct schema *schema;
};

struct schema {
	enum schema_kind kind;
	struct scalar_type type;	/* SCALAR, and of a LIST's elements */
	struct src_pos pos;
	const char *type_name;		/* as declared, or NULL */
	const char *foreign;		/* it may be one of the database's */
	struct src_pos type_pos;
	bool owned;			/* belongs to one route */
	bool declared;			/* written in server.conf */
	bool settled, settling;
	bool guessed;			/* by schema_settle, from constraints */

	bool optional, nullable, secret, lenient, forbids_extra;
	const char *name, *message;

	struct schema_bound minimum, maximum, above, below;
	int64_t min_length, max_length, min_items, max_items;	/* -1: none */
	struct pattern *pattern;
	enum schema_format format;
	unsigned nchoices;
	const struct schema_choice *choices;
	const char *expected;		/* "'red' or 'green'" */
	const char *expected_ctx;	/* the same as ctx */
	int64_t low, high;		/* INT, of type and bounds */
	struct src_pos length_pos, items_pos, pattern_pos, format_pos;
	const struct conf_node *choices_node;

	const struct conf_node *dflt_node;
	struct text dflt_json;		/* at NULL: none */
	struct input_value dflt;	/* from schema_settle */

	unsigned nfields;
	struct schema_field *fields;
	struct schema *element;
	bool own_element;		/* made by schema_settle, of the list's
					 * own constraints */

	int input;			/* the input it fills; -1: none */
	bool holds_secret;		/* it, or anything inside */
	bool plain_int;			/* SCALAR INT, low and high say all */
};

/* All constraints absent; kind SCHEMA_UNTYPED. */
struct schema *schema_new(struct arena *, struct src_pos);

/*
 * One declared value: the group of an input, a field or a named type.
 * Returns NULL after a fault that leaves nothing of it.
 */
struct schema *schema_compile(struct schemas *, const struct conf_node *,
    struct arena *, struct conf_report *);

/* "UserCreate", "Line[]", "int4": as the value of `type` or of `body`. */
void schema_set_type(struct schemas *, struct schema *, const char *name,
    struct src_pos, struct arena *, struct conf_report *);

/* A type or a body that is optional: none of its fields need be sent. */
void schema_fields_optional(struct schema *);

/* A value of server.conf as JSON, in the arena; at NULL: beyond int64. */
struct text schema_number_from_conf(const struct conf_node *, struct arena *);
struct text schema_json_from_conf(const struct conf_node *, struct arena *);

/* A shallow copy that a route may change; fields are copied, not what they
 * lead to. */
struct schema *schema_own(struct schema *, struct arena *);

struct schema_field *schema_field(const struct schema *, struct text key);

/*
 * A statement wants this type of it. -1: it cannot be had; declared says so.
 */
int schema_want(struct schema *, const struct scalar_type *wanted) MUST_USE;

/*
 * The type is known now: constraints are checked against it, bounds fixed,
 * the default made. Recursive; faults to the report. Types that neither
 * declaration nor statement told are guessed from the constraints.
 */
void schema_settle(struct schema *, struct arena *, struct conf_report *);

#endif
