/*
 * Settings from rows: defaults, types, ranges, units, unknown names, secrets,
 * and the same rows as help, manual and dump.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "conf/key.h"

#include "conf_text.h"

struct settings {
	bool echo;
	int64_t pool_size, timeout_ms, max_bytes, any;
	const char *name, *url;
	int level;
	const struct conf_node *hosts, *extra;
};

struct more {
	int64_t depth;
};

static const char *const levels[] = { "error", "warn", "info", NULL };

#define ROW(field) .at = offsetof(struct settings, field)

static const struct conf_key keys[] = {
	{ .name = "echo", .type = CONF_TYPE_BOOL, ROW(echo),
	  .dflt = "true" },
	{ .name = "pool_size", .type = CONF_TYPE_COUNT, ROW(pool_size),
	  .dflt = "10", .min = 1, .max = 1000, .unit = "connections",
	  .doc = "How many stay open. They are opened at need, e.g. by the "
	      "first request." },
	{ .name = "timeout", .type = CONF_TYPE_TIME, ROW(timeout_ms),
	  .dflt = "90s", .min = 1, .max = 3600000 },
	{ .name = "max_bytes", .type = CONF_TYPE_SIZE, ROW(max_bytes),
	  .dflt = "16k", .flags = CONF_RESTART },
	{ .name = "any", .type = CONF_TYPE_COUNT, ROW(any) },
	{ .name = "name", .type = CONF_TYPE_STRING, ROW(name) },
	{ .name = "url", .type = CONF_TYPE_STRING, ROW(url),
	  .flags = CONF_SECRET, .dflt = "host=x",
	  .doc = "Where it is.\\ 'quoted'" },
	{ .name = "level", .type = CONF_TYPE_ENUM, ROW(level),
	  .dflt = "info", .choices = levels },
	{ .name = "hosts", .type = CONF_TYPE_STRINGS, ROW(hosts) },
	{ .name = "extra", .type = CONF_TYPE_NODE, ROW(extra),
	  .syntax = "{ NAME; ... }" },
};

static const struct conf_key more_keys[] = {
	{ .name = "depth", .type = CONF_TYPE_COUNT,
	  .at = offsetof(struct more, depth), .flags = CONF_REQUIRED },
};

static void
check_depth(const void *settings, const struct conf_node *group,
    struct conf_report *report)
{
	const struct more *more = settings;

	if (more->depth == 13)
		conf_fault(report, conf_node_pos(group), "not this depth");
}

#undef ROW

static const struct conf_section section = {
	.name = "thing", .where = "top level", .size = sizeof(struct settings),
	.keys = keys, .nkeys = ARRAY_LEN(keys),
	.doc = "What a thing is.",
};

static const struct conf_section more_section = {
	.name = "more", .where = "top level", .size = sizeof(struct more),
	.keys = more_keys, .nkeys = ARRAY_LEN(more_keys),
	.check = check_depth,
};

/* Reads "thing" of a text into settings. */
static int
read_thing(struct conf_text *text, const char *source,
    struct settings *settings)
{
	struct conf_into into = { &section, settings };

	conf_text_load(text, source);
	memset(settings, 0x55, sizeof(*settings));
	return conf_read(conf_node_find(text->root, "thing"), &into, 1,
	    text->report);
}

static void
what_is_not_written_has_its_default(void **state)
{
	struct conf_text text;
	struct settings settings;

	(void)state;
	assert_int_equal(read_thing(&text, "", &settings), 0);
	assert_true(settings.echo);
	assert_int_equal(settings.pool_size, 10);
	assert_int_equal(settings.timeout_ms, 90000);
	assert_int_equal(settings.max_bytes, 16384);
	assert_int_equal(settings.any, 0);
	assert_null(settings.name);
	assert_string_equal(settings.url, "host=x");
	assert_int_equal(settings.level, 2);
	assert_null(settings.hosts);
	assert_null(settings.extra);
	conf_text_free(&text);
}

static void
what_is_written_is_read(void **state)
{
	struct conf_text text;
	struct settings settings;

	(void)state;
	assert_int_equal(read_thing(&text, "thing = { echo = false; pool_size "
	    "= 0x10; timeout = \"250ms\"; max_bytes = \"1M\"; any = 5; name = "
	    "\"a\" \"b\"; url = \"@x\"; level = \"error\"; hosts = [ \"h\" ]; "
	    "extra = { x = 1; }; };", &settings), 0);
	conf_text_assert(&text, "");
	assert_false(settings.echo);
	assert_int_equal(settings.pool_size, 16);
	assert_int_equal(settings.timeout_ms, 250);
	assert_int_equal(settings.max_bytes, 1048576);
	assert_int_equal(settings.any, 5);
	assert_string_equal(settings.name, "ab");
	assert_string_equal(settings.url, "@x");
	assert_int_equal(settings.level, 0);
	assert_int_equal(conf_node_count(settings.hosts), 1);
	assert_int_equal(conf_node_kind(settings.extra), CONF_GROUP);
	conf_text_free(&text);
}

