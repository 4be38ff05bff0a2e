# Workers that cannot start: the master says why and gives up.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Select;
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

# Workers that hang before they can serve. They are stopped before they say
# that they are ready, which many routes put off; one that was faster is
# another try.
sub start_with_hanging_workers {
	my $server = Muster->new(expect_deaths => 1, conf => <<"CONF",
workers = 1; startup_timeout = "200ms";
include = [ "routes.d/*.conf" ];
$route
CONF
	    files => { map { ("routes.d/$_.conf" => routes_part($_)) } 1 .. 10 });

	$server->launch;
	my $said = IO::Select->new($server->{notify});
	my $deadline = time + 60;
	while ($server->is_running && time < $deadline) {
		# A sanitizer has a process of its own at the master's end, which
		# must not be stopped: it comes after this line of the log.
		my @children = $server->children;
		kill STOP => @children
		    if @children && $server->log !~ / stopping /;
		next unless $said->can_read(0)
		    && $server->wait_notify(qr/^READY=1$/m, 0.001);
		kill CONT => $_ for $server->children;
		$server->stop;
		return undef;
	}
	return $server;
}

sub routes_part {
	my ($part) = @_;

	return "routes = {\n" . join('', map { qq(  r${part}_$_ = {
    on = "GET /r$part/$_/{a}/{b}/{c}";
    query = { d = { type = "int4"; default = 1; }; };
    reply = { a = "{a}"; b = "{b} {c}"; d = "{d}"; }; };\n) } 1 .. 300)
	    . "};\n";
}

my $hung;
for my $try (1 .. 20) {
	last if $hung = start_with_hanging_workers();
}
ok($hung, 'workers that hang at their start end the master');
is($hung->exit_status, 1, 'with status 1');
like($hung->log, qr/startup_timeout worker 1 pid=\d+ was not ready in time/,
    'after startup_timeout each');
like($hung->log, qr/start_failed workers died 5 times/, 'five of them');
unlike($hung->log, qr/out of memory/, 'and does not guess at memory');

done_testing;
