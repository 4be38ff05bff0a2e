/*
 * Patterns and paths: which route a path finds, which parts of it are named,
 * what is refused when the routes are read, and what a look-up costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "conf/report.h"
#include "http/router.h"

/* Routes are their patterns here, so that a failure names them. */
struct added {
	enum parse_method method;
	const char *pattern;
};

static struct router *
router_of(bool strict_slash, const struct added *added, size_t n)
{
	struct router *router = router_new(strict_slash);
	struct conf_report *report = conf_report_new();
	struct src_pos pos = { "server.conf", 1, 1 };

	for (size_t i = 0; i < n; i++)
		if (router_add(router, added[i].method, added[i].pattern, pos,
		    (void *)(uintptr_t)added[i].pattern, report) != 0)
			fail_msg("%s was refused", added[i].pattern);
	assert_int_equal(conf_report_faults(report), 0);
	conf_report_free(report);
	return router;
}

/*
 * Asks for a path; expected is the pattern, or NULL, and the parts behind it,
 * closed by NULL. The path is in a block of its exact length.
 */
static void
assert_finds(const struct router *router, enum parse_method method,
    const char *path, const char *expected, ...)
{
	size_t len = strlen(path);
	char *copy = memcpy(malloc(len), path, len);
	struct router_match match;
	const char *part;
	unsigned n = 0;
	va_list parts;

	assert_int_equal(router_match(router, method,
	    (struct text){ copy, len }, &match), 0);
	if (expected == NULL && match.route != NULL)
		fail_msg("%s found %s", path, (char *)match.route);
	if (expected != NULL && (match.route == NULL ||
	    strcmp(match.route, expected) != 0))
		fail_msg("%s found %s, not %s", path, match.route == NULL ?
		    "nothing" : (char *)match.route, expected);
	va_start(parts, expected);
	while (expected != NULL && (part = va_arg(parts, char *)) != NULL) {
		assert_true(n < match.nparts);
		if (!text_equal(match.parts[n], text_of(part)))
			fail_msg("%s: part %u is \"%.*s\", not \"%s\"", path, n,
			    (int)match.parts[n].len, match.parts[n].at, part);
		n++;
	}
	va_end(parts);
	assert_int_equal(match.nparts, n);
	free(copy);
}

#define GET METHOD_GET

static void
static_beats_parameter_beats_rest(void **state)
{
	static const struct added added[] = {
		{ GET, "/{rest*}" }, { GET, "/{a}" }, { GET, "/users" },
		{ GET, "/users/{id}" }, { GET, "/users/me" },
		{ GET, "/users/{id}/posts" }, { GET, "/users/{rest*}" },
		{ GET, "/" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));

	(void)state;
	assert_finds(router, GET, "/", "/", NULL);
	assert_finds(router, GET, "/users", "/users", NULL);
	assert_finds(router, GET, "/other", "/{a}", "other", NULL);
	assert_finds(router, GET, "/other/x", "/{rest*}", "other/x", NULL);
	assert_finds(router, GET, "/users/me", "/users/me", NULL);
	assert_finds(router, GET, "/users/7", "/users/{id}", "7", NULL);
	assert_finds(router, GET, "/users/me/posts", "/users/{id}/posts",
	    "me", NULL);
	assert_finds(router, GET, "/users/me/x", "/users/{rest*}", "me/x",
	    NULL);
	assert_finds(router, GET, "/users/7/x/y", "/users/{rest*}", "7/x/y",
	    NULL);
	router_free(router);
}

