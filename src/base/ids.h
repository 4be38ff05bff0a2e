#ifndef MUSTER_BASE_IDS_H
#define MUSTER_BASE_IDS_H

#include <stdint.h>

/* Request ids: 16 lower-case hexadecimal digits, unique over all workers. */
#define IDS_LEN 16

/* Seeds from getrandom(2). In each process after fork. */
void ids_seed(void);

void ids_make(char text[static IDS_LEN + 1]);

/* Uniform in 0..bound-1, for jitter; not for secrets. bound 0 gives 0. */
uint32_t ids_random(uint32_t bound);

#endif
