#ifndef MUSTER_BASE_LOG_H
#define MUSTER_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct error;

/*
 * One event, one line, one write(2): time, level, process, event word,
 * key=value. The event word is the error's code word where there is one.
 * error: somebody must act now; warn: some day; info: the life of processes;
 * debug: for us. Under journald (JOURNAL_STREAM is our stderr) lines begin
 * with <3>..<7> and carry no time (sd-daemon(3)).
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG };

/* About a request. NULL: about the process. */
struct log_ctx {
	const char *request_id, *route;
};

/* fd is borrowed; -1: stderr. Before this call, warn and above go to stderr. */
void log_open(enum log_level, int fd);

/* "master", "worker 2", "describer": stands in each line from now on. */
void log_name_process(const char *name);

bool log_wants(enum log_level);

void log_event(enum log_level, const struct log_ctx *, const char *event,
    const char *format, ...) PRINTF(4, 5);

#define log_error(ctx, ...) log_event(LOG_LEVEL_ERROR, (ctx), __VA_ARGS__)
#define log_warn(ctx, ...) log_event(LOG_LEVEL_WARN, (ctx), __VA_ARGS__)
#define log_info(ctx, ...) log_event(LOG_LEVEL_INFO, (ctx), __VA_ARGS__)
#define log_debug(ctx, ...) \
	do { \
		if (log_wants(LOG_LEVEL_DEBUG)) \
			log_event(LOG_LEVEL_DEBUG, (ctx), __VA_ARGS__); \
	} while (0)

/* An error as a line: code word, status, op, place, detail. */
void log_problem(enum log_level, const struct log_ctx *,
    const struct error *);

/* A finished line (the access log): written as it is, plus newline. */
void log_line(const char *line, size_t len);

/* For what cannot be: logs, then aborts. */
void log_fatal(const char *format, ...) PRINTF(1, 2) NORETURN;

#endif