/* A setting of thing, and what is said about it. */
static const struct {
	const char *setting, *fault;
} value_faults[] = {
	{ "pool_size = 0;", "1:23: thing.pool_size: 0 is outside "
	    "1..1000 connections\n" },
	{ "pool_size = -1;", "1:23: thing.pool_size: -1 is outside "
	    "1..1000 connections\n" },
	{ "pool_size = \"5\";", "1:23: thing.pool_size: expected a "
	    "number of connections, found \"5\"\n" },
	{ "pool_size = 5.0;", "1:23: thing.pool_size: expected a "
	    "number of connections, found a number with a point\n" },
	{ "any = -1;", "1:17: thing.any: -1 is below 0\n" },
	{ "any = true;",
	    "1:17: thing.any: expected a number, found a boolean\n" },
	{ "timeout = 5;", "1:21: thing.timeout: 5 has no unit; write "
	    "\"5s\" for seconds, or one of ms m h d\n" },
	{ "timeout = \"5\";", "1:21: thing.timeout: 5 has no unit; "
	    "write \"5s\" for seconds, or one of ms m h d\n" },
	{ "timeout = \"soon\";", "1:21: thing.timeout: expected a time "
	    "such as \"250ms\", \"5s\", \"2m\", \"1h\" or \"7d\", found "
	    "\"soon\"\n" },
	{ "timeout = \"2h\";",
	    "1:21: thing.timeout: 2h is outside 1ms..1h\n" },
	{ "timeout = \"0\";",
	    "1:21: thing.timeout: 0 is outside 1ms..1h\n" },
	{ "max_bytes = 65536;", "1:23: thing.max_bytes: 65536 has no "
	    "unit; write \"64k\"\n" },
	{ "max_bytes = 5;", "1:23: thing.max_bytes: 5 has no unit; "
	    "write \"5k\", \"5M\" or \"5G\" (or \"5\" for bytes)\n" },
	{ "max_bytes = \"1T\";", "1:23: thing.max_bytes: expected a "
	    "size such as \"16k\", \"1M\" or \"5G\", found \"1T\"\n" },
	{ "echo = \"yes\";", "1:18: thing.echo: expected true or false, "
	    "found \"yes\"\n" },
	{ "name = 1;",
	    "1:18: thing.name: expected a string, found a number\n" },
	{ "level = \"inof\";", "1:19: thing.level: expected one of "
	    "\"error\", \"warn\", \"info\", found \"inof\"\n" },
	{ "hosts = ( \"a\", 1 );", "1:26: thing.hosts[1]: expected a "
	    "string, found a number\n" },
	{ "hosts = {};", "1:19: thing.hosts: expected a string or a "
	    "list of strings, found a group\n" },
	{ "pool_sise = 1;", "1:11: unknown key \"pool_sise\"; did you "
	    "mean \"pool_size\"?\n" },
	{ "zzzzz = 1;", "1:11: unknown key \"zzzzz\"; known are echo, "
	    "pool_size, timeout, max_bytes, any, name, url, level, "
	    "hosts and extra\n" }
};

static void
each_fault_of_a_value_is_told_in_its_own_words(void **state)
{
	struct conf_text text;
	struct settings settings;
	char source[200];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(value_faults); i++) {
		snprintf(source, sizeof(source), "thing = { %s };",
		    value_faults[i].setting);
		assert_int_equal(read_thing(&text, source, &settings), -1);
		conf_text_assert(&text, value_faults[i].fault);
		conf_text_free(&text);
	}
}

static void
a_number_beyond_int64_is_told_once(void **state)
{
	struct conf_text text;
	struct settings settings;

	(void)state;
	assert_int_equal(read_thing(&text,
	    "thing = { any = 9223372036854775808; };", &settings), -1);
	assert_int_equal(conf_report_faults(text.report), 1);
	conf_text_free(&text);
}

static void
a_section_that_is_no_group_is_told(void **state)
{
	struct conf_text text;
	struct settings settings;

	(void)state;
	assert_int_equal(read_thing(&text, "thing = 5;", &settings), -1);
	conf_text_assert(&text,
	    "1:9: thing: expected a group in \"{ }\", found a number\n");
	assert_int_equal(settings.pool_size, 10);
	conf_text_free(&text);
}

