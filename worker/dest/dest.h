/* dest.h: where backups lie. A driver is one file and one constant of this type.
 *
 * A key is a path below the storage's root ("shop/live/b101-….json"). Nothing is visible under its
 * key before commit; an upload that is not committed leaves nothing. A full storage is ERR_FULL.
 *
 * An object whose key ends in .age is encrypted (worker/crypt/age.h) when it is written and
 * decrypted when it is read: uploads and objects speak of the plaintext, whatever the driver.
 */
#ifndef WORKER_DEST_DEST_H
#define WORKER_DEST_DEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/util/hash.h"

struct dest;      /* an opened storage */
struct upload;    /* one object being written */
struct object;    /* one object opened for reading */

struct dest_entry {
	const char *key;              /* valid during the call only */
	int64_t bytes, changed_at;
};
typedef int dest_each(void *arg, const struct dest_entry *entry, struct err *e);

/* The free room of a storage that knows no limit. */
enum { DEST_NO_LIMIT = -1 };

struct dest_driver {
	const char *kind;
	int  (*open)(struct dest **ret, const struct storage *s, struct err *e);
	void (*close)(struct dest *d);
	int  (*space)(int64_t *free_bytes, struct dest *d, struct err *e);
	/* `fence` is part of the temporary name, so that two workers never write the same file. */
	int (*begin)(struct upload **ret, struct dest *d, const char *key, int64_t fence,
	    struct err *e);
	int  (*write)(struct upload *up, const void *p, size_t n, struct err *e);
	int (
	    *commit)(struct upload *up, struct err *e); /* fsync, rename, fsync the folder; frees */
	void (*abort)(struct upload *up);                      /* removes what was written; frees */
	int (*read_open)(struct object **ret, int64_t *bytes, struct dest *d, const char *key,
	    struct err *e);
	ssize_t (*read)(struct object *o, int64_t offset, void *p, size_t n,
	    struct err *e); /* 0 at the end; safe from several threads */
	bool reads_apart;              /* and as fast as one after the other */
	void (*read_close)(struct object *o);
	int (*remove)(struct dest *d, const char *key,
	    struct err *e); /* missing is fine; first its temporaries of any fence */
	int (*sweep)(struct dest *d, const char *key, int64_t fence,
	    struct err *e); /* its temporaries of lower fences only */
	int  (*each)(struct dest *d, const char *prefix, dest_each *fn, void *arg, struct err *e);
	const char *(*advice)(struct dest *d);   /* NULL: it has none */
	size_t holds;                 /* of an upload in memory, at most; 0: next to nothing */
};

MUST_USE int dest_open(struct dest **ret, const struct storage *s, struct err *e);
void dest_close(struct dest *d);
void dest_closep(struct dest **d);
#define CLEANUP_DEST CLEANUP(dest_closep)

/* Who can open what is encrypted here, and what with; what it points to outlives the storage. */
struct dest_keys {
	const char *const *recipients;   /* age1…: what is written is encrypted to each of them */
	size_t recipient_count;
	const char *signing;             /* RW…: the public key of what signs here; "": none */
	const char *folder;              /* of *.identity files; NULL: none */
	const char *file;                /* one file of secret keys; NULL: none */
	const char *needed;              /* for sentences: the public key of what is read; "" */
};
/* Whether what lies under this key is encrypted. */
bool dest_encrypts(const char *key);
void dest_use_keys(struct dest *d, const struct dest_keys *keys);

/* DEST_NO_LIMIT where nobody knows one. */
MUST_USE int dest_space(int64_t *free_bytes, struct dest *d, struct err *e);
/* How much of an upload is in memory at a time. */
size_t dest_holds(const struct dest *d);
/* What its owner could set up there, in a sentence without its stop; "": nothing that we know of,
 * or the storage does not say. Asks only. */
const char *dest_advice(struct dest *d);
/* README.txt (the runbook), unless it is there; and lazarette.json (the owner), but only with
 * `may_begin`: where backups should be, a folder without it is a disk that is not mounted:
 * ERR_BUSY. A storage owned by another instance is ERR_CONFLICT. */
MUST_USE int dest_claim(struct dest *d, const char *instance_id, bool may_begin, struct err *e);

/* What lazarette.json says of a storage; "" where it says nothing, or is not there. */
struct dest_owner {
	const char *instance, *signing_key;
};
/* ERR_CONFLICT: the storage has a format that only a newer Lazarette knows. */
MUST_USE int dest_claim_owner(struct dest_owner *ret, struct arena *a, struct dest *d,
    struct err *e);

