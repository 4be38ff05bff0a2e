# 10 000 connections that sleep a second each in one worker: all are answered
# in time, in little memory.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Poll qw(POLLIN);
use Muster;
use Socket;
use Test::More;
use Time::HiRes qw(time);

my $n = 10_000;
plan skip_all => 'not under a sanitizer, which changes time and memory'
    if $ENV{MUSTER_SAN_DIR};
chomp(my $limit = `sh -c 'ulimit -Hn'`);
plan skip_all => "needs $n descriptors" if $limit ne 'unlimited'
    && $limit < $n + 200;

# More descriptors than this process began with: again, with more.
if (`sh -c 'ulimit -n'` < $n + 200 && !$ENV{MUSTER_RAISED}) {
	$ENV{MUSTER_RAISED} = 1;
	exec 'sh', '-c', 'ulimit -n $(ulimit -Hn); exec "$@"', 'sh', $^X, $0;
}

Muster::alone();
my $server = Muster->start(conf => <<'CONF');
workers = 1;
log = { access = "off"; };
limits = { header_timeout = "60s"; max_connections = 20000; };
routes = {
  example = { on = "GET /async-example";
    query = { delay = { type = "float8"; default = 1.0; minimum = 0;
                        maximum = 10; }; };
    do = { wait = { sleep = "{delay}"; }; };
    reply = { result = "Completed after {delay} seconds"; }; };
};
CONF

sub pss_mib {
	my ($sum) = (0);

	for my $pid ($server->pid, $server->children) {
		my ($kib) = Muster::read_file("/proc/$pid/smaps_rollup")
		    =~ /^Pss:\s+(\d+) kB/m;
		$sum += $kib // 0;
	}
	return $sum / 1024;
}

my @clients;
for my $i (1 .. $n) {
	socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	# Spread over addresses of loopback: one has 28 000 ports to give.
	bind $socket, pack_sockaddr_in(0, inet_aton('127.0.0.' . (2 + $i % 8)));
	connect $socket, pack_sockaddr_in($server->port, INADDR_LOOPBACK)
	    or die "connect $i: $!";
	push @clients, { socket => $socket };
}
is(scalar @clients, $n, "$n connections are open");
ok($server->wait_for(sub {
	$server->metric('muster_connections_open') >= $n }),
    'and taken by the worker');

# Each asks once. The time of the last answer, the least, the peak of memory.
my $request = "GET /async-example HTTP/1.1\r\nHost: h\r\n\r\n";
sub ask_all {
	my ($poll, $answered, %by_fd) = (IO::Poll->new, 0);

	for my $client (@clients) {
		delete @$client{qw(took answer)};
		$client->{at} = time;
		syswrite $client->{socket}, $request;
		$by_fd{ fileno $client->{socket} } = $client;
		$poll->mask($client->{socket} => POLLIN);
	}
	my $peak = pss_mib();
	my $deadline = time + 15;
	while ($answered < $n && time < $deadline) {
		$poll->poll(0.5);
		for my $socket ($poll->handles(POLLIN)) {
			my $client = $by_fd{ fileno $socket };
			$client->{took} = time - $client->{at};
			sysread $socket, $client->{answer}, 65536;
			$poll->remove($socket);
			$answered++;
		}
	}
	my @took = sort { $a <=> $b } map { $_->{took} // 99 } @clients;
	return ($took[-1], $took[0], $peak);
}

# A machine that is busy otherwise may be late once, a slow server always is.
my ($last, $first, $peak);
for my $try (1 .. 3) {
	($last, $first, $peak) = ask_all();
	is(scalar(grep { ($_->{answer} // '') =~ m{^HTTP/1.1 200 OK\r\n}
	    && $_->{answer} =~ /"Completed after 1.0 seconds"/ } @clients),
	    $n, 'every one is answered, with the right answer');
	cmp_ok($first, '>=', 0.99, 'none before its second');
	cmp_ok($peak, '<=', 80, sprintf 'in %.1f MiB', $peak);
	last if $last <= 1.5;
	diag("round $try: the last $last s after its sending");
}
cmp_ok($last, '<=', 1.5, "the last $last s after its sending");
close $_->{socket} for @clients;
is($server->stop, 0, 'it ends cleanly');
done_testing;
