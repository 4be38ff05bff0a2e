/*
 * A request between its head and its reply: where it goes, what it may send,
 * and who answers. Everything of it lies in one arena.
 */
#include "http/request.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/shm.h"
#include "http/access.h"
#include "http/admin.h"
#include "http/conn.h"
#include "http/http_state.h"
#include "http/reply.h"
#include "plan/limits.h"
#include "plan/plan.h"

#define REQUEST_ID_MAX 128

static struct text
request_moved(struct text text, const char *from, const char *to)
{
	if (text.at != NULL)
		text.at = to + (text.at - from);
	return text;
}

static struct text
request_header(const void *arg, struct text name)
{
	const struct request *request = arg;

	for (unsigned i = 0; i < request->nheaders; i++)
		if (text_equal_nocase(request->headers[i].name, name))
			return request->headers[i].value;
	return (struct text){ NULL, 0 };
}

/* A client's id may stand in log lines and replies: only harmless bytes. */
static bool
request_id_is_sound(struct text id)
{
	if (id.len == 0 || id.len > REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (strchr("0123456789abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:/+=", id.at[i]) == NULL ||
		    id.at[i] == '\0')
			return false;
	return true;
}

static const char *
request_choose_id(struct request *request)
{
	struct text sent = { NULL, 0 };
	char *id;

	if (request->conn->http->start.conf->trust_request_id)
		sent = request_header(request, TEXT("X-Request-ID"));
	if (request_id_is_sound(sent))
		return arena_text(request->arena, sent);
	id = arena_bytes(request->arena, IDS_LEN + 1);
	ids_make(id);
	return id;
}

/* An answer that is known already; the first one holds. */
static struct error *
request_fail(struct request *request, enum error_code code)
{
	struct error *err;

	if (request->error != NULL)
		return NULL;
	err = arena_alloc(request->arena, sizeof(*err));
	error_set(err, code, NULL);
	request->error = err;
	return err;
}

static void
request_route(struct request *request, struct text path)
{
	struct http *http = request->conn->http;

	if (request->conn->admin)
		return;
	if (router_match(http->start.router, request->method, path,
	    &request->match) == -1) {
		request_fail(request, ERROR_BAD_REQUEST);
		return;
	}
	request->plan = request->match.route;
	if (request->plan != NULL || (request->match.found_path &&
	    request->method == METHOD_OPTIONS))
		return;
	request_fail(request, request->match.found_path ?
	    ERROR_METHOD_NOT_ALLOWED : ERROR_NOT_FOUND);
}

const struct limits_conf *
request_limits(const struct request *request)
{
	return request->plan == NULL ? request->conn->http->start.limits :
	    plan_limits(request->plan);
}

static void
request_free_body(void *arg)
{
	buf_release(arg);
}

static void
request_expect_body(struct request *request, const struct parse_head *head)
{
	request->chunked = head->chunked;
	request->body_left = head->length;
	request->has_body = head->chunked || head->length > 0;
	request->expects = head->expect_continue && request->has_body;
	if (head->expect_other)
		request_fail(request, ERROR_EXPECTATION);
	if (!head->chunked && head->length >
	    (uint64_t)request_limits(request)->max_body) {
		request->error = NULL;	/* stronger than 404 or 405 */
		request_fail(request, ERROR_BODY_TOO_LARGE);
	}
	request->keep_body = request->has_body && request->error == NULL &&
	    request->plan != NULL && plan_takes_body(request->plan);
	if (request->keep_body)
		arena_defer(request->arena, request_free_body,
		    &request->body);
}

static void
request_copy_headers(struct request *request, const struct parse_head *head,
    const char *from, const char *to)
{
	struct parse_header *headers = arena_bytes(request->arena,
	    head->nheaders * sizeof(*headers));

	for (unsigned i = 0; i < head->nheaders; i++) {
		headers[i].name = request_moved(head->headers[i].name, from,
		    to);
		headers[i].value = request_moved(head->headers[i].value,
		    from, to);
	}
	request->headers = headers;
	request->nheaders = head->nheaders;
}

/* Who looks at the server is not what it serves. */
static void
request_count(const struct request *request, int change)
{
	if (!request->conn->admin)
		metric_add(METRIC_REQUESTS_IN_FLIGHT, change);
}

struct request *
request_new(struct conn *conn, const struct parse_head *head,
    const char *bytes, size_t used)
{
	struct arena *arena = arena_new();
	struct request *request = arena_alloc(arena, sizeof(*request));
	char *copy = arena_bytes(arena, used);
	struct run_input *input = &request->input;

	memcpy(copy, bytes, used);
	request->conn = conn;
	request->arena = arena;
	request->method = head->method;
	request->http10 = head->minor == 0;
	request->keep_alive = head->keep_alive;
	request_copy_headers(request, head, bytes, copy);
	input->method = text_of(parse_method_name(head->method));
	input->path = request_moved(head->path, bytes, copy);
	input->query = request_moved(head->query, bytes, copy);
	/* A copy: its effects may outlive the connection. */
	input->client_ip = text_of(arena_strdup(arena, conn->ip));
	input->header = request_header;
	input->headers = request;
	input->received_us = clock_us();
	input->content_type = request_header(request, TEXT("Content-Type"));
	input->request_id = request_choose_id(request);
	request_route(request, input->path);
	request_expect_body(request, head);
	request_count(request, 1);
	return request;
}

static void
request_on_run_done(void *arg, const struct run_reply *reply,
    const struct error *err)
{
	struct request *request = arg;
	struct log_ctx ctx = { request->input.request_id,
	    plan_name(request->plan) };

	request->replied = true;
	if (err == NULL) {
		conn_reply_run(request->conn, reply);
		return;
	}
	if (err->status >= 500)
		log_problem(err->status == 500 ? LOG_LEVEL_ERROR :
		    LOG_LEVEL_WARN, &ctx, err);
	else
		log_problem(LOG_LEVEL_DEBUG, &ctx, err);
	conn_reply_error(request->conn, err);
}

static void
request_run(struct request *request)
{
	struct http *http = request->conn->http;
	struct shm_slot *slot = shm_slot(http->start.shm, http->start.slot);
	struct run_input *input = &request->input;

	input->parts = request->match.parts;
	input->nparts = request->match.nparts;
	if (request->keep_body)
		input->body = (struct text){ request->body.data,
		    request->body.len };
	/* What a worker did last is asked for when it has died. */
	atomic_store_explicit(&slot->activity, plan_name(request->plan),
	    memory_order_relaxed);
	atomic_store_explicit(&slot->activity_since_ms,
	    input->received_us / 1000, memory_order_relaxed);
	request->run = run_start(request->plan, request->arena, input,
	    http->start.services, request_on_run_done, request);
}

void
request_go(struct request *request)
{
	struct conn *conn = request->conn;

	if (request->error != NULL)
		conn_reply_error(conn, request->error);
	else if (conn->admin)
		admin_answer(request);
	else if (request->plan == NULL)
		conn_reply_bytes(conn, 204, (struct text){ NULL, 0 },
		    (struct text){ NULL, 0 }, request->match.allowed);
	else
		request_run(request);
}

static void
request_log(const struct request *request, int64_t us)
{
	const struct run_input *input = &request->input;
	struct access_entry entry = {
		.client = input->client_ip, .method = input->method,
		.path = input->path, .query = input->query,
		.request_id = text_of(input->request_id),
		.status = request->status, .bytes = request->reply_bytes,
		.us = us,
	};

	if (request->plan != NULL)
		entry.route = text_of(plan_name(request->plan));
	access_log(request->conn->http, &entry);
}

static void
request_count_reply(int status)
{
	int class = status / 100;

	if (class >= 2 && class <= 5)
		metric_add((enum metric)(METRIC_RESPONSES_1XX + class - 1), 1);
}

void
request_account(const struct request *request)
{
	int64_t us = clock_us() - request->input.received_us;

	request_count(request, -1);
	if (request->conn->admin)
		return;
	request_count_reply(request->status);
	metric_observe_us(METRIC_REQUEST_DURATION, us);
	request_log(request, us);
}

void
request_account_refused(const struct conn *conn, const struct reply *reply)
{
	struct access_entry entry = { .client = text_of(conn->ip),
		.request_id = reply->request_id, .status = reply->status,
		.bytes = (uint64_t)reply->length };

	if (conn->admin)
		return;
	request_count_reply(reply->status);
	access_log(conn->http, &entry);
}

void
request_cancel(struct request *request)
{
	request->status = 499;
	request_count(request, -1);
	if (!request->conn->admin) {
		metric_add(METRIC_CLIENTS_GONE, 1);
		request_log(request,
		    clock_us() - request->input.received_us);
	}
	if (request->run == NULL)
		arena_free(request->arena);
	else if (request->replied)
		run_free(request->run);
	else
		run_cancel(request->run);
}

void
request_free(struct request *request)
{
	if (request->run != NULL)
		run_free(request->run);
	else
		arena_free(request->arena);
}
