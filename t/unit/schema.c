/*
 * Types and constraints one by one: what each takes as text of a query and as
 * JSON of a body.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plan/schema_number.h"

#include "inputs_stage.h"

/* What is left of a list of one fault without its place and its input. */
static const char *
brief(const char *answer, char *out, size_t size)
{
	const char *message = strstr(answer, "\"msg\":\""), *ctx, *end;

	if (message == NULL)
		return answer;
	message += 7;
	end = strstr(message, "\",\"input\"");
	ctx = strstr(end, "\"ctx\":");
	snprintf(out, size, "%.*s: %.*s%s%.*s",
	    (int)strcspn(answer + 10, "\""), answer + 10,
	    (int)(end - message), message, ctx == NULL ? "" : " ",
	    ctx == NULL ? 0 : (int)strlen(ctx) - 8,
	    ctx == NULL ? "" : ctx + 6);
	return out;
}

struct value_row {
	unsigned oid;
	const char *conf;	/* keys of the input */
	const char *sent;	/* text of a query; from '=' on: JSON */
	const char *expected;
};

static void
check_value(const struct value_row *row, unsigned *wrong)
{
	bool json = row->sent[0] == '=';
	char conf[1000], refs[60], query[1000], body[1000], out[1000];
	struct request request = { .part = NULL };
	struct stage stage;
	const char *got;

	snprintf(conf, sizeof(conf), json ? "body = { fields = { v = {%s}; }; "
	    "};" : "query = { v = {%s}; };", row->conf);
	snprintf(refs, sizeof(refs), row->oid == 0 ? "%sv" : "%sv:%u",
	    json ? "body." : "", row->oid);
	snprintf(query, sizeof(query), "v=%s", row->sent);
	snprintf(body, sizeof(body), "{\"v\":%s}", row->sent + json);
	stage_open(&stage, conf, "", refs);
	conf_text_assert(&stage.conf, "");
	if (json) {
		request.type = "application/json";
		request.body = body;
	} else {
		request.query = query;
	}
	stage_check(&stage, &request);
	got = brief(stage.answer, out, sizeof(out));
	if (strcmp(got, row->expected) != 0) {
		print_message("%u {%s} %s\n    got %s\n wanted %s\n", row->oid,
		    row->conf, row->sent, got, row->expected);
		(*wrong)++;
	}
	stage_close(&stage);
}

static void
check_values(const struct value_row *rows, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < n; i++)
		check_value(&rows[i], &wrong);
	assert_int_equal(wrong, 0);
}

#define INT_PARSING "int_parsing: Input should be a valid integer, unable " \
	"to parse string as an integer"
#define INT_TYPE "int_type: Input should be a valid integer"
#define LE(n) "less_than_equal: Input should be less than or equal to " n \
	" {\"le\":" n "}"
#define GE(n) "greater_than_equal: Input should be greater than or equal " \
	"to " n " {\"ge\":" n "}"

