#ifndef MUSTER_BASE_VALUE_H
#define MUSTER_BASE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

struct arena;

/*
 * A result, an input or a part of one, passed by value. It borrows what it
 * shows: the request's arena, a PGresult (io/pg_rows.h), the bytes of a body.
 * Nothing is printed to be parsed again. A type is a table of functions, so
 * that io can add "rows" without base knowing libpq.
 */
struct value;

struct value_type {
	const char *name;

	/*
	 * Appends the JSON form until out holds at least `mark` bytes or the
	 * value is complete. *at starts at 0 and belongs to the writer. True
	 * when complete; false: call again after the bytes have gone.
	 */
	bool (*write)(const struct value *, struct buf *out, size_t mark,
	    size_t *at);

	/* The member of this name, or VALUE_NULL; NULL function: none. */
	struct value (*member)(const struct value *, struct text name);

	/* The i-th element of a list, or the i-th column of a row. */
	struct value (*element)(const struct value *, uint32_t i);

	/* What {x:count} says: elements of a list, else 1, 0 for null. */
	uint32_t (*count)(const struct value *);

	/*
	 * The text an SQL parameter, a header or a message gets, closed by
	 * NUL (borrowed, or in the arena); at NULL for null.
	 */
	struct text (*text)(const struct value *, struct arena *);
};

struct value {
	const struct value_type *type;	/* never NULL */
	union {
		struct text text;	/* of text, number, json */
		const void *object;	/* rows and others */
		const struct json_doc *doc;
		bool truth;
	};
	uint32_t at;			/* a row number, a json node */
};

extern const struct value_type value_type_null, value_type_bool,
    value_type_number,		/* text holds the JSON digits */
    value_type_text,		/* text holds the string, unescaped */
    value_type_json,		/* text holds JSON bytes */
    value_type_tree;		/* doc and node */

#define VALUE_NULL ((struct value){ .type = &value_type_null })

static inline bool
value_is_null(const struct value *value)
{
	return value->type == &value_type_null;
}

struct value value_bool(bool);
struct value value_text(struct text);		/* at NULL: null */
struct value value_number(struct text digits);
struct value value_json(struct text bytes);

/*
 * A scalar node becomes null, bool, number or text; others stay a tree. So
 * does a string with escapes where arena is NULL: its text is made later.
 */
struct value value_tree(const struct json_doc *, uint32_t node,
    struct arena *);

/*
 * JSON bytes as a tree in the arena, so that members can be referred to;
 * other values come back as they are. Bytes that json_scan refuses become
 * null: a column of type json may hold duplicate keys.
 */
struct value value_parse(struct value, struct arena *);

bool value_write(const struct value *, struct buf *, size_t mark, size_t *at);
void value_write_all(const struct value *, struct buf *);
struct value value_member(const struct value *, struct text name);
struct value value_element(const struct value *, uint32_t i);
uint32_t value_count(const struct value *);
struct text value_to_text(const struct value *, struct arena *);

#endif
