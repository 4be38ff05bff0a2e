/*
 * The head of a request: request line and fields, in one pass over tables.
 * Faults are found in the order of bytes, each at a byte that alone decides
 * it, and what several fields say together is judged behind the last one: so
 * the answer does not depend on how the bytes were cut into reads. A walk that
 * comes back goes on at *seen and only checks; the head is filled by a walk
 * from the front once its end is there.
 */
#include "http/parse.h"

#include <string.h>

#include "http/parse_bytes.h"
#include "http/parse_uri.h"

#define EMPTY_LINES_MAX 4	/* before a request, RFC 9112 2.2 */
#define METHOD_LEN_MAX 32	/* a longer one is surely none of ours */
#define LENGTH_DIGITS_MAX 32	/* of Content-Length, leading zeros included */

/* What the fields that decide about framing said. */
struct framing {
	unsigned hosts, lengths, encodings;
	bool host_bad, length_bad, encoding_bad;
	bool chunked, encoding_unknown;
	bool close, keep_alive;
	struct text host;
};

struct walk {
	const char *at;		/* the walk stands here */
	const char *from;	/* before this an earlier call has looked */
	const char *end;	/* of the bytes, or of what a head may have */
	bool cut;		/* a head may not have more than up to end */
	const struct parse_limits *limits;
	struct parse_head *head;
	struct framing framing;
	struct error *err;
};

static const struct text method_names[METHOD_COUNT] = {
	[METHOD_GET] = { "GET", 3 }, [METHOD_HEAD] = { "HEAD", 4 },
	[METHOD_POST] = { "POST", 4 }, [METHOD_PUT] = { "PUT", 3 },
	[METHOD_PATCH] = { "PATCH", 5 }, [METHOD_DELETE] = { "DELETE", 6 },
	[METHOD_OPTIONS] = { "OPTIONS", 7 },
};

const char *
parse_method_name(enum parse_method method)
{
	return method_names[method].at;
}

bool
parse_method_find(struct text name, enum parse_method *method)
{
	for (unsigned i = 0; i < METHOD_COUNT; i++) {
		if (text_equal(name, method_names[i])) {
			*method = (enum parse_method)i;
			return true;
		}
	}
	return false;
}

struct text
parse_header_find(const struct parse_head *head, struct text name)
{
	for (unsigned i = 0; i < head->nheaders; i++) {
		if (text_equal_nocase(head->headers[i].name, name))
			return head->headers[i].value;
	}
	return (struct text){ NULL, 0 };
}

static enum parse_result
walk_refuse(struct walk *walk, enum error_code code, const char *why)
{
	error_set(walk->err, code, NULL);
	error_detail(walk->err, "%s", why);
	return PARSE_FAILED;
}

static enum parse_result
walk_refuse_syntax(struct walk *walk, const char *why)
{
	return walk_refuse(walk, ERROR_BAD_REQUEST, why);
}

/* The bytes ended at `at`, which is to be looked at next time. */
static enum parse_result
walk_more(struct walk *walk, const char *at)
{
	if (walk->cut)
		return walk_refuse(walk, ERROR_HEAD_TOO_LARGE, "head too long");
	walk->from = at;
	return PARSE_MORE;
}

/*
 * Where to go on in what begins at `begin` and ends before `stop`. Nothing is
 * kept between calls but a position: where it lies is found by looking back.
 */
static const char *
walk_resume(const struct walk *walk, const char *begin, char stop)
{
	const char *hit;

	if (walk->from <= begin)
		return begin;
	hit = memchr(begin, stop, (size_t)(walk->from - begin));
	return hit == NULL ? walk->from : hit;
}

/* ---- lists ---------------------------------------------------------------*/

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static struct text
text_trim(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	while (at < end && is_blank(end[-1]))
		end--;
	return (struct text){ at, (size_t)(end - at) };
}

/* The next element of a comma list; false: there is none any more. */
static bool
list_next(struct text *rest, struct text *element)
{
	const char *end, *comma;

	if (rest->at == NULL)
		return false;
	end = rest->at + rest->len;
	comma = memchr(rest->at, ',', rest->len);
	*element = text_trim(rest->at, comma == NULL ? end : comma);
	*rest = (struct text){ NULL, 0 };
	if (comma != NULL)
		*rest = (struct text){ comma + 1, (size_t)(end - comma - 1) };
	return true;
}

