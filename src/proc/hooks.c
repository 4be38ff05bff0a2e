/*
 * Hooks: what has to be done once, before the first request and after the
 * last. A failing start-up hook means that nothing is served.
 */
#include "proc/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/log.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "io/pg_script.h"
#include "proc/hook_program.h"
#include "proc/master.h"

struct hook_conf {
	const char *exec;
	const char *sql_file;
	const struct conf_node *run;
	int64_t timeout_ms;
};

static const struct conf_key hook_keys[] = {
	{ .name = "exec", .type = CONF_TYPE_STRING,
	  .at = offsetof(struct hook_conf, exec),
	  .doc = "SQL to run; several commands are one transaction." },
	{ .name = "sql_file", .type = CONF_TYPE_STRING,
	  .at = offsetof(struct hook_conf, sql_file),
	  .doc = "A file of SQL to run, relative to this file." },
	{ .name = "run", .type = CONF_TYPE_STRINGS,
	  .at = offsetof(struct hook_conf, run),
	  .doc = "A program and its arguments, without a shell. What it "
	      "prints goes to the log; it must end with status 0." },
	{ .name = "timeout", .type = CONF_TYPE_TIME,
	  .at = offsetof(struct hook_conf, timeout_ms), .dflt = "30s",
	  .min = 1, .max = 86400000,
	  .doc = "How long it may take. A database that cannot be reached "
	      "is tried again until then." },
};

const struct conf_section hook_section = {
	.name = "hook", .where = "startup.NAME, shutdown.NAME",
	.size = sizeof(struct hook_conf),
	.keys = hook_keys, .nkeys = ARRAY_LEN(hook_keys),
	.doc = "One step; it has exactly one of exec, sql_file and run.",
};

/* The path of a file named in server.conf: beside the file that names it. */
static void
hook_path(const struct conf_node *node, const char *name, struct buf *path)
{
	const char *from = conf_node_pos(node).file;
	const char *slash = from == NULL ? NULL : strrchr(from, '/');

	if (name[0] != '/' && slash != NULL)
		buf_add(path, from, (size_t)(slash + 1 - from));
	buf_add(path, name, strlen(name) + 1);
}

static void
hook_check_file(const struct conf_node *node, const char *name,
    struct conf_report *report)
{
	struct buf path = { 0 };

	hook_path(node, name, &path);
	if (access(path.data, R_OK) == -1)
		conf_fault(report,
		    conf_node_pos(conf_node_find(node, "sql_file")),
		    "cannot read \"%s\": %s", path.data, strerror(errno));
	buf_release(&path);
}

static int
hook_read(const struct conf_node *node, struct hook_conf *hook,
    struct conf_report *report)
{
	struct conf_into into = { &hook_section, hook };

	if (conf_node_kind(node) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(node),
		    "hook \"%s\" is a group, not %s", conf_node_name(node),
		    conf_node_kind_name(node));
		return -1;
	}
	return conf_read(node, &into, 1, report);
}

static void
hook_check(const struct conf_node *node, struct conf_report *report)
{
	struct hook_conf hook = { 0 };
	int verbs;

	if (hook_read(node, &hook, report) == -1)
		return;
	verbs = (hook.exec != NULL) + (hook.sql_file != NULL) +
	    (hook.run != NULL);
	if (verbs != 1)
		conf_fault(report, conf_node_pos(node),
		    "hook \"%s\" has %s of exec, sql_file and run; it needs "
		    "exactly one", conf_node_name(node),
		    verbs == 0 ? "none" : "more than one");
	if (hook.sql_file != NULL)
		hook_check_file(node, hook.sql_file, report);
}

void
hooks_check(const struct conf_node *hooks, struct conf_report *report)
{
	if (hooks == NULL)
		return;
	if (conf_node_kind(hooks) != CONF_GROUP) {
		conf_fault(report, conf_node_pos(hooks),
		    "\"%s\" is a group of hooks, not %s",
		    conf_node_name(hooks), conf_node_kind_name(hooks));
		return;
	}
	for (size_t i = 0; i < conf_node_count(hooks); i++)
		hook_check(conf_node_at(hooks, i), report);
}

