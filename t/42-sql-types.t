# PostgreSQL's types and the describer, against a real server: runs the unit
# programs that need one, on a schema with a bit of everything.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

my $pg = Muster::Pg->start(conf => { max_connections => 40 }, sql => <<'SQL');
CREATE TYPE mood AS ENUM ('sad', 'so so', 'a"b', 'NULL');
CREATE TYPE moodrange AS RANGE (subtype = mood);
CREATE TYPE spot AS (x int, y int);
CREATE DOMAIN positive AS int CONSTRAINT positive_check CHECK (VALUE > 0);
CREATE DOMAIN address AS text NOT NULL;
CREATE DOMAIN pair AS int[];
CREATE DOMAIN instant AS timestamptz;
CREATE DOMAIN doc AS jsonb;
CREATE TABLE people (
	id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text UNIQUE,
	code varchar(8) CHECK (code <> ''),
	feels mood,
	age positive CONSTRAINT twice CHECK (age < 200),
	tags text[],
	place spot,
	email address
);
CREATE UNIQUE INDEX people_email_unique ON people (email);
CREATE TABLE pets (
	owner int REFERENCES people,
	kind text,
	CONSTRAINT "Odd ""Name""" UNIQUE (kind, owner)
);
CREATE SCHEMA other;
CREATE TABLE other.things (n int CONSTRAINT twice CHECK (n > 0));
SQL

for my $name (qw(pg_types pg_describe)) {
	my $program = "$Muster::builddir/t/unit/$name";

	plan(skip_all => "$name is not built") unless -x $program;
	my $pid = open(my $out, '-|') // die "could not fork: $!\n";
	if ($pid == 0) {
		Muster::set_env($pg->env, MUSTER_PG_TYPES => 1,
		    CMOCKA_MESSAGE_OUTPUT => 'TAP');
		exec $program or POSIX::_exit(127);
	}
	my $text = do { local $/; <$out> };
	close $out;
	my ($status, $seen) = ($?, 0);
	for (split /\n/, $text) {
		if (/^(not )?ok \d+ - (\S+)/) {
			ok(!$1, $2 =~ tr/_/ /r);
			$seen++;
		} elsif (/^# +(.*)/) {
			diag($1);
		}
	}
	is("$status " . ($text =~ /^1\.\.(\d+)/m ? $1 : 0), "0 $seen",
	    "$name came to its end");
}

done_testing();
