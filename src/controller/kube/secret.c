#include "controller/kube/secret.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

uint8_t *secret_make(struct secret *s, size_t len)
{
	secret_clear(s);
	s->data = mem_alloc(len + 1, 1);
	s->len = len;
	return s->data;
}

void secret_set(struct secret *s, const void *data, size_t len)
{
	uint8_t *to = secret_make(s, len);

	if (len > 0)
		memcpy(to, data, len);
}

void secret_clear(struct secret *s)
{
	if (s->data != NULL)
		explicit_bzero(s->data, s->len);
	free(s->data);
	*s = (struct secret){0};
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

const char *secret_text(const struct secret *s)
{
	return s->data != NULL ? (const char *)s->data : "";
}

void secret_forget(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}
