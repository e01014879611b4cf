/*
 * test_udp.c - a worker process whose supervisor is this test
 *
 * DE-03, SH-07, SH-09, G3, and: no socket is read before there are settings;
 * replies leave from the address that was asked; a retired worker ends with 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pair.h"
#include "controller/publish/publish.h"
#include "dns/type.h"
#include "snap/segment.h"
#include "support.h"

#define PATIENCE_MS 10000
#define NAME        "web.default.svc.cluster.local."

static char instance[INSTANCE_MAX];
static struct publisher *publisher;
static const struct stat_worker *page;
static int pair[2] = {-1, -1}, log_pipe[2] = {-1, -1};
static pid_t worker = -1;

/* ---- the supervisor's side ---- */

static void run_worker(void)
{
	fcntl(pair[1], F_SETFD, 0);
	dup2(pair[1], PAIR_FD);
	dup2(log_pipe[1], STDERR_FILENO);
	execl(WORKER_PROGRAM, "shmdns-worker", (char *)NULL);
	_exit(127);
}

static void start(void)
{
	struct message_start m = {.type = MESSAGE_START, .workers = 1, .life = 7};
	int fd;

	snprintf(instance, sizeof(instance), "t%ld", (long)getpid());
	ck_assert_int_eq(pipe(log_pipe), 0);
	ck_assert_int_eq(pair_open(pair), 0);
	ck_assert_int_eq(segment_stat_create(instance, "w0", STAT_WORKER, &fd), 0);
	const void *mapped;
	ck_assert_int_eq(segment_stat_map(instance, "w0", STAT_WORKER, &mapped), 0);
	page = mapped;
	worker = fork();
	if (worker == 0)
		run_worker();
	close(pair[1]);
	close(log_pipe[1]);
	memcpy(m.instance, instance, sizeof(instance));
	ck_assert_int_eq(pair_send(pair[0], &m, sizeof(m), fd), 0);
	close(fd);
}

static void stop(void)
{
	if (worker > 0) {
		kill(worker, SIGKILL);
		waitpid(worker, NULL, 0);
	}
	if (publisher != NULL)
		publish_close(publisher);
	segment_remove_leftovers(instance);
	segment_lock_remove(instance);
}

/* Octets that wait in a socket. */
static int waiting(int fd)
{
	int octets = 0;

	ck_assert_int_eq(ioctl(fd, FIONREAD, &octets), 0);
	return octets;
}

static bool wait_for(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, PATIENCE_MS) == 1;
}

static void wait_ready(void)
{
	union message m;
	int passed;

	ck_assert_msg(wait_for(pair[0]), "no READY");
	ck_assert_int_ge(pair_recv(pair[0], &m, &passed), 0);
	ck_assert_uint_eq(m.type, MESSAGE_READY);
}

/* A bound socket for the worker, with what the supervisor would set on it. */
static int server_socket(uint32_t addr, bool wild, struct message_socket *m)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr)};
	socklen_t len = sizeof(a);
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (wild)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*m = (struct message_socket){.type = MESSAGE_SOCKET};
	m->key.kind = wild ? SOCKET_UDP_WILD : SOCKET_UDP;
	m->key.family = AF_INET;
	m->key.port = ntohs(a.sin_port);
	store_u32(m->key.addr, addr);
	ck_assert_int_eq(pair_send(pair[0], m, sizeof(*m), fd), 0);
	return fd;
}

/* ---- the controller's side ---- */

static void put_addr(uint32_t addr)
{
	static struct node_builder b;
	struct hash128 h;
	struct name n;
	uint8_t octets[4];
	size_t len;

	ck_assert_int_eq(name_parse(NAME, &n), 0);
	store_u32(octets, addr);
	node_begin(&b, &n, 0, 0);
	node_add_addrs(&b, TYPE_A, 30, octets, 1, false);
	const uint8_t *node = node_finish(&b, &len);
	h = hash_name(publish_key(publisher), n.wire, n.len);
	ck_assert_int_eq(publish_put(publisher, &h, node, len, 0), 0);
}

