/*
 * What the end of a child means for the server: hooks lead to the describer,
 * the describer to workers, workers to READY, and a description that comes
 * late to a new generation.
 */
#include "proc/master_state.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "conf/node.h"
#include "io/pg_description.h"
#include "plan/plan.h"
#include "proc/describer.h"
#include "proc/generation.h"
#include "proc/hooks.h"
#include "proc/listen.h"
#include "proc/notify.h"
#include "proc/privileges.h"
#include "proc/worker.h"

#define DESCRIBE_FAULT_MS 30000	/* after wrong SQL: somebody must act */
#define RESPAWN_LIVED_MS 10000
#define RESPAWN_FIRST_MS 100
#define RESPAWN_LAST_MS 10000

/* A blocking child: default signals, the service user. */
static void
master_become_helper(struct master *master, const char *name)
{
	struct error err;
	sigset_t none;

	log_name_process(name);
	prctl(PR_SET_NAME, name);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (privileges_drop(&master->generation->server, false, &err) == -1) {
		log_problem(LOG_LEVEL_ERROR, NULL, &err);
		exit(EXIT_CODE_NO_PERMISSION);
	}
	/* After the change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	listeners_close(master->listeners, false);
}

void
master_start_hooks(struct master *master, bool at_start)
{
	const struct server_conf *conf = &master->generation->server;
	const struct conf_node *hooks = at_start ? conf->startup :
	    conf->shutdown;
	struct child *child;

	if (hooks == NULL || conf_node_count(hooks) == 0) {
		master_on_hooks(master, EXIT_CODE_OK);
		return;
	}
	child = master_fork(master, CHILD_HOOKS);
	if (child == NULL) {
		master_fail(master, EXIT_CODE_OS);
	} else if (child->pid == 0) {
		master_become_helper(master, "hooks");
		exit(hooks_run(hooks, &master->generation->database));
	}
}

void
master_on_hooks(struct master *master, int exit_code)
{
	if (master->phase == MASTER_FAREWELL) {
		if (exit_code != EXIT_CODE_OK)
			log_error(NULL, "shutdown_hook",
			    "a shutdown hook failed");
		master_enter(master, MASTER_DONE);
	} else if (master->phase != MASTER_HOOKS) {
		return;		/* it was killed since we are stopping */
	} else if (exit_code == EXIT_CODE_NO_DATABASE ||
	    exit_code == EXIT_CODE_NO_PERMISSION) {
		master_fail(master, exit_code);
	} else if (exit_code != EXIT_CODE_OK) {
		master_fail(master, EXIT_CODE_RUNTIME);
	} else {
		master_enter(master, MASTER_DESCRIBE);
	}
}

