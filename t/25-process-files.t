# Files and addresses: where it listens, what it writes, and what it does not
# take from others.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::IP;
use Muster;
use Socket qw(SOCK_STREAM);
use Test::More;

my $routes = 'routes = { hello = { on = "GET /hello";'
    . ' reply = { message = "hello"; }; }; };';

# Runs a server that must not start: its exit status and its log.
sub refused {
	my ($server) = @_;

	$server->launch;
	my $exit = $server->wait_exit(10);
	return ($exit, $server->log);
}

# ---- addresses --------------------------------------------------------------

my $ipv6 = IO::Socket::IP->new(LocalAddr => '::1', Listen => 1);
my $server = Muster->new;
my ($dir, $port, $other) = ($server->dir, $server->port, Muster::free_port());
my $six = $ipv6 ? qq(, "[::1]:$port") : '';
$server->{listen} = qq|( "127.0.0.1:$port"$six, { address = "unix:$dir/web"; |
    . qq|mode = "0600"; backlog = 7; }, "unix:$dir/open", "*:$other" )|;
$server->write_conf("workers = 2; log = { access = \"json\"; };\n$routes");
$server->start;

sub unix_get {
	my ($path) = @_;
	my $http = Muster::Http->new(unix => $path);

	return $http->get('/hello');
}

is($server->get('/hello')->status, 200, 'it serves on IPv4');
SKIP: {
	skip 'no IPv6 here', 2 if !$ipv6;
	my $socket = IO::Socket::IP->new(PeerAddr => '::1', PeerPort => $port);
	print $socket "GET /hello HTTP/1.0\r\n\r\n";
	like(join('', <$socket>), qr{^HTTP/1.1 200 }, 'and IPv6');
	ok($server->wait_log(qr/"client":"::1"/), 'whose clients are named');
}
is(unix_get("$dir/web")->status, 200, 'on a unix socket');
ok($server->wait_log(qr/"client":""/), 'whose clients have no address');
is(unix_get("$dir/open")->status, 200, 'on another');
my $all = Muster::Http->new(port => $other);
is($all->get('/hello')->status, 200, 'and on all addresses');
is(sprintf('%o', (stat "$dir/web")[2] & 0777), '600', 'with the mode given');
is(sprintf('%o', (stat "$dir/open")[2] & 0777), '666', 'or everybody\'s');
is(sprintf('%o', (stat $server->admin_path)[2] & 0777), '660',
    'but not for the admin socket');
is($server->stop, 0, 'it ends');
is(join(' ', grep { -e } map { "$dir/$_" } qw(web open admin)), '',
    'and its sockets are gone');

$server = Muster->new;
$server->{listen} = '"localhost:' . $server->port . '"';
$server->write_conf("workers = 1;\n$routes");
$server->start;
is($server->get('/hello')->status, 200, 'a name is all of its addresses');
$server->stop;

# ---- what is in the way -----------------------------------------------------

$server = Muster->new;
$dir = $server->dir;
Muster::write_file("$dir/precious", 'data');
$server->{listen} = qq("unix:$dir/precious");
$server->write_conf("workers = 1;\n$routes");
my ($exit, $log) = refused($server);
is($exit, 71, 'a file where the socket should be: exit status 71');
like($log, qr{could not listen on "unix:$dir/precious": Address already},
    'as the log says');
is(Muster::read_file("$dir/precious"), 'data', 'and the file is as it was');
ok(!-e $server->admin_path, 'what had been bound is gone');

$server = Muster->new;
$dir = $server->dir;
$server->{listen} = qq("unix:$dir/web");
$server->write_conf("workers = 1;\n$routes");
$server->start;
$server->kill('KILL');
ok(-S "$dir/web", 'a killed server leaves its socket');
$server->start;
is(unix_get("$dir/web")->status, 200, 'which the next one replaces');

my $second = Muster->new(listen => qq("unix:$dir/web"),
    conf => "workers = 1;\n$routes");
($exit, $log) = refused($second);
is($exit, 71, 'that of a living server is not taken');
is(unix_get("$dir/web")->status, 200, 'it serves as before');
unlink "$dir/web";
my $foreign = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 1,
    Local => "$dir/web");
