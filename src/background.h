#ifndef MUSTER_BACKGROUND_H
#define MUSTER_BACKGROUND_H

/*
 * Goes on in a process of its own, without a terminal. There it returns -1.
 * The caller's process stays until that one is ready to serve or has ended,
 * and is told here with which exit status to end itself: so that whoever
 * starts musterd knows whether it runs. Does nothing and returns -1 where a
 * service manager waits for us already (NOTIFY_SOCKET is set).
 */
int background_start(void);

#endif
