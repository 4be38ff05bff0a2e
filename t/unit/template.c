/*
 * Templates of replies: which bytes they become, that types are kept, and
 * that writing can stop and go on anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "plan/binding.h"
#include "plan/scope.h"
#include "plan/template.h"

#include "conf_text.h"

static const char *const ops[] = {
	"null_op", "truth", "number", "word", "json", "half"
};

static struct value
value_of(void *arg, const struct binding *binding)
{
	struct arena *arena = arg;
	struct value value = VALUE_NULL;

	switch (binding->index) {
	case 1:
		value = value_bool(true);
		break;
	case 2:
		value = value_number(TEXT("1"));
		break;
	case 3:
		value = value_text(TEXT("a \"b\"\n"));
		break;
	case 4:
		value = value_json(TEXT("{\"a\": [1, {\"b\": \"c\\n\"}]}"));
		break;
	case 5:
		value = value_number(TEXT("0.5"));
		break;
	}
	return binding_walk(value, binding->path, binding->npath, arena);
}

struct fixture {
	struct conf_text conf;
	struct arena *arena;
	struct scope scope;
	struct binding_source source;
};

static void
fixture_open(struct fixture *fixture, const char *source)
{
	conf_text_load(&fixture->conf, source);
	fixture->arena = arena_new();
	fixture->scope = (struct scope){
		.arena = fixture->arena, .report = fixture->conf.report,
		.ops = ops, .nops = ARRAY_LEN(ops), .user = BINDING_NOBODY,
	};
	fixture->source = (struct binding_source){
		value_of, fixture->arena, fixture->arena
	};
}

static void
fixture_close(struct fixture *fixture)
{
	arena_free(fixture->arena);
	conf_text_free(&fixture->conf);
}

static struct template *
fixture_compile(struct fixture *fixture)
{
	return template_compile(conf_node_find(fixture->conf.root, "reply"),
	    &fixture->scope);
}

/* Written whole, and again with each small mark. */
static void
assert_reply(const char *source, const char *expected)
{
	struct fixture fixture;
	const struct template *template;

	fixture_open(&fixture, source);
	template = fixture_compile(&fixture);
	conf_text_assert(&fixture.conf, "");
	for (size_t mark = 1; mark < 40; mark++) {
		struct buf out = { NULL, 0, 0 };
		struct template_at at = { 0 };
		size_t before = 0;

		while (!template_write(template, &fixture.source, &out,
		    before + mark, &at)) {
			if (out.len < before + mark)
				fail_msg("stopped before the mark");
			before = out.len;
		}
		buf_add_byte(&out, '\0');
		assert_string_equal(out.data, expected);
		buf_release(&out);
	}
	fixture_close(&fixture);
}

static void
one_reference_keeps_its_type(void **state)
{
	(void)state;
	assert_reply("reply = \"{null_op}\";", "null");
	assert_reply("reply = \"{null}\";", "null");
	assert_reply("reply = \"{truth}\";", "true");
	assert_reply("reply = \"{number}\";", "1");
	assert_reply("reply = \"{word}\";", "\"a \\\"b\\\"\\n\"");
	assert_reply("reply = \"{json}\";", "{\"a\": [1, {\"b\": \"c\\n\"}]}");
}

static void
mixed_strings_are_texts(void **state)
{
	(void)state;
	assert_reply("reply = \"x {number} y\";", "\"x 1 y\"");
	assert_reply("reply = \"{number}{half}\";", "\"10.5\"");
	assert_reply("reply = \"<{word}>\";", "\"<a \\\"b\\\"\\n>\"");
	assert_reply("reply = \"<{null_op}{null}>\";", "\"<>\"");
	assert_reply("reply = \"is {truth}\";", "\"is true\"");
	assert_reply("reply = \"{{number}\";", "\"{number}\"");
	assert_reply("reply = \"say \\\"{number}\\\"\\\\ \\x07\";",
	    "\"say \\\"1\\\"\\\\ \\u0007\"");
	assert_reply("reply = \"\";", "\"\"");
}

static void
groups_and_lists_stay_what_they_are(void **state)
{
	(void)state;
	assert_reply("reply = { a = \"{number}\"; b = ( 1, \"{truth}\", "
	    "{ c = \"x\"; } ); d = { }; e = [ ]; *_f = true; };",
	    "{\"a\":1,\"b\":[1,true,{\"c\":\"x\"}],\"d\":{},\"e\":[],"
	    "\"_f\":true}");
}

