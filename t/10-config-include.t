#!/usr/bin/perl
# include: several files are one configuration, and each fault is told with
# the file in which it stands.

use strict;
use warnings;

use Test::More;
use Time::HiRes ();

use Muster;

plan skip_all => 'musterd is not built' unless -x Muster::binary();

sub check {
	my ($conf, $files, %args) = @_;
	my $run = Muster->run(args => ['-t'], conf => $conf, files => $files,
	    %args);

	$run->{err} =~ s{/tmp/muster-t-[^/]+/}{}g;
	return ($run->{exit}, $run->{err});
}

sub route {
	my ($name) = @_;

	return "$name = { on = \"GET /$name\"; reply = \"$name\"; };\n";
}

my $server = Muster->start(conf => <<'CONF', files => {
routes = { include = [ "routes.d/*.conf" ]; };
include = "more.conf";
CONF
	'routes.d/a.conf' => route('a'),
	'routes.d/b.conf' => route('b') . 'include = "deep/*.conf";',
	'routes.d/deep/c.conf' => route('c'),
	'more.conf' => 'routes = { ' . route('d') . ' };',
});
is($server->get("/$_")->json, $_, "a route of an included file serves: $_")
    for qw(a b c d);
is($server->stop, 0, 'the server stops');

my ($exit, $err) = check(<<'CONF', {
include = [ "a.conf", "b.conf", "none.d/*.conf" ];
workers = 1;
routes = { r = { on = "GET /r"; reply = 1; }; };
CONF
	'a.conf' => "workers = 2;\nlog = {",
	'b.conf' => "workers = 2;\nlimits = { max_bodi = \"1M\"; };\n"
	    . "routes = { r = { on = \"GET /s\"; reply = 2; }; };",
});
is($exit, 78, 'faults in included files end -t with 78');
is($err, <<'ERR', 'a syntax error ends its own file, the others are checked');
server.conf:1:33: warning: include: no file matches "none.d/*.conf"
server.conf:2:1: "workers" is set twice; first at b.conf:1:1
server.conf:3:12: "r" is set twice; first at b.conf:3:12
a.conf:2:7: the "{" here is not closed; a "}" is missing before the end of the file
b.conf:2:12: unknown key "max_bodi"; did you mean "max_body"?
configuration server.conf has 4 faults
ERR

($exit, $err) = check(route('x') . 'include = "server.conf";');
is($exit, 78, 'a file that includes itself is a fault');
like($err, qr/^server\.conf:2:11: "server\.conf" includes itself$/m,
    'and is told at its include') or diag($err);

# A name where a file is expected that is there but cannot be read.
($exit, $err) = check('include = "sub";', { 'sub/x' => '' });
like($err, qr/^server\.conf:1:11: cannot read the included file "sub": /m,
    'an included file that cannot be read is told at its include');

SKIP: {
	skip 'only root has this to fear', 6 if $> != 0;
	my $open = Muster->new(conf => 'include = "a.conf";',
	    files => { 'a.conf' => 'workers = 1;' });
	my $path = "$open->{dir}/a.conf";

	for my $wrong ([ 'may be written by its group', 0664, 0 ],
	    [ 'may be written by all', 0646, 0 ],
	    [ 'belongs to another user', 0644, 1 ]) {
		my ($what, $mode, $owner) = @$wrong;

		chmod $mode, $path;
		chown $owner, 0, $path;
		my $run = Muster->run(args => ['-t', '-c', $open->{conf_path}]);
		is($run->{exit}, 78, "root refuses an included file that $what");
		like($run->{err}, qr{server\.conf:2:11: .*/a\.conf"},
		    'and it is told at its include');
	}
}

# ---- many --------------------------------------------------------------------

my %files;
for my $file (0 .. 19) {
	my $text = '';
	for my $i (500 * $file .. 500 * $file + 499) {
		$text .= "r$i = { on = \"GET /r$i/{id}\"; do = { x = { row = "
		    . "\"SELECT $i AS n, {id}::int AS id\"; }; }; "
		    . "reply = \"{x}\"; };\n";
	}
	$files{ sprintf 'routes.d/%02d.conf', $file } = $text;
}
my $before = Time::HiRes::time();
($exit, $err) = check('routes = { include = "routes.d/*.conf"; };', \%files);
my ($user, $system) = (times)[2, 3];
is($err, "configuration server.conf is fine (10000 routes)\n",
    '10 000 routes in files of 500 are sound');
is($exit, 0, 'and pass -t');
my $took = Time::HiRes::time() - $before;
note(sprintf 'it took %.2f s, %.2f s of CPU with all before', $took,
    $user + $system);

# A machine that runs all tests at once is slow; quadratic time is slower.
cmp_ok($took, '<', 20, 'in seconds, not in minutes');

done_testing;
