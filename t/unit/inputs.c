/*
 * What requests become: the parameters of statements, or the list of a 422.
 * The tutorial's routes first, then each kind of input alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "inputs_stage.h"

#define TYPE "application/json"

#define USER_TYPES \
	"types = { UserCreate = { fields = {\n" \
	" username = { min_length = 3; max_length = 32; };\n" \
	" email = { format = \"email\"; }; }; };\n" \
	" UserUpdate = { like = \"UserCreate\"; optional = true; }; };\n"

/* A text that is no int; name is JSON, perhaps with an index behind it. */
#define NO_INT(place, name, input) "{`type`:`int_parsing`,`loc`:[`" place \
	"`," name "],`msg`:`Input should be a valid integer, unable to parse " \
	"string as an integer`,`input`:" input "}"

static void
the_id_of_a_path_is_an_int4(void **state)
{
	static const struct row rows[] = {
		{ { .part = "1" }, "1 1" },
		{ { .part = "2147483647" }, "2147483647 2147483647" },
		{ { .part = "-2147483648" }, "-2147483648 -2147483648" },
		{ { .part = "007" }, "7 7" },
		{ { .part = "-0" }, "0 0" },
		{ { .part = "%31" }, "1 1" },
		{ { .part = "abc" }, "[" NO_INT("path", "`user_id`", "`abc`")
		    "]" },
		{ { .part = "1.0" }, "[" NO_INT("path", "`user_id`", "`1.0`")
		    "]" },
		{ { .part = "1e2" }, "[" NO_INT("path", "`user_id`", "`1e2`")
		    "]" },
		{ { .part = "%201" }, "[" NO_INT("path", "`user_id`", "` 1`")
		    "]" },
		{ { .part = "+1" }, "[" NO_INT("path", "`user_id`", "`+1`")
		    "]" },
		{ { .part = "1_0" }, "[" NO_INT("path", "`user_id`", "`1_0`")
		    "]" },
		{ { .part = "3000000000" }, "[{`type`:`less_than_equal`,"
		    "`loc`:[`path`,`user_id`],`msg`:`Input should be less "
		    "than or equal to 2147483647`,`input`:`3000000000`,"
		    "`ctx`:{`le`:2147483647}}]" },
		{ { .part = "99999999999999999999" }, "[{"
		    "`type`:`less_than_equal`,`loc`:[`path`,`user_id`],"
		    "`msg`:`Input should be less than or equal to "
		    "2147483647`,`input`:`99999999999999999999`,`ctx`:{"
		    "`le`:2147483647}}]" },
		{ { .part = "-2147483649" }, "[{`type`:`greater_than_equal`,"
		    "`loc`:[`path`,`user_id`],`msg`:`Input should be "
		    "greater than or equal to -2147483648`,"
		    "`input`:`-2147483649`,`ctx`:{`ge`:-2147483648}}]" },
		{ { .part = "%FF" },
		    "400 There was an error parsing the path" },
	};

	(void)state;
	ROWS("", "user_id", "user_id:23", rows);
}

