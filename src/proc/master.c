/* The master's phases and its loop; proc/master_state.h has the drawing. */
#include "proc/master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "plan/plan.h"
#include "proc/describer.h"
#include "proc/generation.h"
#include "proc/listen.h"
#include "proc/master_state.h"
#include "proc/notify.h"
#include "proc/pid_file.h"
#include "proc/privileges.h"
#include "proc/worker.h"

#define MASTER_DESCRIBE_FIRST_MS 2000
#define MASTER_DESCRIBE_LATER_MS 30000
#define MASTER_CHECK_DB_MS 5000

static const char *const master_phase_names[] = {
	[MASTER_HOOKS] = "hooks", [MASTER_DESCRIBE] = "describe",
	[MASTER_START] = "start", [MASTER_SERVE] = "serve",
	[MASTER_LEAVE] = "leave", [MASTER_STOP] = "stop",
	[MASTER_FAREWELL] = "farewell", [MASTER_DONE] = "done",
};

static void
master_begin_start(struct master *master)
{
	struct error err;

	if (listeners_listen(master->listeners, &err) == -1) {
		log_problem(LOG_LEVEL_ERROR, NULL, &err);
		master_fail(master, EXIT_CODE_OS);
		return;
	}
	master->listening = true;
	master_spawn_all(master);
}

static void
master_begin_stop(struct master *master)
{
	master->phase_until_ms = 0;
	notify_send("STOPPING=1");
	log_info(NULL, "stopping", "workers=%u",
	    master_count(master, CHILD_WORKER));
	listeners_refuse(master->listeners);
	master_tell_all(master, WORKER_STOP);
}

void
master_enter(struct master *master, enum master_phase phase)
{
	log_debug(NULL, "master", "from=%s to=%s",
	    master_phase_names[master->phase], master_phase_names[phase]);
	master->phase = phase;
	switch (phase) {
	case MASTER_HOOKS:
		master_start_hooks(master, true);
		break;
	case MASTER_DESCRIBE:
		master_start_describer(master, MASTER_DESCRIBE_FIRST_MS);
		break;
	case MASTER_START:
		master_begin_start(master);
		break;
	case MASTER_LEAVE:
		master->phase_until_ms = clock_ms() +
		    master->generation->server.shutdown_delay_ms;
		master_tell_all(master, WORKER_LEAVING);
		break;
	case MASTER_STOP:
		master_begin_stop(master);
		break;
	case MASTER_FAREWELL:
		/* Hooks of a server that never served have nothing to undo. */
		if (master->was_ready)
			master_start_hooks(master, false);
		else
			master_enter(master, MASTER_DONE);
		break;
	case MASTER_SERVE:
	case MASTER_DONE:
		break;
	}
}

void
master_fail(struct master *master, int exit_code)
{
	if (master->exit_code == EXIT_CODE_OK)
		master->exit_code = exit_code;
	if (master->phase < MASTER_STOP)
		master_enter(master, MASTER_STOP);
}

/* The first asks workers to finish; a second one means it. */
static void
master_on_stop_signal(struct master *master, int sig)
{
	bool serving = master->phase == MASTER_SERVE;

	log_info(NULL, "signal", "name=%s", sigabbrev_np(sig));
	if (sig == SIGINT || master->phase >= MASTER_LEAVE) {
		if (master->phase < MASTER_STOP)
			master_enter(master, MASTER_STOP);
		master_tell_all(master, WORKER_QUIT);
	} else if (serving &&
	    master->generation->server.shutdown_delay_ms > 0) {
		master_enter(master, MASTER_LEAVE);
	} else {
		master_enter(master, MASTER_STOP);
	}
}

static void
master_on_signals(struct master *master)
{
	struct signalfd_siginfo info;

	while (read(master->signal_fd, &info, sizeof(info)) ==
	    (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGCHLD:
			break;		/* reaped in every turn */
		case SIGTERM:
		case SIGQUIT:
		case SIGINT:
			master_on_stop_signal(master, (int)info.ssi_signo);
			break;
		default:
			log_warn(NULL, "signal", "name=%s is not used by this "
			    "version", sigabbrev_np((int)info.ssi_signo));
			break;
		}
	}
}

static int
master_timeout(const struct master *master)
{
	int64_t next_ms = master_next_child_ms(master), wait_ms;

	if (master->describe_at_ms != 0 && master->phase == MASTER_SERVE &&
	    master->describe_at_ms < next_ms)
		next_ms = master->describe_at_ms;
	if (master->phase_until_ms != 0 && master->phase_until_ms < next_ms)
		next_ms = master->phase_until_ms;
	if (next_ms == CLOCK_NEVER)
		return -1;
	wait_ms = next_ms - clock_ms();
	if (wait_ms < 0)
		return 0;
	return wait_ms > 60000 ? 60000 : (int)wait_ms;
}

static void
master_wait(struct master *master)
{
	struct pollfd fds[MASTER_CHILDREN + 1];
	struct child *owners[MASTER_CHILDREN + 1];
	nfds_t n = 1;

	fds[0] = (struct pollfd){ .fd = master->signal_fd, .events = POLLIN };
	for (unsigned i = 0; i < MASTER_CHILDREN; i++) {
		struct child *child = &master->children[i];

		if (child->kind == CHILD_NONE || child->fd == -1)
			continue;
		fds[n] = (struct pollfd){ .fd = child->fd, .events = POLLIN };
		owners[n++] = child;
	}
	if (poll(fds, n, master_timeout(master)) == -1)
		return;
	/* Words before deaths: a child may say READY and end at once. */
	for (nfds_t i = 1; i < n; i++)
		if (fds[i].revents != 0)
			master_read_child(master, owners[i]);
	if (fds[0].revents != 0)
		master_on_signals(master);
}

