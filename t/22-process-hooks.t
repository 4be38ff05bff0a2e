# Startup and shutdown hooks: in order, once, before the first request and
# after the last; one that fails means that nothing is served.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;
use Time::HiRes qw(time);

my $route = 'routes = { hello = { on = "GET /hello";'
    . ' reply = { message = "hello"; }; }; };';
my $pg = Muster::Pg->start;

# Runs a server that must not start: its exit status and its log.
sub refused {
	my (%args) = @_;
	my $server = Muster->new(env => { $pg->env }, %args);

	$server->launch;
	my $exit = $server->wait_exit(20);
	return ($exit, $server->log);
}

my $server = Muster->start(env => { $pg->env }, conf => <<"CONF",
startup = {
  schema = { exec = "CREATE TABLE seen (at serial, what text)"; };
  seed = { sql_file = "seed.sql"; };
  warm = { run = [ "/bin/sh", "-c", "echo warm \$0; echo again >&2", "up" ]; };
};
shutdown = {
  bye = { exec = "INSERT INTO seen (what) VALUES ('stopped')"; };
};
workers = 1;
$route
CONF
    files => { 'seed.sql' => "INSERT INTO seen (what) VALUES ('one');\n"
	. "INSERT INTO seen (what) VALUES ('two');\n" });
is($pg->query('SELECT string_agg(what, \',\' ORDER BY at) FROM seen'),
    'one,two', 'hooks have run in their order, before READY');
like($server->log, qr/hook_output name=warm text="?warm up/,
    'what a program prints is in the log');
like($server->log, qr/hook_output name=warm text="?again/,
    'from both of its outputs');
is($server->get('/hello')->status, 200, 'then it serves');
is($server->stop, 0, 'it ends');
is($pg->query('SELECT what FROM seen ORDER BY at DESC LIMIT 1'), 'stopped',
    'the shutdown hook has run');

my ($exit, $log) = refused(conf => <<"CONF");
startup = {
  first = { exec = "SELECT 1"; };
  broken = { exec = "SELECT 1;"
                    " SELEC 2"; };
};
$route
CONF
is($exit, 1, 'a hook with wrong SQL: exit status 1');
like($log, qr/server\.conf:5:\d+ name=startup\.broken .*syntax error/,
    'with the line where it is wrong');
unlike($log, qr/ ready /, 'and nothing was served');

($exit, $log) = refused(conf => <<"CONF",
startup = { seed = { sql_file = "seed.sql"; }; };
$route
CONF
    files => { 'seed.sql' => "SELECT 1;\nSELECT\n  nothing;\n" });
is($exit, 1, 'a file with wrong SQL: exit status 1');
like($log, qr/seed\.sql:3:3 name=startup\.seed/, 'with its line in the file');

($exit, $log) = refused(conf => <<"CONF");
startup = { prog = { run = [ "/bin/false" ]; }; };
$route
CONF
is($exit, 1, 'a program that fails: exit status 1');
like($log, qr/name=startup\.prog ended with status 1/, 'and says so');

my $begun = time;
($exit, $log) = refused(conf => <<"CONF");
startup = { prog = { run = [ "/bin/sh", "-c", "sleep 60 & sleep 60" ];
  timeout = "300ms"; }; };
$route
CONF
is($exit, 1, 'a program that hangs: exit status 1');
cmp_ok(time - $begun, '<', 5, 'after its timeout');
like($log, qr/did not end within its timeout/, 'as the log says');

($exit, $log) = refused(conf => <<"CONF", env => { PGHOST => '/nowhere' });
startup = { schema = { exec = "SELECT 1"; timeout = "500ms"; }; };
$route
CONF
is($exit, 69, 'no database until the timeout: exit status 69');

my $check = Muster->run(args => [ '-t' ], conf => <<"CONF");
startup = {
  none = { timeout = "1s"; };
  both = { exec = "SELECT 1"; run = "/bin/true"; };
  file = { sql_file = "not-there.sql"; };
  typo = { exek = "SELECT 1"; };
};
$route
CONF
is($check->{exit}, 78, 'mistakes in hooks are found by -t');
like($check->{err}, qr/:2:\d+: hook "none" has none of exec, sql_file and run/,
    'a hook without a verb');
like($check->{err}, qr/:3:\d+: hook "both" has more than one/,
    'a hook with two');
like($check->{err}, qr/:4:\d+: cannot read ".*not-there\.sql": No such file/,
    'a file that is not there');
like($check->{err}, qr/:5:\d+: .*"exek".*did you mean "exec"/,
    'a misspelt key');

done_testing;
