#ifndef MUSTER_BASE_TEXT_H
#define MUSTER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A borrowed run of bytes. It is not closed by a NUL, and whoever holds one
 * must know what it points into. at NULL: there is none (not: an empty one).
 */
struct text {
	const char *at;
	size_t len;
};

#define TEXT(literal) ((struct text){ (literal), sizeof(literal) - 1 })

static inline struct text
text_of(const char *string)
{
	return (struct text){ string, string == NULL ? 0 : strlen(string) };
}

static inline bool
text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* ASCII letters only, as HTTP field names and schemes are compared. */
bool text_equal_nocase(struct text a, struct text b);

/*
 * The name among names (closed by NULL) nearest to this one, for "did you
 * mean": at most a third of its letters differ (an exchange of two neighbours
 * counts as one). NULL when none is near.
 */
const char *text_nearest(const char *name, const char *const names[]);

#endif
