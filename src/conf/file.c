/*
 * One file from its bytes to a tree. The syntax is judged twice: by syntax.c
 * for its messages, then by libconfig, whose word holds. The tree is built
 * from libconfig's by walking its settings and the tokens in step, which
 * gives each node its exact place; where the two part, we say so and stop.
 */
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "conf/report.h"
#include "conf/scanner.h"
#include "conf/syntax.h"
#include "conf/tree.h"

struct walk {
	struct scanner scanner;
	struct token token;		/* not yet taken */
	const struct conf_source *source;
	struct conf_report *report;
};

static int walk_value(struct walk *, const config_setting_t *,
    struct conf_node **);

int
file_open(const char *path, struct file_id *id, char *why, size_t size)
{
	struct stat status;
	int fd;

	/* O_NONBLOCK: a FIFO must not hold us up; fstat refuses it then. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0) {
		snprintf(why, size, "%s", strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		snprintf(why, size, S_ISDIR(status.st_mode) ?
		    "it is a directory" : "it is not a regular file");
	} else if (status.st_size > (off_t)FILE_MAX_BYTES) {
		snprintf(why, size, "it has more than %u bytes",
		    FILE_MAX_BYTES);
	} else {
		*id = (struct file_id){ status.st_dev, status.st_ino };
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
file_is_trusted(int fd, char *why, size_t size)
{
	struct stat status;

	if (geteuid() != 0)
		return true;
	if (fstat(fd, &status) < 0)
		snprintf(why, size, "%s", strerror(errno));
	else if (status.st_uid != 0)
		snprintf(why, size, "musterd runs as root, but the file "
		    "belongs to another user; chown root it");
	else if ((status.st_mode & 022) != 0)
		snprintf(why, size, "musterd runs as root, but others may "
		    "write the file; chmod go-w it");
	else
		return true;
	return false;
}

/*
 * The whole file, closed by a newline (libconfig takes a comment on a last
 * line without one for a syntax error) and a NUL.
 */
static char *
file_bytes(int fd, struct arena *arena, size_t *length)
{
	struct stat status;
	size_t room, len = 0;
	ssize_t n;
	char *text;

	if (fstat(fd, &status) < 0)
		return NULL;
	room = (size_t)status.st_size;
	text = arena_bytes(arena, room + 2);
	while (len < room) {
		n = read(fd, text + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len > 0 && text[len - 1] != '\n')
		text[len++] = '\n';
	text[len] = '\0';
	*length = len;
	return text;
}

/* The first byte of a text that is not UTF-8. */
static size_t
text_bad_byte(const char *text, size_t length)
{
	size_t i, n;

	for (i = 0; i < length; i += n) {
		for (n = 1; n <= 4 && i + n <= length; n++)
			if (json_utf8_valid((struct text){ text + i, n }))
				break;
		if (n > 4 || i + n > length)
			break;
	}
	return i;
}

/* Bytes that are no text. Returns 0, or -1 with a fault told. */
static int
file_check_bytes(const char *text, size_t length, const char *path,
    struct conf_report *report)
{
	struct src_pos pos = { path, 1, 1 };
	const char *line = text, *end;
	size_t bad;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		conf_fault(report, pos, "the file begins with a byte order "
		    "mark; save it as UTF-8 without one");
		return -1;
	}
	for (; line < text + length; line = end + 1, pos.line++) {
		end = memchr(line, '\n', length - (size_t)(line - text));
		if (end == NULL)
			end = text + length;
		bad = (size_t)(end - line);
		if (memchr(line, '\0', bad) != NULL)
			bad = strlen(line);
		else if (!json_utf8_valid((struct text){ line, bad }))
			bad = text_bad_byte(line, bad);
		else
			continue;
		pos.column = (unsigned)bad + 1;
		conf_fault(report, pos, line[bad] == '\0' ?
		    "the file holds a NUL byte; is it text in UTF-8?" :
		    "this byte (0x%02x) is not UTF-8",
		    (unsigned)(unsigned char)line[bad]);
		return -1;
	}
	return 0;
}

static void
walk_take(struct walk *walk)
{
	scanner_next(&walk->scanner, &walk->token);
}

static int
walk_expect(struct walk *walk, enum token_kind kind)
{
	if (walk->token.kind != kind)
		return -1;
	walk_take(walk);
	return 0;
}

static void
walk_place(struct walk *walk, struct conf_node *node)
{
	node->offset = (uint32_t)walk->token.offset;
	node->line = walk->token.line;
	node->column = walk->token.column;
}

/* name and "=", the value, and the separator that may follow. */
static int
walk_setting(struct walk *walk, const config_setting_t *setting,
    struct conf_node *group)
{
	const char *name = config_setting_name(setting);
	struct token token = walk->token;
	struct conf_node *node;

	if (name == NULL || token.kind != TOKEN_WORD ||
	    strlen(name) != token.length ||
	    memcmp(name, token.at, token.length) != 0)
		return -1;
	walk_take(walk);
	if (walk_expect(walk, TOKEN_ASSIGN) < 0 ||
	    walk_value(walk, setting, &node) < 0)
		return -1;
	node->starred = name[0] == '*';
	node->name = arena_strdup(walk->source->arena,
	    node->starred ? name + 1 : name);
	node->name_line = token.line;
	node->name_column = token.column;
	node_add(group, node);
	if (walk->token.kind == TOKEN_SEPARATOR)
		walk_take(walk);
	return 0;
}

static int
walk_settings(struct walk *walk, const config_setting_t *setting,
    struct conf_node *group)
{
	int i, n = config_setting_length(setting);

	for (i = 0; i < n; i++)
		if (walk_setting(walk, config_setting_get_elem(setting,
		    (unsigned)i), group) < 0)
			return -1;
	return 0;
}

static int
walk_elements(struct walk *walk, const config_setting_t *setting,
    struct conf_node *list)
{
	int i, n = config_setting_length(setting);
	struct conf_node *node;

	for (i = 0; i < n; i++) {
		if (i > 0 && walk_expect(walk, TOKEN_SEPARATOR) < 0)
			return -1;
		if (walk_value(walk, config_setting_get_elem(setting,
		    (unsigned)i), &node) < 0)
			return -1;
		node_add(list, node);
	}
	return 0;
}

static size_t
string_made(const struct token *token)
{
	size_t i, n, made, sum = 0;

	for (i = 1; (n = string_step(token->at + i, token->length - i,
	    &made)) > 0; i += n)
		sum += made;
	return sum;
}

/*
 * The value is libconfig's; if it is not as long as what we read, positions
 * inside of it would be wrong, so that counts as a parting of ways.
 */
static int
walk_string(struct walk *walk, const config_setting_t *setting,
    struct conf_node *node)
{
	const char *text = config_setting_get_string(setting);
	size_t made = 0;

	if (walk->token.kind != TOKEN_STRING)
		return -1;
	while (walk->token.kind == TOKEN_STRING) {
		made += string_made(&walk->token);
		walk_take(walk);
	}
	/* libconfig has no value for "" in some places. */
	if (text == NULL)
		text = "";
	if (strlen(text) != made)
		return -1;
	node->text = arena_strdup(walk->source->arena, text);
	node->length = (uint32_t)made;
	if (!json_utf8_valid((struct text){ node->text, made }))
		conf_fault(walk->report, conf_node_text_pos(node,
		    text_bad_byte(node->text, made)),
		    "this escape makes a byte that is not UTF-8");
	return 0;
}

static int
walk_word(struct walk *walk, const config_setting_t *setting,
    struct conf_node *node)
{
	if (walk->token.kind != TOKEN_WORD)
		return -1;
	node->text = arena_text(walk->source->arena,
	    (struct text){ walk->token.at, walk->token.length });
	node->length = (uint32_t)walk->token.length;
	if (node->kind == CONF_BOOLEAN)
		node->truth = config_setting_get_bool(setting) == CONFIG_TRUE;
	walk_take(walk);
	return 0;
}

static int
setting_kind(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		return CONF_GROUP;
	case CONFIG_TYPE_LIST:
		return CONF_LIST;
	case CONFIG_TYPE_ARRAY:
		return CONF_ARRAY;
	case CONFIG_TYPE_STRING:
		return CONF_STRING;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return CONF_INTEGER;
	case CONFIG_TYPE_FLOAT:
		return CONF_FLOAT;
	case CONFIG_TYPE_BOOL:
		return CONF_BOOLEAN;
	}
	return -1;
}

