#ifndef MUSTER_PLAN_SQL_TEXT_H
#define MUSTER_PLAN_SQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "plan/reference.h"

struct arena;

/*
 * An SQL text with {references}, as PostgreSQL gets it: each reference has
 * become $1, $2 and so on, the same one the same. What can be told of a
 * statement without PostgreSQL is told here.
 */
struct sql_piece {
	size_t at, source;	/* offsets that go together */
	bool param;		/* a "$1", from its first byte to its last */
};

struct sql_text {
	const char *sql;
	unsigned nparams;
	const struct reference *params;
	bool writes;		/* changes something, or locks rows */
	bool inserts;
	unsigned npieces;
	const struct sql_piece *pieces;	/* from sql back to the source */
};

#define SQL_PARAMS_MAX 1000

/* Where the parser says what it found, at an offset of the source. */
struct sql_sink {
	void (*fault)(void *arg, size_t offset, const char *message);
	void (*warn)(void *arg, size_t offset, const char *message);

	/*
	 * A reference stands in quotes, where it is text. Is it one that the
	 * writer meant? Then that is a fault.
	 */
	bool (*known)(void *arg, const struct reference *);
	void *arg;
};

/*
 * The source must outlive the text; the rest goes into the arena. Returns 0,
 * or -1 after at least one fault.
 */
int sql_text_parse(struct text source, struct arena *, const struct sql_sink *,
    struct sql_text *);

/* The offset in the source of a byte of sql. */
size_t sql_text_source(const struct sql_text *, size_t offset);

#endif
