#ifndef MUSTER_CONF_FILE_H
#define MUSTER_CONF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct conf_node;
struct conf_report;

/* Larger than any file that a person keeps. */
#define FILE_MAX_BYTES (64u << 20)

/* A file's identity, for include cycles. */
struct file_id {
	dev_t device;
	ino_t inode;
};

/* A regular file's descriptor, or -1 with `why` (of `size` bytes) told. */
int file_open(const char *path, struct file_id *, char *why, size_t size);

/*
 * May it configure us? When we are root: only if none but root may write it.
 * False with `why` told.
 */
bool file_is_trusted(int fd, char *why, size_t size);

/*
 * The tree of one file, its includes not yet followed. Closes fd. Faults go
 * to the report; with a syntax error the tree is empty and holed. NULL, with
 * `why` told, when it cannot be read.
 */
struct conf_node *file_read(int fd, const char *path, struct arena *,
    struct conf_report *, char *why, size_t size);

/* The tree of a file that was not read: empty and holed. */
struct conf_node *file_hole(const char *path, struct arena *);

#endif
