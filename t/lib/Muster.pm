package Muster;

# One running musterd for a test: config text in a folder of its own, a free
# port on loopback, an admin socket beside it; waits for READY as systemd would
# and, when the server has stopped, fails the test for what nobody asserts by
# hand: sanitizer reports, workers that died, handles left open.
#
#	my $server = Muster->start(conf => $text);
#	my $answer = $server->get('/users/1');	# ->status ->header(n) ->json
#	is($server->stop, 0, 'TERM ends it with exit status 0');

use strict;
use warnings;

use Fcntl qw(:flock);
use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(:sys_wait_h);
use Socket qw(SOCK_DGRAM);
use Test::Builder;
use Time::HiRes qw(time sleep);

use Muster::Http;

our $TIMEOUT = $ENV{MUSTER_TEST_TIMEOUT} || 30;
our $srcdir = $ENV{srcdir} || dirname(__FILE__) . '/../..';
our $builddir = $ENV{builddir} || $srcdir;

# Of the person who runs the tests libpq and strerror shall know nothing.
delete @ENV{grep { /^PG[A-Z]/ } keys %ENV};
$ENV{LC_ALL} = 'C.UTF-8';

my $test = Test::Builder->new;
my $owner = $$;		# children that a test forks must not clean up
my $count = 0;
my (@all, @port_locks);

# Tests run side by side; one that measures time must not. Each holds a shared
# lock while it runs, alone() waits for all others and keeps new ones waiting.
my $turn_lock;

sub take_turn {
	my ($how) = @_;

	if (!$turn_lock) {
		make_path("$builddir/t");
		open $turn_lock, '>', "$builddir/t/turn.lock" or return;
	}
	flock $turn_lock, $how;
}

sub alone {
	alarm 0;
	take_turn(LOCK_UN);
	take_turn(LOCK_EX);
	limit_time();
}

# A test that hangs ends by itself, and what it has started with it.
sub limit_time {
	$SIG{ALRM} = sub { print STDERR "the test takes too long\n"; exit 75 };
	alarm($ENV{MUSTER_TEST_LIMIT} || 400);
}

limit_time();
take_turn(LOCK_SH);

sub binary { $ENV{MUSTER_BIN} || "$builddir/musterd" }

# ---- starting ---------------------------------------------------------------

# conf		text of server.conf, `listen` and `admin` are put before it
# listen, admin	other values for these, as written in the file; undef: none
# files		{ "routes.d/a.conf" => text }, beside server.conf
# env		{ NAME => value }; value undef removes it
# args		more arguments of musterd
# expect_deaths	workers may die, expect_reports: sanitizers may complain
# timeout	seconds to wait for READY
sub new {
	my ($class, %args) = @_;
	my $self = bless {
		env => {}, args => [], timeout => $TIMEOUT, messages => [],
		%args, number => ++$count
	}, $class;

	$self->{dir} = File::Temp::tempdir('muster-t-XXXXXX', DIR => '/tmp');
	chmod 0755, $self->{dir};
	$self->{port} = $args{port} || free_port();
	$self->{conf_path} = "$self->{dir}/server.conf";
	$self->{log_path} = "$self->{dir}/musterd.log";
	$self->{admin_path} = "$self->{dir}/admin";
	$self->write_conf($args{conf} // '');
	for my $name (sort keys %{ $args{files} || {} }) {
		write_file("$self->{dir}/$name", $args{files}{$name});
	}
	push @all, $self;
	return $self;
}

# Starts musterd and waits for READY; dies with the log when it fails.
sub start {
	my ($class, %args) = @_;
	my $self = ref $class ? $class : $class->new(%args);

	$self->launch;
	$self->wait_ready;
	return $self;
}

sub write_conf {
	my ($self, $text) = @_;
	my $listen = exists $self->{listen}
	    ? $self->{listen} : qq("127.0.0.1:$self->{port}");
	my $admin = exists $self->{admin}
	    ? $self->{admin} : qq("unix:$self->{admin_path}");

	# On one line, so that faults name the lines of the test's own text
	# plus one.
	my $head = (defined $listen ? "listen = $listen; " : '')
	    . (defined $admin ? "admin = $admin;" : '');
	write_file($self->{conf_path}, "$head\n$text");
}

# Forks and executes; does not wait.
sub launch {
	my ($self) = @_;
	my $notify_path = "$self->{dir}/notify";

	unlink $notify_path;
	$self->{messages} = [];
	$self->{notify} = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
	    Local => $notify_path) or die "no notify socket: $!\n";
	chmod 0777, $notify_path;
	my @command = (binary(), '-F', '-c', $self->{conf_path},
	    @{ $self->{args} });
	my $pid = fork // die "could not fork: $!\n";
	if ($pid == 0) {
		set_env(NOTIFY_SOCKET => $notify_path, $self->sanitizer_env,
		    %{ $self->{env} });
		exec_logged($self->{log_path}, @command);
	}
	$self->{pid} = $pid;
	delete $self->{exit};
	return $pid;
}

