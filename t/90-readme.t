#!/usr/bin/perl
# The README's first page is what a newcomer types: each of its curl commands
# is run against etc/server.conf on etc/tutorial.sql and must print what the
# page says, in the page's order.

use strict;
use warnings;

use Test::More;

use Muster;
use Muster::Pg;

my $readme = Muster::read_file("$Muster::srcdir/README.md");

# Blocks of one kind: ```kind ... ```
sub blocks {
	my ($kind) = @_;

	return $readme =~ /^```\Q$kind\E\n(.*?)^```$/msg;
}

my $pg = Muster::Pg->start(load => 'etc/tutorial.sql');
my $conf = Muster::read_file("$Muster::srcdir/etc/server.conf");
$conf =~ s/^(?:listen|admin)\s*=.*//mg;
my $server = Muster->start(conf => $conf, env => { $pg->env });
my $port = $server->port;

my $commands = 0;
for my $block (blocks('console')) {
	while ($block =~ /^\$ (.*)\n((?:(?!\$ ).*\n)*)/mg) {
		my ($command, $expected) = ($1, $2);
		$commands++;
		$expected =~ s/\n\z//;
		(my $run = $command) =~
		    s/^curl (.*)127\.0\.0\.1:8000/curl -sS ${1}127.0.0.1:$port/
		    or die "not a curl command: $command\n";
		is(`$run 2>&1`, $expected, $command);
	}
}
cmp_ok($commands, '>=', 8, 'the page has commands to try');

for my $block (blocks('conf')) {
	my $run = Muster->run(conf => $block, args => ['-t']);
	is($run->{exit}, 0, 'a configuration of the page passes musterd -t')
	    or diag($run->{err});
	$run = Muster->run(conf => $block, args => ['--check-db'],
	    env => { $pg->env });
	is($run->{exit}, 0, 'and --check-db on the tutorial\'s tables')
	    or diag($run->{out} . $run->{err});
}

for my $block (blocks('sh')) {
	for my $file ($block =~ m{^(scripts/\S+)}mg) {
		ok(-x "$Muster::srcdir/$file", "$file is there");
	}
}

is($server->stop, 0, 'the server ends when told to');
done_testing;
