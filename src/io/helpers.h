#ifndef MUSTER_IO_HELPERS_H
#define MUSTER_IO_HELPERS_H

#include "base/compiler.h"

struct event_base;

/*
 * A few threads for what blocks: DNS, PQcancel, later files and password
 * hashes. Threads start when first used, block all signals, and touch nothing
 * of the loop: a job's `work` runs in a thread, its `done` in the loop.
 */
struct helpers;
struct helpers_job;

struct helpers *helpers_new(struct event_base *, unsigned threads,
    unsigned queue);

/*
 * work(arg) runs in a thread, then done(arg) in the loop, exactly once.
 * NULL when the queue is full: nothing runs.
 */
struct helpers_job *helpers_start(struct helpers *, void (*work)(void *arg),
    void (*done)(void *arg), void *arg);

/*
 * done does not run after this; orphan(arg) runs in the loop instead, when
 * the thread has let go of arg (now, if it had not begun), to free it.
 */
void helpers_abandon(struct helpers_job *, void (*orphan)(void *arg));

/*
 * Waits for running jobs, at most grace_ms; threads that still hang then are
 * left to the process's end. Jobs not begun are dropped (orphan or done is
 * not called; the owners have cancelled before).
 */
void helpers_free(struct helpers *, int grace_ms);

#endif
