/*
 * The access log: who asked what, what came of it, how long it took. What a
 * client sent is quoted as JSON in both forms, so that no line can be forged.
 */
#include "http/access.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/http_state.h"

static void
access_name(struct buf *line, bool json, const char *name)
{
	if (json)
		buf_add_text(line, TEXT(",\""));
	else
		buf_add_byte(line, ' ');
	buf_add_text(line, text_of(name));
	if (json)
		buf_add_text(line, TEXT("\":"));
	else
		buf_add_byte(line, '=');
}

static void
access_text(struct buf *line, bool json, const char *name, struct text text)
{
	access_name(line, json, name);
	buf_add_json(line, text.at == NULL ? TEXT("-") : text);
}

static void
access_target(struct buf *line, bool json, const struct access_entry *entry)
{
	size_t quote;

	access_text(line, json, "target", entry->path);
	if (entry->query.at == NULL)
		return;
	/* The quotes between the two become the question mark. */
	quote = --line->len;
	buf_add_json(line, entry->query);
	line->data[quote] = '?';
}

static void
access_ms(struct buf *line, bool json, int64_t us)
{
	unsigned rest = (unsigned)(us % 1000);
	char digits[] = { '.', (char)('0' + rest / 100),
		(char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

	access_name(line, json, "ms");
	buf_add_uint(line, (uint64_t)us / 1000);
	buf_add(line, digits, sizeof(digits));
}

static void
access_write(struct buf *line, bool json, const struct access_entry *entry)
{
	char now[25];

	clock_iso(now);
	buf_add_text(line, json ? TEXT("{\"time\":\"") : TEXT(""));
	buf_add_text(line, text_of(now));
	buf_add_text(line, json ? TEXT("\"") : TEXT(" access"));
	access_text(line, json, "client", entry->client);
	access_text(line, json, "method", entry->method);
	access_target(line, json, entry);
	access_text(line, json, "route", entry->route);
	access_name(line, json, "status");
	buf_add_uint(line, (uint64_t)entry->status);
	access_name(line, json, "bytes");
	buf_add_uint(line, entry->bytes);
	access_ms(line, json, entry->us);
	access_text(line, json, "request", entry->request_id);
	if (json)
		buf_add_byte(line, '}');
}

void
access_log(struct http *http, const struct access_entry *entry)
{
	struct buf *line = &http->line;
	int access = http->start.conf->access;

	if (access == HTTP_ACCESS_OFF)
		return;
	line->len = 0;
	access_write(line, access == HTTP_ACCESS_JSON, entry);
	log_line(line->data, line->len);
}
