/*
 * SQL with references: what PostgreSQL gets, what is told of a statement from
 * its text, and where its faults are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "plan/sql_text.h"

static void
on_fault(void *arg, size_t offset, const char *message)
{
	buf_printf(arg, "%zu: %s\n", offset, message);
}

static void
on_warning(void *arg, size_t offset, const char *message)
{
	buf_printf(arg, "warning %zu: %s\n", offset, message);
}

static bool
is_known(void *arg, const struct reference *ref)
{
	(void)arg;
	return text_equal(ref->name, TEXT("id"));
}

static int
parse(const char *source, struct arena *arena, struct sql_text *text,
    struct buf *lines)
{
	struct sql_sink sink = { on_fault, on_warning, is_known, lines };
	int status;

	/* Of its exact length, so that a step beyond it is seen. */
	status = sql_text_parse((struct text){
	    memcpy(arena_bytes(arena, strlen(source)), source,
	    strlen(source)), strlen(source) }, arena, &sink, text);
	buf_add_byte(lines, '\0');
	return status;
}

static void
assert_sql(const char *source, const char *expected, const char *params)
{
	struct arena *arena = arena_new();
	struct buf lines = { NULL, 0, 0 }, names = { NULL, 0, 0 };
	struct sql_text text;

	if (parse(source, arena, &text, &lines) != 0)
		fail_msg("%s: %s", source, lines.data);
	assert_string_equal(text.sql, expected);
	for (unsigned i = 0; i < text.nparams; i++)
		buf_printf(&names, "%s%.*s", i == 0 ? "" : " ",
		    (int)text.params[i].whole.len, text.params[i].whole.at);
	buf_add_byte(&names, '\0');
	assert_string_equal(names.data, params);
	buf_release(&lines);
	buf_release(&names);
	arena_free(arena);
}

static void
assert_lines(const char *source, const char *expected)
{
	struct arena *arena = arena_new();
	struct buf lines = { NULL, 0, 0 };
	struct sql_text text;

	parse(source, arena, &text, &lines);
	assert_string_equal(lines.data, expected);
	buf_release(&lines);
	arena_free(arena);
}

static void
references_become_parameters(void **state)
{
	(void)state;
	assert_sql("SELECT a FROM t WHERE id = {id}",
	    "SELECT a FROM t WHERE id = $1", "id");
	assert_sql("SELECT {b.x}, {a}, {b.x}, {b.x?}",
	    "SELECT $1, $2, $1, $3", "b.x a b.x?");
	assert_sql("SELECT 1", "SELECT 1", "");
	assert_sql("SELECT {a}::text || {b}", "SELECT $1::text || $2", "a b");
	assert_sql("SELECT x[{a}:{b}]", "SELECT x[$1:$2]", "a b");
}

static void
a_parameter_does_not_grow_into_its_neighbours(void **state)
{
	(void)state;
	assert_sql("SELECT 1 LIMIT{a}OFFSET{b}", "SELECT 1 LIMIT $1 OFFSET $2",
	    "a b");
	assert_sql("SELECT {a}{b}", "SELECT $1 $2", "a b");
	assert_sql("SELECT {a}1", "SELECT $1 1", "a");
}

static void
braces_in_quotes_and_comments_are_text(void **state)
{
	static const char *const texts[] = {
		"SELECT '{a,b}'::text[]",
		"SELECT 'it''s {b}', {a}",
		"SELECT E'it\\'s {b}', {a}",
		"SELECT e'\\\\', {a}",
		"SELECT '\\', {a}",
		"SELECT \"odd {b} \"\"name\"\"\", {a}",
		"SELECT $$ {b} ' $$, {a}",
		"SELECT $tag$ {b} $$ $ta$ $tag$, {a}",
		"SELECT 1 -- {b} '\n, {a}",
		"SELECT 1 /* {b} /* ' */ {c} */, {a}",
		"SELECT a$b$, {a}",
		"SELECT U&'\\0441 {b}', {a}",
		"SELECT '{{b}}', {a}",
		"SELECT E'x' -- '\n 'it\\'s {b}', {a}",
		"SELECT E'x'\r'\\' {b}'\n'{c}\\'', {a}",
		"SELECT 'x'\n'\\', {a}",
		"SELECT 1 -- {b} '\r, {a}",
		"SELECT 1 - -1 / 2, {a}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char expected[200];
		char *brace;

		snprintf(expected, sizeof(expected), "%s", texts[i]);
		brace = strstr(expected, "{a}");
		if (brace != NULL)
			memcpy(brace, "$1", 3);
		assert_sql(texts[i], expected, brace == NULL ? "" : "a");
	}
}

static void
two_braces_are_one(void **state)
{
	(void)state;
	assert_sql("SELECT {{ {a}", "SELECT { $1", "a");
}

static void
assert_writes(const char *source, bool writes)
{
	struct arena *arena = arena_new();
	struct buf lines = { NULL, 0, 0 };
	struct sql_text text;

	if (parse(source, arena, &text, &lines) != 0)
		fail_msg("%s: %s", source, lines.data);
	if (text.writes != writes)
		fail_msg("%s: writes is %d", source, text.writes);
	buf_release(&lines);
	arena_free(arena);
}

