/*
 * The describer and hook scripts against a real PostgreSQL: what is told of
 * statements, which are refused, with which words and where.
 */
#include "pg_server.h"

#include <sys/wait.h>

#include "io/pg_script.h"

static struct server server;

static int
server_forget(void **state)
{
	(void)state;
	server_release(&server);
	return 0;
}

static void
assert_faults(const char *faults)
{
	server_describe(&server);
	assert_int_equal(server.status, faults[0] == '\0' ? 0 : 1);
	assert_string_equal(server.faults.data, faults);
}

static const struct pg_type *
type_named(unsigned statement, unsigned param)
{
	const struct pg_statement_type *type;

	type = pg_description_statement(server.description, statement);
	assert_true(param < type->nparams);
	return pg_description_type(server.description, 0,
	    type->params[param].oid);
}

static void
parameters_have_the_types_of_what_they_meet(void **state)
{
	const struct pg_type *type;

	(void)state;
	server_add(&server, "SELECT id FROM people WHERE id = $1 LIMIT $2", 2);
	server_add(&server, "INSERT INTO people (name, feels, age, tags) "
	    "VALUES ($1, $2, $3, $4)", 4);
	server_add(&server, "SELECT 1 AS one FROM people "
	    "WHERE feels = ANY($1)", 1);
	assert_faults("");
	assert_string_equal(type_named(0, 0)->name, "integer");
	assert_string_equal(type_named(0, 1)->name, "bigint");
	assert_int_equal(type_named(0, 0)->kind, PG_TYPE_BASE);
	assert_int_equal(type_named(0, 0)->category, 'N');
	type = type_named(1, 1);
	assert_int_equal(type->kind, PG_TYPE_ENUM);
	assert_int_equal(type->nlabels, 4);
	assert_string_equal(type->labels[0], "sad");
	assert_string_equal(type->labels[1], "so so");
	assert_string_equal(type->labels[2], "a\"b");
	assert_string_equal(type->labels[3], "NULL");
	type = type_named(1, 2);
	assert_int_equal(type->kind, PG_TYPE_DOMAIN);
	assert_string_equal(type->name, "positive");
	assert_int_equal(type->base, 23);
	assert_false(type->not_null);
	assert_non_null(pg_description_type(server.description, 0, 23));
	type = type_named(1, 3);
	assert_int_equal(type->kind, PG_TYPE_ARRAY);
	assert_int_equal(type->element, 25);
	type = type_named(2, 0);
	assert_int_equal(type->kind, PG_TYPE_ARRAY);
	type = pg_description_type(server.description, 0, type->element);
	assert_int_equal(type->kind, PG_TYPE_ENUM);
}

static void
columns_know_their_source(void **state)
{
	const struct pg_column_type *columns;
	const struct pg_type *type;

	(void)state;
	server_add(&server, "SELECT id, name, code, upper(name) AS up, email "
	    "FROM people", 0);
	server_add(&server, "DELETE FROM people WHERE id = $1", 1);
	server_add(&server, "SELECT age, code AS c FROM people", 0);
	assert_faults("");
	columns = pg_description_statement(server.description, 0)->columns;
	assert_string_equal(columns[0].name, "id");
	assert_true(columns[0].table > 0);
	assert_int_equal(columns[0].attribute, 1);
	assert_true(columns[0].not_null);
	assert_false(columns[1].not_null);
	assert_int_equal(columns[2].mod, 4 + 8);
	assert_false(columns[2].not_null);
	assert_int_equal(columns[3].table, 0);
	assert_false(columns[3].not_null);
	/* A domain that refuses null. */
	assert_true(columns[4].not_null);
	assert_int_equal(pg_columns_find(server.list[0].columns, TEXT("up")),
	    3);
	assert_int_equal(server.list[1].type->ncolumns, 0);
	assert_int_equal(server.list[1].type->nparams, 1);
	columns = pg_description_statement(server.description, 2)->columns;
	type = pg_description_type(server.description, 0, columns[0].oid);
	assert_string_equal(type->name, "integer");
	assert_false(columns[0].not_null);
}

