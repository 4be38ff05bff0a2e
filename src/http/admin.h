#ifndef MUSTER_HTTP_ADMIN_H
#define MUSTER_HTTP_ADMIN_H

struct request;

/*
 * Answers a request that came in on the admin socket:
 *   GET /live	  200 while the worker's loop turns
 *   GET /ready	  200, or 503 while a route with SQL could not be served
 *   GET /metrics Prometheus text, summed over all workers
 */
void admin_answer(struct request *);

#endif
