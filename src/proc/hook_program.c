/* A program of a hook: without a shell, bounded in time, its output kept. */
#include "proc/hook_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "conf/node.h"

#define HOOK_LINE_MAX 1000
#define HOOK_READS 16	/* of 4096 bytes */

struct hook_program {
	const char *name;
	pid_t pid;		/* and its process group's */
	int out;		/* what it prints; -1 after its end */
	int signals;		/* SIGCHLD, and SIGTERM of the master */
	struct buf text;	/* printed, not logged yet */
	bool ended, stopped;
};

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

/* Nothing of ours but the environment; signals as any program expects them. */
static void
hook_program_child(char **argv, int out)
{
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
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
hook_program_log(struct hook_program *program, bool ended)
{
	struct buf *text = &program->text;
	char *newline;

	while (text->len > 0) {
		size_t len = text->len;

		newline = memchr(text->data, '\n', text->len);
		if (newline != NULL)
			len = (size_t)(newline - text->data);
		else if (!ended && text->len < HOOK_LINE_MAX)
			return;
		log_info(NULL, "hook_output", "name=%s text=\"%.*s\"",
		    program->name,
		    (int)(len > HOOK_LINE_MAX ? HOOK_LINE_MAX : len),
		    text->data);
		buf_take(text, newline == NULL ? len : len + 1);
	}
}

/* What is there, up to what a pipe holds: it may print without end. */
static void
hook_program_read(struct hook_program *program)
{
	ssize_t n;

	for (unsigned i = 0; i < HOOK_READS && program->out != -1; i++) {
		n = read(program->out, buf_reserve(&program->text, 4096), 4096);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(program->out);
			program->out = -1;
			return;
		}
		program->text.len += (size_t)n;
		hook_program_log(program, false);
	}
}

static void
hook_program_on_signal(struct hook_program *program)
{
	struct signalfd_siginfo info;
	siginfo_t child = { 0 };

	while (read(program->signals, &info, sizeof(info)) ==
	    (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM)
			program->stopped = true;
	/* Not reaped: its number must stay its group's. */
	if (waitid(P_PID, (id_t)program->pid, &child,
	    WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid != 0)
		program->ended = true;
}

/* Until it ends, whatever it leaves running; or its time or ours is over. */
static void
hook_program_watch(struct hook_program *program, int64_t deadline_ms)
{
	while (!program->ended && !program->stopped) {
		struct pollfd fds[] = {
			{ .fd = program->signals, .events = POLLIN },
			{ .fd = program->out, .events = POLLIN },
		};
		int64_t left_ms = deadline_ms - clock_ms();

		if (left_ms <= 0)
			return;
		if (poll(fds, 2, (int)left_ms) == -1)
			continue;
		if (fds[1].revents != 0)
			hook_program_read(program);
		if (fds[0].revents != 0)
			hook_program_on_signal(program);
	}
}

static int
hook_program_judge(const struct hook_program *program, int status,
    struct error *err)
{
	if (program->stopped)
		return error_set(err, ERROR_INTERNAL,
		    "was ended with the server");
	if (!program->ended)
		return error_set(err, ERROR_INTERNAL,
		    "did not end within its timeout");
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_INTERNAL,
		    "ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_INTERNAL,
		    "ended with status %d", WEXITSTATUS(status));
	return 0;
}

static int
hook_program_start(struct hook_program *program, char **argv,
    struct error *err)
{
	int out[2];

	if (pipe2(out, O_CLOEXEC) == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not make a pipe: %s", strerror(errno));
	program->pid = fork();
	if (program->pid == 0)
		hook_program_child(argv, out[1]);
	close(out[1]);
	program->out = out[0];
	if (program->pid == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not fork: %s", strerror(errno));
	setpgid(program->pid, program->pid);
	fcntl(program->out, F_SETFL, O_NONBLOCK);
	return 0;
}

/* What it left behind goes with it. Returns its status. */
static int
hook_program_end(struct hook_program *program)
{
	int status = 0;

	kill(-program->pid, SIGKILL);
	while (waitpid(program->pid, &status, 0) == -1 && errno == EINTR)
		;
	hook_program_read(program);
	hook_program_log(program, true);
	return status;
}

int
hook_program_run(const char *name, const struct conf_node *node,
    int64_t deadline_ms, struct error *err)
{
	struct hook_program program = { .name = name, .out = -1 };
	char **argv = hook_program_argv(node);
	sigset_t set, before;
	int result;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	program.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	result = hook_program_start(&program, argv, err);
	if (result == 0) {
		hook_program_watch(&program, deadline_ms);
		result = hook_program_judge(&program,
		    hook_program_end(&program), err);
	}
	if (program.out != -1)
		close(program.out);
	close(program.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	buf_release(&program.text);
	for (char **arg = argv; *arg != NULL; arg++)
		free(*arg);
	free(argv);
	return result;
}
