# Connections: keep-alive, order, deadlines, early refusals, what a slow or
# vanished client costs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;
use Time::HiRes qw(time sleep);

my $conf = <<'CONF';
workers = 1;
log = { access = "json"; };
limits = { header_timeout = "300ms"; body_timeout = "400ms";
  keepalive_timeout = "600ms"; write_timeout = "1s"; max_body = "1k"; };
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  take = { on = "POST /take"; status = 200; reply = { message = "taken"; }; };
  nap = { on = "GET /nap"; do = { wait = { sleep = "200ms"; }; };
    reply = { message = "slept"; }; };
  long = { on = "GET /long"; do = { wait = { sleep = "8s"; }; };
    reply = { message = "slept"; }; };
  gone = { on = "DELETE /hello"; status = 204; };
};
CONF

my $server = Muster->start(conf => $conf);
my ($client, $response);

# ---- what every reply says --------------------------------------------------

$response = $server->get('/hello');
is($response->status, 200, 'a route answers');
is($response->body, '{"message":"hello"}', 'with its reply');
is($response->header('content-type'), 'application/json', 'as JSON');
is($response->header('server'), 'muster', 'and says who serves');
like($response->header('date'),
    qr/^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
    'and when');
like($response->header('x-request-id'), qr/^[0-9a-f]{16}$/,
    'and gives the request an id');
isnt($server->get('/hello')->header('x-request-id'),
    $response->header('x-request-id'), 'another one each time');
is($server->get('/hello', headers => [ 'X-Request-ID' => 'mine' ])
    ->header('x-request-id') eq 'mine', '', 'not one of the client\'s');

$response = $server->head('/hello');
is($response->status, 200, 'HEAD is served by the GET route');
is($response->header('content-length'), 19, 'with the length of the body');
$response = $server->delete('/hello');
is($response->status, 204, 'a route without a reply answers 204');
is($response->header('content-length'), undef, 'without a length');
is($response->header('content-type'), undef, 'or a type');

$response = $server->request('OPTIONS', '/hello');
is($response->status, 204, 'OPTIONS is answered');
is($response->header('allow'), 'GET, HEAD, DELETE, OPTIONS',
    'with all methods');
$response = $server->put('/hello', '{}');
is($response->status, 405, 'another method is refused');
is($response->header('allow'), 'GET, HEAD, DELETE, OPTIONS',
    'with all methods again');
is($response->body, '{"detail":"Method Not Allowed"}', 'and a body');
$response = $server->get('/nothing');
is($response->status, 404, 'an unknown path is not found');
is($response->body, '{"detail":"Not Found"}', 'as its body says');

# ---- order ------------------------------------------------------------------

$client = $server->connect;
my @all = $client->pipeline([ GET => '/nap' ], [ GET => '/hello' ],
    [ HEAD => '/hello' ], [ GET => '/nothing' ], [ GET => '/nap' ]);
is(join(' ', map { $_->status } @all), '200 200 200 404 200',
    'pipelined requests are all answered');
is($all[0]->body, '{"message":"slept"}', 'in their order: the slow one first');
is($all[4]->body, '{"message":"slept"}', 'and last');
@all = $client->pipeline(map { [ GET => '/hello' ] } 1 .. 500);
is(scalar(grep { $_->status == 200 } @all), 500,
    '500 in one write are answered');

$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/hello',
    version => 'HTTP/1.0'));
$response = $client->read_response;
is($response->header('connection'), 'close', 'HTTP/1.0 is closed');
ok($client->is_closed(2), 'at once');
$client = $server->connect;
$response = $client->get('/hello', version => 'HTTP/1.0',
    headers => [ Connection => 'keep-alive' ]);
is($response->header('connection'), 'keep-alive', 'unless it asks');
is($client->get('/hello')->status, 200, 'and then goes on');

# ---- deadlines --------------------------------------------------------------

sub timed {
	my ($code) = @_;
	my $begun = time;
	my $result = $code->();

	return ($result, time - $begun);
}

my $took;
$client = $server->connect;
$client->send("GET /hello HTTP/1.1\r\nHo");
($response, $took) = timed(sub { $client->read_response });
is($response->status, 408, 'half a head is answered 408');
ok($took > 0.2 && $took < 1.5, "after header_timeout ($took s)");
is($response->header('connection'), 'close', 'which says close');
ok($client->is_closed(3), 'and closes');

$client = $server->connect;
my $drip = time + 3;
$client->send('GET /hello HTTP/1.1' . "\r\n");
$client->send('x') while time < $drip && !$client->has_bytes(0.1);
is($client->read_response->status, 408,
    'one byte at a time does not move the deadline');
ok(time < $drip, 'a slow client cannot hold on');

$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
($response, $took) = timed(sub { $client->read_response });
is($response->status, 408, 'half a body is answered 408');
ok($took > 0.3 && $took < 1.6, "after body_timeout ($took s)");

$client = $server->connect;
($response, $took) = timed(sub { $client->is_closed(3) });
ok($response, 'a connection that says nothing is closed without a word');
$client = $server->connect;
$client->get('/hello');
($response, $took) = timed(sub { $client->is_closed(3) });
ok($response && $took > 0.5 && $took < 2,
    "an idle one after keepalive_timeout ($took s)");

# ---- bodies -----------------------------------------------------------------

$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 1025\r\n\r\n");
$response = $client->read_response;
is($response->status, 413, 'a body over max_body is refused by its length');
ok($client->is_closed(3), 'before it is read');
$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\n"
    . "Transfer-Encoding: chunked\r\n\r\n"
    . sprintf("%x\r\n%s\r\n", 1000, 'x' x 1000) x 2);
is($client->read_response->status, 413, 'a chunked one at the byte');
ok($client->is_closed(3), 'and closed');

$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
    . "Expect: 100-continue\r\n\r\n");
ok($client->has_bytes(2), '100 Continue is sent');
$client->send('ok');
$response = $client->read_response;
is(join(' ', map { $_->status } @{ $response->{interim} }, $response),
    '100 200', 'before the body, then the answer');
$client->send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n"
    . "Expect: 100-continue\r\n\r\n");
$response = $client->read_response;
is($response->status, 413, 'a body that is not wanted gets its refusal');
is(scalar @{ $response->{interim} }, 0, 'and no 100 Continue');
$client = $server->connect;
$client->send("POST /take HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
    . "Expect: something\r\n\r\n");
is($client->read_response->status, 417, 'another expectation is 417');

# ---- clients that leave -----------------------------------------------------

$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/long'));
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') >= 1 }), 'a request runs');
$client->close;
ok($server->wait_for(sub {
	$server->metric('muster_requests_in_flight') == 0 }, 2),
    'and ends when its client has left');
ok($server->wait_log(qr/"status":499/), 'the log calls that 499');

$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/hello'));
$client->half_close;
is($client->read_response->status, 200,
    'a client that shuts its side after asking is answered');
ok($client->is_closed(2), 'and closed');

# ---- the log ----------------------------------------------------------------

$server->get('/hello?a="b' . "%0a");
my $line = $server->wait_log(qr/%0a/);
my $entry = JSON::PP->new->utf8->decode($line);
is($entry->{target}, '/hello?a="b%0a', 'the access log quotes what was sent');
is($entry->{route}, 'hello', 'and names the route');
is($entry->{status}, 200, 'and the status');

is($server->stop, 0, 'it ends cleanly');
done_testing;