static void
the_users_query_has_bounds_and_defaults(void **state)
{
	static const struct row rows[] = {
		{ { .part = NULL }, "0 0 | 100 100" },
		{ { .query = "" }, "0 0 | 100 100" },
		{ { .query = "skip=2&limit=1" }, "2 2 | 1 1" },
		{ { .query = "limit=%31&other=x&=&&" }, "0 0 | 1 1" },
		{ { .query = "skip=x&limit=y" },
		    "[" NO_INT("query", "`skip`", "`x`") "," NO_INT("query",
		    "`limit`", "`y`") "]" },
		{ { .query = "skip=-1" },
		    "[{`type`:`greater_than_equal`,`loc`:[`query`,`skip`],"
		    "`msg`:`Input should be greater than or equal to 0`,"
		    "`input`:`-1`,`ctx`:{`ge`:0}}]" },
		{ { .query = "limit=9223372036854775808" },
		    "[{`type`:`less_than_equal`,`loc`:[`query`,`limit`],"
		    "`msg`:`Input should be less than or equal to 100`,"
		    "`input`:`9223372036854775808`,`ctx`:{`le`:100}}]" },
		{ { .query = "skip=9223372036854775808" },
		    "[{`type`:`less_than_equal`,`loc`:[`query`,`skip`],"
		    "`msg`:`Input should be less than or equal to "
		    "9223372036854775807`,`input`:`9223372036854775808`,"
		    "`ctx`:{`le`:9223372036854775807}}]" },
		{ { .query = "skip=" },
		    "[" NO_INT("query", "`skip`", "``") "]" },
		{ { .query = "skip=+1" },
		    "[" NO_INT("query", "`skip`", "` 1`") "]" },
		{ { .query = "skip=1&skip=2" },
		    "[{`type`:`value_error`,`loc`:[`query`,`skip`],"
		    "`msg`:`Value error, sent more than once`,`input`:[`1`,"
		    "`2`],`ctx`:{`error`:{}}}]" },
		{ { .query = "skip=%zz" },
		    "400 There was an error parsing the query" },
		{ { .query = "skip=%00" },
		    "400 There was an error parsing the query" },
		{ { .query = "other=%C3" },
		    "400 There was an error parsing the query" },
	};

	(void)state;
	ROWS("query = { skip = { default = 0; minimum = 0; };\n limit = { "
	    "default = 100; minimum = 1; maximum = 100; }; };\n",
	    "", "skip:20 limit:20", rows);
}

#define MISSING(field, input) "{`type`:`missing`,`loc`:[`body`," \
	"`" field "`],`msg`:`Field required`,`input`:" input "}"
#define NO_OBJECT(input) "[{`type`:`model_attributes_type`,`loc`:" \
	"[`body`],`msg`:`Input should be a valid dictionary or object " \
	"to extract fields from`,`input`:" input "}]"
#define NO_STRING(field, input) "{`type`:`string_type`,`loc`:" \
	"[`body`,`" field "`],`msg`:`Input should be a valid string`" \
	",`input`:" input "}"

static void
a_user_is_created_from_good_json_only(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body =
		    "{`username`:`testuser`,`email`:`t@example.com`}" },
		    "testuser `testuser` | t@example.com `t@example.com`" },
		{ { .type = TYPE, .body = "{`username`:`car\\u006c`,"
		    "`email`:`c@x.org`,`zzz`:1}" },
		    "carl `carl` | c@x.org `c@x.org`" },
		{ { .type = "application/vnd.api+json; charset=utf-8",
		    .body = "{`username`:`carl`,`email`:`c@x.org`}" },
		    "carl `carl` | c@x.org `c@x.org`" },
		{ { .type = TYPE },
		    "[{`type`:`missing`,`loc`:[`body`],`msg`:`Field "
		    "required`,`input`:null}]" },
		{ { .body = "" },
		    "[{`type`:`missing`,`loc`:[`body`],`msg`:`Field "
		    "required`,`input`:null}]" },
		{ { .type = TYPE, .body = "null" },
		    "[{`type`:`missing`,`loc`:[`body`],`msg`:`Field "
		    "required`,`input`:null}]" },
		{ { .type = TYPE, .body = "{}" },
		    "[" MISSING("username", "{}") "," MISSING("email", "{}")
		    "]" },
		{ { .type = TYPE, .body = "{`username`: " },
		    "[{`type`:`json_invalid`,`loc`:[`body`,13],`msg`:`JSON "
		    "decode error`,`input`:{},`ctx`:{`error`:`Expecting "
		    "value`}}]" },
		{ { .type = TYPE, .body = "{`username`:NaN}" },
		    "[{`type`:`json_invalid`,`loc`:[`body`,12],`msg`:`JSON "
		    "decode error`,`input`:{},`ctx`:{`error`:`Expecting "
		    "value`}}]" },
		{ { .type = TYPE, .body = "{`username`:`\xff`}" },
		    "400 There was an error parsing the body" },
	};

	(void)state;
	ROWS(USER_TYPES "body = \"UserCreate\";\n", "",
	    "body.username:25 body.email:25", rows);
}

