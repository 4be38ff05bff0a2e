/*
 * Methods and paths to routes. A node stands for the segments that led to it;
 * from it lead static segments, one {parameter} and one {rest*}. The static
 * edges of all nodes lie in one hash table, keyed by node and segment, so that
 * a look-up costs the same with ten thousand siblings as with ten.
 *
 * A path that matches a better node without the method is not the end: a node
 * behind it may have the method, and Allow names what all of them have.
 */
#include "http/router.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "conf/report.h"
#include "http/parse_bytes.h"

#define SEGMENTS_MAX 64
#define STATIC_LEN_MAX 255	/* of a static segment, decoded */

/* What ends at a node. A bit of methods is 1 << enum parse_method. */
struct leaf {
	unsigned methods;
	void *routes[METHOD_COUNT];
	char *patterns[METHOD_COUNT];
	struct src_pos pos[METHOD_COUNT];
};

struct node {
	struct node *next;	/* of all nodes, for router_free */
	uint32_t salt;		/* tells equal segments of two nodes apart */
	struct node *parameter;
	struct leaf *leaf;
	struct leaf *rest;
};

struct edge {
	uint32_t hash;
	const struct node *from;	/* NULL: the slot is free */
	struct node *to;
	char *segment;
	size_t len;
};

struct router {
	bool strict_slash;
	struct node *root, *nodes;
	uint32_t nnodes;
	unsigned methods;	/* of all routes: for OPTIONS * */
	struct edge *edges;	/* size is a power of two, at most half full */
	size_t nedges, size;
};

/* A pattern on its way into the tree. */
struct growth {
	struct router *router;
	const char *pattern;
	struct src_pos pos;
	struct conf_report *report;
	struct node *node;
	struct leaf **leaf;	/* where the pattern ends */
	unsigned nsegments, nparts;
	struct text names[ROUTER_PARTS_MAX];
};

/* A path on its way through the tree. */
struct search {
	const struct router *router;
	enum parse_method method;
	const char *end;	/* of the segments */
	const char *rest_end;	/* a closing slash belongs to a {rest*} */
	bool escaped;		/* there is a '%' in the path */
	struct router_match *match;
};

/* ---- the tree ------------------------------------------------------------*/

static uint32_t
segment_hash(const struct node *from, struct text segment)
{
	uint32_t hash = from->salt;

	for (size_t i = 0; i < segment.len; i++)
		hash = (hash ^ (unsigned char)segment.at[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/* The slot of this edge, or the free one where it belongs. */
static struct edge *
edge_slot(const struct router *router, uint32_t hash, const struct node *from,
    struct text segment)
{
	size_t mask = router->size - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct edge *edge = &router->edges[i];

		if (edge->from == NULL)
			return edge;
		if (edge->hash == hash && edge->from == from &&
		    edge->len == segment.len &&
		    memcmp(edge->segment, segment.at, segment.len) == 0)
			return edge;
	}
}

static struct node *
node_new(struct router *router)
{
	struct node *node = memory_new(sizeof(*node));

	node->salt = ++router->nnodes * 2654435769u;
	node->next = router->nodes;
	router->nodes = node;
	return node;
}

static void
edges_double(struct router *router)
{
	struct edge *old = router->edges;
	size_t old_size = router->size;

	router->size = old_size * 2;
	router->edges = memory_new(router->size * sizeof(*old));
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].from != NULL)
			*edge_slot(router, old[i].hash, old[i].from,
			    (struct text){ old[i].segment, old[i].len }) =
			    old[i];
	}
	free(old);
}

/* The child for a static segment, made when it is not there. */
static struct node *
node_child(struct router *router, struct node *from, struct text segment)
{
	uint32_t hash = segment_hash(from, segment);
	struct edge *edge = edge_slot(router, hash, from, segment);
	struct node *to = edge->to;

	if (to != NULL)
		return to;
	to = node_new(router);
	edge->hash = hash;
	edge->from = from;
	edge->to = to;
	edge->segment = memory_new(segment.len + 1);
	memcpy(edge->segment, segment.at, segment.len);
	edge->len = segment.len;
	if (++router->nedges * 2 > router->size)
		edges_double(router);
	return to;
}

