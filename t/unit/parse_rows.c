/*
 * Each row of t/data/http-inputs.txt goes through the parser and the router as
 * a connection would drive them, whole, byte by byte and cut at each place,
 * always with the same outcome. Bytes are handed over in a block of their
 * exact length, so that memory checkers see a read behind the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/report.h"
#include "http/parse.h"
#include "http/router.h"

#define MAX_BODY (1 << 20)

static const struct parse_limits limits = {
	.max_line = 8192, .max_head = 16384, .max_headers = 100,
};

/* ---- a connection without a socket ---------------------------------------*/

enum wire_state { WIRE_HEAD, WIRE_LENGTH, WIRE_CHUNKS, WIRE_CLOSED };

struct wire {
	const struct router *router;
	enum wire_state state;
	struct buf in;
	size_t seen;
	struct parse_head head;
	struct parse_chunks chunks;
	uint64_t left, body;
	int status;
	char answers[100];
	char why[sizeof((struct error){ 0 }.detail)];	/* last refusal */
};

static void
wire_answer(struct wire *wire, int status, bool keep)
{
	size_t len = strlen(wire->answers);

	snprintf(wire->answers + len, sizeof(wire->answers) - len, "%s%d",
	    len == 0 ? "" : " ", status);
	wire->state = keep ? WIRE_HEAD : WIRE_CLOSED;
}

static bool
wire_refuse(struct wire *wire, const struct error *err)
{
	snprintf(wire->why, sizeof(wire->why), "%s", err->detail);
	wire_answer(wire, err->status, false);
	return false;
}

static int
wire_route(const struct wire *wire)
{
	struct router_match match;

	if (wire->head.expect_other)
		return 417;
	if (router_match(wire->router, wire->head.method, wire->head.path,
	    &match) != 0)
		return 400;
	if (match.route != NULL)
		return 200;
	if (!match.found_path)
		return 404;
	return wire->head.method == METHOD_OPTIONS ? 204 : 405;
}

static bool
wire_take_head(struct wire *wire, const char *bytes, size_t len, size_t *used)
{
	struct parse_head *head = &wire->head;
	struct error err;

	memset(head, 0xa5, sizeof(*head));
	switch (parse_head(bytes, len, &wire->seen, &limits, head, used,
	    &err)) {
	case PARSE_MORE:
		return false;
	case PARSE_FAILED:
		return wire_refuse(wire, &err);
	case PARSE_DONE:
		break;
	}
	wire->seen = 0;
	wire->status = wire_route(wire);
	wire->left = head->length;
	wire->body = 0;
	wire->chunks = (struct parse_chunks){ 0 };
	if (!head->chunked && head->length > MAX_BODY) {
		wire_answer(wire, 413, false);
		return false;
	}
	if (head->chunked)
		wire->state = WIRE_CHUNKS;
	else if (wire->left > 0)
		wire->state = WIRE_LENGTH;
	else
		wire_answer(wire, wire->status, head->keep_alive);
	return true;
}

static bool
wire_take_chunks(struct wire *wire, char *bytes, size_t len, size_t *used)
{
	struct error err;
	size_t data = 0;

	switch (parse_chunked(&wire->chunks, bytes, len, MAX_BODY, bytes,
	    &data, used, &err)) {
	case PARSE_FAILED:
		return wire_refuse(wire, &err);
	case PARSE_MORE:
		assert_int_equal(*used, len);
		wire->body += data;
		return false;
	case PARSE_DONE:
		wire->body += data;
		assert_int_equal(wire->body, wire->chunks.total);
		wire_answer(wire, wire->status, wire->head.keep_alive);
		return true;
	}
	return false;
}

/* Takes one thing out of `in`; false: nothing is there to be taken. */
static bool
wire_take(struct wire *wire)
{
	size_t len = wire->in.len, used = 0;
	char *bytes;
	bool more = false;

	if (len == 0 || wire->state == WIRE_CLOSED)
		return false;
	bytes = malloc(len);
	memcpy(bytes, wire->in.data, len);
	if (wire->state == WIRE_HEAD) {
		more = wire_take_head(wire, bytes, len, &used);
	} else if (wire->state == WIRE_CHUNKS) {
		more = wire_take_chunks(wire, bytes, len, &used);
	} else {
		used = len < wire->left ? len : (size_t)wire->left;
		wire->left -= used;
		more = wire->left == 0;
		if (more)
			wire_answer(wire, wire->status,
			    wire->head.keep_alive);
	}
	free(bytes);
	buf_take(&wire->in, used);
	return more;
}

