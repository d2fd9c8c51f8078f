/* pass.c: connections that waited in the queue of one socket are handed over to another. */
#include "worker/pass.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"

/* So many at once, so that an application with a short queue of its own is not flooded; and how
 * long one that does not listen is waited for. */
enum { PAIRS = 128, PIECE = 16 * 1024, AGAIN_MS = 10, PATIENCE_MS = 20 * 1000, LINGER_MS = 200 };

/* Bytes on their way from one end to the other. */
struct way {
	size_t from, until;
	bool ended, told;             /* the reading end has ended; the other one was told */
	char bytes[PIECE];
};

struct pair {
	int client, app;              /* client -1: free; app -1: not connected yet */
	int64_t since;
	struct way up, down;
};

static void
drop(struct pair *p)
{
	fd_close(&p->client);
	fd_close(&p->app);
}

/* -- connecting -- */

/* 1: connected, 0: try again, -1: no use. */
static int
reach(int *ret, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return 0;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&at, sizeof at) == 0) {
		*ret = fd;
		return 1;
	}
	close(fd);
	return errno == EAGAIN || errno == ECONNREFUSED || errno == ENOENT ? 0 : -1;
}

static bool
has_gone(int client)
{
	struct pollfd p = { .fd = client };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static void
connect_pair(struct pair *p, const char *path)
{
	int rc;

	if (has_gone(p->client)) {
		drop(p);
		return;
	}
	rc = reach(&p->app, path);
	if (rc < 0 || (rc == 0 && clock_mono() - p->since > PATIENCE_MS))
		drop(p);
}

static size_t
take_in(struct pair *pairs, int listener, const char *path)
{
	size_t busy = 0;

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair *p = &pairs[i];

		if (p->client < 0) {
			p->client = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			p->since = clock_mono();
			p->up = p->down = (struct way){ .ended = false };
		}
		if (p->client >= 0 && p->app < 0)
			connect_pair(p, path);
		busy += p->client >= 0;
	}
	return busy;
}

/* -- carrying -- */

static bool
passing(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* false: the pair is of no more use. */
static bool
carry(struct way *w, int from, int to)
{
	ssize_t n;

	if (w->from == w->until && !w->ended) {
		n = read(from, w->bytes, PIECE);
		if (n < 0 && !passing())
			return false;
		w->ended = n == 0;
		w->from = 0;
		w->until = n > 0 ? (size_t)n : 0;
	}
	if (w->from < w->until) {
		n = send(to, w->bytes + w->from, w->until - w->from, MSG_NOSIGNAL);
		if (n < 0 && !passing())
			return false;
		w->from += n > 0 ? (size_t)n : 0;
	}
	if (w->ended && !w->told && w->from == w->until)
		w->told = shutdown(to, SHUT_WR) == 0 || errno != EINTR;
	return true;
}

static short
wants(const struct way *in, const struct way *out)
{
	short events = 0;

	if (in->from == in->until && !in->ended)
		events |= POLLIN;
	if (out->from < out->until)
		events |= POLLOUT;
	return events;
}

/* An end that has told us all it had is left out, else its hang-up would be news for ever. */
static void
wait_for_news(const struct pair *pairs)
{
	struct pollfd fds[2 * PAIRS];
	nfds_t n = 0;

	for (size_t i = 0; i < PAIRS; i++) {
		const struct pair *p = &pairs[i];
		short client = wants(&p->up, &p->down), app = wants(&p->down, &p->up);

		if (p->client < 0 || p->app < 0)
			continue;
		if (client != 0)
			fds[n++] = (struct pollfd){ .fd = p->client, .events = client };
		if (app != 0)
			fds[n++] = (struct pollfd){ .fd = p->app, .events = app };
	}
	/* Also whoever could not be connected yet is looked at again. */
	poll(fds, n, AGAIN_MS);
}

void
pass_all(int listener, const char *path)
{
	struct pair *pairs = xmalloc(PAIRS * sizeof *pairs);
	int64_t last = clock_mono();

	for (size_t i = 0; i < PAIRS; i++)
		pairs[i].client = pairs[i].app = -1;
	/* Somebody who was just connecting when the sockets changed places may come late. */
	while (clock_mono() - last < LINGER_MS) {
		if (take_in(pairs, listener, path) > 0)
			last = clock_mono();
		for (size_t i = 0; i < PAIRS; i++) {
			struct pair *p = &pairs[i];

			if (p->client < 0 || p->app < 0)
				continue;
			/* When the application has answered in full, nobody reads more. */
			if (!carry(&p->up, p->client, p->app) ||
			    !carry(&p->down, p->app, p->client) ||
			    p->down.told)
				drop(p);
		}
		wait_for_news(pairs);
	}
	free(pairs);
}
