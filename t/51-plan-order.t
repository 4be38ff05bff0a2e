#!/usr/bin/perl
# Guards, optional reads, skipped operations, and effects in their order, on a
# real database.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Muster;
use Muster::Pg;
use Test::More;

my $pg = Muster::Pg->start(sql => <<'SQL');
CREATE TABLE stock (sku text PRIMARY KEY, n integer NOT NULL CHECK (n >= 0));
INSERT INTO stock VALUES ('nut', 5), ('bolt', 0);
CREATE TABLE twins (name text NOT NULL);
INSERT INTO twins VALUES ('a'), ('a');
CREATE FUNCTION broken() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  RAISE division_by_zero;
END $$;
SQL
my $server = Muster->start(env => { $pg->env }, conf => <<'CONF');
workers = 1;
routes = {
  take = {
    on    = "POST /stock/{sku}";
    status = 200;
    do    = {
      item   = { row = "SELECT sku, n FROM stock WHERE sku = {sku}"; missing = "No such part"; };
      enough = { require = "{item.n} >= {body.n} and {body.n} > 0";
                 status = 409; detail = "Out of stock"; };
      taken  = { row = "UPDATE stock SET n = n - {body.n} WHERE sku = {sku} RETURNING n"; };
    };
    reply = { left = "{taken.n}"; was = "{item.n}"; };
  };
  guarded = {
    on    = "POST /guarded/{sku}";
    status = 201;
    do    = {
      broken = { value = "SELECT broken() AS n"; };
      never  = { require = "{sku} = 'nobody'"; };
      taken  = { exec = "DELETE FROM stock"; };
    };
    reply = "x";
  };
  optional = {
    on    = "GET /optional/{sku}";
    do    = {
      item   = { row = "SELECT sku, n FROM stock WHERE sku = {sku}"; else = "{null}"; };
      broken = { value = "SELECT broken() AS n"; else = 7; };
      more   = { value = "SELECT {item.n}::integer + 1 AS n"; when = "{item.n} > 0"; };
      slow   = { value = "SELECT 1 AS n FROM pg_sleep(30)"; timeout = "50ms"; else = "late"; };
      all    = { rows = "SELECT sku, n FROM stock ORDER BY sku"; };
    };
    reply = { item = "{item}"; n = "{item.n}"; broken = "{broken}"; more = "{more}";
              slow = "{slow}"; first = "{all.0.sku}"; count = "{all:count}";
              states = [ "{item:state}", "{broken:state}", "{more:state}" ];
              text = "{item.n} of {all:count}"; status = "{broken:status}"; };
  };
  twins = {
    on    = "GET /twins/{name}";
    do    = { twin_brother = { row = "SELECT name FROM twins WHERE name = {name}"; }; };
    reply = "{twin_brother}";
  };
  echo = {
    on    = "GET /echo/{word}";
    reply_headers = { X-Word = "<{word}>"; };
    reply = "{word}";
  };
  affected = {
    on    = "PUT /stock";
    do    = { n = { exec = "UPDATE stock SET n = n + 1"; }; };
    reply = { n = "{n}"; };
  };
};
CONF

# ---- a guard before a write ----------------------------------------------------

my $answer = $server->post('/stock/nut', { n => 2 });
is($answer->status, 200, 'a guard that says yes lets the write pass');
is($answer->body, '{"left":3,"was":5}', 'which saw what the read saw');
$answer = $server->post('/stock/nut', { n => 4 });
is($answer->status, 409, 'one that says no has its own status');
is($answer->body, '{"detail":"Out of stock"}', 'and text');
is($pg->query("SELECT n FROM stock WHERE sku = 'nut'"), 3,
    'and nothing was written');
is($server->post('/stock/bolt', { n => 1 })->status, 409,
    'also where there is none left');
$answer = $server->post('/stock/screw', { n => 1 });
is($answer->status, 404, 'a missing row is 404');
is($answer->body, '{"detail":"No such part"}', 'with the text of `missing`');

$answer = $server->post('/guarded/x', {});
is($answer->status, 403, "a guard's 403 wins over a broken sibling");
is($answer->body, '{"detail":"Forbidden"}', 'with the text of the status');
is($pg->query('SELECT count(*) FROM stock'), 2, 'and nothing is gone');
is($server->post('/guarded/nobody', {})->status, 500,
    'a broken read stops the request where the guard says yes');
is($pg->query('SELECT count(*) FROM stock'), 2, 'before the write below it');

# ---- optional parts ------------------------------------------------------------

is_deeply($server->get('/optional/nut')->json, {
    item => { sku => 'nut', n => 3 }, n => 3, broken => 7, more => 4,
    slow => 'late', first => 'bolt', count => 2,
    states => [ 'done', 'failed', 'done' ], text => '3 of 2', status => 500,
}, 'what failed is its `else`, the rest is there');
is_deeply($server->get('/optional/screw')->json, {
    item => undef, n => undef, broken => 7, more => undef,
    slow => 'late', first => 'bolt', count => 2,
    states => [ 'failed', 'failed', 'skipped' ], text => ' of 2',
    status => 500,
}, 'a path into null is null, and a skipped operation too');

# ---- rows -----------------------------------------------------------------------

$answer = $server->get('/twins/a');
is($answer->status, 500, 'two rows where one is expected are 500');
is($answer->body, '{"detail":"Internal Server Error"}',
    'and the client is not told why');
like($server->log, qr/twin_brother.*2 rows where one is expected/,
    'but the log is');
is($server->get('/twins/b')->body, '{"detail":"Twin brother not found"}',
    "the 404's text is made of the operation's name");
is($server->request('PUT', '/stock')->body, '{"n":2}',
    'exec tells how many rows it concerned');

# ---- header fields ----------------------------------------------------------------

$answer = $server->get('/echo/a%20b');
is($answer->header('X-Word'), '<a b>', 'a header field is a text');
is($answer->body, '"a b"', 'the body JSON');
$answer = $server->get('/echo/a%0D%0AX-Evil:%201');
is($answer->status, 500, 'a line end in a header field is 500');
is($answer->header('X-Evil'), undef, 'and adds no field');

is($server->stop, 0, 'the server ends well');
done_testing;
