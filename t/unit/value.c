/*
 * Values: what they write, what their text is, and what stands in a tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/value.h"

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

static struct value
parse(const char *json)
{
	struct value value = value_parse(value_json(text_of(json)), arena);

	assert_ptr_not_equal(value.type, &value_type_json);
	return value;
}

static void
assert_written(struct value value, const char *expected)
{
	struct buf buf = { 0 };

	value_write_all(&value, &buf);
	buf_add_byte(&buf, '\0');
	assert_string_equal(buf.data, expected);
	buf_release(&buf);
}

/* The text, and that it is closed by NUL; NULL: there is none. */
static void
assert_text(struct value value, const char *expected)
{
	struct text text = value_to_text(&value, arena);

	if (expected == NULL) {
		assert_null(text.at);
		return;
	}
	assert_string_equal(text.at, expected);
	assert_int_equal(text.len, strlen(expected));
}

static void
a_scalar_is_written_as_json_and_has_its_text(void **state)
{
	(void)state;
	assert_written(VALUE_NULL, "null");
	assert_text(VALUE_NULL, NULL);
	assert_written(value_bool(true), "true");
	assert_text(value_bool(false), "false");
	assert_written(value_number(TEXT("-1.50e3")), "-1.50e3");
	assert_text(value_number((struct text){ "1234", 2 }), "12");
	assert_written(value_text(TEXT("a\"b\n")), "\"a\\\"b\\n\"");
	assert_text(value_text((struct text){ "abc", 2 }), "ab");
	assert_written(value_json(TEXT("{\"a\" : 1}")), "{\"a\" : 1}");
	assert_text(value_json(TEXT("[1]")), "[1]");
}

static void
no_text_is_null_and_an_empty_one_is_not(void **state)
{
	struct value none = value_text((struct text){ NULL, 0 });
	struct value empty = value_text(TEXT(""));

	(void)state;
	assert_true(value_is_null(&none));
	assert_false(value_is_null(&empty));
	assert_text(empty, "");
}

static void
a_tree_gives_its_members_and_elements(void **state)
{
	struct value tree = parse("{\"id\":7,"
	    "\"tags\":[\"a\",null,{\"x\":true}]}");
	struct value tags = value_member(&tree, TEXT("tags"));
	struct value third = value_element(&tags, 2);

	(void)state;
	assert_written(value_member(&tree, TEXT("id")), "7");
	assert_text(value_member(&tree, TEXT("id")), "7");
	assert_written(tags, "[\"a\",null,{\"x\":true}]");
	assert_text(tags, "[\"a\",null,{\"x\":true}]");
	assert_written(value_element(&tags, 0), "\"a\"");
	assert_text(value_element(&tags, 0), "a");
	assert_text(value_element(&tags, 1), NULL);
	assert_text(value_member(&third, TEXT("x")), "true");
}

/* A member has no arena to be unescaped in: its text is made when asked. */
static void
an_escaped_member_is_a_text_like_any_other(void **state)
{
	struct value tree = parse("{\"name\":\"J\\u00fcrg \\\"x\\\"\"}");
	struct value name = value_member(&tree, TEXT("name"));

	(void)state;
	assert_text(name, "Jürg \"x\"");
	assert_written(name, "\"J\\u00fcrg \\\"x\\\"\"");
	assert_int_equal(value_count(&name), 1);
	assert_text(parse("\"\\u00fc\""), "ü");
}

static void
what_is_not_there_is_null_and_so_is_what_is_in_it(void **state)
{
	struct value tree = parse("{\"a\":{\"b\":1},\"l\":[1]}");
	struct value none = value_member(&tree, TEXT("x"));
	struct value list = value_member(&tree, TEXT("l"));
	struct value number = value_element(&list, 0);

	(void)state;
	assert_true(value_is_null(&none));
	none = value_member(&none, TEXT("y"));
	assert_true(value_is_null(&none));
	none = value_element(&none, 0);
	assert_true(value_is_null(&none));
	none = value_element(&list, 1);
	assert_true(value_is_null(&none));
	none = value_member(&list, TEXT("0"));
	assert_true(value_is_null(&none));
	none = value_element(&tree, 0);
	assert_true(value_is_null(&none));
	none = value_member(&number, TEXT("a"));
	assert_true(value_is_null(&none));
}

