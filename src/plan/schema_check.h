#ifndef MUSTER_PLAN_SCHEMA_CHECK_H
#define MUSTER_PLAN_SCHEMA_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "plan/faults.h"

struct arena;
struct buf;
struct input_value;
struct json_doc;
struct schema;

/*
 * One value of a request against its schema. Recursion follows the JSON,
 * whose depth json_scan has bounded.
 */
struct check {
	struct arena *arena;
	struct faults *faults;
	struct input_value *values;	/* by the schema's input, or NULL */
	const struct json_doc *doc;
	bool differs;	/* what was sent is not what is meant: unknown
			 * keys, defaults, foreign names */
	bool silent;	/* faults are not told */
	int failed;	/* enum fault_type of the last fault; -1: none */
	const char *message;	/* of the last fault */
};

/* A part of a body. False after a fault; values of its inputs are set. */
bool schema_check_json(struct check *, const struct schema *, uint32_t node,
    const struct fault_loc *);

/* The same, its own value into *out: for defaults. */
bool schema_check_value(struct check *, const struct schema *, uint32_t node,
    const struct fault_loc *, struct input_value *out);

/* Text of a path, query, header or cookie. */
bool schema_check_text(struct check *, const struct schema *, struct text,
    const struct fault_loc *, struct input_value *out);

/* A repeated key of a query, as a list. */
bool schema_check_texts(struct check *, const struct schema *,
    const struct text *texts, unsigned n, const struct fault_loc *,
    struct input_value *out);

/* Nothing was sent for it. input: what lacks it, JSON. False after a fault. */
bool schema_check_absent(struct check *, const struct schema *, bool optional,
    struct text input, const struct fault_loc *);

/* What of this node the schema knows, with defaults, by its own names. */
void schema_write(const struct schema *, const struct json_doc *,
    uint32_t node, struct buf *);

#endif
