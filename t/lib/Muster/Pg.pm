package Muster::Pg;

# A private PostgreSQL for a test: its own folder under /tmp, a unix socket in
# it and a free port on loopback, trust, nothing flushed to disk. initdb runs
# once in a build; each test copies the result. As root it runs as postgres.
#
#	my $pg = Muster::Pg->start(load => 'etc/tutorial.sql');
#	my $server = Muster->start(conf => $text, env => { $pg->env });
#	is($pg->query('SELECT count(*) FROM users'), 3);

use strict;
use warnings;

use Fcntl qw(:flock);
use File::Path ();
use File::Temp ();
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);

use Muster;

our $TIMEOUT = 30;

my $owner = $$;
my @all;

# load		an SQL file (below srcdir, or absolute) to run in "app"
# sql		a text to run in it
# conf		{ max_connections => 20, ... } for postgresql.conf
sub start {
	my ($class, %args) = @_;
	my $self = bless { %args }, $class;

	$self->{dir} = File::Temp::tempdir('muster-pg-XXXXXX', DIR => '/tmp');
	chmod 0755, $self->{dir};
	$self->{port} = Muster::free_port();
	push @all, $self;
	copy_cluster(template(), "$self->{dir}/data");
	$self->configure(
		port => $self->{port}, listen_addresses => "'127.0.0.1'",
		unix_socket_directories => "'$self->{dir}'",
		fsync => 'off', full_page_writes => 'off',
		wal_level => 'minimal', max_wal_senders => 0,
		shared_buffers => '32MB', log_line_prefix => "'%m [%p] '",
		lc_messages => "'C'", timezone => "'UTC'",
		%{ $args{conf} || {} });
	give($self->{dir});
	$self->start_again;
	$self->load($args{load}) if defined $args{load};
	$self->query($args{sql}) if defined $args{sql};
	return $self;
}

# After stop, or a crash: the same cluster on the same port.
sub start_again {
	my ($self) = @_;
	my $pid = fork // die "could not fork: $!\n";

	if ($pid == 0) {
		become_postgres();
		chdir $self->{dir};
		Muster::exec_logged("$self->{dir}/postgres.log",
		    bindir() . '/postgres', '-D', "$self->{dir}/data");
	}
	$self->{pid} = $pid;
	my $deadline = time + $TIMEOUT;
	until ($self->is_ready) {
		die "PostgreSQL did not start:\n" . $self->log
		    if time > $deadline || waitpid($pid, WNOHANG);
		sleep 0.02;
	}
	return $self;
}

# Its own word in postmaster.pid, as pg_ctl reads it.
sub is_ready {
	my ($self) = @_;
	my @lines = split /\n/,
	    Muster::read_file("$self->{dir}/data/postmaster.pid");

	return @lines >= 8 && $lines[0] == $self->{pid}
	    && $lines[7] =~ /^ready/;
}

# fast (the default) or immediate.
sub stop {
	my ($self, $how) = @_;
	my $pid = delete $self->{pid} or return;
	my $deadline = time + $TIMEOUT;

	kill +($how || 'fast') eq 'fast' ? 'INT' : 'QUIT', $pid;
	until (waitpid $pid, WNOHANG) {
		kill KILL => $pid if time > $deadline;
		sleep 0.01;
	}
}

sub restart {
	my ($self, $how) = @_;

	$self->stop($how);
	return $self->start_again;
}

# Appends settings; they hold from the next start on.
sub configure {
	my ($self, %settings) = @_;

	open my $out, '>>', "$self->{dir}/data/postgresql.conf"
	    or die "postgresql.conf: $!\n";
	print $out "$_ = $settings{$_}\n" for sort keys %settings;
	close $out;
}

# What libpq needs to find it, over the unix socket.
sub env {
	my ($self) = @_;

	return (PGHOST => $self->{dir}, PGPORT => $self->{port},
	    PGUSER => 'muster', PGDATABASE => 'app');
}

# The same over TCP, as a connection string.
sub url { "host=127.0.0.1 port=$_[0]{port} user=muster dbname=app" }

# Runs SQL by psql; gives its output: rows a line, columns parted by "|".
sub query {
	my ($self, $sql) = @_;

	return $self->psql('-c', $sql);
}

# The first column of each row.
sub column {
	my ($self, $sql) = @_;

	return map { (split /\|/, $_, -1)[0] } split /\n/, $self->query($sql);
}

