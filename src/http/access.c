/*
 * The access log: who asked what, what came of it, how long it took. What a
 * client sent is quoted as JSON in both forms, so that no line can be forged.
 */
#include "http/access.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/conn.h"
#include "http/http_state.h"
#include "http/request.h"
#include "plan/plan.h"

static struct text
access_route(const struct request *request)
{
	return request->plan == NULL ? TEXT("-") :
	    text_of(plan_name(request->plan));
}

static void
access_target(struct buf *line, const struct request *request)
{
	struct buf target = { 0 };

	buf_add_text(&target, request->input.path);
	if (request->input.query.at != NULL) {
		buf_add_byte(&target, '?');
		buf_add_text(&target, request->input.query);
	}
	buf_add_json(line, (struct text){ target.data, target.len });
	buf_release(&target);
}

static void
access_pair(struct buf *line, bool json, const char *name)
{
	if (json)
		buf_printf(line, ",\"%s\":", name);
	else
		buf_printf(line, " %s=", name);
}

static void
access_write(struct buf *line, const struct request *request, bool json)
{
	int64_t us = clock_us() - request->input.received_us;
	char now[25];

	clock_iso(now);
	buf_printf(line, json ? "{\"time\":\"%s\"" : "%s access", now);
	access_pair(line, json, "client");
	buf_add_json(line, request->input.client_ip);
	access_pair(line, json, "method");
	buf_add_json(line, request->input.method);
	access_pair(line, json, "target");
	access_target(line, request);
	access_pair(line, json, "route");
	buf_add_json(line, access_route(request));
	access_pair(line, json, "status");
	buf_printf(line, "%d", request->status);
	access_pair(line, json, "bytes");
	buf_add_uint(line, request->reply_bytes);
	access_pair(line, json, "ms");
	buf_printf(line, "%lld.%03lld", (long long)us / 1000,
	    (long long)us % 1000);
	access_pair(line, json, "request");
	buf_add_json(line, text_of(request->input.request_id));
	if (json)
		buf_add_byte(line, '}');
}

void
access_log(const struct request *request)
{
	struct http *http = request->conn->http;
	struct buf line = { 0 };

	if (request->conn->admin ||
	    http->start.conf->access == HTTP_ACCESS_OFF)
		return;
	access_write(&line, request,
	    http->start.conf->access == HTTP_ACCESS_JSON);
	log_line(line.data, line.len);
	buf_release(&line);
}