static void
writes_are_told_from_reads(void **state)
{
	(void)state;
	assert_writes("INSERT INTO t VALUES (1)", true);
	assert_writes("update t set a = 1", true);
	assert_writes("DELETE FROM t", true);
	assert_writes("MERGE INTO t USING s ON true WHEN MATCHED THEN DO "
	    "NOTHING", true);
	assert_writes("CALL p()", true);
	assert_writes("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) "
	    "SELECT a FROM x", true);
	assert_writes("SELECT a FROM t FOR UPDATE", true);
	assert_writes("SELECT a FROM t FOR NO KEY UPDATE", true);
	assert_writes("SELECT a FROM t FOR SHARE", true);
	assert_writes("SELECT a FROM t FOR KEY SHARE", true);
	assert_writes("TRUNCATE t", true);
	assert_writes("CREATE TABLE t ()", true);
	assert_writes("SELECT a FROM t", false);
	assert_writes("(SELECT a FROM t) UNION SELECT 1", false);
	assert_writes("WITH x AS (SELECT 1) SELECT a FROM x", false);
	assert_writes("VALUES (1)", false);
	assert_writes("TABLE t", false);
	assert_writes("SELECT 'DELETE', \"update\" FROM t -- INSERT\n", false);
	assert_writes("SELECT t.delete, a AS insert, share FROM t", false);
	assert_writes("SELECT deleted, updated_at FROM inserts", false);
}

static void
one_operation_takes_one_command(void **state)
{
	(void)state;
	assert_sql("SELECT 1;", "SELECT 1;", "");
	assert_sql("SELECT 1 ; -- done\n ;", "SELECT 1 ; -- done\n ;", "");
	assert_sql("SELECT ';'", "SELECT ';'", "");
	assert_lines("SELECT 1; DELETE FROM t",
	    "10: a second command; each operation takes one\n");
	assert_lines(" -- nothing\n", "0: no statement stands here\n");
	assert_lines(";;", "0: no statement stands here\n");
	assert_lines("BEGIN", "0: \"BEGIN\" cannot be the statement of a "
	    "route\n");
	assert_lines("SELEC 1", "0: \"SELEC\" begins no statement; did you "
	    "mean \"SELECT\"?\n");
	assert_lines("'x'", "0: \"'x'\" begins no statement\n");
	assert_lines("copy t to stdout", "0: \"copy\" cannot be the statement "
	    "of a route\n");
}

static void
faults_have_their_place(void **state)
{
	(void)state;
	assert_lines("SELECT { id }", "7: \"{\" begins a reference such as "
	    "{name}; write \"{{\" for a brace\n");
	assert_lines("SELECT '{id}', 'x{id.y}z', '{other}'",
	    "8: {id} stands in quotes, where it is text; write it outside, "
	    "as in '%' || {id} || '%'\n"
	    "17: {id.y} stands in quotes, where it is text; write it outside, "
	    "as in '%' || {id.y} || '%'\n");
	assert_lines("SELECT $1", "7: parameters are written as references, "
	    "{name}\n");
	assert_lines("SELECT 'a", "7: this quote or comment is never closed\n");
	assert_lines("SELECT $x$ $y$", "7: this quote or comment is never "
	    "closed\n");
	assert_lines("SELECT /* /* */", "7: this quote or comment is never "
	    "closed\n");
}

static void
what_may_surprise_is_warned_of(void **state)
{
	static const char star[] = "\"*\" changes the reply when the table "
	    "gets a column; name the columns\n";
	char expected[300];

	(void)state;
	snprintf(expected, sizeof(expected), "warning 7: %s", star);
	assert_lines("SELECT * FROM t", expected);
	snprintf(expected, sizeof(expected), "warning 9: %s", star);
	assert_lines("SELECT t.* FROM t", expected);
	snprintf(expected, sizeof(expected), "warning 26: %s", star);
	assert_lines("DELETE FROM t RETURNING a,*", expected);
	assert_lines("SELECT count(*), 2 * a FROM t WHERE EXISTS "
	    "(SELECT * FROM u)", "");
	assert_lines("SELECT a FROM t LIMIT 5", "warning 16: LIMIT "
	    "without ORDER BY takes any rows\n");
	assert_lines("SELECT a FROM t ORDER BY a LIMIT 5", "");
	assert_lines("SELECT a FROM (SELECT b FROM t LIMIT 5) x ORDER BY a",
	    "warning 31: LIMIT without ORDER BY takes any rows\n");
	assert_lines("SELECT a -- all of it FROM t", "warning 9: this comment "
	    "goes to the end of the statement; write /* */\n");
}

static void
bytes_lead_back_to_the_source(void **state)
{
	static const char source[] = "SELECT {a} + {{ + LIMIT{bb}x + y";
	struct arena *arena = arena_new();
	struct buf lines = { NULL, 0, 0 };
	struct sql_text text;

	(void)state;
	parse(source, arena, &text, &lines);
	assert_string_equal(text.sql, "SELECT $1 + { + LIMIT $2 x + y");
	assert_int_equal(sql_text_source(&text, 0), 0);
	assert_int_equal(sql_text_source(&text, 7), 7);		/* $1 */
	assert_int_equal(sql_text_source(&text, 8), 7);
	assert_int_equal(sql_text_source(&text, 10), 11);	/* + */
	assert_int_equal(sql_text_source(&text, 12), 14);	/* { */
	assert_int_equal(sql_text_source(&text, 22), 23);	/* $2 */
	assert_int_equal(sql_text_source(&text, 25), 27);	/* x */
	assert_int_equal(sql_text_source(&text, 29), 31);	/* y */
	buf_release(&lines);
	arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_become_parameters),
		cmocka_unit_test(
		    a_parameter_does_not_grow_into_its_neighbours),
		cmocka_unit_test(braces_in_quotes_and_comments_are_text),
		cmocka_unit_test(two_braces_are_one),
		cmocka_unit_test(writes_are_told_from_reads),
		cmocka_unit_test(one_operation_takes_one_command),
		cmocka_unit_test(faults_have_their_place),
		cmocka_unit_test(what_may_surprise_is_warned_of),
		cmocka_unit_test(bytes_lead_back_to_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
