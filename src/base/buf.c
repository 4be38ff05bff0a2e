/*
 * Growing bytes: room doubles, so that adding n bytes costs n. The writing of
 * JSON strings is here because every reply passes through it.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_bytes.h"
#include "base/log.h"
#include "base/memory.h"

#define BUF_FIRST 240

char *
buf_reserve(struct buf *buf, size_t n)
{
	size_t size = buf->size;

	if (size - buf->len >= n && buf->data != NULL)
		return buf->data + buf->len;
	if (n > SIZE_MAX / 2 - buf->len)
		log_fatal("out of memory: a buffer of %zu bytes", n);
	size = size < BUF_FIRST ? BUF_FIRST : size * 2;
	if (size < buf->len + n)
		size = buf->len + n;
	buf->data = memory_grow(buf->data, size);
	buf->size = size;
	return buf->data + buf->len;
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	char *room = buf_reserve(buf, 64);
	size_t size = buf->size - buf->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(room, size, format, args);
	va_end(args);
	if (len < 0)
		return;
	if ((size_t)len >= size) {
		room = buf_reserve(buf, (size_t)len + 1);
		va_start(args, format);
		vsnprintf(room, (size_t)len + 1, format, args);
		va_end(args);
	}
	buf->len += (size_t)len;
}

void
buf_add_uint(struct buf *buf, uint64_t number)
{
	char digits[20];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_add(buf, digits + first, sizeof(digits) - first);
}

/* One byte of a string that may not stand there as it is. */
static void
buf_add_escape(struct buf *buf, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[128] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};
	char *out = buf_reserve(buf, 6);

	out[0] = '\\';
	if (shorts[byte] != 0) {
		out[1] = shorts[byte];
		buf->len += 2;
		return;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[byte >> 4];
	out[5] = hex[byte & 15];
	buf->len += 6;
}

void
buf_add_json(struct buf *buf, struct text text)
{
	const char *at = text.at;
	size_t left = text.len, run;

	buf_reserve(buf, left + 2);
	buf_add_byte(buf, '"');
	while (left > 0) {
		run = json_run(at, left, false);
		buf_add(buf, at, run);
		at += run;
		left -= run;
		if (left > 0) {
			buf_add_escape(buf, (unsigned char)*at++);
			left--;
		}
	}
	buf_add_byte(buf, '"');
}

void
buf_take(struct buf *buf, size_t n)
{
	if (n >= buf->len) {
		buf->len = 0;
		return;
	}
	memmove(buf->data, buf->data + n, buf->len - n);
	buf->len -= n;
}

void
buf_release(struct buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}
