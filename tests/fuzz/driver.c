/*
 * driver.c - runs a fuzz target without a fuzzer: its corpus, every cut of it, and
 * mutations that are the same in each run
 *
 * Usage: fuzz_X [FILE|DIRECTORY]...   (none: FUZZ_CORPUS/X)
 *
 * Each input stands in memory of its exact size, so that sanitizers and valgrind see a
 * step over its end. The count of mutations is taken from FUZZ_MUTATIONS (1,000 each).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"

#define INPUT_MAX (1 << 20)
#define CUTS_MAX  4096 /* of longer inputs only this many cuts are tried */

static unsigned long runs, mutations = 1000;

/* xorshift64*: the same numbers in each run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static void run(const uint8_t *octets, size_t len)
{
	uint8_t *p = mem_resize(
		NULL, len, 1); /* not cleared: what is not set stays unset */

	if (len > 0)
		memcpy(p, octets, len);
	LLVMFuzzerTestOneInput(p, len);
	runs++;
	free(p);
}

static void run_cuts(const uint8_t *octets, size_t len)
{
	size_t step = len / CUTS_MAX + 1;

	for (size_t n = 0; n < len; n += step)
		run(octets, n);
	run(octets, len);
}

/* One change: a bit, an octet, a 16-bit length, a piece doubled or taken out. */
static size_t mutate(uint8_t *p, size_t len, uint64_t *random)
{
	uint64_t r = next_random(random);
	size_t at = len > 0 ? (r >> 8) % len : 0, n;

	if (len < 2)
		return len;
	switch (r % 5) {
	case 0:
		p[at] ^= (uint8_t)(1u << (r >> 40 & 7));
		return len;
	case 1:
		p[at] = (uint8_t)(r >> 40);
		return len;
	case 2:
		at = MIN(at, len - 2);
		store_u16(p + at, (r >> 40 & 1) != 0 ? (uint16_t)(r >> 48) : UINT16_MAX);
		return len;
	case 3:
		n = (r >> 40) % (len - at) % 64;
		memmove(p + at, p + at + n, len - at - n);
		return len - n;
	default:
		n = (r >> 40) % (len - at) % 64;
		memmove(p + at + n, p + at, len - at);
		return len + n;
	}
}

static void run_mutations(const uint8_t *octets, size_t len)
{
	uint64_t random = len * 2654435761u + 1;
	uint8_t *p = mem_alloc(len + 64 * 8, 1);

	for (unsigned long i = 0; i < mutations; i++) {
		size_t n = len;

		memcpy(p, octets, len);
		for (uint64_t k = next_random(&random) % 8 + 1; k > 0; k--)
			n = mutate(p, n, &random);
		run(p, n);
	}
	free(p);
}

static int run_file(const char *path)
{
	uint8_t *p = mem_alloc(INPUT_MAX, 1);
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		fprintf(stderr, "%s: cannot be opened\n", path);
		free(p);
		return -1;
	}
	len = fread(p, 1, INPUT_MAX, f);
	fclose(f);
	run_cuts(p, len);
	run_mutations(p, len);
	free(p);
	return 0;
}

static int run_path(const char *path)
{
	struct dirent **names;
	char file[4096];
	struct stat st;
	int n, ret = 0;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return run_file(path);
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0) {
		fprintf(stderr, "%s: no corpus\n", path);
		return -1;
	}
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && run_file(file) < 0)
			ret = -1;
		free(names[i]);
	}
	free(names);
	return ret;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '_'), *count = getenv("FUZZ_MUTATIONS");
	char path[4096];
	int ret = 0;

	if (count != NULL)
		mutations = strtoul(count, NULL, 10);
	snprintf(path, sizeof(path), "%s/%s", FUZZ_CORPUS, name != NULL ? name + 1 : "");
	if (argc == 1)
		ret = run_path(path);
	for (int i = 1; i < argc; i++)
		ret |= run_path(argv[i]);
	printf("%lu inputs\n", runs);
	return ret == 0 && runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
