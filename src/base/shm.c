/*
 * One memfd, mapped shared before the fork. The layout is fixed by version:
 * header, names of the cells, base cells, slots. Slots that were never used
 * are never touched, so that they cost no memory.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memfd_create */
#endif

#include "base/shm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/metrics.h"

static const char shm_magic[8] = "muster\n";

struct shm_header {
	char magic[8];
	uint32_t version;
	uint32_t header_size, slot_size, slots, cells;
	_Atomic uint32_t used;		/* slots below were taken once */
	_Atomic uint32_t folds;		/* odd: counters are on the move */
	char names[SHM_CELLS][SHM_NAME_LEN];
	_Alignas(64) _Atomic int64_t base[SHM_CELLS];
};

struct shm_map {
	struct shm_header header;
	struct shm_slot slots[SHM_SLOTS];
};

struct shm {
	int fd;
	struct shm_map *map;
};

static void
shm_init(struct shm_header *header)
{
	memcpy(header->magic, shm_magic, sizeof(header->magic));
	header->version = SHM_VERSION;
	header->header_size = sizeof(*header);
	header->slot_size = sizeof(struct shm_slot);
	header->slots = SHM_SLOTS;
	header->cells = SHM_CELLS;
}

static struct shm *
shm_fail(struct shm *shm, const char *call, struct error *err)
{
	int saved_errno = errno;

	error_set(err, ERROR_INTERNAL, NULL);
	error_detail(err, "could not make shared memory: %s: %s", call,
	    strerror(saved_errno));
	shm_free(shm);
	return NULL;
}

struct shm *
shm_new(struct error *err)
{
	struct shm *shm = memory_new(sizeof(*shm));
	void *map;

	shm->fd = memfd_create("muster", MFD_CLOEXEC);
	if (shm->fd < 0)
		return shm_fail(shm, "memfd_create", err);
	if (ftruncate(shm->fd, sizeof(*shm->map)) != 0)
		return shm_fail(shm, "ftruncate", err);
	map = mmap(NULL, sizeof(*shm->map), PROT_READ | PROT_WRITE, MAP_SHARED,
	    shm->fd, 0);
	if (map == MAP_FAILED)
		return shm_fail(shm, "mmap", err);
	shm->map = map;
	shm_init(&shm->map->header);
	return shm;
}

int
shm_fd(const struct shm *shm)
{
	return shm->fd;
}

struct shm_slot *
shm_slot(struct shm *shm, unsigned i)
{
	return &shm->map->slots[i];
}

unsigned
shm_slots_used(const struct shm *shm)
{
	return shm->map->header.used;
}

_Atomic int64_t *
shm_base_cells(struct shm *shm)
{
	return shm->map->header.base;
}

unsigned
shm_folds(const struct shm *shm)
{
	return shm->map->header.folds;
}

char (*shm_cell_names(struct shm *shm))[SHM_NAME_LEN]
{
	return shm->map->header.names;
}

int
shm_slot_take(struct shm *shm, uint32_t generation)
{
	struct shm_slot *slot;
	unsigned i;

	for (i = 0; i < SHM_SLOTS; i++) {
		slot = shm_slot(shm, i);
		if (slot->state == SHM_FREE)
			break;
	}
	if (i == SHM_SLOTS)
		return -1;
	slot->pid = 0;
	slot->birth++;
	slot->generation = generation;
	slot->connections = 0;
	slot->ready = 0;
	slot->activity = NULL;
	slot->activity_since_ms = 0;
	slot->started_ms = clock_ms();
	slot->heartbeat_ms = slot->started_ms;
	slot->state = SHM_STARTING;
	if (i >= shm->map->header.used)
		shm->map->header.used = i + 1;
	return (int)i;
}

void
shm_slot_give(struct shm *shm, unsigned i)
{
	struct shm_slot *slot = shm_slot(shm, i);
	_Atomic int64_t *base = shm_base_cells(shm);
	unsigned cell;

	slot->state = SHM_GONE;
	slot->connections = 0;
	slot->activity = NULL;
	shm->map->header.folds++;
	for (cell = 0; cell < SHM_CELLS; cell++) {
		if (slot->cells[cell] == 0)
			continue;
		if (!metrics_cell_is_gauge(cell))
			base[cell] += slot->cells[cell];
		slot->cells[cell] = 0;
	}
	shm->map->header.folds++;
	slot->pid = 0;
	slot->state = SHM_FREE;
}

void
shm_connections(struct shm *shm, unsigned *connections, unsigned *workers)
{
	unsigned i, used = shm_slots_used(shm);
	int64_t alive_ms = clock_ms() - SHM_STALE_MS;
	struct shm_slot *slot;

	*connections = 0;
	*workers = 0;
	for (i = 0; i < used; i++) {
		slot = shm_slot(shm, i);
		if (slot->state != SHM_SERVING ||
		    slot->heartbeat_ms < alive_ms)
			continue;
		*connections += slot->connections;
		*workers += 1;
	}
}

void
shm_free(struct shm *shm)
{
	if (shm == NULL)
		return;
	if (shm->map != NULL)
		munmap(shm->map, sizeof(*shm->map));
	if (shm->fd >= 0)
		close(shm->fd);
	free(shm);
}
