/*
 * The tree of a file: names, kinds, texts, and where each byte was written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"

#include "conf_text.h"

static void
assert_pos(struct src_pos pos, unsigned line, unsigned column)
{
	assert_non_null(pos.file);
	assert_int_equal(pos.line, line);
	assert_int_equal(pos.column, column);
}

static void
nodes_have_kinds_texts_and_places(void **state)
{
	struct conf_text text;
	const struct conf_node *node;
	int64_t number;

	(void)state;
	conf_text_load(&text, "s = \"x\\ty\"; n = 0x1F;\nf = -1.50; b = TRUE;\n"
	    "g = {\n  *404 = [ 1, 2 ];\n};\nl = ( \"a\", { c = 1; } );");
	assert_int_equal(conf_report_faults(text.report), 0);
	assert_int_equal(conf_node_count(text.root), 6);

	node = conf_node_find(text.root, "s");
	assert_int_equal(conf_node_kind(node), CONF_STRING);
	assert_string_equal(conf_node_text(node), "x\ty");
	assert_int_equal(conf_node_length(node), 3);
	assert_pos(conf_node_pos(node), 1, 5);
	assert_pos(conf_node_name_pos(node), 1, 1);

	node = conf_node_find(text.root, "n");
	assert_int_equal(conf_node_kind(node), CONF_INTEGER);
	assert_string_equal(conf_node_text(node), "0x1F");
	assert_int_equal(conf_node_integer(node, &number), 0);
	assert_int_equal(number, 31);

	node = conf_node_find(text.root, "f");
	assert_int_equal(conf_node_kind(node), CONF_FLOAT);
	assert_string_equal(conf_node_text(node), "-1.50");
	assert_int_equal(conf_node_integer(node, &number), -1);

	node = conf_node_find(text.root, "b");
	assert_int_equal(conf_node_kind(node), CONF_BOOLEAN);
	assert_true(conf_node_bool(node));

	node = conf_node_find(conf_node_find(text.root, "g"), "404");
	assert_true(conf_node_starred(node));
	assert_pos(conf_node_name_pos(node), 4, 3);
	assert_pos(conf_node_pos(node), 4, 10);
	assert_null(conf_node_name(conf_node_at(node, 1)));
	assert_pos(conf_node_name_pos(conf_node_at(node, 1)), 4, 15);
	assert_null(conf_node_at(node, 2));

	node = conf_node_at(text.root, 5);
	assert_string_equal(conf_node_name(node), "l");
	assert_string_equal(conf_node_kind_name(node), "a list");
	assert_null(conf_node_find(node, "a"));
	assert_null(conf_node_text(node));
	conf_text_free(&text);
}

static void
paths_tell_where_a_node_stands(void **state)
{
	struct conf_text text;
	const struct conf_node *node;
	char path[64];

	(void)state;
	conf_text_load(&text, "errors = { on = ( { *404 = [ 1, 2 ]; } ); };");
	conf_node_path(text.root, path, sizeof(path));
	assert_string_equal(path, "");
	node = conf_node_at(conf_node_at(text.root, 0), 0);
	conf_node_path(node, path, sizeof(path));
	assert_string_equal(path, "errors.on");
	node = conf_node_at(conf_node_at(conf_node_at(node, 0), 0), 1);
	conf_node_path(node, path, sizeof(path));
	assert_string_equal(path, "errors.on[0].*404[1]");
	conf_node_path(node, path, 12);
	assert_string_equal(path, "errors.on[0");
	conf_text_free(&text);
}

static void
each_of_many_names_is_found(void **state)
{
	struct buf source = { NULL, 0, 0 };
	struct conf_text text;
	const struct conf_node *node;
	char name[20];
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		buf_printf(&source, "n%d = %d;\n", i, i);
	buf_add_byte(&source, '\0');
	conf_text_load(&text, source.data);
	assert_int_equal(conf_node_count(text.root), 1000);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		node = conf_node_find(text.root, name);
		assert_non_null(node);
		assert_ptr_equal(node, conf_node_at(text.root, (size_t)i));
		assert_string_equal(conf_node_text(node), name + 1);
	}
	assert_null(conf_node_find(text.root, "n1000"));
	conf_text_free(&text);
	buf_release(&source);
}

static void
a_byte_of_a_string_is_found_where_it_was_written(void **state)
{
	/* The value is: ab"c d\eA<newline>fXgh */
	static const char source[] =
	    "  s = \"ab\\\"c \" # one \"\n"
	    "      \"d\\e\\x41\n"
	    "f\" \"\" /* \n */ \"X\"\n\t\"gh\";\n";
	static const struct {
		char byte;
		unsigned line, column;
	} bytes[] = {
		{ 'a', 1, 8 }, { 'b', 1, 9 }, { '"', 1, 10 }, { 'c', 1, 12 },
		{ ' ', 1, 13 }, { 'd', 2, 8 }, { '\\', 2, 9 }, { 'e', 2, 10 },
		{ 'A', 2, 11 }, { '\n', 2, 15 }, { 'f', 3, 1 },
		{ 'X', 4, 6 }, { 'g', 5, 3 }, { 'h', 5, 4 }
	};
	struct conf_text text;
	const struct conf_node *node;
	size_t i;

	(void)state;
	conf_text_load(&text, source);
	assert_int_equal(conf_report_faults(text.report), 0);
	node = conf_node_find(text.root, "s");
	assert_int_equal(conf_node_length(node), ARRAY_LEN(bytes));
	for (i = 0; i < ARRAY_LEN(bytes); i++) {
		assert_int_equal(conf_node_text(node)[i], bytes[i].byte);
		assert_pos(conf_node_text_pos(node, i), bytes[i].line,
		    bytes[i].column);
	}
	/* An error at the end of SQL stands at the closing quote. */
	assert_pos(conf_node_text_pos(node, ARRAY_LEN(bytes)), 5, 5);
	assert_pos(conf_node_text_pos(node, 1000), 5, 5);
	conf_text_free(&text);
}

static void
a_byte_of_what_is_no_string_is_its_value(void **state)
{
	struct conf_text text;

	(void)state;
	conf_text_load(&text, "a = \"\"; b = 12;");
	assert_pos(conf_node_text_pos(conf_node_at(text.root, 0), 0), 1, 6);
	assert_pos(conf_node_text_pos(conf_node_at(text.root, 1), 1), 1, 13);
	conf_text_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_have_kinds_texts_and_places),
		cmocka_unit_test(paths_tell_where_a_node_stands),
		cmocka_unit_test(each_of_many_names_is_found),
		cmocka_unit_test(
		    a_byte_of_a_string_is_found_where_it_was_written),
		cmocka_unit_test(a_byte_of_what_is_no_string_is_its_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
