# Start, stop, signals: what an operator does all day.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;
use Time::HiRes qw(time sleep);

my $routes = <<'CONF';
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  nap = { on = "GET /nap"; do = { wait = { sleep = "700ms"; }; };
    reply = { message = "slept"; }; };
  long = { on = "GET /long"; do = { wait = { sleep = "9s"; }; };
    reply = { message = "slept"; }; };
};
CONF

# ---- start and graceful end -------------------------------------------------

my $server = Muster->start(conf => "workers = 2;\n$routes");
is(scalar $server->workers, 2, 'two workers serve');
is($server->admin('/live')->status, 200, '/live says 200');
is($server->admin('/ready')->status, 200, '/ready says 200');
is($server->admin('/nothing')->status, 404, 'other paths are not there');

my $busy = $server->connect;
$busy->send(Muster::Http::format_request(GET => '/nap'));
my $idle = $server->connect;
$idle->get('/hello');
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') == 1 }), 'one is served');
$server->signal('TERM');
ok($server->wait_notify(qr/^STOPPING=1$/m), 'TERM says STOPPING');
my $answer = $busy->read_response;
is($answer->status, 200, 'a request in flight gets its answer');
is($answer->header('connection'), 'close', 'with Connection: close');
$answer = $idle->get('/hello');
is($answer->status, 200, 'an idle connection may send one more request');
is($answer->header('connection'), 'close', 'and is told that it ends');
is($server->wait_exit(10), 0, 'the exit status is 0');
$server->check_leftovers;
ok(!-e $server->admin_path, 'the admin socket is gone');

# ---- fast ends --------------------------------------------------------------

for my $case ([ 'INT', [ 'INT' ] ], [ 'a second TERM', [ 'TERM', 'TERM' ] ],
    [ 'QUIT, then INT', [ 'QUIT', 'INT' ] ]) {
	my ($name, $signals) = @$case;

	$server = Muster->start(conf => "workers = 2;\n$routes");
	my $long = $server->connect;
	$long->send(Muster::Http::format_request(GET => '/long'));
	$server->wait_for(sub {
		$server->metric('muster_requests_in_flight') == 1 });
	my $begun = time;
	for my $signal (@$signals) {
		$server->signal($signal);
		$server->wait_log(qr/signal name=$signal/);
	}
	is($server->wait_exit(8), 0, "$name ends it");
	cmp_ok(time - $begun, '<', 3, 'without waiting for requests');
	unlike($server->log, qr/ warn .*_timeout/, 'and blames no worker');
}

# ---- shutdown_timeout -------------------------------------------------------

$server = Muster->start(
    conf => "workers = 1; shutdown_timeout = \"500ms\";\n$routes");
my $long = $server->connect;
$long->send(Muster::Http::format_request(GET => '/long'));
$server->wait_for(sub { $server->metric('muster_requests_in_flight') == 1 });
my $begun = time;
$server->signal('TERM');
is($server->wait_exit(8), 0, 'shutdown_timeout ends what does not end');
cmp_ok(time - $begun, '<', 4, 'in its time');

# ---- shutdown_delay ---------------------------------------------------------

$server = Muster->start(
    conf => "workers = 1; shutdown_delay = \"800ms\";\n$routes");
$server->signal('TERM');
ok($server->wait_for(sub { $server->admin('/ready')->status == 503 }, 2),
    'during shutdown_delay /ready says 503');
is($server->get('/hello')->status, 200, 'and requests are served');
is($server->wait_exit(8), 0, 'then it ends');

# ---- workers that die -------------------------------------------------------

$server = Muster->start(conf => "workers = 2;\n$routes", expect_deaths => 1);
for my $signal ('KILL', 'SEGV') {
	my ($victim) = $server->workers;
	kill $signal => $victim;
	ok($server->wait_log(qr/worker_died .*pid=$victim signal=$signal/),
	    "a worker's death by $signal is logged");
	ok($server->wait_for(sub { (grep { $_ != $victim } $server->workers)
	    == 2 }), 'and it is replaced');
	is($server->get('/hello')->status, 200, 'requests are served');
}
ok($server->wait_for(sub {
	$server->metric('muster_worker_deaths_total') == 2 }),
    'deaths are counted');
is($server->stop, 0, 'it ends as always');

$server = Muster->start(conf => "workers = 2;\n$routes", expect_deaths => 1);
my @workers = $server->workers;
my $client = $server->connect;
$client->get('/hello');
kill KILL => $server->pid;
ok($server->wait_for(sub { !grep { kill 0 => $_ } @workers }, 10),
    'workers end when their master is killed');
$server->kill;

# ---- who may serve ----------------------------------------------------------

$server = Muster->start(conf => "workers = 1;\n$routes");
my $port = $server->port;
my $second = Muster->run(args => [ '-F' ],
    conf => qq(listen = "127.0.0.1:$port";\n$routes));
is($second->{exit}, 71, 'an address that is taken is exit status 71');
like($second->{err}, qr/could not listen on "127.0.0.1:$port": Address already/,
    'and says which one');
$server->stop;

SKIP: {
	skip 'only root is refused', 2 if $> != 0;
	my $root = Muster->run(conf => $routes);
	is($root->{exit}, 77, 'root without a user is refused');
	like($root->{err}, qr/set `user` in server.conf, or use -F/,
	    'and told what to do');
}

# ---- a user to become -------------------------------------------------------

SKIP: {
	skip 'only root can become another user', 2 if $> != 0;
	$server = Muster->start(
	    conf => qq(workers = 1; user = "nobody";\n$routes));
	my ($worker) = $server->workers;
	is((stat "/proc/$worker")[4], scalar getpwnam('nobody'),
	    'workers run as the service user');
	like(Muster::read_file("/proc/$worker/status"), qr/^NoNewPrivs:\s*1$/m,
	    'and cannot gain privileges');
	$server->stop;
}

done_testing;
