/*
 * A target for libFuzzer (make conf_fuzz, then ./conf_fuzz -max_len=2048 DIR).
 * Whatever the bytes of a file are: what our syntax lets pass, libconfig must
 * read, and read in the same way; every node stands inside the file, every
 * byte of a string where we say it was written; and what is dumped can be
 * read again and dumps as the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "conf/file.h"
#include "conf/key.h"
#include "conf/node.h"
#include "conf/report.h"
#include "conf/tree.h"

#define MUST(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
			    #what); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Where a line and a column are in the source; SIZE_MAX: nowhere. */
static size_t
pos_offset(const struct conf_source *source, struct src_pos pos)
{
	const char *line = source->text, *end;
	unsigned n;

	for (n = 1; n < pos.line; n++) {
		line = memchr(line, '\n',
		    source->length - (size_t)(line - source->text));
		if (line == NULL)
			return SIZE_MAX;
		line++;
	}
	end = memchr(line, '\n', source->length -
	    (size_t)(line - source->text));
	if (end == NULL)
		end = source->text + source->length;
	if (pos.line == 0 || pos.column == 0 ||
	    pos.column - 1 > (size_t)(end - line))
		return SIZE_MAX;
	return (size_t)(line - source->text) + pos.column - 1;
}

/* A byte that is no escape stands there as it is. */
static void
check_string(const struct conf_node *node)
{
	size_t i, at;

	for (i = 0; i < node->length; i++) {
		at = pos_offset(node->source, conf_node_text_pos(node, i));
		MUST(at < node->source->length);
		MUST(node->source->text[at] == node->text[i] ||
		    node->source->text[at] == '\\');
	}
}

static void
check_node(const struct conf_node *node)
{
	static const char first[] = {
		[CONF_GROUP] = '{', [CONF_LIST] = '(', [CONF_ARRAY] = '[',
		[CONF_STRING] = '"',
	};
	size_t at = pos_offset(node->source, conf_node_pos(node)), i;
	int64_t number;

	MUST(at <= node->source->length);
	MUST(node->parent == NULL || at == node->offset);
	MUST(node->parent == NULL || node->kind > CONF_STRING ||
	    node->source->text[at] == first[node->kind]);
	if (node->name != NULL) {
		at = pos_offset(node->source, conf_node_name_pos(node)) +
		    node->starred;
		MUST(strncmp(node->source->text + at, node->name,
		    strlen(node->name)) == 0);
		MUST(node_find(node->parent, node->name) == node);
	}
	if (node->kind == CONF_STRING)
		check_string(node);
	if (node->kind == CONF_INTEGER)
		(void)conf_node_integer(node, &number);
	for (i = 0; i < conf_node_count(node); i++)
		check_node(conf_node_at(node, i));
}

static void
check_fault(void *arg, bool is_fault, struct src_pos pos, const char *text)
{
	(void)is_fault;
	MUST(pos_offset(arg, pos) != SIZE_MAX);
	MUST(strncmp(text, "libconfig reads", 15) != 0);
	MUST(strcmp(text, "syntax error") != 0);
	MUST(strcmp(text, "duplicate setting name") != 0);
	MUST(strcmp(text, "mismatched element type in array") != 0);
}

/* Closes nothing: the text of the root is the file's, with its newline. */
static struct conf_node *
read_bytes(const void *bytes, size_t size, struct arena *arena,
    struct conf_report *report)
{
	int fd = memfd_create("conf_fuzz", MFD_CLOEXEC);
	struct conf_node *root;
	char why[200];

	MUST(fd >= 0);
	MUST(write(fd, bytes, size) == (ssize_t)size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	root = file_read(fd, "f", arena, report, why, sizeof(why));
	MUST(root != NULL);
	return root;
}

static char *
dump(const struct conf_node *root, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	MUST(out != NULL);
	conf_node_dump(root, 0, out);
	fclose(out);
	return text;
}

static void
check_dump(const struct conf_node *root, struct arena *arena)
{
	struct conf_report *report = conf_report_new();
	size_t len, len_again;
	char *once = dump(root, &len), *twice;

	root = read_bytes(once, len, arena, report);
	MUST(conf_report_faults(report) == 0);
	twice = dump(root, &len_again);
	MUST(len == len_again && memcmp(once, twice, len) == 0);
	free(once);
	free(twice);
	conf_report_free(report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new();
	struct conf_report *report = conf_report_new();
	struct conf_node *root = read_bytes(bytes, size, arena, report);

	conf_report_each(report, check_fault, (void *)root->source);
	MUST(!root->holed || conf_report_faults(report) > 0);
	check_node(root);
	if (conf_report_faults(report) == 0)
		check_dump(root, arena);
	conf_report_free(report);
	arena_free(arena);
	return 0;
}
