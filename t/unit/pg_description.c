/*
 * A description written and mapped without a server: what goes in comes out,
 * and bytes that are no description are refused.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memfd_create */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "io/pg_description.h"
#include "io/pg_image.h"
#include "io/pg_rows.h"
#include "io/pg_statement.h"

static struct pg_statement one = { .index = 0, .name = "m0",
	.sql = "SELECT mood FROM people WHERE id = $1", .nparams = 1 };
static struct pg_statement two = { .index = 1, .name = "m1",
	.sql = "SELEKT 1" };
static struct pg_statement *const statements[] = { &one, &two };

static void
image_add_types(struct pg_image *image, struct pg_image_database *database)
{
	struct pg_image_type type = { .oid = 23, .category = 'N',
		.kind = PG_TYPE_BASE, .base_mod = -1 };
	uint32_t label;

	type.name = pg_image_string(image, "integer");
	pg_image_add(image, PG_IMAGE_TYPES, &type);
	type = (struct pg_image_type){ .oid = 5000, .category = 'E',
		.kind = PG_TYPE_ENUM, .base_mod = -1 };
	type.name = pg_image_string(image, "mood");
	type.labels = (struct pg_image_run){ 0, 2 };
	label = pg_image_string(image, "sad");
	pg_image_add(image, PG_IMAGE_NAMES, &label);
	label = pg_image_string(image, "happy");
	pg_image_add(image, PG_IMAGE_NAMES, &label);
	pg_image_add(image, PG_IMAGE_TYPES, &type);
	type = (struct pg_image_type){ .oid = 5001, .category = 'A',
		.kind = PG_TYPE_ARRAY, .element = 5000, .delimiter = ',' };
	type.name = pg_image_string(image, "mood[]");
	pg_image_add(image, PG_IMAGE_TYPES, &type);
	database->types = (struct pg_image_run){ 0, 3 };
}

static void
image_add_constraint(struct pg_image *image, const char *name,
    const char *column)
{
	struct pg_image_constraint constraint = { .kind = 'u' };
	uint32_t offset = pg_image_string(image, column);

	constraint.name = pg_image_string(image, name);
	constraint.table = pg_image_string(image, "people");
	constraint.columns.first = pg_image_add(image, PG_IMAGE_NAMES,
	    &offset);
	constraint.columns.count = 1;
	pg_image_add(image, PG_IMAGE_CONSTRAINTS, &constraint);
}

static void
image_make(struct pg_image *image)
{
	struct pg_image_database database = { .max_connections = 97 };
	struct pg_image_statement statement = { .described = 1,
		.params = { 0, 1 }, .columns = { 0, 1 } };
	struct pg_image_column column = { .oid = 5001, .table = 4711,
		.mod = -1, .attribute = 2, .not_null = 1 };
	struct pg_image_param param = { 23 };

	memset(image, 0, sizeof(*image));
	image->hash = pg_image_hash(statements, 2);
	image_add_types(image, &database);
	image_add_constraint(image, "people_id_key", "id");
	image_add_constraint(image, "people_name_key", "name");
	database.constraints = (struct pg_image_run){ 0, 2 };
	pg_image_add(image, PG_IMAGE_DATABASES, &database);
	pg_image_add(image, PG_IMAGE_STATEMENTS, &statement);
	statement = (struct pg_image_statement){ .described = 0 };
	pg_image_add(image, PG_IMAGE_STATEMENTS, &statement);
	pg_image_add(image, PG_IMAGE_PARAMS, &param);
	column.name = pg_image_string(image, "moods");
	pg_image_add(image, PG_IMAGE_COLUMNS, &column);
}