/* Offsets are bytes though PostgreSQL counts characters. */
static void
wrong_statements_are_told_with_their_place(void **state)
{
	(void)state;
	server_add(&server, "SELECT id FROM people", 0);
	server_add(&server, "SELECT nam FROM people", 0);
	server_add(&server, "SELECT '\xc3\xa9\xf0\x9f\x90\x98' AS a, nam "
	    "FROM people", 0);
	server_add(&server, "SELECT id FROM persons", 0);
	server_add(&server, "SELEKT 1", 0);
	server_add(&server, "SELECT 1 AS a; SELECT 2", 0);
	server_add(&server, "SELECT id FROM people WHERE", 0);
	server_add(&server, "SELECT id FROM people WHERE id = $1", 2);
	server_add(&server, "SELECT name FROM people", 0);
	assert_faults(
	    "1@7: column \"nam\" does not exist; perhaps you meant to "
	    "reference the column \"people.name\"\n"
	    "2@22: column \"nam\" does not exist; perhaps you meant to "
	    "reference the column \"people.name\"\n"
	    "3@15: relation \"persons\" does not exist\n"
	    "4@0: syntax error at or near \"SELEKT\"\n"
	    "5@-1: cannot insert multiple commands into a prepared statement; "
	    "only one statement can stand here\n"
	    "6@27: syntax error at end of input\n"
	    "7@-1: the statement has 1 parameter, but 2 values would be "
	    "sent\n");
	assert_non_null(server.list[0].columns);
	assert_null(server.list[1].type);
	assert_null(server.list[7].columns);
	assert_non_null(server.list[8].columns);
}

static void
types_that_are_not_clear_want_a_cast(void **state)
{
	(void)state;
	server_add(&server, "SELECT id FROM people WHERE $2 = id AND $10 = id "
	    "AND $3 = id AND $1 IS NULL AND $4 = id AND $5 = id AND $6 = id "
	    "AND $7 = id AND $8 = id AND $9 = id", 10);
	server_add(&server, "INSERT INTO pets (owner, kind) VALUES ($1, $1)",
	    1);
	server_add(&server, "SELECT $1::text AS a", 1);
	assert_faults(
	    "0@65: could not determine data type of parameter $1; "
	    "say its type by a cast, as in {name}::text\n"
	    "1@43: inconsistent types deduced for parameter $1; "
	    "integer versus text; "
	    "say its type by a cast, as in {name}::text\n");
}

static void
composites_and_equal_names_are_refused(void **state)
{
	(void)state;
	server_add(&server, "SELECT people FROM people", 0);
	server_add(&server, "SELECT array_agg(p) AS all_of_them FROM people p",
	    0);
	server_add(&server, "SELECT ROW(1, 2) AS r", 0);
	server_add(&server, "SELECT ARRAY[ROW(1, 2)] AS r", 0);
	server_add(&server, "SELECT place FROM people", 0);
	server_add(&server, "SELECT id, name, id FROM people", 0);
	server_add(&server, "SELECT to_jsonb(people) AS p FROM people", 0);
	server_add(&server, "SELECT 1", 0);
	server_add(&server, "SELECT 1, 2", 0);
	assert_faults(
	    "0@-1: column \"people\" is of a composite type; "
	    "write to_jsonb(people)\n"
	    "1@-1: column \"all_of_them\" is an array of a composite type; "
	    "write to_jsonb(all_of_them)\n"
	    "2@-1: column \"r\" is of a composite type; write to_jsonb(r)\n"
	    "3@-1: column \"r\" is an array of a composite type; "
	    "write to_jsonb(r)\n"
	    "4@-1: column \"place\" is of a composite type; "
	    "write to_jsonb(place)\n"
	    "5@-1: there are two columns \"id\"; give one of them another "
	    "name with AS\n"
	    "8@-1: there are two columns \"?column?\"; give one of them "
	    "another name with AS\n");
	assert_string_equal(server.list[7].type->columns[0].name, "?column?");
}

static void
assert_constraint(const char *name, const char *table, char kind,
    const char *column)
{
	const struct pg_constraint *constraint;

	constraint = pg_description_constraint(server.description, 0, name);
	assert_non_null(constraint);
	assert_string_equal(constraint->table, table);
	assert_int_equal(constraint->kind, kind);
	if (column != NULL)
		assert_string_equal(constraint->columns[0], column);
}

static void
constraints_and_limits_are_known(void **state)
{
	const struct pg_constraint *constraint;

	(void)state;
	server_add(&server, "SELECT 1 AS one", 0);
	assert_faults("");
	assert_constraint("people_pkey", "people", 'p', "id");
	assert_constraint("people_name_key", "people", 'u', "name");
	assert_constraint("people_code_check", "people", 'c', "code");
	assert_constraint("people_email_unique", "people", 'u', "email");
	assert_constraint("pets_owner_fkey", "pets", 'f', "owner");
	assert_constraint("positive_check", "", 'c', NULL);
	assert_constraint("Odd \"Name\"", "pets", 'u', "kind");
	constraint = pg_description_constraint(server.description, 0,
	    "Odd \"Name\"");
	assert_int_equal(constraint->ncolumns, 2);
	assert_string_equal(constraint->columns[1], "owner");
	/* Also in the schema "other", which the search path does not see. */
	assert_constraint("twice", "people", 'c', "age");
	assert_null(pg_description_constraint(server.description, 0, "none"));
	assert_int_equal(pg_description_max_connections(server.description),
	    40 - 3);
}

