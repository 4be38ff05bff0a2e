/*
 * Declared values: from the groups of server.conf to trees. Named types are
 * compiled when they are first asked for, so that they may stand in any order
 * and hold lists of themselves.
 */
#include "plan/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/node.h"
#include "conf/report.h"
#include "plan/schema_keys.h"
#include "plan/schema_node.h"
#include "plan/schema_pattern.h"

enum named_state { NAMED_NEW, NAMED_BEGUN, NAMED_DONE };

struct named_type {
	const char *name;
	const struct conf_node *node;
	struct schema *schema;
	enum named_state state;
};

/* A field whose type was still being compiled when it was met. */
struct schema_wait {
	struct schema_wait *next;
	struct schema *schema;
	struct named_type *type;
};

struct schemas {
	struct arena *arena;
	struct conf_report *report;	/* while compiling */
	unsigned count;
	struct named_type *types;
	const char **names;		/* of them and PostgreSQL's */
	struct schema_wait *waits;
};

struct schema *
schema_new(struct arena *arena, struct src_pos pos)
{
	struct schema *schema = arena_alloc(arena, sizeof(*schema));

	schema->pos = pos;
	schema->min_length = schema->max_length = -1;
	schema->min_items = schema->max_items = -1;
	schema->input = -1;
	return schema;
}

struct schema *
schema_own(struct schema *schema, struct arena *arena)
{
	struct schema *copy;
	size_t size = schema->nfields * sizeof(*schema->fields);

	if (schema->owned)
		return schema;
	copy = arena_alloc(arena, sizeof(*copy));
	*copy = *schema;
	copy->owned = true;
	copy->settled = false;
	copy->input = -1;
	if (copy->guessed) {
		copy->kind = SCHEMA_UNTYPED;
		copy->type = (struct scalar_type){ .family = TYPE_UNKNOWN };
		copy->guessed = false;
	}
	if (copy->own_element) {
		copy->element = NULL;
		copy->own_element = false;
	}
	if (size > 0) {
		copy->fields = arena_alloc(arena, size);
		memcpy(copy->fields, schema->fields, size);
	}
	return copy;
}

struct schema_field *
schema_field(const struct schema *schema, struct text key)
{
	for (unsigned i = 0; i < schema->nfields; i++) {
		if (text_equal(schema->fields[i].key, key))
			return &schema->fields[i];
	}
	return NULL;
}

/* ---- types by name ------------------------------------------------------- */

static struct named_type *
schemas_find_named(const struct schemas *schemas, const char *name)
{
	for (unsigned i = 0; i < schemas->count; i++) {
		if (strcmp(schemas->types[i].name, name) == 0)
			return &schemas->types[i];
	}
	return NULL;
}

const struct schema *
schemas_find(const struct schemas *schemas, const char *name)
{
	const struct named_type *type = schemas_find_named(schemas, name);

	return type == NULL ? NULL : type->schema;
}

static void
schema_inherit_bounds(struct schema *schema, const struct schema *base)
{
	if (schema->minimum.digits.at == NULL)
		schema->minimum = base->minimum;
	if (schema->maximum.digits.at == NULL)
		schema->maximum = base->maximum;
	if (schema->above.digits.at == NULL)
		schema->above = base->above;
	if (schema->below.digits.at == NULL)
		schema->below = base->below;
	if (schema->min_length < 0) {
		schema->min_length = base->min_length;
		schema->length_pos = base->length_pos;
	}
	if (schema->max_length < 0) {
		schema->max_length = base->max_length;
		schema->length_pos = base->length_pos;
	}
	if (schema->min_items < 0)
		schema->min_items = base->min_items;
	if (schema->max_items < 0)
		schema->max_items = base->max_items;
	if (schema->pattern == NULL) {
		schema->pattern = base->pattern;
		schema->pattern_pos = base->pattern_pos;
	}
	if (schema->format == FORMAT_ANY) {
		schema->format = base->format;
		schema->format_pos = base->format_pos;
	}
}

/* What the group says already goes before what the named type says. */
static void
schema_inherit(struct schema *schema, const struct schema *base,
    struct arena *arena)
{
	size_t size = base->nfields * sizeof(*base->fields);

