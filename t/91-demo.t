#!/usr/bin/perl
# scripts/demo from beginning to end, with the musterd that was built: it
# serves, and Ctrl-C leaves neither a process nor a folder behind.

use strict;
use warnings;

use POSIX qw(:sys_wait_h setsid);
use Test::More;
use Time::HiRes qw(time sleep);

use Muster;

my $log = File::Temp->new(TEMPLATE => 'muster-t-XXXXXX', DIR => '/tmp');
my $port = Muster::free_port();

# Starts the demo in a process group of its own, as a terminal would.
sub demo {
	my (%env) = @_;
	my $pid = fork // die "could not fork: $!\n";

	truncate $log->filename, 0;
	if ($pid == 0) {
		setsid();
		$SIG{INT} = 'DEFAULT';
		chdir '/';
		Muster::set_env(MUSTER_BIN => Muster::binary(),
		    MUSTER_PORT => $port, %env);
		Muster::exec_logged($log->filename,
		    "$Muster::srcdir/scripts/demo");
	}
	return $pid;
}

sub ended {
	my ($pid, $seconds) = @_;
	my $deadline = time + $seconds;

	until (waitpid $pid, WNOHANG) {
		if (time > $deadline) {
			kill KILL => -$pid;
			waitpid $pid, 0;
			return 'not at all';
		}
		sleep 0.02;
	}
	return Muster::exit_text($?);
}

sub log_text { Muster::read_file($log->filename) }

sub wait_for_text {
	my ($pattern, $seconds) = @_;
	my $deadline = time + $seconds;

	until (log_text() =~ $pattern) {
		return 0 if time > $deadline;
		sleep 0.05;
	}
	return 1;
}

sub get {
	my ($path) = @_;
	my $http = Muster::Http->new(port => $port);

	return $http->get($path);
}

for my $case ([ INT => 130, 'Ctrl-C' ], [ TERM => 143, 'SIGTERM' ]) {
	my ($signal, $status, $name) = @$case;
	my $pid = demo();

	ok(wait_for_text(qr/Ctrl-C stops everything/, 60),
	    'the demo says what to try') or diag(log_text());
	my ($dir) = log_text() =~ m{PGHOST=(/tmp/muster-\S+)};
	is(get('/users/1')->status, 200, 'and serves the tutorial\'s users');
	kill $signal => $signal eq 'INT' ? -$pid : $pid;
	is(ended($pid, 30), $status, "$name ends it") or diag(log_text());
	ok(!-e $dir, "after $name its folder is gone");
	ok(!kill(0 => -$pid), "after $name no process is left");
	unlike(log_text(), qr/No such file|rror:/, 'and nothing went wrong')
	    or diag(log_text());
}

my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $port, Listen => 1, ReuseAddr => 1);
is(ended(demo(), 30), 1, 'the demo does not start on a port that is taken');
like(log_text(), qr/port $port is in use.*MUSTER_PORT=/,
    'and says how to take another one');

done_testing;
