#!/usr/bin/perl
# `errors.on`: what errors of the database and the server are told as.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql');
my $conf = <<'CONF';
workers = 1;
errors = { on = (
  { constraint = "users_username_key"; status = 409; detail = "Username already registered"; },
  { sqlstate = "22"; status = 418; },
  { code = "deadline"; status = 503; detail = "Too slow"; },
  { code = "not_found"; status = 410; detail = "Nothing here"; },
  { code = "method_not_allowed"; detail = "Not like this"; },
  { code = "bad_request"; detail = "Not HTTP"; },
  { code = "invalid"; status = 400; }
); };
routes = {
  create = {
    on = "POST /users"; status = 201;
    do = { user = { row = "INSERT INTO users (username, email) VALUES"
                          " ({body.username}, {body.email}) RETURNING id"; }; };
    reply = "{user}";
  };
  create_own = {
    on = "POST /own"; status = 201;
    errors = { on = ( { constraint = "users_username_key"; sqlstate = "23505";
                        status = 400; detail = "Taken"; } ); };
    do = { user = { row = "INSERT INTO users (username, email) VALUES"
                          " ({body.username}, {body.email}) RETURNING id"; }; };
    reply = "{user}";
  };
  post = {
    on = "POST /posts"; status = 201;
    errors = { on = ( { sqlstate = "23503"; status = 422; detail = "No such user"; },
                      { code = "body_too_large"; detail = "A title, not a book"; } ); };
    limits = { max_body = "1k"; };
    do = { post = { row = "INSERT INTO posts (user_id, title) VALUES"
                          " ({body.user_id}, {body.title}) RETURNING id"; }; };
    reply = "{post}";
  };
  divide = {
    on = "GET /divide/{by}";
    do = { n = { value = "SELECT 1 / {by}::integer AS n"; }; };
    reply = "{n}";
  };
  slow = {
    on = "GET /slow"; limits = { request_timeout = "50ms"; };
    do = { n = { value = "SELECT 1 AS n FROM pg_sleep(30)"; }; };
    reply = "{n}";
  };
};
CONF
my $server = Muster->start(env => { $pg->env }, conf => $conf);

sub told {
	my ($answer, $status, $detail, $name) = @_;

	is($answer->status, $status, $name);
	is_deeply($answer->json, { detail => $detail }, "... \"$detail\"");
}

my $ada = { username => 'ada', email => 'ada@example.com' };
told($server->post('/users', $ada), 409, 'Username already registered',
    'a constraint by its name');
told($server->post('/own', $ada), 400, 'Taken', "the route's entry goes first");
told($server->post('/posts', { user_id => 999, title => 'x' }), 422,
    'No such user', 'an SQLSTATE');
is($server->get('/divide/0')->status, 418, 'a class of SQLSTATE');
told($server->get('/slow'), 503, 'Too slow', 'a code word');
told($server->get('/nowhere'), 410, 'Nothing here',
    'an error before any route');
my $wrong = $server->delete('/slow');
told($wrong, 405, 'Not like this', 'a method');
is($wrong->header('Allow'), 'GET, HEAD, OPTIONS', '... with its Allow');
told($server->post('/posts', { user_id => 1, title => 'x' x 2000 }), 413,
    'A title, not a book', "a route's entry for an error of its body");
my $http = $server->connect;
$http->send("GET / HTTP/1.1\r\nHost : x\r\n\r\n");
told($http->read_response, 400, 'Not HTTP', 'an error of the parser');
my $faults = $server->post('/posts', '{}');
is($faults->status, 400, 'the status of faults of the input');
is(scalar @{ $faults->json->{detail} }, 2, '... whose list stays');
is($server->post('/posts', { user_id => 1, title => 'x' })->status, 201,
    'and what is right is served');
is($server->stop, 0, 'the server ends well');

my $result = Muster->run(args => ['--check-db'], env => { $pg->env },
    conf => $conf =~ s/users_username_key/users_usernam_key/r);
is($result->{exit}, 78, 'a constraint that does not exist is refused');
like($result->{out} . $result->{err},
    qr/server\.conf:3:18: the database has no constraint "users_usernam_key"/,
    'with its place');
done_testing;
