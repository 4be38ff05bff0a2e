/*
 * What a pool answers when its server dies, is away or is silent, and when
 * its own clients go at random: no wrong answer, none that never comes.
 */
#include "pg_stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#define PID "SELECT pg_backend_pid()"
#define ECHO "SELECT $1::int"
#define RECORD "INSERT INTO record VALUES ($1::int) RETURNING id"

static void
open_with(int size, int overflow)
{
	struct pg_conf conf = stage_conf;

	conf.pool_size = size;
	conf.max_overflow = overflow;
	stage_open(&conf);
}

static void
terminate(const char *where)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT count(pg_terminate_backend(pid)) "
	    "FROM pg_stat_activity WHERE application_name = 'muster/test' "
	    "AND %s", where);
	side(sql);
}

/* ---- one connection dies ---- */

static bool
has_live(void *arg)
{
	return stage.pool->nlive == (unsigned)atoi(arg);
}

static void
an_idle_connection_that_dies_is_noticed(void **state)
{
	struct ask ask;
	char pid[64];

	(void)state;
	open_with(1, 0);
	snprintf(pid, sizeof(pid), "%s", read_text(&ask, PID, NULL));
	terminate("true");
	assert_true(run_until_ms(has_live, "0", 2000));
	/* Another is there before it is asked for: /ready can tell. */
	assert_true(run_until_ms(has_live, "1", 2000));
	ask_start(&ask, "INSERT INTO notes VALUES (1) RETURNING "
	    "pg_backend_pid()", NULL, true);
	ask_wait(&ask);
	assert_int_equal(ask.err.status, 0);
	assert_string_not_equal(ask.text, pid);
	stage_close();
}

static void
a_read_in_flight_is_sent_once_more(void **state)
{
	struct ask ask;

	(void)state;
	open_with(1, 0);
	ask_start(&ask, "SELECT 5 FROM pg_sleep(0.4)", NULL, false);
	assert_true(run_until_ms(sleeps, "1", 5000));
	terminate("state = 'active'");
	run_for(100);
	ask_wait(&ask);
	assert_int_equal(ask.err.status, 0);
	assert_string_equal(ask.text, "5");

	ask_start(&ask, "SELECT 5 FROM pg_sleep(0.4)", NULL, false);
	assert_true(run_until_ms(sleeps, "1", 5000));
	terminate("state = 'active'");
	run_for(100);
	assert_true(run_until_ms(sleeps, "1", 5000));
	terminate("state = 'active'");
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "");
	assert_int_equal(ask.err.status, 503);
	assert_true(ask.err.retry_after_s >= 1);
	stage_close();
}

/* Refused in front of its Sync: the server says that it was not done. */
static void
a_write_that_was_refused_was_not_done(void **state)
{
	struct ask ask;

	(void)state;
	open_with(1, 0);
	side("TRUNCATE notes");
	ask_start(&ask, "INSERT INTO notes SELECT 1 FROM pg_sleep(0.4)", NULL,
	    true);
	assert_true(run_until_ms(sleeps, "1", 5000));
	terminate("state = 'active'");
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "");
	assert_true(ask.err.retry_after_s >= 1);
	run_for(500);
	assert_string_equal(side("SELECT count(*) FROM notes"), "0");
	stage_close();
}

/* The commit's own trigger ends the backend: before, or after? */
static void
a_write_lost_at_its_commit_is_unknown(void **state)
{
	struct ask ask;

	(void)state;
	open_with(1, 0);
	ask_start(&ask, "INSERT INTO doomed VALUES (1)", NULL, true);
	assert_refused(&ask, ERROR_OUTCOME_UNKNOWN, "");
	assert_int_equal(ask.err.status, 503);
	assert_int_equal(ask.err.retry_after_s, 0);
	stage_close();
}

/* One is known to be lost; the others say nothing, and are found out. */
static void
connections_of_before_a_loss_are_checked(void **state)
{
	struct ask asks[3];
	bool is_noticed, is_served;
	unsigned i;

	(void)state;
	open_with(3, 0);
	for (i = 0; i < 3; i++)
		ask_start(&asks[i], "SELECT pg_backend_pid() FROM "
		    "pg_sleep(0.5)", NULL, false);
	for (i = 0; i < 3; i++)
		ask_wait(&asks[i]);
	assert_int_equal(stage.pool->nlive, 3);
	for (i = 1; i < 3; i++)
		assert_int_equal(kill(atoi(asks[i].text), SIGSTOP), 0);
	assert_int_equal(kill(atoi(asks[0].text), SIGTERM), 0);
	is_noticed = run_until_ms(has_live, "2", 5000);
	ask_start(&asks[0], ECHO, "1", false);
	is_served = run_until_ms(is_done, &asks[0], 2000);
	for (i = 1; i < 3; i++)
		kill(atoi(asks[i].text), SIGCONT);
	assert_true(is_noticed);
	assert_true(is_served);
	assert_int_equal(asks[0].err.status, 0);
	stage_close();
}