static void
assert_count(struct value value, uint32_t count)
{
	assert_int_equal(value_count(&value), count);
}

static void
count_is_elements_or_one_or_none(void **state)
{
	(void)state;
	assert_count(VALUE_NULL, 0);
	assert_count(value_bool(false), 1);
	assert_count(value_text(TEXT("")), 1);
	assert_count(parse("[]"), 0);
	assert_count(parse("[null,[1,2],3]"), 3);
	assert_count(parse("{\"a\":1,\"b\":2}"), 1);
}

static void
json_bytes_are_counted_without_being_parsed(void **state)
{
	static const struct {
		const char *json;
		uint32_t count;
	} rows[] = {
		{ "[]", 0 }, { " [ \n ] ", 0 }, { "[1]", 1 }, { "[[]]", 1 },
		{ "[[],[]]", 2 }, { "[{},{\"a\":[1,2,3]}]", 2 },
		{ "[\"a,b\",\"]\"]", 2 }, { "[\"\\\"\",\",\\\\\"]", 2 },
		{ "[\"\\\",1,2\"]", 1 }, { "[null, 1 , \"x\"]", 3 },
		{ "{\"a\":[1,2]}", 1 }, { "7", 1 }, { "\"[1,2]\"", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_count(value_json(text_of(rows[i].json)), rows[i].count);
		assert_count(parse(rows[i].json), rows[i].count);
	}
}

static void
large_json_leaves_in_steps_up_to_the_mark(void **state)
{
	char bytes[1001] = "[";
	struct value value;
	struct buf buf = { 0 }, whole = { 0 };
	size_t at = 0, steps = 0;

	(void)state;
	memset(bytes + 1, ' ', 998);
	strcpy(bytes + 999, "]");
	value = value_json(text_of(bytes));
	while (!value_write(&value, &buf, 64, &at)) {
		assert_int_equal(buf.len, 64);
		buf_add(&whole, buf.data, buf.len);
		buf.len = 0;
		steps++;
	}
	buf_add(&whole, buf.data, buf.len);
	assert_int_equal(steps, 15);
	assert_int_equal(whole.len, 1000);
	assert_memory_equal(whole.data, bytes, 1000);
	buf_release(&buf);
	buf_release(&whole);
}

static void
a_full_buffer_takes_no_more_json(void **state)
{
	struct value value = value_json(TEXT("[1]"));
	struct buf buf = { 0 };
	size_t at = 0;

	(void)state;
	buf_add(&buf, "12345678", 8);
	assert_false(value_write(&value, &buf, 8, &at));
	assert_int_equal(buf.len, 8);
	buf.len = 0;
	assert_true(value_write(&value, &buf, 8, &at));
	assert_int_equal(buf.len, 3);
	buf_release(&buf);
}

static void
parsing_makes_scalars_of_json_scalars(void **state)
{
	struct value null = parse("null"), text = value_text(TEXT("x"));

	(void)state;
	assert_true(value_is_null(&null));
	assert_ptr_equal(parse(" true ").type, &value_type_bool);
	assert_text(parse(" 12.50 "), "12.50");
	assert_text(parse("\"x\""), "x");
	assert_ptr_equal(value_parse(text, arena).type, &value_type_text);
}

static void
bytes_that_are_refused_become_null(void **state)
{
	struct value broken = parse("{\"a\":"), twice = parse(
	    "{\"a\":1,\"a\":2}");

	(void)state;
	assert_true(value_is_null(&broken));
	assert_true(value_is_null(&twice));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scalar_is_written_as_json_and_has_its_text),
		cmocka_unit_test(no_text_is_null_and_an_empty_one_is_not),
		cmocka_unit_test(a_tree_gives_its_members_and_elements),
		cmocka_unit_test(an_escaped_member_is_a_text_like_any_other),
		cmocka_unit_test(
		    what_is_not_there_is_null_and_so_is_what_is_in_it),
		cmocka_unit_test(count_is_elements_or_one_or_none),
		cmocka_unit_test(json_bytes_are_counted_without_being_parsed),
		cmocka_unit_test(large_json_leaves_in_steps_up_to_the_mark),
		cmocka_unit_test(a_full_buffer_takes_no_more_json),
		cmocka_unit_test(parsing_makes_scalars_of_json_scalars),
		cmocka_unit_test(bytes_that_are_refused_become_null),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
