#ifndef MUSTER_BASE_JSON_BYTES_H
#define MUSTER_BASE_JSON_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * How many bytes from `at` stand in a JSON string as they are: none of them
 * is ", \ or a control character; with ascii, none is above 127 either.
 * Eight bytes at a time: subtracting from a byte below the bound sets its
 * high bit. A borrow can mark bytes above the first hit only, and in the
 * little-endian word these come later in the text.
 */
static inline size_t
json_run(const char *at, size_t len, bool ascii)
{
	const uint64_t ones = 0x0101010101010101, highs = ones * 0x80;
	uint64_t word, quote, escape, marks;
	unsigned char byte;
	size_t i = 0;

	for (; len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		word = le64toh(word);
		quote = word ^ (ones * '"');
		escape = word ^ (ones * '\\');
		marks = ((word - ones * 0x20) & ~word) |
		    ((quote - ones) & ~quote) | ((escape - ones) & ~escape);
		if (ascii)
			marks |= word;
		marks &= highs;
		if (marks != 0)
			return i + (size_t)__builtin_ctzll(marks) / 8;
	}
	for (; i < len; i++) {
		byte = (unsigned char)at[i];
		if (byte < 0x20 || byte == '"' || byte == '\\' ||
		    (ascii && byte > 0x7f))
			break;
	}
	return i;
}

/* Four hexadecimal digits as a number; -1: they are not. */
static inline int
json_hex(const char *at, unsigned *number)
{
	unsigned value = 0, i;
	char c;

	for (i = 0; i < 4; i++) {
		c = at[i];
		if (c >= '0' && c <= '9')
			value = value << 4 | (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (unsigned)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value << 4 | (unsigned)(c - 'A' + 10);
		else
			return -1;
	}
	*number = value;
	return 0;
}

#endif
