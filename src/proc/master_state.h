#ifndef MUSTER_PROC_MASTER_STATE_H
#define MUSTER_PROC_MASTER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/shm.h"
#include "proc/child.h"
#include "proc/master.h"

struct generation;
struct listeners;

/*
 * The master: private to proc/master*.c. It sleeps on signals, its children
 * and the next point in time, parses no request, and holds no database
 * connection and no event loop, so that nothing a child does can hurt it.
 *
 *   HOOKS -> DESCRIBE -> START -> SERVE -> LEAVE -> STOP -> FAREWELL -> DONE
 *     |         |          |                         ^                   ^
 *     +---------+----------+---- failure ------------+-------------------+
 */
enum master_phase {
	MASTER_HOOKS,		/* startup hooks run in a child */
	MASTER_DESCRIBE,	/* the first describer runs */
	MASTER_START,		/* workers are not all ready yet */
	MASTER_SERVE,
	MASTER_LEAVE,		/* shutdown_delay: still serving */
	MASTER_STOP,		/* workers drain */
	MASTER_FAREWELL,	/* shutdown hooks run in a child */
	MASTER_DONE
};

#define MASTER_CHILDREN (SHM_SLOTS + 2)
#define MASTER_EARLY_DEATHS 5
#define MASTER_WORKERS 120	/* two generations and the master have slots */

struct master_seat {		/* one for each worker index */
	int64_t back_off_ms;
	int64_t respawn_at_ms;	/* 0: nothing is planned */
};

struct master {
	struct master_start start;
	struct generation *generation;
	struct shm *shm;
	struct listeners *listeners;
	enum master_phase phase;
	int exit_code;
	int signal_fd;
	int pid_fd;
	int log_fd;
	unsigned workers;	/* how many there shall be */
	unsigned number;	/* of the newest generation */
	bool promoted;		/* its workers have all been ready */
	bool was_ready;		/* READY was said */
	unsigned early_deaths;
	bool described;
	bool listening;
	int description_fd;	/* being written by a describer; -1 */
	int64_t describe_at_ms;	/* next try; 0: none planned */
	int64_t phase_until_ms;	/* 0: no limit */
	struct master_seat seats[SHM_SLOTS];
	struct child children[MASTER_CHILDREN];
};

void master_enter(struct master *, enum master_phase);
void master_fail(struct master *, int exit_code);

/* master_children.c */
struct child *master_fork(struct master *, enum child_kind);
void master_spawn_worker(struct master *, unsigned index);
void master_spawn_all(struct master *);
void master_tell(struct child *, char word);
void master_tell_all(struct master *, char word);
void master_drain_older(struct master *, unsigned generation);
void master_reap(struct master *);
void master_read_child(struct master *, struct child *);
unsigned master_count(const struct master *, enum child_kind);
void master_check_children(struct master *, int64_t now_ms);
int64_t master_next_child_ms(const struct master *);

/* master_steps.c: what the end of a child means */
void master_start_hooks(struct master *, bool at_start);
void master_start_describer(struct master *, int64_t patience_ms);
void master_on_hooks(struct master *, int exit_code);
void master_on_describer(struct master *, int exit_code);
void master_on_worker(struct master *, const struct child *, int status);
void master_on_no_worker(struct master *);
void master_on_all_ready(struct master *);

#endif
