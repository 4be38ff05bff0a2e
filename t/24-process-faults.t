# What goes wrong around processes: signals in the wrong moment, processes that
# hang, die or are left behind, files that are in the way.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use Muster;
use Test::More;
use Time::HiRes qw(time sleep);

my $routes = <<'CONF';
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  nap = { on = "GET /nap"; do = { wait = { sleep = "700ms"; }; };
    reply = { message = "slept"; }; };
  long = { on = "GET /long"; do = { wait = { sleep = "9s"; }; };
    reply = { message = "slept"; }; };
};
CONF
my $hello = Muster::Http::format_request(GET => '/hello');

# Processes whose command line has this text.
sub processes {
	my ($text) = @_;
	my @found;

	for my $path (glob '/proc/[0-9]*/cmdline') {
		my ($pid) = $path =~ /(\d+)/;
		push @found, $pid if $pid != $$
		    && index(Muster::read_file($path), $text) >= 0;
	}
	return @found;
}

sub wait_gone {
	my ($server, $text) = @_;

	return $server->wait_for(sub { !processes($text) }, 5);
}

# What a process has open, as links of /proc.
sub files {
	my ($pid) = @_;

	return grep { defined } map { readlink } glob "/proc/$pid/fd/*";
}

# ---- while hooks run --------------------------------------------------------

# A program with a child of its own, both recognisable by how long they sleep.
sub sleeper {
	my ($mark) = @_;

	return qq(run = [ "/bin/sh", "-c", "sleep $mark & sleep $mark" ];);
}

for my $signal ('TERM', 'INT') {
	my $mark = "86$$";
	my $server = Muster->new(conf => "startup = { nap = { "
	    . sleeper($mark) . " }; };\n$routes");

	$server->launch;
	ok($server->wait_for(sub { processes("sleep\0$mark") == 2 }),
	    'a start-up hook runs a program');
	my $begun = time;
	$server->signal($signal);
	is($server->wait_exit(5), 0, "$signal ends the server meanwhile");
	cmp_ok(time - $begun, '<', 1.5, 'at once');
	ok(wait_gone($server, "sleep\0$mark"), 'and the program with its child');
}

my $mark = "87$$";
my $server = Muster->new(conf => "startup = { nap = { " . sleeper($mark)
    . " }; };\n$routes");
$server->launch;
$server->wait_for(sub { processes("sleep\0$mark") == 2 });
kill KILL => $server->pid;
$server->wait_exit;
ok(wait_gone($server, "sleep\0$mark"), 'a killed master takes them along');

$mark = "85$$";
$server = Muster->new(conf => "startup = { nap = { run = [ \"/bin/sleep\", "
    . "\"$mark\" ]; }; };\n$routes");
$server->launch;
$server->wait_for(sub { processes("sleep\0$mark") });
kill KILL => $server->children;
is($server->wait_exit(5), 1, 'the process of the hooks killed: exit status 1');
like($server->log, qr/child_died the process of the hooks pid=\d+ signal=KILL/,
    'and the log says so');
ok(wait_gone($server, "sleep\0$mark"), 'the program goes with it');

$mark = "88$$";
$server = Muster->start(conf => <<"CONF");
startup = {
  left = { run = [ "/bin/sh", "-c", "sleep $mark & echo done" ]; };
  pipe = { run = [ "/bin/sh", "-c", "yes | head -1; grep SigIgn /proc/self/status" ]; };
  files = { run = [ "/bin/ls", "/proc/self/fd" ]; };
  env = { run = [ "/bin/sh", "-c", "echo notify:\$NOTIFY_SOCKET." ]; };
};
shutdown = { nap = { @{[ sleeper("89$$") ]} }; };
workers = 1;
$routes
CONF
ok(wait_gone($server, "sleep\0$mark"),
    'what a program leaves behind is ended, and not waited for');
like($server->log, qr/name=left text="done"$/m, 'what it printed is kept');
like($server->log, qr/name=pipe text="SigIgn:\S*?0+"$/m,
    'programs ignore no signals');
is(join(' ', $server->log =~ /name=files text="(\d+)"$/mg), '0 1 2 3',
    'have nothing of ours open (3 is the listing)');
like($server->log, qr/name=env text="notify:\."$/m,
    'and cannot speak to the service manager');
$server->signal('TERM');
ok($server->wait_for(sub { processes("sleep\0" . "89$$") == 2 }, 5),
    'a shutdown hook runs');
$server->signal('TERM');
is($server->wait_exit(5), 0, 'another TERM does not wait for it');
ok(wait_gone($server, "sleep\0" . "89$$"), 'and leaves nothing of it');

# ---- while the database is asked --------------------------------------------

my $silent = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1');
my $dsn = 'host=127.0.0.1 sslmode=disable dbname=x user=x port='
    . $silent->sockport;
$server = Muster->new(conf => <<"CONF");
database = { url = "$dsn"; };
routes = { one = { on = "GET /one"; do = { x = { row = "SELECT 1 AS n"; }; };
  reply = "{x}"; }; };
CONF
$server->launch;
ok($server->wait_for(sub { $silent->accept }, 5), 'the describer connects');
my $begun = time;
$server->signal('TERM');
is($server->wait_exit(5), 0, 'TERM ends the server meanwhile');
cmp_ok(time - $begun, '<', 1, 'at once');

