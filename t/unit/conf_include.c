/*
 * Several files as one tree: patterns, order, merging, names set twice,
 * cycles, and files that cannot be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "conf/conf.h"
#include "conf/node.h"
#include "conf/report.h"

/* A folder of files; "server.conf" is loaded. */
struct folder {
	char path[40];
	struct conf *conf;
	struct conf_report *report;
	const struct conf_node *root;
};

struct file {
	const char *name, *text;
};

static void
folder_write(const struct folder *folder, const char *name, const char *text)
{
	char path[200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
folder_make(struct folder *folder, const char *kind)
{
	char path[100];

	snprintf(folder->path, sizeof(folder->path), "/tmp/muster-%s-XXXXXX",
	    kind);
	assert_non_null(mkdtemp(folder->path));
	snprintf(path, sizeof(path), "%s/d", folder->path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void
folder_load(struct folder *folder)
{
	char path[100];
	int unreadable;

	folder->report = conf_report_new();
	snprintf(path, sizeof(path), "%s/server.conf", folder->path);
	folder->conf = conf_load(path, folder->report, &unreadable);
	folder->root = folder->conf == NULL ? NULL : conf_root(folder->conf);
	assert_int_equal(folder->conf == NULL, unreadable);
}

static void
folder_open(struct folder *folder, const struct file *files, size_t n)
{
	folder_make(folder, "unit");
	while (n-- > 0)
		folder_write(folder, files[n].name, files[n].text);
	folder_load(folder);
}

static void
folder_close(struct folder *folder)
{
	char command[100];

	conf_free(folder->conf);
	conf_report_free(folder->report);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
	assert_int_equal(system(command), 0);
}

static void
add_line(void *arg, bool is_fault, struct src_pos pos, const char *text)
{
	buf_printf(arg, "%s%s:%u:%u: %s\n", is_fault ? "" : "warning: ",
	    pos.file, pos.line, pos.column, text);
}

/* Paths in the report and in expected begin at the folder: "@/". */
static void
assert_report(const struct folder *folder, const char *expected)
{
	struct buf lines = { NULL, 0, 0 };
	size_t len = strlen(folder->path);
	char *at;

	conf_report_each(folder->report, add_line, &lines);
	buf_add_byte(&lines, '\0');
	while ((at = strstr(lines.data, folder->path)) != NULL) {
		*at = '@';
		memmove(at + 1, at + len, strlen(at + len) + 1);
	}
	assert_string_equal(lines.data, expected);
	buf_release(&lines);
}

/* The names of a group in order: "a b c". */
static void
assert_names(const struct conf_node *group, const char *expected)
{
	struct buf names = { NULL, 0, 0 };
	size_t i;

	assert_non_null(group);
	for (i = 0; i < conf_node_count(group); i++)
		buf_printf(&names, "%s%s", i == 0 ? "" : " ",
		    conf_node_name(conf_node_at(group, i)));
	buf_add_byte(&names, '\0');
	assert_string_equal(names.data, expected);
	buf_release(&names);
}

static void
files_stand_where_they_are_included_in_byte_order(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "a = 1; include = [ \"d/*.conf\" ]; z = 1;" },
		{ "d/b.conf", "b = 1;" }, { "d/B.conf", "B = 1;" },
		{ "d/a10.conf", "a10 = 1;" }, { "d/a9.conf", "a9 = 1;" },
		{ "d/.hidden.conf", "h = 1;" }, { "d/x.txt", "x = 1;" }
	};
	struct folder folder;
	struct src_pos pos;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder, "");
	assert_names(folder.root, "a B a10 a9 b z");
	pos = conf_node_pos(conf_node_find(folder.root, "a9"));
	assert_non_null(strstr(pos.file, "/d/a9.conf"));
	assert_int_equal(pos.column, 6);
	folder_close(&folder);
}

static void
a_file_is_included_at_top_level_in_routes_and_in_groups(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "routes = { include = \"r.conf\"; b = {}; };\n"
		    "groups = { v1 = { include = ( \"g.conf\" ); }; };\n"
		    "types = { include = [ \"never\" ]; };" },
		{ "r.conf",
		    "a = { on = \"GET /a\"; }; include = \"d/r.conf\";" },
		{ "d/r.conf", "c = {}; include = [ \"../e.conf\" ];" },
		{ "e.conf", "e = {};" },
		{ "g.conf", "prefix = \"/v1\"; routes = { include = "
		    "\"e.conf\"; };" }
	};
	struct folder folder;
	const struct conf_node *group;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder, "");
	assert_names(conf_node_find(folder.root, "routes"), "a c e b");
	group = conf_node_find(conf_node_find(folder.root, "groups"), "v1");
	assert_names(group, "prefix routes");
	assert_names(conf_node_find(group, "routes"), "e");
	assert_names(conf_node_find(folder.root, "types"), "include");
	folder_close(&folder);
}

