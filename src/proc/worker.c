/*
 * A worker: one event loop over the inherited sockets, with its own pools.
 * It ends when its master says so or is gone.
 */
#include "proc/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/shm.h"
#include "base/turn.h"
#include "conf/report.h"
#include "plan/plan.h"
#include "plan/services.h"
#include "proc/generation.h"
#include "proc/listen.h"
#include "proc/master.h"
#include "proc/privileges.h"

#define WORKER_HEARTBEAT_MS 500
#define WORKER_SETTLE_MS 10
#define WORKER_CANCEL_MS 200	/* for cancels to reach the database */

struct worker {
	struct worker_start start;
	struct shm_slot *slot;
	struct event_base *base;
	struct turn *turn;
	struct services *services;
	struct http *http;
	struct event *from_master, *on_term, *heartbeat, *settle, *limit;
	bool draining, quitting;
	char application_name[32];
};

static void
worker_on_settle(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct timeval again = { .tv_usec = WORKER_SETTLE_MS * 1000 };

	(void)fd;
	(void)what;
	/* Effects that go on for nobody are finished first. */
	if (services_held(worker->services) > 0)
		event_add(worker->settle, &again);
	else
		event_base_loopexit(worker->base, NULL);
}

static void
worker_on_drained(void *arg)
{
	worker_on_settle(-1, 0, arg);
}

/*
 * Clients see their connections closed; what the database does for them is
 * cancelled. The master kills who does not manage that.
 */
static void
worker_quit(struct worker *worker)
{
	struct timeval moment = { .tv_usec = WORKER_CANCEL_MS * 1000 };

	if (worker->quitting)
		return;
	worker->quitting = true;
	http_abort(worker->http);
	event_base_loopexit(worker->base, &moment);
}

/* Nobody else may be there to end a worker that does not finish. */
static void
worker_on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	worker_quit(arg);
}

static void
worker_drain(struct worker *worker, bool last)
{
	const struct server_conf *conf = &worker->start.generation->server;
	struct timeval limit = { .tv_sec = conf->shutdown_timeout_ms / 1000,
	    .tv_usec = conf->shutdown_timeout_ms % 1000 * 1000 };

	if (worker->draining)
		return;
	worker->draining = true;
	event_add(worker->limit, &limit);
	atomic_store(&worker->slot->state, SHM_DRAINING);
	log_debug(NULL, "worker", "draining connections=%u",
	    http_connections(worker->http));
	services_drain(worker->services);
	http_drain(worker->http, conf->keepalive_grace_ms, last,
	    worker_on_drained, worker);
}

static void
worker_on_master(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	char word;
	ssize_t n = read(fd, &word, 1);

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		log_warn(NULL, "master_gone", "the master has ended; ending");
		event_del(worker->from_master);
		worker_drain(worker, true);
		return;
	}
	switch ((enum worker_word)word) {
	case WORKER_READY:
		break;
	case WORKER_LEAVING:
		http_leave(worker->http);
		break;
	case WORKER_DRAIN:
	case WORKER_STOP:
		worker_drain(worker, word == WORKER_STOP);
		break;
	case WORKER_QUIT:
		worker_quit(worker);
		break;
	}
}

/*
 * From somebody else, from the kernel since the master has died, or sent to
 * all processes of the service at once: it may be the last worker.
 */
static void
worker_on_term(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	worker_drain(arg, true);
}

static void
worker_on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	atomic_store_explicit(&worker->slot->heartbeat_ms, clock_ms(),
	    memory_order_relaxed);
	atomic_store_explicit(&worker->slot->ready,
	    services_ready(worker->services), memory_order_relaxed);
}

/*
 * Ctrl-C reaches the whole process group, and who signals by name means the
 * master: it decides what they mean.
 */
