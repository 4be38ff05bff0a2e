# Settings of the wire and of processes that have a test nowhere else: each
# value of each, as a client or an operator sees it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $routes = <<'CONF';
routes = {
  list = { on = "GET /items/"; reply = { message = "list"; }; };
  item = { on = "GET /items/{id}"; reply = { id = "{id}"; }; };
  rest = { on = "GET /files/{rest*}"; reply = { path = "{rest}"; }; };
};
CONF

# ---- as it comes --------------------------------------------------------------

my $server = Muster->start(conf => "workers = 1;\n$routes");
is($server->get('/items')->status, 200, 'a route answers without its slash');
is($server->get('/items/')->status, 200, 'and with it');
is($server->get('/items/7/')->status, 200, 'also one that ends in a parameter');
is($server->get('/Items/')->status, 404, 'paths are compared to the letter');
is($server->get('//items')->status, 404, 'and slashes are not folded');
is($server->get('/items/a%2Fb')->json->{id}, 'a/b',
    '%2F stays inside its segment');
is($server->get('/files/a/b%20c')->json->{path}, 'a/b c',
    'a last parameter with a star takes the rest');
is($server->get('/items/..')->status, 404, 'dot segments are no names');
is($server->get('/items/%zz')->status, 400, 'a bad escape is refused');
my $answer = $server->get('/items', headers => [ 'X-Request-ID' => 'of-mine' ]);
isnt($answer->header('x-request-id'), 'of-mine',
    'a request id of a client is not taken');
like($server->log, qr/ access client="127\.0\.0\.1" method="GET" target="\/items" route="list" status=200 bytes=18 /,
    'the access log is text');
$server->stop;

# ---- otherwise ----------------------------------------------------------------

my $file;
$server = Muster->new;
$file = "$server->{dir}/muster.log";
$server->write_conf(<<"CONF" . $routes);
workers = 1; server_header = false; strict_slash = true;
trust_request_id = true;
log = { level = "debug"; file = "$file"; access = "off"; };
CONF
$server->start;
is($server->get('/items')->status, 404, 'strict_slash tells two paths apart');
$answer = $server->get('/items/', headers => [ 'X-Request-ID' => 'of-mine' ]);
is($answer->status, 200, 'and keeps the one that is written');
is($answer->header('server'), undef, 'server_header = false is silent');
is($answer->header('x-request-id'), 'of-mine',
    'trust_request_id takes a request id');
isnt($server->get('/items/', headers => [ 'X-Request-ID' => 'a b' ])
    ->header('x-request-id'), 'a b', 'unless it could be mistaken in a log');
like(Muster::read_file($file), qr/ debug \[master\] /,
    'log.file is where the log goes, log.level how much of it');
unlike(Muster::read_file($file), qr/ access /,
    'access = "off" leaves requests out');
$server->stop;

# ---- as the service user --------------------------------------------------------

SKIP: {
	skip 'only root can become another user', 1 if $> != 0;
	$server = Muster->start(conf => <<"CONF" . $routes);
workers = 1; user = "nobody"; group = "nogroup";
startup = { who = { run = [ "/usr/bin/id", "-un" ]; }; };
CONF
	like($server->log, qr/hook_output name=who text="nobody"/,
	    'hooks run as the service user');
	$server->stop;
}

done_testing;