static void
two_sections_share_a_group(void **state)
{
	struct settings settings;
	struct more more;
	struct conf_into into[] = {
		{ &section, &settings }, { &more_section, &more }
	};
	struct conf_text text;

	(void)state;
	conf_text_load(&text, "any = 1; depth = 2;");
	assert_int_equal(conf_read(text.root, into, 2, text.report), 0);
	assert_int_equal(settings.any, 1);
	assert_int_equal(more.depth, 2);
	conf_text_free(&text);

	conf_text_load(&text, "depht = 2;");
	assert_int_equal(conf_read(text.root, into, 2, text.report), -1);
	conf_text_assert(&text, "1:1: depth is required\n1:1: unknown key "
	    "\"depht\"; did you mean \"depth\"?\n");
	conf_text_free(&text);

	conf_text_load(&text, "depth = 13;");
	assert_int_equal(conf_read(text.root, into, 2, text.report), -1);
	conf_text_assert(&text, "1:1: not this depth\n");
	conf_text_free(&text);
}

static void
what_a_hole_may_hold_is_not_missed(void **state)
{
	struct more more;
	struct conf_into into = { &more_section, &more };
	struct conf_text text;

	(void)state;
	conf_text_load(&text, "a = ");
	assert_int_equal(conf_read(text.root, &into, 1, text.report), 0);
	assert_int_equal(conf_report_faults(text.report), 1);
	conf_text_free(&text);
}

static void
what_is_inherited_stays(void **state)
{
	struct settings settings = { .any = 7, .pool_size = 3 };
	struct conf_into into = { &section, &settings };
	struct conf_text text;

	(void)state;
	conf_text_load(&text, "pool_size = 4;");
	assert_int_equal(conf_read_over(text.root, &into, 1, text.report), 0);
	assert_int_equal(settings.any, 7);
	assert_int_equal(settings.pool_size, 4);
	conf_text_free(&text);
}

static void
write_secret(const char *path, const char *bytes, size_t len)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	fclose(out);
}

static void
secrets_come_from_files_and_the_environment(void **state)
{
	char path[] = "/tmp/muster-secret-XXXXXX", source[200];
	struct settings settings;
	struct conf_text text;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_secret(path, "s3cret \n\n", 9);
	snprintf(source, sizeof(source), "thing = { url = \"@%s\"; name = "
	    "\"@%s\"; };", path, path);
	assert_int_equal(read_thing(&text, source, &settings), 0);
	assert_string_equal(settings.url, "s3cret \n");
	assert_int_equal(settings.name[0], '@');
	conf_text_free(&text);

	write_secret(path, "a\0b", 3);
	assert_int_equal(read_thing(&text, source, &settings), -1);
	conf_text_free(&text);
	unlink(path);
	assert_int_equal(read_thing(&text, source, &settings), -1);
	assert_int_equal(conf_report_faults(text.report), 1);
	conf_text_free(&text);

	setenv("MUSTER_UNIT_URL", "host=env", 1);
	unsetenv("MUSTER_UNIT_NONE");
	assert_int_equal(read_thing(&text,
	    "thing = { url = \"$MUSTER_UNIT_URL\"; };", &settings), 0);
	assert_string_equal(settings.url, "host=env");
	conf_text_free(&text);
	assert_int_equal(read_thing(&text,
	    "thing = { url = \"$MUSTER_UNIT_NONE\"; };", &settings), -1);
	conf_text_assert(&text, "1:17: thing.url: the environment has no "
	    "variable \"MUSTER_UNIT_NONE\"\n");
	conf_text_free(&text);
	assert_int_equal(read_thing(&text,
	    "thing = { url = \"$5 a day\"; };", &settings), 0);
	assert_string_equal(settings.url, "$5 a day");
	conf_text_free(&text);
}

static void
a_secret_of_a_wrong_kind_is_not_shown(void **state)
{
	struct settings settings;
	struct conf_text text;

	(void)state;
	assert_int_equal(read_thing(&text, "thing = { url = [ \"s3cret\" ]; };",
	    &settings), -1);
	conf_text_assert(&text,
	    "1:17: thing.url: expected a string, found an array\n");
	conf_text_free(&text);
}

static void
quantities_go_both_ways(void **state)
{
	static const struct {
		const char *text;
		int64_t time, size;	/* -1: refused */
	} rows[] = {
		{ "0", 0, 0 }, { "0s", 0, -1 }, { "1ms", 1, -1 },
		{ "90s", 90000, -1 }, { "2m", 120000, -1 },
		{ "1h", 3600000, -1 }, { "7d", 604800000, -1 },
		{ "5", -1, 5 }, { "16k", -1, 16384 }, { "1M", -1, 1048576 },
		{ "3G", -1, 3221225472 }, { "", -1, -1 }, { "s", -1, -1 },
		{ "1 s", -1, -1 }, { "-1s", -1, -1 }, { "1.5s", -1, -1 },
		{ "1K", -1, -1 }, { "1S", -1, -1 }, { "1sx", -1, -1 },
		{ "9223372036854775807ms", INT64_MAX, -1 },
		{ "9223372036854775808ms", -1, -1 },
		{ "9223372036854775807d", -1, -1 },
		{ "9223372036854775807G", -1, -1 },
	};
	char text[CONF_QUANTITY_LEN];
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		value = -1;
		conf_time_parse(rows[i].text, &value);
		assert_true(value == rows[i].time);
		value = -1;
		conf_size_parse(rows[i].text, &value);
		assert_true(value == rows[i].size);
	}
	conf_time_print(0, text);
	assert_string_equal(text, "0s");
	conf_time_print(90000, text);
	assert_string_equal(text, "90s");
	conf_time_print(86400000, text);
	assert_string_equal(text, "1d");
	conf_time_print(1001, text);
	assert_string_equal(text, "1001ms");
	conf_size_print(0, text);
	assert_string_equal(text, "0");
	conf_size_print(3221225472, text);
	assert_string_equal(text, "3G");
}

