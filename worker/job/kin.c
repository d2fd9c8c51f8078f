/* kin.c: all that a job started. */
#include "worker/job/kin.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/num.h"

/* The session of `pid` (proc(5): "pid (comm) state ppid pgrp session …"). */
static bool
read_session(long *session, int64_t pid)
{
	char path[64], text[1024], *at;
	CLEANUP_FD int fd = -1;
	struct err e;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = fd_read_full(fd, text, sizeof text - 1, &e);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* A name may hold anything, ')' too: the fields begin behind the last one. */
	at = strrchr(text, ')');
	return at != NULL && sscanf(at + 1, " %*c %*d %*d %ld", session) == 1;
}

static int
kill_once(pid_t leader)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int64_t pid;
	long session;
	int found = 0;

	while (proc != NULL && (d = readdir(proc)) != NULL) {
		if (!num_parse(&pid, d->d_name, 2, INT32_MAX) || pid == leader ||
		    !read_session(&session, pid) || session != leader)
			continue;
		found += kill((pid_t)pid, SIGKILL) == 0;
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

void
kin_kill(pid_t leader)
{
	/* Whoever was being started during the first look is there at the second. */
	for (int i = 0; i < 3 && kill_once(leader) > 0; i++)
		continue;
}
