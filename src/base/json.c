/*
 * The scanner: one pass, no recursion. A state says what may come next; the
 * way back out of a container is kept in its own node, whose `next` names
 * the container around it until it is closed.
 */
#include "base/json.h"

#include "base/arena.h"
#include "base/json_bytes.h"
#include "base/json_keys.h"

#define SCAN_FIRST_NODES 16
#define SCAN_NO_NODE UINT32_MAX

enum scan_state { SCAN_VALUE, SCAN_KEY, SCAN_AFTER, SCAN_DONE, SCAN_FAILED };

struct scan {
	const char *text, *at, *end;
	struct arena *arena;
	struct json_node *nodes;
	uint32_t count, room;
	uint32_t open;			/* the innermost container */
	unsigned depth, max_depth;
	struct json_error *error;
	const char *error_at;
};

static const char expecting_value[] = "Expecting value";
static const char expecting_comma[] = "Expecting ',' delimiter";
static const char expecting_colon[] = "Expecting ':' delimiter";
static const char expecting_key[] =
    "Expecting property name enclosed in double quotes";
static const char unterminated[] = "Unterminated string starting at";
static const char bad_escape[] = "Invalid \\escape";
static const char bad_hex[] = "Invalid \\uXXXX escape";

static enum scan_state
scan_fail(struct scan *scan, enum json_fault fault, const char *at,
    const char *message)
{
	scan->error->fault = fault;
	scan->error->message = message;
	scan->error_at = at;
	return SCAN_FAILED;
}

static enum scan_state
scan_syntax(struct scan *scan, const char *at, const char *message)
{
	return scan_fail(scan, JSON_SYNTAX, at, message);
}

/* The byte here, or NUL at the end: no byte of the grammar is NUL. */
static inline char
scan_peek(const struct scan *scan)
{
	return scan->at < scan->end ? *scan->at : '\0';
}

static inline void
scan_space(struct scan *scan)
{
	char c;

	while (scan->at < scan->end) {
		c = *scan->at;
		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return;
		scan->at++;
	}
}

static struct json_node *
scan_add(struct scan *scan, enum json_kind kind, const char *start)
{
	struct json_node *node;
	uint32_t room;

	if (scan->count == scan->room) {
		room = scan->room == 0 ? SCAN_FIRST_NODES : scan->room * 2;
		scan->nodes = arena_grow(scan->arena, scan->nodes,
		    scan->room * sizeof(*node), room * sizeof(*node));
		scan->room = room;
	}
	node = &scan->nodes[scan->count++];
	node->start = (uint32_t)(start - scan->text);
	node->end = node->start;
	node->next = scan->count;
	node->count = 0;
	node->kind = (uint8_t)kind;
	node->flags = 0;
	return node;
}

static enum scan_state
scan_word(struct scan *scan, enum json_kind kind, struct text word)
{
	struct json_node *node;

	if ((size_t)(scan->end - scan->at) < word.len ||
	    memcmp(scan->at, word.at, word.len) != 0)
		return scan_syntax(scan, scan->at, expecting_value);
	node = scan_add(scan, kind, scan->at);
	scan->at += word.len;
	node->end = (uint32_t)(scan->at - scan->text);
	return SCAN_AFTER;
}

static const char *
scan_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/*
 * The longest number that begins here, as Python takes it: of "1.x" it is
 * the 1, and the fault is what follows.
 */
static enum scan_state
scan_number(struct scan *scan)
{
	const char *at = scan->at, *end = scan->end, *digits;
	struct json_node *node;
	bool integer = true;

	if (at < end && *at == '-')
		at++;
	digits = at;
	at = at < end && *at == '0' ? at + 1 : scan_digits(at, end);
	if (at == digits)
		return scan_syntax(scan, scan->at, expecting_value);
	if (end - at > 1 && *at == '.' && scan_digits(at + 1, end) > at + 1) {
		at = scan_digits(at + 1, end);
		integer = false;
	}
	if (end - at > 1 && (*at == 'e' || *at == 'E')) {
		digits = at + 1 + (at[1] == '+' || at[1] == '-');
		if (scan_digits(digits, end) > digits) {
			at = scan_digits(digits, end);
			integer = false;
		}
	}
	node = scan_add(scan, JSON_NUMBER, scan->at);
	node->flags = integer ? JSON_INTEGER : 0;
	node->end = (uint32_t)(at - scan->text);
	scan->at = at;
	return SCAN_AFTER;
}

