/* sftp_talk.c: one request to a server over SFTP, tried again. */
#include "lib/util/sftp_talk.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/rand.h"

enum {
	POOL = 4, STALL_MS = 60000, PAUSE_MS = 250, PAUSE_MAX_MS = 10000, TRIES = 6,
	TEXT_MAX = 64 << 20, SEND_BUFFER = 1 << 20, FILE_MODE = 0600, FOLDER_MODE = 0700,
};

struct sftp {
	struct arena *arena;
	struct sftp_place at;
	const char *origin;           /* "sftp://host:port" */
	int key;                      /* the private key, in memory alone; libcurl wants a file */
	const char *key_file;
	pthread_mutex_t lock;
	CURL *idle[POOL];
	size_t idle_n;
};

/* -- the server -- */

/* No disk ever sees it. */
static int
keep_key(struct sftp *s, struct err *e)
{
	s->key = memfd_create("sftp", MFD_CLOEXEC);
	if (s->key < 0 || fd_write_all(s->key, s->at.secret, strlen(s->at.secret), e) != 0)
		return err_sys(e, "keep a private key in memory");
	s->key_file = arena_printf(s->arena, "/proc/self/fd/%d", s->key);
	return 0;
}

static struct sftp *
make(const struct sftp_place *at)
{
	struct arena *a = arena_new();
	struct sftp *s = arena_alloc(a, sizeof *s);
	bool v6 = strchr(at->host, ':') != NULL;

	*s = (struct sftp){
		.arena = a,
		.at = {
			.host = arena_dup(a, at->host), .login = arena_dup(a, at->login),
			.port = at->port, .with_key = at->with_key,
			.secret = arena_dup(a, at->secret), .host_key = arena_dup(a, at->host_key),
			.stall_ms = at->stall_ms > 0 ? at->stall_ms : STALL_MS,
			.pause_ms = at->pause_ms > 0 ? at->pause_ms : PAUSE_MS,
			.tries = at->tries > 0 ? at->tries : TRIES,
		},
		.origin = arena_printf(a, "sftp://%s%s%s:%lld", v6 ? "[" : "", at->host,
		    v6 ? "]" : "", (long long)at->port),
		.key = -1, .key_file = "",
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	return s;
}

int
sftp_talk_new(struct sftp **ret, const struct sftp_place *at, struct err *e)
{
	struct sftp *s = make(at);

	if (at->with_key && keep_key(s, e) != 0) {
		sftp_talk_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void
sftp_talk_free(struct sftp *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->idle_n; i++)
		curl_easy_cleanup(s->idle[i]);
	if (s->key >= 0)
		close(s->key);
	pthread_mutex_destroy(&s->lock);
	arena_free(s->arena);
}

struct sftp *
sftp_talk_stranger(const struct sftp_place *at)
{
	struct sftp_place stranger = *at;

	stranger.host_key = stranger.secret = stranger.login = "";
	stranger.with_key = false;
	return make(&stranger);
}

const char *
sftp_talk_host(const struct sftp *s)
{
	return s->at.host;
}

/* A handle keeps its connection for the next request. */
static CURL *
take_handle(struct sftp *s)
{
	CURL *c = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->idle_n > 0)
		c = s->idle[--s->idle_n];
	pthread_mutex_unlock(&s->lock);
	return c != NULL ? c : curl_easy_init();
}

static void
give_handle(struct sftp *s, CURL *c)
{
	curl_easy_reset(c);
	pthread_mutex_lock(&s->lock);
	if (s->idle_n < POOL) {
		s->idle[s->idle_n++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	if (c != NULL)
		curl_easy_cleanup(c);
}

/* -- what libcurl calls -- */

/* Before anything of ours is sent. "SHA256:…", as ssh-keygen -l says it. */
static int
see_key(void *arg, int type UNUSED, const char *key, size_t n)
{
	struct sftp_talk *t = arg;
	unsigned char digest[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
	unsigned size = 0;

	if (EVP_Digest(key, n, digest, &size, EVP_sha256(), NULL) != 1)
		return CURLKHMATCH_MISMATCH;
	EVP_EncodeBlock(text, digest, (int)size);
	text[strcspn((char *)text, "=")] = '\0';
	snprintf(t->met, sizeof t->met, "SHA256:%.50s", (char *)text);
	return strcmp(t->met, t->s->at.host_key) == 0 ? CURLKHMATCH_OK : CURLKHMATCH_MISMATCH;
}

static size_t
give_bytes(char *p, size_t size, size_t count, void *arg)
{
	struct sftp_talk *t = arg;
	size_t n = size * count, left = t->o->put->n - (size_t)t->sent;

	if (n > left)
		n = left;
	memcpy(p, (const char *)t->o->put->p + t->sent, n);
	t->sent += (int64_t)n;
	return n;
}

/* The piece begins where the file ends: nothing to be passed over. */
static int
seek(void *arg UNUSED, curl_off_t offset UNUSED, int origin UNUSED)
{
	return CURL_SEEKFUNC_OK;
}

static size_t
take_bytes(char *p, size_t size, size_t count, void *arg)
{
	struct sftp_talk *t = arg;
	size_t n = size * count;

	if (t->o->get != NULL) {
		t->too_long = n > t->o->get->n - t->got;
		if (t->too_long)
			return 0;
		memcpy(t->o->into + t->got, p, n);
		t->got += n;
		return n;
	}
	t->too_long = t->o->text == NULL || n > TEXT_MAX - t->o->text->n;
	if (t->too_long)
		return 0;
	buf_add(t->o->text, p, n);
	return n;
}

static size_t
take_told(char *p, size_t size, size_t count, void *arg)
{
	struct sftp_talk *t = arg;

	if (t->o->told != NULL && t->o->told->n < BUFSIZ)
		buf_add(t->o->told, p, size * count);
	return size * count;
}

static int
watch(void *arg, curl_off_t d1 UNUSED, curl_off_t down, curl_off_t u1 UNUSED, curl_off_t up)
{
	struct sftp_talk *t = arg;
	int64_t now = clock_mono();

	if (down + up != t->moved) {
		t->moved = down + up;
		t->moved_at = now;
	}
	return now - t->moved_at > t->s->at.stall_ms;
}

/* -- one try -- */

static void
log_in(struct sftp_talk *t)
{
	const struct sftp_place *at = &t->s->at;
	CURL *c = t->c;

	curl_easy_setopt(c, CURLOPT_SSH_HOSTKEYFUNCTION, see_key);
	curl_easy_setopt(c, CURLOPT_SSH_HOSTKEYDATA, t);
	curl_easy_setopt(c, CURLOPT_USERNAME, at->login);
	if (at->with_key) {
		curl_easy_setopt(c, CURLOPT_SSH_AUTH_TYPES, (long)CURLSSH_AUTH_PUBLICKEY);
		curl_easy_setopt(c, CURLOPT_SSH_PRIVATE_KEYFILE, t->s->key_file);
	} else {
		curl_easy_setopt(c, CURLOPT_SSH_AUTH_TYPES,
		    (long)(CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD));
		curl_easy_setopt(c, CURLOPT_PASSWORD, at->secret);
	}
}

static void
set_up_put(struct sftp_talk *t)
{
	const struct sftp_piece *put = t->o->put;
	CURL *c = t->c;

	t->sent = (int64_t)t->skip;
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give_bytes);
	curl_easy_setopt(c, CURLOPT_READDATA, t);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, seek);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)(put->from + (int64_t)put->n));
	/* Never to cut it short: of a connection that broke, that could be done late, on what a
	 * later one has written. What goes on behind a beginning does not make the file. */
	curl_easy_setopt(c, CURLOPT_APPEND, put->from + (int64_t)t->skip == 0 ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE,
	    (curl_off_t)(put->from + (int64_t)t->skip));
	curl_easy_setopt(c, CURLOPT_NEW_FILE_PERMS, (long)FILE_MODE);
	curl_easy_setopt(c, CURLOPT_NEW_DIRECTORY_PERMS, (long)FOLDER_MODE);
	curl_easy_setopt(c, CURLOPT_FTP_CREATE_MISSING_DIRS,
	    put->from == 0 ? (long)CURLFTP_CREATE_DIR : (long)CURLFTP_CREATE_DIR_NONE);
}

