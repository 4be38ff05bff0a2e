#!/usr/bin/perl
# Faults that only the database can tell: --check-db says all of them, each
# with the place of the reference or the byte of the SQL.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql');
my $result = Muster->run(args => ['--check-db'], env => { $pg->env },
    conf => <<'CONF');
routes = {
  columns = {
    on    = "GET /columns/{id}";
    do    = {
      user  = { row  = "SELECT id, username FROM users WHERE id = {id}"; };
      posts = { rows = "SELECT title FROM posts WHERE user_id = {user.idd}"; };
      one   = { value = "SELECT username FROM users WHERE id = {id}"; };
    };
    reply = { a = "{user.name}"; b = "{posts.0.titel}"; c = "{one.x}";
              d = "{user.id.x}"; e = "{user.username}"; };
  };
  names = {
    on    = "GET /names";
    do    = {
      a = { row   = "SELECT 1, 2 AS b"; };
      b = { value = "SELECT 1, 2 AS b"; };
      c = { value = "SELECT 1"; };
    };
    reply = "x";
  };
  nothing = {
    on = "DELETE /nothing";
    do = { gone = { row = "DELETE FROM users WHERE false"; }; };
    reply = "x";
  };
  wrong = {
    on = "GET /wrong";
    do = {
      a = { rows = "SELECT id FROM users"
                   " WHERE nam = 'x'"; };
      b = { rows = "SELECT id FRM users WHERE x"; };
    };
    reply = "x";
  };
};
CONF
is($result->{exit}, 78, 'wrong references end --check-db with 78');
my $said = $result->{out} . $result->{err};
$said =~ s/^.*?server\.conf:/:/mg;
like($said, qr/^:6:65: unknown column "idd"; did you mean "id"\?$/m,
    'a column in SQL');
like($said, qr/^:9:20: unknown column "name"; known are id and username$/m,
    'a column in the reply');
like($said, qr/^:9:39: unknown column "titel"; did you mean "title"\?$/m,
    'a column of a row of a list');
like($said, qr/^:9:62: \{one\.x\}: "username" is text and has no parts$/m,
    'a part of a value that has none');
like($said, qr/^:10:20: \{user\.id\.x\}: "id" is integer and has no parts$/m,
    'a part of a column that has none');
like($said, qr/^:15:21: column 1 has no name; give it one with AS$/m,
    'a column without a name');
like($said, qr/^:16:21: value takes one column, the statement returns 2$/m,
    'two columns for value');
unlike($said, qr/^:17:/m, 'a value needs no name');
like($said, qr/^:23:27: the statement returns nothing; write RETURNING, or exec instead of row$/m,
    'a statement without rows');
like($said, qr/^:30:28: .*column "nam" does not exist/m,
    'a column PostgreSQL does not know, in the second of two strings');
like($said, qr/^:31:35: .*syntax error/m, 'a syntax error');

for my $time ('99999999d', '9223372036854775807ms', '86400001ms') {
	$result = Muster->run(args => ['-t'], conf => <<"CONF");
listen = "127.0.0.1:1";
routes = { r = { on = "GET /"; do = { s = { sleep = "$time"; }; }; reply = "x"; }; };
CONF
	like($result->{err}, qr/:2:53: sleep takes a day at most/,
	    "a sleep of $time");
}
done_testing;
