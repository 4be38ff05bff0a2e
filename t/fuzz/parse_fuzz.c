/*
 * A target for libFuzzer (make parse_fuzz, then ./parse_fuzz -max_len=4096 DIR).
 * Whatever the bytes are, the parser must say the same of them whole, one by
 * one and in pieces, must stay inside them, and must let nothing pass that
 * breaks its own promises. What it said is written down and compared.
 *
 * The first byte of an input is where the cuts come from; the rest is sent.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "http/parse.h"
#include "http/router.h"

#define MAX_BODY 5000

#define MUST(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
			    #what); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct wire {
	struct buf in, said;
	size_t seen;
	struct parse_head head;
	struct parse_chunks chunks;
	uint64_t left;
	bool chunked, over;
};

/* Small limits, so that short inputs reach them. */
static const struct parse_limits limits = {
	.max_line = 300, .max_head = 600, .max_headers = 10,
};

static struct router *
fuzz_router(void)
{
	static const char *const patterns[] = {
		"/", "/a", "/a/{x}", "/a/b/{y}", "/{x}/b", "/{rest*}",
		"/%2F/{x}", "/a/{x}/{rest*}",
	};
	struct router *router = router_new(false);
	struct src_pos pos = { 0 };

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		MUST(router_add(router, METHOD_GET, patterns[i], pos, router,
		    NULL) == 0);
	return router;
}

static void
wire_say_text(struct wire *wire, struct text text, const char *bytes,
    size_t len)
{
	MUST(text.at == NULL || (text.at >= bytes &&
	    text.at + text.len <= bytes + len));
	buf_add_text(&wire->said, TEXT("["));
	buf_add_text(&wire->said, text);
	buf_add_text(&wire->said, TEXT("]\n"));
}

static void
wire_check_path(const struct parse_head *head)
{
	static struct router *router;
	struct router_match match;

	if (router == NULL)
		router = fuzz_router();
	MUST(head->path.len > 0);
	MUST(router_match(router, head->method, head->path, &match) == 0);
	for (unsigned i = 0; i < match.nparts; i++) {
		char *out = malloc(match.parts[i].len + 1);

		MUST(match.parts[i].len > 0);
		MUST(parse_decode(match.parts[i], false, out) > 0);
		free(out);
	}
}

static void
wire_say_head(struct wire *wire, const char *bytes, size_t used)
{
	const struct parse_head *head = &wire->head;

	MUST(used >= 4 && memcmp(bytes + used - 4, "\r\n\r\n", 4) == 0);
	MUST(memchr(bytes, '\0', used) == NULL);
	MUST(!head->chunked || (!head->has_length && head->minor == 1));
	MUST(head->minor == 0 || head->host.len > 0);
	MUST(head->has_length || head->length == 0);
	MUST(head->nheaders <= limits.max_headers);
	buf_printf(&wire->said, "%s %u %d %d %d %ju %d %d %u\n",
	    parse_method_name(head->method), head->minor, head->keep_alive,
	    head->chunked, head->has_length, (uintmax_t)head->length,
	    head->expect_continue, head->expect_other, head->nheaders);
	wire_say_text(wire, head->target, bytes, used);
	wire_say_text(wire, head->path, bytes, used);
	wire_say_text(wire, head->query, bytes, used);
	wire_say_text(wire, head->host, bytes, used);
	for (unsigned i = 0; i < head->nheaders; i++) {
		wire_say_text(wire, head->headers[i].name, bytes, used);
		wire_say_text(wire, head->headers[i].value, bytes, used);
	}
	wire_check_path(head);
}

static void
wire_say_error(struct wire *wire, const struct error *err)
{
	MUST(err->status >= 400 && err->detail[0] != '\0');
	buf_printf(&wire->said, "%d %s\n", err->status, err->detail);
	wire->over = true;
}

static enum parse_result
wire_take_head(struct wire *wire, const char *bytes, size_t len, size_t *used)
{
	struct error err;
	enum parse_result result = parse_head(bytes, len, &wire->seen,
	    &limits, &wire->head, used, &err);

	if (result == PARSE_FAILED)
		wire_say_error(wire, &err);
	if (result == PARSE_MORE)
		MUST(wire->seen <= len);
	if (result != PARSE_DONE)
		return result;
	wire_say_head(wire, bytes, *used);
	wire->seen = 0;
	wire->left = wire->head.length;
	wire->chunked = wire->head.chunked;
	wire->chunks = (struct parse_chunks){ 0 };
	return PARSE_DONE;
}

static enum parse_result
wire_take_chunks(struct wire *wire, char *bytes, size_t len, size_t *used)
{
	struct error err;
	size_t data = 0;
	enum parse_result result = parse_chunked(&wire->chunks, bytes, len,
	    MAX_BODY, bytes, &data, used, &err);

	MUST(data <= *used && *used <= len);
	MUST(wire->chunks.total <= MAX_BODY);
	buf_add(&wire->said, bytes, data);
	if (result == PARSE_FAILED)
		wire_say_error(wire, &err);
	if (result == PARSE_MORE)
		MUST(*used == len);
	if (result == PARSE_DONE)
		wire->chunked = false;
	return result;
}

static bool
wire_take(struct wire *wire)
{
	size_t len = wire->in.len, used = 0;
	enum parse_result result = PARSE_DONE;
	char *bytes;

	if (len == 0 || wire->over)
		return false;
	bytes = malloc(len);
	memcpy(bytes, wire->in.data, len);
	if (wire->left > 0) {
		used = len < wire->left ? len : (size_t)wire->left;
		wire->left -= used;
	} else if (wire->chunked) {
		result = wire_take_chunks(wire, bytes, len, &used);
	} else {
		result = wire_take_head(wire, bytes, len, &used);
	}
	free(bytes);
	buf_take(&wire->in, used);
	return result == PARSE_DONE;
}

static void
wire_feed(struct wire *wire, const uint8_t *bytes, size_t len)
{
	buf_add(&wire->in, bytes, len);
	while (wire_take(wire))
		;
}

/* Feeds pieces of 1 + the next of some odd numbers; mask 0: single bytes. */
static void
wire_feed_pieces(struct wire *wire, const uint8_t *bytes, size_t len,
    uint32_t seed, uint32_t mask)
{
	while (len > 0) {
		size_t n;

		seed = seed * 1664525u + 1013904223u;
		n = 1 + (seed >> 16 & mask);
		if (n > len)
			n = len;
		wire_feed(wire, bytes, n);
		bytes += n;
		len -= n;
	}
}

static void
wire_release(struct wire *wire)
{
	buf_release(&wire->in);
	buf_release(&wire->said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t masks[] = { 0, 3, 31, 127 };
	static struct wire whole, wire;

	if (size < 2)
		return 0;
	memset(&whole, 0, sizeof(whole));
	wire_feed(&whole, data + 1, size - 1);
	for (unsigned i = 0; i < 4; i++) {
		memset(&wire, 0xa5, sizeof(wire));
		wire.in = wire.said = (struct buf){ 0 };
		wire.seen = 0;
		wire.left = 0;
		wire.chunked = wire.over = false;
		wire_feed_pieces(&wire, data + 1, size - 1, data[0],
		    masks[i]);
		MUST(wire.over == whole.over);
		MUST(wire.left == whole.left);
		MUST(wire.chunked == whole.chunked);
		MUST(wire.over || wire.in.len == whole.in.len);
		MUST(wire.said.len == whole.said.len);
		MUST(whole.said.len == 0 || memcmp(wire.said.data,
		    whole.said.data, whole.said.len) == 0);
		wire_release(&wire);
	}
	wire_release(&whole);
	return 0;
}
