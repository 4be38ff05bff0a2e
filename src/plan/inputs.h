#ifndef MUSTER_PLAN_INPUTS_H
#define MUSTER_PLAN_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "base/value.h"

struct arena;
struct conf_node;
struct conf_report;
struct limits_conf;
struct pg_description;
struct run_input;
struct schemas;

/*
 * Everything a route takes from its client: path parts, query, header and
 * cookie values, body. One input for each thing a reference names. Compiled
 * with the route, typed when the description is linked, checked in one pass
 * for each request: all faults of all places in one 422.
 */
enum input_place {
	INPUT_PATH, INPUT_QUERY, INPUT_HEADER, INPUT_COOKIE, INPUT_BODY
};

struct inputs;

/*
 * route: its group in server.conf (keys query, body, ...). parts: the names
 * in the pattern, in order; a last one with a star is the rest of the path.
 * Never NULL.
 */
struct inputs *inputs_compile(const struct conf_node *route,
    const char *const parts[], unsigned nparts, struct schemas *,
    struct conf_report *);

/*
 * A reference to an input stands somewhere. place and path as in {body.a.b}:
 * INPUT_BODY and "a.b" ("" for the whole body); {user_id}: INPUT_PATH or
 * INPUT_QUERY by name (see inputs_find). asked: it is {x?}. Returns the
 * input's index for inputs_value, or -1 after a fault at pos (with "did you
 * mean"). The same reference twice is one input.
 */
int inputs_refer(struct inputs *, enum input_place, struct text path,
    bool asked, struct src_pos, struct conf_report *);

/* Is a bare {name} a path part or a declared query input of this route? */
bool inputs_find(const struct inputs *, struct text name,
    enum input_place *place);

/* All bare names, for "did you mean"; closed by NULL. */
const char *const *inputs_names(const struct inputs *);

/* Was `body` declared, or a {body...} referred to? */
bool inputs_take_body(const struct inputs *);

/*
 * While linking: input i is parameter of a statement, of this type. Several
 * uses take the narrowest range; types that cannot agree are a fault at pos.
 * Not for {x?}, which is a bool whatever x is.
 */
void inputs_use(struct inputs *, unsigned i, const struct pg_description *,
    unsigned database, uint32_t oid, struct src_pos, struct conf_report *);

/*
 * Texts for faults by their type (errors.messages), before the link: what a
 * route says goes before what its group or the server says, so call it for
 * the nearest first. text has generation lifetime. -1: no such type.
 */
int inputs_message(struct inputs *, const char *type, const char *text);

/*
 * After all uses are known (description NULL: none was had, undeclared is
 * text): fixes every input's type, checks declared types, ranges, enums and
 * defaults against PostgreSQL's. Faults to the report.
 */
int inputs_link(struct inputs *, const struct pg_description *,
    struct conf_report *);

/* What one request sent: an array of inputs_count values. */
struct input_values;

/*
 * Checks everything. 0: *values (in the arena) is filled, with defaults where
 * nothing was sent. -1: err is ERROR_INVALID with its list in the arena, or
 * ERROR_BAD_REQUEST for a body that is not UTF-8, ERROR_MEDIA_TYPE, ...
 */
int inputs_check(const struct inputs *, const struct run_input *,
    const struct limits_conf *, struct arena *, struct input_values **values,
    struct error *);

struct value inputs_value(const struct input_values *, unsigned i);

/* {x?}: was it there at all, also as null. */
bool inputs_sent(const struct input_values *, unsigned i);

/*
 * The text an SQL parameter of this type gets, at NULL for null: digits as
 * the client wrote them, t/f, {array literals}, JSON bytes for json and
 * jsonb, text unescaped.
 */
const char *inputs_param(const struct input_values *, unsigned i,
    struct arena *);

void inputs_free(struct inputs *);

#endif
