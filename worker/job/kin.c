/* kin.c: the processes a process started. */
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

/* The parent and the process group of `pid` (proc(5): "pid (comm) state ppid pgrp …"). */
static bool
read_stat(long *parent, long *group, int64_t pid)
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
	return at != NULL && sscanf(at + 1, " %*c %ld %ld", parent, group) == 2;
}

void
kin_kill(pid_t parent)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int64_t pid;
	long ppid, group;

	if (proc == NULL)
		return;
	while ((d = readdir(proc)) != NULL) {
		if (!num_parse(&pid, d->d_name, 2, INT32_MAX) || !read_stat(&ppid, &group, pid) ||
		    ppid != parent)
			continue;
		if (group == pid)
			kill((pid_t)-pid, SIGKILL);
		kill((pid_t)pid, SIGKILL);
	}
	closedir(proc);
}