/* ---- fields --------------------------------------------------------------*/

static void
field_on_host(struct walk *walk, struct text value)
{
	walk->framing.hosts++;
	walk->framing.host = value;
	if (!parse_uri_host_is_valid(value))
		walk->framing.host_bad = true;
}

static void
field_on_length(struct walk *walk, struct text value)
{
	uint64_t length = 0;

	walk->framing.lengths++;
	if (value.len == 0 || value.len > LENGTH_DIGITS_MAX)
		walk->framing.length_bad = true;
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = (unsigned char)value.at[i] - (unsigned)'0';

		if (digit > 9 || length > UINT64_MAX / 10 ||
		    length * 10 > UINT64_MAX - digit) {
			walk->framing.length_bad = true;
			return;
		}
		length = length * 10 + digit;
	}
	walk->head->length = length;
}

/* Several fields count as one list, RFC 9110 5.3. */
static void
field_on_encoding(struct walk *walk, struct text value)
{
	struct framing *framing = &walk->framing;
	struct text rest = value, coding;

	framing->encodings++;
	while (list_next(&rest, &coding)) {
		if (framing->chunked || coding.len == 0 ||
		    !parse_byte_is(coding.at[0], BYTE_TOKEN))
			framing->encoding_bad = true;
		else if (text_equal_nocase(coding, TEXT("chunked")))
			framing->chunked = true;
		else
			framing->encoding_unknown = true;
	}
}

static void
field_on_connection(struct walk *walk, struct text value)
{
	struct text rest = value, option;

	while (list_next(&rest, &option)) {
		if (text_equal_nocase(option, TEXT("close")))
			walk->framing.close = true;
		else if (text_equal_nocase(option, TEXT("keep-alive")))
			walk->framing.keep_alive = true;
	}
}

static void
field_on_expect(struct walk *walk, struct text value)
{
	if (text_equal_nocase(value, TEXT("100-continue")))
		walk->head->expect_continue = true;
	else
		walk->head->expect_other = true;
}

/* Names in lower case; found by length first, so most fields cost one jump. */
static void
field_note(struct walk *walk, struct text name, struct text value)
{
	switch (name.len) {
	case 4:
		if (text_equal_nocase(name, TEXT("host")))
			field_on_host(walk, value);
		break;
	case 6:
		if (text_equal_nocase(name, TEXT("expect")))
			field_on_expect(walk, value);
		break;
	case 10:
		if (text_equal_nocase(name, TEXT("connection")))
			field_on_connection(walk, value);
		break;
	case 14:
		if (text_equal_nocase(name, TEXT("content-length")))
			field_on_length(walk, value);
		break;
	case 17:
		if (text_equal_nocase(name, TEXT("transfer-encoding")))
			field_on_encoding(walk, value);
		break;
	}
}

/* Eight bytes that are all visible, blank or above 0x7f: no CTL, no DEL. */
static bool
value_word_is_plain(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = ones << 7;
	uint64_t word, del, bad;

	memcpy(&word, at, sizeof(word));
	del = word ^ ones * 0x7f;
	bad = ((word - ones * 0x20) & ~word) | ((del - ones) & ~del);
	return (bad & tops) == 0;
}

/* The first byte that may not stand in a field's value, or end. */
static const char *
value_end(const char *at, const char *end)
{
	for (;;) {
		while (end - at >= 8 && value_word_is_plain(at))
			at += 8;
		for (unsigned i = 0; i < 8; i++, at++) {
			if (at == end || !parse_byte_is(*at, BYTE_VALUE))
				return at;
		}
	}
}

static enum parse_result
walk_field(struct walk *walk)
{
	const char *name = walk->at, *end = walk->end, *at, *value;
	struct parse_header *header;

	at = walk_resume(walk, name, ':');
	while (at < end && parse_byte_is(*at, BYTE_TOKEN))
		at++;
	if (at == end)
		return walk_more(walk, at);
	if (*at != ':' || at == name)
		return walk_refuse_syntax(walk, "bad field name");
	value = at + 1;
	at = value_end(value < walk->from ? walk->from : value, end);
	if (at == end)
		return walk_more(walk, at);
	if (*at != '\r')
		return walk_refuse_syntax(walk, "bad byte in a field's value");
	if (at + 1 == end)
		return walk_more(walk, at);
	if (at[1] != '\n')
		return walk_refuse_syntax(walk, "carriage return in a field");
	header = &walk->head->headers[walk->head->nheaders++];
	header->name = (struct text){ name, (size_t)(value - 1 - name) };
	header->value = text_trim(value, at);
	field_note(walk, header->name, header->value);
	walk->at = at + 2;
	return PARSE_DONE;
}