static void
wire_feed(struct wire *wire, const char *bytes, size_t len)
{
	buf_add(&wire->in, bytes, len);
	while (wire_take(wire))
		;
}

static const char *
wire_end(const struct wire *wire)
{
	if (wire->state == WIRE_CLOSED)
		return "closed";
	return wire->state == WIRE_HEAD && wire->in.len == 0 ? "open" :
	    "waits";
}

/* ---- rows ----------------------------------------------------------------*/

struct row {
	char *line;
	const char *number, *what, *answers, *end;
	struct buf bytes;
};

static char *
row_trim(char *text)
{
	char *end = text + strlen(text);

	while (*text == ' ')
		text++;
	while (end > text && (end[-1] == ' ' || end[-1] == '\n'))
		*--end = '\0';
	return text;
}

/* Writes what `at` means up to the byte `stop`; returns where that is. */
static const char *
row_unescape(const char *at, char stop, struct buf *to)
{
	static const char names[] = "rnt\\", bytes[] = "\r\n\t\\";

	while (*at != stop) {
		const char *name;
		unsigned value;

		assert_int_not_equal(*at, '\0');
		if (*at != '\\') {
			buf_add_byte(to, *at++);
			continue;
		}
		name = strchr(names, at[1]);
		if (name != NULL) {
			buf_add_byte(to, bytes[name - names]);
			at += 2;
		} else if (at[1] == 'x') {
			assert_int_equal(sscanf(at + 2, "%2x", &value), 1);
			buf_add_byte(to, (char)value);
			at += 4;
		} else {
			const char *text = strchr(at, '*') + 1;

			assert_int_equal(sscanf(at, "\\<%u*", &value), 1);
			while (value-- > 0)
				at = row_unescape(text, '>', to);
			at++;
		}
	}
	return at;
}

static bool
row_read(FILE *file, struct row *row)
{
	char *line = NULL, *fields[5], *rest;
	size_t size = 0;

	do {
		if (getline(&line, &size, file) == -1) {
			free(line);
			return false;
		}
	} while (line[0] == '#' || line[0] == '\n');
	rest = line;
	for (unsigned i = 0; i < 5; i++) {
		char *field = strsep(&rest, "|");

		if (field == NULL)
			fail_msg("too few fields: %s", line);
		fields[i] = row_trim(field);
	}
	assert_null(rest);
	*row = (struct row){ .line = line, .number = fields[0],
	    .what = fields[1], .answers = fields[3], .end = fields[4] };
	if (strcmp(row->answers, "-") == 0)
		row->answers = "";
	row_unescape(fields[2], '\0', &row->bytes);
	return true;
}

/* ---- the tests over all rows ---------------------------------------------*/

struct rows_state {
	struct router *router;
	struct row rows[300];
	unsigned nrows;
};

static int
rows_setup(void **state)
{
	static int hello, echo, any;
	struct rows_state *rows = calloc(1, sizeof(*rows));
	struct conf_report *report = conf_report_new();
	struct src_pos pos = { 0 };
	const char *srcdir = getenv("srcdir");
	char path[1000];
	FILE *file;

	rows->router = router_new(false);
	router_add(rows->router, METHOD_GET, "/hello", pos, &hello, report);
	router_add(rows->router, METHOD_POST, "/echo", pos, &echo, report);
	router_add(rows->router, METHOD_GET, "/any/{rest*}", pos, &any,
	    report);
	assert_int_equal(conf_report_faults(report), 0);
	conf_report_free(report);
	snprintf(path, sizeof(path), "%s/t/data/http-inputs.txt",
	    srcdir == NULL ? "." : srcdir);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("cannot open %s", path);
	while (rows->nrows < 300 && row_read(file, &rows->rows[rows->nrows]))
		rows->nrows++;
	fclose(file);
	*state = rows;
	return 0;
}

static int
rows_teardown(void **state)
{
	struct rows_state *rows = *state;

	for (unsigned i = 0; i < rows->nrows; i++) {
		buf_release(&rows->rows[i].bytes);
		free(rows->rows[i].line);
	}
	router_free(rows->router);
	free(rows);
	return 0;
}

