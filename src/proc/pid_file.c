/* The pid file: who may run here, and whom signals are for. */
#include "proc/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static long
pid_file_read(int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return atol(text);
}

/* Its holder may have removed it between our open and its unlock. */
static bool
pid_file_is_at(const char *path, int fd)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static int
pid_file_lock(const char *path, long *holder, struct error *err)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

		if (fd == -1)
			return error_set(err, ERROR_INTERNAL,
			    "could not create pid_file \"%s\": %s", path,
			    strerror(errno));
		if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
			*holder = pid_file_read(fd);
			error_set(err, ERROR_INTERNAL,
			    "already running, pid %ld holds \"%s\"",
			    *holder, path);
			*holder = *holder > 0 ? *holder : -1;
			close(fd);
			return -1;
		}
		if (pid_file_is_at(path, fd))
			return fd;
		close(fd);
	}
}

int
pid_file_take(const char *path, long *holder, struct error *err)
{
	char text[32];
	int len, fd;

	*holder = 0;
	fd = pid_file_lock(path, holder, err);
	if (fd == -1)
		return -1;
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
