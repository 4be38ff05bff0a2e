#!/usr/bin/perl
# What has begun to change something is finished: without its client, behind
# its deadline, behind a failed sibling, while the server ends.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

# A write waits for an advisory lock that the test holds.
my $pg = Muster::Pg->start(sql => <<'SQL');
CREATE TABLE notes (text text NOT NULL);
CREATE FUNCTION gate(n integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(n);
  RETURN n;
END $$;
SQL
my $conf = <<'CONF';
workers = 1;
routes = {
  note = {
    on = "POST /notes"; status = 201;
    do = {
      note = { row = "INSERT INTO notes SELECT {body.text} WHERE gate(1) = 1 RETURNING text"; };
    };
    reply = "{note}";
  };
  late = {
    on = "POST /late"; status = 201; limits = { request_timeout = "100ms"; };
    do = { note = { row = "INSERT INTO notes SELECT {body.text} WHERE gate(1) = 1 RETURNING text"; }; };
    reply = "{note}";
  };
  broken = {
    on = "POST /broken"; status = 201;
    do = {
      note  = { row = "INSERT INTO notes SELECT {body.text} WHERE gate(1) = 1 RETURNING text"; };
      below = { value = "SELECT 1 / length(pg_sleep(0.1)::text) AS n"; };
    };
    reply = "{note}";
  };
  ping = { on = "GET /ping"; reply = "pong"; };
};
CONF
my $server = Muster->start(env => { $pg->env }, conf => $conf);

my $held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    . " AND granted AND mode = 'ExclusiveLock'";
my $waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    . ' AND NOT granted';
my $psql = do {
	my %env = $pg->env;
	local %ENV = (%ENV, %env);
	delete $ENV{$_} for grep { !defined $env{$_} } keys %env;

	open(my $pipe, '|-', $pg->bindir . '/psql -qAtX >/dev/null')
	    or die "no psql: $!\n";
	$pipe->autoflush(1);
	$pipe;
};

sub hold {
	print $psql "SELECT pg_advisory_lock(1);\n";
	$pg->wait_query($held, '1') or die "the lock is not held\n";
}

sub let_go {
	print $psql "SELECT pg_advisory_unlock_all();\n";
}

sub note_arrives {
	my ($text, $name) = @_;

	ok($pg->wait_query("SELECT count(*) FROM notes WHERE text = '$text'",
	    '1'), $name);
}

# ---- the client leaves --------------------------------------------------------

hold();
my $client = $server->connect;
$client->send(Muster::Http::format_request(POST => '/notes',
    json => { text => 'left' }));
$pg->wait_query($waiting, '1') or die "the write does not run\n";
$client->close;
is($server->get('/ping')->status, 200, 'a client leaves');
is($pg->query($waiting), 1, 'and the write goes on');
let_go();
note_arrives('left', 'to its end');

# ---- the deadline passes ------------------------------------------------------

hold();
is($server->post('/late', { text => 'late' })->status, 504,
    'a deadline is told to the client');
is($pg->query($waiting), 1, 'while the write goes on');
let_go();
note_arrives('late', 'to its end');

# ---- a sibling fails ------------------------------------------------------------

hold();
is($server->post('/broken', { text => 'sibling' })->status, 500,
    'a read below the write fails the request');
is($pg->query($waiting), 1, 'but not the write');
let_go();
note_arrives('sibling', 'which is finished');

# ---- the server ends --------------------------------------------------------------

hold();
is($server->post('/late', { text => 'drained' })->status, 504,
    'a write goes on for nobody');
$server->signal('TERM');
ok($server->wait_log(qr/ stopping /), 'TERM begins the end');
ok($server->is_running, 'the server waits for the write');
let_go();
is($server->wait_exit, 0, 'and ends when it is finished');
is($pg->query("SELECT count(*) FROM notes WHERE text = 'drained'"), 1,
    'the write is there');
close $psql;
done_testing;