/* The instance takes another id: where nothing of it lies yet, lazarette.json goes if it names the
 * one that it had, and the next claim puts the new one there. */
MUST_USE int dest_claim_leave(struct dest *d, const char *instance_id, struct err *e);

/* From now on only readers of format 2 may open it: a part that needs more than one pack comes. */
MUST_USE int dest_claim_raise(struct dest *d, const char *instance_id, struct err *e);

/* The script of the runbook for files that lie in several packs, as it is put beside it. */
const char *dest_claim_script(size_t *n);

MUST_USE int dest_begin(struct upload **ret, struct dest *d, const char *key, int64_t fence,
    struct err *e);
/* What is written is stored as it is, encrypted or not: needs no key. upload_commit() ends it. */
MUST_USE int dest_begin_as_is(struct upload **ret, struct dest *d, const char *key, int64_t fence,
    struct err *e);
MUST_USE int upload_write(struct upload *up, const void *p, size_t n, struct err *e);
MUST_USE int upload_commit(struct upload **up,
    struct err *e); /* sets *up to NULL, also on failure */
/* What lies in the storage where that differs from what was written. */
struct upload_stored {
	int64_t bytes;
	char sha256[SHA256_HEX_SIZE];
	char front_sha256[SHA256_HEX_SIZE];   /* of its first bytes: see object_open_stored() */
};
/* As upload_commit(); *ret is left alone unless the upload is encrypted. */
MUST_USE int upload_commit_as(struct upload_stored *ret, struct upload **up, struct err *e);
void upload_abortp(struct upload **up);
#define CLEANUP_UPLOAD CLEANUP(upload_abortp)

MUST_USE int object_open(struct object **ret, int64_t *bytes, struct dest *d, const char *key,
    struct err *e); /* ERR_NOT_FOUND; ERR_DENIED: encrypted, and its key is not here */
/*
 * As object_open(promised->key). Of an encrypted object whose front_sha256 is known, header and
 * nonce must be those: else ERR_DAMAGED, before any key is looked for. They fix the file key, and a
 * chunk that opens with it is one that was sealed by whoever had it: so no hash of the stored bytes
 * is made, and object_stored() and object_compare() have the promised one as soon as all was opened
 * in order to its end.
 *
 * Who holds a secret key of a recipient has the file key, too, and can put other chunks below the
 * same front. Against that stand the hashes of the files in the signed manifest, which restore and
 * full verification compare, and the hash of the stored bytes, for whoever reads them as they lie
 * or hands out a whole pack: that is object_open().
 */
MUST_USE int object_open_stored(struct object **ret, int64_t *bytes, struct dest *d,
    const struct stored_object *promised, struct err *e);
/* As it lies, encrypted or not: needs no key. */
MUST_USE int object_open_as_is(struct object **ret, int64_t *bytes, struct dest *d,
    const char *key, struct err *e);
MUST_USE ssize_t object_read(struct object *o, int64_t offset, void *p, size_t n, struct err *e);
int64_t object_bytes(const struct object *o);   /* its size when it was opened */
/* The size of what lies there; of an encrypted object that is more than object_bytes(). */
int64_t object_lies(const struct object *o);
/* Whether it is decrypted on the way. */
bool object_is_encrypted(const struct object *o);
/* Size and hash of what lies there, of an encrypted object that was read in order to its end; once.
 * ERR_INTERNAL for any other. front_sha256 is "" where nobody needed it. */
MUST_USE int object_stored(struct upload_stored *ret, struct object *o, struct err *e);
/*
 * After all of it was read in order: size and hash of what lies there against what was promised.
 * `hash` has had the `read` bytes; of an encrypted object it is not asked. ERR_DAMAGED.
 */
MUST_USE int object_compare(struct object *o, struct hash *hash, int64_t read,
    const struct stored_object *promised, struct err *e);
void object_closep(struct object **o);
#define CLEANUP_OBJECT CLEANUP(object_closep)

MUST_USE int dest_remove(struct dest *d, const char *key, struct err *e);
/* Remove what uploads of this key with a lower fence left unfinished, and nothing else. After it,
 * such an upload cannot be committed any more: the holder of `fence` calls it before its own first
 * byte. */
MUST_USE int dest_sweep(struct dest *d, const char *key, int64_t fence, struct err *e);
/* Every object below `prefix`, temporaries included (their keys end in .tmp). */
MUST_USE int dest_each_object(struct dest *d, const char *prefix, dest_each *fn, void *arg,
    struct err *e);

#endif
