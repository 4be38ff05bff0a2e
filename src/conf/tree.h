#ifndef MUSTER_CONF_TREE_H
#define MUSTER_CONF_TREE_H

#include "conf/node.h"

struct arena;

/*
 * The inside of a conf_node, for the folder only. All lives in the arena of
 * one struct conf. libconfig looks a name up by comparing it with all others;
 * here a group with many members has an index.
 */
struct conf_source {
	const char *path;
	const char *text;
	size_t length;
	struct arena *arena;
};

struct node_index {
	uint32_t *slots;	/* 1 + the member's number; 0: free */
	uint32_t nslots;	/* a power of two */
};

struct conf_node {
	const struct conf_node *parent;
	const struct conf_source *source;
	const char *name;
	const char *text;
	uint32_t length;		/* of text */
	uint32_t offset;		/* of the value in the source */
	uint32_t line, column, name_line, name_column;
	uint8_t kind;			/* enum conf_kind */
	bool starred, truth, holed;
	bool secret;			/* -T shows *** */
	uint32_t count, room;
	struct conf_node **members;
	struct node_index *index;
};

struct conf_node *node_new(const struct conf_source *, enum conf_kind);

/* Appends a member or an element. Names are the caller's to check. */
void node_add(struct conf_node *parent, struct conf_node *child);

/*
 * A key table said that this is a secret. Set while the tree is read, which
 * is before anybody else sees it; casts const away for that.
 */
void node_mark_secret(const struct conf_node *);

/* The same node as conf_node_find tells, to be changed. */
struct conf_node *node_find(const struct conf_node *, const char *name);

#endif
