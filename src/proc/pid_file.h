#ifndef MUSTER_PROC_PID_FILE_H
#define MUSTER_PROC_PID_FILE_H

#include "base/compiler.h"
#include "base/error.h"

/*
 * The master's process id in a file that is locked as long as it lives.
 * Returns a descriptor to keep open, or -1 with err: another musterd runs
 * (*holder is its pid, or -1), or the file cannot be written (*holder is 0).
 */
int pid_file_take(const char *path, long *holder, struct error *) MUST_USE;

/* Removes the file if it is still ours, and lets go of the lock. */
void pid_file_drop(const char *path, int fd);

#endif
