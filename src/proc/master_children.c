/*
 * The master's children: started, told, watched, reaped. A worker that dies
 * is replaced, at once if it had lived, else with growing delay.
 */
#include "proc/master_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "proc/generation.h"
#include "proc/listen.h"
#include "proc/notify.h"
#include "proc/worker.h"

#define CHILD_KILL_MS 2000	/* from "quit" to SIGKILL */
#define FORK_RETRY_MS 1000

static struct child *
master_free_child(struct master *master)
{
	for (unsigned i = 0; i < MASTER_CHILDREN; i++)
		if (master->children[i].kind == CHILD_NONE)
			return &master->children[i];
	return NULL;
}

/* In the child: nothing of the master's that it has no use for. */
static void
master_forget(struct master *master, enum child_kind kind)
{
	close(master->signal_fd);
	if (master->pid_fd != -1)
		close(master->pid_fd);
	if (kind != CHILD_DESCRIBER && master->description_fd != -1)
		close(master->description_fd);
	for (unsigned i = 0; i < MASTER_CHILDREN; i++)
		if (master->children[i].kind != CHILD_NONE &&
		    master->children[i].fd != -1)
			close(master->children[i].fd);
	notify_forget();
}

/*
 * Forks; NULL in the child, whose end of the socketpair is then child->fd of
 * the slot that the parent fills. Signals stay blocked until the child has
 * set its own handlers.
 */
struct child *
master_fork(struct master *master, enum child_kind kind)
{
	struct child *child = master_free_child(master);
	int pair[2] = { -1, -1 };
	pid_t pid;

	if (child == NULL || socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == -1 ||
	    (pid = fork()) == -1) {
		log_error(NULL, "fork", "could not start a child: %s",
		    strerror(errno));
		if (pair[0] != -1) {
			close(pair[0]);
			close(pair[1]);
		}
		return NULL;
	}
	if (pid == 0) {
		master_forget(master, kind);
		close(pair[0]);
		*child = (struct child){ .kind = kind, .fd = pair[1] };
		return child;
	}
	close(pair[1]);
	*child = (struct child){ .kind = kind, .pid = pid, .fd = pair[0],
	    .started_ms = clock_ms(), .generation = master->number };
	return child;
}

static void
master_run_worker(struct master *master, const struct child *child,
    unsigned index, unsigned slot)
{
	struct worker_start start = { .index = index,
	    .generation = master->generation,
	    .listeners = master->listeners, .shm = master->shm,
	    .slot = slot, .master_fd = child->fd };

	exit(worker_run(&start));
}

/* Slot and process of a worker; NULL when there is no room for it now. */
static struct child *
master_fork_worker(struct master *master, unsigned index)
{
	int slot = shm_slot_take(master->shm, master->number);
	struct child *child;

	if (slot == -1) {
		log_error(NULL, "slots", "no slot is free for a worker");
		return NULL;
	}
	child = master_fork(master, CHILD_WORKER);
	if (child == NULL)
		shm_slot_give(master->shm, (unsigned)slot);
	else if (child->pid == 0)
		master_run_worker(master, child, index, (unsigned)slot);
	else
		child->slot = (unsigned)slot;
	return child;
}

void
master_spawn_worker(struct master *master, unsigned index)
{
	struct child *child = master_fork_worker(master, index);

	if (child == NULL) {
		master->seats[index].respawn_at_ms = clock_ms() +
		    FORK_RETRY_MS;
		master_on_no_worker(master);
		return;
	}
	child->index = index;
	child->limit_ms = child->started_ms +
	    master->generation->server.startup_timeout_ms;
	master->seats[index].respawn_at_ms = 0;
	atomic_store(&shm_slot(master->shm, child->slot)->pid, child->pid);
	metric_add(METRIC_WORKERS_STARTED, 1);
}

void
master_spawn_all(struct master *master)
{
	master->promoted = false;
	for (unsigned i = 0; i < master->workers; i++)
		master->seats[i] = (struct master_seat){ 0 };
	/* It may fail, and the master give up. */
	for (unsigned i = 0; i < master->workers &&
	    master->phase <= MASTER_LEAVE; i++)
		master_spawn_worker(master, i);
}