	schema->kind = base->kind;
	schema->type = base->type;
	schema->type_name = base->type_name;
	schema->element = base->element;
	if (size > 0) {
		schema->fields = memcpy(arena_alloc(arena, size),
		    base->fields, size);
		schema->nfields = base->nfields;
		schema->forbids_extra |= base->forbids_extra;
	}
	schema->nullable |= base->nullable;
	schema->secret |= base->secret;
	if (schema->message == NULL)
		schema->message = base->message;
	schema_inherit_bounds(schema, base);
	if (schema->choices_node == NULL)
		schema->choices_node = base->choices_node;
	if (schema->dflt_node == NULL)
		schema->dflt_node = base->dflt_node;
}

static struct schema *schemas_compile_named(struct schemas *,
    struct named_type *);

static void
schema_set_named(struct schemas *schemas, struct schema *schema,
    struct named_type *type, bool list, struct arena *arena)
{
	struct schema *named = schemas_compile_named(schemas, type);
	struct schema_wait *wait;

	if (list) {
		schema->kind = SCHEMA_LIST;
		schema->element = named;
	} else if (type->state == NAMED_DONE) {
		schema_inherit(schema, named, arena);
	} else {
		wait = arena_alloc(arena, sizeof(*wait));
		*wait = (struct schema_wait){ schemas->waits, schema, type };
		schemas->waits = wait;
	}
}

/*
 * A name that is near none of ours may be a type of the database: the
 * statement that takes it must know it then.
 */
static void
schema_set_foreign(struct schemas *schemas, struct schema *schema,
    const char *name, struct src_pos pos, struct conf_report *report)
{
	if (text_nearest(name, schemas->names) != NULL) {
		conf_fault_unknown(report, pos, "type", name, schemas->names);
		/* What it would have had is no fault of its own. */
		schema->declared = false;
		return;
	}
	schema->foreign = name;
}

void
schema_set_type(struct schemas *schemas, struct schema *schema,
    const char *written, struct src_pos pos, struct arena *arena,
    struct conf_report *report)
{
	size_t length = strlen(written);
	bool list = length > 2 && strcmp(written + length - 2, "[]") == 0;
	const char *name = arena_text(arena,
	    (struct text){ written, list ? length - 2 : length });
	struct named_type *named = schemas_find_named(schemas, name);
	struct scalar_type type;

	schema->type_name = written;
	schema->type_pos = pos;
	if (named != NULL) {
		schema_set_named(schemas, schema, named, list, arena);
		return;
	}
	if (!type_find(name, &type)) {
		schema_set_foreign(schemas, schema, name, pos, report);
		return;
	}
	schema->type = type;
	schema->kind = list ? SCHEMA_LIST : type.family == TYPE_JSON ?
	    SCHEMA_JSON : SCHEMA_SCALAR;
}

/* ---- one group ----------------------------------------------------------- */

static struct src_pos
key_pos(const struct conf_node *group, const char *key)
{
	const struct conf_node *node = conf_node_find(group, key);

	return conf_node_pos(node == NULL ? group : node);
}

static void
schema_read_bound(struct schema_bound *bound, const struct conf_node *node,
    struct arena *arena, struct conf_report *report)
{
	enum conf_kind kind;

	if (node == NULL)
		return;
	kind = conf_node_kind(node);
	if (kind != CONF_INTEGER && kind != CONF_FLOAT) {
		conf_fault(report, conf_node_pos(node),
		    "\"%s\" is a number, not %s", conf_node_name(node),
		    conf_node_kind_name(node));
		return;
	}
	bound->digits = schema_number_from_conf(node, arena);
	bound->pos = conf_node_pos(node);
	if (bound->digits.at != NULL &&
	    number_scan(bound->digits, false, &bound->number) != 0)
		bound->digits.at = NULL;
}

