#!/usr/bin/perl
# musterd -t: all faults of a configuration in one run, each with file, line
# and column; the verdict; and the exit status.

use strict;
use warnings;

use Test::More;

use Muster;

plan skip_all => 'musterd is not built' unless -x Muster::binary();

# Runs -t; gives exit status and what it says, the folder's name left out.
sub check {
	my ($conf, %args) = @_;
	my $run = Muster->run(args => [ '-t', @{ delete $args{args} || [] } ],
	    conf => $conf, %args);

	$run->{err} =~ s{\S*/server\.conf}{server.conf}g;
	return ($run->{exit}, $run->{err}, $run->{out});
}

my $sound = <<'CONF';
listen = "127.0.0.1:8000";
routes = {
  hello = { on = "GET /hello"; reply = "hello"; };
  user  = {
    on = "GET /users/{user_id}";
    do = { user = { row = "SELECT id FROM users WHERE id = {user_id}"; }; };
    reply = "{user}";
  };
};
CONF

my ($exit, $err, $out) = check($sound);
is($exit, 0, 'a sound file passes -t');
is($err, "configuration server.conf is fine (2 routes)\n",
    'and it is said so on standard error');
is($out, '', 'and nothing on standard output');

($exit, $err) = check($sound, args => ['-q']);
is("$exit:$err", '0:', 'with -q nothing is said of a sound file');

($exit, $err) = check("$sound\n# no newline at the end");
is($exit, 0, 'a comment on a last line without a newline is sound');

# ---- all faults at once ------------------------------------------------------

($exit, $err) = check(<<'CONF');
worker = 2;
database = { pool_size = 0; max_overflw = 3; pool_timeout = 5; };
log = { level = "loud"; };
limits = { max_body = 1048576; };
routes = {
  hello = {
    on = "GET /hello";
    reply = "hello";
    repli = "again";
  };
};
CONF
is($exit, 78, 'a file with faults ends -t with 78');
is($err, <<'ERR', 'all its faults are told in the order of the file');
server.conf:1:1: unknown key "worker"; did you mean "workers"?
server.conf:2:26: database.pool_size: 0 is outside 1..1000 connections
server.conf:2:29: unknown key "max_overflw"; did you mean "max_overflow"?
server.conf:2:61: database.pool_timeout: 5 has no unit; write "5s" for seconds, or one of ms m h d
server.conf:3:17: log.level: expected one of "error", "warn", "info", "debug", found "loud"
server.conf:4:23: limits.max_body: 1048576 has no unit; write "1M"
server.conf:9:5: unknown key "repli"; did you mean "reply"?
configuration server.conf has 7 faults
ERR

($exit, $err) = check('workers = -1;', args => ['-q']);
like($err, qr/^server\.conf:1:11: workers: -1 is outside 0\.\./,
    '-q does not silence faults');

# ---- unknown keys at every depth ---------------------------------------------

my %depths = (
	'at top level' => 'bad_key = 1;',
	'in database' => 'database = { bad_key = 1; };',
	'in limits' => 'limits = { bad_key = 1; };',
	'in log' => 'log = { bad_key = 1; };',
	'in an address to listen on' =>
	    'listen = ( { address = "127.0.0.1:8000"; bad_key = 1; } );',
	'in a startup hook' =>
	    'startup = { a = { run = "/bin/true"; bad_key = 1; }; };',
	'in a type' => 'types = { T = { fields = {}; bad_key = 1; }; };',
	'in a field of a type' =>
	    'types = { T = { fields = { f = { bad_key = 1; }; }; }; };',
	'in errors' => 'errors = { bad_key = 1; };',
	'in an entry of errors.on' =>
	    'errors = { on = ( { status = 409; code = "internal"; bad_key = 1; } ); };',
	'in a route' =>
	    'routes = { r = { on = "GET /r"; reply = 1; bad_key = 1; }; };',
	'in the limits of a route' => 'routes = { r = { on = "GET /r"; '
	    . 'reply = 1; limits = { bad_key = 1; }; }; };',
	'in an input of a route' => 'routes = { r = { on = "GET /r"; '
	    . 'reply = "{q}"; query = { q = { bad_key = 1; }; }; }; };',
	'in an operation' => 'routes = { r = { on = "GET /r"; reply = 1; '
	    . 'do = { o = { sleep = "1ms"; bad_key = 1; }; }; }; };',
	'in the errors of a route' => 'routes = { r = { on = "GET /r"; '
	    . 'reply = 1; errors = { bad_key = 1; }; }; };',
);
for my $depth (sort keys %depths) {
	my $text = $depths{$depth};
	my $column = index($text, 'bad_key') + 1;

	($exit, $err) = check($text);
	is($exit, 78, "an unknown key $depth is a fault");
	like($err, qr/^server\.conf:1:$column: .*"bad_key"/m,
	    'and is told where it stands') or diag($err);
}

# ---- syntax ------------------------------------------------------------------

my @syntax = (
	[ 'an unclosed comment', "a = 1;\n/* b",
	    '2:1: the comment that begins here is not closed' ],
	[ 'a missing quote', "a = \"x;\n",
	    '1:5: the string that begins here is not closed' ],
	[ 'a missing brace', "log = {\n  level = \"info\";\n",
	    '1:7: the "{" here is not closed; a "}" is missing before the '
	    . 'end of the file' ],
	[ 'a number too large', 'workers = 99999999999999999999;',
	    '1:11: 99999999999999999999 is outside '
	    . '-9223372036854775808..9223372036854775807' ],
	[ 'a byte order mark', "\xef\xbb\xbfworkers = 1;",
	    '1:1: the file begins with a byte order mark; save it as UTF-8 '
	    . 'without one' ],
	[ '@include', '@include "x.conf"', '1:1: @include is not used here; '
	    . 'write include = [ "x.conf" ];' ],
	[ 'a time without quotes', 'shutdown_timeout = 5s;',
	    '1:20: 5s is not a value; a number with a unit stands in quotes: '
	    . '"5s"' ],
	[ 'yes', 'strict_slash = yes;',
	    '1:16: yes is not a value; write true' ],
	[ 'a comma too many', "listen = [ \"127.0.0.1:80\", ];",
	    '1:28: a list cannot end with a ","; leave out the one before '
	    . 'this "]"' ],
	[ 'a comma too few', 'listen = [ "127.0.0.1:80" "[::1]:80" ];',
	    '1:27: a "," is missing before this string; strings in a list '
	    . 'are not joined' ],
	[ 'two semicolons', 'workers = 1;;',
	    '1:13: nothing stands before this ";"; leave it out' ],
	[ 'a name set twice', "workers = 1;\nworkers = 2;",
	    '2:1: "workers" is set twice; first at server.conf:1:1' ],
	[ 'a star too many', '**a = 1;', '1:1: "**a" cannot be a name: one '
	    . '"*" may stand before a name, and nowhere else' ],
);
for my $row (@syntax) {
	my ($what, $text, $fault) = @$row;

	($exit, $err) = check($text);
	is($exit, 78, "$what is a fault");
	like($err, qr/^server\.conf:\Q$fault\E$/m, 'and its text helps')
	    or diag($err);
}

# What was not read is not missed.
($exit, $err) = check("$sound\nlog = { level = ");
like($err, qr/^configuration server\.conf has 1 fault$/m,
    'a syntax error is the only fault of its file') or diag($err);

done_testing;
