/* passwd.c: password hashes (argon2id, 64 MiB, t=2, libsodium's text form). */
#include "lib/util/passwd.h"

#include <sodium.h>
#include <string.h>

#include "lib/base/utf8.h"

enum { OPERATIONS = 2, MEMORY = 64 << 20 };

_Static_assert(PASSWD_HASH_SIZE == crypto_pwhash_STRBYTES, "a hash fits its buffer");

/* Of a password nobody has: what an unknown account is compared with. */
static const char nobody[PASSWD_HASH_SIZE] =
    "$argon2id$v=19$m=65536,t=2,p=1$CTbw6I+uRUGmqBypJA0GZg$6t5qN5K4BuH2/"
    "7UhfdB2FbkX43CF3eCbJRzWEjyO/l8";

/*
 * The heads of common passwords that reach twelve characters. A password that is one of these,
 * repeated or with digits and marks around it, is what a guesser tries first.
 */
static const char *const common[] = {
	"password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "qwerty", "qwertz", "azerty",
	"qwertyuiop", "qwertzuiop", "qazwsxedc", "qazwsx", "asdfghjkl", "asdfgh", "asdf",
	"zxcvbnm", "letmein", "welcome", "willkommen", "changeme", "changeit", "default",
	"secret", "admin", "administrator", "root", "superuser", "backup", "lazarette",
	"iloveyou", "iloveu", "ilovegod", "sunshine", "princess", "football", "baseball",
	"basketball", "superman", "batman", "spiderman", "pokemon", "starwars", "dragon",
	"master", "monkey", "michael", "jennifer", "jordan", "michelle", "charlie", "shadow",
	"trustno", "access", "login", "guest", "test", "testing", "hello", "helloworld",
	"whatever", "freedom", "computer", "internet", "google", "facebook", "microsoft",
	"samsung", "liverpool", "chelsea", "arsenal", "barcelona", "juventus",
	"correcthorsebatterystaple", "onetwothreefour", "abcdefghijkl", "abcdefghijklm",
	"abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyz", "abc", "abcd", "abcdef",
	"a1b2c3d4e5f6", "1q2w3e4r5t6y", "q1w2e3r4t5y6", "1qaz2wsx3edc", "zaq12wsxcde3", "summer",
	"winter", "spring", "autumn", "january", "december",
};

int
passwd_hash(char out[PASSWD_HASH_SIZE], const char *password, struct err *e)
{
	if (sodium_init() < 0 ||
	    crypto_pwhash_str_alg(out, password, strlen(password), OPERATIONS, MEMORY,
	        crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(e, ERR_INTERNAL,
		    "hashing a password needs 64 MiB of memory that could not be had");
	return 0;
}

bool
passwd_matches(const char *hash, const char *password)
{
	size_t n = strlen(password);
	bool known = hash != NULL;

	if (sodium_init() < 0)
		return false;
	/* What nobody may have as a password need not cost the time of hashing megabytes. */
	if (n > 4 * PASSWD_MAX)
		n = 4 * PASSWD_MAX;
	return (crypto_pwhash_str_verify(known ? hash : nobody, password, n) == 0) && known;
}

static bool
letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

/* Whether [p, p + n) is `word` once or several times. */
static bool
repeats(const char *p, size_t n, const char *word)
{
	size_t len = strlen(word);

	if (n == 0 || n % len != 0)
		return false;
	for (; n > 0; p += len, n -= len)
		if (memcmp(p, word, len) != 0)
			return false;
	return true;
}

/* "aaaaaaaaaaaa", "121212121212", "123456789012": few different characters or steps of one. */
static bool
monotonous(const char *text, size_t n)
{
	bool seen[256] = { false };
	size_t different = 0, steps = 0;

	for (size_t i = 0; i < n; i++) {
		different += !seen[(unsigned char)text[i]];
		seen[(unsigned char)text[i]] = true;
		if (i > 0 &&
		    (text[i] - text[i - 1] == 1 || text[i - 1] - text[i] == 1 ||
		        text[i] == text[i - 1]))
			steps++;
	}
	return different < 5 || steps + 3 >= n;
}

static bool
is_common(const char *password)
{
	char low[4 * PASSWD_MAX + 1];
	size_t n = strlen(password), from = 0, to;

	for (size_t i = 0; i <= n; i++)
		low[i] = (char)(password[i] >= 'A' && password[i] <= 'Z' ? password[i] - 'A' + 'a'
		                                                         : password[i]);
	if (monotonous(low, n))
		return true;
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (repeats(low, n, common[i]))
			return true;
	for (to = n; to > 0 && !letter(low[to - 1]); to--)
		;
	for (; from < to && !letter(low[from]); from++)
		;
	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (repeats(low + from, to - from, common[i]))
			return true;
	return false;
}

int
passwd_check(const char *password, struct err *e)
{
	size_t n = utf8_length(password);

	if (n < PASSWD_MIN)
		return err_set(e, ERR_INPUT, "Use at least %d characters", PASSWD_MIN);
	if (n > PASSWD_MAX || strlen(password) > 4 * PASSWD_MAX)
		return err_set(e, ERR_INPUT, "Use at most %d characters", PASSWD_MAX);
	if (is_common(password))
		return err_set(e, ERR_INPUT, "That password is in the list of common passwords");
	return 0;
}
