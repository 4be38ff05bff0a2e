/*
 * PostgreSQL's texts as JSON, without a server: what each writer makes of
 * what the server prints. That this equals to_json is shown in pg_types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "io/pg_array.h"
#include "io/pg_write.h"

#define OID_BOOL 16
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_INT2VECTOR 22
#define OID_TEXT 25
#define OID_JSON 114
#define OID_FLOAT8 701
#define OID_TIMESTAMP 1114
#define OID_TIMESTAMPTZ 1184
#define OID_NUMERIC 1700
#define OID_VOID 2278
#define OID_UUID 2950
#define OID_BOOL_ARRAY 1000
#define OID_INT4_ARRAY 1007
#define OID_TEXT_ARRAY 1009
#define OID_BOX_ARRAY 1020
#define OID_FLOAT8_ARRAY 1022
#define OID_TIMESTAMPTZ_ARRAY 1185
#define OID_JSONB_ARRAY 3807

struct row {
	uint32_t oid;
	const char *text, *json;
};

static void
assert_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pg_writer *writer = pg_writer_find(rows[i].oid);
		struct buf out = { NULL, 0, 0 };

		assert_non_null(writer);
		/* What stands before must stay. */
		buf_add(&out, "T ", 2);
		writer->write(writer, &out, text_of(rows[i].text));
		buf_add_byte(&out, '\0');
		assert_string_equal(out.data + 2, rows[i].json);
		assert_memory_equal(out.data, "T ", 2);
		buf_release(&out);
	}
}

