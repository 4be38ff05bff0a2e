#ifndef MUSTER_PLAN_INPUTS_STATE_H
#define MUSTER_PLAN_INPUTS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/faults.h"
#include "plan/inputs.h"
#include "plan/schema_node.h"

struct check;

/* What inputs are made of: for inputs*.c. Generation lifetime. */
enum input_bind {
	BIND_TEXT,		/* as PostgreSQL reads it */
	BIND_ARRAY,		/* {1,2} */
	BIND_JSON
};

struct input {
	enum input_place place;
	struct text key;	/* as references call it; "a.b" of a body */
	struct text name;	/* as the client calls it */
	struct schema *schema;
	bool optional;
	bool asked, valued;	/* {x?}, {x} stands somewhere */
	struct scalar_type use;	/* of the statements; family UNKNOWN: none */
	struct src_pos use_pos;
	enum input_bind bind;	/* from inputs_link */
};

struct inputs {
	struct arena *arena;
	struct schemas *schemas;
	unsigned count;
	struct input *list;
	unsigned nparts;
	const char **parts;	/* without a star */
	int *part_inputs;	/* -1: nobody asks for it */
	const char **names;
	bool is_strict;		/* unknown query keys are faults */
	bool takes_body;
	struct schema *body;	/* NULL: none */
	unsigned nplaced[INPUT_BODY];
	unsigned *placed[INPUT_BODY];	/* inputs of each place */
	const char *messages[FAULT_TYPE_COUNT];
};

struct input_values {
	const struct inputs *inputs;
	struct input_value values[];
};

/* One request being checked. */
struct inputs_check {
	const struct inputs *inputs;
	const struct run_input *request;
	struct check *check;
	struct error *err;
};

/* inputs_query.c: 0, or -1 with err for what cannot be decoded. */
int inputs_check_query(struct inputs_check *);
int inputs_check_cookies(struct inputs_check *);

/* Decoded once, and UTF-8: borrowed where nothing was escaped. at NULL: not */
struct text inputs_decode(struct text, bool plus, struct arena *);

/* inputs_body.c: 0, or -1 with err for what is not UTF-8. */
int inputs_check_body(struct inputs_check *, const struct limits_conf *);

/* Text or its absence; loc is ["place", name]. */
void inputs_check_text(struct inputs_check *, unsigned i, struct text);

#endif
