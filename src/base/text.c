/*
 * Comparing runs of bytes as HTTP does, and finding the known name that a
 * mistyped one was meant to be.
 */
#include "base/text.h"

#include <stdint.h>

/* Longer names are not compared: no name of ours is. */
#define NEAREST_LEN 64

static unsigned char
text_lower(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

bool
text_equal_nocase(struct text a, struct text b)
{
	size_t i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++) {
		if (text_lower(a.at[i]) != text_lower(b.at[i]))
			return false;
	}
	return true;
}

static unsigned
text_least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Optimal string alignment: Levenshtein's distance in which an exchange of
 * two neighbours costs one. Three rows suffice, as an exchange looks back two.
 */
static unsigned
text_distance(struct text a, struct text b)
{
	uint8_t rows[3][NEAREST_LEN + 1];
	uint8_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t i, j;
	unsigned cost;

	for (j = 0; j <= b.len; j++)
		last[j] = (uint8_t)j;
	for (i = 1; i <= a.len; i++) {
		row[0] = (uint8_t)i;
		for (j = 1; j <= b.len; j++) {
			cost = last[j - 1] + (a.at[i - 1] != b.at[j - 1]);
			cost = text_least(cost, row[j - 1] + 1u);
			cost = text_least(cost, last[j] + 1u);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1])
				cost = text_least(cost, before[j - 2] + 1u);
			row[j] = (uint8_t)cost;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b.len];
}

const char *
text_nearest(const char *name, const char *const names[])
{
	struct text wanted = text_of(name), known;
	const char *nearest = NULL;
	unsigned distance, best = NEAREST_LEN;
	size_t i, longer;

	if (wanted.len == 0 || wanted.len > NEAREST_LEN)
		return NULL;
	for (i = 0; names[i] != NULL; i++) {
		known = text_of(names[i]);
		if (known.len > NEAREST_LEN)
			continue;
		longer = wanted.len > known.len ? wanted.len : known.len;
		distance = text_distance(wanted, known);
		if (distance <= longer / 3 && distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	return nearest;
}
