package Muster::Http;

# A small HTTP/1.1 client for tests: one connection, over which requests are
# written as the test wants them (whole, byte by byte, cut in pieces, pipelined
# or broken) and from which responses are read strictly. Every wait has an end.

use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY SHUT_WR SOCK_STREAM);
use Time::HiRes qw(time sleep);

our $TIMEOUT = $ENV{MUSTER_TEST_TIMEOUT} || 20;

# port => 8000, or unix => "/path"; timeout => seconds for each read.
sub new {
	my ($class, %args) = @_;
	my $self = bless {
		%args, buffer => '', timeout => $args{timeout} || $TIMEOUT
	}, $class;
	my $socket = defined $args{unix}
	    ? IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $args{unix})
	    : IO::Socket::INET->new(PeerAddr => $args{host} || '127.0.0.1',
		PeerPort => $args{port}, Proto => 'tcp',
		Timeout => $self->{timeout});
	die "could not connect to "
	    . ($args{unix} // "port $args{port}") . ": $!\n" unless $socket;
	setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1
	    unless defined $args{unix};
	$socket->blocking(0);
	$self->{socket} = $socket;
	return $self;
}

sub socket { $_[0]{socket} }

# The bytes of a request. headers => [ Name => value, ... ]; json => any data;
# body => bytes. Host is added, and Content-Length where there is a body.
sub format_request {
	my ($method, $target, %args) = @_;
	my @headers = @{ $args{headers} || [] };
	my $body = $args{body};
	my %has = map { lc $headers[$_ * 2] => 1 } 0 .. @headers / 2 - 1;

	if (exists $args{json}) {
		$body = JSON::PP->new->utf8->canonical->allow_nonref
		    ->encode($args{json});
	}
	unshift @headers, Host => 'localhost' unless $has{host};
	push @headers, 'Content-Type' => 'application/json'
	    if defined $body && !$has{'content-type'};
	push @headers, 'Content-Length' => length $body
	    if defined $body && !$has{'content-length'}
	    && !$has{'transfer-encoding'};
	my $version = $args{version} || 'HTTP/1.1';
	my $text = "$method $target $version\r\n";
	while (my ($name, $value) = splice @headers, 0, 2) {
		$text .= "$name: $value\r\n";
	}
	return "$text\r\n" . ($body // '');
}

# Writes all bytes; returns how many left before the peer closed.
sub send {
	my ($self, $bytes) = @_;
	my $deadline = time + $self->{timeout};
	my $sent = 0;
	local $SIG{PIPE} = 'IGNORE';

	while ($sent < length $bytes) {
		my $n = syswrite $self->{socket}, $bytes,
		    length($bytes) - $sent, $sent;
		if (defined $n) {
			$sent += $n;
			next;
		}
		last unless $!{EAGAIN} || $!{EINTR};
		die "timeout: the peer does not read\n"
		    unless $self->_wait(1, $deadline);
	}
	return $sent;
}

# Each byte as a segment of its own.
sub send_bytewise {
	my ($self, $bytes) = @_;

	return $self->send_cut($bytes, length $bytes);
}

# In n pieces of nearly equal length, with a breath between them so that they
# arrive singly; pause is in seconds.
sub send_cut {
	my ($self, $bytes, $n, $pause) = @_;
	my $sent = 0;

	for my $i (0 .. $n - 1) {
		my $from = int $i * length($bytes) / $n;
		my $to = int +($i + 1) * length($bytes) / $n;
		next if $to == $from;
		my $piece = substr $bytes, $from, $to - $from;
		my $left = $self->send($piece);
		$sent += $left;
		last if $left < length $piece;
		sleep($pause // 0.0005);
	}
	return $sent;
}

# "I shall send no more"; the other direction stays open.
sub half_close { shutdown $_[0]{socket}, SHUT_WR }

sub close {
	my ($self) = @_;

	CORE::close $self->{socket} if $self->{socket};
	delete $self->{socket};
}

# One request and its response over this connection.
sub request {
	my ($self, $method, $target, %args) = @_;

	$self->send(format_request($method, $target, %args));
	return $self->read_response(head => $method eq 'HEAD', %args);
}

sub get { my $self = shift; return $self->request('GET', @_) }

# Sends all requests in one write, then reads as many responses.
# Each is [ method, target, args... ].
sub pipeline {
	my ($self, @requests) = @_;

	$self->send(join '', map { format_request(@$_) } @requests);
	return map { $self->read_response(head => $_->[0] eq 'HEAD') }
	    @requests;
}

# The next complete response. undef: the peer closed before its first byte.
# Dies on a time-out, on a response cut short and on anything that is not
# HTTP. head => 1: the request was HEAD. Interim (1xx) ones are collected.
sub read_response {
	my ($self, %args) = @_;
	my $deadline = time + ($args{timeout} || $self->{timeout});
	my @interim;

	while (1) {
		my $response = $self->_read_head($deadline) or return undef;
		if ($response->{status} < 200 && $response->{status} != 101) {
			push @interim, $response;
			next;
		}
		$response->{interim} = \@interim;
		$self->_read_body($response, $deadline)
		    unless $args{head} || $response->{status} == 204
		    || $response->{status} == 304;
		return $response;
	}
}

# Everything until the peer closes.
sub read_all {
	my ($self, %args) = @_;
	my $deadline = time + ($args{timeout} || $self->{timeout});

	1 while $self->_fill($deadline);
	my $bytes = $self->{buffer};
	$self->{buffer} = '';
	return $bytes;
}

# Did the peer close, with no unread byte before it, within these seconds?
sub is_closed {
	my ($self, $seconds) = @_;

	return 0 if $self->{buffer} ne '';
	my $more = eval { $self->_fill(time + ($seconds // 5)) };
	return defined $more && !$more ? 1 : 0;
}

# Did bytes arrive within these seconds? They stay in the buffer.
sub has_bytes {
	my ($self, $seconds) = @_;

	return 1 if $self->{buffer} ne '';
	return eval { $self->_fill(time + $seconds) } ? 1 : 0;
}

sub _wait {
	my ($self, $for_writing, $deadline) = @_;
	my $bits = '';
	my $left = $deadline - time;

	return 0 if $left <= 0;
	vec($bits, fileno $self->{socket}, 1) = 1;
	return $for_writing
	    ? select(undef, $bits, undef, $left) > 0
	    : select($bits, undef, undef, $left) > 0;
}

# More bytes into the buffer; 0: closed.
sub _fill {
	my ($self, $deadline) = @_;

	while (1) {
		my $n = sysread $self->{socket}, $self->{buffer}, 65536,
		    length $self->{buffer};
		return $n if defined $n;
		return 0 if $!{ECONNRESET} || $!{EPIPE};
		die "could not read: $!\n" unless $!{EAGAIN} || $!{EINTR};
		die "timeout waiting for the peer; so far: "
		    . substr($self->{buffer}, 0, 400) . "\n"
		    unless $self->_wait(0, $deadline);
	}
}

sub _read_head {
	my ($self, $deadline) = @_;

	my $head = $self->_take_until("\r\n\r\n", $deadline)
	    // return undef;
	die "a bare LF in the head: $head\n" if $head =~ /(?<!\r)\n/;
	my ($line, @fields) = split /\r\n/, $head;
	$line =~ m{^HTTP/(1\.[01]) (\d{3}) ([ -~]*)$}
	    or die "not a status line: $line\n";
	my $response = bless {
		version => $1, status => $2, reason => $3, head => $head,
		headers => {}, body => ''
	}, 'Muster::Http::Response';
	for my $field (@fields) {
		$field =~ /^([!#\$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*?)\s*$/
		    or die "not a header field: $field\n";
		push @{ $response->{headers}{lc $1} }, $2;
	}
	return $response;
}

sub _read_body {
	my ($self, $response, $deadline) = @_;
	my $length = $response->header('content-length');
	my $coding = $response->header('transfer-encoding');

	die "both Content-Length and Transfer-Encoding\n"
	    if defined $length && defined $coding;
	if (defined $coding) {
		$self->_read_chunks($response, $deadline);
	} elsif (defined $length) {
		$response->{body} = $self->_take($length, $deadline);
	} else {
		$response->{body} = $self->read_all;
	}
}

# Up to the end of this mark; undef: closed before the first byte.
sub _take_until {
	my ($self, $mark, $deadline) = @_;
	my $at;

	while (($at = index $self->{buffer}, $mark) < 0) {
		next if $self->_fill($deadline);
		return undef if $self->{buffer} eq '';
		die "the peer closed too early, after: $self->{buffer}\n";
	}
	return substr $self->{buffer}, 0, $at + length $mark, '';
}

sub _take {
	my ($self, $length, $deadline) = @_;

	while (length $self->{buffer} < $length) {
		$self->_fill($deadline) or die "the peer closed after "
		    . length($self->{buffer}) . " of $length bytes\n";
	}
	return substr $self->{buffer}, 0, $length, '';
}

sub _read_chunks {
	my ($self, $response, $deadline) = @_;

	while (1) {
		my $line = $self->_take_until("\r\n", $deadline)
		    // die "the peer closed before a chunk\n";
		$line =~ /^([0-9A-Fa-f]+)(?:;.*)?\r\n$/
		    or die "not a chunk size: $line\n";
		my $chunk = $self->_take(hex($1) + 2, $deadline);
		$chunk =~ s/\r\n\z// or die "a chunk without its end\n";
		return if $chunk eq '';
		$response->{body} .= $chunk;
	}
}

package Muster::Http::Response;

sub status { $_[0]{status} }
sub body { $_[0]{body} }
sub head { $_[0]{head} }

# The value of a header; several joined by ", "; undef when absent.
sub header {
	my ($self, $name) = @_;
	my $values = $self->{headers}{lc $name} or return undef;

	return join ', ', @$values;
}

# How many times a header occurs.
sub header_count { scalar @{ $_[0]{headers}{lc $_[1]} || [] } }

# The body as data; dies when it is not JSON.
sub json {
	my ($self) = @_;

	return JSON::PP->new->utf8->allow_nonref->decode($self->{body});
}

1;
