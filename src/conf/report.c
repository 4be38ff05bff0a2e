/*
 * The list of all that is wrong with a configuration. Faults come in the
 * order in which parts are checked; people read files from top to bottom, so
 * they are sorted when they are printed. Files stand in the order in which
 * they were first named, which conf_report_file fixes while they are read.
 */
#include "conf/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

/* So many names are told when none is near; longer lists help nobody. */
enum { REPORT_NAMES_TOLD = 12 };

struct report_line {
	bool is_fault;
	size_t file;		/* index into files */
	unsigned line, column;
	size_t serial;		/* keeps the order of equal places */
	char *text;
};

struct conf_report {
	char **files;
	size_t nfiles;
	struct report_line *lines;
	size_t nlines, room;
	unsigned faults, warnings;
};

struct conf_report *
conf_report_new(void)
{
	return memory_new(sizeof(struct conf_report));
}

static size_t
report_file_index(struct conf_report *report, const char *file)
{
	size_t i;

	if (file == NULL)
		file = "";
	for (i = report->nfiles; i > 0; i--)
		if (strcmp(report->files[i - 1], file) == 0)
			return i - 1;
	report->files = memory_grow(report->files,
	    (report->nfiles + 1) * sizeof(*report->files));
	report->files[report->nfiles] = memory_strdup(file);
	return report->nfiles++;
}

void
conf_report_file(struct conf_report *report, const char *file)
{
	report_file_index(report, file);
}

static bool
report_has(const struct conf_report *report, const struct report_line *new)
{
	const struct report_line *line;
	size_t i;

	for (i = 0; i < report->nlines; i++) {
		line = &report->lines[i];
		if (line->is_fault == new->is_fault &&
		    line->file == new->file && line->line == new->line &&
		    line->column == new->column &&
		    strcmp(line->text, new->text) == 0)
			return true;
	}
	return false;
}

/* Takes the text. */
static void
report_add(struct conf_report *report, bool is_fault, struct src_pos pos,
    char *text)
{
	struct report_line line = {
		.is_fault = is_fault,
		.file = report_file_index(report, pos.file),
		.line = pos.line,
		.column = pos.column,
		.serial = report->nlines,
		.text = text,
	};

	if (report_has(report, &line)) {
		free(text);
		return;
	}
	if (report->nlines == report->room) {
		report->room = report->room == 0 ? 16 : report->room * 2;
		report->lines = memory_grow(report->lines,
		    report->room * sizeof(*report->lines));
	}
	report->lines[report->nlines++] = line;
	if (is_fault)
		report->faults++;
	else
		report->warnings++;
}

static char *
report_format(const char *format, va_list args) PRINTF(1, 0);

static char *
report_format(const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return memory_strdup("a fault that cannot be printed");
	text = memory_new((size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

void
conf_fault(struct conf_report *report, struct src_pos pos, const char *format,
    ...)
{
	va_list args;

	va_start(args, format);
	report_add(report, true, pos, report_format(format, args));
	va_end(args);
}

void
conf_warn(struct conf_report *report, struct src_pos pos, const char *format,
    ...)
{
	va_list args;

	va_start(args, format);
	report_add(report, false, pos, report_format(format, args));
	va_end(args);
}

void
conf_fault_unknown(struct conf_report *report, struct src_pos pos,
    const char *what, const char *name, const char *const names[])
{
	const char *nearest = text_nearest(name, names);
	struct buf buf = { 0 };
	size_t i, n;

	buf_printf(&buf, "unknown %s \"%s\"", what, name);
	for (n = 0; names[n] != NULL; n++)
		continue;
	if (nearest != NULL && strcmp(nearest, name) != 0)
		buf_printf(&buf, "; did you mean \"%s\"?", nearest);
	else if (n > 0 && n <= REPORT_NAMES_TOLD) {
		buf_printf(&buf, n == 1 ? "; only %s is known" :
		    "; known are %s", names[0]);
		for (i = 1; i < n; i++)
			buf_printf(&buf, "%s%s", i + 1 == n ? " and " : ", ",
			    names[i]);
	}
	conf_fault(report, pos, "%.*s", (int)buf.len, buf.data);
	buf_release(&buf);
}

unsigned
conf_report_faults(const struct conf_report *report)
{
	return report->faults;
}

unsigned
conf_report_warnings(const struct conf_report *report)
{
	return report->warnings;
}

static int
report_compare(const void *a, const void *b)
{
	const struct report_line *left = *(const struct report_line *const *)a;
	const struct report_line *right = *(const struct report_line *const *)b;

	if (left->file != right->file)
		return left->file < right->file ? -1 : 1;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	return left->serial < right->serial ? -1 : 1;
}

void
conf_report_each(const struct conf_report *report,
    void (*fn)(void *arg, bool is_fault, struct src_pos, const char *text),
    void *arg)
{
	const struct report_line **sorted;
	size_t i;

	if (report->nlines == 0)
		return;
	sorted = memory_new(report->nlines * sizeof(const void *));
	for (i = 0; i < report->nlines; i++)
		sorted[i] = &report->lines[i];
	qsort(sorted, report->nlines, sizeof(const void *), report_compare);
	for (i = 0; i < report->nlines; i++) {
		const char *file = report->files[sorted[i]->file];
		struct src_pos pos = {
			file[0] == '\0' ? NULL : file,
			sorted[i]->line, sorted[i]->column
		};

		fn(arg, sorted[i]->is_fault, pos, sorted[i]->text);
	}
	free(sorted);
}

static void
report_print_line(void *arg, bool is_fault, struct src_pos pos,
    const char *text)
{
	FILE *out = arg;

	if (pos.file != NULL)
		fprintf(out, "%s:", pos.file);
	if (pos.file != NULL && pos.line != 0)
		fprintf(out, "%u:%u:", pos.line, pos.column);
	fprintf(out, "%s%s%s\n", pos.file != NULL ? " " : "",
	    is_fault ? "" : "warning: ", text);
}

void
conf_report_print(const struct conf_report *report, FILE *out)
{
	conf_report_each(report, report_print_line, out);
}

void
conf_report_free(struct conf_report *report)
{
	size_t i;

	if (report == NULL)
		return;
	for (i = 0; i < report->nlines; i++)
		free(report->lines[i].text);
	for (i = 0; i < report->nfiles; i++)
		free(report->files[i]);
	free(report->lines);
	free(report->files);
	free(report);
}
