#!/usr/bin/perl
# The program that was built: it starts, names itself, and tells misuse from a
# missing file. Whoever sees this red need not look further down.

use strict;
use warnings;

use Test::More;

use Muster;

my ($version) = Muster::read_file("$Muster::srcdir/configure.ac")
    =~ /^AC_INIT\(\[muster\], \[([^]]+)\]/m;

my $run = Muster->run(args => ['-v']);
is($run->{exit}, 0, 'musterd -v ends with 0');
like($run->{out} . $run->{err}, qr/\b\Q$version\E\b/,
    'musterd -v tells the version of configure.ac');

$run = Muster->run(args => ['-V']);
is($run->{exit}, 0, 'musterd -V ends with 0');
like($run->{out} . $run->{err}, qr/libevent.*libpq|libpq.*libevent/si,
    'musterd -V tells the libraries it was built with');

$run = Muster->run(args => ['--no-such-option']);
is($run->{exit}, 64, 'an unknown option is a usage error, exit status 64');
like($run->{err}, qr/usage/i, 'and the usage is shown on standard error');

$run = Muster->run(args => ['-t', '-c', '/nonexistent/server.conf']);
is($run->{exit}, 66, 'a config that cannot be read ends with 66');
like($run->{err}, qr{/nonexistent/server\.conf}, 'and the file is named');

$run = Muster->run(args => ['--help-keys']);
is($run->{exit}, 0, 'musterd --help-keys ends with 0');
like($run->{out}, qr/pool_size/, 'musterd --help-keys lists the settings');

done_testing;