static void
what_is_no_user_is_told_by_its_field(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body = "[1]" }, NO_OBJECT("[1]") },
		{ { .type = TYPE, .body = "`x`" }, NO_OBJECT("`x`") },
		{ { .type = "text/plain", .body = "{`a`:1}" },
		    NO_OBJECT("`{\\`a\\`:1}`") },
		{ { .type = "application/x-www-form-urlencoded", .body =
		    "a=1" },
		    NO_OBJECT("`a=1`") },
		{ { .body = "{}" }, NO_OBJECT("`{}`") },
		{ { .type = "text/plain", .body = "\xff" },
		    "400 There was an error parsing the body" },
		{ { .type = TYPE, .body = "{`username`:{`a`:1},`email`:5}" },
		    "[" NO_STRING("username", "{`a`:1}") ","
		    NO_STRING("email", "5") "]" },
		{ { .type = TYPE, .body =
		    "{`username`:null,`email`:`x@y.org`}" },
		    "[" NO_STRING("username", "null") "]" },
		{ { .type = TYPE, .body =
		    "{`username`:`ab`,`email`:`x`}" },
		    "[{`type`:`string_too_short`,`loc`:[`body`,`username`],"
		    "`msg`:`String should have at least 3 characters`,"
		    "`input`:`ab`,`ctx`:{`min_length`:3}},{"
		    "`type`:`value_error`,`loc`:[`body`,`email`],"
		    "`msg`:`value is not a valid email address: An email "
		    "address must have an @-sign.`,`input`:`x`,`ctx`:{"
		    "`reason`:`An email address must have an @-sign.`}}]" },
		{ { .type = TYPE, .body =
		    "{`username`:`a\\u0000bc`,`email`:`x@y.org`}" },
		    "[{`type`:`value_error`,`loc`:[`body`,`username`],"
		    "`msg`:`Value error, text cannot hold the character "
		    "NUL`,`input`:`a\\u0000bc`,`ctx`:{`error`:{}}}]" },
		/* Three characters of four bytes. */
		{ { .type = TYPE, .body = "{"
		    "`username`:`\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f"
		    "\x98\x80`,`email`:`x@y.org`}" },
		    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80 "
		    "`\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80` | "
		    "x@y.org `x@y.org`" },
	};

	(void)state;
	ROWS(USER_TYPES "body = \"UserCreate\";\n", "",
	    "body.username:25 body.email:25", rows);
}

static void
a_user_is_changed_by_what_was_sent(void **state)
{
	static const struct row rows[] = {
		{ { .part = "7", .type = TYPE, .body = "{}" },
		    "7 7 | unsent | - null | unsent | - null" },
		{ { .part = "7", .type = TYPE, .body = "{`email`:`a@b.org`}" },
		    "7 7 | unsent | - null | sent | a@b.org `a@b.org`" },
		{ { .part = "7", .type = TYPE, .body = "{`username`:null}" },
		    "[" NO_STRING("username", "null") "]" },
		{ { .part = "777x", .type = TYPE, .body = "{`email`:{}}" },
		    "[" NO_INT("path", "`user_id`", "`777x`") "," NO_STRING(
		    "email", "{}") "]" },
	};

	(void)state;
	ROWS(USER_TYPES "body = \"UserUpdate\";\n", "user_id",
	    "user_id:23 body.username? body.username:25 body.email? "
	    "body.email:25", rows);
}

