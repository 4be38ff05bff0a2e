/*
 * musterd without -F. The process that stays behind plays the service
 * manager: it waits for the READY that the master sends anyway.
 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/master.h"

/* How soon the end of a child that says nothing is seen. */
#define BACKGROUND_LOOK_MS 50

/* A socket with a name of the kernel's choosing, told as "@name". */
static int
background_socket(char *name, size_t size)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (bind(fd, (struct sockaddr *)&un, len) == -1)
		goto fail;
	len = sizeof(un);
	if (getsockname(fd, (struct sockaddr *)&un, &len) == -1)
		goto fail;
	len -= offsetof(struct sockaddr_un, sun_path) + 1;
	snprintf(name, size, "@%.*s", (int)len, un.sun_path + 1);
	return fd;
fail:
	close(fd);
	return -1;
}

/* The child: no terminal, no input; errors go where they went. */
static void
background_detach(const char *name)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setenv("NOTIFY_SOCKET", name, 1);
	setsid();
	if (null == -1)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

static bool
background_is_ready(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char message[600];
	ssize_t len;

	if (poll(&poll_fd, 1, BACKGROUND_LOOK_MS) <= 0)
		return false;
	len = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);
	if (len <= 0)
		return false;
	message[len] = '\0';
	return strncmp(message, "READY=1", 7) == 0 ||
	    strstr(message, "\nREADY=1") != NULL;
}

/* The child's own time limits end this wait. */
static int
background_wait(int fd, pid_t pid)
{
	int status;

	while (!background_is_ready(fd)) {
		if (waitpid(pid, &status, WNOHANG) != pid)
			continue;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		fprintf(stderr, "musterd: killed by signal %d\n",
		    WTERMSIG(status));
		return EXIT_CODE_RUNTIME;
	}
	return EXIT_CODE_OK;
}

int
background_start(void)
{
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	pid_t pid;
	int fd;

	if (getenv("NOTIFY_SOCKET") != NULL)
		return -1;
	fd = background_socket(name, sizeof(name));
	pid = fd == -1 ? -1 : fork();
	if (pid == -1) {
		fprintf(stderr, "musterd: could not go to the background: %s\n",
		    strerror(errno));
		return EXIT_CODE_OS;
	}
	if (pid > 0)
		return background_wait(fd, pid);
	close(fd);
	background_detach(name);
	return -1;
}
