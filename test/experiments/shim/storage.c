/* LD_PRELOAD library between the program and the file system, for the experiments only. Four uses:

   STORAGE_SHADOW=dir   Power loss. Everything below STORAGE_DIR is mirrored in `dir`, but only as far as it was made
                        durable: bytes by fsync/fdatasync of their file, names (create, rename, unlink) by fsync of
                        their folder. After kill -9 the harness puts the mirror in the place of the real folder.
                        Bytes that were written but not synced are listed in `dir/.pending/<n>` (offset, length), so
                        that the harness can let some 512-byte sectors survive (torn writes).
   STORAGE_FAIL_AT=k    The k-th storage call on anything below STORAGE_DIR fails once with STORAGE_ERRNO (5 or 28);
                        STORAGE_FAIL_STICKY=1: that one and all later ones. The count of calls is written to
                        STORAGE_COUNT when the process ends in order, their names to <STORAGE_COUNT>.list when none is to
                        fail, and to <STORAGE_COUNT>.hit what did fail. With a mirror, bytes whose sync failed count as
                        clean afterwards, as in Linux: a later sync that works does not make them durable.
   STORAGE_KILL_AT=k    The process is killed right before its k-th storage call.
   STORAGE_SYNC_US=n    Every fsync and fdatasync takes n microseconds longer: another disk (the bench of the store).

   How the mirror works: each file that is opened gets an identity (its inode number). `dir/.data/<inode>` holds the
   durable bytes. A name in the mirror is a line in `dir/.names/<folder>`: inode (0 = a folder) and name; it is rewritten
   when the folder is synced. Stricter than ext4 on purpose: a synced file is lost when its folder was not synced, and so
   is everything in a new folder whose parent was not.
   Limits: one process, no mmap writes to tracked files (SQLite's -shm is rebuilt and not tracked). */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 65536
