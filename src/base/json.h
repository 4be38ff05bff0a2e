#ifndef MUSTER_BASE_JSON_H
#define MUSTER_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct arena;

/*
 * JSON judged in one pass, strictly as RFC 8259 says, and kept as an index
 * over the sender's bytes: numbers stay as they were written, and any part
 * can leave again byte for byte. Refused beyond the grammar: duplicate keys
 * (after unescaping), lone surrogates, a byte order mark, invalid UTF-8,
 * nesting deeper than the limit.
 */
enum json_kind {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING,
	JSON_ARRAY, JSON_OBJECT
};

enum json_flag {
	JSON_ESCAPED = 1 << 0,	/* a string with a backslash in it */
	JSON_HAS_NUL = 1 << 1,	/* a string with \u0000: no SQL text can be */
	JSON_INTEGER = 1 << 2	/* a number of digits only, or -digits */
};

/*
 * Nodes stand in the order of the text. An array's elements follow it; an
 * object's members follow it as pairs: key (a string node), then value.
 * `next` is the index after the whole subtree: the next sibling.
 */
struct json_node {
	uint32_t start, end;	/* offsets; of a string: inside its quotes */
	uint32_t next;
	uint32_t count;		/* elements, or members */
	uint8_t kind;		/* enum json_kind */
	uint8_t flags;		/* enum json_flag */
};

struct json_doc {
	const char *text;
	const struct json_node *nodes;	/* nodes[0] is the whole */
	uint32_t count;
};

enum json_fault {
	JSON_OK,
	JSON_SYNTAX,
	JSON_DUPLICATE_KEY,
	JSON_SURROGATE,
	JSON_TOO_DEEP,
	JSON_BAD_UTF8
};

struct json_error {
	enum json_fault fault;
	size_t offset;		/* in characters (code points), from 0 */
	const char *message;	/* "Expecting value": Python's words */
};

/*
 * Scans len bytes of text, which must outlive doc. Nodes go into the arena.
 * Returns 0, or -1 with error filled; doc is untouched then. Messages and
 * offsets are those of Python's json module, which clients of the reference
 * application know: "Expecting value", "Expecting ',' delimiter", "Extra
 * data", "Unterminated string starting at", "Invalid control character at",
 * "Invalid \\escape", "Expecting property name enclosed in double quotes".
 * Of several faults the first counts, but invalid UTF-8 anywhere beats all.
 */
int json_scan(const char *text, size_t len, unsigned max_depth, struct arena *,
    struct json_doc *doc, struct json_error *);

/* Index of the value of this key in the object at `object`; 0: none. */
uint32_t json_find(const struct json_doc *, uint32_t object, struct text key);

/* Index of element `i` of the array at `array`; 0: none. */
uint32_t json_at(const struct json_doc *, uint32_t array, uint32_t i);

/* A string without its escapes: borrowed from the text, or in the arena. */
struct text json_string(const struct json_doc *, uint32_t node, struct arena *);

/* The bytes of a value as they came; of a string with its quotes. */
struct text json_raw(const struct json_doc *, uint32_t node);

/*
 * Bytes of the UTF-8 sequence (RFC 3629) at the start of len bytes; 0 when
 * there is none.
 */
size_t json_utf8_step(const char *at, size_t len);

/* Is this valid UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool json_utf8_valid(struct text);

/* Code points of valid UTF-8: what min_length and max_length count. */
size_t json_utf8_length(struct text);

#endif
