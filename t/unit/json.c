/*
 * The scanner against two files of texts (t/data/json-*.txt), and what is
 * beyond the grammar: keys, depth, strings, offsets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

#define DEPTH 32

static struct arena *arena;

static int
begin(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_free(arena);
	arena_release_kept();
	return 0;
}

/* A copy of exactly its size, so that ASan sees a read beyond the text. */
static int
scan(struct text text, struct json_doc *doc, struct json_error *error)
{
	char *copy = arena_bytes(arena, text.len);

	if (text.len > 0)
		memcpy(copy, text.at, text.len);
	return json_scan(copy, text.len, DEPTH, arena, doc, error);
}

static struct json_doc
scan_good(const char *text)
{
	struct json_doc doc;
	struct json_error error;

	if (scan(text_of(text), &doc, &error) != 0)
		fail_msg("refused: %s: %s", text, error.message);
	return doc;
}

static void
assert_fault(struct text text, enum json_fault fault, size_t offset)
{
	struct json_doc doc;
	struct json_error error;

	if (scan(text, &doc, &error) == 0)
		fail_msg("accepted: %.*s", (int)text.len, text.at);
	assert_int_equal(error.fault, fault);
	assert_int_equal(error.offset, offset);
	assert_non_null(error.message);
}

static struct text
decode_percent(char *line)
{
	char *from = line, *to = line;
	unsigned byte;

	while (*from != '\0') {
		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 3;
		} else {
			*to++ = *from++;
		}
	}
	return (struct text){ line, (size_t)(to - line) };
}

static FILE *
open_data(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/t/data/%s",
	    srcdir == NULL ? "." : srcdir, name);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s cannot be opened", path);
	return file;
}

/* The next line that is no comment, without its end; NULL after the last. */
static char *
next_line(FILE *file, char *line, int size)
{
	while (fgets(line, size, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '#')
			return line;
	}
	return NULL;
}

static void
check_refused(char *line, unsigned number)
{
	char *message = strchr(line, '\t') + 1, *text = strchr(message, '\t');
	struct json_doc doc = { .count = 77 };
	struct json_error error;

	*text++ = '\0';
	if (scan(decode_percent(text), &doc, &error) == 0)
		fail_msg("text %u is accepted: %s", number, text);
	if (error.offset != strtoul(line, NULL, 10) ||
	    strcmp(error.message, message) != 0)
		fail_msg("text %u: %zu %s", number, error.offset,
		    error.message);
	assert_int_not_equal(error.fault, JSON_OK);
	assert_int_equal(error.fault == JSON_BAD_UTF8,
	    strcmp(message, "Invalid UTF-8") == 0);
	assert_int_equal(error.fault == JSON_SURROGATE,
	    strcmp(message, "Lone surrogate in escape") == 0);
	assert_int_equal(doc.count, 77);
}

static void
what_is_not_json_is_refused_with_pythons_words_and_offset(void **state)
{
	FILE *file = open_data("json-refuse.txt");
	char line[1024];
	unsigned n = 0;

	(void)state;
	while (next_line(file, line, sizeof(line)) != NULL)
		check_refused(line, ++n);
	fclose(file);
	assert_true(n >= 188);
}

/* Nodes cover the text without holes: each subtree ends where the next is. */
static uint32_t
check_nodes(const struct json_doc *doc, uint32_t node)
{
	const struct json_node *at = &doc->nodes[node];
	uint32_t next = node + 1, i;

	assert_true(at->start <= at->end);
	if (at->kind == JSON_OBJECT || at->kind == JSON_ARRAY) {
		for (i = 0; i < at->count; i++) {
			if (at->kind == JSON_OBJECT) {
				assert_int_equal(doc->nodes[next].kind,
				    JSON_STRING);
				next++;
			}
			assert_true(doc->nodes[next].start >= at->start);
			assert_true(doc->nodes[next].end <= at->end);
			next = check_nodes(doc, next);
		}
	}
	assert_int_equal(at->next, next);
	return next;
}

static void
what_is_json_is_accepted_and_leaves_as_it_came(void **state)
{
	FILE *file = open_data("json-accept.txt");
	char line[1024];
	struct text text, raw;
	struct json_error error;
	struct json_doc doc;
	unsigned n = 0;

	(void)state;
	while (next_line(file, line, sizeof(line)) != NULL) {
		text = decode_percent(line);
		n++;
		if (scan(text, &doc, &error) != 0)
			fail_msg("text %u is refused: %s", n, error.message);
		assert_int_equal(check_nodes(&doc, 0), doc.count);
		raw = json_raw(&doc, 0);
		assert_non_null(memmem(text.at, text.len, raw.at, raw.len));
	}
	fclose(file);
	assert_true(n >= 95);
}

