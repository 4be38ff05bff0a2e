/*
 * `include`: the files a pattern names, put where it stands. It is looked for
 * where many settings gather: at top level, in routes, in groups.NAME and its
 * routes; in a file that is included there, at its top level likewise. Two
 * groups of one name become one at top level and in groups.NAME (both files
 * may have routes); below, and for all that is no group, a name stands once.
 */
#include "conf/include.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/report.h"
#include "conf/tree.h"

/* What a group is, as far as includes go. */
enum place {
	PLACE_TOP,		/* and groups.NAME: settings and maps */
	PLACE_ROUTES,		/* names and routes */
	PLACE_GROUPS,		/* names and groups: no include itself */
	PLACE_OTHER
};

static void include_expand(struct include *, struct conf_node *, enum place);

static enum place
place_below(enum place place, const char *name)
{
	switch (place) {
	case PLACE_TOP:
		if (strcmp(name, "routes") == 0)
			return PLACE_ROUTES;
		if (strcmp(name, "groups") == 0)
			return PLACE_GROUPS;
		break;
	case PLACE_GROUPS:
		return PLACE_TOP;
	case PLACE_ROUTES:
	case PLACE_OTHER:
		break;
	}
	return PLACE_OTHER;
}

static void
include_fault_twice(struct include *include, const struct conf_node *first,
    const struct conf_node *second)
{
	struct src_pos pos = conf_node_name_pos(first);

	conf_fault(include->report, conf_node_name_pos(second),
	    "\"%s\" is set twice; first at %s:%u:%u", second->name, pos.file,
	    pos.line, pos.column);
}

/* Members of two groups of one name become one group's. */
static void
include_merge_members(struct include *include, struct conf_node *into,
    const struct conf_node *from)
{
	struct conf_node *first;
	uint32_t i;

	into->holed |= from->holed;
	for (i = 0; i < from->count; i++) {
		first = node_find(into, from->members[i]->name);
		if (first == NULL)
			node_add(into, from->members[i]);
		else
			include_fault_twice(include, first, from->members[i]);
	}
}

static void
include_merge(struct include *include, struct conf_node *group,
    struct conf_node *member, enum place place)
{
	struct conf_node *first = node_find(group, member->name);

	if (first == NULL)
		node_add(group, member);
	else if (place == PLACE_TOP && first->kind == CONF_GROUP &&
	    member->kind == CONF_GROUP)
		include_merge_members(include, first, member);
	else
		include_fault_twice(include, first, member);
}

/* Faults are told at the include, for there is what can be changed. */
static bool
include_is_open(struct include *include, const struct file_id *id,
    const char *path, struct src_pos pos)
{
	unsigned i;

	for (i = 0; i < include->depth; i++)
		if (include->open[i].device == id->device &&
		    include->open[i].inode == id->inode) {
			conf_fault(include->report, pos, i + 1 ==
			    include->depth ? "\"%s\" includes itself" :
			    "\"%s\" is included by itself, by way of \"%s\"",
			    path, include->open_paths[include->depth - 1]);
			return true;
		}
	if (include->depth > INCLUDE_MAX_DEPTH) {
		conf_fault(include->report, pos, "\"%s\" is included deeper "
		    "than %d files", path, INCLUDE_MAX_DEPTH);
		return true;
	}
	return false;
}

static struct conf_node *
include_read(struct include *include, int fd, const struct file_id *id,
    const char *path, enum place place, char *why, size_t size)
{
	struct conf_node *root;

	root = file_read(fd, path, include->arena, include->report, why, size);
	if (root == NULL)
		return NULL;
	include->paths = memory_grow(include->paths,
	    (include->npaths + 2) * sizeof(*include->paths));
	include->paths[include->npaths++] = root->source->path;
	include->paths[include->npaths] = NULL;
	include->open[include->depth] = *id;
	include->open_paths[include->depth++] = root->source->path;
	include_expand(include, root, place);
	include->depth--;
	return root;
}

struct conf_node *
include_first(struct include *include, int fd, const struct file_id *id,
    const char *path, char *why, size_t size)
{
	return include_read(include, fd, id, path, PLACE_TOP, why, size);
}