/* Four hexadecimal digits and the byte after them, as Python wants it. */
static int
scan_hex(const struct scan *scan, const char *at, unsigned *unit)
{
	if (scan->end - at < 5)
		return -1;
	return json_hex(at, unit);
}

/* The escape at the backslash `at`; returns what follows, NULL: failed. */
static const char *
scan_escape(struct scan *scan, const char *start, const char *at,
    struct json_node *node)
{
	unsigned unit, low;

	node->flags |= JSON_ESCAPED;
	if (scan->end - at < 2) {
		scan_syntax(scan, start, unterminated);
		return NULL;
	}
	if (at[1] != 'u') {
		if (at[1] != '\0' && strchr("\"\\/bfnrt", at[1]) != NULL)
			return at + 2;
		scan_syntax(scan, at, bad_escape);
		return NULL;
	}
	if (scan_hex(scan, at + 2, &unit) != 0) {
		scan_syntax(scan, at + 1, bad_hex);
		return NULL;
	}
	if (unit == 0)
		node->flags |= JSON_HAS_NUL;
	if (unit < 0xd800 || unit > 0xdfff)
		return at + 6;
	if (unit < 0xdc00 && at[6] == '\\' && scan->end - at > 7 &&
	    at[7] == 'u' && scan_hex(scan, at + 8, &low) == 0 &&
	    low >= 0xdc00 && low <= 0xdfff)
		return at + 12;
	scan_fail(scan, JSON_SURROGATE, at, "Lone surrogate in escape");
	return NULL;
}

/* From the quote at scan->at; state is what comes after the string. */
static enum scan_state
scan_string(struct scan *scan, enum scan_state after)
{
	const char *start = scan->at, *at = start + 1;
	struct json_node *node = scan_add(scan, JSON_STRING, at);
	size_t bytes;

	for (;;) {
		at += json_run(at, (size_t)(scan->end - at), true);
		if (at == scan->end)
			return scan_syntax(scan, start, unterminated);
		if (*at == '"')
			break;
		if (*at == '\\') {
			at = scan_escape(scan, start, at, node);
			if (at == NULL)
				return SCAN_FAILED;
		} else if ((unsigned char)*at < 0x20) {
			return scan_syntax(scan, at,
			    "Invalid control character at");
		} else {
			bytes = json_utf8_step(at, (size_t)(scan->end - at));
			if (bytes == 0)
				return scan_fail(scan, JSON_BAD_UTF8, at, "");
			at += bytes;
		}
	}
	node->end = (uint32_t)(at - scan->text);
	scan->at = at + 1;
	return after;
}

static enum scan_state
scan_open(struct scan *scan, enum json_kind kind)
{
	uint32_t index = scan->count;

	if (scan->depth == scan->max_depth)
		return scan_fail(scan, JSON_TOO_DEEP, scan->at,
		    "Nesting too deep");
	scan->depth++;
	scan_add(scan, kind, scan->at)->next = scan->open;
	scan->open = index;
	scan->at++;
	scan_space(scan);
	if (kind == JSON_ARRAY)
		return scan_peek(scan) == ']' ? SCAN_AFTER : SCAN_VALUE;
	return scan_peek(scan) == '}' ? SCAN_AFTER : SCAN_KEY;
}

static enum scan_state
scan_close(struct scan *scan)
{
	struct json_node *node = &scan->nodes[scan->open];
	uint32_t around = node->next, twin;

	scan->at++;
	node->end = (uint32_t)(scan->at - scan->text);
	node->next = scan->count;
	if (node->kind == JSON_OBJECT && node->count > 1) {
		twin = json_keys_twin(&(struct json_doc){ .text = scan->text,
		    .nodes = scan->nodes, .count = scan->count }, scan->open);
		if (twin != 0)
			return scan_fail(scan, JSON_DUPLICATE_KEY,
			    scan->text + scan->nodes[twin].start - 1,
			    "Duplicate key");
	}
	scan->open = around;
	scan->depth--;
	return SCAN_AFTER;
}

