#include "snap/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/base.h"
#include "base/mem.h"

#define SHM_DIR      "/dev/shm" /* where glibc and musl keep POSIX shared memory */
#define OBJECT_MODE  0640
#define OBJECT_NAME  96
#define BOARD_OCTETS 4096

#define HEADER_CHECKED offsetof(struct segment_header, check)

/* A segment's writer: the arena must stand first. */
struct writer {
	struct arena arena;
	int fd;
	uint64_t capacity;
	uint64_t window_octets; /* mapped for writing at arena.window */
};

static void object_name(char out[OBJECT_NAME], const char *instance, const char *what)
{
	snprintf(out, OBJECT_NAME, "/shmdns.%s.v%d.%s", instance, SNAP_LAYOUT, what);
}

/*
 * A new object, or -1 with errno. Our group may look at it, whatever umask a service
 * manager has given us: that is how shmdnsctl is used without being root (SH-01).
 */
static int make_object(const char *name)
{
	int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, OBJECT_MODE);

	if (fd >= 0)
		(void)fchmod(fd, OBJECT_MODE);
	return fd;
}

static void segment_name(char out[OBJECT_NAME], const char *instance, uint64_t number)
{
	char what[32];

	snprintf(what, sizeof(what), "seg.%llu", (unsigned long long)number);
	object_name(out, instance, what);
}

/* Make octets [from, to) of the object exist, or say ENOSPC; a store cannot fail then. */
static int allocate(int fd, uint64_t from, uint64_t to)
{
	int ret;

	do {
		ret = posix_fallocate(fd, (off_t)from, (off_t)(to - from));
	} while (ret == EINTR);
	return -ret;
}

/* ---- reading ---- */

static bool header_valid(
	const struct segment_header *h, uint64_t number, const struct hash_key *key)
{
	return h->magic == SEGMENT_MAGIC && h->layout == SNAP_LAYOUT &&
	       h->endian == LAYOUT_ENDIAN && h->segment == number && h->key0 == key->k0 &&
	       h->key1 == key->k1 && h->check == hash_check(h, HEADER_CHECKED) &&
	       h->capacity >= SEGMENT_STEP && h->capacity <= SEGMENT_MAX_CAPACITY;
}

/* Size of the object behind fd, or -errno. */
static int object_size(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return 0;
}

int segment_map(const char *instance, uint64_t number, const struct hash_key *key,
	struct segment *out)
{
	struct segment_header head;
	char name[OBJECT_NAME];
	void *base = MAP_FAILED;
	uint64_t size = 0;
	int ret;

	segment_name(name, instance, number);
	int fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = object_size(fd, &size);
	if (ret < 0)
		goto out;
	ret = -EBADMSG;
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
		!header_valid(&head, number, key))
		goto out;
	base = mmap(NULL, head.capacity, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	ret = base == MAP_FAILED ? -errno : 0;
out:
	if (ret < 0) {
		close(fd);
		return ret;
	}
	*out = (struct segment){
		base, head.capacity, MIN(size, head.capacity), number, fd};
	return 0;
}

int segment_refresh(struct segment *s)
{
	uint64_t size;
	int ret = object_size(s->fd, &size);

	if (ret == 0)
		s->size = MIN(size, s->capacity);
	return ret;
}

bool segment_populate(const struct segment *s, uint64_t used, uint64_t *from)
{
	uint64_t to = MIN(*from + SEGMENT_STEP, MIN(used, s->size));

	if (*from >= to)
		return false;
	/*
	 * A kernel without MADV_POPULATE_READ (before 5.14)
	 * faults page by page instead.
	 */
	madvise((void *)(uintptr_t)(s->base + *from), to - *from, MADV_POPULATE_READ);
	*from = to;
	return to < MIN(used, s->size);
}

bool segment_unmap_step(struct segment *s)
{
	uint64_t keep;

	if (s->base == NULL)
		return false;
	/* What lies past the object's end was never touched and costs nothing. */
	keep = s->capacity > s->size + SEGMENT_STEP ? round_up(s->size, SEGMENT_STEP)
	       : s->capacity > SEGMENT_STEP         ? s->capacity - SEGMENT_STEP
	                                            : 0;
	keep = round_up(keep, 4096);
	munmap((void *)(uintptr_t)(s->base + keep), s->capacity - keep);
	s->capacity = keep;
	if (keep > 0)
		return true;
	close(s->fd);
	*s = (struct segment){0};
	return false;
}

