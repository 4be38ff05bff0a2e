#ifndef MUSTER_IO_PG_IMAGE_H
#define MUSTER_IO_PG_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/error.h"

struct pg_statement;

/*
 * The bytes of a description (pg_description.h): a head, then parts, each an
 * array of one kind of record. Records refer to others by index, to texts by
 * their offset in the part of strings; there is no pointer. Made by the
 * describer, read by pg_description.c. Both are one binary: the version guards
 * against an older one that reads over an upgrade.
 */
#define PG_IMAGE_MAGIC "mustdesc"
#define PG_IMAGE_VERSION 1

enum pg_image_kind {
	PG_IMAGE_DATABASES, PG_IMAGE_STATEMENTS, PG_IMAGE_PARAMS,
	PG_IMAGE_COLUMNS, PG_IMAGE_TYPES, PG_IMAGE_CONSTRAINTS,
	PG_IMAGE_NAMES,		/* offsets of strings, for lists of these */
	PG_IMAGE_STRINGS,	/* bytes; each string is closed by NUL */
	PG_IMAGE_KINDS
};

struct pg_image_part {
	uint32_t offset;	/* from the image's start, a multiple of 8 */
	uint32_t count;		/* records */
};

struct pg_image_head {
	char magic[8];
	uint32_t version;
	uint32_t size;		/* of the whole, in bytes */
	uint64_t hash;		/* of the statements that were described */
	struct pg_image_part parts[PG_IMAGE_KINDS];
};

/* A run of records of another part. */
struct pg_image_run {
	uint32_t first, count;
};

/* Types are sorted by oid, constraints by name (strcmp), both unique. */
struct pg_image_database {
	struct pg_image_run types, constraints;
	uint32_t max_connections;
};

struct pg_image_statement {
	struct pg_image_run params, columns;
	uint32_t described;	/* 0: it was refused */
};

struct pg_image_param {
	uint32_t oid;
};

struct pg_image_column {
	uint32_t name, oid, table;
	int32_t mod;
	int16_t attribute;
	uint16_t not_null;
};

struct pg_image_type {
	uint32_t oid, name, base, element;
	int32_t base_mod;
	struct pg_image_run labels;
	uint8_t kind;		/* enum pg_type_kind */
	uint8_t not_null;
	char category, delimiter;
};

struct pg_image_constraint {
	uint32_t name, table;
	struct pg_image_run columns;
	uint32_t kind;
};

extern const size_t pg_image_sizes[PG_IMAGE_KINDS];

/* Which statements: their texts, databases and numbers of parameters. */
uint64_t pg_image_hash(struct pg_statement *const statements[], unsigned n);

/* An image that grows. Zeroed is empty; pg_image_release when done. */
struct pg_image {
	struct buf parts[PG_IMAGE_KINDS];
	uint64_t hash;
};

/* Adds a copy of a record of this kind; returns its index. */
uint32_t pg_image_add(struct pg_image *, enum pg_image_kind,
    const void *record);
uint32_t pg_image_count(const struct pg_image *, enum pg_image_kind);

/* Valid until the next record of this kind is added. */
void *pg_image_at(struct pg_image *, enum pg_image_kind, uint32_t index);

uint32_t pg_image_string(struct pg_image *, const char *);
const char *pg_image_string_at(const struct pg_image *, uint32_t offset);

/* fd: an empty memfd made with MFD_ALLOW_SEALING. It is sealed then. */
int pg_image_write(const struct pg_image *, int fd, struct error *) MUST_USE;
void pg_image_release(struct pg_image *);

#endif
