#ifndef MUSTER_HTTP_PARSE_BYTES_H
#define MUSTER_HTTP_PARSE_BYTES_H

/*
 * Which bytes may stand where in a request. For the parse_*.c files and the
 * router; everybody else includes http/parse.h.
 */
enum parse_byte {
	BYTE_TOKEN = 1,		/* tchar, RFC 9110 5.6.2: methods, names */
	BYTE_TARGET = 2,	/* visible ASCII but '#' */
	BYTE_VALUE = 4,		/* field values: visible, SP, HTAB, obs-text */
	BYTE_HOST = 8,		/* reg-name but '%', RFC 3986 3.2.2 */
	BYTE_PATH = 16,		/* BYTE_TARGET but '?' and '%' */
};

extern const unsigned char parse_bytes[256];

static inline int
parse_byte_is(char byte, enum parse_byte class)
{
	return parse_bytes[(unsigned char)byte] & class;
}

/* -1: not a hexadecimal digit. */
static inline int
parse_byte_hex(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
		return (byte | 0x20) - 'a' + 10;
	return -1;
}

#endif
