#ifndef MUSTER_PLAN_TEMPLATE_H
#define MUSTER_PLAN_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/value.h"

struct binding;
struct binding_source;
struct conf_node;
struct scope;

/*
 * A value of server.conf with {references} in it, made of constant bytes and
 * what goes between them. As JSON (`reply`, `else`): groups and lists stay
 * what they are, a string that is one reference keeps its type, another one
 * is a text. As a text (header fields). Generation lifetime.
 */
struct template;

/* Where a writer stands; zeroed at first. */
struct template_at {
	unsigned step;
	bool begun;		/* value is the step's */
	struct value value;
	size_t at;		/* value_write's */
};

/* NULL after a fault. Memory is the scope's arena's. */
struct template *template_compile(const struct conf_node *, struct scope *);
struct template *template_compile_text(const struct conf_node *,
    struct scope *);

/* Its bytes, when nothing in it depends on a request; at NULL else. */
struct text template_constant(const struct template *);

/* The one reference it consists of, which keeps its type; NULL else. */
const struct binding *template_exact(const struct template *);

/*
 * Appends JSON until out holds mark bytes or all is written: then true.
 * Values lie in the source's arena.
 */
bool template_write(const struct template *, const struct binding_source *,
    struct buf *out, size_t mark, struct template_at *);

/* Of a template compiled as a text: into the source's arena. */
struct text template_text(const struct template *,
    const struct binding_source *);

#endif
