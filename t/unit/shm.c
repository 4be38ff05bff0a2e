/*
 * Slots of shared memory: who takes them, what is left of one that ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/shm.h"

static int
begin(void **state)
{
	struct error err;

	*state = shm_new(&err);
	return *state == NULL ? -1 : 0;
}

static int
end(void **state)
{
	shm_free(*state);
	return 0;
}

static unsigned
take(struct shm *shm)
{
	int slot = shm_slot_take(shm, 3);

	assert_in_range(slot, 0, SHM_SLOTS - 1);
	return (unsigned)slot;
}

static void
a_taken_slot_starts_empty_with_a_new_birth(void **state)
{
	struct shm *shm = *state;
	unsigned i = take(shm);
	struct shm_slot *slot = shm_slot(shm, i);
	uint32_t birth = slot->birth;

	assert_int_equal(slot->state, SHM_STARTING);
	assert_int_equal(slot->generation, 3);
	assert_int_equal(slot->pid, 0);
	assert_in_range(slot->heartbeat_ms, clock_ms() - 1000, clock_ms());
	slot->pid = 4711;
	slot->connections = 5;
	slot->ready = 1;
	slot->activity = "route";
	shm_slot_give(shm, i);
	assert_int_equal(slot->state, SHM_FREE);
	assert_int_equal(take(shm), i);
	assert_true(slot->birth > birth);
	assert_int_equal(slot->pid, 0);
	assert_int_equal(slot->connections, 0);
	assert_int_equal(slot->ready, 0);
	assert_null(slot->activity);
}

static void
slots_end_and_then_there_is_none(void **state)
{
	struct shm *shm = *state;
	unsigned i;

	for (i = 0; i < SHM_SLOTS; i++) {
		assert_int_equal(shm_slots_used(shm), i);
		assert_int_equal(take(shm), i);
	}
	assert_int_equal(shm_slot_take(shm, 1), -1);
	shm_slot_give(shm, 77);
	assert_int_equal(take(shm), 77);
	assert_int_equal(shm_slots_used(shm), SHM_SLOTS);
}

static void
counters_of_an_ended_slot_stay_and_gauges_go(void **state)
{
	struct shm *shm = *state;
	unsigned i = take(shm), round;
	unsigned counter = metrics_row(METRIC_BYTES_SENT)->cell;
	unsigned gauge = metrics_row(METRIC_CONNECTIONS_OPEN)->cell;
	unsigned histogram = metrics_row(METRIC_POOL_WAIT)->cell;

	for (round = 1; round <= 3; round++) {
		shm_slot(shm, i)->cells[counter] = 100;
		shm_slot(shm, i)->cells[gauge] = 7;
		shm_slot(shm, i)->cells[histogram + 2] = 11;
		shm_slot_give(shm, i);
		assert_int_equal(shm_base_cells(shm)[counter], 100 * round);
		assert_int_equal(shm_base_cells(shm)[gauge], 0);
		assert_int_equal(shm_base_cells(shm)[histogram + 2],
		    11 * round);
		assert_int_equal(shm_slot(shm, i)->cells[counter], 0);
		assert_int_equal(shm_slot(shm, i)->cells[gauge], 0);
		assert_int_equal(shm_folds(shm), 2 * round);
		assert_int_equal(take(shm), i);
	}
}

static void
only_serving_slots_that_are_alive_count(void **state)
{
	struct shm *shm = *state;
	unsigned connections, workers, i;
	static const enum shm_state states[] = { SHM_SERVING, SHM_STARTING,
		SHM_DRAINING, SHM_SERVING, SHM_SERVING };

	for (i = 0; i < 5; i++) {
		take(shm);
		shm_slot(shm, i)->state = states[i];
		shm_slot(shm, i)->connections = 10;
	}
	shm_connections(shm, &connections, &workers);
	assert_int_equal(connections, 30);
	assert_int_equal(workers, 3);
	shm_slot(shm, 4)->heartbeat_ms = clock_ms() - SHM_STALE_MS - 1000;
	shm_connections(shm, &connections, &workers);
	assert_int_equal(connections, 20);
	assert_int_equal(workers, 2);
}

static void
a_child_writes_what_its_parent_reads(void **state)
{
	struct shm *shm = *state;
	unsigned i = take(shm);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		shm_slot(shm, i)->pid = getpid();
		shm_slot(shm, i)->cells[5] = 42;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(shm_slot(shm, i)->pid, pid);
	assert_int_equal(shm_slot(shm, i)->cells[5], 42);
}

static void
the_descriptor_is_closed_over_exec_unless_asked(void **state)
{
	struct shm *shm = *state;

	assert_true((fcntl(shm_fd(shm), F_GETFD) & FD_CLOEXEC) != 0);
}

/* A program that follows must know it without our headers. */
static void
the_file_begins_with_magic_and_version(void **state)
{
	struct shm *shm = *state;
	char magic[8];
	uint32_t version;

	assert_int_equal(pread(shm_fd(shm), magic, 8, 0), 8);
	assert_memory_equal(magic, "muster\n", 8);
	assert_int_equal(pread(shm_fd(shm), &version, 4, 8), 4);
	assert_int_equal(version, SHM_VERSION);
}

static void
slots_never_used_cost_no_memory(void **state)
{
	struct shm *shm = *state;
	unsigned connections, workers;
	struct stat st;

	shm_slot_give(shm, take(shm));
	take(shm);
	shm_connections(shm, &connections, &workers);
	assert_int_equal(fstat(shm_fd(shm), &st), 0);
	assert_true(st.st_size > 1024 * 1024);
	assert_true(st.st_blocks * 512 < 64 * 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_taken_slot_starts_empty_with_a_new_birth),
		TEST(slots_end_and_then_there_is_none),
		TEST(counters_of_an_ended_slot_stay_and_gauges_go),
		TEST(only_serving_slots_that_are_alive_count),
		TEST(a_child_writes_what_its_parent_reads),
		TEST(the_descriptor_is_closed_over_exec_unless_asked),
		TEST(the_file_begins_with_magic_and_version),
		TEST(slots_never_used_cost_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
