/*
 * Memory that is always there: the one place that looks at malloc's result.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void *
memory_new(size_t size)
{
	void *memory = calloc(1, size == 0 ? 1 : size);

	if (memory == NULL)
		log_fatal("out of memory: could not get %zu bytes", size);
	return memory;
}

void *
memory_grow(void *old, size_t size)
{
	void *memory = realloc(old, size == 0 ? 1 : size);

	if (memory == NULL)
		log_fatal("out of memory: could not get %zu bytes", size);
	return memory;
}

char *
memory_strdup(const char *string)
{
	size_t size = strlen(string) + 1;

	return memcpy(memory_grow(NULL, size), string, size);
}
