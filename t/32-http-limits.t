# What one client can cost the others: those who shut a side, send far ahead,
# do not read, send too much or come in too great a number.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER SO_RCVBUF);
use Test::More;
use Time::HiRes qw(time sleep);

my $routes = <<'CONF';
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  take = { on = "POST /take"; status = 200; reply = { message = "taken"; }; };
  nap = { on = "GET /nap"; do = { wait = { sleep = "400ms"; }; };
    reply = { message = "slept"; }; };
  blink = { on = "GET /blink"; do = { wait = { sleep = "50ms"; }; };
    reply = { message = "blinked"; }; };
};
CONF
my $hello = Muster::Http::format_request(GET => '/hello');
my $nap = Muster::Http::format_request(GET => '/nap');

my $server = Muster->start(conf => <<"CONF");
workers = 1;
log = { access = "json"; };
limits = { max_body = "10k"; };
$routes
CONF
my ($worker) = $server->workers;

# Seconds of CPU that the worker has used.
sub cpu {
	my ($fields) = Muster::read_file("/proc/$worker/stat") =~ /\) (.*)/;
	my @fields = split ' ', $fields;

	return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK);
}

sub rss_kib {
	my ($kib) = Muster::read_file("/proc/$worker/status")
	    =~ /^VmRSS:\s+(\d+)/m;
	return $kib;
}

# Answers on a connection until it ends, or gives nothing for 3 seconds.
sub answers {
	my ($client) = @_;
	my @all;

	while (my $answer = eval { $client->read_response(timeout => 3) }) {
		push @all, $answer;
	}
	return @all;
}

# ---- clients that shut their side -------------------------------------------

my $client = $server->connect;
$client->send($hello);
$client->half_close;
is($client->read_response->status, 200, 'one request, then the end: answered');
ok($client->is_closed(2), 'and closed, without waiting for another');

$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/blink') x 3);
$client->half_close;
is(scalar(answers($client)), 3, 'three requests, then the end: all answered');
ok($client->is_closed(2), 'and closed');

$client = $server->connect;
my $began = time;
$client->send($hello . 'GET /hel');
$client->half_close;
is(scalar(answers($client)), 1, 'one and a half, then the end: one answer');
ok($client->is_closed(2) && time - $began < 2, 'and closed');

$client = $server->connect;
$client->send("${hello}POST /take HTTP/1.1\r\nHost: h\r\n"
    . "Content-Length: 5\r\n\r\nab");
$client->half_close;
is(scalar(answers($client)), 1, 'half a body, then the end: no answer to it');
ok($client->is_closed(2), 'and closed');

# More than the server reads ahead while a request runs.
my $many = 3000;
$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/blink')
    . $hello x $many);
$client->half_close;
is(scalar(answers($client)), $many + 1,
    "$many requests ahead of their answers, then the end: all answered");

# ---- clients that send ahead and vanish -------------------------------------

$client = $server->connect;
$client->send($nap);
$server->wait_for(sub { $server->metric('muster_requests_in_flight') == 1 });
$client->socket->blocking(0);
1 while syswrite $client->socket, $hello x 1000;
setsockopt $client->socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
my $used = cpu();
$client->close;
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') == 0 }, 5),
    'a client that sent far ahead and reset is let go');
cmp_ok(cpu() - $used, '<', 0.2, 'and did not keep the worker busy');

# ---- clients that do not read -----------------------------------------------

sub slow_client {
	my $slow = $server->connect;

	setsockopt $slow->socket, SOL_SOCKET, SO_RCVBUF, pack('i', 65536);
	return $slow;
}

# Sends until the server takes no more for half a second; how many bytes.
sub fill {
	my ($socket, $sent, $quiet) = ($_[0]->socket, 0, time);

	while (time - $quiet < 0.5) {
		my $n = syswrite $socket, $hello x 500;
		if ($n) {
			$sent += $n;
			$quiet = time;
		} else {
			sleep 0.01;
		}
	}
	return $sent;
}

my $before = rss_kib();
$client = slow_client();
my $sent = fill($client);
SKIP: {
	skip 'sanitizers keep memory', 1 if Muster::sanitized();
	cmp_ok(rss_kib() - $before, '<', 4096,
	    "$sent bytes of requests by one who does not read cost little");
}
$used = cpu();
sleep 0.5;
cmp_ok(cpu() - $used, '<', 0.05, 'nor time');

# One who reads as slowly as he asks: something always waits for him.
my $got = 0;
my $end = time + 20;
while ($got < 10_000_000 && time < $end) {
	my $n = sysread $client->socket, my $bytes, 65536;
	$got += $n if $n;
	syswrite $client->socket, $hello x 500;
}
cmp_ok($got, '>=', 10_000_000, 'one who reads as slowly as he asks is served');
SKIP: {
	skip 'sanitizers keep memory', 1 if Muster::sanitized();
	cmp_ok(rss_kib() - $before, '<', 6144,
	    'and holds no more memory for it');
}
$client->close;

# ---- what is refused --------------------------------------------------------

$client = $server->connect(timeout => 10);
$client->send("POST /take HTTP/1.1\r\nHost: h\r\n"
    . "Content-Length: 10000000\r\n\r\n");
is($client->send('x' x 10_000_000), 10_000_000,
    'who sends 10 MB too much can send them');
