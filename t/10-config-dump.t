#!/usr/bin/perl
# musterd -T: the effective configuration, which can be read again, and no
# secret in it.

use strict;
use warnings;

use Test::More;

use Muster;

plan skip_all => 'musterd is not built' unless -x Muster::binary();

my $conf = <<'CONF';
listen = [ "127.0.0.1:8000", "[::1]:8000" ];
workers = 0x2;
database = { url = "host=db password=hush"; pool_size = 7; };
routes = {
  *404 = {
    on    = "GET /a";
    reply = { *_links = "\t\"x\" \\ {{"; list = ( 1, 2.50, true ); };
  };
};
CONF

my $run = Muster->run(args => ['-T'], conf => $conf);
is($run->{exit}, 0, 'musterd -T ends with 0');
like($run->{err}, qr/is fine \(1 route\)/, 'and gives the verdict of -t');

my $dump = $run->{out};
like($dump, qr/^workers = 2;$/m, 'what is set is shown');
like($dump, qr/^  pool_size = 7;$/m, 'in groups too');
like($dump, qr/^  max_overflow = 5;$/m, 'and what is not set, at its default');
like($dump, qr/^listen = \[ "127\.0\.0\.1:8000", "\[::1\]:8000" \];$/m,
    'lists are shown');
like($dump, qr/^  url = "\*\*\*";$/m, 'a secret is masked');
unlike($dump . $run->{err}, qr/hush/, 'and stands nowhere else');
like($dump, qr/^      \*_links = "\\t\\"x\\" \\\\ \{\{";$/m,
    'strings are escaped, names keep their star');
like($dump, qr/list = \( 1, 2\.50, true \);/, 'numbers stay as written');

(my $filled = $dump) =~ s/"\*\*\*"/"host=db password=hush"/;
my $again = Muster->run(args => ['-T'], conf => $filled);
is($again->{exit}, 0, 'a dump with its secrets is a sound configuration')
    or diag($again->{err});
is($again->{out}, $dump, 'and dumps as itself');

$run = Muster->run(args => ['-T'], conf => 'workers = -1;');
is($run->{exit}, 78, '-T of a file with faults ends with 78');
is($run->{out}, '', 'and dumps nothing');

# ---- secrets -----------------------------------------------------------------

my %secret = (files => { secret => "host=db password=hush\n" });
my $holder = Muster->new(%secret, conf => '');
$run = Muster->run(args => ['-T'],
    conf => qq(database = { url = "\@$holder->{dir}/secret"; };));
is($run->{exit}, 0, 'a secret may come from a file');
unlike($run->{out}, qr/hush|holder|secret/, 'and is masked as well');

$run = Muster->run(args => ['-t'],
    conf => qq(database = { url = "\@$holder->{dir}/none"; };));
is($run->{exit}, 78, 'a secret\'s file that cannot be read is a fault');
like($run->{err}, qr/:1:20: database\.url: cannot read ".*none": No such file/,
    'told where it is named');

my $variable = 'database = { url = "$MUSTER_T_URL"; };';
$run = Muster->run(args => ['-T'], conf => $variable,
    env => { MUSTER_T_URL => 'host=db password=hush' });
is($run->{exit}, 0, 'a secret may come from the environment');
unlike($run->{out}, qr/hush/, 'and is masked as well');
$run = Muster->run(args => ['-t'], conf => $variable,
    env => { MUSTER_T_URL => undef });
is($run->{exit}, 78, 'a variable that is not set is a fault');
like($run->{err}, qr/:1:20: .*no variable "MUSTER_T_URL"/, 'told by name');

done_testing;
