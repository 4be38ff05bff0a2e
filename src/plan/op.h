#ifndef MUSTER_PLAN_OP_H
#define MUSTER_PLAN_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/value.h"

struct arena;
struct binding;
struct binding_source;
struct conf_node;
struct conf_report;
struct conf_section;
struct limits_conf;
struct op;
struct op_build;
struct pg_statement;
struct scope;
struct services;

/*
 * What a verb is to the plan. A verb is one row in op/ops.c and one file.
 */

/* How an operation is ordered among the others: see README.md. */
enum op_order {
	OP_READ,	/* starts as soon as what it refers to is there */
	OP_EFFECT,	/* starts in file order, is never cancelled */
	OP_GUARD	/* holds back what is written below it */
};

/* What {name.path} can mean. */
enum op_shape {
	OP_NOTHING,	/* its value has no parts */
	OP_SCALAR,	/* one value; parts when it is JSON */
	OP_ROW,		/* {name.column} */
	OP_LIST		/* {name.0.column} */
};

struct op_type {
	const char *name;		/* the verb: a key of the operation */
	const struct conf_section *section;	/* that key and its others */
	enum op_shape shape;
	size_t state_size;

	/*
	 * While the route is compiled: its args, from the arena, or NULL
	 * after a fault. The settings of the section have been read.
	 */
	const void *(*compile)(struct op_build *);

	/*
	 * Begins. op_done or op_fail once, within this call or later. cancel
	 * is called instead, for reads and guards only; nothing of the
	 * operation runs after it. NULL: start always finishes at once.
	 */
	void (*start)(struct op *);
	void (*cancel)(struct op *);

	/* Of a running effect, when the worker ends at once. May be NULL. */
	void (*drop)(struct op *);
};

/* ---- for compile --------------------------------------------------------- */

const char *op_build_name(const struct op_build *);
const void *op_build_settings(const struct op_build *);
struct arena *op_build_arena(const struct op_build *);	/* generation */
struct conf_report *op_build_report(const struct op_build *);
struct scope *op_build_scope(const struct op_build *);

/* The value of one of its keys, the verb's among them; NULL: not written. */
const struct conf_node *op_build_node(const struct op_build *,
    const char *key);

/* OP_READ unless this is called. */
void op_build_order(struct op_build *, enum op_order);

/* The SQL of an operation: a statement, shared by those with one text. */
struct op_sql {
	const struct pg_statement *statement;
	const struct binding *const *params;	/* statement->nparams */
	bool inserts;
};

/*
 * From a string of server.conf. writes: also where the text does not show it.
 * Sets the order. Returns -1 after a fault.
 */
int op_build_sql(struct op_build *, const struct conf_node *, bool writes,
    struct op_sql *);

/* ---- for start ----------------------------------------------------------- */

/* The value lives in the request's arena, or is hung on it. */
void op_done(struct op *, struct value);

/* err is copied; place and operation are added. */
void op_fail(struct op *, const struct error *);

const void *op_args(const struct op *);		/* what compile returned */
void *op_state(const struct op *);	/* state_size bytes, zeroed at first */
struct arena *op_arena(const struct op *);
struct services *op_services(const struct op *);
const struct limits_conf *op_limits(const struct op *);
int64_t op_deadline_us(const struct op *);	/* on clock_us's clock */
const char *op_name(const struct op *);

/* For conditions, templates and single references. */
const struct binding_source *op_source(const struct op *);

/*
 * What a reference is as a parameter of a statement; NULL is SQL's. Returns
 * -1 with err for what no parameter can hold.
 */
int op_param(const struct op *, const struct binding *, const char **,
    struct error *err);

/* Does a reference name this column of the operation's rows? */
bool op_needs_column(const struct op *, struct text name);

#endif