/* The server lets in fewer than the pool would like. */
static void
a_pool_serves_with_what_it_gets(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask asks[12];
	unsigned i;

	(void)state;
	conf.url = "user=few";
	conf.pool_size = 5;
	stage_open(&conf);
	for (i = 0; i < ARRAY_LEN(asks); i++)
		ask_start(&asks[i], "SELECT 1 FROM pg_sleep(0.05)", NULL,
		    i % 3 == 0);
	for (i = 0; i < ARRAY_LEN(asks); i++) {
		ask_wait(&asks[i]);
		assert_int_equal(asks[i].err.status, 0);
	}
	assert_int_equal(stage.pool->nlive, 2);
	assert_true(pg_pool_is_up(stage.pool));
	stage_close();
}

/* ---- nobody there ---- */

static int
listen_on(int *port, int backlog)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	if (backlog > 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len),
	    0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void
a_refused_host_fails_fast(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask ask;
	char url[64];
	int64_t begun_ms;
	int port, fd = listen_on(&port, 0);

	(void)state;
	snprintf(url, sizeof(url), "host=127.0.0.1 port=%d", port);
	conf.url = url;
	stage_open(&conf);
	assert_true(pg_pool_is_up(stage.pool));
	ask_start(&ask, ECHO, "1", false);
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "refused");
	assert_int_equal(ask.err.status, 503);
	assert_true(ask.err.retry_after_s >= 1);
	assert_false(pg_pool_is_up(stage.pool));
	run_for(600);
	begun_ms = clock_ms();
	ask_start(&ask, ECHO, "1", false);
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "refused");
	assert_true(clock_ms() - begun_ms < 250);
	close(fd);
	stage_close();
}

static void
a_silent_host_fails_after_connect_timeout(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask ask;
	char url[64];
	int64_t begun_ms = clock_ms();
	int port, fd = listen_on(&port, 5);

	(void)state;
	snprintf(url, sizeof(url), "host=127.0.0.1 port=%d", port);
	conf.url = url;
	conf.connect_timeout_ms = 300;
	stage_open(&conf);
	ask_start(&ask, ECHO, "1", false);
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "connect_timeout");
	assert_true(clock_ms() - begun_ms >= 300);
	begun_ms = clock_ms();
	ask_start(&ask, ECHO, "1", false);
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "");
	assert_true(clock_ms() - begun_ms < 600);
	close(fd);
	stage_close();
}

static void
the_next_host_is_tried(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask ask;
	char url[200];
	int silent, refused;
	int silent_fd = listen_on(&silent, 5);
	int refused_fd = listen_on(&refused, 0);

	(void)state;
	snprintf(url, sizeof(url),
	    "host=127.0.0.1,localhost,no.such.host.invalid,%s port=%d,%d,1,%s",
	    getenv("PGHOST"), silent, refused, getenv("PGPORT"));
	conf.url = url;
	conf.connect_timeout_ms = 200;
	stage_open(&conf);
	assert_string_equal(read_text(&ask, ECHO, "1"), "1");
	close(silent_fd);
	close(refused_fd);
	stage_close();
}

static void
a_bad_url_is_an_answer(void **state)
{
	struct pg_conf conf = stage_conf;
	struct ask ask;

	(void)state;
	conf.url = "service=no_such_service";
	stage_open(&conf);
	ask_start(&ask, ECHO, "1", false);
	assert_refused(&ask, ERROR_DB_UNAVAILABLE, "no_such_service");
	stage_close();
}

/* ---- the server is restarted under load ---- */

#define CLIENTS 40

struct load {
	bool ended;
	unsigned next_id, running, control_fd;
	unsigned served, refused, unknown;
	struct client *clients;
};

struct client {
	struct ask ask;
	struct load *load;
	struct event *pause;
	int id;
};

static void client_go(struct client *);

/* What was said of each write, to compare with the table. */
static char said[2000000];

static void
client_on_done(void *arg, struct pg_rows *rows, const struct error *err)
{
	struct client *client = arg;
	struct load *load = client->load;
	const struct timeval pause = { 0, 5000 };
	bool writes = client->ask.request.statement->writes;
	char outcome = 'y';

	ask_on_done(&client->ask, rows, err);
	if (err == NULL) {
		load->served++;
		assert_string_equal(client->ask.text, client->ask.words[0]);
	} else if (err->code == ERROR_OUTCOME_UNKNOWN) {
		assert_true(writes);
		assert_int_equal(err->retry_after_s, 0);
		load->unknown++;
		outcome = '?';
	} else {
		assert_int_equal(err->status, 503);
		assert_true(err->retry_after_s >= 1);
		load->refused++;
		outcome = 'n';
	}
	if (writes)
		said[client->id] = outcome;
	load->running--;
	if (load->ended)
		return;
	if (err == NULL)
		client_go(client);
	else
		event_add(client->pause, &pause);
}