static void
master_check_phase(struct master *master, int64_t now_ms)
{
	bool childless = master_count(master, CHILD_WORKER) == 0 &&
	    master_count(master, CHILD_HOOKS) == 0 &&
	    master_count(master, CHILD_DESCRIBER) == 0;

	if (master->phase == MASTER_LEAVE && master->phase_until_ms <= now_ms)
		master_enter(master, MASTER_STOP);
	if (master->phase == MASTER_STOP && childless)
		master_enter(master, MASTER_FAREWELL);
	if (master->describe_at_ms != 0 && master->describe_at_ms <= now_ms &&
	    master->phase == MASTER_SERVE)
		master_start_describer(master, MASTER_DESCRIBE_LATER_MS);
}

static void
master_loop(struct master *master)
{
	master_enter(master, MASTER_HOOKS);
	while (master->phase != MASTER_DONE) {
		int64_t now_ms;

		master_reap(master);
		now_ms = clock_ms();
		master_check_children(master, now_ms);
		master_check_phase(master, now_ms);
		if (master->phase != MASTER_DONE)
			master_wait(master);
	}
}

static int
master_open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static unsigned
master_worker_count(const struct generation *generation)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (generation->server.workers > 0)
		return (unsigned)generation->server.workers;
	return cpus < 1 ? 1 : cpus > MASTER_WORKERS ? MASTER_WORKERS :
	    (unsigned)cpus;
}

static int
master_open_log(struct master *master, struct error *err)
{
	const struct log_conf *conf = &master->generation->log;

	master->log_fd = -1;
	if (conf->file != NULL) {
		master->log_fd = open(conf->file,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
		if (master->log_fd == -1)
			return error_set(err, ERROR_INTERNAL,
			    "could not open the log \"%s\": %s", conf->file,
			    strerror(errno));
	}
	log_open((enum log_level)conf->level, master->log_fd);
	log_name_process("master");
	return 0;
}

static void
master_check_descriptors(const struct master *master, unsigned long files)
{
	const struct limits_conf *limits = &master->generation->limits;
	unsigned fit = http_max_connections(limits);

	if (fit < limits->max_connections)
		log_warn(NULL, "descriptors", "%lu open files are allowed: a "
		    "worker takes %u clients at most, not max_connections = "
		    "%lld", files, fit, (long long)limits->max_connections);
}

/* Returns an exit code; what was opened is closed by master_close. */
static int
master_open(struct master *master, struct error *err)
{
	const struct server_conf *conf = &master->generation->server;
	long holder;
	int slot;

	if (master_open_log(master, err) == -1)
		return EXIT_CODE_CANNOT_CREATE;
	if (privileges_check(conf, master->start.foreground, err) == -1)
		return EXIT_CODE_NO_PERMISSION;
	master_check_descriptors(master, privileges_raise_descriptors());
	ids_seed();
	/* First: a second musterd is told of the first, not of its address. */
	if (conf->pid_file != NULL) {
		master->pid_fd = pid_file_take(conf->pid_file, &holder, err);
		if (master->pid_fd == -1)
			return holder != 0 ? EXIT_CODE_RUNTIME :
			    EXIT_CODE_CANNOT_CREATE;
	}
	master->listeners = listeners_bind(conf, err);
	if (master->listeners == NULL)
		return EXIT_CODE_OS;
	master->shm = shm_new(err);
	if (master->shm == NULL)
		return EXIT_CODE_OS;
	slot = shm_slot_take(master->shm, 0);
	metrics_use(master->shm, (unsigned)slot);
	master->signal_fd = master_open_signals();
	return EXIT_CODE_OK;
}

static void
master_close(struct master *master)
{
	listeners_close(master->listeners, true);
	if (master->pid_fd != -1)
		pid_file_drop(master->generation->server.pid_file,
		    master->pid_fd);
	if (master->signal_fd != -1)
		close(master->signal_fd);
	if (master->generation->description_fd != -1)
		close(master->generation->description_fd);
	shm_free(master->shm);
	generation_free(master->generation);
}

int
master_run(struct generation *generation, const struct master_start *start)
{
	struct master *master = memory_new(sizeof(*master));
	struct error err = { 0 };
	int code;

	master->start = *start;
	master->generation = generation;
	master->signal_fd = master->pid_fd = master->description_fd = -1;
	master->number = generation->number;
	master->workers = master_worker_count(generation);
	code = master_open(master, &err);
	if (code == EXIT_CODE_OK) {
		master_loop(master);
		code = master->exit_code;
		log_info(NULL, "stopped", "exit=%d", code);
	} else {
		log_error(NULL, "start_failed", "%s%s%s", err.message,
		    err.detail[0] == '\0' ? "" : ": ", err.detail);
	}
	master_close(master);
	free(master);
	return code;
}

int
master_check_db(struct generation *generation)
{
	int fd = memfd_create("muster-description",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct error err = { 0 };
	int code;

	if (fd == -1)
		return EXIT_CODE_OS;
	if (privileges_drop(&generation->server, false, &err) == -1) {
		fprintf(stderr, "%s\n", err.message);
		return EXIT_CODE_NO_PERMISSION;
	}
	code = describer_run(generation, fd, clock_ms() + MASTER_CHECK_DB_MS,
	    stderr);
	close(fd);
	for (unsigned i = 0; code == EXIT_CODE_OK &&
	    i < plans_count(generation->plans); i++)
		plan_print(plans_at(generation->plans, i), stdout);
	return code;
}