static void
set_up(struct sftp_talk *t, struct arena *a)
{
	const struct sftp_order *o = t->o;
	CURL *c = t->c;

	curl_easy_setopt(c, CURLOPT_URL, arena_printf(a, "%s%s", t->s->origin, o->path));
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "sftp");
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)t->s->at.stall_ms);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_told);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(c, CURLOPT_QUOTE, t->quotes);
	curl_easy_setopt(c, CURLOPT_FILETIME, o->looks ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_NOBODY,
	    o->put == NULL && o->get == NULL && o->text == NULL ? 1L : 0L);
	log_in(t);
	if (o->put != NULL)
		set_up_put(t);
	if (o->get != NULL)
		curl_easy_setopt(c, CURLOPT_RANGE, arena_printf(a, "%lld-%lld",
		    (long long)o->get->from,
		    (long long)o->get->from + (long long)o->get->n - 1));
}

static int
other_key(const struct sftp_talk *t, struct err *e)
{
	return err_set(e, ERR_DENIED, "%s shows the key %s, and not the one that was confirmed "
	    "(%s): nothing was sent to it. If it was set up anew, test the storage and compare the "
	    "key on its page; if not, another machine may stand in its place", t->s->at.host,
	    t->met, t->s->at.host_key);
}

static int
failed(struct sftp_talk *t, CURLcode code, struct err *e)
{
	const struct sftp_place *at = &t->s->at;
	const char *why = *t->detail != '\0' ? t->detail : curl_easy_strerror(code);

	if (*t->met != '\0' && strcmp(t->met, at->host_key) != 0)
		return other_key(t, e);
	if (t->too_long)
		return err_set(e, ERR_DAMAGED, "%s sent more than was asked for", at->host);
	if (code == CURLE_LOGIN_DENIED)
		return err_set(e, ERR_DENIED, "%s does not accept the %s for the account %s%s",
		    at->host, at->with_key ? "private key" : "password", at->login,
		    at->with_key ? ": is its public half in authorized_keys there?" : "");
	/* Also what libcurl says when a connection breaks while it makes the folders above. */
	t->again = code == CURLE_REMOTE_FILE_NOT_FOUND && t->o->put != NULL && t->o->put->from == 0;
	if (code == CURLE_REMOTE_FILE_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "%s has no '%s'", at->host, t->o->path);
	if (code == CURLE_REMOTE_ACCESS_DENIED)
		return err_set(e, ERR_DENIED, "%s does not let the account %s do that: %s",
		    at->host, at->login, why);
	if (code == CURLE_REMOTE_DISK_FULL)
		return err_set(e, ERR_FULL, "the disk of %s is full", at->host);
	/* A command that was refused, or what only it knows. */
	if (code == CURLE_QUOTE_ERROR)
		return err_set(e, ERR_CONFLICT, "%s refused it: %s", at->host, why);
	t->again = true;
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(e, ERR_BUSY, "%s was not found", at->host);
	if (code == CURLE_COULDNT_CONNECT)
		return err_set(e, ERR_BUSY, "%s could not be reached", at->host);
	if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(e, ERR_BUSY, "%s did not answer in time", at->host);
	return err_set(e, ERR_BUSY, "%s broke off: %s", at->host, why);
}