static void
numbers_stay_as_they_were_written(void **state)
{
	struct json_doc doc = scan_good("[1,-0,1.50,1E400,"
	    "12345678901234567890]");
	static const struct {
		const char *digits;
		bool integer;
	} rows[] = {
		{ "1", true }, { "-0", true }, { "1.50", false },
		{ "1E400", false }, { "12345678901234567890", true },
	};
	uint32_t i, node;

	(void)state;
	for (i = 0; i < 5; i++) {
		node = json_at(&doc, 0, i);
		assert_true(text_equal(json_raw(&doc, node),
		    text_of(rows[i].digits)));
		assert_int_equal(doc.nodes[node].flags & JSON_INTEGER,
		    rows[i].integer ? JSON_INTEGER : 0);
	}
}

static void
members_are_found_by_key_after_unescaping(void **state)
{
	struct json_doc doc = scan_good("{\"a\":1,\"b\":{\"a\":2},"
	    "\"\\u00e9\\n\\ud83d\\ude00\":3,\"\":4,\"a\\u0000\":5}");
	struct text key5 = { "a\0", 2 };

	(void)state;
	assert_true(text_equal(json_raw(&doc,
	    json_find(&doc, 0, TEXT("a"))), TEXT("1")));
	assert_true(text_equal(json_raw(&doc,
	    json_find(&doc, 0, TEXT("é\n😀"))), TEXT("3")));
	assert_true(text_equal(json_raw(&doc,
	    json_find(&doc, 0, TEXT(""))), TEXT("4")));
	assert_true(text_equal(json_raw(&doc,
	    json_find(&doc, 0, key5)), TEXT("5")));
	assert_int_equal(json_find(&doc, 0, TEXT("é\n😀x")), 0);
	assert_int_equal(json_find(&doc, 0, TEXT("é\n")), 0);
	assert_int_equal(json_find(&doc, 0, TEXT("c")), 0);
	assert_int_equal(json_find(&doc,
	    json_find(&doc, 0, TEXT("a")), TEXT("a")), 0);
	assert_true(text_equal(json_raw(&doc, json_find(&doc,
	    json_find(&doc, 0, TEXT("b")), TEXT("a"))), TEXT("2")));
}

static void
elements_are_found_by_number(void **state)
{
	struct json_doc doc = scan_good("[[1,2],{\"a\":[3]},4]");

	(void)state;
	assert_int_equal(doc.nodes[0].count, 3);
	assert_true(text_equal(json_raw(&doc, json_at(&doc, 0, 0)),
	    TEXT("[1,2]")));
	assert_true(text_equal(json_raw(&doc, json_at(&doc, 0, 2)),
	    TEXT("4")));
	assert_int_equal(json_at(&doc, 0, 3), 0);
	assert_int_equal(json_at(&doc, json_at(&doc, 0, 1), 0), 0);
}

static void
strings_come_without_their_escapes(void **state)
{
	struct json_doc doc = scan_good("[\"plain\",\"\\\"\\\\\\/\\b\\f\\n\\r"
	    "\\t\",\"x\\u0041\\u00e9\\u20ac\\ud83d\\ude00y\",\"\\u0000\"]");
	struct text text;

	(void)state;
	text = json_string(&doc, json_at(&doc, 0, 0), NULL);
	assert_ptr_equal(text.at, doc.text + 2);
	assert_true(text_equal(text, TEXT("plain")));
	text = json_string(&doc, json_at(&doc, 0, 1), arena);
	assert_true(text_equal(text, TEXT("\"\\/\b\f\n\r\t")));
	text = json_string(&doc, json_at(&doc, 0, 2), arena);
	assert_true(text_equal(text, TEXT("xAé€😀y")));
	text = json_string(&doc, json_at(&doc, 0, 3), arena);
	assert_true(text_equal(text, TEXT("\0")));
}

static void
flags_tell_of_escapes_and_nul(void **state)
{
	struct json_doc doc = scan_good("[\"a\",\"\\n\",\"\\u0000\"]");

	(void)state;
	assert_int_equal(doc.nodes[1].flags, 0);
	assert_int_equal(doc.nodes[2].flags, JSON_ESCAPED);
	assert_int_equal(doc.nodes[3].flags, JSON_ESCAPED | JSON_HAS_NUL);
}

