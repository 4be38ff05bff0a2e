/*
 * Conditions of require and when: three-valued logic, exact numbers, and
 * where their faults are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "plan/binding.h"
#include "plan/condition.h"
#include "plan/scope.h"

#include "conf_text.h"

static const char *const ops[] = {
	"nothing", "truth", "five", "big", "word", "object"
};

static struct value
value_of(void *arg, const struct binding *binding)
{
	(void)arg;
	switch (binding->index) {
	case 1:
		return value_bool(true);
	case 2:
		return value_number(TEXT("5"));
	case 3:
		return value_number(TEXT("9007199254740993"));
	case 4:
		return value_text(TEXT("it's"));
	case 5:
		return value_json(TEXT("{}"));
	}
	return VALUE_NULL;
}

static void
assert_condition(const char *text, enum condition_result expected)
{
	char source[400];
	struct conf_text conf;
	struct arena *arena = arena_new();
	struct scope scope = { .arena = arena, .ops = ops,
		.nops = ARRAY_LEN(ops), .user = BINDING_NOBODY };
	struct binding_source values = { value_of, NULL, arena };
	const struct condition *condition;
	enum condition_result result;

	snprintf(source, sizeof(source), "if = \"%s\";", text);
	conf_text_load(&conf, source);
	scope.report = conf.report;
	condition = condition_compile(conf_node_find(conf.root, "if"), &scope);
	conf_text_assert(&conf, "");
	result = condition_test(condition, &values);
	if (result != expected)
		fail_msg("%s is %d, not %d", text, result, expected);
	arena_free(arena);
	conf_text_free(&conf);
}

static void
assert_true_(const char *text)
{
	assert_condition(text, CONDITION_TRUE);
}

static void
assert_false_(const char *text)
{
	assert_condition(text, CONDITION_FALSE);
}

static void
assert_null_(const char *text)
{
	assert_condition(text, CONDITION_NULL);
}

static void
numbers_compare_exactly(void **state)
{
	(void)state;
	assert_true_("{five} = 5");
	assert_true_("{five} = 5.0");
	assert_true_("{five} != 6");
	assert_true_("{five} < 5.5 and {five} <= 5 and {five} > -7");
	assert_true_("5 >= {five}");
	assert_false_("{big} = 9007199254740992");
	assert_true_("{big} > 9007199254740992");
	assert_true_("{big} < 9007199254740994");
	assert_true_("10 > 9");
	assert_true_("0.30 = 0.3");
	assert_true_("-1 < 0 and -2 < -1");
}

static void
texts_compare_by_their_bytes(void **state)
{
	(void)state;
	assert_true_("{word} = 'it''s'");
	assert_true_("'a' < 'b' and 'a' < 'aa' and 'B' < 'a'");
	assert_true_("'' = ''");
	assert_false_("'a' = 'A'");
}

static void
null_is_neither_true_nor_false(void **state)
{
	(void)state;
	assert_null_("{nothing}");
	assert_null_("{nothing} = 1");
	assert_null_("{nothing} = null");
	assert_null_("{nothing} != {nothing}");
	assert_null_("not {nothing}");
	assert_null_("{nothing} and true");
	assert_false_("{nothing} and false");
	assert_false_("false and {nothing}");
	assert_true_("{nothing} or true");
	assert_null_("{nothing} or false");
	assert_null_("null");
}

static void
things_of_different_kinds_do_not_compare(void **state)
{
	(void)state;
	assert_null_("{five} = '5'");
	assert_null_("{truth} = 'true'");
	assert_null_("{object} = {object}");
	assert_null_("{five}");
	assert_null_("not {word}");
}

static void
and_binds_before_or_and_not_before_both(void **state)
{
	(void)state;
	assert_true_("true or false and false");
	assert_false_("(true or false) and false");
	assert_true_("not false and true");
	assert_false_("not (false or true)");
	assert_true_("not not true");
	assert_true_("NOT false AND True");
	assert_true_("{truth} = (1 < 2)");
	assert_true_("not 1 = 2");
	assert_true_(" ( ( {truth} ) ) ");
	assert_true_("{truth}and{truth}");
}

static void
assert_fault(const char *text, const char *expected)
{
	char source[2000];
	struct conf_text conf;
	struct arena *arena = arena_new();
	struct scope scope = { .arena = arena, .ops = ops,
		.nops = ARRAY_LEN(ops), .user = BINDING_NOBODY };

	snprintf(source, sizeof(source), "if = %s;", text);
	conf_text_load(&conf, source);
	scope.report = conf.report;
	if (condition_compile(conf_node_find(conf.root, "if"), &scope) != NULL)
		fail_msg("%s passed", text);
	conf_text_assert(&conf, expected);
	arena_free(arena);
	conf_text_free(&conf);
}

static void
faults_have_their_place(void **state)
{
	static const char operand[] = "a value is due here: {name}, a number, "
	    "'text', true, false, null or a parenthesis\n";
	char expected[200];
	char deep[1000] = "\"";

	(void)state;
	snprintf(expected, sizeof(expected), "1:8: %s", operand);
	assert_fault("\" \"", expected);
	snprintf(expected, sizeof(expected), "1:15: %s", operand);
	assert_fault("\"true and\"", expected);
	assert_fault("\"{five} == 5\"", expected);
	assert_fault("\"{five} 5\"", "1:14: \"and\", \"or\" or the end is due "
	    "here\n");
	assert_fault("\"(true\"", "1:12: \")\" is due here\n");
	assert_fault("\"{fvie} > 1\"", "1:7: unknown name \"fvie\"; did you "
	    "mean \"five\"?\n");
	assert_fault("\"{five > 1\"", "1:7: \"{\" begins a reference such as "
	    "{name}\n");
	assert_fault("\"'a\"", "1:7: this quote is never closed\n");
	assert_fault("\"- 1 = 1\"", "1:7: a number is due here\n");
	assert_fault("\"true; false\"", "1:11: \"and\", \"or\" or the end is "
	    "due here\n");
	snprintf(expected, sizeof(expected), "1:7: %s", operand);
	assert_fault("\"truely\"", expected);
	assert_fault("true", "1:6: a condition is a string such as "
	    "\"{count} > 0\", not a boolean\n");
	for (unsigned i = 0; i < 200; i++)
		strcat(deep, "not ");
	strcat(deep, "true\"");
	assert_fault(deep, "1:206: nested too deeply\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_compare_exactly),
		cmocka_unit_test(texts_compare_by_their_bytes),
		cmocka_unit_test(null_is_neither_true_nor_false),
		cmocka_unit_test(things_of_different_kinds_do_not_compare),
		cmocka_unit_test(and_binds_before_or_and_not_before_both),
		cmocka_unit_test(faults_have_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
