#ifndef MUSTER_PLAN_SCHEMA_SCALAR_H
#define MUSTER_PLAN_SCHEMA_SCALAR_H

#include <stdbool.h>

#include "base/text.h"
#include "plan/faults.h"

struct check;
struct input_value;
struct schema;

/* What is judged: where it stands, and how it was sent. */
struct place {
	const struct fault_loc *loc;
	struct text input;
	bool is_text;		/* of a path or a query: input is no JSON */
};

/*
 * Tells a fault, or only notes it where the check is silent. message and ctx
 * NULL: the type's own, none. Always false, for `return`.
 */
bool scalar_fault(struct check *, const struct schema *,
    const struct place *, enum fault_type, const char *message,
    const char *ctx);

bool scalar_number(struct check *, const struct schema *,
    const struct place *, struct text digits, struct input_value *out);
bool scalar_string(struct check *, const struct schema *,
    const struct place *, struct text, struct input_value *out);
bool scalar_bool_text(struct check *, const struct schema *,
    const struct place *, struct text, struct input_value *out);

/* min_items and max_items. */
bool schema_check_count(struct check *, const struct schema *,
    const struct place *, uint32_t count);

/* What a family says to a value of a wrong kind. */
enum fault_type scalar_kind_fault(const struct schema *);

#endif
