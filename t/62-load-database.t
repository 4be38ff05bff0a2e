# PostgreSQL restarted, killed and missing under load: no wrong answer, none
# that hangs, 503 with Retry-After meanwhile, and back within a second.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Load;
use Muster::Pg;
use Test::More;
use Time::HiRes qw(time sleep);

my $conf = <<'CONF';
workers = 2;
log = { access = "off"; };
database = { pool_size = 4; max_overflow = 2; };
routes = {
  user = { on = "GET /users/{id}";
    do = { user = { row = "SELECT id, username FROM users WHERE id = {id}"; }; };
    reply = "{user}"; };
  note = { on = "POST /notes"; status = 201;
    do = { note = { row = "INSERT INTO notes (text) VALUES ({body.text})"
                          " RETURNING id, text"; }; };
    reply = "{note}"; };
  plain = { on = "GET /plain"; reply = { message = "plain"; }; };
};
CONF

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql',
    sql => 'CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY,'
	. ' text text NOT NULL)');
my @reads = map { [ GET => "/users/$_", qr/^\{"id":$_,"username":"/ ] } 1 .. 9;
my @all = (@reads, [ POST => '/notes', qr/"text":"kept"/,
    { text => 'kept' } ]);

# Answers 200 within a second of the database's return, without a restart.
sub back_within_a_second {
	my ($server, $how) = @_;
	my $begun = time;

	ok($server->wait_for(sub { $server->get('/users/1')->status == 200 },
	    10), "after $how it serves again");
	cmp_ok(time - $begun, '<', 1.5, 'within a second or so');
}

for my $how ('fast', 'immediate') {
	my $server = Muster->start(conf => $conf, env => { $pg->env });
	$pg->query('TRUNCATE notes');
	$pg->query('CHECKPOINT');
	my $load = Muster::Load->start(port => $server->port,
	    connections => 32, requests => \@all);

	$server->wait_for(sub {
		$server->metric('muster_responses_total') > 300 });
	$pg->restart($how);
	back_within_a_second($server, "a restart ($how)");
	sleep 0.3;
	my $count = $load->stop;
	is($count->{wrong}, 0, "$how: no answer is wrong")
	    or diag explain $count->{samples};
	is($count->{hung} + $count->{lost}, 0, 'none hangs or is lost');
	my %other = %{ $count->{answered} };
	delete @other{qw(200 201 503)};
	is_deeply(\%other, {}, 'answers are 200, 201 or 503');
	is($server->stop, 0, 'the server ends as always');
	# Nothing acknowledged may be missing; what was not may be there.
	cmp_ok($pg->query('SELECT count(*) FROM notes'), '>=',
	    $count->{answered}{201} // 0,
	    'every acknowledged write is there');
	cmp_ok($pg->query('SELECT count(*) FROM notes'), '<=',
	    ($count->{answered}{201} // 0) + ($count->{answered}{503} // 0),
	    'and none was made twice');
}

# ---- down for a while ---------------------------------------------------------

my $server = Muster->start(conf => $conf, env => { $pg->env });
is($server->get('/users/1')->status, 200, 'it serves');
$pg->stop('fast');
my $begun = time;
my $answer = $server->get('/users/1');
is($answer->status, 503, 'without a database a route with SQL says 503');
cmp_ok(time - $begun, '<', 2, 'soon');
cmp_ok($answer->header('retry-after'), '>=', 1, 'with Retry-After');
unlike($answer->body, qr/socket|connect to server|postgres/i,
    'and nothing of what went wrong inside');
is($server->get('/plain')->status, 200, 'others are served');
ok($server->wait_for(sub { $server->admin('/ready')->status == 503 }, 5),
    '/ready says 503');
$pg->start_again;
back_within_a_second($server, 'some time');
ok($server->wait_for(sub { $server->admin('/ready')->status == 200 }, 5),
    '/ready says 200');
is($server->stop, 0, 'the server ends as always');

# ---- not there at the start ---------------------------------------------------

$pg->stop('fast');
$server = Muster->start(conf => $conf, env => { $pg->env });
is($server->get('/users/1')->status, 503,
    'started without a database a route with SQL says 503');
cmp_ok($server->get('/users/1')->header('retry-after'), '>=', 1,
    'with Retry-After');
is($server->get('/plain')->status, 200, 'others are served');
$pg->start_again;
$begun = time;
ok($server->wait_for(sub { $server->get('/users/1')->status == 200 }, 20),
    'it serves when the database comes, without a restart');
cmp_ok(time - $begun, '<', 4, 'soon');
# Until the last new worker is ready an old one may still take a connection.
ok($server->wait_log(qr/ ready generation=2 /), 'as a new generation');
ok($server->wait_for(sub { $server->get('/users/x')->status == 422 }, 5),
    'with the checks of its types');
is($server->stop, 0, 'the server ends as always');

done_testing;
