/* main.c: lazarette-web: a supervisor that keeps a few single-threaded children behind one socket.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgi/answer.h"
#include "cgi/http/fcgi.h"
#include "cgi/route.h"
#include "cgi/sandbox.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

enum { CHILDREN_MAX = 64, EX_CONFIG = 78, RESPAWN_PAUSE = 1000 };

struct supervisor {
	const struct conf *conf;
	int fd;                       /* the listening socket */
	sigset_t unblocked;           /* the mask to wait with */
	pid_t children[CHILDREN_MAX];
	int64_t started[CHILDREN_MAX];
	size_t count;
};

static volatile sig_atomic_t stop, restart, child_ended;

static void
on_signal(int number)
{
	if (number == SIGHUP)
		restart = 1;
	else if (number == SIGCHLD)
		child_ended = 1;
	else
		stop = 1;
}

static void
take_signals(sigset_t *unblocked)
{
	static const int taken[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t blocked;

	sigemptyset(&sa.sa_mask);
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		sigaddset(&blocked, taken[i]);
		sigaction(taken[i], &sa, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &blocked, unblocked);
}

struct child {
	struct app app;
	bool confined;
};

/* The rules are on the files of the catalogue, so it has to be open. Until the worker has made it
 * or brought it up to date, every request gets "not yet", and the filter stands alone. */
static int
confine(struct child *c, struct err *e)
{
	struct err why;

	if (c->confined)
		return 0;
	if (c->app.db == NULL && db_open(&c->app.db, c->app.conf->catalog, &why) != 0)
		return 0;
	c->confined = true;
	return sandbox_files(c->app.conf, e);
}

static void
answer(struct buf *out, void *context, const struct request_input *in)
{
	struct child *c = context;
	struct err e;

	if (confine(c, &e) != 0) {
		log_line(LOG_ERROR, "web.sandbox", "%s", e.text);
		exit(1);
	}
	answer_request(out, &c->app, in);
}

/* One child: until SIGTERM, or until the supervisor is no more. */
static NORETURN void
serve(const struct supervisor *s, pid_t parent)
{
	struct child c = { .app.conf = s->conf };
	struct err e;
	int rc;

	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(0);
	rc = sandbox_enter(&e) != 0 || confine(&c, &e) != 0
	    ? -1
	    : fcgi_serve(s->fd, &s->unblocked, answer, &c, &e);
	if (rc != 0)
		log_line(LOG_ERROR, "web.child", "%s", e.text);
	db_close(c.app.db);
	exit(rc != 0);
}

static void
spawn(struct supervisor *s, size_t i)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		serve(s, parent);
	if (pid < 0)
		log_line(LOG_ERROR, "web.fork", "%s", strerror(errno));
	s->children[i] = pid > 0 ? pid : 0;
	s->started[i] = clock_mono();
}

/* Take note of the dead. A child that was told to end leaves with 0. */
static void
reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < s->count; i++)
			if (s->children[i] == pid)
				s->children[i] = 0;
		if (WIFSIGNALED(status))
			log_line(LOG_ERROR, "web.child", "child %d was killed by signal %d (%s)",
			    (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
		else if (WEXITSTATUS(status) != 0)
			log_line(LOG_ERROR, "web.child", "child %d ended with exit code %d",
			    (int)pid, WEXITSTATUS(status));
	}
}

static void
signal_children(const struct supervisor *s, int number)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->children[i] > 0)
			kill(s->children[i], number);
}

/* The free places, filled. A child that died at once is not replaced at once. */
static void
fill(struct supervisor *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->children[i] > 0)
			continue;
		if (s->started[i] != 0 && clock_mono() - s->started[i] < RESPAWN_PAUSE)
			clock_sleep(RESPAWN_PAUSE);
		spawn(s, i);
	}
}

static size_t
alive(const struct supervisor *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++)
		count += s->children[i] > 0;
	return count;
}

static void
supervise(struct supervisor *s)
{
	while (!stop) {
		reap(s);
		fill(s);
		child_ended = 0;
		sigsuspend(&s->unblocked);
		if (restart) {
			restart = 0;
			log_line(LOG_INFO, "web.restart", "the children are replaced");
			signal_children(s, SIGTERM);
		}
	}
	signal_children(s, SIGTERM);
	while (alive(s) > 0) {
		sigsuspend(&s->unblocked);
		reap(s);
	}
}

/* For the tests that walk over every route: method, pattern, right, guard. */
static void
print_routes(void)
{
	size_t count;
	const struct route *rows = route_table(&count);

	for (size_t i = 0; i < count; i++)
		printf("%s %s %s %s\n", rows[i].method == METHOD_POST ? "POST" : "GET",
		    rows[i].pattern, right_name(rows[i].right), route_guard_name(rows[i].guard));
}

static int
run(struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct supervisor s = { .fd = -1 };
	struct conf conf;
	const char *path;

	if (conf_read(&conf, arena, conf_home(arena), e) != 0)
		return -1;
	path = arena_printf(arena, "%s/web.sock", conf.run);
	if (fcgi_listen(&s.fd, path, e) != 0)
		return -1;
	s.conf = &conf;
	s.count = (size_t)(conf.web_processes < CHILDREN_MAX ? conf.web_processes : CHILDREN_MAX);
	take_signals(&s.unblocked);
	log_line(LOG_INFO, "web.start", "%zu processes on %s for %s", s.count, path,
	    conf.public_url);
	clock_begin();
	supervise(&s);
	log_line(LOG_INFO, "web.stop", "every request was finished");
	close(s.fd);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e;

	if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
		print_routes();
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("lazarette-web %s\n", LAZARETTE_VERSION);
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr,
		    "usage: lazarette-web (LAZARETTE_HOME names the folder of the instance)\n");
		return 64;
	}
	if (sodium_init() < 0) {
		log_line(LOG_ERROR, "web.start", "libsodium does not start");
		return 1;
	}
	if (getenv("LAZARETTE_DEBUG") != NULL)
		log_set_level(LOG_DEBUG);
	if (run(&e) != 0) {
		log_line(LOG_ERROR, "web.start", "%s", e.text);
		return e.kind == ERR_INPUT ? EX_CONFIG : 1;
	}
	return 0;
}