static void
maps_of_several_files_become_one(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = [ \"a.conf\", \"b.conf\" ];\n"
		    "routes = { c = {}; };\ndatabase = { pool_size = 1; };" },
		{ "a.conf",
		    "routes = { a = {}; }; database = { url = \"\"; };" },
		{ "b.conf", "types = { T = {}; }; routes = { b = {}; };" }
	};
	struct folder folder;
	char path[40];

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder, "");
	assert_names(folder.root, "routes database types");
	assert_names(conf_node_find(folder.root, "routes"), "a b c");
	assert_names(conf_node_find(folder.root, "database"), "url pool_size");
	conf_node_path(conf_node_find(conf_node_find(folder.root, "routes"),
	    "c"), path, sizeof(path));
	assert_string_equal(path, "routes.c");
	folder_close(&folder);
}

static void
a_name_in_two_files_is_told_with_both_places(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = \"a.conf\"; workers = 2;\n"
		    "routes = { r = { on = \"\"; }; }; errors = { on = "
		    "(); };" },
		{ "a.conf", "workers = 1;\nroutes = { s = {};\n"
		    "  *r = { do = {}; }; }; errors = { on = (); };" }
	};
	struct folder folder;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder,
	    "@/server.conf:1:21: \"workers\" is set twice; first at "
	    "@/a.conf:1:1\n"
	    "@/server.conf:2:12: \"r\" is set twice; first at "
	    "@/a.conf:3:3\n"
	    "@/server.conf:2:44: \"on\" is set twice; first at "
	    "@/a.conf:3:36\n");
	folder_close(&folder);
}

static void
a_pattern_without_a_match_is_a_warning(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = [ \"none.d/*.conf\" ]; a = 1;" }
	};
	struct folder folder;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder, "warning: @/server.conf:1:13: include: no file "
	    "matches \"none.d/*.conf\"\n");
	assert_int_equal(conf_report_faults(folder.report), 0);
	folder_close(&folder);
}

static void
a_wrong_include_is_told(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = [ \"d\", \"\" ];\n"
		    "routes = { include = { on = \"\"; }; };" }
	};
	struct folder folder;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder,
	    "@/server.conf:1:13: cannot read the included file \"@/d\": it is "
	    "a directory\n"
	    "@/server.conf:1:18: include: expected the names of files, found "
	    "an empty string\n"
	    "@/server.conf:2:22: include: expected the names of files, found "
	    "a group\n");
	assert_true(conf_node_holed(folder.root));
	folder_close(&folder);
}

static void
a_syntax_error_ends_its_own_file_only(void **state)
{
	static const struct file files[] = {
		{ "server.conf",
		    "include = [ \"a.conf\", \"b.conf\" ]; x = 1;" },
		{ "a.conf", "a = 1;\nb = {" }, { "b.conf", "c = 1; d = 5s;" }
	};
	struct folder folder;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder, "@/a.conf:2:5: the \"{\" here is not closed; a "
	    "\"}\" is missing before the end of the file\n"
	    "@/b.conf:1:12: 5s is not a value; a number with a unit stands in "
	    "quotes: \"5s\"\n");
	assert_names(folder.root, "x");
	assert_true(conf_node_holed(folder.root));
	folder_close(&folder);
}

static void
files_that_include_themselves_are_told(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = \"*.conf\";\n"
		    "routes = { include = \"d/a.conf\"; };" },
		{ "d/a.conf", "include = \"b.conf\"; a = {};" },
		{ "d/b.conf", "b = {}; include = \"../d/a.conf\";" }
	};
	struct folder folder;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	assert_report(&folder,
	    "@/server.conf:1:11: \"@/server.conf\" includes itself\n"
	    "@/d/b.conf:1:19: \"@/d/../d/a.conf\" is included by itself, by "
	    "way of \"@/d/b.conf\"\n");
	assert_names(conf_node_find(folder.root, "routes"), "b a");
	folder_close(&folder);
}