void
master_start_describer(struct master *master, int64_t patience_ms)
{
	int64_t deadline_ms = clock_ms() + patience_ms;
	struct child *child;
	unsigned n;

	master->describe_at_ms = 0;
	plans_statements(master->generation->plans, &n);
	if (n == 0) {
		master->described = true;
		master_enter(master, MASTER_START);
		return;
	}
	master->description_fd = memfd_create("muster-description",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	child = master->description_fd == -1 ? NULL :
	    master_fork(master, CHILD_DESCRIBER);
	if (child == NULL) {
		master_fail(master, EXIT_CODE_OS);
	} else if (child->pid == 0) {
		master_become_helper(master, "describer");
		exit(describer_run(master->generation,
		    master->description_fd, deadline_ms, NULL));
	}
}

/* One number that is known by now, and a mistake that shows under load. */
static void
master_check_room(const struct master *master)
{
	const struct pg_conf *conf = &master->generation->database;
	int64_t wanted = (conf->pool_size + conf->max_overflow) *
	    (int64_t)master->workers;
	struct error err;
	struct pg_description *description =
	    pg_description_map(master->description_fd, &err);
	unsigned room;

	if (description == NULL)
		return;
	room = pg_description_max_connections(description);
	pg_description_free(description);
	if (room > 0 && wanted > room)
		log_warn(NULL, "max_connections", "%u workers x (pool_size "
		    "%lld + max_overflow %lld) = %lld connections, but "
		    "PostgreSQL has %u", master->workers,
		    (long long)conf->pool_size,
		    (long long)conf->max_overflow, (long long)wanted, room);
}

static void
master_take_description(struct master *master)
{
	struct generation *generation = master->generation;

	master_check_room(master);
	if (generation->description_fd != -1)
		close(generation->description_fd);
	generation->description_fd = master->description_fd;
	master->description_fd = -1;
	master->described = true;
	if (master->phase == MASTER_DESCRIBE) {
		master_enter(master, MASTER_START);
	} else if (master->phase <= MASTER_SERVE) {
		master->number++;
		log_info(NULL, "generation", "number=%u the database has "
		    "been described", master->number);
		master_spawn_all(master);
	}
}

void
master_on_describer(struct master *master, int exit_code)
{
	int64_t now_ms = clock_ms();

	if (master->phase > MASTER_SERVE)
		return;
	if (exit_code == EXIT_CODE_OK) {
		master_take_description(master);
		return;
	}
	close(master->description_fd);
	master->description_fd = -1;
	if (master->phase == MASTER_DESCRIBE &&
	    exit_code != EXIT_CODE_NO_DATABASE) {
		master_fail(master, exit_code == EXIT_CODE_CONFIG ?
		    EXIT_CODE_CONFIG : EXIT_CODE_RUNTIME);
		return;
	}
	master->describe_at_ms = exit_code == EXIT_CODE_NO_DATABASE ?
	    now_ms + 1 : now_ms + DESCRIBE_FAULT_MS;
	if (master->phase == MASTER_DESCRIBE) {
		log_warn(NULL, "not_described", "serving without the "
		    "database: routes with SQL answer 503 until it is there");
		master_enter(master, MASTER_START);
	}
}

static void
master_log_death(const struct master *master, const struct child *child,
    int status)
{
	const struct shm_slot *slot = shm_slot(master->shm, child->slot);
	const char *route = atomic_load(&slot->activity);
	long long uptime_ms = (long long)(clock_ms() - child->started_ms);

	if (WIFSIGNALED(status))
		log_error(NULL, "worker_died", "worker=%u pid=%d signal=%s%s "
		    "uptime_ms=%lld last_route=%s%s", child->index + 1,
		    (int)child->pid, sigabbrev_np(WTERMSIG(status)),
		    WCOREDUMP(status) ? " core=yes" : "", uptime_ms,
		    route == NULL ? "-" : route,
		    WTERMSIG(status) == SIGKILL && !child->quitting ?
		    " (not sent by the master: possibly out of memory)" : "");
	else
		log_error(NULL, "worker_died", "worker=%u pid=%d status=%d "
		    "uptime_ms=%lld last_route=%s", child->index + 1,
		    (int)child->pid, WEXITSTATUS(status), uptime_ms,
		    route == NULL ? "-" : route);
}

static void
master_plan_respawn(struct master *master, const struct child *child)
{
	struct master_seat *seat = &master->seats[child->index];
	int64_t now_ms = clock_ms();

	if (now_ms - child->started_ms >= RESPAWN_LIVED_MS)
		seat->back_off_ms = 0;
	else if (seat->back_off_ms == 0 && child->ready)
		seat->back_off_ms = 1;	/* the first one is free */
	else if (seat->back_off_ms < RESPAWN_FIRST_MS)
		seat->back_off_ms = RESPAWN_FIRST_MS;
	else if (seat->back_off_ms < RESPAWN_LAST_MS / 2)
		seat->back_off_ms *= 2;
	else
		seat->back_off_ms = RESPAWN_LAST_MS;
	seat->respawn_at_ms = now_ms + seat->back_off_ms +
	    ids_random((uint32_t)seat->back_off_ms / 4);
	if (seat->respawn_at_ms == now_ms)
		seat->respawn_at_ms++;
}

/* True: too many; the master gives up. */
static bool
master_count_early_death(struct master *master, int exit_code)
{
	master->early_deaths++;
	if (exit_code != EXIT_CODE_CONFIG &&
	    master->early_deaths < MASTER_EARLY_DEATHS)
		return false;
	log_error(NULL, "start_failed", "workers died %u times before all "
	    "were ready; the last line of a worker says why",
	    master->early_deaths);
	master_fail(master, exit_code);
	return true;
}

static void
master_on_early_death(struct master *master, const struct child *child,
    int status)
{
	int code = WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
	    WEXITSTATUS(status) : EXIT_CODE_RUNTIME;

	if (!master_count_early_death(master, code))
		master_plan_respawn(master, child);
}

/* The system gives us no process; once READY was said we go on trying. */
void
master_on_no_worker(struct master *master)
{
	if (master->phase == MASTER_START)
		master_count_early_death(master, EXIT_CODE_OS);
}

void
master_on_worker(struct master *master, const struct child *child,
    int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	/* One that had not begun when the server ended is killed as planned. */
	if (!clean && !(child->draining && !child->ready)) {
		master_log_death(master, child, status);
		metric_add(METRIC_WORKER_DEATHS, 1);
	}
	if (master->phase > MASTER_LEAVE ||
	    child->generation != master->number)
		return;
	if (clean && child->ready)
		log_warn(NULL, "worker_ended", "worker=%u pid=%d ended "
		    "without being told to; it is replaced", child->index + 1,
		    (int)child->pid);
	if (master->phase == MASTER_START)
		master_on_early_death(master, child, status);
	else
		master_plan_respawn(master, child);
}

void
master_on_all_ready(struct master *master)
{
	master_drain_older(master, master->number);
	if (master->phase == MASTER_START)
		master_enter(master, MASTER_SERVE);
	notify_send("%sSTATUS=generation %u, %u workers, database %s",
	    master->was_ready ? "" : "READY=1\n", master->number,
	    master->workers, master->described ? "described" : "away");
	master->was_ready = true;
	log_info(NULL, "ready", "generation=%u workers=%u described=%s",
	    master->number, master->workers,
	    master->described ? "yes" : "no");
	for (unsigned i = 0; i < listeners_count(master->listeners); i++)
		log_debug(NULL, "listening", "address=%s",
		    listeners_name(master->listeners, i));
}
