/*
 * Chunked bodies, RFC 9112 7.1, a byte at a time but for the data. A state has
 * one name for what the next byte must be:
 *
 *	SIZE > [BWS] > [EXTENSION] > SIZE_LF > DATA > DATA_CR > DATA_LF > SIZE
 *	SIZE of 0 ... SIZE_LF > TRAILER > NAME > VALUE > VALUE_LF > TRAILER
 *	TRAILER > LAST_LF > OVER
 *
 * Extensions and trailers are checked for their bytes and dropped: no route
 * asks for them, and a trailer that became a header would walk around the
 * checks of the head.
 */
#include "http/parse.h"

#include <string.h>

#include "http/parse_bytes.h"

#define CHUNK_DIGITS_MAX 16	/* what fits into 64 bits, zeros included */
#define CHUNK_LINE_MAX 256	/* a size with its extensions */
#define TRAILERS_MAX 4096

enum chunk_state {
	CHUNK_SIZE, CHUNK_BWS, CHUNK_EXTENSION, CHUNK_SIZE_LF,
	CHUNK_DATA, CHUNK_DATA_CR, CHUNK_DATA_LF,
	CHUNK_TRAILER, CHUNK_NAME, CHUNK_VALUE, CHUNK_VALUE_LF,
	CHUNK_LAST_LF, CHUNK_OVER
};

static enum parse_result
chunks_refuse(struct error *err, enum error_code code, const char *why)
{
	error_set(err, code, NULL);
	error_detail(err, "%s", why);
	return PARSE_FAILED;
}

static enum parse_result
chunks_refuse_byte(struct error *err)
{
	return chunks_refuse(err, ERROR_BAD_REQUEST, "bad chunked body");
}

static enum parse_result
chunks_go(struct parse_chunks *chunks, enum chunk_state state)
{
	chunks->state = state;
	return PARSE_MORE;
}

/* A byte of a size, or the first behind it. */
static enum parse_result
chunks_on_size(struct parse_chunks *chunks, char byte, struct error *err)
{
	int digit = parse_byte_hex(byte);

	if (digit >= 0 && chunks->state == CHUNK_SIZE) {
		if (++chunks->digits > CHUNK_DIGITS_MAX)
			return chunks_refuse(err, ERROR_BAD_REQUEST,
			    "chunk size with too many digits");
		chunks->left = chunks->left << 4 | (unsigned)digit;
		return PARSE_MORE;
	}
	if (chunks->digits == 0)
		return chunks_refuse_byte(err);
	if (byte == ';')
		return chunks_go(chunks, CHUNK_EXTENSION);
	if (byte == ' ' || byte == '\t')
		return chunks_go(chunks, CHUNK_BWS);
	if (byte == '\r' && chunks->state == CHUNK_SIZE)
		return chunks_go(chunks, CHUNK_SIZE_LF);
	return chunks_refuse_byte(err);
}

static enum parse_result
chunks_on_size_end(struct parse_chunks *chunks, uint64_t max_body,
    struct error *err)
{
	chunks->digits = 0;
	chunks->line_len = 0;
	if (chunks->left == 0)
		return chunks_go(chunks, CHUNK_TRAILER);
	if (chunks->total > max_body ||
	    chunks->left > max_body - chunks->total)
		return chunks_refuse(err, ERROR_BODY_TOO_LARGE,
		    "chunked body over max_body");
	return chunks_go(chunks, CHUNK_DATA);
}

static enum parse_result
chunks_on_trailer(struct parse_chunks *chunks, char byte, struct error *err)
{
	switch (chunks->state) {
	case CHUNK_TRAILER:
		if (byte == '\r')
			return chunks_go(chunks, CHUNK_LAST_LF);
		if (parse_byte_is(byte, BYTE_TOKEN))
			return chunks_go(chunks, CHUNK_NAME);
		break;
	case CHUNK_NAME:
		if (byte == ':')
			return chunks_go(chunks, CHUNK_VALUE);
		if (parse_byte_is(byte, BYTE_TOKEN))
			return PARSE_MORE;
		break;
	case CHUNK_VALUE:
		if (byte == '\r')
			return chunks_go(chunks, CHUNK_VALUE_LF);
		if (parse_byte_is(byte, BYTE_VALUE))
			return PARSE_MORE;
		break;
	}
	return chunks_refuse_byte(err);
}

