#!/usr/bin/perl
# What a client or a database may try against a route: SQL in every place of a
# request, bytes that are no text, every kind of error of PostgreSQL, results
# that are too many, too large or no longer what was described.

use strict;
use warnings;

use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;
use Time::HiRes qw(time);

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql', sql => <<'SQL');
CREATE FUNCTION boom(state text, message text) RETURNS int
LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message,
	    DETAIL = 'HIDDEN', HINT = 'HIDDEN';
END $$;
CREATE FUNCTION noisy(word text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
	FOR i IN 1 .. 2000 LOOP RAISE NOTICE '%', word; END LOOP;
	RETURN 1;
END $$;
CREATE TABLE later (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO later VALUES (1);
CREATE TABLE shifting (a int, b text);
INSERT INTO shifting VALUES (1, 'x');
CREATE TABLE docs (doc json, flag jsonb, word jsonb);
INSERT INTO docs VALUES ('{"v":"a\u0000b","w":"ok"}', 'true', '"bo\"b"');
SQL
my $conf = <<'CONF';
workers = 1;
types = {
  Text = { fields = { t = { type = "text"; }; }; };
  Numbers = { fields = {
    i2 = { type = "int2"; optional = true; }; i4 = { type = "int4"; optional = true; };
    i8 = { type = "int8"; optional = true; }; f4 = { type = "float4"; optional = true; };
    f8 = { type = "float8"; optional = true; }; n = { type = "numeric"; optional = true; };
    a = { type = "int4[]"; optional = true; };
  }; };
};
routes = {
  echo_path = { on = "GET /echo/{t}"; do = { r = { value = "SELECT {t}::text"; }; }; reply = "{r}"; };
  echo_query = { on = "GET /echo"; query = { t = { type = "text"; }; };
    do = { r = { value = "SELECT {t}::text"; }; }; reply = "{r}"; };
  echo_header = { on = "GET /echo-header"; header = { x_t = { type = "text"; }; };
    do = { r = { value = "SELECT {header.x_t}::text"; }; }; reply = "{r}"; };
  echo_cookie = { on = "GET /echo-cookie"; cookie = { t = { type = "text"; }; };
    do = { r = { value = "SELECT {cookie.t}::text"; }; }; reply = "{r}"; };
  echo_body = { on = "POST /echo"; body = "Text";
    do = { r = { value = "SELECT {body.t}::text"; }; }; reply = "{r}"; };
  quotes = { on = "GET /quotes/{t}";
    do = { r = { row = "SELECT 'it''s {{t' AS a, E'x' -- '\n '\\'{{' AS b, $q$ '{{ $q$ AS c /* {t} /* ' */ \" */,"
                       " '{\"k\":1}'::jsonb ? {t} AS d, '{\"k\":1}'::jsonb ?| ARRAY[{t}] AS e"; }; };
    reply = "{r}"; };
  numbers = { on = "POST /numbers"; body = "Numbers";
    do = { r = { row = "SELECT {body.i2}::int2 AS i2, {body.i4}::int4 AS i4, {body.i8}::int8 AS i8,"
                       " {body.f4}::float4 AS f4, {body.f8}::float8 AS f8, {body.n}::numeric AS n,"
                       " {body.a}::int4[] AS a"; }; };
    reply = "{r}"; };
  raise = { on = "POST /raise/{state}"; body = "Text";
    do = { r = { value = "SELECT boom({state}, {body.t})"; writes = true; }; }; reply = "{r}"; };
  raise_twin = { on = "POST /raise-twin/{state}"; body = "Text";
    do = { twin = { value = "SELECT boom({state}, {body.t})"; writes = true; }; }; reply = "{twin}"; };
  raise_read = { on = "GET /raise/{state}";
    do = { r = { value = "SELECT boom({state}, 'shown')"; }; }; reply = "{r}"; };
  noisy = { on = "POST /noisy"; body = "Text";
    do = { r = { value = "SELECT noisy({body.t})"; writes = true; }; }; reply = "{r}"; };
  slow = { on = "GET /slow"; do = { r = { value = "SELECT 1 AS n FROM pg_sleep(20)"; }; }; reply = "{r}"; };
  later = { on = "POST /later/{n}"; status = 201;
    do = { r = { row = "INSERT INTO later VALUES ({n}) RETURNING n"; }; }; reply = "{r}"; };
  two_rows = { on = "GET /two-rows"; do = { r = { row = "SELECT n FROM generate_series(1, 2) n"; }; }; reply = "{r}"; };
  many = { on = "GET /many/{n}"; do = { r = { rows = "SELECT g FROM generate_series(1, {n}::int) g"; }; }; reply = "{r}"; };
  large = { on = "GET /large/{n}";
    do = { r = { rows = "SELECT repeat('x', 100000) AS v FROM generate_series(1, {n}::int)"; }; }; reply = "{r}"; };
  copies = { on = "POST /copies"; do = { r = { exec = "DO $$ BEGIN EXECUTE 'COPY users TO STDOUT'; END $$"; }; };
    reply = "{r}"; };
  header = { on = "GET /header"; query = { t = { type = "text"; }; };
    do = { r = { row = "SELECT {t}::text AS t"; }; };
    reply_headers = { X-T = "{r.t}"; Location = "/t/{r.t}"; }; reply = "{r}"; };
  whole = { on = "GET /shifting"; do = { r = { rows = "SELECT * FROM shifting ORDER BY 1"; }; }; reply = "{r}"; };
  column = { on = "GET /shifting/a"; do = { r = { row = "SELECT * FROM shifting ORDER BY 1 LIMIT 1"; }; };
    reply = { a = "{r.a}"; }; };
  first = { on = "GET /shifting/first"; do = { r = { rows = "SELECT * FROM shifting ORDER BY 1 LIMIT 1"; }; };
    reply = { a = "{r.0.a}"; }; };
  shift = { on = "POST /shifting"; status = 201;
    do = { r = { row = "INSERT INTO shifting DEFAULT VALUES RETURNING *"; }; }; reply = "{r}"; };
  doc = { on = "GET /doc"; do = { d = { row = "SELECT doc, flag, word FROM docs"; };
      flag = { require = "{d.flag} and {d.word} = 'bo\"b'"; };
      w = { value = "SELECT {d.doc.w}::text"; }; };
    reply = { w = "{w}"; word = "{d.word}"; text = "<{d.word}{d.doc.v}>"; }; };
  nul = { on = "GET /doc/nul"; do = { d = { row = "SELECT doc FROM docs"; }; v = { value = "SELECT {d.doc.v}::text"; }; };
    reply = "{v}"; };
};
CONF
my $server = Muster->start(env => { $pg->env }, conf => $conf);

sub answers {
	my ($answer, $status, $body, $name) = @_;

	is($answer->status . ' ' . $answer->body, "$status $body", $name);
}

sub escaped { join '', map { sprintf '%%%02X', ord } split //, $_[0] }

my $json = JSON::PP->new->utf8->allow_nonref;

# ---- a value is a value, wherever it comes from ------------------------------

for my $text ("'; DROP TABLE users; --", q("; SELECT 1; --), '\\', "\\'", '$$',
    '$1', '{t}', '{{', '/*', '%', '$q$', "a\tb") {
	my @answers = ($server->get('/echo/' . escaped($text)),
	    $server->get('/echo?t=' . escaped($text)),
	    $server->post('/echo', { t => $text }),
	    $server->get('/echo-header', headers => [ 'X-T' => $text ]));
	push @answers, $server->get('/echo-cookie',
	    headers => [ Cookie => "t=$text" ]) unless $text =~ /;|^\s|\s$/;
	my $wanted = '200 ' . $json->encode($text);
	is(scalar(grep { $_->status . ' ' . $_->body ne $wanted } @answers), 0,
	    "$wanted from path, query, body, header and cookie");
}
is($pg->query('SELECT count(*) FROM users'), 24, 'nothing was dropped');
answers($server->get('/quotes/k'), 200,
    q({"a":"it's {{t","b":"x'{{","c":" '{{ ","d":true,"e":true}),
    'quotes and comments of a statement hide what stands in them');

# ---- what is no text is refused, in every place -----------------------------

for my $bytes ("\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
    "a\xe2\x82", "\0") {
	my $name = unpack 'H*', $bytes;

	is($server->get('/echo/' . escaped($bytes))->status, 400,
	    "$name in a path");
	is($server->get('/echo?t=' . escaped($bytes))->status, 400,
	    "$name in a query");
	like($server->post('/echo', qq({"t":"$bytes"}))->status, qr/^4(00|22)$/,
	    "$name in a body");
	for my $field ([ '/echo-header', 'X-T' => $bytes ],
	    [ '/echo-cookie', Cookie => "t=$bytes" ]) {
		my ($path, @field) = @$field;
		is($server->get($path, headers => \@field)->status, 400,
		    "$name in $field[0]");
	}
}
like($server->post('/echo', '{"t":"\u0000"}')->body,
    qr/"value_error","loc":\["body","t"\]/, 'an escaped NUL is told');
for my $query ('t=%zz', 't=%', 't=%4', '%zz=1&t=a') {
	is($server->get("/echo?$query")->status, 400, "?$query");
}
for my $pair ([ 't', '""' ], [ 't=', '""' ], [ '&&t=a&&', '"a"' ],
    [ 't=a=b=c', '"a=b=c"' ], [ '=x&t=a+b%20c', '"a b c"' ],
    [ '%74=a', '"a"' ]) {
	answers($server->get("/echo?$pair->[0]"), 200, $pair->[1],
	    "?$pair->[0]");
}
for my $query ('', '=v', 'T=a', 't=a&t=b') {
	is($server->get("/echo?$query")->status, 422, "?$query");
}

# ---- numbers ----------------------------------------------------------------

my %numbers = (
	i2 => { '0.0' => 0, '-0' => 0, '1E2' => 100, '32768' => undef,
	    '1e400' => undef, '1e-400' => undef },
	i4 => { '2147483647' => '2147483647', '2147483648' => undef,
	    '-2147483648' => '-2147483648', '-2147483649' => undef,
	    '12345678901234567890' => undef, '0e99999999999999999999' => 0,
	    '1e99999999999999999999' => undef, '1.' . '0' x 5000 => 1 },
	i8 => { '9223372036854775807' => '9223372036854775807',
	    '9223372036854775808' => undef },
	f4 => { '3.5e38' => undef, '1e-46' => 0, '-0' => '-0' },
	f8 => { '1e400' => undef, '1e-400' => 0, '-0.0' => '-0',
	    '0.' . '1' x 5000 => '0.1111111111111111' },
	n => { '1.10' => '1.10', '1e2' => 100, '1e131072' => undef,
	    '1e-16384' => undef, '9' x 200000 => undef },
);
for my $field (sort keys %numbers) {
	for my $number (sort keys %{ $numbers{$field} }) {
		my $wanted = $numbers{$field}{$number};
		my $answer = $server->post('/numbers', qq({"$field":$number}));
		my $name = "$field: " . substr $number, 0, 30;
		if (defined $wanted) {
			like($answer->body, qr/"$field":\Q$wanted\E[,}]/, $name);
		} else {
			is($answer->status, 422, "$name is refused");
			like($answer->body, qr/"loc":\["body","$field"\]/,
			    '... at its place');
		}
	}
}

# ---- large bodies take no longer than they are ------------------------------

my %large = (
	'a million brackets' => [ '[' x 1_000_000, 422 ],
	'60 000 members' => [ '{' . join(',', map { qq("k$_":1) } 1 .. 60_000)
	    . '}', 200 ],
	'60 000 members, escaped' => [ '{' . join(',',
	    map { qq("\\u006b$_":1) } 1 .. 60_000) . '}', 200 ],
	'60 000 faults' => [ '{"a":[' . join(',', ('"x"') x 60_000) . ']}',
	    422 ],
);
for my $name (sort keys %large) {
	my ($body, $status) = @{ $large{$name} };
	my $start = time;
	is($server->post('/numbers', $body)->status, $status, $name);
	cmp_ok(time - $start, '<', 5, '... in time');
}

# ---- errors of PostgreSQL ---------------------------------------------------

# state => status, Retry-After
my %states = (
	'08006' => [ 503, 1 ], '57P01' => [ 503, 1 ], '57P03' => [ 503, 1 ],
	'53300' => [ 503, 1 ], '53100' => [ 503 ], '53400' => [ 503 ],
	'57014' => [ 503 ], '55P03' => [ 503, 1 ], '40001' => [ 503, 1 ],
	'40P01' => [ 503, 1 ], '40003' => [ 500 ], '23505' => [ 409 ],
	'23P01' => [ 409 ], '23503' => [ 409 ], '23502' => [ 422 ],
	'23514' => [ 422 ], '22001' => [ 422 ], '22003' => [ 422 ],
	'22P02' => [ 422 ], '22021' => [ 422 ], '2201E' => [ 422 ],
	'22023' => [ 422 ], '22012' => [ 500 ], '21000' => [ 500 ],
	'28000' => [ 500 ], '0P000' => [ 500 ], '42501' => [ 403 ],
	'42P01' => [ 500 ], '42601' => [ 500 ], '26000' => [ 500 ],
	'0A000' => [ 500 ], '25P02' => [ 500 ], 'P0001' => [ 400 ],
	'P0002' => [ 404 ], 'P0003' => [ 500 ], 'P0004' => [ 500 ],
	'PT404' => [ 404 ], 'PT418' => [ 418 ], 'PT503' => [ 503 ],
	'PT599' => [ 599 ], 'PT200' => [ 500 ], 'PT4AB' => [ 500 ],
	'PT600' => [ 500 ], '54000' => [ 500 ], '58030' => [ 500 ],
	'XX000' => [ 500 ], 'F0000' => [ 500 ], 'HV000' => [ 500 ],
	'38000' => [ 500 ], 'ZZ999' => [ 500 ],
);
my %shown = map { $_ => 1 } qw(P0001 PT404 PT418);
for my $state (sort keys %states) {
	my ($status, $retry) = @{ $states{$state} };
	my ($write, $read) = ($server->post("/raise/$state",
	    { t => 'shown' }), $server->get("/raise/$state"));
	for my $answer ($write, $read) {
		my $detail = $answer->json->{detail};
		is(join(' ', $answer->status,
		    $answer->header('Retry-After') // ''),
		    join(' ', $status, $retry // ''), "$state is $status");
		if ($shown{$state}) {
			is($detail, 'shown', '... and its message is shown');
		} else {
			ok($detail ne '' && $answer->body !~ /shown|HIDDEN/,
			    '... and nothing of it is shown');
		}
		ok($answer->header('X-Request-ID'), '... with an id');
	}
}
is($server->post('/raise/25006', { t => 'x' })->status, 503,
    'a write on a server that became read-only');
is($server->get('/raise/25006')->status, 500,
    'a read that writes is a fault of server.conf');
is($server->post('/raise/P0001', { t => 'a' . "\x{e4}" x 300 })->json->{detail},
    'a' . "\x{e4}" x 99, 'a long message is cut between characters');
answers($server->post('/later/2', undef), 201, '{"n":2}',
    'a constraint that is looked at at the end');
answers($server->post('/later/1', undef), 409, '{"detail":"Conflict"}',
    '... refuses there, and no 201 has left');

# ---- the log says where, and only that --------------------------------------

my $forged = "x\n2026-01-01T00:00:00.000Z error [master] forged\" status=200";
my $answer = $server->post('/raise-twin/XX000', { t => $forged });
my $id = $answer->header('X-Request-ID');
my $line = $server->wait_log(qr/internal request=\Q$id\E/);
like($line, qr/ route=raise_twin status=500 op=twin at=\S+server\.conf:\d+:\d+ /,
    "of two routes with one statement it is this one's operation");
my ($row) = $line =~ /server\.conf:(\d+):/;
like((split /\n/, $conf)[$row - 2], qr/twin = \{ value/, '... and its line');
$server->post('/noisy', { t => "$forged\r\e[31m" });
$server->wait_log(qr/pg_notice text="and 1990 more"/);
is(scalar(() = $server->log =~ /pg_notice/g), 11,
    'a flood of notices is not one of lines');
unlike($server->log, qr/^2026-01-01T00:00:00.000Z|[\r\e]/m,
    'a client writes no lines of the log');

# ---- too much, or not one ---------------------------------------------------

is($server->get('/two-rows')->status, 500, 'two rows where one is due');
is(scalar @{ $server->get('/many/10000')->json }, 10000, 'max_rows rows');
is($server->get("/many/$_")->status, 500, "$_ rows") for 10001, 500000;
is(length $server->get('/large/100')->body, 10_000_901, 'ten million bytes');
is($server->get("/large/$_")->status, 500, "$_ x 100 kB") for 200, 3000;
is($server->post('/copies', undef)->status, 500, 'COPY inside of a function');
is($server->get('/many/1')->status, 200, 'and all goes on');

# ---- header fields of a reply -----------------------------------------------

$answer = $server->get('/header?t=%C3%A4%09b');
is($answer->header('X-T'), "\xc3\xa4\tb", 'a field carries UTF-8');
for my $bad ('a%0d%0aX-Evil:%201', 'a%0ab', 'a%7Fb', '%01') {
	$answer = $server->get("/header?t=$bad");
	is($answer->status, 500, "$bad is no value of a field");
	is($answer->header('X-Evil'), undef, '... and brings none');
}

# ---- JSON of the database ---------------------------------------------------

answers($server->get('/doc'), 200,
    '{"w":"ok","word":"bo\"b","text":"<bo\"ba\u0000b>"}',
    'JSON that is a string or a bool counts as one');
answers($server->get('/doc/nul'), 500, '{"detail":"Internal Server Error"}',
    'a NUL in JSON cuts no parameter short');

# ---- tables that change under a running server ------------------------------

answers($server->get('/shifting'), 200, '[{"a":1,"b":"x"}]', 'as described');
answers($server->get('/shifting/a'), 200, '{"a":1}', '... a column');
answers($server->post('/shifting', undef), 201, '{"a":null,"b":null}',
    '... a write');
$pg->query('DELETE FROM shifting WHERE a IS NULL');
$pg->query("ALTER TABLE shifting ALTER b TYPE int[] USING '{1,2}',"
    . " ADD c timestamptz DEFAULT '2024-01-02 03:04:05+00'");
answers($server->get('/shifting'), 200,
    '[{"a":1,"b":[1,2],"c":"2024-01-02T03:04:05+00:00"}]',
    'another type and one more column are told as they are');
answers($server->post('/shifting', undef), 201,
    '{"a":null,"b":null,"c":"2024-01-02T03:04:05+00:00"}',
    'a write is prepared anew and done once');
is($pg->query('SELECT count(*) FROM shifting'), 2, '... once');
$pg->query('ALTER TABLE shifting RENAME a TO z');
is($server->get("/shifting/$_")->status, 500,
    "a reference to a column that is gone is not null ($_)")
    for qw(a first);
like($server->wait_log(qr/column \\"a\\" is gone/),
    qr/ route=column status=500 op=r /, '... and the log says so');
$pg->query('ALTER TABLE shifting RENAME z TO a');
answers($server->get('/shifting/a'), 200, '{"a":1}', 'it is back');

# ---- a time limit that is the server's own ----------------------------------

$pg->query("ALTER ROLE muster SET statement_timeout = '100ms'");
$pg->query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
    . " WHERE application_name LIKE 'muster%'");
$answer = $server->get('/slow');
is($answer->status, 503, 'its statement_timeout is 503, not our 504');
unlike($answer->body, qr/timeout|cancel/i, '... in words of our own');
is($server->head('/many/3')->status, 200, 'HEAD runs the statement');
is($server->stop, 0, 'the server ends well');
done_testing;
