/*
 * {references} as they are written: which braces begin one, what its parts
 * are, and what is text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "plan/reference.h"

/* A text as a line: <text>, [name|path|fact], ? when asked, ! for bad. */
static void
assert_pieces(const char *source, const char *expected)
{
	struct reference_reader reader = { text_of(source), 0 };
	struct reference_piece piece;
	enum reference_kind kind;
	struct buf line = { NULL, 0, 0 };

	while ((kind = reference_next(&reader, &piece)) != REFERENCE_END) {
		if (kind == REFERENCE_TEXT)
			buf_printf(&line, "<%.*s>", (int)piece.text.len,
			    piece.text.at);
		else if (kind == REFERENCE_BAD)
			buf_printf(&line, "!%zu", piece.offset);
		else
			buf_printf(&line, "[%.*s|%.*s|%.*s%s]",
			    (int)piece.reference.name.len,
			    piece.reference.name.at,
			    (int)piece.reference.path.len,
			    piece.reference.path.at,
			    (int)piece.reference.fact.len,
			    piece.reference.fact.at == NULL ? ""
			    : piece.reference.fact.at,
			    piece.reference.asked ? "?" : "");
	}
	buf_add_byte(&line, '\0');
	assert_string_equal(line.data, expected);
	buf_release(&line);
}

static void
references_are_cut_into_their_parts(void **state)
{
	(void)state;
	assert_pieces("{user}", "[user||]");
	assert_pieces("{user.address.city}", "[user|address.city|]");
	assert_pieces("{users:count}", "[users||count]");
	assert_pieces("{body.items:count}", "[body|items|count]");
	assert_pieces("{body.email?}", "[body|email|?]");
	assert_pieces("{users.0.name}", "[users|0.name|]");
	assert_pieces("{header.x-request-id}", "[header|x-request-id|]");
	assert_pieces("{_a1}{b-c}", "[_a1||][b-c||]");
}

static void
text_goes_between_them(void **state)
{
	(void)state;
	assert_pieces("/users/{user.id}/x", "</users/>[user|id|]</x>");
	assert_pieces("plain", "<plain>");
	assert_pieces("", "");
}

static void
two_braces_are_one_and_a_lone_closing_one_is_text(void **state)
{
	(void)state;
	assert_pieces("{{a}", "<{><a}>");
	assert_pieces("a } b", "<a } b>");
	assert_pieces("{{{a}}", "<{>[a||]<}>");
}

static void
other_braces_begin_nothing(void **state)
{
	static const char *const bad[] = {
		"{", "{}", "{ user }", "{user", "{user.}", "{user..id}",
		"{.id}", "{1a}", "{user:}", "{user:count:count}", "{user?x}",
		"{user?:count}", "{us er}", "{user,id}", "{-a}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct reference_reader reader = { text_of(bad[i]), 0 };
		struct reference_piece piece;

		if (reference_next(&reader, &piece) != REFERENCE_BAD)
			fail_msg("%s passed", bad[i]);
		assert_int_equal(piece.offset, 0);
	}
	assert_pieces("a {b c} {d}", "<a >!2<b c} >[d||]");
}

static void
a_reference_ends_within_its_text(void **state)
{
	struct reference ref;

	(void)state;
	/* Behind the end lies what would complete it. */
	assert_int_equal(reference_parse((struct text){ "{user}", 5 }, 0,
	    &ref), 0);
	assert_int_equal(reference_parse((struct text){ "{user}", 6 }, 0,
	    &ref), 6);
}

static void
paths_are_walked_step_by_step(void **state)
{
	struct text path = TEXT("a.b-1.22"), step;

	(void)state;
	assert_true(reference_step(&path, &step));
	assert_true(text_equal(step, TEXT("a")));
	assert_true(reference_step(&path, &step));
	assert_true(text_equal(step, TEXT("b-1")));
	assert_true(reference_step(&path, &step));
	assert_true(text_equal(step, TEXT("22")));
	assert_false(reference_step(&path, &step));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_cut_into_their_parts),
		cmocka_unit_test(text_goes_between_them),
		cmocka_unit_test(
		    two_braces_are_one_and_a_lone_closing_one_is_text),
		cmocka_unit_test(other_braces_begin_nothing),
		cmocka_unit_test(a_reference_ends_within_its_text),
		cmocka_unit_test(paths_are_walked_step_by_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
