/* fcgi.c: the only file that speaks FastCGI. */
#include "cgi/http/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/fd.h"

enum { QUEUE = 511, CHUNK = 1 << 20 };

static volatile sig_atomic_t stopping;

static void
on_signal(int number)
{
	(void)number;
	stopping = 1;
}

int
fcgi_listen(int *ret, const char *path, struct err *e)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof at.sun_path, "%s.%d", path, (int)getpid());
	mode_t mask;
	int bound;

	if (fd < 0)
		return err_sys(e, "make a socket");
	if (n < 0 || (size_t)n >= sizeof at.sun_path)
		return err_set(e, ERR_INPUT,
		    "the name of the socket '%s' is longer than the 107 bytes a socket may have",
		    path);
	unlink(at.sun_path);
	mask = umask(0117);
	bound = bind(fd, (const struct sockaddr *)&at, sizeof at);
	umask(mask);
	if (bound != 0)
		return err_sys(e, "bind the socket '%s'", at.sun_path);
	if (listen(fd, QUEUE) != 0 || rename(at.sun_path, path) != 0) {
		err_sys(e, "listen on '%s'", path);
		unlink(at.sun_path);
		return -1;
	}
	*ret = fd;
	fd = -1;
	return 0;
}

static const char *
variable(void *arg, const char *name)
{
	const FCGX_Request *q = arg;

	return FCGX_GetParam(name, q->envp);
}

static ssize_t
body(void *arg, void *p, size_t n)
{
	const FCGX_Request *q = arg;
	int got = FCGX_GetStr(p, (int)(n < CHUNK ? n : CHUNK), q->in);

	return FCGX_GetError(q->in) != 0 ? -1 : got;
}

/* A client that has gone is no failure: nobody is left to tell. */
static void
send_all(FCGX_Request *q, const struct buf *out)
{
	for (size_t at = 0; at < out->n;) {
		size_t left = out->n - at;
		int n = FCGX_PutStr(out->p + at, (int)(left < CHUNK ? left : CHUNK), q->out);

		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void
answer_one(FCGX_Request *q, fcgi_answer *answer, void *arg)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct request_input in = { variable, body, q };

	answer(&out, arg, &in);
	send_all(q, &out);
}

static int
take_signals(struct err *e)
{
	struct sigaction sa = { .sa_handler = on_signal };

	/* After FCGX_Init, which puts handlers of its own. No SA_RESTART: ppoll has to return. */
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGTERM, &sa, NULL) != 0 || sigaction(SIGINT, &sa, NULL) != 0)
		return err_sys(e, "take signals");
	return 0;
}

int
fcgi_serve(int fd, const sigset_t *unblocked, fcgi_answer *answer, void *arg, struct err *e)
{
	struct pollfd listening = { .fd = fd, .events = POLLIN };
	FCGX_Request q;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&q, fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		return err_set(e, ERR_INTERNAL, "FastCGI does not start");
	if (take_signals(e) != 0)
		return -1;
	while (!stopping) {
		/* The only place where a signal gets in: never in the middle of a request. */
		if (ppoll(&listening, 1, NULL, unblocked) < 0) {
			if (errno != EINTR)
				return err_sys(e, "wait for requests");
			continue;
		}
		/* A sibling may have been faster; then there is nothing to accept. */
		if (FCGX_Accept_r(&q) < 0)
			continue;
		answer_one(&q, answer, arg);
		FCGX_Finish_r(&q);
	}
	FCGX_Free(&q, 1);
	return 0;
}
