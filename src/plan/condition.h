#ifndef MUSTER_PLAN_CONDITION_H
#define MUSTER_PLAN_CONDITION_H

struct binding_source;
struct conf_node;
struct scope;

/*
 * What `require` and `when` know: = != < <= > >= and or not, parentheses,
 * numbers, 'text', true, false, null, {references}. Logic has three values
 * as in SQL: comparing with null gives null, and so does comparing things of
 * different kinds or ordering what has no order. Numbers compare exactly.
 */
struct condition;

enum condition_result { CONDITION_FALSE, CONDITION_TRUE, CONDITION_NULL };

/* Of a string of server.conf. NULL after a fault. */
struct condition *condition_compile(const struct conf_node *, struct scope *);

/* A value that is neither true nor false counts as null. */
enum condition_result condition_test(const struct condition *,
    const struct binding_source *);

#endif
