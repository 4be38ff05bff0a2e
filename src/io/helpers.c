/*
 * Threads for what blocks. One mutex guards three things: jobs that wait,
 * jobs that run, jobs that have run. An eventfd tells the loop of the last
 * kind; everything but `work` happens in the loop's thread.
 */
#include "io/helpers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"

enum helpers_job_state { JOB_WAITS, JOB_RUNS, JOB_RAN };

struct helpers_job {
	struct helpers *helpers;
	enum helpers_job_state state;
	void (*work)(void *);
	void (*done)(void *);		/* NULL once abandoned */
	void (*orphan)(void *);
	void *arg;
	TAILQ_ENTRY(helpers_job) entry;
};

TAILQ_HEAD(helpers_jobs, helpers_job);

struct helpers {
	struct event *event;
	int fd;				/* eventfd: some job has run */
	unsigned max_threads, max_waiting;

	pthread_mutex_t lock;
	pthread_cond_t work_or_stop;	/* for threads */
	pthread_cond_t thread_ended;	/* for helpers_free */
	bool stopping, left;
	unsigned threads, idle, waiting;
	struct helpers_jobs waits, runs, ran;
};

static void helpers_on_ran(evutil_socket_t, short, void *);
static void *helpers_thread(void *);
static void helpers_release(struct helpers *);

struct helpers *
helpers_new(struct event_base *base, unsigned threads, unsigned queue)
{
	struct helpers *helpers = memory_new(sizeof(*helpers));
	pthread_condattr_t monotonic;

	helpers->max_threads = threads;
	helpers->max_waiting = queue;
	TAILQ_INIT(&helpers->waits);
	TAILQ_INIT(&helpers->runs);
	TAILQ_INIT(&helpers->ran);
	pthread_mutex_init(&helpers->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&helpers->work_or_stop, NULL);
	pthread_cond_init(&helpers->thread_ended, &monotonic);
	pthread_condattr_destroy(&monotonic);

	helpers->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (helpers->fd == -1)
		log_fatal("eventfd: %s", strerror(errno));
	helpers->event = event_new(base, helpers->fd, EV_READ | EV_PERSIST,
	    helpers_on_ran, helpers);
	if (helpers->event == NULL || event_add(helpers->event, NULL) == -1)
		log_fatal("could not watch the helper threads");
	return helpers;
}

/* With all signals blocked: they belong to the loop. The lock is held. */
static void
helpers_add_thread(struct helpers *helpers)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, helpers_thread, helpers);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0) {
		pthread_detach(thread);
		helpers->threads++;
	} else if (helpers->threads == 0) {
		log_fatal("could not start a helper thread: %s",
		    strerror(error));
	}
}

struct helpers_job *
helpers_start(struct helpers *helpers, void (*work)(void *),
    void (*done)(void *), void *arg)
{
	struct helpers_job *job = NULL;

	pthread_mutex_lock(&helpers->lock);
	if (helpers->waiting < helpers->max_waiting) {
		job = memory_new(sizeof(*job));
		job->helpers = helpers;
		job->work = work;
		job->done = done;
		job->arg = arg;
		TAILQ_INSERT_TAIL(&helpers->waits, job, entry);
		helpers->waiting++;
		if (helpers->idle < helpers->waiting &&
		    helpers->threads < helpers->max_threads)
			helpers_add_thread(helpers);
		pthread_cond_signal(&helpers->work_or_stop);
	}
	pthread_mutex_unlock(&helpers->lock);
	return job;
}

static void
helpers_tell_loop(struct helpers *helpers)
{
	uint64_t one = 1;

	while (write(helpers->fd, &one, sizeof(one)) == -1 && errno == EINTR)
		continue;
}

