/*
 * Text of server.conf for units: read from a file of its own, faults as lines
 * without the file's name.
 */
#ifndef MUSTER_T_UNIT_CONF_TEXT_H
#define MUSTER_T_UNIT_CONF_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/node.h"
#include "conf/report.h"

struct conf_text {
	struct conf *conf;
	struct conf_report *report;
	const struct conf_node *root;
};

static void
conf_text_load(struct conf_text *text, const char *source)
{
	char path[] = "/tmp/muster-unit-XXXXXX";
	int fd = mkstemp(path), unreadable;

	if (fd < 0 || write(fd, source, strlen(source)) !=
	    (ssize_t)strlen(source))
		fail_msg("could not write %s", path);
	close(fd);
	text->report = conf_report_new();
	text->conf = conf_load(path, text->report, &unreadable);
	unlink(path);
	assert_non_null(text->conf);
	text->root = conf_root(text->conf);
}

static void
conf_text_free(struct conf_text *text)
{
	conf_free(text->conf);
	conf_report_free(text->report);
}

static inline void
conf_text_line(void *arg, bool is_fault, struct src_pos pos,
    const char *message)
{
	buf_printf(arg, "%s%u:%u: %s\n", is_fault ? "" : "warning: ",
	    pos.line, pos.column, message);
}

/* What was reported, one fault a line: "3:7: unknown name ...". */
static inline void
conf_text_assert(struct conf_text *text, const char *expected)
{
	struct buf lines = { NULL, 0, 0 };

	conf_report_each(text->report, conf_text_line, &lines);
	buf_add_byte(&lines, '\0');
	assert_string_equal(lines.data, expected);
	buf_release(&lines);
}

#endif