static void
row_compare(const struct row *row, struct wire *wire, const char *how,
    size_t cut)
{
	if (strcmp(wire->answers, row->answers) != 0 ||
	    strcmp(wire_end(wire), row->end) != 0)
		fail_msg("%s, %s, %s %zu: \"%s\" and %s, not \"%s\" and %s "
		    "(%s)", row->number, row->what, how, cut, wire->answers,
		    wire_end(wire), row->answers, row->end, wire->why);
}

static struct wire *
wire_new(const struct rows_state *rows)
{
	struct wire *wire = calloc(1, sizeof(*wire));

	wire->router = rows->router;
	return wire;
}

static void
wire_free(struct wire *wire)
{
	buf_release(&wire->in);
	free(wire);
}

static void
rows_are_answered_whole(void **state)
{
	const struct rows_state *rows = *state;

	assert_true(rows->nrows >= 200);
	for (unsigned i = 0; i < rows->nrows; i++) {
		const struct row *row = &rows->rows[i];
		struct wire *wire = wire_new(rows);

		wire_feed(wire, row->bytes.data, row->bytes.len);
		row_compare(row, wire, "whole", 0);
		wire_free(wire);
	}
}

static void
rows_are_answered_byte_by_byte(void **state)
{
	const struct rows_state *rows = *state;

	for (unsigned i = 0; i < rows->nrows; i++) {
		const struct row *row = &rows->rows[i];
		struct wire *wire = wire_new(rows);

		for (size_t at = 0; at < row->bytes.len; at++)
			wire_feed(wire, row->bytes.data + at, 1);
		row_compare(row, wire, "byte by byte", 0);
		wire_free(wire);
	}
}

/* The reason must not depend on the cut either. */
static void
rows_are_answered_cut_anywhere(void **state)
{
	const struct rows_state *rows = *state;

	for (unsigned i = 0; i < rows->nrows; i++) {
		const struct row *row = &rows->rows[i];
		struct wire *whole = wire_new(rows);

		wire_feed(whole, row->bytes.data, row->bytes.len);
		for (size_t cut = 1; cut < row->bytes.len; cut++) {
			struct wire *wire = wire_new(rows);

			wire_feed(wire, row->bytes.data, cut);
			wire_feed(wire, row->bytes.data + cut,
			    row->bytes.len - cut);
			row_compare(row, wire, "cut at", cut);
			assert_string_equal(wire->why, whole->why);
			wire_free(wire);
		}
		wire_free(whole);
	}
}

/* What is wrong is refused at the byte that makes it so, not at the end. */
static void
refusals_come_early(void **state)
{
	static const struct { const char *bytes; int status; } cases[] = {
		{ "\x16", 400 }, { "\n", 400 }, { "G@", 400 }, { "FOO ", 501 },
		{ "GET  ", 400 }, { "GET /\x01", 400 }, { "GET /#", 400 },
		{ "GET x ", 400 }, { "GET /%zz ", 400 }, { "GET /\r", 400 },
		{ "GET / h", 400 }, { "GET / HTTP/1.1 ", 400 },
		{ "GET / HTTP/1.1\n", 400 }, { "GET / HTTP/1.1\r\n ", 400 },
		{ "GET / HTTP/2.0\r\n", 505 },
		{ "GET / HTTP/1.1\r\nA ", 400 }, { "GET / HTTP/1.1\r\n:", 400 },
		{ "GET / HTTP/1.1\r\nA: b\n", 400 },
		{ "GET / HTTP/1.1\r\nA: \x7f", 400 },
		{ "GET / HTTP/1.1\r\nA: b\rc", 400 },
	};
	const struct rows_state *rows = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = strlen(cases[i].bytes);
		struct wire *wire = wire_new(rows);
		char status[10];

		snprintf(status, sizeof(status), "%d", cases[i].status);
		wire_feed(wire, cases[i].bytes, len - 1);
		assert_string_equal(wire->answers, "");
		wire_feed(wire, cases[i].bytes + len - 1, 1);
		assert_string_equal(wire->answers, status);
		wire_free(wire);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_come_early),
		cmocka_unit_test(rows_are_answered_whole),
		cmocka_unit_test(rows_are_answered_byte_by_byte),
		cmocka_unit_test(rows_are_answered_cut_anywhere),
	};

	return cmocka_run_group_tests(tests, rows_setup, rows_teardown);
}
