package Muster::Load;

# Clients that never rest, in a process of their own: keep-alive connections
# that each ask, wait, compare and ask again. Every request is counted once: as
# answered with its status, as lost (sent, and the connection ended without an
# answer) or as hung (no answer in time).
#
#	my $load = Muster::Load->start(port => $port, connections => 64,
#	    requests => [ [ GET => '/users/1', qr/"id":1,/ ], ... ]);
#	...
#	my $count = $load->stop;
#	is($count->{lost}, 0);		# sent answered{200} lost hung wrong
#
# A request is [ method, target, pattern a 200 must match, body as data ].

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EINPROGRESS);
use IO::Poll qw(POLLIN POLLOUT POLLHUP POLLERR);
use JSON::PP ();
use POSIX ();
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time sleep);

use Muster::Http;

# hang_after: seconds; limit: end after so many requests.
sub start {
	my ($class, %args) = @_;
	my $self = bless { connections => 16, hang_after => 10, %args },
	    $class;

	pipe my $from, my $to or die "no pipe: $!\n";
	my $pid = fork // die "could not fork: $!\n";
	if ($pid == 0) {
		close $from;
		$self->_run($to);
		POSIX::_exit(0);
	}
	close $to;
	@$self{qw(pid from)} = ($pid, $from);
	return $self;
}

# No new requests; waits for those under way. Gives the counts.
sub stop {
	my ($self) = @_;

	kill TERM => $self->{pid};
	return $self->wait;
}

# Waits until it ends by itself (its limit, or nobody listens any more).
sub wait {
	my ($self) = @_;
	my $text = do { local $/; my $from = $self->{from}; <$from> };

	waitpid $self->{pid}, 0;
	return JSON::PP->new->decode($text);
}

# ---- in the child -------------------------------------------------------------

sub _run {
	my ($self, $to) = @_;
	my $stopping = 0;
	local $SIG{TERM} = sub { $stopping = 1 };
	local $SIG{PIPE} = 'IGNORE';
	my $count = $self->{count} = { sent => 0, answered => {}, lost => 0,
	    hung => 0, wrong => 0, samples => [], refused => 0,
	    no_retry_after => 0, slowest_ms => 0 };
	my @texts = map { [ Muster::Http::format_request($_->[0], $_->[1],
	    defined $_->[3] ? (json => $_->[3]) : ()), $_ ] }
	    @{ $self->{requests} };

	$self->{texts} = \@texts;
	my %clients = map { $_ => {} } 1 .. $self->{connections};
	while (1) {
		my $may_ask = !$stopping && (!$self->{limit}
		    || $count->{sent} < $self->{limit});
		my $waiting = $self->_turn(\%clients, $may_ask);
		last if !$may_ask && !$waiting;
		last if $may_ask && !$waiting && $count->{refused}
		    && $self->{until_refused};
	}
	print $to JSON::PP->new->encode($count);
	close $to;
}

sub _turn {
	my ($self, $clients, $may_ask) = @_;
	my $poll = IO::Poll->new;
	my ($waiting, $now) = (0, time);
	my @polled;

	for my $client (values %$clients) {
		$self->_ask($client) if !$client->{asked} && $may_ask;
		next unless $client->{asked};
		if ($now - $client->{at} > $self->{hang_after}) {
			$self->{count}{hung}++;
			$self->_drop($client);
			next;
		}
		$waiting++;
		$poll->mask($client->{socket} => POLLIN);
		push @polled, $client;
	}
	if (!@polled) {
		sleep 0.005;
		return 0;
	}
	$poll->poll(0.1);
	for my $client (@polled) {
		$self->_read($client) if $poll->events($client->{socket});
	}
	return $waiting;
}

sub _connect {
	my ($self, $client) = @_;

	socket my $socket, PF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
	if (!connect $socket, pack_sockaddr_in($self->{port},
	    INADDR_LOOPBACK)) {
		$self->{count}{refused}++;
		return 0;
	}
	setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1;
	IO::Handle::blocking($socket, 0);
	$client->{socket} = $socket;
	return 1;
}

sub _ask {
	my ($self, $client) = @_;
	my $texts = $self->{texts};

	$self->_drop($client) if $client->{socket} && _is_closed($client);
	return if !$client->{socket} && !$self->_connect($client);
	my ($bytes, $request) = @{ $texts->[ rand @$texts ] };
	my $n = syswrite $client->{socket}, $bytes;
	# One that could not be sent whole was not asked.
	return $self->_drop($client) if !defined $n || $n < length $bytes;
	$self->{count}{sent}++;
	@$client{qw(asked at buffer)} = ($request, time, '');
}

# While nothing was asked: connecting to a server that ends takes seconds, in
# which the connections that wait for their turn may be closed.
sub _is_closed {
	my ($client) = @_;
	my $n = sysread $client->{socket}, my $nothing, 1;

	return defined $n ? $n == 0 : $! != EAGAIN && $! != EINTR;
}

sub _drop {
	my ($self, $client) = @_;

	close $client->{socket} if $client->{socket};
	%$client = ();
}

sub _read {
	my ($self, $client) = @_;
	my $n = sysread $client->{socket}, $client->{buffer}, 65536,
	    length $client->{buffer};

	if (!$n) {
		return if !defined $n && ($! == EAGAIN || $! == EINTR);
		$self->{count}{lost}++;
		return $self->_drop($client);
	}
	return unless $client->{buffer} =~ /\r\n\r\n/;
	my ($head, $body) = split /\r\n\r\n/, $client->{buffer}, 2;
	my ($length) = $head =~ /^Content-Length: (\d+)/mi;
	return if defined $length && length $body < $length;
	$self->_judge($client, $head, $body);
}

sub _judge {
	my ($self, $client, $head, $body) = @_;
	my $count = $self->{count};
	my ($status) = $head =~ m{^HTTP/1\.1 (\d+)};
	my $pattern = $client->{asked}[2];
	my $ms = (time - $client->{at}) * 1000;

	$count->{slowest_ms} = $ms if $ms > $count->{slowest_ms};
	$count->{answered}{$status}++;
	$count->{no_retry_after}++
	    if $status == 503 && $head !~ /^Retry-After: [1-9]/mi;
	if ($status =~ /^2/ && defined $pattern && $body !~ $pattern) {
		$count->{wrong}++;
		push @{ $count->{samples} }, $body
		    if @{ $count->{samples} } < 5;
	}
	if ($head =~ /^Connection: close/mi) {
		$self->_drop($client);
	} else {
		delete $client->{asked};
	}
}

1;
