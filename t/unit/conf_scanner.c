/*
 * Tokens and their places, and that words are judged as libconfig judges
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libconfig.h>

#include "base/compiler.h"
#include "conf/scanner.h"

struct expected {
	enum token_kind kind;
	const char *text;
	unsigned line, column;
};

static void
assert_tokens(const char *source, const struct expected *expected, size_t n)
{
	struct scanner scanner;
	struct token token;
	size_t i;

	scanner_init(&scanner, source, strlen(source));
	for (i = 0; i < n; i++) {
		scanner_next(&scanner, &token);
		assert_int_equal(token.kind, expected[i].kind);
		assert_int_equal(token.length, strlen(expected[i].text));
		assert_memory_equal(token.at, expected[i].text, token.length);
		assert_ptr_equal(token.at, source + token.offset);
		assert_int_equal(token.line, expected[i].line);
		assert_int_equal(token.column, expected[i].column);
	}
}

static void
tokens_know_their_line_and_column(void **state)
{
	static const struct expected expected[] = {
		{ TOKEN_WORD, "a", 2, 3 }, { TOKEN_ASSIGN, "=", 2, 5 },
		{ TOKEN_STRING, "\"x\ny\"", 2, 7 },
		{ TOKEN_SEPARATOR, ";", 3, 3 },
		{ TOKEN_WORD, "b", 3, 12 }, { TOKEN_ASSIGN, ":", 3, 13 },
		{ TOKEN_OPEN, "{", 3, 14 }, { TOKEN_CLOSE, "}", 4, 1 },
		{ TOKEN_END, "", 5, 1 }, { TOKEN_END, "", 5, 1 }
	};

	(void)state;
	assert_tokens("# one = \"\n  a = \"x\ny\"; /* c */b:{ // \"\n}\n",
	    expected, ARRAY_LEN(expected));
}

static void
a_word_is_as_long_as_its_writer_meant_it(void **state)
{
	static const struct expected expected[] = {
		{ TOKEN_WORD, "5s", 1, 1 }, { TOKEN_WORD, "/users", 1, 4 },
		{ TOKEN_WORD, "a", 1, 11 }, { TOKEN_WORD, "b", 1, 17 },
		{ TOKEN_END, "", 1, 22 }
	};

	(void)state;
	assert_tokens("5s /users a/* */b// x", expected, ARRAY_LEN(expected));
}

static void
a_word_can_be_extended_to_the_next_blank(void **state)
{
	const char *source = "127.0.0.1:80/x#y;";
	struct scanner scanner;
	struct token token;

	(void)state;
	scanner_init(&scanner, source, strlen(source));
	scanner_next(&scanner, &token);
	assert_int_equal(token.length, strlen("127.0.0.1"));
	scanner_extend(&scanner, &token);
	assert_int_equal(token.length, strlen("127.0.0.1:80/x#y"));
	scanner_next(&scanner, &token);
	assert_int_equal(token.kind, TOKEN_SEPARATOR);
}

static void
what_is_not_closed_is_told_where_it_begins(void **state)
{
	static const struct expected string[] = {
		{ TOKEN_WORD, "a", 1, 1 }, { TOKEN_ASSIGN, "=", 1, 2 },
		{ TOKEN_OPEN_STRING, "\"x\\\";\n", 1, 3 },
		{ TOKEN_END, "", 2, 1 }
	};
	static const struct expected comment[] = {
		{ TOKEN_OPEN_COMMENT, "/*", 2, 2 }, { TOKEN_END, "", 4, 1 }
	};

	(void)state;
	assert_tokens("a=\"x\\\";\n", string, ARRAY_LEN(string));
	assert_tokens("\n\t/* x\n*\n", comment, ARRAY_LEN(comment));
}

/* What libconfig makes of a word as a value: its type, or 0 for none. */
static int
libconfig_type(const char *word)
{
	config_setting_t *setting;
	char source[100];
	config_t config;
	int type = 0;

	snprintf(source, sizeof(source), "a = %s;\n", word);
	config_init(&config);
	if (config_read_string(&config, source) == CONFIG_TRUE) {
		setting = config_lookup(&config, "a");
		if (config_setting_length(config_root_setting(&config)) == 1)
			type = config_setting_type(setting);
	}
	config_destroy(&config);
	return type;
}

static int
our_type(const char *word)
{
	switch (word_classify(word, strlen(word))) {
	case WORD_BOOLEAN:
		return CONFIG_TYPE_BOOL;
	case WORD_INTEGER:
		return CONFIG_TYPE_INT;
	case WORD_INTEGER64:
		return CONFIG_TYPE_INT64;
	case WORD_FLOAT:
		return CONFIG_TYPE_FLOAT;
	case WORD_NAME:
	case WORD_OTHER:
		break;
	}
	return 0;
}

