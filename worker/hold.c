/* hold.c: requests to an application wait while it must stand still. */
#include "worker/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "worker/pass.h"

enum {
	PATH_SIZE = sizeof ((struct sockaddr_un *)0)->sun_path,
	QUEUE = 4096,                 /* as many as net.core.somaxconn lets */
	ACCEPTS = 0x10000,            /* of a socket that listens, in /proc/net/unix */
	DRAIN_MS = 10 * 1000, LOOK_MS = 20, LET_GO_MS = 10 * 1000,
};

struct hold {
	char path[PATH_SIZE], held[PATH_SIZE], lock_path[PATH_SIZE];
	int lock, listener;
	struct stat ours;             /* the socket that nobody accepts from */
};

static int
name_all(struct hold *h, const char *path, struct err *e)
{
	*h = (struct hold){ .lock = -1, .listener = -1 };
	if (*path != '/' || snprintf(h->lock_path, PATH_SIZE, "%s.lock", path) >= PATH_SIZE)
		return err_set(e, ERR_INPUT, "'%s' is no absolute path of a socket of at most %d "
		    "bytes", path, PATH_SIZE - 6);
	snprintf(h->path, PATH_SIZE, "%s", path);
	snprintf(h->held, PATH_SIZE, "%s.held", path);
	h->lock = open(h->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return h->lock < 0 ? err_sys(e, "open '%s'", h->lock_path) : 0;
}

/* Who holds now; 0: nobody. */
static pid_t
holder(const struct hold *h)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(h->lock, F_GETLK, &all) == 0 && all.l_type != F_UNLCK ? all.l_pid : 0;
}

static bool
is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool
answers(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	return connect(fd, (const struct sockaddr *)&at, sizeof at) == 0 || errno == EAGAIN;
}

static int
change_places(const struct hold *h, struct err *e)
{
	return renameat2(AT_FDCWD, h->path, AT_FDCWD, h->held, RENAME_EXCHANGE) == 0
	    ? 0
	    : err_sys(e, "exchange '%s' and '%s'", h->path, h->held);
}

/* A holder that was killed has left the application's socket aside. */
static int
repair(const struct hold *h, struct err *e)
{
	if (!is_socket(h->held))
		return 0;
	if (answers(h->held) && !answers(h->path) && change_places(h, e) != 0)
		return -1;
	return unlink(h->held) == 0 || errno == ENOENT ? 0 : err_sys(e, "remove '%s'", h->held);
}

/* -- the holder -- */

/*
 * Whoever may connect to the application may wait for it: the web server mostly by the group. Where
 * that cannot be given on, the web server would be refused for the whole freeze, which is worse
 * than no freeze.
 */
static int
let_in(const struct hold *h, const struct stat *app, struct err *e)
{
	mode_t mode = app->st_mode & 0777;
	struct stat own;

	if (chown(h->held, app->st_uid, app->st_gid) != 0 &&
	    chown(h->held, (uid_t)-1, app->st_gid) != 0 && errno != EPERM)
		return err_sys(e, "'%s'", h->held);
	if (chmod(h->held, mode) != 0 || stat(h->held, &own) != 0)
		return err_sys(e, "'%s'", h->held);
	if ((mode & S_IWOTH) != 0 || (own.st_uid == app->st_uid && own.st_gid == app->st_gid))
		return 0;
	if ((mode & S_IWGRP) == 0)
		return err_set(e, ERR_INPUT, "only the owner of '%s' may connect to it, and this "
		    "program is another user: make it writable for the group of the web server, "
		    "or requests would be refused while they should wait", h->path);
	if (own.st_gid == app->st_gid)
		return 0;
	return err_set(e, ERR_INPUT, "the group %u of '%s' cannot be given to the socket that "
	    "takes its place, so the web server could not connect: put this program's user into "
	    "that group", (unsigned)app->st_gid, h->path);
}

static int
listen_beside(struct hold *h, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat app;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", h->held);
	h->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->listener < 0 || stat(h->path, &app) != 0 ||
	    bind(h->listener, (const struct sockaddr *)&at, sizeof at) != 0)
		return err_sys(e, "make '%s'", h->held);
	if (let_in(h, &app, e) != 0)
		return -1;
	return listen(h->listener, QUEUE) == 0 && stat(h->held, &h->ours) == 0
	    ? 0 : err_sys(e, "'%s'", h->held);
}

/* Connections of the application's socket, waiting ones too: they bear its name, whatever the file
 * is called by now (proc(5): "num: refs protocol flags type state inode path"). -1: nobody here
 * listens by that name, so nothing can be said. */