void segment_unmap(struct segment *s)
{
	if (s->base == NULL)
		return;
	munmap((void *)(uintptr_t)s->base, s->capacity);
	close(s->fd);
	*s = (struct segment){0};
}

/* ---- writing ---- */

/*
 * Grow by whole steps: one fallocate, then one mmap that moves the window so that it
 * begins at the page of the watermark: published pages before it cannot be written.
 */
static int on_grow(struct arena *a, uint64_t need)
{
	struct writer *w = (struct writer *)a;
	uint64_t to = round_up(a->used + need, SEGMENT_STEP);
	uint64_t from = a->watermark & ~UINT64_C(4095);

	if (to > w->capacity)
		return -ENOSPC;
	if (a->reserve > 0 &&
		segment_free_octets() < to - MIN(to, a->window_to) + a->reserve)
		return -ENOSPC;
	if (to > a->window_to && allocate(w->fd, a->window_to, to) < 0)
		return -ENOSPC;
	void *p = mmap(a->window, to - from, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, w->fd, (off_t)from);
	if (p == MAP_FAILED)
		return -ENOSPC;
	if (w->window_octets > to - from)
		mprotect(a->window + (to - from), w->window_octets - (to - from),
			PROT_NONE);
	w->window_octets = to - from;
	a->window_from = from;
	a->window_to = to;
	return 0;
}

static void write_header(
	struct arena *a, const char *instance, uint64_t number, uint64_t capacity)
{
	struct segment_header *h = (void *)a->window;

	h->magic = SEGMENT_MAGIC;
	h->layout = SNAP_LAYOUT;
	h->endian = LAYOUT_ENDIAN;
	h->segment = number;
	h->capacity = capacity;
	h->key0 = a->key.k0;
	h->key1 = a->key.k1;
	snprintf(h->instance, sizeof(h->instance), "%s", instance);
	h->check = hash_check(h, HEADER_CHECKED);
}

/* Reserve address space for the read-only map and the window. */
static int map_writer(struct writer *w)
{
	void *base = mmap(
		NULL, w->capacity, PROT_READ, MAP_SHARED | MAP_NORESERVE, w->fd, 0);

	if (base == MAP_FAILED)
		return -errno;
	void *window = mmap(NULL, w->capacity, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window == MAP_FAILED) {
		munmap(base, w->capacity);
		return -errno;
	}
	w->arena.base = base;
	w->arena.window = window;
	return 0;
}

int segment_create(const char *instance, uint64_t number, uint64_t capacity,
	const struct hash_key *key, struct arena **a)
{
	char name[OBJECT_NAME];
	struct writer *w;
	int ret;

	capacity = round_up(
		MIN(MAX(capacity, SEGMENT_STEP), SEGMENT_MAX_CAPACITY), SEGMENT_STEP);
	segment_name(name, instance, number);
	int fd = make_object(name);
	if (fd < 0)
		return -errno;
	w = mem_alloc(1, sizeof(*w));
	w->fd = fd;
	w->capacity = capacity;
	w->arena.key = *key;
	w->arena.grow = on_grow;
	ret = map_writer(w);
	if (ret == 0)
		ret = on_grow(&w->arena, SEGMENT_FIRST);
	if (ret < 0) {
		shm_unlink(name);
		segment_writer_close(&w->arena);
		return ret;
	}
	write_header(&w->arena, instance, number, capacity);
	w->arena.used = w->arena.watermark = SEGMENT_FIRST;
	*a = &w->arena;
	return 0;
}

void segment_writer_close(struct arena *a)
{
	struct writer *w = (struct writer *)a;

	if (a->base != NULL) {
		munmap((void *)(uintptr_t)a->base, w->capacity);
		munmap(a->window, w->capacity);
	}
	close(w->fd);
	free(w);
}

void segment_seal(struct arena *a, uint64_t watermark)
{
	a->watermark = watermark;
}

int segment_open_for_punch(const char *instance, uint64_t number)
{
	char name[OBJECT_NAME];

	segment_name(name, instance, number);
	return shm_open(name, O_RDWR | O_CLOEXEC, 0);
}

