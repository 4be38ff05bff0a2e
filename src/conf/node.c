/*
 * The tree behind conf_node: what file.c builds from one file and include.c
 * puts together. After conf_load nobody changes it.
 */
#include "conf/node.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "conf/scanner.h"
#include "conf/tree.h"

/* Below this many members, comparing names one by one is faster. */
enum { NODE_INDEX_FROM = 9 };

struct conf_node *
node_new(const struct conf_source *source, enum conf_kind kind)
{
	struct conf_node *node = arena_alloc(source->arena, sizeof(*node));

	node->source = source;
	node->kind = (uint8_t)kind;
	return node;
}

static uint32_t
name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

static void
index_put(struct node_index *index, const char *name, uint32_t member)
{
	uint32_t i = name_hash(name) & (index->nslots - 1);

	while (index->slots[i] != 0)
		i = (i + 1) & (index->nslots - 1);
	index->slots[i] = member + 1;
}

/* Room for twice the members there are, filled anew. */
static void
index_build(struct conf_node *node)
{
	struct arena *arena = node->source->arena;
	uint32_t i, nslots = 32;

	while (nslots < node->count * 4)
		nslots *= 2;
	if (node->index == NULL)
		node->index = arena_alloc(arena, sizeof(*node->index));
	node->index->nslots = nslots;
	node->index->slots = arena_alloc(arena, nslots * sizeof(uint32_t));
	for (i = 0; i < node->count; i++)
		index_put(node->index, node->members[i]->name, i);
}

void
node_add(struct conf_node *parent, struct conf_node *child)
{
	struct conf_node **members;

	if (parent->count == parent->room) {
		parent->room = parent->room == 0 ? 4 : parent->room * 2;
		members = arena_bytes(parent->source->arena,
		    parent->room * sizeof(*members));
		if (parent->count > 0)
			memcpy(members, parent->members,
			    parent->count * sizeof(*members));
		parent->members = members;
	}
	child->parent = parent;
	parent->members[parent->count++] = child;
	if (parent->kind != CONF_GROUP || parent->count < NODE_INDEX_FROM)
		return;
	if (parent->index == NULL || parent->index->nslots < parent->count * 2)
		index_build(parent);
	else
		index_put(parent->index, child->name, parent->count - 1);
}

struct conf_node *
node_find(const struct conf_node *node, const char *name)
{
	uint32_t i;

	if (node->kind != CONF_GROUP)
		return NULL;
	if (node->index == NULL) {
		for (i = 0; i < node->count; i++)
			if (strcmp(node->members[i]->name, name) == 0)
				return node->members[i];
		return NULL;
	}
	i = name_hash(name) & (node->index->nslots - 1);
	while (node->index->slots[i] != 0) {
		struct conf_node *member =
		    node->members[node->index->slots[i] - 1];

		if (strcmp(member->name, name) == 0)
			return member;
		i = (i + 1) & (node->index->nslots - 1);
	}
	return NULL;
}

const struct conf_node *
conf_node_find(const struct conf_node *node, const char *name)
{
	return node_find(node, name);
}

enum conf_kind
conf_node_kind(const struct conf_node *node)
{
	return (enum conf_kind)node->kind;
}

const char *
conf_node_kind_name(const struct conf_node *node)
{
	static const char *const names[] = {
		[CONF_GROUP] = "a group",
		[CONF_LIST] = "a list",
		[CONF_ARRAY] = "an array",
		[CONF_STRING] = "a string",
		[CONF_INTEGER] = "a number",
		[CONF_FLOAT] = "a number with a point",
		[CONF_BOOLEAN] = "a boolean",
	};

	return names[node->kind];
}

const char *
conf_node_name(const struct conf_node *node)
{
	return node->name;
}

bool
conf_node_starred(const struct conf_node *node)
{
	return node->starred;
}

struct src_pos
conf_node_pos(const struct conf_node *node)
{
	return (struct src_pos){
		node->source->path, node->line, node->column
	};
}

struct src_pos
conf_node_name_pos(const struct conf_node *node)
{
	if (node->name == NULL)
		return conf_node_pos(node);
	return (struct src_pos){
		node->source->path, node->name_line, node->name_column
	};
}

size_t
conf_node_count(const struct conf_node *node)
{
	return node->count;
}

const struct conf_node *
conf_node_at(const struct conf_node *node, size_t i)
{
	return i < node->count ? node->members[i] : NULL;
}

const char *
conf_node_text(const struct conf_node *node)
{
	return node->text;
}

size_t
conf_node_length(const struct conf_node *node)
{
	return node->length;
}

bool
conf_node_bool(const struct conf_node *node)
{
	return node->truth;
}

int
conf_node_integer(const struct conf_node *node, int64_t *number)
{
	if (node->kind != CONF_INTEGER)
		return -1;
	return word_integer(node->text, node->length, number);
}

bool
conf_node_holed(const struct conf_node *node)
{
	return node->holed;
}

void
node_mark_secret(const struct conf_node *node)
{
	((struct conf_node *)node)->secret = true;
}

static size_t
node_number(const struct conf_node *node)
{
	size_t i;

	for (i = 0; i < node->parent->count; i++)
		if (node->parent->members[i] == node)
			break;
	return i;
}

/* Returns the length that the whole path has, as snprintf does. */
static size_t
node_path(const struct conf_node *node, char *path, size_t size)
{
	size_t len;
	int n;

	if (node->parent == NULL) {
		if (size > 0)
			path[0] = '\0';
		return 0;
	}
	len = node_path(node->parent, path, size);
	if (len < size) {
		path += len;
		size -= len;
	} else
		size = 0;
	if (node->name == NULL)
		n = snprintf(path, size, "[%zu]", node_number(node));
	else
		n = snprintf(path, size, "%s%s%s", len == 0 ? "" : ".",
		    node->starred ? "*" : "", node->name);
	return n < 0 ? len : len + (size_t)n;
}

void
conf_node_path(const struct conf_node *node, char *path, size_t size)
{
	node_path(node, path, size);
}

/* Steps over the next unit of a string's source. */
static size_t
place_step(struct scanner *place, size_t *made)
{
	const char *at = place->text + place->at;
	size_t n = string_step(at, place->length - place->at, made);

	if (n > 0 && at[0] == '\n') {
		place->line++;
		place->line_start = place->at + 1;
	}
	place->at += n;
	return n;
}

static struct src_pos
place_pos(const struct conf_node *node, const struct scanner *place)
{
	return (struct src_pos){
		node->source->path, place->line,
		(unsigned)(place->at - place->line_start) + 1
	};
}

struct src_pos
conf_node_text_pos(const struct conf_node *node, size_t offset)
{
	const struct conf_source *source = node->source;
	struct scanner strings, place;
	struct token token;
	size_t made;

	if (node->kind != CONF_STRING)
		return conf_node_pos(node);
	scanner_init_at(&strings, source->text, source->length, node->offset,
	    node->line, node->column);
	scanner_next(&strings, &token);
	for (;;) {
		scanner_init_at(&place, source->text, source->length,
		    token.offset + 1, token.line, token.column + 1);
		while (offset > 0 && place_step(&place, &made) > 0)
			offset -= made;
		if (offset == 0 && place.text[place.at] != '"')
			break;
		scanner_next(&strings, &token);
		if (token.kind != TOKEN_STRING)
			break;
	}
	return place_pos(node, &place);
}