$server->launch;
ok($server->wait_for(sub { $silent->accept }, 5), 'another time');
kill KILL => $server->children;
is($server->wait_exit(5), 1, 'a killed describer is exit status 1');
like($server->log, qr/child_died the describer pid=\d+ signal=KILL/,
    'and the log says so');
close $silent;

# ---- workers that hang ------------------------------------------------------

$server = Muster->start(expect_deaths => 1,
    conf => "workers = 2; shutdown_timeout = \"400ms\";\n$routes");
my ($stopped) = $server->workers;
kill STOP => $stopped;
my @slow;
for my $i (1 .. 40) {
	$begun = time;
	my $answer = eval { $server->get('/hello', timeout => 10) };
	push @slow, time - $begun if !$answer || time - $begun > 3.5;
}
is_deeply(\@slow, [], 'a worker that hangs does not keep clients waiting');
kill CONT => $stopped;
my @clients = map { $server->connect } 1 .. 40;
$_->send($hello) for @clients;
is(scalar(grep { $_->has_bytes(3) } @clients), 40, 'it goes on');
$_->close for @clients;
kill STOP => $stopped;
$begun = time;
$server->signal('TERM');
is($server->wait_exit(8), 0, 'and hanging again it does not stop TERM');
my $took = time - $begun;
ok($took > 2 && $took < 4, "but is killed after its time ($took s)");
like($server->log, qr/drain_timeout .*pid=$stopped/, 'as the log says');

# ---- workers that end -------------------------------------------------------

$server = Muster->start(conf => "workers = 2;\n$routes");
my ($worker) = $server->workers;
my %kept = map { $_ => 1 } map { s/\[\d+\]//r } files($worker);
is_deeply([ grep { !m{^(?:/dev/null|socket:|pipe:|anon_inode:
    |/memfd:muster|\Q$server->{log_path}\E)}x } keys %kept ], [],
    'a worker has open what it needs');
my $before = files($worker);
my @nap = map { $server->connect } 1 .. 8;
$_->send(Muster::Http::format_request(GET => '/nap')) for @nap;
$server->wait_for(sub { $server->metric('muster_requests_in_flight') == 8 });
kill TERM => $worker;
is(scalar(grep { $_->read_response->status == 200 } @nap), 8,
    'a worker that is told to end answers what it has begun');
ok($server->wait_log(qr/worker_ended .*pid=$worker/), 'the log says it');
ok($server->wait_for(sub { (grep { $_ != $worker } $server->workers) == 2 }),
    'and it is replaced');
my ($next) = sort { $b <=> $a } $server->workers;
ok($server->wait_for(sub { files($next) == $before }, 5),
    'by one with as much open');
for my $pid ($server->pid, $server->workers) {
	kill $_ => $pid for 'HUP', 'USR1', 'USR2';
}
is($server->get('/hello')->status, 200, 'signals without a meaning do nothing');
my @workers = sort $server->workers;

my $client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/nap'));
$server->wait_for(sub { $server->metric('muster_requests_in_flight') == 1 });
kill TERM => $server->pid, $server->workers;
ok($server->wait_for(sub { $server->admin('/ready')->status == 503 }, 2),
    'the admin socket tells that the server ends');
is($server->metric('muster_requests_in_flight'), 1, 'and answers to the end');
is($client->read_response->status, 200, 'TERM to all processes at once');
is($server->wait_exit(8), 0, 'ends the server as to the master alone');
is_deeply([ sort $server->log =~ /worker_(?:ended|died) /g ], [ 'worker_ended ' ],
    'no other worker has ended');
$server->check_leftovers;

# A worker that dies again and again is replaced ever more slowly.
$server = Muster->start(conf => "workers = 1;\n$routes", expect_deaths => 1);
my %seen;
$begun = time;
while (time - $begun < 3) {
	for my $pid ($server->workers) {
		$seen{$pid} = 1;
		kill KILL => $pid;
	}
	sleep 0.005;
}
my $starts = keys %seen;
ok($starts >= 3 && $starts <= 8, "no storm of processes ($starts in 3 s)");
ok($server->wait_for(sub { eval { $server->get('/hello')->status == 200 } }, 15),
    'and at last it serves again');
is($server->stop, 0, 'it ends cleanly');

# ---- a master that dies -----------------------------------------------------

$server = Muster->start(conf =>
    "workers = 1; shutdown_timeout = \"500ms\";\n$routes");
($worker) = $server->workers;
$client = $server->connect;
$client->send(Muster::Http::format_request(GET => '/long'));
$server->wait_for(sub { $server->metric('muster_requests_in_flight') == 1 });
kill KILL => $server->pid;
$server->wait_exit;
ok($server->wait_for(sub { !files($worker) }, 3),
    'a worker without a master ends within shutdown_timeout');

# ---- the grace of idle connections ------------------------------------------

$server = Muster->start(conf => <<"CONF");
workers = 1; keepalive_grace = "300ms";
$routes
CONF
my @idle = map { $server->connect } 1 .. 5;
$_->get('/hello') for @idle;
my $fresh = $server->connect;
$begun = time;
$server->signal('TERM');
is($server->wait_exit(8), 0, 'idle connections do not stop TERM');
$took = time - $begun;
ok($took > 0.25 && $took < 1.3, "for longer than their grace ($took s)");
ok($_->is_closed(1), 'they are closed') for @idle, $fresh;

done_testing;
