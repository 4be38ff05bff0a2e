#ifndef MUSTER_CONF_SECRET_H
#define MUSTER_CONF_SECRET_H

struct arena;
struct conf_node;
struct conf_report;

/*
 * The string that a secret setting stands for: "@/path" is the content of a
 * file without the newline at its end, "$NAME" a variable of the environment,
 * all else itself. Lives as long as the node. NULL with a fault told when the
 * file cannot be read or the variable is not set.
 */
const char *secret_read(const struct conf_node *, struct conf_report *);

#endif