static void
each_database_is_asked_for_its_own(void **state)
{
	static const struct pg_conf other = { .url = "dbname=postgres" };
	static const struct pg_conf *const both[] = { &server_conf, &other };
	int fd = memfd_create("description", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	server_add(&server, "SELECT name FROM people", 0);
	server_add(&server, "SELECT feels FROM people WHERE feels = $1", 1);
	server_add(&server, "SELECT relnamespace AS n FROM pg_class "
	    "WHERE relname = $1", 1);
	server.list[0].database = 1;
	server.list[2].database = 1;
	assert_int_equal(pg_describe(both, 2, server.statements, 3, fd,
	    clock_ms() + 20000, server_on_fault, &server, &server.err), 1);
	buf_add_byte(&server.faults, '\0');
	assert_string_equal(server.faults.data,
	    "0@17: relation \"people\" does not exist\n");
	server.description = pg_description_map(fd, &server.err);
	close(fd);
	assert_int_equal(pg_description_link(server.description,
	    server.statements, 3, &server.err), 0);
	assert_int_equal(type_named(1, 0)->kind, PG_TYPE_ENUM);
	assert_null(pg_description_type(server.description, 1,
	    type_named(1, 0)->oid));
	assert_true(server.list[2].type->columns[0].not_null);
	assert_non_null(pg_description_constraint(server.description, 0,
	    "people_pkey"));
	assert_null(pg_description_constraint(server.description, 1,
	    "people_pkey"));
}

static void
nothing_to_describe_needs_no_database(void **state)
{
	(void)state;
	setenv("PGPORT", "1", 1);
	assert_faults("");
	unsetenv("PGPORT");
	assert_int_equal(pg_description_max_connections(server.description),
	    0);
}

static void
a_thousand_statements_take_no_second(void **state)
{
	static char sql[1000][100];
	int64_t start;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(sql[i], sizeof(sql[i]), "SELECT id, name, age AS a%d "
		    "FROM people WHERE id = $1 AND name = $2", i);
		server_add(&server, sql[i], 2);
	}
	start = clock_ms();
	assert_faults("");
	print_message("1000 statements: %d ms\n", (int)(clock_ms() - start));
	assert_true(clock_ms() - start < 5000);
	assert_int_equal(server.list[999].type->ncolumns, 3);
}

static void
a_database_that_stays_away_is_an_error_in_time(void **state)
{
	static const struct pg_conf nowhere = {
		.url = "host=127.0.0.1 port=1" };
	static const struct pg_conf *const nowheres[] = { &nowhere };
	int64_t start = clock_ms();
	struct error err = { 0 };
	int status;

	(void)state;
	server_add(&server, "SELECT 1 AS one", 0);
	status = pg_describe(nowheres, 1, server.statements, 1, -1,
	    start + 300, server_on_fault, &server, &err);
	assert_int_equal(status, -1);
	assert_int_equal(err.code, ERROR_DB_UNAVAILABLE);
	assert_non_null(strstr(err.detail, "Connection refused"));
	assert_in_range(clock_ms() - start, 50, 2000);
}

/* A migration holds a lock on a table: the describer must not hang with it. */
static void
a_lock_does_not_hold_up_the_describer_for_ever(void **state)
{
	struct error err = { 0 };
	PGconn *conn = pg_blocking_connect(&server_conf, "unit",
	    clock_ms() + 10000, &err);
	int64_t start;

	(void)state;
	assert_non_null(conn);
	PQclear(server_run(conn, "BEGIN"));
	PQclear(server_run(conn, "LOCK TABLE people"));
	server_add(&server, "SELECT id FROM people", 0);
	start = clock_ms();
	assert_int_equal(pg_describe(server_confs, 1, server.statements, 1,
	    -1, start + 300, server_on_fault, &server, &err), -1);
	assert_int_equal(err.code, ERROR_DB_UNAVAILABLE);
	assert_in_range(clock_ms() - start, 250, 3000);
	PQfinish(conn);
}

/* Ends the describer's connection while it waits for the lock of this one. */
static void
end_the_describer(PGconn *conn)
{
	int64_t deadline_ms = clock_ms() + 10000;
	int ended = 0;

	while (ended == 0 && clock_ms() < deadline_ms) {
		PGresult *result;

		/* A transaction sees the activity of its first look. */
		PQclear(PQexec(conn, "SELECT pg_stat_clear_snapshot()"));
		result = PQexec(conn, "SELECT pg_terminate_backend(pid) "
		    "FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
		    "AND application_name = 'muster/describer'");
		ended = PQntuples(result);
		PQclear(result);
	}
	PQclear(PQexec(conn, "COMMIT"));
	PQfinish(conn);
	_exit(ended == 1 ? 0 : 1);
}