static int
memfd_new(void)
{
	int fd = memfd_create("description", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	return fd;
}

static int
image_write(void)
{
	struct error err = { 0 };
	struct pg_image image;
	int fd = memfd_new();

	image_make(&image);
	assert_int_equal(pg_image_write(&image, fd, &err), 0);
	pg_image_release(&image);
	return fd;
}

static void
what_was_written_is_found(void **state)
{
	struct error err = { 0 };
	int fd = image_write();
	struct pg_description *description = pg_description_map(fd, &err);
	const struct pg_statement_type *type;
	const struct pg_constraint *constraint;
	const struct pg_type *mood;

	(void)state;
	assert_non_null(description);
	close(fd);
	type = pg_description_statement(description, 0);
	assert_int_equal(type->nparams, 1);
	assert_int_equal(type->params[0].oid, 23);
	assert_int_equal(type->ncolumns, 1);
	assert_string_equal(type->columns[0].name, "moods");
	assert_int_equal(type->columns[0].table, 4711);
	assert_true(type->columns[0].not_null);
	assert_null(pg_description_statement(description, 1));
	assert_null(pg_description_statement(description, 2));
	mood = pg_description_type(description, 0, 5000);
	assert_int_equal(mood->kind, PG_TYPE_ENUM);
	assert_string_equal(mood->name, "mood");
	assert_int_equal(mood->nlabels, 2);
	assert_string_equal(mood->labels[1], "happy");
	assert_null(pg_description_type(description, 0, 24));
	assert_null(pg_description_type(description, 1, 23));
	constraint = pg_description_constraint(description, 0,
	    "people_name_key");
	assert_string_equal(constraint->table, "people");
	assert_string_equal(constraint->columns[0], "name");
	assert_null(pg_description_constraint(description, 0, "people"));
	assert_int_equal(pg_description_max_connections(description), 97);
	pg_description_free(description);
}

static void
statements_are_linked_by_their_texts(void **state)
{
	struct error err = { 0 };
	int fd = image_write();
	struct pg_description *description = pg_description_map(fd, &err);
	const char *sql = one.sql;

	(void)state;
	close(fd);
	/* Twice: a generation may get a newer description. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(pg_description_link(description, statements,
		    2, &err), 0);
	assert_int_equal(one.type->nparams, 1);
	assert_int_equal(pg_columns_find(one.columns, TEXT("moods")), 0);
	assert_null(two.type);
	assert_null(two.columns);
	one.sql = "SELECT 1 WHERE $1";
	assert_int_equal(pg_description_link(description, statements, 2, &err),
	    -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	one.sql = sql;
	assert_int_equal(pg_description_link(description, statements, 1, &err),
	    -1);
	pg_columns_free((struct pg_columns *)(uintptr_t)one.columns);
	one.columns = NULL;
	pg_description_free(description);
}

static void
a_description_cannot_be_changed(void **state)
{
	int fd = image_write();

	(void)state;
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0), MAP_FAILED);
	close(fd);
}

static void
a_file_that_cannot_be_sealed_is_an_error(void **state)
{
	struct error err = { 0 };
	struct pg_image image;
	int fd = memfd_create("plain", MFD_CLOEXEC);

	(void)state;
	image_make(&image);
	assert_int_equal(pg_image_write(&image, fd, &err), -1);
	assert_int_equal(err.code, ERROR_INTERNAL);
	pg_image_release(&image);
	close(fd);
}

/* Maps these bytes; returns whether they were taken. */
static int
bytes_are_taken(const char *bytes, size_t len)
{
	struct error err = { 0 };
	struct pg_description *description;
	int fd = memfd_new();

	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	description = pg_description_map(fd, &err);
	close(fd);
	if (description == NULL)
		return 0;
	/* Whatever it says, looking must not leave it. */
	for (uint32_t oid = 0; oid < 6000; oid++)
		pg_description_type(description, 0, oid);
	pg_description_constraint(description, 0, "people_id_key");
	for (unsigned i = 0; i < 3; i++)
		pg_description_statement(description, i);
	pg_description_free(description);
	return 1;
}

static void
other_bytes_are_refused(void **state)
{
	static char bytes[4096];
	int fd = image_write();
	ssize_t len = pread(fd, bytes, sizeof(bytes), 0);
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(len, st.st_size);
	close(fd);
	assert_int_equal(bytes_are_taken(bytes, (size_t)len), 1);
	for (size_t n = 0; n < (size_t)len; n++)
		assert_int_equal(bytes_are_taken(bytes, n), 0);
	for (size_t i = 0; i < (size_t)len; i++) {
		char was = bytes[i];

		bytes[i] = (char)(was ^ 0xff);
		bytes_are_taken(bytes, (size_t)len);
		bytes[i] = was;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_found),
		cmocka_unit_test(statements_are_linked_by_their_texts),
		cmocka_unit_test(a_description_cannot_be_changed),
		cmocka_unit_test(a_file_that_cannot_be_sealed_is_an_error),
		cmocka_unit_test(other_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