static int
hook_read_file(const char *path, struct buf *text, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not open \"%s\": %s", path, strerror(errno));
	while (n > 0) {
		n = read(fd, buf_reserve(text, 65536), 65536);
		if (n > 0)
			text->len += (size_t)n;
	}
	close(fd);
	if (n == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not read \"%s\": %s", path, strerror(errno));
	buf_add_byte(text, '\0');
	return 0;
}

/* Line and column of a byte of a text, from 1. */
static void
hook_place(const char *text, size_t offset, struct src_pos *pos)
{
	pos->line = pos->column = 1;
	for (size_t i = 0; i < offset && text[i] != '\0'; i++) {
		pos->column++;
		if (text[i] == '\n') {
			pos->line++;
			pos->column = 1;
		}
	}
}

static int
hook_run_exec(const struct conf_node *node, const char *sql,
    const struct pg_conf *database, int64_t deadline_ms, struct error *err)
{
	const struct conf_node *text = conf_node_find(node, "exec");
	size_t offset = (size_t)-1;
	int result = pg_script_run(database, sql, deadline_ms, &offset, err);

	if (result == -1 && offset != (size_t)-1)
		err->pos = conf_node_text_pos(text, offset);
	return result;
}

/* The place of an error borrows path. */
static int
hook_run_file(const char *path, const struct pg_conf *database,
    int64_t deadline_ms, struct error *err)
{
	size_t offset = (size_t)-1;
	struct buf text = { 0 };
	int result;

	result = hook_read_file(path, &text, err);
	if (result == 0) {
		result = pg_script_run(database, text.data, deadline_ms,
		    &offset, err);
		if (result == -1 && offset != (size_t)-1) {
			err->pos.file = path;
			hook_place(text.data, offset, &err->pos);
		}
	}
	buf_release(&text);
	return result;
}

static int
hook_run(const struct conf_node *node, const struct pg_conf *database,
    struct buf *path, struct error *err)
{
	struct conf_report *report = conf_report_new();
	struct hook_conf hook = { 0 };
	int64_t deadline_ms;
	int result = hook_read(node, &hook, report);

	conf_report_free(report);	/* was checked at load */
	if (result == -1)
		return error_set(err, ERROR_INTERNAL, "cannot be read");
	err->pos = conf_node_pos(node);
	deadline_ms = clock_ms() + hook.timeout_ms;
	if (hook.exec != NULL)
		return hook_run_exec(node, hook.exec, database, deadline_ms,
		    err);
	if (hook.sql_file != NULL) {
		hook_path(node, hook.sql_file, path);
		return hook_run_file(path->data, database, deadline_ms, err);
	}
	return hook_program_run(conf_node_name(node), hook.run, deadline_ms,
	    err);
}

int
hooks_run(const struct conf_node *hooks, const struct pg_conf *database)
{
	struct buf path = { 0 };	/* of a file that err may point at */
	struct error err;

	for (size_t i = 0; hooks != NULL && i < conf_node_count(hooks); i++) {
		const struct conf_node *node = conf_node_at(hooks, i);
		int64_t begun_ms = clock_ms();

		memset(&err, 0, sizeof(err));
		buf_release(&path);
		if (hook_run(node, database, &path, &err) == 0) {
			log_info(NULL, "hook", "name=%s.%s ms=%lld",
			    conf_node_name(hooks), conf_node_name(node),
			    (long long)(clock_ms() - begun_ms));
			continue;
		}
		if (err.pos.line == 0)
			err.pos = conf_node_pos(node);
		log_error(NULL, "hook_failed", "at=%s:%u:%u name=%s.%s %s%s%s",
		    err.pos.file, err.pos.line, err.pos.column,
		    conf_node_name(hooks), conf_node_name(node), err.message,
		    err.detail[0] == '\0' ? "" : ": ", err.detail);
		buf_release(&path);
		return err.code == ERROR_DB_UNAVAILABLE ?
		    EXIT_CODE_NO_DATABASE : EXIT_CODE_RUNTIME;
	}
	buf_release(&path);
	return EXIT_CODE_OK;
}
