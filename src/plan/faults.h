#ifndef MUSTER_PLAN_FAULTS_H
#define MUSTER_PLAN_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

struct arena;

/*
 * The list in a 422 reply: what is wrong with a request, each fault with a
 * type for programs, a place, a message for people, what was sent, and the
 * bounds it broke. Types and messages are those of the reference framework's
 * validator, so that its clients need no change.
 */
enum fault_type {
	FAULT_MISSING, FAULT_EXTRA, FAULT_JSON,
	FAULT_INT_PARSING, FAULT_INT_TYPE, FAULT_INT_FROM_FLOAT,
	FAULT_FLOAT_PARSING, FAULT_FLOAT_TYPE, FAULT_FINITE,
	FAULT_DECIMAL_PARSING, FAULT_DECIMAL_WHOLE, FAULT_DECIMAL_PLACES,
	FAULT_BOOL_PARSING, FAULT_BOOL_TYPE,
	FAULT_STRING_TYPE, FAULT_TOO_SHORT, FAULT_TOO_LONG, FAULT_PATTERN,
	FAULT_GE, FAULT_GT, FAULT_LE, FAULT_LT,
	FAULT_ENUM,
	FAULT_UUID_TYPE, FAULT_UUID_PARSING,
	FAULT_DATE_TYPE, FAULT_DATE_PARSING,
	FAULT_TIME_TYPE, FAULT_TIME_PARSING,
	FAULT_DATETIME_TYPE, FAULT_DATETIME_PARSING,
	FAULT_DELTA_TYPE, FAULT_DELTA_PARSING,
	FAULT_BYTES, FAULT_URL, FAULT_IPV4, FAULT_IPV6,
	FAULT_VALUE,
	FAULT_LIST_TYPE, FAULT_LIST_SHORT, FAULT_LIST_LONG,
	FAULT_OBJECT,
	FAULT_TYPE_COUNT
};

const char *fault_type_word(enum fault_type);	/* "int_parsing" */
const char *fault_type_message(enum fault_type);	/* "" where made */

/* The type of a word, for errors.messages; FAULT_TYPE_COUNT: there is none. */
enum fault_type fault_type_find(const char *word);

/* A place, from the inside out, on the stack of whoever walks. */
struct fault_loc {
	const struct fault_loc *up;
	struct text name;	/* at NULL: index */
	uint32_t index;
};

struct fault {
	enum fault_type type;
	const struct fault_loc *loc;
	const char *message;	/* NULL: the type's own */
	bool own_message;	/* it was written for this input */
	struct text input;	/* JSON bytes; at NULL: left out */
	const char *ctx;	/* JSON; NULL: none */
};

/* Embed it, zeroed is empty. messages: texts by type, or NULL. */
struct faults {
	struct buf list;
	unsigned count;
	const char *const *messages;
};

/*
 * A request that is wrong all over gets the first FAULTS_MAX of its faults,
 * and no more input echoed once the list has FAULTS_ECHO bytes.
 */
#define FAULTS_MAX 100
#define FAULTS_ECHO 65536

void faults_add(struct faults *, const struct fault *);

/* The JSON array, in the arena; the list is empty and released then. */
struct text faults_take(struct faults *, struct arena *);
void faults_release(struct faults *);

/* Text as a JSON string, in the arena: for input and ctx. */
struct text fault_quote(struct text, struct arena *);

#endif
