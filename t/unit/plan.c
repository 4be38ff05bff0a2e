/*
 * Routes that are wrong, and what is said of them; routes that are right, and
 * what became of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "conf/key.h"
#include "io/pg_statement.h"
#include "op/ops.h"
#include "plan/limits.h"
#include "plan/plan.h"

#include "conf_text.h"

struct compiled {
	struct conf_text conf;
	struct limits_conf limits;
	struct plans *plans;
};

static void
compile(struct compiled *compiled, const char *source)
{
	struct conf_into into = { &limits_section, &compiled->limits };

	conf_text_load(&compiled->conf, source);
	conf_read(NULL, &into, 1, compiled->conf.report);
	compiled->plans = plans_compile(compiled->conf.root, op_types,
	    &compiled->limits, compiled->conf.report);
}

static void
compiled_free(struct compiled *compiled)
{
	plans_free(compiled->plans);
	conf_text_free(&compiled->conf);
	arena_release_kept();
}

/* source: what stands in "routes = { r = {", from line 2 on. */
static void
assert_route(const char *source, const char *expected)
{
	struct compiled compiled;
	char whole[4000];

	snprintf(whole, sizeof(whole), "routes = { r = {\n%s\n}; };\n",
	    source);
	compile(&compiled, whole);
	conf_text_assert(&compiled.conf, expected);
	compiled_free(&compiled);
}

struct fault {
	const char *source, *expected;
};

static void
assert_faults(const struct fault *faults, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_route(faults[i].source, faults[i].expected);
}

#define ROUTE(operations) "on = \"GET /u/{user_id}\"; reply = \"x\";\n" \
	"do = {\n" operations "\n};"
#define POST(operations) "on = \"POST /u/{user_id}\"; reply = \"x\";\n" \
	"status = 201; do = {\n" operations "\n};"

