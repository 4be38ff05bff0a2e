#!/usr/bin/perl
# The sample's routes on the sample's tables, each with good and bad input.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;
use Time::HiRes qw(time);

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql');
my $sample = Muster::read_file("$Muster::srcdir/etc/server.conf");
$sample =~ s/^.*?(?=^# -- routes)//ms or die "etc/server.conf has no routes\n";
my $server = Muster->start(env => { $pg->env },
    conf => "workers = 1;\n$sample");

sub told {
	my ($answer, $status, $body, $name) = @_;

	is($answer->status, $status, $name);
	is($answer->body, $body, "... $body");
}

sub types {
	my ($answer) = @_;

	return [ map { [ $_->{type}, @{ $_->{loc} } ] }
	    @{ $answer->json->{detail} } ];
}

# ---- read ---------------------------------------------------------------------

my $ada = '{"id":1,"username":"ada","email":"ada@example.com"}';
my $alan = '{"id":2,"username":"alan","email":"alan@example.com"}';

told($server->get('/users/1'), 200, $ada, 'a user');
told($server->get('/users/999'), 404, '{"detail":"User not found"}',
    'a user who is not there');
is_deeply(types($server->get('/users/abc')),
    [ [ 'int_parsing', 'path', 'user_id' ] ], 'an id that is no integer');
is_deeply($server->get('/users/3000000000')->json->{detail}[0]{ctx},
    { le => 2147483647 }, 'an id that int4 cannot hold');
is_deeply(types($server->get('/users/99999999999999999999')),
    [ [ 'less_than_equal', 'path', 'user_id' ] ],
    'an id that int8 cannot hold');
told($server->get('/users/?limit=2'), 200, "[$ada,$alan]", 'some users');
told($server->get('/users?skip=1&limit=1'), 200, "[$alan]",
    'more of them, without the slash');
is(scalar(@{ $server->get('/users/')->json }), 24, 'all users by default');
told($server->get('/users/?skip=1000'), 200, '[]', 'none of them');
is_deeply(types($server->get('/users/?skip=-1&limit=101')), [
    [ 'greater_than_equal', 'query', 'skip' ],
    [ 'less_than_equal', 'query', 'limit' ],
], 'bounds of the query, both in one reply');
is_deeply(types($server->get('/users/?skip=x&limit=9223372036854775808')), [
    [ 'int_parsing', 'query', 'skip' ],
    [ 'less_than_equal', 'query', 'limit' ],
], 'no integer, and one beyond int8');
is_deeply(types($server->get('/users/?skip=')),
    [ [ 'int_parsing', 'query', 'skip' ] ], 'an empty number');
is($server->get('/users/?skip=1&skip=2')->status, 422, 'a number twice');

# ---- create ---------------------------------------------------------------------

my $answer = $server->post('/users/',
    { username => 'testuser', email => 'test@example.com' });
told($answer, 201,
    '{"id":25,"username":"testuser","email":"test@example.com"}',
    'a new user');
is($answer->header('Location'), '/users/25', 'and where it is');
told($server->post('/users/',
    { username => 'testuser', email => 'other@example.com' }), 409,
    '{"detail":"Username already registered"}', 'the same name again');
is_deeply(types($server->request('POST', '/users/')),
    [ [ 'missing', 'body' ] ], 'no body');
is_deeply(types($server->post('/users/', 'null')),
    [ [ 'missing', 'body' ] ], 'null');
is_deeply(types($server->post('/users/', {})), [
    [ 'missing', 'body', 'username' ], [ 'missing', 'body', 'email' ],
], 'nothing in it');
is_deeply(types($server->post('/users/', { username => 'a b', email => 5 })), [
    [ 'string_pattern_mismatch', 'body', 'username' ],
    [ 'string_type', 'body', 'email' ],
], 'a bad name and a number for a text');
is_deeply(types($server->post('/users/', '{"username":')),
    [ [ 'json_invalid', 'body', 12 ] ], 'broken JSON');
is_deeply(types($server->post('/users/', '[1]')),
    [ [ 'model_attributes_type', 'body' ] ], 'a list');
is_deeply(types($server->post('/users/',
    '{"username":null,"email":"x@example.com"}')),
    [ [ 'string_type', 'body', 'username' ] ], 'null for a text');
is($server->post('/users/', "{\"username\":\"\xFF\"}")->status, 400,
    'a byte that is no UTF-8');
is_deeply(types($server->post('/users/',
    '{"username":"nul\u0000nul","email":"x@example.com"}')),
    [ [ 'value_error', 'body', 'username' ] ], 'NUL in a text');
told($server->post('/users/',
    { username => 'extra', email => 'e@example.com', zzz => 1 }), 201,
    '{"id":27,"username":"extra","email":"e@example.com"}',
    'what was not asked for is dropped');

# ---- update -----------------------------------------------------------------------

told($server->patch('/users/25', { email => 'new@example.com' }), 200,
    '{"id":25,"username":"testuser","email":"new@example.com"}',
    'what is sent changes');
told($server->patch('/users/25', {}), 200,
    '{"id":25,"username":"testuser","email":"new@example.com"}',
    'what is not sent stays');
is_deeply(types($server->patch('/users/25', '{"username":null}')),
    [ [ 'string_type', 'body', 'username' ] ], 'null is not "not sent"');
told($server->patch('/users/25', { username => 'ada' }), 409,
    '{"detail":"Username already registered"}', 'a name that is taken');
told($server->patch('/users/999', {}), 404, '{"detail":"User not found"}',
    'a user who is not there');
is_deeply(types($server->patch('/users/x', { email => {} })), [
    [ 'int_parsing', 'path', 'user_id' ], [ 'string_type', 'body', 'email' ],
], 'faults of path and body, in one reply');

# ---- delete -----------------------------------------------------------------------

$answer = $server->delete('/users/25');
told($answer, 204, '', 'a user is gone');
is($answer->header('Content-Type'), undef, 'without a body');
told($server->delete('/users/25'), 404, '{"detail":"User not found"}',
    'and is not there again');

# ---- profiles ---------------------------------------------------------------------

my $profile = '{"user":{"id":2,"username":"alan"},"posts":['
    . '{"post_id":2,"title":"Alan writes, part 1"},'
    . '{"post_id":19,"title":"Alan writes, part 2"}]}';
for my $path ('/user-profile', '/user-profile-concurrent') {
	told($server->get("$path/2"), 200, $profile, "$path: user and posts");
	told($server->get("$path/4"), 200,
	    '{"user":{"id":4,"username":"brian"},"posts":[]}', 'no posts');
	told($server->get("$path/999"), 404, '{"detail":"User not found"}',
	    'no user');
}

# ---- waiting ------------------------------------------------------------------------

# All at once, each over a connection of its own.
my @clients = map { $server->connect } 1 .. 6;
my @paths = ('/async', '/sync', '/good', '/bad', '/async-example',
    '/async-example?delay=0.5');
my $begun = time;
$clients[$_]->send(Muster::Http::format_request(GET => $paths[$_]))
    for 0 .. 5;
my @bodies = map { $_->read_response->body } @clients;
my $took = time - $begun;
is($bodies[$_], '{"message":"Done after 1 second"}', $paths[$_]) for 0 .. 3;
is($bodies[4], '{"result":"Completed after 1.0 seconds"}', $paths[4]);
is($bodies[5], '{"result":"Completed after 0.5 seconds"}', $paths[5]);
cmp_ok($took, '>=', 1, 'they wait');
cmp_ok($took, '<', 3, "at the same time ($took s)");
told($server->get('/async-example?delay=0'), 200,
    '{"result":"Completed after 0.0 seconds"}', 'no time at all');
told($server->get('/async-example?delay=1e-2'), 200,
    '{"result":"Completed after 0.01 seconds"}', 'the shortest digits');
is_deeply(types($server->get('/async-example?delay=11')),
    [ [ 'less_than_equal', 'query', 'delay' ] ], 'too long');
is_deeply(types($server->get('/async-example?delay=NaN')),
    [ [ 'float_parsing', 'query', 'delay' ] ], 'no number');

# ---- the rest -------------------------------------------------------------------------

told($server->get('/json'), 200, '{"message":"Hello, World!"}', 'a constant');
$answer = $server->head('/json');
is($answer->status, 200, 'HEAD for each GET');
is($answer->header('Content-Length'), 27, 'with the length of its body');
$answer = $server->request('PUT', '/users/1');
told($answer, 405, '{"detail":"Method Not Allowed"}', 'a method it has not');
is($answer->header('Allow'), 'GET, HEAD, PATCH, DELETE, OPTIONS',
    'and those it has');
told($server->get('/nope'), 404, '{"detail":"Not Found"}', 'no route');
is($server->stop, 0, 'the server ends well');
done_testing;
