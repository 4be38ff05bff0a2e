/* The pid file: who may run here, and whom signals are for. */
#include "proc/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static long
pid_file_read(int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return atol(text);
}

int
pid_file_take(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	char text[32];
	int len;

	if (fd == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not create pid_file \"%s\": %s", path,
		    strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		error_set(err, ERROR_INTERNAL,
		    "already running, pid %ld holds \"%s\"",
		    pid_file_read(fd), path);
		close(fd);
		return -1;
	}
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)len, 0) != len) {
		error_set(err, ERROR_INTERNAL,
		    "could not write pid_file \"%s\": %s", path,
		    strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

void
pid_file_drop(const char *path, int fd)
{
	if (fd == -1)
		return;
	if (pid_file_read(fd) == (long)getpid())
		unlink(path);
	close(fd);
}