static void
a_route_says_what_it_lacks(void **state)
{
	static const struct fault faults[] = {
		{ "on = \"GET /\"; reply = 1;", "" },
		{ "reply = 1;", "1:16: routes.r.on is required\n" },
		{ "on = \"GET /\";", "1:12: reply is missing; status 204 has "
		    "none\n" },
		{ "on = \"GET /\"; status = 204;", "" },
		{ "on = \"GET /\"; status = 204;\nreply = 1;", "3:1: status "
		    "204 has no body, so reply cannot stand here\n" },
		{ "on = \"GET\"; reply = 1;", "2:6: on is a method and a path,"
		    " \"GET /users/{user_id}\"\n" },
		{ "on = \"GET users\"; reply = 1;", "2:6: on is a method and a"
		    " path, \"GET /users/{user_id}\"\n" },
		{ "on = 1; reply = 1;", "2:6: on is a method and a path, "
		    "\"GET /users/{user_id}\"\n" },
		{ "on = \"GET /\"; repyl = 1; status = 204;", "2:15: unknown "
		    "key \"repyl\"; did you mean \"reply\"?\n" },
		{ "on = \"GET /\"; reply = 1; do = ( );", "2:31: do is a group "
		    "of operations, { NAME = { row = \"SELECT ...\"; }; }\n" },
		{ "on = \"GET /\"; reply = 1; status = 99;", "2:35: "
		    "routes.r.status: 99 is outside 200..599\n" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
names_are_checked(void **state)
{
	static const struct fault faults[] = {
		{ ROUTE("body = { sleep = \"1s\"; };"),
		    "4:1: \"body\" is a reserved name\n" },
		{ ROUTE("user_id = { sleep = \"1s\"; };"),
		    "2:14: the part {user_id} of the path has the name of an "
		    "operation\n" },
		{ "on = \"GET /{query}/{rest*}\"; reply = 1;",
		    "2:12: the part {query} of the path has a reserved "
		    "name\n" },
		{ ROUTE("a = { value = \"SELECT {userid}\"; };"),
		    "4:23: unknown name \"userid\"; did you mean "
		    "\"user_id\"?\n" },
		{ ROUTE("a = { value = \"SELECT \"\n\"  {b}, {b.x}\"; };"),
		    "5:4: unknown name \"b\"; known are a, user_id, body, "
		    "query, path, header and cookie\n"
		    "5:9: unknown name \"b\"; known are a, user_id, body, "
		    "query, path, header and cookie\n" },
		{ ROUTE("a = { value = \"SELECT {user_id.x}\"; };"),
		    "4:23: {user_id.x}: \"user_id\" is one value and has no "
		    "parts\n" },
		{ ROUTE("a = { value = \"SELECT '{user_id}'\"; };"),
		    "4:24: {user_id} stands in quotes, where it is text; write "
		    "it outside, as in '%' || {user_id} || '%'\n" },
		{ ROUTE("a = { value = \"SELECT '{1,2}', '{null}'\"; };"), "" },
		{ ROUTE("a = { value = \"SELECT {claims.sub}\"; };"),
		    "4:23: {claims} is not known at this place\n" },
		{ "on = \"GET /{a}\"; reply = { x = ( \"{b}\" ); };",
		    "2:35: unknown name \"b\"; known are a, body, query, path, "
		    "header and cookie\n" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
an_operation_has_one_verb(void **state)
{
	static const struct fault faults[] = {
		{ ROUTE("a = { };"), "4:1: the operation \"a\" has no verb, "
		    "such as row or sleep\n" },
		{ ROUTE("a = { timeout = \"1s\"; };"), "4:1: the operation "
		    "\"a\" has no verb, such as row or sleep\n" },
		{ ROUTE("a = { rwo = \"SELECT 1\"; };"), "4:7: unknown verb "
		    "\"rwo\"; did you mean \"row\"?\n" },
		{ ROUTE("a = { sleep = \"1s\"; row = \"SELECT 1\"; };"),
		    "4:21: an operation has one verb; \"a\" has sleep and "
		    "row\n" },
		{ ROUTE("a = { sleep = \"1s\"; missing = \"x\"; };"),
		    "4:21: unknown key \"missing\"; known are after, when, "
		    "else, timeout and sleep\n" },
		{ ROUTE("a = \"SELECT 1\";"), "4:5: an operation is a group, "
		    "{ row = \"SELECT ...\"; }\n" },
		{ ROUTE("a = { row = 1; };"), "4:13: SQL is a string, not a "
		    "number\n" },
		{ ROUTE("a = { sleep = \"soon\"; };"), "4:15: sleep takes a "
		    "time such as \"1s\", or one reference to a number of "
		    "seconds\n" },
		{ ROUTE("a = { sleep = 1; };"), "4:15: sleep takes a time such "
		    "as \"1s\", or one reference to a number of seconds\n" },
		{ ROUTE("a = { require = \"{user_id} == 1\"; };"), "4:29: a "
		    "value is due here: {name}, a number, 'text', true, false, "
		    "null or a parenthesis\n" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
the_graph_is_checked(void **state)
{
	static const struct fault faults[] = {
		{ ROUTE("a = { sleep = \"1s\"; after = \"b\"; };"),
		    "4:29: unknown operation \"b\"; only a is known\n" },
		{ ROUTE("a = { sleep = \"1s\"; after = [ \"a\" ]; };"),
		    "4:31: the operation \"a\" waits for itself\n" },
		{ ROUTE("a = { value = \"SELECT {a}\"; };"),
		    "4:23: the operation \"a\" refers to itself\n" },
		{ ROUTE("a = { value = \"SELECT {b}\"; };\n"
		    "b = { value = \"SELECT {c}\"; };\n"
		    "c = { value = \"SELECT {a}\"; };"),
		    "4:1: a circle: \"a\" waits for \"b\" waits for \"c\" "
		    "waits for \"a\"\n" },
		{ ROUTE("g = { require = \"{b} = 1\"; };\n"
		    "b = { value = \"SELECT 1\"; };"),
		    "4:1: a circle: \"g\" waits for \"b\" waits for \"g\"; "
		    "what is written below a guard waits for it, and a write "
		    "for what is above it\n" },
		{ ROUTE("a = { exec = \"SELECT 1\"; };\n"
		    "b = { value = \"SELECT {a.x}\"; };"),
		    "5:23: {a.x}: the value of exec has no parts\n" },
		{ ROUTE("a = { rows = \"SELECT 1 AS x\"; };\n"
		    "b = { value = \"SELECT {a.x}, {a.0.x}\"; };"),
		    "5:23: {a.x}: \"a\" is a list; {a.0.x} is of its first "
		    "row\n" },
		{ ROUTE("a = { value = \"SELECT {b?}\"; };\n"
		    "b = { sleep = \"1s\"; };"),
		    "4:23: {b?}: only what a client sends can be asked for; "
		    "an operation has {b:state}\n" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
writes_are_checked(void **state)
{
	static const char get[] = "4:14: \"a\" writes, which a GET must "
	    "not\n";
	static const struct fault faults[] = {
		{ ROUTE("a = { exec = \"DELETE FROM t\"; };"), get },
		{ ROUTE("a = { exec = \"SELECT f()\"; writes = true; };"),
		    get },
		{ ROUTE("a = { exec = \"SELECT x FROM t FOR UPDATE\"; };"),
		    get },
		{ POST("a = { exec = \"DELETE FROM t\"; };"), "" },
		{ POST("a = { exec = \"DELETE FROM t\"; };\n"
		    "b = { exec = \"DELETE FROM u\"; };"),
		    "5:14: \"a\" and \"b\" both write; more than one SQL write "
		    "in a route needs a transaction, which there is not "
		    "yet\n" },
		{ POST("a = { exec = \"DELETE FROM t\"; else = 1; };"),
		    "4:31: else makes a read optional; \"a\" changes "
		    "something\n" },
		{ POST("a = { exec = \"DELETE FROM t\"; timeout = \"1s\"; };"),
		    "4:31: timeout ends a read; \"a\" changes something and is "
		    "finished once it has begun\n" },
		{ POST("a = { require = \"true\"; else = 1; };"),
		    "4:25: else makes a read optional; \"a\" is a guard\n" },
		{ "on = \"POST /\"; reply = 1;\n"
		    "do = { a = { exec = \"INSERT INTO t VALUES (1)\"; }; };",
		    "2:6: a POST that inserts says its status; write status = "
		    "201;\n" },
		{ "on = \"POST /\"; reply = 1; do = { a = { exec = \"DELETE "
		    "FROM t\"; }; };", "" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
sql_is_checked(void **state)
{
	static const struct fault faults[] = {
		{ ROUTE("a = { exec = \"SELECT 1; SELECT 2\"; };"),
		    "4:25: a second command; each operation takes one\n" },
		{ ROUTE("a = { exec = \"SELECT x \"\n\"FROM t LIMIT 1\"; };"),
		    "warning: 5:9: LIMIT without ORDER BY takes any rows\n" },
		{ ROUTE("a = { row = \"SELECT * FROM t\"; };"),
		    "warning: 4:21: \"*\" changes the reply when the table "
		    "gets a column; name the columns\n" },
		{ ROUTE("a = { row = \"SELECT 'a\"; };"),
		    "4:21: this quote or comment is never closed\n" },
		{ ROUTE("a = { row = \"COMMIT\"; };"),
		    "4:14: \"COMMIT\" cannot be the statement of a route\n" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
headers_limits_and_errors_are_checked(void **state)
{
	static const struct fault faults[] = {
		{ "on = \"GET /\"; reply = 1;\nreply_headers = { "
		    "Content-Length = \"1\"; X-A = \"{b}\"; };",
		    "3:19: the header field Content-Length is the server's "
		    "own\n3:48: unknown name \"b\"; known are body, query, "
		    "path, header and cookie\n" },
		{ "on = \"GET /\"; reply = 1;\nreply_headers = { X = "
		    "\"a\\r\\nb\"; };",
		    "3:25: a header field has no control bytes\n" },
		{ "on = \"GET /\"; reply = 1;\nlimits = { max_line = \"1k\"; "
		    "request_timeuot = \"2s\"; max_rows = 0; };",
		    "3:12: max_line concerns the connection and stands at top "
		    "level only\n"
		    "3:29: unknown key \"request_timeuot\"; did you mean "
		    "\"request_timeout\"?\n"
		    "3:64: routes.r.limits.max_rows: 0 is outside "
		    "1..100000000 rows\n" },
		{ "on = \"GET /\"; reply = 1;\nerrors = { on = ( "
		    "{ code = \"pool_timout\"; status = 200; },\n"
		    "{ sqlstate = \"2350\"; detail = \"x\"; },\n"
		    "{ status = 400; },\n"
		    "{ constraint = \"c\"; } ); };",
		    "3:28: unknown error code \"pool_timout\"; did you mean "
		    "\"pool_timeout\"?\n"
		    "3:52: the status of an error is 400 to 599\n"
		    "4:14: an SQLSTATE has five digits or capitals, a class "
		    "two\n"
		    "5:1: one of constraint, sqlstate and code is required\n"
		    "6:1: this entry changes nothing; write status or "
		    "detail\n" },
	};

	(void)state;
	assert_faults(faults, ARRAY_LEN(faults));
}

static void
all_faults_are_told_at_once(void **state)
{
	struct compiled compiled;

	(void)state;
	compile(&compiled, "routes = {\n"
	    "  a = { on = \"GET /a\"; reply = \"{x}\";\n"
	    "    do = { b = { row = \"SELECT {y}\"; after = \"z\"; }; }; };\n"
	    "  c = { on = \"GET /c\"; };\n"
	    "};\n"
	    "groups = { };\n"
	    "errors = { no = 1; };\n");
	conf_text_assert(&compiled.conf,
	    "2:33: unknown name \"x\"; known are b, body, query, path, "
	    "header and cookie\n"
	    "3:32: unknown name \"y\"; known are b, body, query, path, "
	    "header and cookie\n"
	    "3:46: unknown operation \"z\"; only b is known\n"
	    "4:3: reply is missing; status 204 has none\n"
	    "6:1: groups are not served yet; write their routes under "
	    "routes\n"
	    "7:12: unknown key \"no\"; only on is known\n");
	compiled_free(&compiled);
}

/* ---- what became of it ------------------------------------------------- */

static void
one_text_is_one_statement(void **state)
{
	struct compiled compiled;
	struct pg_statement *const *statements;
	struct src_pos pos;
	unsigned n;

	(void)state;
	compile(&compiled, "routes = {\n"
	    "a = { on = \"GET /a/{id}\"; reply = 1; do = {\n"
	    "  x = { row = \"SELECT b FROM t \"\n"
	    "    \"WHERE c = {id} AND d\"; }; }; };\n"
	    "b = { on = \"GET /b/{no}\"; reply = 1; do = {\n"
	    "  x = { row = \"SELECT b FROM t WHERE c = {no} AND d\"; };\n"
	    "  y = { row = \"SELECT 1\"; }; }; };\n"
	    "};\n");
	conf_text_assert(&compiled.conf, "");
	statements = plans_statements(compiled.plans, &n);
	assert_int_equal(n, 2);
	assert_string_equal(statements[0]->sql,
	    "SELECT b FROM t WHERE c = $1 AND d");
	assert_string_equal(statements[0]->name, "m0");
	assert_string_equal(statements[0]->route, "a");
	assert_string_equal(statements[0]->op, "x");
	assert_int_equal(statements[0]->nparams, 1);
	assert_int_equal(statements[0]->index, 0);
	assert_false(statements[0]->writes);
	assert_string_equal(statements[1]->sql, "SELECT 1");
	pos = plan_statement_pos(statements[0], 33);	/* d */
	assert_int_equal(pos.line, 4);
	assert_int_equal(pos.column, 25);
	compiled_free(&compiled);
}

static void
a_plan_is_printed_with_its_order(void **state)
{
	struct compiled compiled;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	compile(&compiled, "routes = { make = { on = \"POST /a\"; status = 201;"
	    " reply = \"{w}\"; do = {\n"
	    "  r = { value = \"SELECT 1\"; };\n"
	    "  o = { value = \"SELECT 2\"; else = 0; };\n"
	    "  g = { require = \"{r} = 1\"; };\n"
	    "  w = { exec = \"INSERT INTO t VALUES ({body.a})\"; };\n"
	    "}; }; };");
	conf_text_assert(&compiled.conf, "");
	plan_print(plans_at(compiled.plans, 0), out);
	fclose(out);
	assert_string_equal(text, "make: POST /a -> 201\n"
	    "\tr: value, read\n"
	    "\to: value, read\n"
	    "\tg: require, guard after r\n"
	    "\tw: exec, effect after r, g\n");
	assert_true(plan_has_effects(plans_at(compiled.plans, 0)));
	assert_true(plan_takes_body(plans_at(compiled.plans, 0)));
	assert_false(plans_are_linked(compiled.plans));
	free(text);
	compiled_free(&compiled);
}

static void
limits_are_inherited(void **state)
{
	struct compiled compiled;
	const struct limits_conf *limits;

	(void)state;
	compile(&compiled, "routes = { a = { on = \"GET /a\"; reply = 1; "
	    "limits = { request_timeout = \"2s\"; }; }; };");
	conf_text_assert(&compiled.conf, "");
	limits = plan_limits(plans_at(compiled.plans, 0));
	assert_int_equal(limits->request_timeout_ms, 2000);
	assert_int_equal(limits->max_body, 1 << 20);
	compiled_free(&compiled);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_says_what_it_lacks),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(an_operation_has_one_verb),
		cmocka_unit_test(the_graph_is_checked),
		cmocka_unit_test(writes_are_checked),
		cmocka_unit_test(sql_is_checked),
		cmocka_unit_test(headers_limits_and_errors_are_checked),
		cmocka_unit_test(all_faults_are_told_at_once),
		cmocka_unit_test(one_text_is_one_statement),
		cmocka_unit_test(a_plan_is_printed_with_its_order),
		cmocka_unit_test(limits_are_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
