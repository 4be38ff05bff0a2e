#ifndef MUSTER_PROC_WORKER_H
#define MUSTER_PROC_WORKER_H

struct generation;
struct listeners;
struct shm;

/*
 * What master and worker say to each other over their socketpair, a byte
 * each. Its end means that the other has died: the worker then drains.
 */
enum worker_word {
	WORKER_READY = 'R',	/* to the master, once: it can serve */
	WORKER_LEAVING = 'L',	/* to the workers: /ready says 503 */
	WORKER_DRAIN = 'D',	/* others take over: finish, then end */
	WORKER_STOP = 'S',	/* the server ends: the same, and the last
				 * connections are accepted first */
	WORKER_QUIT = 'Q'	/* end now */
};

struct worker_start {
	unsigned index;			/* which of the workers it is */
	struct generation *generation;
	const struct listeners *listeners;
	struct shm *shm;
	unsigned slot;
	int master_fd;
};

/* In the child: serves until told to end. Returns the exit status. */
int worker_run(const struct worker_start *);

#endif