sub wait_ready {
	my ($self, $timeout) = @_;

	return if $self->wait_notify(qr/^READY=1$/m, $timeout);
	my $how = defined $self->{exit}
	    ? "it ended with status $self->{exit}" : 'no READY came in time';
	my $log = $self->log;
	$self->kill('KILL') unless defined $self->{exit};
	die "musterd did not start, $how; its log:\n$log\n";
}

# Waits for a notify message that matches; false: timeout, or it ended.
sub wait_notify {
	my ($self, $pattern, $timeout) = @_;
	my $deadline = time + ($timeout || $self->{timeout});
	my $select = IO::Select->new($self->{notify});

	while (1) {
		while ($select->can_read(0)) {
			$self->{notify}->recv(my $message, 8192);
			push @{ $self->{messages} }, $message;
		}
		return 1 if grep { $_ =~ $pattern } @{ $self->{messages} };
		return 0 if time > $deadline || !$self->is_running;
		$select->can_read(0.02);
	}
}

# ---- ending -----------------------------------------------------------------

# Is the master alive? Takes its exit status when it is not.
sub is_running {
	my ($self) = @_;

	return 0 if !defined $self->{pid} || defined $self->{exit};
	my $got = waitpid $self->{pid}, WNOHANG;
	return 1 if $got == 0;
	$self->{exit} = exit_text($?);
	return 0;
}

sub signal {
	my ($self, $name) = @_;

	return CORE::kill($name => $self->{pid});
}

# The exit status, or "signal N"; dies when it does not end.
sub wait_exit {
	my ($self, $timeout) = @_;
	my $deadline = time + ($timeout || $self->{timeout});

	while ($self->is_running) {
		if (time > $deadline) {
			my $log = $self->log;
			$self->kill('KILL');
			die "musterd did not end; its log:\n$log\n";
		}
		sleep 0.01;
	}
	return $self->{exit};
}

# Ends the server, looks for what it left, gives the exit status.
sub stop {
	my ($self, $signal, $timeout) = @_;

	$self->signal($signal || 'TERM') if $self->is_running;
	my $status = $self->wait_exit($timeout);
	$self->check_leftovers;
	return $status;
}

# Ends the master at once; workers follow it. Nothing is looked for.
sub kill {
	my ($self, $signal) = @_;
	my @workers = $self->is_running ? $self->children : ();

	CORE::kill $signal || 'KILL', $self->{pid} if $self->is_running;
	my $deadline = time + 10;
	sleep 0.01 while $self->is_running && time < $deadline;
	for my $pid (@workers) {
		sleep 0.01 while -d "/proc/$pid" && time < $deadline;
		CORE::kill KILL => $pid if -d "/proc/$pid";
	}
	return $self->{exit};
}

# One failing test for each thing that must not be there.
sub check_leftovers {
	my ($self) = @_;
	my $log = $self->log;

	return if $self->{checked}++;
	my @reports = ($self->sanitizer_reports,
	    $log =~ /^(.*(?:ERROR: \w+Sanitizer|runtime error:).*)$/mg);
	$self->fault('a sanitizer reported', @reports)
	    if @reports && !$self->{expect_reports};
	my @deaths = $log =~ /^(.*\bworker_died\b.*)$/mg;
	$self->fault('a worker died', @deaths)
	    if @deaths && !$self->{expect_deaths} && !$self->{expect_reports};
	my @handles = $log =~ /^(.*\bopen[ _]handles\b.*)$/mg;
	$self->fault('handles were open at exit', @handles) if @handles;
}

sub fault {
	my ($self, $what, @lines) = @_;

	$test->ok(0, "server $self->{number}: $what");
	$test->diag(join "\n", @lines);
}

# ---- sanitizers -------------------------------------------------------------

# For tests that measure memory or time: is this a build with sanitizers?
sub sanitized { defined $ENV{MUSTER_SAN_DIR} }

sub sanitizer_dir {
	my ($self) = @_;

	return undef unless sanitized();
	return "$ENV{MUSTER_SAN_DIR}/" . basename($0)
	    . ".$owner.$self->{number}";
}

