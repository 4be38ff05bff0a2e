#ifndef MUSTER_CONF_CONF_H
#define MUSTER_CONF_CONF_H

#include "base/compiler.h"

struct conf_node;
struct conf_report;

/*
 * server.conf and all it includes, as one tree. The rules of the files are
 * those of server.conf(5): libconfig's syntax, `include` with globs at top
 * level, in routes and in groups.*, names once, a star before a name that
 * libconfig would refuse.
 */
struct conf;

/*
 * Reads path and its includes. All faults of all files go to the report; a
 * syntax error ends that file's reading only. Returns NULL when path itself
 * cannot be read (*unreadable is set, with a fault saying why); else a tree,
 * perhaps with holes: whoever sees faults in the report must not serve it.
 */
struct conf *conf_load(const char *path, struct conf_report *,
    int *unreadable) MUST_USE;

const struct conf_node *conf_root(const struct conf *);

/* Files that were read, the first being path itself; for -T and owners. */
const char *const *conf_files(const struct conf *);	/* closed by NULL */

void conf_free(struct conf *);

#endif