static void
a_wrong_turn_is_taken_back(void **state)
{
	static const struct added added[] = {
		{ GET, "/a/b/c/d" }, { GET, "/a/{x}/c/e" },
		{ GET, "/{w}/b/{y}/f" }, { GET, "/{w}/{x}/{y}/{z}" },
		{ GET, "/a/b/{rest*}" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));

	(void)state;
	assert_finds(router, GET, "/a/b/c/d", "/a/b/c/d", NULL);
	assert_finds(router, GET, "/a/b/c/e", "/a/b/{rest*}", "c/e", NULL);
	assert_finds(router, GET, "/a/1/c/e", "/a/{x}/c/e", "1", NULL);
	assert_finds(router, GET, "/1/b/2/f", "/{w}/b/{y}/f", "1", "2", NULL);
	assert_finds(router, GET, "/a/1/c/f", "/{w}/{x}/{y}/{z}", "a", "1",
	    "c", "f", NULL);
	assert_finds(router, GET, "/a/1/c", NULL);
	assert_finds(router, GET, "/1/2/3/4/5", NULL);
	router_free(router);
}

static void
the_order_of_the_file_decides_nothing(void **state)
{
	static const struct added added[] = {
		{ GET, "/a/{x}" }, { GET, "/a/b" }, { GET, "/a/{x*}" },
	};
	static const unsigned orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
		{ 2, 0, 1 }, { 2, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct added turned[3];
		struct router *router;

		for (unsigned k = 0; k < 3; k++)
			turned[k] = added[orders[i][k]];
		router = router_of(false, turned, 3);
		assert_finds(router, GET, "/a/b", "/a/b", NULL);
		assert_finds(router, GET, "/a/c", "/a/{x}", "c", NULL);
		assert_finds(router, GET, "/a/c/d", "/a/{x*}", "c/d", NULL);
		router_free(router);
	}
}

static void
slashes_are_what_they_are(void **state)
{
	static const struct added added[] = {
		{ GET, "/users/" }, { GET, "/a/{x}" }, { GET, "/f/{rest*}" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));

	(void)state;
	assert_finds(router, GET, "/users", "/users/", NULL);
	assert_finds(router, GET, "/users/", "/users/", NULL);
	assert_finds(router, GET, "/users//", NULL);
	assert_finds(router, GET, "//users", NULL);
	assert_finds(router, GET, "//", NULL);
	assert_finds(router, GET, "/", NULL);
	assert_finds(router, GET, "/a//", NULL);
	assert_finds(router, GET, "/a//b", NULL);
	assert_finds(router, GET, "/a/", NULL);
	assert_finds(router, GET, "/a/b/", "/a/{x}", "b", NULL);
	assert_finds(router, GET, "/f/", NULL);
	assert_finds(router, GET, "/f//x", NULL);
	assert_finds(router, GET, "/f/x/", "/f/{rest*}", "x/", NULL);
	assert_finds(router, GET, "/f/x//y", "/f/{rest*}", "x//y", NULL);
	assert_finds(router, GET, "users", NULL);
	router_free(router);
}

static void
strict_slash_tells_both_apart(void **state)
{
	static const struct added added[] = {
		{ GET, "/" }, { GET, "/users" }, { GET, "/users/" },
		{ GET, "/a/{x}/" }, { GET, "/b/" },
	};
	struct router *router = router_of(true, added, ARRAY_LEN(added));

	(void)state;
	assert_finds(router, GET, "/", "/", NULL);
	assert_finds(router, GET, "/users", "/users", NULL);
	assert_finds(router, GET, "/users/", "/users/", NULL);
	assert_finds(router, GET, "/users//", NULL);
	assert_finds(router, GET, "/a/1/", "/a/{x}/", "1", NULL);
	assert_finds(router, GET, "/a/1", NULL);
	assert_finds(router, GET, "/a//", NULL);
	assert_finds(router, GET, "/b", NULL);
	assert_finds(router, GET, "//", NULL);
	router_free(router);
}

static void
segments_are_compared_decoded(void **state)
{
	static const struct added added[] = {
		{ GET, "/caf\xc3\xa9/menu" }, { GET, "/a%20b/{x}" },
		{ GET, "/a%2Fb" }, { GET, "/{{x}" }, { GET, "/100%25" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));
	char path[1000];

	(void)state;
	assert_finds(router, GET, "/caf%c3%A9/men%75", added[0].pattern, NULL);
	assert_finds(router, GET, "/a%20b/c%2Fd", "/a%20b/{x}", "c%2Fd", NULL);
	assert_finds(router, GET, "/a%2fb", "/a%2Fb", NULL);
	assert_finds(router, GET, "/a/b", NULL);
	assert_finds(router, GET, "/%7Bx%7D", "/{{x}", NULL);
	assert_finds(router, GET, "/100%25", "/100%25", NULL);
	assert_finds(router, GET, "/100%2525", NULL);
	snprintf(path, sizeof(path), "/%%41%0900d", 1);
	assert_finds(router, GET, path, NULL);
	router_free(router);
}

