#!/usr/bin/perl
# Two statements that do not need each other run at the same time; `after`
# puts them one behind the other. Seen in pg_stat_activity, not by the clock.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

# Each statement waits for an advisory lock that the test holds.
my $pg = Muster::Pg->start(load => 'etc/tutorial.sql', sql => <<'SQL');
CREATE FUNCTION gate(n integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(n);
  RETURN n;
END $$;
SQL
my $server = Muster->start(env => { $pg->env }, conf => <<'CONF');
workers = 1;
routes = {
  at_once = {
    on    = "GET /at-once/{user_id}";
    do    = {
      user  = { row  = "SELECT id, username, gate(1) FROM users WHERE id = {user_id}"; };
      posts = { rows = "SELECT id, title, gate(2) FROM posts"
                       " WHERE user_id = {user_id} ORDER BY id"; };
    };
    reply = { user = "{user}"; posts = "{posts}"; };
  };
  in_turn = {
    on    = "GET /in-turn/{user_id}";
    do    = {
      user  = { row  = "SELECT id, username, gate(1) FROM users WHERE id = {user_id}"; };
      posts = { rows = "SELECT id, title, gate(2) FROM posts"
                       " WHERE user_id = {user_id} ORDER BY id";
                after = "user"; };
    };
    reply = { user = "{user}"; posts = "{posts}"; };
  };
};
CONF

my $expected = '{"user":{"id":2,"username":"alan","gate":1},"posts":['
    . '{"id":2,"title":"Alan writes, part 1","gate":2},'
    . '{"id":19,"title":"Alan writes, part 2","gate":2}]}';
my $waiting = "SELECT string_agg(objid::text, ',' ORDER BY objid)"
    . " FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";

# A session of psql that holds both locks until it is told to let go.
sub hold {
	my %env = $pg->env;
	local %ENV = (%ENV, %env);
	delete $ENV{$_} for grep { !defined $env{$_} } keys %env;

	open(my $psql, '|-', $pg->bindir . '/psql -qAtX >/dev/null')
	    or die "no psql: $!\n";
	$psql->autoflush(1);
	print $psql "SELECT pg_advisory_lock(1), pg_advisory_lock(2);\n";
	$pg->wait_query("SELECT count(*) FROM pg_locks WHERE"
	    . " locktype = 'advisory' AND granted", '2')
	    or die "the locks are not held\n";
	return $psql;
}

my $holder = hold();
my $client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/at-once/2'));
ok($pg->wait_query($waiting, '1,2'), 'both statements run at the same time');
print $holder "SELECT pg_advisory_unlock_all();\n";
my $answer = $client->read_response;
is($answer->status, 200, 'and are answered together');
is($answer->body, $expected, 'in the order of the reply');

print $holder "SELECT pg_advisory_lock(1), pg_advisory_lock(2);\n";
$pg->wait_query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    . " AND granted", '2');
$client->send(Muster::Http::format_request(GET => '/in-turn/2'));
ok($pg->wait_query($waiting, '1'), 'with after only the first one runs');
print $holder "SELECT pg_advisory_unlock(1);\n";
ok($pg->wait_query($waiting, '2'), 'and the second one behind it');
print $holder "SELECT pg_advisory_unlock(2);\n";
is($client->read_response->body, $expected, 'to the same answer');

is($server->get('/at-once/999')->body, '{"detail":"User not found"}',
    'a user who does not exist is 404 in both');
is($server->get('/in-turn/999')->status, 404, 'sequential too');
close $holder;
is($server->stop, 0, 'the server ends well');
done_testing;
