/*
 * Log lines, read back from a pipe: what stands in them, and that nothing in
 * a value can end one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/log.h"

static int pipe_fds[2];
static char lines[65536];

static int
begin(void **state)
{
	(void)state;
	if (pipe(pipe_fds) != 0)
		return -1;
	return fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
}

static int
end(void **state)
{
	(void)state;
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return 0;
}

static void
open_log(enum log_level level)
{
	log_open(level, pipe_fds[1]);
	log_name_process("");
}

/* All that was written since the last call. */
static const char *
written(void)
{
	ssize_t n = read(pipe_fds[0], lines, sizeof(lines) - 1);

	lines[n < 0 ? 0 : n] = '\0';
	return lines;
}

/* The line without its time, which must have the right form. */
static const char *
written_after_time(void)
{
	static const char form[] = "0000-00-00T00:00:00.000Z ";
	const char *line = written();
	size_t i;

	assert_true(strlen(line) > sizeof(form));
	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == '0')
			assert_in_range(line[i], '0', '9');
		else
			assert_int_equal(line[i], form[i]);
	}
	return line + i;
}

static void
a_line_has_time_level_process_event_and_values(void **state)
{
	struct log_ctx ctx = { .request_id = "0123456789abcdef",
		.route = "read_user" };

	(void)state;
	open_log(LOG_LEVEL_INFO);
	log_info(NULL, "started", "workers=%d", 2);
	assert_string_equal(written_after_time(), "info started workers=2\n");
	log_name_process("worker 2");
	log_warn(&ctx, "pool_timeout", "waited_ms=%d", 5000);
	assert_string_equal(written_after_time(), "warn [worker 2] "
	    "pool_timeout request=0123456789abcdef route=read_user "
	    "waited_ms=5000\n");
	log_error(&(struct log_ctx){ 0 }, "gone", "%s", "");
	assert_string_equal(written_after_time(), "error [worker 2] gone\n");
}

static void
only_what_is_wanted_is_written(void **state)
{
	int evaluated = 0;

	(void)state;
	open_log(LOG_LEVEL_WARN);
	log_info(NULL, "no", "x=%d", 1);
	log_debug(NULL, "no", "x=%d", ++evaluated);
	assert_string_equal(written(), "");
	assert_int_equal(evaluated, 0);
	assert_true(log_wants(LOG_LEVEL_ERROR));
	assert_false(log_wants(LOG_LEVEL_INFO));
	open_log(LOG_LEVEL_DEBUG);
	log_debug(NULL, "yes", "x=%d", ++evaluated);
	assert_string_equal(written_after_time(), "debug yes x=1\n");
}

static void
no_value_can_end_a_line(void **state)
{
	struct log_ctx ctx = { .request_id = "a\nb", .route = "c\rd" };

	(void)state;
	open_log(LOG_LEVEL_INFO);
	log_info(&ctx, "e\nf", "%s", "g\n2026 error fake\t\x1b[31m\x7fü");
	assert_string_equal(written_after_time(), "info e\\x0af "
	    "request=a\\x0ab route=c\\x0dd g\\x0a2026 error fake\\x09"
	    "\\x1b[31m\\x7fü\n");
}

