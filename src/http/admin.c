/*
 * The admin socket: what a supervisor, a load balancer's check and Prometheus
 * ask. Any worker answers for all, from shared memory; nothing here touches
 * the database.
 */
#include "http/admin.h"

#include "base/buf.h"
#include "base/metrics.h"
#include "http/conn.h"
#include "http/http_state.h"
#include "http/request.h"
#include "plan/services.h"

static void
admin_live(struct request *request)
{
	conn_reply_bytes(request->conn, 200, TEXT("application/json"),
	    TEXT("{\"status\":\"live\"}"), 0);
}

static void
admin_ready(struct request *request)
{
	struct http *http = request->conn->http;

	if (http->draining || http->leaving)
		conn_reply_bytes(request->conn, 503,
		    TEXT("application/json"),
		    TEXT("{\"status\":\"draining\"}"), 0);
	else if (!services_ready(http->start.services))
		conn_reply_bytes(request->conn, 503,
		    TEXT("application/json"),
		    TEXT("{\"status\":\"database unavailable\"}"), 0);
	else
		conn_reply_bytes(request->conn, 200,
		    TEXT("application/json"), TEXT("{\"status\":\"ready\"}"),
		    0);
}

static void
admin_metrics(struct request *request)
{
	struct buf text = { 0 };

	metrics_print(request->conn->http->start.shm, &text);
	conn_reply_bytes(request->conn, 200,
	    TEXT("text/plain; version=0.0.4; charset=utf-8"),
	    (struct text){ text.data, text.len }, 0);
	buf_release(&text);
}

static const struct {
	struct text path;
	void (*answer)(struct request *);
} admin_pages[] = {
	{ { "/live", 5 }, admin_live },
	{ { "/ready", 6 }, admin_ready },
	{ { "/metrics", 8 }, admin_metrics },
};

void
admin_answer(struct request *request)
{
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(admin_pages); i++) {
		if (!text_equal(request->input.path, admin_pages[i].path))
			continue;
		if (request->method == METHOD_GET ||
		    request->method == METHOD_HEAD) {
			admin_pages[i].answer(request);
			return;
		}
		request->match.allowed = 1u << METHOD_GET | 1u << METHOD_HEAD;
		error_set(&err, ERROR_METHOD_NOT_ALLOWED, NULL);
		conn_reply_error(request->conn, &err);
		return;
	}
	error_set(&err, ERROR_NOT_FOUND, NULL);
	conn_reply_error(request->conn, &err);
}
