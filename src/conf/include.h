#ifndef MUSTER_CONF_INCLUDE_H
#define MUSTER_CONF_INCLUDE_H

#include "conf/file.h"

/* Files include files no deeper than this. */
enum { INCLUDE_MAX_DEPTH = 10 };

/* One run over all files. paths: those that were read, in the arena. */
struct include {
	struct arena *arena;
	struct conf_report *report;
	struct file_id open[INCLUDE_MAX_DEPTH + 1];	/* the first on top */
	const char *open_paths[INCLUDE_MAX_DEPTH + 1];
	unsigned depth;
	const char **paths;		/* heap, of the caller */
	size_t npaths;
};

/*
 * Reads the file in fd and follows its includes. Closes fd. NULL, with `why`
 * told, when it cannot be read.
 */
struct conf_node *include_first(struct include *, int fd,
    const struct file_id *, const char *path, char *why, size_t size);

#endif