is($server->stop, 0, 'one whose socket was replaced by another\'s');
ok(-S "$dir/web", 'leaves that alone');

# ---- pid_file ---------------------------------------------------------------

$server = Muster->new;
$dir = $server->dir;
Muster::write_file("$dir/pid", "99999999 and more than that\n");
my $pid_conf = qq(pid_file = "$dir/pid"; workers = 1;\n$routes);
$server->write_conf($pid_conf);
$server->start;
is(Muster::read_file("$dir/pid"), $server->pid . "\n",
    'pid_file has the master\'s pid, whatever it had');
$second = Muster->new(conf => $pid_conf);
($exit, $log) = refused($second);
is($exit, 1, 'a second one with the same file: exit status 1');
like($log, qr/already running, pid @{[ $server->pid ]} holds "$dir\/pid"/,
    'and says who runs');
$second = Muster->new(conf => $pid_conf, port => $server->port);
($exit, $log) = refused($second);
like($log, qr/already running/, 'also with the same address');
is(Muster::read_file("$dir/pid"), $server->pid . "\n", 'the file is untouched');
is($server->stop, 0, 'it ends');
ok(!-e "$dir/pid", 'and its file is gone');
$server = Muster->new(conf => qq(pid_file = "/nowhere/pid";\n$routes));
($exit, $log) = refused($server);
is($exit, 73, 'one that cannot be written: exit status 73');
like($log, qr{could not create pid_file "/nowhere/pid": No such file},
    'as the log says');

$server = Muster->new;
$dir = $server->dir;
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
$server->{listen} = '"127.0.0.1:' . $taken->sockport . '"';
$server->write_conf(qq(pid_file = "$dir/pid";\n$routes));
($exit) = refused($server);
is($exit, 71, 'no address: exit status 71');
ok(!-e "$dir/pid", 'and no pid_file is left');

# ---- log.file ---------------------------------------------------------------

$server = Muster->new;
$dir = $server->dir;
Muster::write_file("$dir/log", "before\n");
$server->write_conf(qq(workers = 1; log = { file = "$dir/log"; };
startup = { say = { run = [ "/bin/echo", "a hook" ]; }; };
$routes));
$server->start;
$server->get('/hello');
$server->stop;
$log = Muster::read_file("$dir/log");
like($log, qr/^before$/m, 'log.file is appended to');
like($log, qr/text="a hook"/, 'by hooks');
like($log, qr/access client="127.0.0.1" method="GET" target="\/hello"/,
    'by workers');
like($log, qr/ stopped exit=0$/m, 'and to the end');
unlike($server->log, qr/ready/, 'standard error has nothing of it');
$server = Muster->new(conf => qq(log = { file = "/nowhere/log"; };\n$routes));
($exit, $log) = refused($server);
is($exit, 73, 'one that cannot be opened: exit status 73');
like($log, qr{could not open the log "/nowhere/log"}, 'as standard error says');

# ---- users ------------------------------------------------------------------

$server = Muster->new(conf => qq(user = "nobody-of-that-name";\n$routes));
($exit, $log) = refused($server);
is($exit, 77, 'a user that does not exist: exit status 77');
like($log, qr/there is no user "nobody-of-that-name"/, 'as the log says');
SKIP: {
	skip 'only root can start it as another user', 3 if $> != 0;
	skip 'others cannot reach the program', 3 if system('setpriv',
	    '--reuid=nobody', '--clear-groups', 'test', '-x', Muster::binary());
	$server = Muster->new(conf => qq(workers = 1; user = "root";\n$routes));
	chmod 0777, $server->dir;
	my $start = "$server->{dir}/start";
	my $binary = Muster::binary();
	Muster::write_file($start, "#!/bin/sh\n"
	    . "exec setpriv --reuid=nobody --clear-groups '$binary' \"\$@\"\n");
	chmod 0755, $start;
	{
		local $ENV{MUSTER_BIN} = $start;
		$server->start;
	}
	is($server->get('/hello')->status, 200,
	    'started by another than root it serves');
	like($server->log, qr/warn .* only root can become user "root"/,
	    'and says that `user` means nothing');
	is($server->stop, 0, 'and ends');
}

done_testing;