static void
numbers_leave_as_they_were_printed(void **state)
{
	static const struct row rows[] = {
		{ OID_INT8, "9223372036854775807", "9223372036854775807" },
		{ OID_INT8, "-9223372036854775808", "-9223372036854775808" },
		{ OID_NUMERIC, "1.10", "1.10" },
		{ OID_NUMERIC, "12345678901234567890.0123456789",
		  "12345678901234567890.0123456789" },
		{ OID_FLOAT8, "1e+21", "1e+21" },
		{ OID_FLOAT8, "-0", "-0" },
		{ OID_FLOAT8, "0.1", "0.1" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
what_is_no_json_number_is_a_string(void **state)
{
	static const struct row rows[] = {
		{ OID_FLOAT8, "NaN", "\"NaN\"" },
		{ OID_FLOAT8, "Infinity", "\"Infinity\"" },
		{ OID_FLOAT8, "-Infinity", "\"-Infinity\"" },
		{ OID_NUMERIC, "NaN", "\"NaN\"" },
		{ OID_NUMERIC, "-Infinity", "\"-Infinity\"" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
timestamps_get_a_t_and_whole_offsets(void **state)
{
	static const struct row rows[] = {
		{ OID_TIMESTAMP, "2024-01-02 03:04:05.1",
		  "\"2024-01-02T03:04:05.1\"" },
		{ OID_TIMESTAMP, "infinity", "\"infinity\"" },
		{ OID_TIMESTAMP, "-infinity", "\"-infinity\"" },
		{ OID_TIMESTAMP, "0044-03-15 00:00:00 BC",
		  "\"0044-03-15T00:00:00 BC\"" },
		{ OID_TIMESTAMPTZ, "2024-01-02 01:04:05.123456+00",
		  "\"2024-01-02T01:04:05.123456+00:00\"" },
		{ OID_TIMESTAMPTZ, "2024-01-02 01:04:05-07",
		  "\"2024-01-02T01:04:05-07:00\"" },
		{ OID_TIMESTAMPTZ, "2024-01-02 01:04:05+05:30",
		  "\"2024-01-02T01:04:05+05:30\"" },
		{ OID_TIMESTAMPTZ, "1880-01-01 00:00:00+00:19:32",
		  "\"1880-01-01T00:00:00+00:19:32\"" },
		{ OID_TIMESTAMPTZ, "0044-03-15 00:00:00+00 BC",
		  "\"0044-03-15T00:00:00+00:00 BC\"" },
		{ OID_TIMESTAMPTZ, "0044-03-15 00:00:00-03:30 BC",
		  "\"0044-03-15T00:00:00-03:30 BC\"" },
		{ OID_TIMESTAMPTZ, "-infinity", "\"-infinity\"" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
other_types_are_what_they_look_like(void **state)
{
	static const struct row rows[] = {
		{ OID_BOOL, "t", "true" },
		{ OID_BOOL, "f", "false" },
		{ OID_VOID, "", "null" },
		{ OID_TEXT, "", "\"\"" },
		{ OID_TEXT, "a\"b\\c\n\x01", "\"a\\\"b\\\\c\\n\\u0001\"" },
		{ OID_TEXT, "\xe2\x80\xa8", "\"\xe2\x80\xa8\"" },
		{ OID_BYTEA, "\\xdeadbeef", "\"\\\\xdeadbeef\"" },
		{ OID_JSON, "{\"a\" : 1, \"a\": 2}", "{\"a\" : 1, \"a\": 2}" },
		{ OID_UUID, "00000000-0000-0000-0000-000000000001",
		  "\"00000000-0000-0000-0000-000000000001\"" },
		{ OID_INT2VECTOR, "1 2 3", "[1,2,3]" },
		{ OID_INT2VECTOR, "", "[]" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
	assert_null(pg_writer_find(0));
	assert_null(pg_writer_find(16384));
}

static void
arrays_are_arrays_of_their_elements(void **state)
{
	static const struct row rows[] = {
		{ OID_INT4_ARRAY, "{}", "[]" },
		{ OID_INT4_ARRAY, "{1,NULL,-3}", "[1,null,-3]" },
		{ OID_INT4_ARRAY, "{{1,2},{3,4}}", "[[1,2],[3,4]]" },
		{ OID_INT4_ARRAY, "{{{1}},{{2}}}", "[[[1]],[[2]]]" },
		{ OID_INT4_ARRAY, "[0:1]={1,2}", "[1,2]" },
		{ OID_INT4_ARRAY, "[2:3][-1:0]={{1,2},{3,4}}",
		  "[[1,2],[3,4]]" },
		{ OID_TEXT_ARRAY, "{a,\"b,c\",\"NULL\",NULL,\"\"}",
		  "[\"a\",\"b,c\",\"NULL\",null,\"\"]" },
		{ OID_TEXT_ARRAY, "{\"a\\\"b\",\"c\\\\d\",\"}\",\"x\\\\\"}",
		  "[\"a\\\"b\",\"c\\\\d\",\"}\",\"x\\\\\"]" },
		{ OID_TEXT_ARRAY, "{\"{a,b}\",\"[0:1]=\"}",
		  "[\"{a,b}\",\"[0:1]=\"]" },
		{ OID_FLOAT8_ARRAY, "{1.5,NaN,-Infinity}",
		  "[1.5,\"NaN\",\"-Infinity\"]" },
		{ OID_BOOL_ARRAY, "{t,f,NULL}", "[true,false,null]" },
		{ OID_TIMESTAMPTZ_ARRAY,
		  "{\"2024-01-02 01:04:05+00\",infinity}",
		  "[\"2024-01-02T01:04:05+00:00\",\"infinity\"]" },
		{ OID_JSONB_ARRAY,
		  "{\"{\\\"a\\\": [1, \\\"x\\\"]}\",1,\"null\"}",
		  "[{\"a\": [1, \"x\"]},1,null]" },
		{ OID_BOX_ARRAY, "{(2,2),(1,1);(4,4),(3,3)}",
		  "[\"(2,2),(1,1)\",\"(4,4),(3,3)\"]" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

/* A server never prints these; a reply must still be JSON. */
static void
what_is_no_array_becomes_a_string(void **state)
{
	static const struct row rows[] = {
		{ OID_INT4_ARRAY, "", "\"\"" },
		{ OID_INT4_ARRAY, "x", "\"x\"" },
		{ OID_INT4_ARRAY, "{1,2", "\"{1,2\"" },
		{ OID_INT4_ARRAY, "{1,{2}", "\"{1,{2}\"" },
		{ OID_INT4_ARRAY, "{1,,2}", "\"{1,,2}\"" },
		{ OID_INT4_ARRAY, "{1,", "\"{1,\"" },
		{ OID_INT4_ARRAY, "{1}}", "\"{1}}\"" },
		{ OID_INT4_ARRAY, "[0:1]", "\"[0:1]\"" },
		{ OID_TEXT_ARRAY, "{\"a", "\"{\\\"a\"" },
		{ OID_TEXT_ARRAY, "{\"a\\", "\"{\\\"a\\\\\"" },
	};

	(void)state;
	assert_rows(rows, ARRAY_LEN(rows));
}

static void
an_array_counts_its_outermost_elements(void **state)
{
	(void)state;
	assert_int_equal(pg_array_count(TEXT("{}"), ','), 0);
	assert_int_equal(pg_array_count(TEXT("{1,NULL,3}"), ','), 3);
	assert_int_equal(pg_array_count(TEXT("{{1,2},{3,4},{5,6}}"), ','), 3);
	assert_int_equal(pg_array_count(TEXT("[0:1]={\"a,b\",c}"), ','), 2);
}

static void
an_array_of_any_element_can_be_made(void **state)
{
	struct pg_writer inner, outer;
	struct buf out = { NULL, 0, 0 };

	(void)state;
	pg_writer_init_array(&inner, pg_writer_find(23), ',');
	pg_writer_init_array(&outer, &inner, ',');
	outer.write(&outer, &out, TEXT("{\"{1,2}\",NULL,\"{}\"}"));
	buf_add_byte(&out, '\0');
	assert_string_equal(out.data, "[[1,2],null,[]]");
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_leave_as_they_were_printed),
		cmocka_unit_test(what_is_no_json_number_is_a_string),
		cmocka_unit_test(timestamps_get_a_t_and_whole_offsets),
		cmocka_unit_test(other_types_are_what_they_look_like),
		cmocka_unit_test(arrays_are_arrays_of_their_elements),
		cmocka_unit_test(what_is_no_array_becomes_a_string),
		cmocka_unit_test(an_array_counts_its_outermost_elements),
		cmocka_unit_test(an_array_of_any_element_can_be_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
