/*
 * Request ids and jitter, and the texts of the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/ids.h"

static void
ids_are_sixteen_digits_and_all_different(void **state)
{
	char ids[2000][IDS_LEN + 1];
	size_t i, j;

	(void)state;
	ids_seed();
	for (i = 0; i < 2000; i++) {
		ids_make(ids[i]);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), IDS_LEN);
		assert_int_equal(strlen(ids[i]), IDS_LEN);
		for (j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

static void
random_numbers_stay_below_their_bound_and_reach_all_below(void **state)
{
	unsigned seen[6] = { 0 }, i, n;

	(void)state;
	for (i = 0; i < 6000; i++) {
		n = ids_random(6);
		assert_true(n < 6);
		seen[n]++;
	}
	for (i = 0; i < 6; i++)
		assert_in_range(seen[i], 700, 1300);
	assert_int_equal(ids_random(0), 0);
	assert_int_equal(ids_random(1), 0);
}

/* A child that did not seed anew would make its parent's next id. */
static void
a_child_that_seeds_makes_ids_of_its_own(void **state)
{
	char ours[IDS_LEN + 1], theirs[IDS_LEN + 1] = "";
	int fds[2], status;
	pid_t pid;

	(void)state;
	ids_seed();
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		ids_seed();
		ids_make(theirs);
		_exit(write(fds[1], theirs, sizeof(theirs)) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(fds[0], theirs, sizeof(theirs)),
	    sizeof(theirs));
	ids_make(ours);
	assert_string_not_equal(ours, theirs);
	close(fds[0]);
	close(fds[1]);
}

static void
the_http_date_is_the_second_we_are_in(void **state)
{
	time_t before = time(NULL), now;
	const char *text = clock_http_date();
	struct tm tm;
	char rest[8] = "";

	(void)state;
	assert_int_equal(strlen(text), CLOCK_HTTP_DATE_LEN);
	memset(&tm, 0, sizeof(tm));
	strcpy(rest, strptime(text, "%a, %d %b %Y %H:%M:%S", &tm));
	assert_string_equal(rest, " GMT");
	now = timegm(&tm);
	assert_in_range(now, before - 1, before + 2);
}

static void
the_iso_time_has_milliseconds_and_a_z(void **state)
{
	time_t before = time(NULL);
	char text[25];
	const char *rest;
	struct tm tm;

	(void)state;
	clock_iso(text);
	memset(&tm, 0, sizeof(tm));
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	assert_non_null(rest);
	assert_int_equal(strlen(rest), 5);
	assert_int_equal(rest[0], '.');
	assert_int_equal(rest[4], 'Z');
	assert_in_range(timegm(&tm), before - 1, before + 2);
}

static void
the_clock_does_not_go_back(void **state)
{
	int64_t us = clock_us(), ms = clock_ms(), i;

	(void)state;
	assert_in_range(ms - us / 1000, 0, 1000);
	for (i = 0; i < 10000; i++) {
		assert_true(clock_us() >= us);
		us = clock_us();
	}
	assert_true(us < CLOCK_NEVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_sixteen_digits_and_all_different),
		cmocka_unit_test(
		    random_numbers_stay_below_their_bound_and_reach_all_below),
		cmocka_unit_test(a_child_that_seeds_makes_ids_of_its_own),
		cmocka_unit_test(the_http_date_is_the_second_we_are_in),
		cmocka_unit_test(the_iso_time_has_milliseconds_and_a_z),
		cmocka_unit_test(the_clock_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
