/*
 * Request targets, RFC 9112 3.2, and what is in them: path, query, host, and
 * %XX. The path stays as it was sent, so that the router can tell a slash from
 * an escaped one; what cannot be decoded is refused here, once, for all later
 * readers.
 */
#include "http/parse_uri.h"

#include <string.h>

#include "http/parse.h"
#include "http/parse_bytes.h"

/* The value of %XX at `at`, which has 3 bytes or less before end. Else -1. */
static int
uri_escape(const char *at, const char *end)
{
	int high, low;

	if (end - at < 3)
		return -1;
	high = parse_byte_hex(at[1]);
	low = parse_byte_hex(at[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* path and query from what begins with '/' or is empty. */
static const char *
uri_split_path(struct parse_head *head, const char *at, const char *end)
{
	const char *path = at;

	for (;;) {
		while (at < end && parse_byte_is(*at, BYTE_PATH))
			at++;
		if (at == end || *at == '?')
			break;
		if (uri_escape(at, end) <= 0)
			return "bad escape in the path";
		at += 3;
	}
	head->path = (struct text){ path, (size_t)(at - path) };
	/* "http://host" asks for "/": there is one to point at in "//". */
	if (head->path.len == 0)
		head->path = (struct text){ head->host.at - 1, 1 };
	head->query = (struct text){ NULL, 0 };
	if (at < end)
		head->query = (struct text){ at + 1, (size_t)(end - at - 1) };
	return NULL;
}

/* How long "http://" or "https://" at the front is, in any case; or 0. */
static size_t
uri_scheme(struct text target)
{
	static const struct text schemes[] = {
		{ "http://", 7 }, { "https://", 8 },
	};

	for (size_t i = 0; i < 2; i++) {
		struct text front = { target.at, schemes[i].len };

		if (target.len >= front.len &&
		    text_equal_nocase(front, schemes[i]))
			return front.len;
	}
	return 0;
}

static const char *
uri_split_absolute(struct parse_head *head, const char *end)
{
	const char *authority = head->target.at + uri_scheme(head->target);
	const char *at = authority;

	if (at == head->target.at)
		return "the target is neither a path nor an http URL";
	while (at < end && *at != '/' && *at != '?')
		at++;
	head->host = (struct text){ authority, (size_t)(at - authority) };
	if (!parse_uri_host_is_valid(head->host))
		return "bad authority in the target";
	return uri_split_path(head, at, end);
}

const char *
parse_uri_split(struct parse_head *head)
{
	struct text target = head->target;
	const char *end = target.at + target.len;

	head->host = (struct text){ NULL, 0 };
	if (target.at[0] == '/')
		return uri_split_path(head, target.at, end);
	if (target.len != 1 || target.at[0] != '*')
		return uri_split_absolute(head, end);
	if (head->method != METHOD_OPTIONS)
		return "the target * is for OPTIONS only";
	head->path = target;
	head->query = (struct text){ NULL, 0 };
	return NULL;
}

/* Where a host's name ends: at its port, or at end; NULL when it is bad. */
static const char *
uri_host_name_end(const char *at, const char *end)
{
	if (at < end && *at == '[') {
		const char *from = ++at;

		while (at < end && (parse_byte_hex(*at) >= 0 || *at == ':' ||
		    *at == '.'))
			at++;
		if (at == end || *at != ']' || at - from < 2)
			return NULL;
		return at + 1;
	}
	while (at < end && *at != ':') {
		if (parse_byte_is(*at, BYTE_HOST))
			at++;
		else if (*at == '%' && uri_escape(at, end) > 0)
			at += 3;
		else
			return NULL;
	}
	return at;
}

bool
parse_uri_host_is_valid(struct text host)
{
	const char *end = host.at + host.len, *at;
	unsigned port = 0;

	if (host.len == 0 || host.at[0] == ':')
		return false;
	at = uri_host_name_end(host.at, end);
	if (at == NULL || at == end)
		return at != NULL;
	if (*at++ != ':')
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		port = port * 10 + (unsigned)(*at - '0');
		if (port > 65535)
			return false;
	}
	return true;
}

/* Is "." or ".." the last of what stands before `end`, back to a slash? */
static bool
uri_ends_in_dots(const char *begin, const char *end)
{
	size_t len = (size_t)(end - begin);

	return (len == 1 || len == 2) && memcmp(begin, "..", len) == 0;
}

long
parse_decode(struct text in, bool plus, char *out)
{
	const char *at = in.at, *end = in.at + in.len;
	char *to = out, *segment = out;

	while (at < end) {
		char byte = *at;

		if (byte == '%') {
			int value = uri_escape(at, end);

			if (value <= 0)
				return -1;
			byte = (char)value;
			at += 2;
		} else if (byte == '/' && !plus) {
			if (uri_ends_in_dots(segment, to))
				return -1;
			segment = to + 1;
		} else if (byte == '+' && plus) {
			byte = ' ';
		}
		at++;
		*to++ = byte;
	}
	if (!plus && uri_ends_in_dots(segment, to))
		return -1;
	return to - out;
}