static void
an_undeclared_body_is_what_references_say(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body =
		    "{`a`:{`b`:1.0},`c`:true,`d`:[1, {}],`x`:0}" },
		    "1 1 | t true | [1, {}] [1, {}] | unsent" },
		{ { .type = TYPE, .body =
		    "{`a`:{`b`:1e2},`c`:false,`d`:null,`e`:3}" },
		    "100 100 | f false | - null | sent" },
		{ { .type = TYPE, .body = "{`a`:1,`c`:`true`,`d`:0}" },
		    "[{`type`:`model_attributes_type`,`loc`:[`body`,`a`],"
		    "`msg`:`Input should be a valid dictionary or object "
		    "to extract fields from`,`input`:1},{"
		    "`type`:`bool_type`,`loc`:[`body`,`c`],`msg`:`Input "
		    "should be a valid boolean`,`input`:`true`}]" },
		{ { .type = TYPE, .body = "{`a`:{`b`:1.5},`c`:1}" },
		    "[{`type`:`int_from_float`,`loc`:[`body`,`a`,`b`],"
		    "`msg`:`Input should be a valid integer, got a number "
		    "with a fractional part`,`input`:1.5},{"
		    "`type`:`bool_type`,`loc`:[`body`,`c`],`msg`:`Input "
		    "should be a valid boolean`,`input`:1},"
		    MISSING("d", "{`a`:{`b`:1.5},`c`:1}") "]" },
		{ { .type = TYPE, .body =
		    "{`a`:{`b`:`5`},`c`:true,`d`:{`x`:[`\\u0000`]}}" },
		    "[{`type`:`int_type`,`loc`:[`body`,`a`,`b`],"
		    "`msg`:`Input should be a valid integer`,`input`:`5`},{"
		    "`type`:`value_error`,`loc`:[`body`,`d`,`x`,0],"
		    "`msg`:`Value error, text cannot hold the character "
		    "NUL`,`input`:`\\u0000`,`ctx`:{`error`:{}}}]" },
		{ { .type = TYPE, .body =
		    "{`a`:{`b`:true},`c`:true,`d`:[[[[[[[[0]]]]]]]]}" },
		    "[{`type`:`json_invalid`,`loc`:[`body`,36],`msg`:`JSON "
		    "decode error`,`input`:{},`ctx`:{`error`:`Nesting too "
		    "deep`}}]" },
	};

	(void)state;
	ROWS("", "", "body.a.b:23 body.c:16 body.d:3802 body.e?", rows);
}

static void
a_whole_body_may_be_any_json(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body = "[{`a`:1}]" },
		    "[{`a`:1}] [{`a`:1}]" },
		{ { .type = TYPE, .body = "5" }, "5 5" },
		{ { .type = TYPE, .body = "null" },
		    "[{`type`:`missing`,`loc`:[`body`],`msg`:`Field "
		    "required`,`input`:null}]" },
	};

	(void)state;
	ROWS("", "", "body:3802", rows);
}

static void
a_declared_body_goes_on_without_what_is_unknown(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body = "{`a`: `x`, `list`: []}" },
		    "{`a`:`x`,`n`:5,`list`:[]} {`a`:`x`,`n`:5,`list`:[]}" },
		{ { .type = TYPE, .body = "{`a`:`x`,`n`:1,`list`:[{`Q`:2}]}" },
		    "{`a`:`x`,`n`:1,`list`:[{`q`:2}]} {`a`:`x`,`n`:1,"
		    "`list`:[{`q`:2}]}" },
		{ { .type = TYPE, .body =
		    "{`a`:`x`,`admin`:true,`n`:1,`list`:[]}" },
		    "{`a`:`x`,`n`:1,`list`:[]} {`a`:`x`,`n`:1,`list`:[]}" },
		/* As it came, when all of it is known. */
		{ { .type = TYPE, .body = "{`n` : 1, `a`:`x`, `list` : []}" },
		    "{`n` : 1, `a`:`x`, `list` : []} {`n` : 1, `a`:`x`, "
		    "`list` : []}" },
	};

	(void)state;
	ROWS("types = { Line = { fields = { q = { type = \"int4\"; name = "
	    "\"Q\"; }; }; }; };\nbody = { fields = { a = {}; n = { default "
	    "= 5; };\n list = { type = \"Line[]\"; }; }; };\n", "",
	    "body:3802", rows);
}

