/*
 * Values of PostgreSQL's types as JSON, compared with the server's own
 * to_json, in sessions of several time zones.
 */
#include "pg_server.h"

#include "base/value.h"
#include "io/pg_result.h"
#include "io/pg_write.h"

/* to_json of these must be what we write, byte for byte. */
static const char *const like_to_json[] = {
	"NULL::int4",
	"32767::int2", "(-2147483648)::int4", "9223372036854775807::int8",
	"(-9223372036854775808)::int8",
	"0.1::float4", "1e21::float8", "'-0'::float8", "1::float8",
	"1e-300::float8", "'NaN'::float8", "'Infinity'::float4",
	"'-Infinity'::float8", "1.7976931348623157e308::float8",
	"1.10::numeric", "100::numeric(10,4)", "'NaN'::numeric",
	"'Infinity'::numeric", "'-Infinity'::numeric",
	"123456789012345678901234567890.123456789::numeric", "-0.0::numeric",
	"true", "false",
	"'plain'::text", "''::text", "E'a\"b\\\\c/d'::text",
	"E'\\b\\f\\n\\r\\t\\x01\\x1f\\x7f'::text", "U&'\\2028\\2029'::text",
	"'gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98'::text", "'ab'::char(5)",
	"'ab'::varchar(5)", "'a'::\"char\"", "'some_name'::name",
	"'<a b=\"c\"/>'::xml", "'a \"b\" fat'::tsvector",
	"to_tsquery('simple', 'a & b')", "'101'::bit(3)", "'1'::varbit",
	"'$1234.50'::money", "'08:00:2b:01:02:03'::macaddr",
	"'08:00:2b:01:02:03:04:05'::macaddr8", "'16/B374D848'::pg_lsn",
	"'(1,2)'::point", "'((0,0),(1,1))'::box", "'[(0,0),(1,1)]'::path",
	"'{1,2,3}'::line", "'<(0,0),1>'::circle", "'(0,0),(1,1)'::lseg",
	"'((0,0),(1,1),(2,0))'::polygon", "'(NaN,Infinity)'::point",
	"5::oid", "'pg_class'::regclass", "'1 2 3'::int2vector",
	"'3'::xid", "'(0,1)'::tid",
	"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid",
	"'2024-02-29'::date", "'infinity'::date", "'-infinity'::date",
	"'0044-03-15 BC'::date", "'20240-01-01'::date",
	"'12:34:56.5'::time", "'24:00'::time", "'12:34:56+05:30'::timetz",
	"'12:34:56-03'::timetz",
	"'2024-01-02 03:04:05.1'::timestamp", "'infinity'::timestamp",
	"'-infinity'::timestamp", "'0044-03-15 BC'::timestamp",
	"'20240-01-02 00:00'::timestamp",
	"'2024-01-02 03:04:05.123456+02'::timestamptz",
	"'2024-07-02 00:00+00'::timestamptz", "'infinity'::timestamptz",
	"'0044-03-15 00:00+00 BC'::timestamptz",
	"'1850-06-01 00:00+00'::timestamptz",
	"'1 year 2 days 03:00:00.5'::interval", "'-1 day'::interval",
	"'{\"a\" : 1, \"a\":[2, \"\\u0000\"]}'::json", "'\"x\"'::json",
	"'{\"b\":1,\"a\":[1.10, null]}'::jsonb", "'null'::jsonb",
	"'\\xdeadbeef'::bytea", "''::bytea", "'a\\000b'::bytea",
	"int4range(1, 6)", "'empty'::int4range", "numrange(1.5, NULL)",
	"tstzrange('2024-01-02 00:00+00', NULL)", "daterange(NULL, NULL)",
	"'{[1,3),[5,7)}'::int4multirange",
	"'10.0.0.1/8'::inet", "'10.0.0.1'::inet", "'::1'::inet",
	"'10.0.0.0/8'::cidr",
	"'{}'::int4[]", "'{1,NULL,3}'::int4[]", "'{{1,2},{3,4}}'::int8[]",
	"'[0:1]={1,2}'::int4[]", "'[2:3][0:1]={{1,2},{3,4}}'::int4[]",
	"ARRAY['a,b', 'NULL', NULL, '', 'a\"b', E'c\\\\d', '{}', ' x ',"
	    " E'\\n']::text[]",
	"ARRAY[true, false, NULL]",
	"'{1.10,NaN,Infinity}'::numeric[]", "'{0.1,-Infinity}'::float8[]",
	"ARRAY['2024-01-02 03:04:05+00', 'infinity']::timestamptz[]",
	"ARRAY['2024-01-02 03:04:05']::timestamp[]",
	"'{2024-01-02,infinity}'::date[]",
	"ARRAY['{\"a\": [1, \"x\"]}', '\"y\"', 'null', NULL]::jsonb[]",
	"ARRAY['{\"a\" :1}']::json[]", "ARRAY['\\x00ff'::bytea, '']",
	"ARRAY['(1,1),(0,0)', '(3,3),(2,2)']::box[]",
	"ARRAY['(1,2)']::point[]", "ARRAY[int4range(1,2), 'empty']",
	"ARRAY['10.0.0.1/8']::inet[]", "ARRAY['1 day']::interval[]",
	"ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[]",
	"ARRAY['ab']::char(4)[]", "ARRAY['101']::bit(3)[]",
	"ARRAY['a', 'b\"']::name[]", "'{1,2}'::oid[]",
	"ARRAY['1 2', '3']::int2vector[]",
	"'1 2'::oidvector", "''::oidvector", "ARRAY['1 2']::oidvector[]",
	/* types of the test's schema */
	"'so so'::mood", "ARRAY['sad', NULL, 'so so', 'a\"b']::mood[]",
	"'5'::positive", "ARRAY[1, 2]::positive[]", "'x@y'::address",
	"'{1,2}'::pair", "ARRAY['{1,2}', '{3,4}', NULL]::pair[]",
	"ARRAY['2024-01-02 03:04:05+00']::instant[]",
	"'2024-01-02 03:04:05+00'::instant", "'{\"a\":1}'::doc",
	"moodrange('sad', 'so so')", "'{a,b}'::address[]",
};