static void
bad_paths_are_told_from_unknown_ones(void **state)
{
	static const struct added added[] = { { GET, "/{rest*}" } };
	static const char *const bad[] = {
		"/%", "/%4", "/%zz", "/%00", "/a/b%0", "/%4/", "/..%", "*%",
	};
	static const char *const dotted[] = {
		"/.", "/..", "/a/.", "/a/..", "/../a", "/a/./b", "/%2e",
		"/%2E%2e/a", "/a/.%2e", "/./", "/a/../",
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));
	struct router_match match;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (router_match(router, GET, text_of(bad[i]), &match) != -1)
			fail_msg("%s was taken", bad[i]);
	for (size_t i = 0; i < ARRAY_LEN(dotted); i++) {
		assert_int_equal(router_match(router, GET, text_of(dotted[i]),
		    &match), 0);
		if (match.route != NULL || match.found_path)
			fail_msg("%s was found", dotted[i]);
	}
	assert_finds(router, GET, "/...", "/{rest*}", "...", NULL);
	assert_finds(router, GET, "/.a/b.", "/{rest*}", ".a/b.", NULL);
	assert_finds(router, GET, "/a..", "/{rest*}", "a..", NULL);
	router_free(router);
}

/* ---- methods -------------------------------------------------------------*/

static void
assert_allows(const struct router *router, enum parse_method method,
    const char *path, const char *allow)
{
	struct router_match match;
	struct buf buf = { 0 };

	assert_int_equal(router_match(router, method, text_of(path), &match),
	    0);
	assert_null(match.route);
	assert_true(match.found_path);
	router_allow(match.allowed, &buf);
	buf_add_byte(&buf, '\0');
	assert_string_equal(buf.data, allow);
	buf_release(&buf);
}

static void
a_path_without_the_method_says_what_it_has(void **state)
{
	static const struct added added[] = {
		{ GET, "/a" }, { METHOD_PUT, "/a" }, { METHOD_POST, "/b" },
		{ METHOD_DELETE, "/c/x" }, { GET, "/c/{y}" },
		{ METHOD_PATCH, "/c/{rest*}" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));

	(void)state;
	assert_allows(router, METHOD_POST, "/a", "GET, HEAD, PUT, OPTIONS");
	assert_allows(router, METHOD_OPTIONS, "/a", "GET, HEAD, PUT, OPTIONS");
	assert_allows(router, GET, "/b", "POST, OPTIONS");
	assert_allows(router, METHOD_HEAD, "/b", "POST, OPTIONS");
	assert_allows(router, METHOD_PUT, "/c/x",
	    "GET, HEAD, PATCH, DELETE, OPTIONS");
	assert_allows(router, METHOD_OPTIONS, "*",
	    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	assert_finds(router, METHOD_POST, "/nothing", NULL);
	router_free(router);
}

static void
a_method_is_looked_for_behind_a_better_path(void **state)
{
	static const struct added added[] = {
		{ METHOD_DELETE, "/c/x" }, { GET, "/c/{y}" },
		{ METHOD_PATCH, "/c/{rest*}" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));

	(void)state;
	assert_finds(router, METHOD_DELETE, "/c/x", "/c/x", NULL);
	assert_finds(router, GET, "/c/x", "/c/{y}", "x", NULL);
	assert_finds(router, METHOD_PATCH, "/c/x", "/c/{rest*}", "x", NULL);
	router_free(router);
}

static void
head_finds_the_get_route(void **state)
{
	static const struct added added[] = {
		{ GET, "/a" }, { GET, "/b" }, { METHOD_HEAD, "/b" },
	};
	struct router *router = router_new(false);
	struct router_match match;
	struct src_pos pos = { 0 };
	int get, head;

	(void)state;
	router_add(router, GET, added[1].pattern, pos, &get, NULL);
	router_add(router, METHOD_HEAD, added[2].pattern, pos, &head, NULL);
	router_match(router, METHOD_HEAD, TEXT("/b"), &match);
	assert_ptr_equal(match.route, &head);
	router_free(router);
	router = router_of(false, added, 1);
	assert_finds(router, METHOD_HEAD, "/a", "/a", NULL);
	router_free(router);
}

static void
methods_may_name_a_parameter_differently(void **state)
{
	static const struct added added[] = {
		{ GET, "/a/{x}/b" }, { METHOD_POST, "/a/{y}/b" },
		{ METHOD_PUT, "/a/{z}" },
	};
	struct router *router = router_of(false, added, ARRAY_LEN(added));

	(void)state;
	assert_finds(router, GET, "/a/1/b", "/a/{x}/b", "1", NULL);
	assert_finds(router, METHOD_POST, "/a/1/b", "/a/{y}/b", "1", NULL);
	assert_finds(router, METHOD_PUT, "/a/1", "/a/{z}", "1", NULL);
	router_free(router);
}

/* ---- faults --------------------------------------------------------------*/

static char *
report_text(const struct conf_report *report)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	conf_report_print(report, file);
	fclose(file);
	return text;
}