static void
worker_set_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
worker_become(const struct worker_start *start, struct error *err)
{
	char name[32];
	pid_t parent = getppid();

	snprintf(name, sizeof(name), "worker %u", start->index + 1);
	log_name_process(name);
	prctl(PR_SET_NAME, "musterd: worker");	/* for ps and top */
	ids_seed();
	metrics_use(start->shm, start->slot);
	if (privileges_drop(&start->generation->server, true, err) == -1)
		return -1;
	/* After the change of user, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent)
		return error_set(err, ERROR_INTERNAL,
		    "the master ended while the worker started");
	return 0;
}

static int
worker_link(const struct worker_start *start, struct error *err)
{
	struct generation *generation = start->generation;
	struct conf_report *report;
	unsigned faults;

	report = conf_report_new();
	if (generation->description_fd == -1)
		plans_link(generation->plans, NULL, report);
	else
		generation_link(generation, generation->description_fd,
		    report);
	faults = conf_report_faults(report);
	if (faults > 0)
		conf_report_print(report, stderr);
	conf_report_free(report);
	if (faults > 0)
		return error_set(err, ERROR_INTERNAL,
		    "could not link the description: %u faults", faults);
	return 0;
}

static void
worker_open_services(struct worker *worker)
{
	const struct generation *generation = worker->start.generation;
	const struct pg_conf *databases[] = { &generation->database };
	struct services_start start = {
		.base = worker->base, .turn = worker->turn,
		.slot = worker->slot,
		.databases = databases, .ndatabases = 1,
		.described = plans_are_linked(generation->plans),
		.application_name = worker->application_name,
	};

	snprintf(worker->application_name, sizeof(worker->application_name),
	    "muster/%u", worker->start.index + 1);
	worker->services = services_open(&start);
}

static int
worker_open_http(struct worker *worker, struct error *err)
{
	const struct generation *generation = worker->start.generation;
	const struct listeners *listeners = worker->start.listeners;
	struct http_start start = {
		.base = worker->base, .turn = worker->turn,
		.plans = generation->plans, .router = generation->router,
		.services = worker->services, .conf = &generation->http,
		.limits = &generation->limits,
		.shm = worker->start.shm, .slot = worker->start.slot,
	};

	worker->http = http_new(&start);
	for (unsigned i = 0; i < listeners_count(listeners); i++)
		if (http_listen(worker->http, listeners_fd(listeners, i),
		    listeners_is_admin(listeners, i), err) == -1)
			return -1;
	return 0;
}

static void
worker_open_events(struct worker *worker)
{
	struct timeval beat = { .tv_usec = WORKER_HEARTBEAT_MS * 1000 };
	int fd = worker->start.master_fd;

	worker->from_master = event_new(worker->base, fd,
	    EV_READ | EV_PERSIST, worker_on_master, worker);
	worker->on_term = evsignal_new(worker->base, SIGTERM, worker_on_term,
	    worker);
	worker->heartbeat = event_new(worker->base, -1, EV_PERSIST,
	    worker_on_heartbeat, worker);
	worker->settle = evtimer_new(worker->base, worker_on_settle, worker);
	worker->limit = evtimer_new(worker->base, worker_on_limit, worker);
	event_add(worker->from_master, NULL);
	event_add(worker->on_term, NULL);
	event_add(worker->heartbeat, &beat);
	worker_on_heartbeat(-1, 0, worker);
}

static int
worker_open(struct worker *worker, struct error *err)
{
	struct event_config *config = event_config_new();

	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	worker->base = event_base_new_with_config(config);
	event_config_free(config);
	if (worker->base == NULL)
		return error_set(err, ERROR_INTERNAL,
		    "could not make an event loop");
	worker->turn = turn_new(worker->base);
	worker_open_services(worker);
	if (worker_open_http(worker, err) == -1)
		return -1;
	worker_open_events(worker);
	return 0;
}

/* Everything must have ended by itself by now; what has not is a fault. */
static int
worker_close(struct worker *worker)
{
	unsigned connections = http_connections(worker->http);
	unsigned held = services_held(worker->services);

	event_free(worker->from_master);
	event_free(worker->on_term);
	event_free(worker->heartbeat);
	event_free(worker->settle);
	event_free(worker->limit);
	http_free(worker->http);
	services_close(worker->services);
	turn_free(worker->turn);
	event_base_free(worker->base);
	libevent_global_shutdown();
	arena_release_kept();
	if (worker->quitting || (connections == 0 && held == 0))
		return EXIT_CODE_OK;
	log_error(NULL, "open_handles", "connections=%u runs=%u", connections,
	    held);
	return EXIT_CODE_INTERNAL;
}

int
worker_run(const struct worker_start *start)
{
	struct worker *worker = memory_new(sizeof(*worker));
	char ready = WORKER_READY;
	struct error err = { 0 };
	int code;

	worker->start = *start;
	worker->slot = shm_slot(start->shm, start->slot);
	worker_set_signals();
	if (worker_become(start, &err) == -1 ||
	    worker_link(start, &err) == -1 ||
	    worker_open(worker, &err) == -1) {
		log_problem(LOG_LEVEL_ERROR, NULL, &err);
		return EXIT_CODE_RUNTIME;
	}
	atomic_store(&worker->slot->state, SHM_SERVING);
	if (send(start->master_fd, &ready, 1, MSG_NOSIGNAL) != 1)
		return EXIT_CODE_RUNTIME;
	event_base_dispatch(worker->base);
	code = worker_close(worker);
	free(worker);
	return code;
}
