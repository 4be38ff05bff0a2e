#!/usr/bin/perl
# The thinnest thread through all layers: one route without a database, one
# with, from server.conf to a client. If this is red, look here first.

use strict;
use warnings;

use Test::More;

use Muster;
use Muster::Pg;

my $pg = Muster::Pg->start(sql => <<'SQL');
CREATE TABLE greetings (id integer PRIMARY KEY, words text NOT NULL);
INSERT INTO greetings VALUES (1, 'good morning');
SQL
my $server = Muster->start(env => { $pg->env }, conf => <<'CONF');
workers = 2;
routes = {
  hello = {
    on    = "GET /hello/{name}";
    reply = { message = "Hello, {name}"; };
  };
  greeting = {
    on    = "GET /greetings/{id}";
    do    = {
      greeting = { row = "SELECT id, words FROM greetings WHERE id = {id}"; };
    };
    reply = "{greeting}";
  };
};
CONF

is(scalar($server->workers), 2, 'two workers serve');
my $answer = $server->get('/hello/world');
is($answer->status, 200, 'a route without operations answers 200');
is($answer->header('content-type'), 'application/json', 'with JSON');
is($answer->body, '{"message":"Hello, world"}', 'made by its template');

$answer = $server->get('/greetings/1');
is($answer->status, 200, 'a row answers 200');
is($answer->body, '{"id":1,"words":"good morning"}',
    'as an object, its types those of the columns');
is($server->get('/greetings/2')->status, 404, 'no row is 404');
is($server->get('/greetings/x')->status, 422, 'not an integer is 422');
is($server->get('/nowhere')->status, 404, 'no route is 404');

is($server->admin('/live')->status, 200, 'the admin socket says it lives');
is($server->metrics->{'muster_responses_total{class="4xx"}'}, 3,
    'and counts the refusals of both workers')
    or diag(explain($server->metrics));
is($server->stop, 0, 'TERM ends it with exit status 0');
ok(!-e $server->admin_path, 'and the admin socket is gone');
done_testing;