void segment_punch(int fd, uint64_t from, uint64_t to)
{
	if (from < to)
		(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(off_t)from, (off_t)(to - from));
}

void segment_trim(struct arena *a, uint64_t used)
{
	struct writer *w = (struct writer *)a;
	uint64_t keep = MIN(round_up(used, 4096), a->window_to);

	segment_punch(w->fd, keep, a->window_to);
	a->used = a->watermark = used;
	a->window_to = used; /* the next append moves the window back */
}

void segment_unlink(const char *instance, uint64_t number)
{
	char name[OBJECT_NAME];

	segment_name(name, instance, number);
	shm_unlink(name);
}

uint64_t segment_free_octets(void)
{
	struct statvfs st;

	if (statvfs(SHM_DIR, &st) < 0)
		return 0;
	return (uint64_t)st.f_bavail * st.f_frsize;
}

/* ---- board and stat pages ---- */

/* Map `octets` of an object and let go of its descriptor. 0 or -errno. */
static int map_page(int fd, size_t octets, int prot, void **page)
{
	uint64_t size = 0;
	int ret = object_size(fd, &size);

	if (ret == 0 && size < octets)
		ret = -EBADMSG;
	if (ret == 0) {
		*page = mmap(NULL, octets, prot, MAP_SHARED, fd, 0);
		ret = *page == MAP_FAILED ? -errno : 0;
	}
	return ret;
}

/* Make an object of this size; *fd is open for writing. */
static int create_page(const char *name, size_t octets, int *fd)
{
	int ret;

	*fd = make_object(name);
	if (*fd < 0)
		return -errno;
	ret = allocate(*fd, 0, octets);
	if (ret < 0) {
		shm_unlink(name);
		close(*fd);
	}
	return ret;
}

int segment_board_create(const char *instance, struct board_page **board)
{
	char name[OBJECT_NAME], final[OBJECT_NAME];
	struct hash_key key = {.mask = UINT64_MAX};
	char path[2][OBJECT_NAME + sizeof(SHM_DIR)];
	void *page = NULL;
	int fd, ret;

	/* Made under another name and linked whole: nobody ever sees half a board. */
	object_name(name, instance, "board.new");
	object_name(final, instance, "board");
	shm_unlink(name);
	ret = create_page(name, BOARD_OCTETS, &fd);
	if (ret < 0)
		return ret;
	ret = map_page(fd, BOARD_OCTETS, PROT_READ | PROT_WRITE, &page);
	if (ret == 0 && getrandom(&key, sizeof(key.k0) + sizeof(key.k1), 0) != 16)
		ret = -EIO;
	if (ret == 0) {
		board_init(page, instance, &key);
		snprintf(path[0], sizeof(path[0]), "%s%s", SHM_DIR, name);
		snprintf(path[1], sizeof(path[1]), "%s%s", SHM_DIR, final);
		ret = link(path[0], path[1]) < 0 ? -errno : 0;
	}
	shm_unlink(name);
	close(fd);
	if (ret < 0 && page != NULL)
		munmap(page, BOARD_OCTETS);
	else if (ret == 0)
		*board = page;
	return ret;
}