/* server.conf includes 1.conf, which includes 2.conf, and so on. */
static void
includes_are_ten_files_deep(void **state)
{
	struct folder folder;
	char name[20], text[60];
	int i, deepest;

	(void)state;
	for (deepest = 10; deepest <= 11; deepest++) {
		folder_make(&folder, "unit");
		folder_write(&folder, "server.conf", "include = \"1.conf\";");
		for (i = 1; i <= deepest; i++) {
			snprintf(name, sizeof(name), "%d.conf", i);
			snprintf(text, sizeof(text), i == deepest ?
			    "last = 1;" : "include = \"%d.conf\";", i + 1);
			folder_write(&folder, name, text);
		}
		folder_load(&folder);
		assert_report(&folder, deepest == 10 ? "" :
		    "@/10.conf:1:11: \"@/11.conf\" is included deeper than 10 "
		    "files\n");
		assert_names(folder.root, deepest == 10 ? "last" : "");
		folder_close(&folder);
	}
}

static void
a_folder_is_no_pattern_whatever_it_is_called(void **state)
{
	struct folder folder;

	(void)state;
	folder_make(&folder, "[ab]*?\\");
	folder_write(&folder, "server.conf", "include = \"d/?.conf\";");
	folder_write(&folder, "d/a.conf", "a = 1;");
	folder_load(&folder);
	assert_report(&folder, "");
	assert_names(folder.root, "a");
	folder_close(&folder);
}

static void
files_are_told_in_the_order_they_were_read(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = \"d/*.conf\";" },
		{ "d/a.conf", "a = 1;" }, { "d/b.conf", "b = 1;" }
	};
	struct folder folder;
	const char *const *names;

	(void)state;
	folder_open(&folder, files, ARRAY_LEN(files));
	names = conf_files(folder.conf);
	assert_non_null(strstr(names[0], "/server.conf"));
	assert_non_null(strstr(names[1], "/d/a.conf"));
	assert_non_null(strstr(names[2], "/d/b.conf"));
	assert_null(names[3]);
	folder_close(&folder);
}

static void
a_file_that_cannot_be_read_is_told(void **state)
{
	struct folder folder;

	(void)state;
	folder_make(&folder, "unit");
	folder_load(&folder);
	assert_null(folder.conf);
	assert_report(&folder,
	    "@/server.conf:0:0: cannot read it: No such file or directory\n");
	folder_close(&folder);
}

/* Somebody else could make root do what he likes. */
static void
root_refuses_files_that_others_may_write(void **state)
{
	static const struct file files[] = {
		{ "server.conf", "include = \"d/*.conf\"; z = 1;" },
		{ "d/a.conf", "a = 1;" }, { "d/b.conf", "b = 1;" }
	};
	struct folder folder;
	char path[100];

	(void)state;
	/* Of others it is no matter; skip() would be "not ok" in TAP. */
	if (geteuid() != 0)
		return;
	folder_open(&folder, files, ARRAY_LEN(files));
	conf_free(folder.conf);
	conf_report_free(folder.report);
	snprintf(path, sizeof(path), "%s/d/a.conf", folder.path);
	assert_int_equal(chmod(path, 0664), 0);
	snprintf(path, sizeof(path), "%s/d/b.conf", folder.path);
	assert_int_equal(chown(path, 1, 0), 0);
	folder_load(&folder);
	assert_report(&folder,
	    "@/server.conf:1:11: cannot read the included file \"@/d/a.conf\": "
	    "musterd runs as root, but others may write the file; chmod go-w "
	    "it\n"
	    "@/server.conf:1:11: cannot read the included file \"@/d/b.conf\": "
	    "musterd runs as root, but the file belongs to another user; "
	    "chown root it\n");
	assert_names(folder.root, "z");
	conf_free(folder.conf);
	conf_report_free(folder.report);
	snprintf(path, sizeof(path), "%s/server.conf", folder.path);
	assert_int_equal(chmod(path, 0646), 0);
	folder_load(&folder);
	assert_int_equal(conf_report_faults(folder.report), 1);
	assert_int_equal(conf_node_count(folder.root), 0);
	folder_close(&folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    files_stand_where_they_are_included_in_byte_order),
		cmocka_unit_test(
		    a_file_is_included_at_top_level_in_routes_and_in_groups),
		cmocka_unit_test(maps_of_several_files_become_one),
		cmocka_unit_test(a_name_in_two_files_is_told_with_both_places),
		cmocka_unit_test(a_pattern_without_a_match_is_a_warning),
		cmocka_unit_test(a_wrong_include_is_told),
		cmocka_unit_test(a_syntax_error_ends_its_own_file_only),
		cmocka_unit_test(files_that_include_themselves_are_told),
		cmocka_unit_test(includes_are_ten_files_deep),
		cmocka_unit_test(a_folder_is_no_pattern_whatever_it_is_called),
		cmocka_unit_test(files_are_told_in_the_order_they_were_read),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
		cmocka_unit_test(root_refuses_files_that_others_may_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
