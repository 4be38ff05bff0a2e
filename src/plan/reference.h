#ifndef MUSTER_PLAN_REFERENCE_H
#define MUSTER_PLAN_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/*
 * {name}, the one placeholder of server.conf, as it is written: cut into its
 * parts, nothing looked up. Texts point into the source.
 *
 *	{user}  {user.address.city}  {users:count}  {body.email?}
 */
struct reference {
	struct text whole;	/* between the braces */
	struct text name;	/* up to the first dot */
	struct text path;	/* behind that dot; "" if there is none */
	struct text fact;	/* behind the colon; at NULL if there is none */
	bool asked;		/* ends in a question mark: was it sent? */
	size_t offset;		/* of its brace in the source */
};

enum reference_kind {
	REFERENCE_END,
	REFERENCE_TEXT,		/* bytes as they are; of "{{" one brace */
	REFERENCE_NAME,
	REFERENCE_BAD		/* a brace that begins nothing */
};

struct reference_reader {
	struct text source;
	size_t at;
};

struct reference_piece {
	struct text text;	/* TEXT */
	struct reference reference;	/* NAME */
	size_t offset;		/* BAD */
};

/* What a REFERENCE_BAD is told with. */
#define REFERENCE_BAD_MESSAGE \
	"\"{\" begins a reference such as {name}; write \"{{\" for a brace"

/* The next piece of a text outside of SQL. */
enum reference_kind reference_next(struct reference_reader *,
    struct reference_piece *);

/*
 * The reference whose brace stands at source.at[offset]. Returns the bytes it
 * takes with its braces, 0 when it is none.
 */
size_t reference_parse(struct text source, size_t offset, struct reference *);

/* Cuts the first step off a path "a.b"; false when it is empty. */
bool reference_step(struct text *path, struct text *step);

#endif
