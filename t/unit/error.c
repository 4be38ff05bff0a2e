/*
 * Error codes, reason phrases, and texts that do not fit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void
each_code_has_a_row_and_is_found_by_its_word(void **state)
{
	const struct error_row *row;
	int code;

	(void)state;
	for (code = ERROR_NONE + 1; code < ERROR_CODE_COUNT; code++) {
		row = error_row((enum error_code)code);
		assert_non_null(row->word);
		assert_non_null(row->doc);
		assert_in_range(row->status, 400, 599);
		assert_string_not_equal(error_reason(row->status), "");
		assert_int_equal(error_code_find(row->word), code);
	}
	assert_int_equal(error_code_find("no_such_word"), ERROR_NONE);
	assert_int_equal(error_code_find("none"), ERROR_NONE);
}

static void
only_a_503_proposes_to_come_back(void **state)
{
	const struct error_row *row;
	int code;

	(void)state;
	for (code = ERROR_NONE; code < ERROR_CODE_COUNT; code++) {
		row = error_row((enum error_code)code);
		if (row->status != 503)
			assert_int_equal(row->retry_after_s, 0);
		else if (code != ERROR_OUTCOME_UNKNOWN)
			assert_in_range(row->retry_after_s, 1, 60);
	}
	assert_int_equal(error_row(ERROR_OUTCOME_UNKNOWN)->retry_after_s, 0);
}

static void
a_set_error_holds_nothing_of_the_one_before(void **state)
{
	struct error err;

	(void)state;
	memset(&err, 'x', sizeof(err));
	assert_int_equal(error_set(&err, ERROR_POOL_TIMEOUT, NULL), -1);
	assert_int_equal(err.status, 503);
	assert_int_equal(err.code, ERROR_POOL_TIMEOUT);
	assert_int_equal(err.retry_after_s, 1);
	assert_string_equal(err.message, "Service Unavailable");
	assert_string_equal(err.detail, "");
	assert_string_equal(err.sqlstate, "");
	assert_null(err.op);
	assert_null(err.list);
}

static void
a_message_is_printed_by_its_format(void **state)
{
	struct error err;

	(void)state;
	error_set(&err, ERROR_NO_ROW, "%s not found", "User");
	error_detail(&err, "id=%d", 7);
	assert_string_equal(err.message, "User not found");
	assert_string_equal(err.detail, "id=7");
	assert_int_equal(err.status, 404);
}

/* Two, three and four bytes a character, cut at each place within them. */
static void
a_text_too_long_is_cut_between_characters(void **state)
{
	static const struct {
		const char *character;
		size_t bytes;
	} wide[] = { { "é", 2 }, { "€", 3 }, { "😀", 4 } };
	struct error err;
	char text[400];
	size_t i, shift, room = sizeof(err.message) - 1, whole;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (shift = 0; shift < 4; shift++) {
			memset(text, 'a', shift);
			text[shift] = '\0';
			while (strlen(text) < 300)
				strcat(text, wide[i].character);
			error_set(&err, ERROR_INTERNAL, "%s", text);
			whole = (room - shift) / wide[i].bytes;
			assert_int_equal(strlen(err.message),
			    shift + whole * wide[i].bytes);
			assert_memory_equal(err.message, text,
			    strlen(err.message));
		}
	}
}

static void
reason_phrases_are_those_of_rfc_9110(void **state)
{
	(void)state;
	assert_string_equal(error_reason(200), "OK");
	assert_string_equal(error_reason(413), "Content Too Large");
	assert_string_equal(error_reason(422), "Unprocessable Content");
	assert_string_equal(error_reason(431),
	    "Request Header Fields Too Large");
	assert_string_equal(error_reason(505), "HTTP Version Not Supported");
	assert_string_equal(error_reason(299), "");
	assert_string_equal(error_reason(-1), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_has_a_row_and_is_found_by_its_word),
		cmocka_unit_test(only_a_503_proposes_to_come_back),
		cmocka_unit_test(a_set_error_holds_nothing_of_the_one_before),
		cmocka_unit_test(a_message_is_printed_by_its_format),
		cmocka_unit_test(a_text_too_long_is_cut_between_characters),
		cmocka_unit_test(reason_phrases_are_those_of_rfc_9110),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
