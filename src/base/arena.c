/*
 * An arena is its first block: the header lies at its start, and a request
 * that stays within it costs one malloc, or none when an emptied arena is at
 * hand. Later blocks double; a piece too large for them gets its own.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_CHECKED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ARENA_CHECKED 1
#endif
#ifndef ARENA_CHECKED
#define ARENA_CHECKED 0
#endif

#define ARENA_ALIGN _Alignof(max_align_t)
#define ARENA_ROUND(size) \
	(((size) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1))

/*
 * With malloc's own word, 3 KiB, 8 KiB, and so on. A browser's GET that is
 * answered with a row takes about 2.5 KiB, and so has all in the first.
 */
#define ARENA_FIRST 3056
#define ARENA_SECOND 8176
#define ARENA_LARGEST 65520
#define ARENA_KEPT 64

struct arena_block {
	struct arena_block *next;
	size_t size;
};

struct arena_cleanup {
	struct arena_cleanup *next;
	void (*fn)(void *arg);
	void *arg;
};

struct arena {
	char *at, *end;			/* what is free in the newest block */
	struct arena_block *blocks;
	struct arena_cleanup *cleanups;	/* last deferred first */
	size_t held;
	size_t next_size;
	struct arena *next;		/* among those kept */
};

static _Thread_local struct {
	struct arena *first;
	unsigned count;
} arena_kept;

static void
arena_reset(struct arena *arena)
{
	arena->at = (char *)arena + ARENA_ROUND(sizeof(*arena));
	arena->end = ARENA_CHECKED ? arena->at : (char *)arena + ARENA_FIRST;
	arena->blocks = NULL;
	arena->cleanups = NULL;
	arena->held = ARENA_FIRST;
	arena->next_size = ARENA_SECOND;
	arena->next = NULL;
}

struct arena *
arena_new(void)
{
	struct arena *arena = arena_kept.first;

	if (arena != NULL) {
		arena_kept.first = arena->next;
		arena_kept.count--;
	} else {
		arena = memory_grow(NULL, ARENA_FIRST);
	}
	arena_reset(arena);
	return arena;
}

static char *
arena_add_block(struct arena *arena, size_t size)
{
	struct arena_block *block;

	block = memory_grow(NULL, ARENA_ROUND(sizeof(*block)) + size);
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->held += size;
	return (char *)block + ARENA_ROUND(sizeof(*block));
}

static void *
arena_more(struct arena *arena, size_t size)
{
	char *bytes;

	if (ARENA_CHECKED || size > arena->next_size / 4)
		return arena_add_block(arena, size);
	bytes = arena_add_block(arena, arena->next_size);
	arena->at = bytes + ARENA_ROUND(size);
	arena->end = bytes + arena->next_size;
	if (arena->next_size < ARENA_LARGEST)
		arena->next_size = arena->next_size * 2 + 16;
	return bytes;
}

void *
arena_bytes(struct arena *arena, size_t size)
{
	char *bytes = arena->at;

	/* Rounded up it would wrap: malloc is the one to refuse it. */
	if (size > SIZE_MAX / 2)
		return memory_grow(NULL, size);
	if (size == 0)
		size = 1;
	if (ARENA_ROUND(size) > (size_t)(arena->end - bytes))
		return arena_more(arena, size);
	arena->at += ARENA_ROUND(size);
	return bytes;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	return memset(arena_bytes(arena, size), 0, size);
}

void *
arena_grow(struct arena *arena, void *old, size_t old_size, size_t size)
{
	char *start = old;
	void *bytes;

	if (start != NULL && old_size > 0 && size < SIZE_MAX / 2 &&
	    start + ARENA_ROUND(old_size) == arena->at &&
	    ARENA_ROUND(size) <= (size_t)(arena->end - start)) {
		arena->at = start + ARENA_ROUND(size);
		return start;
	}
	bytes = arena_bytes(arena, size);
	if (old_size > 0)
		memcpy(bytes, old, old_size < size ? old_size : size);
	return bytes;
}

char *
arena_text(struct arena *arena, struct text text)
{
	char *copy = arena_bytes(arena, text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return copy;
}

char *
arena_strdup(struct arena *arena, const char *string)
{
	return arena_text(arena, text_of(string));
}

/* Most texts fit into what is left of the block, and are printed once. */
char *
arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	size_t room = (size_t)(arena->end - arena->at);
	char *text = arena->at;
	va_list again;
	int len;

	assert(format != NULL);
	va_copy(again, args);
	len = vsnprintf(text, room, format, args);
	if (len < 0)
		len = 0;
	text = arena_bytes(arena, (size_t)len + 1);
	if ((size_t)len >= room)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void
arena_defer(struct arena *arena, void (*fn)(void *), void *arg)
{
	struct arena_cleanup *cleanup = arena_bytes(arena, sizeof(*cleanup));

	cleanup->fn = fn;
	cleanup->arg = arg;
	cleanup->next = arena->cleanups;
	arena->cleanups = cleanup;
}

size_t
arena_size(const struct arena *arena)
{
	return arena->held;
}

void
arena_free(struct arena *arena)
{
	struct arena_cleanup *cleanup;
	struct arena_block *block;

	if (arena == NULL)
		return;
	while ((cleanup = arena->cleanups) != NULL) {
		arena->cleanups = cleanup->next;
		cleanup->fn(cleanup->arg);
	}
	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		free(block);
	}
	if (ARENA_CHECKED || arena_kept.count == ARENA_KEPT) {
		free(arena);
		return;
	}
	arena->next = arena_kept.first;
	arena_kept.first = arena;
	arena_kept.count++;
}

void
arena_release_kept(void)
{
	struct arena *arena;

	while ((arena = arena_kept.first) != NULL) {
		arena_kept.first = arena->next;
		free(arena);
	}
	arena_kept.count = 0;
}
