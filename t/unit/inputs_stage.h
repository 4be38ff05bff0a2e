/*
 * A route's inputs on a stage: from the text of server.conf and a list of
 * references to what one request becomes. No database is needed: oids of
 * built-in types are known, and the tests bring a catalog of their own.
 */
#ifndef MUSTER_T_UNIT_INPUTS_STAGE_H
#define MUSTER_T_UNIT_INPUTS_STAGE_H

#include <stdio.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "io/pg_description.h"
#include "plan/inputs.h"
#include "plan/limits.h"
#include "plan/run.h"
#include "plan/schema.h"

#include "conf_text.h"

/* Types beyond those built in. */
enum {
	OID_MOOD = 50001, OID_SHORT_TEXT = 50002, OID_MONEY_SUM = 50003,
	OID_MOODS = 50004, OID_PAIR = 50005, OID_CITEXT = 50006
};

static const char *const mood_labels[] = { "sad", "ok", "happy" };

static const struct pg_type catalog[] = {
	{ .oid = OID_MOOD, .kind = PG_TYPE_ENUM, .name = "mood",
	  .nlabels = 3, .labels = mood_labels },
	{ .oid = OID_SHORT_TEXT, .kind = PG_TYPE_DOMAIN, .name = "short_text",
	  .base = 1043, .base_mod = 5 + 4, .not_null = true },
	{ .oid = OID_MONEY_SUM, .kind = PG_TYPE_DOMAIN, .name = "money_sum",
	  .base = 1700, .base_mod = (5 << 16 | 2) + 4 },
	{ .oid = OID_MOODS, .kind = PG_TYPE_ARRAY, .name = "mood[]",
	  .element = OID_MOOD },
	{ .oid = OID_PAIR, .kind = PG_TYPE_COMPOSITE, .name = "pair" },
	{ .oid = OID_CITEXT, .kind = PG_TYPE_BASE, .category = 'S',
	  .name = "citext" },
};

/* Stands before the one of io, which maps a real description. */
const struct pg_type *
pg_description_type(const struct pg_description *description,
    unsigned database, uint32_t oid)
{
	(void)description;
	(void)database;
	for (size_t i = 0; i < ARRAY_LEN(catalog); i++) {
		if (catalog[i].oid == oid)
			return &catalog[i];
	}
	return NULL;
}

struct stage {
	struct conf_text conf;
	struct schemas *schemas;
	struct inputs *inputs;
	unsigned nrefs;
	int refs[16];
	bool asked[16];
	struct arena *arena;
	struct error err;
	char answer[4000];
};

struct request {
	const char *part, *query, *type, *body, *header, *cookie;
};

/* One reference: "body.username:25", "id:23", "body.email?", "query.q". */
static void
stage_refer(struct stage *stage, char *text, unsigned line)
{
	static const struct {
		const char *front;
		enum input_place place;
	} fronts[] = {
		{ "body.", INPUT_BODY }, { "query.", INPUT_QUERY },
		{ "header.", INPUT_HEADER }, { "cookie.", INPUT_COOKIE },
	};
	char *oid = strchr(text, ':');
	struct src_pos pos = { "statement", line, 1 };
	enum input_place place;
	size_t length;
	bool asked;
	int i;

	if (oid != NULL)
		*oid++ = '\0';
	length = strlen(text);
	asked = length > 0 && text[length - 1] == '?';
	if (asked)
		text[length - 1] = '\0';
	if (strcmp(text, "body") == 0) {
		place = INPUT_BODY;
		text += 4;
	} else if (!inputs_find(stage->inputs, text_of(text), &place)) {
		place = INPUT_PATH;
		for (size_t j = 0; j < ARRAY_LEN(fronts); j++) {
			if (strncmp(text, fronts[j].front,
			    strlen(fronts[j].front)) == 0) {
				place = fronts[j].place;
				text += strlen(fronts[j].front);
			}
		}
	}
	i = inputs_refer(stage->inputs, place, text_of(text), asked, pos,
	    stage->conf.report);
	stage->refs[stage->nrefs] = i;
	stage->asked[stage->nrefs++] = asked;
	if (i >= 0 && oid != NULL && !asked)
		inputs_use(stage->inputs, (unsigned)i,
		    (const struct pg_description *)catalog, 0,
		    (uint32_t)atoi(oid), pos, stage->conf.report);
}