static int
at_work(const char *path)
{
	FILE *f = fopen("/proc/net/unix", "re");
	unsigned flags, state;
	char line[512], name[256];
	bool listens = false;
	int n = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "%*s %*x %*x %x %*x %x %*u %255s", &flags, &state,
		        name) != 3 ||
		    strcmp(name, path) != 0)
			continue;
		listens |= (flags & ACCEPTS) != 0;
		n += (flags & ACCEPTS) == 0 && (state == 2 || state == 3);
	}
	if (f != NULL)
		fclose(f);
	return listens ? n : -1;
}

static int
drain(const struct hold *h, int64_t seconds, struct err *e)
{
	int64_t limit = seconds * 500 < DRAIN_MS ? seconds * 500 : DRAIN_MS;
	int64_t until = clock_mono() + limit;
	int n;

	while ((n = at_work(h->path)) > 0 && clock_mono() < until)
		clock_sleep(LOOK_MS);
	if (n == 0)
		return 0;
	if (n < 0)
		return err_set(e, ERR_INPUT, "nobody on this machine listens at '%s' by that name, "
		    "so it cannot be seen whether requests are at work", h->path);
	return err_set(e, ERR_BUSY, "%d requests were still at work after %" PRId64 " ms", n,
	    limit);
}

/* Unless the application has been started again and has made a new one. */
static int
change_back(const struct hold *h, struct err *e)
{
	struct stat now;

	if (stat(h->path, &now) == 0 && now.st_ino == h->ours.st_ino &&
	    now.st_dev == h->ours.st_dev && change_places(h, e) != 0)
		return -1;
	return unlink(h->held) == 0 || errno == ENOENT ? 0 : err_sys(e, "remove '%s'", h->held);
}

static void
end_signal(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
}

static void
block_end(void)
{
	sigset_t set;

	end_signal(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void
wait_for_end(int64_t deadline)
{
	CLEANUP_FD int fd = -1;
	struct pollfd p = { .events = POLLIN };
	sigset_t set;

	end_signal(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	p.fd = fd;
	for (int64_t left; (left = deadline - clock_mono()) > 0;)
		if (poll(&p, 1, (int)(left < 500 ? left : 500)) > 0)
			return;
}

static void
to_nowhere(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

static int
start_holding(struct hold *h, struct err *e)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(h->lock, F_SETLK, &all) != 0)
		return err_set(e, ERR_CONFLICT, "'%s' is held already", h->path);
	if (repair(h, e) != 0)
		return -1;
	if (listen_beside(h, e) == 0 && change_places(h, e) == 0)
		return 0;
	unlink(h->held);
	return -1;
}

/* A process of its own: no signal to its caller's group or session reaches it. */
static NORETURN void
hold(struct hold *h, int64_t seconds, int answer)
{
	int64_t deadline = clock_mono() + seconds * 1000;
	struct rlimit files;
	bool idle;
	struct err e;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (start_holding(h, &e) != 0) {
		dprintf(answer, "%s", e.text);
		_exit(1);
	}
	idle = drain(h, seconds, &e) == 0;
	/* First of all to be let go by who asks, then said. */
	block_end();
	dprintf(answer, "%s", idle ? "held" : e.text);
	close(answer);
	to_nowhere();
	if (idle)
		wait_for_end(deadline);
	if (change_back(h, &e) != 0)
		_exit(1);
	/* Who holds next need not wait for answers that take long: what is handed over then waits
	 * once more. */
	close(h->lock);
	pass_all(h->listener, h->path);
	_exit(0);
}

/* -- the callers -- */

int
hold_begin(const char *path, int64_t seconds, struct err *e)
{
	char said[ERR_TEXT_MAX] = "";
	CLEANUP_FD int ear = -1;
	struct hold h;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (name_all(&h, path, e) != 0)
		return -1;
	if (!is_socket(path))
		return err_set(e, ERR_INPUT, "'%s' is no socket", path);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	pid = fork();
	if (pid < 0)
		return err_sys(e, "start a process");
	if (pid == 0) {
		close(ends[0]);
		hold(&h, seconds, ends[1]);
	}
	close(ends[1]);
	ear = ends[0];
	n = fd_read_full(ear, said, sizeof said - 1, e);
	if (n < 0)
		return -1;
	if (strcmp(said, "held") == 0)
		return 0;
	return err_set(e, ERR_BUSY, "%s", n > 0 ? said : "the holder has died");
}

int
hold_end(const char *path, struct err *e)
{
	int64_t until = clock_mono() + LET_GO_MS;
	struct hold h;
	pid_t pid;

	if (name_all(&h, path, e) != 0)
		return -1;
	pid = holder(&h);
	if (pid == 0)
		return repair(&h, e);
	kill(pid, SIGTERM);
	/* The lock goes when the sockets have changed back, before anything is handed over. */
	while (holder(&h) == pid && clock_mono() < until)
		clock_sleep(LOOK_MS);
	if (holder(&h) == pid)
		return err_set(e, ERR_BUSY, "'%s' is not let go", path);
	return holder(&h) == 0 ? repair(&h, e) : 0;
}
