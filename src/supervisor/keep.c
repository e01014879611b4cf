/* keep.c - see keep.h */
#include "supervisor/keep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/pair.h"
#include "snap/segment.h"
#include "supervisor/memfile.h"

static int *no_descriptors(size_t n)
{
	int *fd = mem_alloc(MAX(n, 1), sizeof(*fd));

	for (size_t i = 0; i < n; i++)
		fd[i] = -1;
	return fd;
}

static void close_all(const int *fd, size_t n)
{
	for (size_t i = 0; fd != NULL && i < n; i++) {
		if (fd[i] >= 0)
			close(fd[i]);
	}
}

static int open_cache(struct keep *k, const char *instance, uint32_t forwarder)
{
	int ret = segment_cache_create(instance, forwarder, &k->cache[forwarder]);

	if (ret < 0)
		log_line(LOG_ERROR, "shared memory object=cache.%" PRIu32 " error=\"%s\"",
			forwarder, strerror(-ret));
	return ret;
}

int keep_open(struct keep *k, const char *instance, uint32_t workers, uint32_t used,
	uint32_t forwarders)
{
	size_t npairs = (size_t)workers * forwarders;
	int ret = 0;

	*k = (struct keep){
		.workers = workers,
		.forwarders = forwarders,
		.pair = (int(*)[KEEP_ENDS])no_descriptors(npairs * KEEP_ENDS),
		.park = no_descriptors(workers),
		.cache = no_descriptors(forwarders),
	};
	for (uint32_t f = 0; f < forwarders && ret == 0; f++)
		ret = open_cache(k, instance, f);
	for (uint32_t w = 0; w < used && ret == 0; w++)
		ret = keep_slot(k, w);
	return ret;
}

/* `old` descriptors become `n`; the new ones are not there yet. */
static int *more_descriptors(int *fd, size_t old, size_t n)
{
	fd = mem_resize(fd, MAX(n, 1), sizeof(*fd));
	for (size_t i = old; i < n; i++)
		fd[i] = -1;
	return fd;
}

void keep_grow(struct keep *k, uint32_t workers)
{
	size_t ends = (size_t)k->forwarders * KEEP_ENDS;

	k->pair = (int(*)[KEEP_ENDS])more_descriptors(
		(int *)k->pair, k->workers * ends, workers * ends);
	k->park = more_descriptors(k->park, k->workers, workers);
	k->workers = workers;
}

void keep_close(struct keep *k)
{
	close_all((int *)k->pair, (size_t)k->workers * k->forwarders * KEEP_ENDS);
	close_all(k->park, k->workers);
	close_all(k->cache, k->forwarders);
	free(k->pair);
	free(k->park);
	free(k->cache);
	*k = (struct keep){0};
}

static int open_park(struct keep *k, uint32_t worker)
{
	int fd = k->park[worker];

	if (fd >= 0 || k->forwarders == 0) /* without misses nothing is parked */
		return 0;
	fd = memfile_open_sized("shmdns-park", PARK_OCTETS);
	if (fd < 0)
		return fd;
	k->park[worker] = fd;
	return 0;
}

static int open_pair(struct keep *k, uint32_t worker, uint32_t forwarder)
{
	int *ends = k->pair[worker * k->forwarders + forwarder];
	int fd[KEEP_ENDS];

	if (ends[0] >= 0)
		return 0;
	int ret = pair_open(fd);
	if (ret == 0)
		memcpy(ends, fd, sizeof(fd));
	return ret;
}

int keep_slot(struct keep *k, uint32_t worker)
{
	int ret = 0;

	for (uint32_t f = 0; f < k->forwarders && ret == 0; f++)
		ret = open_pair(k, worker, f);
	if (ret == 0) /* last: it stands for all of them */
		ret = open_park(k, worker);
	if (ret < 0)
		log_line(LOG_ERROR,
			"no pair or park memory slot=%" PRIu32
			" error=\"%s\" fix=\"raise the limit of open files\"",
			worker, strerror(-ret));
	return ret;
}

int keep_pair(
	const struct keep *k, uint32_t worker, uint32_t forwarder, enum keep_end end)
{
	return k->pair[worker * k->forwarders + forwarder][end];
}
