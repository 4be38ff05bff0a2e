/*
 * --help-keys and what the pages in man/ are built from: a setting, an error
 * code or a metric is described in its row and nowhere else.
 */
#include "manual.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "conf/key.h"
#include "op/ops.h"
#include "plan/op.h"
#include "sections.h"

typedef void manual_print_fn(const struct conf_section *, FILE *);

/* One after the other: those of modules, then those of verbs. */
static const struct conf_section *
manual_section(size_t i)
{
	size_t n = 0, verb;

	for (; sections[n] != NULL; n++)
		if (n == i)
			return sections[n];
	for (verb = 0; op_types[verb] != NULL; verb++)
		if (op_types[verb]->section != NULL && n++ == i)
			return op_types[verb]->section;
	return NULL;
}

/* Prints the sections from i on that share a name as one; returns how many. */
static size_t
manual_print_joined(size_t i, manual_print_fn *print, FILE *out)
{
	struct conf_section joined = *manual_section(i);
	const struct conf_section *section;
	struct conf_key *keys = NULL;
	struct buf doc = { NULL, 0, 0 };
	size_t n, nkeys = 0;

	for (n = 0; (section = manual_section(i + n)) != NULL &&
	    strcmp(section->name, joined.name) == 0; n++) {
		keys = memory_grow(keys,
		    (nkeys + section->nkeys + 1) * sizeof(*keys));
		memcpy(keys + nkeys, section->keys,
		    section->nkeys * sizeof(*keys));
		nkeys += section->nkeys;
		buf_printf(&doc, "%s%s", n == 0 ? "" : " ",
		    section->doc == NULL ? "" : section->doc);
	}
	buf_add_byte(&doc, '\0');
	joined.keys = keys;
	joined.nkeys = nkeys;
	joined.doc = doc.data;
	print(&joined, out);
	free(keys);
	buf_release(&doc);
	return n;
}

static void
manual_print_sections(manual_print_fn *print, FILE *out)
{
	size_t i = 0;

	while (manual_section(i) != NULL)
		i += manual_print_joined(i, print, out);
}

void
manual_print_help(FILE *out)
{
	manual_print_sections(conf_section_help, out);
}

void
manual_print_keys(FILE *out)
{
	manual_print_sections(conf_section_mdoc, out);
}

void
manual_print_errors(FILE *out)
{
	const struct error_row *row;
	unsigned i;

	fputs(".Bl -tag -width Ds\n", out);
	for (i = ERROR_NONE + 1; i < ERROR_CODE_COUNT; i++) {
		row = error_row((enum error_code)i);
		fprintf(out, ".It Li %s Pq %d\n", row->word, row->status);
		conf_mdoc_text(row->doc, out);
	}
	fputs(".El\n", out);
}

void
manual_print_metrics(FILE *out)
{
	static const char *const kinds[] = {
		[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	const struct metric_row *row, *last = NULL;
	unsigned i;

	fputs(".Bl -tag -width Ds\n", out);
	for (i = 0; i < METRIC_COUNT; i++) {
		row = metrics_row((enum metric)i);
		if (last != NULL && strcmp(last->name, row->name) == 0)
			continue;
		fprintf(out, ".It Li %s Pq %s\n", row->name,
		    kinds[row->kind]);
		conf_mdoc_text(row->help, out);
		last = row;
	}
	fputs(".El\n", out);
}
