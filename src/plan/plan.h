#ifndef MUSTER_PLAN_PLAN_H
#define MUSTER_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/error.h"

struct conf_node;
struct conf_report;
struct limits_conf;
struct op_type;
struct pg_description;
struct pg_statement;

/*
 * Routes compiled to plans: names have become indexes, the graph is known,
 * cycles and unknown names were refused with their place. Immutable after
 * plans_link; generation lifetime.
 */
struct plan;
struct plans;

/*
 * Compiles types, errors, groups and routes below the root of server.conf.
 * All faults go to the report; NULL only when nothing could be made of it.
 * types: the verbs (op/ops.h), closed by NULL. limits: of the top level.
 */
struct plans *plans_compile(const struct conf_node *root,
    const struct op_type *const types[], const struct limits_conf *limits,
    struct conf_report *) MUST_USE;

unsigned plans_count(const struct plans *);
struct plan *plans_at(const struct plans *, unsigned i);

/* Every SQL text once; what a describer is given. */
struct pg_statement *const *plans_statements(const struct plans *,
    unsigned *n);

/* Where the byte at this offset of a statement's sql was written. */
struct src_pos plan_statement_pos(const struct pg_statement *,
    size_t sql_offset);

/*
 * Gives every plan the types PostgreSQL told: inputs get their checks,
 * references their columns, replies their writers. Faults (a column that is
 * not there, a declared type that does not agree, a composite column, a
 * default out of range) go to the report. description NULL: there is none
 * (yet): routes without SQL are complete after this, those with SQL answer
 * 503. Called once, in each process that uses the plans. Returns 0 or -1.
 */
int plans_link(struct plans *, const struct pg_description *,
    struct conf_report *);

/*
 * What an error is told as: the first entry of errors.on that matches it, of
 * the route (NULL: it concerns none), then of the top level.
 */
void plans_tell_error(const struct plans *, const struct plan *,
    struct error *);

/* Linked with a description, or without one where no route has SQL. */
bool plans_are_linked(const struct plans *);
void plans_free(struct plans *);

const char *plan_name(const struct plan *);	/* "read_user" */
const char *plan_method(const struct plan *);	/* "GET" */
const char *plan_pattern(const struct plan *);	/* "/users/{user_id}" */
struct src_pos plan_pos(const struct plan *);	/* of its `on` */
const struct limits_conf *plan_limits(const struct plan *);

/* Does it read a body; a request without one needs none then. */
bool plan_takes_body(const struct plan *);

/*
 * Can it change anything? Then a client that shuts its side early is still
 * answered. NULL: no.
 */
bool plan_has_effects(const struct plan *);

/* The graph, one operation a line, for --check-db and people. */
void plan_print(const struct plan *, FILE *);

#endif