static void
schema_read_values(struct schema *schema, const struct conf_node *group,
    const struct value_keys *keys, struct arena *arena,
    struct conf_report *report)
{
	schema->optional = keys->optional;
	schema->nullable = keys->nullable;
	schema->secret = keys->secret;
	schema->lenient = keys->lenient;
	schema->name = keys->name;
	schema->message = keys->message;
	schema_read_bound(&schema->minimum, keys->minimum, arena, report);
	schema_read_bound(&schema->maximum, keys->maximum, arena, report);
	schema_read_bound(&schema->above, keys->exclusive_minimum, arena,
	    report);
	schema_read_bound(&schema->below, keys->exclusive_maximum, arena,
	    report);
	if (conf_node_find(group, "min_length") != NULL)
		schema->min_length = keys->min_length;
	if (conf_node_find(group, "max_length") != NULL)
		schema->max_length = keys->max_length;
	schema->length_pos = key_pos(group, schema->max_length >= 0 ?
	    "max_length" : "min_length");
	if (conf_node_find(group, "min_items") != NULL)
		schema->min_items = keys->min_items;
	if (conf_node_find(group, "max_items") != NULL)
		schema->max_items = keys->max_items;
	schema->items_pos = key_pos(group, schema->max_items >= 0 ?
	    "max_items" : "min_items");
	schema->format = (enum schema_format)keys->format;
	schema->format_pos = key_pos(group, "format");
	schema->pattern_pos = key_pos(group, "pattern");
	if (keys->pattern != NULL)
		schema->pattern = pattern_compile(
		    conf_node_find(group, "pattern"), arena, report);
	schema->choices_node = keys->choices;
	schema->dflt_node = keys->dflt;
}

static void
schema_add_field(struct schema *schema, const struct schema_field *field,
    struct arena *arena)
{
	struct schema_field *same = schema_field(schema, field->key);
	size_t size = schema->nfields * sizeof(*field);

	if (same != NULL) {
		*same = *field;
		return;
	}
	schema->fields = arena_grow(arena, schema->fields, size,
	    size + sizeof(*field));
	schema->fields[schema->nfields++] = *field;
}

static void
schema_read_fields(struct schemas *schemas, struct schema *schema,
    const struct conf_node *fields, struct arena *arena,
    struct conf_report *report)
{
	size_t i, n = conf_node_count(fields);

	if (conf_node_kind(fields) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(fields),
		    "fields is a group, { NAME = { ... }; ... }");
		return;
	}
	for (i = 0; i < n; i++) {
		const struct conf_node *node = conf_node_at(fields, i);
		struct schema_field field = { .optional = false };

		field.schema = schema_compile(schemas, node, arena, report);
		if (field.schema == NULL)
			continue;
		if (field.schema->lenient)
			conf_fault(report, key_pos(node, "lenient"), "lenient "
			    "is for query, header and cookie, not for fields");
		field.optional = field.schema->optional;
		field.key = text_of(conf_node_name(node));
		field.name = field.schema->name == NULL ? field.key :
		    text_of(field.schema->name);
		schema_add_field(schema, &field, arena);
	}
}

static void
schema_read_like(struct schemas *schemas, struct schema *schema,
    const struct conf_node *like, struct arena *arena,
    struct conf_report *report)
{
	const char *name = conf_node_text(like);
	struct named_type *type = schemas_find_named(schemas, name);
	const char **names;

	if (type == NULL) {
		names = memory_new((schemas->count + 1) * sizeof(*names));
		for (unsigned i = 0; i < schemas->count; i++)
			names[i] = schemas->types[i].name;
		conf_fault_unknown(report, conf_node_pos(like), "type", name,
		    names);
		free(names);
		return;
	}
	schemas_compile_named(schemas, type);
	if (type->state != NAMED_DONE) {
		conf_fault(report, conf_node_pos(like),
		    "the type \"%s\" is like itself", name);
		return;
	}
	schema_inherit(schema, type->schema, arena);
}

struct schema *
schema_compile(struct schemas *schemas, const struct conf_node *group,
    struct arena *arena, struct conf_report *report)
{
	struct value_keys value = { NULL };
	struct type_keys type = { NULL };
	struct schema *schema;

	if (conf_node_kind(group) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(group), "\"%s\" is a group, "
		    "%s = { type = \"text\"; ... }", conf_node_name(group),
		    conf_node_name(group));
		return NULL;
	}
	schema_keys_read(group, &value, &type, report);
	schema = schema_new(arena, conf_node_name_pos(group));
	schema->declared = true;
	schema_read_values(schema, group, &value, arena, report);
	schema->forbids_extra = type.extra == SCHEMA_EXTRA_FORBID;
	if (type.like != NULL)
		schema_read_like(schemas, schema,
		    conf_node_find(group, "like"), arena, report);
	if (type.fields != NULL) {
		schema->kind = SCHEMA_OBJECT;
		schema_read_fields(schemas, schema, type.fields, arena,
		    report);
	}
	if (value.type != NULL && type.fields == NULL)
		schema_set_type(schemas, schema, value.type,
		    key_pos(group, "type"), arena, report);
	else if (value.type != NULL)
		conf_fault(report, key_pos(group, "type"),
		    "what has fields has no type beside them");
	return schema;
}