sub sanitizer_env {
	my ($self) = @_;
	my $dir = $self->sanitizer_dir or return ();

	make_path($dir);
	chmod 01777, $dir;
	return (
		ASAN_OPTIONS => "log_path=$dir/asan:detect_leaks=1:"
		    . 'detect_stack_use_after_return=1:exitcode=99',
		UBSAN_OPTIONS => "log_path=$dir/ubsan:print_stacktrace=1",
		LSAN_OPTIONS => "log_path=$dir/lsan",
	);
}

# Texts of all reports of this server's processes. Expected ones are removed,
# for what remains in MUSTER_SAN_DIR fails the whole run.
sub sanitizer_reports {
	my ($self) = @_;
	my $dir = $self->sanitizer_dir or return ();
	my @files = glob "$dir/*";
	my @texts = map { read_file($_) } @files;

	unlink @files if $self->{expect_reports};
	rmdir $dir;
	return @texts;
}

# ---- asking it --------------------------------------------------------------

# A connection to write to by hand: see Muster::Http.
sub connect {
	my ($self, %args) = @_;

	return Muster::Http->new(port => $self->{port}, %args);
}

# One request over a connection of its own.
sub request {
	my ($self, $method, $target, %args) = @_;
	my $http = $self->connect;
	my $response = $http->request($method, $target, %args);

	$http->close;
	die "musterd closed without an answer to $method $target\n"
	    unless $response;
	return $response;
}

sub get { my $self = shift; return $self->request('GET', @_) }
sub head { my $self = shift; return $self->request('HEAD', @_) }
sub delete { my $self = shift; return $self->request('DELETE', @_) }

# The body: a reference is sent as JSON, text as it is.
sub post { my $self = shift; return $self->_with_body('POST', @_) }
sub put { my $self = shift; return $self->_with_body('PUT', @_) }
sub patch { my $self = shift; return $self->_with_body('PATCH', @_) }

sub _with_body {
	my ($self, $method, $target, $body, %args) = @_;

	$args{ref $body ? 'json' : 'body'} = $body if defined $body;
	return $self->request($method, $target, %args);
}

# The admin socket's answer to /live, /ready or /metrics.
sub admin {
	my ($self, $target) = @_;
	my $http = Muster::Http->new(unix => $self->{admin_path});
	my $response = $http->request('GET', $target);

	$http->close;
	return $response;
}

# { 'muster_responses_total{class="2xx"}' => 7, ... }
sub metrics {
	my ($self) = @_;
	my %values;

	for (split /\n/, $self->admin('/metrics')->body) {
		next if /^#/ || $_ eq '';
		/^(\S+?(?:\{.*\})?) (\S+)$/ or die "not a metric: $_\n";
		$values{$1} = $2;
	}
	return \%values;
}

