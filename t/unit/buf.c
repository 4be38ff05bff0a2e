/*
 * Growing bytes, and strings as JSON writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void
assert_buf(const struct buf *buf, const char *bytes, size_t len)
{
	assert_int_equal(buf->len, len);
	assert_memory_equal(buf->data, bytes, len);
}

static void
assert_json(const char *bytes, size_t len, const char *expected)
{
	struct buf buf = { 0 };

	buf_add_json(&buf, (struct text){ bytes, len });
	assert_buf(&buf, expected, strlen(expected));
	buf_release(&buf);
}

static void
what_is_added_stands_in_order(void **state)
{
	struct buf buf = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 10000; i++) {
		buf_add(&buf, "ab", 2);
		buf_add_byte(&buf, 'c');
	}
	assert_int_equal(buf.len, 30000);
	for (i = 0; i < 30000; i += 3)
		assert_memory_equal(buf.data + i, "abc", 3);
	buf_add(&buf, NULL, 0);
	assert_int_equal(buf.len, 30000);
	buf_release(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.size, 0);
}

static void
reserved_room_is_writable_and_not_counted(void **state)
{
	struct buf buf = { 0 };
	char *room = buf_reserve(&buf, 5000);

	(void)state;
	memset(room, 'x', 5000);
	assert_int_equal(buf.len, 0);
	assert_true(buf.size >= 5000);
	buf.len = 5000;
	buf_add_byte(&buf, 'y');
	assert_int_equal(buf.data[4999], 'x');
	assert_int_equal(buf.data[5000], 'y');
	buf_release(&buf);
}

static void
printing_makes_the_room_it_needs(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_printf(&buf, "%s=%d;", "a", 1);
	buf_printf(&buf, "%3000d", 7);
	buf_printf(&buf, "%s", "");
	assert_int_equal(buf.len, 3004);
	assert_memory_equal(buf.data, "a=1; ", 5);
	assert_int_equal(buf.data[3003], '7');
	buf_release(&buf);
}

static void
numbers_are_written_in_decimal(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_add_uint(&buf, 0);
	buf_add_byte(&buf, ' ');
	buf_add_uint(&buf, 1234567890);
	buf_add_byte(&buf, ' ');
	buf_add_uint(&buf, UINT64_MAX);
	assert_buf(&buf, "0 1234567890 18446744073709551615", 33);
	buf_release(&buf);
}

static void
taking_drops_the_front(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_take(&buf, 3);
	buf_add(&buf, "abcdef", 6);
	buf_take(&buf, 2);
	assert_buf(&buf, "cdef", 4);
	buf_take(&buf, 100);
	assert_int_equal(buf.len, 0);
	buf_release(&buf);
}

static void
plain_strings_go_out_in_quotes(void **state)
{
	(void)state;
	assert_json("", 0, "\"\"");
	assert_json("a", 1, "\"a\"");
	assert_json("hello, world / it's", 19, "\"hello, world / it's\"");
	assert_json("\x7f", 1, "\"\x7f\"");
	assert_json("é€😀", 9, "\"é€😀\"");
}

static void
what_json_forbids_is_escaped_in_the_shortest_form(void **state)
{
	(void)state;
	assert_json("\"\\/", 3, "\"\\\"\\\\/\"");
	assert_json("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
	assert_json("\0\1\x1f\x20", 4, "\"\\u0000\\u0001\\u001f \"");
}

/* The fast scan looks at eight bytes at once: each of them must be seen. */
static void
an_escape_is_seen_at_every_place(void **state)
{
	static const char odd[] = { '"', '\\', '\n', '\0', '\x1f' };
	static const char *const as[] = {
		"\\\"", "\\\\", "\\n", "\\u0000", "\\u001f"
	};
	char text[40], expected[64];
	size_t len, at, i;

	(void)state;
	for (len = 1; len < sizeof(text); len++) {
		for (at = 0; at < len; at++) {
			for (i = 0; i < sizeof(odd); i++) {
				memset(text, len % 2 != 0 ? 'a' : '\xc3', len);
				snprintf(expected, sizeof(expected),
				    "\"%.*s%s%.*s\"", (int)at, text, as[i],
				    (int)(len - at - 1), text);
				text[at] = odd[i];
				assert_json(text, len, expected);
			}
		}
	}
}

/* The same byte by byte, as slowly and plainly as can be. */
static size_t
write_slowly(const char *bytes, size_t len, char *out)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *special;
	size_t i, n = 0;

	out[n++] = '"';
	for (i = 0; i < len; i++) {
		special = bytes[i] == '\0' ? NULL : strchr(from, bytes[i]);
		if (special != NULL)
			n += (size_t)sprintf(out + n, "\\%c",
			    to[special - from]);
		else if ((unsigned char)bytes[i] < 0x20)
			n += (size_t)sprintf(out + n, "\\u%04x", bytes[i]);
		else
			out[n++] = bytes[i];
	}
	out[n++] = '"';
	return n;
}

/* No carry from one byte to the next may hide or invent an escape. */
static void
every_pair_of_neighbours_is_written_right(void **state)
{
	char text[8], expected[64];
	struct buf buf = { 0 };
	unsigned pair;
	size_t n;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (pair = 0; pair < 65536; pair++) {
		text[3] = (char)(pair >> 8);
		text[4] = (char)(pair & 255);
		buf.len = 0;
		buf_add_json(&buf, (struct text){ text, sizeof(text) });
		n = write_slowly(text, sizeof(text), expected);
		if (buf.len != n || memcmp(buf.data, expected, n) != 0)
			fail_msg("bytes %02x %02x are written wrong",
			    pair >> 8, pair & 255);
	}
	buf_release(&buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_stands_in_order),
		cmocka_unit_test(reserved_room_is_writable_and_not_counted),
		cmocka_unit_test(printing_makes_the_room_it_needs),
		cmocka_unit_test(numbers_are_written_in_decimal),
		cmocka_unit_test(taking_drops_the_front),
		cmocka_unit_test(plain_strings_go_out_in_quotes),
		cmocka_unit_test(
		    what_json_forbids_is_escaped_in_the_shortest_form),
		cmocka_unit_test(an_escape_is_seen_at_every_place),
		cmocka_unit_test(every_pair_of_neighbours_is_written_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
