package Bench::Work;

# The workloads: what is asked, of whom, and how a table of it looks. Servers
# are started when a workload first needs them.

use strict;
use warnings;

use Time::HiRes qw(time);

use Bench;

my %work = (
	json => \&json, user => \&user, list => \&list,
	profile => \&profile, routes => \&routes,
);

sub names { return qw(json user list profile routes) }

sub new {
	my ($class, %args) = @_;

	return bless { rounds => 5, seconds => 4, connections => 64, %args },
	    $class;
}

sub pg { $_[0]{pg} //= Bench::start_pg() }
sub muster { $_[0]{muster} //= Bench::start_muster($_[0]->pg,
    'server.conf') }
sub nginx { $_[0]{nginx} //= Bench::start_nginx() }

sub finish {
	my ($self) = @_;

	Bench::stop($_) for grep { $_ } @$self{qw(muster nginx)};
	$self->{pg}->stop if $self->{pg};
	delete @$self{qw(muster nginx pg)};
}

# Figures of a workload by contestant, and the names in order.
sub figures {
	my ($self, $name) = @_;

	die "no workload \"$name\"; there are: @{[ names() ]}\n"
	    unless $work{$name};
	return $work{$name}->($self);
}

sub measure {
	my ($self, $name) = @_;
	my ($title, $figures, @order) = $self->figures($name);

	$self->{last} = $figures;
	return table($title, $figures, @order);
}

sub wrk_run {
	my ($self, $peer, $path, %more) = @_;

	return sub {
		Bench::wrk($peer, path => $path, seconds => $self->{seconds},
		    connections => $self->{connections},
		    backend => $self->{pg} ? [ $self->{pg}->pid ] : [],
		    %more);
	};
}

sub json {
	my ($self) = @_;
	my @order = qw(muster nginx);

	return ("GET /json, c=$self->{connections}, beside nginx `return 200`",
	    Bench::alternate($self->{rounds},
		map { [ $_ => $self->wrk_run($self->$_, '/json') ] } @order),
	    @order);
}

sub user {
	my ($self) = @_;
	my $pg = $self->pg;

	return ("GET /users/{id}, c=$self->{connections}, beside pgbench on"
	    . ' the same statement', Bench::alternate($self->{rounds},
		[ muster => $self->wrk_run($self->muster, '/users/1',
		    script => 'user.lua') ],
		[ pgbench => sub { Bench::pgbench($pg, connections => 20,
		    seconds => $self->{seconds}, script => 'user.sql') } ]),
	    qw(muster pgbench));
}

sub list {
	my ($self) = @_;

	return ("GET /users/?limit=100, c=$self->{connections}",
	    Bench::alternate($self->{rounds}, [ muster =>
		$self->wrk_run($self->muster, '/users/?limit=100') ]),
	    'muster');
}

# Latency of one request at a time, in ms.
sub one_by_one {
	my ($peer, $path) = @_;
	my ($port) = $peer->{url} =~ /:(\d+)$/;
	my $client = Muster::Http->new(port => $port);
	my @ms;

	for (1 .. 5) {
		my $begun = time;
		my $response = $client->get($path);
		die "$path answered " . $response->status . "\n"
		    if $response->status != 200;
		push @ms, (time - $begun) * 1000;
	}
	return { p50 => Bench::median(@ms) };
}

sub profile {
	my ($self) = @_;
	my $muster = $self->muster;

	return ('two statements of 100 and 150 ms, in turn and at once',
	    Bench::alternate($self->{rounds},
		[ 'in turn' => sub { one_by_one($muster, '/in-turn') } ],
		[ 'at once' => sub { one_by_one($muster, '/at-once') } ]),
	    'in turn', 'at once');
}

# The same request with few and with many routes beside it.
sub many_routes {
	my ($n) = @_;
	my $conf = "workers = 2;\nlog = { level = \"warn\";"
	    . " access = \"off\"; };\ninclude = [ \"routes/*.conf\" ];\n";
	my %files;

	for my $i (1 .. $n) {
		my $file = sprintf 'routes/%03d.conf', $i / 500;
		$files{$file} .= qq(route_$i = { on = "GET /items/kind$i/{id}";)
		    . qq( reply = { message = "Hello, World!"; }; };\n);
	}
	$files{$_} = "routes = {\n$files{$_}};\n" for keys %files;
	my $server = Muster->start(conf => $conf, files => \%files,
	    timeout => 60);
	return { name => "$n routes", pids => [ $server->pid ],
	    url => 'http://127.0.0.1:' . $server->port, server => $server };
}

sub routes {
	my ($self) = @_;
	my @peers = map { many_routes($_) } 10, 10_000;
	my $figures = Bench::alternate($self->{rounds},
	    map { [ $_->{name} => $self->wrk_run($_, '/items/kind7/42') ] }
	    @peers);

	Bench::stop($_) for @peers;
	return ("GET /items/kind7/42, c=$self->{connections}, one of many"
	    . ' routes', $figures, map { $_->{name} } @peers);
}

# ---- as a table ----------------------------------------------------------------

sub cell {
	my ($values, $format) = @_;

	return '-' unless $values && @$values;
	my @sorted = sort { $a <=> $b } @$values;
	return sprintf "$format ($format..$format)", Bench::median(@sorted),
	    $sorted[0], $sorted[-1];
}

sub table {
	my ($title, $figures, @order) = @_;
	my @columns = ([ rate => 'req/s', '%.0f' ], [ p50 => 'p50 ms', '%.2f' ],
	    [ p99 => 'p99 ms', '%.2f' ], [ server_us => 'server us', '%.1f' ],
	    [ backend_us => 'PostgreSQL us', '%.1f' ],
	    [ errors => 'errors', '%d' ]);
	@columns = grep { my $key = $_->[0];
	    grep { $figures->{$_}{$key} } @order } @columns;
	my $text = "### $title\n\n| | " . join(' | ', map { $_->[1] } @columns)
	    . " |\n|" . ' --- |' x (@columns + 1) . "\n";

	for my $name (@order) {
		$text .= "| $name | " . join(' | ', map {
			cell($figures->{$name}{ $_->[0] }, $_->[2])
		} @columns) . " |\n";
	}
	return $text;
}

1;
