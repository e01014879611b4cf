/*
 * stub.c - asks the C library's own resolver, as any program does
 *
 *   stub NAME 4|6|any   one line for each address, `canon NAME` in front; or `error WHY`
 *
 * Built twice by test_stubs.py: with glibc, and with musl.
 */
#define _GNU_SOURCE /* EAI_NODATA */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#ifndef EAI_NODATA
#define EAI_NODATA (-5)
#endif

static const char *word(int error)
{
	switch (error) {
	case EAI_NONAME:
		return "NONAME";
	case EAI_NODATA:
		return "NODATA";
	case EAI_AGAIN:
		return "AGAIN";
	case EAI_FAIL:
		return "FAIL";
	default:
		return gai_strerror(error);
	}
}

static void print(const struct addrinfo *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (a->ai_family == AF_INET) {
		struct sockaddr_in sin;

		memcpy(&sin, a->ai_addr, sizeof(sin));
		inet_ntop(AF_INET, &sin.sin_addr, text, sizeof(text));
	} else if (a->ai_family == AF_INET6) {
		struct sockaddr_in6 sin6;

		memcpy(&sin6, a->ai_addr, sizeof(sin6));
		inet_ntop(AF_INET6, &sin6.sin6_addr, text, sizeof(text));
	}
	puts(text);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME};
	struct addrinfo *list = NULL;

	if (argc != 3)
		return 2;
	hints.ai_family = strcmp(argv[2], "4") == 0   ? AF_INET
	                  : strcmp(argv[2], "6") == 0 ? AF_INET6
	                                              : AF_UNSPEC;
	int error = getaddrinfo(argv[1], NULL, &hints, &list);
	if (error != 0) {
		printf("error %s\n", word(error));
		return 0;
	}
	printf("canon %s\n", list->ai_canonname);
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
		print(a);
	freeaddrinfo(list);
	return 0;
}
