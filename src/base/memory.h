#ifndef MUSTER_BASE_MEMORY_H
#define MUSTER_BASE_MEMORY_H

#include <stddef.h>

/*
 * malloc and friends that never return NULL: out of memory ends the process
 * with a log line, and the master starts another. What keeps that rare are
 * limits on everything an outsider can send.
 */
void *memory_new(size_t size);			/* zeroed */
void *memory_grow(void *, size_t size);		/* realloc */
char *memory_strdup(const char *);

#endif
