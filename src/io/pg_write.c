/*
 * Writers of PostgreSQL's types as JSON. Values leave as the server printed
 * them wherever JSON allows it: numbers are never read, so that 64 bits and
 * any number of decimals arrive whole. The oids are those of pg_type.dat,
 * which never change.
 */
#include "io/pg_write.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "io/pg_array.h"

struct pg_write_row {
	uint32_t oid, array;		/* array: of its array type, or 0 */
	enum pg_form form;
};

static void
pg_write_null(const struct pg_writer *writer, struct buf *out, struct text text)
{
	(void)writer;
	(void)text;
	buf_add(out, "null", 4);
}

static void
pg_write_number(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	(void)writer;
	buf_add_text(out, text);
}

static void
pg_write_plain(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	char *to = buf_reserve(out, text.len + 2);

	(void)writer;
	*to++ = '"';
	memcpy(to, text.at, text.len);
	to[text.len] = '"';
	out->len += text.len + 2;
}

/* A number ends in a digit, NaN and the infinities in a letter. */
static void
pg_write_float(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	char last = text.len == 0 ? '\0' : text.at[text.len - 1];

	if (last >= '0' && last <= '9')
		buf_add_text(out, text);
	else
		pg_write_plain(writer, out, text);
}

static void
pg_write_bool(const struct pg_writer *writer, struct buf *out, struct text text)
{
	(void)writer;
	if (text.len > 0 && text.at[0] == 't')
		buf_add(out, "true", 4);
	else
		buf_add(out, "false", 5);
}

static void
pg_write_text(const struct pg_writer *writer, struct buf *out, struct text text)
{
	(void)writer;
	buf_add_json(out, text);
}

/*
 * 2024-01-02 03:04:05 becomes 2024-01-02T03:04:05; "infinity" has no blank,
 * and of "0044-03-15 00:00:00 BC" the first is the one.
 */
static void
pg_write_timestamp(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	size_t start = out->len;
	char *blank;

	pg_write_plain(writer, out, text);
	blank = memchr(out->data + start, ' ', out->len - start);
	if (blank != NULL)
		*blank = 'T';
}

/*
 * The offset stands after the time, perhaps before " BC": +hh, +hh:mm or
 * +hh:mm:ss. Only the first of these lacks the minutes that JSON's readers
 * want. A minus before the time is in the date, so the search starts there.
 */
static void
pg_write_timestamptz(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	const char *end = text.at + text.len, *at, *after;
	size_t head;

	at = memchr(text.at, ' ', text.len);
	while (at != NULL && at < end && *at != '+' && *at != '-')
		at++;
	if (at == NULL || end - at < 3 || (end - at > 3 && at[3] == ':')) {
		pg_write_timestamp(writer, out, text);
		return;
	}
	after = at + 3;
	head = (size_t)(after - text.at);
	pg_write_timestamp(writer, out, (struct text){ text.at, head });
	out->len--;
	buf_add(out, ":00", 3);
	buf_add(out, after, (size_t)(end - after));
	buf_add_byte(out, '"');
}

static void
pg_write_vector(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	char *at;

	(void)writer;
	buf_add_byte(out, '[');
	at = buf_reserve(out, text.len);
	for (size_t i = 0; i < text.len; i++)
		at[i] = text.at[i] == ' ' ? ',' : text.at[i];
	out->len += text.len;
	buf_add_byte(out, ']');
}

static void
pg_write_oid_vector(const struct pg_writer *writer, struct buf *out,
    struct text text)
{
	(void)writer;
	buf_add_byte(out, '[');
	for (size_t i = 0; i < text.len; i++) {
		if (i == 0)
			buf_add_byte(out, '"');
		if (text.at[i] == ' ')
			buf_add(out, "\",\"", 3);
		else
			buf_add_byte(out, text.at[i]);
	}
	if (text.len > 0)
		buf_add_byte(out, '"');
	buf_add_byte(out, ']');
}

static const struct pg_writer pg_writers[] = {
	[PG_FORM_NULL] = { pg_write_null, PG_FORM_NULL, 0, NULL },
	[PG_FORM_NUMBER] = { pg_write_number, PG_FORM_NUMBER, 0, NULL },
	[PG_FORM_FLOAT] = { pg_write_float, PG_FORM_FLOAT, 0, NULL },
	[PG_FORM_BOOL] = { pg_write_bool, PG_FORM_BOOL, 0, NULL },
	[PG_FORM_TEXT] = { pg_write_text, PG_FORM_TEXT, 0, NULL },
	[PG_FORM_PLAIN] = { pg_write_plain, PG_FORM_PLAIN, 0, NULL },
	[PG_FORM_TIMESTAMP] = { pg_write_timestamp, PG_FORM_TIMESTAMP, 0,
	    NULL },
	[PG_FORM_TIMESTAMPTZ] = { pg_write_timestamptz, PG_FORM_TIMESTAMPTZ, 0,
	    NULL },
	[PG_FORM_JSON] = { pg_write_number, PG_FORM_JSON, 0, NULL },
	[PG_FORM_VECTOR] = { pg_write_vector, PG_FORM_VECTOR, 0, NULL },
	[PG_FORM_OID_VECTOR] = { pg_write_oid_vector, PG_FORM_OID_VECTOR, 0,
	    NULL },
};

