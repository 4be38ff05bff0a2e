#ifndef MUSTER_HTTP_ACCESS_H
#define MUSTER_HTTP_ACCESS_H

struct request;

/*
 * One line for each request, by log.access: off, text or json. Status 499:
 * the client left before its answer.
 */
void access_log(const struct request *);

#endif
