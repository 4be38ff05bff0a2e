# Workers that cannot start: the master says why and gives up.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $route = 'routes = { hello = { on = "GET /hello";'
    . ' reply = { message = "hello"; }; }; };';

# How many descriptors a master needs and a worker lacks depends on the
# libraries; one of these numbers leaves the master running.
my ($exit, $log) = ('', '');
for my $descriptors (10 .. 40) {
	my $server = Muster->new(conf => "workers = 1;\n$route",
	    expect_deaths => 1);
	my $binary = $ENV{MUSTER_BIN};
	local $ENV{MUSTER_BIN} = "$server->{dir}/limited";
	Muster::write_file($ENV{MUSTER_BIN}, "#!/bin/sh\n"
	    . "ulimit -n $descriptors\nexec '"
	    . ($binary // "$Muster::builddir/musterd") . "' \"\$@\"\n");
	chmod 0755, $ENV{MUSTER_BIN};
	$server->launch;
	if ($server->wait_notify(qr/^READY=1$/m, 10)) {
		$server->kill;
		last;
	}
	($exit, $log) = ($server->wait_exit(10), $server->log);
	last if $log =~ /workers died/;
}
like($log, qr/start_failed workers died 5 times before all were ready/,
    'five deaths before the first READY end the master');
is($exit, 1, 'with the status of the workers');
unlike($log, qr/ ready /, 'and it never said that it is ready');

done_testing;