static enum scan_state
scan_value(struct scan *scan)
{
	if (scan->open != SCAN_NO_NODE)
		scan->nodes[scan->open].count++;
	switch (scan_peek(scan)) {
	case '"':
		return scan_string(scan, SCAN_AFTER);
	case '{':
		return scan_open(scan, JSON_OBJECT);
	case '[':
		return scan_open(scan, JSON_ARRAY);
	case 't':
		return scan_word(scan, JSON_TRUE, TEXT("true"));
	case 'f':
		return scan_word(scan, JSON_FALSE, TEXT("false"));
	case 'n':
		return scan_word(scan, JSON_NULL, TEXT("null"));
	default:
		return scan_number(scan);
	}
}

static enum scan_state
scan_key(struct scan *scan)
{
	if (scan_peek(scan) != '"')
		return scan_syntax(scan, scan->at, expecting_key);
	if (scan_string(scan, SCAN_VALUE) == SCAN_FAILED)
		return SCAN_FAILED;
	scan_space(scan);
	if (scan_peek(scan) != ':')
		return scan_syntax(scan, scan->at, expecting_colon);
	scan->at++;
	scan_space(scan);
	return SCAN_VALUE;
}

/* After a value, or at the end of an empty container. */
static enum scan_state
scan_after(struct scan *scan)
{
	bool object;
	char c;

	if (scan->open == SCAN_NO_NODE)
		return SCAN_DONE;
	object = scan->nodes[scan->open].kind == JSON_OBJECT;
	scan_space(scan);
	c = scan_peek(scan);
	if (c == (object ? '}' : ']'))
		return scan_close(scan);
	if (c != ',')
		return scan_syntax(scan, scan->at, expecting_comma);
	scan->at++;
	scan_space(scan);
	return object ? SCAN_KEY : SCAN_VALUE;
}

static enum scan_state
scan_run(struct scan *scan)
{
	enum scan_state state = SCAN_VALUE;

	if (scan->end - scan->at > 2 &&
	    memcmp(scan->at, "\xef\xbb\xbf", 3) == 0)
		return scan_syntax(scan, scan->at,
		    "Unexpected UTF-8 BOM (decode using utf-8-sig)");
	scan_space(scan);
	for (;;) {
		switch (state) {
		case SCAN_VALUE:
			state = scan_value(scan);
			break;
		case SCAN_KEY:
			state = scan_key(scan);
			break;
		case SCAN_AFTER:
			state = scan_after(scan);
			break;
		case SCAN_DONE:
			scan_space(scan);
			return scan->at == scan->end ? SCAN_DONE :
			    scan_syntax(scan, scan->at, "Extra data");
		case SCAN_FAILED:
			return SCAN_FAILED;
		}
	}
}

/*
 * Python decodes before it parses, so a text that is not UTF-8 is refused as
 * such, wherever else it is wrong. Only a refused text is looked at again.
 */
static void
scan_report(struct scan *scan)
{
	const char *at = scan->text;
	size_t bytes, characters = 0, offset = 0;

	while (at < scan->end) {
		if (at == scan->error_at)
			offset = characters;
		bytes = json_utf8_step(at, (size_t)(scan->end - at));
		if (bytes == 0) {
			scan->error->fault = JSON_BAD_UTF8;
			scan->error->message = "Invalid UTF-8";
			offset = characters;
			break;
		}
		at += bytes;
		characters++;
	}
	if (scan->error_at == scan->end && at == scan->end)
		offset = characters;
	scan->error->offset = offset;
}

int
json_scan(const char *text, size_t len, unsigned max_depth,
    struct arena *arena, struct json_doc *doc, struct json_error *error)
{
	struct scan scan = { .text = text, .at = text, .end = text + len,
		.arena = arena, .open = SCAN_NO_NODE, .max_depth = max_depth,
		.error = error };

	/* Offsets are 32 bits wide. */
	if (len >= UINT32_MAX) {
		*error = (struct json_error){ .fault = JSON_TOO_DEEP,
			.message = "Text too long" };
		return -1;
	}
	if (scan_run(&scan) == SCAN_FAILED) {
		scan_report(&scan);
		return -1;
	}
	*doc = (struct json_doc){ .text = text, .nodes = scan.nodes,
		.count = scan.count };
	return 0;
}
