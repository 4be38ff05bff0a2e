/*
 * Results as values, on PGresults made by hand: lists that are written piece
 * by piece, cells, and a result that is not what was described.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/value.h"
#include "io/pg_description.h"
#include "io/pg_result.h"
#include "io/pg_rows.h"

#define NCOLUMNS 5

static const struct pg_column_type users[NCOLUMNS] = {
	{ .name = "id", .oid = 23, .mod = -1 },
	{ .name = "user\"name", .oid = 25, .mod = -1 },
	{ .name = "active", .oid = 16, .mod = -1 },
	{ .name = "made", .oid = 1114, .mod = -1 },
	{ .name = "tags", .oid = 1009, .mod = -1 },
};

static const struct pg_statement_type users_type = {
	.ncolumns = NCOLUMNS, .columns = users
};

static const char *const users_rows[][NCOLUMNS] = {
	{ "1", "ann", "t", "2024-01-02 03:04:05", "{a,b}" },
	{ "2", NULL, "f", NULL, "{}" },
	{ "3", "c\"c", NULL, "infinity", NULL },
};

static const char users_json[] =
	"[{\"id\":1,\"user\\\"name\":\"ann\",\"active\":true,"
	"\"made\":\"2024-01-02T03:04:05\",\"tags\":[\"a\",\"b\"]},"
	"{\"id\":2,\"user\\\"name\":null,\"active\":false,\"made\":null,"
	"\"tags\":[]},"
	"{\"id\":3,\"user\\\"name\":\"c\\\"c\",\"active\":null,"
	"\"made\":\"infinity\",\"tags\":null}]";

/* Columns first .. first+n-1 of these types, in the order of at. */
static PGresult *
result_of(const struct pg_column_type *types, int n)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[NCOLUMNS];

	memset(columns, 0, sizeof(columns));
	for (int i = 0; i < n; i++) {
		columns[i].name = (char *)(uintptr_t)types[i].name;
		columns[i].typid = types[i].oid;
		columns[i].typlen = -1;
		columns[i].atttypmod = -1;
	}
	assert_int_equal(PQsetResultAttrs(result, n, columns), 1);
	return result;
}

static void
result_set(PGresult *result, int row, int column, const char *text)
{
	assert_int_equal(PQsetvalue(result, row, column,
	    (char *)(uintptr_t)text, text == NULL ? -1 : (int)strlen(text)),
	    1);
}

static PGresult *
users_result(void)
{
	PGresult *result = result_of(users, NCOLUMNS);

	for (size_t row = 0; row < ARRAY_LEN(users_rows); row++) {
		for (int i = 0; i < NCOLUMNS; i++)
			result_set(result, (int)row, i, users_rows[row][i]);
	}
	return result;
}

static void
assert_json(struct value value, const char *json)
{
	struct buf out = { NULL, 0, 0 };

	value_write_all(&value, &out);
	buf_add_byte(&out, '\0');
	assert_string_equal(out.data, json);
	buf_release(&out);
}

static void
a_list_is_an_array_of_objects(void **state)
{
	struct pg_columns *columns = pg_columns_new(NULL, 0, &users_type);
	struct pg_rows *rows = pg_rows_new(users_result(), columns);
	struct pg_rows *empty = pg_rows_new(result_of(users, NCOLUMNS),
	    columns);
	struct value list = pg_rows_list(rows);

	(void)state;
	assert_int_equal(pg_columns_count(columns), NCOLUMNS);
	assert_int_equal(pg_columns_find(columns, TEXT("active")), 2);
	assert_int_equal(pg_columns_find(columns, TEXT("activ")), -1);
	assert_int_equal(pg_rows_count(rows), 3);
	assert_int_equal(value_count(&list), 3);
	assert_json(list, users_json);
	assert_json(pg_rows_list(empty), "[]");
	assert_true(pg_rows_bytes(rows) > 100);
	pg_rows_free(rows);
	pg_rows_free(empty);
	pg_columns_free(columns);
}

static void
a_list_goes_on_where_it_stopped(void **state)
{
	struct pg_columns *columns = pg_columns_new(NULL, 0, &users_type);
	struct pg_rows *rows = pg_rows_new(users_result(), columns);
	struct value list = pg_rows_list(rows);

	(void)state;
	for (size_t mark = 0; mark < 200; mark++) {
		struct buf out = { NULL, 0, 0 }, all = { NULL, 0, 0 };
		size_t at = 0;
		unsigned calls = 1;

		while (!value_write(&list, &out, mark, &at)) {
			assert_true(out.len >= mark);
			buf_add(&all, out.data, out.len);
			out.len = 0;
			assert_true(++calls <= 3);
		}
		buf_add(&all, out.data, out.len);
		buf_add_byte(&all, '\0');
		assert_string_equal(all.data, users_json);
		/* The shortest row has more than 60 bytes. */
		if (mark < 60)
			assert_int_equal(calls, 3);
		buf_release(&out);
		buf_release(&all);
	}
	pg_rows_free(rows);
	pg_columns_free(columns);
}

static void
a_row_has_members_and_elements(void **state)
{
	struct pg_columns *columns = pg_columns_new(NULL, 0, &users_type);
	struct pg_rows *rows = pg_rows_new(users_result(), columns);
	struct value list = pg_rows_list(rows), row = pg_rows_row(rows, 1);
	struct value none = pg_rows_row(rows, 3);

	(void)state;
	assert_true(value_is_null(&none));
	assert_json(row, "{\"id\":2,\"user\\\"name\":null,\"active\":false,"
	    "\"made\":null,\"tags\":[]}");
	assert_json(value_member(&row, TEXT("id")), "2");
	assert_json(value_member(&row, TEXT("user\"name")), "null");
	assert_json(value_member(&row, TEXT("nobody")), "null");
	assert_json(value_element(&row, 2), "false");
	assert_json(value_element(&row, 5), "null");
	row = value_element(&list, 2);
	assert_json(value_member(&row, TEXT("user\"name")), "\"c\\\"c\"");
	pg_rows_free(rows);
	pg_columns_free(columns);
}

