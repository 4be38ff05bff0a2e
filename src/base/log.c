/*
 * Lines for people and programs. A line is put together on the stack and
 * leaves in one write, so that processes and threads do not mix theirs, and
 * nothing here needs memory: it must work when there is none.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

/* A pipe takes this much in one piece (PIPE_BUF). */
#define LOG_LINE 4096

static struct {
	enum log_level level;
	int fd;
	bool journal;
	char process[32];
} log_state = { .level = LOG_LEVEL_WARN, .fd = STDERR_FILENO };

static const struct {
	const char *word, *journal;	/* sd-daemon(3) */
} log_levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
	[LOG_LEVEL_WARN] = { "warn", "<4>" },
	[LOG_LEVEL_INFO] = { "info", "<6>" },
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
};

struct log_out {
	char line[LOG_LINE];
	size_t len;
	bool cut;
};

/* systemd says which file the journal reads; ours may have been redirected. */
static bool
log_fd_is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(fd, &st) == 0 && st.st_dev == device &&
	    st.st_ino == inode;
}

void
log_open(enum log_level level, int fd)
{
	log_state.level = level;
	log_state.fd = fd < 0 ? STDERR_FILENO : fd;
	log_state.journal = log_state.fd == STDERR_FILENO &&
	    log_fd_is_journal(STDERR_FILENO);
}

void
log_name_process(const char *name)
{
	snprintf(log_state.process, sizeof(log_state.process), "%s", name);
}

bool
log_wants(enum log_level level)
{
	return level <= log_state.level;
}

/* What a file or a terminal refuses is lost: there is nobody to tell. */
static void
log_write(struct iovec *iov, int count)
{
	int saved_errno = errno;
	ssize_t n;

	while (count > 0) {
		n = writev(log_state.fd, iov, count);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		while (count > 0 && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	errno = saved_errno;
}

/* Room is kept for the longest escape, the marks of a cut and the newline. */
static bool
log_is_full(struct log_out *out)
{
	if (!out->cut && out->len > sizeof(out->line) - 8) {
		memcpy(out->line + out->len, "...", 3);
		out->len += 3;
		out->cut = true;
	}
	return out->cut;
}

/*
 * Control characters would break the line or command the terminal, so they
 * go out as \xNN; inside quotes, quotes and backslashes get a backslash.
 */
static void
log_add(struct log_out *out, const char *text, bool quoted)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char byte;
	char *to;

	for (; *text != '\0' && !log_is_full(out); text++) {
		byte = (unsigned char)*text;
		to = out->line + out->len;
		if (byte < 0x20 || byte == 0x7f) {
			to[0] = '\\';
			to[1] = 'x';
			to[2] = hex[byte >> 4];
			to[3] = hex[byte & 15];
			out->len += 4;
			continue;
		}
		if (quoted && (byte == '"' || byte == '\\')) {
			*to++ = '\\';
			out->len++;
		}
		*to = (char)byte;
		out->len++;
	}
}

static void
log_add_key(struct log_out *out, const char *key, const char *text)
{
	log_add(out, " ", false);
	log_add(out, key, false);
	log_add(out, "=", false);
	log_add(out, text, false);
}

static void
log_add_quoted(struct log_out *out, const char *key, const char *text)
{
	log_add(out, " ", false);
	log_add(out, key, false);
	log_add(out, "=\"", false);
	log_add(out, text, true);
	log_add(out, "\"", false);
}

static void
log_begin(struct log_out *out, enum log_level level, const struct log_ctx *ctx,
    const char *event)
{
	char now[25];

	out->len = 0;
	out->cut = false;
	if (log_state.journal) {
		log_add(out, log_levels[level].journal, false);
	} else {
		clock_iso(now);
		log_add(out, now, false);
		log_add(out, " ", false);
		log_add(out, log_levels[level].word, false);
		log_add(out, " ", false);
	}
	if (log_state.process[0] != '\0') {
		log_add(out, "[", false);
		log_add(out, log_state.process, false);
		log_add(out, "] ", false);
	}
	log_add(out, event, false);
	if (ctx != NULL && ctx->request_id != NULL)
		log_add_key(out, "request", ctx->request_id);
	if (ctx != NULL && ctx->route != NULL)
		log_add_key(out, "route", ctx->route);
}

static void
log_end(struct log_out *out)
{
	struct iovec iov = { .iov_base = out->line };

	out->line[out->len++] = '\n';
	iov.iov_len = out->len;
	log_write(&iov, 1);
}

static void PRINTF(4, 0)
log_vevent(enum log_level level, const struct log_ctx *ctx, const char *event,
    const char *format, va_list args)
{
	char text[LOG_LINE];
	struct log_out out;

	vsnprintf(text, sizeof(text), format, args);
	log_begin(&out, level, ctx, event);
	if (text[0] != '\0') {
		log_add(&out, " ", false);
		log_add(&out, text, false);
	}
	log_end(&out);
}

void
log_event(enum log_level level, const struct log_ctx *ctx, const char *event,
    const char *format, ...)
{
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	log_vevent(level, ctx, event, format, args);
	va_end(args);
}

static void
log_add_error(struct log_out *out, const struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", err->status);
	log_add_key(out, "status", text);
	if (err->op != NULL)
		log_add_key(out, "op", err->op);
	if (err->pos.line > 0 && err->pos.file != NULL) {
		log_add_key(out, "at", err->pos.file);
		snprintf(text, sizeof(text), ":%u:%u", err->pos.line,
		    err->pos.column);
		log_add(out, text, false);
	}
	if (err->sqlstate[0] != '\0')
		log_add_key(out, "sqlstate", err->sqlstate);
	if (err->constraint[0] != '\0')
		log_add_quoted(out, "constraint", err->constraint);
	if (err->column[0] != '\0')
		log_add_quoted(out, "column", err->column);
	if (err->message[0] != '\0')
		log_add_quoted(out, "message", err->message);
	if (err->detail[0] != '\0')
		log_add_quoted(out, "detail", err->detail);
}

void
log_problem(enum log_level level, const struct log_ctx *ctx,
    const struct error *err)
{
	struct log_out out;

	if (!log_wants(level))
		return;
	log_begin(&out, level, ctx, error_row(err->code)->word);
	log_add_error(&out, err);
	log_end(&out);
}

void
log_line(const char *line, size_t len)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)line, .iov_len = len },
		{ .iov_base = (void *)"\n", .iov_len = 1 },
	};

	log_write(iov, 2);
}

void
log_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vevent(LOG_LEVEL_ERROR, NULL, "fatal", format, args);
	va_end(args);
	abort();
}
