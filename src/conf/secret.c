/*
 * Secrets that stand outside of server.conf. A message never shows one.
 */
#include "conf/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "conf/report.h"
#include "conf/tree.h"

/* Keys and passwords; what is longer was named by mistake. */
enum { SECRET_MAX_BYTES = 64 << 10 };

/* Fills text, which has room for one byte more. -1 with errno set. */
static ssize_t
secret_read_all(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	while (len <= SECRET_MAX_BYTES) {
		n = read(fd, text + len, SECRET_MAX_BYTES + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			return (ssize_t)len;
		len += (size_t)n;
	}
	errno = EFBIG;
	return -1;
}

static ssize_t
secret_read_path(const char *path, char *text)
{
	ssize_t len = -1;
	struct stat status;
	int fd, error;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		len = secret_read_all(fd, text);
	else
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	error = errno;
	close(fd);
	errno = error;
	return len;
}

static const char *
secret_from_file(const struct conf_node *node, struct conf_report *report)
{
	const char *path = node->text + 1;
	char *text = malloc(SECRET_MAX_BYTES + 1);
	const char *secret = NULL;
	char where[256];
	ssize_t len;

	conf_node_path(node, where, sizeof(where));
	len = text == NULL ? -1 : secret_read_path(path, text);
	if (len < 0)
		conf_fault(report, conf_node_pos(node),
		    "%s: cannot read \"%s\": %s", where, path,
		    strerror(errno));
	else if (memchr(text, '\0', (size_t)len) != NULL)
		conf_fault(report, conf_node_pos(node),
		    "%s: the file \"%s\" holds a NUL byte", where, path);
	else {
		if (len > 0 && text[len - 1] == '\n')
			len--;
		secret = arena_text(node->source->arena,
		    (struct text){ text, (size_t)len });
	}
	if (text != NULL)
		explicit_bzero(text, SECRET_MAX_BYTES + 1);
	free(text);
	return secret;
}

static bool
is_variable(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static const char *
secret_from_environment(const struct conf_node *node,
    struct conf_report *report)
{
	const char *secret = getenv(node->text + 1);
	char where[256];

	if (secret != NULL)
		return arena_strdup(node->source->arena, secret);
	conf_node_path(node, where, sizeof(where));
	conf_fault(report, conf_node_pos(node),
	    "%s: the environment has no variable \"%s\"", where,
	    node->text + 1);
	return NULL;
}

const char *
secret_read(const struct conf_node *node, struct conf_report *report)
{
	if (node->text[0] == '@' && node->text[1] == '/')
		return secret_from_file(node, report);
	if (node->text[0] == '$' && is_variable(node->text + 1))
		return secret_from_environment(node, report);
	return node->text;
}
