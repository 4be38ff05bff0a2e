/*
 * Metrics: rows, cells, sums over processes, and Prometheus' text format.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "base/shm.h"

static struct shm *shm;
static struct buf page;

static int
begin(void **state)
{
	struct error err;

	(void)state;
	shm = shm_new(&err);
	return shm == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	buf_release(&page);
	shm_free(shm);
	return 0;
}

static unsigned
use_slot(void)
{
	int slot = shm_slot_take(shm, 1);

	assert_true(slot >= 0);
	metrics_use(shm, (unsigned)slot);
	return (unsigned)slot;
}

static const char *
print(void)
{
	page.len = 0;
	metrics_print(shm, &page);
	buf_add_byte(&page, '\0');
	return page.data;
}

/* The page holds this line, whole. */
static void
assert_line(const char *line)
{
	char whole[200];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (strstr(print(), whole) == NULL)
		fail_msg("\"%s\" is not in\n%s", line, page.data);
}

static void
numbers_before_a_slot_is_used_go_nowhere(void **state)
{
	(void)state;
	metric_add(METRIC_BYTES_SENT, 5);
	metric_observe_us(METRIC_POOL_WAIT, 100);
	use_slot();
	assert_line("muster_sent_bytes_total 0");
	assert_line("muster_pool_wait_seconds_count 0");
}

static void
counters_add_and_gauges_rise_and_fall(void **state)
{
	(void)state;
	use_slot();
	metric_add(METRIC_RESPONSES_2XX, 2);
	metric_add(METRIC_RESPONSES_2XX, 1);
	metric_add(METRIC_CONNECTIONS_OPEN, 3);
	metric_add(METRIC_CONNECTIONS_OPEN, -1);
	metric_set(METRIC_POOL_OPEN, 9);
	metric_set(METRIC_POOL_OPEN, 4);
	assert_line("muster_responses_total{class=\"2xx\"} 3");
	assert_line("muster_responses_total{class=\"5xx\"} 0");
	assert_line("muster_connections_open 2");
	assert_line("muster_pool_open 4");
}

static void
a_bucket_counts_all_up_to_its_bound(void **state)
{
	static const int64_t observed_us[] = { 0, 500, 501, 1000, 9999,
		10000000, 10000001, 60000000 };
	size_t i;

	(void)state;
	use_slot();
	for (i = 0; i < sizeof(observed_us) / sizeof(observed_us[0]); i++)
		metric_observe_us(METRIC_REQUEST_DURATION, observed_us[i]);
	assert_line("muster_request_duration_seconds_bucket{le=\"0.0005\"} 2");
	assert_line("muster_request_duration_seconds_bucket{le=\"0.001\"} 4");
	assert_line("muster_request_duration_seconds_bucket{le=\"0.005\"} 4");
	assert_line("muster_request_duration_seconds_bucket{le=\"0.01\"} 5");
	assert_line("muster_request_duration_seconds_bucket{le=\"10\"} 6");
	assert_line("muster_request_duration_seconds_bucket{le=\"+Inf\"} 8");
	assert_line("muster_request_duration_seconds_count 8");
	assert_line("muster_request_duration_seconds_sum 80.012001");
	assert_line("muster_pool_wait_seconds_count 0");
	assert_line("muster_pool_execute_seconds_count 0");
}

static void
histograms_have_cells_of_their_own(void **state)
{
	(void)state;
	use_slot();
	metric_observe_us(METRIC_POOL_WAIT, 60000000);
	assert_line("muster_pool_wait_seconds_count 1");
	assert_line("muster_pool_wait_seconds_sum 60.000000");
	assert_line("muster_pool_execute_seconds_count 0");
	assert_line("muster_pool_execute_seconds_sum 0.000000");
	assert_line("muster_request_duration_seconds_sum 0.000000");
}

static void
all_processes_are_summed_and_the_ended_too(void **state)
{
	unsigned first;

	(void)state;
	first = use_slot();
	metric_add(METRIC_POOL_QUERIES, 10);
	metric_add(METRIC_CONNECTIONS_OPEN, 10);
	use_slot();
	metric_add(METRIC_POOL_QUERIES, 5);
	metric_add(METRIC_CONNECTIONS_OPEN, 5);
	assert_line("muster_pool_queries_total 15");
	assert_line("muster_connections_open 15");
	shm_slot_give(shm, first);
	assert_line("muster_pool_queries_total 15");
	assert_line("muster_connections_open 5");
}

static void
wait_for_pages(_Atomic int64_t *pages, int64_t more)
{
	int64_t until = *pages + more;

	while (*pages < until)
		sched_yield();
}

