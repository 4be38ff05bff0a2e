/*
 * Arenas: alignment, growth, clean-ups, and what is kept for the next one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

struct diary {
	char order[16];
	size_t len;
	struct arena *arena;
};

struct entry {
	struct diary *diary;
	char letter;
};

static void
diary_note(void *arg)
{
	struct entry *entry = arg;

	entry->diary->order[entry->diary->len++] = entry->letter;
}

static void
diary_defer_more(void *arg)
{
	struct entry *entry = arg;

	diary_note(entry);
	arena_defer(entry->diary->arena, diary_note, entry);
}

static void
each_piece_is_aligned_and_its_own(void **state)
{
	struct arena *arena = arena_new();
	unsigned char *pieces[300];
	size_t sizes[300], i, j;

	(void)state;
	for (i = 0; i < 300; i++) {
		sizes[i] = i * i % 977;
		pieces[i] = arena_bytes(arena, sizes[i]);
		assert_int_equal((uintptr_t)pieces[i] %
		    _Alignof(max_align_t), 0);
		memset(pieces[i], (int)(i % 251), sizes[i]);
	}
	for (i = 0; i < 300; i++) {
		for (j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], i % 251);
	}
	arena_free(arena);
}

static void
alloc_is_zeroed_even_in_a_kept_arena(void **state)
{
	struct arena *arena = arena_new();
	static const char zeros[512];

	(void)state;
	memset(arena_bytes(arena, 512), 'x', 512);
	arena_free(arena);
	arena = arena_new();
	assert_memory_equal(arena_alloc(arena, 512), zeros, 512);
	arena_free(arena);
}

static void
a_piece_larger_than_any_block_is_given(void **state)
{
	struct arena *arena = arena_new();
	char *small = arena_bytes(arena, 8), *large;

	(void)state;
	strcpy(small, "before");
	large = arena_alloc(arena, 1 << 20);
	assert_int_equal(large[(1 << 20) - 1], 0);
	assert_string_equal(small, "before");
	assert_true(arena_size(arena) >= 1 << 20);
	arena_free(arena);
}

static void
size_counts_what_is_held_and_starts_small(void **state)
{
	struct arena *arena = arena_new();
	size_t before = arena_size(arena);

	(void)state;
	assert_true(before <= 3072);
	arena_bytes(arena, 100000);
	assert_true(arena_size(arena) >= before + 100000);
	arena_free(arena);
}

static void
growing_keeps_the_bytes(void **state)
{
	struct arena *arena = arena_new();
	unsigned char *bytes = NULL;
	size_t size = 0, i;

	(void)state;
	while (size < 5000) {
		bytes = arena_grow(arena, bytes, size, size + 37);
		for (i = size; i < size + 37; i++)
			bytes[i] = (unsigned char)(i % 253);
		size += 37;
		if (size % 5 == 0)
			memset(arena_bytes(arena, 24), 0xff, 24);
	}
	for (i = 0; i < size; i++)
		assert_int_equal(bytes[i], i % 253);
	arena_free(arena);
}

static void
clean_ups_run_last_in_first_out(void **state)
{
	struct arena *arena = arena_new();
	struct diary diary = { .arena = arena };
	struct entry a = { &diary, 'a' }, b = { &diary, 'b' };

	(void)state;
	arena_defer(arena, diary_note, &a);
	arena_defer(arena, diary_note, &b);
	assert_int_equal(diary.len, 0);
	arena_free(arena);
	assert_string_equal(diary.order, "ba");
}

static void
a_clean_up_may_defer_another(void **state)
{
	struct arena *arena = arena_new();
	struct diary diary = { .arena = arena };
	struct entry a = { &diary, 'a' }, b = { &diary, 'b' };

	(void)state;
	arena_defer(arena, diary_note, &a);
	arena_defer(arena, diary_defer_more, &b);
	arena_free(arena);
	assert_string_equal(diary.order, "bba");
}

static void
a_kept_arena_runs_no_old_clean_up(void **state)
{
	struct arena *arena = arena_new();
	struct diary diary = { .arena = arena };
	struct entry a = { &diary, 'a' };

	(void)state;
	arena_defer(arena, diary_note, &a);
	arena_free(arena);
	arena_free(arena_new());
	assert_int_equal(diary.len, 1);
}

static void
texts_are_copied_and_closed(void **state)
{
	struct arena *arena = arena_new();
	char *copy = arena_text(arena, (struct text){ "abcdef", 3 });

	(void)state;
	assert_string_equal(copy, "abc");
	assert_string_equal(arena_text(arena, text_of(NULL)), "");
	assert_string_equal(arena_strdup(arena, "xyz"), "xyz");
	arena_free(arena);
}

/* Around the end of the first block a text is printed twice. */
static void
a_printed_text_of_any_length_is_whole(void **state)
{
	struct arena *arena;
	char *text, *next;
	int width;

	(void)state;
	for (width = 0; width < 2500; width++) {
		arena = arena_new();
		text = arena_printf(arena, "%*d", width, 5);
		next = arena_printf(arena, "%s", "next");
		assert_int_equal(strlen(text), width < 1 ? 1 : width);
		assert_int_equal(text[strlen(text) - 1], '5');
		assert_string_equal(next, "next");
		arena_free(arena);
	}
}

static void
more_arenas_than_are_kept_can_live_at_once(void **state)
{
	struct arena *arenas[200];
	int i, round;

	(void)state;
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 200; i++) {
			arenas[i] = arena_new();
			memset(arena_bytes(arenas[i], 700), i, 700);
		}
		for (i = 0; i < 200; i++)
			arena_free(arenas[i]);
	}
	arena_free(NULL);
}

static int
release(void **state)
{
	(void)state;
	arena_release_kept();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_piece_is_aligned_and_its_own),
		cmocka_unit_test(alloc_is_zeroed_even_in_a_kept_arena),
		cmocka_unit_test(a_piece_larger_than_any_block_is_given),
		cmocka_unit_test(size_counts_what_is_held_and_starts_small),
		cmocka_unit_test(growing_keeps_the_bytes),
		cmocka_unit_test(clean_ups_run_last_in_first_out),
		cmocka_unit_test(a_clean_up_may_defer_another),
		cmocka_unit_test(a_kept_arena_runs_no_old_clean_up),
		cmocka_unit_test(texts_are_copied_and_closed),
		cmocka_unit_test(a_printed_text_of_any_length_is_whole),
		cmocka_unit_test(more_arenas_than_are_kept_can_live_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