static void *
helpers_thread(void *arg)
{
	struct helpers *helpers = arg;
	struct helpers_job *job;
	bool is_last;

	pthread_mutex_lock(&helpers->lock);
	while (!helpers->stopping) {
		job = TAILQ_FIRST(&helpers->waits);
		if (job == NULL) {
			helpers->idle++;
			pthread_cond_wait(&helpers->work_or_stop,
			    &helpers->lock);
			helpers->idle--;
			continue;
		}
		TAILQ_REMOVE(&helpers->waits, job, entry);
		helpers->waiting--;
		TAILQ_INSERT_TAIL(&helpers->runs, job, entry);
		job->state = JOB_RUNS;

		pthread_mutex_unlock(&helpers->lock);
		job->work(job->arg);
		pthread_mutex_lock(&helpers->lock);

		TAILQ_REMOVE(&helpers->runs, job, entry);
		TAILQ_INSERT_TAIL(&helpers->ran, job, entry);
		job->state = JOB_RAN;
		if (!helpers->stopping)
			helpers_tell_loop(helpers);
	}
	is_last = --helpers->threads == 0 && helpers->left;
	pthread_cond_signal(&helpers->thread_ended);
	pthread_mutex_unlock(&helpers->lock);
	if (is_last)
		helpers_release(helpers);
	return NULL;
}

static struct helpers_job *
helpers_take_ran(struct helpers *helpers)
{
	struct helpers_job *job;

	pthread_mutex_lock(&helpers->lock);
	job = TAILQ_FIRST(&helpers->ran);
	if (job != NULL)
		TAILQ_REMOVE(&helpers->ran, job, entry);
	pthread_mutex_unlock(&helpers->lock);
	return job;
}

static void
helpers_on_ran(evutil_socket_t fd, short what, void *arg)
{
	struct helpers *helpers = arg;
	struct helpers_job *job;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) == -1)
		return;
	while ((job = helpers_take_ran(helpers)) != NULL) {
		if (job->done != NULL)
			job->done(job->arg);
		else
			job->orphan(job->arg);
		free(job);
	}
}

void
helpers_abandon(struct helpers_job *job, void (*orphan)(void *))
{
	struct helpers *helpers = job->helpers;
	bool begun = true;

	pthread_mutex_lock(&helpers->lock);
	job->done = NULL;
	job->orphan = orphan;
	if (job->state == JOB_WAITS) {
		TAILQ_REMOVE(&helpers->waits, job, entry);
		helpers->waiting--;
		begun = false;
	}
	pthread_mutex_unlock(&helpers->lock);
	if (!begun) {
		orphan(job->arg);
		free(job);
	}
}

/* Jobs that wait, or ran for nobody, end here without a word. */
static void
helpers_drop(struct helpers_jobs *jobs)
{
	struct helpers_job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, entry);
		free(job);
	}
}

static void
helpers_release(struct helpers *helpers)
{
	helpers_drop(&helpers->waits);
	helpers_drop(&helpers->ran);
	close(helpers->fd);
	pthread_cond_destroy(&helpers->work_or_stop);
	pthread_cond_destroy(&helpers->thread_ended);
	pthread_mutex_destroy(&helpers->lock);
	free(helpers);
}

/*
 * Returns true when all threads have ended within the grace. Otherwise what
 * they use is theirs from now on, and the last of them releases it.
 */
static bool
helpers_stop_threads(struct helpers *helpers, int grace_ms)
{
	struct timespec until;
	bool ended;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += grace_ms / 1000;
	until.tv_nsec += grace_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&helpers->lock);
	helpers->stopping = true;
	pthread_cond_broadcast(&helpers->work_or_stop);
	while (helpers->threads > 0 && error == 0)
		error = pthread_cond_timedwait(&helpers->thread_ended,
		    &helpers->lock, &until);
	ended = helpers->threads == 0;
	helpers->left = !ended;
	pthread_mutex_unlock(&helpers->lock);
	return ended;
}

void
helpers_free(struct helpers *helpers, int grace_ms)
{
	struct helpers_job *job;

	if (helpers == NULL)
		return;
	event_free(helpers->event);
	if (!helpers_stop_threads(helpers, grace_ms))
		return;
	while ((job = helpers_take_ran(helpers)) != NULL) {
		if (job->done == NULL)
			job->orphan(job->arg);
		free(job);
	}
	helpers_release(helpers);
}
