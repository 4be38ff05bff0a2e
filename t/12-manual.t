#!/usr/bin/perl
# The manual, the sample server.conf and the program's tables say the same, in
# both directions: a key that somebody adds, renames or drops without the
# others turns this red.

use strict;
use warnings;

use Test::More;

use Muster;

plan skip_all => 'musterd is not built' unless -x Muster::binary();

my $sample_path = "$Muster::srcdir/etc/server.conf";
my $sample = Muster::read_file($sample_path);
my $page = Muster::read_file("$Muster::builddir/man/server.conf.5");
my $command_page = Muster::read_file("$Muster::builddir/man/musterd.8");

sub printed {
	my (@args) = @_;
	my $run = Muster->run(args => \@args);

	is($run->{exit}, 0, "musterd @args ends with 0");
	return $run->{out};
}

# { section => { key => facts } } of --help-keys; facts is the rest of the
# key's line.
sub read_tables {
	my ($text) = @_;
	my (%tables, $section);

	for (split /\n/, $text) {
		if (/^(\S+) \(/) {
			$section = $1;
		} elsif (/^ {4}(\w+): (.*)/) {
			$tables{$section}{$1} = $2;
		}
	}
	return \%tables;
}

# The upper part of the sample without its comment marks: a line is a setting
# or a bracket when it looks like one; other comments are left out. What is
# set there, not only shown, goes into the hash.
sub uncomment {
	my ($text, $set) = @_;
	my $all = '';

	for (split /(?<=\n)/, $text) {
		next unless /^(# )?(\s*(?:\*?(\w[\w-]*)\s*=|[{})\]]).*\n)/;
		$all .= $2;
		$set->{$3} = 1 if !defined $1 && defined $3;
	}
	return $all;
}

# What stands where: ([path, key, value], ...); a path is the names of the
# groups around it, with "[]" for the elements of a list.
sub read_settings {
	my ($text) = @_;
	my (@path, @settings);

	for (split /\n/, $text) {
		s/\s+#.*//;
		if (/^\s*(\w+)\s*=\s*[{(]$/) {
			push @settings, [join('.', @path), $1, undef];
			push @path, $1;
		} elsif (/^\s*\{$/) {
			push @path, '[]';
		} elsif (/^\s*[})][;,]?$/) {
			pop @path;
		} elsif (/^\s*(\w+)\s*=\s*(.*);$/) {
			push @settings, [join('.', @path), $1, $2];
		} elsif (/\S/) {
			fail("the sample has a line that is no setting: $_");
		}
	}
	return @settings;
}

my @verbs = qw(row rows value exec sleep require);
my $any = qr/[^.]+/;

# Which sections a group of the sample belongs to, by its path; none: its
# names are the operator's own.
my @places = (
	[ qr/^$/ => 'server', 'http' ],
	[ qr/^listen\.\[\]$/ => 'listen' ],
	[ qr/^log$/ => 'log' ],
	[ qr/^database$/ => 'database' ],
	[ qr/^(routes\.$any\.)?limits$/ => 'limits' ],
	[ qr/^(startup|shutdown)\.$any$/ => 'hook' ],
	[ qr/^types\.$any$/ => 'type' ],
	[ qr/^types\.$any\.fields\.$any$/ => 'input' ],
	[ qr/^routes\.$any$/ => 'route' ],
	[ qr/^routes\.$any\.(path|query|header|cookie)\.$any$/ => 'input' ],
	[ qr/^routes\.$any\.do\.$any$/ => 'operation', @verbs ],
	[ qr/^(routes\.$any\.)?errors$/ => 'errors' ],
	[ qr/^(routes\.$any\.)?errors\.on\.\[\]$/ => 'errors.on' ],
	[ qr/^(listen|startup|shutdown|types|routes)$/ ],
	[ qr/^types\.$any\.fields$/ ],
	[ qr/^routes\.$any\.(path|query|header|cookie|do|reply|reply_headers)$/ ],
	[ qr/^(routes\.$any\.)?errors\.on$/ ],
);

sub sections_of {
	my ($path) = @_;

	for my $place (@places) {
		my ($pattern, @sections) = @$place;
		return \@sections if $path =~ $pattern;
	}
	return undef;
}

my $help = printed('--help-keys');
my $tables = read_tables($help);
my ($upper, $routes) = $sample =~ /^(.*?)(^# -- routes -.*)/ms;
ok(defined $routes, 'the sample has an upper part and routes');
my $all = uncomment($upper, \my %set);

# ---- sample and tables -------------------------------------------------------

my (%seen, @unknown, @other_defaults);
for my $setting (read_settings($all)) {
	my ($path, $key, $value) = @$setting;
	my $sections = sections_of($path);

	if (!defined $sections) {
		push @unknown, "$path: no such group";
		next;
	}
	next if !@$sections;
	my @owners = grep { exists $tables->{$_}{$key} } @$sections;
	push @unknown, "$path.$key" if !@owners;
	$seen{$_}{$key} = 1 for @owners;

	# Templates of routes and types show values that say something.
	next if $path =~ /^(types|routes|startup|shutdown)\b/ || !@owners;
	my ($default) = $tables->{$owners[0]}{$key} =~ /; default ([^;]+)/;
	push @other_defaults, "$path.$key: $value, not $default"
	    if defined $default && defined $value && $value ne $default
	    && !$set{$key};
}
is("@unknown", '', 'each key of the sample stands in a table');
is(join("\n", @other_defaults), '',
    'each key of the sample that is not set stands there at its default');

my @missing;
for my $section (sort keys %$tables) {
	push @missing, map { "$section.$_" }
	    grep { !$seen{$section}{$_} } sort keys %{ $tables->{$section} };
}
is("@missing", '', 'each key of the tables stands in the sample');

my %placed = map { map { $_ => 1 } @$_[1 .. $#$_] } @places;
is(join(' ', grep { !$placed{$_} } sort keys %$tables), '',
    'each section of the tables has its place in the sample');

# One run for each form: as it is shipped, and with nothing commented.
my $run = Muster->run(args => ['-t'], listen => undef, admin => undef,
    conf => Muster::read_file($sample_path));
is($run->{exit}, 0, 'the sample is a sound configuration')
    or diag($run->{err});

# `listen` is shown twice, as a string and as a list.
(my $once = $all) =~ s/^listen\s+= ".*\n//m;
$run = Muster->run(args => ['-t'], listen => undef, admin => undef,
    conf => $once, files => { 'seed.sql' => 'SELECT 1' });
is($run->{exit}, 0, 'so is its upper part with nothing commented')
    or diag($run->{err});

# ---- page and tables ---------------------------------------------------------

my $keys = printed('--man-keys');
ok(index($page, $keys) >= 0, 'server.conf(5) holds the tables as they are');
for my $section (sort keys %$tables) {
	my ($text) = $keys =~ /^\.Ss \Q$section\E\n(.*?)(?=^\.Ss |\z)/ms;
	is(join(' ', sort +($text // '') =~ /^\.It Ic (\w+)$/mg),
	    join(' ', sort keys %{ $tables->{$section} }),
	    "server.conf(5) has the keys of \"$section\", no more, no fewer");
}
is(join(' ', sort $keys =~ /^\.Ss (\S+)$/mg),
    join(' ', sort keys %$tables), 'and these sections');
ok(index($page, printed('--man-errors')) >= 0,
    'server.conf(5) has the error codes');
ok(index($command_page, printed('--man-metrics')) >= 0,
    'musterd(8) has the metrics');
unlike($page . $command_page, qr/^\@|\@[A-Z]+\@/m,
    'nothing was left to fill in');

my @examples = $page =~ /^\.Bd -literal\n(.*?)^\.Ed$/msg;
is(scalar @examples, 1, 'server.conf(5) has a whole configuration');
for my $example (@examples) {
	$example =~ s/\\e/\\/g;
	$run = Muster->run(args => ['-t'], listen => undef, admin => undef,
	    conf => $example);
	is($run->{exit}, 0, 'and it is a sound one') or diag($run->{err});
}

# ---- the command -------------------------------------------------------------

my %options = map { $_ => 1 }
    printed('--help') =~ /(?<![\w-])(-[a-zA-Z]|--[a-z][a-z-]+)(?![\w-])/g;
for my $option (sort keys %options) {
	my $name = substr $option, 1;

	ok($command_page =~ /^\.It Fl (?:.* Fl )?\Q$name\E\b/m,
	    "musterd(8) has $option");
}

SKIP: {
	skip 'mandoc is not installed', 1 unless -x '/usr/bin/mandoc';
	my @said = grep { !/referenced manual not found|outdated mandoc\.db/ }
	    `mandoc -Tlint '$Muster::builddir'/man/*.[1-9] 2>&1`;
	is("@said", '', 'mandoc has nothing to say of the pages');
}

done_testing;