static void
assert_clash(bool strict_slash, const char *first, const char *second,
    const char *expected)
{
	struct router *router = router_new(strict_slash);
	struct conf_report *report = conf_report_new();
	struct src_pos pos = { "a.conf", 3, 7 }, other = { "b.conf", 5, 9 };
	char *text;
	int result;

	assert_int_equal(router_add(router, GET, first, pos, &pos, report), 0);
	result = router_add(router, GET, second, other, &other, report);
	if (expected == NULL) {
		assert_int_equal(result, 0);
	} else {
		assert_int_equal(result, -1);
		assert_int_equal(conf_report_faults(report), 1);
		text = report_text(report);
		assert_string_equal(text, expected);
		free(text);
	}
	conf_report_free(report);
	router_free(router);
}

static void
two_routes_that_match_alike_are_a_fault_with_both_places(void **state)
{
	(void)state;
	assert_clash(false, "/a/{x}", "/a/{y}", "b.conf:5:9: \"GET /a/{y}\" "
	    "matches the same paths as \"GET /a/{x}\" at a.conf:3:7\n");
	assert_clash(false, "/a", "/a/", "b.conf:5:9: \"GET /a/\" matches the "
	    "same paths as \"GET /a\" at a.conf:3:7\n");
	assert_clash(false, "/a", "/%61", "b.conf:5:9: \"GET /%61\" matches "
	    "the same paths as \"GET /a\" at a.conf:3:7\n");
	assert_clash(false, "/{x*}", "/{y*}", "b.conf:5:9: \"GET /{y*}\" "
	    "matches the same paths as \"GET /{x*}\" at a.conf:3:7\n");
	assert_clash(false, "/", "/", "b.conf:5:9: \"GET /\" matches the same "
	    "paths as \"GET /\" at a.conf:3:7\n");
	assert_clash(true, "/a", "/a/", NULL);
	assert_clash(false, "/a/{x}", "/a/{x*}", NULL);
	assert_clash(false, "/a/{x}", "/a/x", NULL);
	assert_clash(false, "/{x}/b", "/a/{x}", NULL);
}