static void
words_are_judged_as_libconfig_judges_them(void **state)
{
	static const char *const words[] = {
		"0", "-0", "+5", "007", "5L", "5LL", "5LLL", "5l", "5Lx", "L",
		"0x1F", "0X1f", "0x", "0xL", "0x1FL", "0x1G", "-0x1", "1.5",
		"1.", ".5", "-.5", "+1.5", "1e5", "1E-5", "+1e+5", "1e", "1.e",
		"1.5e3", "1.5e3L", "1.5.2", "1..2", "--1", "+-1", "-", "+",
		"e5", "true", "TRUE", "tRuE", "false", "False", "truex",
		"yes", "on", "null", "5s", "1_000", "1-2", "*", "*404", "a",
		"a-b", "_a"
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(words); i++)
		if (our_type(words[i]) != libconfig_type(words[i]))
			fail_msg("%s: %d here, %d there", words[i],
			    our_type(words[i]), libconfig_type(words[i]));
}

static void
names_are_judged_as_libconfig_judges_them(void **state)
{
	static const char *const words[] = {
		"a", "A9", "a-", "a_b", "a*b", "*", "**", "*404", "*_x", "-a",
		"_a", "4", "404", "a.b", "a/b", "true", "\xc3\xa4", "a\xc3\xa4",
		"@a", "'a'", "x'", "a+b", "$a", "a@b"
	};
	char source[100];
	config_t config;
	size_t i;
	int theirs;

	(void)state;
	for (i = 0; i < ARRAY_LEN(words); i++) {
		snprintf(source, sizeof(source), "%s = 1;\n", words[i]);
		config_init(&config);
		theirs = config_read_string(&config, source) == CONFIG_TRUE;
		config_destroy(&config);
		if ((word_classify(words[i], strlen(words[i])) ==
		    WORD_NAME) != theirs)
			fail_msg("%s: they say %d", words[i], theirs);
	}
}

static void
integers_are_exact_or_refused(void **state)
{
	static const struct {
		const char *word;
		int status;
		int64_t number;
	} rows[] = {
		{ "0", 0, 0 }, { "-1", 0, -1 }, { "+7", 0, 7 },
		{ "0640", 0, 640 }, { "3000000000", 0, 3000000000 },
		{ "0xFFFFFFFF", 0, 4294967295 }, { "0x7f", 0, 127 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -1, 0 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -1, 0 },
		{ "0x7FFFFFFFFFFFFFFF", 0, INT64_MAX },
		{ "0x8000000000000000", -1, 0 },
		{ "99999999999999999999", -1, 0 },
		{ "99999999999999999999999999999999999999999", -1, 0 },
		{ "5000000000L", 0, 5000000000 }
	};
	int64_t number;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		number = 0;
		assert_int_equal(word_integer(rows[i].word,
		    strlen(rows[i].word), &number), rows[i].status);
		assert_true(number == rows[i].number);
	}
}

/* The value that libconfig makes of a string must be as long as we say. */
static void
escapes_are_read_as_libconfig_reads_them(void **state)
{
	static const char *const strings[] = {
		"", "x", "\\\"", "\\\\", "\\n\\r\\t\\f", "\\a\\b\\v", "\\x41",
		"\\X4a", "\\x4", "\\x4g", "\\xg", "\\d+", "\\/", "\\\\n",
		"\\\n", "a\nb", "\\'", "\\0", "\\u00e4", "\xc3\xa4", "\\x\\x41"
	};
	size_t i, at, n, made, sum;
	char source[100];
	config_t config;

	(void)state;
	for (i = 0; i < ARRAY_LEN(strings); i++) {
		snprintf(source, sizeof(source), "a = \"%s\";\n", strings[i]);
		config_init(&config);
		assert_int_equal(config_read_string(&config, source),
		    CONFIG_TRUE);
		snprintf(source, sizeof(source), "%s\"", strings[i]);
		for (at = sum = 0; (n = string_step(source + at,
		    strlen(source) - at, &made)) > 0; at += n)
			sum += made;
		assert_int_equal(at, strlen(strings[i]));
		assert_int_equal(sum, strlen(config_setting_get_string(
		    config_lookup(&config, "a"))));
		config_destroy(&config);
	}
	assert_true(string_has_nul("\"a\\x00\"", 7));
	assert_true(string_has_nul("\"\\X00\"", 6));
	assert_false(string_has_nul("\"\\\\x00\"", 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_know_their_line_and_column),
		cmocka_unit_test(a_word_is_as_long_as_its_writer_meant_it),
		cmocka_unit_test(a_word_can_be_extended_to_the_next_blank),
		cmocka_unit_test(what_is_not_closed_is_told_where_it_begins),
		cmocka_unit_test(words_are_judged_as_libconfig_judges_them),
		cmocka_unit_test(names_are_judged_as_libconfig_judges_them),
		cmocka_unit_test(integers_are_exact_or_refused),
		cmocka_unit_test(escapes_are_read_as_libconfig_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