static void
numbers_are_json_whatever_libconfig_takes(void **state)
{
	(void)state;
	assert_reply("reply = ( 1, -2, 0x1F, 3000000000, 10L, 1.5, 1., .5, "
	    "-.5, 1e3, 2.E-3, 0.10 );",
	    "[1,-2,31,3000000000,10,1.5,1.0,0.5,-0.5,1e3,2.0E-3,0.10]");
}

static void
paths_lead_into_json(void **state)
{
	(void)state;
	assert_reply("reply = \"{json.a}\";", "[1, {\"b\": \"c\\n\"}]");
	assert_reply("reply = \"{json.a.0}\";", "1");
	assert_reply("reply = \"{json.a.1.b}\";", "\"c\\n\"");
	assert_reply("reply = \"<{json.a.1.b}>\";", "\"<c\\n>\"");
	assert_reply("reply = \"{json.a.7}\";", "null");
	assert_reply("reply = \"{json.x.y.z}\";", "null");
	assert_reply("reply = \"{null_op.x}\";", "null");
}

static void
constants_are_one_piece_of_bytes(void **state)
{
	struct fixture fixture;
	struct text bytes;

	(void)state;
	fixture_open(&fixture, "reply = { a = \"x\"; b = (1, \"{null}\"); };");
	bytes = template_constant(fixture_compile(&fixture));
	assert_true(text_equal(bytes, TEXT("{\"a\":\"x\",\"b\":[1,null]}")));
	fixture_close(&fixture);

	fixture_open(&fixture, "reply = \"{number}\";");
	assert_null(template_constant(fixture_compile(&fixture)).at);
	fixture_close(&fixture);
}

static void
texts_are_not_quoted(void **state)
{
	struct fixture fixture;
	const struct template *template;

	(void)state;
	fixture_open(&fixture, "reply = \"/x/{number}/{word}\";");
	template = template_compile_text(
	    conf_node_find(fixture.conf.root, "reply"), &fixture.scope);
	assert_true(text_equal(template_text(template, &fixture.source),
	    TEXT("/x/1/a \"b\"\n")));
	assert_null(template_exact(template));
	fixture_close(&fixture);

	fixture_open(&fixture, "reply = \"{number}\";");
	template = template_compile_text(
	    conf_node_find(fixture.conf.root, "reply"), &fixture.scope);
	assert_non_null(template_exact(template));
	fixture_close(&fixture);
}

static void
floats_in_texts_have_a_point(void **state)
{
	struct fixture fixture;
	struct template *template;
	struct template_at at = { 0 };
	struct buf out = { NULL, 0, 0 };

	(void)state;
	fixture_open(&fixture, "reply = \"after {number} and {half} s\";");
	template = fixture_compile(&fixture);
	for (struct binding *binding = fixture.scope.bindings;
	    binding != NULL; binding = binding->next)
		binding->is_float = true;
	assert_true(template_write(template, &fixture.source, &out, SIZE_MAX,
	    &at));
	buf_add_byte(&out, '\0');
	assert_string_equal(out.data, "\"after 1.0 and 0.5 s\"");
	buf_release(&out);
	fixture_close(&fixture);
}

static void
faults_have_the_place_of_the_reference(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, "reply = {\n"
	    "  a = \"one {nubmer}\";\n"
	    "  b = \"two \"\n"
	    "      \"{wrod} { x\";\n"
	    "  c = ( \"{number?}\", \"{number:size}\", \"{body}\" );\n"
	    "};\n");
	assert_null(fixture_compile(&fixture));
	conf_text_assert(&fixture.conf,
	    "2:12: unknown name \"nubmer\"; did you mean \"number\"?\n"
	    "4:8: unknown name \"wrod\"; did you mean \"word\"?\n"
	    "4:15: \"{\" begins a reference such as {name}; write \"{{\" for "
	    "a brace\n"
	    "5:10: {number?}: only what a client sends can be asked for; an "
	    "operation has {number:state}\n"
	    "5:23: unknown fact \"size\"; known are count, state, source, "
	    "status and ms\n"
	    "5:40: {body} is not known at this place\n");
	fixture_close(&fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_reference_keeps_its_type),
		cmocka_unit_test(mixed_strings_are_texts),
		cmocka_unit_test(groups_and_lists_stay_what_they_are),
		cmocka_unit_test(numbers_are_json_whatever_libconfig_takes),
		cmocka_unit_test(paths_lead_into_json),
		cmocka_unit_test(constants_are_one_piece_of_bytes),
		cmocka_unit_test(texts_are_not_quoted),
		cmocka_unit_test(floats_in_texts_have_a_point),
		cmocka_unit_test(faults_have_the_place_of_the_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