/* A whole line fits into a pipe at once; what is longer is cut and marked. */
static void
a_long_line_is_cut_and_ends(void **state)
{
	static char text[9000];
	struct log_ctx ctx = { .request_id = text, .route = text };
	struct error err;
	const char *line;

	(void)state;
	open_log(LOG_LEVEL_INFO);
	memset(text, 'x', sizeof(text) - 1);
	log_info(NULL, "long", "%s", text);
	line = written();
	assert_in_range(strlen(line), 4000, 4096);
	assert_string_equal(line + strlen(line) - 5, "x...\n");
	memset(text, '\x01', sizeof(text) - 1);
	log_info(&ctx, text, "%s", text);
	line = written();
	assert_in_range(strlen(line), 4000, 4096);
	assert_string_equal(line + strlen(line) - 4, "...\n");
	error_set(&err, ERROR_INTERNAL, "%s", text);
	log_problem(LOG_LEVEL_ERROR, &ctx, &err);
	line = written();
	assert_in_range(strlen(line), 4000, 4096);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void
a_problem_says_what_where_and_why(void **state)
{
	struct error err;

	(void)state;
	open_log(LOG_LEVEL_INFO);
	error_set(&err, ERROR_CONFLICT, "Username already registered");
	error_detail(&err, "Key (username)=(\"a\\b\") exists.\nReally.");
	err.op = "user";
	err.pos = (struct src_pos){ "/etc/muster/server.conf", 12, 7 };
	strcpy(err.sqlstate, "23505");
	strcpy(err.constraint, "users_username_key");
	strcpy(err.column, "username");
	log_problem(LOG_LEVEL_WARN, NULL, &err);
	assert_string_equal(written_after_time(), "warn conflict status=409 "
	    "op=user at=/etc/muster/server.conf:12:7 sqlstate=23505 "
	    "constraint=\"users_username_key\" column=\"username\" "
	    "message=\"Username already registered\" detail=\"Key "
	    "(username)=(\\\"a\\\\b\\\") exists.\\x0aReally.\"\n");
	error_set(&err, ERROR_DEADLINE, NULL);
	log_problem(LOG_LEVEL_INFO, NULL, &err);
	assert_string_equal(written_after_time(),
	    "info deadline status=504 message=\"Gateway Timeout\"\n");
	log_problem(LOG_LEVEL_DEBUG, NULL, &err);
	assert_string_equal(written(), "");
}

static void
a_finished_line_is_written_as_it_is(void **state)
{
	(void)state;
	open_log(LOG_LEVEL_ERROR);
	log_line("GET / 200\tx", 9);
	log_line("", 0);
	assert_string_equal(written(), "GET / 200\n\n");
}

static void
logging_leaves_errno_alone(void **state)
{
	(void)state;
	log_open(LOG_LEVEL_INFO, 1000);
	errno = ENOENT;
	log_info(NULL, "lost", "x=%d", 1);
	assert_int_equal(errno, ENOENT);
	open_log(LOG_LEVEL_INFO);
}

static void
fatal_logs_and_aborts(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	open_log(LOG_LEVEL_ERROR);
	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		log_fatal("out of %s", "luck");
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_string_equal(written_after_time(), "error fatal out of luck\n");
}

/* A child whose stderr is our pipe, as journald's socket would be. */
static void
log_as_child(const char *stream)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		dup2(pipe_fds[1], STDERR_FILENO);
		setenv("JOURNAL_STREAM", stream, 1);
		log_open(LOG_LEVEL_DEBUG, -1);
		log_error(NULL, "a", "x=%d", 1);
		log_warn(NULL, "b", "x=%d", 2);
		log_info(NULL, "c", "x=%d", 3);
		log_debug(NULL, "d", "x=%d", 4);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
under_journald_lines_begin_with_their_priority(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	fstat(pipe_fds[1], &st);
	snprintf(stream, sizeof(stream), "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	log_as_child(stream);
	assert_string_equal(written(),
	    "<3>a x=1\n<4>b x=2\n<6>c x=3\n<7>d x=4\n");
}

static void
a_stderr_that_is_not_the_journals_gets_the_time(void **state)
{
	char stream[64];
	struct stat st;
	unsigned i;

	(void)state;
	fstat(pipe_fds[1], &st);
	for (i = 0; i < 2; i++) {
		snprintf(stream, sizeof(stream), "%llu:%llu",
		    (unsigned long long)st.st_dev + i,
		    (unsigned long long)st.st_ino + 1 - i);
		log_as_child(stream);
		assert_memory_equal(written_after_time(), "error a x=1\n",
		    12);
	}
	log_as_child("nonsense");
	assert_memory_equal(written_after_time(), "error a x=1\n", 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_line_has_time_level_process_event_and_values),
		cmocka_unit_test(only_what_is_wanted_is_written),
		cmocka_unit_test(no_value_can_end_a_line),
		cmocka_unit_test(a_long_line_is_cut_and_ends),
		cmocka_unit_test(a_problem_says_what_where_and_why),
		cmocka_unit_test(a_finished_line_is_written_as_it_is),
		cmocka_unit_test(logging_leaves_errno_alone),
		cmocka_unit_test(fatal_logs_and_aborts),
		cmocka_unit_test(
		    under_journald_lines_begin_with_their_priority),
		cmocka_unit_test(
		    a_stderr_that_is_not_the_journals_gets_the_time),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