static void
a_lost_connection_is_begun_anew(void **state)
{
	struct error err = { 0 };
	int ready[2], status;
	char byte;
	pid_t child;

	(void)state;
	server_add(&server, "SELECT nam FROM people", 0);
	server_add(&server, "SELECT id FROM people", 0);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		PGconn *conn = pg_blocking_connect(&server_conf, "unit",
		    clock_ms() + 10000, &err);

		PQclear(PQexec(conn, "BEGIN"));
		PQclear(PQexec(conn, "LOCK TABLE people"));
		if (write(ready[1], "x", 1) == 1)
			end_the_describer(conn);
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_faults("0@7: column \"nam\" does not exist; perhaps you meant "
	    "to reference the column \"people.name\"\n");
	assert_int_equal(server.list[1].type->ncolumns, 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
}

/* ---- scripts --------------------------------------------------------------*/

static size_t script_offset;
static struct error script_err;

static int
script(const char *sql, int64_t for_ms)
{
	memset(&script_err, 0, sizeof(script_err));
	return pg_script_run(&server_conf, sql, clock_ms() + for_ms,
	    &script_offset, &script_err);
}

static void
a_script_may_hold_several_commands(void **state)
{
	(void)state;
	assert_int_equal(script("DROP TABLE IF EXISTS gone;\n"
	    "CREATE TABLE IF NOT EXISTS made (id int);\n"
	    "INSERT INTO made VALUES (1); SELECT * FROM made;\n", 5000), 0);
	assert_int_equal(script("", 5000), 0);
	assert_int_equal(script(" ; -- nothing", 5000), 0);
}

static void
a_failing_script_says_where(void **state)
{
	(void)state;
	assert_int_equal(script("SELECT '\xc3\xa9'; SELECT x", 5000), -1);
	assert_int_equal(script_err.code, ERROR_INTERNAL);
	assert_string_equal(script_err.detail, "column \"x\" does not exist");
	assert_string_equal(script_err.sqlstate, "42703");
	assert_int_equal(script_offset, 20);
	assert_int_equal(script("INSERT INTO people (email) "
	    "VALUES (NULL)", 5000), -1);
	assert_int_equal(script_offset, (size_t)-1);
	assert_string_equal(script_err.sqlstate, "23502");
	assert_int_equal(script("COPY people FROM STDIN", 5000), -1);
	assert_int_equal(script_err.code, ERROR_INTERNAL);
	assert_int_equal(script("COPY people TO STDOUT", 5000), 0);
}

static void
a_script_is_cancelled_when_its_time_is_over(void **state)
{
	struct error err = { 0 };
	PGconn *conn;
	PGresult *result;
	int64_t start = clock_ms();

	(void)state;
	assert_int_equal(script("SELECT pg_sleep(60) AS unit_sleep", 300), -1);
	assert_in_range(clock_ms() - start, 250, 5000);
	assert_int_equal(script_err.code, ERROR_INTERNAL);
	conn = pg_blocking_connect(&server_conf, "unit", clock_ms() + 10000,
	    &err);
	result = server_run(conn, "SELECT FROM pg_stat_activity WHERE "
	    "state = 'active' AND query LIKE '%unit_sleep' "
	    "AND pid <> pg_backend_pid()");
	assert_int_equal(PQntuples(result), 0);
	PQclear(result);
	PQfinish(conn);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, server_forget)
	const struct CMUnitTest tests[] = {
		TEST(parameters_have_the_types_of_what_they_meet),
		TEST(columns_know_their_source),
		TEST(wrong_statements_are_told_with_their_place),
		TEST(types_that_are_not_clear_want_a_cast),
		TEST(composites_and_equal_names_are_refused),
		TEST(constraints_and_limits_are_known),
		TEST(each_database_is_asked_for_its_own),
		TEST(a_thousand_statements_take_no_second),
		TEST(a_database_that_stays_away_is_an_error_in_time),
		TEST(a_lock_does_not_hold_up_the_describer_for_ever),
		TEST(a_lost_connection_is_begun_anew),
		TEST(a_script_may_hold_several_commands),
		TEST(a_failing_script_says_where),
		TEST(a_script_is_cancelled_when_its_time_is_over),
		TEST(nothing_to_describe_needs_no_database),
	};

	if (server_is_missing())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