void
master_tell(struct child *child, char word)
{
	if (child->fd != -1 &&
	    send(child->fd, &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		log_debug(NULL, "child", "pid=%d did not take %c",
		    (int)child->pid, word);
}

static void
master_drain(struct master *master, struct child *child, char word,
    int64_t now_ms)
{
	if (child->draining)
		return;
	child->draining = true;
	/* Nobody waits for an answer of one that has not begun to serve. */
	child->limit_ms = now_ms + (!child->ready ? CHILD_KILL_MS :
	    master->generation->server.shutdown_timeout_ms);
	master_tell(child, word);
}

/* Hooks and the describer: TERM lets a hook end its program, too. */
static void
master_end_helper(struct child *child, int64_t now_ms)
{
	if (child->quitting)
		return;
	child->quitting = true;
	child->limit_ms = now_ms + CHILD_KILL_MS;
	kill(child->pid, SIGTERM);
}

static void
master_hurry(struct child *child, int64_t now_ms)
{
	child->hurried = true;
	child->limit_ms = now_ms;
}

void
master_tell_all(struct master *master, char word)
{
	int64_t now_ms = clock_ms();

	for (unsigned i = 0; i < MASTER_CHILDREN; i++) {
		struct child *child = &master->children[i];

		if (child->kind == CHILD_WORKER && word == WORKER_STOP)
			master_drain(master, child, word, now_ms);
		else if (child->kind == CHILD_WORKER && word == WORKER_QUIT)
			master_hurry(child, now_ms);
		else if (child->kind == CHILD_WORKER)
			master_tell(child, word);
		else if (child->kind != CHILD_NONE && word != WORKER_LEAVING)
			master_end_helper(child, now_ms);
	}
}

void
master_drain_older(struct master *master, unsigned generation)
{
	int64_t now_ms = clock_ms();

	for (unsigned i = 0; i < MASTER_CHILDREN; i++) {
		struct child *child = &master->children[i];

		if (child->kind == CHILD_WORKER &&
		    child->generation < generation)
			master_drain(master, child, WORKER_DRAIN, now_ms);
	}
}

unsigned
master_count(const struct master *master, enum child_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MASTER_CHILDREN; i++)
		n += master->children[i].kind == kind;
	return n;
}

static void
master_check_promotion(struct master *master)
{
	unsigned ready = 0;

	for (unsigned i = 0; i < MASTER_CHILDREN; i++) {
		const struct child *child = &master->children[i];

		ready += child->kind == CHILD_WORKER && child->ready &&
		    child->generation == master->number;
	}
	if (master->promoted || ready < master->workers)
		return;
	master->promoted = true;
	master_on_all_ready(master);
}

void
master_read_child(struct master *master, struct child *child)
{
	char word;
	ssize_t n = read(child->fd, &word, 1);

	if (n == 1 && word == WORKER_READY && child->kind == CHILD_WORKER) {
		child->ready = true;
		child->limit_ms = !child->draining ? 0 : clock_ms() +
		    master->generation->server.shutdown_timeout_ms;
		master_check_promotion(master);
	} else if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		close(child->fd);	/* it is ending: reaped soon */
		child->fd = -1;
	}
}

/* What it could not say itself. */
static void
master_log_helper(const struct child *child, int status)
{
	if (WIFSIGNALED(status) && !child->quitting)
		log_error(NULL, "child_died", "the %s pid=%d signal=%s",
		    child->kind == CHILD_HOOKS ? "process of the hooks" :
		    "describer", (int)child->pid,
		    sigabbrev_np(WTERMSIG(status)));
}

static void
master_end_child(struct master *master, pid_t pid, int status)
{
	struct child *child = NULL, gone;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;

	for (unsigned i = 0; i < MASTER_CHILDREN; i++)
		if (master->children[i].kind != CHILD_NONE &&
		    master->children[i].pid == pid)
			child = &master->children[i];
	if (child == NULL)
		return;		/* not ours: we may be a container's init */
	gone = *child;
	child->kind = CHILD_NONE;
	if (gone.fd != -1)
		close(gone.fd);
	switch (gone.kind) {
	case CHILD_WORKER:
		master_on_worker(master, &gone, status);
		shm_slot_give(master->shm, gone.slot);
		break;
	case CHILD_HOOKS:
		master_log_helper(&gone, status);
		master_on_hooks(master, code);
		break;
	case CHILD_DESCRIBER:
		master_log_helper(&gone, status);
		master_on_describer(master, code);
		break;
	case CHILD_NONE:
		break;
	}
}

void
master_reap(struct master *master)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		master_end_child(master, pid, status);
}

static void
master_kill(struct child *child, int64_t now_ms)
{
	child->quitting = true;
	child->limit_ms = now_ms + CHILD_KILL_MS;
	kill(child->pid, SIGKILL);
}

static void
master_check_worker(struct child *child, int64_t now_ms)
{
	if (child->quitting) {
		master_kill(child, now_ms);
	} else if (!child->ready) {
		if (!child->draining)
			log_error(NULL, "startup_timeout", "worker %u pid=%d "
			    "was not ready in time: it is killed",
			    child->index + 1, (int)child->pid);
		master_kill(child, now_ms);
	} else {
		if (child->draining && !child->hurried)
			log_warn(NULL, "drain_timeout", "worker %u pid=%d has "
			    "not finished in time: it is ended",
			    child->index + 1, (int)child->pid);
		child->quitting = true;
		child->limit_ms = now_ms + CHILD_KILL_MS;
		master_tell(child, WORKER_QUIT);
	}
}

static void
master_check_child(struct child *child, int64_t now_ms)
{
	if (child->kind == CHILD_NONE || child->limit_ms == 0 ||
	    child->limit_ms > now_ms)
		return;
	if (child->kind == CHILD_WORKER)
		master_check_worker(child, now_ms);
	else
		master_kill(child, now_ms);
}

void
master_check_children(struct master *master, int64_t now_ms)
{
	for (unsigned i = 0; i < MASTER_CHILDREN; i++)
		master_check_child(&master->children[i], now_ms);
	for (unsigned i = 0; i < master->workers &&
	    master->phase <= MASTER_LEAVE; i++)
		if (master->seats[i].respawn_at_ms != 0 &&
		    master->seats[i].respawn_at_ms <= now_ms)
			master_spawn_worker(master, i);
}

int64_t
master_next_child_ms(const struct master *master)
{
	int64_t next_ms = CLOCK_NEVER;

	for (unsigned i = 0; i < MASTER_CHILDREN; i++) {
		const struct child *child = &master->children[i];

		if (child->kind != CHILD_NONE && child->limit_ms != 0 &&
		    child->limit_ms < next_ms)
			next_ms = child->limit_ms;
	}
	if (master->phase > MASTER_LEAVE)
		return next_ms;		/* nobody is replaced any more */
	for (unsigned i = 0; i < master->workers; i++)
		if (master->seats[i].respawn_at_ms != 0 &&
		    master->seats[i].respawn_at_ms < next_ms)
			next_ms = master->seats[i].respawn_at_ms;
	return next_ms;
}
