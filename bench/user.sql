\set id random(1, 10000)
SELECT id, username, email FROM users WHERE id = :id;