struct router *
router_new(bool strict_slash)
{
	struct router *router = memory_new(sizeof(*router));

	router->strict_slash = strict_slash;
	router->size = 64;
	router->edges = memory_new(router->size * sizeof(*router->edges));
	router->root = node_new(router);
	return router;
}

/* ---- adding --------------------------------------------------------------*/

static int
growth_fault(struct growth *growth, const char *why)
{
	conf_fault(growth->report, growth->pos, "bad path \"%s\": %s",
	    growth->pattern, why);
	return -1;
}

static bool
name_is_valid(struct text name)
{
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.at[i], letter = byte | 0x20;

		if (byte != '_' && (letter < 'a' || letter > 'z') &&
		    (i == 0 || byte < '0' || byte > '9'))
			return false;
	}
	return name.len > 0;
}

/* "{name}" or "{name*}"; segment is what stands between two slashes. */
static int
growth_add_part(struct growth *growth, struct text segment, bool is_last)
{
	struct text name = { segment.at + 1, segment.len - 2 };
	bool is_rest;

	if (segment.len < 3 || segment.at[segment.len - 1] != '}')
		return growth_fault(growth,
		    "a {parameter} is a whole segment");
	is_rest = name.at[name.len - 1] == '*';
	name.len -= is_rest;
	if (!name_is_valid(name))
		return growth_fault(growth,
		    "a parameter's name is letters, digits and _");
	if (is_rest && !is_last)
		return growth_fault(growth, "{name*} can only be the last");
	if (growth->nparts == ROUTER_PARTS_MAX)
		return growth_fault(growth, "too many parameters");
	for (unsigned i = 0; i < growth->nparts; i++) {
		if (text_equal(growth->names[i], name))
			return growth_fault(growth,
			    "a parameter's name stands there twice");
	}
	growth->names[growth->nparts++] = name;
	if (is_rest) {
		growth->leaf = &growth->node->rest;
		return 0;
	}
	if (growth->node->parameter == NULL)
		growth->node->parameter = node_new(growth->router);
	growth->node = growth->node->parameter;
	growth->leaf = &growth->node->leaf;
	return 0;
}

/* "{{" is a brace. Writes the rest undone; returns its length or -1. */
static long
segment_unbrace(struct text segment, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < segment.len; i++) {
		unsigned char byte = (unsigned char)segment.at[i];

		if (byte < 0x20 || byte == 0x7f || byte == '?' || byte == '#')
			return -1;
		if (byte == '{' && (++i == segment.len ||
		    segment.at[i] != '{'))
			return -1;
		out[len++] = (char)byte;
	}
	return (long)len;
}

static int
growth_add_static(struct growth *growth, struct text segment)
{
	char raw[STATIC_LEN_MAX * 3], decoded[STATIC_LEN_MAX * 3];
	long len;

	if (segment.len > sizeof(raw))
		return growth_fault(growth, "a segment is too long");
	len = segment_unbrace(segment, raw);
	if (len < 0)
		return growth_fault(growth, "neither ? nor # nor control "
		    "bytes, and a {parameter} is a whole segment");
	len = parse_decode((struct text){ raw, (size_t)len }, false, decoded);
	if (len < 0)
		return growth_fault(growth, "a bad %XX or a dot segment");
	if (len > STATIC_LEN_MAX)
		return growth_fault(growth, "a segment is too long");
	growth->node = node_child(growth->router, growth->node,
	    (struct text){ decoded, (size_t)len });
	growth->leaf = &growth->node->leaf;
	return 0;
}

