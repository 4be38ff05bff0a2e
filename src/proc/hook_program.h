#ifndef MUSTER_PROC_HOOK_PROGRAM_H
#define MUSTER_PROC_HOOK_PROGRAM_H

#include <stdint.h>

#include "base/error.h"

struct conf_node;

/*
 * Runs a program (argv: a string or a list of strings) in a process group of
 * its own, without a shell, standard input empty; each line it prints becomes
 * a log line under `name`. When it has ended, its time is over or this process
 * is told to end by SIGTERM, what lives of the group is killed. 0, or -1 with
 * err when it could not run, was killed, or ended with another status than 0.
 */
int hook_program_run(const char *name, const struct conf_node *argv,
    int64_t deadline_ms, struct error *);

#endif