static int
walk_value(struct walk *walk, const config_setting_t *setting,
    struct conf_node **made)
{
	int kind = setting_kind(setting), status;
	struct conf_node *node;

	if (kind < 0)
		return -1;
	node = node_new(walk->source, (enum conf_kind)kind);
	*made = node;
	walk_place(walk, node);
	switch ((enum conf_kind)kind) {
	case CONF_STRING:
		return walk_string(walk, setting, node);
	case CONF_INTEGER:
	case CONF_FLOAT:
	case CONF_BOOLEAN:
		return walk_word(walk, setting, node);
	case CONF_GROUP:
	case CONF_LIST:
	case CONF_ARRAY:
		break;
	}
	if (walk_expect(walk, TOKEN_OPEN) < 0)
		return -1;
	status = kind == CONF_GROUP ? walk_settings(walk, setting, node) :
	    walk_elements(walk, setting, node);
	return status < 0 ? -1 : walk_expect(walk, TOKEN_CLOSE);
}

/* Of the text that syntax_check found good. */
static int
file_parse(const struct conf_source *source, struct conf_node *root,
    struct conf_report *report)
{
	struct walk walk = { .source = source, .report = report };
	struct src_pos pos = { source->path, 1, 1 };
	config_t config;
	int status = -1;

	config_init(&config);
	scanner_init(&walk.scanner, source->text, source->length);
	walk_take(&walk);
	if (config_read_string(&config, source->text) != CONFIG_TRUE) {
		pos.line = (unsigned)config_error_line(&config);
		conf_fault(report, pos, "%s", config_error_text(&config));
	} else if (walk_settings(&walk, config_root_setting(&config),
	    root) < 0 || walk.token.kind != TOKEN_END) {
		pos.line = walk.token.line;
		pos.column = walk.token.column;
		conf_fault(report, pos, "libconfig reads this in another way "
		    "than musterd does; please report it");
	} else
		status = 0;
	config_destroy(&config);
	return status;
}