#define PG_ARRAY_OF(form) \
	[form] = { pg_array_write, PG_FORM_ARRAY, ',', &pg_writers[form] }

static const struct pg_writer pg_array_writers[] = {
	PG_ARRAY_OF(PG_FORM_NUMBER),
	PG_ARRAY_OF(PG_FORM_FLOAT),
	PG_ARRAY_OF(PG_FORM_BOOL),
	PG_ARRAY_OF(PG_FORM_TEXT),
	PG_ARRAY_OF(PG_FORM_PLAIN),
	PG_ARRAY_OF(PG_FORM_TIMESTAMP),
	PG_ARRAY_OF(PG_FORM_TIMESTAMPTZ),
	PG_ARRAY_OF(PG_FORM_JSON),
	PG_ARRAY_OF(PG_FORM_VECTOR),
	PG_ARRAY_OF(PG_FORM_OID_VECTOR),
};

/* The one type that is not delimited by a comma, for it contains them. */
static const struct pg_writer pg_box_array_writer = {
	pg_array_write, PG_FORM_ARRAY, ';', &pg_writers[PG_FORM_TEXT]
};

const struct pg_writer pg_writer_text = {
	pg_write_text, PG_FORM_TEXT, 0, NULL
};

/* Sorted by oid. oid itself is a string, as to_json has it. */
static const struct pg_write_row pg_write_rows[] = {
	{ 16, 1000, PG_FORM_BOOL },		/* bool */
	{ 17, 1001, PG_FORM_TEXT },		/* bytea */
	{ 18, 1002, PG_FORM_TEXT },		/* "char" */
	{ 19, 1003, PG_FORM_TEXT },		/* name */
	{ 20, 1016, PG_FORM_NUMBER },		/* int8 */
	{ 21, 1005, PG_FORM_NUMBER },		/* int2 */
	{ 22, 1006, PG_FORM_VECTOR },		/* int2vector */
	{ 23, 1007, PG_FORM_NUMBER },		/* int4 */
	{ 25, 1009, PG_FORM_TEXT },		/* text */
	{ 26, 1028, PG_FORM_PLAIN },		/* oid */
	{ 30, 1013, PG_FORM_OID_VECTOR },	/* oidvector */
	{ 114, 199, PG_FORM_JSON },		/* json */
	{ 142, 143, PG_FORM_TEXT },		/* xml */
	{ 600, 1017, PG_FORM_PLAIN },		/* point */
	{ 603, 1020, PG_FORM_PLAIN },		/* box */
	{ 650, 651, PG_FORM_PLAIN },		/* cidr */
	{ 700, 1021, PG_FORM_FLOAT },		/* float4 */
	{ 701, 1022, PG_FORM_FLOAT },		/* float8 */
	{ 705, 0, PG_FORM_TEXT },		/* unknown */
	{ 790, 791, PG_FORM_TEXT },		/* money */
	{ 829, 1040, PG_FORM_PLAIN },		/* macaddr */
	{ 869, 1041, PG_FORM_PLAIN },		/* inet */
	{ 1042, 1014, PG_FORM_TEXT },		/* bpchar */
	{ 1043, 1015, PG_FORM_TEXT },		/* varchar */
	{ 1082, 1182, PG_FORM_PLAIN },		/* date */
	{ 1083, 1183, PG_FORM_PLAIN },		/* time */
	{ 1114, 1115, PG_FORM_TIMESTAMP },	/* timestamp */
	{ 1184, 1185, PG_FORM_TIMESTAMPTZ },	/* timestamptz */
	{ 1186, 1187, PG_FORM_PLAIN },		/* interval */
	{ 1266, 1270, PG_FORM_PLAIN },		/* timetz */
	{ 1560, 1561, PG_FORM_PLAIN },		/* bit */
	{ 1562, 1563, PG_FORM_PLAIN },		/* varbit */
	{ 1700, 1231, PG_FORM_FLOAT },		/* numeric */
	{ 2278, 0, PG_FORM_NULL },		/* void */
	{ 2950, 2951, PG_FORM_PLAIN },		/* uuid */
	{ 3220, 3221, PG_FORM_PLAIN },		/* pg_lsn */
	{ 3802, 3807, PG_FORM_JSON },		/* jsonb */
};

static int
pg_write_row_compare(const void *key, const void *row)
{
	uint32_t oid = *(const uint32_t *)key;
	uint32_t other = ((const struct pg_write_row *)row)->oid;

	return oid < other ? -1 : oid > other;
}

const struct pg_writer *
pg_writer_find(uint32_t oid)
{
	const struct pg_write_row *row;

	row = bsearch(&oid, pg_write_rows, ARRAY_LEN(pg_write_rows),
	    sizeof(pg_write_rows[0]), pg_write_row_compare);
	if (row != NULL)
		return &pg_writers[row->form];
	if (oid == 1020)
		return &pg_box_array_writer;
	for (size_t i = 0; i < ARRAY_LEN(pg_write_rows); i++) {
		row = &pg_write_rows[i];
		if (row->array == oid && oid != 0)
			return &pg_array_writers[row->form];
	}
	return NULL;
}

void
pg_writer_init_array(struct pg_writer *writer, const struct pg_writer *element,
    char delimiter)
{
	*writer = (struct pg_writer){ pg_array_write, PG_FORM_ARRAY, delimiter,
	    element };
}
