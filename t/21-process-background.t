#!/usr/bin/perl
# musterd without -F: the command returns when the server serves, or with the
# exit status of what kept it from serving.

use strict;
use warnings;

use IO::Socket::INET;
use Test::More;

use Muster;

plan skip_all => 'musterd is not built' unless -x Muster::binary();

my $user = $> == 0 ? 'user = "nobody";' : '';

# A server whose files are there but which nobody has started; -F is left out.
my $server = Muster->new(conf => '');
my $pid_path = "$server->{dir}/musterd.pid";
my $conf = <<"CONF";
listen = "127.0.0.1:$server->{port}"; $user workers = 1;
pid_file = "$pid_path";
routes = { a = { on = "GET /a"; reply = "a"; }; };
CONF
Muster::write_file($server->{conf_path}, $conf);

# It is nobody's child, so that nobody else ends it when a test fails.
my $parent = $$;
END {
	kill KILL => $1 if defined $parent && $$ == $parent && -e $pid_path &&
	    Muster::read_file($pid_path) =~ /^(\d+)$/;
}

my @env = (env => { NOTIFY_SOCKET => undef });

my $run = Muster->run(args => ['-c', $server->{conf_path}], @env);
is($run->{exit}, 0, 'the command returns with 0')
    or diag($run->{err});
is($server->get('/a')->json, 'a', 'and the server serves at once');

my ($pid) = Muster::read_file($pid_path) =~ /^(\d+)$/;
ok(kill(0 => $pid), 'the pid file names a process that runs');
is((split ' ', Muster::read_file("/proc/$pid/stat"))[5], $pid,
    'in a session of its own');

my $second = Muster->run(args => ['-c', $server->{conf_path}], @env);
isnt($second->{exit}, 0, 'a second one is refused');
isnt($second->{err}, '', 'and says why');

kill TERM => $pid;
my $gone = 0;
for (1 .. 500) {
	last if $gone = !-d "/proc/$pid";
	select undef, undef, undef, 0.02;
}
ok($gone, 'TERM ends the server');

$run = Muster->run(conf => "$user startup = { a = { run = \"/bin/false\"; }; };"
    . " listen = \"127.0.0.1:$server->{port}\";", args => [], @env);
is($run->{exit}, 1, 'the exit status of a failed start is passed on');

done_testing;