/* Open and map a board; it is checked by its content. */
static int open_board(const char *instance, bool writable, struct board_page **board)
{
	char name[OBJECT_NAME];
	void *page;
	int ret;

	object_name(name, instance, "board");
	int fd = shm_open(name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = map_page(
		fd, BOARD_OCTETS, writable ? PROT_READ | PROT_WRITE : PROT_READ, &page);
	close(fd);
	if (ret < 0)
		return ret;
	if (!board_valid(page, instance)) {
		munmap(page, BOARD_OCTETS);
		return -EBADMSG;
	}
	*board = page;
	return 0;
}

int segment_board_adopt(const char *instance, struct board_page **board)
{
	return open_board(instance, true, board);
}

int segment_board_map(const char *instance, const struct board_page **board)
{
	struct board_page *b;
	int ret = open_board(instance, false, &b);

	if (ret == 0)
		*board = b;
	return ret;
}

void segment_board_unmap(const struct board_page *board)
{
	if (board != NULL)
		munmap((void *)(uintptr_t)board, BOARD_OCTETS);
}

void segment_board_unlink(const char *instance)
{
	char name[OBJECT_NAME];

	object_name(name, instance, "board");
	shm_unlink(name);
}

static size_t stat_octets(enum stat_role role)
{
	if (role == STAT_WORKER)
		return STAT_WORKER_OCTETS;
	if (role == STAT_ADMIN)
		return STAT_ADMIN_OCTETS;
	return role == STAT_FORWARDER ? STAT_FORWARDER_OCTETS : STAT_OCTETS;
}

int segment_stat_create(
	const char *instance, const char *who, enum stat_role role, int *fd)
{
	char name[OBJECT_NAME], what[32];
	struct stat_head *head;
	void *page;
	int ret;

	snprintf(what, sizeof(what), "stat.%s", who);
	object_name(name, instance, what);
	ret = create_page(name, stat_octets(role), fd);
	if (ret < 0)
		return ret;
	ret = map_page(*fd, STAT_OCTETS, PROT_READ | PROT_WRITE, &page);
	if (ret < 0) {
		shm_unlink(name);
		close(*fd);
		return ret;
	}
	head = page;
	head->layout = SNAP_LAYOUT;
	head->role = (uint32_t)role;
	head->magic = STAT_MAGIC;
	munmap(page, STAT_OCTETS);
	return 0;
}

int segment_stat_map_fd(int fd, void **page)
{
	uint64_t size;
	int ret = object_size(fd, &size);

	if (ret < 0)
		return ret;
	return map_page(fd, MAX(size, STAT_OCTETS), PROT_READ | PROT_WRITE, page);
}

int segment_park_map_fd(int fd, size_t octets, void **page)
{
	uint64_t size;
	int ret = object_size(fd, &size);

	if (ret < 0)
		return ret;
	if (size < octets)
		return -EBADMSG;
	return map_page(fd, octets, PROT_READ | PROT_WRITE, page);
}

int segment_stat_map(
	const char *instance, const char *who, enum stat_role role, const void **page)
{
	char name[OBJECT_NAME], what[32];
	const struct stat_head *head;
	void *p;
	int ret;

	snprintf(what, sizeof(what), "stat.%s", who);
	object_name(name, instance, what);
	int fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = map_page(fd, stat_octets(role), PROT_READ, &p);
	close(fd);
	if (ret < 0)
		return ret;
	head = p;
	if (head->magic != STAT_MAGIC || head->layout != SNAP_LAYOUT ||
		head->role != role) {
		munmap(p, stat_octets(role));
		return -EBADMSG;
	}
	*page = p;
	return 0;
}

void segment_stat_unmap(const void *page, enum stat_role role)
{
	if (page != NULL)
		munmap((void *)(uintptr_t)page, stat_octets(role));
}

/* ---- caches ---- */

static void cache_name_of(char out[OBJECT_NAME], const char *instance, unsigned forwarder)
{
	char what[32];

	snprintf(what, sizeof(what), "cache.%u", forwarder);
	object_name(out, instance, what);
}

int segment_cache_create(const char *instance, unsigned forwarder, int *fd)
{
	char name[OBJECT_NAME];

	cache_name_of(name, instance, forwarder);
	*fd = make_object(name);
	return *fd < 0 ? -errno : 0;
}

int segment_cache_map_fd(int fd, size_t octets, uint8_t **base)
{
	uint64_t size = 0;
	void *p;
	int ret = object_size(fd, &size);

	/* Never smaller: workers have it mapped (SH-05). Its pages come by _grow(). */
	if (ret == 0 && size < octets && ftruncate(fd, (off_t)octets) < 0)
		ret = -errno;
	if (ret == 0)
		ret = allocate(fd, 0, BOARD_OCTETS);
	if (ret < 0)
		return ret;
	p = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*base = p;
	return 0;
}

int segment_cache_grow(int fd, size_t from, size_t to)
{
	return from < to ? allocate(fd, from, to) : 0;
}

int segment_cache_map(
	const char *instance, unsigned forwarder, const uint8_t **base, size_t *octets)
{
	char name[OBJECT_NAME];
	uint64_t size = 0;
	void *p;

	cache_name_of(name, instance, forwarder);
	int fd = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int ret = object_size(fd, &size);
	if (ret == 0 && size == 0)
		ret = -EBADMSG; /* its forwarder has not begun */
	if (ret == 0) {
		p = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
		ret = p == MAP_FAILED ? -errno : 0;
	}
	close(fd);
	if (ret < 0)
		return ret;
	*base = p;
	*octets = size;
	return 0;
}

void segment_cache_unmap(const uint8_t *base, size_t octets)
{
	if (base != NULL)
		munmap((void *)(uintptr_t)base, octets);
}

/* ---- the instance ---- */

static void lock_name(char *name, const char *instance)
{
	snprintf(name, OBJECT_NAME, "/shmdns.%s.lock", instance);
}

int segment_lock(const char *instance, int *fd)
{
	char name[OBJECT_NAME];
	struct stat st;

	lock_name(name, instance);
	for (;;) {
		int f = shm_open(name, O_RDWR | O_CREAT | O_CLOEXEC, OBJECT_MODE);
		if (f < 0)
			return -errno;
		if (flock(f, LOCK_EX | LOCK_NB) < 0) {
			int err = errno;

			close(f);
			return err == EWOULDBLOCK ? -EBUSY : -err;
		}
		/* Removed between open and flock: that lock would keep nobody out. */
		if (fstat(f, &st) == 0 && st.st_nlink > 0) {
			*fd = f;
			return 0;
		}
		close(f);
	}
}

void segment_lock_remove(const char *instance)
{
	char name[OBJECT_NAME];

	lock_name(name, instance);
	shm_unlink(name);
}

/* True for names such as shmdns.INSTANCE.v1.board, `file` being what follows INSTANCE. */
static bool is_object(const char *file, uint64_t from, uint64_t to)
{
	unsigned layout;
	int end = 0;

	(void)from;
	(void)to;
	return sscanf(file, "v%u.%n", &layout, &end) == 1 && end > 0;
}

/* True for names such as shmdns.INSTANCE.v1.seg.7 with a number in the range. */
static bool is_segment(const char *file, uint64_t from, uint64_t to)
{
	unsigned long long number;
	unsigned layout;
	int end = 0;

	return sscanf(file, "v%u.seg.%llu%n", &layout, &number, &end) == 2 &&
	       file[end] == '\0' && number >= from && number <= to;
}

/* Unlink the objects of the instance that `goes` picks. */
static int remove_objects(const char *instance,
	bool (*goes)(const char *file, uint64_t from, uint64_t to), uint64_t from,
	uint64_t to)
{
	char prefix[OBJECT_NAME], name[sizeof(((struct dirent *)0)->d_name) + 2];
	struct dirent *e;
	int removed = 0;

	snprintf(prefix, sizeof(prefix), "shmdns.%s.", instance);
	DIR *dir = opendir(SHM_DIR);
	if (dir == NULL)
		return 0;
	while ((e = readdir(dir)) != NULL) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 ||
			!goes(e->d_name + strlen(prefix), from, to))
			continue;
		snprintf(name, sizeof(name), "/%s", e->d_name);
		if (shm_unlink(name) == 0)
			removed++;
	}
	closedir(dir);
	return removed;
}

