/*
 * Helper threads: what runs where, and what does not run after it was
 * abandoned.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <event2/event.h>
#include <pthread.h>

#include "base/clock.h"
#include "io/helpers.h"

struct job {
	atomic_int may_end, begun, worked;
	pthread_t thread;
	sigset_t blocked;
	int done, orphaned;
};

static struct event_base *base;

static void
job_work(void *arg)
{
	const struct timespec tick = { 0, 1000000 };
	struct job *job = arg;

	job->thread = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &job->blocked);
	atomic_store(&job->begun, 1);
	while (atomic_load(&job->may_end) == 0)
		nanosleep(&tick, NULL);
	atomic_store(&job->worked, 1);
}

static void
job_done(void *arg)
{
	((struct job *)arg)->done++;
}

static void
job_orphan(void *arg)
{
	((struct job *)arg)->orphaned++;
}

static void
wait_for(atomic_int *flag)
{
	const struct timespec tick = { 0, 1000000 };

	while (atomic_load(flag) == 0)
		nanosleep(&tick, NULL);
}

static void
run_for(int ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static void
run_until(const int *flag)
{
	int64_t end_ms = clock_ms() + 5000;

	while (*flag == 0 && clock_ms() < end_ms)
		run_for(2);
	assert_int_equal(*flag, 1);
}

static int
set_up(void **state)
{
	(void)state;
	base = event_base_new();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

static void
work_runs_in_a_thread_and_done_in_the_loop(void **state)
{
	struct helpers *helpers = helpers_new(base, 2, 10);
	struct job job = { .may_end = 1 };

	(void)state;
	assert_non_null(helpers_start(helpers, job_work, job_done, &job));
	wait_for(&job.worked);
	assert_int_equal(job.done, 0);
	run_until(&job.done);
	assert_false(pthread_equal(job.thread, pthread_self()));
	assert_true(sigismember(&job.blocked, SIGTERM));
	run_for(20);
	assert_int_equal(job.done, 1);
	helpers_free(helpers, 1000);
}

static void
jobs_run_beside_each_other_as_threads_allow(void **state)
{
	struct helpers *helpers = helpers_new(base, 2, 10);
	struct job jobs[3] = { { 0 } };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_non_null(helpers_start(helpers, job_work, job_done,
		    &jobs[i]));
	wait_for(&jobs[0].begun);
	wait_for(&jobs[1].begun);
	run_for(20);
	assert_int_equal(jobs[2].begun, 0);
	atomic_store(&jobs[1].may_end, 1);
	wait_for(&jobs[2].begun);
	atomic_store(&jobs[0].may_end, 1);
	atomic_store(&jobs[2].may_end, 1);
	for (int i = 0; i < 3; i++)
		run_until(&jobs[i].done);
	helpers_free(helpers, 1000);
}

static void
a_full_queue_refuses(void **state)
{
	struct helpers *helpers = helpers_new(base, 1, 2);
	struct job jobs[4] = { { 0 } };

	(void)state;
	helpers_start(helpers, job_work, job_done, &jobs[0]);
	wait_for(&jobs[0].begun);
	assert_non_null(helpers_start(helpers, job_work, job_done, &jobs[1]));
	assert_non_null(helpers_start(helpers, job_work, job_done, &jobs[2]));
	assert_null(helpers_start(helpers, job_work, job_done, &jobs[3]));
	for (int i = 0; i < 3; i++) {
		atomic_store(&jobs[i].may_end, 1);
		run_until(&jobs[i].done);
	}
	assert_int_equal(jobs[3].begun, 0);
	helpers_free(helpers, 1000);
}

static void
an_abandoned_job_is_only_orphaned(void **state)
{
	struct helpers *helpers = helpers_new(base, 1, 10);
	struct job running = { 0 }, waiting = { 0 }, finished = { 0 };
	struct helpers_job *first, *second, *third;

	(void)state;
	first = helpers_start(helpers, job_work, job_done, &running);
	wait_for(&running.begun);
	second = helpers_start(helpers, job_work, job_done, &waiting);
	helpers_abandon(second, job_orphan);
	assert_int_equal(waiting.orphaned, 1);
	helpers_abandon(first, job_orphan);
	run_for(20);
	assert_int_equal(running.orphaned, 0);
	atomic_store(&running.may_end, 1);
	run_until(&running.orphaned);

	atomic_store(&finished.may_end, 1);
	third = helpers_start(helpers, job_work, job_done, &finished);
	wait_for(&finished.worked);
	helpers_abandon(third, job_orphan);
	run_until(&finished.orphaned);
	assert_int_equal(running.done + waiting.done + finished.done, 0);
	assert_int_equal(waiting.begun, 0);
	helpers_free(helpers, 1000);
}

static void
freeing_waits_for_what_runs(void **state)
{
	struct helpers *helpers = helpers_new(base, 1, 10);
	struct job job = { .may_end = 1 };

	(void)state;
	helpers_abandon(helpers_start(helpers, job_work, job_done, &job),
	    job_orphan);
	helpers_start(helpers, job_work, job_done, &job);
	wait_for(&job.worked);
	helpers_free(helpers, 1000);
	assert_int_equal(job.done, 0);
}

static void
freeing_does_not_wait_for_ever(void **state)
{
	/* Both outlive this function: the thread still has them. */
	static struct job job;
	struct helpers *helpers = helpers_new(base, 1, 10);
	int64_t begun_ms;

	(void)state;
	helpers_start(helpers, job_work, job_done, &job);
	wait_for(&job.begun);
	begun_ms = clock_ms();
	helpers_free(helpers, 50);
	assert_true(clock_ms() - begun_ms >= 49);
	assert_true(clock_ms() - begun_ms < 2000);
	atomic_store(&job.may_end, 1);
	wait_for(&job.worked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_runs_in_a_thread_and_done_in_the_loop),
		cmocka_unit_test(jobs_run_beside_each_other_as_threads_allow),
		cmocka_unit_test(a_full_queue_refuses),
		cmocka_unit_test(an_abandoned_job_is_only_orphaned),
		cmocka_unit_test(freeing_waits_for_what_runs),
		cmocka_unit_test(freeing_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
