#ifndef MUSTER_CONF_NODE_H
#define MUSTER_CONF_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * server.conf as a tree that hides libconfig: names, kinds, texts and exact
 * places (line and column from a token scanner that walks beside libconfig).
 * Included files have been put where their include stood. Immutable, lives as
 * long as its struct conf.
 */
enum conf_kind {
	CONF_GROUP,	/* { name = value; } */
	CONF_LIST,	/* ( value, value ) */
	CONF_ARRAY,	/* [ scalar, scalar ] */
	CONF_STRING, CONF_INTEGER, CONF_FLOAT, CONF_BOOLEAN
};

struct conf_node;

enum conf_kind conf_node_kind(const struct conf_node *);
const char *conf_node_kind_name(const struct conf_node *); /* "a string" */

/* Without its leading star; NULL for elements of lists and arrays. */
const char *conf_node_name(const struct conf_node *);

/* Was the name written with a star ("*404")? */
bool conf_node_starred(const struct conf_node *);

/* Of the value's first token; of the name where there is one: name_pos. */
struct src_pos conf_node_pos(const struct conf_node *);
struct src_pos conf_node_name_pos(const struct conf_node *);

/* Members or elements; 0 for scalars. In the order of the file. */
size_t conf_node_count(const struct conf_node *);
const struct conf_node *conf_node_at(const struct conf_node *, size_t i);
const struct conf_node *conf_node_find(const struct conf_node *,
    const char *name);

/*
 * A string's value; a number's digits and a boolean's word as they were
 * written ("0x1F", "3000000000", "TRUE"). NULL for groups and lists.
 */
const char *conf_node_text(const struct conf_node *);
size_t conf_node_length(const struct conf_node *);	/* of a string */

bool conf_node_bool(const struct conf_node *);

/* An integer's number; -1 for other kinds and for what int64 cannot hold,
 * about which the report has a fault already. */
int conf_node_integer(const struct conf_node *, int64_t *);

/*
 * Where it stands in the tree, for messages: "routes.read_user.do", elements
 * as "errors.on[0]"; "" for the whole. Cut to what fits.
 */
void conf_node_path(const struct conf_node *, char *path, size_t size);

/*
 * Faults left something of this group unread: what is missing here may stand
 * there, so that it is no fault of its own.
 */
bool conf_node_holed(const struct conf_node *);

/*
 * Where the byte at this offset of a string's value stands in the file, also
 * when the string was joined from several or has escapes: an error in SQL is
 * shown where it was written.
 */
struct src_pos conf_node_text_pos(const struct conf_node *, size_t offset);

#endif
