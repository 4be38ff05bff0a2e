#ifndef MUSTER_PROC_NOTIFY_H
#define MUSTER_PROC_NOTIFY_H

#include "base/compiler.h"

/*
 * Says something to the service manager, sd_notify(3): one datagram to
 * NOTIFY_SOCKET, nothing when it is not set. The master alone does this.
 */
void notify_send(const char *format, ...) PRINTF(1, 2);

/* Children and hooks must not speak for us. */
void notify_forget(void);

#endif