static int
growth_add_segment(struct growth *growth, struct text segment, bool is_last)
{
	if (++growth->nsegments > SEGMENTS_MAX)
		return growth_fault(growth, "too many segments");
	if (segment.len == 0 && !is_last)
		return growth_fault(growth, "an empty segment");
	if (segment.len == 0 && !growth->router->strict_slash)
		return 0;
	if (segment.len > 0 && segment.at[0] == '{' &&
	    (segment.len == 1 || segment.at[1] != '{'))
		return growth_add_part(growth, segment, is_last);
	return growth_add_static(growth, segment);
}

static int
growth_finish(struct growth *growth, enum parse_method method, void *route)
{
	struct leaf *leaf = *growth->leaf;
	unsigned bit = 1u << method;

	if (leaf == NULL)
		leaf = *growth->leaf = memory_new(sizeof(*leaf));
	if ((leaf->methods & bit) != 0) {
		const struct src_pos *pos = &leaf->pos[method];

		conf_fault(growth->report, growth->pos, "\"%s %s\" matches "
		    "the same paths as \"%s %s\" at %s:%u:%u",
		    parse_method_name(method), growth->pattern,
		    parse_method_name(method), leaf->patterns[method],
		    pos->file == NULL ? "-" : pos->file, pos->line,
		    pos->column);
		return -1;
	}
	leaf->methods |= bit;
	leaf->routes[method] = route;
	leaf->patterns[method] = memory_strdup(growth->pattern);
	leaf->pos[method] = growth->pos;
	growth->router->methods |= bit;
	return 0;
}

int
router_add(struct router *router, enum parse_method method,
    const char *pattern, struct src_pos pos, void *route,
    struct conf_report *report)
{
	struct growth growth = {
		.router = router, .pattern = pattern, .pos = pos,
		.report = report, .node = router->root,
		.leaf = &router->root->leaf,
	};
	const char *at = pattern;

	if (*at != '/')
		return growth_fault(&growth, "it must begin with /");
	while (*at == '/') {
		size_t len = strcspn(++at, "/");

		if (growth_add_segment(&growth, (struct text){ at, len },
		    at[len] == '\0') != 0)
			return -1;
		at += len;
	}
	return growth_finish(&growth, method, route);
}

/* ---- matching ------------------------------------------------------------*/

static unsigned
methods_allowed(unsigned methods)
{
	if ((methods & 1u << METHOD_GET) != 0)
		methods |= 1u << METHOD_HEAD;
	return methods | 1u << METHOD_OPTIONS;
}

static bool
search_leaf(struct search *search, const struct leaf *leaf)
{
	struct router_match *match = search->match;
	enum parse_method method = search->method;

	if (leaf == NULL)
		return false;
	match->found_path = true;
	match->allowed |= methods_allowed(leaf->methods);
	if (method == METHOD_HEAD && (leaf->methods & 1u << method) == 0)
		method = METHOD_GET;
	if ((leaf->methods & 1u << method) == 0)
		return false;
	match->route = leaf->routes[method];
	return true;
}

static const struct node *
search_child(const struct search *search, const struct node *node,
    struct text segment)
{
	char decoded[STATIC_LEN_MAX * 3];

	if (search->escaped && memchr(segment.at, '%', segment.len) != NULL) {
		if (segment.len > sizeof(decoded))
			return NULL;
		segment.len = (size_t)parse_decode(segment, false, decoded);
		segment.at = decoded;
	}
	return edge_slot(search->router, segment_hash(node, segment), node,
	    segment)->to;
}

