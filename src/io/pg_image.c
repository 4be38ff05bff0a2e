/*
 * A description on its way from the describer to those who serve: records in
 * buffers, one a kind, written behind each other behind a head.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* F_ADD_SEALS */
#endif
#include "io/pg_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/pg_statement.h"

const size_t pg_image_sizes[PG_IMAGE_KINDS] = {
	[PG_IMAGE_DATABASES] = sizeof(struct pg_image_database),
	[PG_IMAGE_STATEMENTS] = sizeof(struct pg_image_statement),
	[PG_IMAGE_PARAMS] = sizeof(struct pg_image_param),
	[PG_IMAGE_COLUMNS] = sizeof(struct pg_image_column),
	[PG_IMAGE_TYPES] = sizeof(struct pg_image_type),
	[PG_IMAGE_CONSTRAINTS] = sizeof(struct pg_image_constraint),
	[PG_IMAGE_NAMES] = sizeof(uint32_t),
	[PG_IMAGE_STRINGS] = 1,
};

/* FNV-1a, 64 bits. */
static uint64_t
pg_image_hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	return hash;
}

uint64_t
pg_image_hash(struct pg_statement *const statements[], unsigned n)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	hash = pg_image_hash_bytes(hash, &n, sizeof(n));
	for (unsigned i = 0; i < n; i++) {
		const struct pg_statement *statement = statements[i];
		unsigned numbers[2] = { statement->database,
			statement->nparams };

		hash = pg_image_hash_bytes(hash, numbers, sizeof(numbers));
		hash = pg_image_hash_bytes(hash, statement->sql,
		    strlen(statement->sql) + 1);
	}
	return hash;
}

uint32_t
pg_image_count(const struct pg_image *image, enum pg_image_kind kind)
{
	return (uint32_t)(image->parts[kind].len / pg_image_sizes[kind]);
}

uint32_t
pg_image_add(struct pg_image *image, enum pg_image_kind kind,
    const void *record)
{
	uint32_t index = pg_image_count(image, kind);

	buf_add(&image->parts[kind], record, pg_image_sizes[kind]);
	return index;
}

void *
pg_image_at(struct pg_image *image, enum pg_image_kind kind, uint32_t index)
{
	return image->parts[kind].data + index * pg_image_sizes[kind];
}

uint32_t
pg_image_string(struct pg_image *image, const char *string)
{
	struct buf *strings = &image->parts[PG_IMAGE_STRINGS];
	uint32_t offset = (uint32_t)strings->len;

	buf_add(strings, string, strlen(string) + 1);
	return offset;
}

const char *
pg_image_string_at(const struct pg_image *image, uint32_t offset)
{
	return image->parts[PG_IMAGE_STRINGS].data + offset;
}

static void
pg_image_assemble(const struct pg_image *image, struct buf *whole)
{
	static const char zeros[8];
	struct pg_image_head head = { .version = PG_IMAGE_VERSION,
		.hash = image->hash };

	memcpy(head.magic, PG_IMAGE_MAGIC, sizeof(head.magic));
	buf_add(whole, &head, sizeof(head));
	for (int kind = 0; kind < PG_IMAGE_KINDS; kind++) {
		buf_add(whole, zeros, -whole->len % 8);
		head.parts[kind].offset = (uint32_t)whole->len;
		head.parts[kind].count = pg_image_count(image,
		    (enum pg_image_kind)kind);
		buf_add(whole, image->parts[kind].data,
		    image->parts[kind].len);
	}
	head.size = (uint32_t)whole->len;
	memcpy(whole->data, &head, sizeof(head));
}

static int
pg_image_write_all(int fd, const char *bytes, size_t len)
{
	size_t done = 0;

	if (ftruncate(fd, 0) != 0)
		return -1;
	while (done < len) {
		ssize_t n = pwrite(fd, bytes + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return fcntl(fd, F_ADD_SEALS,
	    F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

int
pg_image_write(const struct pg_image *image, int fd, struct error *err)
{
	struct buf whole = { NULL, 0, 0 };
	int status;

	pg_image_assemble(image, &whole);
	if (whole.len > UINT32_MAX) {
		errno = EFBIG;
		status = -1;
	} else {
		status = pg_image_write_all(fd, whole.data, whole.len);
	}
	buf_release(&whole);
	if (status == 0)
		return 0;
	error_set(err, ERROR_INTERNAL, NULL);
	error_detail(err, "could not write the description: %s",
	    strerror(errno));
	return -1;
}

void
pg_image_release(struct pg_image *image)
{
	for (int kind = 0; kind < PG_IMAGE_KINDS; kind++)
		buf_release(&image->parts[kind]);
}