static void
client_on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	(void)fd;
	(void)what;
	if (!client->load->ended)
		client_go(client);
}

static void
client_go(struct client *client)
{
	struct load *load = client->load;
	bool writes = load->next_id % 3 == 0;
	char word[16];

	client->id = load->next_id++ % sizeof(said);
	load->running++;
	snprintf(word, sizeof(word), "%d", client->id);
	ask_prepare(&client->ask, writes ? RECORD : ECHO, word, writes);
	client->ask.request.done = client_on_done;
	client->ask.request.arg = client;
	pg_request_start(stage.pool, &client->ask.request);
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
	char answer[16];

	(void)what;
	assert_true(read(fd, answer, sizeof(answer)) > 0);
	*(bool *)arg = true;
}

static bool
is_set(void *arg)
{
	return *(bool *)arg;
}

static bool
load_is_over(void *arg)
{
	return ((struct load *)arg)->running == 0;
}

static bool
load_has_served(void *arg)
{
	return ((struct load *)arg)->served > 200;
}

/* What was confirmed is there, once; what was refused is not. */
static void
assert_record_is_as_said(struct load *load)
{
	PGresult *result;
	unsigned i, lost = 0, wrong = 0, twice = 0;

	PQfinish(stage.side);
	stage.side = PQconnectdb("");
	result = PQexec(stage.side, "SELECT id FROM record");
	for (i = 0; i < (unsigned)PQntuples(result); i++) {
		int id = atoi(PQgetvalue(result, i, 0));

		wrong += said[id] == 'n';
		twice += said[id] == 'd';
		said[id] = 'd';
	}
	PQclear(result);
	for (i = 0; i < load->next_id; i++)
		lost += said[i] == 'y';
	assert_int_equal(lost, 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(twice, 0);
}

static void
restart_under_load(const char *how)
{
	static struct client clients[CLIENTS];
	struct load load = { .control_fd = atoi(getenv("MUSTER_PG_CONTROL")) };
	bool restarted = false;
	struct event *control;
	struct ask after;
	unsigned i;

	memset(said, 0, sizeof(said));
	side("TRUNCATE record");
	open_with(5, 5);
	control = event_new(stage.base, load.control_fd, EV_READ, on_control,
	    &restarted);
	event_add(control, NULL);
	for (i = 0; i < CLIENTS; i++) {
		clients[i].load = &load;
		clients[i].pause = evtimer_new(stage.base, client_on_pause,
		    &clients[i]);
		client_go(&clients[i]);
	}
	assert_true(run_until_ms(load_has_served, &load, 10000));
	assert_int_equal(write(load.control_fd, how, strlen(how)),
	    strlen(how));
	assert_true(run_until_ms(is_set, &restarted, 30000));
	/* The first that asks now is served. */
	ask_start(&after, ECHO, "1", false);
	ask_wait(&after);
	assert_int_equal(after.err.status, 0);
	load.served = 0;
	assert_true(run_until_ms(load_has_served, &load, 10000));
	load.ended = true;
	assert_true(run_until_ms(load_is_over, &load, 20000));
	for (i = 0; i < CLIENTS; i++)
		event_free(clients[i].pause);
	event_free(control);
	print_message("# %s: %u refused, %u unknown\n", how, load.refused,
	    load.unknown);
	stage_close();
	assert_record_is_as_said(&load);
}

static void
a_fast_restart_loses_no_write(void **state)
{
	(void)state;
	restart_under_load("restart fast\n");
}

static void
an_immediate_restart_loses_no_write(void **state)
{
	(void)state;
	restart_under_load("restart immediate\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_connection_that_dies_is_noticed),
		cmocka_unit_test(a_read_in_flight_is_sent_once_more),
		cmocka_unit_test(a_write_that_was_refused_was_not_done),
		cmocka_unit_test(a_write_lost_at_its_commit_is_unknown),
		cmocka_unit_test(connections_of_before_a_loss_are_checked),
		cmocka_unit_test(a_pool_serves_with_what_it_gets),
		cmocka_unit_test(a_refused_host_fails_fast),
		cmocka_unit_test(a_silent_host_fails_after_connect_timeout),
		cmocka_unit_test(the_next_host_is_tried),
		cmocka_unit_test(a_bad_url_is_an_answer),
		cmocka_unit_test(a_fast_restart_loses_no_write),
		cmocka_unit_test(an_immediate_restart_loses_no_write),
	};

	if (stage_is_missing())
		return 0;
	return cmocka_run_group_tests(tests, stage_begin, stage_end);
}
