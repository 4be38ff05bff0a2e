# Under load: what a worker's death may cost, what TERM must not, and how
# evenly clients are shared.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Load;
use Test::More;
use Time::HiRes qw(time sleep);

Muster::alone();
my $conf = <<'CONF';
workers = 2;
log = { access = "off"; };
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  nap = { on = "GET /nap"; do = { wait = { sleep = "20ms"; }; };
    reply = { message = "slept"; }; };
};
CONF
my @requests = ([ GET => '/hello', qr/^\{"message":"hello"\}$/ ],
    [ GET => '/nap', qr/^\{"message":"slept"\}$/ ]);

sub load {
	my ($server, %args) = @_;
	my $load = Muster::Load->start(port => $server->port,
	    connections => 32, requests => \@requests, %args);

	$server->wait_for(sub {
		$server->metric('muster_responses_total') > 200 });
	return $load;
}

for my $signal ('KILL', 'SEGV') {
	my $server = Muster->start(conf => $conf, expect_deaths => 1);
	my $load = load($server);
	my ($victim) = $server->workers;

	kill $signal => $victim;
	$server->wait_log(qr/worker_died .*pid=$victim/);
	$server->wait_for(sub { (grep { $_ != $victim } $server->workers)
	    == 2 });
	my $count = $load->stop;
	cmp_ok($count->{lost}, '<=', 32,
	    "a worker killed by $signal loses at most what was in flight");
	is($count->{wrong}, 0, 'no answer is wrong');
	is($count->{hung}, 0, 'none hangs');
	is(join(',', keys %{ $count->{answered} }), '200',
	    'all others are answered');
	is($server->stop, 0, 'the server ends as always');
}

my $server = Muster->start(conf => $conf);
my $load = load($server, until_refused => 1);
$server->signal('TERM');
my $count = $load->wait;
is($count->{lost}, 0, "TERM under load loses none of $count->{sent}");
is($count->{wrong} + $count->{hung}, 0, 'no answer is wrong, none hangs');
is(join(',', keys %{ $count->{answered} }), '200', 'all are answered 200');
is($server->wait_exit(10), 0, 'and the server ends');
$server->check_leftovers;

# ---- even workers -------------------------------------------------------------

$server = Muster->start(conf => $conf);
my @clients = map { $server->connect } 1 .. 64;
$_->get('/hello') for @clients;
my @shares = map { open_sockets($_, $server->port) } $server->workers;
is($shares[0] + $shares[1], 64, '64 keep-alive clients are connected');
cmp_ok($_, '>=', 64 * 0.4, "a worker has at least 40 % of them ($_)")
    for @shares;

# The other workers make up for one that comes new.
$server->{expect_deaths} = 1;
my ($victim, $other) = $server->workers;
kill KILL => $victim;
$server->wait_for(sub { (grep { $_ != $victim } $server->workers) == 2 });
$server->wait_log(qr/worker_died/);
@clients = grep { !$_->is_closed(0.01) } @clients;
push @clients, $server->connect while @clients < 64;
is(scalar(grep { $_->get('/hello')->status == 200 } @clients), 64,
    'after a death 64 clients are served again');
my ($most) = sort { $b <=> $a } map { open_sockets($_, $server->port) }
    $server->workers;
cmp_ok($most, '<=', 64 * 0.6, 'evenly again');
is($server->stop, 0, 'the server ends as always');

# How many connections to this port a process holds.
sub open_sockets {
	my ($pid, $port) = @_;
	my %inodes;

	for my $line (split /\n/, Muster::read_file('/proc/net/tcp')) {
		my @fields = split ' ', $line;
		my ($local) = ($fields[1] // '') =~ /:([0-9A-F]{4})$/ or next;
		$inodes{ $fields[9] } = 1
		    if hex $local == $port && $fields[3] eq '01';
	}
	return scalar grep { /^socket:\[(\d+)\]/ && $inodes{$1} }
	    map { readlink // '' } glob "/proc/$pid/fd/*";
}

done_testing;
