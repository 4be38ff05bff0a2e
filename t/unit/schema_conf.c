/*
 * Which declarations of types and inputs cannot be meant, alone or together
 * with what statements take: the fault, and the place it is told at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inputs_stage.h"

struct conf_row {
	const char *conf, *refs, *expected;
};

static const struct conf_row conf_rows[] = {
	{ "query = { a = { typ = \"int4\"; }; };", "",
	    "1:17: unknown key \"typ\"; did you mean \"type\"?\n" },
	{ "query = { a = { type = \"itn4\"; }; };", "",
	    "1:24: unknown type \"itn4\"; did you mean \"int4\"?\n" },
	{ "query = { a = { type = \"zebra\"; }; };", "",
	    "1:24: unknown type \"zebra\"; no statement takes a value of this "
	    "type here\n" },
	{ "body = \"UserCreat\"; types = { UserCreate = { fields = {}; }; };",
	    "", "1:8: unknown type \"UserCreat\"; did you mean "
	    "\"UserCreate\"?\n" },
	{ "body = \"U\"; types = { U = { fields = { username = {}; }; }; };",
	    "body.usrname:25", "100:1: unknown field \"usrname\"; did you "
	    "mean \"username\"?\n" },
	{ "types = { int4 = { }; };", "", "1:11: \"int4\" is a type of "
	    "PostgreSQL; choose another name\n" },
	{ "types = { A = { like = \"B\"; }; B = { like = \"A\"; }; };", "",
	    "1:45: the type \"A\" is like itself\n" },
	{ "types = { A = { type = \"B\"; }; B = { type = \"A\"; }; };", "",
	    "1:45: the type \"A\" is made of itself\n" },
	{ "types = { A = { like = \"Zzz\"; }; };", "",
	    "1:24: unknown type \"Zzz\"; only A is known\n" },
	{ "query = { a = { minimum = 5; maximum = 3; }; };", "",
	    "1:40: no number is between 5 and 3\n" },
	{ "query = { a = { min_length = 5; max_length = 3; }; };", "",
	    "1:46: min_length is above max_length\n" },
	{ "query = { a = { minimum = \"5\"; }; };", "",
	    "1:27: \"minimum\" is a number, not a string\n" },
	{ "query = { a = { type = \"int4\"; pattern = \"x\"; }; };", "",
	    "1:42: pattern is for text, but this is int4\n" },
	{ "query = { a = { max_length = 3; }; };", "a:23",
	    "1:30: min_length and max_length are for text, but this is "
	    "int4\n" },
	{ "query = { a = { type = \"text\"; minimum = 1; }; };", "",
	    "1:42: minimum is for numbers, but this is text\n" },
	{ "query = { a = { type = \"int4\"; min_items = 1; }; };", "",
	    "1:44: min_items and max_items are for lists, but this is "
	    "int4\n" },
	{ "query = { a = { pattern = \"a(b\"; }; };", "",
	    "1:31: pattern \"a(b\": missing closing parenthesis\n" },
	{ "query = { a = { default = 200; maximum = 100; }; };", "",
	    "1:27: default 200: Input should be less than or equal to 100\n" },
	{ "query = { a = { default = 200; }; };", "a:23", "" },
	{ "query = { a = { default = 3000000000L; }; };", "a:23",
	    "1:27: default 3000000000: Input should be less than or equal to "
	    "2147483647\n" },
	{ "query = { a = { default = \"x\"; }; };", "a:23",
	    "1:27: default \"x\": Input should be a valid integer\n" },
	{ "query = { a = { enum = [ \"ok\", \"odd\" ]; }; };", "a:50001",
	    "1:32: \"odd\" is no label of the type \"mood\"\n" },
	{ "query = { a = { enum = [ 1, 2 ]; default = 3; }; };", "",
	    "1:44: default 3: Input should be 1 or 2\n" },
	{ "query = { a = { enum = [ 1, 2 ]; }; };", "a:25",
	    "1:26: enum 1: Input should be a valid string\n"
	    "1:29: enum 2: Input should be a valid string\n" },
	{ "body = \"UserCreat\"; types = { UserCreate = { fields = {}; }; };",
	    "body.username:25", "1:8: unknown type \"UserCreat\"; did you "
	    "mean \"UserCreate\"?\n" },
	{ "query = { a = { lenient = true; }; };", "",
	    "1:11: lenient needs a default, or optional = true\n" },
	{ "path = { id = { minimum = 1; }; };", "",
	    "1:10: unknown part of the path \"id\"; only user_id is known\n" },
	{ "query = { user_id = { }; };", "",
	    "1:11: \"user_id\" is a part of the path already\n" },
	{ "query = { body = { }; };", "", "1:11: \"body\" cannot be the name "
	    "of an input; give it another and say name = \"body\"\n" },
	{ "query = { a = { type = \"text\"; }; };", "a:23",
	    "1:24: {a} is declared as text, but the statement at "
	    "statement:100 takes int4\n" },
	{ "query = { a = { type = \"int4[]\"; }; };", "a:23",
	    "1:24: {a} is declared as int4[], but the statement at "
	    "statement:100 takes int4\n" },
	{ "query = { a = { type = \"int8\"; }; };", "a:23", "" },
	{ "query = { a = {}; };", "a:23 a:20 a:25", "" },
	{ "query = { a = {}; };", "a:23 a:16",
	    "101:1: {a} is bool here and int4 at statement:100; cast one of "
	    "them\n" },
	{ "query = { a = {}; };", "a:50005", "100:1: {a} goes into a "
	    "parameter whose type no client can send; cast it in the "
	    "statement\n" },
	{ "", "user_id:1007", "100:1: {user_id} is a list, which only a query "
	    "and a body can be\n" },
	{ "", "body.a.b:25 body.a:23", "101:1: {body.a} cannot be int4: it is "
	    "an object or a list; cast it to jsonb\n" },
	{ "query = { a = { nullable = true; }; };", "a:50002",
	    "1:11: nullable is not for a domain with NOT NULL, but this is "
	    "short_text\n" },
	{ "body = { fields = { a = { lenient = true; default = 1; }; }; };",
	    "", "1:37: lenient is for query, header and cookie, not for "
	    "fields\n" },
	{ "query = { a = 5; };", "", "1:15: \"a\" is a group, a = { type = "
	    "\"text\"; ... }\n" },
};

static void
what_cannot_be_meant_is_refused_with_its_place(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(conf_rows); i++) {
		const struct conf_row *row = &conf_rows[i];
		struct buf lines = { NULL, 0, 0 };
		struct stage stage;

		stage_open(&stage, row->conf, "user_id", row->refs);
		conf_report_each(stage.conf.report, conf_text_line, &lines);
		buf_add_byte(&lines, '\0');
		if (strcmp(lines.data, row->expected) != 0) {
			print_message("%s | %s\n    got %s wanted %s\n",
			    row->conf, row->refs, lines.data, row->expected);
			wrong++;
		}
		buf_release(&lines);
		stage_close(&stage);
	}
	assert_int_equal(wrong, 0);
}

static void
types_hold_each_other(void **state)
{
	static const struct row rows[] = {
		{ { .type = "application/json", .body = "{\"name\":\"a\","
		    "\"twin\":{\"name\":\"b\",\"parts\":[{\"name\":\"c\","
		    "\"parts\":[]}]},\"parts\":[]}" }, "a \"a\"" },
		{ { .type = "application/json", .body = "{\"name\":\"a\","
		    "\"parts\":[{\"name\":\"b\",\"parts\":[{\"name\":\"cccc\","
		    "\"parts\":[]}]}]}" },
		    "[{\"type\":\"string_too_long\",\"loc\":[\"body\","
		    "\"parts\",0,\"parts\",0,\"name\"],\"msg\":\"String "
		    "should have at most 3 characters\",\"input\":\"cccc\","
		    "\"ctx\":{\"max_length\":3}}]" },
	};

	(void)state;
	ROWS("body = \"Node\"; types = { Node = { fields = {\n"
	    " name = { type = \"Short\"; }; twin = { type = \"Node\";"
	    " optional = true; };\n parts = { type = \"Node[]\"; }; }; };\n"
	    " Short = { max_length = 3; }; };", "", "body.name:25", rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_cannot_be_meant_is_refused_with_its_place),
		cmocka_unit_test(types_hold_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