static const char *const zones[] = {
	"UTC", "Europe/Amsterdam", "Asia/Kolkata", "America/St_Johns",
};

static char selects[ARRAY_LEN(like_to_json)][400];

static struct server server;
static PGconn *conn;

static int
types_begin(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(like_to_json); i++) {
		snprintf(selects[i], sizeof(selects[i]), "SELECT v, "
		    "to_json(v)::text AS json FROM (SELECT %s AS v) AS s",
		    like_to_json[i]);
		server_add(&server, selects[i], 0);
	}
	server_describe(&server);
	assert_string_equal(server.faults.data, "");
	conn = pg_blocking_connect(&server_conf, "unit", clock_ms() + 10000,
	    &server.err);
	assert_non_null(conn);
	PQclear(server_run(conn, "SET lc_monetary = 'C'"));
	return 0;
}

static int
types_end(void **state)
{
	(void)state;
	PQfinish(conn);
	server_release(&server);
	return 0;
}

static void
assert_equals_to_json(const struct pg_statement *statement)
{
	PGresult *result = server_run(conn, statement->sql);
	struct buf ours = { NULL, 0, 0 };
	struct pg_rows *rows;
	struct value cell;
	char *wanted;

	wanted = PQgetisnull(result, 0, 1) ? strdup("null") :
	    strdup(PQgetvalue(result, 0, 1));
	rows = pg_rows_new(result, statement->columns);
	cell = pg_rows_row(rows, 0);
	value_write_all(&cell, &ours);
	buf_add_byte(&ours, '\0');
	/* {"v":OURS,"json":"..."} */
	assert_memory_equal(ours.data, "{\"v\":", 5);
	if (strncmp(ours.data + 5, wanted, strlen(wanted)) != 0 ||
	    memcmp(ours.data + 5 + strlen(wanted), ",\"json\":", 8) != 0)
		fail_msg("%s: to_json %s, ours %s", statement->sql, wanted,
		    ours.data);
	cell = pg_rows_cell(rows, 0, 0);
	ours.len = 0;
	value_write_all(&cell, &ours);
	buf_add_byte(&ours, '\0');
	assert_string_equal(ours.data, wanted);
	pg_rows_free(rows);
	buf_release(&ours);
	free(wanted);
}

static void
every_type_is_written_as_to_json_does(void **state)
{
	(void)state;
	for (size_t zone = 0; zone < ARRAY_LEN(zones); zone++) {
		char set[80];

		snprintf(set, sizeof(set), "SET TimeZone = '%s'", zones[zone]);
		PQclear(server_run(conn, set));
		for (unsigned i = 0; i < server.n; i++)
			assert_equals_to_json(server.statements[i]);
	}
}

static void
intervals_follow_their_style(void **state)
{
	(void)state;
	PQclear(server_run(conn, "SET IntervalStyle = iso_8601"));
	for (unsigned i = 0; i < server.n; i++) {
		if (strstr(like_to_json[i], "interval") != NULL)
			assert_equals_to_json(server.statements[i]);
	}
	PQclear(server_run(conn, "RESET IntervalStyle"));
}

/* The same types without a description: what a changed schema falls back to. */
static void
types_of_every_server_need_no_description(void **state)
{
	(void)state;
	for (unsigned i = 0; i < server.n; i++) {
		struct pg_statement bare = *server.statements[i];
		uint32_t oid = bare.type->columns[0].oid;

		if (pg_writer_find(oid) == NULL)
			continue;
		bare.columns = NULL;
		assert_equals_to_json(&bare);
	}
}

static void
void_is_null(void **state)
{
	struct pg_rows *rows = pg_rows_new(server_run(conn,
	    "SELECT pg_sleep(0) AS v"), NULL);
	struct buf out = { NULL, 0, 0 };
	struct value list = pg_rows_list(rows), cell = pg_rows_cell(rows, 0, 0);

	(void)state;
	value_write_all(&list, &out);
	buf_add_byte(&out, '\0');
	assert_string_equal(out.data, "[{\"v\":null}]");
	assert_true(value_is_null(&cell));
	pg_rows_free(rows);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_written_as_to_json_does),
		cmocka_unit_test(intervals_follow_their_style),
		cmocka_unit_test(types_of_every_server_need_no_description),
		cmocka_unit_test(void_is_null),
	};

	if (server_is_missing())
		return 0;
	return cmocka_run_group_tests(tests, types_begin, types_end);
}
