# What clients send, and what must come of it, over a socket: each row of
# t/data/http-inputs.txt whole, byte by byte and in 16 pieces. The unit test of
# the parser cuts the same rows at every place.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Test::More;

my $conf = <<'CONF';
workers = 1;
log = { access = "off"; };
routes = {
  hello = { on = "GET /hello"; reply = { message = "hello"; }; };
  echo = { on = "POST /echo"; status = 200; reply = { message = "taken"; }; };
  any = { on = "GET /any/{rest*}"; reply = { message = "any"; }; };
};
CONF

sub unescape {
	my ($text) = @_;
	my %short = (r => "\r", n => "\n", t => "\t", '\\' => '\\');

	1 while $text =~ s/\\<(\d+)\*((?:[^\\>]|\\x[0-9a-fA-F]{2}|\\[rnt\\])*)>/$2 x $1/ge;
	$text =~ s/\\(?:x([0-9a-fA-F]{2})|([rnt\\]))/
	    defined $1 ? chr hex $1 : $short{$2}/ge;
	return $text;
}

sub read_rows {
	open my $in, '<', "$Muster::srcdir/t/data/http-inputs.txt" or die $!;
	my @rows;

	while (my $line = <$in>) {
		chomp $line;
		next if $line =~ /^(?:#|\s*$)/;
		my ($id, $what, $bytes, $answers, $end) =
		    split / \| /, $line, 5;
		push @rows, { id => $id, what => $what,
		    bytes => unescape($bytes),
		    answers => $answers eq '-' ? [] : [ split ' ', $answers ],
		    end => $end };
	}
	return @rows;
}

my $server = Muster->start(conf => $conf);
my %send = (
	whole => sub { $_[0]->send($_[1]) },
	'byte by byte' => sub { $_[0]->send_cut($_[1], length $_[1], 0) },
	'in 16 pieces' => sub { $_[0]->send_cut($_[1], 16) },
);

# What came of it, in words like the row's.
sub outcome {
	my ($row, $how) = @_;
	my $client = $server->connect;
	my (@answers, $end);

	$send{$how}->($client, $row->{bytes});
	my $is_head = $row->{bytes} =~ /^(?:\r\n)*HEAD /;
	for (@{ $row->{answers} }) {
		my $response = $client->read_response(head => $is_head);
		$is_head = 0;
		push @answers, $response ? $response->status : 'closed';
		last unless $response;
	}
	if ($row->{end} eq 'waits') {
		$end = $client->has_bytes(0.02) || $client->is_closed(0.02)
		    ? 'does not wait' : 'waits';
	} elsif ($row->{end} eq 'closed') {
		$end = $client->is_closed(5) ? 'closed' : 'not closed';
	} else {
		my $next = eval { $client->get('/hello') };
		$end = $next && $next->status == 200 ? 'open' : 'not open';
	}
	return join ' ', @answers, $end;
}

for my $how (sort keys %send) {
	for my $row (read_rows()) {
		my $got = eval { outcome($row, $how) } // "died: $@";
		is($got, join(' ', @{ $row->{answers} }, $row->{end}),
		    "$row->{id} $row->{what}, $how");
	}
}

is($server->stop, 0, 'the server ends cleanly after all of that');
done_testing;
