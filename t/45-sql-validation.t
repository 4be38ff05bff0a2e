#!/usr/bin/perl
# What clients may send to the tutorial's API, good and bad, byte for byte; then
# every type of PostgreSQL there and back, and faults that only a database can
# tell.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql', sql => <<'SQL');
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN code AS varchar(3) NOT NULL CHECK (VALUE ~ '^[a-z]*$');
CREATE DOMAIN price AS numeric(5,2);
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, body text NOT NULL,
    extra text);
SQL
my %env = $pg->env;
my $conf = <<'CONF';
workers = 1;
types = {
  UserCreate = { fields = { username = { min_length = 3; max_length = 32; };
                            email = { format = "email"; }; }; };
  UserUpdate = { like = "UserCreate"; optional = true; };
};
errors = { on = (
  { constraint = "users_username_key"; status = 409; detail = "Username already registered"; }
); };
routes = {
  read_users = {
    on = "GET /users/";
    query = { skip = { default = 0; minimum = 0; };
              limit = { default = 100; minimum = 1; maximum = 100; }; };
    do = { users = { rows = "SELECT id, username FROM users ORDER BY id LIMIT {limit} OFFSET {skip}"; }; };
    reply = "{users}";
  };
  create_user = {
    on = "POST /users/"; body = "UserCreate"; status = 201;
    do = { user = { row = "INSERT INTO users (username, email) VALUES ({body.username}, {body.email})"
                          " RETURNING id, username, email"; }; };
    reply = "{user}";
  };
  read_user = {
    on = "GET /users/{user_id}";
    do = { user = { row = "SELECT id, username FROM users WHERE id = {user_id}"; }; };
    reply = "{user}";
  };
  update_user = {
    on = "PATCH /users/{user_id}"; body = "UserUpdate";
    do = { user = { row = "UPDATE users SET"
             " username = CASE WHEN {body.username?} THEN {body.username} ELSE username END,"
             " email = CASE WHEN {body.email?} THEN {body.email} ELSE email END"
             " WHERE id = {user_id} RETURNING id, username, email"; }; };
    reply = "{user}";
  };
  replace_note = {
    on = "POST /notes"; status = 201;
    body = { fields = { body = { min_length = 1; }; extra = { nullable = true; optional = true; }; }; };
    do = { note = { row = "INSERT INTO notes (body, extra) SELECT body, extra FROM"
                          " jsonb_populate_record(NULL::notes, {body}) RETURNING id, body, extra"; }; };
    reply = "{note}";
  };
  delay = {
    on = "GET /delay";
    query = { delay = { type = "float8"; default = 1.0; minimum = 0; maximum = 10; }; };
    reply = { text = "Completed after {delay} seconds"; delay = "{delay}"; };
  };
  types = {
    on = "POST /types";
    do = { row = { row = "SELECT {body.i2}::int2 AS i2, {body.i8}::int8 AS i8, {body.f}::float8 AS f,"
      " {body.n}::numeric AS n, {body.b}::bool AS b, {body.t}::text AS t, {body.u}::uuid AS u,"
      " {body.d}::date AS d, {body.ts}::timestamp AS ts, {body.iv}::interval AS iv, {body.m}::mood AS m,"
      " {body.c}::code AS c, {body.p}::price AS p, {body.ai}::int4[] AS ai, {body.at}::text[] AS at,"
      " {body.j}::jsonb AS j, {body.y}::bytea AS y"; }; };
    reply = "{row}";
  };
  list = {
    on = "GET /list";
    query = { id = {}; };
    do = { ids = { value = "SELECT array_agg(i ORDER BY i DESC) FROM unnest({id}::int4[]) i"; }; };
    reply = "{ids}";
  };
};
CONF
my $server = Muster->start(env => \%env, conf => $conf);

sub answers {
	my ($answer, $status, $body, $name) = @_;

	is($answer->status . ' ' . $answer->body, "$status $body", $name);
}

