#ifndef MUSTER_BASE_SHM_H
#define MUSTER_BASE_SHM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What processes share: a memfd of 256 slots, made by the master before it
 * forks, and later inherited over exec. A slot has one writer, the process
 * that owns it; the master alone hands slots out and takes them back. No lock
 * is waited for. Lifetime: process.
 */
#define SHM_SLOTS 256
#define SHM_CELLS 512
#define SHM_VERSION 1

enum shm_state {
	SHM_FREE, SHM_STARTING, SHM_SERVING, SHM_DRAINING, SHM_GONE
};

struct shm_slot {
	_Atomic int32_t pid;
	_Atomic uint32_t birth;		/* rises with each process in it */
	_Atomic uint32_t generation;
	_Atomic uint32_t state;		/* enum shm_state */
	_Atomic int64_t started_ms, heartbeat_ms;
	_Atomic uint32_t connections;	/* client connections held now */
	_Atomic uint32_t ready;		/* 1: it could serve an SQL route */
	_Atomic int64_t activity_since_ms;
	_Atomic(const char *) activity;	/* route that runs now: same image */
	_Alignas(64) _Atomic int64_t cells[SHM_CELLS];	/* base/metrics.h */
} __attribute__((aligned(64)));

struct shm;

struct shm *shm_new(struct error *) MUST_USE;	/* master, once */
int shm_fd(const struct shm *);
struct shm_slot *shm_slot(struct shm *, unsigned i);

/* Slots below this number have been used; the others were never touched. */
unsigned shm_slots_used(const struct shm *);

/* Cells of slots that ended: what counters add up from. */
_Atomic int64_t *shm_base_cells(struct shm *);

/*
 * Odd while a slot's counters move to the base cells, else even: a sum over
 * both holds when the number was even before it and is the same after it.
 */
unsigned shm_folds(const struct shm *);

/*
 * What each cell counts ("muster_responses_total{class=\"2xx\"}"), so that a
 * later image of the program can match the cells of this one by name.
 */
#define SHM_NAME_LEN 48
char (*shm_cell_names(struct shm *))[SHM_NAME_LEN];

/* A free slot marked STARTING with a new birth; -1 when all are taken. */
int shm_slot_take(struct shm *, uint32_t generation);

/* Folds its counters into the base cells, drops its gauges, frees it. */
void shm_slot_give(struct shm *, unsigned i);

/*
 * Sum of connections over SERVING slots, and how many slots these are. One
 * whose heartbeat is older than SHM_STALE_MS hangs: it takes no share.
 */
#define SHM_STALE_MS 2000
void shm_connections(struct shm *, unsigned *connections, unsigned *workers);

void shm_free(struct shm *);

#endif
