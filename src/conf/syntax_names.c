/*
 * One hash table for all groups of a file: libconfig compares each new name
 * with all before it, and it does not drop stars.
 */
#include "conf/syntax_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct syntax_name {
	size_t group;
	struct token token;	/* as it was written; length 0: a free slot */
};

static size_t
name_slot(const struct syntax_names *names, size_t group, struct token token)
{
	struct token bare = token_without_star(token), other;
	size_t i, hash = group * 0x9e3779b9u + 2166136261u;

	for (i = 0; i < bare.length; i++)
		hash = (hash ^ (unsigned char)bare.at[i]) * 16777619u;
	i = (hash ^ hash >> 15) & (names->nslots - 1);
	for (; names->slots[i].token.length > 0; i = (i + 1) &
	    (names->nslots - 1)) {
		other = token_without_star(names->slots[i].token);
		if (names->slots[i].group == group &&
		    other.length == bare.length &&
		    memcmp(other.at, bare.at, bare.length) == 0)
			break;
	}
	return i;
}

static void
names_grow(struct syntax_names *names)
{
	struct syntax_names old = *names;
	size_t i;

	names->nslots = old.nslots == 0 ? 64 : old.nslots * 2;
	names->slots = memory_new(names->nslots * sizeof(*names->slots));
	for (i = 0; i < old.nslots; i++)
		if (old.slots[i].token.length > 0)
			names->slots[name_slot(names, old.slots[i].group,
			    old.slots[i].token)] = old.slots[i];
	free(old.slots);
}

int
syntax_names_add(struct syntax_names *names, size_t group,
    const struct token *name, struct token *first)
{
	size_t i;

	if (names->used * 2 >= names->nslots)
		names_grow(names);
	i = name_slot(names, group, *name);
	if (names->slots[i].token.length > 0) {
		*first = names->slots[i].token;
		return -1;
	}
	names->slots[i] = (struct syntax_name){ group, *name };
	names->used++;
	return 0;
}

void
syntax_names_release(struct syntax_names *names)
{
	free(names->slots);
}