static int
attempt(struct sftp_talk *t, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	curl_off_t size = -1, changed = -1;
	CURLcode code;

	t->again = t->too_long = false;
	t->got = 0;
	/* What an earlier try had got of a list does not count. */
	if (t->o->text != NULL)
		buf_clear(t->o->text);
	if (t->o->told != NULL)
		buf_clear(t->o->told);
	t->moved = 0;
	t->moved_at = clock_mono();
	*t->met = *t->detail = '\0';
	t->c = take_handle(t->s);
	if (t->c == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl could not start");
	set_up(t, a);
	code = curl_easy_perform(t->c);
	curl_easy_getinfo(t->c, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
	curl_easy_getinfo(t->c, CURLINFO_FILETIME_T, &changed);
	t->size = size;
	t->changed = changed;
	give_handle(t->s, t->c);
	if (code != CURLE_OK)
		return failed(t, code, e);
	if (t->o->get == NULL || t->got == t->o->get->n)
		return 0;
	t->again = true;
	return err_set(e, ERR_DAMAGED, "%s sent %zu bytes where %zu were asked for",
	    t->s->at.host, t->got, t->o->get->n);
}

/* The longer it goes on the longer they get, and no two workers wait alike. */
static void
wait_a_little(const struct sftp *s, int tries)
{
	int64_t most = s->at.pause_ms << (tries < 16 ? tries - 1 : 15);

	if (most > PAUSE_MAX_MS)
		most = PAUSE_MAX_MS;
	clock_sleep(most / 2 + (int64_t)rand_below((uint64_t)most / 2 + 1));
}

int
sftp_talk_send(struct sftp_talk *t, int *tries, sftp_talk_again *again, struct err *e)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct sftp *s = t->s;
	int rc = -1;

	for (size_t i = 0; i < 2 && t->o->quotes[i] != NULL; i++) {
		struct curl_slist *more = curl_slist_append(t->quotes, t->o->quotes[i]);

		if (more == NULL)
			abort();
		t->quotes = more;
	}
	for (*tries = 1;; ++*tries) {
		rc = *tries > 1 && again != NULL ? again(t, e) : 0;
		if (rc == 0)
			rc = attempt(t, e);
		if (rc == 0 || !t->again || *tries >= s->at.tries)
			break;
		wait_a_little(s, *tries);
	}
	curl_slist_free_all(t->quotes);
	t->quotes = NULL;
	if (rc == 0 || *tries == 1)
		return rc;
	return err_set(e, e->kind, "%s (tried %d times)", arena_dup(arena, e->text), *tries);
}
