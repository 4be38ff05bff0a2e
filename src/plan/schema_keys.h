#ifndef MUSTER_PLAN_SCHEMA_KEYS_H
#define MUSTER_PLAN_SCHEMA_KEYS_H

#include <stdbool.h>
#include <stdint.h>

struct conf_node;
struct conf_report;

/* What the group of a value says, as it was written. Generation lifetime. */
struct value_keys {
	const char *type, *pattern, *name, *message;
	const struct conf_node *minimum, *maximum;
	const struct conf_node *exclusive_minimum, *exclusive_maximum;
	const struct conf_node *choices, *dflt;
	int64_t min_length, max_length, min_items, max_items;
	int format;			/* enum schema_format */
	bool optional, nullable, secret, lenient;
};

struct type_keys {
	const char *like;
	const struct conf_node *fields;
	int extra;			/* enum schema_extra */
};

enum schema_extra { SCHEMA_EXTRA_IGNORE, SCHEMA_EXTRA_FORBID };

/* Reads both sections from one group. 0, or -1 after a fault. */
int schema_keys_read(const struct conf_node *, struct value_keys *,
    struct type_keys *, struct conf_report *);

#endif