/* What a function prints, closed by NUL; to be freed. */
static FILE *printed;
static char *printed_text;
static size_t printed_len;

static FILE *
print_open(void)
{
	printed = open_memstream(&printed_text, &printed_len);
	assert_non_null(printed);
	return printed;
}

static void
print_assert(const char *expected)
{
	fclose(printed);
	assert_string_equal(printed_text, expected);
	free(printed_text);
}

static void
a_dump_can_be_read_again_and_shows_no_secret(void **state)
{
	struct settings settings;
	struct conf_into into = { &section, &settings };
	struct conf_text text;

	(void)state;
	read_thing(&text, "thing = { url = \"s3cret\"; "
	    "name = \"a\\\"\\n\\\\\"; "
	    "hosts = [ \"h\", \"i\" ]; extra = { x = ( 1, { *y = 2.50; } ); "
	    "}; };", &settings);
	conf_group_dump("thing", &into, 1, 0, print_open());
	print_assert("thing = {\n  echo = true;\n  pool_size = 10;\n"
	    "  timeout = \"90s\";\n  max_bytes = \"16k\";\n  any = 0;\n"
	    "  name = \"a\\\"\\n\\\\\";\n  url = \"***\";\n"
	    "  level = \"info\";\n  hosts = [ \"h\", \"i\" ];\n};\n");
	conf_node_dump(text.root, 0, print_open());
	print_assert("thing = {\n  url = \"***\";\n  name = "
	    "\"a\\\"\\n\\\\\";\n  hosts = [ \"h\", \"i\" ];\n  extra = {\n"
	    "    x = ( 1, {\n      *y = 2.50;\n    } );\n  };\n};\n");
	conf_text_free(&text);
}

static void
rows_are_help_and_manual(void **state)
{
	static const struct conf_section two = {
		.name = "thing", .where = "top level", .keys = keys + 1,
		.nkeys = 2, .doc = "What a thing is. It is."
	};
	static const struct conf_section one = {
		.name = "url", .where = "top level", .keys = keys + 6,
		.nkeys = 1
	};

	(void)state;
	conf_section_help(&two, print_open());
	print_assert("thing (top level)\n  What a thing is. It is.\n\n"
	    "    pool_size: number of connections, 1..1000; default 10\n"
	    "        How many stay open. They are opened at need, e.g. by the "
	    "first\n        request.\n\n"
	    "    timeout: time, 1ms..1h; default \"90s\"\n\n");
	conf_section_mdoc(&two, print_open());
	print_assert(".Ss thing\nStands in: top level.\nWhat a thing is.\n"
	    "It is.\n.Bl -tag -width Ds\n.It Ic pool_size\n"
	    "Number of connections, 1..1000; default 10.\n.Pp\n"
	    "How many stay open.\nThey are opened at need, e.g. by the "
	    "first request.\n.It Ic timeout\nTime, 1ms..1h; default \"90s\".\n"
	    ".El\n");
	conf_section_mdoc(&one, print_open());
	print_assert(".Ss url\nStands in: top level.\n.Bl -tag -width Ds\n"
	    ".It Ic url\nString; default \"host=x\"; secret.\n.Pp\n"
	    "Where it is.\\e 'quoted'\n.El\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_written_has_its_default),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(
		    each_fault_of_a_value_is_told_in_its_own_words),
		cmocka_unit_test(a_number_beyond_int64_is_told_once),
		cmocka_unit_test(a_section_that_is_no_group_is_told),
		cmocka_unit_test(two_sections_share_a_group),
		cmocka_unit_test(what_a_hole_may_hold_is_not_missed),
		cmocka_unit_test(what_is_inherited_stays),
		cmocka_unit_test(secrets_come_from_files_and_the_environment),
		cmocka_unit_test(a_secret_of_a_wrong_kind_is_not_shown),
		cmocka_unit_test(quantities_go_both_ways),
		cmocka_unit_test(a_dump_can_be_read_again_and_shows_no_secret),
		cmocka_unit_test(rows_are_help_and_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