static void
a_key_that_stands_twice_is_refused_where_it_does(void **state)
{
	(void)state;
	assert_fault(TEXT("{\"a\":1,\"a\":1}"), JSON_DUPLICATE_KEY, 7);
	assert_fault(TEXT("{\"é\":1,\"\\u00e9\":2}"), JSON_DUPLICATE_KEY, 7);
	assert_fault(TEXT("[{\"x\":{\"\":1,\"b\":2,\"\":3}}]"),
	    JSON_DUPLICATE_KEY, 18);
	scan_good("{\"a\":{\"a\":{\"a\":1}},\"A\":1,\"a \":1}");
}

/* n members of which the last repeats number `twin`; n: none does. */
static void
make_object(struct buf *buf, unsigned n, unsigned twin)
{
	unsigned i;

	buf->len = 0;
	buf_add_byte(buf, '{');
	for (i = 0; i < n; i++)
		buf_printf(buf, "\"key%07u\":%u,", i, i);
	if (twin < n)
		buf_printf(buf, "\"k\\u0065y%07u\":0}", twin);
	else
		buf_printf(buf, "\"last\":0}");
}

static void
a_twin_is_found_in_objects_of_any_size(void **state)
{
	struct buf buf = { 0 };
	struct json_doc doc;
	struct json_error error;
	unsigned n, twin;

	(void)state;
	for (n = 1; n < 40; n++) {
		for (twin = 0; twin <= n; twin++) {
			make_object(&buf, n, twin);
			assert_int_equal(json_scan(buf.data, buf.len, DEPTH,
			    arena, &doc, &error), twin == n ? 0 : -1);
			if (twin < n)
				assert_int_equal(error.fault,
				    JSON_DUPLICATE_KEY);
		}
	}
	buf_release(&buf);
}

static int64_t
time_of_object(struct buf *buf, unsigned n)
{
	struct arena *own = arena_new();
	struct json_doc doc;
	struct json_error error;
	int64_t start_us;

	make_object(buf, n, n);
	start_us = clock_us();
	assert_int_equal(json_scan(buf->data, buf->len, DEPTH, own, &doc,
	    &error), 0);
	start_us = clock_us() - start_us;
	arena_free(own);
	return start_us;
}

/* Quadratic, the larger one would take 900 times as long; seconds, that is. */
static void
keys_of_large_objects_cost_no_square(void **state)
{
	struct buf buf = { 0 };
	int64_t small_us = time_of_object(&buf, 5000);
	int64_t large_us = time_of_object(&buf, 150000);

	(void)state;
	buf_release(&buf);
	assert_true(large_us < 200 * (small_us + 1000));
}

static void
nesting_may_reach_the_limit_and_not_pass_it(void **state)
{
	struct json_doc doc;
	struct json_error error;

	(void)state;
	assert_int_equal(json_scan("[[]]", 4, 2, arena, &doc, &error), 0);
	assert_int_equal(json_scan("[[[]]]", 6, 2, arena, &doc, &error), -1);
	assert_int_equal(error.fault, JSON_TOO_DEEP);
	assert_int_equal(error.offset, 2);
	assert_int_equal(json_scan("1", 1, 0, arena, &doc, &error), 0);
	assert_int_equal(json_scan("{}", 2, 0, arena, &doc, &error), -1);
	assert_int_equal(json_scan("[{\"a\":1},{\"a\":[]},[[]]]", 23, 3, arena,
	    &doc, &error), 0);
}

/* A million levels would end a recursive scanner's stack. */
static void
depth_needs_no_stack(void **state)
{
	struct buf buf = { 0 };
	struct json_doc doc;
	struct json_error error;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000000; i++)
		buf_add_byte(&buf, '[');
	assert_int_equal(json_scan(buf.data, buf.len, DEPTH, arena, &doc,
	    &error), -1);
	assert_int_equal(error.fault, JSON_TOO_DEEP);
	assert_int_equal(error.offset, DEPTH);
	for (i = 0; i < 1000000; i++)
		buf_add_byte(&buf, ']');
	assert_int_equal(json_scan(buf.data, buf.len, UINT32_MAX, arena, &doc,
	    &error), 0);
	assert_int_equal(doc.count, 1000000);
	assert_int_equal(doc.nodes[999999].end, 1000001);
	assert_int_equal(doc.nodes[0].next, 1000000);
	buf_release(&buf);
}

