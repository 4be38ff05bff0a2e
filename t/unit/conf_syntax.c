/*
 * What is said about wrong files: all faults of one run, each with its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"

#include "conf_text.h"

struct row {
	const char *source, *report;
};

static void
assert_rows(const struct row *rows, size_t n)
{
	struct conf_text text;
	size_t i;

	for (i = 0; i < n; i++) {
		conf_text_load(&text, rows[i].source);
		conf_text_assert(&text, rows[i].report);
		conf_text_free(&text);
	}
}

static void
files_that_are_fine_have_no_faults(void **state)
{
	static const struct row rows[] = {
		{ "", "" }, { "\n\n", "" }, { "# only this", "" },
		{ "a = 1", "" }, { "a = 1 b = 2, c : 3;", "" },
		{ "a = { b = 1, };", "" }, { "a = (); b = []; c = {};", "" },
		{ "a = 1; // no newline", "" }, { "a = 1; /* x */", "" },
		{ "a = 1;\r\nb = 2;\r\n# c", "" },
		{ "a = \"x\" /* c */ \"y\"\n\"z\";", "" },
		{ "*404 = 1; *_links = { *self = \"x\"; };", "" },
		{ "a = { x = 1; }; b = { x = 1; };", "" },
		{ "a = ( { x = 1; }, { x = 1; } );", "" },
		{ "a = \"\xc3\xa4\"; # \xe2\x82\xac", "" },
		{ "a = 9223372036854775807; b = -9223372036854775808;", "" },
		{ "a = 3000000000; b = 5000000000L; c = 0xFFFFFFFF;", "" },
		{ "a = \"@include \\\"x\\\"\"; # @include \"y\"", "" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
a_value_that_needs_quotes_is_shown_in_quotes(void **state)
{
	static const struct row rows[] = {
		{ "a = 5s;", "1:5: 5s is not a value; a number with a unit "
		    "stands in quotes: \"5s\"\n" },
		{ "a = 250ms b = 10M;", "1:5: 250ms is not a value; a number "
		    "with a unit stands in quotes: \"250ms\"\n"
		    "1:15: 10M is not a value; a number with a unit stands in "
		    "quotes: \"10M\"\n" },
		{ "a = yes; b = Off;", "1:5: yes is not a value; write true\n"
		    "1:14: Off is not a value; write false\n" },
		{ "a = null;", "1:5: null is not a value; leave the setting "
		    "out, or write \"{null}\" in a reply\n" },
		{ "a = info;", "1:5: info is not a value; did you mean the "
		    "string \"info\"?\n" },
		{ "a = 127.0.0.1:80;", "1:5: 127.0.0.1:80 is not a value; did "
		    "you mean the string \"127.0.0.1:80\"?\n" },
		{ "a = http://x/#y;", "1:5: http://x/#y is not a value; did "
		    "you mean the string \"http://x/#y\"?\n" },
		{ "a = 'x';", "1:5: 'x' is not a value; strings stand in plain "
		    "double quotes\n" },
		{ "a = \xe2\x80\x9cx\xe2\x80\x9d;", "1:5: \xe2\x80\x9cx"
		    "\xe2\x80\x9d is not a value; strings stand in plain "
		    "double quotes\n" },
		{ "a = [ info, \"x\" ];", "1:7: info is not a value; did you "
		    "mean the string \"info\"?\n" "1:13: \"[ ]\" holds values "
		    "of one kind; use \"( )\" for different ones\n" },
		{ "a = .;", "1:5: . is not a value; did you mean the string "
		    "\".\"?\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
a_number_that_does_not_fit_is_a_fault(void **state)
{
	static const struct row rows[] = {
		{ "a = 99999999999999999999;", "1:5: 99999999999999999999 is "
		    "outside -9223372036854775808..9223372036854775807\n" },
		{ "a = [ 1, 0x8000000000000000 ];", "1:10: 0x8000000000000000 "
		    "is outside -9223372036854775808..9223372036854775807\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
what_is_not_closed_is_told_where_it_begins(void **state)
{
	static const struct row rows[] = {
		{ "a = 1;\n /* x\nb = 2;\n",
		    "2:2: the comment that begins here is not closed\n" },
		{ "a = \"x;\nb = 1;\n",
		    "1:5: the string that begins here is not closed\n" },
		{ "a = {\n  b = (\n 1, 2 );\n", "1:5: the \"{\" here is not "
		    "closed; a \"}\" is missing before the end of the file\n" },
		{ "a = [ 1, 2\n", "1:5: the \"[\" here is not closed; a \"]\" "
		    "is missing before the end of the file\n" },
		{ "a = ( 1, 2 };", "1:12: \"}\" cannot close the \"(\" at line "
		    "1, column 5; \")\" is missing\n" },
		{ "a = 1; }", "1:8: nothing is open here that \"}\" could "
		    "close\n" },
		{ "a = \"x;\nb = \"y\";\n", "2:6: \"y\" is neither a value nor "
		    "followed by \"=\"; is the string that begins at line 1 "
		    "closed where it should be?\n" },
		{ "a = [ 1, 2; b = 3;", "1:11: elements of \"[ ]\" are "
		    "separated by \",\", not \";\"\n1:13: only values can "
		    "stand between \"[\" and \"]\"; is a \"]\" missing before "
		    "\"b\"?\n" },
		{ "a = ( b = 1 );", "1:7: only values can stand between \"(\" "
		    "and \")\"; is a \"{\" missing before \"b\"?\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
strings_in_a_list_are_not_joined(void **state)
{
	static const struct row rows[] = {
		{ "a = [ \"x\" \"y\" ];", "1:11: a \",\" is missing before "
		    "this string; strings in a list are not joined\n" },
		{ "a = ( \"x\", \"y\"\n \"z\" );", "2:2: a \",\" is missing "
		    "before this string; strings in a list are not joined\n" },
		{ "a = ( { s = \"x\" \"y\"; } );", "" },
		{ "a = ( 1 2 );", "1:9: a \",\" is missing before \"2\"\n" },
		{ "a = ( 1 \"x\" );",
		    "1:9: a \",\" is missing before this string\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
separators_too_many_are_told_and_passed_over(void **state)
{
	static const struct row rows[] = {
		{ "a = 1;; b = 2; x/y = 3;", "1:7: nothing stands before this "
		    "\";\"; leave it out\n1:16: \"x/y\" cannot be a name: a "
		    "name is a letter, then letters, digits, \"-\" and "
		    "\"_\"\n" },
		{ "a = [ 1, 2, ];", "1:13: a list cannot end with a \",\"; "
		    "leave out the one before this \"]\"\n" },
		{ "a = ( { b = 1; },\n);", "2:1: a list cannot end with a "
		    "\",\"; leave out the one before this \")\"\n" },
		{ "a = [ 1,, ]; b = 5s;", "1:9: a value is missing before "
		    "\",\"\n1:11: a list cannot end with a \",\"; leave out "
		    "the one before this \"]\"\n1:18: 5s is not a value; a "
		    "number with a unit stands in quotes: \"5s\"\n" },
		{ "a = ( , 1 );", "1:7: a value is missing before \",\"\n" },
		{ "a = ( 1,, 2 );", "1:9: a value is missing before \",\"\n" },
		{ "a = { ; };", "1:7: nothing stands before this \";\"; leave "
		    "it out\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
names_that_cannot_be_are_told(void **state)
{
	static const struct row rows[] = {
		{ "404 = 1;", "1:1: \"404\" cannot be a name as it stands; "
		    "write \"*404\", the star is dropped\n" },
		{ "a = { _x = 1; };", "1:7: \"_x\" cannot be a name as it "
		    "stands; write \"*_x\", the star is dropped\n" },
		{ "true = 1;", "1:1: \"true\" cannot be a name as it stands; "
		    "write \"*true\", the star is dropped\n" },
		{ "/users = 1;", "1:1: \"/users\" cannot be a name: a name is "
		    "a letter, then letters, digits, \"-\" and \"_\"\n" },
		{ "\"/users\" = 1;", "1:1: a name is expected here, and names "
		    "stand without quotes\n" },
		{ "* = 1; b = 2;", "1:1: a \"*\" needs a name behind it\n" },
		{ "**a = 1;", "1:1: \"**a\" cannot be a name: one \"*\" may "
		    "stand before a name, and nowhere else\n" },
		{ "a*b = 1;", "1:1: \"a*b\" cannot be a name: one \"*\" may "
		    "stand before a name, and nowhere else\n" },
		{ "= 1;", "1:1: a name is missing before \"=\"\n" },
		{ "{ a = 1; }", "1:1: a name is missing before \"{\"\n" },
		{ "a { b = 1; };",
		    "1:1: a \"=\" is missing after the name \"a\"\n" },
		{ "listen \"x\";", "1:1: \"listen\" is neither a value nor "
		    "followed by \"=\"\n" },
		{ "@include \"x.conf\"\n", "1:1: @include is not used here; "
		    "write include = [ \"x.conf\" ];\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
a_missing_value_is_told_at_its_name(void **state)
{
	static const struct row rows[] = {
		{ "a = ;", "1:1: the value of \"a\" is missing\n" },
		{ "a =\nb = 1;", "1:1: the value of \"a\" is missing\n" },
		{ "a = { b = };", "1:7: the value of \"b\" is missing\n" },
		{ "a =", "2:1: a value is missing, but the file ends here\n" },
		{ "a == 1;", "1:4: a value is missing before \"=\"\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

/* conf_text_load writes to a path that changes: look at the end only. */
static void
assert_report_holds(const char *source, const char *part)
{
	struct conf_text text;
	struct buf lines = { NULL, 0, 0 };

	conf_text_load(&text, source);
	conf_report_each(text.report, conf_text_line, &lines);
	buf_add_byte(&lines, '\0');
	if (strstr(lines.data, part) == NULL)
		fail_msg("\"%s\" is not in %s", part, lines.data);
	buf_release(&lines);
	conf_text_free(&text);
}

static void
a_name_set_twice_is_told_with_both_places(void **state)
{
	struct conf_text text;

	(void)state;
	assert_report_holds("a = 1;\nb = { a = 1; };\n  a = 2;",
	    "3:3: \"a\" is set twice; first at /tmp/muster-unit-");
	assert_report_holds("a = 1;\n  a = 2;", ":1:1\n");
	assert_report_holds("*a = 1;\na = 2;", "2:1: \"a\" is set twice");
	conf_text_load(&text, "a = 1; a = { b = ( 1, { a = 5s; } ); }; "
	    "c = 3;");
	assert_int_equal(conf_report_faults(text.report), 2);
	conf_text_free(&text);
	/* The first one and all that follows are still read. */
	conf_text_load(&text, "a = 1; a = { b = ( 1, 2 ); }; c = 3;");
	assert_int_equal(conf_report_faults(text.report), 1);
	assert_int_equal(conf_node_count(text.root), 2);
	assert_string_equal(conf_node_text(conf_node_find(text.root, "a")),
	    "1");
	assert_string_equal(conf_node_text(conf_node_find(text.root, "c")),
	    "3");
	conf_text_free(&text);
}

static void
arrays_hold_plain_values_of_one_kind(void **state)
{
	static const struct row rows[] = {
		{ "a = [ { b = 1; } ];", "1:7: \"[ ]\" holds plain values "
		    "only; use \"( )\" for groups and lists\n" },
		{ "a = [ 1, \"x\" ];", "1:10: \"[ ]\" holds values of one "
		    "kind; use \"( )\" for different ones\n" },
		{ "a = [ 1, 2L ];", "1:10: \"[ ]\" holds values of one kind; "
		    "use \"( )\" for different ones\n" },
		{ "a = ( 1, \"x\", 2.0, true );", "" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
bytes_that_are_no_text_are_refused(void **state)
{
	static const struct row rows[] = {
		{ "\xef\xbb\xbf" "a = 1;", "1:1: the file begins with a byte "
		    "order mark; save it as UTF-8 without one\n" },
		{ "a = 1;\nb = \"\xc3\xa4\xff\";\n",
		    "2:8: this byte (0xff) is not UTF-8\n" },
		{ "a = \"x\" \"y\\xe4\";", "1:11: this escape makes a byte "
		    "that is not UTF-8\n" },
		{ "a = \"\\xc3\\xa4\";", "" },
		{ "a = \"\\x00\";", "1:5: a string cannot hold \\x00\n" }
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
nesting_has_an_end(void **state)
{
	struct buf source = { NULL, 0, 0 };
	struct conf_text text;
	int depth, i;

	(void)state;
	for (depth = 64; depth <= 65; depth++) {
		source.len = 0;
		buf_printf(&source, "a = ");
		for (i = 0; i < depth; i++)
			buf_add_byte(&source, '(');
		for (i = 0; i < depth; i++)
			buf_add_byte(&source, ')');
		buf_add_byte(&source, '\0');
		conf_text_load(&text, source.data);
		conf_text_assert(&text, depth == 64 ? "" :
		    "1:69: groups and lists nest deeper than 64\n");
		conf_text_free(&text);
	}
	buf_release(&source);
}

static void
a_file_with_a_syntax_error_leaves_a_hole(void **state)
{
	struct conf_text text;

	(void)state;
	conf_text_load(&text, "a = 1; b = ");
	assert_int_equal(conf_node_count(text.root), 0);
	assert_true(conf_node_holed(text.root));
	conf_text_free(&text);
	conf_text_load(&text, "a = 1;");
	assert_false(conf_node_holed(text.root));
	conf_text_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_are_fine_have_no_faults),
		cmocka_unit_test(a_value_that_needs_quotes_is_shown_in_quotes),
		cmocka_unit_test(a_number_that_does_not_fit_is_a_fault),
		cmocka_unit_test(what_is_not_closed_is_told_where_it_begins),
		cmocka_unit_test(strings_in_a_list_are_not_joined),
		cmocka_unit_test(separators_too_many_are_told_and_passed_over),
		cmocka_unit_test(names_that_cannot_be_are_told),
		cmocka_unit_test(a_missing_value_is_told_at_its_name),
		cmocka_unit_test(a_name_set_twice_is_told_with_both_places),
		cmocka_unit_test(arrays_hold_plain_values_of_one_kind),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(a_file_with_a_syntax_error_leaves_a_hole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
