/*
 * Reading what the scanner has judged: finding nodes, taking strings out of
 * their escapes, and UTF-8.
 */
#include "base/json.h"

#include "base/arena.h"
#include "base/json_bytes.h"

static size_t
json_utf8_put(unsigned point, char out[static 4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xe0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3f));
		out[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3f));
	out[2] = (char)(0x80 | (point >> 6 & 0x3f));
	out[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

/* One escape, which the scanner has found sound; moves *at behind it. */
static size_t
json_unescape(const char **at, char out[static 4])
{
	static const char plain[128] = {
		['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
		['t'] = '\t', ['"'] = '"', ['\\'] = '\\', ['/'] = '/',
	};
	unsigned point = 0, low = 0;

	if ((*at)[1] != 'u') {
		out[0] = plain[(unsigned char)(*at)[1]];
		*at += 2;
		return 1;
	}
	json_hex(*at + 2, &point);
	*at += 6;
	if (point >= 0xd800 && point <= 0xdfff) {
		json_hex(*at + 2, &low);
		*at += 6;
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	}
	return json_utf8_put(point, out);
}

static bool
json_key_equal(const struct json_doc *doc, const struct json_node *node,
    struct text key)
{
	const char *at = doc->text + node->start;
	const char *end = doc->text + node->end;
	size_t done = 0, n;
	char bytes[4];

	if ((node->flags & JSON_ESCAPED) == 0)
		return text_equal((struct text){ at, (size_t)(end - at) }, key);
	while (at < end) {
		n = 1;
		if (*at == '\\')
			n = json_unescape(&at, bytes);
		else
			bytes[0] = *at++;
		if (key.len - done < n || memcmp(key.at + done, bytes, n) != 0)
			return false;
		done += n;
	}
	return done == key.len;
}

uint32_t
json_find(const struct json_doc *doc, uint32_t object, struct text key)
{
	const struct json_node *nodes = doc->nodes;
	uint32_t node = object + 1, end = nodes[object].next;

	if (nodes[object].kind != JSON_OBJECT)
		return 0;
	while (node < end) {
		if (json_key_equal(doc, &nodes[node], key))
			return node + 1;
		node = nodes[node + 1].next;
	}
	return 0;
}

uint32_t
json_at(const struct json_doc *doc, uint32_t array, uint32_t i)
{
	uint32_t node = array + 1;

	if (doc->nodes[array].kind != JSON_ARRAY ||
	    i >= doc->nodes[array].count)
		return 0;
	while (i-- > 0)
		node = doc->nodes[node].next;
	return node;
}

struct text
json_string(const struct json_doc *doc, uint32_t node, struct arena *arena)
{
	const char *at = doc->text + doc->nodes[node].start;
	const char *end = doc->text + doc->nodes[node].end, *run;
	char *out, *to;

	if ((doc->nodes[node].flags & JSON_ESCAPED) == 0)
		return (struct text){ at, (size_t)(end - at) };
	/* Each escape is longer than what it stands for. */
	out = to = arena_bytes(arena, (size_t)(end - at));
	while (at < end) {
		run = memchr(at, '\\', (size_t)(end - at));
		if (run == NULL)
			run = end;
		memcpy(to, at, (size_t)(run - at));
		to += run - at;
		at = run;
		if (at < end) {
			char bytes[4];
			size_t n = json_unescape(&at, bytes);

			memcpy(to, bytes, n);
			to += n;
		}
	}
	return (struct text){ out, (size_t)(to - out) };
}

struct text
json_raw(const struct json_doc *doc, uint32_t node)
{
	const struct json_node *at = &doc->nodes[node];
	uint32_t quote = at->kind == JSON_STRING;

	return (struct text){ doc->text + at->start - quote,
		at->end - at->start + 2 * quote };
}

static bool
json_utf8_follows(const char *at, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		if (((unsigned char)at[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

size_t
json_utf8_step(const char *at, size_t len)
{
	unsigned char first, second, least = 0x80, most = 0xbf;
	size_t n;

	if (len == 0)
		return 0;
	first = (unsigned char)at[0];
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (len < n || !json_utf8_follows(at, n))
		return 0;
	/* RFC 3629 4: overlong forms, surrogates, above U+10FFFF. */
	second = (unsigned char)at[1];
	if (first == 0xe0)
		least = 0xa0;
	else if (first == 0xed)
		most = 0x9f;
	else if (first == 0xf0)
		least = 0x90;
	else if (first == 0xf4)
		most = 0x8f;
	return second >= least && second <= most ? n : 0;
}

bool
json_utf8_valid(struct text text)
{
	const char *at = text.at, *end = text.at + text.len;
	uint64_t word;
	size_t n;

	while (at < end) {
		if (end - at >= 8) {
			memcpy(&word, at, sizeof(word));
			if ((word & 0x8080808080808080) == 0) {
				at += 8;
				continue;
			}
		}
		n = json_utf8_step(at, (size_t)(end - at));
		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

/* Each code point has one byte that does not continue another. */
size_t
json_utf8_length(struct text text)
{
	size_t i, points = 0;

	for (i = 0; i < text.len; i++)
		points += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return points;
}
