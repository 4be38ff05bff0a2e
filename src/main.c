/*
 * musterd(8): options, checks, and the way to the master. Everything that is
 * wrong with server.conf is said before anything is touched.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <libpq-fe.h>

#include "background.h"
#include "base/arena.h"
#include "conf/report.h"
#include "manual.h"
#include "plan/plan.h"
#include "proc/generation.h"
#include "proc/master.h"

enum main_option {
	OPTION_CHECK_DB = 256, OPTION_HELP_KEYS,
	OPTION_MAN_KEYS, OPTION_MAN_ERRORS, OPTION_MAN_METRICS
};

struct main_args {
	const char *conf_path;
	bool test, dump, quiet, foreground, check_db;
};

static const char main_usage[] =
	"usage: musterd [-FqTtVvh] [-c file] [--check-db] [--help-keys]\n";

static const char main_help[] =
	"  -c file      read this configuration\n"
	"  -t           test the configuration and end\n"
	"  -T           test it, print its effective settings and end\n"
	"  -q           with -t: say nothing but faults\n"
	"  -F           stay in the foreground, also as root without `user`\n"
	"  --check-db   test it, and every statement against the database\n"
	"  --help-keys  print all settings\n"
	"  -v, -V       print the version, -V with those of libraries\n";

static const struct option main_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "test", no_argument, NULL, 't' },
	{ "dump", no_argument, NULL, 'T' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "foreground", no_argument, NULL, 'F' },
	{ "version", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "check-db", no_argument, NULL, OPTION_CHECK_DB },
	{ "help-keys", no_argument, NULL, OPTION_HELP_KEYS },
	/* For building the manual; not told elsewhere. */
	{ "man-keys", no_argument, NULL, OPTION_MAN_KEYS },
	{ "man-errors", no_argument, NULL, OPTION_MAN_ERRORS },
	{ "man-metrics", no_argument, NULL, OPTION_MAN_METRICS },
	{ NULL, 0, NULL, 0 }
};

static void
main_print_version(bool libraries)
{
	printf("musterd %s\n", PACKAGE_VERSION);
	if (libraries)
		printf("libevent %s, libpq %d.%d\n", event_get_version(),
		    PQlibVersion() / 10000, PQlibVersion() % 10000);
}

/* Options that print something and end; false: it is none of these. */
static bool
main_print(int option)
{
	switch (option) {
	case 'v':
	case 'V':
		main_print_version(option == 'V');
		return true;
	case 'h':
		printf("%s%s", main_usage, main_help);
		return true;
	case OPTION_HELP_KEYS:
		manual_print_help(stdout);
		return true;
	case OPTION_MAN_KEYS:
		manual_print_keys(stdout);
		return true;
	case OPTION_MAN_ERRORS:
		manual_print_errors(stdout);
		return true;
	case OPTION_MAN_METRICS:
		manual_print_metrics(stdout);
		return true;
	}
	return false;
}

static void
main_take_option(struct main_args *args, int option)
{
	switch (option) {
	case 'c':
		args->conf_path = optarg;
		break;
	case 't':
		args->test = true;
		break;
	case 'T':
		args->dump = true;
		break;
	case 'q':
		args->quiet = true;
		break;
	case 'F':
		args->foreground = true;
		break;
	case OPTION_CHECK_DB:
		args->check_db = true;
		break;
	}
}

/* 0: go on with *args; else the program ends with *code. */
static int
main_read_args(int argc, char **argv, struct main_args *args, int *code)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:tTqFvVh", main_options,
	    NULL)) != -1) {
		if (option == '?') {
			fputs(main_usage, stderr);
			*code = EXIT_CODE_USAGE;
			return -1;
		}
		if (main_print(option)) {
			*code = EXIT_CODE_OK;
			return -1;
		}
		main_take_option(args, option);
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "musterd: unexpected argument \"%s\"\n%s",
	    argv[optind], main_usage);
	*code = EXIT_CODE_USAGE;
	return -1;
}

/* The verdict of -t in one line. */
static void
main_print_verdict(const struct main_args *args, unsigned routes,
    unsigned faults)
{
	if (faults > 0)
		fprintf(stderr, "configuration %s has %u %s\n",
		    args->conf_path, faults, faults == 1 ? "fault" : "faults");
	else if (!args->quiet)
		fprintf(stderr, "configuration %s is fine (%u %s)\n",
		    args->conf_path, routes, routes == 1 ? "route" : "routes");
}

static struct generation *
main_load(const struct main_args *args, int *code)
{
	struct conf_report *report = conf_report_new();
	int unreadable = 0;
	struct generation *generation = generation_load(args->conf_path,
	    report, &unreadable);
	unsigned faults = conf_report_faults(report);

	if (faults > 0 || !args->quiet)
		conf_report_print(report, stderr);
	conf_report_free(report);
	*code = unreadable ? EXIT_CODE_NO_CONFIG : EXIT_CODE_CONFIG;
	if (faults > 0 || args->test || args->dump)
		main_print_verdict(args, generation == NULL ||
		    generation->plans == NULL ? 0 :
		    plans_count(generation->plans), faults);
	if (faults == 0)
		return generation;
	generation_free(generation);
	return NULL;
}

/* -t, -T and --check-db. */
static int
main_check(const struct main_args *args, struct generation *generation)
{
	int code = args->check_db ? master_check_db(generation) :
	    EXIT_CODE_OK;

	if (args->dump)
		generation_dump(generation, stdout);
	generation_free(generation);
	return code;
}

static int
main_serve(const struct main_args *args, struct generation *generation)
{
	struct master_start start = { args->conf_path, args->foreground };
	int code;

	if (!args->foreground) {
		code = background_start();
		if (code != -1) {
			generation_free(generation);
			return code;
		}
	}
	return master_run(generation, &start);
}

int
main(int argc, char **argv)
{
	struct main_args args = { .conf_path = MUSTER_CONF_FILE };
	struct generation *generation;
	int code;

	if (main_read_args(argc, argv, &args, &code) == -1)
		return code;
	generation = main_load(&args, &code);
	if (generation != NULL)
		code = args.check_db || args.test || args.dump ?
		    main_check(&args, generation) :
		    main_serve(&args, generation);
	arena_release_kept();
	return code;
}