/* One file of a pattern, its members added to the group. */
static void
include_file(struct include *include, struct conf_node *group,
    const char *path, struct src_pos pos, enum place place)
{
	struct conf_node *root = NULL;
	struct file_id id;
	char why[200];
	uint32_t i;
	int fd;

	fd = file_open(path, &id, why, sizeof(why));
	if (fd >= 0 && include_is_open(include, &id, path, pos)) {
		close(fd);
		group->holed = true;
		return;
	}
	if (fd >= 0 && !file_is_trusted(fd, why, sizeof(why)))
		close(fd);
	else if (fd >= 0)
		root = include_read(include, fd, &id, path, place, why,
		    sizeof(why));
	if (root == NULL) {
		conf_fault(include->report, pos,
		    "cannot read the included file \"%s\": %s", path, why);
		group->holed = true;
		return;
	}
	group->holed |= root->holed;
	for (i = 0; i < root->count; i++)
		include_merge(include, group, root->members[i], place);
}

/* The pattern seen from the folder of the file in which it stands. */
static char *
include_pattern(struct include *include, const struct conf_node *node)
{
	const char *path = node->source->path;
	const char *slash = strrchr(path, '/');
	char *pattern, *to;

	if (node->text[0] == '/' || slash == NULL)
		return arena_strdup(include->arena, node->text);
	to = pattern = arena_bytes(include->arena,
	    (size_t)(slash - path + 1) * 2 + strlen(node->text) + 1);
	for (; path <= slash; path++) {
		/* The folder is no pattern, whatever it is called. */
		if (strchr("*?[\\", *path) != NULL)
			*to++ = '\\';
		*to++ = *path;
	}
	strcpy(to, node->text);
	return pattern;
}

static int
path_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
include_glob(struct include *include, struct conf_node *group,
    const struct conf_node *node, enum place place)
{
	struct src_pos pos = conf_node_pos(node);
	glob_t found;
	size_t i;
	int status;

	if (node->kind != CONF_STRING || node->length == 0) {
		conf_fault(include->report, pos, "include: expected the names "
		    "of files, found %s", node->kind == CONF_STRING ?
		    "an empty string" : conf_node_kind_name(node));
		return;
	}
	status = glob(include_pattern(include, node), GLOB_NOSORT, NULL,
	    &found);
	if (status == GLOB_NOMATCH)
		conf_warn(include->report, pos, "include: no file matches "
		    "\"%s\"", node->text);
	else if (status != 0)
		conf_fault(include->report, pos, "include: could not look for "
		    "\"%s\"", node->text);
	if (status == 0) {
		/* By bytes, not by a locale that may change. */
		qsort(found.gl_pathv, found.gl_pathc, sizeof(char *),
		    path_compare);
		for (i = 0; i < found.gl_pathc; i++)
			include_file(include, group, found.gl_pathv[i], pos,
			    place);
	}
	globfree(&found);
}

static void
include_follow(struct include *include, struct conf_node *group,
    const struct conf_node *node, enum place place)
{
	uint32_t i;

	if (node->kind == CONF_LIST || node->kind == CONF_ARRAY)
		for (i = 0; i < node->count; i++)
			include_glob(include, group, node->members[i], place);
	else
		include_glob(include, group, node, place);
}

/*
 * Puts the members in again one by one, what is included in its place. Below
 * a PLACE_OTHER no include is looked for.
 */
static void
include_expand(struct include *include, struct conf_node *group,
    enum place place)
{
	struct conf_node **members = group->members;
	uint32_t i, count = group->count;

	if (place == PLACE_OTHER || group->kind != CONF_GROUP)
		return;
	group->members = NULL;
	group->count = group->room = 0;
	group->index = NULL;
	for (i = 0; i < count; i++) {
		struct conf_node *member = members[i];

		if (place != PLACE_GROUPS && !member->starred &&
		    strcmp(member->name, "include") == 0) {
			include_follow(include, group, member, place);
			continue;
		}
		include_expand(include, member,
		    place_below(place, member->name));
		include_merge(include, group, member, place);
	}
}