static struct conf_node *
file_root(const struct conf_source *source)
{
	struct conf_node *root = node_new(source, CONF_GROUP);

	root->line = root->column = 1;
	return root;
}

struct conf_node *
file_hole(const char *path, struct arena *arena)
{
	struct conf_source *source = arena_alloc(arena, sizeof(*source));
	struct conf_node *root;

	*source = (struct conf_source){
		.path = arena_strdup(arena, path), .text = "", .arena = arena
	};
	root = file_root(source);
	root->holed = true;
	return root;
}

struct conf_node *
file_read(int fd, const char *path, struct arena *arena,
    struct conf_report *report, char *why, size_t size)
{
	struct conf_source *source = arena_alloc(arena, sizeof(*source));
	struct conf_node *root;
	char *text;

	source->path = arena_strdup(arena, path);
	source->arena = arena;
	text = file_bytes(fd, arena, &source->length);
	if (text == NULL)
		snprintf(why, size, "%s", strerror(errno));
	close(fd);
	if (text == NULL)
		return NULL;
	source->text = text;
	conf_report_file(report, path);
	root = file_root(source);
	if (file_check_bytes(text, source->length, source->path, report) < 0 ||
	    syntax_check(text, source->length, source->path, report) < 0 ||
	    file_parse(source, root, report) < 0) {
		root = file_root(source);
		root->holed = true;
	}
	return root;
}