sub load {
	my ($self, $file) = @_;

	$file = "$Muster::srcdir/$file" unless $file =~ m{^/};
	return $self->psql('-1', '-f', $file);
}

# psql with these arguments; dies with what it said when it fails.
sub psql {
	my ($self, @args) = @_;
	my $pid = open(my $out, '-|') // die "could not fork: $!\n";

	if ($pid == 0) {
		Muster::set_env($self->env);
		open STDIN, '<', '/dev/null';
		open STDERR, '>&', \*STDOUT;
		exec bindir() . '/psql', '-XqAt', '-v', 'ON_ERROR_STOP=1',
		    @args or POSIX::_exit(127);
	}
	local $/;
	my $text = <$out> // '';
	close $out or die "psql @args failed:\n$text\n";
	$text =~ s{\n\z}{};
	return $text;
}

# Waits until the query gives this text; returns 1, or 0 after the timeout.
sub wait_query {
	my ($self, $sql, $wanted, $timeout) = @_;
	my $deadline = time + ($timeout || 10);

	until ($self->query($sql) eq $wanted) {
		return 0 if time > $deadline;
		sleep 0.02;
	}
	return 1;
}

sub log { Muster::read_file("$_[0]{dir}/postgres.log") }
sub dir { $_[0]{dir} }
sub port { $_[0]{port} }
sub pid { $_[0]{pid} }

# ---- how it is made ---------------------------------------------------------

# The newest server that is installed.
sub bindir {
	return $ENV{PG_BINDIR} if $ENV{PG_BINDIR};
	my ($newest) = sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] }
	    glob '/usr/lib/postgresql/*/bin/postgres';
	die "no PostgreSQL server in /usr/lib/postgresql; set PG_BINDIR\n"
	    unless $newest;
	return $newest =~ s{/postgres$}{}r;
}

# A cluster with the database "app", stopped; made by whoever comes first.
sub template {
	my $to = "$Muster::builddir/t/pg-template";

	File::Path::make_path("$Muster::builddir/t");
	open my $lock, '>', "$Muster::builddir/t/pg-template.lock"
	    or die "pg-template.lock: $!\n";
	flock $lock, LOCK_EX;
	return $to if -e "$to/PG_VERSION";
	my $dir = File::Temp::tempdir('muster-pg-XXXXXX', DIR => '/tmp',
	    CLEANUP => 1);
	give($dir);
	run_as_postgres($dir, bindir() . '/initdb', '-D', "$dir/data",
	    '-U', 'muster', '-A', 'trust', '-E', 'UTF8',
	    '--locale=C.UTF-8', '--no-sync', '--wal-segsize=1');
	run_as_postgres($dir, '/bin/sh', '-c',
	    'echo "CREATE DATABASE app" | ' . bindir()
	    . "/postgres --single -F -D '$dir/data' postgres");
	copy_cluster("$dir/data", "$to.new");
	rename "$to.new", $to or die "$to: $!\n";
	return $to;
}

sub copy_cluster {
	my ($from, $to) = @_;

	system('cp', '-R', $from, $to) == 0 or die "could not copy $from\n";
	chmod 0700, $to;
}

# As root, to the user postgres.
sub give {
	my ($path) = @_;

	return if $> != 0;
	system('chown', '-R', 'postgres:', $path) == 0
	    or die "could not give $path to postgres\n";
}

# In a forked child only.
sub become_postgres {
	return if $> != 0;
	my (undef, undef, $uid, $gid) = getpwnam 'postgres'
	    or die "no user postgres\n";

	$( = $gid;
	$) = "$gid $gid";
	($<, $>) = ($uid, $uid);
	die "could not become postgres: $!\n" if $> != $uid || $< != $uid;
}

sub run_as_postgres {
	my ($dir, @command) = @_;
	my $pid = fork // die "could not fork: $!\n";

	if ($pid == 0) {
		become_postgres();
		chdir $dir;
		Muster::exec_logged("$dir/log", @command);
	}
	waitpid $pid, 0;
	die "$command[0] failed:\n" . Muster::read_file("$dir/log") if $?;
}

END {
	if ($$ == $owner) {
		my $status = $?;
		for my $pg (@all) {
			$pg->stop('immediate');
			File::Path::remove_tree($pg->{dir});
		}
		$? = $status;
	}
}

1;
