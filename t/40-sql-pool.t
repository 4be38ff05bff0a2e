# The pool of connections against a real PostgreSQL: runs the unit programs
# that need one, and restarts it when they say so.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Fcntl qw(F_SETFD);
use IO::Select;
use Muster;
use Muster::Pg;
use Socket;
use Test::More;

my $pg = Muster::Pg->start(
    # A restart must not lose what was confirmed, so this one keeps its word.
    conf => { max_connections => 40, fsync => 'on', full_page_writes => 'on' },
    sql => <<'SQL');
CREATE TABLE notes (note int);
CREATE TABLE unique_notes (note int CONSTRAINT unique_notes_key UNIQUE);
CREATE TABLE late (note int REFERENCES unique_notes (note)
    DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE record (id int);
CREATE TABLE doomed (note int);
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_terminate_backend(pg_backend_pid());
	PERFORM pg_sleep(1);
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER die AFTER INSERT ON doomed DEFERRABLE
    INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
CREATE ROLE few LOGIN CONNECTION LIMIT 2;
SQL

# Its TAP lines, as they come; what it asks for on its control socket is done.
sub run_unit {
	my ($name) = @_;
	my $program = "$Muster::builddir/t/unit/$name";

	plan(skip_all => "$name is not built") unless -x $program;
	socketpair my $ours, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC
	    or die "socketpair: $!\n";
	my $pid = open(my $out, '-|') // die "could not fork: $!\n";
	if ($pid == 0) {
		fcntl $its, F_SETFD, 0;
		Muster::set_env($pg->env,
		    MUSTER_PG_CONTROL => fileno $its,
		    CMOCKA_MESSAGE_OUTPUT => 'TAP');
		exec $program or POSIX::_exit(127);
	}
	close $its;

	my $wait = IO::Select->new($out, $ours);
	my $text = '';
	while (my @ready = $wait->can_read(120)) {
		for my $handle (@ready) {
			my $got = sysread $handle, my $bytes, 4096;
			if (!$got) {
				$wait->remove($handle);
			} elsif ($handle == $out) {
				$text .= $bytes;
			} elsif ($bytes =~ /restart (\w+)/) {
				$pg->restart($1);
				syswrite $ours, "done\n";
			}
		}
		last unless $wait->exists($out);
	}
	kill KILL => $pid if $wait->exists($out);
	close $out;
	return ($text, $?);
}

for my $name (qw(pg_pool pg_pool_cancel pg_pool_faults)) {
	my ($text, $status) = run_unit($name);
	my $seen = 0;

	for (split /\n/, $text) {
		if (/^(not )?ok \d+ - (\S+)/) {
			ok(!$1, $2 =~ tr/_/ /r);
			$seen++;
		} elsif (/^# +(.*)/) {
			diag($1) unless $1 =~ /restart/;
		}
	}
	is("$status " . ($text =~ /^1\.\.(\d+)/m ? $1 : 0), "0 $seen",
	    "$name came to its end");
}

done_testing();