static uint64_t commit(void)
{
	struct publish_info info;

	ck_assert_int_eq(publish_commit(publisher, CAUSE_OBJECTS, true, true,
				 UINT64_C(1700000000) * NS_PER_S, &info),
		0);
	return info.generation;
}

static void publish_first(void)
{
	static struct settings s;

	ck_assert_int_eq(publish_open(instance, &publisher), 0);
	s = (struct settings){.number = 1, .ttl_s = 30, .max_udp = 1232, .nzones = 1};
	s.negative_ttl_s = 5;
	s.zones[0].kind = ZONE_FORWARD;
	ck_assert_int_eq(name_parse("cluster.local.", &s.zones[0].name), 0);
	s.zones[0].labels = 2;
	ck_assert_int_eq(publish_settings(publisher, &s), 0);
	put_addr(0x0a600001);
	commit();
}

/* ---- the client's side ---- */

static int client_socket(uint32_t addr, const struct message_socket *m)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(m->key.port),
		.sin_addr.s_addr = htonl(addr)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* Connected: a reply from another address does not arrive. */
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void send_query(int fd, uint16_t id)
{
	uint8_t q[512] = {0, 0, 1, 0, 0, 1};
	size_t len = 12 + name_wire(NAME, q + 12);

	store_u16(q, id);
	store_u16(q + len, TYPE_A);
	store_u16(q + len + 2, CLASS_IN);
	len += 4;
	ck_assert_int_eq(send(fd, q, len, 0), (ssize_t)len);
}

/* The reply's ID, with the address at its end; fails if none comes. */
static uint16_t take_reply(int fd, uint32_t *addr)
{
	uint8_t r[1500];

	ck_assert_msg(wait_for(fd), "no reply");
	ssize_t n = recv(fd, r, sizeof(r), 0);
	ck_assert_int_gt(n, 16);
	ck_assert_uint_eq(load_u16(r + 6), 1);
	*addr = load_u32(r + n - 4);
	return load_u16(r);
}

static uint32_t ask(int fd)
{
	uint32_t addr;

	send_query(fd, 4711);
	ck_assert_uint_eq(take_reply(fd, &addr), 4711);
	return addr;
}

/* ---- tests ---- */

/* What was sent before there was a root waits in the socket and is answered then. */
START_TEST(first_root)
{
	struct message_socket m;
	uint32_t addr;
	int server = server_socket(INADDR_LOOPBACK, false, &m);
	int client = client_socket(INADDR_LOOPBACK, &m);

	send_query(client, 99);
	while (stat_get(&page->head.heartbeat_ns) == 0)
		poll(NULL, 0, 1); /* START was taken */
	ck_assert_int_gt(waiting(server), 0);
	publish_first();
	wait_ready();
	ck_assert_uint_eq(take_reply(client, &addr), 99);
	ck_assert_uint_eq(addr, 0x0a600001);
	ck_assert_uint_eq(stat_get(&page->head.life), 7);
	ck_assert_uint_eq(stat_get(&page->head.pid), (uint64_t)worker);
}
END_TEST

/* Each query sees what was published before it; idle workers follow by their timer. */
START_TEST(new_generations) /* G2, G3 */
{
	struct message_socket m;
	uint64_t generation = 0;

	publish_first();
	server_socket(INADDR_LOOPBACK, false, &m);
	int client = client_socket(INADDR_LOOPBACK, &m);
	wait_ready();
	for (uint32_t i = 0; i < 200; i++) {
		put_addr(0x0a600100 + i);
		generation = commit();
		ck_assert_uint_eq(ask(client), 0x0a600100 + i);
	}
	put_addr(0x0a610000);
	generation = commit();
	for (int i = 0; stat_get(&page->generation) < generation; i++) {
		ck_assert_int_lt(i, PATIENCE_MS);
		poll(NULL, 0, 1);
	}
}
END_TEST

