/*
 * Request ids and jitter from splitmix64: a counter whose values are mixed by
 * a one-to-one function, so that a process never makes an id twice, and two
 * processes meet only where their random starting points lie close.
 */
#include "base/ids.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"

static struct {
	uint64_t id, jitter;
	bool seeded;
} ids;

void
ids_seed(void)
{
	uint64_t seeds[2];
	ssize_t got;

	do {
		got = getrandom(seeds, sizeof(seeds), 0);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(seeds))
		log_fatal("could not seed: getrandom: %s", strerror(errno));
	ids.id = seeds[0];
	ids.jitter = seeds[1];
	ids.seeded = true;
}

static uint64_t
ids_next(uint64_t *state)
{
	uint64_t z;

	if (!ids.seeded)
		ids_seed();
	z = (*state += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void
ids_make(char text[static IDS_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t id = ids_next(&ids.id);
	int i;

	for (i = IDS_LEN - 1; i >= 0; i--) {
		text[i] = hex[id & 15];
		id >>= 4;
	}
	text[IDS_LEN] = '\0';
}

/* Draws again where the last, incomplete round of numbers would be unfair. */
uint32_t
ids_random(uint32_t bound)
{
	uint32_t number, unfair;

	if (bound == 0)
		return 0;
	unfair = -bound % bound;
	do {
		number = (uint32_t)(ids_next(&ids.jitter) >> 32);
	} while (number < unfair);
	return number % bound;
}