static enum parse_result
walk_fields(struct walk *walk)
{
	while (walk->at < walk->end && *walk->at != '\r') {
		enum parse_result result;

		if (walk->head->nheaders >= walk->limits->max_headers ||
		    walk->head->nheaders == PARSE_HEADERS_MAX)
			return walk_refuse(walk, ERROR_HEAD_TOO_LARGE,
			    "too many fields");
		result = walk_field(walk);
		if (result != PARSE_DONE)
			return result;
	}
	if (walk->end - walk->at < 2)
		return walk_more(walk, walk->at);
	if (walk->at[1] != '\n')
		return walk_refuse_syntax(walk, "carriage return in the head");
	walk->at += 2;
	return PARSE_DONE;
}

/* ---- request line --------------------------------------------------------*/

/* The bytes of the request line ended; it may be longer than allowed. */
static enum parse_result
line_more(struct walk *walk, const char *end)
{
	if ((size_t)(end - walk->at) >= walk->limits->max_line + 2 || walk->cut)
		return walk_refuse(walk, ERROR_URI_TOO_LONG,
		    "request line too long");
	walk->from = end;
	return PARSE_MORE;
}

/* "HTTP/1.1\r\n" at `at`. Another digit is judged when the line is whole. */
static enum parse_result
line_version(struct walk *walk, const char *at, const char *end)
{
	static const char form[] = "HTTP/1.1\r\n";
	size_t len = sizeof(form) - 1, n = (size_t)(end - at);

	for (size_t i = 0; i < len && i < n; i++) {
		bool digit = at[i] >= '0' && at[i] <= '9';

		if (at[i] != form[i] && (form[i] != '1' || !digit))
			return walk_refuse_syntax(walk, "bad HTTP version");
	}
	if (n < len)
		return line_more(walk, end);
	if (at[5] != '1')
		return walk_refuse(walk, ERROR_HTTP_VERSION,
		    "HTTP version is not 1.x");
	walk->head->minor = at[7] == '0' ? 0 : 1;
	walk->at = at + len;
	return PARSE_DONE;
}

static enum parse_result
line_target(struct walk *walk, const char *target, const char *end)
{
	const char *at = walk_resume(walk, target, ' '), *why;

	while (at < end && parse_byte_is(*at, BYTE_TARGET))
		at++;
	if (at == end)
		return line_more(walk, end);
	if (*at != ' ' || at == target)
		return walk_refuse_syntax(walk, "bad byte in the target");
	walk->head->target = (struct text){ target, (size_t)(at - target) };
	why = parse_uri_split(walk->head);
	if (why != NULL)
		return walk_refuse_syntax(walk, why);
	return line_version(walk, at + 1, end);
}

static enum parse_result
walk_request_line(struct walk *walk)
{
	const char *method = walk->at, *at = method, *end = walk->end;
	size_t max_line = walk->limits->max_line;

	if ((size_t)(end - method) >= max_line + 2)
		end = method + max_line + 2;
	while (at < end && parse_byte_is(*at, BYTE_TOKEN) &&
	    at - method < METHOD_LEN_MAX)
		at++;
	if (at == end)
		return line_more(walk, end);
	if (at == method)
		return walk_refuse_syntax(walk, "no method");
	if (*at != ' ' && !parse_byte_is(*at, BYTE_TOKEN))
		return walk_refuse_syntax(walk, "bad byte in the method");
	if (!parse_method_find((struct text){ method, (size_t)(at - method) },
	    &walk->head->method))
		return walk_refuse(walk, ERROR_NOT_IMPLEMENTED,
		    "unknown method");
	return line_target(walk, at + 1, end);
}

/* ---- the whole -----------------------------------------------------------*/

