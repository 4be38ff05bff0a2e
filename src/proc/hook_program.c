/* A program of a hook: without a shell, bounded in time, its output kept. */
#include "proc/hook_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/node.h"

#define HOOK_LINE_MAX 1000

static char **
hook_program_argv(const struct conf_node *node)
{
	size_t n = conf_node_kind(node) == CONF_STRING ? 0 :
	    conf_node_count(node);
	char **argv = memory_new((n + 2) * sizeof(*argv));

	if (conf_node_kind(node) == CONF_STRING)
		argv[0] = memory_strdup(conf_node_text(node));
	for (size_t i = 0; i < n; i++)
		argv[i] = memory_strdup(conf_node_text(conf_node_at(node, i)));
	return argv;
}

static void
hook_program_child(char **argv, int out)
{
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(nothing, 0);
	dup2(out, 1);
	dup2(out, 2);
	closefrom(3);
	execvp(argv[0], argv);
	dprintf(2, "could not run \"%s\": %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Whole lines, and what is too long for one, to the log. */
static void
hook_program_log(const char *name, struct buf *text, bool ended)
{
	char *newline;

	while (text->len > 0) {
		size_t len = text->len;

		newline = memchr(text->data, '\n', text->len);
		if (newline != NULL)
			len = (size_t)(newline - text->data);
		else if (!ended && text->len < HOOK_LINE_MAX)
			return;
		log_info(NULL, "hook_output", "name=%s text=\"%.*s\"", name,
		    (int)(len > HOOK_LINE_MAX ? HOOK_LINE_MAX : len),
		    text->data);
		buf_take(text, newline == NULL ? len : len + 1);
	}
}

/* Reads until the program and all it started have closed their output. */
static void
hook_program_read(const char *name, int fd, int64_t deadline_ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct buf text = { 0 };

	for (;;) {
		int64_t left_ms = deadline_ms - clock_ms();
		ssize_t n;

		if (left_ms <= 0 || poll(&poller, 1, (int)left_ms) == 0)
			break;
		n = read(fd, buf_reserve(&text, 4096), 4096);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text.len += (size_t)n;
		hook_program_log(name, &text, false);
	}
	hook_program_log(name, &text, true);
	buf_release(&text);
}

/* It may have closed its output and go on. */
static bool
hook_program_wait(pid_t pid, int64_t deadline_ms, int *status)
{
	for (;;) {
		pid_t found = waitpid(pid, status, WNOHANG);

		if (found == pid)
			return true;
		if (found == -1 && errno != EINTR)
			return false;
		if (clock_ms() >= deadline_ms)
			return false;
		poll(NULL, 0, 5);
	}
}

static int
hook_program_judge(int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_INTERNAL,
		    "ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_INTERNAL,
		    "ended with status %d", WEXITSTATUS(status));
	return 0;
}

int
hook_program_run(const char *name, const struct conf_node *node,
    int64_t deadline_ms, struct error *err)
{
	char **argv = hook_program_argv(node);
	int out[2], status = 0;
	pid_t pid;
	bool ended;

	if (pipe2(out, O_CLOEXEC) == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not make a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not fork: %s", strerror(errno));
	if (pid == 0)
		hook_program_child(argv, out[1]);
	setpgid(pid, pid);
	close(out[1]);
	hook_program_read(name, out[0], deadline_ms);
	close(out[0]);
	ended = hook_program_wait(pid, deadline_ms, &status);
	kill(-pid, SIGKILL);	/* what it left behind goes too */
	if (!ended)
		waitpid(pid, &status, 0);
	for (char **arg = argv; *arg != NULL; arg++)
		free(*arg);
	free(argv);
	if (!ended)
		return error_set(err, ERROR_INTERNAL,
		    "did not end within its timeout");
	return hook_program_judge(status, err);
}
