/*
 * Duplicate keys. Sorting is used where comparing each with each would be
 * slow, not hashing: its worst case cannot be provoked by chosen keys.
 */
#include "base/json_keys.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/memory.h"

/* Up to here each key is compared with each. */
#define KEYS_FEW 16

struct json_key {
	struct text text;
	uint32_t node;
};

/* Length first: most keys differ there, and no byte need be looked at. */
static int
json_key_order(const void *one, const void *other)
{
	const struct json_key *a = one, *b = other;
	int order;

	if (a->text.len != b->text.len)
		return a->text.len < b->text.len ? -1 : 1;
	order = a->text.len == 0 ? 0 :
	    memcmp(a->text.at, b->text.at, a->text.len);
	if (order != 0)
		return order;
	return a->node < b->node ? -1 : 1;
}

static uint32_t
json_keys_compare(const struct json_key *keys, uint32_t n)
{
	uint32_t i, j;

	for (i = 1; i < n; i++) {
		for (j = 0; j < i; j++) {
			if (text_equal(keys[i].text, keys[j].text))
				return keys[i].node;
		}
	}
	return 0;
}

static uint32_t
json_keys_sort(struct json_key *keys, uint32_t n)
{
	uint32_t i, twin = 0;

	qsort(keys, n, sizeof(*keys), json_key_order);
	for (i = 1; i < n; i++) {
		if (text_equal(keys[i].text, keys[i - 1].text) &&
		    (twin == 0 || keys[i].node < twin))
			twin = keys[i].node;
	}
	return twin;
}

/* An arena is made only when a key has escapes, which is rare. */
static void
json_keys_fill(const struct json_doc *doc, uint32_t object,
    struct json_key *keys, struct arena **scratch)
{
	uint32_t i, node = object + 1;

	for (i = 0; i < doc->nodes[object].count; i++) {
		if ((doc->nodes[node].flags & JSON_ESCAPED) != 0 &&
		    *scratch == NULL)
			*scratch = arena_new();
		keys[i].text = json_string(doc, node, *scratch);
		keys[i].node = node;
		node = doc->nodes[node + 1].next;
	}
}

uint32_t
json_keys_twin(const struct json_doc *doc, uint32_t object)
{
	struct json_key few[KEYS_FEW], *keys = few;
	uint32_t n = doc->nodes[object].count, twin;
	struct arena *scratch = NULL;

	if (n > KEYS_FEW)
		keys = memory_grow(NULL, n * sizeof(*keys));
	json_keys_fill(doc, object, keys, &scratch);
	if (n > KEYS_FEW) {
		twin = json_keys_sort(keys, n);
		free(keys);
	} else {
		twin = json_keys_compare(keys, n);
	}
	arena_free(scratch);
	return twin;
}
