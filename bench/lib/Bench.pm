package Bench;

# What bench/run and bench/check share: servers side by side, wrk and pgbench
# as load, CPU time of whole process trees. Load, servers and PostgreSQL share
# the machine's cores: CPU time per request is the steadier figure, and rounds
# alternate between the peers so that what disturbs one disturbs all.

use strict;
use warnings;

use File::Temp ();
use POSIX ();
use Time::HiRes qw(time sleep);

use Muster;
use Muster::Pg;

my $tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my $owner = $$;
my @others;
my $dir = File::Temp::tempdir('muster-bench-XXXXXX', DIR => '/tmp',
    CLEANUP => 1);
chmod 0755, $dir;

sub read_file { Muster::read_file(@_) }

sub median {
	my @sorted = sort { $a <=> $b } @_;

	return undef unless @sorted;
	return @sorted % 2 ? $sorted[@sorted / 2]
	    : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

# ---- CPU time ----------------------------------------------------------------

sub stat_of {
	my ($pid) = @_;
	my $line = read_file("/proc/$pid/stat") or return;

	return split ' ', substr($line, rindex($line, ')') + 2);
}

# A process and all below it.
sub tree {
	my @todo = @_;
	my (%kids, @all);

	for my $pid (map { m{/(\d+)$} } glob '/proc/[0-9]*') {
		my @stat = stat_of($pid) or next;
		push @{ $kids{ $stat[1] } }, $pid;
	}
	while (defined(my $pid = shift @todo)) {
		push @all, $pid;
		push @todo, @{ $kids{$pid} || [] };
	}
	return @all;
}

# Microseconds of CPU of these processes: what they used, and what children
# used that have ended.
sub cpu_us {
	my $sum = 0;

	for my $pid (tree(@_)) {
		my @stat = stat_of($pid) or next;
		$sum += $_ for @stat[11 .. 14];
	}
	return $sum * 1e6 / $tick;
}

# ---- servers -----------------------------------------------------------------

# A database that keeps its promises: fsync and all else at PostgreSQL's own.
sub start_pg {
	my $pg = Muster::Pg->start(load => 'bench/schema.sql', conf => {
		fsync => 'on', full_page_writes => 'on',
		wal_level => 'replica', shared_buffers => '256MB',
		max_connections => 200 });

	$pg->query('VACUUM ANALYZE');
	return $pg;
}

# conf: a file in bench/, or the text itself.
sub start_muster {
	my ($pg, $conf) = @_;

	$conf = read_file("$Muster::srcdir/bench/$conf")
	    unless $conf =~ /\n/;
	my $server = Muster->start(conf => $conf, timeout => 60,
	    env => { $pg ? $pg->env : () });
	return { name => 'muster', pids => [ $server->pid ],
	    url => 'http://127.0.0.1:' . $server->port, server => $server };
}

sub start_nginx {
	my $port = Muster::free_port();

	Muster::write_file("$dir/nginx.conf", <<"CONF");
worker_processes 2; daemon off; pid $dir/nginx.pid; error_log $dir/nginx.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300;
  client_body_temp_path $dir/b; proxy_temp_path $dir/p;
  fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
  server { listen 127.0.0.1:$port backlog=4096; default_type application/json;
    location = /json { return 200 '{"message":"Hello, World!"}'; } }
}
CONF
	my $pid = fork // die "could not fork: $!\n";
	if ($pid == 0) {
		exec 'nginx', '-e', "$dir/nginx.log", '-c', "$dir/nginx.conf"
		    or POSIX::_exit(127);
	}
	my $url = "http://127.0.0.1:$port";
	for (1 .. 200) {
		last if eval { Muster::Http->new(port => $port) };
		sleep 0.02;
	}
	push @others, $pid;
	return { name => 'nginx', pids => [ $pid ], url => $url,
	    stop => sub { kill TERM => $pid; waitpid $pid, 0 } };
}

# However it ends, nothing of it stays.
END {
	if ($$ == $owner) {
		my $status = $?;
		kill TERM => $_ for @others;
		waitpid $_, 0 for @others;
		$? = $status;
	}
}

sub stop {
	my ($peer) = @_;

	$peer->{server}->stop if $peer->{server};
	$peer->{stop}->() if $peer->{stop};
}

# include patterns and files for n routes of three operations, 500 a file.
sub many_routes {
	my ($n) = @_;
	my %files;

	for my $i (1 .. $n) {
		$files{ sprintf 'routes/%03d.conf', ($i - 1) / 500 } .= <<"CONF";
  route_$i = {
    on = "GET /items/kind$i/{id}";
    do = {
      user  = { row = "SELECT id, username FROM users WHERE id = {id}"; };
      posts = { rows = "SELECT id, title FROM posts WHERE user_id = {user.id} ORDER BY id"; };
      seen  = { require = "{user.id} > 0"; };
    };
    reply = { user = "{user}"; posts = "{posts}"; };
  };
CONF
	}
	$files{$_} = "routes = {\n$files{$_}};\n" for keys %files;
	return ('include = [ "routes/*.conf" ];', \%files);
}