static void
bad_patterns_are_faults(void **state)
{
	static const char *const bad[] = {
		"", "a", "//", "/a//b", "/{}", "/{*}", "/{x", "/{x}y",
		"/y{x}", "/{x-y}", "/{1x}", "/{x*}/a", "/{x**}", "/{x}/{x}",
		"/a/.", "/../a", "/%2e", "/%", "/%zz", "/%00", "/a?b", "/a#b",
		"/a\tb", "/a\x7f", "/{", "/{x*}/",
		"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}"
		"/{p}/{q}",
	};
	char long_one[400];

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(bad); i++) {
		const char *pattern = i < ARRAY_LEN(bad) ? bad[i] : long_one;
		struct router *router = router_new(false);
		struct conf_report *report = conf_report_new();
		struct src_pos pos = { "a.conf", 1, 1 };
		struct router_match match;

		snprintf(long_one, sizeof(long_one), "/%0256d", 1);
		if (router_add(router, GET, pattern, pos, &pos, report) != -1)
			fail_msg("%s was taken", pattern);
		assert_int_equal(conf_report_faults(report), 1);
		router_match(router, GET, TEXT("/a"), &match);
		assert_null(match.route);
		conf_report_free(report);
		router_free(router);
	}
}

static void
as_many_parts_as_the_header_says_fit(void **state)
{
	static const struct added added[] = {
		{ GET, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}"
		    "/{n}/{o}/{p*}" },
	};
	struct router *router = router_of(false, added, 1);

	(void)state;
	assert_finds(router, GET, "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7",
	    added[0].pattern, "1", "2", "3", "4", "5", "6", "7", "8", "9",
	    "0", "1", "2", "3", "4", "5", "6/7", NULL);
	router_free(router);
}

/* ---- cost ----------------------------------------------------------------*/

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct router *
router_of_many(unsigned n)
{
	struct router *router = router_new(false);
	struct conf_report *report = conf_report_new();
	struct src_pos pos = { 0 };
	char pattern[100];

	for (unsigned i = 0; i < n; i++) {
		snprintf(pattern, sizeof(pattern), "/table%u/{id}", i);
		assert_int_equal(router_add(router, GET, pattern, pos,
		    router, report), 0);
	}
	conf_report_free(report);
	return router;
}

/* The quickest of some rounds: what else runs here can only add. */
static double
cost_ns(unsigned n)
{
	struct router *router = router_of_many(n);
	struct router_match match;
	double best = 1e9;
	char paths[64][40];

	for (unsigned i = 0; i < 64; i++)
		snprintf(paths[i], sizeof(paths[i]), "/table%u/12345",
		    i * (n / 10) % n);
	for (unsigned round = 0; round < 20; round++) {
		int64_t begin = now_ns();

		for (unsigned i = 0; i < 64 * 20; i++) {
			router_match(router, GET, text_of(paths[i % 64]),
			    &match);
			assert_non_null(match.route);
		}
		if ((double)(now_ns() - begin) / (64 * 20) < best)
			best = (double)(now_ns() - begin) / (64 * 20);
	}
	router_free(router);
	return best;
}

static void
the_cost_does_not_grow_with_the_routes(void **state)
{
	double few = cost_ns(10), many = cost_ns(10000);

	(void)state;
	printf("# a look-up among 10 routes: %.0f ns, among 10000: %.0f ns\n",
	    few, many);
	/* A list would be hundreds of times dearer, a cold cache is not. */
	assert_true(many < few * 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(static_beats_parameter_beats_rest),
		cmocka_unit_test(a_wrong_turn_is_taken_back),
		cmocka_unit_test(the_order_of_the_file_decides_nothing),
		cmocka_unit_test(slashes_are_what_they_are),
		cmocka_unit_test(strict_slash_tells_both_apart),
		cmocka_unit_test(segments_are_compared_decoded),
		cmocka_unit_test(bad_paths_are_told_from_unknown_ones),
		cmocka_unit_test(a_path_without_the_method_says_what_it_has),
		cmocka_unit_test(a_method_is_looked_for_behind_a_better_path),
		cmocka_unit_test(head_finds_the_get_route),
		cmocka_unit_test(methods_may_name_a_parameter_differently),
		cmocka_unit_test(
		    two_routes_that_match_alike_are_a_fault_with_both_places),
		cmocka_unit_test(bad_patterns_are_faults),
		cmocka_unit_test(as_many_parts_as_the_header_says_fit),
		cmocka_unit_test(the_cost_does_not_grow_with_the_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