# The sum of all series of a name.
sub metric {
	my ($self, $name) = @_;
	my $values = $self->metrics;
	my $sum = 0;

	$sum += $values->{$_} for grep { /^\Q$name\E(?:\{|$)/ } keys %$values;
	return $sum;
}

# Waits until code gives true; returns that, or false after the timeout.
sub wait_for {
	my ($self, $code, $timeout) = @_;
	my $deadline = time + ($timeout || $self->{timeout});

	while (1) {
		my $value = $code->();
		return $value if $value || time > $deadline;
		sleep 0.02;
	}
}

# ---- its log and processes --------------------------------------------------

sub log { read_file($_[0]{log_path}) }

# Waits for a line of the log; returns it, or false after the timeout.
sub wait_log {
	my ($self, $pattern, $timeout) = @_;

	return $self->wait_for(sub {
		my @lines = grep { $_ =~ $pattern } split /\n/, $self->log;
		return $lines[0];
	}, $timeout);
}

# Pids of the master's children, oldest first.
sub children {
	my ($self) = @_;
	my $path = "/proc/$self->{pid}/task/$self->{pid}/children";

	return -e $path ? sort { $a <=> $b } split ' ', read_file($path) : ();
}

# Those that serve: not the describer, not a hook.
sub workers {
	my ($self) = @_;

	return grep { process_name($_) =~ /worker/ } $self->children;
}

sub process_name {
	my ($pid) = @_;
	my $name = -e "/proc/$pid/comm" ? read_file("/proc/$pid/comm") : '';

	chomp $name;
	return $name;
}

sub dir { $_[0]{dir} }
sub port { $_[0]{port} }
sub pid { $_[0]{pid} }
sub conf_path { $_[0]{conf_path} }
sub admin_path { $_[0]{admin_path} }
sub exit_status { $_[0]{exit} }

# ---- musterd as a command ---------------------------------------------------

# Muster->run(args => [...], conf => text, files => {...}, env => {...}) runs
# it to its end: { exit => 78, out => "...", err => "...", dir => "/tmp/..." }.
# With conf, -c PATH is added; conf is taken as it is, nothing put before it.
sub run {
	my ($class, %args) = @_;
	my $self = bless { number => 'run' . ++$count }, $class;
	my $dir = File::Temp::tempdir('muster-t-XXXXXX', DIR => '/tmp',
	    CLEANUP => 1);
	my @command = (binary(), @{ $args{args} || [] });

	chmod 0755, $dir;
	if (defined $args{conf}) {
		write_file("$dir/server.conf", $args{conf});
		push @command, '-c', "$dir/server.conf";
	}
	write_file("$dir/$_", $args{files}{$_}) for keys %{ $args{files} };
	my $pid = fork // die "could not fork: $!\n";
	if ($pid == 0) {
		set_env($self->sanitizer_env, %{ $args{env} || {} });
		open STDERR, '>', "$dir/stderr" or POSIX::_exit(126);
		exec_logged("$dir/stdout", @command, undef);
	}
	my $deadline = time + ($args{timeout} || $TIMEOUT);
	until (waitpid($pid, WNOHANG)) {
		if (time > $deadline) {
			CORE::kill KILL => $pid;
			waitpid $pid, 0;
			die "@command did not end\n";
		}
		sleep 0.005;
	}
	my @reports = $self->sanitizer_reports;
	$self->fault('a sanitizer reported', @reports) if @reports;
	return { exit => exit_text($?), out => read_file("$dir/stdout"),
	    err => read_file("$dir/stderr"), dir => $dir };
}

# ---- small things -----------------------------------------------------------

# A port of loopback that no other test of this machine takes: outside of the
# range for outgoing connections, and locked until this test ends.
sub free_port {
	my $locks = "/tmp/muster-ports-$>";

	mkdir $locks, 0700;
	for my $try (0 .. 9999) {
		my $port = 20000 + ($$ * 13 + $try) % 10000;
		open my $lock, '>', "$locks/$port" or next;
		flock $lock, LOCK_EX | LOCK_NB or next;
		my $probe = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
		    LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;
		push @port_locks, $lock;
		return $port;
	}
	die "no free port\n";
}

sub read_file {
	my ($path) = @_;

	open my $in, '<:raw', $path or return '';
	local $/;
	return <$in> // '';
}

sub write_file {
	my ($path, $text) = @_;

	make_path(dirname($path));
	open my $out, '>:raw', $path or die "$path: $!\n";
	print $out $text;
	close $out or die "$path: $!\n";
	chmod 0644, $path;
}

# In a forked child only.
sub set_env {
	my (%env) = @_;

	for my $name (keys %env) {
		if (defined $env{$name}) {
			$ENV{$name} = $env{$name};
		} else {
			delete $ENV{$name};
		}
	}
}

# In a forked child only. A last argument of undef leaves standard error.
sub exec_logged {
	my ($log_path, @command) = @_;
	my $split = @command && !defined $command[-1];

	pop @command if $split;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', $log_path or POSIX::_exit(126);
	open STDERR, '>&', \*STDOUT unless $split;
	$SIG{PIPE} = 'DEFAULT';
	exec { $command[0] } @command or print STDERR "$command[0]: $!\n";
	POSIX::_exit(127);
}

sub exit_text {
	my ($status) = @_;

	return WIFEXITED($status)
	    ? WEXITSTATUS($status) : 'signal ' . WTERMSIG($status);
}

# A failed test keeps what its servers said.
sub keep_log {
	my ($self) = @_;
	my $to = "$builddir/t/logs";

	eval { make_path($to) };
	my $name = basename($0) . ".$self->{number}";
	copy($self->{log_path}, "$to/$name.log");
	copy($self->{conf_path}, "$to/$name.conf");
	return if $self != $all[-1];
	my @lines = split /\n/, $self->log;
	splice @lines, 0, @lines - 30 if @lines > 30;
	$test->diag(join "\n", "last lines of $to/$name.log:", @lines);
}

$SIG{INT} ||= sub { exit 130 };
$SIG{TERM} ||= sub { exit 143 };

END {
	if ($$ == $owner) {
		my $status = $?;
		$_->is_running && $_->kill('KILL') for @all;
		$_->check_leftovers for grep { $_->{pid} } @all;
		my $failed = $status != 0 || !$test->is_passing;
		for my $server (@all) {
			$server->keep_log if $failed && $server->{pid};
			File::Path::remove_tree($server->{dir});
		}
		$? = $status || ($test->is_passing ? 0 : 1);
	}
}

1;
