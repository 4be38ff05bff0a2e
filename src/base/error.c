/*
 * Filling errors, and the reason phrases of HTTP. The codes themselves are
 * the rows of error_codes.c.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct reason {
	int status;
	const char *phrase;
};

/* RFC 9110 15, RFC 6585 (428 429 431 511), RFC 4918 (507). */
static const struct reason reasons[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 305, "Use Proxy" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
	{ 511, "Network Authentication Required" },
};

const char *
error_reason(int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].phrase;
	}
	return "";
}

/*
 * A reply is UTF-8, so half a character at the end of a cut text must go:
 * its first byte says how many should follow it.
 */
static void
error_cut(char *text, size_t len)
{
	size_t back = 0, want;
	unsigned char first;

	while (back < 3 && back < len &&
	    ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back == len)
		return;
	first = (unsigned char)text[len - 1 - back];
	want = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	if (want > back)
		text[len - 1 - back] = '\0';
}

static void PRINTF(3, 0)
error_print(char *text, size_t size, const char *format, va_list args)
{
	int len = vsnprintf(text, size, format, args);

	if (len >= 0 && (size_t)len >= size)
		error_cut(text, size - 1);
}

int
error_set(struct error *err, enum error_code code, const char *format, ...)
{
	const struct error_row *row = error_row(code);
	const char *message = row->message;
	va_list args;

	memset(err, 0, sizeof(*err));
	err->code = code;
	err->status = row->status;
	err->retry_after_s = row->retry_after_s;
	if (format != NULL) {
		va_start(args, format);
		error_print(err->message, sizeof(err->message), format, args);
		va_end(args);
	} else {
		if (message == NULL)
			message = error_reason(row->status);
		snprintf(err->message, sizeof(err->message), "%s", message);
	}
	return -1;
}

void
error_detail(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_print(err->detail, sizeof(err->detail), format, args);
	va_end(args);
}
