#!/usr/bin/perl
# Requests made by chance for the sample's routes and one that takes every
# type: no 5xx, every body JSON, every reply with an id. MUSTER_FUZZ_SEED and
# MUSTER_FUZZ_REQUESTS choose others.

use strict;
use warnings;

use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

my $seed = $ENV{MUSTER_FUZZ_SEED} // 2;
my $count = $ENV{MUSTER_FUZZ_REQUESTS} // 3000;

my @types = qw(int2 int4 int8 float4 float8 numeric bool text uuid date
    timestamptz interval json jsonb bytea int4[] text[]);
my @fields = map { tr/[]//dr . (/\[/ ? 's' : '') } @types;
my $declared = join ' ', map {
	qq($fields[$_] = { type = "$types[$_]"; optional = true; };)
} 0 .. $#types;
my $selected = sub {
	my ($place) = @_;
	return join ', ', map { "{$place$fields[$_]}::$types[$_] AS f$_" }
	    0 .. $#types;
};
my $routes = qq(
  any = { on = "POST /any"; body = { fields = { $declared }; };
    do = { r = { row = "SELECT @{[ $selected->('body.') ]}"; }; }; reply = "{r}"; };
  any_query = { on = "GET /any"; query = { $declared };
    do = { r = { row = "SELECT @{[ $selected->('query.') ]}"; }; }; reply = "{r}"; };
);
my $conf = Muster::read_file("$Muster::srcdir/etc/server.conf");
$conf =~ s/^routes = \{\n/routes = {\n$routes/m or die 'the sample changed';

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql');
my $server = Muster->start(env => { $pg->env },
    conf => "workers = 1; log = { access = \"off\"; };\n$conf");

sub one { return $_[rand @_] }

my @numbers = ('0', '-0', '1', '-1', '1.5', '1e2', '1E400', '1e-400',
    '2147483648', '-2147483649', '9223372036854775808', '1' . '0' x 50,
    '0.' . '0' x 300 . '1', '1e99999999999', '01', '+1', '.5', '1.', 'NaN',
    '-', '1e', '0x1f');
my @texts = ('', 'a', 'ada', 'x@y.org', 'testuser', '\u0000', '\ud800',
    '\ud83d\ude00', '\"', '\\\\', "'; --", '{user_id}', '%s%n',
    "\xc3\xa4\xe2\x82\xac", "\xff", "\xc0\x80", "\0", "\n", 'x' x 300,
    '2024-02-29', '2024-01-01T00:00:00Z', 'infinity', 'P1D', 'NULL', '{1,2}',
    'c56a4180-65aa-42ec-a945-5fd21dec0538', '\\\\xdead', '$1', 'true', '\x');
my @names = (@fields, qw(username email user\u006eame __proto__), '', "\xff");
my @segments = (qw(1 2 999 0 -1 abc 2147483648 +1 .. . 1.0 1;x), '', "'--",
    map { "%$_" } qw(20 2F 00 zz FF 2e%2e 0d%0a));
my @good = ('{"username":"testuser","email":"a@example.com"}',
    '{"email":"b@example.com"}',
    '{"int2":1,"float8":2.5,"numeric":1.10,"bool":true,"text":"x",'
    . '"date":"2024-02-29","jsonb":{"a":[1,null]},"int4s":[1,2],'
    . '"texts":["a","b"],"bytea":"\\\\xde"}');

sub value {
	my ($depth) = @_;
	my $kind = $depth > 4 ? rand 2 : rand 5;

	return one(@numbers) if $kind < 1;
	return '"' . one(@texts) . '"' if $kind < 2;
	return one(qw(true false null nul)) if $kind < 3;
	return object($depth + 1) if $kind < 4;
	return '[' . join(',', map { value($depth + 1) } 1 .. rand 4) . ']';
}

sub object {
	my ($depth) = @_;

	return '{' . join(',', map { '"' . one(@names) . '":' . value($depth) }
	    1 .. rand 5) . '}';
}

sub mutated {
	my ($text) = @_;

	for (1 .. one(0, 0, 1, 1, 2, 5)) {
		my ($at, $kind) = (int rand(1 + length $text), int rand 4);
		next if $at == length $text;
		substr($text, $at, 1, '') if $kind == 0;
		substr($text, $at, 1, chr int rand 256) if $kind == 1;
		substr($text, $at, 0, one(split //, '{}[]",:\\0e.-')) if $kind == 2;
		$text = substr $text, 0, $at if $kind == 3;
	}
	return $text;
}

sub body {
	my $kind = rand 10;

	return mutated(one(@good)) if $kind < 4;
	return object(0) if $kind < 7;
	return value(0) if $kind < 8;
	return '[' x one(31, 32, 33, 5000) if $kind < 9;
	return join '', map { chr int rand 256 } 1 .. rand 60;
}

sub escaped { join '', map { /\w/a ? $_ : sprintf '%%%02x', ord } split //, $_[0] }

sub target {
	my $path = one('/users/', '/users', '/users/', '/any', '/any', '/json',
	    '/user-profile/', '/user-profile-concurrent/');
	my @pairs = map {
		one(@fields, 'skip', 'limit', '', '%zz') . one('=', '=', '')
		    . one(one(@numbers), escaped(one(@texts)), one(@segments))
	} 1 .. rand 4;

	$path .= one(@segments) if $path =~ m{./$};
	return @pairs ? "$path?" . join '&', @pairs : $path;
}

srand $seed;
my ($http, %statuses, @faults);
for my $n (1 .. $count) {
	my $method = one(qw(GET GET GET POST POST POST PATCH PATCH DELETE HEAD
	    OPTIONS PUT BREW));
	my @body = $method =~ /^P/ ? (body => body(), headers => [
	    'Content-Type' => one(('application/json') x 8, 'text/plain',
		'application/problem+json; a=b', '') ]) : ();
	my $target = target();
	$http ||= $server->connect;
	my $answer = eval { $http->request($method, $target, @body) };
	my $asked = "$n: $method $target " . substr($body[1] // '', 0, 300);

	if (!$answer) {
		push @faults, "$asked: no answer " . ($@ || '');
		undef $http;
		next;
	}
	$statuses{ $answer->status }++;
	push @faults, $asked . ': ' . $answer->status
	    if $answer->status >= 500 && $answer->status != 501;
	push @faults, "$asked: no id"
	    unless $answer->header_count('X-Request-ID') == 1;
	push @faults, "$asked: no JSON: " . $answer->body
	    if $answer->body ne '' && !eval { $answer->json; 1 };
	undef $http if ($answer->header('Connection') // '') eq 'close';
}
is(scalar @faults, 0, "$count requests by chance, seed $seed")
    or diag(join "\n", @faults[0 .. ($#faults < 9 ? $#faults : 9)]);
cmp_ok($statuses{$_} // 0, '>', $count / 100, "status $_ is among them")
    for 200, 400, 422;
unlike($server->log, qr/ status=5\d\d /, 'the log knows of no fault either');
is($server->stop, 0, 'the server ends well');
done_testing;