# Seconds that -t takes for n routes, the median of five, and what it said.
sub check_many_routes {
	my ($n) = @_;
	my ($conf, $files) = many_routes($n);
	my (@took, $result);

	for (1 .. 5) {
		my $begun = time;
		$result = Muster->run(args => [ '-t' ], conf => $conf,
		    files => $files);
		push @took, time - $begun;
	}
	return (median(@took), $result->{err});
}

# ---- load --------------------------------------------------------------------

my %unit = (us => 0.001, ms => 1, s => 1000, m => 60000);

sub in_ms {
	my ($text) = @_;

	return undef unless defined $text && $text =~ /^([\d.]+)(us|ms|s|m)$/;
	return $1 * $unit{$2};
}

# One run of wrk: { rate, p50, p99 (ms), server_us, backend_us, errors }.
sub wrk {
	my ($peer, %args) = @_;
	my @script = $args{script}
	    ? ('-s', "$Muster::srcdir/bench/$args{script}") : ();
	my @command = ('wrk', '-t2', "-c$args{connections}",
	    "-d$args{seconds}s", '--latency', @script,
	    $peer->{url} . $args{path});
	my @before = map { cpu_us(@$_) } $peer->{pids}, $args{backend} || [];

	open my $out, '-|', @command or die "wrk: $!\n";
	my $text = do { local $/; <$out> };
	close $out;
	my @after = map { cpu_us(@$_) } $peer->{pids}, $args{backend} || [];
	my ($requests) = $text =~ /(\d+) requests in/
	    or die "wrk said:\n$text\n";
	my ($rate) = $text =~ m{Requests/sec:\s+([\d.]+)};
	my ($failed) = $text =~ /Non-2xx or 3xx responses: (\d+)/;
	my @socket = $text =~
	    /connect (\d+), read (\d+), write (\d+), timeout (\d+)/;
	my $errors = $failed // 0;
	$errors += $_ for @socket;
	return { rate => $rate, errors => $errors,
	    p50 => in_ms($text =~ /^\s+50%\s+(\S+)/m),
	    p99 => in_ms($text =~ /^\s+99%\s+(\S+)/m),
	    server_us => ($after[0] - $before[0]) / $requests,
	    backend_us => ($after[1] - $before[1]) / $requests };
}

# The same statement straight from PostgreSQL.
sub pgbench {
	my ($pg, %args) = @_;
	my %env = $pg->env;
	local %ENV = (%ENV, %env);
	delete @ENV{ grep { !defined $env{$_} } keys %env };
	my $before = cpu_us($pg->pid);

	open my $out, '-|', Muster::Pg::bindir() . '/pgbench', '-n', '-M',
	    'prepared', '-c', $args{connections}, '-j', 2, '-T',
	    $args{seconds}, '-f', "$Muster::srcdir/bench/$args{script}"
	    or die "pgbench: $!\n";
	my $text = do { local $/; <$out> };
	close $out;
	my $after = cpu_us($pg->pid);
	my ($rate) = $text =~ /tps = ([\d.]+)/ or die "pgbench said:\n$text";
	my ($done) = $text =~ /actually processed: (\d+)/;
	my ($latency) = $text =~ /latency average = ([\d.]+) ms/;
	return { rate => $rate, p50 => $latency, errors => 0,
	    backend_us => ($after - $before) / $done };
}

# Rounds alternate between the contestants, { name => sub { one run } } in
# order; the first round only warms up. Gives { name => { figure => [...] } }.
sub alternate {
	my ($rounds, @contestants) = @_;
	my %figures;

	for my $round (0 .. $rounds) {
		for my $contestant (@contestants) {
			my ($name, $run) = @$contestant;
			my $result = $run->();
			next if $round == 0;
			push @{ $figures{$name}{$_} }, $result->{$_}
			    for grep { defined $result->{$_} } keys %$result;
		}
	}
	return \%figures;
}

# ---- where the figures come from -----------------------------------------------

sub commit {
	my $root = $Muster::srcdir;
	chomp(my $commit = `git -C '$root' rev-parse --short HEAD 2>/dev/null`);
	my $dirty = `git -C '$root' status --porcelain 2>/dev/null` ne ''
	    ? ' and changes' : '';

	return ($commit || 'no commit') . $dirty;
}

sub machine {
	my ($model) = read_file('/proc/cpuinfo') =~ /^model name\s*: (.*)$/m;
	my $cores = () = read_file('/proc/cpuinfo') =~ /^processor\s*:/mg;
	chomp(my $kernel = `uname -r`);

	return "$cores x " . ($model // 'unknown') . ", Linux $kernel";
}

1;
