# Replies longer than a buffer: chunked, or up to the close for HTTP/1.0; in
# bounded memory whatever the client does.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(time sleep);

# A reply of 2 MB in pieces: a reference between them makes them so.
my $pieces = join ",\n", map { '"' . 'x' x 4096 . ' {word}"' } 1 .. 500;
my $server = Muster->start(conf => <<"CONF");
workers = 1;
log = { access = "json"; };
limits = { write_timeout = "1s"; keepalive_timeout = "20s"; };
routes = {
  patient = { on = "GET /patient/{word}"; limits = { write_timeout = "20s"; };
    reply = (
$pieces
  ); };
  hasty = { on = "POST /hasty"; limits = { body_timeout = "300ms"; };
    status = 200; reply = "{null}"; };
  large = { on = "GET /large/{word}"; reply = (
$pieces
  ); };
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
};
CONF
my ($worker) = $server->workers;
my $length = 500 * (4096 + length '"" one,') + 1;	# and the brackets
my $large = Muster::Http::format_request(GET => '/large/one');

sub rss_kib {
	my ($kib) = Muster::read_file("/proc/$worker/status")
	    =~ /^VmRSS:\s+(\d+)/m;
	return $kib;
}

# A client whose kernel holds little for it.
sub small_client {
	my $client = $server->connect;

	setsockopt $client->socket, SOL_SOCKET, SO_RCVBUF, pack('i', 16384);
	return $client;
}

# ---- how the end is found ---------------------------------------------------

my $client = $server->connect;
my $answer = $client->get('/large/one');
is($answer->status, 200, 'a large reply is sent');
is($answer->header('transfer-encoding'), 'chunked', 'in chunks');
is($answer->header('content-length'), undef, 'without a length');
is(length $answer->body, $length, 'in full');
is_deeply($answer->json, [ map { 'x' x 4096 . ' one' } 1 .. 500 ],
    'and unharmed');
is($client->get('/hello')->status, 200, 'the connection is kept');

$answer = $client->request(HEAD => '/large/one');
is($answer->status, 200, 'HEAD of it has a head');
is($client->get('/hello')->body, '{"message":"hello"}', 'and no body');

$client = $server->connect;
$answer = $client->get('/large/one', version => 'HTTP/1.0',
    headers => [ Connection => 'keep-alive' ]);
is($answer->header('transfer-encoding'), undef, 'HTTP/1.0 knows no chunks');
is($answer->header('connection'), 'close', 'so the close is the end');
is(length $answer->body, $length, 'of a full body');
$client = $server->connect;
$answer = $client->request(HEAD => '/large/one', version => 'HTTP/1.0');
is($answer->status, 200, 'HEAD by HTTP/1.0');
is($client->read_all, '', 'has no body either');

$client = $server->connect;
my @all = $client->pipeline([ GET => '/hello' ], [ GET => '/large/one' ],
    [ HEAD => '/large/two' ], [ GET => '/none' ], [ GET => '/large/three' ],
    [ GET => '/hello', headers => [ Connection => 'close' ] ],
    );
is(join(' ', map { $_->status } @all), '200 200 200 404 200 200',
    'among pipelined requests they stand in order');
is($all[4]->json->[499], 'x' x 4096 . ' three', 'each with its own content');
ok($client->is_closed(3), 'up to the close that was asked for');

# ---- clients that read slowly, or not ---------------------------------------

$client = small_client();
$client->send($large);
$client->half_close;
is(length eval { $client->read_response->body }, $length,
    'a client that shut its side gets all of it');
ok($client->is_closed(2), 'and is closed behind it');

my $before = rss_kib();
my $patient = small_client();
$patient->send(Muster::Http::format_request(GET => '/patient/one') x 5);
my @slow = map { small_client() } 1 .. 20;
$_->send($large x 5) for @slow;
ok($slow[19]->has_bytes(5), '20 clients ask for 10 MB each');
is($server->get('/hello')->status, 200, 'others are served meanwhile');
SKIP: {
	skip 'sanitizers keep memory', 1 if Muster::sanitized();
	cmp_ok(rss_kib() - $before, '<', 20 * 256,
	    'no client holds more than a bit');
}
ok($server->wait_log(qr/"route":"large","status":499/, 8),
    'who takes nothing for write_timeout is closed');
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') == 1 }, 8),
    'and so are the others, but for the route with a limit of its own');
$_->close for @slow;
is(join(' ', map { length $patient->read_response->body } 1 .. 5),
    join(' ', ($length) x 5), 'which is read to the end');
$patient->close;

$client = $server->connect;
$client->send("POST /hasty HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\na");
is($client->read_response(timeout => 3)->status, 408,
    'a route may have a body_timeout of its own');
$client->close;

# 2 MB in more than three times write_timeout, but never a second of nothing.
$client = small_client();
$client->send($large);
my ($got, $begun) = ('', time);
for my $i (1 .. 100) {
	sysread $client->socket, $got, 20_000, length $got;
	sleep 0.035;
}
cmp_ok(time - $begun, '>', 3, 'a slow but steady client has its time');
$client->{buffer} = $got;
is(length eval { $client->read_response->body }, $length,
    'and gets all of it');

# ---- clients that leave -----------------------------------------------------

$client = small_client();
$client->send($large);
ok($client->has_bytes(2), 'a client that has read a little');
$client->close;
ok($server->wait_for(sub {
	$server->metric('muster_connections_open') == 0 }, 3),
    'and leaves is forgotten at once');
is($server->metric('muster_requests_in_flight'), 0, 'as is its request');

# ---- and the server ---------------------------------------------------------

$client = small_client();
$client->send($large);
ok($client->has_bytes(2), 'a large reply is under way');
$server->signal('TERM');
$server->wait_log(qr/\[master\] stopping/);
is(length eval { $client->read_response->body }, $length,
    'TERM lets it end');
is($server->wait_exit(10), 0, 'and then ends');
$server->check_leftovers;
done_testing;