void
schema_fields_optional(struct schema *schema)
{
	if (schema->kind != SCHEMA_OBJECT || !schema->optional)
		return;
	for (unsigned i = 0; i < schema->nfields; i++)
		schema->fields[i].optional = true;
	schema->optional = false;
}

/* ---- the section types --------------------------------------------------- */

static struct schema *
schemas_compile_named(struct schemas *schemas, struct named_type *type)
{
	struct schema *schema;
	struct schema empty;

	if (type->state != NAMED_NEW)
		return type->schema;
	type->state = NAMED_BEGUN;
	empty = *type->schema;
	schema = schema_compile(schemas, type->node, schemas->arena,
	    schemas->report);
	/* Others may hold the address already: the place stays. */
	*type->schema = schema == NULL ? empty : *schema;
	if (schema != NULL)
		schema_fields_optional(type->schema);
	for (struct schema_wait *wait = schemas->waits; wait != NULL;
	    wait = wait->next) {
		if (wait->schema == schema)
			wait->schema = type->schema;
	}
	type->state = NAMED_DONE;
	return type->schema;
}

static void
schemas_name(struct schemas *schemas)
{
	const char *known[TYPE_NAMES_MAX];
	unsigned n = 0;

	type_names(known);
	schemas->names = arena_alloc(schemas->arena,
	    (schemas->count + TYPE_NAMES_MAX) * sizeof(*schemas->names));
	for (unsigned i = 0; i < schemas->count; i++)
		schemas->names[n++] = schemas->types[i].name;
	for (unsigned i = 0; known[i] != NULL; i++)
		schemas->names[n++] = known[i];
	schemas->names[n] = NULL;
}

static void
schemas_list(struct schemas *schemas, const struct conf_node *group)
{
	struct named_type *type;
	struct scalar_type taken;
	size_t i, n = conf_node_count(group);

	schemas->types = arena_alloc(schemas->arena,
	    n * sizeof(*schemas->types));
	for (i = 0; i < n; i++) {
		const struct conf_node *node = conf_node_at(group, i);

		type = &schemas->types[schemas->count++];
		type->name = conf_node_name(node);
		type->node = node;
		type->schema = schema_new(schemas->arena,
		    conf_node_name_pos(node));
		if (type_find(type->name, &taken))
			conf_fault(schemas->report, conf_node_name_pos(node),
			    "\"%s\" is a type of PostgreSQL; choose another "
			    "name", type->name);
	}
}

static void
schemas_finish(struct schemas *schemas)
{
	struct schema_wait *wait;

	for (wait = schemas->waits; wait != NULL; wait = wait->next) {
		const struct schema *named = wait->type->schema;

		if (named == wait->schema ||
		    (named->kind != SCHEMA_OBJECT &&
		    named->kind != SCHEMA_LIST))
			conf_fault(schemas->report, wait->schema->type_pos,
			    "the type \"%s\" is made of itself",
			    wait->type->name);
		else
			schema_inherit(wait->schema, named,
			    schemas->arena);
	}
	for (unsigned i = 0; i < schemas->count; i++)
		schema_settle(schemas->types[i].schema, schemas->arena,
		    schemas->report);
}

struct schemas *
schemas_compile(const struct conf_node *group, struct conf_report *report)
{
	struct arena *arena = arena_new();
	struct schemas *schemas = arena_alloc(arena, sizeof(*schemas));

	schemas->arena = arena;
	schemas->report = report;
	if (group != NULL && conf_node_kind(group) != CONF_GROUP)
		conf_fault(report, conf_node_pos(group),
		    "types is a group, { NAME = { ... }; ... }");
	else if (group != NULL)
		schemas_list(schemas, group);
	schemas_name(schemas);
	for (unsigned i = 0; i < schemas->count; i++)
		schemas_compile_named(schemas, &schemas->types[i]);
	schemas_finish(schemas);
	schemas->report = NULL;
	return schemas;
}

void
schemas_free(struct schemas *schemas)
{
	if (schemas != NULL)
		arena_free(schemas->arena);
}
