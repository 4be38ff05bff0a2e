#ifndef MUSTER_PLAN_PLAN_STATE_H
#define MUSTER_PLAN_PLAN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "io/pg_statement.h"
#include "plan/limits.h"
#include "plan/op.h"
#include "plan/plan.h"
#include "plan/run.h"
#include "plan/scope.h"
#include "plan/sql_text.h"

struct arena;
struct condition;
struct conf_key;
struct error_map;
struct inputs;
struct schemas;
struct template;

/*
 * The inside of plans, for plan*.c and run*.c. All of it lies in the arena of
 * one struct plans; nothing changes after plans_link.
 */

/* A statement and the way from its bytes to those of server.conf. */
struct plan_statement {
	struct pg_statement statement;	/* first: this is what others see */
	const struct conf_node *node;
	struct sql_text text;
	struct plan_statement *next;	/* of those with the same hash */
};

struct plan_op {
	const char *name;
	const struct op_type *type;
	const void *args;
	enum op_order order;
	struct op_sql sql;		/* statement NULL: it has none */
	struct src_pos pos;		/* of its verb's value */
	struct src_pos name_pos;
	const struct template *else_value;	/* NULL: none */
	const struct condition *when;	/* NULL: always */
	const struct conf_node *after;
	int64_t timeout_ms;		/* 0: the request's */
	unsigned nwaits;		/* how many must end before it */
	unsigned nnext;
	const unsigned *next;		/* who waits for it */
	bool timed;			/* somebody asks for {op:ms} */
	size_t state_at;		/* of its state in a run's memory */
};

struct plan_header {
	struct text name;
	const struct template *value;
};

struct plan {
	const char *name, *method, *pattern;
	struct src_pos pos;
	const struct plans *plans;
	struct limits_conf limits;
	struct inputs *inputs;
	struct error_map *errors;
	unsigned nops;
	struct plan_op *ops;
	size_t state_size;		/* of all operations together */
	struct binding *bindings;
	int status;
	bool has_body;
	struct text content_type;
	unsigned nheaders;
	const struct plan_header *headers;
	const struct run_header *constant_headers;	/* or NULL */
	const struct template *reply;	/* NULL: none */
	bool has_sql, has_effects;
};

struct plans {
	struct arena *arena;
	const struct op_type *const *types;
	struct schemas *schemas;
	struct error_map *errors;
	unsigned nplans;
	struct plan **list;
	unsigned nstatements;
	struct pg_statement **statements;
	unsigned statements_room;
	unsigned nbuckets;		/* a power of two */
	struct plan_statement **buckets;
	bool linked;		/* with a description, if there is SQL */
};

/* One route on its way to a plan. */
struct plan_build {
	struct plans *plans;
	struct plan *plan;
	const struct conf_node *node;
	struct conf_report *report;
	struct scope scope;
	const char **names;		/* of the operations */
	const struct plan_op *writer;	/* the first SQL write */
	const struct limits_conf *limits;	/* what is inherited */
};

/* Keys that any operation may have. */
struct op_conf {
	const struct conf_node *after, *else_value, *when;
	int64_t timeout_ms;
};

struct op_build {
	struct plan_build *build;
	struct plan_op *op;
	const struct conf_node *node;
	void *settings;
};

/* plan_compile.c; NULL when the route has faults. */
struct plan *plan_compile(struct plans *, const struct conf_node *route,
    const struct limits_conf *, struct conf_report *);

/* plan_op.c */
void plan_compile_ops(struct plan_build *, const struct conf_node *group);

/* plan_graph.c: edges, cycles; needs all operations and bindings. */
void plan_graph(struct plan_build *);

/* plan_reply.c */
void plan_compile_reply(struct plan_build *, const struct conf_node *reply,
    const struct conf_node *headers);

/* plan_sql.c */
void plans_init_statements(struct plans *);

/* plan_link.c */
void plan_link(struct plan *, const struct pg_description *,
    struct conf_report *);

#endif
