# A client that leaves, and a deadline that passes: a read is cancelled at the
# server and its connection serves on; a write is finished.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;
use Time::HiRes qw(time sleep);

Muster::alone();
my $pg = Muster::Pg->start(sql => 'CREATE TABLE notes (text text NOT NULL)');
my $conf = <<'CONF';
workers = 1;
database = { pool_size = 1; max_overflow = 0; };
routes = {
  pid = { on = "GET /pid";
    do = { pid = { value = "SELECT pg_backend_pid() AS pid"; }; };
    reply = { pid = "{pid}"; }; };
  nap = { on = "GET /nap";
    do = { nap = { value = "SELECT 1 AS n FROM pg_sleep(30)"; }; };
    reply = { nap = "{nap}"; }; };
  late = { on = "GET /late"; limits = { request_timeout = "400ms"; };
    do = { nap = { value = "SELECT 1 AS n FROM pg_sleep(30)"; }; };
    reply = { nap = "{nap}"; }; };
  note = { on = "POST /notes"; status = 201;
    do = { note = { row = "INSERT INTO notes SELECT {body.text} FROM"
                          " pg_sleep(0.6) RETURNING text"; }; };
    reply = "{note}"; };
  slow_note = { on = "POST /slow-notes"; status = 201;
    limits = { request_timeout = "200ms"; };
    do = { note = { row = "INSERT INTO notes SELECT {body.text} FROM"
                          " pg_sleep(0.6) RETURNING text"; }; };
    reply = "{note}"; };
};
CONF
my $server = Muster->start(conf => $conf, env => { $pg->env });

my $sleeping = "SELECT count(*) FROM pg_stat_activity"
    . " WHERE state = 'active' AND query LIKE '%pg_sleep%'"
    . " AND pid <> pg_backend_pid()";

# Seconds until no statement sleeps any more.
sub gone_after {
	my $begun = time;

	return $pg->wait_query($sleeping, '0') ? time - $begun : 99;
}

# When the backend became idle, by the clock that we have, too.
sub ended_at {
	return $pg->query('SELECT extract(epoch FROM state_change)'
	    . " FROM pg_stat_activity WHERE pid = $_[0]");
}

my $soon = Muster::sanitized() ? 1 : 0.2;

# ---- the client leaves --------------------------------------------------------

# Seconds from the client's leaving to its statement's end; a machine that is
# busy with something else may need another try.
sub left_for {
	my ($pid) = @_;
	my $client = $server->connect;

	$client->send(Muster::Http::format_request(GET => '/nap'));
	ok($pg->wait_query($sleeping, '1'), 'a statement runs');
	my $left_at = time;
	$client->close;
	cmp_ok(gone_after(), '<', 2, 'it is gone soon after its client');
	return ended_at($pid) - $left_at;
}

my $pid = $server->get('/pid')->json->{pid};
my ($client, $took);
for my $try (1 .. 5) {
	$took = left_for($pid);
	last if $took < $soon || $took > 2;
}
cmp_ok($took, '<', $soon,
    'in 200 ms, of which 100 are grace for a mere half-close');
is($server->get('/pid')->json->{pid}, $pid,
    'and the same backend serves the next request');

# ---- the deadline passes ------------------------------------------------------

my ($begun, $answer);
for my $try (1 .. 5) {
	$begun = time;
	$answer = $server->get('/late');
	$took = time - $begun;
	is($answer->status, 504, 'a deadline that passes is answered 504');
	cmp_ok(gone_after(), '<', 2, 'the statement is gone');
	my $ended = ended_at($pid) - $begun;
	last if $took < 0.4 + $soon && $ended < 0.4 + $soon || $ended > 2;
}
cmp_ok($took, '<', 0.4 + $soon, "when it passes ($took s)");
cmp_ok(ended_at($pid) - $begun, '<', 0.4 + $soon, 'the statement with it');
is($server->get('/pid')->json->{pid}, $pid,
    'and the same backend serves the next request');

# ---- writes are finished --------------------------------------------------------

$client = $server->connect;
$client->send(Muster::Http::format_request(POST => '/notes',
    json => { text => 'left' }));
ok($pg->wait_query($sleeping, '1'), 'a write runs');
$client->close;
ok($pg->wait_query("SELECT count(*) FROM notes WHERE text = 'left'", '1'),
    'and is finished though its client left');

$answer = $server->post('/slow-notes', { text => 'late' });
is($answer->status, 504, 'a write that takes too long is answered 504');
ok($pg->wait_query("SELECT count(*) FROM notes WHERE text = 'late'", '1'),
    'and finished');
is($server->get('/pid')->status, 200, 'the connection serves on');

# ---- many at once ---------------------------------------------------------------

for my $round (1 .. 20) {
	my @clients = map { $server->connect } 1 .. 8;
	$_->send(Muster::Http::format_request(GET => '/nap')) for @clients;
	$_->send(Muster::Http::format_request(GET => '/pid')) for @clients;
	sleep 0.01 * ($round % 3);
	$_->close for @clients;
}
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') == 0 }, 5),
    'clients that leave by the dozen leave nothing running');
cmp_ok(gone_after(), '<', 2, 'at the server neither');
is($server->get('/pid')->status, 200, 'and the pool serves');
is($server->metric('muster_pool_open'), 1, 'with its one connection');

# ---- a cancel that comes too early ----------------------------------------------

# The backend has not read the statement when the cancel hits it, so that
# PostgreSQL ignores the cancel and the statement runs all the same.
$pid = $server->get('/pid')->json->{pid};
my $cancels = $server->metric('muster_pool_cancels_total');
kill STOP => $pid;
$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/nap'));
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') == 1 }), 'a request runs');
$client->close;
ok($server->wait_for(sub {
	$server->metric('muster_pool_cancels_total') > $cancels }),
    'and is cancelled before its backend looks');
sleep 0.2;	# the cancel's way to the backend; later is harmless
kill CONT => $pid;
$begun = time;
is($server->get('/pid')->json->{pid}, $pid, 'the backend serves the next');
cmp_ok(time - $begun, '<', 2, 'soon: it was cancelled once more');

is($server->stop, 0, 'it ends cleanly');
done_testing;