int segment_remove_leftovers(const char *instance)
{
	return remove_objects(instance, is_object, 0, 0);
}

int segment_remove_range(const char *instance, uint64_t from, uint64_t to)
{
	return remove_objects(instance, is_segment, from, to);
}

unsigned segment_objects(
	const char *instance, struct stat_object *out, unsigned max, uint64_t *limit)
{
	char prefix[OBJECT_NAME];
	struct statvfs fs;
	struct stat st;
	struct dirent *e;
	unsigned n = 0;

	*limit = statvfs(SHM_DIR, &fs) == 0 ? (uint64_t)fs.f_blocks * fs.f_frsize : 0;
	snprintf(prefix, sizeof(prefix), "shmdns.%s.", instance);
	DIR *dir = opendir(SHM_DIR);
	if (dir == NULL)
		return 0;
	while (n < max && (e = readdir(dir)) != NULL) {
		const char *what = e->d_name + strlen(prefix);

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 ||
			!is_object(what, 0, 0) ||
			fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (strchr(what, '.') != NULL) /* behind the layout's number */
			what = strchr(what, '.') + 1;
		snprintf(out[n].name, sizeof(out[n].name), "%s", what);
		out[n++].octets = (uint64_t)st.st_blocks * 512;
	}
	closedir(dir);
	return n;
}
