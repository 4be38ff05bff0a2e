#ifndef MUSTER_BASE_BUF_H
#define MUSTER_BASE_BUF_H

#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/text.h"

/*
 * Bytes that grow. Embed it, zeroed is empty, buf_release when done. The
 * owner decides the limit before adding what an outsider sent.
 */
struct buf {
	char *data;
	size_t len, size;
};

/* Room for n more bytes; returns where they go. Then raise len. */
char *buf_reserve(struct buf *, size_t n);

static inline void
buf_add(struct buf *buf, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	if (buf->size - buf->len < n)
		buf_reserve(buf, n);
	memcpy(buf->data + buf->len, bytes, n);
	buf->len += n;
}

static inline void
buf_add_byte(struct buf *buf, char byte)
{
	if (buf->size == buf->len)
		buf_reserve(buf, 1);
	buf->data[buf->len++] = byte;
}

static inline void
buf_add_text(struct buf *buf, struct text text)
{
	buf_add(buf, text.at, text.len);
}

void buf_printf(struct buf *, const char *format, ...) PRINTF(2, 3);
void buf_add_uint(struct buf *, uint64_t);

/*
 * As a JSON string with its quotes: ", \ and U+0000..001F are escaped (short
 * forms where RFC 8259 7 has one), all else goes out as it is (UTF-8).
 */
void buf_add_json(struct buf *, struct text);

void buf_take(struct buf *, size_t n);		/* drops the first n bytes */
void buf_release(struct buf *);

#endif