static void
ints_stay_in_the_range_of_their_type(void **state)
{
	static const struct value_row rows[] = {
		{ 21, "", "32767", "32767 32767" },
		{ 21, "", "32768", LE("32767") },
		{ 21, "", "-32769", GE("-32768") },
		{ 20, "", "9223372036854775807",
		    "9223372036854775807 9223372036854775807" },
		{ 20, "", "9223372036854775808", LE("9223372036854775807") },
		{ 20, "", "-9223372036854775808",
		    "-9223372036854775808 -9223372036854775808" },
		{ 20, "", "-9223372036854775809", GE("-9223372036854775808") },
		{ 26, "", "4294967295", "4294967295 4294967295" },
		{ 26, "", "-1", GE("0") },
		{ 23, "", "0x10", INT_PARSING },
		{ 23, "", "1%200", INT_PARSING },
		{ 23, "", "-", INT_PARSING },
		{ 23, "", "true", INT_PARSING },
		{ 23, "", "=5", "5 5" },
		{ 23, "", "=5.0", "5 5" },
		{ 23, "", "=-0.0", "0 0" },
		{ 23, "", "=1.5e1", "15 15" },
		{ 23, "", "=20e-1", "2 2" },
		{ 23, "", "=1e400", LE("2147483647") },
		{ 23, "", "=0.5", "int_from_float: Input should be a valid "
		    "integer, got a number with a fractional part" },
		{ 23, "", "=\"5\"", INT_TYPE },
		{ 23, "", "=true", INT_TYPE },
		{ 23, "", "=null", INT_TYPE },
		{ 23, "", "=[5]", INT_TYPE },
		{ 23, "nullable = true;", "=null", "- null" },
		{ 23, "minimum = 1; maximum = 5;", "5", "5 5" },
		{ 23, "minimum = 1; maximum = 5;", "=6", LE("5") },
		{ 23, "exclusive_minimum = 1;", "1", "greater_than: Input "
		    "should be greater than 1 {\"gt\":1}" },
		{ 23, "exclusive_maximum = 5;", "5", "less_than: Input "
		    "should be less than 5 {\"lt\":5}" },
		{ 23, "minimum = 0.5;", "0", GE("0.5") },
		{ 23, "minimum = 0.5;", "1", "1 1" },
		{ 23, "maximum = 99999999999L;", "3000000000",
		    LE("2147483647") },
		{ 23, "enum = [ 1, 2 ];", "2", "2 2" },
		{ 23, "enum = [ 1, 2 ];", "3",
		    "enum: Input should be 1 or 2 {\"expected\":\"1 or 2\"}" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

static void
fractions_stay_exact(void **state)
{
	static const struct value_row rows[] = {
		{ 701, "", "1", "1 1.0" },
		{ 701, "", "1.0", "1.0 1.0" },
		{ 701, "", "0.50", "0.50 0.5" },
		{ 701, "", "1e-400", "0 0.0" },
		{ 701, "", "=1E5", "1E5 100000.0" },
		{ 701, "", "=0.1", "0.1 0.1" },
		{ 701, "", "=1e400",
		    "finite_number: Input should be a finite number" },
		{ 700, "", "=1e39",
		    "finite_number: Input should be a finite number" },
		{ 700, "", "=1e-60", "0 1e-60" },
		{ 701, "", "nan", "float_parsing: Input should be a valid "
		    "number, unable to parse string as a number" },
		{ 701, "", "inf", "float_parsing: Input should be a valid "
		    "number, unable to parse string as a number" },
		{ 701, "", ".5", "float_parsing: Input should be a valid "
		    "number, unable to parse string as a number" },
		{ 701, "", "=\"1\"",
		    "float_type: Input should be a valid number" },
		{ 701, "minimum = 0; maximum = 10.0;", "10.00001",
		    LE("10.0") },
		{ 1700, "", "007.50", "7.50 7.50" },
		{ 1700, "", "=12345678901234567890.123456789",
		    "12345678901234567890.123456789 "
		    "12345678901234567890.123456789" },
		{ 1700, "", "x", "decimal_parsing: Input should be a valid "
		    "decimal" },
		{ 1700, "maximum = 1;", "=1.00000000000000000000001",
		    LE("1") },
		{ 1700, "", "=1e200000", "decimal_whole_digits: Decimal input "
		    "should have no more than 131072 digits before the "
		    "decimal point {\"whole_digits\":131072}" },
		{ 1700, "", "=1e-20000", "decimal_max_places: Decimal input "
		    "should have no more than 16383 decimal places "
		    "{\"decimal_places\":16383}" },
		{ OID_MONEY_SUM, "", "999.99", "999.99 999.99" },
		{ OID_MONEY_SUM, "", "1000", "decimal_whole_digits: Decimal "
		    "input should have no more than 3 digits before the "
		    "decimal point {\"whole_digits\":3}" },
		/* Undeclared and in no statement: by what its bounds say. */
		{ 0, "default = 1.0;", "2", "2 2.0" },
		{ 0, "minimum = 1;", "2.5", "2.5 2.5" },
		{ 0, "type = \"float8\";", "1", "1 1.0" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

#define BOOL_PARSING "bool_parsing: Input should be a valid boolean, unable " \
	"to interpret input"

static void
bools_have_eight_words_in_a_query(void **state)
{
	static const struct value_row rows[] = {
		{ 16, "", "true", "t true" }, { 16, "", "FALSE", "f false" },
		{ 16, "", "1", "t true" }, { 16, "", "0", "f false" },
		{ 16, "", "Yes", "t true" }, { 16, "", "no", "f false" },
		{ 16, "", "on", "t true" }, { 16, "", "oFF", "f false" },
		{ 16, "", "t", BOOL_PARSING }, { 16, "", "2", BOOL_PARSING },
		{ 16, "", "", BOOL_PARSING },
		{ 16, "", "=true", "t true" },
		{ 16, "", "=1", "bool_type: Input should be a valid boolean" },
		{ 16, "", "=\"true\"",
		    "bool_type: Input should be a valid boolean" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

#define UUID(text) "uuid_parsing: Input should be a valid UUID, " text \
	" {\"error\":\"" text "\"}"

static void
texts_have_lengths_patterns_and_formats(void **state)
{
	static const struct value_row rows[] = {
		{ 25, "", "", " \"\"" },
		{ 25, "min_length = 1;", "", "string_too_short: String should "
		    "have at least 1 character {\"min_length\":1}" },
		{ 25, "max_length = 2;", "%C3%A4%C3%B6",
		    "\xc3\xa4\xc3\xb6 \"\xc3\xa4\xc3\xb6\"" },
		{ 25, "max_length = 2;", "abc", "string_too_long: String "
		    "should have at most 2 characters {\"max_length\":2}" },
		{ 25, "pattern = \"^[a-z]+$\";", "ab", "ab \"ab\"" },
		{ 25, "pattern = \"^[a-z]+$\";", "ab%0A",
		    "string_pattern_mismatch: String should match pattern "
		    "'^[a-z]+$' {\"pattern\":\"^[a-z]+$\"}" },
		{ 25, "pattern = \"(a+)+$\";",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		    "string_pattern_mismatch: String should match pattern "
		    "'(a+)+$' {\"pattern\":\"(a+)+$\"}" },
		{ OID_SHORT_TEXT, "", "abcdef", "string_too_long: String "
		    "should have at most 5 characters {\"max_length\":5}" },
		{ OID_CITEXT, "", "x", "x \"x\"" },
		{ 25, "enum = [ \"red\", \"green\" ];", "red", "red \"red\"" },
		{ 25, "enum = [ \"red\", \"green\" ];", "=\"blue\"", "enum: "
		    "Input should be 'red' or 'green' {\"expected\":\"'red' "
		    "or 'green'\"}" },
		{ OID_MOOD, "", "ok", "ok \"ok\"" },
		{ OID_MOOD, "enum = [ \"ok\" ];", "sad", "enum: Input should "
		    "be 'ok' {\"expected\":\"'ok'\"}" },
		{ OID_MOOD, "type = \"mood\";", "sad", "sad \"sad\"" },
		{ 25, "format = \"uri\";", "https://a.example/b?c=%2541",
		    "https://a.example/b?c=%41 "
		    "\"https://a.example/b?c=%41\"" },
		{ 25, "format = \"uri\";", "a/b", "url_parsing: Input should "
		    "be a valid URL, relative URL without a base "
		    "{\"error\":\"relative URL without a base\"}" },
		{ 25, "format = \"ipv4\";", "10.0.0.256",
		    "ip_v4_address: Input is not a valid IPv4 address" },
		{ 25, "format = \"ipv6\";", "::1", "::1 \"::1\"" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

static void
uuids_and_bytes_are_hexadecimal(void **state)
{
	static const struct value_row rows[] = {
		{ 2950, "", "c56a4180-65aa-42ec-a945-5fd21dec0538",
		    "c56a4180-65aa-42ec-a945-5fd21dec0538 "
		    "\"c56a4180-65aa-42ec-a945-5fd21dec0538\"" },
		{ 2950, "", "C56A418065AA42ECA9455FD21DEC0538",
		    "C56A418065AA42ECA9455FD21DEC0538 "
		    "\"C56A418065AA42ECA9455FD21DEC0538\"" },
		{ 2950, "", "abc", UUID("invalid length: expected length 32 "
		    "for simple format, found 3") },
		{ 2950, "", "not-a-uuid", UUID("invalid character: expected "
		    "an optional prefix of `urn:uuid:` followed by "
		    "[0-9a-fA-F-], found `n` at 1") },
		{ 2950, "", "c56a4180-65aa", UUID("invalid group count: "
		    "expected 5, found 2") },
		{ 2950, "", "c56a418-65aa-42ec-a945-5fd21dec05380",
		    UUID("invalid group length in group 0: expected 8, "
		    "found 7") },
		{ 2950, "", "=5", "uuid_type: UUID input should be a string, "
		    "bytes or UUID object" },
		{ 17, "", "\\x00fF", "\\x00fF \"\\\\x00fF\"" },
		{ 17, "", "\\x0", "bytes_invalid_encoding: Data should be "
		    "valid hex: odd number of digits {\"encoding\":\"hex\","
		    "\"encoding_error\":\"odd number of digits\"}" },
		{ 869, "", "10.0.0.1/8", "10.0.0.1/8 \"10.0.0.1/8\"" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

#define EMAIL(text) "value_error: value is not a valid email address: " text \
	" {\"reason\":\"" text "\"}"

static void
email_addresses_have_two_sides(void **state)
{
	static const struct value_row rows[] = {
		{ 25, "format = \"email\";", "a.b-c%2Bd@x-y.example.org",
		    "a.b-c+d@x-y.example.org \"a.b-c+d@x-y.example.org\"" },
		{ 25, "format = \"email\";", "x", EMAIL("An email address "
		    "must have an @-sign.") },
		{ 25, "format = \"email\";", "@x.org", EMAIL("There must be "
		    "something before the @-sign.") },
		{ 25, "format = \"email\";", "a@", EMAIL("There must be "
		    "something after the @-sign.") },
		{ 25, "format = \"email\";", "a@b", EMAIL("The part after the "
		    "@-sign is not valid. It should have a period.") },
		{ 25, "format = \"email\";", "a..b@c.de", EMAIL("An email "
		    "address cannot have two periods in a row.") },
		{ 25, "format = \"email\";", "a@b..de", EMAIL("An email "
		    "address cannot have two periods in a row.") },
		{ 25, "format = \"email\";", "a@b.de.", EMAIL("An email "
		    "address cannot end with a period.") },
		{ 25, "format = \"email\";", "a@.de", EMAIL("An email address "
		    "cannot have a period immediately after the @-sign.") },
		{ 25, "format = \"email\";", "a+b@c.de", EMAIL("The email "
		    "address contains invalid characters before the "
		    "@-sign.") },
		{ 25, "format = \"email\";", "a@c@d.de", EMAIL("The part "
		    "after the @-sign contains invalid characters.") },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

#define DATE(text) "date_from_datetime_parsing: Input should be a valid " \
	"date or datetime, " text " {\"error\":\"" text "\"}"
#define STAMP(text) "datetime_from_date_parsing: Input should be a valid " \
	"datetime or date, " text " {\"error\":\"" text "\"}"
#define CLOCK(text) "time_parsing: Input should be in a valid time format, " \
	text " {\"error\":\"" text "\"}"
#define DELTA(text) "time_delta_parsing: Input should be a valid " \
	"timedelta, " text " {\"error\":\"" text "\"}"

static void
times_have_one_form(void **state)
{
	static const struct value_row rows[] = {
		{ 1082, "", "2024-02-29", "2024-02-29 \"2024-02-29\"" },
		{ 1082, "", "2023-02-29",
		    DATE("day value is outside expected range") },
		{ 1082, "", "2023-13-01",
		    DATE("month value is outside expected range of 1-12") },
		{ 1082, "", "yesterday", DATE("input is too short") },
		{ 1082, "", "11/24/2026", DATE("invalid character in year") },
		{ 1082, "", "2026-11-24T00:00", DATE("unexpected extra "
		    "characters at the end of the input") },
		{ 1082, "", "0000-01-01", DATE("year 0 is out of range") },
		{ 1082, "", "=20260101",
		    "date_type: Input should be a valid date" },
		{ 1184, "", "2026-11-24", "2026-11-24 \"2026-11-24\"" },
		{ 1184, "", "2026-11-24T08:47:12.5Z",
		    "2026-11-24T08:47:12.5Z \"2026-11-24T08:47:12.5Z\"" },
		{ 1184, "", "2026-11-24 08:47%2B01:30",
		    "2026-11-24 08:47+01:30 \"2026-11-24 08:47+01:30\"" },
		{ 1184, "", "2026-11-24T08:47:12+01:00",
		    STAMP("invalid timezone sign") },
		{ 1184, "", "2026-11-24T24:00:00", STAMP("hour value is "
		    "outside expected range of 0-23") },
		{ 1184, "", "2026-11-24T08:60:00", STAMP("minute value is "
		    "outside expected range of 0-59") },
		{ 1184, "", "2026-11-24T08:47:12%2B16:00", STAMP("timezone "
		    "offset must be less than 16 hours") },
		{ 1184, "", "2026-11-24x08:47", STAMP("invalid datetime "
		    "separator, expected `T`, `t` or space") },
		{ 1114, "", "=1e9",
		    "datetime_type: Input should be a valid datetime" },
		{ 1083, "", "08:47", "08:47 \"08:47\"" },
		{ 1083, "", "08:47:61", CLOCK("second value is outside "
		    "expected range of 0-59") },
		{ 1083, "", "08:47Z", CLOCK("unexpected extra characters at "
		    "the end of the input") },
		{ 1266, "", "08:47:00-05", "08:47:00-05 \"08:47:00-05\"" },
		{ 1186, "", "P1Y2M3DT4H5M6.5S",
		    "P1Y2M3DT4H5M6.5S \"P1Y2M3DT4H5M6.5S\"" },
		{ 1186, "", "1 year -2 mons 3 days 04:05:06.7",
		    "1 year -2 mons 3 days 04:05:06.7 "
		    "\"1 year -2 mons 3 days 04:05:06.7\"" },
		{ 1186, "", "soon", DELTA("invalid digit in duration") },
		{ 1186, "", "5 apples", DELTA("invalid unit in duration") },
		{ 1186, "", "P", DELTA("input is too short") },
		{ 1186, "", "=5",
		    "time_delta_type: Input should be a valid timedelta" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

static void
json_goes_on_as_it_came(void **state)
{
	static const struct value_row rows[] = {
		{ 3802, "", "={\"b\": 1e2, \"a\" :[ ]}",
		    "{\"b\": 1e2, \"a\" :[ ]} {\"b\": 1e2, \"a\" :[ ]}" },
		{ 3802, "", "=\"x\"", "\"x\" \"x\"" },
		{ 3802, "", "=null", "- null" },
		{ 3802, "", "{\"a\":1}", "{\"a\":1} {\"a\":1}" },
		{ 3802, "", "[1", "json_invalid: Invalid JSON: Expecting ',' "
		    "delimiter {\"error\":\"Expecting ',' delimiter\"}" },
		/* A declared scalar is one in JSON too. */
		{ 3802, "type = \"text\";", "x", "\"x\" \"x\"" },
		{ 3802, "type = \"int4\";", "5", "5 5" },
	};

	(void)state;
	check_values(rows, ARRAY_LEN(rows));
}

/* ---- numbers ------------------------------------------------------------- */

static void
numbers_compare_exactly(void **state)
{
	static const char *const rising[] = { "-1e400", "-10.5", "-10.49",
		"-1", "-1e-400", "0", "1e-400", "0.5", "0.51", "1", "1.0001",
		"9", "10", "99.9", "1e2", "9223372036854775807",
		"9223372036854775808", "1e400" };
	struct number a, b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
		assert_int_equal(number_scan(text_of(rising[i]), false, &a),
		    0);
		for (size_t j = 0; j < ARRAY_LEN(rising); j++) {
			number_scan(text_of(rising[j]), false, &b);
			assert_int_equal(number_compare(&a, &b),
			    i == j ? 0 : i < j ? -1 : 1);
		}
	}
	number_scan(TEXT("-0.00"), false, &a);
	number_scan(TEXT("0e5"), false, &b);
	assert_int_equal(number_compare(&a, &b), 0);
	number_scan(TEXT("1.50e1"), false, &a);
	number_scan(TEXT("15"), false, &b);
	assert_int_equal(number_compare(&a, &b), 0);
}

static void
what_is_no_number_is_refused(void **state)
{
	static const char *const none[] = { "", "-", "+1", ".5", "5.", "1e",
		"1e+", "01", "1 ", " 1", "0x1", "1_0", "nan", "--1", "1.e5" };
	struct number number;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(number_scan(text_of(none[i]), false,
		    &number), -1);
	assert_int_equal(number_scan(TEXT("01"), true, &number), 0);
}

static void
doubles_are_as_short_as_they_can_be(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 1, "1.0" }, { -0.5, "-0.5" }, { 0.1, "0.1" },
		{ 1e15, "1e+15" }, { 1e22, "1e+22" }, { 123456, "123456.0" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 1e-7, "1e-07" },
		{ 5e-324, "5e-324" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		number_print_double(rows[i].value, text);
		assert_string_equal(text, rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ints_stay_in_the_range_of_their_type),
		cmocka_unit_test(fractions_stay_exact),
		cmocka_unit_test(bools_have_eight_words_in_a_query),
		cmocka_unit_test(texts_have_lengths_patterns_and_formats),
		cmocka_unit_test(uuids_and_bytes_are_hexadecimal),
		cmocka_unit_test(email_addresses_have_two_sides),
		cmocka_unit_test(times_have_one_form),
		cmocka_unit_test(json_goes_on_as_it_came),
		cmocka_unit_test(numbers_compare_exactly),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(doubles_are_as_short_as_they_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