START_TEST(address_that_was_asked) /* IP_PKTINFO */
{
	struct message_socket m;

	publish_first();
	server_socket(INADDR_ANY, true, &m);
	wait_ready();
	for (uint32_t i = 1; i < 6; i++)
		ck_assert_uint_eq(
			ask(client_socket(INADDR_LOOPBACK + i, &m)), 0x0a600001);
}
END_TEST

START_TEST(batches)
{
	struct message_socket m;
	bool seen[200] = {false};
	uint32_t addr;

	publish_first();
	server_socket(INADDR_LOOPBACK, false, &m);
	int client = client_socket(INADDR_LOOPBACK, &m);
	wait_ready();
	kill(worker, SIGSTOP); /* so that they wait side by side */
	for (uint16_t i = 0; i < ARRAY_LEN(seen); i++)
		send_query(client, i);
	kill(worker, SIGCONT);
	for (unsigned i = 0; i < ARRAY_LEN(seen); i++) {
		uint16_t id = take_reply(client, &addr);

		ck_assert_uint_lt(id, ARRAY_LEN(seen));
		ck_assert(!seen[id]);
		seen[id] = true;
	}
	ck_assert_uint_ge(stat_get(&page->queries), ARRAY_LEN(seen));
	ck_assert_uint_gt(stat_get(&page->batch_sizes[5]), 0); /* 17 to 32 */
	ck_assert_uint_eq(stat_get(&page->rcodes[0]), ARRAY_LEN(seen));
}
END_TEST

START_TEST(socket_gone)
{
	struct message_socket m, other;

	publish_first();
	int server = server_socket(INADDR_LOOPBACK, false, &m);
	int client = client_socket(INADDR_LOOPBACK, &m);
	wait_ready();
	ask(client);
	m.type = MESSAGE_SOCKET_GONE;
	ck_assert_int_eq(pair_send(pair[0], &m, sizeof(m), -1), 0);
	/*
	 * Messages are taken in order: when the second socket
	 * is read, the first is not.
	 */
	server_socket(INADDR_LOOPBACK, false, &other);
	ask(client_socket(INADDR_LOOPBACK, &other));
	send_query(client, 5);
	ask(client_socket(INADDR_LOOPBACK, &other));
	ck_assert_int_gt(waiting(server), 0); /* nobody has read it */
}
END_TEST

START_TEST(retire)
{
	struct message_number m = {.type = MESSAGE_RETIRE};
	struct message_socket s;
	int status;

	publish_first();
	server_socket(INADDR_LOOPBACK, false, &s);
	wait_ready();
	ask(client_socket(INADDR_LOOPBACK, &s));
	ck_assert_int_eq(pair_send(pair[0], &m, sizeof(m), -1), 0);
	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	worker = -1;
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_uint_eq(stat_get(&page->head.pid), 0);
}
END_TEST

/* Take the octets away below a worker: one line says where, then it dies (SH-09). */
START_TEST(fault)
{
	struct message_socket s;
	char name[128], text[8192];
	size_t len = 0;
	ssize_t n;
	int status;

	publish_first();
	server_socket(INADDR_LOOPBACK, false, &s);
	wait_ready();
	ask(client_socket(INADDR_LOOPBACK, &s));
	snprintf(name, sizeof(name), "/shmdns.%s.v%d.seg.%llu", instance, SNAP_LAYOUT,
		(unsigned long long)stat_get(&page->segment));
	int fd = shm_open(name, O_RDWR | O_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	send_query(client_socket(INADDR_LOOPBACK, &s), 1);
	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	worker = -1;
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGBUS);
	while (len < sizeof(text) - 1 &&
		(n = read(log_pipe[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	ck_assert_ptr_nonnull(strstr(text,
		"level=error process=worker.0 what=\"memory fault\" signal=SIGBUS "));
	ck_assert_ptr_nonnull(strstr(text, "at=current+0x"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("udp");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, stop);
	tcase_add_test(tc, first_root);
	tcase_add_test(tc, new_generations);
	tcase_add_test(tc, address_that_was_asked);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, socket_gone);
	tcase_add_test(tc, retire);
	tcase_add_test(tc, fault);
	return run_case("udp", tc);
}
