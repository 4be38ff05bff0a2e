#ifndef MUSTER_BASE_ARENA_H
#define MUSTER_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/text.h"

/*
 * Memory of one lifetime (a request, a generation): taken piece by piece,
 * given back at once. What is not memory is hung on it by arena_defer in the
 * line after it was acquired. Out of memory ends the process (base/memory.h).
 * A thread keeps a few emptied arenas, so that a request needs no malloc.
 * Built with ASan nothing is kept and each piece is malloc's own, so that
 * a use after the end or beyond a piece is seen.
 */
struct arena;

struct arena *arena_new(void);

/* Aligned for any type. alloc is zeroed, bytes is not. Never NULL. */
void *arena_alloc(struct arena *, size_t size);
void *arena_bytes(struct arena *, size_t size);

char *arena_strdup(struct arena *, const char *);
char *arena_text(struct arena *, struct text);	/* a copy, closed by NUL */
char *arena_printf(struct arena *, const char *format, ...) PRINTF(2, 3);
char *arena_vprintf(struct arena *, const char *format, va_list) PRINTF(2, 0);

/*
 * More room for the piece `old` of old_size bytes: in place where it was the
 * last one taken, else a copy, and the old one lies idle. old may be NULL.
 */
void *arena_grow(struct arena *, void *old, size_t old_size, size_t size);

/* fn(arg) runs in arena_free, last in first out, before memory goes. */
void arena_defer(struct arena *, void (*fn)(void *), void *arg);

size_t arena_size(const struct arena *);	/* bytes held, for limits */
void arena_free(struct arena *);		/* NULL is fine */

/*
 * Returns the emptied arenas that this thread keeps to the system. At the end
 * of a process, and of each thread that frees arenas.
 */
void arena_release_kept(void);

#endif
