# A mistake that shows only under load is told at the start: more connections
# than PostgreSQL has.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

# 13, of which 3 are for superusers: we are one, but must not count on it.
my $pg = Muster::Pg->start(conf => { max_connections => 13 });
my $route = 'routes = { one = { on = "GET /one";'
    . ' do = { n = { value = "SELECT 1 AS n"; }; };'
    . ' reply = { n = "{n}"; }; }; };';

sub log_of {
	my ($size, $overflow) = @_;
	my $server = Muster->start(env => { $pg->env }, conf => <<"CONF");
workers = 2;
database = { pool_size = $size; max_overflow = $overflow; };
$route
CONF
	is($server->get('/one')->status, 200, "2 x ($size + $overflow) serves");
	my $log = $server->log;
	$server->stop;
	return $log;
}

like(log_of(4, 2), qr/warn \[master\] max_connections .*2 workers x.*pool_size 4.*max_overflow 2.*= 12 connections, but .*has 10$/m,
    'and says that it is too much');
unlike(log_of(4, 1), qr/warn \[master\] max_connections/,
    'and says nothing when it fits');

done_testing;
