/*
 * server.conf as a whole: the first file, then those it includes.
 */
#include "conf/conf.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/memory.h"
#include "conf/include.h"
#include "conf/report.h"
#include "conf/tree.h"

struct conf {
	struct arena *arena;
	struct conf_node *root;
	const char **files;
};

struct conf *
conf_load(const char *path, struct conf_report *report, int *unreadable)
{
	struct include include = { .report = report };
	struct conf *conf = memory_new(sizeof(*conf));
	struct file_id id;
	char why[200];
	int fd;

	*unreadable = 0;
	conf_report_file(report, path);
	conf->arena = include.arena = arena_new();
	fd = file_open(path, &id, why, sizeof(why));
	if (fd >= 0 && !file_is_trusted(fd, why, sizeof(why))) {
		close(fd);
		conf_fault(report, (struct src_pos){ path, 0, 0 }, "%s", why);
		conf->root = file_hole(path, conf->arena);
	} else if (fd >= 0)
		conf->root = include_first(&include, fd, &id, path, why,
		    sizeof(why));
	conf->files = include.paths != NULL ? include.paths :
	    memory_new(sizeof(*conf->files));
	if (conf->root == NULL) {
		conf_fault(report, (struct src_pos){ path, 0, 0 },
		    "cannot read it: %s", why);
		*unreadable = 1;
		conf_free(conf);
		return NULL;
	}
	return conf;
}

const struct conf_node *
conf_root(const struct conf *conf)
{
	return conf->root;
}

const char *const *
conf_files(const struct conf *conf)
{
	return conf->files;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	arena_free(conf->arena);
	free(conf->files);
	free(conf);
}
