/* test_pair.c - messages and descriptors over a real pair */
#include "base/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

static int fd[2];

static void setup(void)
{
	ck_assert_int_eq(pair_open(fd), 0);
}

static void teardown(void)
{
	close(fd[0]);
	close(fd[1]);
}

START_TEST(message_arrives_whole)
{
	struct message_number out = {.type = MESSAGE_PREPARE, .number = 41};
	union message in;
	int passed = 7;

	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), -EAGAIN);
	ck_assert_int_eq(pair_send(fd[0], &out, sizeof(out), -1), 0);
	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), sizeof(out));
	ck_assert_mem_eq(&in, &out, sizeof(out));
	ck_assert_int_eq(passed, -1);
	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), -EAGAIN);
}
END_TEST

START_TEST(descriptor_travels)
{
	struct message_socket out = {.type = MESSAGE_SOCKET, .key = {.port = 53}};
	union message in;
	int pipes[2], passed;
	char c = 0;

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(pair_send(fd[0], &out, sizeof(out), pipes[1]), 0);
	close(pipes[1]);
	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), sizeof(out));
	ck_assert_int_ge(passed, 0);
	ck_assert_int_eq(fcntl(passed, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(write(passed, "x", 1), 1);
	ck_assert_int_eq(read(pipes[0], &c, 1), 1);
	ck_assert_int_eq(c, 'x');
}
END_TEST

/* Each type with the size that is its own. */
static const struct {
	uint32_t type;
	size_t len;
} types[] = {
	{MESSAGE_START, sizeof(struct message_start)},
	{MESSAGE_SOCKET, sizeof(struct message_socket)},
	{MESSAGE_SOCKET_GONE, sizeof(struct message_socket)},
	{MESSAGE_RETIRE, sizeof(struct message_number)},
	{MESSAGE_PREPARE, sizeof(struct message_number)},
	{MESSAGE_COMMIT, sizeof(struct message_number)},
	{MESSAGE_ABORT, sizeof(struct message_number)},
	{MESSAGE_READY, sizeof(struct message_number)},
	{MESSAGE_PREPARED, sizeof(struct message_prepared)},
	{MESSAGE_COMMITTED, sizeof(struct message_number)},
	{MESSAGE_PEER, sizeof(struct message_number)},
	{MESSAGE_PARK, sizeof(struct message_number)},
	{MESSAGE_CACHE, sizeof(struct message_cache)},
	{MESSAGE_LOOP, sizeof(struct message_number)},
	{MESSAGE_WORKERS, sizeof(struct message_number)},
};

START_TEST(only_the_right_size_is_taken)
{
	uint8_t octets[PAIR_MESSAGE_MAX + 8] = {0};
	union message in;
	int passed;

	memcpy(octets, &types[_i].type, sizeof(uint32_t));
	for (size_t len = 1; len <= sizeof(octets); len++) {
		ck_assert_int_eq(pair_send(fd[0], octets, len, -1), 0);
		ck_assert_int_eq(pair_recv(fd[1], &in, &passed),
			len == types[_i].len ? (int)len : -EBADMSG);
	}
}
END_TEST

START_TEST(unknown_types_are_refused)
{
	static const uint32_t unknown[] = {0, MESSAGE_WORKERS + 1, UINT32_MAX};
	union message in;
	int passed = -2;

	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		struct message_number out = {.type = unknown[i]};

		ck_assert_int_eq(pair_send(fd[0], &out, sizeof(out), fd[0]), 0);
		ck_assert_int_eq(pair_recv(fd[1], &in, &passed), -EBADMSG);
		ck_assert_int_eq(passed, -2); /* untouched: the descriptor was closed */
	}
}
END_TEST

START_TEST(two_descriptors_are_refused)
{
	struct message_number out = {.type = MESSAGE_PREPARE};
	struct iovec iov = {.iov_base = &out, .iov_len = sizeof(out)};
	union {
		struct cmsghdr head;
		char octets[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	union message in;
	int passed = -2, lowest = dup(0);

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(&control.head), fd, 2 * sizeof(int));
	ck_assert_int_eq(sendmsg(fd[0], &m, 0), sizeof(out));
	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), -EBADMSG);
	ck_assert_int_eq(passed, -2);
	ck_assert_int_eq(dup(0), lowest + 1); /* none was left open */
}
END_TEST

START_TEST(strings_end)
{
	struct message_prepared out = {.type = MESSAGE_PREPARED};
	union message in;
	int passed;

	memset(out.error, 'x', sizeof(out.error));
	ck_assert_int_eq(pair_send(fd[0], &out, sizeof(out), -1), 0);
	ck_assert_int_gt(pair_recv(fd[1], &in, &passed), 0);
	ck_assert_uint_eq(strlen(in.prepared.error), sizeof(out.error) - 1);
}
END_TEST

START_TEST(peer_gone)
{
	struct message_number out = {.type = MESSAGE_READY};
	union message in;
	int passed;

	ck_assert_int_eq(pair_send(fd[0], &out, sizeof(out), -1), 0);
	close(fd[0]);
	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), sizeof(out));
	ck_assert_int_eq(pair_recv(fd[1], &in, &passed), -EPIPE);
	ck_assert_int_eq(pair_send(fd[1], &out, sizeof(out), -1), -EPIPE);
	fd[0] = dup(0);
}
END_TEST

START_TEST(full_queue_says_so)
{
	struct message_number out = {.type = MESSAGE_READY};
	int ret = 0, sent = 0;

	for (; ret == 0 && sent < 1000000; sent++)
		ret = pair_send(fd[0], &out, sizeof(out), -1);
	ck_assert_int_eq(ret, -EAGAIN);
	ck_assert_int_gt(sent, 100);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("pair");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, message_arrives_whole);
	tcase_add_test(tc, descriptor_travels);
	tcase_add_loop_test(tc, only_the_right_size_is_taken, 0, ARRAY_LEN(types));
	tcase_add_test(tc, unknown_types_are_refused);
	tcase_add_test(tc, two_descriptors_are_refused);
	tcase_add_test(tc, strings_end);
	tcase_add_test(tc, peer_gone);
	tcase_add_test(tc, full_queue_says_so);
	return run_case("pair", tc);
}
