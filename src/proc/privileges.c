/* Who a process is, and what it gives up. */
#include "proc/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/server_conf.h"

static int
privileges_find(const struct server_conf *conf, uid_t *uid, gid_t *gid,
    struct error *err)
{
	const struct passwd *user = getpwnam(conf->user);
	const struct group *group;

	if (user == NULL)
		return error_set(err, ERROR_INTERNAL,
		    "user: there is no user \"%s\"", conf->user);
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	if (conf->group == NULL)
		return 0;
	group = getgrnam(conf->group);
	if (group == NULL)
		return error_set(err, ERROR_INTERNAL,
		    "group: there is no group \"%s\"", conf->group);
	*gid = group->gr_gid;
	return 0;
}

int
privileges_check(const struct server_conf *conf, bool foreground,
    struct error *err)
{
	uid_t uid;
	gid_t gid;

	if (conf->user != NULL && privileges_find(conf, &uid, &gid, err) == -1)
		return -1;
	if (conf->user != NULL && geteuid() != 0 && geteuid() != uid)
		log_warn(NULL, "user", "only root can become user \"%s\": "
		    "serving as who started it", conf->user);
	if (conf->user != NULL || geteuid() != 0)
		return 0;
	if (!foreground)
		return error_set(err, ERROR_INTERNAL, "cannot serve as root: "
		    "set `user` in server.conf, or use -F to insist");
	log_warn(NULL, "root", "serving as root, since no `user` is set");
	return 0;
}

int
privileges_drop(const struct server_conf *conf, bool confine,
    struct error *err)
{
	uid_t uid;
	gid_t gid;

	umask(027);
	if (conf->user != NULL && geteuid() == 0) {
		if (privileges_find(conf, &uid, &gid, err) == -1)
			return -1;
		if (initgroups(conf->user, gid) == -1 || setgid(gid) == -1 ||
		    setuid(uid) == -1)
			return error_set(err, ERROR_INTERNAL,
			    "could not become user \"%s\": %s", conf->user,
			    strerror(errno));
		if (uid != 0 && setuid(0) == 0)
			return error_set(err, ERROR_INTERNAL,
			    "could become root again after giving it up");
	}
	if (confine && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return error_set(err, ERROR_INTERNAL,
		    "could not give up new privileges: %s", strerror(errno));
	return 0;
}

unsigned long
privileges_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warn(NULL, "descriptors", "could not raise the limit of "
		    "open files to %lu: %s", (unsigned long)limit.rlim_max,
		    strerror(errno));
	return (unsigned long)limit.rlim_cur;
}
