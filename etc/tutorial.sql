-- The tutorial's tables, and rows to look at. Load it into an empty database:
--   psql -1 -v ON_ERROR_STOP=1 -f etc/tutorial.sql
-- The same rows come out of each load, so that examples can name them.

CREATE TABLE users (
  id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  username text NOT NULL CONSTRAINT users_username_key UNIQUE,
  email    text NOT NULL
);

CREATE TABLE posts (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id integer REFERENCES users ON DELETE CASCADE,
  title   text
);

CREATE INDEX posts_user_id_idx ON posts (user_id, id);

-- ids 1 to 24, in this order
INSERT INTO users (username, email)
SELECT name, name || '@example.com'
FROM unnest(ARRAY[
  'ada', 'alan', 'barbara', 'brian', 'claude', 'dennis', 'donald', 'edgar',
  'edsger', 'frances', 'grace', 'hedy', 'jean', 'john', 'katherine', 'ken',
  'leslie', 'margaret', 'niklaus', 'radia', 'rob', 'sophie', 'tony', 'whitfield'
]) WITH ORDINALITY AS list (name, place)
ORDER BY place;

-- User n has n % 4 posts: ada one, alan two, barbara three, brian none ...
INSERT INTO posts (user_id, title)
SELECT u.id, format('%s writes, part %s', initcap(u.username), part)
FROM users u, generate_series(1, u.id % 4) AS part
ORDER BY part, u.id;

ANALYZE users;
ANALYZE posts;
