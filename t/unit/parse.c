/*
 * Heads, targets, escapes and chunks one by one. What whole requests come to
 * is in parse_rows.c.
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
#include "http/parse.h"
#include "http/parse_bytes.h"
#include "http/parse_uri.h"

static const struct parse_limits limits = {
	.max_line = 8192, .max_head = 16384, .max_headers = 100,
};

/* ---- what a head says ----------------------------------------------------*/

static void
assert_text(struct text text, const char *expected)
{
	if (!text_equal(text, text_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, text.at,
		    expected);
}

/* The text must lie in the bytes: callers move both together. */
static void
assert_within(struct text text, const char *bytes, size_t len)
{
	if (text.at != NULL)
		assert_true(text.at >= bytes &&
		    text.at + text.len <= bytes + len);
}

static struct parse_head head;

static void
parse_whole(const char *bytes)
{
	struct error err;
	size_t seen = 0, used = 0, len = strlen(bytes);

	memset(&head, 0xa5, sizeof(head));
	if (parse_head(bytes, len, &seen, &limits, &head, &used, &err) !=
	    PARSE_DONE)
		fail_msg("%s: %d %s", bytes, err.status, err.detail);
	assert_int_equal(used, len);
	assert_within(head.target, bytes, len);
	assert_within(head.path, bytes, len);
	assert_within(head.query, bytes, len);
	assert_within(head.host, bytes, len);
}

static void
a_head_is_taken_apart(void **state)
{
	(void)state;
	parse_whole("\r\nPATCH /a%20b?c=d?e HTTP/1.1\r\nHost:  h:80 \r\n"
	    "content-LENGTH: 007\r\nX-Y:\r\nExpect: 100-Continue\r\n"
	    "X-Y: second\r\n\r\n");
	assert_int_equal(head.method, METHOD_PATCH);
	assert_text(head.target, "/a%20b?c=d?e");
	assert_text(head.path, "/a%20b");
	assert_text(head.query, "c=d?e");
	assert_text(head.host, "h:80");
	assert_int_equal(head.minor, 1);
	assert_true(head.keep_alive);
	assert_true(head.has_length);
	assert_false(head.chunked);
	assert_int_equal(head.length, 7);
	assert_true(head.expect_continue);
	assert_false(head.expect_other);
	assert_int_equal(head.nheaders, 5);
	assert_text(head.headers[1].name, "content-LENGTH");
	assert_text(head.headers[1].value, "007");
	assert_text(parse_header_find(&head, TEXT("x-y")), "");
	assert_non_null(parse_header_find(&head, TEXT("X-Y")).at);
	assert_null(parse_header_find(&head, TEXT("X")).at);
}

static void
a_plain_head_says_no_more_than_it_says(void **state)
{
	(void)state;
	parse_whole("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
	assert_text(head.path, "/");
	assert_null(head.query.at);
	assert_null(head.host.at);
	assert_int_equal(head.minor, 0);
	assert_false(head.keep_alive);
	assert_false(head.has_length);
	assert_false(head.chunked);
	assert_int_equal(head.length, 0);
	assert_false(head.expect_continue);
	assert_false(head.expect_other);
	parse_whole("GET /? HTTP/1.7\r\nHost: h\r\n\r\n");
	assert_non_null(head.query.at);
	assert_int_equal(head.query.len, 0);
	assert_int_equal(head.minor, 1);
}

static void
the_authority_of_a_url_beats_host(void **state)
{
	(void)state;
	parse_whole("GET http://Other:81/p?q HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_text(head.host, "Other:81");
	assert_text(head.path, "/p");
	assert_text(head.query, "q");
	parse_whole("GET https://other HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_text(head.path, "/");
	assert_text(head.host, "other");
	parse_whole("GET http://other?q HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_text(head.path, "/");
	assert_text(head.query, "q");
	parse_whole("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_text(head.path, "*");
	assert_text(head.host, "h");
}

static void
a_head_ends_where_the_next_bytes_begin(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET";
	struct error err;
	size_t seen = 0, used = 0;

	(void)state;
	assert_int_equal(parse_head(bytes, sizeof(bytes) - 1, &seen, &limits,
	    &head, &used, &err), PARSE_DONE);
	assert_int_equal(used, sizeof(bytes) - 4);
}

static void
more_fields_than_the_struct_holds_are_refused(void **state)
{
	struct parse_limits wide = { 8192, 1 << 20, 100000 };
	struct buf buf = { 0 };
	struct error err;
	size_t seen = 0, used = 0;

	(void)state;
	buf_add_text(&buf, TEXT("GET / HTTP/1.1\r\nHost: h\r\n"));
	for (unsigned i = 1; i < PARSE_HEADERS_MAX; i++)
		buf_add_text(&buf, TEXT("A: b\r\n"));
	assert_int_equal(parse_head(buf.data, buf.len, &seen, &wide, &head,
	    &used, &err), PARSE_MORE);
	buf_add_text(&buf, TEXT("A: b\r\n"));
	assert_int_equal(parse_head(buf.data, buf.len, &seen, &wide, &head,
	    &used, &err), PARSE_FAILED);
	assert_int_equal(err.status, 431);
	seen = 0;
	assert_int_equal(parse_head(buf.data, buf.len, &seen, &wide, &head,
	    &used, &err), PARSE_FAILED);
	assert_int_equal(err.status, 431);
	buf_release(&buf);
}

/* ---- bytes, methods, hosts, escapes --------------------------------------*/

static void
the_table_of_bytes_is_that_of_the_rfcs(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		bool alnum = (i >= '0' && i <= '9') ||
		    (i >= 'A' && i <= 'Z') || (i >= 'a' && i <= 'z');
		bool visible = i > 0x20 && i < 0x7f;
		unsigned char expected = 0;

		if (alnum || (i != 0 && strchr("!#$%&'*+-.^_`|~", i) != NULL))
			expected |= BYTE_TOKEN;
		if (visible && i != '#')
			expected |= BYTE_TARGET;
		if (visible || i == ' ' || i == '\t' || i >= 0x80)
			expected |= BYTE_VALUE;
		if (alnum || (i != 0 && strchr("-._~!$&'()*+,;=", i) != NULL))
			expected |= BYTE_HOST;
		if (visible && strchr("#?%", i) == NULL)
			expected |= BYTE_PATH;
		assert_int_equal(parse_bytes[i], expected);
	}
}

static void
each_byte_of_a_value_is_judged_alike_at_each_place(void **state)
{
	char bytes[100];

	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		for (size_t at = 0; at < 20; at++) {
			struct error err;
			size_t seen = 0, used, len = (size_t)snprintf(bytes,
			    sizeof(bytes), "GET / HTTP/1.1\r\nHost: h\r\n"
			    "X:aaaaaaaaaaaaaaaaaaaa\r\n\r\n");
			enum parse_result expected =
			    parse_bytes[byte] & BYTE_VALUE ? PARSE_DONE :
			    PARSE_FAILED;

			bytes[27 + at] = (char)byte;
			assert_int_equal(parse_head(bytes, len, &seen,
			    &limits, &head, &used, &err), expected);
		}
	}
}

static void
methods_are_found_by_their_exact_name(void **state)
{
	enum parse_method method;

	(void)state;
	for (int i = 0; i < METHOD_COUNT; i++) {
		const char *name = parse_method_name((enum parse_method)i);

		assert_true(parse_method_find(text_of(name), &method));
		assert_int_equal(method, i);
	}
	assert_false(parse_method_find(TEXT("get"), &method));
	assert_false(parse_method_find(TEXT("GE"), &method));
	assert_false(parse_method_find(TEXT(""), &method));
}

static void
hosts_are_names_or_addresses_with_a_port(void **state)
{
	static const char *const good[] = {
		"h", "example.com", "127.0.0.1:8000", "[::1]", "[::1]:1",
		"[::ffff:1.2.3.4]", "h:", "h:0", "h:65535", "a%20b", "a~b_c",
	};
	static const char *const bad[] = {
		"", ":80", "h:x", "h:65536", "h:80:80", "[", "[]", "[:",
		"[::1", "[::1]x", "[g::]", "h/", "h?", "h#", "u@h", "a%2",
		"a%zz", "a%00", "a b", "a\"b", "\xc3\xa9", "h:-1",
		"h:99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!parse_uri_host_is_valid(text_of(good[i])))
			fail_msg("\"%s\" was refused", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse_uri_host_is_valid(text_of(bad[i])))
			fail_msg("\"%s\" was taken", bad[i]);
}

static void
assert_decodes(const char *in, bool plus, const char *expected)
{
	char out[100];
	long len = parse_decode(text_of(in), plus, out);

	if (expected == NULL) {
		if (len != -1)
			fail_msg("\"%s\" was taken", in);
		return;
	}
	if (len == -1)
		fail_msg("\"%s\" was refused", in);
	assert_text((struct text){ out, (size_t)len }, expected);
}

static void
escapes_are_decoded_once(void **state)
{
	static const struct { const char *in, *path, *query; } cases[] = {
		{ "", "", "" }, { "abc", "abc", "abc" },
		{ "a+b", "a+b", "a b" }, { "a%2Bb", "a+b", "a+b" },
		{ "%41%7a%C3%a9", "Az\xc3\xa9", "Az\xc3\xa9" },
		{ "%2541", "%41", "%41" }, { "a%2Fb", "a/b", "a/b" },
		{ "%", NULL, NULL }, { "%4", NULL, NULL },
		{ "%zz", NULL, NULL }, { "%4g", NULL, NULL },
		{ "%00", NULL, NULL }, { "a%0", NULL, NULL },
		{ ".", NULL, "." }, { "..", NULL, ".." },
		{ "%2e%2E", NULL, ".." }, { ".%2e", NULL, ".." },
		{ "a/../b", NULL, "a/../b" }, { "a/.", NULL, "a/." },
		{ "./a", NULL, "./a" }, { "a/%2e/b", NULL, "a/./b" },
		{ "...", "...", "..." }, { ".a", ".a", ".a" },
		{ "a..", "a..", "a.." }, { "a/..b/c", "a/..b/c", "a/..b/c" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_decodes(cases[i].in, false, cases[i].path);
		assert_decodes(cases[i].in, true, cases[i].query);
	}
}

/* ---- chunks --------------------------------------------------------------*/

static void
chunk_data_is_moved_to_the_front(void **state)
{
	static const char in[] = "3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nT: 1\r\n"
	    "\r\nGET";
	char out[sizeof(in)], place[sizeof(in)];
	struct parse_chunks chunks = { 0 }, other = { 0 };
	struct error err;
	size_t data = 0, used = 0;

	(void)state;
	assert_int_equal(parse_chunked(&chunks, in, sizeof(in) - 1, 7, out,
	    &data, &used, &err), PARSE_DONE);
	assert_text((struct text){ out, data }, "abcdefg");
	assert_int_equal(used, sizeof(in) - 4);
	assert_int_equal(chunks.total, 7);
	memcpy(place, in, sizeof(in));
	assert_int_equal(parse_chunked(&other, place, sizeof(in) - 1, 7,
	    place, &data, &used, &err), PARSE_DONE);
	assert_text((struct text){ place, data }, "abcdefg");
	assert_int_equal(parse_chunked(&chunks, "x", 1, 7, out, &data, &used,
	    &err), PARSE_DONE);
	assert_int_equal(used, 0);
}

static void
a_chunk_over_max_body_is_refused_before_its_data(void **state)
{
	static const char in[] = "3\r\nabc\r\n5\r\ndefgh";
	char out[sizeof(in)];
	struct parse_chunks chunks = { 0 };
	struct error err;
	size_t data = 0, used = 0;

	(void)state;
	assert_int_equal(parse_chunked(&chunks, in, sizeof(in) - 1, 7, out,
	    &data, &used, &err), PARSE_FAILED);
	assert_int_equal(err.status, 413);
	assert_int_equal(used, sizeof(in) - 1 - 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_bytes_is_that_of_the_rfcs),
		cmocka_unit_test(methods_are_found_by_their_exact_name),
		cmocka_unit_test(hosts_are_names_or_addresses_with_a_port),
		cmocka_unit_test(escapes_are_decoded_once),
		cmocka_unit_test(a_head_is_taken_apart),
		cmocka_unit_test(a_plain_head_says_no_more_than_it_says),
		cmocka_unit_test(the_authority_of_a_url_beats_host),
		cmocka_unit_test(a_head_ends_where_the_next_bytes_begin),
		cmocka_unit_test(more_fields_than_the_struct_holds_are_refused),
		cmocka_unit_test(
		    each_byte_of_a_value_is_judged_alike_at_each_place),
		cmocka_unit_test(chunk_data_is_moved_to_the_front),
		cmocka_unit_test(
		    a_chunk_over_max_body_is_refused_before_its_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
