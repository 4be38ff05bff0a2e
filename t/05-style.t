#!/usr/bin/perl
# The rules of style that a program can check, and that each check sees what
# it is for: a fault planted in a small tree must be found.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Test::More;

use Muster;

my $scripts = "$Muster::srcdir/scripts";

# Exit status and output of a check over a tree.
sub check {
	my ($name, $root) = @_;
	my $text = `'$scripts/check-$name' '$root' 2>&1`;

	return ($? >> 8, $text);
}

sub tree {
	my (%files) = @_;
	my $root = tempdir('muster-t-XXXXXX', DIR => '/tmp', CLEANUP => 1);

	make_path("$root/src");
	Muster::write_file("$root/$_", $files{$_}) for keys %files;
	return $root;
}

# A tree must be refused with a text; its twin without the fault must pass.
sub finds {
	my ($name, $what, $pattern, $files, $sound) = @_;
	my ($status, $text) = check($name, tree(%$files));

	ok($status != 0 && $text =~ $pattern, "check-$name finds $what")
	    or diag("status $status: $text");
	($status, $text) = check($name, tree(%$files, %$sound));
	is("$status:$text", '0:', "check-$name lets pass: not $what");
}

for my $name (qw(layers banned length headers lists)) {
	my ($status, $text) = check($name, $Muster::srcdir);
	is($status, 0, "check-$name is content with the sources")
	    or diag($text);
}

finds('layers', 'an include that points up',
    qr{src/op/x\.c:1: op may not include "http/conn\.h"},
    { 'src/op/x.c' => qq(#include "http/conn.h"\n) },
    { 'src/op/x.c' => qq(#include "plan/run.h"\n) });
finds('layers', 'plan reaching io beside services.c',
    qr{src/plan/run\.c:1: plan may not include "io/pg_pool\.h"},
    { 'src/plan/run.c' => qq(#include "io/pg_pool.h"\n),
	'src/plan/services.c' => qq(#include "io/pg_pool.h"\n) },
    { 'src/plan/run.c' => qq(#include "io/pg_statement.h"\n) });
finds('layers', 'http reaching io',
    qr{src/http/x\.h:2: http may not include "io/pg_rows\.h"},
    { 'src/http/x.h' => qq(/* x */\n#include "io/pg_rows.h"\n) },
    { 'src/http/x.h' => qq(/* x */\n#include "plan/run.h"\n) });
finds('layers', 'libpq outside of io/pg_*', qr{src/io/disk\.c:1: <libpq-fe},
    { 'src/io/disk.c' => "#include <libpq-fe.h>\n" },
    { 'src/io/disk.c' => '',
	'src/io/pg_conn.c' => "#include <libpq-fe.h>\n" });
finds('layers', 'libconfig outside of conf', qr{src/op/x\.c:1: <libconfig},
    { 'src/op/x.c' => "#include <libconfig.h>\n" },
    { 'src/op/x.c' => '', 'src/conf/x.c' => "#include <libconfig.h>\n" });
finds('layers', 'evhtp outside of http/accept.c', qr{src/http/conn\.c:1: <ev},
    { 'src/http/conn.c' => "#include <evhtp.h>\n" },
    { 'src/http/conn.c' => "#include <event2/event.h>\n",
	'src/http/accept.c' => "#include <evhtp.h>\n" });
finds('layers', 'an own header that does not come first',
    qr{src/base/a\.c:1: its own header "base/a\.h" comes first},
    { 'src/base/a.h' => '', 'src/base/b.h' => '',
	'src/base/a.c' => qq(#include "base/b.h"\n#include "base/a.h"\n) },
    { 'src/base/a.c' => qq(#include "base/a.h"\n#include "base/b.h"\n) });

finds('banned', 'a synchronous query', qr{src/op/x\.c:3: PQexecParams\(\)},
    { 'src/op/x.c' => "void\nf(void)\n{ PQexecParams (c); }\n" },
    { 'src/op/x.c' => "/* PQexec(c)\n   sleep(1) */\n"
	. "f(\"system(x)\"); x_sleep(1); o->write(1);\n" });
finds('banned', 'a sleep in a worker', qr{src/proc/worker\.c:1: sleep\(\)},
    { 'src/proc/worker.c' => "f(); sleep(1);\n" },
    { 'src/proc/worker.c' => '', 'src/proc/hooks.c' => "sleep(1);\n",
	'src/io/pg_blocking.c' => "PQexec(c);\n",
	'src/io/pg_describe.c' => "PQexec(c);\n" });
finds('banned', 'file work in http', qr{src/http/reply\.c:1: open\(\)},
    { 'src/http/reply.c' => "fd = open(path, 0);\n" },
    { 'src/http/reply.c' => '',
	'src/http/conn.c' => "n = read(fd, b, n);\n" });
finds('banned', 'a file opened by conn.c', qr{src/http/conn\.c:1: open\(\)},
    { 'src/http/conn.c' => "fd = open(path, 0);\n" },
    { 'src/http/conn.c' => "n = writev(fd, v, n);\n" });
finds('banned', 'PQcancel outside of its file', qr{src/io/x\.c:1: PQcancel},
    { 'src/io/x.c' => "PQcancel(c);\n" },
    { 'src/io/x.c' => '', 'src/io/pg_cancel.c' => "PQcancel(c);\n" });

my $body = "int\nf(void)\n{\n" . "\tf();\n" x 58 . "}\n";
finds('length', 'a function of 61 lines',
    qr{src/base/a\.c:3: f\(\) has 61 lines},
    { 'src/base/a.c' => $body =~ s/\}/\tf();\n}/r },
    { 'src/base/a.c' => $body });
finds('length', 'a file of 601 lines', qr{src/base/a\.c:601: the file has},
    { 'src/base/a.c' => "\n" x 601 }, { 'src/base/a.c' => "\n" x 600 });
finds('length', 'a line of 81 columns', qr{src/base/a\.h:1: the line has 81},
    { 'src/base/a.h' => "\t" . 'x' x 73 . "\n" },
    { 'src/base/a.h' => "\t" . "\xc3\xa4" x 72 . "\n" });

my $guarded = "#ifndef MUSTER_BASE_A_H\n#define MUSTER_BASE_A_H\n%s\n#endif\n";
finds('headers', 'a header that needs another one', qr{src/base/a\.h|size_t},
    { 'src/base/a.h' => sprintf $guarded, 'size_t f(void);' },
    { 'src/base/a.h' =>
	sprintf $guarded, "#include <stddef.h>\nsize_t f(void);" });
finds('headers', 'a header without its guard', qr{guard MUSTER_BASE_A_H},
    { 'src/base/a.h' => "int f(void);\n" },
    { 'src/base/a.h' => sprintf $guarded, 'int f(void);' });

finds('lists', 'a forgotten source', qr{src/base/b\.c:1: is not in Make},
    { 'Makefile.am' => "s = \\\n\tsrc/base/a.c\n", 'src/base/a.c' => '',
	'src/base/b.c' => '' },
    { 'Makefile.am' => "s = src/base/a.c \\\n\tsrc/base/b.c\n" });
finds('lists', 'a source that is not there', qr{src/base/b\.c does not},
    { 'Makefile.am' => "s = src/base/b.c\n" },
    { 'Makefile.am' => "s = src/base/b.c\n", 'src/base/b.c' => '' });

done_testing;