my $answer = $client->read_response;
is($answer->status, 413, 'and reads the refusal behind them');
is($answer->header('connection'), 'close', 'which ends the connection');

$client = $server->connect;
$client->send("POST /take HTTP/1.0\r\nContent-Length: 2\r\n"
    . "Expect: 100-continue\r\n\r\nok");
$answer = $client->read_response;
is(join(' ', map { $_->status } @{ $answer->{interim} }, $answer), '200',
    'HTTP/1.0 gets no 100 Continue');
$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
    . "Expect: 100-continue\r\n\r\nok$hello");
$answer = $client->read_response;
is(join(' ', map { $_->status } @{ $answer->{interim} }, $answer), '200',
    'nor who did not wait for it');
is($client->read_response->status, 200, 'and what came behind is answered');
$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\n"
    . "Expect: 100-continue\r\n\r\n$hello");
is(join(' ', map { $_->status } map { $client->read_response } 1 .. 2),
    '200 200', 'nor who has no body');
$client = $server->connect;
$client->send("POST /none HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
    . "Expect: 100-continue\r\n\r\n");
is($client->read_response->status, 404,
    'a body for no route is refused before it is sent');
ok($client->is_closed(4), 'and the connection closed, for it may come');

my $refused = $server->metric('muster_responses_total{class="4xx"}');
$client = $server->connect;
$client->send("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n");
is($client->read_response->status, 400, 'what is no request is refused');
ok($server->wait_log(qr/"method":"-","target":"-".*"status":400/),
    'and stands in the access log');
is($server->metrics->{'muster_responses_total{class="4xx"}'}, $refused + 1,
    'and in the metrics');
is($server->stop, 0, 'it ends cleanly');

# ---- ids of others ----------------------------------------------------------

$server = Muster->start(conf => "workers = 1; trust_request_id = true;\n$routes");
for my $case ([ 'a-B_c.9:/+=', 1, 'a harmless' ], [ 'x' x 128, 1, 'a long' ],
    [ 'x' x 129, 0, 'too long a' ], [ 'a b', 0, 'a split' ],
    [ 'a"b', 0, 'a quoting' ], [ "a\xe9", 0, 'a strange' ], [ '', 0, 'no' ]) {
	my ($id, $taken, $name) = @$case;
	my $said = $server->get('/hello', headers => [ 'X-Request-ID' => $id ])
	    ->header('x-request-id');

	is($said eq $id ? 1 : 0, $taken,
	    "$name id is " . ($taken ? 'taken' : 'replaced'));
}
$server->stop;

# ---- too many clients -------------------------------------------------------

$server = Muster->start(conf => <<"CONF");
workers = 1;
limits = { max_connections = 10; };
$routes
CONF
my @clients = map { $server->connect } 1 .. 30;
$_->send($hello) for @clients;
is(scalar(grep { $_->has_bytes(5) } @clients[0 .. 9]), 10,
    'up to max_connections clients are served');
ok(!$clients[10]->has_bytes(0.3), 'the others wait');
is($server->metric('muster_connections_open'), 10, 'as the metrics say');
for my $i (0 .. 19) {
	$clients[$i]->close;
	ok(0, "client $i is not served") unless $clients[$i + 10]->has_bytes(5);
}
pass('and come in when others leave');
$_->close for @clients[20 .. 29];
is($server->get('/hello')->status, 200, 'later ones are served as always');
$server->stop;

# ---- too few descriptors ----------------------------------------------------

my $limited = Muster->new(conf => <<"CONF");
workers = 1;
limits = { max_connections = 1000; };
$routes
CONF
my $binary = $ENV{MUSTER_BIN} // "$Muster::builddir/musterd";
Muster::write_file("$limited->{dir}/limited",
    "#!/bin/sh\nulimit -n 60\nexec '$binary' \"\$@\"\n");
chmod 0755, "$limited->{dir}/limited";
{
	local $ENV{MUSTER_BIN} = "$limited->{dir}/limited";
	$limited->start;
}
($worker) = $limited->workers;
@clients = map { $limited->connect } 1 .. 200;
$used = cpu();
sleep 1;
cmp_ok(cpu() - $used, '<', 0.1, 'with few descriptors it does not spin');
unlike($limited->log, qr/could not accept/, 'nor run out of them');
like($limited->log, qr/warn .*descriptors .*60/, 'but says that they are few');
is($limited->admin('/live')->status, 200, 'what it needs itself it has');
# The admin socket has no limit of its own.
my @admins = map { Muster::Http->new(unix => $limited->admin_path) } 1 .. 80;
ok($limited->wait_log(qr/could not accept/), 'when none is left it says so');
$used = cpu();
my $lines = () = $limited->log =~ /could not accept/g;
sleep 1;
cmp_ok(cpu() - $used, '<', 0.1, 'and does not spin');
$lines = (() = $limited->log =~ /could not accept/g) - $lines;
cmp_ok($lines, '<=', 12, "nor flood the log ($lines lines a second)");
$_->close for @admins;
$_->close for @clients;
ok($limited->wait_for(sub {
	$limited->metric('muster_connections_open') == 0 }), 'they leave');
is($limited->get('/hello')->status, 200, 'and it serves again');
is($limited->stop, 0, 'and ends cleanly');

done_testing;
