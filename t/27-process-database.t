# The end of processes as others see it: what PostgreSQL still runs for a
# server that stops at once, and what a container's first process must do.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;
use Time::HiRes qw(time);

my $pg = Muster::Pg->start;
my $routes = <<'CONF';
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  nap = { on = "GET /nap";
    do = { nap = { value = "SELECT 1 AS n FROM pg_sleep(30)"; }; };
    reply = { nap = "{nap}"; }; };
};
CONF
my $sleeping = "SELECT count(*) FROM pg_stat_activity"
    . " WHERE state = 'active' AND query LIKE '%pg_sleep%'"
    . " AND pid <> pg_backend_pid()";

# ---- statements of a server that ends at once -------------------------------

for my $case ([ 'INT', '30s', 'INT' ],
    [ 'TERM', '300ms', 'the end of shutdown_timeout' ]) {
	my ($signal, $timeout, $name) = @$case;
	my $server = Muster->start(env => { $pg->env },
	    conf => "workers = 2; shutdown_timeout = \"$timeout\";\n$routes");
	my @clients = map { $server->connect } 1 .. 6;

	$_->send(Muster::Http::format_request(GET => '/nap')) for @clients;
	ok($pg->wait_query($sleeping, '6'), 'statements run');
	my $begun = time;
	$server->signal($signal);
	is($server->wait_exit(8), 0, "$signal ends the server");
	cmp_ok(time - $begun, '<', 2.5, 'soon');
	is($pg->query($sleeping), '0', "$name cancels them at PostgreSQL");
	$server->check_leftovers;
}

# ---- the first process of a container ---------------------------------------

SKIP: {
	skip 'no new PID namespace here', 3
	    if system('unshare --fork --pid --mount-proc true 2>/dev/null') != 0;
	my $server = Muster->new(env => { $pg->env }, conf => <<"CONF");
startup = { orphan = { run = [ "/bin/sh", "-c",
  "setsid sleep 0.2 </dev/null >/dev/null 2>&1 & exit 0" ]; }; };
workers = 1;
$routes
CONF
	my $binary = Muster::binary();

	# With its own /proc, which a sanitizer reads.
	Muster::write_file("$server->{dir}/first", "#!/bin/sh\n"
	    . "exec unshare --fork --pid --mount-proc '$binary' \"\$@\"\n");
	chmod 0755, "$server->{dir}/first";
	{
		local $ENV{MUSTER_BIN} = "$server->{dir}/first";
		$server->start;
	}
	my ($master) = $server->children;
	my $children = "/proc/$master/task/$master/children";

	is($server->get('/hello')->status, 200, 'it serves as process 1');
	ok($server->wait_for(sub {
		(() = split ' ', Muster::read_file($children)) == 1 }, 5),
	    'and buries orphans that are not its own');
	kill TERM => $master;
	is($server->wait_exit(8), 0, 'and ends as always');
}

done_testing;