#define PATHS 4096
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* For each descriptor: the inode of a tracked file, 0 = none. Folders below STORAGE_DIR have their path. */
static unsigned long long inode_of[FILES];
static char *folder_of[FILES];
static char kept_file[FILES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root, *shadow, *count_file;
static long fail_at = -1, kill_at = -1, calls = 0;
static int fail_errno = EIO, sticky = 0;
static useconds_t sync_us = 0;

__attribute__((constructor)) static void begin(void) {
  root = getenv("STORAGE_DIR");
  shadow = getenv("STORAGE_SHADOW");
  count_file = getenv("STORAGE_COUNT");
  if (getenv("STORAGE_FAIL_AT")) fail_at = atol(getenv("STORAGE_FAIL_AT"));
  if (getenv("STORAGE_KILL_AT")) kill_at = atol(getenv("STORAGE_KILL_AT"));
  if (getenv("STORAGE_ERRNO")) fail_errno = atoi(getenv("STORAGE_ERRNO"));
  sticky = getenv("STORAGE_FAIL_STICKY") != NULL;
  if (getenv("STORAGE_SYNC_US")) sync_us = atol(getenv("STORAGE_SYNC_US"));
}

static void note(const char *path, const char *text) {
  int file = REAL(open)(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (file < 0) return;
  if (REAL(write)(file, text, strlen(text)) < 0) abort();
  REAL(close)(file);
}

__attribute__((destructor)) static void end(void) {
  char text[32];
  if (!count_file) return;
  snprintf(text, sizeof text, "%ld", calls);
  note(count_file, text);
}

static int below(const char *path) {
  size_t n;
  if (!root || !path) return 0;
  n = strlen(root);
  return !strncmp(path, root, n) && (path[n] == '/' || path[n] == 0);
}

static int ends(const char *path, const char *with) {
  size_t n = strlen(path), m = strlen(with);
  return n >= m && !strcmp(path + n - m, with);
}

/* In the mirror: neither the shared memory of SQLite nor logs carry a promise. Calls on them fail like all others. */
static int kept(const char *path) {
  return below(path) && !ends(path, "-shm") && !strstr(path, "/logs") && !strstr(path, "instance.lock");
}

/* True: this call shall fail; errno is set. `what` and `path` are for the list and the note about the hit. */
static int fails(const char *what, const char *path) {
  long n;
  char place[PATHS], text[512];
  const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  if (fail_at < 0 && kill_at < 0 && !count_file) return 0;
  n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (n == kill_at) kill(getpid(), SIGKILL);
  if (count_file && fail_at < 0) {
    int list;
    snprintf(place, sizeof place, "%s.list", count_file);
    snprintf(text, sizeof text, "%s %.255s\n", what, name);
    list = REAL(open)(place, O_CREAT | O_WRONLY | O_APPEND, 0600);
    if (REAL(write)(list, text, strlen(text)) < 0) abort();
    REAL(close)(list);
  }
  if (fail_at < 0 || n < fail_at || (n > fail_at && !sticky)) return 0;
  if (count_file && n == fail_at) {
    snprintf(place, sizeof place, "%s.hit", count_file);
    snprintf(text, sizeof text, "%s %.255s %d", what, name, fail_errno);
    note(place, text);
  }
  errno = fail_errno;
  return 1;
}

static int fails_fd(const char *what, int fd) {
  char self[64], path[PATHS];
  ssize_t length;
  if (fail_at < 0 && kill_at < 0 && !count_file) return 0;
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  length = readlink(self, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return fails(what, path);
}

/* libuv closes without going through close(), so a number may stand for something else by now: ask the kernel. */
static int is_file(int fd) {
  struct stat found;
  return fd >= 0 && fd < FILES && inode_of[fd] && !fstat(fd, &found) && S_ISREG(found.st_mode) &&
         found.st_ino == inode_of[fd];
}
static int is_kept(int fd) { return is_file(fd) && kept_file[fd]; }
static int is_folder(int fd) {
  struct stat found;
  return fd >= 0 && fd < FILES && folder_of[fd] && !fstat(fd, &found) && S_ISDIR(found.st_mode);
}

/* --- the mirror ------------------------------------------------------------------------------------------------ */

static void pending_name(char *out, unsigned long long inode) {
  snprintf(out, PATHS, "%s/.pending/%llu", shadow, inode);
}

static void pend(int fd, off_t offset, size_t length) {
  char place[PATHS];
  long long record[2] = {offset, (long long)length};
  int file;
  if (!shadow || !is_kept(fd)) return;
  pthread_mutex_lock(&lock);
  pending_name(place, inode_of[fd]);
  file = REAL(open)(place, O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (file >= 0) {
    if (REAL(write)(file, record, sizeof record) < 0) abort();
    REAL(close)(file);
  }
  pthread_mutex_unlock(&lock);
}

static void mirror_file(int fd) {
  char data[PATHS], place[PATHS], block[65536];
  long long record[2];
  struct stat found;
  int to, list;
  snprintf(data, sizeof data, "%s/.data/%llu", shadow, inode_of[fd]);
  pending_name(place, inode_of[fd]);
  to = REAL(open)(data, O_CREAT | O_RDWR, 0600);
  list = REAL(open)(place, O_RDONLY, 0600);
  if (list >= 0) {
    /* The descriptor may be for writing only: read through its own name. */
    char self[64];
    int from;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    from = REAL(open)(self, O_RDONLY);
    while (read(list, record, sizeof record) == (ssize_t)sizeof record) {
      long long at = record[0], stop = record[0] + record[1];
      while (at < stop) {
        size_t want = stop - at > (long long)sizeof block ? sizeof block : (size_t)(stop - at);
        ssize_t got = pread(from, block, want, at);
        if (got <= 0) break;
        if (REAL(pwrite)(to, block, got, at) != got) abort();
        at += got;
      }
    }
    REAL(close)(from);
    REAL(close)(list);
    REAL(unlink)(place);
  }
  if (!fstat(fd, &found) && REAL(ftruncate)(to, found.st_size)) abort();
  REAL(close)(to);
}

/* Writes the names of a folder as they are now: they are durable from here on. */
static void mirror_folder(const char *folder) {
  char place[PATHS], temporary[PATHS + 8], file[PATHS + 256], line[PATHS];
  const char *relative = folder + strlen(root);
  struct dirent *entry;
  struct stat found;
  DIR *open_folder = opendir(folder);
  int to;
  size_t i, n;
  if (!open_folder) return;
  n = snprintf(place, sizeof place - 8, "%s/.names/root", shadow);
  for (i = 0; relative[i] && n < sizeof place - 8; i++) place[n++] = relative[i] == '/' ? '%' : relative[i];
  place[n] = 0;
  snprintf(temporary, sizeof temporary, "%s.new", place);
  to = REAL(open)(temporary, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  while ((entry = readdir(open_folder))) {
    snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] == '.' || !kept(file) || stat(file, &found)) continue;
    /* 0 stands for a folder. */
    snprintf(line, sizeof line, "%llu %.255s\n", S_ISDIR(found.st_mode) ? 0ULL : (unsigned long long)found.st_ino,
             entry->d_name);
    if (REAL(write)(to, line, strlen(line)) < 0) abort();
  }
  closedir(open_folder);
  REAL(close)(to);
  REAL(rename)(temporary, place);
}

static void note_open(int fd, const char *path) {
  struct stat found;
  if (fd < 0 || fd >= FILES) return;
  pthread_mutex_lock(&lock);
  inode_of[fd] = 0;
  free(folder_of[fd]);
  folder_of[fd] = NULL;
  if (!below(path) || fstat(fd, &found)) {
    /* Not ours. */
  } else if (S_ISDIR(found.st_mode)) {
    if (kept(path)) folder_of[fd] = strdup(path);
  } else if (S_ISREG(found.st_mode)) {
    inode_of[fd] = found.st_ino;
    kept_file[fd] = (char)kept(path);
  }
  pthread_mutex_unlock(&lock);
}

/* --- the calls ------------------------------------------------------------------------------------------------- */

static int open_any(const char *path, int flags, int mode, int (*real)(const char *, int, ...)) {
  int fd;
  if (below(path) && fails("open", path)) return -1;
  fd = real(path, flags, mode);
  note_open(fd, path);
  return fd;
}
#define MODE(flags) int mode; va_list rest; va_start(rest, flags); mode = va_arg(rest, int); va_end(rest)
int open(const char *path, int flags, ...) { MODE(flags); return open_any(path, flags, mode, REAL(open)); }
int open64(const char *path, int flags, ...) { MODE(flags); return open_any(path, flags, mode, REAL(open64)); }

int close(int fd) {
  if (fd >= 0 && fd < FILES && (inode_of[fd] || folder_of[fd])) {
    pthread_mutex_lock(&lock);
    inode_of[fd] = 0;
    free(folder_of[fd]);
    folder_of[fd] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return REAL(close)(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  off_t at;
  ssize_t done;
  if (!is_file(fd)) return REAL(write)(fd, bytes, length);
  if (fails_fd("write", fd)) return -1;
  at = lseek(fd, 0, SEEK_CUR);
  done = REAL(write)(fd, bytes, length);
  if (done > 0) pend(fd, at, done);
  return done;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  off_t at;
  ssize_t done;
  if (!is_file(fd)) return REAL(writev)(fd, parts, count);
  if (fails_fd("writev", fd)) return -1;
  at = lseek(fd, 0, SEEK_CUR);
  done = REAL(writev)(fd, parts, count);
  if (done > 0) pend(fd, at, done);
  return done;
}
static ssize_t pwrite_any(int fd, const void *bytes, size_t length, off_t at,
                          ssize_t (*real)(int, const void *, size_t, off_t)) {
  ssize_t done;
  if (!is_file(fd)) return real(fd, bytes, length, at);
  if (fails_fd("pwrite", fd)) return -1;
  done = real(fd, bytes, length, at);
  if (done > 0) pend(fd, at, done);
  return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return pwrite_any(fd, bytes, length, at, REAL(pwrite));
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) {
  return pwrite_any(fd, bytes, length, at, REAL(pwrite64));
}

static int sync_any(int fd, const char *what, int (*real)(int)) {
  if (sync_us > 0) usleep(sync_us);
  if (is_folder(fd)) {
    if (fails_fd(what, fd)) return -1;
    if (!shadow) return real(fd);
    pthread_mutex_lock(&lock);
    mirror_folder(folder_of[fd]);
    pthread_mutex_unlock(&lock);
    return 0;
  }
  if (!is_file(fd)) return real(fd);
  if (fails_fd(what, fd)) {
    char place[PATHS];
    int reason = errno;
    pending_name(place, inode_of[fd]);
    pthread_mutex_lock(&lock);
    if (shadow && is_kept(fd)) REAL(unlink)(place);
    pthread_mutex_unlock(&lock);
    errno = reason;
    return -1;
  }
  if (!shadow || !is_kept(fd)) return real(fd);
  pthread_mutex_lock(&lock);
  mirror_file(fd);
  pthread_mutex_unlock(&lock);
  return 0;
}
int fsync(int fd) { return sync_any(fd, "fsync", REAL(fsync)); }
int fdatasync(int fd) { return sync_any(fd, "fdatasync", REAL(fdatasync)); }

int ftruncate(int fd, off_t length) {
  if (is_file(fd) && fails_fd("ftruncate", fd)) return -1;
  return REAL(ftruncate)(fd, length);
}
int ftruncate64(int fd, off64_t length) {
  if (is_file(fd) && fails_fd("ftruncate", fd)) return -1;
  return REAL(ftruncate64)(fd, length);
}
int unlink(const char *path) {
  if (below(path) && fails("unlink", path)) return -1;
  return REAL(unlink)(path);
}
int rename(const char *from, const char *to) {
  if (below(to) && fails("rename", to)) return -1;
  return REAL(rename)(from, to);
}
int mkdir(const char *path, mode_t mode) {
  if (below(path) && fails("mkdir", path)) return -1;
  return REAL(mkdir)(path, mode);
}