/* parts: the names in the path, by commas; refs: references, by blanks. */
static inline void
stage_open(struct stage *stage, const char *conf, const char *parts,
    const char *refs)
{
	char names[100], list[500], *name, *rest;
	const char *split[8];
	unsigned n = 0, line = 100;

	memset(stage, 0, sizeof(*stage));
	conf_text_load(&stage->conf, conf);
	snprintf(names, sizeof(names), "%s", parts);
	for (name = strtok_r(names, ",", &rest); name != NULL;
	    name = strtok_r(NULL, ",", &rest))
		split[n++] = name;
	stage->schemas = schemas_compile(conf_node_find(stage->conf.root,
	    "types"), stage->conf.report);
	stage->inputs = inputs_compile(stage->conf.root, split, n,
	    stage->schemas, stage->conf.report);
	snprintf(list, sizeof(list), "%s", refs);
	for (name = strtok_r(list, " ", &rest); name != NULL;
	    name = strtok_r(NULL, " ", &rest))
		stage_refer(stage, name, line++);
	inputs_link(stage->inputs, (const struct pg_description *)catalog,
	    stage->conf.report);
}

static inline void
stage_close(struct stage *stage)
{
	arena_free(stage->arena);
	inputs_free(stage->inputs);
	schemas_free(stage->schemas);
	conf_text_free(&stage->conf);
	arena_release_kept();
}

static struct text
stage_header(const void *headers, struct text name)
{
	const struct request *request = headers;
	struct text none = { NULL, 0 };

	if (text_equal_nocase(name, TEXT("cookie")))
		return request->cookie == NULL ? none :
		    text_of(request->cookie);
	if (text_equal_nocase(name, TEXT("x-token")))
		return request->header == NULL ? none :
		    text_of(request->header);
	return none;
}

static void
stage_print_values(struct stage *stage, const struct input_values *values)
{
	struct buf out = { NULL, 0, 0 };

	for (unsigned i = 0; i < stage->nrefs; i++) {
		unsigned at = (unsigned)stage->refs[i];
		struct value value = inputs_value(values, at);
		const char *param;

		if (i > 0)
			buf_add_text(&out, TEXT(" | "));
		if (stage->asked[i]) {
			buf_printf(&out, inputs_sent(values, at) ? "sent" :
			    "unsent");
			continue;
		}
		param = inputs_param(values, at, stage->arena);
		buf_printf(&out, "%s ", param == NULL ? "-" : param);
		value_write_all(&value, &out);
	}
	buf_add_byte(&out, '\0');
	snprintf(stage->answer, sizeof(stage->answer), "%s", out.data);
	buf_release(&out);
}

/* "param json | param json", or the list of a 422, or "400 message". */
static inline const char *
stage_check(struct stage *stage, const struct request *request)
{
	static const struct limits_conf limits = { .max_json_depth = 8 };
	struct text part = text_of(request->part);
	struct input_values *values = NULL;
	struct run_input input = {
		.parts = &part, .nparts = request->part == NULL ? 0 : 1,
		.query = text_of(request->query),
		.content_type = text_of(request->type),
		.body = text_of(request->body),
		.header = stage_header, .headers = request,
	};

	arena_free(stage->arena);
	stage->arena = arena_new();
	if (inputs_check(stage->inputs, &input, &limits, stage->arena, &values,
	    &stage->err) == 0)
		stage_print_values(stage, values);
	else if (stage->err.list != NULL)
		snprintf(stage->answer, sizeof(stage->answer), "%.*s",
		    (int)stage->err.list_len, stage->err.list);
	else
		snprintf(stage->answer, sizeof(stage->answer), "%d %s",
		    stage->err.status, stage->err.message);
	return stage->answer;
}

/* ---- rows ---------------------------------------------------------------- */

struct row {
	struct request request;
	const char *expected;
};

/* In rows ` stands for ": tables of JSON can be read then. */
static const char *
stage_quote(struct arena *arena, const char *text)
{
	char *copy = text == NULL ? NULL : arena_strdup(arena, text);

	for (char *at = copy; at != NULL && *at != '\0'; at++) {
		if (*at == '`')
			*at = '"';
	}
	return copy;
}

static inline void
stage_rows(const char *conf, const char *parts, const char *refs,
    const struct row *rows, size_t n)
{
	struct arena *arena = arena_new();
	struct stage stage;
	unsigned wrong = 0;

	stage_open(&stage, conf, parts, refs);
	conf_text_assert(&stage.conf, "");
	for (size_t i = 0; i < n; i++) {
		struct request request = rows[i].request;
		const char *wanted = stage_quote(arena, rows[i].expected);
		const char *got;

		request.body = stage_quote(arena, request.body);
		request.cookie = stage_quote(arena, request.cookie);
		got = stage_check(&stage, &request);
		if (strcmp(got, wanted) == 0)
			continue;
		wrong++;
		print_message("row %zu\n    got %s\n wanted %s\n", i, got,
		    wanted);
	}
	stage_close(&stage);
	arena_free(arena);
	assert_int_equal(wrong, 0);
}

#define ROWS(conf, parts, refs, rows) \
	stage_rows((conf), (parts), (refs), (rows), ARRAY_LEN(rows))

#endif