static void
offsets_count_characters(void **state)
{
	(void)state;
	assert_fault(TEXT("[\"é€😀\",]"), JSON_SYNTAX, 7);
	assert_fault(TEXT("[\"é€😀\""), JSON_SYNTAX, 6);
	assert_fault(TEXT("[\"é\xff\"]"), JSON_BAD_UTF8, 3);
	assert_fault(TEXT("[1,] \xff"), JSON_BAD_UTF8, 5);
}

/* Every way a string can end or go on, at every place of the eight bytes. */
static void
strings_of_every_length_end_where_they_end(void **state)
{
	char text[64];
	struct json_doc doc;
	struct json_error error;
	size_t len;

	(void)state;
	for (len = 0; len < 40; len++) {
		memset(text, 'a', sizeof(text));
		text[0] = '"';
		text[len + 1] = '"';
		assert_int_equal(scan((struct text){ text, len + 2 }, &doc,
		    &error), 0);
		assert_int_equal(json_raw(&doc, 0).len, len + 2);
		assert_fault((struct text){ text, len + 1 }, JSON_SYNTAX, 0);
		assert_fault((struct text){ text, len + 3 }, JSON_SYNTAX,
		    len + 2);
		text[len + 1] = '\n';
		assert_fault((struct text){ text, 60 }, JSON_SYNTAX, len + 1);
		text[len + 1] = '\x80';
		assert_fault((struct text){ text, 60 }, JSON_BAD_UTF8,
		    len + 1);
	}
}

/* All two-byte and the edges of longer sequences, against RFC 3629 4. */
static void
utf8_is_what_rfc_3629_says(void **state)
{
	static const struct text good[] = {
		TEXT("\xc2\x80"), TEXT("\xdf\xbf"), TEXT("\xe0\xa0\x80"),
		TEXT("\xed\x9f\xbf"), TEXT("\xee\x80\x80"),
		TEXT("\xef\xbf\xbf"), TEXT("\xf0\x90\x80\x80"),
		TEXT("\xf4\x8f\xbf\xbf"),
	};
	static const struct text bad[] = {
		TEXT("\xe0\x9f\xbf"), TEXT("\xed\xa0\x80"),
		TEXT("\xed\xbf\xbf"), TEXT("\xf0\x8f\xbf\xbf"),
		TEXT("\xf4\x90\x80\x80"), TEXT("\xf5\x80\x80\x80"),
		TEXT("\xe2\x82"), TEXT("\xf0\x9f\x98"), TEXT("\xe2\x28\xa1"),
		TEXT("aaaaaaaa\x80"),
	};
	char pair[2];
	unsigned i;

	(void)state;
	for (i = 0x8000; i < 65536; i++) {
		pair[0] = (char)(i >> 8);
		pair[1] = (char)(i & 255);
		assert_int_equal(json_utf8_valid((struct text){ pair, 2 }),
		    i >= 0xc200 && i < 0xe000 && (i & 0xc0) == 0x80);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(json_utf8_valid(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(json_utf8_valid(bad[i]));
	assert_true(json_utf8_valid(TEXT("")));
}

static void
length_counts_code_points(void **state)
{
	(void)state;
	assert_int_equal(json_utf8_length(TEXT("")), 0);
	assert_int_equal(json_utf8_length(TEXT("abc")), 3);
	assert_int_equal(json_utf8_length(TEXT("é€😀")), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_not_json_is_refused_with_pythons_words_and_offset),
		cmocka_unit_test(
		    what_is_json_is_accepted_and_leaves_as_it_came),
		cmocka_unit_test(numbers_stay_as_they_were_written),
		cmocka_unit_test(members_are_found_by_key_after_unescaping),
		cmocka_unit_test(elements_are_found_by_number),
		cmocka_unit_test(strings_come_without_their_escapes),
		cmocka_unit_test(flags_tell_of_escapes_and_nul),
		cmocka_unit_test(
		    a_key_that_stands_twice_is_refused_where_it_does),
		cmocka_unit_test(a_twin_is_found_in_objects_of_any_size),
		cmocka_unit_test(keys_of_large_objects_cost_no_square),
		cmocka_unit_test(nesting_may_reach_the_limit_and_not_pass_it),
		cmocka_unit_test(depth_needs_no_stack),
		cmocka_unit_test(offsets_count_characters),
		cmocka_unit_test(strings_of_every_length_end_where_they_end),
		cmocka_unit_test(utf8_is_what_rfc_3629_says),
		cmocka_unit_test(length_counts_code_points),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
