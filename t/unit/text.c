/*
 * Comparing names as HTTP does, and proposing the name that was meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

static const char *const names[] = {
	"listen", "workers", "database", "pool_size", "pool_timeout", "on",
	"do", "reply", "limits", NULL
};

static void
assert_nearest(const char *name, const char *expected)
{
	const char *nearest = text_nearest(name, names);

	if (expected == NULL)
		assert_null(nearest);
	else if (nearest == NULL)
		fail_msg("nothing is near \"%s\"", name);
	else
		assert_string_equal(nearest, expected);
}

static void
a_letter_wrong_missing_or_too_many_is_near(void **state)
{
	(void)state;
	assert_nearest("lissen", "listen");
	assert_nearest("worker", "workers");
	assert_nearest("databasse", "database");
	assert_nearest("pool_sise", "pool_size");
	assert_nearest("replay", "reply");
}

static void
two_neighbours_exchanged_count_once(void **state)
{
	(void)state;
	assert_nearest("rpely", "reply");
	assert_nearest("lisetn", "listen");
}

static void
more_than_a_third_wrong_is_not_near(void **state)
{
	(void)state;
	assert_nearest("listener_x", NULL);
	assert_nearest("xyz", NULL);
	assert_nearest("of", NULL);
	assert_nearest("", NULL);
}

static void
the_nearest_of_several_is_taken(void **state)
{
	static const char *const alike[] = { "timeout", "timeouts", NULL };

	(void)state;
	assert_string_equal(text_nearest("timeoutz", alike), "timeout");
	assert_string_equal(text_nearest("timeoutss", alike), "timeouts");
}

static void
a_name_longer_than_any_of_ours_is_not_compared(void **state)
{
	char longer[4096];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_nearest(longer, NULL);
}

static void
equality_looks_at_length_and_bytes(void **state)
{
	(void)state;
	assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
	assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
	assert_false(text_equal(TEXT("a"), TEXT("ab")));
	assert_true(text_equal(TEXT(""), text_of(NULL)));
}

static void
case_is_that_of_ascii_letters_only(void **state)
{
	(void)state;
	assert_true(text_equal_nocase(TEXT("Content-Type"),
	    TEXT("cONTENT-tYPE")));
	assert_false(text_equal_nocase(TEXT("a@"), TEXT("A`")));
	assert_false(text_equal_nocase(TEXT("[]"), TEXT("{}")));
	assert_false(text_equal_nocase(TEXT("\xc9"), TEXT("\xe9")));
	assert_false(text_equal_nocase(TEXT("a"), TEXT("aa")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_wrong_missing_or_too_many_is_near),
		cmocka_unit_test(two_neighbours_exchanged_count_once),
		cmocka_unit_test(more_than_a_third_wrong_is_not_near),
		cmocka_unit_test(the_nearest_of_several_is_taken),
		cmocka_unit_test(
		    a_name_longer_than_any_of_ours_is_not_compared),
		cmocka_unit_test(equality_looks_at_length_and_bytes),
		cmocka_unit_test(case_is_that_of_ascii_letters_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
