#!/usr/bin/perl
# t/lib/Muster.pm fails a test for what its server left behind although the
# test itself asserts nothing of it. Each case is a test of its own that must
# come out red, and a twin without the fault that must come out green.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use Muster;

my $dir = tempdir('muster-t-XXXXXX', DIR => '/tmp', CLEANUP => 1);
mkdir "$dir/san";

# Runs a test with this body; returns its exit status and what it printed.
sub outcome {
	my ($options, $body) = @_;

	Muster::write_file("$dir/case.t", <<"TEST");
use strict;
use warnings;
use Test::More;
use Muster;
my \$server = Muster->start($options conf => "workers = 2;");
$body
ok(1, 'what the test looks at is fine');
\$server->stop unless \$ENV{NO_STOP};
done_testing;
TEST
	local $ENV{MUSTER_SAN_DIR} = "$dir/san";
	local $ENV{builddir} = $dir;
	my $text = `'$^X' -I'$Muster::srcdir/t/lib' '$dir/case.t' 2>&1`;
	return ($? >> 8, $text);
}

my ($status, $text) = outcome('', '');
is($status, 0, 'a server that leaves nothing is green') or diag($text);

my $crash = 'my ($pid) = $server->workers; kill SEGV => $pid;'
    . ' $server->wait_log(qr/worker_died/) or die "it lives";';
($status, $text) = outcome('', $crash);
isnt($status, 0, 'a worker that crashes is red');
like($text, qr/^not ok .*a worker died/m, 'and is named') or diag($text);
($status, $text) = outcome('expect_deaths => 1, expect_reports => 1,',
    $crash);
is($status, 0, 'unless the test expects it') or diag($text);

my $report = 'Muster::write_file($server->sanitizer_dir . "/asan.1",'
    . ' "ERROR: AddressSanitizer: planted");';
($status, $text) = outcome('', $report);
isnt($status, 0, 'a sanitizer report in a file is red');
like($text, qr/^not ok .*a sanitizer reported/m, 'and is named')
    or diag($text);
{
	local $ENV{NO_STOP} = 1;
	($status, $text) = outcome('', $report);
	isnt($status, 0, 'also when the test forgot to stop its server');
}

my $handles = 'open my $log, ">>", $server->{log_path};'
    . ' print $log "worker 1 open_handles connections=1 runs=0\n";'
    . ' close $log;';
($status, $text) = outcome('', $handles);
isnt($status, 0, 'a handle that is open at exit is red');
like($text, qr/^not ok .*handles were open/m, 'and is named') or diag($text);

done_testing;