/* All that is not data. DONE: that was the body's last byte. */
static enum parse_result
chunks_on_byte(struct parse_chunks *chunks, char byte, uint64_t max_body,
    struct error *err)
{
	switch ((enum chunk_state)chunks->state) {
	case CHUNK_SIZE:
	case CHUNK_BWS:
		return chunks_on_size(chunks, byte, err);
	case CHUNK_EXTENSION:
		if (byte == '\r')
			return chunks_go(chunks, CHUNK_SIZE_LF);
		if (parse_byte_is(byte, BYTE_VALUE))
			return PARSE_MORE;
		return chunks_refuse_byte(err);
	case CHUNK_DATA_CR:
		if (byte == '\r')
			return chunks_go(chunks, CHUNK_DATA_LF);
		return chunks_refuse_byte(err);
	case CHUNK_TRAILER:
	case CHUNK_NAME:
	case CHUNK_VALUE:
		return chunks_on_trailer(chunks, byte, err);
	case CHUNK_SIZE_LF:
	case CHUNK_DATA_LF:
	case CHUNK_VALUE_LF:
	case CHUNK_LAST_LF:
		break;
	case CHUNK_DATA:
	case CHUNK_OVER:
		return PARSE_DONE;
	}
	if (byte != '\n')
		return chunks_refuse_byte(err);
	if (chunks->state == CHUNK_SIZE_LF)
		return chunks_on_size_end(chunks, max_body, err);
	if (chunks->state == CHUNK_DATA_LF) {
		chunks->line_len = 0;
		return chunks_go(chunks, CHUNK_SIZE);
	}
	if (chunks->state == CHUNK_VALUE_LF)
		return chunks_go(chunks, CHUNK_TRAILER);
	chunks->state = CHUNK_OVER;
	return PARSE_DONE;
}

/* Counts a byte of a size line or of the trailers. */
static enum parse_result
chunks_count(struct parse_chunks *chunks, struct error *err)
{
	bool is_trailer = chunks->state >= CHUNK_TRAILER;

	chunks->line_len++;
	if (is_trailer && chunks->line_len > TRAILERS_MAX)
		return chunks_refuse(err, ERROR_HEAD_TOO_LARGE,
		    "trailers too long");
	if (!is_trailer && chunks->line_len > CHUNK_LINE_MAX)
		return chunks_refuse(err, ERROR_BAD_REQUEST,
		    "chunk size line too long");
	return PARSE_MORE;
}

/* Moves what is there of a chunk's data; returns how much. */
static size_t
chunks_move(struct parse_chunks *chunks, const char *bytes, size_t len,
    char *out)
{
	size_t n = chunks->left < len ? (size_t)chunks->left : len;

	if (out != bytes)
		memmove(out, bytes, n);
	chunks->left -= n;
	chunks->total += n;
	if (chunks->left == 0)
		chunks->state = CHUNK_DATA_CR;
	return n;
}

enum parse_result
parse_chunked(struct parse_chunks *chunks, const char *bytes, size_t len,
    uint64_t max_body, char *out, size_t *data, size_t *used,
    struct error *err)
{
	enum parse_result result =
	    chunks->state == CHUNK_OVER ? PARSE_DONE : PARSE_MORE;
	size_t at = 0, moved = 0;

	while (at < len && result == PARSE_MORE) {
		if (chunks->state == CHUNK_DATA) {
			size_t n = chunks_move(chunks, bytes + at, len - at,
			    out + moved);

			at += n;
			moved += n;
			continue;
		}
		result = chunks_count(chunks, err);
		if (result == PARSE_MORE)
			result = chunks_on_byte(chunks, bytes[at++], max_body,
			    err);
	}
	*data = moved;
	*used = at;
	return result;
}
