#ifndef MUSTER_PROC_CHILD_H
#define MUSTER_PROC_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A child of the master, private to proc/master*.c.
 *
 *   worker:  started -> ready -> draining -> gone
 */
enum child_kind { CHILD_NONE, CHILD_WORKER, CHILD_HOOKS, CHILD_DESCRIBER };

struct child {
	enum child_kind kind;
	pid_t pid;
	int fd;			/* our end of its socketpair; -1: none */
	unsigned slot;		/* in shared memory */
	unsigned index;		/* which worker */
	unsigned generation;
	bool ready, draining, quitting;
	bool hurried;		/* not its time is over, it was cut short */
	int64_t started_ms;
	int64_t limit_ms;	/* then it is told to quit, then killed */
};

#endif