static enum parse_result
finish_body(struct walk *walk)
{
	const struct framing *framing = &walk->framing;
	struct parse_head *head = walk->head;

	if (framing->encodings > 0 && head->minor == 0)
		return walk_refuse_syntax(walk,
		    "Transfer-Encoding in HTTP/1.0");
	if (framing->encodings > 0 && framing->lengths > 0)
		return walk_refuse_syntax(walk,
		    "both Transfer-Encoding and Content-Length");
	if (framing->lengths > 1 || framing->length_bad)
		return walk_refuse_syntax(walk, "bad Content-Length");
	if (framing->encoding_bad)
		return walk_refuse_syntax(walk, "bad Transfer-Encoding");
	if (framing->encoding_unknown)
		return walk_refuse(walk, ERROR_NOT_IMPLEMENTED,
		    "unknown transfer coding");
	head->chunked = framing->chunked;
	head->has_length = framing->lengths > 0;
	return PARSE_DONE;
}

static enum parse_result
walk_finish(struct walk *walk)
{
	const struct framing *framing = &walk->framing;
	struct parse_head *head = walk->head;

	if (framing->hosts > 1 || framing->host_bad)
		return walk_refuse_syntax(walk, "bad Host");
	if (framing->hosts == 0 && head->minor > 0)
		return walk_refuse_syntax(walk, "no Host");
	if (head->host.at == NULL)
		head->host = framing->host;
	head->keep_alive = !framing->close &&
	    (head->minor > 0 || framing->keep_alive);
	if (head->minor == 0)
		head->expect_continue = head->expect_other = false;
	return finish_body(walk);
}

/* Moves to the line that holds `from`, and counts the fields before it. */
static void
walk_skip(struct walk *walk)
{
	const char *line_feed = NULL, *begin = walk->at;

	while (begin < walk->from && (line_feed = memchr(begin, '\n',
	    (size_t)(walk->from - begin))) != NULL) {
		if (begin != walk->at)
			walk->head->nheaders++;
		begin = line_feed + 1;
	}
	walk->at = begin;
}

/* From the request line, or from where an earlier walk stopped. */
static enum parse_result
walk_run(struct walk *walk)
{
	const char *begin = walk->at;
	struct parse_head *head = walk->head;
	enum parse_result result;

	head->nheaders = 0;
	head->length = 0;
	head->expect_continue = head->expect_other = false;
	walk_skip(walk);
	if (walk->at == begin) {
		result = walk_request_line(walk);
		if (result != PARSE_DONE)
			return result;
	}
	return walk_fields(walk);
}

/* Skips empty lines; DONE: walk->at is at the first byte of a request. */
static enum parse_result
walk_empty_lines(struct walk *walk)
{
	for (unsigned n = 0; walk->at < walk->end && *walk->at == '\r'; n++) {
		if (n == EMPTY_LINES_MAX)
			return walk_refuse_syntax(walk,
			    "too many empty lines before a request");
		if (walk->at + 1 == walk->end)
			return PARSE_MORE;
		if (walk->at[1] != '\n')
			return walk_refuse_syntax(walk,
			    "carriage return before a request");
		walk->at += 2;
	}
	return walk->at < walk->end ? PARSE_DONE : PARSE_MORE;
}

enum parse_result
parse_head(const char *bytes, size_t len, size_t *seen,
    const struct parse_limits *limits, struct parse_head *head, size_t *used,
    struct error *err)
{
	struct walk walk = {
		.at = bytes, .from = bytes + *seen, .end = bytes + len,
		.limits = limits, .head = head, .err = err,
	};
	enum parse_result result = walk_empty_lines(&walk);
	const char *begin = walk.at;

	if (result != PARSE_DONE)
		return result;
	if ((size_t)(walk.end - begin) >= limits->max_head) {
		walk.end = begin + limits->max_head;
		walk.cut = true;
	}
	result = walk_run(&walk);
	if (result == PARSE_DONE && *seen > 0) {
		walk.at = walk.from = begin;
		walk.framing = (struct framing){ 0 };
		result = walk_run(&walk);
	}
	if (result == PARSE_MORE)
		*seen = (size_t)(walk.from - bytes);
	if (result != PARSE_DONE)
		return result;
	*used = (size_t)(walk.at - bytes);
	return walk_finish(&walk);
}
