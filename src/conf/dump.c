/*
 * -T: settings as server.conf would hold them. What prints can be read again,
 * but for secrets, which are masked here and nowhere else.
 */
#include <inttypes.h>
#include <string.h>

#include "conf/key.h"
#include "conf/tree.h"

#define DUMP_MASK "\"***\""

static void
dump_indent(unsigned indent, FILE *out)
{
	fprintf(out, "%*s", (int)indent, "");
}

static void
dump_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else if (byte == '\n')
			fputs("\\n", out);
		else if (byte == '\t')
			fputs("\\t", out);
		else if (byte < ' ' || byte == 0x7f)
			fprintf(out, "\\x%02x", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

static void dump_value(const struct conf_node *, unsigned indent, FILE *);

static void
dump_members(const struct conf_node *node, unsigned indent, FILE *out)
{
	uint32_t i;

	for (i = 0; i < node->count; i++)
		conf_node_dump(node->members[i], indent, out);
}

static void
dump_elements(const struct conf_node *node, unsigned indent, FILE *out)
{
	uint32_t i;

	fputs(node->kind == CONF_LIST ? "(" : "[", out);
	for (i = 0; i < node->count; i++) {
		fputs(i == 0 ? " " : ", ", out);
		dump_value(node->members[i], indent, out);
	}
	fputs(node->kind == CONF_LIST ? " )" : " ]", out);
}

static void
dump_value(const struct conf_node *node, unsigned indent, FILE *out)
{
	if (node->secret) {
		fputs(DUMP_MASK, out);
		return;
	}
	switch ((enum conf_kind)node->kind) {
	case CONF_GROUP:
		fputs("{\n", out);
		dump_members(node, indent + 2, out);
		dump_indent(indent, out);
		fputc('}', out);
		break;
	case CONF_LIST:
	case CONF_ARRAY:
		dump_elements(node, indent, out);
		break;
	case CONF_STRING:
		dump_string(node->text, out);
		break;
	case CONF_INTEGER:
	case CONF_FLOAT:
	case CONF_BOOLEAN:
		fputs(node->text, out);
		break;
	}
}

void
conf_node_dump(const struct conf_node *node, unsigned indent, FILE *out)
{
	if (node->name == NULL) {
		dump_members(node, indent, out);
		return;
	}
	dump_indent(indent, out);
	fprintf(out, "%s%s = ", node->starred ? "*" : "", node->name);
	dump_value(node, indent, out);
	fputs(";\n", out);
}

/* NULL when the key's value is shown elsewhere, or not set. */
static const struct conf_node *
dump_node_of(const struct conf_key *key, const void *field)
{
	const struct conf_node *node = *(const struct conf_node *const *)field;

	if (node == NULL || (key->type == CONF_TYPE_NODE &&
	    node->kind == CONF_GROUP))
		return NULL;
	return node;
}

static void
dump_quantity(const struct conf_key *key, int64_t value, FILE *out)
{
	char text[CONF_QUANTITY_LEN];

	if (key->type == CONF_TYPE_TIME)
		conf_time_print(value, text);
	else
		conf_size_print(value, text);
	fprintf(out, "\"%s\"", text);
}

static void
dump_field(const struct conf_key *key, const void *field, unsigned indent,
    FILE *out)
{
	switch (key->type) {
	case CONF_TYPE_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case CONF_TYPE_COUNT:
		fprintf(out, "%" PRId64, *(const int64_t *)field);
		break;
	case CONF_TYPE_TIME:
	case CONF_TYPE_SIZE:
		dump_quantity(key, *(const int64_t *)field, out);
		break;
	case CONF_TYPE_STRING:
		dump_string(*(const char *const *)field, out);
		break;
	case CONF_TYPE_ENUM:
		dump_string(key->choices[*(const int *)field], out);
		break;
	case CONF_TYPE_STRINGS:
	case CONF_TYPE_NODE:
		dump_value(dump_node_of(key, field), indent, out);
		break;
	}
}

static bool
dump_has(const struct conf_key *key, const void *field)
{
	switch (key->type) {
	case CONF_TYPE_STRING:
		return *(const char *const *)field != NULL;
	case CONF_TYPE_STRINGS:
	case CONF_TYPE_NODE:
		return dump_node_of(key, field) != NULL;
	case CONF_TYPE_BOOL:
	case CONF_TYPE_COUNT:
	case CONF_TYPE_TIME:
	case CONF_TYPE_SIZE:
	case CONF_TYPE_ENUM:
		break;
	}
	return true;
}

static void
dump_key(const struct conf_key *key, const void *field, unsigned indent,
    FILE *out)
{
	if (!dump_has(key, field))
		return;
	dump_indent(indent, out);
	fprintf(out, "%s = ", key->name);
	if (key->flags & CONF_SECRET)
		fputs(DUMP_MASK, out);
	else
		dump_field(key, field, indent, out);
	fputs(";\n", out);
}

void
conf_section_dump(const struct conf_into *into, size_t n, unsigned indent,
    FILE *out)
{
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < into[i].section->nkeys; j++) {
			const struct conf_key *key =
			    &into[i].section->keys[j];

			dump_key(key, (const char *)into[i].settings + key->at,
			    indent, out);
		}
}

void
conf_group_dump(const char *name, const struct conf_into *into, size_t n,
    unsigned indent, FILE *out)
{
	dump_indent(indent, out);
	fprintf(out, "%s = {\n", name);
	conf_section_dump(into, n, indent + 2, out);
	dump_indent(indent, out);
	fputs("};\n", out);
}