static void
an_order_has_lines(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body = "{`note`:`n`,`items`:[{`sku`:`a`,"
		    "`qty`:1},{`sku`:`b`,`qty`:2}]}" },
		    "n `n` | [{`sku`:`a`,`qty`:1},{`sku`:`b`,`qty`:2}] [{"
		    "`sku`:`a`,`qty`:1},{`sku`:`b`,`qty`:2}]" },
		{ { .type = TYPE, .body = "{`note`:`n`,`items`:[]}" },
		    "[{`type`:`too_short`,`loc`:[`body`,`items`],"
		    "`msg`:`List should have at least 1 item after "
		    "validation, not 0`,`input`:[],`ctx`:{"
		    "`field_type`:`List`,`min_length`:1,"
		    "`actual_length`:0}}]" },
		{ { .type = TYPE, .body = "{`note`:`n`,`items`:[1,2,3]}" },
		    "[{`type`:`too_long`,`loc`:[`body`,`items`],`msg`:`List "
		    "should have at most 2 items after validation, not 3`,"
		    "`input`:[1,2,3],`ctx`:{`field_type`:`List`,"
		    "`max_length`:2,`actual_length`:3}}]" },
		{ { .type = TYPE, .body = "{`note`:`n`,`items`:{}}" },
		    "[{`type`:`list_type`,`loc`:[`body`,`items`],"
		    "`msg`:`Input should be a valid list`,`input`:{}}]" },
		{ { .type = TYPE, .body = "{`note`:`n`,`items`:[{`sku`:`a`,"
		    "`qty`:1},{`sku`:2,`qty`:0}]}" },
		    "[{`type`:`string_type`,`loc`:[`body`,`items`,1,`sku`],"
		    "`msg`:`Input should be a valid string`,`input`:2},{"
		    "`type`:`greater_than_equal`,`loc`:[`body`,`items`,1,"
		    "`qty`],`msg`:`Input should be greater than or equal "
		    "to 1`,`input`:0,`ctx`:{`ge`:1}}]" },
	};

	(void)state;
	ROWS("types = { Line = { fields = { sku = { type = \"text\"; };\n "
	    "qty = { type = \"int4\"; minimum = 1; }; }; };\n Order = { "
	    "fields = { note = { max_length = 500; };\n items = { type = "
	    "\"Line[]\"; min_items = 1;\n max_items = 2; }; }; }; };\nbody "
	    "= \"Order\";\n", "",
	    "body.note:25 body.items:3802", rows);
}

static void
extra_fields_and_keys_can_be_forbidden(void **state)
{
	static const struct row rows[] = {
		{ { .query = "a=1", .type = TYPE, .body = "{`x`:1}" },
		    "1 1" },
		{ { .query = "a=1&zz=2&a=3", .type = TYPE, .body =
		    "{`zz`:[1],`x`:1,`y`:null}" },
		    "[{`type`:`value_error`,`loc`:[`query`,`a`],"
		    "`msg`:`Value error, sent more than once`,`input`:[`1`,"
		    "`3`],`ctx`:{`error`:{}}},{`type`:`extra_forbidden`,"
		    "`loc`:[`query`,`zz`],`msg`:`Extra inputs are not "
		    "permitted`,`input`:`2`},{`type`:`extra_forbidden`,"
		    "`loc`:[`body`,`zz`],`msg`:`Extra inputs are not "
		    "permitted`,`input`:[1]},{`type`:`extra_forbidden`,"
		    "`loc`:[`body`,`y`],`msg`:`Extra inputs are not "
		    "permitted`,`input`:null}]" },
	};

	(void)state;
	ROWS("strict = true;\nquery = { a = { type = \"int4\"; }; };\nbody "
	    "= { extra = \"forbid\"; fields = { x = { type = \"int4\"; }; "
	    "}; };\n", "", "a:23", rows);
}

static void
secrets_are_never_repeated(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body = "{`password`:`hunter2`}" },
		    "[{`type`:`missing`,`loc`:[`body`,`username`],"
		    "`msg`:`Field required`},{`type`:`string_too_short`,"
		    "`loc`:[`body`,`password`],`msg`:`String should have "
		    "at least 8 characters`,`ctx`:{`min_length`:8}}]" },
		{ { .type = TYPE, .body = "[`hunter2`]" },
		    "[{`type`:`model_attributes_type`,`loc`:[`body`],"
		    "`msg`:`Input should be a valid dictionary or object "
		    "to extract fields from`}]" },
		{ { .type = "text/plain", .body = "hunter2" },
		    "[{`type`:`model_attributes_type`,`loc`:[`body`],"
		    "`msg`:`Input should be a valid dictionary or object "
		    "to extract fields from`}]" },
	};

	(void)state;
	ROWS("body = { fields = { username = {}; password = {\n min_length "
	    "= 8; secret = true; }; }; };\n", "",
	    "body.username:25 body.password:25", rows);
}