/* As the master: each round's counter is seen, then moved, then seen. */
static void
end_slots(unsigned slot, _Atomic int64_t *pages)
{
	unsigned round;

	for (round = 0; round < 300; round++) {
		metrics_use(shm, slot);
		metric_add(METRIC_WORKERS_STARTED, 1);
		wait_for_pages(pages, 2);
		shm_slot_give(shm, slot);
		wait_for_pages(pages, 2);
		if (shm_slot_take(shm, 1) != (int)slot)
			_exit(1);
	}
	_exit(0);
}

/* With all slots to be read, a move falls into the reading now and then. */
static void
a_counter_never_goes_back_while_slots_end(void **state)
{
	static const char name[] = "\nmuster_workers_started_total ";
	_Atomic int64_t *pages;
	long value, last = 0;
	unsigned slot = 0;
	pid_t pid;
	int status;

	(void)state;
	while (slot != SHM_SLOTS - 1)
		slot = use_slot();
	pages = &shm_slot(shm, 0)->activity_since_ms;
	pid = fork();
	if (pid == 0)
		end_slots(slot, pages);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		value = atol(strstr(print(), name) + sizeof(name) - 1);
		if (value < last || value > 300) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("from %ld to %ld", last, value);
		}
		last = value;
		*pages += 1;
	}
	assert_int_equal(status, 0);
	assert_line("muster_workers_started_total 300");
}

static void
each_row_is_named_as_its_kind_demands(void **state)
{
	const struct metric_row *row;
	size_t len;
	int metric;

	(void)state;
	for (metric = 0; metric < METRIC_COUNT; metric++) {
		row = metrics_row((enum metric)metric);
		assert_non_null(row->name);
		assert_memory_equal(row->name, "muster_", 7);
		assert_true(strlen(row->help) > 10);
		len = strlen(row->name);
		assert_int_equal(len > 6 && strcmp(row->name + len - 6,
		    "_total") == 0, row->kind == METRIC_COUNTER);
		if (row->kind == METRIC_HISTOGRAM)
			assert_string_equal(row->name + len - 8, "_seconds");
		assert_int_equal(metrics_cell_is_gauge(row->cell),
		    row->kind == METRIC_GAUGE);
	}
}

/* What a scraper reads: HELP and TYPE once, then all samples of a family. */
static void
the_page_is_well_formed(void **state)
{
	char *line, *rest, *end_of_number, family[128] = "";
	unsigned families = 0, samples = 0;
	char *copy;

	(void)state;
	use_slot();
	copy = strdup(print());
	for (line = strtok_r(copy, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "# HELP %127s", family) == 1) {
			families++;
			line = strtok_r(NULL, "\n", &rest);
			assert_memory_equal(line, "# TYPE ", 7);
			assert_memory_equal(line + 7, family, strlen(family));
			continue;
		}
		assert_memory_equal(line, family, strlen(family));
		strtod(strrchr(line, ' ') + 1, &end_of_number);
		assert_int_equal(*end_of_number, '\0');
		samples++;
	}
	free(copy);
	assert_int_equal(families, METRIC_COUNT - 4);
	assert_int_equal(samples, METRIC_COUNT - 3 + 3 * 17);
}

static void
each_cell_has_a_name_of_its_own(void **state)
{
	char (*names)[SHM_NAME_LEN];
	unsigned i, j, n = METRIC_COUNT + 3 * 16;

	(void)state;
	use_slot();
	names = shm_cell_names(shm);
	for (i = 0; i < n; i++) {
		/* Those of histograms are their own first cell's. */
		if (i < METRIC_COUNT && metrics_row((enum metric)i)->kind ==
		    METRIC_HISTOGRAM) {
			assert_string_equal(names[i], "");
			continue;
		}
		assert_in_range(strlen(names[i]), 8, SHM_NAME_LEN - 2);
		for (j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
	}
	assert_string_equal(names[n], "");
	assert_string_equal(names[METRIC_RESPONSES_2XX],
	    "muster_responses_total{class=\"2xx\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_before_a_slot_is_used_go_nowhere),
		TEST(counters_add_and_gauges_rise_and_fall),
		TEST(a_bucket_counts_all_up_to_its_bound),
		TEST(histograms_have_cells_of_their_own),
		TEST(all_processes_are_summed_and_the_ended_too),
		TEST(a_counter_never_goes_back_while_slots_end),
		TEST(each_row_is_named_as_its_kind_demands),
		TEST(the_page_is_well_formed),
		TEST(each_cell_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
