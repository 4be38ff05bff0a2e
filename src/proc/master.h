#ifndef MUSTER_PROC_MASTER_H
#define MUSTER_PROC_MASTER_H

#include <stdbool.h>

struct generation;

/* sysexits(3) where one fits; musterd(8), EXIT STATUS. */
enum exit_code {
	EXIT_CODE_OK = 0, EXIT_CODE_RUNTIME = 1, EXIT_CODE_USAGE = 64,
	EXIT_CODE_NO_CONFIG = 66, EXIT_CODE_NO_DATABASE = 69,
	EXIT_CODE_INTERNAL = 70, EXIT_CODE_OS = 71,
	EXIT_CODE_CANNOT_CREATE = 73, EXIT_CODE_NO_PERMISSION = 77,
	EXIT_CODE_CONFIG = 78
};

struct master_start {
	const char *conf_path;
	bool foreground;	/* -F: also allows root without `user` */
};

/*
 * Serves until a signal says stop; takes the generation. Order: checks,
 * sockets bound, pid file, shared memory, startup hooks, describer, listen,
 * workers, READY. Returns the exit status.
 */
int master_run(struct generation *, const struct master_start *);

/* --check-db: describes, prints plans with their types. Exit status. */
int master_check_db(struct generation *);

#endif