static void
a_message_stands_for_all_faults_of_its_input(void **state)
{
	static const struct row rows[] = {
		{ { .query = "a=x" },
		    "[{`type`:`int_parsing`,`loc`:[`query`,`a`],`msg`:`a "
		    "small number, please`,`input`:`x`}]" },
		{ { .query = "a=50" },
		    "[{`type`:`less_than_equal`,`loc`:[`query`,`a`],"
		    "`msg`:`a small number, please`,`input`:`50`,`ctx`:{"
		    "`le`:9}}]" },
		{ { .query = "a=1&a=2" },
		    "[{`type`:`value_error`,`loc`:[`query`,`a`],`msg`:`a "
		    "small number, please`,`input`:[`1`,`2`],`ctx`:{"
		    "`error`:{}}}]" },
		{ { .part = NULL }, "[{`type`:`missing`,`loc`:[`query`,`a`],"
		    "`msg`:`a small number, please`,`input`:null}]" },
	};

	(void)state;
	ROWS("query = { a = { maximum = 9; message = \"a small number, "
	    "please\"; }; };\n", "", "a:23", rows);
}

static void
a_lenient_query_cannot_be_wrong(void **state)
{
	static const struct row rows[] = {
		{ { .query = "page=3" }, "3 3 | - null | - null" },
		{ { .query = "page=x" }, "1 1 | - null | - null" },
		{ { .query = "page=" }, "1 1 | - null | - null" },
		{ { .query = "page=-7" }, "1 1 | - null | - null" },
		{ { .query = "page=101" }, "99 99 | - null | - null" },
		{ { .query = "page=99999999999999999999" },
		    "99 99 | - null | - null" },
		{ { .query = "page=2&page=3" }, "2 2 | - null | - null" },
		{ { .query = "r=0.5&tag=toolong" },
		    "1 1 | 1.5 1.5 | - null" },
	};

	(void)state;
	ROWS("query = { page = { default = 1; minimum = 1; "
	    "exclusive_maximum = 100; lenient = true; };\n r = { type = "
	    "\"float8\"; minimum = 1.5; optional = true; lenient = true; "
	    "};\n tag = { max_length = 3; optional = true; lenient = true; "
	    "}; };\n",
	    "", "page:20 r:701 tag:25", rows);
}

static void
headers_and_cookies_are_inputs_too(void **state)
{
	static const struct row rows[] = {
		{ { .header = "abc", .cookie = "a=1; sid=`77`; sid=8" },
		    "abc `abc` | 77 77" },
		{ { .cookie = "sid=x" },
		    "[{`type`:`missing`,`loc`:[`header`,`x-token`],"
		    "`msg`:`Field required`,`input`:null}," NO_INT("cookie",
		    "`sid`", "`x`") "]" },
		{ { .header = "\xc3", .cookie = "sid=1" },
		    "400 There was an error parsing the headers" },
		{ { .header = "a", .cookie = "sid=\xc3" },
		    "400 There was an error parsing the cookies" },
	};

	(void)state;
	ROWS("", "", "header.x_token:25 cookie.sid:23", rows);
}

static void
a_repeated_key_is_a_list_where_one_is_wanted(void **state)
{
	static const struct row rows[] = {
		{ { .query = "id=3&tag=a&id=4" },
		    "{3,4} [3,4] | {`a`} [`a`]" },
		{ { .query = "id=1&tag=a%22%5C&tag=NULL&tag=" },
		    "{1} [1] | {`a\\`\\\\`,`NULL`,``} [`a\\`\\\\`,`NULL`,``]" },
		{ { .query = "id=1&id=x&id=3000000000" },
		    "[" NO_INT("query", "`id`,1", "`x`") ",{"
		    "`type`:`less_than_equal`,`loc`:[`query`,`id`,2],"
		    "`msg`:`Input should be less than or equal to "
		    "2147483647`,`input`:`3000000000`,`ctx`:{"
		    "`le`:2147483647}},{`type`:`missing`,`loc`:[`query`,"
		    "`tag`],`msg`:`Field required`,`input`:null}]" },
	};

	(void)state;
	ROWS("query = { id = {}; tag = { type = \"text[]\"; }; };\n", "",
	    "id:1007 tag:1009", rows);
}