static void
a_cell_is_a_scalar_with_the_servers_text(void **state)
{
	struct pg_columns *columns = pg_columns_new(NULL, 0, &users_type);
	struct pg_rows *rows = pg_rows_new(users_result(), columns);
	struct arena *arena = arena_new();
	struct value cell;

	(void)state;
	cell = pg_rows_cell(rows, 0, 0);
	assert_ptr_equal(cell.type, &value_type_number);
	cell = pg_rows_cell(rows, 0, 1);
	assert_ptr_equal(cell.type, &value_type_text);
	cell = pg_rows_cell(rows, 0, 2);
	assert_ptr_equal(cell.type, &value_type_bool);
	cell = pg_rows_cell(rows, 1, 1);
	assert_true(value_is_null(&cell));
	cell = pg_rows_cell(rows, 0, 3);
	assert_json(cell, "\"2024-01-02T03:04:05\"");
	assert_string_equal(value_to_text(&cell, arena).at,
	    "2024-01-02 03:04:05");
	cell = pg_rows_cell(rows, 0, 4);
	assert_json(cell, "[\"a\",\"b\"]");
	assert_int_equal(value_count(&cell), 2);
	assert_string_equal(value_to_text(&cell, arena).at, "{a,b}");
	cell = pg_rows_row(rows, 1);
	assert_string_equal(value_to_text(&cell, arena).at,
	    "{\"id\":2,\"user\\\"name\":null,\"active\":false,"
	    "\"made\":null,\"tags\":[]}");
	cell = pg_rows_cell(rows, 3, 0);
	assert_true(value_is_null(&cell));
	cell = pg_rows_cell(rows, 0, NCOLUMNS);
	assert_true(value_is_null(&cell));
	arena_free(arena);
	pg_rows_free(rows);
	pg_columns_free(columns);
}

/* The schema changed: id is text now, a column moved, one is gone. */
static void
a_result_unlike_its_description_is_served_as_itself(void **state)
{
	static const struct pg_column_type changed[] = {
		{ .name = "made", .oid = 1114 },
		{ .name = "id", .oid = 25 },
		{ .name = "extra", .oid = 99999 },
	};
	struct pg_columns *columns = pg_columns_new(NULL, 0, &users_type);
	PGresult *result = result_of(changed, 3);
	struct pg_rows *rows;

	(void)state;
	result_set(result, 0, 0, "2024-01-02 03:04:05");
	result_set(result, 0, 1, "7");
	result_set(result, 0, 2, "x\"y");
	rows = pg_rows_new(result, columns);
	assert_json(pg_rows_list(rows), "[{\"made\":\"2024-01-02T03:04:05\","
	    "\"id\":\"7\",\"extra\":\"x\\\"y\"}]");
	assert_json(pg_rows_cell(rows, 0, 0), "\"7\"");
	assert_json(pg_rows_cell(rows, 0, 1), "null");
	assert_json(pg_rows_cell(rows, 0, 3), "\"2024-01-02T03:04:05\"");
	pg_rows_free(rows);
	pg_columns_free(columns);
}

static void
a_command_without_rows_is_an_empty_list(void **state)
{
	static const struct pg_statement_type nothing = { .ncolumns = 0 };
	struct pg_columns *columns = pg_columns_new(NULL, 0, &nothing);
	struct pg_rows *rows = pg_rows_new(
	    PQmakeEmptyPGresult(NULL, PGRES_COMMAND_OK), columns);
	struct value row = pg_rows_row(rows, 0);

	(void)state;
	assert_json(pg_rows_list(rows), "[]");
	assert_true(value_is_null(&row));
	assert_int_equal(pg_rows_affected(rows), 0);
	pg_rows_free(rows);
	pg_columns_free(columns);
	pg_rows_free(NULL);
	pg_columns_free(NULL);
}

/* Some 100 ns; the bound leaves room for valgrind on a busy machine. */
static void
writing_a_row_costs_little(void **state)
{
	struct pg_columns *columns = pg_columns_new(NULL, 0, &users_type);
	struct pg_rows *rows = pg_rows_new(users_result(), columns);
	struct value row = pg_rows_row(rows, 0);
	struct buf out = { NULL, 0, 0 };
	int64_t best = INT64_MAX;

	(void)state;
	for (int run = 0; run < 20; run++) {
		int64_t start = clock_us();

		for (int i = 0; i < 1000; i++) {
			out.len = 0;
			value_write_all(&row, &out);
		}
		start = clock_us() - start;
		if (start < best)
			best = start;
	}
	print_message("a row of %d columns: %lld ns\n", NCOLUMNS,
	    (long long)best);
	assert_true(best < 20000);
	buf_release(&out);
	pg_rows_free(rows);
	pg_columns_free(columns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_an_array_of_objects),
		cmocka_unit_test(a_list_goes_on_where_it_stopped),
		cmocka_unit_test(a_row_has_members_and_elements),
		cmocka_unit_test(a_cell_is_a_scalar_with_the_servers_text),
		cmocka_unit_test(
		    a_result_unlike_its_description_is_served_as_itself),
		cmocka_unit_test(a_command_without_rows_is_an_empty_list),
		cmocka_unit_test(writing_a_row_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
