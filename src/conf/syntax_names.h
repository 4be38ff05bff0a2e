#ifndef MUSTER_CONF_SYNTAX_NAMES_H
#define MUSTER_CONF_SYNTAX_NAMES_H

#include <stddef.h>

#include "conf/scanner.h"

/*
 * The names of all groups of one file, for those set twice. Zeroed is empty.
 * A group is told by a number of the caller's. A leading star does not count.
 */
struct syntax_names {
	struct syntax_name *slots;
	size_t nslots, used;
};

/* 0, or -1 when this group has it already: then *first is where. */
int syntax_names_add(struct syntax_names *, size_t group,
    const struct token *name, struct token *first);

void syntax_names_release(struct syntax_names *);

#endif