/* at NULL: no segment is left. The depth is bounded by SEGMENTS_MAX. */
static bool
search_node(struct search *search, const struct node *node, const char *at)
{
	struct router_match *match = search->match;
	const struct node *child;
	const char *slash, *next;
	struct text segment;

	if (at == NULL)
		return search_leaf(search, node->leaf);
	slash = memchr(at, '/', (size_t)(search->end - at));
	next = slash == NULL ? NULL : slash + 1;
	segment.at = at;
	segment.len = (size_t)((slash == NULL ? search->end : slash) - at);
	child = search_child(search, node, segment);
	if (child != NULL && search_node(search, child, next))
		return true;
	if (segment.len == 0)
		return false;
	if (node->parameter != NULL) {
		match->parts[match->nparts++] = segment;
		if (search_node(search, node->parameter, next))
			return true;
		match->nparts--;
	}
	if (node->rest != NULL) {
		segment.len = (size_t)(search->rest_end - at);
		match->parts[match->nparts++] = segment;
		if (search_leaf(search, node->rest))
			return true;
		match->nparts--;
	}
	return false;
}

enum path_kind { PATH_PLAIN, PATH_ESCAPED, PATH_DOTS, PATH_BAD };

/* Looks for escapes and dot segments, "%2e" being a dot. */
static enum path_kind
path_look(struct text path)
{
	const char *end = path.at + path.len;
	enum path_kind kind = PATH_PLAIN;
	size_t len = 0, dots = 0;
	bool dotted = false;

	for (const char *at = path.at; at < end; at++) {
		int byte = *at;

		if (byte == '/') {
			dotted |= len > 0 && len <= 2 && dots == len;
			len = dots = 0;
			continue;
		}
		if (byte == '%') {
			if (end - at < 3 || parse_byte_hex(at[1]) < 0 ||
			    parse_byte_hex(at[2]) < 0)
				return PATH_BAD;
			byte = parse_byte_hex(at[1]) << 4 |
			    parse_byte_hex(at[2]);
			if (byte == 0)
				return PATH_BAD;
			kind = PATH_ESCAPED;
			at += 2;
		}
		len++;
		dots += byte == '.';
	}
	dotted |= len > 0 && len <= 2 && dots == len;
	return dotted ? PATH_DOTS : kind;
}

int
router_match(const struct router *router, enum parse_method method,
    struct text path, struct router_match *match)
{
	struct search search = {
		.router = router, .method = method, .match = match,
		.end = path.at + path.len, .rest_end = path.at + path.len,
	};
	enum path_kind kind = path_look(path);
	bool has_segments = router->strict_slash || path.len > 1;

	match->route = NULL;
	match->found_path = false;
	match->nparts = 0;
	match->allowed = 0;
	if (kind == PATH_BAD)
		return -1;
	if (text_equal(path, TEXT("*"))) {
		match->found_path = true;
		match->allowed = methods_allowed(router->methods);
		return 0;
	}
	if (kind == PATH_DOTS || path.len == 0 || path.at[0] != '/')
		return 0;
	search.escaped = kind == PATH_ESCAPED;
	if (!router->strict_slash && path.len > 1 && search.end[-1] == '/')
		search.end--;
	search_node(&search, router->root, has_segments ? path.at + 1 : NULL);
	return 0;
}

void
router_allow(unsigned allowed, struct buf *buf)
{
	const char *separator = "";

	for (unsigned i = 0; i < METHOD_COUNT; i++) {
		if ((allowed & 1u << i) == 0)
			continue;
		buf_add_text(buf, text_of(separator));
		buf_add_text(buf, text_of(parse_method_name(
		    (enum parse_method)i)));
		separator = ", ";
	}
}

/* ---- the end -------------------------------------------------------------*/

static void
leaf_free(struct leaf *leaf)
{
	if (leaf == NULL)
		return;
	for (unsigned i = 0; i < METHOD_COUNT; i++)
		free(leaf->patterns[i]);
	free(leaf);
}

void
router_free(struct router *router)
{
	struct node *node;

	if (router == NULL)
		return;
	while ((node = router->nodes) != NULL) {
		router->nodes = node->next;
		leaf_free(node->leaf);
		leaf_free(node->rest);
		free(node);
	}
	for (size_t i = 0; i < router->size; i++)
		free(router->edges[i].segment);
	free(router->edges);
	free(router);
}
