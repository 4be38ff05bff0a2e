#ifndef MUSTER_PLAN_SCHEMA_H
#define MUSTER_PLAN_SCHEMA_H

#include "base/text.h"

struct conf_node;
struct conf_report;
struct conf_section;

/*
 * What a value must be: a scalar of a PostgreSQL type with JSON Schema's
 * words as constraints (minimum max_length pattern format enum default ...),
 * an object of named fields, or a list. Declared in server.conf under types,
 * query and body; types that are not declared come from the statements a
 * value goes into, when the description is linked. Generation lifetime: the
 * tree of server.conf must outlive them.
 */
struct schema;
struct schemas;			/* the section `types`: schemas by name */

/* types may be NULL: there are none. Never NULL. */
struct schemas *schemas_compile(const struct conf_node *types,
    struct conf_report *);
const struct schema *schemas_find(const struct schemas *, const char *name);
void schemas_free(struct schemas *);

/*
 * Keys of a value: an input under path, query, header or cookie, a field of a
 * type or of a body. type_section: what a type and a body may say as well.
 */
extern const struct conf_section input_section, type_section;

#endif