sub fault {
	my ($type, $loc, $msg, $input, $ctx) = @_;

	return qq({"type":"$type","loc":$loc,"msg":"$msg")
	    . (defined $input ? qq(,"input":$input) : '')
	    . (defined $ctx ? qq(,"ctx":$ctx) : '') . '}';
}

sub detail { return '{"detail":[' . join(',', @_) . ']}' }

my $INT = 'Input should be a valid integer, unable to parse string as an '
    . 'integer';
my $OBJECT = 'Input should be a valid dictionary or object to extract fields '
    . 'from';
my $STRING = 'Input should be a valid string';

# ---- the path ---------------------------------------------------------------

answers($server->get('/users/1'), 200, '{"id":1,"username":"ada"}',
    'an id is found');
answers($server->get('/users/999'), 404, '{"detail":"User not found"}',
    'an unknown id is 404');
for my $bad ([ 'abc', '"abc"' ], [ '1.0', '"1.0"' ], [ '%201', '" 1"' ],
    [ '+1', '"+1"' ], [ '1_0', '"1_0"' ], [ '%2F', '"/"' ]) {
	answers($server->get("/users/$bad->[0]"), 422,
	    detail(fault('int_parsing', '["path","user_id"]', $INT,
		$bad->[1])), "/users/$bad->[0] is no id");
}
for my $big (qw(3000000000 99999999999999999999)) {
	answers($server->get("/users/$big"), 422,
	    detail(fault('less_than_equal', '["path","user_id"]',
		'Input should be less than or equal to 2147483647',
		qq("$big"), '{"le":2147483647}')),
	    "$big is beyond the type of the column, not an error of ours");
}
answers($server->get('/users/-2147483649'), 422,
    detail(fault('greater_than_equal', '["path","user_id"]',
	'Input should be greater than or equal to -2147483648',
	'"-2147483649"', '{"ge":-2147483648}')), 'and so below');
is($server->get('/users/%FF')->status, 400, 'a path is UTF-8');

# ---- the query --------------------------------------------------------------

answers($server->get('/users/?skip=1&limit=1'), 200,
    '[{"id":2,"username":"alan"}]', 'skip and limit');
answers($server->get('/users?limit=1'), 200, '[{"id":1,"username":"ada"}]',
    'without the slash too');
answers($server->get('/users/?skip=x&limit=y'), 422,
    detail(fault('int_parsing', '["query","skip"]', $INT, '"x"'),
	fault('int_parsing', '["query","limit"]', $INT, '"y"')),
    'both are told at once');
answers($server->get('/users/?skip=-1'), 422,
    detail(fault('greater_than_equal', '["query","skip"]',
	'Input should be greater than or equal to 0', '"-1"', '{"ge":0}')),
    'a negative skip never reaches PostgreSQL');
answers($server->get('/users/?limit=9223372036854775808'), 422,
    detail(fault('less_than_equal', '["query","limit"]',
	'Input should be less than or equal to 100',
	'"9223372036854775808"', '{"le":100}')), 'nor a huge limit');
answers($server->get('/users/?skip=9223372036854775808'), 422,
    detail(fault('less_than_equal', '["query","skip"]',
	'Input should be less than or equal to 9223372036854775807',
	'"9223372036854775808"', '{"le":9223372036854775807}')),
    'nor a skip beyond int8');
answers($server->get('/users/?skip='), 422,
    detail(fault('int_parsing', '["query","skip"]', $INT, '""')),
    'an empty one is no number');
is($server->get('/users/?skip=1&skip=2')->status, 422,
    'nor is one that is sent twice');
is($server->get('/users/?skip=%zz')->status, 400, 'a broken escape is 400');
answers($server->get('/delay'), 200,
    '{"text":"Completed after 1.0 seconds","delay":1.0}',
    'a default keeps its form');
answers($server->get('/delay?delay=2'), 200,
    '{"text":"Completed after 2.0 seconds","delay":2.0}',
    'a float is one in text');
answers($server->get('/list?id=3&id=1&id=2'), 200, '[3,2,1]',
    'a repeated key is an array');

# ---- the body ---------------------------------------------------------------

my $ok = '{"username":"testuser","email":"test@example.com"}';
answers($server->post('/users/', $ok), 201,
    '{"id":25,"username":"testuser","email":"test@example.com"}',
    'a user is created');
answers($server->post('/users/', $ok), 409,
    '{"detail":"Username already registered"}', 'but once');
my $missing = detail(fault('missing', '["body"]', 'Field required', 'null'));
answers($server->post('/users/', ''), 422, $missing, 'no body');
answers($server->request('POST', '/users/'), 422, $missing,
    'no body and no type');
answers($server->post('/users/', 'null'), 422, $missing, 'null is none');
answers($server->post('/users/', '{}'), 422,
    detail(fault('missing', '["body","username"]', 'Field required', '{}'),
	fault('missing', '["body","email"]', 'Field required', '{}')),
    'an empty object lacks both');
answers($server->post('/users/', '{"username": '), 422,
    detail(fault('json_invalid', '["body",13]', 'JSON decode error', '{}',
	'{"error":"Expecting value"}')), 'broken JSON, and where');
for my $broken ('{"username":NaN}', '{"a":1,"a":2}', '{"a":"\ud800"}',
    '{"a":01}', "{'a':1}", '{"a":1,}', ('[' x 40) . (']' x 40)) {
	like($server->post('/users/', $broken)->body,
	    qr/^\{"detail":\[\{"type":"json_invalid","loc":\["body",\d+\],/,
	    substr($broken, 0, 20) . ' is no JSON');
}
answers($server->post('/users/', "{\"username\":\"\xff\"}"), 400,
    '{"detail":"There was an error parsing the body"}',
    'a body is UTF-8');
for my $other ('[1]', '"x"', '5') {
	answers($server->post('/users/', $other), 422,
	    detail(fault('model_attributes_type', '["body"]', $OBJECT,
		$other)), "$other is no object");
}
for my $type ('text/plain', 'application/x-www-form-urlencoded') {
	answers($server->post('/users/', '{"a":1}', headers =>
	    [ 'Content-Type' => $type ]), 422,
	    detail(fault('model_attributes_type', '["body"]', $OBJECT,
		'"{\"a\":1}"')), "$type is no JSON whatever it holds");
}
answers($server->post('/users/', '{"username":{"a":1},"email":5}'), 422,
    detail(fault('string_type', '["body","username"]', $STRING, '{"a":1}'),
	fault('string_type', '["body","email"]', $STRING, '5')),
    'numbers are no text');
answers($server->post('/users/', '{"username":null,"email":"x@y.org"}'), 422,
    detail(fault('string_type', '["body","username"]', $STRING, 'null')),
    'nor is null');
answers($server->post('/users/', '{"username":"ab","email":"c@x"}'), 422,
    detail(fault('string_too_short', '["body","username"]',
	'String should have at least 3 characters', '"ab"',
	'{"min_length":3}'),
	fault('value_error', '["body","email"]', 'value is not a valid email '
	. 'address: The part after the @-sign is not valid. It should have a '
	. 'period.', '"c@x"', '{"reason":"The part after the @-sign is not '
	. 'valid. It should have a period."}')), 'lengths and formats');
like($server->post('/users/', '{"username":"a\u0000bc","email":"c@x.org"}')
    ->body, qr/"value_error","loc":\["body","username"\]/,
    'NUL is told at its field');
answers($server->post('/users/', '{"username":"carl","email":"c@x.org",'
    . '"id":1,"zzz":1}'), 201,
    '{"id":27,"username":"carl","email":"c@x.org"}',
    'unknown fields are dropped');

answers($server->patch('/users/25', '{"email":"new@example.com"}'), 200,
    '{"id":25,"username":"testuser","email":"new@example.com"}',
    'a change of what was sent');
answers($server->patch('/users/25', '{}'), 200,
    '{"id":25,"username":"testuser","email":"new@example.com"}',
    'or of nothing');
answers($server->patch('/users/25', '{"username":null}'), 422,
    detail(fault('string_type', '["body","username"]', $STRING, 'null')),
    'but not to null');
answers($server->patch('/users/777x', '{"email":{}}'), 422,
    detail(fault('int_parsing', '["path","user_id"]', $INT, '"777x"'),
	fault('string_type', '["body","email"]', $STRING, '{}')),
    'faults of path and body come together');

answers($server->post('/notes', '{"body":"x","id":99,"extra":null}'), 201,
    '{"id":1,"body":"x","extra":null}',
    'a whole body fills a row with what was declared only');

# ---- types there and back ---------------------------------------------------

my $good = '{"i2":-32768,"i8":9223372036854775807,"f":0.1,"n":'
    . '12345678901234567890.10,"b":true,"t":"\u00e4\"","u":'
    . '"C56A4180-65AA-42EC-A945-5FD21DEC0538","d":"2024-02-29","ts":'
    . '"2024-02-29T12:00:00.5","iv":"P1DT2H","m":"ok","c":"abc","p":999.99,'
    . '"ai":[1,2.0,-3],"at":["a","b\"\\\\,{}","NULL",""],"j":{"k":[1e2,null]},'
    . '"y":"\\\\xdeadbeef"}';
answers($server->post('/types', $good), 200,
    '{"i2":-32768,"i8":9223372036854775807,"f":0.1,"n":'
    . '12345678901234567890.10,"b":true,"t":"' . "\xc3\xa4" . '\"","u":'
    . '"c56a4180-65aa-42ec-a945-5fd21dec0538","d":"2024-02-29","ts":'
    . '"2024-02-29T12:00:00.5","iv":"P1DT2H","m":"ok","c":"abc",'
    . '"p":999.99,"ai":[1,2,-3],"at":["a","b\"\\\\,{}","NULL",""],'
    . '"j":{"k": [100, null]},"y":"\\\\xdeadbeef"}',
    'each type comes back as it went');
my %bad = (
	i2 => [ '32768', 'less_than_equal' ], i8 => [ '1.5', 'int_from_float' ],
	f => [ '"1"', 'float_type' ], n => [ '1e200000',
	'decimal_whole_digits' ], b => [ '1', 'bool_type' ],
	t => [ '1', 'string_type' ], u => [ '"x"', 'uuid_parsing' ],
	d => [ '"2023-02-29"', 'date_from_datetime_parsing' ],
	ts => [ '"now"', 'datetime_from_date_parsing' ],
	iv => [ '"soon"', 'time_delta_parsing' ], m => [ '"odd"', 'enum' ],
	c => [ '"abcd"', 'string_too_long' ],
	p => [ '1000', 'decimal_whole_digits' ], ai => [ '[1,"2"]',
	'int_type' ], at => [ '{}', 'list_type' ],
	j => [ '"\u0000"', 'value_error' ],
	y => [ '"\\\\x0"', 'bytes_invalid_encoding' ],
);
for my $field (sort keys %bad) {
	my ($value, $type) = @{ $bad{$field} };
	my $body = $good;

	$body =~ s/"$field":("(?:[^"\\]|\\.)*"|\[.*?\]|\{"k".*?\]\}|[^,]*)(,|\}$)/"$field":$value$2/;
	my $answer = $server->post('/types', $body);
	is($answer->status, 422, "$field cannot be $value");
	like($answer->body, qr/^\{"detail":\[\{"type":"$type","loc":\["body","$field"[^}]*/,
	    "and says $type");
}
my $refused = $server->post('/types', $good =~ s/"abc"/"ABC"/r);
is($refused->status, 422, 'what only the database can judge is 422 too');
unlike($refused->body, qr/code|violates/, 'in words of our own');
is($server->stop, 0, 'nothing was lost');

# ---- check ------------------------------------------------------------------

sub check {
	my ($routes, $pattern, $name) = @_;
	my $result = Muster->run(args => [ '--check-db' ], env => \%env,
	    conf => "listen = \"127.0.0.1:1\";\nroutes = { r = {\n$routes\n}; };\n");

	is($result->{exit}, 78, "$name: refused");
	like($result->{err}, $pattern, 'with its place');
}

my $where = 'do = { u = { row = "SELECT id FROM users WHERE id = {a}"; }; };'
    . ' reply = "{u}";';
check(qq(on = "GET /x"; query = { a = { type = "text"; }; };\n$where),
    qr/server\.conf:3:\d+: .*\{a\} is declared as text, but .*:4 takes int4/,
    'a declared type that is not the one of the statement');
check(qq(on = "GET /x"; query = { a = { default = "x"; }; };\n$where),
    qr/server\.conf:3:\d+: .*default "x": Input should be a valid integer/,
    'a default that the type cannot hold');
check(qq(on = "GET /x"; query = { a = { max_length = 3; }; };\n$where),
    qr/server\.conf:3:\d+: .*max_length .* is int4/,
    'a constraint for another type');
check(qq(on = "GET /x"; query = { a = {}; };\ndo = {
 u = { row = "SELECT id FROM users WHERE id = {a}"; };
 v = { value = "SELECT {a}::bool AS v"; }; }; reply = "{u}";),
    qr/\{a\} is bool here and int4 at .*:5/,
    'two statements that cannot agree');
done_testing;
