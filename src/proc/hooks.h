#ifndef MUSTER_PROC_HOOKS_H
#define MUSTER_PROC_HOOKS_H

struct conf_node;
struct conf_report;
struct conf_section;
struct pg_conf;

/*
 * The groups `startup` and `shutdown`: named steps that run one after the
 * other, each with a time limit, in a child of the master that runs as the
 * service user. Blocking is allowed there.
 */
extern const struct conf_section hook_section;

/* Faults in a group of hooks (NULL: none), files included. */
void hooks_check(const struct conf_node *hooks, struct conf_report *);

/*
 * Runs them all, in the child; what programs print goes to the log, line by
 * line. The first that fails ends it. Returns an exit code: 0, 1, or 69 when
 * the database could not be reached until a hook's time was over.
 */
int hooks_run(const struct conf_node *hooks, const struct pg_conf *);

#endif