static void
a_list_of_scalars_becomes_an_array(void **state)
{
	static const struct row rows[] = {
		{ { .type = TYPE, .body = "{`n`:[1,2.0,-3],`t`:[`a`,`b,`],"
		    "`b`:[true,false],`m`:[`ok`]}" },
		    "{1,2,-3} [1,2.0,-3] | {`a`,`b,`} [`a`,`b,`] | {t,f} ["
		    "true,false] | {`ok`} [`ok`]" },
		{ { .type = TYPE, .body =
		    "{`n`:[],`t`:[1],`b`:[null],`m`:[`odd`,3]}" },
		    "[{`type`:`string_type`,`loc`:[`body`,`t`,0],"
		    "`msg`:`Input should be a valid string`,`input`:1},{"
		    "`type`:`bool_type`,`loc`:[`body`,`b`,0],`msg`:`Input "
		    "should be a valid boolean`,`input`:null},{"
		    "`type`:`enum`,`loc`:[`body`,`m`,0],`msg`:`Input "
		    "should be 'sad', 'ok' or 'happy'`,`input`:`odd`,"
		    "`ctx`:{`expected`:`'sad', 'ok' or 'happy'`}},{"
		    "`type`:`enum`,`loc`:[`body`,`m`,1],`msg`:`Input "
		    "should be 'sad', 'ok' or 'happy'`,`input`:3,`ctx`:{"
		    "`expected`:`'sad', 'ok' or 'happy'`}}]" },
	};

	(void)state;
	ROWS("", "", "body.n:1007 body.t:1009 body.b:1000 body.m:50004", rows);
}

static void
so_wrong_a_body_gets_the_first_of_its_faults(void **state)
{
	struct stage stage;
	struct buf body = { NULL, 0, 0 };
	unsigned count = 0;
	const char *at;

	(void)state;
	stage_open(&stage, "", "", "body.t:1009");
	buf_add_text(&body, TEXT("{\"t\":[0"));
	for (unsigned i = 0; i < 100000; i++)
		buf_add_text(&body, TEXT(",0"));
	buf_add(&body, "]}", 3);
	stage_check(&stage, &(struct request){ .type = TYPE,
	    .body = body.data });
	for (at = stage.err.list; (at = strstr(at, "\"type\"")) != NULL; at++)
		count++;
	assert_int_equal(count, 100);
	buf_release(&body);
	stage_close(&stage);
}

static void
messages_by_type_are_those_of_the_nearest(void **state)
{
	struct stage stage;

	(void)state;
	stage_open(&stage, "query = { a = {}; b = { message = \"own\"; }; };",
	    "", "a:25 b:25");
	assert_int_equal(inputs_message(stage.inputs, "missing", "near"), 0);
	assert_int_equal(inputs_message(stage.inputs, "missing", "far"), 0);
	assert_int_equal(inputs_message(stage.inputs, "missin", "x"), -1);
	assert_string_equal(stage_check(&stage, &(struct request){ .part = NULL
	    }),
	    "[{\"type\":\"missing\",\"loc\":[\"query\",\"a\"],\"msg\":\"near\""
	    ",\"input\":null},{\"type\":\"missing\",\"loc\":[\"query\",\"b\"],"
	    "\"msg\":\"own\",\"input\":null}]");
	stage_close(&stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_id_of_a_path_is_an_int4),
		cmocka_unit_test(the_users_query_has_bounds_and_defaults),
		cmocka_unit_test(a_user_is_created_from_good_json_only),
		cmocka_unit_test(what_is_no_user_is_told_by_its_field),
		cmocka_unit_test(a_user_is_changed_by_what_was_sent),
		cmocka_unit_test(an_undeclared_body_is_what_references_say),
		cmocka_unit_test(a_whole_body_may_be_any_json),
		cmocka_unit_test(
		    a_declared_body_goes_on_without_what_is_unknown),
		cmocka_unit_test(an_order_has_lines),
		cmocka_unit_test(extra_fields_and_keys_can_be_forbidden),
		cmocka_unit_test(secrets_are_never_repeated),
		cmocka_unit_test(a_message_stands_for_all_faults_of_its_input),
		cmocka_unit_test(a_lenient_query_cannot_be_wrong),
		cmocka_unit_test(headers_and_cookies_are_inputs_too),
		cmocka_unit_test(a_repeated_key_is_a_list_where_one_is_wanted),
		cmocka_unit_test(a_list_of_scalars_becomes_an_array),
		cmocka_unit_test(so_wrong_a_body_gets_the_first_of_its_faults),
		cmocka_unit_test(messages_by_type_are_those_of_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
